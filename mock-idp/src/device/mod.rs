//! What a person has in hand, as software: the authenticator app on a device, and a security key. None of it is part of
//! the org: all that the app knows it was told by the same data that a QR code gives, and the org learns from it what a
//! person's app would send.

mod key;
mod protocol;
mod security_key;

use chrono::{DateTime, Utc};
use ground::{Secret, random};
use url::Url;

pub use key::{DevicePublicKey, Signature};
pub use protocol::{
    Decision, DeviceIdentity, Gesture, NonceAnswer, PushActivated, PushActivation, PushAnswer, PushChallenge,
};
pub use security_key::SecurityKey;

use crate::model::TotpKey;
use key::DeviceKey;

/// A person's device with an authenticator app: one account of one person at one org. Clones are copies of the device,
/// keys included.
#[derive(Clone, Debug)]
pub struct Device {
    id: String,
    name: String,
    totp: Option<TotpKey>,
    push_key: DeviceKey,
    nonce_key: DeviceKey,
    /// The origin of the org that it signs nonces for.
    trusted: Option<url::Origin>,
}

/// What a QR code was about.
#[derive(Clone, Debug)]
pub enum Scanned {
    /// The device shows codes from now on.
    Codes,
    /// The device asks for push notifications: this goes to the org.
    Push {
        /// The org's URL.
        org: Url,
        /// What the org is told.
        activation: PushActivation,
    },
}

/// Why a device takes nothing from a QR code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScanError {
    /// It is not of a kind that the app knows.
    #[error("the app knows no such QR code; it takes otpauth://totp/… and oktaverify://…")]
    Unknown,
    /// It is incomplete, or asks for another kind of code.
    #[error("the QR code's {0} is missing or not what the app can do")]
    Parameter(&'static str),
}

/// A page of another site asks for a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the device signs for the pages of its own org alone")]
pub struct UntrustedOrigin;

impl Device {
    /// A device on which nothing is enrolled.
    pub fn new(name: impl Into<String>) -> Self {
        let id = format!("guo{}", random::alphanumeric(17));
        let (push_key, nonce_key) = (DeviceKey::generate(), DeviceKey::generate());
        Self { id, name: name.into(), totp: None, push_key, nonce_key, trusted: None }
    }

    /// Its own name of itself, `guo…`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What its owner calls it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Takes up what a QR code says: an `otpauth` URI makes the device show codes, in place of an earlier one's; an
    /// `oktaverify` URI makes it ask for push notifications.
    ///
    /// # Errors
    /// When the app can't do what the QR code asks for. Nothing is taken up then.
    pub fn scan(&mut self, qr_code: &Secret) -> Result<Scanned, ScanError> {
        let uri = Url::parse(qr_code.expose()).map_err(|_| ScanError::Unknown)?;
        match (uri.scheme(), uri.host_str()) {
            ("otpauth", Some("totp")) => {
                self.totp = Some(totp_key(&uri)?);
                Ok(Scanned::Codes)
            }
            ("oktaverify", _) => self.scan_push(&uri),
            _ => Err(ScanError::Unknown),
        }
    }

    fn scan_push(&self, uri: &Url) -> Result<Scanned, ScanError> {
        let token = value(uri, "t").ok_or(ScanError::Parameter("t"))?;
        let org = value(uri, "s").and_then(|org| Url::parse(&org).ok());
        let device = self.identity(&self.push_key);
        let activation = PushActivation { token: Secret::new("activation token", token), device };
        Ok(Scanned::Push { org: org.ok_or(ScanError::Parameter("s"))?, activation })
    }

    fn identity(&self, key: &DeviceKey) -> DeviceIdentity {
        DeviceIdentity { id: self.id.clone(), name: self.name.clone(), key: key.public() }
    }

    /// Answers a push notification, with the number that the person chose if there were some to choose from.
    pub fn answer(&self, challenge: &PushChallenge, decision: Decision, number: Option<u8>) -> PushAnswer {
        let PushChallenge { transaction, nonce, .. } = challenge;
        let signed = PushAnswer::signed(transaction, nonce, &self.id, decision, number);
        PushAnswer {
            transaction: transaction.clone(),
            device: self.id.clone(),
            decision,
            number,
            signature: self.push_key.sign(&signed),
        }
    }

