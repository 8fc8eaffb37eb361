//! Connections from browsers and other clients: accepted, their TLS opened, their HTTP served.

use std::convert::Infallible;
use std::sync::Arc;

use ground::evidence::Connection;
use ground::serve::PATIENCE;
use ground::tasks::Spawner;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;

use super::Front;
use crate::model::Scheme;
use crate::proxy::Body;

const MAX_CONNECTIONS: usize = 2048;
const MAX_HEADERS: usize = 100;
const MAX_HEAD_BYTES: usize = 64 * 1024;
const MAX_CONCURRENT_STREAMS: u32 = 256;

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
/// This differs from [`ground::serve`] in that it tells the service which name the client verified: a request for
/// another host must not be answered on that connection.
pub(crate) async fn listen(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    tasks: Spawner,
    front: Arc<Front>,
) {
    let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { return };
        // A failed accept is this one caller's misfortune (it is gone already), unless descriptors ran out.
        let Ok((stream, peer)) = listener.accept().await else {
            tokio::task::yield_now().await;
            continue;
        };
        let Ok(local) = stream.local_addr() else { continue };
        let connection = Connection { peer, local };
        tasks.spawn(serve(stream, connection, tls.clone(), Arc::clone(&front), slot));
    }
}

async fn serve(
    stream: TcpStream,
    connection: Connection,
    tls: Option<TlsAcceptor>,
    front: Arc<Front>,
    _slot: OwnedSemaphorePermit,
) {
    // Small answers must not wait for an acknowledgement; where it can't be set, they merely do.
    let _ = stream.set_nodelay(true);
    let Some(tls) = tls else {
        let caller = Caller { connection, scheme: Scheme::Http, name: None };
        return speak(stream, caller, front).await;
    };
    let Ok(Ok(stream)) = tokio::time::timeout(PATIENCE, tls.accept(stream)).await else { return };
    let name = stream.get_ref().1.server_name().map(|name| name.to_ascii_lowercase().into());
    speak(stream, Caller { connection, scheme: Scheme::Https, name }, front).await;
}

async fn speak(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    caller: Caller,
    front: Arc<Front>,
) {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEAD_BYTES);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(MAX_HEAD_BYTES as u32)
        .max_concurrent_streams(MAX_CONCURRENT_STREAMS);
    if caller.scheme == Scheme::Http {
        builder = builder.http1_only();
    }
    let service = service_fn(move |request: Request<Incoming>| {
        let (front, caller) = (Arc::clone(&front), caller.clone());
        async move { Ok::<Response<Body>, Infallible>(front.answer(&caller, request).await) }
    });
    // A connection's error is its client's own (gone, malformed); the service has answered what could be answered.
    let _ = builder.serve_connection_with_upgrades(TokioIo::new(stream), service).await;
}
