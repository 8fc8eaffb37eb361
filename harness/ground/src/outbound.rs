//! How a part of a stage reaches another by name: through the stage's network, never past it.

use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, Uri};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// The largest answer that is read, 1 MiB.
pub const MAX_BODY: usize = 1024 * 1024;

/// How long one exchange may take in all, connection included. Real time.
pub const DEADLINE: Duration = Duration::from_secs(10);

/// The way to other parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// Through this forward proxy (`CONNECT`), which is where names are answered.
    Proxy(SocketAddr),
    /// Straight to loopback: only `localhost`, `*.localhost` and loopback addresses have a way.
    Loopback,
}

/// An HTTPS client of one part: kept connections, no redirects, bounded bodies, one deadline.
#[derive(Clone, Debug)]
pub struct Outbound {
    connector: Connector,
    client: Client<Connector, Full<Bytes>>,
}

/// Why an exchange failed.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    /// The other part could not be reached or broke off.
    #[error("{url}: {reason}")]
    Unreachable {
        /// What was asked for, without its query.
        url: String,
        /// What happened.
        reason: String,
    },
    /// The answer passed [`MAX_BODY`].
    #[error("{url}: the answer is larger than {} KiB", MAX_BODY / 1024)]
    TooLarge {
        /// What was asked for, without its query.
        url: String,
    },
    /// The exchange passed [`DEADLINE`].
    #[error("{url}: no answer within {} s", DEADLINE.as_secs())]
    TooSlow {
        /// What was asked for, without its query.
        url: String,
    },
}

impl Outbound {
    /// A client that goes by `route`, comes from the loopback address `source`, and trusts what `tls` trusts.
    pub fn new(route: Route, source: Ipv4Addr, tls: Arc<ClientConfig>) -> Self {
        let connector = Connector { route, source, tls };
        let client = Client::builder(TokioExecutor::new()).build(connector.clone());
        Self { connector, client }
    }

    /// Sends one request (its URL absolute, scheme `https`) and reads the whole answer. Redirects are answers.
    pub async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, OutboundError> {
        let url = without_query(request.uri());
        let exchange = async {
            let unreachable = |reason: String| OutboundError::Unreachable { url: url.clone(), reason };
            let answer = self
                .client
                .request(request.map(Full::new))
                .await
                .map_err(|error| unreachable(chain(&error)))?;
            let (head, body) = answer.into_parts();
            let body = Limited::new(body, MAX_BODY).collect().await.map_err(|error| {
                if error.is::<LengthLimitError>() {
                    OutboundError::TooLarge { url: url.clone() }
                } else {
                    unreachable(chain(&*error))
                }
            })?;
            Ok(Response::from_parts(head, body.to_bytes()))
        };
        match tokio::time::timeout(DEADLINE, exchange).await {
            Ok(outcome) => outcome,
            Err(_) => Err(OutboundError::TooSlow { url }),
        }
    }

    /// A plain TCP connection to `host:port` by this part's route, for protocols of its own.
    pub async fn connect(&self, host: &str, port: u16) -> io::Result<TcpStream> {
        self.connector.connect(host, port).await
    }
}

fn without_query(uri: &Uri) -> String {
    let host = uri.authority().map_or("", |authority| authority.as_str());
    format!("{}://{host}{}", uri.scheme_str().unwrap_or("https"), uri.path())
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

#[derive(Clone, Debug)]
struct Connector {
    route: Route,
    source: Ipv4Addr,
    tls: Arc<ClientConfig>,
}

impl Connector {
    async fn connect(&self, host: &str, port: u16) -> io::Result<TcpStream> {
        match self.route {
            Route::Proxy(proxy) => {
                let mut stream = self.dial(proxy).await?;
                open_tunnel(&mut stream, host, port).await?;
                Ok(stream)
            }
            Route::Loopback => self.dial(SocketAddr::new(loopback(host)?, port)).await,
        }
    }

    async fn dial(&self, to: SocketAddr) -> io::Result<TcpStream> {
        let socket = if to.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        if to.is_ipv4() {
            socket.bind(SocketAddr::new(IpAddr::V4(self.source), 0))?;
        }
        let stream = socket.connect(to).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}

fn loopback(host: &str) -> io::Result<IpAddr> {
    let name = host.trim_matches(['[', ']']);
    match name.parse::<IpAddr>() {
        Ok(address) if address.is_loopback() => Ok(address),
        _ if name == "localhost" || name.ends_with(".localhost") => Ok(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        _ => Err(io::Error::new(io::ErrorKind::HostUnreachable, format!("{host} is not on this machine"))),
    }
}

/// Asks the proxy for a way to `host:port` (RFC 9110, 9.3.6). The answer's head is at most 4 KiB.
async fn open_tunnel(stream: &mut TcpStream, host: &str, port: u16) -> io::Result<()> {
    let ask = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n");
    stream.write_all(ask.as_bytes()).await?;
    let mut head = Vec::with_capacity(256);
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() == 4096 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the proxy's answer is not a head"));
        }
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head);
    let status_line = head.lines().next().unwrap_or_default();
    match status_line.split(' ').nth(1) {
        Some("200") => Ok(()),
        _ => {
            let reason = format!("the stage's network gives no way to {host}:{port} ({status_line})");
            Err(io::Error::new(io::ErrorKind::HostUnreachable, reason))
        }
    }
}

impl tower::Service<Uri> for Connector {
    type Response = Stream;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Stream>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connector = self.clone();
        Box::pin(async move {
            let invalid = |text: &str| io::Error::new(io::ErrorKind::InvalidInput, text.to_owned());
            if uri.scheme_str() != Some("https") {
                return Err(invalid("only https is spoken here"));
            }
            let host = uri.host().ok_or_else(|| invalid("the URL names no host"))?;
            let stream = connector.connect(host, uri.port_u16().unwrap_or(443)).await?;
            let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned())
                .map_err(|_| invalid("the URL's host is not a name"))?;
            let stream = TlsConnector::from(Arc::clone(&connector.tls)).connect(name, stream).await?;
            Ok(Stream { tls: TokioIo::new(stream) })
        })
    }
}

/// An open connection, as the pool wants it.
struct Stream {
    tls: TokioIo<TlsStream<TcpStream>>,
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        let (_, session) = self.tls.inner().get_ref();
        match session.alpn_protocol() {
            Some(b"h2") => Connected::new().negotiated_h2(),
            _ => Connected::new(),
        }
    }
}

impl hyper::rt::Read for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: hyper::rt::ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tls).poll_read(context, buffer)
    }
}

impl hyper::rt::Write for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tls).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tls).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tls).poll_shutdown(context)
    }
}
