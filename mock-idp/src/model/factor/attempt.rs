//! What every proof by a factor has in common: who may try, how often it may fail, and what a success says.

use std::collections::VecDeque;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Credential, Factor, FactorKind, FactorStatus};
use crate::model::log::{Entry, EventType};
use crate::model::{Cause, FactorId, Model, User, UserId, UserStatus};

/// How many proofs of one user's may fail within [`PERIOD`], whichever factors they are by (Okta's own limit, which it
/// doesn't let anybody change). A success starts the count anew.
const MAX_FAILURES: usize = 5;

/// How long a failed proof counts, in stage time.
const PERIOD: TimeDelta = TimeDelta::minutes(5);

/// A proof that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// By which factor.
    pub factor: FactorId,
    /// What sort of factor that is; its [`amr`](FactorKind::amr) tells relying parties.
    pub kind: FactorKind,
    /// Whose it is.
    pub user: UserId,
    /// When, in stage time.
    pub at: DateTime<Utc>,
    /// What the proof shows.
    pub characteristics: Characteristics,
}

/// What a proof shows beside possession, in the terms of Okta's authentication policies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Characteristics {
    /// Somebody was there and did something.
    pub user_presence: bool,
    /// The authenticator knew that somebody, by a biometric or a PIN.
    pub user_verification: bool,
    /// It can't be had by a page of another origin.
    pub phishing_resistant: bool,
    /// Its key is kept by hardware.
    pub hardware_protected: bool,
    /// Its key can't leave the device.
    pub device_bound: bool,
}

/// Why a proof or an activation was refused. Those that Okta's API has words for say them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FactorRefusal {
    /// There is no such factor, or it is of another kind.
    #[error("there is no such factor of this kind")]
    NotFound,
    /// It has not been activated yet.
    #[error("the factor has not been activated")]
    NotActive,
    /// It has been activated already.
    #[error("the factor is active already")]
    AlreadyActive,
    /// Its user may not sign in.
    #[error("the user is {}", .0.name())]
    UserNotActive(UserStatus),
    /// Too many proofs of this user's failed.
    #[error("too many proofs failed; none is taken until {until}")]
    TooManyFailures {
        /// Until when none is taken, in stage time.
        until: DateTime<Utc>,
    },
    /// The code is another.
    #[error("Invalid Passcode/Answer")]
    WrongCode,
    /// The code, or a later one, was used already.
    #[error("Each code can only be used once. Please wait for a new code and try again.")]
    CodeUsed,
    /// The person denied it.
    #[error("the person denied the push notification")]
    Rejected,
    /// The person chose another number than the page shows.
    #[error("the person chose another number than the page shows")]
    WrongNumber,
    /// It comes from another device than the one that was enrolled.
    #[error("it is not signed by the device that was enrolled")]
    WrongDevice,
    /// It was answered already, or too late.
    #[error("it was answered already, or its time is over")]
    Expired,
    /// It was made at another origin.
    #[error("it was made at another origin")]
    WrongOrigin,
    /// It was made for another relying party.
    #[error("it was made for another relying party")]
    WrongRelyingParty,
    /// It answers another challenge.
    #[error("it answers another challenge")]
    WrongChallenge,
    /// Nobody touched the authenticator.
    #[error("nobody touched the authenticator")]
    UserNotPresent,
    /// The authenticator didn't verify its user, as was asked.
    #[error("the authenticator did not verify its user")]
    UserNotVerified,
    /// The signature is not the credential's.
    #[error("the signature is not the credential's")]
    WrongSignature,
    /// The authenticator's counter didn't grow: there is a copy of it.
    #[error("the authenticator's counter did not grow, so there is a copy of it")]
    Copied,
    /// The credential is none of those that were asked.
    #[error("the credential is none of those that were asked")]
    UnknownCredential,
    /// The authenticator is enrolled already.
    #[error("the authenticator is enrolled already")]
    AlreadyEnrolled,
    /// It is not what a device or browser sends.
    #[error("it is not of the form that was expected")]
    Malformed,
}

