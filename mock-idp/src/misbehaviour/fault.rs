//! What can go wrong, and at which point of an answer.

use std::time::Duration;

use http::{HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::endpoint::Endpoint;
use super::knob::KnobError;
use super::names;

/// One thing that the org does wrong.
///
/// Where a fault has a `name` and a `value`, the member of that name is set to any JSON, or removed when `value` is
/// absent; a JSON null is a value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Fault {
    /// Sets a claim of the ID token, or removes it.
    IdTokenClaim {
        /// Its name.
        name: String,
        /// Its value.
        #[serde(default, skip_serializing_if = "Option::is_none", with = "nullable")]
        value: Option<Value>,
    },
    /// Makes the ID token one that expired an hour ago, an hour after it was issued.
    IdTokenExpired,
    /// Sets a member of the ID token's header, or removes it; the signature is over what it says then, but by the
    /// algorithm and the key of before.
    IdTokenHeader {
        /// Its name.
        name: String,
        /// Its value.
        #[serde(default, skip_serializing_if = "Option::is_none", with = "nullable")]
        value: Option<Value>,
    },
    /// Spoils the ID token's signature.
    IdTokenSignature(Signature),
    /// Names another key in the ID token's header, or none; the signature stays the right key's.
    IdTokenKid(Kid),
    /// Before the token endpoint looks at a request, its authorization server's keys are rotated twice, so that none
    /// signs which was published before.
    KeysRotated,
    /// Sets a claim of the userinfo answer, or removes it.
    UserinfoClaim {
        /// Its name.
        name: String,
        /// Its value.
        #[serde(default, skip_serializing_if = "Option::is_none", with = "nullable")]
        value: Option<Value>,
    },
    /// Sets a member of the discovery document, or removes it.
    DiscoveryMember {
        /// Its name, one of those that are registered.
        name: String,
        /// Its value.
        #[serde(default, skip_serializing_if = "Option::is_none", with = "nullable")]
        value: Option<Value>,
    },
    /// Spoils the JWK set.
    KeySet(KeySet),
    /// Sets a member of the token endpoint's successful answers, or removes it.
    TokenMember {
        /// Its name.
        name: String,
        /// Its value.
        #[serde(default, skip_serializing_if = "Option::is_none", with = "nullable")]
        value: Option<Value>,
    },
    /// Sets a parameter of the authorization response, or removes it.
    CallbackParameter {
        /// Its name.
        name: String,
        /// Its value.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<String>,
    },
    /// Gives a parameter of the authorization response twice. Nothing happens where it isn't given once.
    CallbackDoubled {
        /// Its name.
        name: String,
    },
    /// Redirects to the relying party with this status: 301, 302, 303, 307 or 308.
    CallbackStatus(u16),
    /// An endpoint answers so, whatever it was asked, and does nothing.
    AnswerStatus {
        /// Which.
        endpoint: Endpoint,
        /// The status, 400 to 599.
        status: u16,
        /// The OAuth error code. Without one the body is Okta's API error for 429 and 5xx, and empty for others.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<String>,
        /// The error's description.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        description: Option<String>,
        /// `Retry-After`, in seconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after: Option<u32>,
    },
    /// An endpoint waits before it looks at the request, in real time.
    AnswerSlow {
        /// Which.
        endpoint: Endpoint,
        /// How long, at most ten minutes.
        milliseconds: u64,
    },
    /// An endpoint answers with another content type.
    AnswerType {
        /// Which.
        endpoint: Endpoint,
        /// The `Content-Type`; none when empty.
        content_type: String,
    },
    /// An endpoint answers with this body in place of its own.
    AnswerBody {
        /// Which.
        endpoint: Endpoint,
        /// The body.
        body: String,
    },
    /// An endpoint's connection breaks off after so many bytes of the body.
    AnswerCut {
        /// Which.
        endpoint: Endpoint,
        /// After how many bytes.
        after: u64,
    },
    /// An endpoint sends so many bytes of white space before the body, which JSON allows.
    AnswerHuge {
        /// Which.
        endpoint: Endpoint,
        /// How many, at most 1 GiB.
        bytes: u64,
    },
}

/// Ways to spoil a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signature {
    /// By another RSA key, under the right key's kid.
    Wrong,
    /// None, and the header says so: `alg` is `none`.
    None,
    /// None, although the header promises one.
    Missing,
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

/// Ways to spoil the JWK set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeySet {
    /// It has no keys.
    Empty,
    /// The key that signs is not in it.
    WithoutSigningKey,
    /// Its keys have no kid.
    Nameless,
}

/// The longest that an endpoint waits.
const LONGEST: Duration = Duration::from_secs(600);
/// The most white space that an endpoint sends.
const LARGEST: u64 = 1024 * 1024 * 1024;

/// Where in an answer a fault works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Point {
    IdToken,
    Userinfo,
    Discovery,
    KeySet,
    TokenAnswer,
    Callback,
    Answer(Endpoint),
}

impl Fault {
    pub(super) fn point(&self) -> Point {
        match self {
            Self::IdTokenClaim { .. }
            | Self::IdTokenExpired
            | Self::IdTokenHeader { .. }
            | Self::IdTokenSignature(_)
            | Self::IdTokenKid(_) => Point::IdToken,
            Self::KeysRotated => Point::Answer(Endpoint::Token),
            Self::UserinfoClaim { .. } => Point::Userinfo,
            Self::DiscoveryMember { .. } => Point::Discovery,
            Self::KeySet(_) => Point::KeySet,
            Self::TokenMember { .. } => Point::TokenAnswer,
            Self::CallbackParameter { .. } | Self::CallbackDoubled { .. } | Self::CallbackStatus(_) => {
                Point::Callback
            }
            Self::AnswerStatus { endpoint, .. }
            | Self::AnswerSlow { endpoint, .. }
            | Self::AnswerType { endpoint, .. }
            | Self::AnswerBody { endpoint, .. }
            | Self::AnswerCut { endpoint, .. }
            | Self::AnswerHuge { endpoint, .. } => Point::Answer(*endpoint),
        }
    }

