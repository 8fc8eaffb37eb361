//! A client on the public side: one connection a request, over HTTP/1.1 or HTTP/2, verified TLS.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use bytes::Bytes;
use http::header::{COOKIE, LOCATION, SET_COOKIE};
use http::{HeaderMap, Request, Response, StatusCode, Uri, Version};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::client::TlsStream;
use tokio_rustls::{TlsConnector, rustls};

use crate::world::{DEADLINE, World};

pub(crate) type ClientBody = UnsyncBoxBody<Bytes, std::convert::Infallible>;

pub(crate) fn body(text: &str) -> ClientBody {
    Full::new(Bytes::copy_from_slice(text.as_bytes())).boxed_unsync()
}

/// A TLS connection to the edge's public side that asks for `name`.
pub(crate) async fn connect(
    world: &World,
    name: &str,
    alpn: &[&[u8]],
) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(world.edge.https_addr()).await?;
    let tls = TlsConnector::from(world.authority.client_config(alpn).unwrap());
    tls.connect(ServerName::try_from(name.to_owned()).unwrap(), stream).await
}

/// Sends these bytes on a connection for `name`; gives back all that comes until the edge hangs up.
pub(crate) async fn raw(world: &World, name: &str, bytes: impl AsRef<[u8]>) -> String {
    let mut stream = connect(world, name, &[b"http/1.1"]).await.unwrap();
    stream.write_all(bytes.as_ref()).await.unwrap();
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(DEADLINE, stream.read_to_end(&mut answer)).await.expect("the edge hangs up");
    String::from_utf8_lossy(&answer).into_owned()
}

/// Sends a request over HTTP/1.1.
pub(crate) async fn send(world: &World, request: Request<ClientBody>) -> Response<Incoming> {
    send_from(world, Ipv4Addr::LOCALHOST, request).await
}

/// Sends a request over HTTP/1.1, from an address of this machine.
pub(crate) async fn send_from(
    world: &World,
    address: Ipv4Addr,
    request: Request<ClientBody>,
) -> Response<Incoming> {
    let host = request.uri().host().unwrap().to_owned();
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((address, 0).into()).unwrap();
    let stream = socket.connect(world.edge.https_addr()).await.unwrap();
    let tls = TlsConnector::from(world.authority.client_config(&[b"http/1.1"]).unwrap());
    let stream = tls.connect(ServerName::try_from(host.clone()).unwrap(), stream).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection.with_upgrades());
    let (mut head, body) = request.into_parts();
    head.headers.entry("host").or_insert(host.parse().unwrap());
    head.uri = Uri::from(head.uri.path_and_query().unwrap().clone());
    let answer = sender.send_request(Request::from_parts(head, body));
    tokio::time::timeout(DEADLINE, answer).await.expect("an answer in time").unwrap()
}

/// Sends a request over HTTP/2.
pub(crate) async fn send_h2(world: &World, mut request: Request<ClientBody>) -> Response<Incoming> {
    let host = request.uri().host().unwrap().to_owned();
    let stream = connect(world, &host, &[b"h2"]).await.unwrap();
    let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
    let (mut sender, connection) = handshake.await.unwrap();
    tokio::spawn(connection);
    *request.version_mut() = Version::HTTP_2;
    let answer = sender.send_request(request);
    tokio::time::timeout(DEADLINE, answer).await.expect("an answer in time").unwrap()
}

pub(crate) fn get(url: &str) -> Request<ClientBody> {
    Request::get(url).body(body("")).unwrap()
}

pub(crate) async fn text(response: Response<Incoming>) -> String {
    let body = tokio::time::timeout(DEADLINE, response.into_body().collect()).await.expect("a body in time");
    String::from_utf8(body.unwrap().to_bytes().to_vec()).unwrap()
}

pub(crate) fn code(headers: &HeaderMap) -> &str {
    headers.get("ngrok-error-code").map_or("", |code| code.to_str().unwrap())
}

/// A browser as far as a login needs one: it navigates, and keeps cookies by host.
#[derive(Default)]
pub(crate) struct Browser {
    cookies: BTreeMap<(String, String), String>,
}

impl Browser {
    /// Opens a URL without following a redirect.
    pub(crate) async fn open(&mut self, world: &World, url: &str) -> Response<Incoming> {
        let host = url.parse::<Uri>().unwrap().host().unwrap().to_owned();
        let mut request = Request::get(url).header("accept", "text/html,*/*;q=0.8");
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .filter(|((of, _), _)| *of == host)
            .map(|((_, name), value)| format!("{name}={value}"))
            .collect();
        if !cookies.is_empty() {
            request = request.header(COOKIE, cookies.join("; "));
        }
        let response = send(world, request.body(body("")).unwrap()).await;
        for cookie in response.headers().get_all(SET_COOKIE) {
            let (pair, attributes) = cookie.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            let key = (host.clone(), name.to_owned());
            match attributes.contains("Max-Age=0") {
                true => self.cookies.remove(&key),
                false => self.cookies.insert(key, value.to_owned()),
            };
        }
        response
    }

    pub(crate) fn cookie(&self, host: &str, name: &str) -> Option<String> {
        self.cookies.get(&(host.to_owned(), name.to_owned())).cloned()
    }

    /// Signs in at an endpoint, the issuer saying yes; gives back where it ended.
    pub(crate) async fn sign_in(&mut self, world: &World, url: &str) -> String {
        let sent = self.open(world, url).await;
        assert_eq!(sent.status(), StatusCode::FOUND);
        let callback = crate::issuer::approve(location(&sent));
        let parked = self.open(world, &callback).await;
        assert_eq!(parked.status(), StatusCode::SEE_OTHER);
        let finished = self.open(world, location(&parked)).await;
        assert_eq!(finished.status(), StatusCode::SEE_OTHER);
        location(&finished).to_owned()
    }
}

pub(crate) fn location(response: &Response<Incoming>) -> &str {
    response.headers()[LOCATION].to_str().unwrap()
}
