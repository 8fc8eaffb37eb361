//! What the org does wrong on demand, so that a relying party can show that it notices.
//!
//! Knobs compose in the order in which they were turned; each works on every request until it is healed. Whatever a
//! knob spoils is said in [`Event::Misbehaved`].

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ground::Sink;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::Event;

/// One way of doing wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Knob {
    /// Sets a claim of the ID token to any JSON, or removes it.
    IdTokenClaim {
        /// Its name.
        name: String,
        /// Its value; removed when absent. A JSON null is a value.
        #[serde(default, skip_serializing_if = "Option::is_none", with = "nullable")]
        value: Option<Value>,
    },
    /// Makes the ID token one that expired an hour ago, an hour after it was issued.
    IdTokenExpired,
    /// Spoils the ID token's signature.
    IdTokenSignature(Signature),
    /// Names another key in the ID token's header, or none; the signature stays the right key's.
    IdTokenKid(Kid),
    /// Sets a claim of the userinfo answer to any JSON, or removes it.
    UserinfoClaim {
        /// Its name.
        name: String,
        /// Its value; removed when absent. A JSON null is a value.
        #[serde(default, skip_serializing_if = "Option::is_none", with = "nullable")]
        value: Option<Value>,
    },
    /// Names another issuer in the discovery document.
    DiscoveryIssuer(String),
    /// Refuses every token request.
    TokenEndpointError {
        /// The status, 400 to 599.
        status: u16,
        /// The OAuth error code.
        error: String,
        /// The error's description.
        description: String,
    },
}

/// Ways to spoil a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signature {
    /// By another RSA key, under the right key's kid.
    Wrong,
    /// None: `alg` is `none`.
    None,
    /// HS256 with the client secret, under the right key's kid. (A public client has an empty secret.)
    Hs256WithClientSecret,
}

/// Ways to spoil a kid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kid {
    /// One that is not in the JWK set.
    Unknown,
    /// None.
    Absent,
}

/// Names a knob that was turned, so that it can be healed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct KnobId(u64);

/// Why a knob can't be turned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KnobError {
    /// A status that is no error.
    #[error("a token endpoint error needs a status from 400 to 599, not {0}")]
    Status(u16),
    /// Too many at once.
    #[error("{MOST_KNOBS} knobs are turned already; heal some first")]
    TooMany,
}

const MOST_KNOBS: usize = 100;

/// The knobs of one org. Clones are the same knobs.
#[derive(Clone, Debug)]
pub struct Misbehaviour {
    turned: Arc<Mutex<Turned>>,
    sink: Sink<Event>,
}

#[derive(Debug, Default)]
struct Turned {
    next: u64,
    knobs: Vec<(KnobId, Knob)>,
}

impl Misbehaviour {
    pub(crate) fn new(sink: Sink<Event>) -> Self {
        Self { turned: Arc::default(), sink }
    }

    /// From now on the org does this wrong.
    ///
    /// # Errors
    /// When the knob makes no sense, or a hundred are turned already.
    pub fn turn(&self, knob: Knob) -> Result<KnobId, KnobError> {
        if let Knob::TokenEndpointError { status, .. } = knob
            && !(400..600).contains(&status)
        {
            return Err(KnobError::Status(status));
        }
        let mut turned = self.turned();
        if turned.knobs.len() >= MOST_KNOBS {
            return Err(KnobError::TooMany);
        }
        let id = KnobId(turned.next);
        turned.next += 1;
        turned.knobs.push((id, knob.clone()));
        drop(turned);
        self.sink.emit(Event::KnobTurned { id, knob });
        Ok(id)
    }

    /// The org does this right again. Nothing happens when it did already.
    pub fn heal(&self, id: KnobId) {
        let mut turned = self.turned();
        let before = turned.knobs.len();
        turned.knobs.retain(|(known, _)| *known != id);
        let healed = turned.knobs.len() < before;
        drop(turned);
        if healed {
            self.sink.emit(Event::KnobHealed { id });
        }
    }

    /// The org does everything right again.
    pub fn heal_all(&self) {
        for (id, _) in self.knobs() {
            self.heal(id);
        }
    }

    /// The knobs that are turned, in the order in which they were.
    pub fn knobs(&self) -> Vec<(KnobId, Knob)> {
        self.turned().knobs.clone()
    }

    /// Applies the ID token's claim knobs; `request` names the request in evidence. What is left is how to sign.
    pub(crate) fn spoil_id_token(&self, claims: &mut Map<String, Value>, request: &str) -> TokenFaults {
        let mut faults = TokenFaults::default();
        for (_, knob) in self.knobs() {
            match &knob {
                Knob::IdTokenClaim { name, value } => set(claims, name, value.as_ref()),
                Knob::IdTokenExpired => expire(claims),
                Knob::IdTokenSignature(signature) => faults.signature = Some(*signature),
                Knob::IdTokenKid(kid) => faults.kid = Some(*kid),
                _ => continue,
            }
            self.say(knob, request);
        }
        faults
    }

    pub(crate) fn spoil_userinfo(&self, claims: &mut Map<String, Value>, request: &str) {
        for (_, knob) in self.knobs() {
            if let Knob::UserinfoClaim { name, value } = &knob {
                set(claims, name, value.as_ref());
                self.say(knob, request);
            }
        }
    }

