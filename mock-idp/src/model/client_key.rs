//! Public keys with which clients sign what they send.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RsaPublicKeyComponents, UnparsedPublicKey,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use super::ModelError;

/// A public key of a client's JWK set (RFC 7517): RSA of at least 2048 bits, or one on a NIST curve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientKey {
    kid: Option<String>,
    /// The one algorithm that the key is for; any that fits it when absent.
    algorithm: Option<SignatureAlgorithm>,
    material: Material,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Material {
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
    /// An uncompressed point (SEC 1, 2.3.3).
    Ec {
        curve: Curve,
        point: Vec<u8>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Curve {
    P256,
    P384,
    P521,
}

/// Asymmetric signature algorithms of JWTs that Okta takes from clients (RFC 7518, 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignatureAlgorithm {
    Rs256,
    Rs384,
    Rs512,
    Es256,
    Es384,
    Es512,
}

impl ClientKey {
    /// Reads a JWK.
    ///
    /// # Errors
    /// When it is no public key of these kinds, is not for signatures, or holds a private part.
    pub fn from_jwk(jwk: &Value) -> Result<Self, ModelError> {
        let wrong = |reason: &str| ModelError::invalid("jwks", reason);
        let members = jwk.as_object().ok_or_else(|| wrong("Each key must be a JSON Web Key"))?;
        if ["d", "p", "q", "dp", "dq", "qi", "oth", "k"].iter().any(|private| members.contains_key(*private))
        {
            return Err(wrong("A key must not hold private members"));
        }
        let text = |name: &str| members.get(name).and_then(Value::as_str);
        if members.contains_key("use") && text("use") != Some("sig") {
            return Err(wrong("The 'use' of a key must be sig"));
        }
        let material =
            Material::read(members).ok_or_else(|| wrong("A key must be an RSA or EC public key"))?;
        let algorithm = match members.get("alg").map(|name| name.as_str().and_then(SignatureAlgorithm::of)) {
            None => None,
            Some(Some(algorithm)) if material.fits(algorithm) => Some(algorithm),
            Some(_) => return Err(wrong("The 'alg' of a key is not supported or does not fit it")),
        };
        Ok(Self { kid: text("kid").map(str::to_owned), algorithm, material })
    }

    /// Its name in the set.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The key as a JWK.
    pub fn jwk(&self) -> Value {
        let mut jwk = Map::new();
        let encoded = |bytes: &[u8]| Value::from(URL_SAFE_NO_PAD.encode(bytes));
        match &self.material {
            Material::Rsa { modulus, exponent } => {
                jwk.insert("kty".into(), "RSA".into());
                jwk.insert("e".into(), encoded(exponent));
                jwk.insert("n".into(), encoded(modulus));
            }
            Material::Ec { curve, point } => {
                let (x, y) = point[1..].split_at(curve.coordinate());
                jwk.insert("kty".into(), "EC".into());
                jwk.insert("crv".into(), curve.name().into());
                jwk.insert("x".into(), encoded(x));
                jwk.insert("y".into(), encoded(y));
            }
        }
        jwk.insert("use".into(), "sig".into());
        jwk.extend(self.kid.as_ref().map(|kid| ("kid".to_owned(), json!(kid))));
        jwk.extend(self.algorithm.map(|algorithm| ("alg".to_owned(), json!(algorithm.name()))));
        Value::Object(jwk)
    }

    /// Whether this key made the signature by that algorithm.
    pub(crate) fn verifies(&self, algorithm: SignatureAlgorithm, message: &[u8], signature: &[u8]) -> bool {
        if self.algorithm.is_some_and(|own| own != algorithm) || !self.material.fits(algorithm) {
            return false;
        }
        match &self.material {
            Material::Rsa { modulus, exponent } => {
                let scheme = match algorithm {
                    SignatureAlgorithm::Rs384 => &RSA_PKCS1_2048_8192_SHA384,
                    SignatureAlgorithm::Rs512 => &RSA_PKCS1_2048_8192_SHA512,
                    _ => &RSA_PKCS1_2048_8192_SHA256,
                };
                RsaPublicKeyComponents { n: modulus, e: exponent }.verify(scheme, message, signature).is_ok()
            }
            Material::Ec { curve, point } => {
                let scheme = match curve {
                    Curve::P256 => &ECDSA_P256_SHA256_FIXED,
                    Curve::P384 => &ECDSA_P384_SHA384_FIXED,
                    Curve::P521 => &ECDSA_P521_SHA512_FIXED,
                };
                UnparsedPublicKey::new(scheme, point).verify(message, signature).is_ok()
            }
        }
    }
}

impl Material {
    fn read(members: &Map<String, Value>) -> Option<Self> {
        let bytes = |name: &str| URL_SAFE_NO_PAD.decode(members.get(name)?.as_str()?).ok();
        match members.get("kty")?.as_str()? {
            "RSA" => {
                let (modulus, exponent) = (bytes("n")?, bytes("e")?);
                let plausible = (256..=1024).contains(&modulus.len()) && (1..=8).contains(&exponent.len());
                plausible.then_some(Self::Rsa { modulus, exponent })
            }
            "EC" => {
                let name = members.get("crv")?.as_str()?;
                let curve =
                    [Curve::P256, Curve::P384, Curve::P521].into_iter().find(|curve| curve.name() == name)?;
                let (x, y) = (bytes("x")?, bytes("y")?);
                let whole = x.len() == curve.coordinate() && y.len() == curve.coordinate();
                whole.then(|| Self::Ec { curve, point: [vec![4], x, y].concat() })
            }
            _ => None,
        }
    }

    fn fits(&self, algorithm: SignatureAlgorithm) -> bool {
        use SignatureAlgorithm::{Es256, Es384, Es512, Rs256, Rs384, Rs512};
        matches!(
            (self, algorithm),
            (Self::Rsa { .. }, Rs256 | Rs384 | Rs512)
                | (Self::Ec { curve: Curve::P256, .. }, Es256)
                | (Self::Ec { curve: Curve::P384, .. }, Es384)
                | (Self::Ec { curve: Curve::P521, .. }, Es512)
        )
    }
}

impl Curve {
    fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        }
    }

    /// The length of a coordinate, in bytes.
    fn coordinate(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }
}

