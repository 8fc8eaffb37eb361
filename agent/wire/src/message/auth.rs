//! The first request of a session: who the agent is.

use ground::Secret;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::secret;

/// An agent introduces itself ([`StreamType::AUTH`](crate::StreamType::AUTH)).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Auth {
    /// The protocol's versions that the agent speaks, `["3", "2"]`.
    pub version: Vec<String>,
    /// Empty for a new session; when reconnecting, the id that the edge gave before.
    pub client_id: String,
    /// Everything else.
    pub extra: AuthExtra,
}

/// What an agent tells about itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct AuthExtra {
    /// Its operating system, as Go names it.
    #[serde(rename = "OS")]
    pub os: String,
    /// Its processor architecture, as Go names it.
    pub arch: String,
    /// The credential; neither hashed nor prefixed.
    #[serde(with = "secret::authtoken")]
    pub auth_token: Option<Secret>,
    /// The agent's own version.
    pub version: String,
    /// The machine's name.
    pub hostname: String,
    /// Name and version, `ngrok-rust/0.19.0`.
    pub user_agent: String,
    /// The user's own words.
    pub metadata: String,
    /// What the edge gave before, when reconnecting.
    #[serde(with = "secret::cookie")]
    pub cookie: Option<Secret>,
    /// Nanoseconds between heartbeats.
    pub heartbeat_interval: i64,
    /// Nanoseconds that an echo may be overdue.
    pub heartbeat_tolerance: i64,
    /// Empty: the edge may ask the agent to update itself; otherwise why not.
    pub update_unsupported_error: Option<String>,
    /// Empty: the edge may ask the agent to stop; otherwise why not.
    pub stop_unsupported_error: Option<String>,
    /// Empty: the edge may ask the agent to restart; otherwise why not.
    pub restart_unsupported_error: Option<String>,
    /// The kind of proxy that it dialled through.
    pub proxy_type: String,
    /// It presented a client certificate.
    #[serde(rename = "MutualTLS")]
    pub mutual_tls: bool,
    /// It runs as a service.
    pub service_run: bool,
    /// The version of its configuration file.
    pub config_version: String,
    /// It dialled from a chosen interface.
    pub custom_interface: bool,
    /// It trusts other roots than the compiled-in one.
    #[serde(rename = "CustomCAs")]
    pub custom_cas: bool,
    /// Which client it is, `ngrok-rust`.
    pub client_type: String,
    /// Go only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<Value>,
    /// Go only: which of the agent's parallel sessions this is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leg_number: Option<u32>,
}

/// The edge's answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct AuthAnswer {
    /// The protocol's version that is spoken, `3`.
    pub version: String,
    /// The agent's id from now on; empty when refused.
    pub client_id: String,
    /// Why the agent was refused ([`Refusal`](super::Refusal)); empty when it wasn't.
    pub error: String,
    /// Everything else.
    pub extra: AuthAnswerExtra,
}

/// What an edge tells an agent that it let in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct AuthAnswerExtra {
    /// The edge's version.
    pub version: String,
    /// Its region; never empty.
    pub region: String,
    /// To be given back when reconnecting.
    #[serde(with = "secret::cookie")]
    pub cookie: Option<Secret>,
    /// Whose account it is.
    pub account_name: String,
    /// Seconds that the session may last, 0 for any time.
    pub session_duration: i64,
    /// The account's plan.
    pub plan_name: String,
    /// A word to the user.
    pub banner: String,
    /// The agent is too old, or will be.
    pub deprecation_warning: Option<DeprecationWarning>,
    /// Where else to connect.
    pub connect_addresses: Option<Vec<ConnectAddress>>,
    /// The session's id in the API, `ts_…`.
    #[serde(rename = "AgentSessionID")]
    pub agent_session_id: String,
}

/// An agent's version will not do for ever.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct DeprecationWarning {
    /// The next lowest version.
    pub next_min: String,
    /// From when on.
    pub next_date: String,
    /// For people.
    pub msg: String,
}

/// Another way in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ConnectAddress {
    /// Where it is.
    pub region: String,
    /// `host:port`.
    pub server_addr: String,
}
