//! What an HTTP endpoint asks of its traffic, as ngrok's own tests of the SDKs ask it, and what those leave out.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use data_encoding::HEXLOWER;
use futures_util::future::try_join_all;
use futures_util::{SinkExt, StreamExt};
use http::{Method, Request, Response};
use serde_json::{Value, json};
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;

use super::Exercise;
use super::certificates::{self, Own};
use super::clients::{dial_tls, refused_by};
use super::scene::{Scene, expect};
use super::sdk::Sdk;
use super::upstream::Upstream;

/// What upstreams answer.
const HELLO: &str =
    "HTTP/1.1 200 OK\r\nPython: lolnope\r\nContent-Length: 13\r\nConnection: close\r\n\r\nHello, world!";
const FAILURE: &str = "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

pub(super) fn exercises() -> Vec<Exercise> {
    let of = |name, play| Exercise { name, sdks: Sdk::OF_THE_CRATE, needs: &[], play };
    vec![
        of("modules/headers", |scene| Box::pin(headers(scene))),
        of("modules/basic-auth", |scene| Box::pin(basic_auth(scene))),
        of("modules/user-agents", |scene| Box::pin(user_agents(scene))),
        of("modules/compression", |scene| Box::pin(compression(scene))),
        of("modules/ip-restriction", |scene| Box::pin(ip_restriction(scene))),
        of("modules/circuit-breaker", |scene| Box::pin(circuit_breaker(scene))),
        of("modules/webhooks", |scene| Box::pin(webhooks(scene))),
        of("modules/websocket-to-tcp", |scene| Box::pin(websocket_to_tcp(scene))),
        of("modules/mutual-tls", |scene| Box::pin(mutual_tls(scene))),
        Exercise {
            name: "http/websockets",
            sdks: &Sdk::ALL,
            needs: &[],
            play: |scene| Box::pin(websockets(scene)),
        },
        // The Go SDK's forwarder speaks HTTP/2 over TLS alone.
        of("http/2-to-the-upstream", |scene| Box::pin(http2_to_the_upstream(scene))),
    ]
}

async fn headers(scene: &mut Scene) -> Result<(), String> {
    let options = json!({
        "request_header_add": ["foo:bar"], "request_header_remove": "baz",
        "response_header_add": ["spam:eggs"], "response_header_remove": "python",
    });
    let (upstream, url) = behind(scene, options, HELLO).await?;
    let response = get(scene, &url, &[("baz", "bad header")]).await?;
    expect("the answer", &json!(header(&response, "spam")), &json!("eggs"))?;
    expect("the answer's header that is taken away", &json!(header(&response, "python")), &json!(null))?;
    let head = upstream.heads().concat().to_lowercase();
    if !head.contains("\r\nfoo: bar\r\n") || head.contains("\r\nbaz:") {
        return Err(format!("the upstream was told {head}"));
    }
    Ok(())
}

async fn basic_auth(scene: &mut Scene) -> Result<(), String> {
    let (upstream, url) = behind(scene, json!({ "basic_auth": "user:foobarbaz" }), HELLO).await?;
    for credentials in [None, Some("user:wrong-password"), Some("nobody:foobarbaz")] {
        let basic = credentials.map(|credentials| format!("Basic {}", STANDARD.encode(credentials)));
        let basic: Vec<_> = basic.iter().map(|basic| ("authorization", basic.as_str())).collect();
        expect("refused", &status(&get(scene, &url, &basic).await?), &json!(401))?;
    }
    expect("what the upstream saw", &json!(upstream.heads()), &json!([]))?;
    let basic = format!("Basic {}", STANDARD.encode("user:foobarbaz"));
    expect("admitted", &text(&get(scene, &url, &[("authorization", &basic)]).await?), &json!("Hello, world!"))
}

async fn user_agents(scene: &mut Scene) -> Result<(), String> {
    let options = json!({ "allow_user_agent": "foo.*", "deny_user_agent": ".*" });
    let (upstream, url) = behind(scene, options, HELLO).await?;
    refused_by(&get(scene, &url, &[("user-agent", "barbaz")]).await?, 403, "ERR_NGROK_3211")?;
    expect("what the upstream saw", &json!(upstream.heads()), &json!([]))?;
    expect(
        "admitted",
        &text(&get(scene, &url, &[("user-agent", "foobarbaz")]).await?),
        &json!("Hello, world!"),
    )
}

