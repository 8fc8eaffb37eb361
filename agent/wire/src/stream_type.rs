//! What a stream is for: a big-endian `u32` in front of everything else that its opener sends.

use std::fmt;
use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

/// A stream's type. Types that are not listed are kept as they came.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct StreamType(pub u32);

impl StreamType {
    /// Agent to edge: who I am. The first request of a session.
    pub const AUTH: Self = Self(0);
    /// Agent to edge: give me an endpoint.
    pub const BIND: Self = Self(1);
    /// Agent to edge: take it back.
    pub const UNBIND: Self = Self(2);
    /// Edge to agent: a proxied connection.
    pub const PROXY: Self = Self(3);
    /// Edge to agent: restart yourself.
    pub const RESTART: Self = Self(4);
    /// Edge to agent: stop.
    pub const STOP: Self = Self(5);
    /// Edge to agent: update yourself.
    pub const UPDATE: Self = Self(6);
    /// Agent to edge: I serve what is labeled so.
    pub const START_TUNNEL_WITH_LABEL: Self = Self(7);
    /// Agent to edge: who are you?
    pub const SRV_INFO: Self = Self(8);
    /// Edge to agent: this tunnel is over.
    pub const STOP_TUNNEL: Self = Self(9);
    /// Agent to edge: a tunnel's description changed.
    pub const PATCH_TUNNEL_STATE: Self = Self(10);
    /// Either way: proof of life.
    pub const HEARTBEAT: Self = Self(0xffff_ffff);

    /// Reads the type off the front of a stream that the peer opened.
    pub async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Self> {
        stream.read_u32().await.map(Self)
    }
}

impl fmt::Debug for StreamType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match *self {
            Self::AUTH => "Auth",
            Self::BIND => "Bind",
            Self::UNBIND => "Unbind",
            Self::PROXY => "Proxy",
            Self::RESTART => "Restart",
            Self::STOP => "Stop",
            Self::UPDATE => "Update",
            Self::START_TUNNEL_WITH_LABEL => "StartTunnelWithLabel",
            Self::SRV_INFO => "SrvInfo",
            Self::STOP_TUNNEL => "StopTunnel",
            Self::PATCH_TUNNEL_STATE => "PatchTunnelState",
            Self::HEARTBEAT => "Heartbeat",
            Self(other) => return write!(f, "stream type {other:#x}"),
        };
        f.write_str(name)
    }
}
