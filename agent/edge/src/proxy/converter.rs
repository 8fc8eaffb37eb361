//! WebSockets whose messages become a byte stream: the edge is the server of the handshake (RFC 6455, 4.2), and what
//! binary messages carry goes to the upstream as it is.

use std::sync::Arc;

use futures_util::{SinkExt, StreamExt};
use gate::Stay;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Request, Response, StatusCode};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt, split};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Message, Role, WebSocketConfig};

use super::body::{Body, empty};
use super::exchange::{Client, Failure, Passed};
use super::headers::{asks_for_websocket, say_websocket};
use super::opening::Opening;
use super::place::Placed;
use super::tether::Tether;
use super::upstreams::OpenError;
use crate::model::online::Tunnel;

const KEY: HeaderName = HeaderName::from_static("sec-websocket-key");
const VERSION: HeaderName = HeaderName::from_static("sec-websocket-version");
const ACCEPT: HeaderName = HeaderName::from_static("sec-websocket-accept");

/// How long a message may be, in bytes.
const MOST_MESSAGE: usize = 1024 * 1024;
/// How much of the upstream's stream a message carries.
const CHUNK: usize = 16 * 1024;

/// Completes the handshake, opens a stream through the first of the tunnels that takes it, and joins the two.
pub(crate) async fn convert(
    mut request: Request<Body>,
    tunnels: &[Arc<Tunnel>],
    client: Client<'_>,
    stay: Option<Stay>,
) -> Result<Passed, Failure> {
    let accept = accept(&request).ok_or(Failure::NoWebSocket)?;
    let near = hyper::upgrade::on(&mut request);
    let opening = Opening { connection: client.connection, passthrough: false };
    let mut failure = Failure::Offline;
    for tunnel in tunnels {
        let far = match tunnel.session.upstreams.stream(tunnel, &opening).await {
            Ok(far) => far,
            Err(OpenError::Gone) => continue,
            Err(OpenError::Busy) => {
                failure = Failure::Busy;
                continue;
            }
        };
        let stream = far.stream().id();
        let tether = stay.map(|stay| Tether::new(stay, client.connection, (tunnel, stream), client.sink));
        client.tasks.spawn(join(near, far, tether));
        let mut headers = HeaderMap::new();
        say_websocket(&mut headers);
        headers.insert(ACCEPT, accept);
        let mut response = Response::new(empty());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        *response.headers_mut() = headers;
        return Ok(Passed { response, tunnel: Arc::clone(tunnel), stream });
    }
    Err(failure)
}

/// What the handshake is answered with; none when it is no WebSocket's.
fn accept(request: &Request<Body>) -> Option<HeaderValue> {
    let version = request.headers().get(VERSION)?;
    let mut keys = request.headers().get_all(KEY).iter();
    let (Some(key), None) = (keys.next(), keys.next()) else { return None };
    let is_one = asks_for_websocket(request) && version == "13" && key.len() == 24;
    is_one.then(|| HeaderValue::from_str(&derive_accept_key(key.as_bytes())).ok()).flatten()
}

async fn join(near: OnUpgrade, far: Placed, tether: Option<Tether>) {
    let Ok(near) = near.await else { return };
    let config =
        WebSocketConfig::default().max_message_size(Some(MOST_MESSAGE)).max_frame_size(Some(MOST_MESSAGE));
    let near = WebSocketStream::from_raw_socket(TokioIo::new(near), Role::Server, Some(config)).await;
    match tether {
        None => relay(near, far).await,
        Some(tether) => tokio::select! {
            biased;
            () = tether.over() => {}
            () = relay(near, far) => {}
        },
    }
}

/// Carries both ways until the client closes, the upstream ends, or either breaks.
async fn relay(near: WebSocketStream<TokioIo<Upgraded>>, far: Placed) {
    let (mut sends, mut receives) = near.split();
    let (mut reads, mut writes) = split(far);
    let up = async {
        while let Some(Ok(message)) = receives.next().await {
            let bytes = match message {
                Message::Binary(bytes) => bytes,
                Message::Text(text) => text.into(),
                Message::Close(_) => break,
                Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => continue,
            };
            if writes.write_all(&bytes).await.is_err() || writes.flush().await.is_err() {
                return;
            }
        }
        let _ = writes.shutdown().await;
    };
    let down = async {
        let mut chunk = vec![0; CHUNK];
        while let Ok(length @ 1..) = reads.read(&mut chunk).await {
            if sends.send(Message::binary(chunk[..length].to_vec())).await.is_err() {
                return;
            }
        }
        let _ = sends.close().await;
    };
    tokio::pin!(up, down);
    tokio::select! {
        () = &mut down => {}
        // What the upstream still has to say after the client's last word.
        () = &mut up => drop(tokio::time::timeout(super::upgrade::LINGER, down).await),
    }
}
