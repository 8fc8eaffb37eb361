//! Users: who there is, in which state, and whether a password is theirs.

use std::collections::BTreeSet;
use std::ops::Bound;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use ground::Secret;
use serde::Serialize;

use super::log::{Entry, EventType};
use super::password::{PasswordHash, PasswordRecord};
use super::profile::Profile;
use super::records::Records;
use super::{Cause, Model, ModelError, Page, PageRequest, Party, UserId};

/// A user as of the moment it was read.
#[derive(Clone, Debug)]
pub struct User {
    /// Its identifier.
    pub id: UserId,
    /// Where in its life it is.
    pub status: UserStatus,
    /// Login, names, and the rest.
    pub profile: Profile,
    /// When it was made, in stage time as all of these.
    pub created: DateTime<Utc>,
    /// When it was last activated.
    pub activated: Option<DateTime<Utc>>,
    /// When the status last changed.
    pub status_changed: Option<DateTime<Utc>>,
    /// When it last signed in.
    pub last_login: Option<DateTime<Utc>>,
    /// When anything of it last changed.
    pub last_updated: DateTime<Utc>,
    /// When the password was last set.
    pub password_changed: Option<DateTime<Utc>>,
    pub(super) password: PasswordRecord,
}

/// Where in its life a user is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub enum UserStatus {
    /// Made, not yet activated.
    Staged,
    /// Activated, but without a password.
    Provisioned,
    /// May sign in.
    Active,
    /// May sign in once the password is changed.
    PasswordExpired,
    /// May not sign in until the password is set anew by a token.
    Recovery,
    /// May not sign in for a while, or until unlocked: too many wrong passwords were given.
    LockedOut,
    /// May not sign in until unsuspended; keeps groups and assignments.
    Suspended,
    /// Deactivated: may not sign in, and has lost its assignments.
    Deprovisioned,
}

impl UserStatus {
    /// Okta's name of it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Staged => "STAGED",
            Self::Provisioned => "PROVISIONED",
            Self::Active => "ACTIVE",
            Self::PasswordExpired => "PASSWORD_EXPIRED",
            Self::Recovery => "RECOVERY",
            Self::LockedOut => "LOCKED_OUT",
            Self::Suspended => "SUSPENDED",
            Self::Deprovisioned => "DEPROVISIONED",
        }
    }
}

impl User {
    /// Whether the user has a password.
    pub fn has_password(&self) -> bool {
        self.password.hash.is_some()
    }

    pub(crate) fn party(&self) -> Party {
        Party::new("User", &self.id, &self.profile.login, self.profile.display_name())
    }
}

/// A user to be made.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// Login, names, and the rest.
    pub profile: Profile,
    /// Without one the user can't sign in.
    pub password: Option<Secret>,
    /// Whether the user may sign in at once.
    pub activate: bool,
}

impl NewUser {
    /// An active user with this password.
    pub fn new(profile: Profile, password: Secret) -> Self {
        Self { profile, password: Some(password), activate: true }
    }
}

/// Why a sign-in was refused. The person is told the same words in every case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignInRefusal {
    /// Nobody has this login.
    UnknownUser,
    /// The password is another.
    WrongPassword(UserId),
    /// The password is right, but must be changed first. Whoever signs people in goes on with that.
    PasswordExpired(UserId),
    /// The user is not active.
    NotActive(UserId, UserStatus),
}

impl Model {
    /// Makes a user.
    ///
    /// # Errors
    /// When the profile or the password is not acceptable, or another user has the login.
    pub fn create_user(&self, new: NewUser, cause: &Cause) -> Result<Arc<User>, ModelError> {
        new.profile.check()?;
        if let Some(password) = &new.password {
            self.password_settings().check(password, &new.profile.login)?;
        }
        let password = new.password.as_ref().map(PasswordHash::of);
        let now = self.now();
        let status = match (new.activate, &password) {
            (false, _) => UserStatus::Staged,
            (true, None) => UserStatus::Provisioned,
            (true, Some(_)) => UserStatus::Active,
        };
        let mut records = self.write();
        records.check_login_free(&new.profile.login, None)?;
        let user = Arc::new(User {
            id: UserId::mint(self.minting(), now),
            status,
            profile: new.profile,
            created: now,
            activated: new.activate.then_some(now),
            status_changed: new.activate.then_some(now),
            last_login: None,
            last_updated: now,
            password_changed: password.as_ref().map(|_| now),
            password: PasswordRecord::new(password),
        });
        records.logins.insert(user.profile.login.to_lowercase(), user.id.clone());
        records.users.insert(user.id.clone(), Arc::clone(&user));
        records.memberships.insert(user.id.clone(), BTreeSet::from([self.everyone().clone()]));
        records.members.entry(self.everyone().clone()).or_default().insert(user.id.clone());
        drop(records);
        self.log(Entry::of(EventType::UserCreate).to(user.party()), cause);
        if new.activate {
            self.log(Entry::of(EventType::UserActivate).to(user.party()), cause);
        }
        Ok(user)
    }

