//! `/api/v1/users/{user}/factors`: what a user proves beside the password who it is.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::access::Caller;
use super::factor_shape::{self as shape, Place};
use super::json::{Body, OptionalBody};
use super::{ApiError, users};
use crate::model::{
    Assertion, Attestation, Factor, FactorId, FactorKind, FactorStatus, PushId, User, UserVerification,
};
use crate::site::Site;

/// What is asked of security keys here; Okta has it as a setting of the authenticator.
const VERIFICATION: UserVerification = UserVerification::Preferred;

/// A factor to be enrolled.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Enrol {
    factor_type: String,
    provider: String,
}

pub(super) async fn list(
    State(site): State<Site>,
    caller: Caller,
    Path(user): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let user = users::find(&site, &caller, &user)?;
    let factors = site.model.factors_of(&user.id);
    let shapes = factors.iter().map(|factor| shape::factor(&Place::of(&site, &user, factor)));
    Ok(Json(shapes.collect()))
}

/// The kinds that can be enrolled here.
pub(super) async fn catalog(
    State(site): State<Site>,
    caller: Caller,
    Path(user): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let user = users::find(&site, &caller, &user)?;
    let kinds = FactorKind::ALL.into_iter().filter(|kind| *kind != FactorKind::SignedNonce);
    Ok(Json(kinds.map(|kind| shape::kind(&site, &user, kind)).collect()))
}

pub(super) async fn enrol(
    State(site): State<Site>,
    caller: Caller,
    Path(user): Path<String>,
    Body(body): Body<Enrol>,
) -> Result<Json<Value>, ApiError> {
    let user = users::find(&site, &caller, &user)?;
    let known =
        |kind: &FactorKind| kind.factor_type() == body.factor_type && kind.provider() == body.provider;
    let kind = FactorKind::ALL.into_iter().find(known);
    let kind = kind.ok_or_else(|| {
        ApiError::invalid("factorEnrollRequest", "This org has no such factorType of this provider")
    })?;
    let (model, org) = (&site.model, site.names.org_url());
    let (factor, activation) = match kind {
        FactorKind::Totp => {
            let enrolment = model.enroll_totp(&user.id, &site.names.host)?;
            let activation = shape::totp_activation(&enrolment);
            (enrolment.factor, activation)
        }
        FactorKind::Push => {
            let enrolment = model.enroll_push(&user.id, &org)?;
            let activation = shape::push_activation(&enrolment);
            (enrolment.factor, activation)
        }
        FactorKind::WebAuthn => {
            let enrolment = model.begin_webauthn_enrolment(&user.id, &site.relying_party(), VERIFICATION)?;
            (enrolment.factor, enrolment.options)
        }
        FactorKind::SignedNonce => {
            let reason = "signed_nonce factors can't be enrolled with this API";
            return Err(ApiError::invalid("factorEnrollRequest", reason));
        }
    };
    let mut shape = shape::factor(&Place::of(&site, &user, &factor));
    shape["_embedded"] = json!({ "activation": activation });
    Ok(Json(shape))
}

pub(super) async fn show(
    State(site): State<Site>,
    caller: Caller,
    Path((user, factor)): Path<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    let (user, factor) = find(&site, &caller, &user, &factor)?;
    Ok(Json(shape::factor(&Place::of(&site, &user, &factor))))
}

