//! Tunnels of every kind, and apps that want to be spoken to in their own way.

use std::io::Write;
use std::sync::Arc;

use client::definition::{Definition, Proto, TerminateAt};
use client::endpoint::{Endpoint, UpstreamProtocol};
use client::{Event, Tunnel};
use ground::Authority;
use ground::authority::client_config_trusting;
use tempfile::NamedTempFile;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::edge::{Edge, read_all};
use crate::support::{App, joined, within};

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: app.tunnel.test\r\n\r\n";
const V1: &[u8] = b"PROXY TCP4 203.0.113.7 127.0.0.1 51234 443\r\n";

/// A definition that says where the app is.
fn to(app: &App, proto: Proto) -> Definition {
    Definition { name: "app".into(), proto, addr: app.upstream.port().to_string(), ..Definition::default() }
}

/// What a definition asks of the edge; gives the Bind that arrived there.
async fn bound(agent: &client::Agent, edge: &mut Edge, asked: &Definition) -> (Tunnel, wire::message::Bind) {
    let endpoint: Endpoint = asked.endpoint().unwrap();
    let tunnel = within("the tunnel", agent.bind(endpoint)).await.unwrap();
    (tunnel, edge.next_bind().await)
}

async fn read_exactly(from: &mut (impl AsyncReadExt + Unpin), length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    within("bytes", from.read_exact(&mut bytes)).await.unwrap();
    bytes
}

