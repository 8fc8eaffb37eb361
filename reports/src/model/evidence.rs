use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Someone or something that speaks: a column of the sequence drawing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Participant {
    /// What messages, exchanges and logs call it, unique in its scenario: `alice`, `edge`.
    pub id: String,
    /// What people call it: `alice's browser`.
    pub label: String,
    /// What it is.
    pub kind: ParticipantKind,
}

/// What a participant is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParticipantKind {
    /// A person's browser, or what they use in its stead.
    Browser,
    /// The stage's network.
    Network,
    /// The edge, its gate included.
    Edge,
    /// The org.
    Org,
    /// An agent.
    Agent,
    /// The app behind a tunnel.
    Upstream,
    /// Anything else.
    Other,
}

impl ParticipantKind {
    /// As it stands in JSON: `upstream`.
    pub fn id(self) -> &'static str {
        match self {
            Self::Browser => "browser",
            Self::Network => "network",
            Self::Edge => "edge",
            Self::Org => "org",
            Self::Agent => "agent",
            Self::Upstream => "upstream",
            Self::Other => "other",
        }
    }
}

/// An arrow of the sequence drawing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The sender's [`Participant::id`].
    pub from: String,
    /// The receiver's.
    pub to: String,
    /// When it was sent.
    pub at_ms: u64,
    /// Short: `GET /oauth2/v1/authorize`, `302 → idp.tunnel.test`.
    pub label: String,
    /// What kind of arrow it is.
    pub kind: MessageKind,
    /// The [`Exchange::id`] that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchange: Option<String>,
    /// The index of the step that it happened in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<usize>,
}

/// What kind of arrow a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageKind {
    /// Someone asks.
    Request,
    /// Someone answers.
    Answer,
    /// Something between edge and agent: a session, a bind, a proxied stream.
    Tunnel,
    /// Someone was told no: by the network, the gate, the org or the edge.
    Refused,
}

impl MessageKind {
    /// As it stands in JSON: `refused`.
    pub fn id(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Answer => "answer",
            Self::Tunnel => "tunnel",
            Self::Refused => "refused",
        }
    }
}

/// One HTTP exchange as the part that answered it saw it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exchange {
    /// Unique in its scenario.
    pub id: String,
    /// When the request's head had been read.
    pub at_ms: u64,
    /// The stage's own time then, which a scenario may have moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage_time: Option<DateTime<Utc>>,
    /// How long the answer's head took; none when there was no answer.
    pub duration_ms: Option<u64>,
    /// Who asked, as [`Participant::id`].
    pub from: String,
    /// Who answered.
    pub to: String,
    /// The index of the step that it happened in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<usize>,
    /// The request's method.
    pub method: String,
    /// The absolute URL that was asked for; a `CONNECT`'s `host:port`.
    pub url: String,
    /// The request's version, `HTTP/2.0`.
    pub http_version: String,
    /// The answer's status; none when there was no answer.
    pub status: Option<u16>,
    /// The request's headers, in their order.
    #[serde(default)]
    pub request_headers: Vec<Header>,
    /// The answer's.
    #[serde(default)]
    pub response_headers: Vec<Header>,
    /// The tokens that it carried, decoded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tokens: Vec<DecodedToken>,
    /// The beginning of the request's body, where the part kept it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_body: Option<Excerpt>,
    /// The beginning of the answer's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_body: Option<Excerpt>,
    /// Why it was refused, or why there was no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// One line of a head.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// In lower case.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// The beginning of a body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Excerpt {
    /// What is shown of it.
    pub text: String,
    /// How many bytes the whole body had.
    pub bytes: u64,
    /// Whether something follows what is shown.
    pub truncated: bool,
}

/// A JWT taken apart. Its signature isn't kept, so that nobody can use what they read here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecodedToken {
    /// `ID token`, `access token`.
    pub kind: String,
    /// The JOSE header (RFC 7515, section 4).
    pub header: Map<String, Value>,
    /// The claims (RFC 7519, section 4), secret ones masked.
    pub claims: Map<String, Value>,
    /// What was found about it: `the signature is not of the key k1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A picture of what a person's browser showed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Screenshot {
    /// The file, relative to the report.
    pub path: String,
    /// Whose browser it was.
    pub person: String,
    /// The index of the step that it was taken in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<usize>,
    /// When it was taken.
    pub at_ms: u64,
}

/// Something that a part said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEntry {
    /// The part's [`Participant::id`], or another name of its own.
    pub part: String,
    /// When it was said.
    pub at_ms: u64,
    /// How much it matters.
    pub level: Level,
    /// What was said.
    pub text: String,
}

/// How much a log entry matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// For those who look closely.
    Debug,
    /// What happens.
    Info,
    /// What may be wrong.
    Warning,
    /// What is wrong.
    Error,
}

/// As it stands in JSON: `warning`.
impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}
