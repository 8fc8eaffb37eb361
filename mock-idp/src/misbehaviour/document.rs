//! Members of JSON documents that are set or removed: userinfo, discovery, the JWK set, the token answer.

use serde_json::{Map, Value};

use super::fault::{Fault, KeySet, Point};
use super::knob::Occasion;
use super::turned::Misbehaviour;

/// Sets a member, or removes it; false when there was nothing to remove.
pub(super) fn set(members: &mut Map<String, Value>, name: &str, value: Option<&Value>) -> bool {
    match value {
        Some(value) => {
            members.insert(name.to_owned(), value.clone());
            true
        }
        None => members.shift_remove(name).is_some(),
    }
}

impl Misbehaviour {
    pub(crate) fn spoil_userinfo(&self, claims: &mut Map<String, Value>, occasion: &Occasion<'_>) {
        self.pass(Point::Userinfo, occasion, |fault| match fault {
            Fault::UserinfoClaim { name, value } => set(claims, name, value.as_ref()),
            _ => false,
        });
    }

    pub(crate) fn spoil_discovery(&self, metadata: &mut Value, occasion: &Occasion<'_>) {
        let Some(metadata) = metadata.as_object_mut() else { return };
        self.pass(Point::Discovery, occasion, |fault| match fault {
            Fault::DiscoveryMember { name, value } => set(metadata, name, value.as_ref()),
            _ => false,
        });
    }

    pub(crate) fn spoil_token_answer(&self, answer: &mut Value, occasion: &Occasion<'_>) {
        let Some(answer) = answer.as_object_mut() else { return };
        self.pass(Point::TokenAnswer, occasion, |fault| match fault {
            Fault::TokenMember { name, value } => set(answer, name, value.as_ref()),
            _ => false,
        });
    }

    /// `signing` is the kid of the key that signs.
    pub(crate) fn spoil_key_set(&self, key_set: &mut Value, signing: &str, occasion: &Occasion<'_>) {
        let Some(keys) = key_set.get_mut("keys").and_then(Value::as_array_mut) else { return };
        self.pass(Point::KeySet, occasion, |fault| {
            match fault {
                Fault::KeySet(KeySet::Empty) => keys.clear(),
                Fault::KeySet(KeySet::WithoutSigningKey) => keys.retain(|key| key["kid"] != signing),
                Fault::KeySet(KeySet::Nameless) => {
                    for key in keys.iter_mut().filter_map(Value::as_object_mut) {
                        key.shift_remove("kid");
                    }
                }
                _ => return false,
            }
            true
        });
    }
}
