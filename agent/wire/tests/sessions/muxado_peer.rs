//! ngrok's own implementation as the peer, in both roles.

use std::time::Duration;

use crate::support::within;
use ground::Tasks;
use muxado::heartbeat::{Heartbeat, HeartbeatConfig};
use muxado::typed::{StreamType as PeerType, Typed, TypedAccept, TypedOpenClose};
use muxado::{Accept, OpenClose, SessionBuilder};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use wire::heartbeat::{self, Pace};
use wire::{CloseReason, ErrorCode, Incoming, Limits, Role, Session, StreamType};

const LENGTH: usize = 3 * 1024 * 1024;

struct Ours {
    session: Session,
    incoming: Incoming,
    tasks: Tasks,
}

fn ours(role: Role) -> (Ours, SessionBuilder<DuplexStream>) {
    let (near, far) = tokio::io::duplex(64 * 1024);
    let tasks = Tasks::new();
    let (session, incoming) = Session::start(near, role, Limits::default(), &tasks.spawner());
    let peer = SessionBuilder::new(far);
    let peer = if role == Role::Server { peer.client() } else { peer.server() };
    (Ours { session, incoming, tasks }, peer)
}

async fn echo(mut stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin) {
    let (mut read, mut write) = tokio::io::split(&mut stream);
    tokio::io::copy(&mut read, &mut write).await.unwrap();
    write.shutdown().await.unwrap();
}

async fn send_and_read_back(mut stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin, seed: u8) {
    let sent: Vec<u8> = (0..LENGTH).map(|at| (at as u8) ^ seed).collect();
    let (mut read, mut write) = tokio::io::split(&mut stream);
    let mut got = Vec::new();
    let write = async {
        write.write_all(&sent).await.unwrap();
        write.shutdown().await.unwrap();
    };
    let (_, read) = tokio::join!(write, read.read_to_end(&mut got));
    read.unwrap();
    assert!(got == sent);
}

async fn its_streams_carry_megabytes(role: Role) {
    let (mut ours, peer) = ours(role);
    let mut peer = peer.start();
    let mut exchanges = tokio::task::JoinSet::new();
    for seed in 0..4 {
        let stream = peer.open().await.unwrap();
        exchanges.spawn(send_and_read_back(stream, seed));
    }
    for _ in 0..4 {
        let stream = within("its stream", ours.incoming.accept()).await.unwrap();
        exchanges.spawn(echo(stream));
    }
    within("the transfers", exchanges.join_all()).await;
    assert_eq!(ours.session.streams(), 0);
}

