//! Upstreams that speak HTTP/2 with prior knowledge.

use std::sync::Arc;

use bytes::Bytes;
use edge::event::Event;
use http::{HeaderMap, Request, StatusCode, Version};
use http_body_util::BodyExt;
use hyper::body::Frame;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::sync::mpsc;
use wire::StreamType;
use wire::message::{Bind, StartTunnelWithLabel, StartTunnelWithLabelAnswer};

use crate::agent::{Agent, Behind, guarded, https};
use crate::app::{App, Spoken};
use crate::client::{Browser, body, code, connect, get, send, send_h2, text};
use crate::world::{DEADLINE, World};

const URL: &str = "https://app.tunnel.test";

async fn behind(world: &World, app: &Arc<App>) -> Agent {
    let agent = Agent::with(world, Behind::Http2(Arc::clone(app))).await;
    let answer = agent.bind(&over_http2()).await;
    assert_eq!(answer.error, "");
    agent
}

fn over_http2() -> Bind {
    Bind { forwards_proto: "http2".into(), ..https("app.tunnel.test") }
}

#[tokio::test]
async fn requests_pass_over_http2_whatever_the_client_speaks() {
    let world = World::new().await;
    let app = App::new("hello");
    let _agent = behind(&world, &app).await;
    let post = || Request::post(format!("{URL}/echo?x=1")).body(body("payload")).unwrap();
    let answer = send(&world, post()).await;
    assert_eq!((answer.version(), answer.status()), (Version::HTTP_11, StatusCode::OK));
    assert_eq!(text(answer).await, "payload");
    assert_eq!(text(send_h2(&world, post()).await).await, "payload");
    assert_eq!(text(send_h2(&world, get(URL)).await).await, "hello");
    for seen in &app.seen()[..2] {
        assert_eq!(seen.path, "http://app.tunnel.test/echo?x=1");
        assert_eq!(seen.headers["x-forwarded-proto"], "https");
        for absent in ["host", "connection", "transfer-encoding"] {
            assert!(!seen.headers.contains_key(absent), "{absent}");
        }
    }
    assert_eq!(app.connections().len(), 1);
}

#[tokio::test]
async fn one_stream_carries_many_requests_at_once() {
    let world = World::new().await;
    let app = App::new("hello");
    let _agent = behind(&world, &app).await;
    let stream = connect(&world, "app.tunnel.test", &[b"h2"]).await.unwrap();
    let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
    let (sender, connection) = handshake.await.unwrap();
    tokio::spawn(connection);
    let mut requests = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let mut sender = sender.clone();
        requests
            .spawn(async move { sender.send_request(get(&format!("{URL}/held"))).await.unwrap().status() });
    }
    let arrived = async {
        while app.seen().len() < 50 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(DEADLINE, arrived).await.expect("all are under way at once");
    assert_eq!(app.connections().len(), 1);
    app.appetite.add_permits(50);
    while let Some(status) = requests.join_next().await {
        assert_eq!(status.unwrap(), StatusCode::OK);
    }
    let mut streams: Vec<_> = world.events.answered().into_iter().filter_map(|seen| seen.forwarded).collect();
    streams.dedup();
    assert_eq!(streams.len(), 1);
}

#[tokio::test]
async fn a_grpc_call_streams_both_ways_and_ends_in_trailers() {
    let world = World::new().await;
    let app = App::new("calls");
    let _agent = behind(&world, &app).await;
    let (sender, receiver) = mpsc::channel(8);
    let call = Request::post(format!("{URL}/call")).header("content-type", "application/grpc");
    let call = call.header("te", "trailers").body(Spoken(receiver).boxed_unsync()).unwrap();
    let mut answer = send_h2(&world, call).await;
    assert_eq!(answer.headers()["content-type"], "application/grpc");
    assert_eq!(app.seen()[0].headers["te"], "trailers");
    let mut frame = async || {
        let frame = tokio::time::timeout(DEADLINE, answer.body_mut().frame()).await;
        frame.expect("the frame in time").expect("a frame").unwrap()
    };
    // The next is said only when the one before has come back.
    for message in ["\0\0\0\0\x03one", "\0\0\0\0\x03two"] {
        sender.send(Frame::data(Bytes::from_static(message.as_bytes()))).await.unwrap();
        assert_eq!(frame().await.into_data().unwrap(), message);
    }
    let mut trailers = HeaderMap::new();
    trailers.insert("x-checksum", "42".parse().unwrap());
    trailers.insert("ngrok-auth-user-id", "root".parse().unwrap());
    sender.send(Frame::trailers(trailers)).await.unwrap();
    drop(sender);
    let trailers = frame().await.into_trailers().unwrap();
    assert_eq!(
        (&trailers["grpc-status"], &trailers["x-checksum"]),
        (&"0".parse().unwrap(), &"42".parse().unwrap())
    );
    assert!(!trailers.contains_key("ngrok-auth-user-id"));
}

