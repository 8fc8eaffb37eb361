//! What people prove with, as Identity Engine names it: authenticators, each with one or more methods.

use serde_json::{Value, json};

use crate::model::{AuthenticationMethod, FactorKind};

/// An authenticator. Every org has the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Authenticator {
    Password,
    OktaVerify,
    /// A security key or a passkey, by WebAuthn.
    SecurityKey,
    /// What a key for time-based codes is enrolled as. Okta enrols Okta Verify with an app of its own alone; the page
    /// that it shows a key on, for any app to scan, is that of Google Authenticator. Proved with, it is Okta Verify.
    AnyCodeApp,
}

impl Authenticator {
    const ALL: [Self; 4] = [Self::Password, Self::OktaVerify, Self::SecurityKey, Self::AnyCodeApp];

    pub(super) fn with_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|authenticator| authenticator.id() == id)
    }

    /// By which one something is proved, if Identity Engine's endpoints can take that proof. They can't take a signed
    /// nonce: Okta's clients would look for Okta Verify itself, whose protocol isn't simulated.
    pub(super) fn of(method: AuthenticationMethod) -> Option<Self> {
        match method {
            AuthenticationMethod::Password => Some(Self::Password),
            AuthenticationMethod::Factor(FactorKind::Totp | FactorKind::Push) => Some(Self::OktaVerify),
            AuthenticationMethod::Factor(FactorKind::WebAuthn) => Some(Self::SecurityKey),
            AuthenticationMethod::Factor(FactorKind::SignedNonce) => None,
        }
    }

    /// As which one something is enrolled, if it can be here.
    pub(super) fn enrolling(kind: FactorKind) -> Option<Self> {
        match kind {
            FactorKind::Totp => Some(Self::AnyCodeApp),
            FactorKind::Push => Some(Self::OktaVerify),
            FactorKind::WebAuthn => Some(Self::SecurityKey),
            FactorKind::SignedNonce => None,
        }
    }

    pub(super) fn id(self) -> &'static str {
        match self {
            Self::Password => "autpassword000000gw0",
            Self::OktaVerify => "autoktaverify0000gw0",
            Self::SecurityKey => "autwebauthn000000gw0",
            Self::AnyCodeApp => "autcodeapp0000000gw0",
        }
    }

    fn key(self) -> &'static str {
        match self {
            Self::Password => "okta_password",
            Self::OktaVerify => "okta_verify",
            Self::SecurityKey => "webauthn",
            Self::AnyCodeApp => "google_otp",
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Password => "Password",
            Self::OktaVerify => "Okta Verify",
            Self::SecurityKey => "Security Key or Biometric",
            Self::AnyCodeApp => "Google Authenticator",
        }
    }

    fn kind(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::OktaVerify | Self::AnyCodeApp => "app",
            Self::SecurityKey => "security_key",
        }
    }

    /// How answers describe it, with these of its methods.
    pub(super) fn described(self, methods: &[Method]) -> Value {
        let methods: Vec<Value> = methods.iter().map(|method| json!({ "type": method.name })).collect();
        json!({
            "type": self.kind(),
            "key": self.key(),
            "id": self.id(),
            "displayName": self.name(),
            "methods": methods,
        })
    }
}

/// A method of an authenticator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Method {
    /// Okta's `methodType`.
    pub(super) name: &'static str,
    /// For people, where an authenticator has several.
    pub(super) label: &'static str,
}

impl Method {
    pub(super) fn of(method: AuthenticationMethod) -> Self {
        let (name, label) = match method {
            AuthenticationMethod::Password => ("password", "Password"),
            AuthenticationMethod::Factor(FactorKind::Totp) => ("totp", "Enter a code"),
            AuthenticationMethod::Factor(FactorKind::Push) => ("push", "Get a push notification"),
            AuthenticationMethod::Factor(FactorKind::WebAuthn) => ("webauthn", "Security Key or Biometric"),
            AuthenticationMethod::Factor(FactorKind::SignedNonce) => ("signed_nonce", "Use Okta FastPass"),
        };
        Self { name, label }
    }

    /// As which something is enrolled.
    pub(super) fn enrolling(kind: FactorKind) -> Self {
        match kind {
            FactorKind::Totp => Self { name: "otp", label: "Enter a code" },
            _ => Self::of(AuthenticationMethod::Factor(kind)),
        }
    }
}