pub(super) async fn delete(
    State(site): State<Site>,
    caller: Caller,
    Path((user, factor)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let (_, factor) = find(&site, &caller, &user, &factor)?;
    site.model.remove_factor(&factor.id, &caller.cause)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Activates a factor by a first proof. A push factor is activated by its device: here is told how that stands.
pub(super) async fn activate(
    State(site): State<Site>,
    caller: Caller,
    Path((user, factor)): Path<(String, String)>,
    OptionalBody(body): OptionalBody<Value>,
) -> Result<Json<Value>, ApiError> {
    let body = body.unwrap_or_default();
    let (user, factor) = find(&site, &caller, &user, &factor)?;
    let (model, cause) = (&site.model, &caller.cause);
    let active = match factor.kind() {
        FactorKind::Totp => model.activate_totp(&factor.id, passcode(&body)?, cause)?,
        FactorKind::Push if factor.status == FactorStatus::Active => factor,
        FactorKind::Push => {
            return Ok(Json(shape::push_waits(&Place::of(&site, &user, &factor), site.now())));
        }
        FactorKind::WebAuthn => {
            let attestation = Attestation::of_json(&body)?;
            model.finish_webauthn_enrolment(&factor.id, &site.relying_party(), &attestation, cause)?
        }
        FactorKind::SignedNonce => return Err(ApiError::unsupported()),
    };
    Ok(Json(shape::factor(&Place::of(&site, &user, &active))))
}

/// Takes a proof, or begins one: a push notification is sent, a security key is given a challenge.
pub(super) async fn verify(
    State(site): State<Site>,
    caller: Caller,
    Path((user, factor)): Path<(String, String)>,
    OptionalBody(body): OptionalBody<Value>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let body = body.unwrap_or_default();
    let (user, factor) = find(&site, &caller, &user, &factor)?;
    let (model, cause) = (&site.model, &caller.cause);
    let place = Place::of(&site, &user, &factor);
    match factor.kind() {
        FactorKind::Totp => {
            model.verify_totp(&factor.id, passcode(&body)?, cause)?;
            Ok((StatusCode::OK, Json(json!({ "factorResult": "SUCCESS" }))))
        }
        FactorKind::Push => {
            let with_number = body["useNumberMatchingChallenge"] == true;
            let push = model.begin_push(&factor.id, with_number, cause)?;
            Ok((StatusCode::CREATED, Json(shape::push(&place, &push))))
        }
        FactorKind::WebAuthn if body.get("clientData").is_none() => {
            let party = site.relying_party();
            let asked = model.begin_webauthn(&user.id, Some(&factor.id), &party, VERIFICATION)?;
            Ok((StatusCode::OK, Json(shape::webauthn_challenge(&place, &asked))))
        }
        FactorKind::WebAuthn => {
            let assertion = Assertion::of_json(&body)?;
            let challenge = assertion.challenge().ok_or_else(ApiError::malformed)?;
            model.finish_webauthn(&challenge, &site.relying_party(), &assertion, cause)?;
            let profile = shape::profile(&place);
            Ok((StatusCode::OK, Json(json!({ "factorResult": "SUCCESS", "profile": profile }))))
        }
        FactorKind::SignedNonce => Err(ApiError::unsupported()),
    }
}

/// How a push notification stands.
pub(super) async fn transaction(
    State(site): State<Site>,
    caller: Caller,
    Path((user, factor, transaction)): Path<(String, String, String)>,
) -> Result<Json<Value>, ApiError> {
    let (user, factor) = find(&site, &caller, &user, &factor)?;
    let push = site.model.push(&PushId::new(&transaction)).filter(|push| push.factor == factor.id);
    let push = push.ok_or_else(|| ApiError::not_found("FactorTransaction", &transaction))?;
    Ok(Json(shape::push(&Place::of(&site, &user, &factor), &push)))
}

/// None of this org's factors sends codes that could be sent again.
pub(super) async fn resend(
    State(site): State<Site>,
    caller: Caller,
    Path((user, factor)): Path<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    find(&site, &caller, &user, &factor)?;
    Err(ApiError::unsupported())
}

fn find(
    site: &Site,
    caller: &Caller,
    user: &str,
    factor: &str,
) -> Result<(Arc<User>, Arc<Factor>), ApiError> {
    let user = users::find(site, caller, user)?;
    let found = site.model.factor(&FactorId::new(factor)).filter(|factor| factor.user == user.id);
    found.map(|factor| (user, factor)).ok_or_else(|| ApiError::not_found("UserFactor", factor))
}

fn passcode(body: &Value) -> Result<&str, ApiError> {
    body["passCode"].as_str().ok_or_else(|| ApiError::invalid("passCode", "The field cannot be left blank"))
}
