//! What the edge saw, as evidence.

use std::time::{Duration, Instant};

use ground::Connection;
use ground::evidence::Exchange;
use http::{HeaderMap, Method, StatusCode};

use crate::code::{Code, Refusal};
use crate::model::{AccountId, AgentInfo, EdgeId, EndpointId, RouteId, SessionId, TunnelId, TunnelView};

/// Something that happened at the edge. Values are unredacted, see [`Exchange`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// An agent was let in.
    SessionUp {
        /// Its session.
        session: SessionId,
        /// Whose agent it is.
        account: AccountId,
        /// The connection that carries the session.
        connection: Connection,
        /// What the agent says of itself.
        agent: AgentInfo,
        /// Whether it was here before.
        returned: bool,
    },
    /// An agent was turned away.
    AgentRefused {
        /// The connection that it came on.
        connection: Connection,
        /// Why.
        refusal: Refusal,
    },
    /// An agent's connection ended before it was let in, or broke the protocol.
    AgentLost {
        /// The connection.
        connection: Connection,
        /// What happened.
        reason: String,
    },
    /// An agent's session ended, and its tunnels with it.
    SessionDown {
        /// The session.
        session: SessionId,
        /// Why it ended.
        reason: String,
    },
    /// A tunnel is online.
    TunnelUp {
        /// The tunnel and the session that holds it.
        tunnel: TunnelView,
        /// Its own public URL; none for a labeled tunnel.
        url: Option<String>,
    },
    /// A tunnel was refused.
    TunnelRefused {
        /// The session that asked.
        session: SessionId,
        /// Why.
        refusal: Refusal,
    },
    /// A tunnel is no longer online.
    TunnelDown {
        /// The tunnel.
        tunnel: TunnelId,
        /// The session that held it.
        session: SessionId,
    },
    /// What came on a connection of the public side could be framed in more than one way. It went no further.
    Malformed {
        /// The client's connection.
        connection: Connection,
        /// What was wrong.
        reason: String,
    },
    /// A request on the public side was answered.
    Answered(Box<Answered>),
    /// A module, or an action of a traffic policy, did its work.
    Acted(Box<Acted>),
    /// A connection of a `tcp` or `tls` endpoint has ended.
    Carried(Box<Carried>),
    /// An answer was broken off, or a WebSocket closed, since the session that it had come through ended.
    CutShort {
        /// The client's connection.
        connection: Connection,
        /// The tunnel that it went through.
        tunnel: TunnelId,
        /// The stream of the agent's connection.
        stream: u32,
        /// The session that ended.
        session: gate::SessionId,
        /// Why it ended.
        why: gate::SessionEnd,
    },
    /// The gate said something of logins and sessions.
    Gate(gate::Event),
    /// What happened to people's sessions could not be written to the store; it is written with the next change.
    NotKept {
        /// Why not.
        reason: String,
    },
    /// The gate asked an issuer.
    Asked(Box<Asked>),
}

/// A request on the public side with its answer, and what became of it between the two.
#[derive(Clone, Debug)]
pub struct Answered {
    /// Heads and connection.
    pub exchange: Exchange,
    /// The endpoint that it was for, where there is one.
    pub endpoint: Option<EndpointId>,
    /// The Edge's route that it took, when the endpoint is an Edge's.
    pub route: Option<(EdgeId, RouteId)>,
    /// What the gate said.
    pub passage: Passage,
    /// The tunnel that it went through, when an upstream answered.
    pub forwarded: Option<Forwarded>,
    /// The code of the edge's own refusal, when it refused (the gate's refusals are in `passage`).
    pub code: Option<Code>,
}

/// A connection of a `tcp` or `tls` endpoint, after its end.
#[derive(Clone, Debug)]
pub struct Carried {
    /// The client's connection.
    pub connection: Connection,
    /// The endpoint.
    pub endpoint: EndpointId,
    /// The tunnel that it went through, when it did.
    pub forwarded: Option<Forwarded>,
    /// How many bytes the client sent.
    pub up: u64,
    /// How many bytes the upstream sent.
    pub down: u64,
    /// How it ended.
    pub outcome: Outcome,
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Both directions came to their end.
    InOrder,
    /// One end broke it off.
    Broken,
    /// The edge refused it.
    Refused(Code),
    /// The endpoint's policy wanted it closed.
    Denied,
}

/// What a module, or an action of a traffic policy, did to an exchange or a connection.
#[derive(Clone, Debug)]
pub struct Acted {
    /// The client's connection.
    pub connection: Connection,
    /// The endpoint that asked for it.
    pub endpoint: EndpointId,
    /// When: `on_tcp_connect`, `on_http_request` or `on_http_response`.
    pub phase: String,
    /// The policy's rule, by its name or its place; none for a module.
    pub rule: Option<String>,
    /// The action: `restrict-ips`.
    pub action: &'static str,
    /// What it did.
    pub act: Act,
}

/// What an action did.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// It let the exchange go on, changed or not.
    Passed {
        /// What `log` had to say.
        note: Option<serde_json::Value>,
    },
    /// It answered in the upstream's place.
    Answered {
        /// The answer's status.
        status: StatusCode,
    },
    /// It refused.
    Denied {
        /// The refusal's status.
        status: StatusCode,
        /// The refusal's code, when it has one.
        code: Option<Code>,
        /// What the endpoint's owner should know besides.
        detail: Option<String>,
    },
}

/// What the gate said to a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Passage {
    /// Nothing guards the place, or no place was found.
    #[default]
    Unguarded,
    /// Someone with a session passed.
    Person {
        /// Who, by the issuer's word.
        identity: gate::Identity,
        /// The session.
        session: gate::SessionId,
    },
    /// A CORS preflight passed without a session.
    Preflight,
    /// The gate answered by itself: a redirect, a page, a refusal.
    Stopped,
}

/// How a request went to an upstream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forwarded {
    /// The tunnel.
    pub tunnel: TunnelId,
    /// The agent's session.
    pub session: SessionId,
    /// The agent's connection.
    pub agent: Connection,
    /// The stream of that connection.
    pub stream: u32,
}

/// A request of the gate's to an issuer.
#[derive(Clone, Debug)]
pub struct Asked {
    /// When it began.
    pub began: Instant,
    /// The request's method.
    pub method: Method,
    /// The whole URL.
    pub url: String,
    /// The request's headers.
    pub request_headers: HeaderMap,
    /// What came back: status and headers, or why nothing did.
    pub outcome: Result<(StatusCode, HeaderMap), String>,
    /// How long it took.
    pub took: Duration,
}
