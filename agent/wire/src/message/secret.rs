//! Secrets in messages: read under their kind, written as they are, and none when empty.

use ground::Secret;
use serde::{Deserialize, Deserializer, Serializer};

/// One kind of secret, as a module for `#[serde(with)]`.
macro_rules! kinds {
    ($($name:ident: $kind:literal),* $(,)?) => {$(
        pub(super) mod $name {
            use super::*;

            pub(in crate::message) fn serialize<S: Serializer>(
                secret: &Option<Secret>,
                serializer: S,
            ) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(secret.as_ref().map_or("", Secret::expose))
            }

            pub(in crate::message) fn deserialize<'de, D: Deserializer<'de>>(
                deserializer: D,
            ) -> Result<Option<Secret>, D::Error> {
                let value = Option::<String>::deserialize(deserializer)?;
                Ok(value.filter(|value| !value.is_empty()).map(|value| Secret::new($kind, value)))
            }
        }
    )*};
}

kinds! {
    authtoken: "authtoken",
    client_secret: "client secret",
    cookie: "session cookie",
    key: "private key",
    password: "password",
    token: "tunnel token",
    webhook: "webhook secret",
}