async fn compression(scene: &mut Scene) -> Result<(), String> {
    let (_upstream, url) = behind(scene, json!({ "compression": true }), HELLO).await?;
    let response = get(scene, &url, &[("accept-encoding", "gzip")]).await?;
    expect("the encoding", &json!(header(&response, "content-encoding")), &json!("gzip"))?;
    let mut body = String::new();
    let mut decoder = async_compression::tokio::bufread::GzipDecoder::new(response.body().as_ref());
    let read = tokio::io::AsyncReadExt::read_to_string(&mut decoder, &mut body).await;
    read.map_err(|error| format!("the answer is not gzip: {error}"))?;
    expect("the answer", &json!(body), &json!("Hello, world!"))?;
    let plain = get(scene, &url, &[]).await?;
    expect("the encoding that nobody asked for", &json!(header(&plain, "content-encoding")), &json!(null))?;
    expect("the answer as it is", &text(&plain), &json!("Hello, world!"))
}

async fn ip_restriction(scene: &mut Scene) -> Result<(), String> {
    let (upstream, url) = behind(scene, json!({ "ip_restriction_deny_cidrs": "127.0.0.0/8" }), HELLO).await?;
    refused_by(&get(scene, &url, &[]).await?, 403, "ERR_NGROK_3205")?;
    expect("what the upstream saw", &json!(upstream.heads()), &json!([]))?;
    let options = json!({ "ip_restriction_allow_cidrs": "127.0.0.1/32" });
    let url = bind(scene, options, &upstream).await?;
    expect("admitted", &text(&get(scene, &url, &[]).await?), &json!("Hello, world!"))
}

async fn circuit_breaker(scene: &mut Scene) -> Result<(), String> {
    let (upstream, url) = behind(scene, json!({ "circuit_breaker": 0.01 }), FAILURE).await?;
    let mut asked = 0;
    for _ in 0..20 {
        asked += 25;
        let responses = try_join_all((0..25).map(|_| get(scene, &url, &[]))).await?;
        let Some(broken) = responses.iter().find(|response| response.status() != 500) else { continue };
        refused_by(broken, 503, "ERR_NGROK_3202")?;
        let seen = upstream.heads().len();
        return if (5..asked).contains(&seen) {
            Ok(())
        } else {
            Err(format!("{seen} of {asked} got through"))
        };
    }
    Err(format!("{asked} requests failed, and nothing broke"))
}

async fn webhooks(scene: &mut Scene) -> Result<(), String> {
    let options = json!({ "verify_webhook_provider": "github", "verify_webhook_secret": "between us" });
    let (upstream, url) = behind(scene, options, HELLO).await?;
    let sent = async |key: &str| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
        let signature = format!("sha256={}", HEXLOWER.encode(hmac::sign(&key, b"{}").as_ref()));
        let request = Request::post(&url).header("x-hub-signature-256", signature);
        let request = request.body(Bytes::from_static(b"{}")).map_err(|error| error.to_string())?;
        scene.world.send(request).await
    };
    refused_by(&sent("somebody else's").await?, 403, "ERR_NGROK_3204")?;
    expect("what the upstream saw", &json!(upstream.heads()), &json!([]))?;
    expect("admitted", &text(&sent("between us").await?), &json!("Hello, world!"))
}

async fn websocket_to_tcp(scene: &mut Scene) -> Result<(), String> {
    scene.connect().await?;
    let upstream = Upstream::repeating().await?;
    let name = scene.world.domain("app");
    let options = json!({ "domain": name, "websocket_tcp_converter": true });
    let app = format!("tcp://{}", upstream.addr());
    let asked = json!({ "do": "listen", "proto": "http", "options": options, "app": app });
    scene.agent.done(asked).await?;
    let url = scene.world.url("app");
    refused_by(&get(scene, &url, &[]).await?, 400, "ERR_NGROK_3206")?;
    expect("what the upstream saw", &json!(upstream.heads()), &json!([]))?;
    says_the_same(scene, "app", Message::binary(&b"Hello, websockets!"[..])).await
}

