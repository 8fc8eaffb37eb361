//! One request through one of several tunnels, and its answer.

use std::error::Error;
use std::io;
use std::sync::Arc;

use gate::Stay;
use ground::{Connection, Sink, Spawner};
use http::{Method, Request, Response, StatusCode, Version};
use hyper::body::{Body as _, Incoming};
use wire::{ErrorCode, StreamError};

use super::body::{Body, FromUpstream, empty};
use super::headers::{asks_for_websocket, names_websocket, say_websocket, strip_hop_by_hop};
use super::tether::Tether;
use super::upgrade;
use super::upstreams::{OpenError, Upstream};
use crate::event::Event;
use crate::model::online::{Tunnel, UpstreamProtocol};

/// How often a stream is opened for a request that the agent had no room for. A Go agent lets 128 wait to be accepted.
const OPENINGS: usize = 16;

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Client<'a> {
    /// The connection that it comes on.
    pub(crate) connection: Connection,
    /// Whose tasks those are that outlive the answer's head.
    pub(crate) tasks: &'a Spawner,
    /// Who is told how such an exchange ended.
    pub(crate) sink: &'a Sink<Event>,
}

/// An upstream's answer.
pub(crate) struct Passed {
    pub(crate) response: Response<Body>,
    /// The tunnel that it came through.
    pub(crate) tunnel: Arc<Tunnel>,
    /// The stream that it came on.
    pub(crate) stream: u32,
}

/// Why there is no answer from an upstream.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// No tunnel could take the request; none of it was sent.
    #[error("no tunnel is online")]
    Offline,
    /// No place on any tunnel's session came free in time; nothing was sent.
    #[error("the tunnel is busy")]
    Busy,
    /// The tunnel broke, and the request may have reached the upstream.
    #[error("the tunnel broke: {0}")]
    Broken(String),
    /// The endpoint takes WebSockets alone, and this is none.
    #[error("no WebSocket was asked for")]
    NoWebSocket,
    /// The upstream's answer is no HTTP, or ended before its time.
    #[error("the upstream's answer is not valid HTTP: {0}")]
    Invalid(String),
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Busy => Self::Busy,
            OpenError::Gone => Self::Offline,
        }
    }
}

/// What became of sending a request once.
enum Sent {
    Answered(Response<Incoming>, Upstream),
    /// Nothing was sent.
    Untouched(Request<Body>),
    /// With whether the whole connection broke.
    Failed {
        error: hyper::Error,
        broken: bool,
    },
}

/// Sends the request, whose headers are ready for the upstream but for those of the connection, through the first of
/// the tunnels that takes it. The answer's body, or the WebSocket, ends with the stay's session; until there is an
/// answer, the caller sees to that.
pub(crate) async fn exchange(
    mut request: Request<Body>,
    tunnels: &[Arc<Tunnel>],
    client: Client<'_>,
    stay: Option<Stay>,
) -> Result<Passed, Failure> {
    let websocket = asks_for_websocket(&request);
    let upgraded = websocket.then(|| hyper::upgrade::on(&mut request));
    strip_hop_by_hop(request.headers_mut());
    if websocket {
        say_websocket(request.headers_mut());
    }
    let again = Again::of(&request);
    let mut failure = Failure::Offline;
    for tunnel in tunnels {
        if websocket && tunnel.upstream_protocol == UpstreamProtocol::Http2 {
            return Err(Failure::Invalid(
                "it is spoken to over HTTP/2, which carries no WebSockets here".to_owned(),
            ));
        }
        request = match (through(tunnel, request, again.as_ref(), client).await, &again) {
            (Ok(Through::Answered(response, upstream)), _) => {
                let stream = upstream.stream;
                let tether =
                    stay.map(|stay| Tether::new(stay, client.connection, (tunnel, stream), client.sink));
                let response = finish(response, upstream, tunnel, upgraded, tether, client.tasks)?;
                return Ok(Passed { response, tunnel: Arc::clone(tunnel), stream });
            }
            (Ok(Through::Untouched(untouched, Failure::Offline)), _) => untouched,
            (Ok(Through::Untouched(untouched, why)), _) => {
                failure = why;
                untouched
            }
            (Err(broken @ Failure::Broken(_)), Some(again)) => {
                failure = broken;
                again.request()
            }
            (Err(failure), _) => return Err(failure),
        };
    }
    Err(failure)
}

/// What became of a request at one tunnel.
enum Through {
    Answered(Response<Incoming>, Upstream),
    /// None of it was sent.
    Untouched(Request<Body>, Failure),
}

