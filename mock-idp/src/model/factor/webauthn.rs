//! FIDO2 by WebAuthn: a security key or a passkey, made and used in the person's browser. The ceremonies are verified by
//! `webauthn-rs`; here is what this org asks for and keeps.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use url::Url;
use webauthn_rs_core::WebauthnCore;
use webauthn_rs_core::error::WebauthnError;
use webauthn_rs_core::proto::{
    AuthenticationState, AuthenticatorAssertionResponseRaw, AuthenticatorAttestationResponseRaw,
    Credential as PublicKey, PublicKeyCredential, RegisterPublicKeyCredential, RegistrationState,
    UserVerificationPolicy,
};

use super::attempt::Characteristics;
use super::webauthn_json::{Assertion, Attestation};
use super::{Credential, Factor, FactorRefusal, FactorStatus, Verified};
use crate::model::{Cause, Digest, Expiring, FactorId, Model, ModelError, UserId};

/// How long a ceremony may take: in the browser by real time, here by stage time.
const PATIENCE_SECONDS: u32 = 300;

/// Far more ceremonies than a stage has under way; the oldest make room.
const CAPACITY: usize = 1_000;

/// Who asks: the org, as browsers know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelyingParty {
    /// The org's host, to which credentials are bound.
    pub id: String,
    /// The org's name, which browsers show.
    pub name: String,
    /// The origin at which its pages are.
    pub origin: Url,
}

/// Whether an authenticator is to know its user, by a biometric or a PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UserVerification {
    /// A touch is enough.
    Discouraged,
    /// If it can, and a touch will do if it can't.
    Preferred,
    /// A proof without is refused.
    Required,
}

/// A WebAuthn factor that waits for its credential.
#[derive(Clone, Debug)]
pub struct WebAuthnEnrolment {
    /// The factor.
    pub factor: Arc<Factor>,
    /// `PublicKeyCredentialCreationOptions` as JSON (WebAuthn level 3, 5.1.9): binary members are base64url.
    pub options: Value,
}

/// A proof that is asked for.
#[derive(Clone, Debug)]
pub struct WebAuthnChallenge {
    /// By this its answer is taken, once: the challenge itself, base64url.
    pub challenge: String,
    /// `PublicKeyCredentialRequestOptions` as JSON (WebAuthn level 3, 5.1.10).
    pub options: Value,
}

/// What the org keeps.
#[derive(Clone, Debug)]
pub(super) enum WebAuthn {
    Waiting { state: Box<RegistrationState>, expires: DateTime<Utc> },
    Enrolled(Box<PublicKey>),
}

/// The proofs that are asked for.
#[derive(Debug)]
pub(super) struct Challenges(Expiring<Asked>);

#[derive(Clone, Debug)]
struct Asked {
    user: UserId,
    /// By any of these.
    factors: Vec<FactorId>,
    state: Box<AuthenticationState>,
}

impl Default for Challenges {
    fn default() -> Self {
        Self(Expiring::new(CAPACITY))
    }
}

impl Model {
    /// Makes a WebAuthn factor, and what the browser is told to make its credential.
    ///
    /// # Errors
    /// When there is no such user, it is deactivated, or it has as many as it may.
    pub fn begin_webauthn_enrolment(
        &self,
        user: &UserId,
        party: &RelyingParty,
        verification: UserVerification,
    ) -> Result<WebAuthnEnrolment, ModelError> {
        let holder = self.user(user).ok_or_else(|| ModelError::not_found("User", user))?;
        let (login, name) = (&holder.profile.login, holder.profile.display_name());
        let core = party.core();
        // The user's id, login and name are never empty, which is all that can be wrong here.
        let begun =
            core.new_challenge_register_builder(user.as_str().as_bytes(), login, &name).and_then(|it| {
                core.generate_challenge_register(it.user_verification_policy(verification.policy()))
            });
        let (options, state) = begun.map_err(|error| ModelError::invalid("profile", error.to_string()))?;
        let waiting = WebAuthn::Waiting { state: Box::new(state), expires: self.now() + patience() };
        let factor = self.enroll(user, None, Credential::WebAuthn(waiting))?;
        let mut options = json_of(&options.public_key);
        // Whether the browser heeded them is checked here: the library's error for that says something else.
        let held = self.public_keys_of(user).into_iter().map(
            |(_, key)| json!({ "type": "public-key", "id": URL_SAFE_NO_PAD.encode(key.cred_id.as_slice()) }),
        );
        options["excludeCredentials"] = held.collect();
        Ok(WebAuthnEnrolment { factor, options })
    }

