//! What the Okta org can be told to do wrong.

use std::time::Duration;

use http::StatusCode;
use mock_idp::misbehaviour::{Endpoint, names};
use serde_json::Value;

use crate::vocabulary::argument::{Argument, Count};
use crate::vocabulary::collections::{Entries, Key};
use crate::vocabulary::names::{AppName, UserName};
use crate::vocabulary::reading::{Node, Reader};
use crate::vocabulary::record::{record, words};
use crate::vocabulary::shape::Shape;
use crate::vocabulary::template::Template;
use crate::vocabulary::values::{Data, Member};

/// Names of which the org keeps a list. A file's are looked up when it is read; Rust's when the step is performed.
macro_rules! known_names {
    ($($(#[doc = $doc:literal])+ $Name:ident = $what:literal in $known:path;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub struct $Name(String);

        impl $Name {
            /// The name.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $Name {
            fn from(name: &str) -> Self {
                Self(name.to_owned())
            }
        }

        impl Argument for $Name {
            fn shape() -> Shape {
                Shape::Known { what: $what, words: || $known.to_vec() }
            }

            fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
                match node.text().filter(|text| $known.contains(text)) {
                    Some(name) => Some(Self::from(name)),
                    None => unlisted(node, reader, &Self::shape(), $known.iter().copied()),
                }
            }

            fn write(&self) -> Value {
                Value::from(self.as_str())
            }
        }

        impl Key for $Name {
            const DESCRIBED: &'static str = $what;

            fn read_key(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
                Self::read(node, reader)
            }

            fn written(&self) -> String {
                self.0.clone()
            }
        }
    )+};
}

known_names! {
    /// A claim that the org's ID tokens may have.
    IdTokenClaim = "a claim of ID tokens" in names::ID_TOKEN_CLAIMS;
    /// A member that the headers of the org's ID tokens have.
    IdTokenHeader = "a member of ID tokens' headers" in names::ID_TOKEN_HEADERS;
    /// A claim that the org's userinfo may have.
    UserinfoClaim = "a claim of userinfo" in names::USERINFO_CLAIMS;
    /// A registered member of discovery documents.
    Metadata = "a registered member of discovery documents" in names::METADATA;
    /// A member that the token endpoint's answers may have.
    TokenMember = "a member of token answers" in names::TOKEN_MEMBERS;
    /// A parameter that the org's answer to an authorization request may have.
    CallbackParameter = "a parameter of the callback" in names::CALLBACK_PARAMETERS;
}

/// Says that a name is none of those that exist, and which those are.
fn unlisted<'w, T>(
    node: &Node,
    reader: &mut Reader<'_>,
    expected: &Shape,
    known: impl Iterator<Item = &'w str>,
) -> Option<T> {
    let advice = node.text().map(|name| names::advice(name, known));
    reader.misfit(node, expected, advice)
}

impl Argument for Endpoint {
    fn shape() -> Shape {
        Shape::Known {
            what: "an endpoint of the org",
            words: || Self::ALL.iter().map(|it| it.name()).collect(),
        }
    }

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let known = node.text().and_then(|text| Self::ALL.iter().find(|endpoint| endpoint.name() == text));
        match known {
            Some(endpoint) => Some(*endpoint),
            None => unlisted(node, reader, &Self::shape(), Self::ALL.iter().map(|it| it.name())),
        }
    }

    fn write(&self) -> Value {
        Value::from(self.name())
    }
}

impl Key for Endpoint {
    const DESCRIBED: &'static str = "an endpoint of the org";

    fn read_key(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        Self::read(node, reader)
    }

    fn written(&self) -> String {
        self.name().to_owned()
    }
}

words! {
    /// What is wrong with a token's signature.
    SignatureFault {
        /// It was made with another key than the one that the header names.
        Wrong = "wrong",
        /// There is none, and the header's `alg` says `none`.
        None = "none",
        /// There is none, although the header promises one.
        Missing = "missing",
        /// It is an HMAC with the client secret for its key.
        Hs256 = "hs256",
    }
}

words! {
    /// What is wrong with the key that a token's header names.
    KeyFault {
        /// The org publishes no such key.
        Unknown = "unknown",
        /// No key is named.
        Absent = "absent",
    }
}

words! {
    /// What is wrong with the keys that the org publishes.
    KeySetFault {
        /// There are none.
        Empty = "empty",
        /// The key that signs is not among them.
        WithoutSigningKey = "without signing key",
        /// They have no names.
        Nameless = "nameless",
    }
}

