//! The connections to upstreams that one agent's session carries: a bounded number, each on a stream of its own, and
//! the kept ones. One over HTTP/1.1 carries a request at a time, one over HTTP/2 all that there are for its tunnel.

use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ground::{Connection, Spawner};
use http::Request;
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http1, http2};
use hyper_util::rt::TokioIo;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use wire::StreamType;

use super::body::Body;
use super::headers::{for_http1, for_http2};
use super::opening::Opening;
use super::place::Placed;
use crate::model::TunnelId;
use crate::model::online::{Tunnel, UpstreamProtocol};

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
    /// Held while a connection over HTTP/2 is opened: whoever comes meanwhile shares it.
    opening: tokio::sync::Mutex<()>,
}

/// A connection to an upstream, or a share of one.
pub(crate) struct Upstream {
    sender: Sender,
    /// The stream that carries it.
    pub(super) stream: u32,
    tunnel: TunnelId,
    /// The client's connection, when it carries that one's requests alone.
    client: Option<Connection>,
}

/// How requests are put on a connection.
enum Sender {
    Http1(http1::SendRequest<Body>),
    Http2(http2::SendRequest<Body>),
}

impl Upstreams {
    pub(crate) fn new() -> Self {
        let places = Arc::new(Semaphore::new(MOST_STREAMS));
        Self { places, kept: Mutex::default(), opening: tokio::sync::Mutex::default() }
    }

    /// A kept connection of the tunnel that is ready for a request of this client's.
    pub(super) fn kept(&self, tunnel: &Tunnel, client: Connection) -> Option<Upstream> {
        let own = own(tunnel, client);
        let mut kept = self.lock();
        kept.retain(|upstream| !upstream.is_closed());
        // The latest is the least likely to be closed by the upstream in this moment.
        let place = kept.iter().rposition(|upstream| {
            upstream.tunnel == tunnel.id && upstream.client == own && upstream.is_ready()
        })?;
        Some(kept[place].share().unwrap_or_else(|| kept.remove(place)))
    }

    /// Keeps a connection whose exchange is over.
    pub(super) fn keep(&self, upstream: Upstream) {
        // A shared one is kept from its beginning. Where others wait for a place, one that is kept would keep them
        // waiting.
        if upstream.is_shared() || upstream.is_closed() || self.places.available_permits() == 0 {
            return;
        }
        self.put_by(upstream);
    }

    fn put_by(&self, upstream: Upstream) {
        let mut kept = self.lock();
        if kept.len() == MOST_KEPT {
            kept.remove(0);
        }
        kept.push(upstream);
    }

    /// Opens a connection to the tunnel's upstream for a client at this address, or shares in one that is being opened.
    pub(super) async fn open(
        &self,
        tunnel: &Tunnel,
        client: Connection,
        tasks: &Spawner,
    ) -> Result<Upstream, OpenError> {
        match tunnel.upstream_protocol {
            UpstreamProtocol::Http1 => self.connect(tunnel, client, tasks).await,
            UpstreamProtocol::Http2 => {
                let _turn = timeout(PATIENCE, self.opening.lock()).await.map_err(|_| OpenError::Busy)?;
                if let Some(upstream) = self.kept(tunnel, client) {
                    return Ok(upstream);
                }
                let upstream = self.connect(tunnel, client, tasks).await?;
                upstream.share().into_iter().for_each(|share| self.put_by(share));
                Ok(upstream)
            }
        }
    }

    async fn connect(
        &self,
        tunnel: &Tunnel,
        client: Connection,
        tasks: &Spawner,
    ) -> Result<Upstream, OpenError> {
        let opening = Opening { connection: client, passthrough: false };
        let placed = self.stream(tunnel, &opening).await?;
        let id = placed.stream().id();
        let io = TokioIo::new(placed);
        let sender = match tunnel.upstream_protocol {
            UpstreamProtocol::Http1 => speak_http1(io, tasks).await.map(Sender::Http1),
            UpstreamProtocol::Http2 => speak_http2(io, tasks).await.map(Sender::Http2),
        };
        let sender = sender.map_err(|_| OpenError::Gone)?;
        Ok(Upstream { sender, stream: id, tunnel: tunnel.id.clone(), client: own(tunnel, client) })
    }

