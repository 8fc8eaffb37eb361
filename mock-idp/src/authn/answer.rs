//! What clients are told: in which state the transaction is, and where it goes on.

use serde_json::{Map, Value, json};

use super::embedded;
use super::transaction::{Client, Purpose, Transaction};
use crate::api::{ApiError, timestamp};
use crate::model::{AuthenticationMethod, FactorId, ModelError, PushState, SessionLimits, User};
use crate::sign_in::{Alert, Destination, Refusal, Stage, Task, encoded};
use crate::site::Site;
use crate::web::Visit;

/// A state, before what all of them have in common.
pub(super) struct State {
    status: &'static str,
    /// How the last attempt stands, where that takes its time.
    result: Option<&'static str>,
    embedded: Map<String, Value>,
    links: Map<String, Value>,
}

impl State {
    pub(super) fn new(status: &'static str) -> Self {
        Self { status, result: None, embedded: Map::new(), links: Map::new() }
    }

    fn result(self, result: &'static str) -> Self {
        Self { result: Some(result), ..self }
    }

    pub(super) fn embed(mut self, name: &str, value: Value) -> Self {
        self.embedded.insert(name.to_owned(), value);
        self
    }

    pub(super) fn link(mut self, relation: &str, link: Value) -> Self {
        self.links.insert(relation.to_owned(), link);
        self
    }

    /// Where it goes on by itself.
    fn next(self, site: &Site, name: &str, path: &str) -> Self {
        let mut next = post(site, path);
        next["name"] = name.into();
        self.link("next", next)
    }

    /// Back to the choice.
    fn previous(self, site: &Site) -> Self {
        self.link("prev", post(site, "/previous"))
    }
}

/// A link that is followed by a POST, below `/api/v1/authn`.
pub(super) fn post(site: &Site, path: &str) -> Value {
    let href = format!("{}/api/v1/authn{path}", site.names.org_url());
    json!({ "href": href, "hints": { "allow": ["POST"] } })
}

/// Where the transaction stands. It is ended where it has come to its end.
pub(super) fn standing(site: &Site, visit: &Visit, it: &Transaction) -> Result<Value, ApiError> {
    let user = it.sign_in.user.as_ref().and_then(|user| site.model.user(user));
    match (it.sign_in.stage(site, visit), &it.purpose, user) {
        (Stage::Finished(user, limits), Purpose::SessionToken(client), _) => {
            finished(site, it, client, &user, limits)
        }
        (Stage::Finished(..), Purpose::StepUp, user) => Ok(stepped_up(site, it, user.as_deref())),
        (Stage::Refused(Refusal::Unattainable), Purpose::StepUp, user) if it.sign_in.was_asked_for_more() => {
            Ok(stepped_up(site, it, user.as_deref()))
        }
        (Stage::Task(Task::Password) | Stage::Identify, Purpose::StepUp, _) => {
            Ok(described(site, it, None, State::new("UNAUTHENTICATED").next(site, "authenticate", "")))
        }
        (Stage::Choose(steps), _, Some(user)) => {
            let methods: Vec<AuthenticationMethod> = steps.iter().map(|step| step.method).collect();
            let factors = embedded::factors(site, &user, &methods);
            let mut state = State::new("MFA_REQUIRED").embed("policy", embedded::device_policy(&factors));
            if let Some(types) = embedded::factor_types(site, &factors) {
                state = state.embed("factorTypes", types);
            }
            offering(site, it, &user, state.embed("factors", factors.into()))
        }
        (Stage::ChooseEnrolment(kinds), _, Some(user)) => {
            let kinds = embedded::enrollable(site, kinds);
            offering(site, it, &user, State::new("MFA_ENROLL").embed("factors", kinds.into()))
        }
        (Stage::Task(task), _, Some(user)) => {
            let state = to_do(site, &user, &task).ok_or_else(ApiError::illegal_state)?;
            Ok(described(site, it, Some(&user), state))
        }
        // A denial ends it, and so does an account that can't be used any more.
        _ => {
            let _ = it.clone().cancel(site);
            Err(ApiError::authentication_failed())
        }
    }
}

