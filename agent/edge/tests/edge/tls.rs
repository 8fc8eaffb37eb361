//! What is decided by a ClientHello: whose connection it is, and who ends its TLS.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use edge::event::{Event, Outcome};
use ground::Secret;
use http::{Method, StatusCode};
use hyper_util::rt::TokioIo;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector};
use wire::StreamType;
use wire::message::{
    Bind, HttpOptions, IpRestriction, MutualTls, TlsOptions, TlsTermination, Unbind, UnbindAnswer,
};

use crate::agent::{Agent, Streams, https, tls, with_options};
use crate::app::App;
use crate::binding::refusal;
use crate::client::{ClientBody, body, code, connect, get, send, text};
use crate::control::{call, ok};
use crate::world::{DEADLINE, World};

const NAME: &str = "app.tunnel.test";

/// An authority of somebody's own.
struct Own {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

/// A certificate and its key, in PEM.
struct Pair {
    certificate: String,
    key: String,
}

impl Own {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    fn issue(&self, name: &str) -> Pair {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap().pem();
        Pair { certificate, key: key.serialize_pem() }
    }

    fn module(&self) -> MutualTls {
        MutualTls { mutual_tls_ca: STANDARD.encode(&self.pem) }
    }
}

impl Pair {
    fn chain(&self) -> Vec<CertificateDer<'static>> {
        CertificateDer::pem_slice_iter(self.certificate.as_bytes()).map(Result::unwrap).collect()
    }

    fn private_key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::from_pem_slice(self.key.as_bytes()).unwrap()
    }

    fn termination(&self) -> TlsTermination {
        TlsTermination {
            cert: STANDARD.encode(&self.certificate),
            key: Some(Secret::new("key", STANDARD.encode(&self.key))),
            sealed_key: None,
        }
    }
}

/// A client that trusts the authority in `pem` and shows a certificate when it has one.
fn config(pem: &str, shown: Option<&Pair>) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    match shown {
        Some(pair) => builder.with_client_auth_cert(pair.chain(), pair.private_key()).unwrap(),
        None => builder.with_no_client_auth(),
    }
}

async fn dial(world: &World, config: ClientConfig, name: &str) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(world.edge.https_addr()).await.unwrap();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    timeout(DEADLINE, TlsConnector::from(Arc::new(config)).connect(name, stream))
        .await
        .expect("a handshake in time")
}

/// An agent whose streams the test gets, with this endpoint.
async fn bound(world: &World, bind: &Bind) -> (Agent, Streams) {
    let (streams, behind) = Streams::new();
    let agent = Agent::with(world, behind).await;
    let answer = agent.bind(bind).await;
    assert_eq!(answer.error, "");
    (agent, streams)
}

fn named() -> TlsOptions {
    TlsOptions { domain: NAME.into(), ..TlsOptions::default() }
}

/// Bytes go both ways, and each way ends by itself.
async fn speaks(
    client: &mut (impl AsyncRead + AsyncWrite + Unpin),
    app: &mut (impl AsyncRead + AsyncWrite + Unpin),
) {
    let exchange = async {
        client.write_all(b"question").await.unwrap();
        client.shutdown().await.unwrap();
        let mut asked = String::new();
        app.read_to_string(&mut asked).await.unwrap();
        assert_eq!(asked, "question");
        app.write_all(b"answer").await.unwrap();
        app.shutdown().await.unwrap();
        let mut answered = String::new();
        client.read_to_string(&mut answered).await.unwrap();
        assert_eq!(answered, "answer");
    };
    timeout(DEADLINE, exchange).await.expect("the exchange in time");
}

/// The handshake ends in an alert, then or at the first read (TLS 1.3 tells a client late).
async fn is_refused(world: &World, config: ClientConfig) {
    let read = async {
        let mut stream = dial(world, config, NAME).await?;
        stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await?;
        stream.read(&mut [0; 1]).await
    };
    let error =
        timeout(DEADLINE, read).await.expect("the refusal in time").expect_err("no word is exchanged");
    assert!(
        error.to_string().contains("alert") || error.kind() == std::io::ErrorKind::ConnectionReset,
        "{error}"
    );
}

