//! Connections from browsers and other clients: accepted, their TLS opened, their HTTP served.

use std::convert::Infallible;
use std::sync::{Arc, OnceLock};

use chrono::{DateTime, Utc};
use ground::evidence::Connection;
use ground::serve::{self, Accepted};
use ground::tasks::Spawner;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::server::TlsStream;

use super::Front;
use super::strict::{Fault, Strict};
use super::tls::{self, TlsFacts};
use crate::event::Event;
use crate::model::{EndpointId, Scheme};
use crate::proxy::Body;

/// Who is at the other end of a connection.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) connection: Connection,
    pub(crate) scheme: Scheme,
    /// The name that the client asked for in TLS (RFC 6066, 3), in lower case.
    pub(crate) name: Option<Arc<str>>,
    /// What else is known by TLS.
    pub(crate) tls: Option<Arc<TlsFacts>>,
    /// When the connection was there, stage time.
    pub(crate) since: DateTime<Utc>,
    /// The endpoint that has let the connection in, once one has.
    pub(crate) entered: Arc<OnceLock<EndpointId>>,
}

/// Accepts connections in the clear until its task ends: HTTP/1.1.
pub(crate) async fn listen_plain(listener: TcpListener, tasks: Spawner, front: Arc<Front>) {
    let carry = |Accepted { stream, connection, slot }| {
        let front = Arc::clone(&front);
        async move {
            let _slot = slot;
            let since = front.model.now();
            let entered = Arc::default();
            let caller = Caller { connection, scheme: Scheme::Http, name: None, tls: None, since, entered };
            speak_http1(stream, caller, front).await;
        }
    };
    serve::accept(listener, serve::MAX_CONNECTIONS, tasks, carry).await;
}

/// Accepts connections to the TLS port until its task ends; `site` is how TLS is ended for every site.
pub(crate) async fn listen_tls(
    listener: TcpListener,
    site: Arc<ServerConfig>,
    tasks: Spawner,
    front: Arc<Front>,
) {
    let carry = |arrived| tls::greet(arrived, Arc::clone(&site), Arc::clone(&front));
    serve::accept(listener, serve::MAX_CONNECTIONS, tasks, carry).await;
}

/// Speaks HTTP/2 where the handshake has agreed upon it, else HTTP/1.1.
pub(super) async fn speak_over_tls(stream: TlsStream<TcpStream>, caller: Caller, front: Arc<Front>) {
    if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
        let mut http = serve::bounded_http();
        http.http2().enable_connect_protocol();
        speak(http.http2_only(), stream, caller, front).await;
    } else {
        speak_http1(stream, caller, front).await;
    }
}

/// HTTP/1.1, its framing read along.
async fn speak_http1(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    caller: Caller,
    front: Arc<Front>,
) {
    let (fault, connection) = (Fault::default(), caller.connection);
    let sink = front.sink.clone();
    let stream = Strict::new(stream, Arc::clone(&fault));
    speak(serve::bounded_http().http1_only(), stream, caller, front).await;
    if let Some(reason) = fault.get() {
        sink.emit(Event::Malformed { connection, reason: reason.to_string() });
    }
}

/// Serves HTTP.
///
/// This differs from [`serve::serve`] in that it tells the service which name the client verified: a request for another
/// host must not be answered on that connection.
async fn speak(
    http: auto::Builder<TokioExecutor>,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    caller: Caller,
    front: Arc<Front>,
) {
    let service = service_fn(move |request: Request<Incoming>| {
        let (front, mut caller) = (Arc::clone(&front), caller.clone());
        if !is_still_good(&caller, &front) {
            caller.name = None;
        }
        async move { Ok::<Response<Body>, Infallible>(front.answer(&caller, request).await) }
    });
    // A connection's error is its client's own (gone, malformed); the service has answered what could be answered.
    let _ = http.serve_connection_with_upgrades(TokioIo::new(stream), service).await;
}

/// Whether the endpoint still asks of clients what it asked when the connection was made. A connection that is too old
/// is good for no name any more: the client learns to make another one (RFC 9110, 15.5.20).
fn is_still_good(caller: &Caller, front: &Front) -> bool {
    let (Some(name), Some(tls)) = (&caller.name, &caller.tls) else { return true };
    tls.as_of == front.model.terminations() || tls.verified_by == front.model.asks_of_clients(name)
}
