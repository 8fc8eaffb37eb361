//! A proxied connection: from its stream to the app and back, byte for byte.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use ground::Connection;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_rustls::{TlsAcceptor, server};
use wire::proxy::Header;
use wire::{ErrorCode, Stream, StreamError};

use crate::agent::Shared;
use crate::dial::{self, Dialled, Wire};
use crate::endpoint::{Endpoint, UpstreamProtocol};
use crate::event::{Event, StreamRef};
use crate::host_header::HostHeader;
use crate::inspector::Tape;
use crate::observe::{Exchange, Observer};
use crate::proxy_protocol;
use crate::registry::Route;
use crate::upstream::Upstream;

/// How much is carried at a time.
const CHUNK: usize = 32 * 1024;

/// How long the app may take to let itself be connected to, and a client to begin. Real time.
const DIAL: Duration = Duration::from_secs(10);

/// How long a client may go on sending to an app that isn't there, before it is cut off.
const PARTING: Duration = Duration::from_secs(5);

/// Serves one proxied stream, its type already read.
pub(crate) async fn proxied(shared: &Shared, session: String, mut stream: Stream) {
    let at = StreamRef { session, stream: stream.id() };
    let Ok(header) = Header::read(&mut stream).await else { return stream.reset(ErrorCode::PROTOCOL) };
    // A tunnel that isn't ours: the stream is dropped, which ends it in good order.
    let Some(route) = shared.route(&header.id).await else { return };
    let endpoint = &route.endpoint;
    let mut preface = Vec::new();
    if endpoint.has_proxy_header() {
        match tokio::time::timeout(DIAL, proxy_protocol::read(&mut stream)).await {
            Ok(Ok(header)) => preface = header,
            _ => return stream.reset(ErrorCode::PROTOCOL),
        }
    }
    let dialled = tokio::time::timeout(DIAL, dial::upstream(endpoint, &preface, &shared.config.to_upstreams));
    match dialled.await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
        Ok(dialled) => open(shared, at, &header, &route, &stream, dialled).await,
        Err(error) => {
            shared.say(Event::UpstreamUnreachable {
                at,
                tunnel: endpoint.name.clone(),
                client: header.client_addr,
                upstream: endpoint.upstream.to_string(),
                reason: error.to_string(),
            });
            unreachable(&header, endpoint, &error, stream).await;
        }
    }
}