    /// Whether the fault can be: what it names exists, and it stays within bounds.
    pub(super) fn check(&self) -> Result<(), KnobError> {
        let known = |what, name: &String, known: &'static [&'static str]| {
            let exists = known.contains(&name.as_str());
            if exists { Ok(()) } else { Err(KnobError::NoSuch { what, name: name.clone(), known }) }
        };
        // Anything may be added, but only what may be there can be removed.
        match self {
            Self::IdTokenClaim { name, value: None } => {
                known("claim of ID tokens", name, names::ID_TOKEN_CLAIMS)
            }
            Self::IdTokenHeader { name, value: None } => {
                known("member of ID tokens' headers", name, names::ID_TOKEN_HEADERS)
            }
            Self::UserinfoClaim { name, value: None } => {
                known("claim of userinfo", name, names::USERINFO_CLAIMS)
            }
            Self::TokenMember { name, value: None } => {
                known("member of token answers", name, names::TOKEN_MEMBERS)
            }
            Self::DiscoveryMember { name, .. } => known("metadata", name, names::METADATA),
            Self::CallbackParameter { name, .. } | Self::CallbackDoubled { name } => {
                known("parameter of the callback", name, names::CALLBACK_PARAMETERS)
            }
            Self::CallbackStatus(status) if !matches!(status, 301 | 302 | 303 | 307 | 308) => {
                Err(KnobError::RedirectStatus(*status))
            }
            Self::AnswerStatus { status, .. } if !(400..600).contains(status) => {
                Err(KnobError::Status(*status))
            }
            Self::AnswerSlow { milliseconds, .. } if Duration::from_millis(*milliseconds) > LONGEST => {
                Err(KnobError::TooMuch { what: "milliseconds", most: LONGEST.as_millis() as u64 })
            }
            Self::AnswerHuge { bytes, .. } if *bytes > LARGEST => {
                Err(KnobError::TooMuch { what: "bytes", most: LARGEST })
            }
            Self::AnswerType { content_type, .. } if HeaderValue::from_str(content_type).is_err() => {
                Err(KnobError::ContentType)
            }
            _ => Ok(()),
        }
    }
}

/// A status that [`Fault::check`] has seen.
pub(super) fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
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

    fn fault(value: Value) -> Fault {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn faults_have_one_spelling_in_json() {
        let removed = fault(json!({"id_token_claim": {"name": "sub"}}));
        assert_eq!(removed, Fault::IdTokenClaim { name: "sub".into(), value: None });
        let null = fault(json!({"id_token_claim": {"name": "sub", "value": null}}));
        assert_eq!(null, Fault::IdTokenClaim { name: "sub".into(), value: Some(Value::Null) });
        assert_eq!(
            serde_json::to_value(&null).unwrap(),
            json!({"id_token_claim": {"name": "sub", "value": null}})
        );
        assert_eq!(fault(json!("id_token_expired")), Fault::IdTokenExpired);
        assert_eq!(fault(json!({"id_token_signature": "none"})), Fault::IdTokenSignature(Signature::None));
        serde_json::from_value::<Fault>(json!({"id_token_claim": {"nam": "sub"}})).unwrap_err();
    }

    #[test]
    fn a_fault_that_names_nothing_is_refused_with_what_exists() {
        let said = |value: Value| fault(value).check().unwrap_err().to_string();
        let faults = [
            json!({"token_member": {"name": "token-type"}}),
            json!({"id_token_header": {"name": "typ"}}),
            json!({"callback_parameter": {"name": "stat", "value": "x"}}),
            json!({"callback_doubled": {"name": "nonce"}}),
            json!({"callback_status": 304}),
            json!({"answer_status": {"endpoint": "token", "status": 200}}),
            json!({"answer_slow": {"endpoint": "token", "milliseconds": 600_001}}),
            json!({"answer_huge": {"endpoint": "token", "bytes": 1_073_741_825}}),
            json!({"answer_type": {"endpoint": "token", "content_type": "a\nb"}}),
        ];
        insta::assert_snapshot!(faults.map(said).join("\n"), @r"
        there is no member of token answers `token-type`. Did you mean `token_type`? There is: token_type, expires_in, access_token, scope, id_token, refresh_token, device_secret
        there is no member of ID tokens' headers `typ`. There is: alg, kid
        there is no parameter of the callback `stat`. Did you mean `state`? There is: state, code, id_token, access_token, token_type, expires_in, scope, iss, error, error_description
        there is no parameter of the callback `nonce`. There is: state, code, id_token, access_token, token_type, expires_in, scope, iss, error, error_description
        the callback's status is to be 301, 302, 303, 307 or 308, not 304
        an answer's status is to be from 400 to 599, not 200
        at most 600000 milliseconds
        at most 1073741824 bytes
        the content type can't stand in a header
        ");
        let metadata = said(json!({"discovery_member": {"name": "isuer", "value": 1}}));
        assert!(metadata.starts_with("there is no metadata `isuer`. Did you mean `issuer`?"), "{metadata}");
        assert!(metadata.contains(", jwks_uri, "), "{metadata}");
        for added in ["id_token_claim", "userinfo_claim", "token_member", "id_token_header"] {
            fault(json!({ added: {"name": "whatever", "value": 1} })).check().unwrap();
        }
    }
}
