//! Serving HTTP/1.1 and HTTP/2 over TLS on loopback, with bounds on everything a client decides.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::{Body, Incoming};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;
use tower::Service;

use crate::evidence::Connection;
use crate::tasks::Spawner;

/// How long a client may take for its TLS handshake, and for one request's head. Real time.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// How long nobody is accepted after a connection that could not be. Real time.
const RESPITE: Duration = Duration::from_millis(10);

/// How many connections of browsers and other clients one listener has open at a time.
pub const MAX_CONNECTIONS: usize = 2048;

const MAX_HEADERS: usize = 100;
const MAX_HEAD_BYTES: usize = 64 * 1024;
const MAX_CONCURRENT_STREAMS: u32 = 256;

/// A TCP listener on `127.0.0.1`, on a port that the system chooses.
pub async fn bind_loopback() -> io::Result<TcpListener> {
    TcpListener::bind(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0)).await
}

/// A connection that was accepted, and its place among those that may be open at a time.
#[derive(Debug)]
pub struct Accepted {
    /// The connection, with no delay for small writes.
    pub stream: TcpStream,
    /// Its two ends.
    pub connection: Connection,
    /// The place, which another caller gets once this is dropped.
    pub slot: Slot,
}

/// A place among the connections that may be open at a time; free again when it is dropped.
#[derive(Debug)]
pub struct Slot {
    _permit: OwnedSemaphorePermit,
}

/// Accepts connections until its task ends, each carried by a task of `tasks`; while `most` are open, more wait in the
/// system's backlog.
pub async fn accept<F>(
    listener: TcpListener,
    most: usize,
    tasks: Spawner,
    carry: impl Fn(Accepted) -> F + Send + Sync,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let slots = Arc::new(Semaphore::new(most));
    loop {
        let Ok(permit) = Arc::clone(&slots).acquire_owned().await else { return };
        let Ok((stream, peer)) = listener.accept().await else {
            // This caller is gone already, or descriptors ran out: the others get time to free some.
            tokio::time::sleep(RESPITE).await;
            continue;
        };
        let Ok(local) = stream.local_addr() else { continue };
        // Small writes must not wait for an acknowledgement; where it can't be set, they merely do.
        let _ = stream.set_nodelay(true);
        let (connection, slot) = (Connection { peer, local }, Slot { _permit: permit });
        tasks.spawn(carry(Accepted { stream, connection, slot }));
    }
}

/// HTTP/1.1 and HTTP/2 with the bounds of this page: ten seconds for a head, 100 headers in 64 KiB, 256 HTTP/2 streams.
pub fn bounded_http() -> auto::Builder<TokioExecutor> {
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
    builder
}

