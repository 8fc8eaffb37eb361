//! Lockout: too many wrong passwords keep a user out for a while, or until an administrator lets it in.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::log::{Entry, EventType};
use crate::model::{Cause, Model, ModelError, User, UserId, UserStatus};

/// What locking took.
#[derive(Clone, Debug)]
pub(in crate::model) struct Lock {
    /// The status that unlocking gives back: a password that had to be changed still has to be.
    before: UserStatus,
    /// When the user is unlocked by itself.
    until: Option<DateTime<Utc>>,
}

impl Model {
    /// Lets a locked user in again.
    ///
    /// # Errors
    /// When there is no such user, or it is not locked.
    pub fn unlock_user(&self, id: &UserId, cause: &Cause) -> Result<Arc<User>, ModelError> {
        self.settle();
        let user = self.unlock(id, |_| true)?;
        self.log(Entry::of(EventType::UnlockByAdmin).to(user.party()), cause);
        Ok(user)
    }

    /// Does what the time has brought about: users whose lock has lasted long enough are unlocked. Whoever reads users
    /// calls it first, so that none is seen locked after its time.
    pub(in crate::model) fn settle(&self) {
        let now = self.now();
        let due = || self.read().unlocks.first().filter(|(until, _)| *until <= now).cloned();
        while let Some((until, id)) = due() {
            self.write().unlocks.remove(&(until, id.clone()));
            if let Ok(user) = self.unlock(&id, |lock| lock.until == Some(until)) {
                self.log(Entry::of(EventType::Unlock).to(user.party()), &Cause::system());
            }
        }
    }

    pub(super) fn note_wrong_password(&self, id: &UserId, cause: &Cause) {
        let settings = self.password_settings_for(id);
        let now = self.now();
        let mut records = self.write();
        let Some(user) = records.users.get_mut(id) else { return };
        if !matches!(user.status, UserStatus::Active | UserStatus::PasswordExpired) {
            return;
        }
        let user = Arc::make_mut(user);
        user.password.failures = user.password.failures.saturating_add(1);
        if settings.max_attempts == 0 || user.password.failures < settings.max_attempts {
            return;
        }
        let minutes = TimeDelta::minutes(settings.auto_unlock_minutes.into());
        let until = (settings.auto_unlock_minutes > 0).then(|| now + minutes);
        user.password.lock = Some(Lock { before: user.status, until });
        user.password.failures = 0;
        user.status = UserStatus::LockedOut;
        user.status_changed = Some(now);
        user.last_updated = now;
        let party = user.party();
        if let Some(until) = until {
            records.unlocks.insert((until, id.clone()));
        }
        drop(records);
        self.log(Entry::of(EventType::Lock).to(party).failed("LOCKED_OUT"), cause);
    }

    pub(super) fn forget_wrong_passwords(&self, user: &User) {
        if user.password.failures > 0
            && let Some(user) = self.write().users.get_mut(&user.id)
        {
            Arc::make_mut(user).password.failures = 0;
        }
    }

    fn unlock(&self, id: &UserId, chosen: impl FnOnce(&Lock) -> bool) -> Result<Arc<User>, ModelError> {
        self.change_status(id, |user| match user.password.lock.take().filter(chosen) {
            Some(lock) if user.status == UserStatus::LockedOut => Ok(lock.before),
            _ => Err(ModelError::NotLocked),
        })
    }
}

impl Lock {
    /// What had to be changed was.
    pub(super) fn password_was_set(&mut self) {
        self.before = UserStatus::Active;
    }
}
