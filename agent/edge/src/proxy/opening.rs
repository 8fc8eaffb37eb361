//! What a stream to an upstream begins with.

use ground::Connection;
use wire::proxy::{EdgeType, Header};

use crate::model::online::{Scheme, Tunnel, TunnelKind};

/// Whom a stream is opened for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Opening {
    /// The client's connection.
    pub(super) connection: Connection,
    /// Whether its bytes are TLS that the edge has not opened.
    pub(super) passthrough: bool,
}

impl Opening {
    /// The bytes behind the stream's type.
    pub(super) fn bytes(&self, tunnel: &Tunnel) -> Vec<u8> {
        let (proto, edge_type) = match &tunnel.kind {
            TunnelKind::Endpoint { scheme, .. } => (*scheme, EdgeType::Endpoint),
            TunnelKind::Labeled(_) => (Scheme::Https, EdgeType::Https),
        };
        let header = Header {
            id: tunnel.id.to_string(),
            client_addr: self.connection.peer,
            proto: proto.to_string(),
            edge_type,
            passthrough_tls: self.passthrough,
        };
        let mut bytes = header.encode();
        if let Some(protocol) = tunnel.transport.proxy_protocol {
            bytes.extend(protocol.header(self.connection));
        }
        bytes
    }
}
