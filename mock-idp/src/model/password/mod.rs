//! Passwords: how they are kept, checked, locked, expired, changed and recovered.

mod change;
mod check;
mod hash;
mod lockout;
mod recovery;
mod settings;
#[cfg(test)]
mod tests;

pub(crate) use hash::PasswordHash;
pub(super) use lockout::Lock;
pub(super) use recovery::Recoveries;
pub use recovery::RecoveryToken;
pub use settings::{PasswordComplexity, PasswordSettings};

use super::Digest;

/// What is kept of a user's password.
#[derive(Clone, Debug, Default)]
pub(super) struct PasswordRecord {
    pub(super) hash: Option<PasswordHash>,
    /// Those before it, newest first.
    history: Vec<PasswordHash>,
    /// Wrong ones given since the last right one.
    failures: u32,
    /// What locking took, as long as it lasts.
    lock: Option<Lock>,
    /// The one-time token that may set a new one.
    recovery: Option<Digest>,
}

impl PasswordRecord {
    pub(super) fn new(hash: Option<PasswordHash>) -> Self {
        Self { hash, ..Self::default() }
    }
}
