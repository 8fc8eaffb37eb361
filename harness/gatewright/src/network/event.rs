//! What the network saw.

use ground::Connection;

/// One thing that the network saw.
#[derive(Clone, Debug)]
pub enum Event {
    /// A way was opened.
    Connected(Connected),
    /// No way was given.
    Refused(Refused),
    /// A way that was opened has ended.
    Closed(Closed),
}

/// Someone got a connection to a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connected {
    /// This connection among all of its network.
    pub id: u64,
    /// Who asked for it.
    pub who: String,
    /// The name that was asked for, in lower case.
    pub host: String,
    /// The port that was asked for.
    pub port: u16,
    /// The member's connection to the proxy.
    pub member: Connection,
    /// The proxy's connection to the target, from the member's own source address, as the target sees it.
    pub target: Connection,
}

/// Someone asked for a name and got no connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Who asked for it.
    pub who: String,
    /// The name that was asked for, in lower case.
    pub host: String,
    /// The port that was asked for.
    pub port: u16,
    /// Why not.
    pub why: Refusal,
    /// On whose behalf.
    pub asker: Asker,
}

/// Why no connection was given. Shown, it is a sentence's end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nothing in this stage has that name.
    #[error("no such name in this stage")]
    UnknownName,
    /// The name is served, but not on that port.
    #[error("the name is served on port {}, not on this one", ports(.served))]
    WrongPort {
        /// The ports that it is served on.
        served: Vec<u16>,
    },
    /// Plain HTTP was asked of the proxy instead of a connection.
    #[error("the stage speaks HTTPS alone, through CONNECT")]
    PlainHttp,
    /// The name is served, but what serves it does not take connections.
    #[error("what serves the name cannot be reached: {0}")]
    Unreachable(String),
}

/// On whose behalf a name was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asker {
    /// The member: a page, a person, a part.
    Member,
    /// The browser itself, for a service of its maker's; no page and no person did it.
    BrowserItself,
}

/// A connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// The [`Connected::id`] of it.
    pub id: u64,
    /// Who had asked for it.
    pub who: String,
    /// The name that it led to.
    pub host: String,
    /// The port that it led to.
    pub port: u16,
    /// Bytes that went from the member to the target.
    pub up: u64,
    /// Bytes that went from the target to the member.
    pub down: u64,
    /// How it ended.
    pub ending: Ending,
}

/// How a connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Both ends had said all they had to say.
    Finished,
    /// One end broke it off; the reason is the system's.
    Broken(String),
    /// It was cut on request: [`Network::cut`](super::Network::cut).
    Cut,
    /// The network went down with it.
    NetworkStopped,
}

fn ports(served: &[u16]) -> String {
    served.iter().map(u16::to_string).collect::<Vec<_>>().join(", ")
}

/// Names that Chromium asks for by itself, whatever page is open.
const BROWSERS_OWN: &[&str] = &[
    "accounts.google.com",
    "android.clients.google.com",
    "clients1.google.com",
    "clients2.google.com",
    "clients2.googleusercontent.com",
    "clientservices.googleapis.com",
    "connectivitycheck.gstatic.com",
    "content-autofill.googleapis.com",
    "edgedl.me.gvt1.com",
    "mtalk.google.com",
    "optimizationguide-pa.googleapis.com",
    "redirector.gvt1.com",
    "safebrowsing.googleapis.com",
    "safebrowsingohttpgateway.googleapis.com",
    "update.googleapis.com",
];

impl Asker {
    /// Whose doing it is when a name that the stage does not serve is asked for.
    pub(super) fn of(host: &str) -> Self {
        if BROWSERS_OWN.contains(&host) { Self::BrowserItself } else { Self::Member }
    }
}
