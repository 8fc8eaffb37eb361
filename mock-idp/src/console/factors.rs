//! What the console calls authenticators and factors, and a person's own as lists show them.

use chrono::{DateTime, Utc};

use crate::model::{Authenticator, Factor, FactorId, FactorKind, FactorStatus, SelfEnrolment};

/// A factor's kind, for people.
pub(super) fn kind_label(kind: FactorKind) -> &'static str {
    match kind {
        FactorKind::Totp => "Okta Verify (code)",
        FactorKind::Push => "Okta Verify (push notification)",
        FactorKind::WebAuthn => "Security Key or Biometric (FIDO2)",
        FactorKind::SignedNonce => "Okta FastPass (simulated)",
    }
}

/// An authenticator, for people.
pub(super) fn authenticator_label(authenticator: Authenticator) -> &'static str {
    match authenticator {
        Authenticator::OktaPassword => "Password",
        Authenticator::OktaVerify => "Okta Verify",
        Authenticator::WebAuthn => "Security Key or Biometric",
    }
}

/// Whether people enrol it, as the real console says it.
pub(super) fn enrolment_label(enrolment: SelfEnrolment) -> &'static str {
    match enrolment {
        SelfEnrolment::Required => "Required",
        SelfEnrolment::Optional => "Optional",
        SelfEnrolment::NotAllowed => "Disabled",
    }
}

/// A moment, for people.
pub(super) fn moment(of: DateTime<Utc>) -> String {
    of.format("%b %d, %Y, %H:%M UTC").to_string()
}

/// A person's factor.
pub(super) struct FactorRow {
    pub(super) id: FactorId,
    pub(super) kind: &'static str,
    /// What its device is called.
    pub(super) name: Option<String>,
    pub(super) active: bool,
    pub(super) enrolled: String,
    pub(super) last_used: Option<String>,
}

impl FactorRow {
    pub(super) fn of(factor: &Factor) -> Self {
        Self {
            id: factor.id.clone(),
            kind: kind_label(factor.kind()),
            name: factor.name.clone(),
            active: factor.status == FactorStatus::Active,
            enrolled: moment(factor.created),
            last_used: factor.last_verified.map(moment),
        }
    }

    pub(super) fn status(&self) -> &'static str {
        if self.active { "Active" } else { "Pending activation" }
    }

    pub(super) fn tone(&self) -> &'static str {
        if self.active { "good" } else { "warn" }
    }
}
