//! One RSA key that signs.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::error::{KeyRejected, Unspecified};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, Header};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// Why a token could not be signed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SigningError {
    #[error("the token can't be written: {0}")]
    Json(#[from] serde_json::Error),
    #[error("the key doesn't sign")]
    Key(#[from] Unspecified),
}

/// An RSA-2048 key for RS256. Its kid is its RFC 7638 thumbprint, 43 characters.
pub(crate) struct SigningKey {
    kid: String,
    modulus: String,
    exponent: String,
    pair: KeyPair,
    verifies: DecodingKey,
}

impl SigningKey {
    /// A new key's PKCS#8. Takes a good part of a second.
    pub(super) fn generate() -> Result<Vec<u8>, Unspecified> {
        let der: Pkcs8V1Der<'static> = KeyPair::generate(KeySize::Rsa2048)?.as_der()?;
        Ok(der.as_ref().to_vec())
    }

    pub(super) fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, KeyRejected> {
        let pair = KeyPair::from_pkcs8(pkcs8)?;
        let public = pair.public_key();
        let modulus = URL_SAFE_NO_PAD.encode(public.modulus().big_endian_without_leading_zero());
        let exponent = URL_SAFE_NO_PAD.encode(public.exponent().big_endian_without_leading_zero());
        let members = format!(r#"{{"e":"{exponent}","kty":"RSA","n":"{modulus}"}}"#);
        Ok(Self {
            kid: URL_SAFE_NO_PAD.encode(digest(&SHA256, members.as_bytes())),
            verifies: DecodingKey::from_rsa_raw_components(
                public.modulus().big_endian_without_leading_zero(),
                public.exponent().big_endian_without_leading_zero(),
            ),
            modulus,
            exponent,
            pair,
        })
    }

    pub(crate) fn kid(&self) -> &str {
        &self.kid
    }

    /// The public half as it stands in a JWK set.
    pub(crate) fn jwk(&self) -> Value {
        json!({
            "kty": "RSA", "alg": "RS256", "kid": self.kid, "use": "sig", "e": self.exponent, "n": self.modulus,
        })
    }

    /// A token whose header holds `alg` and `kid` alone, as Okta's. `kid` need not be this key's.
    pub(crate) fn sign(&self, kid: Option<&str>, claims: &impl Serialize) -> Result<String, SigningError> {
        let kid = kid.map(str::to_owned);
        self.sign_under(&Header { typ: None, kid, ..Header::new(Algorithm::RS256) }, claims)
    }

    /// A token with this header and a signature for RS256, whatever the header says of it.
    pub(crate) fn sign_under(
        &self,
        header: &impl Serialize,
        claims: &impl Serialize,
    ) -> Result<String, SigningError> {
        let part = |json: serde_json::Result<Vec<u8>>| json.map(|json| URL_SAFE_NO_PAD.encode(json));
        let mut token = part(serde_json::to_vec(header))?;
        token.push('.');
        token.push_str(&part(serde_json::to_vec(claims))?);
        // Signed here, since jsonwebtoken parses the key for each signature anew, which takes twice as long as signing.
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), token.as_bytes(), &mut signature)?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(token)
    }

    /// The claims of a token that this key signed; its times are not looked at.
    pub(crate) fn verify(&self, token: &str) -> Option<Map<String, Value>> {
        let mut validation = jsonwebtoken::Validation::new(Algorithm::RS256);
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_aud = false;
        jsonwebtoken::decode(token, &self.verifies, &validation).ok().map(|token| token.claims)
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "[signing key {}]", self.kid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_verifies_what_it_signed_and_nothing_else() {
        let [one, other] = [0, 1].map(|_| SigningKey::from_pkcs8(&SigningKey::generate().unwrap()).unwrap());
        let token = one.sign(Some(one.kid()), &json!({"sub": "alice", "exp": 1})).unwrap();
        assert_eq!(one.kid().len(), 43);
        assert_eq!(one.verify(&token).unwrap()["sub"], "alice");
        assert!(other.verify(&token).is_none());
        let header = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
        assert_eq!(String::from_utf8(header).unwrap(), format!(r#"{{"alg":"RS256","kid":"{}"}}"#, one.kid()));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        assert!(SigningKey::from_pkcs8(b"").is_err());
        assert!(SigningKey::from_pkcs8(&[0x30, 0x82, 0xff]).is_err());
    }
}
