//! What the Okta org can be told.

use http::StatusCode;
use mock_idp::model::EventType;
use serde_json::Value;

use crate::vocabulary::argument::Argument;
use crate::vocabulary::collections::Entries;
use crate::vocabulary::names::{AppName, GroupName, UserName};
use crate::vocabulary::pattern::Pattern;
use crate::vocabulary::reading::{Node, Reader};
use crate::vocabulary::record::{choice, record, short_forms, words};
use crate::vocabulary::shape::Shape;
use crate::vocabulary::template::Template;
use crate::vocabulary::values::{Data, Member};

words! {
    /// How something in the System Log ended.
    LogOutcome {
        /// As it should.
        Success = "SUCCESS",
        /// Somebody was refused, or something failed.
        Failure = "FAILURE",
        /// A policy or ThreatInsight let it go on.
        Allow = "ALLOW",
        /// A policy, ThreatInsight or a blocklist stopped it.
        Deny = "DENY",
        /// A policy let it go on if more is proved.
        Challenge = "CHALLENGE",
    }
}

record! {
    /// An entry of the System Log.
    LogEntry short event {
        needs {
            /// Its event type.
            event: EventType,
        }
        takes {
            /// Its outcome's result.
            outcome: Option<LogOutcome>,
            /// Its outcome's reason.
            reason: Option<Pattern>,
            /// The user who is its actor.
            user: Option<UserName>,
        }
    }
}

short_forms! {
    |event: EventType| -> LogEntry { Self::new(event) }
}

impl Argument for EventType {
    fn shape() -> Shape {
        Shape::Known {
            what: "an event type of the System Log",
            words: || Self::ALL.iter().map(|event| event.name()).collect(),
        }
    }

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let known = node.text().and_then(|text| Self::ALL.iter().find(|event| event.name() == text));
        match known {
            Some(event) => Some(*event),
            None => reader.unknown_word(node, &Self::shape(), Self::ALL.iter().map(|event| event.name())),
        }
    }

    fn write(&self) -> Value {
        Value::from(self.name())
    }
}

record! {
    /// An app and the user who may use it.
    UserAssignment {
        needs {
            /// The app.
            app: AppName,
            /// The user.
            user: UserName,
        }
    }
}

record! {
    /// An app and the group whose members may use it.
    GroupAssignment {
        needs {
            /// The app.
            app: AppName,
            /// The group.
            group: GroupName,
        }
    }
}

choice! {
    /// Who may use an app.
    Assignment {
        /// One user.
        User(UserAssignment) by user,
        /// The members of a group.
        Group(GroupAssignment) by group,
    }
}

words! {
    /// What is wrong with a token's signature.
    SignatureFault {
        /// It was made with another key than the one that the header names.
        Wrong = "wrong",
        /// There is none, and the header's `alg` says `none`.
        None = "none",
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

record! {
    /// What is wrong with the ID tokens that the org issues. What isn't written is as it should be.
    IdTokenFaults {
        takes {
            /// Claims that hold something else.
            set: Entries<Member, Data>,
            /// Claims that are left out.
            remove: Vec<Member>,
            /// Whether they expired an hour before they are issued.
            expired: bool,
            /// What is wrong with the signature.
            signature: Option<SignatureFault>,
            /// What is wrong with the key's name.
            key: Option<KeyFault>,
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
            remove: Vec<Member>,
        }
    }
}

record! {
    /// What is wrong with the discovery document.
    DiscoveryFaults {
        needs {
            /// The issuer that it names.
            issuer: Template,
        }
    }
}

record! {
    /// How the token endpoint refuses every request.
    TokenRefusal {
        needs {
            /// The status, 400 to 599.
            status: StatusCode,
            /// The OAuth error code, such as `invalid_grant`.
            error: String,
        }
        takes {
            /// The error's description.
            description: Option<String>,
        }
    }
}

record! {
    /// How the org misbehaves, from now on and until it behaves again.
    Misbehaviour {
        takes {
            /// The ID tokens.
            id_token: Option<IdTokenFaults>,
            /// The userinfo endpoint's answers.
            userinfo: Option<UserinfoFaults>,
            /// The discovery document.
            discovery: Option<DiscoveryFaults>,
            /// The token endpoint's answers.
            token: Option<TokenRefusal>,
        }
    }
}
