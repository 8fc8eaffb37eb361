//! The form for each thing that a person may do next.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::authenticator::{Authenticator, Method};
use super::ion::{Forms, credentials, fixed, of_browser, secret, visible};
use crate::model::{AuthenticationMethod, FactorKind};
use crate::sign_in::Task;

/// How long clients wait before they ask again, in milliseconds. (Okta's say 4000.)
const POLL_INTERVAL: u32 = 1000;

impl Forms<'_> {
    /// Name and password, or the name alone of somebody who has other means.
    pub(super) fn identify(self) -> Value {
        let mut password = credentials(&[json!({
            "name": "passcode", "label": "Password", "secret": true, "required": false,
        })]);
        password["required"] = false.into();
        let name = json!({ "name": "identifier", "label": "Username", "required": true });
        self.form("identify", "identify", vec![name, password])
    }

    /// A choice between these proofs; `listed` is the order in which the answer describes the authenticators.
    pub(super) fn select(self, methods: &[AuthenticationMethod], listed: &[Authenticator]) -> Value {
        let mut by_authenticator: BTreeMap<Authenticator, Vec<Method>> = BTreeMap::new();
        for method in methods {
            if let Some(authenticator) = Authenticator::of(*method) {
                by_authenticator.entry(authenticator).or_default().push(Method::of(*method));
            }
        }
        let options = by_authenticator.into_iter().map(|(authenticator, methods)| {
            option(authenticator, &method_type(authenticator, &methods), "authenticatorEnrollments", listed)
        });
        let field =
            json!({ "name": "authenticator", "type": "object", "options": options.collect::<Vec<_>>() });
        self.form("select-authenticator-authenticate", "challenge", vec![field])
    }

    /// A choice between what to enrol.
    pub(super) fn select_enrolment(self, kinds: &[FactorKind], listed: &[Authenticator]) -> Value {
        let options = kinds.iter().filter_map(|kind| {
            let authenticator = Authenticator::enrolling(*kind)?;
            let method = fixed("methodType", false, Method::enrolling(*kind).name);
            Some(option(authenticator, &method, "authenticators", listed))
        });
        let field =
            json!({ "name": "authenticator", "type": "object", "options": options.collect::<Vec<_>>() });
        self.form("select-authenticator-enroll", "credential/enroll", vec![field])
    }

    /// What the person has chosen to do. `problem` is what was wrong with the last attempt.
    pub(super) fn task(self, task: &Task, problem: Option<Value>) -> Value {
        let about = match task {
            Task::Password => "$.currentAuthenticatorEnrollment",
            _ => "$.currentAuthenticator",
        };
        let name = match task {
            Task::Push { .. } => return self.poll(about, "challenge-poll"),
            Task::EnrollPush { .. } => return self.poll(about, "enroll-poll"),
            Task::NewPassword { .. } => "reenroll-authenticator",
            Task::EnrollTotp { .. } | Task::EnrollWebAuthn { .. } => "enroll-authenticator",
            _ => "challenge-authenticator",
        };
        let mut fields = fields_of(task);
        if let (Some(problem), Some(first)) = (problem, fields.first_mut()) {
            first["messages"] = json!({ "type": "array", "value": [problem] });
        }
        self.form_about(about, name, "challenge/answer", vec![credentials(&fields)])
    }

    /// Asks whether the device has done its part.
    fn poll(self, about: &str, name: &str) -> Value {
        let mut form = self.form_about(about, name, "challenge/poll", Vec::new());
        form["refresh"] = POLL_INTERVAL.into();
        form
    }

    /// Has a push notification sent again.
    pub(super) fn resend(self) -> Value {
        let (id, method) =
            (Authenticator::OktaVerify.id(), Method::of(AuthenticationMethod::Factor(FactorKind::Push)).name);
        let form = json!({ "value": [fixed("id", true, id), fixed("methodType", true, method)] });
        let label = Authenticator::OktaVerify.name();
        let field =
            json!({ "name": "authenticator", "type": "object", "label": label, "value": { "form": form } });
        self.form_about("$.currentAuthenticator", "resend", "challenge", vec![field])
    }

    pub(super) fn cancel(self) -> Value {
        self.form("cancel", "cancel", Vec::new())
    }
}

/// What a proof is made of.
fn fields_of(task: &Task) -> Vec<Value> {
    match task {
        Task::Password => vec![secret("passcode", "Password")],
        Task::NewPassword { .. } => vec![secret("passcode", "New password")],
        Task::Code(_) => vec![visible("totp", "Enter code from Okta Verify app")],
        Task::EnrollTotp { .. } => vec![visible("passcode", "Enter code")],
        Task::WebAuthn { .. } => vec![
            of_browser("authenticatorData", "Authenticator Data"),
            of_browser("clientData", "Client Data"),
            of_browser("signatureData", "Signature Data"),
        ],
        Task::EnrollWebAuthn { .. } => {
            vec![of_browser("clientData", "Client Data"), of_browser("attestation", "Attestation")]
        }
        // A device does these, out of the browser's sight.
        Task::Push { .. } | Task::EnrollPush { .. } | Task::SignedNonce { .. } => Vec::new(),
    }
}

fn option(authenticator: Authenticator, method: &Value, list: &str, listed: &[Authenticator]) -> Value {
    let form = json!({ "value": [fixed("id", true, authenticator.id()), method] });
    let mut option = json!({ "label": authenticator.name(), "value": { "form": form } });
    if let Some(place) = listed.iter().position(|other| *other == authenticator) {
        option["relatesTo"] = format!("$.{list}.value[{place}]").into();
    }
    option
}

/// Okta Verify's methods are chosen between even where it has one.
fn method_type(authenticator: Authenticator, methods: &[Method]) -> Value {
    match (authenticator, methods) {
        (Authenticator::Password | Authenticator::SecurityKey, [method]) => {
            fixed("methodType", false, method.name)
        }
        _ => {
            let options: Vec<Value> =
                methods.iter().map(|it| json!({ "label": it.label, "value": it.name })).collect();
            json!({ "name": "methodType", "type": "string", "required": false, "options": options })
        }
    }
}
