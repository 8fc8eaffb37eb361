//! What tests have of a security key besides: one of the org's users', and what the browser writes of its answers.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

pub(crate) use crate::device::SecurityKey;
use crate::model::{Assertion, Attestation};

impl SecurityKey {
    /// At the org of tests.
    pub(crate) fn new() -> Self {
        Self::at(&"https://acme.okta.test".parse().unwrap(), true)
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
