//! What a browser made of a WebAuthn ceremony, in the two forms in which it comes: the browser's own
//! (`PublicKeyCredential.toJSON()`) and that of Okta's API.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::FactorRefusal;

/// No member is longer than this, decoded.
const MAX_LENGTH: usize = 64 * 1024;

/// What a browser made of `navigator.credentials.create()`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attestation {
    /// The client data, as it was hashed.
    pub client_data: Vec<u8>,
    /// The attestation object.
    pub attestation_object: Vec<u8>,
}

/// What a browser made of `navigator.credentials.get()`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assertion {
    /// The credential that answers; Okta's API leaves it out where the path names the factor.
    pub id: Option<Vec<u8>>,
    /// The client data, as it was hashed.
    pub client_data: Vec<u8>,
    /// The authenticator data.
    pub authenticator_data: Vec<u8>,
    /// Over both.
    pub signature: Vec<u8>,
}

impl Attestation {
    /// Of `{response: {clientDataJSON, attestationObject}}` or Okta's `{clientData, attestation}`.
    ///
    /// # Errors
    /// When a member is missing or isn't base64.
    pub fn of_json(json: &Value) -> Result<Self, FactorRefusal> {
        Ok(Self {
            client_data: member(json, "clientDataJSON", "clientData")?,
            attestation_object: member(json, "attestationObject", "attestation")?,
        })
    }
}

impl Assertion {
    /// Of `{rawId, response: {clientDataJSON, authenticatorData, signature}}` or Okta's `{clientData,
    /// authenticatorData, signatureData}`.
    ///
    /// # Errors
    /// When a member is missing or isn't base64.
    pub fn of_json(json: &Value) -> Result<Self, FactorRefusal> {
        let id = json.get("rawId").or_else(|| json.get("id")).filter(|id| !id.is_null());
        Ok(Self {
            id: id.map(bytes).transpose()?,
            client_data: member(json, "clientDataJSON", "clientData")?,
            authenticator_data: member(json, "authenticatorData", "authenticatorData")?,
            signature: member(json, "signature", "signatureData")?,
        })
    }

    /// The challenge that it claims to answer, base64url: by this the model finds what was asked.
    pub fn challenge(&self) -> Option<String> {
        let client_data: Value = serde_json::from_slice(&self.client_data).ok()?;
        client_data["challenge"].as_str().map(str::to_owned)
    }
}

fn member(json: &Value, browsers: &str, oktas: &str) -> Result<Vec<u8>, FactorRefusal> {
    let found = match json.get("response") {
        Some(response) => response.get(browsers),
        None => json.get(oktas),
    };
    bytes(found.ok_or(FactorRefusal::Malformed)?)
}

/// Either base64 alphabet, padded or not.
fn bytes(value: &Value) -> Result<Vec<u8>, FactorRefusal> {
    let text =
        value.as_str().filter(|text| text.len() <= MAX_LENGTH / 3 * 4).ok_or(FactorRefusal::Malformed)?;
    let text = text.trim_end_matches('=').replace('+', "-").replace('/', "_");
    URL_SAFE_NO_PAD.decode(text).map_err(|_| FactorRefusal::Malformed)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_forms_say_the_same() {
        let okta = json!({"clientData": "+/8=", "authenticatorData": "AQI=", "signatureData": "Aw=="});
        let browser = json!({
            "id": "BA", "rawId": "BA", "type": "public-key",
            "response": {"clientDataJSON": "-_8", "authenticatorData": "AQI", "signature": "Aw", "userHandle": null},
        });
        let expected = Assertion {
            id: None,
            client_data: vec![251, 255],
            authenticator_data: vec![1, 2],
            signature: vec![3],
        };
        assert_eq!(Assertion::of_json(&okta).unwrap(), expected);
        assert_eq!(Assertion::of_json(&browser).unwrap(), Assertion { id: Some(vec![4]), ..expected });
        let attested = Attestation { client_data: vec![251, 255], attestation_object: vec![1] };
        let okta = json!({"clientData": "+/8=", "attestation": "AQ=="});
        let browser = json!({"response": {"clientDataJSON": "-_8", "attestationObject": "AQ"}});
        assert_eq!(Attestation::of_json(&okta).unwrap(), attested);
        assert_eq!(Attestation::of_json(&browser).unwrap(), attested);
    }

    #[test]
    fn what_is_missing_or_not_base64_is_refused() {
        for odd in [
            json!(null),
            json!({}),
            json!({"clientData": "AA"}),
            json!({"clientData": "A", "attestation": "AQ"}),
            json!({"clientData": "A A", "attestation": "AQ"}),
            json!({"clientData": 7, "attestation": "AQ"}),
            json!({"clientData": "A".repeat(100_000), "attestation": "AQ"}),
        ] {
            assert_eq!(Attestation::of_json(&odd), Err(FactorRefusal::Malformed), "{odd}");
            assert_eq!(Assertion::of_json(&odd), Err(FactorRefusal::Malformed), "{odd}");
        }
    }
}
