//! What a person sees of a sign-in.

use std::collections::BTreeSet;

use askama::Template;
use axum::response::Response;
use http::StatusCode;

use super::flow::{Refusal, Stage};
use super::pages::started_over;
use super::pending::{Destination, SignIn};
use super::task::Task;
use crate::model::{AuthenticationMethod, FactorKind, Step, UserVerification};
use crate::site::Site;
use crate::web::{Visit, html, html_connecting_to, leading_to, qr_code};
use crate::widget::{self, Engine, SignInWidget};

/// Where the device beside a browser answers FastPass's pages: Okta Verify's own first port on loopback.
const DEVICE: &str = "http://localhost:8769";

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
#[template(path = "sign_in/push.html")]
struct Push<'a> {
    around: Around<'a>,
    device: &'a str,
    /// The number to choose on the device, if there is one.
    number: Option<u8>,
    /// Whether the device has not answered.
    waiting: bool,
}

#[derive(Template)]
#[template(path = "sign_in/security_key.html")]
struct SecurityKey<'a> {
    around: Around<'a>,
    /// Whether one is set up, and not used.
    enrolment: bool,
    /// WebAuthn's options, as JSON.
    options: String,
}

#[derive(Template)]
#[template(path = "sign_in/fastpass.html")]
struct FastPass<'a> {
    around: Around<'a>,
    device: &'a str,
    nonce: &'a str,
    user_verification: bool,
}

#[derive(Template)]
#[template(path = "sign_in/enroll_totp.html")]
struct EnrollTotp<'a> {
    around: Around<'a>,
    /// In groups of four, as people copy it.
    key: String,
    uri: &'a str,
    qr_code: String,
}

#[derive(Template)]
#[template(path = "sign_in/enroll_push.html")]
struct EnrollPush<'a> {
    around: Around<'a>,
    uri: &'a str,
    qr_code: String,
}

#[derive(Template)]
#[template(path = "sign_in/refused.html")]
struct Refused<'a> {
    around: Around<'a>,
    title: &'static str,
    text: &'static str,
}

/// The page for where a sign-in stands. Its forms may lead to the relying party that it is for.
pub(super) fn page(site: &Site, visit: &Visit, token: &str, sign_in: &SignIn) -> Response {
    let page = page_within(site, visit, token, sign_in);
    match &sign_in.destination {
        Destination::Authorize(request) => leading_to(&request.reply_to.redirect_uri, page),
        _ => page,
    }
}

fn page_within(site: &Site, visit: &Visit, token: &str, sign_in: &SignIn) -> Response {
    let stage = sign_in.stage(site, visit);
    if let Some(engine) = site.widget.as_ref().map(SignInWidget::engine)
        // Classic Engine's page would only ask for the password again.
        && !(engine == Engine::Classic && matches!(stage, Stage::Refused(_)))
    {
        return widget::page(site, engine, token, sign_in);
    }
    let alert = sign_in.alert.as_ref().map(ToString::to_string);
    let around = Around {
        org: &site.names.name,
        app: match &sign_in.destination {
            Destination::Authorize(request) => Some(&request.label),
            Destination::Page(_) | Destination::SecurityMethods { .. } => None,
        },
        alert: alert.as_deref(),
        state_token: token,
        username: &sign_in.username,
    };
    match stage {
        Stage::Identify => html(StatusCode::OK, &Identify { around }),
        Stage::Task(task) => task_page(site, around, &task),
        Stage::Choose(steps) => html(StatusCode::OK, &choice(around, &steps)),
        Stage::ChooseEnrolment(kinds) => html(StatusCode::OK, &enrolment(around, &kinds)),
        Stage::Refused(refusal) => html(StatusCode::FORBIDDEN, &refused(around, refusal)),
        // It was finished by the form that came before.
        Stage::Finished(..) => started_over(site),
    }
}

fn task_page(site: &Site, around: Around<'_>, task: &Task) -> Response {
    match task {
        Task::Password => html(StatusCode::OK, &Password { around }),
        Task::NewPassword { .. } => html(StatusCode::OK, &NewPassword { around }),
        Task::Code(_) => html(StatusCode::OK, &Code { around }),
        Task::Push { factor, push } => {
            let (factor, push) = (site.model.factor(factor), site.model.push(push));
            let device = factor.as_ref().and_then(|factor| factor.name.as_deref()).unwrap_or("your device");
            let (number, waiting) = (push.and_then(|push| push.number), task.awaits_device(site));
            html(StatusCode::OK, &Push { around, device, number, waiting })
        }
        Task::WebAuthn { challenge, .. } => {
            let options = challenge.options.to_string();
            html(StatusCode::OK, &SecurityKey { around, enrolment: false, options })
        }
        Task::SignedNonce { challenge, verification } => {
            let user_verification = *verification == UserVerification::Required;
            let (device, nonce) = (DEVICE, challenge.nonce.as_str());
            let page = FastPass { around, device, nonce, user_verification };
            html_connecting_to(&[DEVICE], StatusCode::OK, &page)
        }
        Task::EnrollTotp { key, uri, .. } => {
            let (key, qr_code) = (in_fours(key.expose()), qr_code::data_uri(uri));
            html(StatusCode::OK, &EnrollTotp { around, key, uri: uri.expose(), qr_code })
        }
        Task::EnrollPush { uri, .. } => {
            html(StatusCode::OK, &EnrollPush { around, uri: uri.expose(), qr_code: qr_code::data_uri(uri) })
        }
        Task::EnrollWebAuthn { options, .. } => {
            html(StatusCode::OK, &SecurityKey { around, enrolment: true, options: options.to_string() })
        }
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
