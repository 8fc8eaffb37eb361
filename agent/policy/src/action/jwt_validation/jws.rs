//! Signatures of JSON Web Tokens (RFC 7515), by keys of a JSON Web Key Set (RFC 7517).

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RsaParameters, RsaPublicKeyComponents,
    UnparsedPublicKey, VerificationAlgorithm,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use crate::error::ModuleError;

/// How many keys a set may have.
const MAX_KEYS: usize = 100;

/// An algorithm that a token may be signed with. Those with a shared secret, and `none`, are none of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    Rs256,
    Rs384,
    Rs512,
    Es256,
    Es384,
    Es512,
}

/// The algorithms by their names (RFC 7518, 3.1).
pub(super) const ALGORITHMS: [(&str, Algorithm); 6] = [
    ("RS256", Algorithm::Rs256),
    ("RS384", Algorithm::Rs384),
    ("RS512", Algorithm::Rs512),
    ("ES256", Algorithm::Es256),
    ("ES384", Algorithm::Es384),
    ("ES512", Algorithm::Es512),
];

/// A set of public keys, as an issuer publishes it.
#[derive(Clone, Debug, Default)]
pub struct JwkSet {
    keys: Vec<Jwk>,
}

#[derive(Clone, Debug)]
struct Jwk {
    id: Option<String>,
    /// The algorithm that the key is for, if it says so.
    algorithm: Option<String>,
    material: Material,
}

#[derive(Clone, Debug)]
enum Material {
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// A curve's name, and the point, uncompressed.
    Ec {
        curve: String,
        point: Vec<u8>,
    },
}

#[derive(Deserialize)]
struct WrittenSet {
    keys: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct WrittenKey {
    kty: String,
    #[serde(rename = "use")]
    purpose: Option<String>,
    kid: Option<String>,
    alg: Option<String>,
    n: Option<String>,
    e: Option<String>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl JwkSet {
    /// Reads a set. Keys that can't verify a signature are left out, as RFC 7517, 5, asks for.
    pub fn parse(json: &[u8]) -> Result<Self, ModuleError> {
        let set: WrittenSet = serde_json::from_slice(json)
            .map_err(|_| ModuleError("This is no JSON Web Key Set.".to_owned()))?;
        let keys = set.keys.into_iter().take(MAX_KEYS);
        let keys = keys.filter_map(|key| serde_json::from_value(key).ok().and_then(Jwk::of)).collect();
        Ok(Self { keys })
    }

    /// Whether one of the keys made this signature. A token that names its key is verified by that one.
    pub(super) fn verifies(
        &self,
        algorithm: Algorithm,
        id: Option<&str>,
        message: &[u8],
        signature: &[u8],
    ) -> bool {
        let meant = |key: &&Jwk| id.is_none() || key.id.as_deref() == id;
        self.keys.iter().filter(meant).any(|key| key.verifies(algorithm, message, signature))
    }
}

impl Jwk {
    fn of(written: WrittenKey) -> Option<Self> {
        if written.purpose.is_some_and(|purpose| purpose != "sig") {
            return None;
        }
        let bytes = |text: Option<String>| URL_SAFE_NO_PAD.decode(text?).ok();
        let material = match written.kty.as_str() {
            "RSA" => Material::Rsa { n: bytes(written.n)?, e: bytes(written.e)? },
            "EC" => {
                let (x, y) = (bytes(written.x)?, bytes(written.y)?);
                let point = [&[4], x.as_slice(), y.as_slice()].concat();
                Material::Ec { curve: written.crv?, point }
            }
            _ => return None,
        };
        Some(Self { id: written.kid, algorithm: written.alg, material })
    }

    fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let name = ALGORITHMS.iter().find(|(_, known)| *known == algorithm).map(|(name, _)| *name);
        if self.algorithm.as_deref().is_some_and(|own| Some(own) != name) {
            return false;
        }
        match &self.material {
            Material::Rsa { n, e } => {
                let Some(parameters) = rsa(algorithm) else { return false };
                RsaPublicKeyComponents { n, e }.verify(parameters, message, signature).is_ok()
            }
            Material::Ec { curve, point } => {
                let Some((needed, verification)) = ec(algorithm) else { return false };
                curve == needed
                    && UnparsedPublicKey::new(verification, point).verify(message, signature).is_ok()
            }
        }
    }
}

fn rsa(algorithm: Algorithm) -> Option<&'static RsaParameters> {
    match algorithm {
        Algorithm::Rs256 => Some(&RSA_PKCS1_2048_8192_SHA256),
        Algorithm::Rs384 => Some(&RSA_PKCS1_2048_8192_SHA384),
        Algorithm::Rs512 => Some(&RSA_PKCS1_2048_8192_SHA512),
        Algorithm::Es256 | Algorithm::Es384 | Algorithm::Es512 => None,
    }
}

fn ec(algorithm: Algorithm) -> Option<(&'static str, &'static dyn VerificationAlgorithm)> {
    match algorithm {
        Algorithm::Es256 => Some(("P-256", &ECDSA_P256_SHA256_FIXED)),
        Algorithm::Es384 => Some(("P-384", &ECDSA_P384_SHA384_FIXED)),
        Algorithm::Es512 => Some(("P-521", &ECDSA_P521_SHA512_FIXED)),
        Algorithm::Rs256 | Algorithm::Rs384 | Algorithm::Rs512 => None,
    }
}
