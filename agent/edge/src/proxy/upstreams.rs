//! The connections to upstreams that one agent's session carries: a bounded number, each on a stream of its own, and
//! the kept ones.

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ground::Spawner;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use wire::proxy::{EdgeType, Header};
use wire::{Stream, StreamType};

use super::body::Body;
use crate::model::TunnelId;
use crate::model::online::{Scheme, Tunnel, TunnelKind};

/// Proxied streams that one session has at most at a time. ngrok's Rust clients end a session at its 513th stream.
/// Requests beyond that wait, first come, first served.
pub(crate) const MOST_STREAMS: usize = 480;

/// Connections that are kept for the next request, for all tunnels of a session.
const MOST_KEPT: usize = 64;

/// How long a request waits for a place. Real time.
const PATIENCE: Duration = Duration::from_secs(30);

/// How large an answer's head may be, and how many headers it may have.
const MOST_HEAD_BYTES: usize = 64 * 1024;
const MOST_HEADERS: usize = 100;

/// Why no connection could be opened. Nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OpenError {
    /// All places stayed taken.
    Busy,
    /// The session is over.
    Gone,
}

/// A session's connections to upstreams.
pub(crate) struct Upstreams {
    places: Arc<Semaphore>,
    kept: Mutex<Vec<Upstream>>,
}

/// A connection to an upstream.
pub(crate) struct Upstream {
    pub(super) sender: http1::SendRequest<Body>,
    /// The stream that carries it.
    pub(super) stream: u32,
    /// Whether it has carried a request before.
    pub(super) used: bool,
    tunnel: TunnelId,
    place: OwnedSemaphorePermit,
}

impl Upstreams {
    pub(crate) fn new() -> Self {
        Self { places: Arc::new(Semaphore::new(MOST_STREAMS)), kept: Mutex::default() }
    }

    /// A kept connection of the tunnel that is ready for a request.
    pub(super) fn kept(&self, tunnel: &TunnelId) -> Option<Upstream> {
        let mut kept = self.lock();
        kept.retain(|upstream| !upstream.sender.is_closed());
        // The latest is the least likely to be closed by the upstream in this moment.
        let place =
            kept.iter().rposition(|upstream| upstream.tunnel == *tunnel && upstream.sender.is_ready())?;
        Some(kept.remove(place))
    }

    /// Keeps a connection whose exchange is over.
    pub(super) fn keep(&self, mut upstream: Upstream) {
        upstream.used = true;
        // Where others wait for a place, one that is kept would keep them waiting.
        if upstream.sender.is_closed() || self.places.available_permits() == 0 {
            return;
        }
        let mut kept = self.lock();
        if kept.len() == MOST_KEPT {
            kept.remove(0);
        }
        kept.push(upstream);
    }

    /// Opens a connection to the tunnel's upstream for a client at this address.
    pub(super) async fn open(
        &self,
        tunnel: &Tunnel,
        client: SocketAddr,
        tasks: &Spawner,
    ) -> Result<Upstream, OpenError> {
        let place = tokio::select! {
            place = timeout(PATIENCE, self.place()) => place.map_err(|_| OpenError::Busy)??,
            _ = tunnel.session.wire.closed() => return Err(OpenError::Gone),
        };
        let stream = open_stream(tunnel, client).await.map_err(|_| OpenError::Gone)?;
        let id = stream.id();
        let mut builder = http1::Builder::new();
        builder.max_headers(MOST_HEADERS).max_buf_size(MOST_HEAD_BYTES);
        let handshake = builder.handshake(TokioIo::new(stream)).await;
        let (sender, connection) = handshake.map_err(|_| OpenError::Gone)?;
        // Its error is told to whoever waits for the answer.
        tasks.spawn(async move { drop(connection.with_upgrades().await) });
        Ok(Upstream { sender, stream: id, used: false, tunnel: tunnel.id.clone(), place })
    }

    async fn place(&self) -> Result<OwnedSemaphorePermit, OpenError> {
        if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
            return Ok(place);
        }
        {
            let mut kept = self.lock();
            if !kept.is_empty() {
                kept.remove(0);
            }
        }
        Arc::clone(&self.places).acquire_owned().await.map_err(|_| OpenError::Gone)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Upstream>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Upstream {
    /// Its place, for as long as the stream lives on as something else than HTTP.
    pub(super) fn into_place(self) -> OwnedSemaphorePermit {
        self.place
    }
}

async fn open_stream(tunnel: &Tunnel, client: SocketAddr) -> Result<Stream, wire::OpenError> {
    let (proto, edge_type) = match &tunnel.kind {
        TunnelKind::Endpoint { scheme, .. } => (*scheme, EdgeType::Endpoint),
        TunnelKind::Labeled(_) => (Scheme::Https, EdgeType::Https),
    };
    let header = Header {
        id: tunnel.id.to_string(),
        client_addr: client,
        proto: proto.to_string(),
        edge_type,
        passthrough_tls: false,
    };
    tunnel.session.wire.open(StreamType::PROXY, &header.encode()).await
}

impl fmt::Debug for Upstreams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Upstreams({} in use)", MOST_STREAMS - self.places.available_permits())
    }
}
