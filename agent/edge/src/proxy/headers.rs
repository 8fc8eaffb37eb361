//! Headers that belong to one connection and not to the message (RFC 9110, 7.6.1).

use http::header::{CONNECTION, HOST, HeaderMap, HeaderName, HeaderValue, TE, TRANSFER_ENCODING, UPGRADE};
use http::uri::{Authority, Scheme};
use http::{Method, Request, Uri, Version};

/// Always of one connection alone, whether or not `Connection` names them.
const HOP_BY_HOP: [HeaderName; 7] = [
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-authenticate"),
    HeaderName::from_static("proxy-authorization"),
    HeaderName::from_static("proxy-connection"),
    TE,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// Takes the headers of one connection out, those that `Connection` names among them. `TE: trailers` stays, since
/// trailers are passed on.
pub(super) fn strip_hop_by_hop(headers: &mut HeaderMap) {
    let trailers = wants_trailers(headers);
    let named: Vec<HeaderName> =
        tokens(headers, &CONNECTION).filter_map(|token| token.parse().ok()).collect();
    for name in named.iter().chain(&HOP_BY_HOP).chain([&CONNECTION]) {
        headers.remove(name);
    }
    if trailers {
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
}

/// Whether the client of a request takes trailers (RFC 9110, 10.1.4).
pub(crate) fn wants_trailers(headers: &HeaderMap) -> bool {
    tokens(headers, &TE).any(|token| token.eq_ignore_ascii_case("trailers"))
}

/// The request as HTTP/2 with prior knowledge has it: its host is the target's (RFC 9113, 8.3.1).
pub(super) fn for_http2<B>(mut request: Request<B>) -> Request<B> {
    *request.version_mut() = Version::HTTP_2;
    let host = request.headers().get(HOST).and_then(|host| Authority::try_from(host.as_bytes()).ok());
    let Some(host) = host else { return request };
    request.headers_mut().remove(HOST);
    let mut target = std::mem::take(request.uri_mut()).into_parts();
    target.scheme = Some(Scheme::HTTP);
    target.authority = Some(host);
    *request.uri_mut() = Uri::from_parts(target).expect("scheme, host and path are a target");
    request
}

/// The request as HTTP/1.1 has it, where it was made for HTTP/2: its host is a header (RFC 9112, 3.2).
pub(super) fn for_http1<B>(mut request: Request<B>) -> Request<B> {
    *request.version_mut() = Version::HTTP_11;
    let Some(authority) = request.uri().authority() else { return request };
    let host = HeaderValue::from_str(authority.as_str()).expect("an authority is visible text");
    request.headers_mut().insert(HOST, host);
    let target = std::mem::take(request.uri_mut()).into_parts();
    *request.uri_mut() = target.path_and_query.map(Uri::from).unwrap_or_default();
    request
}

/// Whether the request asks to go on as a WebSocket (RFC 6455, 4.1). No other upgrade is passed on.
pub(super) fn asks_for_websocket<B>(request: &Request<B>) -> bool {
    request.method() == Method::GET
        && request.version() == Version::HTTP_11
        && tokens(request.headers(), &CONNECTION).any(|token| token.eq_ignore_ascii_case("upgrade"))
        && names_websocket(request.headers())
}

/// Whether `Upgrade` says `websocket` and nothing else.
pub(super) fn names_websocket(headers: &HeaderMap) -> bool {
    let mut protocols = tokens(headers, &UPGRADE);
    protocols.next().is_some_and(|name| name.eq_ignore_ascii_case("websocket")) && protocols.next().is_none()
}

/// Makes the request or answer ask for, or agree to, a WebSocket.
pub(super) fn say_websocket(headers: &mut HeaderMap) {
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
}

fn tokens<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> + use<'a> {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim).filter(|token| !token.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(n, v)| (HeaderName::from_static(n), HeaderValue::from_static(v))).collect()
    }

    #[test]
    fn what_belongs_to_the_connection_is_taken_out() {
        let mut message = headers(&[
            ("connection", "close, X-Private"),
            ("x-private", "1"),
            ("keep-alive", "timeout=5"),
            ("te", "gzip, trailers"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "h2c"),
            ("proxy-authorization", "Basic x"),
            ("accept", "*/*"),
        ]);
        strip_hop_by_hop(&mut message);
        assert_eq!(message, headers(&[("accept", "*/*"), ("te", "trailers")]));
    }

    #[test]
    fn a_request_changes_its_form_and_back() {
        let request = Request::get("/x?y=1").header("host", "app.tunnel.test").body(()).unwrap();
        let h2 = for_http2(for_http2(request));
        assert_eq!((h2.uri().to_string().as_str(), h2.headers().len()), ("http://app.tunnel.test/x?y=1", 0));
        let h1 = for_http1(for_http1(h2));
        assert_eq!(h1.uri(), "/x?y=1");
        assert_eq!(h1.headers(), &headers(&[("host", "app.tunnel.test")]));
    }

    #[test]
    fn only_a_websocket_handshake_is_an_upgrade() {
        let ask = |method: &str, connection: &str, upgrade: &str| {
            let request = Request::builder()
                .method(method)
                .header("connection", connection)
                .header("upgrade", upgrade)
                .body(())
                .unwrap();
            asks_for_websocket(&request)
        };
        assert!(ask("GET", "keep-alive, Upgrade", "WebSocket"));
        assert!(!ask("POST", "Upgrade", "websocket"));
        assert!(!ask("GET", "keep-alive", "websocket"));
        assert!(!ask("GET", "Upgrade", "h2c"));
        assert!(!ask("GET", "Upgrade", "websocket, h2c"));
    }
}