/// Accepts connections until its task ends, each served by the service that `service_for` gives for it.
///
/// Bounds: [`MAX_CONNECTIONS`], ten seconds for the handshake, and those of [`bounded_http`]. The service's answers may
/// upgrade the connection (WebSocket).
pub async fn serve<S, B>(
    listener: TcpListener,
    tls: Arc<ServerConfig>,
    tasks: Spawner,
    service_for: impl Fn(Connection) -> S + Send + Sync + 'static,
) where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let acceptor = TlsAcceptor::from(tls);
    let carry = |accepted: Accepted| {
        let service = TowerToHyperService::new(service_for(accepted.connection));
        let handshake = tokio::time::timeout(PATIENCE, acceptor.accept(accepted.stream));
        let slot = accepted.slot;
        async move {
            let _slot = slot;
            let Ok(Ok(stream)) = handshake.await else { return };
            // A connection's error is its client's own (gone, malformed); the service has answered what could be
            // answered.
            let _ = bounded_http().serve_connection_with_upgrades(TokioIo::new(stream), service).await;
        }
    };
    accept(listener, MAX_CONNECTIONS, tasks, carry).await;
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::net::Ipv4Addr;

    use http_body_util::{BodyExt, Full};

    use super::*;
    use crate::outbound::{MAX_BODY, OutboundError, Route};
    use crate::{Authority, Outbound, Tasks};

    /// Serves `body` to everyone, with the caller's address and the request's version in headers.
    async fn server(tasks: &Tasks, authority: &Authority, body: Bytes) -> SocketAddr {
        let listener = bind_loopback().await.unwrap();
        let address = listener.local_addr().unwrap();
        let tls = authority.server_config(&[b"h2", b"http/1.1"], |_| true).unwrap();
        tasks.spawn(serve(listener, tls, tasks.spawner(), move |connection| {
            let body = body.clone();
            tower::service_fn(move |request: Request<Incoming>| {
                let answer = Response::builder()
                    .header("peer", connection.peer.ip().to_string())
                    .header("version", format!("{:?}", request.version()))
                    .body(Full::new(body.clone()));
                async { Ok::<_, Infallible>(answer.expect("the headers are valid")) }
            })
        }));
        address
    }

    fn get(address: SocketAddr, host: &str) -> Request<Bytes> {
        Request::get(format!("https://{host}:{}/?secret=1", address.port())).body(Bytes::new()).unwrap()
    }

    #[tokio::test]
    async fn an_exchange_goes_over_http2_and_comes_from_the_part_own_address() {
        let (tasks, authority) = (Tasks::new(), Authority::new().unwrap());
        let address = server(&tasks, &authority, Bytes::from_static(b"hello")).await;
        let source = Ipv4Addr::new(127, 9, 8, 7);
        let tls = authority.client_config(&[b"h2", b"http/1.1"]).unwrap();
        let outbound = Outbound::new(Route::Loopback, source, tls);
        let answer = outbound.send(get(address, "app.localhost")).await.unwrap();
        assert_eq!(answer.headers()["peer"], "127.9.8.7");
        assert_eq!(answer.headers()["version"], "HTTP/2.0");
        assert_eq!(answer.body(), "hello");
    }

    #[tokio::test]
    async fn an_answer_over_the_bound_is_refused_and_its_query_stays_out_of_the_error() {
        let (tasks, authority) = (Tasks::new(), Authority::new().unwrap());
        let address = server(&tasks, &authority, Bytes::from(vec![0; MAX_BODY + 1])).await;
        let tls = authority.client_config(&[b"http/1.1"]).unwrap();
        let outbound = Outbound::new(Route::Loopback, Ipv4Addr::LOCALHOST, tls);
        let error = outbound.send(get(address, "localhost")).await.unwrap_err();
        assert!(matches!(error, OutboundError::TooLarge { .. }), "{error}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }

    #[tokio::test]
    async fn names_that_are_not_on_this_machine_and_foreign_authorities_are_refused() {
        let (tasks, authority) = (Tasks::new(), Authority::new().unwrap());
        let address = server(&tasks, &authority, Bytes::new()).await;
        let send = async |trusted: &Authority, host: &str| {
            let tls = trusted.client_config(&[b"h2"]).unwrap();
            let outbound = Outbound::new(Route::Loopback, Ipv4Addr::LOCALHOST, tls);
            outbound.send(get(address, host)).await.map(Response::into_body)
        };
        let elsewhere = send(&authority, "example.com").await.unwrap_err();
        assert!(elsewhere.to_string().contains("not on this machine"), "{elsewhere}");
        let distrusted = send(&Authority::new().unwrap(), "localhost").await.unwrap_err();
        assert!(distrusted.to_string().contains("certificate"), "{distrusted}");
    }

    #[tokio::test]
    async fn a_plain_http_caller_is_dropped_and_the_next_one_served() {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let (tasks, authority) = (Tasks::new(), Authority::new().unwrap());
        let address = server(&tasks, &authority, Bytes::from_static(b"hello")).await;
        let mut plain = TcpStream::connect(address).await.unwrap();
        plain.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
        let mut rest = Vec::new();
        let _ = plain.read_to_end(&mut rest).await;
        assert!(!rest.starts_with(b"HTTP"));
        let tls = authority.client_config(&[b"http/1.1"]).unwrap();
        let outbound = Outbound::new(Route::Loopback, Ipv4Addr::LOCALHOST, tls);
        let answer = outbound.send(get(address, "localhost")).await.unwrap();
        let body = Full::new(answer.into_body()).collect().await.unwrap().to_bytes();
        assert_eq!(body, "hello");
    }
}
