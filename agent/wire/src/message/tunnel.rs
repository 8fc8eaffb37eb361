//! Tunnels by label, the end of a tunnel, and small questions.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::policy_text::PolicyText;

/// An agent serves what is labeled so ([`StreamType::START_TUNNEL_WITH_LABEL`](crate::StreamType)).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct StartTunnelWithLabel {
    /// The labels, `edge` = `edghts_…` among them.
    pub labels: BTreeMap<String, String>,
    /// Where the agent forwards to, for people.
    pub forwards_to: String,
    /// What the upstream speaks: empty, `http1` or `http2`.
    pub forwards_proto: String,
    /// The user's own words.
    pub metadata: String,
}

/// The edge's answer. It names no URL.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct StartTunnelWithLabelAnswer {
    /// The tunnel's id; another one after each reconnect.
    pub id: String,
    /// Why there is none ([`Refusal`](super::Refusal)); empty when there is one.
    pub error: String,
}

/// An agent gives a tunnel back ([`StreamType::UNBIND`](crate::StreamType::UNBIND)). May come twice for one id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Unbind {
    /// The tunnel's id.
    pub id: String,
}

/// The edge's answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct UnbindAnswer {
    /// Why not ([`Refusal`](super::Refusal)); empty when all is well.
    pub error: String,
}

/// Which edge is this ([`StreamType::SRV_INFO`](crate::StreamType::SRV_INFO))? May come before Auth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SrvInfo {}

/// The edge's answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct SrvInfoAnswer {
    /// Its region.
    pub region: String,
}

/// A tunnel's description changed ([`StreamType::PATCH_TUNNEL_STATE`](crate::StreamType)). What is none stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct PatchTunnelState {
    /// The tunnel's id.
    pub tunnel_id: String,
    /// Its new name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its new description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its new metadata.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<String>,
    /// Whether other endpoints may share its URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pooling_enabled: Option<bool>,
    /// Its new traffic policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traffic_policy: Option<PolicyText>,
}

/// The edge's answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct PatchTunnelStateAnswer {
    /// Why not ([`Refusal`](super::Refusal)); empty when all is well.
    pub error: String,
}