/// Okta's words for what was wrong with what the client sent.
pub(super) fn refusal(alert: Alert) -> ApiError {
    match alert {
        Alert::NotSignedIn => ApiError::authentication_failed(),
        Alert::Proof(refusal) => refusal.into(),
        Alert::NewPassword(reason) => ModelError::PasswordNotTaken(reason).into(),
        Alert::Enrolment(reason) => ApiError::invalid("factorEnrollRequest", &reason),
        Alert::PushRejected | Alert::PushTimedOut | Alert::QrCodeExpired | Alert::NotOffered => {
            ApiError::illegal_state()
        }
    }
}

/// A user that is locked out, where the password policy lets people know.
pub(super) fn locked_out(relay_state: Option<&str>) -> Value {
    // The link to a self-service unlock isn't there: this org has none.
    let mut body = json!({ "status": "LOCKED_OUT", "_embedded": {} });
    if let Some(relay_state) = relay_state {
        body["relayState"] = relay_state.into();
    }
    body
}

/// The end, unless the person is to be warned first of a password that expires soon.
fn finished(
    site: &Site,
    it: &Transaction,
    client: &Client,
    user: &User,
    limits: SessionLimits,
) -> Result<Value, ApiError> {
    if let Some(days) = expires_soon(site, user).filter(|_| client.warns) {
        let policy = embedded::password_policy(site, user, Some(days));
        let state = State::new("PASSWORD_WARN").embed("policy", policy);
        let state = state.next(site, "changePassword", "/credentials/change_password");
        let mut skip = post(site, "/skip");
        skip["name"] = "skip".into();
        return Ok(described(site, it, Some(user), state.link("skip", skip)));
    }
    let (token, expires) = it.grant(site, client, limits)?;
    let mut body = json!({
        "expiresAt": timestamp(expires),
        "status": "SUCCESS",
        "sessionToken": token.expose(),
        "_embedded": { "user": embedded::user(user) },
    });
    if let Some(relay_state) = &client.relay_state {
        body["relayState"] = relay_state.as_str().into();
    }
    Ok(body)
}

/// In how many days a password expires, if its owner is to be warned of it.
fn expires_soon(site: &Site, user: &User) -> Option<i64> {
    let (expires, warned) = site.model.password_expiry(user)?;
    (warned <= site.now()).then(|| (expires - site.now()).num_days())
}

/// The end of a page's sign-in, which the browser goes to itself.
fn stepped_up(site: &Site, it: &Transaction, user: Option<&User>) -> Value {
    let href = format!("{}{}", site.names.org_url(), super::step_up_path(it.token.expose()));
    let next = json!({ "name": "original", "href": href, "hints": { "allow": ["GET"] } });
    described(site, it, user, State::new("SUCCESS").link("next", next))
}

/// A choice, which there must be.
fn offering(site: &Site, it: &Transaction, user: &User, state: State) -> Result<Value, ApiError> {
    match state.embedded["factors"].as_array().is_some_and(|factors| !factors.is_empty()) {
        true => Ok(described(site, it, Some(user), state)),
        false => Err(ApiError::authentication_failed()),
    }
}

