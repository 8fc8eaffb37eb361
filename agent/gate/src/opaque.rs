//! Opaque values that browsers and URLs carry: 256 random bits, of which the server keeps only a digest.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};

/// The SHA-256 digest of an opaque value. Stores are searched by it, so that neither a leaked store nor the time that
/// a search takes says anything of the value.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key([u8; 32]);

impl Key {
    pub(crate) fn of(value: &str) -> Self {
        let mut key = [0; 32];
        key.copy_from_slice(digest(&SHA256, value.as_bytes()).as_ref());
        Self(key)
    }

    /// Equality in constant time, where two keys are compared that were not found by a search.
    pub(crate) fn matches(&self, other: &Key) -> bool {
        verify_slices_are_equal(&self.0, &other.0).is_ok()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[key]")
    }
}
