//! A security key as software, with the browser around it: what it makes is what the standard says (WebAuthn, 6.1 and
//! 6.5), except where a test has it do something else.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use ground::random;
use serde_json::{Value, json};
use url::Url;

use crate::model::{Assertion, Attestation};

/// A security key with one credential, touched whenever it asks for that, in a browser at a page of one site.
pub struct SecurityKey {
    pub(crate) id: [u8; 16],
    pub(crate) pair: EcdsaKeyPair,
    pub(crate) origin: String,
    pub(crate) party: String,
    pub(crate) counter: u32,
    pub(crate) present: bool,
    pub(crate) verified: bool,
    /// Whether its key may be copied to a backup.
    pub(crate) synced: bool,
}

impl SecurityKey {
    /// One whose credential is of the site with this URL. One that `verifies` knows that it is its owner who touches it.
    pub fn at(site: &Url, verifies: bool) -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING);
        Self {
            id: random::bytes(),
            pair: pair.expect("a P-256 key can be made"),
            origin: site.origin().ascii_serialization(),
            party: site.host_str().unwrap_or_default().to_owned(),
            counter: 0,
            present: true,
            verified: verifies,
            synced: false,
        }
    }

    /// The credential's id.
    pub fn credential_id(&self) -> &[u8] {
        &self.id
    }

    /// The host of the site whose credential it is.
    pub fn party(&self) -> &str {
        &self.party
    }

    /// How often it has signed.
    pub fn counter(&self) -> u32 {
        self.counter
    }

    /// Its private key (PKCS #8), for another authenticator that is to take its place.
    pub fn private_key(&self) -> Vec<u8> {
        self.pair.to_pkcs8v1().expect("a P-256 key can be written").as_ref().to_vec()
    }

    /// `navigator.credentials.create()`: its answer to these options.
    pub fn create(&mut self, options: &Value) -> Attestation {
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
        object.push(u8::try_from(data.len()).expect("the data is shorter than 256 bytes"));
        object.extend(data);
        Attestation { client_data, attestation_object: object }
    }

    /// `navigator.credentials.get()`: its answer to these options.
    pub fn get(&mut self, options: &Value) -> Assertion {
        let client_data = self.client_data("webauthn.get", options);
        let authenticator_data = self.authenticator_data(0);
        let mut signed = authenticator_data.clone();
        signed.extend(digest(&SHA256, &client_data).as_ref());
        let signature = self.pair.sign(&SystemRandom::new(), &signed);
        let signature = signature.expect("a P-256 key signs anything").as_ref().to_vec();
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

impl fmt::Debug for SecurityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecurityKey").field("party", &self.party).finish_non_exhaustive()
    }
}
