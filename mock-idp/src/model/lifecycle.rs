//! How a user's status changes: who may sign in, and what is lost by not.

use std::sync::Arc;

use super::log::{Entry, EventType};
use super::{Cause, Model, ModelError, User, UserId, UserStatus};

impl Model {
    /// Lets a staged or deactivated user in.
    ///
    /// # Errors
    /// When there is no such user, or it was activated before.
    pub fn activate_user(&self, id: &UserId, cause: &Cause) -> Result<Arc<User>, ModelError> {
        let now = self.now();
        let user = self.change_status(id, |user| match user.status {
            UserStatus::Staged | UserStatus::Provisioned | UserStatus::Deprovisioned => {
                user.activated = Some(now);
                Ok(if user.has_password() { UserStatus::Active } else { UserStatus::Provisioned })
            }
            _ => Err(ModelError::AlreadyActive),
        })?;
        self.log(Entry::of(EventType::UserActivate).to(user.party()), cause);
        Ok(user)
    }

    /// Keeps an active user out, and ends its sessions.
    ///
    /// # Errors
    /// When there is no such user, or it is not active.
    pub fn suspend_user(&self, id: &UserId, cause: &Cause) -> Result<Arc<User>, ModelError> {
        let user = self.change_status(id, |user| match user.status {
            UserStatus::Active => Ok(UserStatus::Suspended),
            _ => Err(ModelError::Unsuitable("Cannot suspend a user that is not active")),
        })?;
        self.log(Entry::of(EventType::UserSuspend).to(user.party()), cause);
        self.forget_sessions_of(id);
        Ok(user)
    }

    /// Lets a suspended user in again.
    ///
    /// # Errors
    /// When there is no such user, or it is not suspended.
    pub fn unsuspend_user(&self, id: &UserId, cause: &Cause) -> Result<Arc<User>, ModelError> {
        let user = self.change_status(id, |user| match user.status {
            UserStatus::Suspended => Ok(UserStatus::Active),
            _ => Err(ModelError::Unsuitable("Cannot unsuspend a user that is not suspended")),
        })?;
        self.log(Entry::of(EventType::UserUnsuspend).to(user.party()), cause);
        Ok(user)
    }

    /// Keeps a user out, ends its sessions, and takes its own assignments and its administration away.
    ///
    /// # Errors
    /// When there is no such user, or it is deactivated already.
    pub fn deactivate_user(&self, id: &UserId, cause: &Cause) -> Result<Arc<User>, ModelError> {
        let user = self.change_status(id, |user| match user.status {
            UserStatus::Deprovisioned => Err(ModelError::Unsuitable("The user is deactivated already")),
            _ => Ok(UserStatus::Deprovisioned),
        })?;
        self.write().forget_rights_of(id);
        self.log(Entry::of(EventType::UserDeactivate).to(user.party()), cause);
        self.forget_sessions_of(id);
        Ok(user)
    }

    /// Deletes a deactivated user.
    ///
    /// # Errors
    /// When there is no such user, or it is not deactivated.
    pub fn delete_user(&self, id: &UserId, cause: &Cause) -> Result<(), ModelError> {
        let mut records = self.write();
        let user = records.users.get(id).ok_or_else(|| ModelError::not_found("User", id))?;
        if user.status != UserStatus::Deprovisioned {
            return Err(ModelError::Unsuitable("Cannot delete a user that is not deactivated"));
        }
        let party = user.party();
        records.forget_user(id);
        drop(records);
        self.factors().forget_user(id);
        self.log(Entry::of(EventType::UserDelete).to(party), cause);
        Ok(())
    }

    pub(super) fn change_status(
        &self,
        id: &UserId,
        change: impl FnOnce(&mut User) -> Result<UserStatus, ModelError>,
    ) -> Result<Arc<User>, ModelError> {
        let now = self.now();
        let (user, ()) = self.write().change_user(id, now, |user| {
            user.status = change(user)?;
            user.status_changed = Some(now);
            Ok(())
        })?;
        Ok(user)
    }
}
