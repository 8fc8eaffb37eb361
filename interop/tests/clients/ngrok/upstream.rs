//! Apps that a program forwards to. They keep what they were told, to the byte.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt};
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::accept_async;

/// More than anybody says here before an answer.
const MOST_BYTES: usize = 64 * 1024;

/// How the PROXY protocol begins in its second version, which looks as if a request's head had ended.
pub(super) const PROXY_V2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// An app. Dropped, it is gone.
pub(super) struct Upstream {
    addr: SocketAddr,
    told: Told,
    _serving: JoinSet<()>,
}

/// What each connection began with.
type Told = Arc<Mutex<Vec<Vec<u8>>>>;

/// What it does.
#[derive(Clone)]
enum Kind {
    /// It waits for a request's head, and answers this.
    Answers(&'static str),
    /// It says what it is told, as it comes.
    Repeats,
    /// The same over TLS.
    RepeatsOverTls(TlsAcceptor),
    /// It greets whoever speaks HTTP/2 with prior knowledge.
    SpeaksHttp2,
    /// It opens a WebSocket, and says each message that it is told.
    SpeaksWebSocket,
}

impl Upstream {
    /// It answers every request with these bytes, and closes the connection then.
    pub(super) async fn answering(response: &'static str) -> Result<Self, String> {
        Self::start(Kind::Answers(response)).await
    }

    /// It says what it is told, as it comes.
    pub(super) async fn repeating() -> Result<Self, String> {
        Self::start(Kind::Repeats).await
    }

    /// The same over TLS, which it ends itself.
    pub(super) async fn repeating_over_tls(tls: TlsAcceptor) -> Result<Self, String> {
        Self::start(Kind::RepeatsOverTls(tls)).await
    }

    /// It greets whoever speaks HTTP/2 with prior knowledge; requests are kept as their first line would be.
    pub(super) async fn speaking_http2() -> Result<Self, String> {
        Self::start(Kind::SpeaksHttp2).await
    }

    /// It opens a WebSocket, and says each message that it is told.
    pub(super) async fn speaking_web_socket() -> Result<Self, String> {
        Self::start(Kind::SpeaksWebSocket).await
    }

    async fn start(kind: Kind) -> Result<Self, String> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.map_err(|error| format!("an upstream can't listen: {error}"))?;
        let addr = listener.local_addr().map_err(|error| error.to_string())?;
        let told = Told::default();
        let mut serving = JoinSet::new();
        serving.spawn(serve(listener, kind, Arc::clone(&told)));
        Ok(Self { addr, told, _serving: serving })
    }

    pub(super) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// What it was told on each connection: a request's head and what came with it, or everything.
    pub(super) fn told(&self) -> Vec<Vec<u8>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The same, as text.
    pub(super) fn heads(&self) -> Vec<String> {
        self.told().iter().map(|told| String::from_utf8_lossy(told).into_owned()).collect()
    }
}

async fn serve(listener: TcpListener, kind: Kind, told: Told) {
    let mut connections = JoinSet::new();
    while let Ok((connection, _)) = listener.accept().await {
        let (kind, told) = (kind.clone(), Arc::clone(&told));
        connections.spawn(async move {
            // Whoever breaks off is heard no more.
            let _ = match kind {
                Kind::Answers(response) => answer(connection, response, &told).await,
                Kind::Repeats => repeat(connection, &told).await,
                Kind::RepeatsOverTls(tls) => match tls.accept(connection).await {
                    Ok(connection) => repeat(connection, &told).await,
                    Err(error) => Err(error),
                },
                Kind::SpeaksHttp2 => {
                    greet(connection, &told).await;
                    Ok(())
                }
                Kind::SpeaksWebSocket => {
                    converse(connection).await;
                    Ok(())
                }
            };
        });
    }
}

async fn answer(
    mut connection: impl AsyncRead + AsyncWrite + Unpin,
    response: &str,
    told: &Told,
) -> std::io::Result<()> {
    let mut head = Vec::new();
    let is_whole = |head: &[u8]| head.windows(4).skip(PROXY_V2.len()).any(|bytes| bytes == b"\r\n\r\n");
    while head.len() < MOST_BYTES && !is_whole(&head) {
        if connection.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
    }
    told.lock().unwrap_or_else(PoisonError::into_inner).push(head);
    connection.write_all(response.as_bytes()).await?;
    connection.shutdown().await
}

async fn repeat(mut connection: impl AsyncRead + AsyncWrite + Unpin, told: &Told) -> std::io::Result<()> {
    let at = {
        let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
        told.push(Vec::new());
        told.len() - 1
    };
    let mut heard = [0; 1024];
    loop {
        let length = connection.read(&mut heard).await?;
        if length == 0 {
            return connection.shutdown().await;
        }
        told.lock().unwrap_or_else(PoisonError::into_inner)[at].extend(&heard[..length]);
        connection.write_all(&heard[..length]).await?;
    }
}

async fn greet(connection: TcpStream, told: &Told) {
    let service = service_fn(|request: Request<Incoming>| {
        let line = format!(
            "{} {} {:?}",
            request.method(),
            request.uri().path_and_query().map_or("", |it| it.as_str()),
            request.version()
        );
        told.lock().unwrap_or_else(PoisonError::into_inner).push(line.into_bytes());
        async { Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"Hello, world!")))) }
    });
    // Whoever speaks something else is not understood.
    let _ =
        http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(connection), service).await;
}

async fn converse(connection: TcpStream) {
    let Ok(socket) = accept_async(connection).await else { return };
    let (saying, hearing) = socket.split();
    let messages = hearing.try_filter(|message| std::future::ready(message.is_text() || message.is_binary()));
    let _ = messages.forward(saying).await;
}
