//! The authenticator app in a person's hand, as software. It is no part of the org: all that it knows it was told by
//! the same data that a QR code gives, and the org learns from it what a person's app would send.

use chrono::{DateTime, Utc};
use ground::Secret;
use url::Url;

use crate::model::TotpKey;

/// A person's device with an authenticator app: one account of one person at one org.
#[derive(Clone, Debug)]
pub struct Device {
    name: String,
    totp: Option<TotpKey>,
}

/// Why a device takes nothing from a QR code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScanError {
    /// It is not of a kind that the app knows.
    #[error("the app knows no such QR code; it takes otpauth://totp/…")]
    Unknown,
    /// It is incomplete, or asks for another kind of code.
    #[error("the QR code's {0} is missing or not what the app can do")]
    Parameter(&'static str),
}

impl Device {
    /// A device on which nothing is enrolled.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), totp: None }
    }

    /// What its owner calls it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Takes up what a QR code says: an `otpauth` URI makes the device show codes, in place of an earlier one's.
    ///
    /// # Errors
    /// When the app can't do what the QR code asks for. Nothing is taken up then.
    pub fn scan(&mut self, qr_code: &Secret) -> Result<(), ScanError> {
        let uri = Url::parse(qr_code.expose()).map_err(|_| ScanError::Unknown)?;
        if uri.scheme() != "otpauth" || uri.host_str() != Some("totp") {
            return Err(ScanError::Unknown);
        }
        let value = |name: &str| uri.query_pairs().find(|(given, _)| given == name).map(|(_, value)| value);
        for (name, only) in [("algorithm", "SHA1"), ("digits", "6"), ("period", "30")] {
            if value(name).is_some_and(|value| value != only) {
                return Err(ScanError::Parameter(name));
            }
        }
        let key = value("secret").and_then(|secret| TotpKey::of_base32(&secret));
        self.totp = Some(key.ok_or(ScanError::Parameter("secret"))?);
        Ok(())
    }

    /// The code that the app shows at this time of the device's clock; none when none was enrolled.
    pub fn totp(&self, now: DateTime<Utc>) -> Option<String> {
        self.totp.as_ref().map(|key| key.code_at(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scanned(uri: &str) -> Result<Device, ScanError> {
        let mut device = Device::new("Alice's phone");
        device.scan(&Secret::new("TOTP secret", uri)).map(|()| device)
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
