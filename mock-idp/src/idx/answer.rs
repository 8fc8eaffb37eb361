//! What clients are told: where the sign-in stands, what may come next, and what was wrong with what they sent.

use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, SecondsFormat, Utc};
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::authenticator::{Authenticator, Method};
use super::ion::{Forms, error, list, object, response};
use crate::model::{AuthenticationMethod, FactorKind, FactorRefusal, FactorStatus, User};
use crate::sign_in::{Alert, Destination, PATIENCE, Refusal, SignIn, Stage, Task, encoded};
use crate::site::Site;
use crate::web::{Visit, qr_code};

/// Where the sign-in stands; `alert` is what there is to say about what the client sent.
pub(super) fn standing(
    site: &Site,
    visit: &Visit,
    handle: &str,
    sign_in: &SignIn,
    alert: Option<&Alert>,
) -> Response {
    let org = site.names.org_url();
    let forms = Forms { org: &org, handle };
    let mut body = head(handle, sign_in.began + PATIENCE);
    let user = sign_in.user.as_ref().and_then(|user| site.model.user(user));
    describe(&mut body, sign_in, user.as_deref());
    let (general, of_field) = alert.map_or((None, None), problem);
    let mut messages: Vec<Value> = general.into_iter().collect();
    let mut status = alert.map_or(StatusCode::OK, status_of);
    let mut remediations = Vec::new();
    match sign_in.stage(site, visit) {
        Stage::Identify => remediations.push(forms.identify()),
        Stage::Choose(steps) => {
            let methods: Vec<AuthenticationMethod> = steps.iter().map(|step| step.method).collect();
            offer(site, &mut body, user.as_deref(), &methods, forms, &mut remediations);
        }
        Stage::ChooseEnrolment(kinds) => {
            let kinds: Vec<FactorKind> = kinds.into_iter().collect();
            offer_enrolment(site, &mut body, user.as_deref(), &kinds, forms, &mut remediations);
        }
        Stage::Task(task) => {
            match task {
                Task::Push { .. } if !task.awaits_device(site) => remediations.push(forms.resend()),
                _ => remediations.push(forms.task(&task, of_field)),
            }
            describe_task(site, &mut body, &task);
            match sign_in.choices(site, visit) {
                Stage::Choose(steps) => {
                    let methods: Vec<AuthenticationMethod> = steps.iter().map(|step| step.method).collect();
                    offer(site, &mut body, user.as_deref(), &methods, forms, &mut remediations);
                }
                Stage::ChooseEnrolment(kinds) => {
                    let kinds: Vec<FactorKind> = kinds.into_iter().collect();
                    offer_enrolment(site, &mut body, user.as_deref(), &kinds, forms, &mut remediations);
                }
                _ => {}
            }
        }
        Stage::Refused(Refusal::Unattainable) if sign_in.was_asked_for_more() => {
            body.insert("failure".into(), onward(&org, handle, "failure-redirect"));
        }
        Stage::Refused(refusal) => {
            status = StatusCode::FORBIDDEN;
            messages.push(denial(refusal));
        }
        Stage::Finished(..) => {
            body.insert("success".into(), onward(&org, handle, "success-redirect"));
        }
    }
    if !remediations.is_empty() {
        body.insert("remediation".into(), list(&remediations));
        body.insert("cancel".into(), forms.cancel());
    }
    if !messages.is_empty() {
        body.insert("messages".into(), list(&messages));
    }
    response(status, &body.into())
}

/// There is no such sign-in, or not in this browser.
pub(super) fn expired() -> Response {
    let text = "You have been logged out due to inactivity. Refresh or return to the sign in screen.";
    let messages = list(&[error(text, Some("idx.session.expired"))]);
    response(StatusCode::UNAUTHORIZED, &json!({ "version": "1.0.0", "messages": messages }))
}

/// What was sent is no answer to what was asked.
pub(super) fn bad_request(handle: &str, sign_in: &SignIn) -> Response {
    let mut body = head(handle, sign_in.began + PATIENCE);
    body.insert("messages".into(), list(&[error("Bad request.", Some("E0000020"))]));
    response(StatusCode::BAD_REQUEST, &body.into())
}

