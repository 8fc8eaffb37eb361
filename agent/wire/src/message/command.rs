//! What an edge tells its agents to do.

use serde::{Deserialize, Serialize};

/// Stop ([`StreamType::STOP`](crate::StreamType::STOP)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {}

/// Restart ([`StreamType::RESTART`](crate::StreamType::RESTART)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restart {}

/// Update yourself ([`StreamType::UPDATE`](crate::StreamType::UPDATE)).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Update {
    /// To which version; empty for the newest.
    pub version: String,
    /// Also to another major version.
    pub permit_major_version: bool,
}

/// The agent's answer to each of these. Go's agents without a handler send none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct CommandAnswer {
    /// Why not; empty when the agent obeys.
    pub error: String,
}

/// A tunnel is over ([`StreamType::STOP_TUNNEL`](crate::StreamType::STOP_TUNNEL)). It has no answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct StopTunnel {
    /// The tunnel's id.
    pub id: String,
    /// Why, for people.
    pub message: String,
    /// Why, `ERR_NGROK_…`.
    pub error_code: String,
}
