//! Factors: what a user proves beside the password who it is, from enrolment to the proof.
//!
//! * `totp`: the time-based codes of an authenticator app;
//! * `push`: notifications that its device answers;
//! * `webauthn`: security keys and passkeys in the browser, and `webauthn_json`, what the browser says;
//! * `signed_nonce`: the simulation of FastPass;
//! * `otp`: how such a code is made (RFC 4226 and 6238);
//! * `attempt`: what every proof has in common, and how many may fail;
//! * `enrolment`: how factors come and go;
//! * `store`: where they are kept.

mod attempt;
mod enrolment;
mod otp;
mod push;
mod signed_nonce;
mod store;
#[cfg(test)]
mod tests;
mod totp;
mod webauthn;
mod webauthn_json;

use chrono::{DateTime, Utc};
use serde::Serialize;

pub use attempt::{Characteristics, FactorRefusal, Verified};
pub(crate) use otp::TotpKey;
pub use push::{NumberChallenge, PushEnrolment, PushState, PushTransaction};
pub use signed_nonce::NonceChallenge;
pub(super) use store::Factors;
pub use totp::TotpEnrolment;
pub use webauthn::{RelyingParty, UserVerification, WebAuthnChallenge, WebAuthnEnrolment};
pub use webauthn_json::{Assertion, Attestation};

use super::{FactorId, Party, UserId};
use crate::device::DeviceIdentity;

/// A user's factor as of the moment it was read.
#[derive(Clone, Debug)]
pub struct Factor {
    /// Its identifier.
    pub id: FactorId,
    /// Whose it is.
    pub user: UserId,
    /// Whether it can be used already.
    pub status: FactorStatus,
    /// What the person's device or authenticator is called, if that is known.
    pub name: Option<String>,
    /// When it was made, in stage time as all of these.
    pub created: DateTime<Utc>,
    /// When it last changed.
    pub last_updated: DateTime<Utc>,
    /// When its owner last proved with it who it is.
    pub last_verified: Option<DateTime<Utc>>,
    credential: Credential,
}

/// What the org keeps of a factor in order to verify it.
#[derive(Clone, Debug)]
enum Credential {
    Totp(totp::Totp),
    Push(push::Push),
    WebAuthn(webauthn::WebAuthn),
    SignedNonce(Box<DeviceIdentity>),
}

/// What sort of proof a factor gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FactorKind {
    /// Okta Verify's time-based codes (RFC 6238).
    Totp,
    /// Okta Verify's push notifications.
    Push,
    /// FIDO2: a security key or a passkey (WebAuthn).
    WebAuthn,
    /// FastPass, as a simulation: a device signs a nonce. It speaks nothing of Okta Verify's own protocol.
    SignedNonce,
}

impl FactorKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Totp, Self::Push, Self::WebAuthn, Self::SignedNonce];

    /// Okta's `factorType`.
    pub fn factor_type(self) -> &'static str {
        match self {
            Self::Totp => "token:software:totp",
            Self::Push => "push",
            Self::WebAuthn => "webauthn",
            Self::SignedNonce => "signed_nonce",
        }
    }

    /// Okta's `provider`.
    pub fn provider(self) -> &'static str {
        match self {
            Self::Totp | Self::Push | Self::SignedNonce => "OKTA",
            Self::WebAuthn => "FIDO",
        }
    }

    /// The `amr` value of a proof by it, as Okta gives it: `otp`, `swk` or `hwk`. With a second factor goes `mfa`.
    pub fn amr(self) -> &'static str {
        match self {
            Self::Totp => "otp",
            Self::Push | Self::SignedNonce => "swk",
            Self::WebAuthn => "hwk",
        }
    }

    /// The authenticator that it belongs to, for people.
    pub fn authenticator(self) -> &'static str {
        match self {
            Self::Totp | Self::Push => "Okta Verify",
            Self::WebAuthn => "Security Key or Biometric",
            Self::SignedNonce => "Okta FastPass (simulated)",
        }
    }

    /// The name by which the System Log's `debugData` tells factors apart.
    pub fn log_name(self) -> &'static str {
        match self {
            Self::Totp => "OKTA_SOFT_TOKEN",
            Self::Push => "OKTA_VERIFY_PUSH",
            Self::WebAuthn => "FIDO_WEBAUTHN",
            Self::SignedNonce => "SIGNED_NONCE",
        }
    }
}

/// Whether a factor can be used already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum FactorStatus {
    /// Its owner has not shown yet that it works.
    PendingActivation,
    /// It can be used.
    Active,
}

impl Credential {
    fn kind(&self) -> FactorKind {
        match self {
            Self::Totp(_) => FactorKind::Totp,
            Self::Push(_) => FactorKind::Push,
            Self::WebAuthn(_) => FactorKind::WebAuthn,
            Self::SignedNonce(_) => FactorKind::SignedNonce,
        }
    }

    fn totp(&mut self) -> Result<&mut totp::Totp, FactorRefusal> {
        match self {
            Self::Totp(totp) => Ok(totp),
            _ => Err(FactorRefusal::NotFound),
        }
    }
}

impl Factor {
    /// What sort of proof it gives.
    pub fn kind(&self) -> FactorKind {
        self.credential.kind()
    }

    fn party(&self) -> Party {
        Party::new("AuthenticatorEnrollment", &self.id, "unknown", self.kind().authenticator())
    }
}
