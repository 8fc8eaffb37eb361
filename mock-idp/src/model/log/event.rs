//! One entry of the System Log, Okta's `LogEvent`.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::event_type::{EventType, Severity};

/// One entry of the System Log. Serialized it is Okta's `LogEvent`; what this org doesn't know is `null`, as in Okta.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LogEvent {
    /// Who did it.
    pub actor: Party,
    /// From where.
    pub client: LogClient,
    /// How the actor had been authenticated.
    pub authentication_context: AuthenticationContext,
    /// What happened, for people.
    pub display_message: &'static str,
    /// What happened, for programs.
    pub event_type: EventType,
    /// How it ended.
    pub outcome: Outcome,
    /// When, in stage time.
    #[serde(serialize_with = "timestamp")]
    pub published: DateTime<Utc>,
    /// Nothing here: a real org tells about the caller's network.
    pub security_context: Map<String, Value>,
    /// How grave it is.
    pub severity: Severity,
    /// What else helps to understand it.
    pub debug_context: DebugContext,
    /// Always `null`.
    pub legacy_event_type: Option<&'static str>,
    /// Which request it belongs to.
    pub transaction: Transaction,
    /// A name of this entry.
    pub uuid: String,
    /// Always `0`.
    pub version: &'static str,
    /// The addresses that the request came by.
    pub request: LogRequest,
    /// To whom or what it was done.
    pub target: Vec<Party>,
}

/// Somebody or something that takes part in an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Party {
    /// Its identifier, or `unknown`.
    pub id: String,
    /// `User`, `AppInstance`, `UserGroup`, `PublicClientApp`, `SystemPrincipal`, …
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Another name of it: a user's login, an app's label.
    pub alternate_id: String,
    /// Its name for people.
    pub display_name: String,
    /// Always `null`.
    pub detail_entry: Option<Value>,
}

impl Party {
    pub(crate) fn new(
        kind: &'static str,
        id: &(impl ToString + ?Sized),
        alternate_id: impl Into<String>,
        display_name: impl Into<String>,
    ) -> Self {
        Self {
            id: clipped(id.to_string()),
            kind,
            alternate_id: clipped(alternate_id.into()),
            display_name: clipped(display_name.into()),
            detail_entry: None,
        }
    }
}

/// What strangers send (a login, a client id, a user agent) takes no more than its place in the log.
pub(super) fn clipped(mut text: String) -> String {
    const LONGEST: usize = 255;
    if let Some((end, _)) = text.char_indices().nth(LONGEST) {
        text.truncate(end);
    }
    text
}

/// How an event ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// Whether it was done.
    pub result: OutcomeResult,
    /// Why it was not, in Okta's internal codes (`illegal_redirect_uri`, `INVALID_CREDENTIALS`).
    pub reason: Option<String>,
}

/// Whether it was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum OutcomeResult {
    /// It was.
    Success,
    /// It was not.
    Failure,
    /// A policy or ThreatInsight let it go on.
    Allow,
    /// A policy, ThreatInsight or a blocklist stopped it.
    Deny,
    /// A policy let it go on if more is proved.
    Challenge,
}

/// From where a request came.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LogClient {
    /// The caller's program, if it said so.
    pub user_agent: Option<UserAgent>,
    /// Always `null` until network zones exist.
    pub zone: Option<&'static str>,
    /// Always `null`: the org doesn't guess devices.
    pub device: Option<&'static str>,
    /// Always `null`.
    pub id: Option<&'static str>,
    /// The caller's address.
    pub ip_address: Option<String>,
    /// Always `null`: everyone is on this machine.
    pub geographical_context: Option<Value>,
}

/// A caller's program.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UserAgent {
    /// Its `User-Agent`, as it was sent.
    pub raw_user_agent: String,
}

/// How the actor had been authenticated.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthenticationContext {
    /// Always 0, as in Okta.
    pub authentication_step: u8,
    /// The session at the org, or the request where there is none.
    pub external_session_id: Option<String>,
}

/// Further facts.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DebugContext {
    /// By name; never secrets.
    pub debug_data: Map<String, Value>,
}

/// Which request an event belongs to.
#[derive(Clone, Debug, Serialize)]
pub struct Transaction {
    /// `WEB`, or `JOB` where no request caused it.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The request's `X-Okta-Request-Id`.
    pub id: String,
    /// Empty; a real org names the API token here.
    pub detail: Map<String, Value>,
}

/// The addresses that a request came by.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LogRequest {
    /// From the caller on.
    pub ip_chain: Vec<Hop>,
}

/// One address of a request's way.
#[derive(Clone, Debug, Serialize)]
pub struct Hop {
    /// The address.
    pub ip: String,
    /// `V4` or `V6`.
    pub version: &'static str,
}

fn timestamp<S: Serializer>(time: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&time.to_rfc3339_opts(SecondsFormat::Millis, true))
}
