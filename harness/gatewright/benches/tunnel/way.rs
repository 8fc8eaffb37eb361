//! The ways to the upstream.

use std::net::SocketAddr;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::Outcome;
use crate::scene::Scene;

/// A connection, whatever it is made of.
pub(crate) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// A way to the upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// A plain connection.
    Direct,
    /// A plain connection to rathole, and on through its own TLS.
    Rathole,
    /// TLS to the edge, and on through the agent's TLS; nobody is asked who they are.
    Open,
    /// The same with a gate, and a session at it.
    Guarded,
}

impl Way {
    pub(crate) const ALL: [Self; 4] = [Self::Direct, Self::Rathole, Self::Open, Self::Guarded];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Direct => "straight to the upstream",
            Self::Rathole => "through rathole with TLS",
            Self::Open => "TLS, edge and agent",
            Self::Guarded => "TLS, edge, gate with a session, and agent",
        }
    }

    /// The host that it asks for.
    pub(crate) fn host(self) -> &'static str {
        match self {
            Self::Direct | Self::Rathole => "localhost",
            Self::Open => "open.tunnel.test",
            Self::Guarded => "guarded.tunnel.test",
        }
    }

    /// Whether it is there, and whether HTTP/2 is spoken on it.
    pub(crate) fn leads(self, scene: &Scene) -> bool {
        self != Self::Rathole || scene.rathole.is_ok()
    }

    pub(crate) fn speaks_http2(self) -> bool {
        matches!(self, Self::Open | Self::Guarded)
    }

    /// Connects, over TLS with this protocol where the way has TLS.
    pub(crate) async fn connect(self, scene: &Scene, protocol: &[u8]) -> Outcome<Box<dyn Io>> {
        let to = match self {
            Self::Direct => scene.upstream.address(),
            Self::Rathole => scene.rathole.as_ref().map_err(String::as_str)?.address(),
            Self::Open | Self::Guarded => scene.edge,
        };
        let stream = dial(to).await?;
        if !self.speaks_http2() {
            return Ok(Box::new(stream));
        }
        let tls = TlsConnector::from(Arc::clone(scene.tls(protocol)));
        Ok(Box::new(tls.connect(ServerName::try_from(self.host())?, stream).await?))
    }

    /// What the head of a request says on this way.
    pub(crate) fn lines(self, scene: &Scene) -> Vec<String> {
        let mut lines = vec![format!("host: {}", self.host())];
        if self == Self::Guarded {
            lines.push(format!("cookie: {}", scene.cookies));
        }
        lines
    }
}

async fn dial(to: SocketAddr) -> Outcome<TcpStream> {
    let stream = TcpStream::connect(to).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
