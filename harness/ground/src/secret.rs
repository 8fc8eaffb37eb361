//! A value that must not be seen by accident.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;

use crate::random;

/// A secret text with the kind of thing it is ("client secret", "authtoken", …).
///
/// It has no `Display` and no serialization, and `Debug` shows the kind alone; whoever needs the value says
/// [`expose`](Secret::expose), which is easy to find in a review.
#[derive(Clone)]
pub struct Secret {
    kind: &'static str,
    value: String,
}

impl Secret {
    /// Wraps a value that came from elsewhere.
    pub fn new(kind: &'static str, value: impl Into<String>) -> Self {
        Self { kind, value: value.into() }
    }

    /// A new secret of 256 random bits, as 43 URL-safe characters.
    pub fn random(kind: &'static str) -> Self {
        Self::new(kind, random::token())
    }

    /// What kind of secret this is, for people.
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// The value itself.
    pub fn expose(&self) -> &str {
        &self.value
    }

    /// Whether `candidate` is this secret, in time that depends on its length alone.
    pub fn matches(&self, candidate: &str) -> bool {
        verify_slices_are_equal(self.value.as_bytes(), candidate.as_bytes()).is_ok()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}]", self.kind)
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.matches(&other.value)
    }
}

impl Eq for Secret {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_shows_its_kind_and_never_its_value() {
        let secret = Secret::new("client secret", "hunter2");
        assert_eq!(format!("{secret:?}"), "[client secret]");
        assert!(secret.matches("hunter2"));
        assert!(!secret.matches("hunter"));
        assert!(!secret.matches(""));
    }
}