/// Sends the request through one tunnel: on a kept connection first, and on a new one where that was closed meanwhile.
async fn through(
    tunnel: &Arc<Tunnel>,
    mut request: Request<Body>,
    again: Option<&Again>,
    client: Client<'_>,
) -> Result<Through, Failure> {
    let upstreams = &tunnel.session.upstreams;
    while let Some(upstream) = upstreams.kept(tunnel, client.connection) {
        match send(upstream, request).await {
            Sent::Answered(response, upstream) => return Ok(Through::Answered(response, upstream)),
            Sent::Untouched(untouched) => request = untouched,
            // A kept connection that breaks before any answer was closed by the upstream as we wrote.
            Sent::Failed { error, broken } => match again {
                Some(again) if broken && !error.is_parse() => {
                    request = again.request();
                    break;
                }
                _ => return Err(failure(tunnel, &error)),
            },
        }
    }
    for _ in 0..OPENINGS {
        let upstream = match upstreams.open(tunnel, client.connection, client.tasks).await {
            Ok(upstream) => upstream,
            Err(error) => return Ok(Through::Untouched(request, error.into())),
        };
        request = match (send(upstream, request).await, again) {
            (Sent::Answered(response, upstream), _) => return Ok(Through::Answered(response, upstream)),
            (Sent::Untouched(untouched), _) => return Ok(Through::Untouched(untouched, unasked(tunnel))),
            (Sent::Failed { error, .. }, Some(again)) if was_not_accepted(&error) => again.request(),
            (Sent::Failed { error, .. }, _) => return Err(failure(tunnel, &error)),
        };
        // The agent is behind with accepting; others go first.
        tokio::task::yield_now().await;
    }
    Err(Failure::Busy)
}

/// Why a new connection was over before anything was sent.
fn unasked(tunnel: &Tunnel) -> Failure {
    match tunnel.session.wire.close_reason() {
        Some(_) => Failure::Offline,
        None => Failure::Invalid("it ended the connection before it was asked anything".to_owned()),
    }
}

async fn send(mut upstream: Upstream, request: Request<Body>) -> Sent {
    match upstream.send(request).await {
        Ok(response) => Sent::Answered(response, upstream),
        Err(mut error) => match error.take_message() {
            Some(untouched) => Sent::Untouched(untouched),
            None => {
                let error = error.into_error();
                Sent::Failed { broken: upstream.is_broken_by(&error), error }
            }
        },
    }
}

fn finish(
    mut response: Response<Incoming>,
    upstream: Upstream,
    tunnel: &Arc<Tunnel>,
    upgraded: Option<hyper::upgrade::OnUpgrade>,
    tether: Option<Tether>,
    tasks: &Spawner,
) -> Result<Response<Body>, Failure> {
    // What the client is answered over is its connection's own.
    *response.version_mut() = Version::HTTP_11;
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        strip_hop_by_hop(response.headers_mut());
        let session = Arc::clone(&tunnel.session);
        return Ok(
            response.map(|body| FromUpstream { body, upstream: Some(upstream), session, tether }.boxed())
        );
    }
    let Some(near) = upgraded.filter(|_| names_websocket(response.headers())) else {
        return Err(Failure::Invalid("it switched to a protocol that nobody asked for".to_owned()));
    };
    let far = hyper::upgrade::on(&mut response);
    tasks.spawn(upgrade::join(near, far, tether));
    strip_hop_by_hop(response.headers_mut());
    say_websocket(response.headers_mut());
    Ok(response.map(|_| empty()))
}

/// Whether the agent refused the stream before it looked at it, as it does when many are opened at once.
fn was_not_accepted(error: &hyper::Error) -> bool {
    let mut cause = error.source();
    while let Some(found) = cause {
        let inner = found.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if let Some(StreamError::Reset(code)) = inner.and_then(|inner| inner.downcast_ref()) {
            return matches!(*code, ErrorCode::ACCEPT_QUEUE_FULL | ErrorCode::REFUSED);
        }
        cause = found.source();
    }
    false
}

fn failure(tunnel: &Tunnel, error: &hyper::Error) -> Failure {
    if let Some(reason) = tunnel.session.wire.close_reason() {
        return Failure::Broken(reason.to_string());
    }
    if was_not_accepted(error) {
        return Failure::Busy;
    }
    let mut words = error.to_string();
    if let Some(source) = error.source() {
        words = format!("{words}: {source}");
    }
    Failure::Invalid(words)
}

/// A request that may be sent a second time: one without a body and without effects (RFC 9110, 9.2.2).
struct Again {
    request: Request<()>,
}

impl Again {
    fn of(request: &Request<Body>) -> Option<Self> {
        let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
        if !safe || !request.body().is_end_stream() {
            return None;
        }
        let mut copy = Request::new(());
        *copy.method_mut() = request.method().clone();
        *copy.uri_mut() = request.uri().clone();
        *copy.headers_mut() = request.headers().clone();
        Some(Self { request: copy })
    }

    fn request(&self) -> Request<Body> {
        self.request.clone().map(|()| empty())
    }
}
