//! The ID token's verification (OpenID Connect Core 1.0, section 3.1.3.7).

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use openidconnect::core::{CoreIdToken, CoreIdTokenClaims, CoreIdTokenVerifier, CoreJwsSigningAlgorithm};
use openidconnect::{
    AccessToken, AccessTokenHash, AuthorizationCode, AuthorizationCodeHash, ClaimsVerificationError,
    ClientId, Nonce, SignatureVerificationError,
};

/// How far the issuer's clock may differ from ours.
const SKEW: TimeDelta = TimeDelta::seconds(60);
/// OpenID Connect Core, section 2.
const MAX_SUBJECT_BYTES: usize = 255;
/// The one algorithm that is accepted, whatever the issuer's metadata or the token itself say.
const ALGORITHM: CoreJwsSigningAlgorithm = CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256;

/// What is wrong with an ID token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenFault {
    /// It is no JWT, or a claim that it must have is missing or of the wrong type.
    Malformed,
    /// Its header asks for what is not done here: another type, critical extensions, encryption.
    Header,
    /// It is not signed with RS256.
    Algorithm,
    /// None of the issuer's keys is the one that it names.
    UnknownKey,
    /// Several of the issuer's keys may be the one that it was signed with.
    AmbiguousKey,
    /// The signature is not by that key.
    Signature,
    /// `iss` is not the issuer.
    Issuer,
    /// `aud` is not the client, or not the client alone.
    Audience,
    /// `azp` is not the client.
    AuthorizedParty,
    /// `exp` is past.
    Expired,
    /// `iat` lies in the future, or before the login began.
    IssuedAt,
    /// `nonce` is missing or not the login's.
    Nonce,
    /// `sub` is empty or too long.
    Subject,
    /// `at_hash` is not the access token's.
    AccessTokenHash,
    /// `c_hash` is not the code's.
    CodeHash,
}

impl fmt::Display for TokenFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "it is malformed or lacks a claim",
            Self::Header => "its header asks for what is not supported",
            Self::Algorithm => "it is not signed with RS256",
            Self::UnknownKey => "the issuer has no such key",
            Self::AmbiguousKey => "several keys may have signed it",
            Self::Signature => "its signature is wrong",
            Self::Issuer => "iss is not the issuer",
            Self::Audience => "aud is not the client alone",
            Self::AuthorizedParty => "azp is not the client",
            Self::Expired => "exp is past",
            Self::IssuedAt => "iat is in the future or before the login began",
            Self::Nonce => "nonce is not the login's",
            Self::Subject => "sub is empty or too long",
            Self::AccessTokenHash => "at_hash is not the access token's",
            Self::CodeHash => "c_hash is not the code's",
        })
    }
}

impl TokenFault {
    /// Whether the issuer may just have changed its keys.
    pub(crate) fn may_be_key_rotation(self) -> bool {
        matches!(self, Self::UnknownKey | Self::Signature)
    }
}

/// What a token must agree with.
pub(crate) struct Expected<'a> {
    pub(crate) client_id: &'a ClientId,
    pub(crate) nonce: &'a Nonce,
    pub(crate) access_token: &'a AccessToken,
    pub(crate) code: &'a AuthorizationCode,
    pub(crate) began: DateTime<Utc>,
    pub(crate) now: DateTime<Utc>,
}

/// The claims of a token that agrees with `expected` in everything.
pub(crate) fn verify<'t>(
    token: &'t CoreIdToken,
    verifier: CoreIdTokenVerifier<'_>,
    expected: &Expected<'_>,
) -> Result<&'t CoreIdTokenClaims, TokenFault> {
    let now = expected.now;
    let verifier = verifier.set_allowed_algs([ALGORITHM]).set_time_fn(move || now);
    let claims = token.claims(&verifier, expected.nonce).map_err(|error| fault(&error))?;

    // A single audience was checked; azp says for whom the token was issued, if it says anything.
    if claims.authorized_party().is_some_and(|party| party != expected.client_id) {
        return Err(TokenFault::AuthorizedParty);
    }
    let issued = claims.issue_time();
    if issued > now + SKEW || issued < expected.began - SKEW {
        return Err(TokenFault::IssuedAt);
    }
    if claims.subject().is_empty() || claims.subject().len() > MAX_SUBJECT_BYTES {
        return Err(TokenFault::Subject);
    }

    let key = token.signing_key(&verifier).map_err(|_| TokenFault::UnknownKey)?;
    if let Some(hash) = claims.access_token_hash() {
        let ours = AccessTokenHash::from_token(expected.access_token, &ALGORITHM, key);
        if ours.ok().as_ref() != Some(hash) {
            return Err(TokenFault::AccessTokenHash);
        }
    }
    if let Some(hash) = claims.code_hash() {
        let ours = AuthorizationCodeHash::from_code(expected.code, &ALGORITHM, key);
        if ours.ok().as_ref() != Some(hash) {
            return Err(TokenFault::CodeHash);
        }
    }
    Ok(claims)
}

fn fault(error: &ClaimsVerificationError) -> TokenFault {
    match error {
        ClaimsVerificationError::Expired(_) => TokenFault::Expired,
        ClaimsVerificationError::InvalidAudience(_) => TokenFault::Audience,
        ClaimsVerificationError::InvalidIssuer(_) => TokenFault::Issuer,
        ClaimsVerificationError::InvalidNonce(_) => TokenFault::Nonce,
        ClaimsVerificationError::InvalidSubject(_) => TokenFault::Subject,
        ClaimsVerificationError::Unsupported(_) => TokenFault::Header,
        ClaimsVerificationError::SignatureVerification(error) => match error {
            SignatureVerificationError::NoMatchingKey => TokenFault::UnknownKey,
            SignatureVerificationError::AmbiguousKeyId(_) => TokenFault::AmbiguousKey,
            SignatureVerificationError::NoSignature
            | SignatureVerificationError::DisallowedAlg(_)
            | SignatureVerificationError::UnsupportedAlg(_) => TokenFault::Algorithm,
            _ => TokenFault::Signature,
        },
        _ => TokenFault::Malformed,
    }
}
