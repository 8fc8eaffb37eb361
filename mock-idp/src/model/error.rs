//! Why the model refused a change. Nothing is changed by a refused one.

/// A refusal, with Okta's own words where Okta has some.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// There is no such thing.
    #[error("resource not found: {id} ({kind})")]
    NotFound {
        /// Okta's name of the kind: `User`, `UserGroup`, `AppInstance`, `AppUser`.
        kind: &'static str,
        /// What was asked for.
        id: String,
    },
    /// A member of the request is not acceptable.
    #[error("{field}: {reason}")]
    Invalid {
        /// The member, by Okta's name (`login`, `settings.oauthClient.redirect_uris`).
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The thing is in a state that doesn't allow the change.
    #[error("{0}")]
    Unsuitable(&'static str),
    /// An activated user can't be activated.
    #[error("activation failed because the user is already active")]
    AlreadyActive,
    /// Only a locked user can be unlocked.
    #[error("unlock is not allowed for this user")]
    NotLocked,
    /// The user's status doesn't allow the change.
    #[error("this operation is not allowed in the user's current status")]
    WrongStatus,
    /// The user has no password that it could change, or may not.
    #[error("change password not allowed on specified user")]
    PasswordChangeNotAllowed,
    /// The password was not changed, with Okta's reason.
    #[error("update of credentials failed: {0}")]
    PasswordNotTaken(String),
    /// The user's status doesn't allow its password to be reset.
    #[error("password reset failed")]
    PasswordResetFailed,
    /// A one-time token is unknown, used or too old.
    #[error("invalid token provided")]
    InvalidToken,
    /// A client secret can't be changed so.
    #[error("{0}")]
    ClientSecret(&'static str),
    /// Only an inactive application can be deleted.
    #[error("delete application forbidden")]
    DeleteActiveApp,
    /// The built-in group is not changed by hand.
    #[error("group memberships and profile of a built-in group can't be modified")]
    BuiltInGroup,
}

impl ModelError {
    pub(crate) fn not_found(kind: &'static str, id: &(impl ToString + ?Sized)) -> Self {
        Self::NotFound { kind, id: id.to_string() }
    }

    pub(crate) fn invalid(field: &'static str, reason: impl Into<String>) -> Self {
        Self::Invalid { field, reason: reason.into() }
    }
}
