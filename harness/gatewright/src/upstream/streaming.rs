//! A streaming upstream: hyper without TLS, as an app behind a tunnel is, in HTTP/1.1 and HTTP/2 (with prior knowledge,
//! RFC 9113, 3.3).

use std::convert::Infallible;
use std::io;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt, stream};
use ground::serve::{self, Accepted};
use ground::{Sink, Spawner, Tasks};
use http::header::{CONNECTION, CONTENT_TYPE, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, UPGRADE};
use http::{Request, Response, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper::upgrade::Upgraded;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;
use url::form_urlencoded;

use super::{Event, Received, html};

type Body = BoxBody<Bytes, Infallible>;

const MAX_CONNECTIONS: usize = 1024;

#[derive(Debug)]
pub(super) struct Streaming {
    tasks: Tasks,
    held: watch::Sender<bool>,
}

impl Streaming {
    pub(super) fn start(
        listener: std::net::TcpListener,
        text: &str,
        evidence: Sink<Event>,
    ) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        let (tasks, held) = (Tasks::new(), watch::Sender::new(false));
        let app = App { page: html(text), evidence, held: held.subscribe(), tasks: tasks.spawner() };
        let carry = move |accepted| converse(accepted, app.clone());
        tasks.spawn(serve::accept(listener, MAX_CONNECTIONS, tasks.spawner(), carry));
        Ok(Self { tasks, held })
    }

    pub(super) fn hold_back(&self) {
        self.held.send_replace(true);
    }

    pub(super) fn read_on(&self) {
        self.held.send_replace(false);
    }

    pub(super) async fn stop(self) {
        self.tasks.stop().await;
    }
}

async fn converse(Accepted { stream, slot, .. }: Accepted, app: App) {
    let _slot = slot;
    let service = service_fn(move |request| {
        let app = app.clone();
        async move { Ok::<_, Infallible>(app.answer(request).await) }
    });
    let mut http = auto::Builder::new(TokioExecutor::new());
    http.http1().half_close(true);
    // A connection that breaks off is what scenarios do; the other side's evidence tells.
    let _ = http.serve_connection_with_upgrades(TokioIo::new(stream), service).await;
}

#[derive(Clone)]
struct App {
    page: String,
    evidence: Sink<Event>,
    held: watch::Receiver<bool>,
    tasks: Spawner,
}

impl App {
    async fn answer(self, request: Request<Incoming>) -> Response<Body> {
        let target = request.uri().path_and_query().map_or("/", |target| target.as_str()).to_owned();
        self.evidence.emit(Event::Received(Received {
            method: request.method().clone(),
            target,
            headers: request.headers().clone(),
        }));
        match request.uri().path() {
            "/echo" => self.echo(request),
            "/events" => events(number(&request, "count")),
            "/upload" => self.upload(request).await,
            "/download" => download(number(&request, "bytes")),
            _ => text("text/html; charset=utf-8", self.page),
        }
    }

    fn echo(self, request: Request<Incoming>) -> Response<Body> {
        let Some(key) = request.headers().get(SEC_WEBSOCKET_KEY) else {
            return status(StatusCode::UPGRADE_REQUIRED);
        };
        let accept = derive_accept_key(key.as_bytes());
        let tasks = self.tasks.clone();
        tasks.spawn(async move {
            if let Ok(upgraded) = hyper::upgrade::on(request).await {
                self.echo_messages(upgraded).await;
            }
        });
        let answer = Response::builder()
            .status(StatusCode::SWITCHING_PROTOCOLS)
            .header(CONNECTION, "Upgrade")
            .header(UPGRADE, "websocket")
            .header(SEC_WEBSOCKET_ACCEPT, accept);
        answer.body(empty()).unwrap_or_else(|_| status(StatusCode::BAD_REQUEST))
    }

    async fn echo_messages(self, upgraded: Upgraded) {
        let mut socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, None).await;
        while let Some(Ok(message)) = socket.next().await {
            if message.is_text() || message.is_binary() {
                self.evidence.emit(Event::Message { text: message.to_string() });
                if socket.send(message).await.is_err() {
                    return;
                }
            }
        }
    }

    /// Reads the body frame by frame while it is not held back, and tells every megabyte.
    async fn upload(mut self, request: Request<Incoming>) -> Response<Body> {
        const TOLD_EVERY: u64 = 1024 * 1024;
        let path = request.uri().path().to_owned();
        let mut body = request.into_body();
        let (mut bytes, mut told) = (0, 0);
        loop {
            // The sender lives as long as this upstream, and this task no longer than that.
            let _ = self.held.wait_for(|held| !held).await;
            let Some(frame) = body.frame().await else { break };
            let Ok(frame) = frame else { return status(StatusCode::BAD_REQUEST) };
            bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
            if bytes - told >= TOLD_EVERY {
                told = bytes;
                self.evidence.emit(Event::Body { path: path.clone(), bytes, complete: false });
            }
        }
        self.evidence.emit(Event::Body { path, bytes, complete: true });
        text("application/json", format!("{{\"bytes\":{bytes}}}"))
    }
}

