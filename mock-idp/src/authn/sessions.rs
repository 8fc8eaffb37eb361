//! `/api/v1/sessions/me`: the session that a browser has, for the scripts of its pages.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::{Value, json};

use crate::api::{ApiError, optional_timestamp, timestamp};
use crate::model::{AuthenticationMethod, FactorStatus, Session, amr};
use crate::sign_in::end_session;
use crate::site::Site;
use crate::web::Visit;

/// Who is signed in here, and since when.
pub(super) async fn show(State(site): State<Site>, visit: Visit) -> Result<Json<Value>, ApiError> {
    let session = found(&site, &visit)?;
    described(&site, &session).map(Json)
}

/// Asking for it is what keeps a session alive.
pub(super) async fn refresh(State(site): State<Site>, visit: Visit) -> Result<Json<Value>, ApiError> {
    if !visit.same_origin(&site) {
        return Err(ApiError::access_denied());
    }
    show(State(site), visit).await
}

/// Signs out.
pub(super) async fn close(State(site): State<Site>, visit: Visit) -> Result<Response, ApiError> {
    found(&site, &visit)?;
    match visit.same_origin(&site) {
        true => Ok(end_session(&site, &visit, StatusCode::NO_CONTENT.into_response())),
        false => Err(ApiError::access_denied()),
    }
}

fn found(site: &Site, visit: &Visit) -> Result<Session, ApiError> {
    visit.session(site).ok_or_else(|| ApiError::not_found("Session", "me"))
}

fn described(site: &Site, session: &Session) -> Result<Value, ApiError> {
    let user = site.model.user(&session.user).ok_or_else(|| ApiError::not_found("Session", "me"))?;
    let org = site.names.org_url();
    let last = |password: bool| {
        let proofs = session.proofs.iter();
        let fitting = proofs.filter(|proof| (proof.method == AuthenticationMethod::Password) == password);
        optional_timestamp(fitting.map(|proof| proof.at).max())
    };
    let idle = session.limits.max_idle.map(|idle| session.last_seen + idle);
    let lifetime = session.limits.max_lifetime.map(|lifetime| session.created + lifetime);
    let expires = idle.into_iter().chain(lifetime).min();
    Ok(json!({
        "id": session.id,
        "userId": user.id,
        "login": user.profile.login,
        "createdAt": timestamp(session.created),
        "expiresAt": optional_timestamp(expires),
        "status": "ACTIVE",
        "lastPasswordVerification": last(true),
        "lastFactorVerification": last(false),
        "amr": amr(&session.proofs),
        "idp": { "id": site.model.org_id(), "type": "OKTA" },
        "mfaActive": site.model.factors_of(&user.id).iter().any(|factor| factor.status == FactorStatus::Active),
        "_links": {
            "self": { "href": format!("{org}/api/v1/sessions/me"), "hints": { "allow": ["GET", "DELETE"] } },
            "refresh": {
                "href": format!("{org}/api/v1/sessions/me/lifecycle/refresh"), "hints": { "allow": ["POST"] },
            },
            "user": { "name": user.profile.display_name(), "href": format!("{org}/api/v1/users/me"), "hints": { "allow": ["GET"] } },
        },
    }))
}