    pub(crate) fn spoil_discovery(&self, metadata: &mut Value, request: &str) {
        for (_, knob) in self.knobs() {
            if let Knob::DiscoveryIssuer(issuer) = &knob {
                metadata["issuer"] = issuer.clone().into();
                self.say(knob, request);
            }
        }
    }

    /// How to refuse a token request, if at all: status, error and description. The last knob counts.
    pub(crate) fn token_endpoint_error(&self, request: &str) -> Option<(StatusCode, String, String)> {
        let last = self.knobs().into_iter().rev().find_map(|(_, knob)| match &knob {
            Knob::TokenEndpointError { status, error, description } => {
                let status = StatusCode::from_u16(*status).ok()?;
                Some((knob.clone(), (status, error.clone(), description.clone())))
            }
            _ => None,
        });
        let (knob, refusal) = last?;
        self.say(knob, request);
        Some(refusal)
    }

    fn say(&self, knob: Knob, request: &str) {
        self.sink.emit(Event::Misbehaved { knob, request: request.to_owned() });
    }

    fn turned(&self) -> MutexGuard<'_, Turned> {
        self.turned.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How to sign an ID token wrongly.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct TokenFaults {
    pub(crate) signature: Option<Signature>,
    pub(crate) kid: Option<Kid>,
}

fn set(claims: &mut Map<String, Value>, name: &str, value: Option<&Value>) {
    match value {
        Some(value) => drop(claims.insert(name.to_owned(), value.clone())),
        None => drop(claims.shift_remove(name)),
    }
}

fn expire(claims: &mut Map<String, Value>) {
    const HOUR: i64 = 3600;
    let Some(issued) = claims.get("iat").and_then(Value::as_i64) else { return };
    claims.insert("iat".into(), (issued - 2 * HOUR).into());
    claims.insert("exp".into(), (issued - HOUR).into());
}

/// A member that is absent is another thing than one that is null.
mod nullable {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use serde_json::Value;

    pub(super) fn serialize<S: Serializer>(value: &Option<Value>, serializer: S) -> Result<S::Ok, S::Error> {
        value.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
        Value::deserialize(deserializer).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn knob(value: Value) -> Knob {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn knobs_have_one_spelling_in_json() {
        let removed = knob(json!({"id_token_claim": {"name": "sub"}}));
        assert_eq!(removed, Knob::IdTokenClaim { name: "sub".into(), value: None });
        let null = knob(json!({"id_token_claim": {"name": "sub", "value": null}}));
        assert_eq!(null, Knob::IdTokenClaim { name: "sub".into(), value: Some(Value::Null) });
        assert_eq!(
            serde_json::to_value(&null).unwrap(),
            json!({"id_token_claim": {"name": "sub", "value": null}})
        );
        assert_eq!(knob(json!("id_token_expired")), Knob::IdTokenExpired);
        assert_eq!(knob(json!({"id_token_signature": "none"})), Knob::IdTokenSignature(Signature::None));
        serde_json::from_value::<Knob>(json!({"id_token_claim": {"nam": "sub"}})).unwrap_err();
    }

    #[test]
    fn knobs_compose_and_heal() {
        let misbehaviour = Misbehaviour::new(Sink::forgetful());
        let set =
            misbehaviour.turn(knob(json!({"id_token_claim": {"name": "aud", "value": ["a", "b"]}}))).unwrap();
        misbehaviour.turn(knob(json!({"id_token_claim": {"name": "nonce"}}))).unwrap();
        misbehaviour.turn(Knob::IdTokenSignature(Signature::Wrong)).unwrap();
        let fresh = json!({"aud": "x", "nonce": "n", "iat": 10_000, "exp": 13_600});
        let mut claims = fresh.as_object().unwrap().clone();
        let faults = misbehaviour.spoil_id_token(&mut claims, "r");
        assert_eq!(Value::Object(claims), json!({"aud": ["a", "b"], "iat": 10_000, "exp": 13_600}));
        assert_eq!(faults.signature, Some(Signature::Wrong));
        misbehaviour.heal(set);
        let mut claims = fresh.as_object().unwrap().clone();
        misbehaviour.spoil_id_token(&mut claims, "r");
        assert_eq!(claims["aud"], "x");
        misbehaviour.heal_all();
        let mut claims = fresh.as_object().unwrap().clone();
        assert!(misbehaviour.spoil_id_token(&mut claims, "r").signature.is_none());
        assert_eq!(Value::Object(claims), fresh);
    }

    #[test]
    fn a_refusal_must_be_one() {
        let refusal =
            |status| Knob::TokenEndpointError { status, error: "e".into(), description: "d".into() };
        let misbehaviour = Misbehaviour::new(Sink::forgetful());
        assert_eq!(misbehaviour.turn(refusal(200)), Err(KnobError::Status(200)));
        misbehaviour.turn(refusal(503)).unwrap();
        assert_eq!(misbehaviour.token_endpoint_error("r").unwrap().0, StatusCode::SERVICE_UNAVAILABLE);
    }
}
