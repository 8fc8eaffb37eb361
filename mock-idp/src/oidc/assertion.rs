//! JWTs by which clients prove themselves: `client_secret_jwt` and `private_key_jwt` (OpenID Connect Core, section 9;
//! RFC 7523).

use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use ground::Secret;
use serde_json::{Map, Value};

use super::error::{self, OAuthError};
use crate::model::{
    App, AppId, AppStatus, Digest, Expiring, Model, SignatureAlgorithm, TokenEndpointAuthMethod,
};

/// The only `client_assertion_type`.
pub(super) const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The longest life of an assertion, in stage time (Okta: one hour).
pub(super) const LONGEST_LIFE: TimeDelta = TimeDelta::hours(1);

/// Far more than a stage's clients use within an hour.
const CAPACITY: usize = 50_000;

/// The assertions that were used, as long as they could be used again.
pub(crate) struct UsedAssertions {
    used: Mutex<Expiring<()>>,
}

impl UsedAssertions {
    pub(crate) fn new() -> Self {
        Self { used: Mutex::new(Expiring::new(CAPACITY)) }
    }

    /// Whether this `jti` is new from this client; from now on it isn't.
    pub(super) fn use_up(&self, client: &AppId, jti: &str, now: DateTime<Utc>) -> bool {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let digest = Digest::of(&format!("{client} {jti}"));
        let new = used.find(digest, now).is_none();
        if new {
            used.insert(digest, (), now + LONGEST_LIFE, now);
        }
        new
    }
}

/// A JWT taken apart; nothing of it is verified yet.
#[derive(Debug)]
pub(super) struct Assertion<'a> {
    header: Map<String, Value>,
    claims: Map<String, Value>,
    /// What the signature is over.
    signed: &'a str,
    signature: Vec<u8>,
}

/// What is wrong with a JWT's signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    Algorithm,
    NoSecret,
    ShortSecret,
    NoKeys,
    Kid,
    Signature,
}

impl Flaw {
    fn of_assertion(self) -> OAuthError {
        match self {
            Self::Algorithm => error::client_assertion_invalid_signature_algorithm(),
            Self::NoSecret => error::client_assertion_invalid_no_secret(),
            Self::ShortSecret => error::client_assertion_invalid_secret_length(),
            Self::NoKeys => error::client_assertion_jwks_not_configured(),
            Self::Kid => error::client_assertion_invalid_kid(),
            Self::Signature => error::client_assertion_invalid_signature(),
        }
    }
}

/// Where and when an assertion is presented.
pub(super) struct Presented<'a> {
    /// The endpoint's URL and the issuer, either of which the audience must be. (Okta's words ask for the endpoint; its
    /// own clients send either.)
    pub(super) audiences: [&'a str; 2],
    pub(super) now: DateTime<Utc>,
    pub(super) used: &'a UsedAssertions,
}

