//! How a factor looks in JSON.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::json::{optional_timestamp, timestamp};
use crate::model::{
    Factor, FactorKind, FactorStatus, PushEnrolment, PushState, PushTransaction, TotpEnrolment, User,
    WebAuthnChallenge,
};
use crate::site::Site;

/// A factor and where it is.
pub(crate) struct Place<'a> {
    user: &'a User,
    factor: &'a Factor,
    user_url: String,
    url: String,
}

impl<'a> Place<'a> {
    pub(crate) fn of(site: &Site, user: &'a User, factor: &'a Factor) -> Self {
        let user_url = format!("{}/api/v1/users/{}", site.names.org_url(), user.id);
        let url = format!("{user_url}/factors/{}", factor.id);
        Self { user, factor, user_url, url }
    }

    fn link(&self, path: &str, methods: &[&str]) -> Value {
        json!({ "href": format!("{}{path}", self.url), "hints": { "allow": methods } })
    }
}

pub(super) fn factor(place: &Place<'_>) -> Value {
    let factor = place.factor;
    let kind = factor.kind();
    let mut links = json!({
        "self": place.link("", if factor.status == FactorStatus::Active { &["GET", "DELETE"] } else { &["GET"] }),
        "user": { "href": place.user_url, "hints": { "allow": ["GET"] } },
    });
    match (factor.status, kind) {
        (FactorStatus::Active, FactorKind::SignedNonce) => (),
        (FactorStatus::Active, _) => links["verify"] = place.link("/verify", &["POST"]),
        (FactorStatus::PendingActivation, FactorKind::Push) => {
            links["poll"] = place.link("/lifecycle/activate/poll", &["POST"]);
        }
        (FactorStatus::PendingActivation, _) => {
            links["activate"] = place.link("/lifecycle/activate", &["POST"]);
        }
    }
    let mut shape = json!({
        "id": factor.id,
        "factorType": kind.factor_type(),
        "provider": kind.provider(),
        "vendorName": kind.provider(),
        "status": factor.status,
        "created": timestamp(factor.created),
        "lastUpdated": timestamp(factor.last_updated),
    });
    let profile = profile(place);
    if !profile.is_null() {
        shape["profile"] = profile;
    }
    shape["_links"] = links;
    shape
}

/// What tells the factor from others; nothing of one that waits for its device or its credential.
pub(crate) fn profile(place: &Place<'_>) -> Value {
    let (factor, login) = (place.factor, &place.user.profile.login);
    match factor.kind() {
        FactorKind::Totp => json!({ "credentialId": login }),
        FactorKind::Push | FactorKind::SignedNonce => match &factor.name {
            Some(name) => json!({ "credentialId": login, "name": name }),
            None => Value::Null,
        },
        FactorKind::WebAuthn => match factor.credential_id() {
            Some(id) => json!({
                "credentialId": URL_SAFE_NO_PAD.encode(id),
                "authenticatorName": factor.name.as_deref().unwrap_or("Security Key or Biometric Authenticator"),
            }),
            None => Value::Null,
        },
    }
}

/// A kind that can be enrolled.
pub(super) fn kind(site: &Site, user: &User, kind: FactorKind) -> Value {
    let href = format!("{}/api/v1/users/{}/factors", site.names.org_url(), user.id);
    json!({
        "factorType": kind.factor_type(),
        "provider": kind.provider(),
        "vendorName": kind.provider(),
        "_links": { "enroll": { "href": href, "hints": { "allow": ["POST"] } } },
    })
}

pub(super) fn totp_activation(enrolment: &TotpEnrolment) -> Value {
    json!({
        "timeStep": 30,
        "sharedSecret": enrolment.secret.expose(),
        "encoding": "base32",
        "keyLength": 6,
        "_links": { "qrcode": qr_code(enrolment.uri.expose()) },
    })
}

pub(super) fn push_activation(enrolment: &PushEnrolment) -> Value {
    json!({
        "expiresAt": timestamp(enrolment.expires),
        "factorResult": "WAITING",
        "_links": { "qrcode": qr_code(enrolment.uri.expose()) },
    })
}

/// What the QR code says. (Okta links to its picture; here devices take the text.)
fn qr_code(text: &str) -> Value {
    json!({ "href": text, "type": "text/plain" })
}

/// A push factor that waits for its device.
pub(super) fn push_waits(place: &Place<'_>, now: DateTime<Utc>) -> Value {
    let expires = place.factor.enrolment_expires();
    let result = if expires.is_some_and(|expires| expires > now) { "WAITING" } else { "TIMEOUT" };
    json!({
        "expiresAt": optional_timestamp(expires),
        "factorResult": result,
        "_links": { "poll": place.link("/lifecycle/activate/poll", &["POST"]) },
    })
}

pub(super) fn push(place: &Place<'_>, push: &PushTransaction) -> Value {
    let over = |result: &str| {
        let links = json!({
            "verify": place.link("/verify", &["POST"]),
            "factor": place.link("", &["GET", "DELETE"]),
        });
        json!({ "factorResult": result, "profile": profile(place), "_links": links })
    };
    match &push.state {
        PushState::Approved(_) => json!({ "factorResult": "SUCCESS" }),
        PushState::Rejected => over("REJECTED"),
        PushState::TimedOut => over("TIMEOUT"),
        PushState::Waiting => {
            let mut shape = json!({
                "expiresAt": timestamp(push.expires),
                "factorResult": "WAITING",
                "profile": profile(place),
                "_links": { "poll": place.link(&format!("/transactions/{}", push.id), &["GET"]) },
            });
            if let Some(number) = push.number {
                shape["_embedded"] = json!({ "challenge": { "correctAnswer": number } });
            }
            shape
        }
    }
}

pub(super) fn webauthn_challenge(place: &Place<'_>, asked: &WebAuthnChallenge) -> Value {
    json!({
        "factorResult": "CHALLENGE",
        "profile": profile(place),
        "_links": {
            "verify": place.link("/verify", &["POST"]),
            "factor": place.link("", &["GET", "DELETE"]),
        },
        "_embedded": { "challenge": { "challenge": asked.challenge, "extensions": {} } },
    })
}
