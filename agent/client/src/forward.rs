//! A proxied connection: from its stream to the app and back, byte for byte.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use ground::Connection;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use wire::proxy::Header;
use wire::{ErrorCode, Stream, StreamError};

use crate::agent::Shared;
use crate::event::{Event, StreamRef};
use crate::observe::{Exchange, Observer};
use crate::registry::Route;
use crate::upstream::Upstream;

/// How much is carried at a time.
const CHUNK: usize = 32 * 1024;

/// How long the app may take to let itself be connected to. Real time.
const DIAL: Duration = Duration::from_secs(10);

/// How long a client may go on sending to an app that isn't there, before it is cut off.
const PARTING: Duration = Duration::from_secs(5);

/// Serves one proxied stream, its type already read.
pub(crate) async fn proxied(shared: &Shared, session: String, mut stream: Stream) {
    let at = StreamRef { session, stream: stream.id() };
    let Ok(header) = Header::read(&mut stream).await else { return stream.reset(ErrorCode::PROTOCOL) };
    // A tunnel that isn't ours: the stream is dropped, which ends it in good order.
    let Some(route) = shared.route(&header.id).await else { return };
    let dialled = tokio::time::timeout(DIAL, route.upstream.connect(&shared.config.to_upstreams)).await;
    match dialled.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
        Ok(upstream) => join(shared, at, &header, &route, &stream, upstream).await,
        Err(error) => {
            shared.say(Event::UpstreamUnreachable {
                at,
                tunnel: route.name.clone(),
                client: header.client_addr,
                upstream: route.upstream.to_string(),
                reason: error.to_string(),
            });
            unreachable(&header, &route.upstream, &error, stream).await;
        }
    }
}

/// Says that the app isn't there, in HTTP where the client speaks it.
async fn unreachable(header: &Header, upstream: &Upstream, error: &io::Error, mut stream: Stream) {
    if !speaks_http(header) {
        return stream.reset(ErrorCode::RESET);
    }
    let page = bad_gateway(upstream, error);
    let parting = async {
        // An answer that comes before its request is no answer in HTTP/1.1: whoever asks would drop the connection.
        if stream.read(&mut [0]).await? == 0 {
            return Ok(0);
        }
        stream.write_all(page.as_bytes()).await?;
        stream.shutdown().await?;
        // The client may still be sending; the answer must not be overtaken by a reset.
        tokio::io::copy(&mut stream, &mut tokio::io::sink()).await
    };
    let _ = tokio::time::timeout(PARTING, parting).await;
}