#[tokio::test]
async fn tls_passes_through_to_an_agent_that_ends_it_itself() {
    let world = World::new().await;
    let own = Own::new();
    let pair = own.issue(NAME);
    let options = TlsOptions { mutual_tls_at_agent: true, ..named() };
    let (agent, mut streams) = bound(&world, &tls(&options)).await;
    let view = world.account().endpoints().remove(0);
    assert_eq!((view.url.as_str(), view.port), ("tls://app.tunnel.test", 443));
    let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
    let server = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(pair.chain(), pair.private_key())
        .unwrap();
    let ends = async {
        let (header, stream) = streams.next().await;
        assert_eq!((header.proto.as_str(), header.passthrough_tls), ("tls", true));
        TlsAcceptor::from(Arc::new(server)).accept(stream).await.unwrap()
    };
    let (client, mut app) = tokio::join!(dial(&world, config(&own.pem, None), NAME), ends);
    speaks(&mut client.unwrap(), &mut app).await;
    let carried = world.events.first("the end", |event| match event {
        Event::Carried(carried) => Some(carried.outcome),
        _ => None,
    });
    assert_eq!(carried.await, Outcome::InOrder);
    drop(agent);
}

#[tokio::test]
async fn the_edge_ends_tls_with_its_own_certificate() {
    let world = World::new().await;
    let options = TlsOptions { tls_termination: Some(TlsTermination::default()), ..named() };
    let (_agent, mut streams) = bound(&world, &tls(&options)).await;
    let mut client = connect(&world, NAME, &[]).await.unwrap();
    let (header, mut stream) = streams.next().await;
    assert_eq!((header.proto.as_str(), header.passthrough_tls), ("tls", false));
    assert_eq!(header.client_addr, client.get_ref().0.local_addr().unwrap());
    speaks(&mut client, &mut stream).await;
}

#[tokio::test]
async fn the_edge_ends_tls_with_the_certificate_that_it_is_given() {
    let world = World::new().await;
    let own = Own::new();
    let options = TlsOptions { tls_termination: Some(own.issue(NAME).termination()), ..named() };
    let (_agent, mut streams) = bound(&world, &tls(&options)).await;
    let mut client = dial(&world, config(&own.pem, None), NAME).await.unwrap();
    let (_, mut stream) = streams.next().await;
    speaks(&mut client, &mut stream).await;
}

#[tokio::test]
async fn certificates_that_can_not_work_are_refused_at_the_bind() {
    let world = World::new().await;
    let agent = Agent::new(&world, &App::new("app")).await;
    let own = Own::new();
    let (pair, other) = (own.issue(NAME), own.issue(NAME));
    let good = pair.termination();
    let encoded = |text: &str| STANDARD.encode(text);
    for wrong in [
        TlsTermination { key: other.termination().key, ..good.clone() },
        TlsTermination { key: None, ..good.clone() },
        TlsTermination { cert: String::new(), ..good.clone() },
        TlsTermination { cert: encoded("no certificate"), ..good.clone() },
        TlsTermination { cert: pair.certificate.clone(), ..good.clone() },
        TlsTermination { key: Some(Secret::new("key", encoded("no key"))), ..good.clone() },
        TlsTermination { sealed_key: good.key.clone(), ..TlsTermination::default() },
    ] {
        let bind = tls(&TlsOptions { tls_termination: Some(wrong), ..named() });
        let error = agent.bind(&bind).await.error;
        assert!(error.contains("ERR_NGROK_301"), "{error}");
        assert!(!error.contains("PRIVATE"), "{error}");
    }
    let authorities = |ca: &str| Some(MutualTls { mutual_tls_ca: encoded(ca) });
    for wrong in [authorities(""), authorities("nobody"), Some(MutualTls { mutual_tls_ca: "%".into() })] {
        let of_bytes = TlsOptions { mutual_tls_at_edge: wrong.clone(), ..named() };
        assert_eq!(refusal(&agent, tls(&of_bytes)).await, 301);
        let of_site = HttpOptions { domain: NAME.into(), mutual_tls_ca: wrong, ..HttpOptions::default() };
        assert_eq!(refusal(&agent, with_options(&of_site)).await, 301);
    }
    let both = TlsOptions { mutual_tls_at_agent: true, tls_termination: Some(good), ..named() };
    assert_eq!(refusal(&agent, tls(&both)).await, 301);
    let clear = HttpOptions { mutual_tls_ca: Some(own.module()), ..HttpOptions::default() };
    assert_eq!(refusal(&agent, Bind { proto: "http".into(), ..with_options(&clear) }).await, 301);
    assert!(world.account().tunnels().is_empty());
}

