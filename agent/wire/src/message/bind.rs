//! Asking for an endpoint.

use ground::Secret;
use serde::{Deserialize, Serialize};

use super::options::Options;
use super::secret;

/// An agent asks for an endpoint ([`StreamType::BIND`](crate::StreamType::BIND)).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Bind {
    /// Empty for a new tunnel; when reconnecting, the id that it had.
    pub id: String,
    /// `http`, `https`, `tcp` or `tls`.
    pub proto: String,
    /// Where the agent forwards to, for people.
    pub forwards_to: String,
    /// What the upstream speaks: empty, `http1` or `http2`.
    pub forwards_proto: String,
    /// The endpoint's options; when reconnecting, those of the last answer.
    pub opts: Options,
    /// Everything else.
    pub extra: BindExtra,
}

/// What else is said of a tunnel.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct BindExtra {
    /// When reconnecting, what the edge gave with the id.
    #[serde(with = "secret::token")]
    pub token: Option<Secret>,
    /// An IP policy's id.
    #[serde(rename = "IPPolicyRef")]
    pub ip_policy_ref: String,
    /// The user's own words.
    pub metadata: String,
    /// Kinds of endpoint, `public` and others.
    pub bindings: Vec<String>,
    /// Other endpoints may share the URL.
    pub pooling_enabled: bool,
    /// Go only: the endpoint's name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Go only: the endpoint's description.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
}

/// The edge's answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct BindAnswer {
    /// The tunnel's id.
    pub id: String,
    /// The endpoint's URL, `https://host[:port]`. Some clients panic when it can't be parsed.
    #[serde(rename = "URL")]
    pub url: String,
    /// As asked for.
    pub proto: String,
    /// As asked for, with what was assigned ([`Options::assigned`]).
    pub opts: Options,
    /// Why there is none ([`Refusal`](super::Refusal)); empty when there is one.
    pub error: String,
    /// Everything else.
    pub extra: BindAnswerExtra,
}

/// What else an edge tells of a tunnel.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct BindAnswerExtra {
    /// To be given back with the id when reconnecting.
    #[serde(with = "secret::token")]
    pub token: Option<Secret>,
    /// The tunnel's id in the API, `tn_…`.
    #[serde(rename = "TunnelID")]
    pub tunnel_id: String,
}
