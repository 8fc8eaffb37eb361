//! What the Okta org can be told.

use mock_idp::model::EventType;
use serde_json::Value;

use crate::vocabulary::argument::Argument;
use crate::vocabulary::names::{AppName, GroupName, UserName};
use crate::vocabulary::pattern::Pattern;
use crate::vocabulary::reading::{Node, Reader};
use crate::vocabulary::record::{choice, record, short_forms, words};
use crate::vocabulary::shape::Shape;

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