impl<'a> Assertion<'a> {
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let part = |text: &str| -> Option<Map<String, Value>> {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
        };
        let (header, claims) = (part(header)?, part(claims)?);
        // Extensions that must be understood are not (RFC 7515, 4.1.11).
        let understood = header.get("alg").is_some_and(Value::is_string) && !header.contains_key("crit");
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        understood.then_some(Self { header, claims, signed, signature })
    }

    /// The client id that it claims.
    pub(super) fn issuer(&self) -> Option<&str> {
        self.claims.get("iss").and_then(Value::as_str)
    }

    /// The active client that made it, if that is in order. It is used up then, if it has a `jti`.
    pub(super) fn client(&self, model: &Model, at: &Presented<'_>) -> Result<Arc<App>, OAuthError> {
        let known = self.issuer().and_then(|id| model.app(&AppId::new(id)));
        let app = known.filter(|app| app.status == AppStatus::Active);
        let app = app.ok_or_else(error::client_assertion_invalid_issuer)?;
        if self.claims.get("sub").and_then(Value::as_str) != Some(app.client_id()) {
            return Err(error::client_assertion_invalid_subject());
        }
        self.check_signature(&app)?;
        self.check_claims(at)?;
        match self.claims.get("jti") {
            None => Ok(app),
            Some(Value::String(jti)) if at.used.use_up(&app.id, jti, at.now) => Ok(app),
            Some(Value::String(_)) => Err(error::client_assertion_already_used()),
            Some(_) => Err(error::client_assertion_invalid_jwt()),
        }
    }

    /// All that it claims.
    pub(super) fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// The algorithm that it names.
    pub(super) fn algorithm(&self) -> &str {
        self.header.get("alg").and_then(Value::as_str).unwrap_or_default()
    }

    fn check_signature(&self, app: &App) -> Result<(), OAuthError> {
        let algorithm = self.algorithm();
        match app.settings.token_endpoint_auth_method {
            TokenEndpointAuthMethod::ClientSecretJwt => {
                self.check_mac(app, algorithm).map_err(Flaw::of_assertion)
            }
            TokenEndpointAuthMethod::PrivateKeyJwt => {
                let algorithm = SignatureAlgorithm::of(algorithm)
                    .ok_or_else(error::client_assertion_invalid_signature_algorithm)?;
                self.check_key(app, algorithm).map_err(Flaw::of_assertion)
            }
            _ => Err(error::invalid_token_endpoint_auth_method()),
        }
    }

    /// Whether it carries a MAC by a secret of this client's.
    pub(super) fn check_mac(&self, app: &App, algorithm: &str) -> Result<(), Flaw> {
        let (algorithm, least) = match algorithm {
            "HS256" => (hmac::HMAC_SHA256, 32),
            "HS384" => (hmac::HMAC_SHA384, 48),
            "HS512" => (hmac::HMAC_SHA512, 64),
            _ => return Err(Flaw::Algorithm),
        };
        let secrets: Vec<&str> = app.active_secrets().map(Secret::expose).collect();
        if secrets.is_empty() {
            return Err(Flaw::NoSecret);
        }
        // RFC 7518, 3.2: a key of at least the hash's size.
        let mut long = secrets.into_iter().filter(|secret| secret.len() >= least).peekable();
        if long.peek().is_none() {
            return Err(Flaw::ShortSecret);
        }
        let is_by = |secret: &str| {
            let key = hmac::Key::new(algorithm, secret.as_bytes());
            hmac::verify(&key, self.signed.as_bytes(), &self.signature).is_ok()
        };
        long.any(is_by).then_some(()).ok_or(Flaw::Signature)
    }

    /// Whether a key of this client's signed it.
    pub(super) fn check_key(&self, app: &App, algorithm: SignatureAlgorithm) -> Result<(), Flaw> {
        let keys = &app.settings.jwks;
        let key = match self.header.get("kid").and_then(Value::as_str) {
            Some(kid) => keys.iter().find(|key| key.kid() == Some(kid)),
            None => keys.first().filter(|_| keys.len() == 1),
        };
        let key = key.ok_or(if keys.is_empty() { Flaw::NoKeys } else { Flaw::Kid })?;
        let right = key.verifies(algorithm, self.signed.as_bytes(), &self.signature);
        if right { Ok(()) } else { Err(Flaw::Signature) }
    }

    /// Whether one of these is its audience.
    pub(super) fn is_for(&self, audiences: &[&str]) -> bool {
        let meant = |audience: &Value| audience.as_str().is_some_and(|text| audiences.contains(&text));
        match self.claims.get("aud") {
            Some(Value::Array(audiences)) => audiences.iter().any(meant),
            Some(audience) => meant(audience),
            None => false,
        }
    }

    fn check_claims(&self, at: &Presented<'_>) -> Result<(), OAuthError> {
        if !self.is_for(&at.audiences) {
            return Err(error::client_assertion_invalid_audience());
        }
        let expires = self.moment("exp").ok_or_else(error::client_assertion_expiration_required)?;
        if expires <= at.now {
            return Err(error::client_assertion_expired_token());
        }
        if expires > at.now + LONGEST_LIFE {
            return Err(error::client_assertion_expires_too_far_in_future());
        }
        match self.claims.get("iat").map(|_| self.moment("iat")) {
            Some(None) => Err(error::client_assertion_invalid_jwt()),
            Some(Some(issued)) if issued > at.now => Err(error::client_assertion_issued_at_in_future()),
            _ => Ok(()),
        }
    }

    /// A NumericDate (RFC 7519, section 2).
    pub(super) fn moment(&self, claim: &str) -> Option<DateTime<Utc>> {
        let value = self.claims.get(claim)?;
        let seconds = value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds as i64))?;
        DateTime::from_timestamp(seconds, 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_jwt_has_three_parts_of_which_two_are_objects() {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let (header, claims) = (part(r#"{"alg":"RS256"}"#), part(r#"{"iss":"0oa1"}"#));
        let good = format!("{header}.{claims}.AAAA");
        assert_eq!(Assertion::parse(&good).unwrap().issuer(), Some("0oa1"));
        for bad in [
            String::new(),
            header.clone(),
            format!("{header}.{claims}"),
            format!("{header}.{claims}.AAAA.AAAA"),
            format!("{header}.{claims}.A=AA"),
            format!("{}.{claims}.AAAA", part("{}")),
            format!("{}.{claims}.AAAA", part(r#"{"alg":1}"#)),
            format!("{}.{claims}.AAAA", part(r#"{"alg":"RS256","crit":["b64"]}"#)),
            format!("{header}.{}.AAAA", part("[]")),
        ] {
            assert!(Assertion::parse(&bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_jti_is_good_once_for_each_client_within_the_hour() {
        let (used, now) = (UsedAssertions::new(), Utc::now());
        let [one, other] = ["0oa1", "0oa2"].map(AppId::new);
        assert!(used.use_up(&one, "j", now));
        assert!(!used.use_up(&one, "j", now));
        assert!(used.use_up(&other, "j", now));
        assert!(used.use_up(&one, "j", now + LONGEST_LIFE));
    }

    proptest! {
        #[test]
        fn whatever_comes_is_parsed_or_refused(text in "[A-Za-z0-9_.=-]{0,80}") {
            if let Some(assertion) = Assertion::parse(&text) {
                prop_assert!(assertion.header.contains_key("alg"));
            }
        }
    }
}