async fn our_streams_carry_megabytes(role: Role) {
    let (ours, peer) = ours(role);
    let mut peer = Typed::new(peer.start());
    let mut exchanges = tokio::task::JoinSet::new();
    for seed in 0..4 {
        let stream = ours.session.open(StreamType::PROXY, &[]).await.unwrap();
        exchanges.spawn(send_and_read_back(stream, seed));
        let stream = within("our stream", peer.accept_typed()).await.unwrap();
        assert_eq!(stream.typ(), PeerType::clamp(3));
        exchanges.spawn(async move {
            let mut stream = stream;
            echo(&mut *stream).await;
        });
    }
    within("the transfers", exchanges.join_all()).await;
    assert_eq!(ours.session.streams(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_the_peer_as_client() {
    its_streams_carry_megabytes(Role::Server).await;
    our_streams_carry_megabytes(Role::Server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_the_peer_as_server() {
    its_streams_carry_megabytes(Role::Client).await;
    our_streams_carry_megabytes(Role::Client).await;
}

#[tokio::test]
async fn hundreds_of_streams_at_once() {
    let (mut ours, peer) = ours(Role::Server);
    let mut peer = peer.start();
    let streams: Vec<_> =
        futures(480, async || ours.session.open(StreamType::PROXY, b"hello").await.unwrap()).await;
    let mut far = Vec::new();
    for _ in 0..480 {
        far.push(within("our stream", peer.accept()).await.unwrap());
    }
    for mut stream in far {
        let mut hello = [0; 9];
        within("hello", stream.read_exact(&mut hello)).await.unwrap();
        stream.write_all(&hello[4..]).await.unwrap();
    }
    for mut stream in streams {
        let mut hello = [0; 5];
        within("its echo", stream.read_exact(&mut hello)).await.unwrap();
        assert_eq!(&hello, b"hello");
    }
    // The session goes on.
    let mut last = peer.open().await.unwrap();
    last.write_all(b"last").await.unwrap();
    assert!(within("its stream", ours.incoming.accept()).await.is_some());
}

async fn futures<T>(count: usize, mut make: impl AsyncFnMut() -> T) -> Vec<T> {
    let mut made = Vec::new();
    for _ in 0..count {
        made.push(make().await);
    }
    made
}

#[tokio::test]
async fn an_abort_ends_its_reading_and_its_writing() {
    let (ours, peer) = ours(Role::Server);
    let mut peer = peer.start();
    let stream = ours.session.open(StreamType::PROXY, b"begun").await.unwrap();
    let mut far = within("our stream", peer.accept()).await.unwrap();
    stream.reset(ErrorCode::RESET);
    let mut begun = Vec::new();
    within("the end", far.read_to_end(&mut begun)).await.unwrap();
    assert_eq!(begun[4..], *b"begun");
    within("the reset", async {
        while far.write_all(b"x").await.is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn it_hears_our_goodbye() {
    let (ours, peer) = ours(Role::Server);
    let mut peer = peer.start();
    let _stream = ours.session.open(StreamType::PROXY, b"").await.unwrap();
    let mut far = within("our stream", peer.accept()).await.unwrap();
    within("the shutdown", ours.session.shutdown(ErrorCode::NONE, "")).await;
    assert!(within("the end of accepting", peer.accept()).await.is_none());
    within("the end", far.read_to_end(&mut Vec::new())).await.unwrap();
    drop((peer, far));

    // It can't say goodbye itself; when it is dropped the connection ends.
    let (ours, peer) = self::ours(Role::Server);
    drop(peer.start());
    assert_eq!(within("the end", ours.session.closed()).await, CloseReason::Eof);
}

#[tokio::test]
async fn both_heartbeats_are_echoed() {
    let (mut ours, peer) = ours(Role::Server);
    let (heard, mut hears) = tokio::sync::mpsc::unbounded_channel();
    let handler = move |latency: Option<Duration>| {
        let _ = heard.send(latency);
        async { Ok(()) }
    };
    let config = HeartbeatConfig {
        interval: Duration::from_millis(5),
        handler: Some(std::sync::Arc::new(handler)),
        ..HeartbeatConfig::default()
    };
    let (mut peer, _control) = Heartbeat::start(Typed::new(peer.start()), config).await.unwrap();
    let mut stream = within("its heartbeat", ours.incoming.accept()).await.unwrap();
    assert_eq!(StreamType::read(&mut stream).await.unwrap(), StreamType::HEARTBEAT);
    ours.tasks.spawn(heartbeat::echo(stream));
    let pace = Pace { interval: Duration::from_millis(5), ..Pace::default() };
    let mut watching = heartbeat::start(&ours.session, pace, &ours.tasks.spawner());
    // It answers heartbeats while it waits for other streams.
    let accepting = tokio::spawn(async move { peer.accept_typed().await.map(drop) });
    for _ in 0..3 {
        assert!(within("its beat", hears.recv()).await.unwrap().is_some());
        within("our beat", watching.changed()).await.unwrap();
    }
    accepting.abort();
}

#[tokio::test]
async fn its_typed_streams_are_ours() {
    let (mut ours, peer) = ours(Role::Server);
    let mut peer = Typed::new(peer.start());
    let mut stream = peer.open_typed(PeerType::clamp(1)).await.unwrap();
    stream.write_all(b"{\"Id\":\"t1\"}").await.unwrap();
    let mut far = within("its stream", ours.incoming.accept()).await.unwrap();
    assert_eq!(StreamType::read(&mut far).await.unwrap(), StreamType::BIND);
    let unbind: wire::message::Unbind = wire::rpc::read_request(&mut far).await.unwrap();
    assert_eq!(unbind.id, "t1");
    let answering = tokio::spawn(async move {
        wire::rpc::answer(far, &wire::message::UnbindAnswer::default()).await.unwrap();
    });
    let mut answer = String::new();
    within("the answer", stream.read_to_string(&mut answer)).await.unwrap();
    assert_eq!(answer, "{\"Error\":\"\"}");
    stream.shutdown().await.unwrap();
    within("the parting", answering).await.unwrap();
}
