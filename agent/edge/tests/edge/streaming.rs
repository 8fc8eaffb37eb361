//! Bodies that don't come at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Frame;
use hyper::ext::Protocol;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{Semaphore, mpsc};

use crate::agent::Agent;
use crate::app::{App, Spoken};
use crate::client::{body, connect, get, send, send_h2, text};
use crate::world::{DEADLINE, World};

const URL: &str = "https://app.tunnel.test";

#[tokio::test]
async fn server_sent_events_arrive_one_by_one() {
    let world = World::new().await;
    let app = App::new("app");
    let agent = Agent::new(&world, &app).await;
    agent.online("app.tunnel.test").await;
    for over_h2 in [false, true] {
        let speaker = app.speaker();
        let request = Request::get(format!("{URL}/events")).body(body("")).unwrap();
        let mut answer = if over_h2 { send_h2(&world, request).await } else { send(&world, request).await };
        // The next is said only when the one before has arrived.
        for event in ["data: 1\n\n", "data: 2\n\n", "data: 3\n\n"] {
            speaker.send(Frame::data(Bytes::from_static(event.as_bytes()))).await.unwrap();
            let frame =
                tokio::time::timeout(DEADLINE, answer.body_mut().frame()).await.expect("the event in time");
            assert_eq!(frame.unwrap().unwrap().into_data().unwrap(), event);
        }
    }
}

#[tokio::test]
async fn trailers_pass_both_ways() {
    let world = World::new().await;
    let app = App::new("app");
    let agent = Agent::new(&world, &app).await;
    agent.online("app.tunnel.test").await;
    let trailers = |name: &'static str| {
        let mut trailers = HeaderMap::new();
        trailers.insert(name, "42".parse().unwrap());
        trailers.insert("ngrok-auth-user-id", "root".parse().unwrap());
        Frame::<Bytes>::trailers(trailers)
    };

    let speaker = app.speaker();
    speaker.send(Frame::data(Bytes::from_static(b"x"))).await.unwrap();
    speaker.send(trailers("x-sum")).await.unwrap();
    drop(speaker);
    let request = Request::get(format!("{URL}/events")).header("te", "trailers").body(body("")).unwrap();
    let answer = send_h2(&world, request).await.into_body().collect().await.unwrap();
    assert_eq!(answer.trailers().unwrap()["x-sum"], "42");

    let (sender, receiver) = mpsc::channel(4);
    sender.send(Frame::data(Bytes::from_static(b"x"))).await.unwrap();
    sender.send(trailers("x-check")).await.unwrap();
    drop(sender);
    let request = Request::post(format!("{URL}/echo")).header("trailer", "x-check, ngrok-auth-user-id");
    let answer = send_h2(&world, request.body(Spoken(receiver).boxed_unsync()).unwrap()).await;
    assert_eq!(answer.headers()["x-check"], "42");
    assert!(!answer.headers().contains_key("ngrok-auth-user-id"));
}

#[tokio::test]
async fn an_upload_waits_for_a_slow_upstream() {
    const CHUNK: usize = 64 * 1024;
    const CHUNKS: usize = 1600;
    let world = World::new().await;
    let app = App::new("app");
    let agent = Agent::new(&world, &app).await;
    agent.online("app.tunnel.test").await;
    let (sender, receiver) = mpsc::channel(1);
    let sent = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&sent);
    let upload = tokio::spawn(async move {
        for _ in 0..CHUNKS {
            sender.send(Frame::data(Bytes::from(vec![0; CHUNK]))).await.unwrap();
            counted.fetch_add(CHUNK, Ordering::Relaxed);
        }
    });
    let request = Request::post(format!("{URL}/slow")).body(Spoken(receiver).boxed_unsync()).unwrap();
    let answer = tokio::spawn({
        let world = Arc::new(world);
        async move { text(send(&world, request).await).await }
    });
    // The upload stands still when two looks in a row, with all other tasks run in between, see the same.
    let mut before = usize::MAX;
    let mut quiet = 0;
    while quiet < 2000 {
        let now = sent.load(Ordering::Relaxed);
        quiet = if now == before && now > 0 { quiet + 1 } else { 0 };
        before = now;
        tokio::task::yield_now().await;
    }
    assert!(before < 24 * 1024 * 1024, "{before} bytes are on their way to an upstream that reads nothing");
    app.appetite.add_permits(Semaphore::MAX_PERMITS / 2);
    assert_eq!(answer.await.unwrap(), (CHUNK * CHUNKS).to_string());
    upload.await.unwrap();
}

