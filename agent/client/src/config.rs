//! What an agent is told: which edge to join and as whom, and what to bind there.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use ground::{Outbound, Secret};
use tokio_rustls::rustls::ClientConfig;
use wire::heartbeat::Pace;
use wire::message::{HttpOptions, Oidc};

use crate::error::PATIENCE;
use crate::inspector::Inspector;
use crate::proxy::Proxy;
use crate::upstream::{Mistake, Upstream, host_and_port};

/// Which edge an agent joins, as whom, and how it reaches both the edge and the apps.
#[derive(Clone, Debug)]
pub struct Config {
    /// The edge's agent ingress.
    pub server_addr: ServerAddr,
    /// Whom to trust there (no ALPN is spoken): see [`ground::authority::client_config_trusting`] for a PEM file.
    pub tls: Arc<ClientConfig>,
    /// The credential; an edge refuses an agent without one (ERR_NGROK_4018).
    pub authtoken: Option<Secret>,
    /// The user's own words about the session.
    pub metadata: String,
    /// Heartbeats, both as sent and as announced to the edge.
    pub pace: Pace,
    /// The way to the edge.
    pub to_edge: Outbound,
    /// The way to the apps, which are on this machine.
    pub to_upstreams: Outbound,
}

/// What else an agent may be told. The default: no proxy, nothing kept for an inspector.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Whom to ask for the way to the edge.
    pub proxy: Option<Proxy>,
    /// How long a connection to the edge may take to come about. Real time.
    pub connect_timeout: Duration,
    /// Where HTTP exchanges are kept, if they are.
    pub inspector: Option<Arc<Inspector>>,
    /// The version of the configuration file, for the edge to know; empty without one.
    pub config_version: String,
}

impl Default for Setup {
    fn default() -> Self {
        Self { proxy: None, connect_timeout: PATIENCE, inspector: None, config_version: String::new() }
    }
}

/// Where an edge takes agents: `host[:port]`, the port 443 unless given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerAddr {
    host: String,
    port: u16,
}

/// A text that is no server's address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a server address; it is host or host:port, as in connect.tunnel.test:443")]
pub struct ServerAddrError(String);

impl ServerAddr {
    /// The host, an IPv6 address without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl FromStr for ServerAddr {
    type Err = ServerAddrError;

    fn from_str(text: &str) -> Result<Self, ServerAddrError> {
        match host_and_port(text, Some(443)) {
            Ok((host, port)) => Ok(Self { host, port }),
            Err(Mistake::Host | Mistake::Port) => Err(ServerAddrError(text.to_owned())),
        }
    }
}

impl fmt::Display for ServerAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// An endpoint of its own for an app.
#[derive(Clone, Debug)]
pub struct HttpTunnel {
    /// The tunnel's name here, `command_line` for the one that the command line asks for.
    pub name: String,
    /// The app.
    pub upstream: Upstream,
    /// The endpoint's scheme.
    pub scheme: Scheme,
    /// What the edge is asked for: domain, OIDC and the other modules.
    pub options: HttpOptions,
    /// The user's own words about the tunnel.
    pub metadata: String,
}

/// A public URL's scheme.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scheme {
    /// `https`, the default.
    #[default]
    Https,
    /// `http`.
    Http,
}

impl FromStr for Scheme {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "https" => Ok(Scheme::Https),
            "http" => Ok(Scheme::Http),
            _ => Err(()),
        }
    }
}

impl Scheme {
    pub(crate) fn proto(self) -> &'static str {
        match self {
            Scheme::Https => "https",
            Scheme::Http => "http",
        }
    }
}

/// The name of the tunnel that a command line asks for.
pub const COMMAND_LINE: &str = "command_line";

impl HttpTunnel {
    /// A tunnel to `upstream` under a name that the edge chooses, open to everyone.
    pub fn new(upstream: Upstream) -> Self {
        Self {
            name: COMMAND_LINE.to_owned(),
            upstream,
            scheme: Scheme::default(),
            options: HttpOptions::default(),
            metadata: String::new(),
        }
    }

    /// Asks for this domain.
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.options.domain = domain.into();
        self
    }

    /// Lets only those in whom this provider vouches for.
    pub fn oidc(mut self, oidc: Oidc) -> Self {
        self.options.oidc = Some(oidc);
        self
    }
}

/// An app behind an Edge that exists already, found by its labels.
#[derive(Clone, Debug)]
pub struct LabeledTunnel {
    /// The tunnel's name here.
    pub name: String,
    /// The app.
    pub upstream: Upstream,
    /// The labels, `edge` = `edghts_…` among them.
    pub labels: BTreeMap<String, String>,
    /// The user's own words about the tunnel.
    pub metadata: String,
}

impl LabeledTunnel {
    /// A tunnel to `upstream` with one label.
    pub fn new(upstream: Upstream, key: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            name: COMMAND_LINE.to_owned(),
            upstream,
            labels: BTreeMap::from([(key.into(), value.into())]),
            metadata: String::new(),
        }
    }

    /// The labels as they are written on a command line, `edge=edghts_…`.
    pub(crate) fn shown(labels: &BTreeMap<String, String>) -> String {
        labels.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(",")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_address_may_leave_its_port_out() {
        let shown = |text: &str| text.parse::<ServerAddr>().map(|address| address.to_string());
        assert_eq!(shown("connect.tunnel.test"), Ok("connect.tunnel.test:443".into()));
        assert_eq!(shown("localhost:4443"), Ok("localhost:4443".into()));
        assert_eq!(shown("[::1]:4443"), Ok("[::1]:4443".into()));
        assert_eq!(
            shown("https://edge").unwrap_err().to_string(),
            "\"https://edge\" is not a server address; it is host or host:port, as in connect.tunnel.test:443"
        );
    }
}
