//! A security key as software, with the browser around it: what it makes is what the standard says (WebAuthn, 6.1 and
//! 6.5), except where a test has it do something else.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ground::random;
use serde_json::{Value, json};

use crate::model::{Assertion, Attestation};

pub(crate) struct SecurityKey {
    pub(crate) id: [u8; 16],
    pub(crate) pair: EcdsaKeyPair,
    pub(crate) origin: &'static str,
    pub(crate) party: &'static str,
    pub(crate) counter: u32,
    pub(crate) present: bool,
    pub(crate) verified: bool,
    /// Whether its key may be copied to a backup.
    pub(crate) synced: bool,
}

impl SecurityKey {
    pub(crate) fn new() -> Self {
        Self {
            id: random::bytes(),
            pair: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap(),
            origin: "https://acme.okta.test",
            party: "acme.okta.test",
            counter: 0,
            present: true,
            verified: true,
            synced: false,
        }
    }

    /// `navigator.credentials.create()`: its answer to these options.
    pub(crate) fn create(&mut self, options: &Value) -> Attestation {
        let client_data = self.client_data("webauthn.create", options);
        let mut data = self.authenticator_data(0x40);
        let point = self.pair.public_key().as_ref();
        data.extend([0; 16]);
        data.extend([0, 16]);
        data.extend(self.id);
        // The key in COSE: EC2, ES256, P-256, x, y.
        data.extend([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 32]);
        data.extend(&point[1..33]);
        data.extend([0x22, 0x58, 32]);
        data.extend(&point[33..]);
        let mut object = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58".to_vec();
        object.push(u8::try_from(data.len()).unwrap());
        object.extend(data);
        Attestation { client_data, attestation_object: object }
    }

    /// `navigator.credentials.get()`: its answer to these options.
    pub(crate) fn get(&mut self, options: &Value) -> Assertion {
        let client_data = self.client_data("webauthn.get", options);
        let authenticator_data = self.authenticator_data(0);
        let mut signed = authenticator_data.clone();
        signed.extend(digest(&SHA256, &client_data).as_ref());
        let signature = self.pair.sign(&SystemRandom::new(), &signed).unwrap().as_ref().to_vec();
        Assertion { id: Some(self.id.to_vec()), client_data, authenticator_data, signature }
    }

    fn client_data(&self, kind: &str, options: &Value) -> Vec<u8> {
        let challenge = &options["challenge"];
        json!({"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": false})
            .to_string()
            .into_bytes()
    }

    fn authenticator_data(&mut self, more: u8) -> Vec<u8> {
        self.counter += 1;
        let flags = u8::from(self.present) | u8::from(self.verified) << 2 | u8::from(self.synced) << 3 | more;
        let mut data = digest(&SHA256, self.party.as_bytes()).as_ref().to_vec();
        data.push(flags);
        data.extend(self.counter.to_be_bytes());
        data
    }
}

impl Attestation {
    /// As the browser's `toJSON` writes it.
    pub(crate) fn to_json(&self) -> Value {
        let [client_data, attestation] =
            [&self.client_data, &self.attestation_object].map(|bytes| URL_SAFE_NO_PAD.encode(bytes));
        json!({ "response": { "clientDataJSON": client_data, "attestationObject": attestation } })
    }
}

impl Assertion {
    /// As the browser's `toJSON` writes it.
    pub(crate) fn to_json(&self) -> Value {
        let [client_data, authenticator_data, signature] =
            [&self.client_data, &self.authenticator_data, &self.signature]
                .map(|bytes| URL_SAFE_NO_PAD.encode(bytes));
        let response = json!({
            "clientDataJSON": client_data, "authenticatorData": authenticator_data, "signature": signature,
        });
        json!({ "rawId": self.id.as_deref().map(|id| URL_SAFE_NO_PAD.encode(id)), "response": response })
    }
}