    /// Activates a WebAuthn factor by the credential that the browser made.
    ///
    /// # Errors
    /// When there is no such factor, it is active already, its time is over, or the credential was not made as asked:
    /// at another origin, for another party, for another challenge, without the user's verification, or by an
    /// authenticator that is enrolled already.
    pub fn finish_webauthn_enrolment(
        &self,
        id: &FactorId,
        party: &RelyingParty,
        attestation: &Attestation,
        cause: &Cause,
    ) -> Result<Arc<Factor>, FactorRefusal> {
        let now = self.now();
        let factor = self.factor(id).ok_or(FactorRefusal::NotFound)?;
        let state = match &factor.credential {
            Credential::WebAuthn(WebAuthn::Waiting { expires, .. }) if *expires <= now => {
                return Err(FactorRefusal::Expired);
            }
            Credential::WebAuthn(WebAuthn::Waiting { state, .. }) => state,
            Credential::WebAuthn(WebAuthn::Enrolled(_)) => return Err(FactorRefusal::AlreadyActive),
            _ => return Err(FactorRefusal::NotFound),
        };
        let mut key = party
            .core()
            .register_credential(&attestation.raw(), state, None)
            .map_err(|error| refusal(&error))?;
        // Each proof is asked for on its own terms, as at Okta: the library would go by the terms of the registration.
        key.registration_policy = UserVerificationPolicy::Discouraged_DO_NOT_USE;
        let known = |other: &Factor| matches!(&other.credential, Credential::WebAuthn(WebAuthn::Enrolled(held)) if held.cred_id == key.cred_id);
        if self.factors().find_where(known).is_some() {
            return Err(FactorRefusal::AlreadyEnrolled);
        }
        self.activate(id, cause, |factor| {
            factor.credential = Credential::WebAuthn(WebAuthn::Enrolled(Box::new(key)));
            Ok(())
        })
    }

    /// Asks for a proof by one of the user's WebAuthn factors, or by this one of them.
    ///
    /// # Errors
    /// When there is none, the user is not active, or too many proofs failed.
    pub fn begin_webauthn(
        &self,
        user: &UserId,
        factor: Option<&FactorId>,
        party: &RelyingParty,
        verification: UserVerification,
    ) -> Result<WebAuthnChallenge, FactorRefusal> {
        let keys = self.public_keys_of(user).into_iter().filter(|(id, _)| factor.is_none_or(|it| it == id));
        let (ids, keys): (Vec<FactorId>, Vec<PublicKey>) = keys.unzip();
        self.ready(ids.first().ok_or(FactorRefusal::NotFound)?)?;
        let core = party.core();
        let begun = core
            .new_challenge_authenticate_builder(keys, Some(verification.policy()))
            .and_then(|it| core.generate_challenge_authenticate(it));
        let (options, state) = begun.map_err(|error| refusal(&error))?;
        let options = json_of(&options.public_key);
        let challenge = options["challenge"].as_str().unwrap_or_default().to_owned();
        let now = self.now();
        let asked = Asked { user: user.clone(), factors: ids, state: Box::new(state) };
        self.factors().challenges.0.insert(Digest::of(&challenge), asked, now + patience(), now);
        Ok(WebAuthnChallenge { challenge, options })
    }

    /// Whether the browser's answer to a challenge is the proof that was asked for. The challenge is used by that.
    ///
    /// # Errors
    /// When the challenge is unknown, used or too old, or the answer was made by a credential that was not asked, at
    /// another origin, for another party or challenge, without the user's presence or the verification that was asked
    /// for, with a wrong signature, or with a counter that shows that the authenticator was copied.
    pub fn finish_webauthn(
        &self,
        challenge: &str,
        party: &RelyingParty,
        assertion: &Assertion,
        cause: &Cause,
    ) -> Result<Verified, FactorRefusal> {
        let now = self.now();
        let asked = self.factors().challenges.0.take(Digest::of(challenge), now);
        let asked = asked.ok_or(FactorRefusal::Expired)?;
        let id = self.factor_of(&asked, party, assertion)?;
        self.attempt(&id, cause, |credential, _| {
            let Credential::WebAuthn(WebAuthn::Enrolled(key)) = credential else {
                return Err(FactorRefusal::NotFound);
            };
            let answer = assertion.raw(&key.cred_id);
            let proof = party.core().authenticate_single_credential(&answer, &asked.state, key);
            let proof = proof.map_err(|error| refusal(&error))?;
            key.counter = key.counter.max(proof.counter());
            key.backup_state = proof.backup_state();
            Ok(Characteristics {
                user_presence: true,
                user_verification: proof.user_verified(),
                phishing_resistant: true,
                // Okta knows by attestation; here it is taken for granted of keys that can't be copied to a backup.
                hardware_protected: !key.backup_eligible,
                device_bound: !key.backup_eligible,
            })
        })
    }