#[tokio::test]
async fn labeled_tunnels_speak_it_too() {
    let world = World::new().await;
    let app = App::new("labeled");
    let edge = world.account().create_edge_with_tunnel_group("").unwrap();
    let agent = Agent::with(&world, Behind::Http2(Arc::clone(&app))).await;
    let request = StartTunnelWithLabel {
        labels: [("edge".to_owned(), edge.id.to_string())].into(),
        forwards_proto: "http2".into(),
        ..StartTunnelWithLabel::default()
    };
    let answer: StartTunnelWithLabelAnswer = agent.call(StreamType::START_TUNNEL_WITH_LABEL, &request).await;
    assert_eq!(answer.error, "");
    assert_eq!(text(send(&world, get(&format!("https://{}/", edge.hosts[0]))).await).await, "labeled");
    assert_eq!(app.seen()[0].path, format!("http://{}/", edge.hosts[0]));
}

#[tokio::test]
async fn an_upstream_that_speaks_no_http2_gives_no_valid_answer() {
    let world = World::new().await;
    for bytes in
        [&b""[..], b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", b"SSH-2.0-OpenSSH_9.2\r\n"]
    {
        let agent = Agent::with(&world, Behind::Bytes(bytes)).await;
        assert_eq!(agent.bind(&over_http2()).await.error, "");
        let answer = send(&world, get(URL)).await;
        assert_eq!((answer.status().as_u16(), code(answer.headers())), (502, "ERR_NGROK_3004"));
        agent.kill().await;
        let downs = |event: &Event| matches!(event, Event::TunnelDown { .. });
        world.events.first("the end", |event| downs(event).then_some(())).await;
        while !world.account().tunnels().is_empty() {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn a_connection_that_the_upstream_ended_is_followed_by_another() {
    let world = World::new().await;
    let app = App::new("hello");
    let _agent = behind(&world, &app).await;
    assert_eq!(text(send(&world, get(URL)).await).await, "hello");
    app.hang_up.notify_one();
    let hung_up = app.hung_up.acquire();
    tokio::time::timeout(DEADLINE, hung_up).await.expect("the connection ends in time").unwrap().forget();
    assert_eq!(text(send(&world, get(URL)).await).await, "hello");
    assert_eq!(app.connections().len(), 2);
}

#[tokio::test]
async fn a_stream_ends_with_its_session_and_the_connection_goes_on() {
    let world = World::new().await;
    let app = App::new("inside");
    let agent = Agent::with(&world, Behind::Http2(Arc::clone(&app))).await;
    let answer = agent.bind(&Bind { forwards_proto: "http2".into(), ..guarded("app.tunnel.test") }).await;
    assert_eq!(answer.error, "");
    let (mut alice, mut bob) = (Browser::default(), Browser::default());
    alice.sign_in(&world, URL).await;
    let session = world.account().app_sessions()[0].id.to_string();
    bob.sign_in(&world, URL).await;
    let speaker = app.speaker();
    let mut events = alice.open(&world, &format!("{URL}/events")).await;
    speaker.send(Frame::data(Bytes::from_static(b"data: 1\n\n"))).await.unwrap();
    let frame = tokio::time::timeout(DEADLINE, events.body_mut().frame()).await.expect("the event in time");
    assert!(frame.unwrap().is_ok());
    world.account().revoke_app_session(&session).unwrap();
    let end = async { while let Some(Ok(_)) = events.body_mut().frame().await {} };
    tokio::time::timeout(DEADLINE, end).await.expect("the stream ends with its session");
    // The upstream learns of it, too.
    let closed = speaker.closed();
    tokio::time::timeout(DEADLINE, closed).await.expect("the upstream's answer is cancelled");
    assert_eq!(text(bob.open(&world, URL).await).await, "inside");
    assert_eq!(app.connections().len(), 1);
}

#[tokio::test]
async fn a_websocket_is_refused_in_words() {
    let world = World::new().await;
    let app = App::new("hello");
    let _agent = behind(&world, &app).await;
    let handshake = Request::get(format!("{URL}/ws")).header("connection", "Upgrade");
    let handshake =
        handshake.header("upgrade", "websocket").header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    let answer = send(&world, handshake.header("sec-websocket-version", "13").body(body("")).unwrap()).await;
    assert_eq!((answer.status().as_u16(), code(answer.headers())), (502, "ERR_NGROK_3004"));
    assert!(text(answer).await.contains("HTTP/2"));
    assert!(app.seen().is_empty());
}
