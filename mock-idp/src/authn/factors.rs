//! What clients send of factors: which one, and what it gives.

use axum::extract::{Path, State};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ground::Secret;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::embedded::{self, is_classic};
use super::endpoints::{Answer, step};
use super::transaction::Transaction;
use crate::api::{ApiError, Body};
use crate::model::{AuthenticationMethod, Factor, FactorId, FactorKind, FactorStatus};
use crate::sign_in::{Choice, Stage, Task};
use crate::site::Site;
use crate::web::Visit;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Enroll {
    #[serde(default)]
    state_token: String,
    factor_type: String,
    provider: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Proof {
    #[serde(default)]
    state_token: String,
    pass_code: Option<String>,
    password: Option<String>,
    /// What a browser made of a WebAuthn ceremony.
    #[serde(flatten)]
    credential: Map<String, Value>,
}

/// `/api/v1/authn/factors`: what to enrol.
pub(super) async fn enroll(State(site): State<Site>, visit: Visit, Body(sent): Body<Enroll>) -> Answer {
    step(&site, &visit, &sent.state_token, |it| {
        let named =
            |kind: &FactorKind| kind.factor_type() == sent.factor_type && kind.provider() == sent.provider;
        let kind = FactorKind::ALL.into_iter().find(|kind| named(kind) && is_classic(*kind));
        let kind = kind.ok_or_else(|| {
            ApiError::invalid("factorEnrollRequest", "This org has no such factorType of this provider")
        })?;
        if !matches!(it.sign_in.choices(&site, &visit), Stage::ChooseEnrolment(kinds) if kinds.contains(&kind))
        {
            return Err(ApiError::illegal_state());
        }
        it.sign_in.choose(&site, &visit, Choice::Enroll(kind));
        Ok(())
    })
}

/// `/api/v1/authn/factors/{factor}/verify`: begins a proof, gives it, or asks whether the device has given it.
pub(super) async fn verify(
    State(site): State<Site>,
    visit: Visit,
    Path(factor): Path<String>,
    Body(sent): Body<Proof>,
) -> Answer {
    step(&site, &visit, &sent.state_token, |it| {
        if !choose(&site, &visit, it, &factor)? {
            return Ok(());
        }
        match (it.sign_in.stage(&site, &visit), sent.pass_code, sent.password) {
            (Stage::Task(Task::Password), _, Some(password)) => {
                it.sign_in.give_password(&site, &visit, &Secret::new("password", password));
            }
            (Stage::Task(Task::Code(_)), Some(code), _) => {
                it.sign_in.give_code(&site, &visit, code.trim());
            }
            (Stage::Task(Task::Push { .. }), ..) => it.sign_in.look_at_device(&site),
            (Stage::Task(Task::WebAuthn { .. }), ..) if sent.credential.contains_key("clientData") => {
                let credential = of_factor(&site, &factor, sent.credential);
                it.sign_in.give_credential(&site, &visit, &credential.into());
            }
            _ => {}
        }
        Ok(())
    })
}

/// `/api/v1/authn/factors/{factor}/verify/resend`: the push notification again, unless it waits for its answer.
pub(super) async fn resend(
    State(site): State<Site>,
    visit: Visit,
    Path(factor): Path<String>,
    Body(sent): Body<Proof>,
) -> Answer {
    step(&site, &visit, &sent.state_token, |it| {
        choose(&site, &visit, it, &factor)?;
        match it.sign_in.stage(&site, &visit) {
            Stage::Task(Task::Push { .. }) => {
                it.sign_in.resend(&site, &visit);
                Ok(())
            }
            _ => Err(ApiError::illegal_state()),
        }
    })
}

/// `/api/v1/authn/factors/{factor}/lifecycle/activate`: shows that what was enrolled works. A device that took too long
/// gets another QR code.
pub(super) async fn activate(
    State(site): State<Site>,
    visit: Visit,
    Path(factor): Path<String>,
    Body(sent): Body<Proof>,
) -> Answer {
    step(&site, &visit, &sent.state_token, |it| {
        match activating(&site, &visit, it, &factor)? {
            Task::EnrollTotp { .. } => {
                let blank = || ApiError::invalid("passCode", "The field cannot be left blank");
                let code = sent.pass_code.as_deref().ok_or_else(blank)?;
                it.sign_in.give_code(&site, &visit, code.trim());
            }
            Task::EnrollWebAuthn { .. } => {
                it.sign_in.give_credential(&site, &visit, &sent.credential.into());
            }
            task if has_expired(&site, &task) => {
                it.sign_in.choose(&site, &visit, Choice::Enroll(FactorKind::Push));
            }
            _ => it.sign_in.look_at_device(&site),
        }
        Ok(())
    })
}

/// `/api/v1/authn/factors/{factor}/lifecycle/activate/poll`: whether a device has taken the QR code up.
pub(super) async fn poll(
    State(site): State<Site>,
    visit: Visit,
    Path(factor): Path<String>,
    Body(sent): Body<Proof>,
) -> Answer {
    step(&site, &visit, &sent.state_token, |it| {
        let task = activating(&site, &visit, it, &factor)?;
        if !has_expired(&site, &task) {
            it.sign_in.look_at_device(&site);
        }
        Ok(())
    })
}

/// The enrolment that is under way, which is to be this factor's.
fn activating(site: &Site, visit: &Visit, it: &Transaction, factor: &str) -> Result<Task, ApiError> {
    let task = match (&it.sign_in.task, it.sign_in.stage(site, visit)) {
        // Its device may have done its part meanwhile, so that the policies ask for no enrolment any more.
        (Some(task @ Task::EnrollPush { .. }), _) => task.clone(),
        (_, Stage::Task(task)) => task,
        _ => return Err(ApiError::illegal_state()),
    };
    match &task {
        Task::EnrollTotp { factor: enrolled, .. }
        | Task::EnrollPush { factor: enrolled, .. }
        | Task::EnrollWebAuthn { factor: enrolled, .. } => match enrolled.as_str() == factor {
            true => Ok(task),
            false => Err(ApiError::not_found("UserFactor", factor)),
        },
        _ => Err(ApiError::illegal_state()),
    }
}

/// Whether no device took the QR code up in time.
fn has_expired(site: &Site, task: &Task) -> bool {
    match task {
        Task::EnrollPush { factor, .. } => {
            let active = |factor: &Factor| factor.status == FactorStatus::Active;
            !task.awaits_device(site) && !site.model.factor(factor).is_some_and(|factor| active(&factor))
        }
        _ => false,
    }
}

/// What a browser made of a WebAuthn ceremony, by the credential of the factor that the path names.
fn of_factor(site: &Site, factor: &str, mut credential: Map<String, Value>) -> Map<String, Value> {
    let factor = site.model.factor(&FactorId::new(factor));
    let id = factor.and_then(|factor| factor.credential_id().map(|id| URL_SAFE_NO_PAD.encode(id)));
    credential.remove("rawId");
    credential.insert("id".into(), id.into());
    credential
}

/// Has the person prove with this factor, unless that is what it does already. False where there is nothing to look at
/// yet: a device has just been asked.
fn choose(site: &Site, visit: &Visit, it: &mut Transaction, factor: &str) -> Result<bool, ApiError> {
    let Stage::Choose(steps) = it.sign_in.choices(site, visit) else {
        return Err(ApiError::illegal_state());
    };
    let method = method_of(site, it, factor)?;
    if !steps.iter().any(|step| step.method == method) {
        return Err(ApiError::illegal_state());
    }
    let begun = it.sign_in.task.as_ref().is_some_and(|task| task.method() == Some(method));
    if !begun {
        it.sign_in.choose(site, visit, Choice::Prove(method));
    }
    Ok(begun || method != AuthenticationMethod::Factor(FactorKind::Push))
}

/// By what this factor of the person's proves who it is.
fn method_of(site: &Site, it: &Transaction, factor: &str) -> Result<AuthenticationMethod, ApiError> {
    if factor == embedded::PASSWORD {
        return Ok(AuthenticationMethod::Password);
    }
    if factor == FactorKind::WebAuthn.factor_type() {
        return Ok(AuthenticationMethod::Factor(FactorKind::WebAuthn));
    }
    let found = site.model.factor(&FactorId::new(factor));
    let own = found.filter(|found| Some(&found.user) == it.sign_in.user.as_ref());
    let own = own.filter(|own| own.status == FactorStatus::Active && is_classic(own.kind()));
    own.map(|own| AuthenticationMethod::Factor(own.kind()))
        .ok_or_else(|| ApiError::not_found("UserFactor", factor))
}