/// What the person has chosen to do.
fn to_do(site: &Site, user: &User, task: &Task) -> Option<State> {
    let verify = |factor: &str| format!("/factors/{factor}/verify");
    let activate = |factor: &FactorId| format!("/factors/{factor}/lifecycle/activate");
    match task {
        // FastPass is Identity Engine's alone.
        Task::Password | Task::SignedNonce { .. } => None,
        Task::NewPassword { .. } => {
            let policy = embedded::password_policy(site, user, None);
            let state = State::new("PASSWORD_EXPIRED").embed("policy", policy);
            Some(state.next(site, "changePassword", "/credentials/change_password"))
        }
        Task::Code(factor) => {
            let state = State::new("MFA_CHALLENGE").embed("factor", embedded::factor(site, user, factor)?);
            Some(state.next(site, "verify", &verify(factor.as_str())).previous(site))
        }
        Task::Push { factor, push } => {
            let push = site.model.push(push)?;
            let (result, next) = match push.state {
                PushState::Waiting | PushState::Approved(_) => ("WAITING", "poll"),
                PushState::Rejected => ("REJECTED", "verify"),
                PushState::TimedOut => ("TIMEOUT", "verify"),
            };
            let mut shape = embedded::factor(site, user, factor)?;
            if let Some(number) = push.number.filter(|_| next == "poll") {
                shape["_embedded"] = json!({ "challenge": { "correctAnswer": number } });
            }
            let mut resend = post(site, &format!("{}/resend", verify(factor.as_str())));
            resend["name"] = "push".into();
            let state = State::new("MFA_CHALLENGE").result(result).embed("factor", shape);
            let state = state.next(site, next, &verify(factor.as_str())).previous(site);
            Some(state.link("resend", json!([resend])))
        }
        Task::WebAuthn { challenge, .. } => {
            let (state, factor) = embedded::webauthn_challenge(site, user, challenge)?;
            Some(state.result("CHALLENGE").next(site, "verify", &verify(&factor)).previous(site))
        }
        Task::EnrollTotp { factor, key, uri } => {
            let activation = embedded::totp_activation(key, uri);
            let state = activating(site, user, factor, &activation)?;
            Some(state.next(site, "activate", &activate(factor)).previous(site))
        }
        Task::EnrollPush { factor, uri } => {
            let waits = task.awaits_device(site);
            let result = if waits { "WAITING" } else { "TIMEOUT" };
            let activation = embedded::push_activation(site, factor, uri, result);
            let state = activating(site, user, factor, &activation)?.result(result).previous(site);
            Some(match waits {
                true => state.next(site, "poll", &format!("{}/poll", activate(factor))),
                false => state.next(site, "activate", &activate(factor)),
            })
        }
        Task::EnrollWebAuthn { factor, options } => {
            let state = activating(site, user, factor, options)?;
            Some(state.next(site, "activate", &activate(factor)).previous(site))
        }
    }
}

fn activating(site: &Site, user: &User, factor: &FactorId, activation: &Value) -> Option<State> {
    let mut shape = embedded::factor(site, user, factor)?;
    shape["_embedded"] = json!({ "activation": activation });
    Some(State::new("MFA_ENROLL_ACTIVATE").embed("factor", shape))
}

/// A state with what all of them have.
fn described(site: &Site, it: &Transaction, user: Option<&User>, state: State) -> Value {
    let State { status, result, mut embedded, mut links } = state;
    if let Some(user) = user {
        embedded.insert("user".into(), embedded::user(user));
    }
    if let Destination::Authorize(request) = &it.sign_in.destination {
        let target = json!({ "type": "APP", "name": "oidc_client", "label": request.label, "_links": {} });
        embedded.insert("target".into(), target);
    }
    links.insert("cancel".into(), post(site, "/cancel"));
    let mut body = json!({
        "stateToken": it.token.expose(),
        "expiresAt": timestamp(it.expires()),
        "status": status,
        "_embedded": embedded,
        "_links": links,
    });
    if let Some(result) = result {
        body["factorResult"] = result.into();
    }
    match &it.purpose {
        Purpose::StepUp => body["type"] = "SESSION_STEP_UP".into(),
        Purpose::SessionToken(client) => {
            if let Some(relay_state) = &client.relay_state {
                body["relayState"] = relay_state.as_str().into();
            }
        }
    }
    body
}

/// Where a page's sign-in ends, on the org's host.
pub(crate) fn step_up_path(state_token: &str) -> String {
    format!("/login/step-up/redirect?stateToken={}", encoded(state_token))
}
