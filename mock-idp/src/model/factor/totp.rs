//! Okta Verify's time-based codes: enrolled by a key that the person's app scans, activated and used by a code.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use ground::Secret;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::attempt::Characteristics;
use super::otp::{CodeRefusal, Step, TotpKey};
use super::{Credential, Factor, FactorRefusal, Verified};
use crate::model::{Cause, FactorId, Model, ModelError, UserId};

/// What the org keeps.
#[derive(Clone, Debug)]
pub(super) struct Totp {
    key: TotpKey,
    /// The step of the last code taken: none at or before it is taken any more.
    last: Option<Step>,
}

/// A TOTP factor that waits to be activated, with what its owner's app must know. It is told once.
#[derive(Clone, Debug)]
pub struct TotpEnrolment {
    /// The factor.
    pub factor: Arc<Factor>,
    /// The key, as base32.
    pub secret: Secret,
    /// The key as a QR code gives it: `otpauth://totp/…`.
    pub uri: Secret,
}

impl Model {
    /// Makes a TOTP factor. `issuer` is the org's host, under which the app lists it.
    ///
    /// # Errors
    /// When there is no such user, it is deactivated, or it has one.
    pub fn enroll_totp(&self, user: &UserId, issuer: &str) -> Result<TotpEnrolment, ModelError> {
        let key = TotpKey::generate();
        let secret = key.base32();
        let factor = self.enroll(user, None, Credential::Totp(Totp { key, last: None }))?;
        let login = self.user(user).map_or_else(String::new, |user| user.profile.login.clone());
        let [issuer, login] = [issuer, &login].map(|text| utf8_percent_encode(text, NON_ALPHANUMERIC));
        let uri = format!("otpauth://totp/{issuer}:{login}?secret={}&issuer={issuer}", secret.expose());
        Ok(TotpEnrolment { factor, secret, uri: Secret::new("TOTP secret", uri) })
    }

    /// Activates a TOTP factor by a code, which is used by that.
    ///
    /// # Errors
    /// When there is no such factor, it is active already, or the code is another.
    pub fn activate_totp(
        &self,
        id: &FactorId,
        passcode: &str,
        cause: &Cause,
    ) -> Result<Arc<Factor>, FactorRefusal> {
        let now = self.now();
        self.activate(id, cause, |factor| factor.credential.totp()?.take(passcode, now))
    }

    /// Whether a code is right and new.
    ///
    /// # Errors
    /// When it isn't, too many were not, or the factor or its user is not active.
    pub fn verify_totp(
        &self,
        id: &FactorId,
        passcode: &str,
        cause: &Cause,
    ) -> Result<Verified, FactorRefusal> {
        self.attempt(id, cause, |credential, now| {
            credential.totp()?.take(passcode, now)?;
            Ok(Characteristics { user_presence: true, device_bound: true, ..Characteristics::default() })
        })
    }
}

impl Totp {
    fn take(&mut self, passcode: &str, now: DateTime<Utc>) -> Result<(), FactorRefusal> {
        let step = self.key.step_of(passcode, now, self.last).map_err(|refusal| match refusal {
            CodeRefusal::Wrong => FactorRefusal::WrongCode,
            CodeRefusal::Used => FactorRefusal::CodeUsed,
        })?;
        self.last = Some(step);
        Ok(())
    }
}