fn bad_gateway(upstream: &Upstream, error: &io::Error) -> String {
    let body = format!(
        "The agent could not connect to the app at {upstream}: {error}.\n\
         Start the app there, or point the tunnel to where it listens.\n\nERR_NGROK_8012\n"
    );
    format!(
        "HTTP/1.1 502 Bad Gateway\r\nngrok-error-code: ERR_NGROK_8012\r\ncontent-type: text/plain; charset=utf-8\r\n\
         content-length: {}\r\ncache-control: no-store\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

fn speaks_http(header: &Header) -> bool {
    matches!(header.proto.as_str(), "http" | "https") && !header.passthrough_tls
}

async fn join(
    shared: &Shared,
    at: StreamRef,
    header: &Header,
    route: &Route,
    stream: &Stream,
    mut upstream: TcpStream,
) {
    let (Ok(peer), Ok(local)) = (upstream.local_addr(), upstream.peer_addr()) else {
        return stream.reset(ErrorCode::RESET);
    };
    let open = Open::new(shared, at, route, header.client_addr, Connection { peer, local });
    let observer: Option<Arc<Mutex<Observer>>> = speaks_http(header).then(Arc::default);
    let up = Carry { open: &open, observer: observer.clone(), towards: Towards::App };
    let down = Carry { open: &open, observer, towards: Towards::Client };
    let outcome = tokio::select! {
        outcome = carry_both(up, down, stream, &mut upstream) => outcome,
        // Also when nothing is being carried: a client that is gone must not leave the app waiting.
        error = stream.broken() => Err(Broken::of_stream(error)),
    };
    open.ended(outcome.as_ref().err());
    if outcome.is_err() {
        stream.break_off(ErrorCode::RESET);
        // So that the app learns of it too, rather than taking it for a good end. A socket that is gone needs it not.
        let _ = upstream.set_zero_linger();
    }
}

/// Carries both ways until both have ended, or one broke in a way that the other must not outlive.
async fn carry_both(
    up: Carry<'_>,
    down: Carry<'_>,
    stream: &Stream,
    upstream: &mut TcpStream,
) -> Result<(), Broken> {
    let (from_app, to_app) = upstream.split();
    let up = up.run(stream, to_app);
    let down = down.run(from_app, stream);
    tokio::pin!(up, down);
    tokio::select! {
        ended = &mut up => match ended {
            Ok(()) => down.await,
            // An app that takes no more may still have answered: what it sent goes through all the same.
            Err(broken) if broken.while_writing => down.await.and(broken.unless_the_app_had_ended()),
            Err(broken) => Err(broken),
        },
        ended = &mut down => match ended {
            // The whole answer is through; an app that doesn't want the rest of the request is free not to.
            Ok(()) => up.await.or_else(|broken| if broken.while_writing { Ok(()) } else { Err(broken) }),
            Err(broken) => Err(broken),
        },
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Towards {
    App,
    Client,
}

/// Why a direction broke.
#[derive(Debug)]
struct Broken {
    while_writing: bool,
    towards: Towards,
    error: io::Error,
}

impl Broken {
    fn of_stream(error: StreamError) -> Self {
        Self { while_writing: false, towards: Towards::App, error: error.into() }
    }

    /// What a failure to write to the app means for its answer. A socket tells its failure once, and then ends its
    /// reading half as if in good order; only a broken pipe says that the app had ended its answer before.
    fn unless_the_app_had_ended(self) -> Result<(), Self> {
        if self.error.kind() == io::ErrorKind::BrokenPipe { Ok(()) } else { Err(self) }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = match (self.towards, self.while_writing) {
            (Towards::App, true) | (Towards::Client, false) => "the app",
            (Towards::App, false) | (Towards::Client, true) => "the client",
        };
        write!(f, "{side} broke off: {}", self.error)
    }
}

/// One direction.
struct Carry<'a> {
    open: &'a Open<'a>,
    observer: Option<Arc<Mutex<Observer>>>,
    towards: Towards,
}

impl Carry<'_> {
    async fn run(
        self,
        mut from: impl AsyncRead + Unpin,
        mut to: impl AsyncWrite + Unpin,
    ) -> Result<(), Broken> {
        let mut chunk = vec![0; CHUNK];
        loop {
            let length = from.read(&mut chunk).await.map_err(|error| self.broken(false, error))?;
            if length == 0 {
                return to.shutdown().await.map_err(|error| self.broken(true, error));
            }
            self.observe(&chunk[..length]);
            to.write_all(&chunk[..length]).await.map_err(|error| self.broken(true, error))?;
            self.open.count(self.towards, length);
        }
    }

    fn observe(&self, bytes: &[u8]) {
        let Some(observer) = &self.observer else { return };
        let mut observer = observer.lock().unwrap_or_else(PoisonError::into_inner);
        match self.towards {
            Towards::App => observer.request_bytes(bytes, Instant::now()),
            Towards::Client => observer.answer_bytes(bytes, Instant::now(), |seen| self.open.exchange(seen)),
        }
    }

    fn broken(&self, while_writing: bool, error: io::Error) -> Broken {
        Broken { while_writing, towards: self.towards, error }
    }
}

/// A joined connection, which says that it is over whatever ends it.
struct Open<'a> {
    shared: &'a Shared,
    at: StreamRef,
    began: Instant,
    received: AtomicU64,
    sent: AtomicU64,
    /// Why it ended; empty for a good end.
    ending: OnceLock<String>,
}

impl<'a> Open<'a> {
    fn new(
        shared: &'a Shared,
        at: StreamRef,
        route: &Route,
        client: SocketAddr,
        upstream: Connection,
    ) -> Self {
        shared.say(Event::ConnectionOpened { at: at.clone(), tunnel: route.name.clone(), client, upstream });
        let (received, sent, ending) = Default::default();
        Self { shared, at, began: Instant::now(), received, sent, ending }
    }

    fn count(&self, towards: Towards, bytes: usize) {
        let counter = match towards {
            Towards::App => &self.received,
            Towards::Client => &self.sent,
        };
        counter.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    fn exchange(&self, seen: Exchange) {
        let Exchange { method, target, status, reason, took } = seen;
        self.shared.say(Event::Exchange { at: self.at.clone(), method, target, status, reason, took });
    }

    fn ended(&self, broken: Option<&Broken>) {
        // Set once: here, or not at all when the task is ended from outside.
        let _ = self.ending.set(broken.map(ToString::to_string).unwrap_or_default());
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        let ending = self.ending.take().unwrap_or_else(|| "the session ended".to_owned());
        self.shared.say(Event::ConnectionClosed {
            at: self.at.clone(),
            received: self.received.load(Ordering::Relaxed),
            sent: self.sent.load(Ordering::Relaxed),
            lasted: self.began.elapsed(),
            reason: Some(ending).filter(|ending| !ending.is_empty()),
        });
    }
}