impl SignatureAlgorithm {
    const ALL: [Self; 6] = [Self::Rs256, Self::Rs384, Self::Rs512, Self::Es256, Self::Es384, Self::Es512];

    /// The algorithm of this name in a JWT's header.
    pub(crate) fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair};

    fn p384() -> (EcdsaKeyPair, Value) {
        let pair = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap();
        let (x, y) = pair.public_key().as_ref()[1..].split_at(48);
        let [x, y] = [x, y].map(|bytes| URL_SAFE_NO_PAD.encode(bytes));
        (pair, json!({"kty": "EC", "crv": "P-384", "x": x, "y": y, "use": "sig", "kid": "one"}))
    }

    #[test]
    fn a_key_verifies_what_it_signed_by_an_algorithm_of_its_own() {
        let (pair, jwk) = p384();
        let key = ClientKey::from_jwk(&jwk).unwrap();
        assert_eq!((key.kid(), key.jwk()), (Some("one"), jwk));
        let signature = pair.sign(&SystemRandom::new(), b"message").unwrap();
        assert!(key.verifies(SignatureAlgorithm::Es384, b"message", signature.as_ref()));
        assert!(!key.verifies(SignatureAlgorithm::Es384, b"massage", signature.as_ref()));
        assert!(!key.verifies(SignatureAlgorithm::Es256, b"message", signature.as_ref()));
        assert!(!key.verifies(SignatureAlgorithm::Rs384, b"message", signature.as_ref()));
    }

    #[test]
    fn only_public_signing_keys_are_taken() {
        let (_, good) = p384();
        for (member, value) in [
            ("d", json!("AAAA")),
            ("use", json!("enc")),
            ("alg", json!("ES256")),
            ("alg", json!("HS256")),
            ("crv", json!("P-256")),
            ("x", json!("AAAA")),
            ("kty", json!("oct")),
        ] {
            let mut jwk = good.clone();
            jwk[member] = value;
            assert!(ClientKey::from_jwk(&jwk).is_err(), "{jwk}");
        }
        let short = URL_SAFE_NO_PAD.encode([255; 128]);
        ClientKey::from_jwk(&json!({"kty": "RSA", "n": short, "e": "AQAB"})).unwrap_err();
        ClientKey::from_jwk(&json!("key")).unwrap_err();
    }
}