record! {
    /// What is wrong with the ID tokens that the org issues. What isn't written is as it should be.
    IdTokenFaults {
        takes {
            /// Claims that hold something else.
            set: Entries<Member, Data>,
            /// Claims that are left out.
            remove: Vec<IdTokenClaim>,
            /// Whether they expired an hour before they are issued.
            expired: bool,
            /// What is wrong with the signature.
            signature: Option<SignatureFault>,
            /// What is wrong with the key's name.
            key: Option<KeyFault>,
            /// Members of the header that hold something else; the signature is over them.
            header: Entries<Member, Data>,
            /// Members of the header that are left out.
            remove_header: Vec<IdTokenHeader>,
        }
    }
}

record! {
    /// What is wrong with the userinfo endpoint's answers. What isn't written is as it should be.
    UserinfoFaults {
        takes {
            /// Claims that hold something else.
            set: Entries<Member, Data>,
            /// Claims that are left out.
            remove: Vec<UserinfoClaim>,
        }
    }
}

record! {
    /// What is wrong with the discovery document. What isn't written is as it should be.
    DiscoveryFaults {
        takes {
            /// Members that hold something else.
            set: Entries<Metadata, Data>,
            /// Members that are left out.
            remove: Vec<Metadata>,
        }
    }
}

record! {
    /// What is wrong with the tokens' packaging: the token endpoint's answers when it gives tokens. What isn't written
    /// is as it should be.
    TokenFaults {
        takes {
            /// Members that hold something else.
            set: Entries<Member, Data>,
            /// Members that are left out.
            remove: Vec<TokenMember>,
        }
    }
}

record! {
    /// What is wrong with the org's answer to an authorization request. What isn't written is as it should be.
    CallbackFaults {
        takes {
            /// Parameters that hold something else.
            set: Entries<CallbackParameter, Template>,
            /// Parameters that are left out.
            remove: Vec<CallbackParameter>,
            /// Parameters that stand there twice.
            double: Vec<CallbackParameter>,
            /// The status with which the browser is sent there: 301, 302, 303, 307 or 308.
            status: Option<StatusCode>,
        }
    }
}

record! {
    /// What is wrong with every answer of an endpoint. What isn't written is as it should be.
    AnswerFaults {
        takes {
            /// It refuses with this status, 400 to 599, and does nothing.
            status: Option<StatusCode>,
            /// The refusal's OAuth error code, such as `invalid_grant`; without one it reads as Okta's outages and rate
            /// limits do.
            error: Option<String>,
            /// The OAuth error's description.
            description: Option<String>,
            /// The refusal's `Retry-After`, in seconds.
            retry_after: Option<Count>,
            /// It comes so late, in real time; ten minutes at most.
            slow: Option<Duration>,
            /// Its content type; empty for none.
            content_type: Option<String>,
            /// It has this body.
            body: Option<Template>,
            /// It breaks off after so many bytes of the body.
            cut_after: Option<Count>,
            /// So many megabytes of white space come before the body; 1024 at most.
            padded_by: Option<Count>,
        }
    }
}

record! {
    /// How the org misbehaves: in all of these ways, for everybody and until it behaves again, unless it is written
    /// otherwise.
    Misbehaviour {
        takes {
            /// The ID tokens.
            id_token: Option<IdTokenFaults>,
            /// The userinfo endpoint's claims.
            userinfo: Option<UserinfoFaults>,
            /// The discovery document.
            discovery: Option<DiscoveryFaults>,
            /// The keys that it publishes.
            keys: Option<KeySetFault>,
            /// Whether each token request rotates its keys first, past those that were published.
            rotates_keys: bool,
            /// The token endpoint's answers when it gives tokens.
            token: Option<TokenFaults>,
            /// The answer to an authorization request, as the browser brings it.
            callback: Option<CallbackFaults>,
            /// Whole answers, by endpoint: `discovery`, `keys`, `authorize`, `token`, `userinfo`, `par`,
            /// `device_authorize`, `introspect`, `revoke`, `logout`, `sign_in`, `identify`, `proof`, `poll` or `api`.
            answers: Entries<Endpoint, AnswerFaults>,
            /// For this user alone.
            user: Option<UserName>,
            /// For this app alone.
            app: Option<AppName>,
            /// So many times each.
            times: Option<Count>,
            /// For so long, in the stage's time.
            lasting: Option<Duration>,
        }
    }
}

/// One way alone.
impl From<Misbehaviour> for Vec<Misbehaviour> {
    fn from(way: Misbehaviour) -> Self {
        vec![way]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_endpoints_are_told_where_a_person_looks_for_them() {
        let answers = Misbehaviour::RECORD.fields.iter().find(|field| field.name == "answers").unwrap();
        for endpoint in Endpoint::ALL {
            assert!(answers.doc.contains(&format!("`{}`", endpoint.name())), "{}", endpoint.name());
        }
    }
}
