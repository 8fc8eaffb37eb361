//! WebSockets over HTTP/2 (RFC 8441). Everything behind the connection sees the handshake of HTTP/1.1 (RFC 6455), so that
//! gates, rules and upstreams know one kind of it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ground::random;
use http::header::{CONNECTION, HeaderName, HeaderValue, UPGRADE};
use http::{Method, Request, Response, StatusCode};
use hyper::ext::Protocol;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

const KEY: HeaderName = HeaderName::from_static("sec-websocket-key");
const ACCEPT: HeaderName = HeaderName::from_static("sec-websocket-accept");

/// A handshake that came over HTTP/2, in the form of HTTP/1.1.
pub(super) struct Translated {
    accept: String,
}

impl Translated {
    /// Gives a handshake the form of HTTP/1.1; other requests stay as they are.
    pub(super) fn of<B>(request: &mut Request<B>) -> Option<Self> {
        if request.method() != Method::CONNECT {
            return None;
        }
        let protocol = request.extensions().get::<Protocol>()?;
        if !protocol.as_ref().eq_ignore_ascii_case(b"websocket") {
            return None;
        }
        let key = STANDARD.encode(random::bytes::<16>());
        *request.method_mut() = Method::GET;
        let headers = request.headers_mut();
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(KEY, HeaderValue::from_str(&key).expect("base64 is visible text"));
        Some(Self { accept: derive_accept_key(key.as_bytes()) })
    }

    /// Gives the answer the form of HTTP/2, where success means that the WebSocket is open. One that agrees without
    /// knowing the key agrees to something else.
    pub(super) fn answer<B>(&self, response: &mut Response<B>) {
        let status = response.status();
        if status != StatusCode::SWITCHING_PROTOCOLS {
            if status.is_success() {
                *response.status_mut() = StatusCode::BAD_GATEWAY;
            }
            return;
        }
        let accept = response.headers().get(ACCEPT);
        let agreed = accept.is_some_and(|accept| accept.as_bytes() == self.accept.as_bytes());
        *response.status_mut() = if agreed { StatusCode::OK } else { StatusCode::BAD_GATEWAY };
        for name in [CONNECTION, UPGRADE, ACCEPT] {
            response.headers_mut().remove(name);
        }
    }
}