    /// The factor whose credential answers, of those that were asked. Okta's clients don't say which: then it is the one
    /// whose signature it is.
    fn factor_of(
        &self,
        asked: &Asked,
        party: &RelyingParty,
        assertion: &Assertion,
    ) -> Result<FactorId, FactorRefusal> {
        let mut keys = self.public_keys_of(&asked.user);
        keys.retain(|(id, _)| asked.factors.contains(id));
        let core = party.core();
        let signs = |key: &PublicKey| {
            let answer = assertion.raw(&key.cred_id);
            core.authenticate_single_credential(&answer, &asked.state, key).is_ok()
        };
        let found = match (&assertion.id, keys.as_slice()) {
            (Some(id), keys) => keys.iter().find(|(_, key)| key.cred_id.as_slice() == id.as_slice()),
            (None, [only]) => Some(only),
            (None, keys) => keys.iter().find(|(_, key)| signs(key)),
        };
        found.map(|(id, _)| id.clone()).ok_or(FactorRefusal::UnknownCredential)
    }

    fn public_keys_of(&self, user: &UserId) -> Vec<(FactorId, PublicKey)> {
        let factors = self.factors();
        let keys = factors.of(user).filter_map(|factor| match &factor.credential {
            Credential::WebAuthn(WebAuthn::Enrolled(key)) if factor.status == FactorStatus::Active => {
                Some((factor.id.clone(), PublicKey::clone(key)))
            }
            _ => None,
        });
        keys.collect()
    }
}

impl Factor {
    /// A WebAuthn factor's credential id, as browsers have it.
    pub fn credential_id(&self) -> Option<&[u8]> {
        match &self.credential {
            Credential::WebAuthn(WebAuthn::Enrolled(key)) => Some(key.cred_id.as_slice()),
            _ => None,
        }
    }
}

impl RelyingParty {
    fn core(&self) -> WebauthnCore {
        let patience = Duration::from_secs(PATIENCE_SECONDS.into());
        let origins = vec![self.origin.clone()];
        WebauthnCore::new_unsafe_experts_only(&self.name, &self.id, origins, patience, None, None)
    }
}

impl UserVerification {
    fn policy(self) -> UserVerificationPolicy {
        match self {
            Self::Discouraged => UserVerificationPolicy::Discouraged_DO_NOT_USE,
            Self::Preferred => UserVerificationPolicy::Preferred,
            Self::Required => UserVerificationPolicy::Required,
        }
    }
}

impl Attestation {
    fn raw(&self) -> RegisterPublicKeyCredential {
        RegisterPublicKeyCredential {
            // The library takes the id from the attested data.
            id: String::new(),
            raw_id: Vec::new(),
            response: AuthenticatorAttestationResponseRaw {
                attestation_object: self.attestation_object.clone(),
                client_data_json: self.client_data.clone(),
                transports: None,
            },
            type_: "public-key".to_owned(),
            extensions: Default::default(),
        }
    }
}

impl Assertion {
    fn raw(&self, id: &[u8]) -> PublicKeyCredential {
        PublicKeyCredential {
            id: String::new(),
            raw_id: id.to_vec(),
            response: AuthenticatorAssertionResponseRaw {
                authenticator_data: self.authenticator_data.clone(),
                client_data_json: self.client_data.clone(),
                signature: self.signature.clone(),
                user_handle: None,
            },
            extensions: Default::default(),
            type_: "public-key".to_owned(),
        }
    }
}

fn patience() -> TimeDelta {
    TimeDelta::seconds(PATIENCE_SECONDS.into())
}

/// The options as browsers take them: they refuse a `null` where a member can be left out.
fn json_of(options: &impl serde::Serialize) -> Value {
    fn without_nulls(value: Value) -> Value {
        match value {
            Value::Object(members) => {
                let there = members.into_iter().filter(|(_, value)| !value.is_null());
                there.map(|(name, value)| (name, without_nulls(value))).collect()
            }
            other => other,
        }
    }
    serde_json::to_value(options).map(without_nulls).unwrap_or_default()
}

fn refusal(error: &WebauthnError) -> FactorRefusal {
    match error {
        WebauthnError::InvalidRPOrigin | WebauthnError::CredentialCrossOrigin => FactorRefusal::WrongOrigin,
        WebauthnError::InvalidRPIDHash => FactorRefusal::WrongRelyingParty,
        WebauthnError::MismatchedChallenge => FactorRefusal::WrongChallenge,
        WebauthnError::UserNotPresent => FactorRefusal::UserNotPresent,
        WebauthnError::UserNotVerified => FactorRefusal::UserNotVerified,
        WebauthnError::AuthenticationFailure | WebauthnError::SignatureInvalid => {
            FactorRefusal::WrongSignature
        }
        WebauthnError::CredentialPossibleCompromise => FactorRefusal::Copied,
        WebauthnError::CredentialNotFound => FactorRefusal::UnknownCredential,
        _ => FactorRefusal::Malformed,
    }
}
