//! The names that a scenario gives to what it is made of.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::Value;

use super::argument::Argument;
use super::reading::{Node, Reader};
use super::shape::Shape;

/// What a name is the name of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Someone with a browser: every Okta user, every holder of an edge account, and whoever is listed as a person.
    Person,
    /// A user of the Okta org.
    User,
    /// A group of the Okta org.
    Group,
    /// A network zone of the Okta org.
    Zone,
    /// An application of the Okta org.
    App,
    /// An account at the edge's dashboard.
    Account,
    /// An HTTPS Edge.
    Edge,
    /// An app behind the tunnels.
    Upstream,
    /// A tunnel of the scenario's beginning.
    Tunnel,
    /// An agent: one for each tunnel, under the tunnel's name, and those that a step starts.
    Agent,
    /// Something that a person copied from a page.
    Copied,
    /// Something that a person remembered.
    Remembered,
}

impl Kind {
    /// What one of them is called, with its article.
    pub fn one(self) -> &'static str {
        match self {
            Self::Person => "a person",
            Self::User => "an Okta user",
            Self::Group => "an Okta group",
            Self::Zone => "a network zone",
            Self::App => "an Okta app",
            Self::Account => "an edge account",
            Self::Edge => "an Edge",
            Self::Upstream => "an upstream",
            Self::Tunnel => "a tunnel",
            Self::Agent => "an agent",
            Self::Copied => "a copied value",
            Self::Remembered => "a remembered value",
        }
    }

    /// What one of them is called, without its article.
    pub fn noun(self) -> &'static str {
        self.one().split_once(' ').map_or(self.one(), |(_, noun)| noun)
    }

    /// Where a scenario says that there is one.
    pub(crate) fn declared_in(self) -> &'static str {
        match self {
            Self::Person => "`given.okta.users`, `given.edge.accounts` or `given.people`",
            Self::User => "`given.okta.users`",
            Self::Group => "`given.okta.users` or `given.okta.groups`",
            Self::Zone => "`given.okta.zones`",
            Self::App => "`given.okta.apps`",
            Self::Account => "`given.edge.accounts`",
            Self::Edge => "`given.edges`",
            Self::Upstream => "`given.upstreams`",
            Self::Tunnel => "`given.tunnels`",
            Self::Agent => "`given.tunnels`, or an earlier step `agent NAME starts`",
            Self::Copied => "an earlier step `copies`",
            Self::Remembered => "an earlier step `remembers`",
        }
    }
}

/// The group that every org has, and every user is in.
pub const EVERYONE: &str = "everyone";

/// Every name that a scenario may use where the reader now is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    known: BTreeMap<Kind, BTreeSet<String>>,
}

impl Names {
    pub(crate) fn declare(&mut self, kind: Kind, name: &str) {
        self.known.entry(kind).or_default().insert(name.to_owned());
    }

    pub(crate) fn knows(&self, kind: Kind, name: &str) -> bool {
        let built_in = kind == Kind::Group && name == EVERYONE;
        built_in || self.known.get(&kind).is_some_and(|known| known.contains(name))
    }

    pub(crate) fn of(&self, kind: Kind) -> impl Iterator<Item = &str> + Clone {
        self.known.get(&kind).into_iter().flatten().map(String::as_str)
    }
}

/// The words with which steps begin that are about no person.
pub(crate) const NO_PERSON: [&str; 6] = ["okta", "edge", "clock", "network", "upstream", "agent"];

/// Whether a scenario may give this name to something: a lower-case letter, then letters, digits, `-` and `_`.
pub(crate) fn is_name(text: &str) -> bool {
    let mut characters = text.chars();
    text.len() <= 63
        && characters.next().is_some_and(|first| first.is_ascii_lowercase())
        && characters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_')
}

/// A name of one kind. Any text can be made into one; whether something has that name is checked when a file is read,
/// and when a step is performed.
pub(crate) trait Name: From<String> + AsRef<str> {
    const KIND: Kind;
}

macro_rules! names {
    ($($(#[doc = $doc:literal])+ $Name:ident is $Kind:ident;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $Name(String);

        impl Name for $Name {
            const KIND: Kind = Kind::$Kind;
        }

        impl $Name {
            /// The name as it is written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $Name {
            fn from(name: &str) -> Self {
                Self(name.to_owned())
            }
        }

        impl From<String> for $Name {
            fn from(name: String) -> Self {
                Self(name)
            }
        }

        impl From<&$Name> for $Name {
            fn from(name: &$Name) -> Self {
                name.clone()
            }
        }

        impl AsRef<str> for $Name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $Name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Argument for $Name {
            fn shape() -> Shape {
                Shape::Name(Kind::$Kind)
            }

            fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
                reader.name(Kind::$Kind, node).map(Self)
            }

            fn write(&self) -> Value {
                Value::from(self.as_str())
            }
        }
    )+};
}

names! {
    /// A person's name.
    PersonName is Person;
    /// The name of a user of the Okta org.
    UserName is User;
    /// The name of a group of the Okta org.
    GroupName is Group;
    /// The name of a network zone of the Okta org.
    ZoneName is Zone;
    /// The name that a scenario gives to an application of the Okta org.
    AppName is App;
    /// The name of an account at the edge's dashboard.
    AccountName is Account;
    /// The name that a scenario gives to an HTTPS Edge.
    EdgeName is Edge;
    /// An upstream's name.
    UpstreamName is Upstream;
    /// The name that a scenario gives to a tunnel.
    TunnelName is Tunnel;
    /// An agent's name.
    AgentName is Agent;
    /// The name under which a person keeps what was copied from a page.
    CopiedName is Copied;
    /// The name under which a person keeps what was remembered.
    RememberedName is Remembered;
}
