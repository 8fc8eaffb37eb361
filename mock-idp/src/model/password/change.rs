//! How a password changes: by an administrator, by its owner, or because it must.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use ground::Secret;

use super::{PasswordHash, PasswordRecord, PasswordSettings};
use crate::model::log::{Entry, EventType};
use crate::model::{Cause, Model, ModelError, User, UserId, UserStatus};

/// How many former passwords are kept; Okta lets no policy ask for more.
const MAX_HISTORY: usize = 30;

impl Model {
    /// Sets the user's password, as an administrator does. A user that waited for one becomes active.
    ///
    /// # Errors
    /// When there is no such user, or the password is not acceptable.
    pub fn set_password(
        &self,
        id: &UserId,
        password: &Secret,
        cause: &Cause,
    ) -> Result<Arc<User>, ModelError> {
        let holder = self.user(id).ok_or_else(|| ModelError::not_found("User", id))?;
        self.password_settings_for(id).check(password, &holder.profile.login)?;
        let hash = PasswordHash::of(password);
        let now = self.now();
        let (user, ()) = self.write().change_user(id, now, |user| {
            user.take_password(hash, now);
            Ok(())
        })?;
        self.log(Entry::of(EventType::UpdatePassword).to(user.party()), cause);
        Ok(user)
    }

    /// Changes the user's password for somebody who knows the present one.
    ///
    /// # Errors
    /// When there is no such user, its status doesn't allow it, the old password is another, or the new one is not
    /// acceptable or was used not long ago.
    pub fn change_password(
        &self,
        id: &UserId,
        old: &Secret,
        new: &Secret,
        cause: &Cause,
    ) -> Result<Arc<User>, ModelError> {
        let holder = self.user(id).ok_or_else(|| ModelError::not_found("User", id))?;
        let allowed = matches!(
            holder.status,
            UserStatus::Staged | UserStatus::Active | UserStatus::PasswordExpired | UserStatus::Recovery
        );
        let present = holder.password.hash.as_ref().filter(|_| allowed);
        if !present.ok_or(ModelError::PasswordChangeNotAllowed)?.matches(old) {
            return Err(self.refuse_change(&holder, "Old Password is not correct", cause));
        }
        self.replace_password(&holder, new, cause)
    }

    /// Makes the user change its password when it signs in next.
    ///
    /// # Errors
    /// When there is no such user, or its status or the want of a password doesn't allow it.
    pub fn expire_password(&self, id: &UserId, cause: &Cause) -> Result<Arc<User>, ModelError> {
        let user = self.change_status(id, |user| match user.status {
            UserStatus::Active | UserStatus::PasswordExpired if user.has_password() => {
                Ok(UserStatus::PasswordExpired)
            }
            _ => Err(ModelError::WrongStatus),
        })?;
        self.log(Entry::of(EventType::ExpirePassword).to(user.party()), cause);
        Ok(user)
    }

    /// Takes a new password from its owner, whose history counts.
    pub(super) fn replace_password(
        &self,
        holder: &User,
        new: &Secret,
        cause: &Cause,
    ) -> Result<Arc<User>, ModelError> {
        let settings = self.password_settings_for(&holder.id);
        if let Err(error) = settings.check(new, &holder.profile.login) {
            let ModelError::Invalid { reason, .. } = error else { return Err(error) };
            return Err(self.refuse_change(holder, &reason, cause));
        }
        if holder.password.knows(new, &settings) {
            return Err(self.refuse_change(holder, "Password has been used too recently", cause));
        }
        let hash = PasswordHash::of(new);
        let now = self.now();
        let (user, ()) = self.write().change_user(&holder.id, now, |user| {
            user.take_password(hash, now);
            Ok(())
        })?;
        self.log(Entry::of(EventType::UpdatePassword).to(user.party()), cause);
        Ok(user)
    }

    fn refuse_change(&self, holder: &User, reason: &str, cause: &Cause) -> ModelError {
        self.log(Entry::of(EventType::UpdatePassword).to(holder.party()).failed(reason), cause);
        ModelError::PasswordNotTaken(reason.to_owned())
    }
}

impl User {
    fn take_password(&mut self, hash: PasswordHash, now: DateTime<Utc>) {
        self.password.take(hash);
        self.password_changed = Some(now);
        if matches!(self.status, UserStatus::Provisioned | UserStatus::PasswordExpired | UserStatus::Recovery)
        {
            self.status = UserStatus::Active;
            self.status_changed = Some(now);
        }
        if let Some(lock) = &mut self.password.lock {
            lock.password_was_set();
        }
    }
}

impl PasswordRecord {
    fn take(&mut self, hash: PasswordHash) {
        if let Some(former) = self.hash.replace(hash) {
            self.history.insert(0, former);
            self.history.truncate(MAX_HISTORY - 1);
        }
        self.recovery = None;
    }

    /// Whether it is the present password or one of those that can't be chosen again.
    fn knows(&self, password: &Secret, settings: &PasswordSettings) -> bool {
        let counted = settings.history_count as usize;
        self.hash.iter().chain(&self.history).take(counted).any(|hash| hash.matches(password))
    }
}
