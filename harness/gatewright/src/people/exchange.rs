//! What a page's own script can do on the network, and what came of it.

use std::time::Duration;

use http::{HeaderMap, Method, StatusCode};

/// A `fetch()` from the page that is open, with the page's origin and cookies (credentials `same-origin`, redirects
/// followed).
#[derive(Clone, Debug)]
pub struct Fetch {
    /// The method.
    pub method: Method,
    /// What to ask for, absolute or relative to the page.
    pub url: String,
    /// Headers to set; the browser refuses some.
    pub headers: Vec<(String, String)>,
    /// A text to send.
    pub body: Option<String>,
}

impl Fetch {
    /// A plain `GET`.
    pub fn get(url: impl Into<String>) -> Self {
        Self { method: Method::GET, url: url.into(), headers: Vec::new(), body: None }
    }
}

/// What came of a [`Fetch`] or an [`Upload`].
#[derive(Clone, Debug)]
pub enum Fetched {
    /// An answer.
    Answer {
        /// Its status; none where the page may not know (an opaque answer).
        status: Option<StatusCode>,
        /// Its headers, those that the page may see.
        headers: HeaderMap,
        /// Its body, as text, at most 1 MiB of it.
        body: String,
        /// Where it came from in the end.
        url: String,
    },
    /// No answer that the page may have.
    NetworkError {
        /// The browser's reason: `net::ERR_…`, a CORS rule, or what the script was told.
        reason: String,
    },
}

/// A WebSocket conversation from the page.
#[derive(Clone, Debug)]
pub struct Talk {
    /// Where, `wss:`.
    pub url: String,
    /// Subprotocols to offer.
    pub protocols: Vec<String>,
    /// Text messages to send, in order, once it is open.
    pub say: Vec<String>,
    /// How many messages to wait for before closing.
    pub hear: usize,
}

/// What came of a [`Talk`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Talked {
    /// It opened.
    Opened {
        /// The subprotocol that was agreed on, or nothing.
        protocol: String,
        /// What was heard.
        heard: Vec<String>,
        /// Code and reason, if the other side closed before all was heard (RFC 6455, 7.1.5).
        closed: Option<(u16, String)>,
    },
    /// It never opened.
    Refused {
        /// The handshake's status, where there was an answer.
        status: Option<StatusCode>,
        /// The browser's reason.
        reason: String,
    },
}

/// Listening to server-sent events from the page.
#[derive(Clone, Debug)]
pub struct Stream {
    /// Where, absolute or relative to the page.
    pub url: String,
    /// Event types to listen to; `message` is always one of them.
    pub types: Vec<String>,
    /// How many events to wait for before closing.
    pub count: usize,
}

/// What came of a [`Stream`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Streamed {
    /// The events, in order.
    Events(Vec<ServerSentEvent>),
    /// The stream failed before they were complete.
    Refused {
        /// The answer's status, where there was one.
        status: Option<StatusCode>,
        /// What came before.
        events: Vec<ServerSentEvent>,
    },
}

/// A server-sent event (HTML, 9.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerSentEvent {
    /// Its type, `message` unless it says otherwise.
    pub event: String,
    /// Its data.
    pub data: String,
    /// The stream's last event id.
    pub id: String,
}

/// A large body, sent from the page with `fetch()`.
#[derive(Clone, Debug)]
pub struct Upload {
    /// `POST` or `PUT`.
    pub method: Method,
    /// Where to, absolute or relative to the page.
    pub url: String,
    /// How much, in MiB.
    pub mebibytes: u32,
    /// How long it may take in all.
    pub within: Duration,
}
