//! What is online right now: agents' sessions and the tunnels that they hold.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use ground::Connection;
use tokio::sync::watch;

use super::transport::Transport;
use super::{AccountId, CredentialId, EdgeId, EndpointId, Host, HostPort, Labels, SessionId, TunnelId};
use crate::proxy::Upstreams;
use crate::traffic::Traffic;

/// How an endpoint is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// HTTP in the clear.
    Http,
    /// HTTP over TLS.
    Https,
    /// Bytes, on a port of its own.
    Tcp,
    /// Bytes over TLS, whoever ends it.
    Tls,
}

impl Scheme {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "http" => Some(Self::Http),
            "https" => Some(Self::Https),
            "tcp" => Some(Self::Tcp),
            "tls" => Some(Self::Tls),
            _ => None,
        }
    }

    /// `http`, `https`, `tcp` or `tls`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
        }
    }

    /// The port that URLs leave out.
    pub(crate) fn default_port(self) -> Option<u16> {
        match self {
            Self::Http => Some(80),
            Self::Https | Self::Tls => Some(443),
            Self::Tcp => None,
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What an upstream speaks behind its tunnel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum UpstreamProtocol {
    /// HTTP/1.1.
    #[default]
    Http1,
    /// HTTP/2 with prior knowledge (RFC 9113, 3.3).
    Http2,
}

impl UpstreamProtocol {
    /// `http1` or `http2`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http1 => "http1",
            Self::Http2 => "http2",
        }
    }
}

/// What an agent says of itself. None of it is verified.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AgentInfo {
    /// Its user agent, `ngrok-rust/0.19.0`.
    pub user_agent: String,
    /// Its version.
    pub version: String,
    /// The operating system that it runs on.
    pub os: String,
    /// The processor that it runs on.
    pub arch: String,
    /// For machines.
    pub metadata: String,
}

/// An agent's session.
#[derive(Debug)]
pub(crate) struct AgentSession {
    pub(crate) id: SessionId,
    pub(crate) account: AccountId,
    pub(crate) credential: CredentialId,
    pub(crate) client_id: String,
    pub(crate) connection: Connection,
    pub(crate) agent: AgentInfo,
    pub(crate) started_at: DateTime<Utc>,
    pub(crate) wire: wire::Session,
    pub(crate) upstreams: Upstreams,
    /// Why it shall end, once it shall.
    pub(crate) ending: watch::Sender<Option<&'static str>>,
}

impl AgentSession {
    /// Tells the session's task to end it, and why.
    pub(crate) fn end(&self, why: &'static str) {
        self.ending.send_if_modified(|ending| {
            let first = ending.is_none();
            ending.get_or_insert(why);
            first
        });
    }

    pub(crate) fn view(&self) -> SessionView {
        SessionView {
            id: self.id.clone(),
            credential: self.credential.clone(),
            address: self.connection.peer,
            agent: self.agent.clone(),
            started_at: self.started_at,
        }
    }
}

/// A tunnel of an agent's session.
#[derive(Clone, Debug)]
pub(crate) struct Tunnel {
    pub(crate) id: TunnelId,
    pub(crate) session: Arc<AgentSession>,
    pub(crate) kind: TunnelKind,
    /// Its own public URL, when it has one.
    pub(crate) url: Option<String>,
    /// What guards it, for a tunnel with an endpoint of its own.
    pub(crate) gate: Option<gate::Gate>,
    /// What else it asks of its traffic.
    pub(crate) traffic: Option<Arc<Traffic>>,
    /// What it asks of the connections that it takes.
    pub(crate) transport: Transport,
    /// Whether other tunnels may share its URL.
    pub(crate) pooling: bool,
    pub(crate) name: String,
    pub(crate) forwards_to: String,
    pub(crate) upstream_protocol: UpstreamProtocol,
    pub(crate) metadata: String,
    pub(crate) description: String,
    pub(crate) started_at: DateTime<Utc>,
}

/// What a tunnel serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TunnelKind {
    /// An endpoint of its own.
    Endpoint {
        /// The endpoint's identifier, `ep_…`.
        id: EndpointId,
        /// How it is spoken to.
        scheme: Scheme,
        /// Its host and port.
        at: HostPort,
    },
    /// The tunnel groups whose labels it carries.
    Labeled(Labels),
}

impl Tunnel {
    /// How its own endpoint is spoken to, when it has one.
    pub(crate) fn scheme(&self) -> Option<Scheme> {
        match &self.kind {
            TunnelKind::Endpoint { scheme, .. } => Some(*scheme),
            TunnelKind::Labeled(_) => None,
        }
    }

    /// The address of a `tcp` endpoint that is reached from outside.
    pub(crate) fn tcp_address(&self) -> Option<&HostPort> {
        match &self.kind {
            TunnelKind::Endpoint { scheme: Scheme::Tcp, at, .. } if !at.is_internal() => Some(at),
            _ => None,
        }
    }

    pub(crate) fn view(&self) -> TunnelView {
        TunnelView {
            id: self.id.clone(),
            session: self.session.id.clone(),
            kind: self.kind.clone(),
            url: self.url.clone(),
            pooling: self.pooling,
            name: self.name.clone(),
            oidc: self.gate.is_some()
                || self.traffic.as_ref().is_some_and(|traffic| traffic.sign_in().is_some()),
            forwards_to: self.forwards_to.clone(),
            upstream_protocol: self.upstream_protocol,
            metadata: self.metadata.clone(),
            description: self.description.clone(),
            started_at: self.started_at,
        }
    }
}

/// An agent's session as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionView {
    /// Its identifier, `ts_…`.
    pub id: SessionId,
    /// The credential that it came with.
    pub credential: CredentialId,
    /// The address that it came from.
    pub address: SocketAddr,
    /// What the agent says of itself.
    pub agent: AgentInfo,
    /// When it began, stage time.
    pub started_at: DateTime<Utc>,
}

/// A tunnel as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TunnelView {
    /// Its identifier, `tn_…`, which the agent knows too.
    pub id: TunnelId,
    /// The session that holds it.
    pub session: SessionId,
    /// What it serves.
    pub kind: TunnelKind,
    /// Its own URL, when it has one.
    pub url: Option<String>,
    /// Whether other tunnels may share its URL.
    pub pooling: bool,
    /// What people call it.
    pub name: String,
    /// Whether its own endpoint asks people to sign in.
    pub oidc: bool,
    /// Where the agent says that it forwards to.
    pub forwards_to: String,
    /// What is spoken to the upstream.
    pub upstream_protocol: UpstreamProtocol,
    /// For machines.
    pub metadata: String,
    /// For people.
    pub description: String,
    /// When it was bound, stage time.
    pub started_at: DateTime<Utc>,
}

/// A public URL as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointView {
    /// Its identifier, `ep_…`.
    pub id: EndpointId,
    /// How it is spoken to.
    pub scheme: Scheme,
    /// Its host.
    pub host: Host,
    /// Its port.
    pub port: u16,
    /// The URL, `https://host[:port]`.
    pub url: String,
    /// The tunnel that it belongs to, when it is a tunnel's own.
    pub tunnel: Option<TunnelId>,
    /// The Edge that it belongs to, when it is an Edge's.
    pub edge: Option<EdgeId>,
    /// When it came to be, stage time.
    pub created_at: DateTime<Utc>,
}
