//! What a person sees of a sign-in.

use std::collections::BTreeSet;

use askama::Template;
use axum::response::Response;
use http::StatusCode;

use super::flow::{Refusal, Stage, Task};
use super::pages::started_over;
use super::pending::{Destination, SignIn};
use crate::model::{AuthenticationMethod, FactorKind, Step};
use crate::site::Site;
use crate::web::{Visit, html};
use crate::widget;

/// What every page of a sign-in shows.
struct Around<'a> {
    org: &'a str,
    app: Option<&'a str>,
    alert: Option<&'a str>,
    state_token: &'a str,
    username: &'a str,
}

#[derive(Template)]
#[template(path = "sign_in/identify.html")]
struct Identify<'a> {
    around: Around<'a>,
}

#[derive(Template)]
#[template(path = "sign_in/password.html")]
struct Password<'a> {
    around: Around<'a>,
}

#[derive(Template)]
#[template(path = "sign_in/new_password.html")]
struct NewPassword<'a> {
    around: Around<'a>,
}

#[derive(Template)]
#[template(path = "sign_in/choose.html")]
struct Choose<'a> {
    around: Around<'a>,
    /// `prove` or `enroll`.
    name: &'static str,
    title: &'static str,
    text: &'static str,
    means: Vec<Means>,
}

/// Something to choose.
struct Means {
    value: &'static str,
    label: &'static str,
    hint: &'static str,
}

#[derive(Template)]
#[template(path = "sign_in/code.html")]
struct Code<'a> {
    around: Around<'a>,
}

#[derive(Template)]
#[template(path = "sign_in/enroll_totp.html")]
struct EnrollTotp<'a> {
    around: Around<'a>,
    /// In groups of four, as people copy it.
    key: String,
    uri: &'a str,
}

#[derive(Template)]
#[template(path = "sign_in/refused.html")]
struct Refused<'a> {
    around: Around<'a>,
    title: &'static str,
    text: &'static str,
}

/// The page for where a sign-in stands.
pub(super) fn page(site: &Site, visit: &Visit, token: &str, sign_in: &SignIn) -> Response {
    if site.widget.is_some() {
        return widget::page(site, token);
    }
    let alert = sign_in.alert.as_ref().map(ToString::to_string);
    let around = Around {
        org: &site.names.name,
        app: match &sign_in.destination {
            Destination::Authorize(request) => Some(&request.label),
            Destination::Page(_) => None,
        },
        alert: alert.as_deref(),
        state_token: token,
        username: &sign_in.username,
    };
    match sign_in.stage(site, visit) {
        Stage::Identify => html(StatusCode::OK, &Identify { around }),
        Stage::Task(Task::Password) => html(StatusCode::OK, &Password { around }),
        Stage::Task(Task::NewPassword { .. }) => html(StatusCode::OK, &NewPassword { around }),
        Stage::Task(Task::Code(_)) => html(StatusCode::OK, &Code { around }),
        Stage::Task(Task::EnrollTotp { key, uri, .. }) => {
            html(StatusCode::OK, &EnrollTotp { around, key: in_fours(key.expose()), uri: uri.expose() })
        }
        Stage::Choose(steps) => html(StatusCode::OK, &choice(around, &steps)),
        Stage::ChooseEnrolment(kinds) => html(StatusCode::OK, &enrolment(around, &kinds)),
        Stage::Refused(refusal) => html(StatusCode::FORBIDDEN, &refused(around, refusal)),
        // It was finished by the form that came before.
        Stage::Finished(..) => started_over(site),
    }
}

fn choice<'a>(around: Around<'a>, steps: &BTreeSet<Step>) -> Choose<'a> {
    Choose {
        around,
        name: "prove",
        title: "Verify it's you with a security method",
        text: "Select from the following options",
        means: steps.iter().map(|step| means_of(step.method)).collect(),
    }
}

fn enrolment<'a>(around: Around<'a>, kinds: &BTreeSet<FactorKind>) -> Choose<'a> {
    Choose {
        around,
        name: "enroll",
        title: "Set up security methods",
        text: "Security methods help protect your account by ensuring only you have access. Set up one of these:",
        means: kinds.iter().map(|kind| means_of(AuthenticationMethod::Factor(*kind))).collect(),
    }
}

fn means_of(method: AuthenticationMethod) -> Means {
    let means = |value, label, hint| Means { value, label, hint };
    match method {
        AuthenticationMethod::Password => means("password", "Password", "Something that you know"),
        AuthenticationMethod::Factor(kind) => {
            let (label, hint) = match kind {
                FactorKind::Totp => ("Enter a code", "Okta Verify"),
                FactorKind::Push => ("Get a push notification", "Okta Verify"),
                FactorKind::WebAuthn => ("Security Key or Biometric Authenticator", "FIDO2 (WebAuthn)"),
                FactorKind::SignedNonce => {
                    ("Use Okta FastPass", "A simulation: a device of the harness signs a nonce")
                }
            };
            means(kind.factor_type(), label, hint)
        }
    }
}

fn refused(around: Around<'_>, refusal: Refusal) -> Refused<'_> {
    // That the person is told here, and the relying party nothing, is not settled without a real org.
    let (title, text) = match refusal {
        Refusal::Denied => ("Access denied", "You do not have permission to perform the requested action."),
        Refusal::Unattainable => (
            "Unable to sign in",
            "Your organization asks for a security method that you don't have and can't set up here. Contact your \
             administrator for help.",
        ),
    };
    Refused { around, title, text }
}

fn in_fours(key: &str) -> String {
    let groups: Vec<&str> =
        key.as_bytes().chunks(4).filter_map(|group| std::str::from_utf8(group).ok()).collect();
    groups.join(" ")
}
