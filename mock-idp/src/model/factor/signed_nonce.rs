//! A simulation of FastPass: a device that is enrolled signs a nonce, with the origin at which it was asked. It shows
//! what a phishing-resistant, device-bound proof decides; it speaks nothing of Okta Verify's own protocol, attests
//! nothing, and its key is kept by no hardware.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use ground::random;

use super::attempt::Characteristics;
use super::{Credential, Factor, FactorKind, FactorRefusal, FactorStatus, Verified};
use crate::device::{DeviceIdentity, Gesture, NonceAnswer};
use crate::model::log::{Entry, EventType};
use crate::model::{Cause, Digest, Expiring, Model, ModelError, UserId, UserStatus};

/// How long a nonce can be answered, in stage time.
const PATIENCE: TimeDelta = TimeDelta::minutes(5);

/// Far more nonces than a stage has under way; the oldest make room.
const CAPACITY: usize = 1_000;

/// A proof that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NonceChallenge {
    /// What the device signs, once.
    pub nonce: String,
    /// Until when, in stage time.
    pub expires: DateTime<Utc>,
}

/// The nonces that are out, each for one user.
#[derive(Debug)]
pub(super) struct Nonces(Expiring<UserId>);

impl Default for Nonces {
    fn default() -> Self {
        Self(Expiring::new(CAPACITY))
    }
}

impl Model {
    /// Enrols a device, at once: whoever calls this knows that it is its user's.
    ///
    /// # Errors
    /// When there is no such user, it is deactivated or has as many as it may, or the device is enrolled already or its
    /// names are not plausible.
    pub fn enroll_signed_nonce(
        &self,
        user: &UserId,
        device: &DeviceIdentity,
        cause: &Cause,
    ) -> Result<Arc<Factor>, ModelError> {
        if !device.is_plausible() {
            return Err(ModelError::invalid("device", "Its id or its name is not plausible"));
        }
        if self.factors().find_where(|factor| factor.is_of_device(&device.id)).is_some() {
            return Err(ModelError::Unsuitable("A factor of this type is already set up."));
        }
        let credential = Credential::SignedNonce(Box::new(device.clone()));
        let waiting = self.enroll(user, Some(device.name.clone()), credential)?;
        self.activate(&waiting.id, cause, |_| Ok(()))
            .map_err(|_| ModelError::not_found("UserFactor", &waiting.id))
    }

    /// Asks for a proof by one of the user's devices.
    ///
    /// # Errors
    /// When none is enrolled, the user is not active, or too many proofs failed.
    pub fn begin_signed_nonce(&self, user: &UserId) -> Result<NonceChallenge, FactorRefusal> {
        let factor =
            self.factors_of(user).into_iter().find(|factor| factor.kind() == FactorKind::SignedNonce);
        self.ready(&factor.ok_or(FactorRefusal::NotFound)?.id)?;
        let now = self.now();
        let challenge = NonceChallenge { nonce: random::token(), expires: now + PATIENCE };
        let nonce = Digest::of(&challenge.nonce);
        self.factors().nonces.0.insert(nonce, user.clone(), challenge.expires, now);
        Ok(challenge)
    }

    /// Whether a device's answer is the proof that was asked for at this origin. The nonce is used by that.
    ///
    /// # Errors
    /// When the nonce is unknown, used or too old, or the answer is another device's or was made at another origin.
    pub fn finish_signed_nonce(
        &self,
        answer: &NonceAnswer,
        origin: &str,
        cause: &Cause,
    ) -> Result<Verified, FactorRefusal> {
        let user = self.factors().nonces.0.take(Digest::of(&answer.nonce), self.now());
        let user = user.ok_or(FactorRefusal::Expired)?;
        let enrolled = self.factors_of(&user).into_iter().find(|factor| factor.is_of_device(&answer.device));
        let Some(factor) = enrolled else {
            self.log_stranger(&user, cause);
            return Err(FactorRefusal::WrongDevice);
        };
        self.attempt(&factor.id, cause, |credential, _| {
            let Credential::SignedNonce(device) = credential else { return Err(FactorRefusal::NotFound) };
            if !device.key.verifies(&answer.signed(), &answer.signature) {
                return Err(FactorRefusal::WrongDevice);
            }
            if answer.origin != origin {
                return Err(FactorRefusal::WrongOrigin);
            }
            Ok(Characteristics {
                user_presence: answer.gesture != Gesture::None,
                user_verification: answer.gesture == Gesture::Verification,
                phishing_resistant: true,
                hardware_protected: false,
                device_bound: true,
            })
        })
    }

    /// A device that isn't the user's tried.
    fn log_stranger(&self, user: &UserId, cause: &Cause) {
        let Some(user) = self.user(user).filter(|user| user.status != UserStatus::Deprovisioned) else {
            return;
        };
        let entry = Entry::of(EventType::AuthViaMfa).to(user.party()).failed("INVALID_CREDENTIALS");
        let entry = entry.with("factor", FactorKind::SignedNonce.log_name());
        self.log(entry.with("refusal", FactorRefusal::WrongDevice.to_string()), cause);
    }
}

impl Factor {
    fn is_of_device(&self, id: &str) -> bool {
        self.status == FactorStatus::Active
            && matches!(&self.credential, Credential::SignedNonce(device) if device.id == id)
    }
}