fn head(handle: &str, expires: DateTime<Utc>) -> Map<String, Value> {
    let head = json!({
        "version": "1.0.0",
        "stateHandle": handle,
        "expiresAt": expires.to_rfc3339_opts(SecondsFormat::Millis, true),
        "intent": "LOGIN",
    });
    match head {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

/// Who is on the way, and to where.
fn describe(body: &mut Map<String, Value>, sign_in: &SignIn, user: Option<&User>) {
    if let Some(user) = user {
        let value = json!({ "id": user.id, "identifier": user.profile.login });
        body.insert("user".into(), object(&value));
    }
    if let Destination::Authorize(request) = &sign_in.destination {
        let value = json!({ "name": "oidc_client", "label": request.label, "id": request.app });
        body.insert("app".into(), object(&value));
    }
}

/// What the person is about to prove or enrol with.
fn describe_task(site: &Site, body: &mut Map<String, Value>, task: &Task) {
    let (authenticator, method) = match (task.method(), task.enrolled()) {
        (Some(method), _) => (Authenticator::of(method), Method::of(method)),
        (None, Some(kind)) => (Authenticator::enrolling(kind), Method::enrolling(kind)),
        (None, None) => (Some(Authenticator::Password), Method::of(AuthenticationMethod::Password)),
    };
    let Some(authenticator) = authenticator else { return };
    let mut value = authenticator.described(&[method]);
    if let Some(context) = context(site, task) {
        value["contextualData"] = context;
    }
    let member = match task {
        Task::Password => "currentAuthenticatorEnrollment",
        _ => "currentAuthenticator",
    };
    body.insert(member.into(), object(&value));
}

/// What the client must know in order to have the person do it.
fn context(site: &Site, task: &Task) -> Option<Value> {
    let qr_code =
        |uri| json!({ "method": "embedded", "href": qr_code::data_uri(uri), "type": "image/svg+xml" });
    match task {
        Task::Push { push, .. } => {
            let number = site.model.push(push)?.number?;
            Some(json!({ "correctAnswer": number.to_string() }))
        }
        Task::WebAuthn { challenge, .. } => Some(json!({ "challengeData": challenge.options })),
        Task::EnrollWebAuthn { options, .. } => Some(json!({ "activationData": options })),
        Task::EnrollTotp { key, uri, .. } => {
            Some(json!({ "qrcode": qr_code(uri), "sharedSecret": key.expose() }))
        }
        Task::EnrollPush { uri, .. } => {
            let link = json!({ "setupOVUrl": uri.expose() });
            Some(json!({ "qrcode": qr_code(uri), "selectedChannel": "qrcode", "samedevice": link }))
        }
        _ => None,
    }
}

/// Adds the choice between these proofs, and what the person has of them.
fn offer(
    site: &Site,
    body: &mut Map<String, Value>,
    user: Option<&User>,
    methods: &[AuthenticationMethod],
    forms: Forms<'_>,
    remediations: &mut Vec<Value>,
) {
    let listed = list_enrolled(site, body, user);
    remediations.push(forms.select(methods, &listed));
}

/// Adds the choice between what to enrol, and what the person has: a security key isn't enrolled twice.
fn offer_enrolment(
    site: &Site,
    body: &mut Map<String, Value>,
    user: Option<&User>,
    kinds: &[FactorKind],
    forms: Forms<'_>,
    remediations: &mut Vec<Value>,
) {
    let offered = kinds.iter().filter_map(|kind| Some((Authenticator::enrolling(*kind)?, *kind)));
    let (listed, described): (Vec<Authenticator>, Vec<Value>) = offered
        .map(|(authenticator, kind)| (authenticator, authenticator.described(&[Method::enrolling(kind)])))
        .unzip();
    list_enrolled(site, body, user);
    body.insert("authenticators".into(), list(&described));
    remediations.push(forms.select_enrolment(kinds, &listed));
}

/// Says what the person has to prove with, in the order that is returned.
fn list_enrolled(site: &Site, body: &mut Map<String, Value>, user: Option<&User>) -> Vec<Authenticator> {
    let enrolled = user.map(|user| enrolled(site, user)).unwrap_or_default();
    let described: Vec<Value> = enrolled.iter().map(Enrolled::described).collect();
    body.insert("authenticatorEnrollments".into(), list(&described));
    enrolled.iter().map(|one| one.authenticator).collect()
}

/// Something that a person has to prove with.
struct Enrolled {
    authenticator: Authenticator,
    methods: Vec<Method>,
    /// Of a security key.
    credential_id: Option<String>,
}

impl Enrolled {
    fn described(&self) -> Value {
        let mut value = self.authenticator.described(&self.methods);
        if let Some(id) = &self.credential_id {
            value["credentialId"] = id.as_str().into();
        }
        value
    }
}

/// What a person has to prove with: each authenticator with its methods, each security key by itself.
fn enrolled(site: &Site, user: &User) -> Vec<Enrolled> {
    let password = user.has_password().then_some((AuthenticationMethod::Password, None));
    let factors = site.model.factors_of(&user.id);
    let active = factors.iter().filter(|factor| factor.status == FactorStatus::Active);
    let methods = active.map(|factor| {
        let credential_id = factor.credential_id().map(|id| URL_SAFE_NO_PAD.encode(id));
        (AuthenticationMethod::Factor(factor.kind()), credential_id)
    });
    let mut enrolled: Vec<Enrolled> = Vec::new();
    for (method, credential_id) in password.into_iter().chain(methods) {
        let Some(authenticator) = Authenticator::of(method) else { continue };
        let known = enrolled.iter_mut().find(|one| one.authenticator == authenticator);
        match known.filter(|_| credential_id.is_none()) {
            Some(known) => known.methods.push(Method::of(method)),
            None => {
                enrolled.push(Enrolled { authenticator, methods: vec![Method::of(method)], credential_id });
            }
        }
    }
    enrolled
}

/// Where the browser goes next. (A `rel` would make it a form.)
fn onward(org: &str, handle: &str, name: &str) -> Value {
    json!({ "name": name, "href": format!("{org}/login/token/redirect?stateToken={}", encoded(handle)) })
}

/// What was wrong, as a message about the whole or about the one field.
fn problem(alert: &Alert) -> (Option<Value>, Option<Value>) {
    match alert {
        Alert::NotSignedIn => (Some(error(&alert.to_string(), Some("errors.E0000004"))), None),
        Alert::Proof(FactorRefusal::WrongCode) => {
            (None, Some(error("Invalid code. Try again.", Some("api.authn.error.PASSCODE_INVALID"))))
        }
        Alert::Proof(FactorRefusal::CodeUsed) => {
            let key = "authfactor.challenge.soft_token.used_passcode";
            (None, Some(error(&alert.to_string(), Some(key))))
        }
        Alert::Proof(FactorRefusal::TooManyFailures { .. }) => {
            let text = "This factor is suspended for your account due to too many failed attempts";
            (Some(error(text, Some("authfactor.challenge.suspended_factor"))), None)
        }
        Alert::PushRejected => {
            (Some(error(&alert.to_string(), Some("api.authn.poll.error.push_rejected"))), None)
        }
        Alert::PushTimedOut => (Some(error(&alert.to_string(), Some("oktaverify.timeout"))), None),
        Alert::NewPassword(reason) => (None, Some(error(reason, None))),
        _ => (Some(error(&alert.to_string(), None)), None),
    }
}

fn status_of(alert: &Alert) -> StatusCode {
    match alert {
        Alert::NotSignedIn | Alert::Proof(_) => StatusCode::UNAUTHORIZED,
        // Whoever polls is told what came of it.
        Alert::PushRejected | Alert::PushTimedOut | Alert::QrCodeExpired => StatusCode::OK,
        Alert::NewPassword(_) | Alert::NotOffered | Alert::Enrolment(_) => StatusCode::BAD_REQUEST,
    }
}

fn denial(refusal: Refusal) -> Value {
    match refusal {
        Refusal::Denied => {
            let text = "You do not have permission to perform the requested action.";
            error(text, Some("security.access_denied"))
        }
        Refusal::Unattainable => {
            let text = "Your organization asks for a security method that you don't have and can't set up here. Contact \
                        your administrator for help.";
            error(text, None)
        }
    }
}