#[tokio::test]
async fn a_websocket_speaks_both_ways_and_ends() {
    let world = World::new().await;
    let app = App::new("app");
    let agent = Agent::new(&world, &app).await;
    agent.online("app.tunnel.test").await;
    let handshake = Request::get(format!("{URL}/ws"))
        .header("connection", "Upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        .header("sec-websocket-version", "13")
        .body(body(""))
        .unwrap();
    let mut answer = send(&world, handshake).await;
    assert_eq!(answer.status(), StatusCode::SWITCHING_PROTOCOLS);
    assert_eq!(answer.headers()["upgrade"], "websocket");
    let mut socket = TokioIo::new(hyper::upgrade::on(&mut answer).await.unwrap());
    for message in [&b"one"[..], b"two"] {
        socket.write_all(message).await.unwrap();
        let mut echo = vec![0; message.len()];
        tokio::time::timeout(DEADLINE, socket.read_exact(&mut echo)).await.expect("an echo in time").unwrap();
        assert_eq!(echo, message);
    }
    assert_eq!(app.seen()[0].headers["sec-websocket-key"], "dGhlIHNhbXBsZSBub25jZQ==");
    socket.shutdown().await.unwrap();
    let mut rest = Vec::new();
    tokio::time::timeout(DEADLINE, socket.read_to_end(&mut rest)).await.expect("the end in time").unwrap();
}

#[tokio::test]
async fn a_websocket_over_http2_is_one_over_http1_to_the_upstream() {
    let world = World::new().await;
    let app = App::new("app");
    let agent = Agent::new(&world, &app).await;
    agent.online("app.tunnel.test").await;
    let stream = connect(&world, "app.tunnel.test", &[b"h2"]).await.unwrap();
    let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
    let (mut sender, connection) = handshake.await.unwrap();
    tokio::spawn(connection);
    // Once there is an answer, the edge has said that it knows such handshakes.
    text(sender.send_request(get(URL)).await.unwrap()).await;
    let handshake = |path: &str| {
        Request::builder()
            .method(Method::CONNECT)
            .uri(format!("{URL}{path}"))
            .extension(Protocol::from_static("websocket"))
            .header("sec-websocket-version", "13")
            .body(body(""))
            .unwrap()
    };
    let mut answer = sender.send_request(handshake("/ws")).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(!answer.headers().contains_key("sec-websocket-accept"));
    let mut socket = TokioIo::new(hyper::upgrade::on(&mut answer).await.unwrap());
    socket.write_all(b"hello").await.unwrap();
    let mut echo = [0; 5];
    tokio::time::timeout(DEADLINE, socket.read_exact(&mut echo)).await.expect("an echo in time").unwrap();
    assert_eq!(&echo, b"hello");
    let seen = &app.seen()[1];
    assert_eq!((seen.path.as_str(), &seen.headers["upgrade"]), ("/ws", &"websocket".parse().unwrap()));
    let refused = sender.send_request(handshake("/")).await.unwrap();
    assert_eq!((refused.status(), text(refused).await.as_str()), (StatusCode::BAD_GATEWAY, "app"));
}

#[tokio::test]
async fn many_requests_at_once_get_their_own_answers() {
    let world = Arc::new(World::new().await);
    let agent = Agent::new(&world, &App::new("app")).await;
    agent.online("app.tunnel.test").await;
    let mut requests = tokio::task::JoinSet::new();
    for number in 0..64 {
        let world = Arc::clone(&world);
        requests.spawn(async move {
            let sent = format!("number {number}");
            let request = Request::post(format!("{URL}/echo")).body(body(&sent)).unwrap();
            assert_eq!(text(send(&world, request).await).await, sent);
        });
    }
    while let Some(done) = requests.join_next().await {
        done.unwrap();
    }
    text(send(&world, get(URL)).await).await;
}

#[tokio::test]
async fn requests_beyond_the_bound_wait_for_a_place() {
    const BOUND: usize = 480;
    let world = World::new().await;
    let app = App::new("app");
    let agent = Agent::new(&world, &app).await;
    agent.online("app.tunnel.test").await;
    let mut requests = tokio::task::JoinSet::new();
    for _ in 0..3 {
        let stream = connect(&world, "app.tunnel.test", &[b"h2"]).await.unwrap();
        let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
        let (sender, connection) = handshake.await.unwrap();
        tokio::spawn(connection);
        for _ in 0..(BOUND + 30) / 3 {
            let mut sender = sender.clone();
            requests.spawn(async move {
                sender.send_request(get(&format!("{URL}/held"))).await.unwrap().status()
            });
        }
    }
    let arrived = async |count: usize| {
        while app.seen().len() < count {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(DEADLINE, arrived(BOUND)).await.expect("the places are taken");
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
    assert_eq!(app.seen().len(), BOUND);
    app.appetite.add_permits(BOUND + 30);
    while let Some(status) = requests.join_next().await {
        assert_eq!(status.unwrap(), StatusCode::OK);
    }
    assert_eq!(app.seen().len(), BOUND + 30);
}