/// When a user's last proofs failed: at most as many as count.
#[derive(Debug, Default)]
pub(super) struct Failures(VecDeque<DateTime<Utc>>);

impl Failures {
    /// Until when no proof is taken.
    pub(super) fn blocked_until(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let oldest = *self.0.front().filter(|_| self.0.len() == MAX_FAILURES)?;
        Some(oldest + PERIOD).filter(|until| *until > now)
    }

    pub(super) fn note(&mut self, now: DateTime<Utc>) {
        if self.0.len() == MAX_FAILURES {
            self.0.pop_front();
        }
        self.0.push_back(now);
    }
}

impl Model {
    /// Has a proof checked by an active factor of a user who may sign in, unless too many failed. What the check decides
    /// is counted and logged.
    pub(super) fn attempt(
        &self,
        id: &FactorId,
        cause: &Cause,
        check: impl FnOnce(&mut Credential, DateTime<Utc>) -> Result<Characteristics, FactorRefusal>,
    ) -> Result<Verified, FactorRefusal> {
        let (factor, user) = self.usable(id)?;
        let now = self.now();
        let outcome = self.factors().attempt(id, now, check);
        let entry = Entry::of(EventType::AuthViaMfa).to(user.party()).to(factor.party());
        let entry = entry.with("factor", factor.kind().log_name());
        match outcome {
            Ok(characteristics) => {
                self.log(entry, cause);
                let (kind, user) = (factor.kind(), factor.user.clone());
                Ok(Verified { factor: id.clone(), kind, user, at: now, characteristics })
            }
            // Nothing was proved or disproved.
            Err(refusal @ (FactorRefusal::NotFound | FactorRefusal::NotActive)) => Err(refusal),
            Err(refusal) => {
                let entry = entry.failed("INVALID_CREDENTIALS").with("refusal", refusal.to_string());
                self.log(entry, cause);
                Err(refusal)
            }
        }
    }
}

impl Model {
    /// The active factor, and its user who may sign in, unless too many proofs failed.
    pub(super) fn ready(&self, id: &FactorId) -> Result<(Arc<Factor>, Arc<User>), FactorRefusal> {
        let (factor, user) = self.usable(id)?;
        if factor.status != FactorStatus::Active {
            return Err(FactorRefusal::NotActive);
        }
        match self.factors().blocked_until(&user.id, self.now()) {
            Some(until) => Err(FactorRefusal::TooManyFailures { until }),
            None => Ok((factor, user)),
        }
    }

    fn usable(&self, id: &FactorId) -> Result<(Arc<Factor>, Arc<User>), FactorRefusal> {
        let factor = self.factor(id).ok_or(FactorRefusal::NotFound)?;
        let user = self.user(&factor.user).ok_or(FactorRefusal::NotFound)?;
        // A second factor comes before the password that must be changed.
        match user.status {
            UserStatus::Active | UserStatus::PasswordExpired => Ok((factor, user)),
            status => Err(FactorRefusal::UserNotActive(status)),
        }
    }
}

impl super::Factors {
    fn attempt(
        &mut self,
        id: &FactorId,
        now: DateTime<Utc>,
        check: impl FnOnce(&mut Credential, DateTime<Utc>) -> Result<Characteristics, FactorRefusal>,
    ) -> Result<Characteristics, FactorRefusal> {
        let (factor, failures) = self.find_mut(id).ok_or(FactorRefusal::NotFound)?;
        if factor.status != FactorStatus::Active {
            return Err(FactorRefusal::NotActive);
        }
        if let Some(until) = failures.blocked_until(now) {
            return Err(FactorRefusal::TooManyFailures { until });
        }
        let mut changed = Factor::clone(factor);
        match check(&mut changed.credential, now) {
            Ok(characteristics) => {
                *failures = Failures::default();
                changed.last_verified = Some(now);
                *factor = Arc::new(changed);
                Ok(characteristics)
            }
            Err(FactorRefusal::NotFound) => Err(FactorRefusal::NotFound),
            Err(refusal) => {
                failures.note(now);
                Err(refusal)
            }
        }
    }
}
