//! Proof Key for Code Exchange (RFC 7636), S256 alone.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::error::{self, OAuthError};

/// A code challenge of the method S256.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Challenge(String);

impl Challenge {
    /// Reads `code_challenge` and `code_challenge_method`. There is no `plain`, which is what an absent method means.
    pub(crate) fn of(challenge: Option<&str>, method: Option<&str>) -> Result<Option<Self>, OAuthError> {
        match (challenge, method) {
            (None, None | Some("S256")) => Ok(None),
            (Some(challenge), Some("S256")) if acceptable(challenge) => Ok(Some(Self(challenge.to_owned()))),
            (Some(_), Some("S256")) => Err(error::pkce_invalid_challenge()),
            _ => Err(error::pkce_unsupported_method()),
        }
    }
}

/// Whether the verifier answers the challenge that the code was issued for.
pub(crate) fn check(challenge: Option<&Challenge>, verifier: Option<&str>) -> Result<(), OAuthError> {
    match (challenge, verifier) {
        (None, None) => Ok(()),
        (None, Some(_)) => Err(error::pkce_verifier_without_challenge()),
        (Some(_), None) => Err(error::pkce_missing_verifier()),
        (Some(Challenge(challenge)), Some(verifier)) => {
            let hashed = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
            let equal = verify_slices_are_equal(hashed.as_bytes(), challenge.as_bytes()).is_ok();
            if acceptable(verifier) && equal { Ok(()) } else { Err(error::pkce_verification_failed()) }
        }
    }
}

/// 43 to 128 unreserved characters (RFC 7636, 4.1).
fn acceptable(text: &str) -> bool {
    (43..=128).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 7636, appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn the_rfcs_own_example_passes() {
        let challenge = Challenge::of(Some(CHALLENGE), Some("S256")).unwrap();
        assert_eq!(check(challenge.as_ref(), Some(VERIFIER)), Ok(()));
        let other = VERIFIER.replace('d', "e");
        assert_eq!(check(challenge.as_ref(), Some(&other)), Err(error::pkce_verification_failed()));
        assert_eq!(check(challenge.as_ref(), Some(CHALLENGE)), Err(error::pkce_verification_failed()));
        assert_eq!(check(challenge.as_ref(), None), Err(error::pkce_missing_verifier()));
        assert_eq!(check(None, Some(VERIFIER)), Err(error::pkce_verifier_without_challenge()));
    }

    #[test]
    fn only_s256_and_only_its_alphabet() {
        let of = |challenge: &str, method: Option<&str>| Challenge::of(Some(challenge), method);
        assert_eq!(of(CHALLENGE, None), Err(error::pkce_unsupported_method()));
        assert_eq!(of(CHALLENGE, Some("plain")), Err(error::pkce_unsupported_method()));
        assert_eq!(of("short", Some("S256")), Err(error::pkce_invalid_challenge()));
        assert_eq!(of(&CHALLENGE.replace('-', "+"), Some("S256")), Err(error::pkce_invalid_challenge()));
        assert_eq!(of(&"a".repeat(129), Some("S256")), Err(error::pkce_invalid_challenge()));
        assert_eq!(Challenge::of(None, None), Ok(None));
    }
}
