//! What an agent binds: an app, and what the edge and the agent do with its traffic.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio_rustls::rustls::{ClientConfig, ServerConfig};
use wire::message::{HttpOptions, Options, TcpOptions, TlsOptions};

use crate::config::{COMMAND_LINE, HttpTunnel, LabeledTunnel, Scheme};
use crate::upstream::Upstream;

/// A tunnel of any kind.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Its name here, `command_line` for the one that the command line asks for.
    pub name: String,
    /// The app.
    pub upstream: Upstream,
    /// How the app's certificate is checked, when TLS is spoken with it.
    pub upstream_tls: Option<Arc<ClientConfig>>,
    /// What HTTP is spoken with the app.
    pub upstream_protocol: UpstreamProtocol,
    /// What the app reads in the Host header instead of the endpoint's own name.
    pub host_header: Option<String>,
    /// What the edge is asked for.
    pub kind: Kind,
    /// The user's own words about it, for programs.
    pub metadata: String,
    /// The user's own words about it, for people.
    pub description: String,
    /// Other endpoints may share its URL.
    pub pooling: bool,
    /// Kinds of endpoint, `public` when empty.
    pub bindings: Vec<String>,
    /// Whether the inspector keeps what passes.
    pub inspect: bool,
}

/// What HTTP an app speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UpstreamProtocol {
    /// HTTP/1.1.
    #[default]
    Http1,
    /// HTTP/2: with prior knowledge in the clear, by ALPN over TLS.
    Http2,
}

/// What an edge is asked for.
#[derive(Clone, Debug)]
pub enum Kind {
    /// A web endpoint.
    Http {
        /// Its URL's scheme.
        scheme: Scheme,
        /// Its options.
        options: Box<HttpOptions>,
    },
    /// A port.
    Tcp(Box<TcpOptions>),
    /// A name, whose TLS the edge leaves closed unless its options say otherwise.
    Tls {
        /// Its options.
        options: Box<TlsOptions>,
        /// The agent ends TLS as this server.
        terminate: Option<Arc<ServerConfig>>,
    },
    /// A part of an Edge that exists already, found by these labels.
    Labeled(BTreeMap<String, String>),
}

impl Endpoint {
    /// An endpoint of this kind for an app, with nothing else asked for.
    pub fn new(upstream: Upstream, kind: Kind) -> Self {
        Self {
            name: COMMAND_LINE.to_owned(),
            upstream,
            upstream_tls: None,
            upstream_protocol: UpstreamProtocol::default(),
            host_header: None,
            kind,
            metadata: String::new(),
            description: String::new(),
            pooling: false,
            bindings: Vec::new(),
            inspect: true,
        }
    }

    /// The labels as they are written on a command line; empty for a tunnel with a URL.
    pub(crate) fn labels(&self) -> String {
        match &self.kind {
            Kind::Labeled(labels) => LabeledTunnel::shown(labels),
            _ => String::new(),
        }
    }

    /// The protocol's name on the wire; empty for a labeled tunnel.
    pub(crate) fn proto(&self) -> &'static str {
        match &self.kind {
            Kind::Http { scheme, .. } => scheme.proto(),
            Kind::Tcp(_) => "tcp",
            Kind::Tls { .. } => "tls",
            Kind::Labeled(_) => "",
        }
    }

    pub(crate) fn forwards_proto(&self) -> &'static str {
        match self.upstream_protocol {
            UpstreamProtocol::Http1 => "",
            UpstreamProtocol::Http2 => "http2",
        }
    }

    pub(crate) fn options(&self) -> Options {
        match &self.kind {
            Kind::Http { options, .. } => Options::new(options),
            Kind::Tcp(options) => Options::new(options),
            Kind::Tls { options, .. } => Options::new(options),
            Kind::Labeled(_) => Options::default(),
        }
    }

    /// Whether each connection begins with a PROXY header.
    pub(crate) fn has_proxy_header(&self) -> bool {
        match &self.kind {
            Kind::Http { options, .. } => options.proxy_proto != 0,
            Kind::Tcp(options) => options.proxy_proto != 0,
            Kind::Tls { options, .. } => options.proxy_proto != 0,
            Kind::Labeled(_) => false,
        }
    }

    /// As which server the agent ends TLS, if it does.
    pub(crate) fn terminate(&self) -> Option<&Arc<ServerConfig>> {
        match &self.kind {
            Kind::Tls { terminate, .. } => terminate.as_ref(),
            _ => None,
        }
    }
}

impl From<HttpTunnel> for Endpoint {
    fn from(tunnel: HttpTunnel) -> Self {
        let HttpTunnel { name, upstream, scheme, options, metadata } = tunnel;
        let kind = Kind::Http { scheme, options: Box::new(options) };
        Self { name, metadata, ..Self::new(upstream, kind) }
    }
}

impl From<LabeledTunnel> for Endpoint {
    fn from(tunnel: LabeledTunnel) -> Self {
        let LabeledTunnel { name, upstream, labels, metadata } = tunnel;
        Self { name, metadata, ..Self::new(upstream, Kind::Labeled(labels)) }
    }
}