/// `count` server-sent events, each with its number, sent one by one.
fn events(count: u64) -> Response<Body> {
    let events = stream::iter(1..=count).then(|number| async move {
        // Give the connection its turn, so that each event leaves by itself.
        tokio::task::yield_now().await;
        Ok(Frame::data(Bytes::from(format!("id: {number}\ndata: event {number}\n\n"))))
    });
    answer("text/event-stream", BodyExt::boxed(StreamBody::new(events)))
}

/// `bytes` zeros in pieces of 64 KiB.
fn download(bytes: u64) -> Response<Body> {
    const PIECE: u64 = 64 * 1024;
    static ZEROS: [u8; PIECE as usize] = [0; PIECE as usize];
    let pieces = (0..bytes.div_ceil(PIECE)).map(move |index| {
        let length = PIECE.min(bytes - index * PIECE);
        Ok(Frame::data(Bytes::from_static(&ZEROS[..length as usize])))
    });
    answer("application/octet-stream", BodyExt::boxed(StreamBody::new(stream::iter(pieces))))
}

fn number(request: &Request<Incoming>, name: &str) -> u64 {
    let query = request.uri().query().unwrap_or_default();
    let value = form_urlencoded::parse(query.as_bytes()).find(|(member, _)| member == name);
    value.and_then(|(_, value)| value.parse().ok()).unwrap_or(1)
}

fn text(content_type: &'static str, text: String) -> Response<Body> {
    answer(content_type, Full::new(Bytes::from(text)).boxed())
}

fn answer(content_type: &'static str, body: Body) -> Response<Body> {
    let mut answer = Response::new(body);
    answer.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static(content_type));
    answer
}

fn status(status: StatusCode) -> Response<Body> {
    let mut answer = Response::new(empty());
    *answer.status_mut() = status;
    answer
}

fn empty() -> Body {
    Full::default().boxed()
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::*;
    use crate::upstream::{Kind, Upstream};

    async fn upstream() -> (Upstream, Arc<Mutex<Vec<Event>>>) {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let listener = Arc::clone(&seen);
        let sink =
            Sink::new(Default::default(), Default::default(), move |e: ground::evidence::Stamped<Event>| {
                listener.lock().unwrap().push(e.event);
            });
        (Upstream::start(Kind::Streaming { text: "hello".into() }, sink).await.unwrap(), seen)
    }

    async fn exchange(upstream: &Upstream, request: &str) -> String {
        let mut stream = TcpStream::connect(upstream.address()).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn it_serves_pages_events_and_downloads() {
        let (upstream, seen) = upstream().await;
        let page = exchange(&upstream, "GET / HTTP/1.0\r\n\r\n").await;
        assert!(page.contains("<h1>hello</h1>"), "{page}");
        let events = exchange(&upstream, "GET /events?count=2 HTTP/1.0\r\n\r\n").await;
        assert!(events.contains("data: event 2"), "{events}");
        let download = exchange(&upstream, "GET /download?bytes=70000 HTTP/1.0\r\n\r\n").await;
        assert_eq!(download.split("\r\n\r\n").nth(1).unwrap().len(), 70_000);
        assert_eq!(seen.lock().unwrap().len(), 3);
    }

    #[tokio::test]
    async fn it_speaks_http2_to_whoever_begins_with_it() {
        let (upstream, _) = upstream().await;
        let stream = TcpStream::connect(upstream.address()).await.unwrap();
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
        let tasks = Tasks::new();
        tasks.spawn(async { connection.await.unwrap() });
        let asking = ["/", "/events?count=2", "/download?bytes=70000"].map(|target| {
            let url = format!("http://{}{target}", upstream.address());
            sender.send_request(Request::get(url).body(Full::<Bytes>::default()).unwrap())
        });
        let mut lengths = Vec::new();
        for answer in asking {
            let answer = answer.await.unwrap();
            assert_eq!(answer.version(), http::Version::HTTP_2);
            lengths.push(answer.into_body().collect().await.unwrap().to_bytes().len());
        }
        assert!(lengths[0] > 0 && lengths[1] > 0);
        assert_eq!(lengths[2], 70_000);
    }

    #[tokio::test]
    async fn an_upload_is_not_read_while_it_is_held_back() {
        let (upstream, seen) = upstream().await;
        upstream.hold_back();
        let mut stream = TcpStream::connect(upstream.address()).await.unwrap();
        let head = "POST /upload HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 5\r\n\r\nhello";
        stream.write_all(head.as_bytes()).await.unwrap();
        while seen.lock().unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
        assert!(!seen.lock().unwrap().iter().any(|event| matches!(event, Event::Body { .. })));
        upstream.read_on();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.ends_with("{\"bytes\":5}"), "{answer}");
    }

    #[tokio::test]
    async fn stopped_it_refuses_and_started_again_it_answers_on_the_same_port() {
        let (mut upstream, _) = upstream().await;
        upstream.stop().await;
        assert!(TcpStream::connect(upstream.address()).await.is_err());
        upstream.start_again().await.unwrap();
        let page = exchange(&upstream, "GET / HTTP/1.0\r\n\r\n").await;
        assert!(page.contains("hello"));
    }
}