#[tokio::test]
async fn clients_of_bytes_show_a_certificate_where_they_must() {
    let world = World::new().await;
    let (own, foreign) = (Own::new(), Own::new());
    let options = TlsOptions { mutual_tls_at_edge: Some(own.module()), ..named() };
    let (_agent, mut streams) = bound(&world, &tls(&options)).await;
    let trusted = world.authority.certificate_pem();
    is_refused(&world, config(&trusted, None)).await;
    is_refused(&world, config(&trusted, Some(&foreign.issue("mallory")))).await;
    assert!(streams.is_empty());
    let mut client = dial(&world, config(&trusted, Some(&own.issue("alice"))), NAME).await.unwrap();
    let (_, mut stream) = streams.next().await;
    speaks(&mut client, &mut stream).await;
}

#[tokio::test]
async fn clients_of_a_site_show_a_certificate_where_they_must() {
    let world = World::new().await;
    let (own, foreign) = (Own::new(), Own::new());
    let app = App::new("app");
    let agent = Agent::new(&world, &app).await;
    let options =
        HttpOptions { domain: NAME.into(), mutual_tls_ca: Some(own.module()), ..HttpOptions::default() };
    assert_eq!(agent.bind(&with_options(&options)).await.error, "");
    let trusted = world.authority.certificate_pem();
    is_refused(&world, config(&trusted, None)).await;
    is_refused(&world, config(&trusted, Some(&foreign.issue("mallory")))).await;
    assert!(app.seen().is_empty());
    let mut shown = config(&trusted, Some(&own.issue("alice")));
    shown.alpn_protocols = vec![b"http/1.1".to_vec()];
    let stream = dial(&world, shown, NAME).await.unwrap();
    assert_eq!(request(stream, 1).await, [StatusCode::OK]);
    // Beside it, another site asks for nothing.
    agent.online("open.tunnel.test").await;
    assert_eq!(text(send(&world, get("https://open.tunnel.test/")).await).await, "app");
}

#[tokio::test]
async fn a_policy_tells_the_holders_of_certificates_apart() {
    let world = World::new().await;
    let own = Own::new();
    let app = App::new("app");
    let agent = Agent::new(&world, &app).await;
    let policy = "on_http_request: [\
        {expressions: [\"!('alice' in conn.tls.client.san.dns_names)\"], actions: [{type: deny}]}, \
        {actions: [{type: add-headers, config: {headers: {x-tls: \"${conn.tls.version} ${conn.tls.sni}\"}}}]}]";
    let options = HttpOptions {
        domain: NAME.into(),
        mutual_tls_ca: Some(own.module()),
        traffic_policy: Some(policy.into()),
        ..HttpOptions::default()
    };
    assert_eq!(agent.bind(&with_options(&options)).await.error, "");
    let trusted = world.authority.certificate_pem();
    for (name, status) in [("alice", StatusCode::OK), ("bob", StatusCode::FORBIDDEN)] {
        let mut shown = config(&trusted, Some(&own.issue(name)));
        shown.alpn_protocols = vec![b"http/1.1".to_vec()];
        let stream = dial(&world, shown, NAME).await.unwrap();
        assert_eq!(request(stream, 1).await, [status], "{name}");
    }
    assert_eq!(app.seen()[0].headers["x-tls"], "TLS 1.3 app.tunnel.test");
}