async fn websockets(scene: &mut Scene) -> Result<(), String> {
    scene.connect().await?;
    let upstream = Upstream::speaking_web_socket().await?;
    bind(scene, json!({ "domain": scene.world.domain("app") }), &upstream).await?;
    says_the_same(scene, "app", Message::text("Hello, websockets!")).await
}

/// Opens a WebSocket to the endpoint of this name, and has a message said back.
async fn says_the_same(scene: &Scene, name: &str, message: Message) -> Result<(), String> {
    let config = certificates::client(&scene.world.authority_pem()?, None)?;
    let domain = scene.world.domain(name);
    let stream = dial_tls(scene, &domain, config).await?;
    let opened = client_async(scene.world.url(name).replacen("https", "wss", 1), stream).await;
    let (mut socket, _) = opened.map_err(|error| format!("no WebSocket: {error}"))?;
    socket.send(message.clone()).await.map_err(|error| error.to_string())?;
    match socket.next().await {
        Some(Ok(answer)) if answer == message => Ok(()),
        other => Err(format!("the WebSocket said {other:?}, not {message:?}")),
    }
}

async fn mutual_tls(scene: &mut Scene) -> Result<(), String> {
    let (own, stranger, name) = (Own::new()?, Own::new()?, scene.world.domain("app"));
    let options = json!({ "domain": name, "mutual_tls_cas": own.pem });
    let (upstream, _) = behind(scene, options, HELLO).await?;
    let (member, other) = (own.issue("member")?, stranger.issue("other")?);
    let authority = scene.world.authority_pem()?;
    let head = format!("GET / HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n");
    let asked = async |shown| {
        let mut client = dial_tls(scene, &name, certificates::client(&authority, shown)?).await?;
        super::clients::ask(&mut client, &head).await
    };
    for shown in [None, Some(&other)] {
        if let Ok(answer) = asked(shown).await
            && !answer.is_empty()
        {
            return Err(format!("somebody without a member's certificate was told {answer:?}"));
        }
    }
    expect("what the upstream saw", &json!(upstream.heads()), &json!([]))?;
    let answer = asked(Some(&member)).await?;
    if answer.ends_with("Hello, world!") { Ok(()) } else { Err(format!("a member was told {answer:?}")) }
}

async fn http2_to_the_upstream(scene: &mut Scene) -> Result<(), String> {
    scene.connect().await?;
    let upstream = Upstream::speaking_http2().await?;
    let url = bind(scene, json!({ "app_protocol": "http2" }), &upstream).await?;
    let response = get(scene, &format!("{url}/a?b=c"), &[]).await?;
    expect("the answer", &text(&response), &json!("Hello, world!"))?;
    expect("what the upstream saw", &json!(upstream.heads()), &json!(["GET /a?b=c HTTP/2.0"]))
}

/// An upstream that answers so, and the URL of an endpoint with these options in front of it.
async fn behind(
    scene: &mut Scene,
    options: Value,
    answer: &'static str,
) -> Result<(Upstream, String), String> {
    scene.connect().await?;
    let upstream = Upstream::answering(answer).await?;
    let url = bind(scene, options, &upstream).await?;
    Ok((upstream, url))
}

async fn bind(scene: &mut Scene, options: Value, upstream: &Upstream) -> Result<String, String> {
    let app = format!("http://{}", upstream.addr());
    let asked = json!({ "do": "listen", "proto": "http", "options": options, "app": app });
    let endpoint = scene.agent.done(asked).await?;
    Ok(endpoint["url"].as_str().unwrap_or_default().to_owned())
}

async fn get(scene: &Scene, url: &str, headers: &[(&str, &str)]) -> Result<Response<Bytes>, String> {
    let mut request = Request::builder().method(Method::GET).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    scene.world.send(request.body(Bytes::new()).map_err(|error| error.to_string())?).await
}

fn header<'a>(response: &'a Response<Bytes>, name: &str) -> Option<&'a str> {
    response.headers().get(name).and_then(|value| value.to_str().ok())
}

fn status(response: &Response<Bytes>) -> Value {
    response.status().as_u16().into()
}

fn text(response: &Response<Bytes>) -> Value {
    String::from_utf8_lossy(response.body()).into()
}
