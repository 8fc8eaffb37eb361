//! Peers that do what they must not.

use crate::support::{scripted, within};
use tokio::io::AsyncReadExt;
use wire::frame::{Frame, FrameError, WINDOW};
use wire::session::Violation;
use wire::{CloseReason, ErrorCode, Limits};

/// What a broken frame costs: the session, with a word why, and nothing else.
async fn broken(bytes: &[u8]) -> (String, CloseReason) {
    let (mut script, server) = scripted(Limits::default());
    script.bytes(bytes).await;
    let goodbye = script.next().await;
    assert_eq!(script.next().await, "end");
    let reason = within("the end", server.session.closed()).await;
    script.hang_up();
    within("the tasks to end", server.gone).await.unwrap_err();
    (goodbye, reason)
}

#[tokio::test]
async fn a_broken_frame_ends_its_session_and_says_why() {
    let (goodbye, reason) = broken(&[0, 0, 5, 0x00, 0, 0, 0, 3, 1, 2, 3, 4, 5]).await;
    assert_eq!(goodbye, "goaway 0 8 a RST frame of 5 bytes");
    let frame = FrameError::Length { frame: "RST", length: 5 };
    assert_eq!(reason, CloseReason::Misbehaved(Violation::Frame(frame)));

    let (goodbye, _) = broken(&[0, 0, 4, 0x20, 0, 0, 0, 3, 0, 0, 0, 0]).await;
    assert_eq!(goodbye, "goaway 0 1 a WNDINC frame with an increment of 0x0");
    let (goodbye, _) = broken(&[0, 0, 4, 0x12, 0, 0, 0, 4, 0, 0, 0, 3]).await;
    assert_eq!(goodbye, "goaway 0 1 stream 4 is not the peer's to open");
    let again = [0, 0, 4, 0x12, 0, 0, 0, 3, 0, 0, 0, 3].repeat(2);
    let (goodbye, reason) = broken(&again).await;
    assert_eq!(goodbye, "goaway 3 1 stream 3 is out of order");
    assert_eq!(reason, CloseReason::Misbehaved(Violation::Order(3)));
    // The head of somebody's TLS or HTTP.
    let (goodbye, _) = broken(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03").await;
    assert!(goodbye.starts_with("goaway 0 "), "{goodbye}");
    let (goodbye, _) = broken(b"GET / HTTP/1.1\r\n\r\n").await;
    assert!(goodbye.starts_with("goaway 0 "), "{goodbye}");
}

#[tokio::test]
async fn frames_of_the_future_are_passed_over() {
    let (mut script, mut server) = scripted(Limits::default());
    script.bytes(&[0, 0, 3, 0x7f, 0xff, 0xff, 0xff, 0xff, 1, 2, 3]).await;
    script.bytes(&[0, 0, 0, 0xf0, 0, 0, 0, 0]).await;
    script.syn(3).await;
    server.accept().await;
}

#[tokio::test]
async fn whoever_passes_the_window_loses_the_stream_alone() {
    let (mut script, mut server) = scripted(Limits::default());
    script.syn(3).await;
    script.syn(5).await;
    let (_unread, mut other) = (server.accept().await, server.accept().await);
    // A single frame of 16 MiB is cut off where the window ends; its rest is dropped without another word.
    let length = 0xff_ffff;
    script.bytes(&[0xff, 0xff, 0xff, 0x10, 0, 0, 0, 3]).await;
    script.bytes(&vec![0; length]).await;
    assert_eq!(script.next().await, "3 fin 0");
    assert_eq!(script.next().await, "3 rst 3");
    script.data(5, b"still here").await;
    let mut bytes = [0; 10];
    within("the other stream", other.read_exact(&mut bytes)).await.unwrap();
    assert_eq!(&bytes, b"still here");
    script.data(7, b"nobody").await;
    assert_eq!(script.next().await, "7 rst 4");
}

#[tokio::test]
async fn what_comes_for_streams_that_are_gone_is_ignored_or_refused() {
    let (mut script, mut server) = scripted(Limits::default());
    script.frame(Frame::Window { stream: 99, increment: 1 }).await;
    script.frame(Frame::Reset { stream: 99, code: ErrorCode::RESET }).await;
    script.frame(Frame::Data { stream: 99, syn: false, fin: true, continued: false, bytes: &[] }).await;
    script.data(99, b"x").await;
    assert_eq!(script.next().await, "99 rst 4");
    script.syn(3).await;
    drop(server.accept().await);
    assert_eq!(script.next().await, "3 fin 0");
}

#[tokio::test]
async fn endless_credit_does_no_harm() {
    let (mut script, mut server) = scripted(Limits::default());
    script.syn(3).await;
    for _ in 0..4 {
        script.frame(Frame::Window { stream: 3, increment: 0x7fff_ffff }).await;
    }
    let mut stream = server.accept().await;
    let writing = tokio::spawn(async move {
        use tokio::io::AsyncWriteExt;
        stream.write_all(&vec![1; 2 * WINDOW as usize]).await.unwrap();
    });
    let mut got = 0;
    while got < 2 * WINDOW as usize {
        let line = script.next().await;
        got += line.rsplit(' ').next().and_then(|n| n.parse::<usize>().ok()).unwrap();
    }
    writing.await.unwrap();
}

#[tokio::test]
async fn the_end_of_the_connection_and_a_goodbye_are_told_apart() {
    let (mut script, server) = scripted(Limits::default());
    script.bytes(&[0, 0, 9, 0x12, 0, 0]).await;
    script.hang_up();
    assert_eq!(within("the end", server.session.closed()).await, CloseReason::Eof);
    within("the tasks to end", server.gone).await.unwrap_err();

    let (mut script, server) = scripted(Limits::default());
    script.frame(Frame::GoAway { last_stream: 0, code: ErrorCode::INTERNAL, text: b"tired \xff" }).await;
    // What follows a goodbye isn't looked at: some clients miscount it.
    script.bytes(&[0, 0, 5, 0x00, 0, 0, 0, 3]).await;
    let reason = within("the end", server.session.closed()).await;
    assert_eq!(reason, CloseReason::GoneAway { code: ErrorCode::INTERNAL, text: "tired \u{fffd}".into() });
    assert_eq!(script.next().await, "end");
}

#[tokio::test]
async fn one_session_ends_and_its_neighbour_goes_on() {
    let tasks = ground::Tasks::new();
    let (mut bad, bad_far) = tokio::io::duplex(4096);
    let (good, good_far) = tokio::io::duplex(4096);
    let start = |io, role| wire::Session::start(io, role, Limits::default(), &tasks.spawner());
    let (ended, _bad_incoming) = start(bad_far, wire::Role::Server);
    let (_goes_on, mut incoming) = start(good_far, wire::Role::Server);
    let (client, _client_incoming) = start(good, wire::Role::Client);
    use tokio::io::AsyncWriteExt;
    bad.write_all(&[0xff, 0xff, 0xff, 0x30, 0, 0, 0, 0]).await.unwrap();
    within("the bad one's end", ended.closed()).await;
    let _stream = client.open(wire::StreamType::PROXY, b"hi").await.unwrap();
    assert!(within("a stream", incoming.accept()).await.is_some());
}