/// Sends requests one after the other on a connection.
async fn request(stream: TlsStream<TcpStream>, times: usize) -> Vec<StatusCode> {
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake::<_, ClientBody>(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let mut answers = Vec::new();
    for _ in 0..times {
        let request = http::Request::get("/").header("host", NAME).body(body("")).unwrap();
        let answer =
            timeout(DEADLINE, sender.send_request(request)).await.expect("an answer in time").unwrap();
        answers.push(answer.status());
        text(answer).await;
    }
    answers
}

#[tokio::test]
async fn a_connection_from_before_certificates_were_asked_for_is_good_for_nothing() {
    let world = World::new().await;
    let app = App::new("app");
    let agent = Agent::new(&world, &app).await;
    let open = agent.online(NAME).await;
    let stream = connect(&world, NAME, &[b"http/1.1"]).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake::<_, ClientBody>(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let ask = || http::Request::get("/").header("host", NAME).body(body("")).unwrap();
    let answer = sender.send_request(ask()).await.unwrap();
    assert_eq!((answer.status(), text(answer).await.as_str()), (StatusCode::OK, "app"));
    let _: UnbindAnswer = agent.call(StreamType::UNBIND, &Unbind { id: open.id }).await;
    let module = Some(Own::new().module());
    let options = HttpOptions { domain: NAME.into(), mutual_tls_ca: module, ..HttpOptions::default() };
    assert_eq!(agent.bind(&with_options(&options)).await.error, "");
    sender.ready().await.unwrap();
    assert_eq!(sender.send_request(ask()).await.unwrap().status(), StatusCode::MISDIRECTED_REQUEST);
    assert_eq!(app.seen().len(), 1);
}

#[tokio::test]
async fn a_name_is_one_endpoints_whatever_is_spoken_there() {
    let world = World::new().await;
    let agent = Agent::new(&world, &App::new("app")).await;
    let taken = tls(&TlsOptions { url: Some("tls://app.tunnel.test".into()), ..TlsOptions::default() });
    let answer = agent.bind(&taken).await;
    assert_eq!((answer.error.as_str(), answer.url.as_str()), ("", "tls://app.tunnel.test"));
    assert_eq!(answer.opts.tls().unwrap().hostname, NAME);
    assert_eq!(refusal(&agent, https(NAME)).await, 334);
    agent.online("site.tunnel.test").await;
    let site = TlsOptions { hostname: "site.tunnel.test".into(), ..TlsOptions::default() };
    assert_eq!(refusal(&agent, tls(&site)).await, 334);
    let own = TlsOptions { domain: "dashboard.tunnel.test".into(), ..TlsOptions::default() };
    assert_eq!(refusal(&agent, tls(&own)).await, 320);
    let _: UnbindAnswer = agent.call(StreamType::UNBIND, &Unbind { id: answer.id }).await;
    // Nobody is there: the edge says so in HTTP, as for every name of its own.
    assert_eq!(code(send(&world, get("https://app.tunnel.test/")).await.headers()), "ERR_NGROK_3200");
}

#[tokio::test]
async fn who_may_not_connect_is_reset_before_any_handshake() {
    let world = World::new().await;
    let nobody = IpRestriction { deny_cidrs: vec!["127.0.0.0/8".into()], ..IpRestriction::default() };
    for termination in [None, Some(TlsTermination::default())] {
        let options =
            TlsOptions { ip_restriction: Some(nobody.clone()), tls_termination: termination, ..named() };
        let (agent, streams) = bound(&world, &tls(&options)).await;
        let error = connect(&world, NAME, &[]).await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
        assert!(streams.is_empty());
        agent.session.shutdown(wire::ErrorCode::NONE, "").await;
        let down = |event: &Event| matches!(event, Event::SessionDown { .. });
        let count = || world.events.all().iter().filter(|event| down(event)).count();
        let wanted = if options.tls_termination.is_none() { 1 } else { 2 };
        world.events.first("the session's end", |_| (count() == wanted).then_some(())).await;
    }
}

#[tokio::test]
async fn plain_http_on_the_tls_port_is_told_what_is_wrong() {
    let world = World::new().await;
    let mut stream = TcpStream::connect(world.edge.https_addr()).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: app.tunnel.test\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    timeout(DEADLINE, stream.read_to_string(&mut answer)).await.expect("an answer in time").unwrap();
    insta::assert_snapshot!(answer.replace('\r', ""));
}

/// A connection that sends a few bytes at a time.
struct Dribbling(TcpStream);

impl AsyncRead for Dribbling {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Dribbling {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        let few = bytes.len().min(7);
        Pin::new(&mut self.0).poll_write(context, &bytes[..few])
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

#[tokio::test]
async fn a_client_hello_may_come_in_pieces() {
    let world = World::new().await;
    let agent = Agent::new(&world, &App::new("app")).await;
    agent.online("site.tunnel.test").await;
    let options = TlsOptions { tls_termination: Some(TlsTermination::default()), ..named() };
    let (_agent, mut streams) = bound(&world, &tls(&options)).await;
    for name in ["site.tunnel.test", NAME] {
        let stream = TcpStream::connect(world.edge.https_addr()).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let connector = TlsConnector::from(Arc::new(config(&world.authority.certificate_pem(), None)));
        let server = ServerName::try_from(name).unwrap();
        let connecting = connector.connect(server, Dribbling(stream));
        let mut client = timeout(DEADLINE, connecting).await.expect("a handshake in time").unwrap();
        if name == NAME {
            let (_, mut stream) = streams.next().await;
            speaks(&mut client, &mut stream).await;
        }
    }
}

#[tokio::test]
async fn what_is_no_client_hello_is_dropped() {
    let world = World::new().await;
    // Records of a handshake message that is longer than any ClientHello may be.
    let mut endless = vec![];
    for first in [true, false, false, false] {
        let mut record = vec![0; 16_384];
        if first {
            record[..4].copy_from_slice(&[1, 0, 255, 255]);
        }
        endless.extend([22, 3, 1, 0x40, 0]);
        endless.extend(record);
    }
    for begins in [&[0x80, 0x2e, 1, 0, 2][..], &[22, 9, 9, 0, 1, 0], &endless] {
        let mut stream = TcpStream::connect(world.edge.https_addr()).await.unwrap();
        let _ = stream.write_all(begins).await;
        let mut rest = Vec::new();
        // In good order or not: there is no word of HTTP.
        let _ = timeout(DEADLINE, stream.read_to_end(&mut rest)).await.expect("the edge hangs up");
        assert!(!rest.starts_with(b"HTTP"), "{begins:?}");
    }
}

#[tokio::test]
async fn clients_of_an_edge_show_a_certificate_of_the_authorities_that_it_goes_by() {
    let dir = tempfile::tempdir().unwrap();
    let keeps = |config: &mut edge::Config| config.state = Some(dir.path().to_owned());
    let world = World::with(keeps).await;
    let (own, foreign) = (Own::new(), Own::new());
    let edge = world.account().create_edge_with_tunnel_group("").unwrap();
    let (name, path) = (edge.hosts[0].to_string(), format!("/edges/https/{}/mutual_tls", edge.id));
    let uploaded = json!({ "ca_pem": own.pem, "description": "staff" });
    let authority = ok(&world, Method::POST, "/certificate_authorities", Some(uploaded)).await;
    assert!(authority["not_after"].is_string());
    let refused = async |path: &str, method: Method, payload: Option<Value>| {
        call(&world, method, path, payload).await.1["error_code"].as_str().unwrap_or_default().to_owned()
    };
    for (pem, code) in
        [("", 1919), ("no certificate", 1920), (foreign.issue("leaf").certificate.as_str(), 1913)]
    {
        let wrong = Some(json!({ "ca_pem": pem }));
        assert_eq!(
            refused("/certificate_authorities", Method::POST, wrong).await,
            format!("ERR_NGROK_{code}")
        );
    }
    for ids in [json!([]), json!(["ca_none"])] {
        let wrong = Some(json!({ "certificate_authority_ids": ids }));
        assert_eq!(refused(&path, Method::PUT, wrong).await, "ERR_NGROK_1672");
    }
    let trusted = world.authority.certificate_pem();
    dial(&world, config(&trusted, None), &name).await.unwrap();
    let module = json!({ "certificate_authority_ids": [authority["id"]] });
    let shown = ok(&world, Method::PUT, &path, Some(module)).await;
    assert_eq!(shown["certificate_authorities"][0]["uri"], authority["uri"]);
    assert_eq!(
        ok(&world, Method::GET, &format!("/edges/https/{}", edge.id), None).await["mutual_tls"],
        shown
    );
    assert_eq!(refused(authority["uri"].as_str().unwrap(), Method::DELETE, None).await, "ERR_NGROK_380");

    // In TLS 1.3 a client learns of the refusal with the first bytes that it reads.
    let served = async |world: &World, pair: Option<&Pair>| {
        let client = dial(world, config(&world.authority.certificate_pem(), pair), &name).await;
        let Ok(mut client) = client else { return false };
        let asked = format!("GET / HTTP/1.1\r\nhost: {name}\r\nconnection: close\r\n\r\n");
        let mut said = Vec::new();
        let answered = client.write_all(asked.as_bytes()).await.is_ok()
            && timeout(DEADLINE, client.read_to_end(&mut said)).await.unwrap().is_ok();
        answered && said.starts_with(b"HTTP/1.1 ")
    };
    let alice = own.issue("alice");
    assert!(!served(&world, None).await && !served(&world, Some(&foreign.issue("mallory"))).await);
    assert!(served(&world, Some(&alice)).await);
    let World { edge: running, api_key, .. } = world;
    running.stop().await;
    let mut world = World::with(keeps).await;
    world.api_key = api_key;
    assert!(!served(&world, None).await && served(&world, Some(&alice)).await, "and again after a restart");
    assert_eq!(call(&world, Method::DELETE, &path, None).await.0, StatusCode::NO_CONTENT);
    assert!(served(&world, None).await);
}