    /// Takes up an org whose nonces it will sign, and says what that org must know of it. This stands for FastPass, as a
    /// simulation.
    pub fn trust(&mut self, org: &Url) -> DeviceIdentity {
        self.trusted = Some(org.origin());
        self.identity(&self.nonce_key)
    }

    /// Signs a nonce for a page of this origin, as the device's app does: for its own org's pages alone.
    ///
    /// # Errors
    /// When the page is another site's, or no org was taken up.
    pub fn sign_nonce(
        &self,
        nonce: &str,
        origin: &str,
        gesture: Gesture,
    ) -> Result<NonceAnswer, UntrustedOrigin> {
        match self.trusts(origin) {
            true => Ok(self.sign_for_anyone(nonce, origin, gesture)),
            false => Err(UntrustedOrigin),
        }
    }

    /// Whether this is the origin of the org that was taken up.
    pub fn trusts(&self, origin: &str) -> bool {
        let asking = Url::parse(origin).map(|url| url.origin());
        self.trusted.as_ref().zip(asking.ok()).is_some_and(|(trusted, asking)| *trusted == asking)
    }

    /// Signs a nonce for a page of any origin: what an app does that forgets to look. The org must refuse it then.
    pub fn sign_for_anyone(&self, nonce: &str, origin: &str, gesture: Gesture) -> NonceAnswer {
        let message = NonceAnswer::message(nonce, origin, &self.id, gesture);
        NonceAnswer {
            nonce: nonce.to_owned(),
            origin: origin.to_owned(),
            device: self.id.clone(),
            gesture,
            signature: self.nonce_key.sign(&message),
        }
    }

    /// The code that the app shows at this time of the device's clock; none when none was enrolled.
    pub fn totp(&self, now: DateTime<Utc>) -> Option<String> {
        self.totp.as_ref().map(|key| key.code_at(now))
    }
}

fn value(uri: &Url, name: &str) -> Option<String> {
    uri.query_pairs().find(|(given, _)| given == name).map(|(_, value)| value.into_owned())
}

fn totp_key(uri: &Url) -> Result<TotpKey, ScanError> {
    for (name, only) in [("algorithm", "SHA1"), ("digits", "6"), ("period", "30")] {
        if value(uri, name).is_some_and(|value| value != only) {
            return Err(ScanError::Parameter(name));
        }
    }
    let key = value(uri, "secret").and_then(|secret| TotpKey::of_base32(&secret));
    key.ok_or(ScanError::Parameter("secret"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scanned(uri: &str) -> Result<Device, ScanError> {
        let mut device = Device::new("Alice's phone");
        device.scan(&Secret::new("QR code", uri)).map(|_| device)
    }

    #[test]
    fn a_scanned_key_shows_the_codes_of_rfc_6238() {
        let device =
            scanned("otpauth://totp/acme:alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=acme").unwrap();
        let code = device.totp(DateTime::from_timestamp(59, 0).unwrap());
        assert_eq!(code.as_deref(), Some("287082"));
        assert_eq!(Device::new("empty").totp(Utc::now()), None);
    }

    #[test]
    fn what_the_app_cannot_do_is_refused() {
        let secret = "secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        let refused = [
            ("https://acme.okta.test/".to_owned(), ScanError::Unknown),
            ("GEZDGNBVGY3TQOJQ".to_owned(), ScanError::Unknown),
            ("oktaverify://alice/?s=https%3A%2F%2Facme.okta.test".to_owned(), ScanError::Parameter("t")),
            ("oktaverify://alice/?t=x&s=acme".to_owned(), ScanError::Parameter("s")),
            (format!("otpauth://hotp/acme:alice?{secret}"), ScanError::Unknown),
            ("otpauth://totp/acme:alice".to_owned(), ScanError::Parameter("secret")),
            ("otpauth://totp/acme:alice?secret=1".to_owned(), ScanError::Parameter("secret")),
            (format!("otpauth://totp/acme:alice?{secret}&digits=8"), ScanError::Parameter("digits")),
            (format!("otpauth://totp/acme:alice?{secret}&period=60"), ScanError::Parameter("period")),
            (
                format!("otpauth://totp/acme:alice?{secret}&algorithm=SHA256"),
                ScanError::Parameter("algorithm"),
            ),
        ];
        for (uri, why) in refused {
            assert_eq!(scanned(&uri).unwrap_err(), why, "{uri}");
        }
    }
}
