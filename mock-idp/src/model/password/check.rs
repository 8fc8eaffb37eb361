//! Whether a password is somebody's, and what comes of it.

use std::sync::Arc;

use ground::Secret;

use super::PasswordHash;
use crate::model::log::{Entry, EventType};
use crate::model::{Cause, Model, SignInRefusal, User, UserStatus};

impl Model {
    /// Whether the password is this login's, and the user may sign in. Wrong ones are counted, too many lock the user
    /// out, and one that is too old has to be changed: the System Log says so, but nothing of the attempt itself. Takes
    /// as long for a login that nobody has as for one that somebody has.
    ///
    /// # Errors
    /// When one of them isn't so.
    pub fn verify_password(
        &self,
        login: &str,
        password: &Secret,
        cause: &Cause,
    ) -> Result<Arc<User>, SignInRefusal> {
        let user = self.user_by_login(login);
        let hash = user.as_ref().and_then(|user| user.password.hash.clone());
        let right = hash.unwrap_or_else(PasswordHash::of_nobody).matches(password);
        if let Some(client) = &cause.client {
            self.note_sign_in(client.address, login, user.is_some() && right);
        }
        let user = user.ok_or(SignInRefusal::UnknownUser)?;
        let id = user.id.clone();
        if user.status == UserStatus::LockedOut {
            return Err(SignInRefusal::NotActive(id, user.status));
        }
        if !right {
            self.note_wrong_password(&id, cause);
            return Err(SignInRefusal::WrongPassword(id));
        }
        self.forget_wrong_passwords(&user);
        match user.status {
            UserStatus::Active if self.is_too_old(&user) => {
                self.force_expiry(&id);
                Err(SignInRefusal::PasswordExpired(id))
            }
            UserStatus::Active => Ok(user),
            UserStatus::PasswordExpired => Err(SignInRefusal::PasswordExpired(id)),
            status => Err(SignInRefusal::NotActive(id, status)),
        }
    }

    fn is_too_old(&self, user: &User) -> bool {
        self.password_expiry(user).is_some_and(|(expires, _)| expires <= self.now())
    }

    /// The password's time is up.
    fn force_expiry(&self, id: &crate::model::UserId) {
        let changed = self.change_status(id, |_| Ok(UserStatus::PasswordExpired));
        if let Ok(user) = changed {
            self.log(Entry::of(EventType::ExpirePassword).to(user.party()), &Cause::system());
        }
    }
}
