//! Opaque values that browsers and URLs carry: 256 random bits, of which the server keeps only a digest.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

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

    /// The digest as text, for those who keep it.
    pub(crate) fn to_text(self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// The digest in a text of [`to_text`](Self::to_text).
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        Some(Self(URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?))
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
