//! Connections from browsers and other clients: accepted, their TLS opened, their HTTP served.

use std::convert::Infallible;
use std::sync::Arc;

use ground::evidence::Connection;
use ground::serve::{self, Accepted, PATIENCE};
use ground::tasks::Spawner;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::Front;
use super::strict::{Fault, Strict};
use crate::event::Event;
use crate::model::Scheme;
use crate::proxy::Body;

/// Who is at the other end of a connection.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) connection: Connection,
    pub(crate) scheme: Scheme,
    /// The name that the client asked for in TLS (RFC 6066, 3), in lower case.
    pub(crate) name: Option<Arc<str>>,
}

/// Accepts connections until its task ends. Without `tls` they are HTTP/1.1 in the clear.
///
/// This differs from [`serve::serve`] in that it tells the service which name the client verified: a request for another
/// host must not be answered on that connection.
pub(crate) async fn listen(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    tasks: Spawner,
    front: Arc<Front>,
) {
    let carry = |accepted| greet(accepted, tls.clone(), Arc::clone(&front));
    serve::accept(listener, serve::MAX_CONNECTIONS, tasks, carry).await;
}

async fn greet(Accepted { stream, connection, slot }: Accepted, tls: Option<TlsAcceptor>, front: Arc<Front>) {
    let _slot = slot;
    let Some(tls) = tls else {
        let caller = Caller { connection, scheme: Scheme::Http, name: None };
        return speak_http1(stream, caller, front).await;
    };
    let Ok(Ok(stream)) = tokio::time::timeout(PATIENCE, tls.accept(stream)).await else { return };
    let name = stream.get_ref().1.server_name().map(|name| name.to_ascii_lowercase().into());
    let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let caller = Caller { connection, scheme: Scheme::Https, name };
    if is_http2 {
        speak(serve::bounded_http().http2_only(), stream, caller, front).await;
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

async fn speak(
    http: auto::Builder<TokioExecutor>,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    caller: Caller,
    front: Arc<Front>,
) {
    let service = service_fn(move |request: Request<Incoming>| {
        let (front, caller) = (Arc::clone(&front), caller.clone());
        async move { Ok::<Response<Body>, Infallible>(front.answer(&caller, request).await) }
    });
    // A connection's error is its client's own (gone, malformed); the service has answered what could be answered.
    let _ = http.serve_connection_with_upgrades(TokioIo::new(stream), service).await;
}
