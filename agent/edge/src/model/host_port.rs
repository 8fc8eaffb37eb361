//! Where an endpoint is: what ngrok calls its hostport.

use std::fmt;

use super::Host;

/// The top-level domain of the names that only endpoints of the same account reach.
const INTERNAL: &str = "internal";

/// A host and a port: no two endpoints share one, unless they are one pool.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HostPort {
    /// The name.
    pub host: Host,
    /// The port.
    pub port: u16,
}

impl HostPort {
    /// The address in `text`, `host:port`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (host, port) = text.rsplit_once(':')?;
        Some(Self { host: Host::parse(host).ok()?, port: port.parse().ok().filter(|port| *port != 0)? })
    }

    /// Whether only endpoints of the same account reach it.
    pub(crate) fn is_internal(&self) -> bool {
        self.host.is_internal()
    }
}

impl Host {
    /// Whether the name is one that only endpoints of the same account reach.
    pub(crate) fn is_internal(&self) -> bool {
        self.as_str().rsplit('.').next() == Some(INTERNAL)
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}
