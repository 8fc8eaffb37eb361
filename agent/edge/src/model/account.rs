//! Accounts: whose the credentials, Edges and endpoints are, and who signs in to the dashboard for them.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use ground::{Secret, random};

use super::{AccountId, Acl, ApiKeyId, CredentialId, LoginId};

/// An account as it is set up when the edge starts.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// What people call it, unique in the edge.
    pub name: String,
    /// The plan that agents and the dashboard show ("Enterprise").
    pub plan: String,
    /// Whether its endpoints may be guarded by OIDC.
    pub oidc: bool,
    /// Who signs in to the dashboard.
    pub logins: Vec<NewLogin>,
    /// Authtokens that it has from the beginning; [`authtoken`] makes one.
    pub authtokens: Vec<Secret>,
    /// API keys that it has from the beginning; [`api_key`] makes one.
    pub api_keys: Vec<Secret>,
}

/// A login of the dashboard as it is set up.
#[derive(Clone, Debug)]
pub struct NewLogin {
    /// The e-mail address that is typed at sign-in, unique in the edge whatever its case.
    pub login: String,
    /// The password.
    pub password: Secret,
    /// What the login may do.
    pub role: Role,
}

/// What a login of the dashboard may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Everything.
    Administrator,
    /// Look, not change.
    Member,
}

/// A login of the dashboard.
#[derive(Clone, Debug)]
pub struct Login {
    /// Its identifier, `usr_…`.
    pub id: LoginId,
    /// The e-mail address that is typed at sign-in.
    pub login: String,
    /// What it may do.
    pub role: Role,
}

/// What an account is called and what it may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Its identifier, `ac_…`.
    pub id: AccountId,
    /// What people call it.
    pub name: String,
    /// The plan's name.
    pub plan: String,
    /// Whether its endpoints may be guarded by OIDC.
    pub oidc: bool,
}

/// An authtoken with what is known of it.
#[derive(Clone, Debug)]
pub struct Credential {
    /// Its identifier, `cr_…`.
    pub id: CredentialId,
    /// When it was made, stage time.
    pub created_at: DateTime<Utc>,
    /// For people, at most 255 characters.
    pub description: String,
    /// For machines, at most 4096 bytes.
    pub metadata: String,
    /// The authtoken.
    pub token: Secret,
    /// What its agents may bind.
    pub acl: Acl,
}

/// A key of the control API.
#[derive(Clone, Debug)]
pub struct ApiKey {
    /// Its identifier, `ak_…`.
    pub id: ApiKeyId,
    /// When it was made, stage time.
    pub created_at: DateTime<Utc>,
    /// For people, at most 255 characters.
    pub description: String,
    /// For machines, at most 4096 bytes.
    pub metadata: String,
    /// What tells the key from others. Whoever made the key has it; here it is not known.
    pub digest: TokenDigest,
}

/// The SHA-256 digest of a key that is random enough not to be guessed from it.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenDigest([u8; 32]);

impl TokenDigest {
    pub(crate) fn of(token: &str) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
        Self(bytes)
    }

    /// Whether this is the digest of `token`, in constant time.
    pub(crate) fn is_of(&self, token: &str) -> bool {
        verify_slices_are_equal(&self.0, &Self::of(token).0).is_ok()
    }

    pub(crate) fn to_text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    pub(crate) fn from_text(text: &str) -> Option<Self> {
        Some(Self(URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?))
    }
}

impl fmt::Debug for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[digest]")
    }
}

/// A new authtoken, in the shape of ngrok's: two parts of letters and digits joined by `_`.
pub fn authtoken() -> Secret {
    Secret::new("authtoken", two_parts())
}

/// A new API key, in the same shape.
pub fn api_key() -> Secret {
    Secret::new("API key", two_parts())
}

fn two_parts() -> String {
    format!("{}_{}", random::alphanumeric(27), random::alphanumeric(21))
}

/// Whether a text has the shape of an authtoken: two parts of 8 to 64 letters and digits joined by `_`.
pub(crate) fn looks_like_a_token(text: &str) -> bool {
    let part = |part: &str| (8..=64).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
    text.split_once('_').is_some_and(|(one, two)| part(one) && part(two))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_its_shape_and_other_texts_do_not() {
        assert!(looks_like_a_token(authtoken().expose()));
        for wrong in ["", "_", "token", "short_short", "two_under_scores12345", "with space12_with space12"] {
            assert!(!looks_like_a_token(wrong), "{wrong}");
        }
    }
}
