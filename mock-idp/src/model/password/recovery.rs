//! One-time tokens: who has one may set a user's password without knowing the old one.

use std::sync::Arc;

use ground::Secret;

use crate::model::log::{Entry, EventType};
use crate::model::{Cause, Digest, Expiring, Model, ModelError, User, UserId, UserStatus};
use chrono::TimeDelta;

/// How long a token is good, in stage time: Okta's default for recovery and for activation.
const LIFETIME: TimeDelta = TimeDelta::days(7);

/// Far more than a stage gives out; the oldest make room.
const CAPACITY: usize = 10_000;

/// A one-time token that sets a password: what the link in Okta's mail holds.
#[derive(Clone, Debug)]
pub struct RecoveryToken {
    /// Whose password.
    pub user: Arc<User>,
    /// The token.
    pub token: Secret,
}

/// The tokens that are out.
#[derive(Debug)]
pub(in crate::model) struct Recoveries(Expiring<UserId>);

impl Default for Recoveries {
    fn default() -> Self {
        Self(Expiring::new(CAPACITY))
    }
}

impl Model {
    /// Voids the user's password until it is set anew by the token.
    ///
    /// # Errors
    /// When there is no such user, or its status doesn't allow it.
    pub fn reset_password(&self, id: &UserId, cause: &Cause) -> Result<RecoveryToken, ModelError> {
        let issued = self.issue(id, |status| match status {
            UserStatus::Active
            | UserStatus::PasswordExpired
            | UserStatus::Recovery
            | UserStatus::LockedOut => Ok(UserStatus::Recovery),
            _ => Err(ModelError::PasswordResetFailed),
        })?;
        self.log(Entry::of(EventType::ResetPassword).to(issued.user.party()), cause);
        Ok(issued)
    }

    /// Begins the activation of a user that waits for it once more.
    ///
    /// # Errors
    /// When there is no such user, or it doesn't wait.
    pub fn reactivate_user(&self, id: &UserId, cause: &Cause) -> Result<RecoveryToken, ModelError> {
        let issued = self.issue(id, |status| match status {
            UserStatus::Provisioned | UserStatus::Recovery => Ok(status),
            _ => Err(ModelError::WrongStatus),
        })?;
        self.log(Entry::of(EventType::UserReactivate).to(issued.user.party()), cause);
        Ok(issued)
    }

    /// A token by which a user that was activated without a password sets one.
    ///
    /// # Errors
    /// When there is no such user, or it has a password.
    pub fn activation_token(&self, id: &UserId) -> Result<RecoveryToken, ModelError> {
        self.issue(id, |status| match status {
            UserStatus::Provisioned => Ok(status),
            _ => Err(ModelError::WrongStatus),
        })
    }

    /// The user whose password this token may set.
    pub fn user_of_recovery_token(&self, token: &str) -> Option<Arc<User>> {
        let token = Digest::of(token);
        let id = self.recoveries().0.find(token, self.now()).cloned()?;
        let waits = |user: &Arc<User>| matches!(user.status, UserStatus::Recovery | UserStatus::Provisioned);
        self.user(&id).filter(|user| user.password.recovery == Some(token)).filter(waits)
    }

    /// Sets a password by a token, which is used by that; its user becomes active.
    ///
    /// # Errors
    /// When the token is good no more, or the password is not acceptable or was used not long ago.
    pub fn recover_password(
        &self,
        token: &str,
        new: &Secret,
        cause: &Cause,
    ) -> Result<Arc<User>, ModelError> {
        let user = self.user_of_recovery_token(token).ok_or(ModelError::InvalidToken)?;
        self.replace_password(&user, new, cause)
    }

    fn issue(
        &self,
        id: &UserId,
        becomes: impl FnOnce(UserStatus) -> Result<UserStatus, ModelError>,
    ) -> Result<RecoveryToken, ModelError> {
        self.settle();
        let token = Secret::random("recovery token");
        let digest = Digest::of(token.expose());
        let user = self.change_status(id, |user| {
            let status = becomes(user.status)?;
            user.password.recovery = Some(digest);
            user.password.lock = None;
            user.password.failures = 0;
            Ok(status)
        })?;
        let now = self.now();
        self.recoveries().0.insert(digest, id.clone(), now + LIFETIME, now);
        Ok(RecoveryToken { user, token })
    }
}