    /// Opens a stream to the tunnel's upstream, once there is a place for it.
    pub(super) async fn stream(&self, tunnel: &Tunnel, opening: &Opening) -> Result<Placed, OpenError> {
        let wire = &tunnel.session.wire;
        let place = tokio::select! {
            place = timeout(PATIENCE, self.place()) => place.map_err(|_| OpenError::Busy)??,
            _ = wire.closed() => return Err(OpenError::Gone),
        };
        let stream = wire.open(StreamType::PROXY, &opening.bytes(tunnel)).await;
        Ok(Placed::new(stream.map_err(|_| OpenError::Gone)?, place))
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

/// The client's connection, when the upstream is told whom a connection is for, which is then for nobody else.
fn own(tunnel: &Tunnel, client: Connection) -> Option<Connection> {
    tunnel.transport.proxy_protocol.map(|_| client)
}

impl Upstream {
    /// Sends a request, its head in whichever form.
    pub(super) async fn send(
        &mut self,
        request: Request<Body>,
    ) -> Result<http::Response<Incoming>, TrySendError<Request<Body>>> {
        match &mut self.sender {
            Sender::Http1(sender) => sender.try_send_request(for_http1(request)).await,
            Sender::Http2(sender) => sender.try_send_request(for_http2(request)).await,
        }
    }

    /// The same connection for another request, where it carries several.
    fn share(&self) -> Option<Self> {
        match &self.sender {
            Sender::Http1(_) => None,
            Sender::Http2(sender) => Some(Self {
                sender: Sender::Http2(sender.clone()),
                stream: self.stream,
                tunnel: self.tunnel.clone(),
                client: self.client,
            }),
        }
    }

    fn is_shared(&self) -> bool {
        matches!(self.sender, Sender::Http2(_))
    }

    fn is_ready(&self) -> bool {
        match &self.sender {
            Sender::Http1(sender) => sender.is_ready(),
            Sender::Http2(sender) => sender.is_ready(),
        }
    }

    /// Whether that a request failed so is its connection's fault: a shared one may go on without the request.
    pub(super) fn is_broken_by(&self, error: &hyper::Error) -> bool {
        let of_http2 = error.source().and_then(|source| source.downcast_ref::<h2::Error>());
        !self.is_shared()
            || self.is_closed()
            || of_http2.is_some_and(|error| {
                error.is_go_away() || error.is_io() || error.reason() == Some(h2::Reason::REFUSED_STREAM)
            })
    }

    fn is_closed(&self) -> bool {
        match &self.sender {
            Sender::Http1(sender) => sender.is_closed(),
            Sender::Http2(sender) => sender.is_closed(),
        }
    }
}

async fn speak_http1(io: TokioIo<Placed>, tasks: &Spawner) -> hyper::Result<http1::SendRequest<Body>> {
    let mut builder = http1::Builder::new();
    builder.max_headers(MOST_HEADERS).max_buf_size(MOST_HEAD_BYTES);
    let (sender, connection) = builder.handshake(io).await?;
    // Its error is told to whoever waits for the answer.
    tasks.spawn(async move { drop(connection.with_upgrades().await) });
    Ok(sender)
}

/// HTTP/2 with prior knowledge (RFC 9113, 3.3).
async fn speak_http2(io: TokioIo<Placed>, tasks: &Spawner) -> hyper::Result<http2::SendRequest<Body>> {
    let mut builder = http2::Builder::new(Owned(tasks.clone()));
    builder.max_header_list_size(MOST_HEAD_BYTES as u32);
    let (sender, connection) = builder.handshake(io).await?;
    tasks.spawn(async move { drop(connection.await) });
    Ok(sender)
}

/// Runs a connection's own tasks among those that have an owner.
#[derive(Clone)]
struct Owned(Spawner);

impl<F: Future<Output = ()> + Send + 'static> hyper::rt::Executor<F> for Owned {
    fn execute(&self, task: F) {
        self.0.spawn(task);
    }
}

impl fmt::Debug for Upstreams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Upstreams({} in use)", MOST_STREAMS - self.places.available_permits())
    }
}
