//! A device's key: P-256, made on the device, of which the org knows the public half.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, ParsedPublicKey,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The private key; clones are the same key.
#[derive(Clone)]
pub(super) struct DeviceKey(Arc<EcdsaKeyPair>);

impl DeviceKey {
    pub(super) fn generate() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING);
        Self(Arc::new(pair.expect("a P-256 key can be made")))
    }

    pub(super) fn public(&self) -> DevicePublicKey {
        DevicePublicKey(self.0.public_key().as_ref().to_vec())
    }

    pub(super) fn sign(&self, message: &[u8]) -> Signature {
        let signature = self.0.sign(&SystemRandom::new(), message);
        Signature(signature.expect("a P-256 key signs anything").as_ref().to_vec())
    }
}

impl fmt::Debug for DeviceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[device key]")
    }
}

/// The public key: a point of P-256, uncompressed (SEC 1), in JSON as base64url.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(into = "String")]
pub struct DevicePublicKey(Vec<u8>);

impl DevicePublicKey {
    /// The point that the text says, if it is one of P-256.
    fn parse(text: &str) -> Option<Self> {
        let point = URL_SAFE_NO_PAD.decode(text).ok()?;
        let uncompressed = point.len() == 65 && point[0] == 4;
        let on_curve = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &point).is_ok();
        (uncompressed && on_curve).then_some(Self(point))
    }

    pub(crate) fn verifies(&self, message: &[u8], signature: &Signature) -> bool {
        let key = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &self.0);
        key.is_ok_and(|key| key.verify_sig(message, &signature.0).is_ok())
    }
}

impl From<DevicePublicKey> for String {
    fn from(key: DevicePublicKey) -> Self {
        URL_SAFE_NO_PAD.encode(key.0)
    }
}

impl<'de> Deserialize<'de> for DevicePublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not an uncompressed point of P-256"))
    }
}

/// An ECDSA signature with SHA-256, as the two numbers side by side (64 bytes), in JSON as base64url.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature(Vec<u8>);

impl Serialize for Signature {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&URL_SAFE_NO_PAD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Signature {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = URL_SAFE_NO_PAD.decode(String::deserialize(deserializer)?);
        let bytes = bytes.ok().filter(|bytes| bytes.len() == 64);
        bytes.map(Self).ok_or_else(|| serde::de::Error::custom("not a signature of 64 bytes in base64url"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json, to_value};

    use super::*;

    #[test]
    fn a_signature_is_the_keys_own_and_the_messages() {
        let (key, other) = (DeviceKey::generate(), DeviceKey::generate());
        let signature = key.sign(b"message");
        assert!(key.public().verifies(b"message", &signature));
        assert!(!key.public().verifies(b"another", &signature));
        assert!(!other.public().verifies(b"message", &signature));
    }

    #[test]
    fn keys_and_signatures_come_back_from_json_and_nothing_else_does() {
        let key = DeviceKey::generate();
        let public: DevicePublicKey = from_value(to_value(key.public()).unwrap()).unwrap();
        let signature: Signature = from_value(to_value(key.sign(b"message")).unwrap()).unwrap();
        assert!(public.verifies(b"message", &signature));
        let mut off_curve = public.0.clone();
        off_curve[64] ^= 1;
        for odd in [String::new(), "x".into(), "AAAA".into(), URL_SAFE_NO_PAD.encode(off_curve)] {
            assert!(from_value::<DevicePublicKey>(json!(odd)).is_err(), "{odd}");
            assert!(from_value::<Signature>(json!(odd)).is_err(), "{odd}");
        }
        assert_eq!(format!("{key:?}"), "[device key]");
    }
}
