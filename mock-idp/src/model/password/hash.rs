//! Passwords are kept as salted hashes, as in a real org, but cheaply.

use std::num::NonZeroU32;

use aws_lc_rs::pbkdf2;
use ground::{Secret, random};

/// PBKDF2-HMAC-SHA256 with a random salt. A thousand rounds (well under a millisecond) would be far too few for a real
/// org; here each scenario signs people in anew, and nothing outlives the run.
const ROUNDS: NonZeroU32 = NonZeroU32::new(1000).unwrap();

#[derive(Clone)]
pub(crate) struct PasswordHash {
    salt: [u8; 16],
    hash: [u8; 32],
}

impl PasswordHash {
    pub(crate) fn of(password: &Secret) -> Self {
        let salt = random::bytes();
        let mut hash = [0; 32];
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, ROUNDS, &salt, password.expose().as_bytes(), &mut hash);
        Self { salt, hash }
    }

    /// In a time that doesn't tell how much of the password was right.
    pub(crate) fn matches(&self, password: &Secret) -> bool {
        let candidate = password.expose().as_bytes();
        pbkdf2::verify(pbkdf2::PBKDF2_HMAC_SHA256, ROUNDS, &self.salt, candidate, &self.hash).is_ok()
    }

    /// Matches nothing, in the time of a match: for a login that nobody has.
    pub(crate) fn of_nobody() -> Self {
        Self { salt: random::bytes(), hash: random::bytes() }
    }
}

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[password hash]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_matches_its_own_hash_alone() {
        let right = Secret::new("password", "correct horse");
        let hash = PasswordHash::of(&right);
        assert!(hash.matches(&right));
        assert!(!hash.matches(&Secret::new("password", "correct horsf")));
        assert!(!hash.matches(&Secret::new("password", "")));
        assert!(!PasswordHash::of_nobody().matches(&right));
        assert_ne!(hash.hash, PasswordHash::of(&right).hash, "each hash has a salt of its own");
    }
}