    /// The user of this id.
    pub fn user(&self, id: &UserId) -> Option<Arc<User>> {
        self.settle();
        self.read().users.get(id).map(Arc::clone)
    }

    /// The user of this login, whatever its letter case.
    pub fn user_by_login(&self, login: &str) -> Option<Arc<User>> {
        self.settle();
        let records = self.read();
        records.users.get(records.logins.get(&login.to_lowercase())?).map(Arc::clone)
    }

    /// Those users that `chosen` accepts, in pages.
    pub fn users(&self, request: &PageRequest, chosen: impl Fn(&User) -> bool) -> Page<Arc<User>> {
        let after = request.after.as_deref().map(UserId::new);
        let from = after.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
        self.settle();
        let records = self.read();
        let users = records.users.range((from, Bound::Unbounded)).map(|(_, user)| user);
        request.cut(users.filter(|user| chosen(user)).map(Arc::clone), |user| user.id.to_string())
    }

    /// Gives the user another profile.
    ///
    /// # Errors
    /// When there is no such user, the profile is not acceptable, or another user has the login.
    pub fn update_profile(
        &self,
        id: &UserId,
        profile: Profile,
        cause: &Cause,
    ) -> Result<Arc<User>, ModelError> {
        profile.check()?;
        let mut records = self.write();
        records.check_login_free(&profile.login, Some(id))?;
        let (user, before) = records
            .change_user(id, self.now(), |user| Ok(std::mem::replace(&mut user.profile, profile).login))?;
        records.logins.remove(&before.to_lowercase());
        records.logins.insert(user.profile.login.to_lowercase(), id.clone());
        drop(records);
        self.log(Entry::of(EventType::UpdateProfile).to(user.party()), cause);
        Ok(user)
    }

    /// Makes the user an administrator, or one no longer.
    ///
    /// # Errors
    /// When there is no such user.
    pub fn set_administrator(
        &self,
        id: &UserId,
        administrator: bool,
        cause: &Cause,
    ) -> Result<(), ModelError> {
        let mut records = self.write();
        let user = records.users.get(id).ok_or_else(|| ModelError::not_found("User", id))?;
        let party = user.party();
        let (changed, event) = match administrator {
            true => (records.administrators.insert(id.clone()), EventType::PrivilegeGrant),
            false => (records.administrators.remove(id), EventType::PrivilegeRevoke),
        };
        drop(records);
        if changed {
            self.log(Entry::of(event).to(party).with("privilegeGranted", "Super administrator"), cause);
        }
        Ok(())
    }

    /// Whether the user may use the admin console and make API tokens.
    pub fn is_administrator(&self, id: &UserId) -> bool {
        self.read().administrators.contains(id)
    }
}

impl Records {
    /// Changes a user, or nothing when the closure refuses.
    pub(super) fn change_user<T>(
        &mut self,
        id: &UserId,
        now: DateTime<Utc>,
        change: impl FnOnce(&mut User) -> Result<T, ModelError>,
    ) -> Result<(Arc<User>, T), ModelError> {
        let user = self.users.get_mut(id).ok_or_else(|| ModelError::not_found("User", id))?;
        let mut changed = User::clone(user);
        let outcome = change(&mut changed)?;
        changed.last_updated = now;
        *user = Arc::new(changed);
        Ok((Arc::clone(user), outcome))
    }

    /// Notes a sign-in.
    pub(super) fn signed_in(&mut self, id: &UserId, now: DateTime<Utc>) {
        if let Some(user) = self.users.get_mut(id) {
            Arc::make_mut(user).last_login = Some(now);
        }
    }

    fn check_login_free(&self, login: &str, except: Option<&UserId>) -> Result<(), ModelError> {
        match self.logins.get(&login.to_lowercase()) {
            Some(holder) if Some(holder) != except => Err(ModelError::invalid(
                "login",
                "An object with this field already exists in the current organization",
            )),
            _ => Ok(()),
        }
    }

    pub(super) fn forget_rights_of(&mut self, id: &UserId) {
        self.administrators.remove(id);
        for assigned in self.assigned.values_mut() {
            assigned.forget_user(id);
        }
    }

    pub(super) fn forget_user(&mut self, id: &UserId) {
        self.forget_rights_of(id);
        self.consents.retain(|(user, ..), _| user != id);
        for group in self.memberships.remove(id).unwrap_or_default() {
            if let Some(members) = self.members.get_mut(&group) {
                members.remove(id);
            }
        }
        if let Some(user) = self.users.remove(id) {
            self.logins.remove(&user.profile.login.to_lowercase());
        }
    }
}
