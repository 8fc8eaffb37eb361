//! What an agent says it saw: the evidence of a stage, and the source of its log.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ground::Connection;

use crate::error::AgentError;

/// Something happened. Values are unredacted; whoever writes them out passes them through a
/// [`Redactor`](ground::redaction::Redactor).
#[derive(Clone, Debug)]
pub enum Event {
    /// The edge let the agent in, for the first time or again.
    SessionEstablished {
        /// The session's id at the edge, `ts_…`; the agent's id when the edge names none.
        session: String,
        /// The agent's TCP connection to the edge (or to the proxy on the way), from the edge's side.
        connection: Connection,
        /// The edge's region.
        region: String,
        /// The session stands in for one that was lost.
        again: bool,
    },
    /// The session is over.
    SessionLost {
        /// The session's id at the edge.
        session: String,
        /// Why.
        reason: String,
    },
    /// The agent will try again.
    Reconnecting {
        /// How many attempts failed so far.
        failed: u32,
        /// How long it waits first.
        delay: Duration,
        /// Why the last attempt failed; none before the first.
        reason: Option<String>,
    },
    /// A tunnel is up, for the first time or again.
    TunnelStarted {
        /// Its name here.
        name: String,
        /// Its id at the edge.
        id: String,
        /// Its public URL; none for a labeled tunnel.
        url: Option<String>,
        /// Its labels, `edge=edghts_…`; empty for a tunnel with a URL.
        labels: String,
        /// The app, `http://localhost:3000`.
        upstream: String,
    },
    /// A tunnel is gone.
    TunnelStopped {
        /// Its name here.
        name: String,
        /// Its id at the edge.
        id: String,
        /// The edge's reason; none when the agent gave it back.
        reason: Option<String>,
    },
    /// A proxied connection came and was joined to the app.
    ConnectionOpened {
        /// Where it came.
        at: StreamRef,
        /// The tunnel's name.
        tunnel: String,
        /// The client at the edge.
        client: SocketAddr,
        /// The agent's TCP connection to the app, from the app's side.
        upstream: Connection,
    },
    /// A proxied connection came and the app could not be reached.
    UpstreamUnreachable {
        /// Where it came.
        at: StreamRef,
        /// The tunnel's name.
        tunnel: String,
        /// The client at the edge.
        client: SocketAddr,
        /// The app.
        upstream: String,
        /// What happened.
        reason: String,
    },
    /// An HTTP/1.1 exchange passed by.
    Exchange {
        /// Where it passed.
        at: StreamRef,
        /// The request's method.
        method: String,
        /// What it asked for: path and query.
        target: String,
        /// The answer's status.
        status: u16,
        /// The answer's reason phrase.
        reason: String,
        /// From the request's first byte to the answer's first line.
        took: Duration,
    },
    /// A proxied connection is over.
    ConnectionClosed {
        /// Where it came.
        at: StreamRef,
        /// Bytes from the client to the app.
        received: u64,
        /// Bytes from the app to the client.
        sent: u64,
        /// For how long it was open.
        lasted: Duration,
        /// Why it broke; none when both sides ended it in good order.
        reason: Option<String>,
    },
    /// The edge asked for something that only the agent's user could do.
    Commanded {
        /// `stop`, `restart` or `update`.
        command: &'static str,
        /// Whether the agent obeys.
        obeyed: bool,
    },
    /// The agent is done.
    Ended {
        /// Why.
        error: Arc<AgentError>,
    },
}

/// A proxied connection's stream: what the edge's evidence has for the same connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StreamRef {
    /// The session's id at the edge.
    pub session: String,
    /// The stream's id in the session.
    pub stream: u32,
}
