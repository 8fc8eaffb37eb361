//! What a device and the org say to each other. It is this project's own, not Okta Verify's: what it has in common with
//! that is who knows what, and what is signed.

use chrono::{DateTime, Utc};
use ground::Secret;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};

use super::key::{DevicePublicKey, Signature};

/// A device, as it introduces itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeviceIdentity {
    /// Its own name of itself, at most 64 letters and digits.
    pub id: String,
    /// What its owner calls it, at most 100 characters.
    pub name: String,
    /// Its public key.
    pub key: DevicePublicKey,
}

impl DeviceIdentity {
    pub(crate) fn is_plausible(&self) -> bool {
        let id =
            (1..=64).contains(&self.id.len()) && self.id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let name = self.name.chars().count() <= 100 && !self.name.chars().any(char::is_control);
        id && name
    }
}

/// A device answers the QR code of a push enrolment.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PushActivation {
    /// The one-time token of the QR code.
    #[serde(deserialize_with = "activation_token")]
    pub token: Secret,
    /// Who answers.
    pub device: DeviceIdentity,
}

impl PushActivation {
    /// The request's body, with the token.
    pub fn body(&self) -> Value {
        json!({ "token": self.token.expose(), "device": self.device })
    }
}

/// The device is enrolled.
#[derive(Clone, Debug)]
pub struct PushActivated {
    /// By this it may ask for notifications.
    pub device_token: Secret,
}

/// A notification: somebody signs in, and the org asks the person whether it is them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PushChallenge {
    /// The sign-in that it is about.
    pub transaction: String,
    /// What the answer signs.
    pub nonce: String,
    /// Whose sign-in it is.
    pub login: String,
    /// The numbers that the person chooses from, if the page shows one of them.
    pub numbers: Option<[u8; 3]>,
    /// Until when it can be answered, in stage time.
    pub expires: DateTime<Utc>,
}

/// What the person says to a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Decision {
    /// It's me.
    Approve,
    /// It's not me.
    Deny,
}

/// The answer to a notification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PushAnswer {
    /// The sign-in that it is about.
    pub transaction: String,
    /// Which device answers.
    pub device: String,
    /// What the person says.
    pub decision: Decision,
    /// The number that the person chose.
    pub number: Option<u8>,
    /// Over all of this and the nonce.
    pub signature: Signature,
}

impl PushAnswer {
    /// What is signed: a line each, under a heading that no other signature of the device has.
    pub(crate) fn signed(
        transaction: &str,
        nonce: &str,
        device: &str,
        decision: Decision,
        number: Option<u8>,
    ) -> Vec<u8> {
        let decision = match decision {
            Decision::Approve => "APPROVE",
            Decision::Deny => "DENY",
        };
        let number = number.map_or_else(String::new, |number| number.to_string());
        format!("gatewright push 1\n{transaction}\n{nonce}\n{device}\n{decision}\n{number}").into_bytes()
    }
}

/// What the person did when a device was asked for a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Gesture {
    /// Nothing: the device signed in silence.
    None,
    /// A tap.
    Presence,
    /// A biometric or a PIN, by which the device knew its owner.
    Verification,
}

/// A signed nonce: this project's simulation of FastPass.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NonceAnswer {
    /// The org's nonce.
    pub nonce: String,
    /// The origin of the page that asked the device.
    pub origin: String,
    /// Which device answers.
    pub device: String,
    /// What the person did.
    pub gesture: Gesture,
    /// Over all of this.
    pub signature: Signature,
}

impl NonceAnswer {
    pub(crate) fn signed(&self) -> Vec<u8> {
        Self::message(&self.nonce, &self.origin, &self.device, self.gesture)
    }

    /// What is signed: a line each, under a heading that no other signature of the device has.
    pub(super) fn message(nonce: &str, origin: &str, device: &str, gesture: Gesture) -> Vec<u8> {
        let gesture = match gesture {
            Gesture::None => "NONE",
            Gesture::Presence => "PRESENCE",
            Gesture::Verification => "VERIFICATION",
        };
        format!("gatewright signed nonce 1\n{nonce}\n{origin}\n{device}\n{gesture}").into_bytes()
    }
}

fn activation_token<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
    String::deserialize(deserializer).map(|token| Secret::new("activation token", token))
}
