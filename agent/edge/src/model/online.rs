//! What is online right now: agents' sessions and the tunnels that they hold.

use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use ground::{Connection, Sink};
use tokio::sync::watch;

use super::{AccountId, CredentialId, EdgeId, EndpointId, Host, Labels, SessionId, TunnelId};
use crate::event::Event;
use crate::proxy::Upstreams;

/// How an endpoint is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// HTTP in the clear.
    Http,
    /// HTTP over TLS.
    Https,
}

impl Scheme {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "http" => Some(Self::Http),
            "https" => Some(Self::Https),
            _ => None,
        }
    }

    /// `http` or `https`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
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
        /// Its host.
        host: Host,
    },
    /// The tunnel groups whose labels it carries.
    Labeled(Labels),
}

impl Tunnel {
    pub(crate) fn view(&self) -> TunnelView {
        TunnelView {
            id: self.id.clone(),
            session: self.session.id.clone(),
            kind: self.kind.clone(),
            oidc: self.gate.is_some(),
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
    /// The URL, `https://host[:port]`.
    pub url: String,
    /// The tunnel that it belongs to, when it is a tunnel's own.
    pub tunnel: Option<TunnelId>,
    /// The Edge that it belongs to, when it is an Edge's.
    pub edge: Option<EdgeId>,
    /// When it came to be, stage time.
    pub created_at: DateTime<Utc>,
}

/// All sessions and tunnels, oldest first. Says which tunnels come and go.
#[derive(Debug)]
pub(crate) struct Online {
    sink: Sink<Event>,
    sessions: Vec<Arc<AgentSession>>,
    tunnels: Vec<Arc<Tunnel>>,
    by_url: HashMap<(Scheme, Host), Arc<Tunnel>>,
}

impl Online {
    pub(crate) fn new(sink: Sink<Event>) -> Self {
        Self { sink, sessions: Vec::new(), tunnels: Vec::new(), by_url: HashMap::new() }
    }

    pub(crate) fn sessions(&self) -> &[Arc<AgentSession>] {
        &self.sessions
    }

    pub(crate) fn tunnels(&self) -> &[Arc<Tunnel>] {
        &self.tunnels
    }

    pub(crate) fn sessions_of(&self, credential: &CredentialId) -> Vec<Arc<AgentSession>> {
        self.sessions.iter().filter(|session| session.credential == *credential).cloned().collect()
    }

    pub(crate) fn add_session(&mut self, session: Arc<AgentSession>) {
        self.sessions.push(session);
    }

    pub(crate) fn has_session(&self, id: &SessionId) -> bool {
        self.sessions.iter().any(|session| session.id == *id)
    }

    /// Forgets a session and its tunnels.
    pub(crate) fn remove_session(&mut self, id: &SessionId) {
        self.sessions.retain(|session| session.id != *id);
        let held = self.tunnels.iter().filter(|tunnel| tunnel.session.id == *id);
        for tunnel in held.map(|tunnel| tunnel.id.clone()).collect::<Vec<_>>() {
            self.remove_tunnel(&tunnel);
        }
    }

    /// Forgets a session from this moment on, and has its task end it.
    pub(crate) fn displace(&mut self, session: &AgentSession, why: &'static str) {
        self.remove_session(&session.id);
        session.end(why);
    }

    pub(crate) fn add_tunnel(&mut self, tunnel: Arc<Tunnel>) {
        if let TunnelKind::Endpoint { scheme, host, .. } = &tunnel.kind {
            self.by_url.insert((*scheme, host.clone()), Arc::clone(&tunnel));
        }
        self.sink.emit(Event::TunnelUp { tunnel: tunnel.view(), url: tunnel.url.clone() });
        self.tunnels.push(tunnel);
    }

    pub(crate) fn remove_tunnel(&mut self, id: &TunnelId) -> Option<Arc<Tunnel>> {
        let place = self.tunnels.iter().position(|tunnel| tunnel.id == *id)?;
        self.by_url.retain(|_, tunnel| tunnel.id != *id);
        let tunnel = self.tunnels.remove(place);
        self.sink.emit(Event::TunnelDown { tunnel: id.clone(), session: tunnel.session.id.clone() });
        Some(tunnel)
    }

    /// Puts a changed tunnel in its own place.
    pub(crate) fn replace_tunnel(&mut self, changed: &Arc<Tunnel>) {
        for known in self.tunnels.iter_mut().chain(self.by_url.values_mut()) {
            if known.id == changed.id {
                known.clone_from(changed);
            }
        }
    }

    pub(crate) fn tunnel(&self, id: &TunnelId) -> Option<&Arc<Tunnel>> {
        self.tunnels.iter().find(|tunnel| tunnel.id == *id)
    }

    /// The tunnel whose own endpoint this is.
    pub(crate) fn bound(&self, scheme: Scheme, host: &Host) -> Option<&Arc<Tunnel>> {
        self.by_url.get(&(scheme, host.clone()))
    }
}
