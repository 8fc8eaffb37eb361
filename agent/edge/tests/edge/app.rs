//! The app behind a tunnel: it remembers what it was asked, and answers by path.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::{Body, Frame, Incoming};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{Notify, Semaphore, mpsc};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use wire::proxy::Header;

type AppBody = UnsyncBoxBody<Bytes, std::convert::Infallible>;

pub(crate) struct App {
    name: &'static str,
    seen: Mutex<Vec<Seen>>,
    connections: Mutex<Vec<Header>>,
    /// What `/events` says.
    pub(crate) events: Mutex<Option<mpsc::Receiver<Frame<Bytes>>>>,
    /// How many frames of an upload `/slow` may read, and how many requests `/held` may answer.
    pub(crate) appetite: Arc<Semaphore>,
    /// Has a permit for each WebSocket that has ended, and for each connection over HTTP/2.
    pub(crate) hung_up: Arc<Semaphore>,
    /// Ends connections over HTTP/2.
    pub(crate) hang_up: Arc<Notify>,
}

#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
}

impl App {
    pub(crate) fn new(name: &'static str) -> Arc<Self> {
        Arc::new(Self {
            name,
            seen: Mutex::default(),
            connections: Mutex::default(),
            events: Mutex::default(),
            appetite: Arc::new(Semaphore::new(0)),
            hung_up: Arc::new(Semaphore::new(0)),
            hang_up: Arc::new(Notify::new()),
        })
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn connections(&self) -> Vec<Header> {
        self.connections.lock().unwrap().clone()
    }

    pub(crate) fn came_from(&self, header: Header) {
        self.connections.lock().unwrap().push(header);
    }

    /// Lets the test say what `/events` says.
    pub(crate) fn speaker(&self) -> mpsc::Sender<Frame<Bytes>> {
        let (sender, receiver) = mpsc::channel(8);
        *self.events.lock().unwrap() = Some(receiver);
        sender
    }

    pub(crate) async fn answer(&self, mut request: Request<Incoming>) -> Response<AppBody> {
        self.seen
            .lock()
            .unwrap()
            .push(Seen { path: request.uri().to_string(), headers: request.headers().clone() });
        match request.uri().path() {
            "/echo" => {
                let Ok(body) = request.into_body().collect().await else {
                    return Response::builder().status(StatusCode::BAD_REQUEST).body(empty()).unwrap();
                };
                let trailers = body.trailers().cloned();
                let mut response = Response::new(full(body.to_bytes()));
                for (name, value) in trailers.iter().flatten() {
                    response.headers_mut().insert(name, value.clone());
                }
                response
            }
            "/call" => {
                // A gRPC call that streams both ways: each message comes back, then the status with the call's trailers.
                let response = Response::builder().header("content-type", &request.headers()["content-type"]);
                let (sender, receiver) = mpsc::channel(1);
                let mut body = request.into_body();
                tokio::spawn(async move {
                    let mut trailers = HeaderMap::new();
                    while let Some(frame) = body.frame().await {
                        match frame.unwrap().into_trailers() {
                            Ok(said) => trailers = said,
                            Err(message) => sender.send(message).await.unwrap(),
                        }
                    }
                    trailers.insert("grpc-status", http::HeaderValue::from_static("0"));
                    sender.send(Frame::trailers(trailers)).await.unwrap();
                });
                response.body(Spoken(receiver).boxed_unsync()).unwrap()
            }
            "/events" => {
                let events = self.events.lock().unwrap().take().unwrap();
                let response = Response::builder().header("content-type", "text/event-stream");
                response.header("trailer", "x-sum").body(Spoken(events).boxed_unsync()).unwrap()
            }
            "/slow" => {
                let mut total = 0_usize;
                let mut body = request.into_body();
                loop {
                    self.appetite.acquire().await.unwrap().forget();
                    match body.frame().await {
                        Some(frame) => total += frame.unwrap().data_ref().map_or(0, Bytes::len),
                        None => return Response::new(full(total.to_string().into())),
                    }
                }
            }
            "/held" => {
                self.appetite.acquire().await.unwrap().forget();
                Response::new(empty())
            }
            "/fail" => Response::builder().status(StatusCode::INTERNAL_SERVER_ERROR).body(empty()).unwrap(),
            "/long" => {
                let response =
                    Response::builder().header("content-type", "text/plain").header("x-inner", "1");
                response.body(full("long ".repeat(1000).into())).unwrap()
            }
            "/ws" => {
                let upgraded = hyper::upgrade::on(&mut request);
                let key = request.headers().get("sec-websocket-key");
                let accept = key.map(|key| derive_accept_key(key.as_bytes())).unwrap_or_default();
                let hung_up = Arc::clone(&self.hung_up);
                tokio::spawn(async move {
                    let mut stream = TokioIo::new(upgraded.await.unwrap());
                    let mut buffer = [0; 1024];
                    while let Ok(length @ 1..) = stream.read(&mut buffer).await {
                        stream.write_all(&buffer[..length]).await.unwrap();
                    }
                    hung_up.add_permits(1);
                });
                let response = Response::builder().status(StatusCode::SWITCHING_PROTOCOLS);
                let response = response.header("sec-websocket-accept", accept);
                response.header("connection", "upgrade").header("upgrade", "websocket").body(empty()).unwrap()
            }
            "/gate-cookie" => {
                let response =
                    Response::builder().header("set-cookie", "__Host-gate-session=mine; Secure; Path=/");
                response.header("set-cookie", "theme=dark").body(empty()).unwrap()
            }
            _ => Response::new(full(Bytes::from_static(self.name.as_bytes()))),
        }
    }
}

fn full(bytes: Bytes) -> AppBody {
    Full::new(bytes).boxed_unsync()
}

fn empty() -> AppBody {
    Empty::new().boxed_unsync()
}

/// A body that the test speaks.
pub(crate) struct Spoken(pub(crate) mpsc::Receiver<Frame<Bytes>>);

impl Body for Spoken {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.0.poll_recv(context).map(|frame| frame.map(Ok))
    }
}
