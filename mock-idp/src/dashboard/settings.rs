//! Settings: who one is here, and by what one proves it.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, Utc};
use http::StatusCode;

use super::pages::Frame;
use crate::model::{Factor, FactorId, FactorKind, FactorStatus};
use crate::sign_in;
use crate::site::Site;
use crate::web::{PostedForm, SignedIn, Visit, error_page, html, see_other};

#[derive(Template)]
#[template(path = "dashboard/settings.html")]
struct Settings {
    frame: Frame,
    email: String,
    has_password: bool,
    methods: Vec<Method>,
    /// What can be set up, as `factorType`, label and hint.
    offered: Vec<(&'static str, &'static str, &'static str)>,
}

/// A security method that the person has.
struct Method {
    id: FactorId,
    label: &'static str,
    /// The device's name, if it has one.
    device: String,
    set_up: String,
    last_used: String,
}

impl Method {
    fn of(factor: &Factor) -> Self {
        Self {
            id: factor.id.clone(),
            label: label(factor.kind()),
            device: factor.name.clone().unwrap_or_default(),
            set_up: moment(factor.created),
            last_used: factor.last_verified.map_or_else(|| "never".to_owned(), moment),
        }
    }
}

fn moment(at: DateTime<Utc>) -> String {
    at.format("%-d %B %Y, %H:%M UTC").to_string()
}

fn label(kind: FactorKind) -> &'static str {
    match kind {
        FactorKind::Totp => "Okta Verify: codes",
        FactorKind::Push => "Okta Verify: push notifications",
        FactorKind::WebAuthn => "Security Key or Biometric Authenticator",
        FactorKind::SignedNonce => "Okta FastPass (simulated)",
    }
}

fn hint(kind: FactorKind) -> &'static str {
    match kind {
        FactorKind::Totp => "An app on your phone shows a code",
        FactorKind::Push => "Your phone asks you whether it's you",
        FactorKind::WebAuthn => "FIDO2 (WebAuthn): a key, a fingerprint, a face or a PIN",
        FactorKind::SignedNonce => "A device of the harness signs a nonce",
    }
}

/// `/enduser/settings`.
pub(super) async fn page(State(site): State<Site>, visit: Visit, by: SignedIn) -> Response {
    let factors = site.model.factors_of(&by.user.id);
    let active = factors.iter().filter(|factor| factor.status == FactorStatus::Active);
    let offered: BTreeSet<FactorKind> = site.model.may_set_up(&by.user.id, visit.address);
    let page = Settings {
        frame: Frame::of(&site, &by),
        email: by.user.profile.email.clone(),
        has_password: by.user.has_password(),
        methods: active.map(|factor| Method::of(factor)).collect(),
        offered: offered.into_iter().map(|kind| (kind.factor_type(), label(kind), hint(kind))).collect(),
    };
    html(StatusCode::OK, &page)
}

/// `/enduser/settings/set-up`: leads to where a security method is set up, after as much proof as the person can give.
pub(super) async fn set_up(State(site): State<Site>, visit: Visit, posted: PostedForm) -> Response {
    let offered = site.model.may_set_up(&posted.by.user.id, visit.address);
    let mut offered = offered.into_iter();
    match offered.find(|kind| kind.factor_type() == posted.form.text("kind")) {
        Some(kind) => sign_in::set_up(&site, &visit, kind, &posted.by.session),
        None => {
            let text = "Your organization doesn't let you set up this security method, or you have as many of it as you \
                        may.";
            error_page(&site, StatusCode::FORBIDDEN, "Not set up", text)
        }
    }
}

/// `/enduser/settings/remove`: takes one of the person's own security methods away.
pub(super) async fn remove(State(site): State<Site>, visit: Visit, posted: PostedForm) -> Response {
    let by = &posted.by;
    if let Err(asked) = sign_in::enough_for_security_methods(&site, &visit, &by.session) {
        return *asked;
    }
    let wanted = posted.form.text("factor");
    let factors = site.model.factors_of(&by.user.id);
    let own = factors.iter().find(|factor| factor.id.as_str() == wanted);
    match own.map(|factor| site.model.remove_factor(&factor.id, &by.cause)) {
        Some(Ok(())) => see_other("/enduser/settings"),
        _ => {
            let text = "You have no such security method; it may have been removed already.";
            error_page(&site, StatusCode::NOT_FOUND, "Not removed", text)
        }
    }
}