/// Says that the app isn't there, in HTTP where the client speaks it.
async fn unreachable(header: &Header, endpoint: &Endpoint, error: &io::Error, mut stream: Stream) {
    if !speaks_http(header, endpoint) {
        return stream.reset(ErrorCode::RESET);
    }
    let page = bad_gateway(&endpoint.upstream, error);
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

/// Whether HTTP/1.1 is what passes.
fn speaks_http(header: &Header, endpoint: &Endpoint) -> bool {
    matches!(header.proto.as_str(), "http" | "https")
        && !header.passthrough_tls
        && endpoint.upstream_protocol == UpstreamProtocol::Http1
}

/// Joins a client with the app that was called for it.
async fn open(
    shared: &Shared,
    at: StreamRef,
    header: &Header,
    route: &Route,
    stream: &Stream,
    dialled: Dialled,
) {
    let open = Open::new(shared, at, route, header.client_addr, dialled.connection);
    let http = speaks_http(header, &route.endpoint);
    let observer = http.then(|| Mutex::new(observer(shared, route, header.client_addr)));
    let host = route.endpoint.host_header.clone().filter(|_| http).map(HostHeader::new);
    let up = Carry { open: &open, observer: observer.as_ref(), host, towards: Towards::App };
    let down = Carry { open: &open, observer: observer.as_ref(), host: None, towards: Towards::Client };
    let outcome = match route.endpoint.terminate() {
        None => join(up, down, stream, stream, dialled.wire, stream).await,
        Some(tls) => {
            match tokio::time::timeout(DIAL, TlsAcceptor::from(Arc::clone(tls)).accept(stream)).await {
                Ok(Ok(client)) => {
                    let client: server::TlsStream<&Stream> = client;
                    let (from_client, to_client) = tokio::io::split(client);
                    join(up, down, from_client, to_client, dialled.wire, stream).await
                }
                Ok(Err(error)) => Err(up.broken(false, error)),
                Err(_) => Err(up.broken(false, io::ErrorKind::TimedOut.into())),
            }
        }
    };
    open.ended(outcome.as_ref().err());
    if outcome.is_err() {
        stream.break_off(ErrorCode::RESET);
    }
    if let Some(observer) = &observer {
        lock(observer).end(Instant::now());
    }
}

fn observer(shared: &Shared, route: &Route, client: SocketAddr) -> Observer {
    match shared.inspector() {
        Some(inspector) if route.endpoint.inspect => {
            let (inspector, tunnel) = (Arc::clone(inspector), route.endpoint.name.clone());
            Observer::recording(Tape { inspector, tunnel, client })
        }
        _ => Observer::default(),
    }
}

/// Carries between a client and an app until it is over, one way or the other.
async fn join(
    up: Carry<'_>,
    down: Carry<'_>,
    from_client: impl AsyncRead + Unpin,
    to_client: impl AsyncWrite + Unpin,
    app: Wire,
    stream: &Stream,
) -> Result<(), Broken> {
    match app {
        Wire::Plain(mut tcp) => {
            let outcome = {
                let (from_app, to_app) = tcp.split();
                unless_broken(stream, carry_both(up, down, from_client, to_app, from_app, to_client)).await
            };
            if outcome.is_err() {
                // So that the app learns of it too, rather than taking it for a good end. A socket that is gone needs
                // it not.
                let _ = tcp.set_zero_linger();
            }
            outcome
        }
        // An end without a farewell (RFC 8446, 6.1) tells the app.
        Wire::Tls(tls) => {
            let (from_app, to_app) = tokio::io::split(*tls);
            let carrying =
                carry_both(up, down, from_client, to_app, dial::Unceremonious(from_app), to_client);
            unless_broken(stream, carrying).await
        }
    }
}

/// Also when nothing is being carried: a client that is gone must not leave the app waiting.
async fn unless_broken(
    stream: &Stream,
    carrying: impl Future<Output = Result<(), Broken>>,
) -> Result<(), Broken> {
    tokio::select! {
        outcome = carrying => outcome,
        error = stream.broken() => Err(Broken::of_stream(error)),
    }
}

/// Carries both ways until both have ended, or one broke in a way that the other must not outlive.
async fn carry_both(
    up: Carry<'_>,
    down: Carry<'_>,
    from_client: impl AsyncRead + Unpin,
    to_app: impl AsyncWrite + Unpin,
    from_app: impl AsyncRead + Unpin,
    to_client: impl AsyncWrite + Unpin,
) -> Result<(), Broken> {
    let up = up.run(from_client, to_app);
    let down = down.run(from_app, to_client);
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
    observer: Option<&'a Mutex<Observer>>,
    host: Option<HostHeader>,
    towards: Towards,
}

impl Carry<'_> {
    async fn run(
        mut self,
        mut from: impl AsyncRead + Unpin,
        mut to: impl AsyncWrite + Unpin,
    ) -> Result<(), Broken> {
        let mut chunk = vec![0; CHUNK];
        loop {
            let length = from.read(&mut chunk).await.map_err(|error| self.broken(false, error))?;
            if length == 0 {
                return to.shutdown().await.map_err(|error| self.broken(true, error));
            }
            let rewritten = self.rewritten(&chunk[..length])?;
            let bytes = rewritten.as_deref().unwrap_or(&chunk[..length]);
            self.observe(bytes);
            to.write_all(bytes).await.map_err(|error| self.broken(true, error))?;
            // What goes through TLS waits there for more.
            to.flush().await.map_err(|error| self.broken(true, error))?;
            self.open.count(self.towards, length);
        }
    }

    /// The bytes with the app's name in them, where it is to be put.
    fn rewritten(&mut self, bytes: &[u8]) -> Result<Option<Vec<u8>>, Broken> {
        let Some(host) = &mut self.host else { return Ok(None) };
        let switched = || self.observer.is_some_and(|observer| lock(observer).has_switched());
        host.rewrite(bytes, switched).map(Some).map_err(|error| self.broken(false, error))
    }

    fn observe(&self, bytes: &[u8]) {
        let Some(observer) = self.observer else { return };
        let mut observer = lock(observer);
        match self.towards {
            Towards::App => observer.request_bytes(bytes, Instant::now()),
            Towards::Client => observer.answer_bytes(bytes, Instant::now(), |seen| self.open.exchange(seen)),
        }
    }

    fn broken(&self, while_writing: bool, error: io::Error) -> Broken {
        Broken { while_writing, towards: self.towards, error }
    }
}

fn lock(observer: &Mutex<Observer>) -> std::sync::MutexGuard<'_, Observer> {
    observer.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A joined connection, which says that it is over whatever ends it.
struct Open<'a> {
    shared: &'a Shared,
    route: &'a Route,
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
        route: &'a Route,
        client: SocketAddr,
        upstream: Connection,
    ) -> Self {
        let tunnel = route.endpoint.name.clone();
        shared.say(Event::ConnectionOpened { at: at.clone(), tunnel, client, upstream });
        route.gauges.opened();
        let (received, sent, ending) = Default::default();
        Self { shared, route, at, began: Instant::now(), received, sent, ending }
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
        self.route.gauges.exchanged(took);
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
        self.route.gauges.closed(self.began.elapsed());
        self.shared.say(Event::ConnectionClosed {
            at: self.at.clone(),
            received: self.received.load(Ordering::Relaxed),
            sent: self.sent.load(Ordering::Relaxed),
            lasted: self.began.elapsed(),
            reason: Some(ending).filter(|ending| !ending.is_empty()),
        });
    }
}
