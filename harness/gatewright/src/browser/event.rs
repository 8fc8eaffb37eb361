//! What a person's browser saw and did. The browserless person tells of itself in the same words.
//!
//! Values are as they were sent, unredacted: whoever writes them out passes them through a
//! [`Redactor`](ground::redaction::Redactor).

use std::fmt;
use std::net::SocketAddr;

use http::{HeaderMap, Method, StatusCode, Version};

/// One thing that happened in a person's profile.
#[derive(Clone, Debug)]
pub enum Event {
    /// A tab opened.
    TabOpened {
        /// The tab.
        tab: TabId,
        /// The tab whose page opened it, if a page did.
        opener: Option<TabId>,
    },
    /// A tab closed.
    TabClosed {
        /// The tab.
        tab: TabId,
    },
    /// The address bar shows another address.
    Navigated(Navigated),
    /// A request left.
    Request(Request),
    /// Its answer's head came; a redirect is an answer too.
    Response(Response),
    /// Its answer's body came to its end.
    Finished {
        /// The request.
        request: RequestId,
        /// Bytes that came, as they were encoded.
        bytes: u64,
    },
    /// It came to nothing.
    Failed(Failed),
    /// A WebSocket did something.
    WebSocket(WebSocket),
    /// Something was written to the console.
    Console(Console),
}

/// A tab, by the browser's own name for it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TabId(pub(crate) String);

/// A request, by the browser's own name for it; it keeps the name over redirects.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(pub(crate) String);

impl fmt::Display for TabId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The address bar shows another address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Navigated {
    /// Where.
    pub tab: TabId,
    /// The new address, fragment included.
    pub url: String,
    /// Whether there is a new document behind it.
    pub new_document: bool,
    /// Whether the browser shows a page of its own there, since nothing could be loaded.
    pub error_page: bool,
}

/// What a request is for (Fetch, 2.2.5, as the browser's tools name it).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A page, or a frame in one.
    Document,
    /// `fetch()`.
    Fetch,
    /// `XMLHttpRequest`.
    Xhr,
    /// `EventSource`.
    EventSource,
    /// The question whether another origin may ask.
    Preflight,
    /// A script.
    Script,
    /// A style sheet.
    Stylesheet,
    /// A picture.
    Image,
    /// A font.
    Font,
    /// Anything else.
    Other,
}

/// A request left.
#[derive(Clone, Debug)]
pub struct Request {
    /// Which.
    pub id: RequestId,
    /// Where from.
    pub tab: TabId,
    /// What for.
    pub kind: Kind,
    /// Whether a tab's own document is asked for.
    pub navigation: bool,
    /// Its method.
    pub method: Method,
    /// What is asked for, without fragment.
    pub url: String,
}

/// The head of an answer.
#[derive(Clone, Debug)]
pub struct Response {
    /// To which request.
    pub id: RequestId,
    /// Where.
    pub tab: TabId,
    /// What for.
    pub kind: Kind,
    /// Whether a tab's own document was asked for.
    pub navigation: bool,
    /// What was asked and answered.
    pub hop: Hop,
    /// The HTTP version that was spoken, where the browser tells.
    pub version: Option<Version>,
    /// Where the connection went; behind a proxy that is the proxy.
    pub remote: Option<SocketAddr>,
    /// Whether the browser answered itself, from its cache.
    pub from_cache: bool,
}

/// One step of a chain: a request and the head of its answer, as they really went over the wire (cookies included).
#[derive(Clone, Debug)]
pub struct Hop {
    /// The request's method.
    pub method: Method,
    /// What was asked for, without fragment.
    pub url: String,
    /// The request's headers.
    pub request_headers: HeaderMap,
    /// The answer's status.
    pub status: StatusCode,
    /// The answer's headers.
    pub response_headers: HeaderMap,
}

/// A request that came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// Which.
    pub request: RequestId,
    /// Where from.
    pub tab: TabId,
    /// Whether a tab's own document was asked for.
    pub navigation: bool,
    /// What was asked for.
    pub url: String,
    /// The browser's word for the reason: `net::ERR_CERT_COMMON_NAME_INVALID`, `net::ERR_TUNNEL_CONNECTION_FAILED`,
    /// `blocked by CORS: …`.
    pub reason: String,
    /// Whether the page or the person gave it up, rather than the network.
    pub canceled: bool,
}

/// A WebSocket did something.
#[derive(Clone, Debug)]
pub struct WebSocket {
    /// Which.
    pub id: RequestId,
    /// Where from.
    pub tab: TabId,
    /// Where to.
    pub url: String,
    /// What.
    pub what: WebSocketDoing,
}

/// What a WebSocket did.
#[derive(Clone, Debug)]
pub enum WebSocketDoing {
    /// It asked for its handshake, with these headers.
    Asked(HeaderMap),
    /// The handshake was answered.
    Answered {
        /// 101 if it was granted.
        status: StatusCode,
        /// The answer's headers.
        headers: HeaderMap,
    },
    /// It sent a message.
    Sent(Frame),
    /// A message came.
    Received(Frame),
    /// It failed, for this reason.
    Failed(String),
    /// It closed.
    Closed,
}

/// A message on a WebSocket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// Text.
    Text(String),
    /// Bytes, in base64.
    Binary(String),
    /// Ping, pong, close: its opcode (RFC 6455, 5.2).
    Control(u8),
}

/// A line on the console.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Console {
    /// Where.
    pub tab: TabId,
    /// How grave.
    pub level: Level,
    /// What it says.
    pub text: String,
    /// Which script or page it is about, and its line (from 1), where known.
    pub place: Option<(String, u64)>,
}

/// How grave a line on the console is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Chatter.
    Debug,
    /// Information.
    Info,
    /// A warning.
    Warning,
    /// An error: uncaught exceptions and failed loads too.
    Error,
}