/// A file with this text.
fn file(text: &str) -> NamedTempFile {
    let mut file = tempfile::Builder::new().suffix(".pem").tempfile().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

#[tokio::test]
async fn a_tcp_tunnel_carries_bytes_and_each_half_ends_by_itself() {
    let (mut edge, app) = (Edge::start().await, App::start().await);
    let (agent, _events) = joined(&mut edge).await;
    let asked = Definition { remote_addr: "1.tcp.test:2222".into(), ..to(&app, Proto::Tcp) };
    let (tunnel, bind) = bound(&agent, &mut edge, &asked).await;
    assert_eq!((bind.proto.as_str(), bind.opts.tcp().unwrap().addr.as_str()), ("tcp", "1.tcp.test:2222"));
    assert_eq!(bind.forwards_to, format!("localhost:{}", app.upstream.port()));
    assert_eq!(tunnel.url(), Some("tcp://given.tunnel.test"));
    let mut client = edge.connect_to("t-tcp", "tcp").await;
    // An app that speaks first.
    let mut at_app = app.accept().await;
    at_app.write_all(b"220 ready").await.unwrap();
    assert_eq!(read_exactly(&mut client, 9).await, b"220 ready");
    client.write_all(b"QUIT").await.unwrap();
    client.shutdown().await.unwrap();
    let mut got = String::new();
    within("the client's half", at_app.read_to_string(&mut got)).await.unwrap();
    assert_eq!(got, "QUIT");
    at_app.write_all(b"221 bye").await.unwrap();
    drop(at_app);
    assert_eq!(read_all(&mut client).await.unwrap(), "221 bye");
}

#[tokio::test]
async fn several_tunnels_share_a_session_and_do_not_mix() {
    let (mut edge, web, raw) = (Edge::start().await, App::start().await, App::start().await);
    let (agent, _events) = joined(&mut edge).await;
    let (_web, _) = bound(&agent, &mut edge, &to(&web, Proto::Http)).await;
    let (shell, _) = bound(&agent, &mut edge, &to(&raw, Proto::Tcp)).await;
    edge.connect_to("t-tcp", "tcp").await.write_all(b"x").await.unwrap();
    assert_eq!(read_exactly(&mut raw.accept().await, 1).await, b"x");
    shell.close().await.unwrap();
    edge.connect().await.write_all(REQUEST).await.unwrap();
    assert_eq!(read_exactly(&mut web.accept().await, REQUEST.len()).await, REQUEST);
    // What is closed is dropped in good order, and no app hears of it.
    let mut late = edge.connect_to("t-tcp", "tcp").await;
    assert_eq!(read_all(&mut late).await.unwrap(), "");
}

#[tokio::test]
async fn the_proxy_header_comes_to_the_app_first_whatever_follows() {
    let (mut edge, app) = (Edge::start().await, App::start().await);
    let (agent, _events) = joined(&mut edge).await;
    let asked = Definition { proxy_proto: 1, ..to(&app, Proto::Http) };
    let (_tunnel, bind) = bound(&agent, &mut edge, &asked).await;
    assert_eq!(bind.opts.http().unwrap().proxy_proto, 1);
    let mut client = edge.connect().await;
    client.write_all(&[V1, REQUEST].concat()).await.unwrap();
    let mut at_app = app.accept().await;
    assert_eq!(read_exactly(&mut at_app, V1.len() + REQUEST.len()).await, [V1, REQUEST].concat());
    // Without it, nobody is called.
    let mut without = edge.connect().await;
    without.write_all(REQUEST).await.unwrap();
    assert!(read_all(&mut without).await.is_err());
}

#[tokio::test]
async fn the_host_header_is_the_apps_own_when_it_is_asked_for() {
    let (mut edge, app) = (Edge::start().await, App::start().await);
    let (agent, mut events) = joined(&mut edge).await;
    let asked = Definition { host_header: "rewrite".into(), ..to(&app, Proto::Http) };
    let (_tunnel, bind) = bound(&agent, &mut edge, &asked).await;
    // The edge has nothing to do with it.
    assert!(!bind.opts.http().unwrap().host_header_rewrite);
    let mut client = edge.connect().await;
    client.write_all(&[REQUEST, REQUEST].concat()).await.unwrap();
    let mut at_app = app.accept().await;
    let wanted = format!("GET / HTTP/1.1\r\nHost: localhost:{}\r\n\r\n", app.upstream.port());
    for _ in 0..2 {
        assert_eq!(String::from_utf8(read_exactly(&mut at_app, wanted.len()).await).unwrap(), wanted);
    }
    // What can't be understood is not passed on.
    client.write_all(b"GET / HTTP/1.1\r\nContent-Length: many\r\n\r\n").await.unwrap();
    assert!(read_all(&mut client).await.is_err());
    let why = |event: &Event| match event {
        Event::ConnectionClosed { reason, .. } => reason.clone(),
        _ => None,
    };
    let why = events.find("the connection's end", why).await;
    assert!(why.contains("a body's length is not understood"), "{why}");
}

/// An app that speaks TLS, under an authority of its own.
async fn serve_tls(
    app: &App,
    authority: &Authority,
) -> tokio_rustls::server::TlsStream<tokio::net::TcpStream> {
    let tls = authority.server_config(&[b"http/1.1"], |_| true).unwrap();
    within("the handshake", TlsAcceptor::from(tls).accept(app.accept().await)).await.unwrap()
}

#[tokio::test]
async fn an_app_may_speak_tls_and_be_verified() {
    let (mut edge, app, authority) = (Edge::start().await, App::start().await, Authority::new().unwrap());
    let (agent, _events) = joined(&mut edge).await;
    let pem = file(&authority.certificate_pem());
    let verified = Definition {
        addr: format!("https://localhost:{}", app.upstream.port()),
        upstream_tls_verify: true,
        upstream_tls_verify_cas: Some(pem.path().to_owned()),
        ..to(&app, Proto::Http)
    };
    // As ngrok's agent has it, nobody is verified unless that is asked for.
    let unverified =
        Definition { upstream_tls_verify: false, upstream_tls_verify_cas: None, ..verified.clone() };
    for asked in [verified, unverified] {
        let (tunnel, _) = bound(&agent, &mut edge, &asked).await;
        let mut client = edge.connect().await;
        client.write_all(REQUEST).await.unwrap();
        let mut at_app = serve_tls(&app, &authority).await;
        assert_eq!(read_exactly(&mut at_app, REQUEST.len()).await, REQUEST);
        assert_eq!(at_app.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
        at_app.write_all(b"HTTP/1.0 200 OK\r\n\r\nhello").await.unwrap();
        at_app.flush().await.unwrap();
        // Without TLS's own farewell, as many apps end.
        drop(at_app.into_inner().0);
        assert_eq!(read_all(&mut client).await.unwrap(), "HTTP/1.0 200 OK\r\n\r\nhello");
        tunnel.close().await.unwrap();
        edge.next_asked().await;
    }
}

#[tokio::test]
async fn the_proxy_header_stands_in_front_of_the_tls_that_the_app_speaks() {
    let (mut edge, app, authority) = (Edge::start().await, App::start().await, Authority::new().unwrap());
    let (agent, _events) = joined(&mut edge).await;
    let addr = format!("https://localhost:{}", app.upstream.port());
    let asked = Definition { addr, proxy_proto: 1, ..to(&app, Proto::Http) };
    let (_tunnel, _) = bound(&agent, &mut edge, &asked).await;
    let mut client = edge.connect().await;
    client.write_all(&[V1, REQUEST].concat()).await.unwrap();
    let mut at_app = app.accept().await;
    assert_eq!(read_exactly(&mut at_app, V1.len()).await, V1);
    let tls = authority.server_config(&[b"http/1.1"], |_| true).unwrap();
    let mut at_app = within("the handshake", TlsAcceptor::from(tls).accept(at_app)).await.unwrap();
    assert_eq!(read_exactly(&mut at_app, REQUEST.len()).await, REQUEST);
}

#[tokio::test]
async fn an_app_that_should_speak_http_2_and_does_not_is_not_spoken_to() {
    let (mut edge, app, authority) = (Edge::start().await, App::start().await, Authority::new().unwrap());
    let (agent, mut events) = joined(&mut edge).await;
    let asked = Definition {
        addr: format!("https://localhost:{}", app.upstream.port()),
        upstream_protocol: UpstreamProtocol::Http2,
        ..to(&app, Proto::Http)
    };
    let (_tunnel, _) = bound(&agent, &mut edge, &asked).await;
    let mut client = edge.connect().await;
    let tls = authority.server_config(&[], |_| true).unwrap();
    within("the handshake", TlsAcceptor::from(tls).accept(app.accept().await)).await.unwrap();
    let why = |event: &Event| match event {
        Event::UpstreamUnreachable { reason, .. } => Some(reason.clone()),
        _ => None,
    };
    assert_eq!(events.find("the reason", why).await, "the app does not speak HTTP/2");
    assert!(read_all(&mut client).await.is_err());
}

#[tokio::test]
async fn an_app_that_is_somebody_else_is_not_spoken_to() {
    let (mut edge, app) = (Edge::start().await, App::start().await);
    let (agent, mut events) = joined(&mut edge).await;
    let pem = file(&Authority::new().unwrap().certificate_pem());
    let asked = Definition {
        addr: format!("https://localhost:{}", app.upstream.port()),
        upstream_tls_verify_cas: Some(pem.path().to_owned()),
        ..to(&app, Proto::Http)
    };
    let (_tunnel, _) = bound(&agent, &mut edge, &asked).await;
    let mut client = edge.connect().await;
    client.write_all(REQUEST).await.unwrap();
    client.shutdown().await.unwrap();
    let tls = Authority::new().unwrap().server_config(&[], |_| true).unwrap();
    let refused = within("the handshake", TlsAcceptor::from(tls).accept(app.accept().await)).await;
    assert!(refused.is_err());
    let page = read_all(&mut client).await.unwrap();
    assert!(page.starts_with("HTTP/1.1 502") && page.contains("ERR_NGROK_8012"), "{page}");
    let why = |event: &Event| match event {
        Event::UpstreamUnreachable { reason, .. } => Some(reason.clone()),
        _ => None,
    };
    let why = events.find("the reason", why).await;
    assert!(why.contains("certificate"), "{why}");
}

#[tokio::test]
async fn tls_goes_through_to_the_app_or_ends_at_the_agent() {
    let (mut edge, app) = (Edge::start().await, App::start().await);
    let (agent, _events) = joined(&mut edge).await;
    let (through, bind) = bound(&agent, &mut edge, &to(&app, Proto::Tls)).await;
    assert!(bind.opts.tls().unwrap().tls_termination.is_none());
    edge.connect_to("t-tls", "tls").await.write_all(b"\x16\x03\x01").await.unwrap();
    assert_eq!(read_exactly(&mut app.accept().await, 3).await, b"\x16\x03\x01");
    through.close().await.unwrap();
    edge.next_asked().await;

    let made = rcgen::generate_simple_self_signed(vec!["app.tunnel.test".to_owned()]).unwrap();
    let (crt, key) = (file(&made.cert.pem()), file(&made.signing_key.serialize_pem()));
    let asked = Definition {
        crt: Some(crt.path().to_owned()),
        key: Some(key.path().to_owned()),
        proxy_proto: 1,
        ..to(&app, Proto::Tls)
    };
    let (_tunnel, _) = bound(&agent, &mut edge, &asked).await;
    let mut client = edge.connect_to("t-tls", "tls").await;
    client.write_all(V1).await.unwrap();
    let trust = client_config_trusting(&made.cert.pem(), "the test's", &[]).unwrap();
    let name = ServerName::try_from("app.tunnel.test").unwrap();
    let handshake = TlsConnector::from(Arc::clone(&trust)).connect(name, client);
    let mut client = within("the handshake", handshake).await.unwrap();
    client.write_all(b"in the clear").await.unwrap();
    let mut at_app = app.accept().await;
    let wanted = [V1, b"in the clear"].concat();
    assert_eq!(read_exactly(&mut at_app, wanted.len()).await, wanted);
    at_app.write_all(b"and back").await.unwrap();
    drop(at_app);
    let mut got = String::new();
    within("the answer", client.read_to_string(&mut got)).await.unwrap();
    assert_eq!(got, "and back");
}

#[tokio::test]
async fn what_the_edge_is_to_do_is_told_to_it() {
    let (mut edge, app) = (Edge::start().await, App::start().await);
    let (agent, _events) = joined(&mut edge).await;
    let made = rcgen::generate_simple_self_signed(vec!["app.tunnel.test".to_owned()]).unwrap();
    let (crt, key) = (file(&made.cert.pem()), file(&made.signing_key.serialize_pem()));
    let asked = Definition {
        url: "tls://app.tunnel.test".into(),
        crt: Some(crt.path().to_owned()),
        key: Some(key.path().to_owned()),
        terminate_at: Some(TerminateAt::Edge),
        mutual_tls_cas: Some(crt.path().to_owned()),
        pooling_enabled: true,
        description: "the shop".into(),
        ..to(&app, Proto::Tls)
    };
    let (_tunnel, bind) = bound(&agent, &mut edge, &asked).await;
    let options = bind.opts.tls().unwrap();
    let termination = options.tls_termination.unwrap();
    assert!(termination.key.is_some() && !termination.cert.is_empty());
    assert!(options.mutual_tls_at_edge.is_some() && !options.mutual_tls_at_agent);
    assert_eq!((options.domain.as_str(), bind.extra.pooling_enabled), ("app.tunnel.test", true));
    assert_eq!(bind.extra.description, "the shop");
    let asked = Definition { upstream_protocol: UpstreamProtocol::Http2, ..to(&app, Proto::Http) };
    let (_tunnel, bind) = bound(&agent, &mut edge, &asked).await;
    assert_eq!(bind.forwards_proto, "http2");
}
