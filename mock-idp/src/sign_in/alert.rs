//! What a sign-in has to say about the last attempt.

use crate::model::FactorRefusal;

/// Why the last attempt came to nothing, in the words that the person is told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Alert {
    /// Name or password are wrong, or the account can't be used: nobody is told which.
    #[error("Unable to sign in")]
    NotSignedIn,
    /// A factor's proof was not taken.
    #[error(transparent)]
    Proof(#[from] FactorRefusal),
    /// A new password was not taken.
    #[error("{0}")]
    NewPassword(String),
}
