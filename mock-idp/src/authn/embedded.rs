//! What states embed: the user, the policies, the factors.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use ground::Secret;
use serde_json::{Map, Value, json};

use super::answer::{State, post};
use crate::api::{Place, optional_timestamp, profile};
use crate::model::{
    AuthenticationMethod, Factor, FactorId, FactorKind, FactorStatus, User, WebAuthnChallenge,
};
use crate::site::Site;
use crate::web::qr_code;

/// As much of a user as whoever has given the password learns.
pub(super) fn user(user: &User) -> Value {
    let profile = &user.profile;
    json!({
        "id": user.id,
        "passwordChanged": optional_timestamp(user.password_changed),
        "profile": {
            "login": profile.login,
            "firstName": profile.first_name,
            "lastName": profile.last_name,
            "locale": profile.other("locale").unwrap_or("en"),
            "timeZone": profile.other("timezone").unwrap_or("America/Los_Angeles"),
        },
    })
}

/// What a new password must be made of; and in how many days the present one expires, where it does.
pub(super) fn password_policy(site: &Site, user: &User, days: Option<i64>) -> Value {
    let settings = site.model.password_settings_for(&user.id);
    let complexity = &settings.complexity;
    let mut policy = json!({
        "complexity": {
            "minLength": complexity.min_length,
            "minLowerCase": complexity.min_lower_case,
            "minUpperCase": complexity.min_upper_case,
            "minNumber": complexity.min_number,
            "minSymbol": complexity.min_symbol,
            "excludeUsername": complexity.exclude_username,
        },
        "age": { "minAgeMinutes": 0, "historyCount": settings.history_count },
    });
    if let Some(days) = days {
        policy["expiration"] = json!({ "passwordExpireDays": days });
    }
    policy
}

/// Nobody is asked whether to remember the device: it is remembered where the policies ask once for each.
pub(super) fn device_policy(factors: &[Value]) -> Value {
    let pushes = factors.iter().filter(|factor| factor["factorType"] == FactorKind::Push.factor_type());
    let info: Map<String, Value> = pushes
        .filter_map(|factor| Some((factor["id"].as_str()?.to_owned(), json!({ "autoPushEnabled": false }))))
        .collect();
    json!({
        "allowRememberDevice": false,
        "rememberDeviceLifetimeInMinutes": 0,
        "rememberDeviceByDefault": false,
        "factorsPolicyInfo": info,
    })
}

/// The factors by which a person can go on, the one used last first: clients begin with that. The password is one of them
/// where it must be given again.
pub(super) fn factors(site: &Site, user: &User, methods: &[AuthenticationMethod]) -> Vec<Value> {
    let mut active = site.model.factors_of(&user.id);
    active.retain(|factor| {
        let asked = methods.contains(&AuthenticationMethod::Factor(factor.kind()));
        asked && factor.status == FactorStatus::Active && is_classic(factor.kind())
    });
    active.sort_by_key(|factor| Reverse(factor.last_verified));
    let password = methods.contains(&AuthenticationMethod::Password).then(|| {
        json!({
            "id": PASSWORD,
            "factorType": "password",
            "provider": "OKTA",
            "vendorName": "OKTA",
            "_links": { "verify": post(site, &format!("/factors/{PASSWORD}/verify")) },
        })
    });
    let shapes = active.iter().map(|factor| {
        let mut shape = shape(site, user, factor);
        shape["_links"] = json!({ "verify": post(site, &format!("/factors/{}/verify", factor.id)) });
        shape
    });
    shapes.chain(password).collect()
}

/// What stands for the password among the factors.
pub(super) const PASSWORD: &str = "password";

/// What a person can enrol here.
pub(super) fn enrollable(site: &Site, kinds: BTreeSet<FactorKind>) -> Vec<Value> {
    let kinds = kinds.into_iter().filter(|kind| is_classic(*kind));
    let shape = |kind: FactorKind| {
        json!({
            "factorType": kind.factor_type(),
            "provider": kind.provider(),
            "vendorName": kind.provider(),
            "_links": { "enroll": post(site, "/factors") },
            "status": "NOT_SETUP",
            "enrollment": "OPTIONAL",
        })
    };
    kinds.map(shape).collect()
}

/// FastPass is Identity Engine's alone.
pub(super) fn is_classic(kind: FactorKind) -> bool {
    kind != FactorKind::SignedNonce
}

/// One of the user's factors.
pub(super) fn factor(site: &Site, user: &User, id: &FactorId) -> Option<Value> {
    let factor = site.model.factor(id).filter(|factor| factor.user == user.id)?;
    Some(shape(site, user, &factor))
}

fn shape(site: &Site, user: &User, factor: &Factor) -> Value {
    let kind = factor.kind();
    let mut shape = json!({
        "id": factor.id,
        "factorType": kind.factor_type(),
        "provider": kind.provider(),
        "vendorName": kind.provider(),
    });
    let profile = profile(&Place::of(site, user, factor));
    if !profile.is_null() {
        shape["profile"] = profile;
    }
    shape
}

/// The key that an app is to have.
pub(super) fn totp_activation(key: &Secret, uri: &Secret) -> Value {
    json!({
        "timeStep": 30,
        "sharedSecret": key.expose(),
        "encoding": "base32",
        "keyLength": 6,
        "factorResult": "WAITING",
        "_links": { "qrcode": picture(uri) },
    })
}

/// What a device is to take up.
pub(super) fn push_activation(site: &Site, factor: &FactorId, uri: &Secret, result: &str) -> Value {
    let expires = site.model.factor(factor).and_then(|factor| factor.enrolment_expires());
    json!({
        "expiresAt": optional_timestamp(expires),
        "factorResult": result,
        // What the QR code says, for devices that can't see it; Okta sends it by mail or as a text message.
        "_links": { "qrcode": picture(uri), "device": { "href": uri.expose() } },
    })
}

/// Where somebody has several security keys, any of them may answer: Okta has the proof begun by its type then.
pub(super) fn factor_types(site: &Site, factors: &[Value]) -> Option<Value> {
    let kind = FactorKind::WebAuthn.factor_type();
    let several = factors.iter().filter(|factor| factor["factorType"] == kind).count() > 1;
    let mut verify = post(site, &format!("/factors/{kind}/verify"));
    verify["name"] = "verify".into();
    several.then(|| json!([{ "factorType": kind, "_links": { "next": verify } }]))
}

/// A challenge for the person's security key, or for any of several; with what stands in the links for the factor.
pub(super) fn webauthn_challenge(
    site: &Site,
    user: &User,
    challenge: &WebAuthnChallenge,
) -> Option<(State, String)> {
    // Clients ask the browser for the credentials that the factors name.
    let mut options = challenge.options.clone();
    options.as_object_mut()?.remove("allowCredentials");
    let kind = FactorKind::WebAuthn;
    let mut keys = site.model.factors_of(&user.id);
    keys.retain(|factor| factor.kind() == kind && factor.status == FactorStatus::Active);
    let state = State::new("MFA_CHALLENGE");
    if let [key] = keys.as_slice() {
        let mut shape = shape(site, user, key);
        shape["_embedded"] = json!({ "challenge": options });
        return Some((state.embed("factor", shape), key.id.to_string()));
    }
    let shapes: Vec<Value> = keys.iter().map(|key| shape(site, user, key)).collect();
    let state = state.embed("challenge", options).embed("factors", shapes.into());
    Some((state, kind.factor_type().to_owned()))
}

/// A QR code, as clients show it.
fn picture(uri: &Secret) -> Value {
    json!({ "href": qr_code::data_uri(uri), "type": "image/svg+xml" })
}
