//! Two of our sessions, end to end.

use std::time::Duration;

use crate::support::{pair, pair_with, within};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wire::frame::WINDOW;
use wire::{CloseReason, ErrorCode, Limits, OpenError, StreamError, StreamType};

fn pattern(seed: usize, length: usize) -> Vec<u8> {
    (0..length).map(|at| (at.wrapping_mul(31) ^ (at >> 8)).wrapping_add(seed) as u8).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn much_goes_both_ways_at_once() {
    const LENGTH: usize = 4 * 1024 * 1024;
    let (client, mut server) = pair();
    let mut exchanges = tokio::task::JoinSet::new();
    for seed in 0..8 {
        let mut near = client.open(&[]).await;
        let mut far = server.accept().await;
        exchanges.spawn(async move {
            let (mut read, mut write) = tokio::io::split(&mut near);
            let (sent, mut got) = (pattern(seed, LENGTH), Vec::new());
            let write = async {
                write.write_all(&sent).await.unwrap();
                write.shutdown().await.unwrap();
            };
            let (_, read) = tokio::join!(write, read.read_to_end(&mut got));
            read.unwrap();
            assert!(got == sent, "stream {seed}");
        });
        exchanges.spawn(async move {
            let (mut read, mut write) = tokio::io::split(&mut far);
            tokio::io::copy(&mut read, &mut write).await.unwrap();
            write.shutdown().await.unwrap();
        });
    }
    within("the transfers", exchanges.join_all()).await;
    assert_eq!((client.session.streams(), server.session.streams()), (0, 0));
}

#[tokio::test]
async fn a_reader_that_sleeps_holds_up_its_own_stream_alone() {
    let (client, mut server) = pair();
    let mut slow = client.open(&[]).await;
    let mut slow_far = server.accept().await;
    // Everything that the window lets through, and not a byte more.
    let mut written = 4;
    while let Some(n) = std::future::poll_fn(|context| {
        use tokio::io::AsyncWrite;
        std::task::Poll::Ready(match std::pin::Pin::new(&mut slow).poll_write(context, &[1; 8192]) {
            std::task::Poll::Ready(n) => Some(n.unwrap()),
            std::task::Poll::Pending if written == WINDOW as usize => None,
            std::task::Poll::Pending => Some(0),
        })
    })
    .await
    {
        written += n;
        tokio::task::yield_now().await;
    }

    let mut quick = client.open(b"ping").await;
    let mut quick_far = server.accept().await;
    let mut ping = [0; 4];
    within("the ping", quick_far.read_exact(&mut ping)).await.unwrap();
    quick_far.write_all(b"pong").await.unwrap();
    within("the pong", quick.read_exact(&mut ping)).await.unwrap();
    assert_eq!(&ping, b"pong");

    // It goes on as soon as it is read.
    let more = tokio::spawn(async move {
        slow.write_all(&[2; 1000]).await.unwrap();
        slow.shutdown().await.unwrap();
    });
    let mut read = Vec::new();
    within("the slow stream", slow_far.read_to_end(&mut read)).await.unwrap();
    assert_eq!(read.len(), WINDOW as usize - 4 + 1000);
    more.await.unwrap();
}

#[tokio::test]
async fn one_half_may_end_before_the_other() {
    let (client, mut server) = pair();
    let mut near = client.open(&[]).await;
    near.write_all(b"question").await.unwrap();
    near.shutdown().await.unwrap();
    let error = near.write_all(b"more").await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::BrokenPipe);

    let mut far = server.accept().await;
    let mut question = String::new();
    within("the question", far.read_to_string(&mut question)).await.unwrap();
    far.write_all(b"answer").await.unwrap();
    drop(far);
    let mut answer = String::new();
    within("the answer", near.read_to_string(&mut answer)).await.unwrap();
    assert_eq!((question.as_str(), answer.as_str()), ("question", "answer"));
}

#[tokio::test]
async fn a_reset_reaches_the_other_end_with_its_code() {
    let (client, mut server) = pair();
    let mut near = client.open(b"begun").await;
    let mut far = server.accept().await;
    near.reset(ErrorCode::CANCELLED);
    let mut begun = Vec::new();
    let error = within("the reset", far.read_to_end(&mut begun)).await.unwrap_err();
    assert_eq!(begun, b"begun");
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    let error = error.into_inner().unwrap().downcast::<StreamError>().unwrap();
    assert_eq!(*error, StreamError::Reset(ErrorCode::CANCELLED));
    assert!(far.write_all(b"x").await.is_err());
    assert_eq!(near.read(&mut [0]).await.unwrap_err().kind(), std::io::ErrorKind::ConnectionAborted);
    assert_eq!((client.session.streams(), server.session.streams()), (0, 0));
}

#[tokio::test]
async fn a_break_is_noticed_without_reading_and_a_good_end_is_none() {
    let (client, mut server) = pair();
    let (near, mut far) = (client.open(&[]).await, server.accept().await);
    far.shutdown().await.unwrap();
    let resetting = async { far.reset(ErrorCode::RESET) };
    let (broken, ()) = within("the reset", async { tokio::join!(near.broken(), resetting) }).await;
    assert_eq!(broken, StreamError::Reset(ErrorCode::RESET));

    let (mut near, mut far) = (client.open(&[]).await, server.accept().await);
    near.shutdown().await.unwrap();
    far.shutdown().await.unwrap();
    within("the end", near.read(&mut [0])).await.unwrap();
    client.session.shutdown(ErrorCode::NONE, "").await;
    let mut broken = std::pin::pin!(near.broken());
    assert!(
        std::future::poll_fn(|context| std::task::Poll::Ready(broken.as_mut().poll(context).is_pending()))
            .await
    );
}

#[tokio::test]
async fn a_shutdown_sends_what_was_written_and_leaves_no_task() {
    let (client, mut server) = pair();
    let mut near = client.open(&[]).await;
    near.write_all(&[7; 50_000]).await.unwrap();
    near.shutdown().await.unwrap();
    within("the shutdown", client.session.shutdown(ErrorCode::NONE, "bye")).await;

    let mut far = server.accept().await;
    let mut read = Vec::new();
    far.read_to_end(&mut read).await.unwrap();
    assert_eq!(read.len(), 50_000);
    let went = CloseReason::GoneAway { code: ErrorCode::NONE, text: "bye".into() };
    assert_eq!(within("the goodbye", server.session.closed()).await, went);
    assert!(within("the end of accepting", server.incoming.accept()).await.is_none());
    assert_eq!(server.session.open(StreamType::PROXY, &[]).await.unwrap_err(), OpenError::Session(went));
    let here = CloseReason::ShutDown { code: ErrorCode::NONE };
    assert_eq!(client.session.close_reason(), Some(here.clone()));
    assert_eq!(client.session.open(StreamType::PROXY, &[]).await.unwrap_err(), OpenError::Session(here));
    within("the client's tasks to end", client.gone).await.unwrap_err();
    within("the server's tasks to end", server.gone).await.unwrap_err();
}

#[tokio::test]
async fn when_the_owner_ends_everything_does() {
    let (client, mut server) = pair();
    let mut near = client.open(&[]).await;
    let mut far = server.accept().await;
    client.tasks.stop().await;
    assert_eq!(client.session.closed().await, CloseReason::Ended);
    assert_eq!(near.read(&mut [0]).await.unwrap_err().kind(), std::io::ErrorKind::ConnectionAborted);
    assert_eq!(within("the end", server.session.closed()).await, CloseReason::Eof);
    assert!(far.write_all(b"x").await.is_err());
    within("the server's tasks to end", server.gone).await.unwrap_err();
    // A session that is started for an owner that is gone is over at once.
    let (io, _peer) = tokio::io::duplex(64);
    let spawner = ground::Tasks::new().spawner();
    let (session, _incoming) = wire::Session::start(io, wire::Role::Client, Limits::default(), &spawner);
    assert_eq!(session.closed().await, CloseReason::Ended);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn as_many_streams_as_allowed_and_the_next_one_waits_its_turn() {
    let (client, mut server) = pair();
    let echoes = ground::Tasks::new();
    let spawner = echoes.spawner();
    let accepting = tokio::spawn(async move {
        while let Some(mut stream) = server.incoming.accept().await {
            spawner.spawn(async move {
                StreamType::read(&mut stream).await.unwrap();
                let (mut read, mut write) = tokio::io::split(&mut stream);
                tokio::io::copy(&mut read, &mut write).await.unwrap();
            });
        }
    });
    let mut streams = Vec::new();
    while streams.len() < 480 {
        // In rounds, so that the backlog of 128 is never passed.
        for _ in 0..80 {
            streams.push(client.open(b"hello").await);
        }
        for stream in streams.iter_mut().rev().take(80) {
            let mut hello = [0; 5];
            within("an echo", stream.read_exact(&mut hello)).await.unwrap();
        }
    }
    assert_eq!(client.session.streams(), 480);
    let session = client.session.clone();
    let next = tokio::spawn(async move { session.open(StreamType::PROXY, b"late!").await.unwrap() });
    for stream in &mut streams {
        stream.write_all(&[9; 3000]).await.unwrap();
    }
    for stream in &mut streams {
        within("an echo", stream.read_exact(&mut [0; 3000])).await.unwrap();
    }
    assert!(!next.is_finished());
    streams.pop();
    let mut next = within("a place", next).await.unwrap();
    let mut late = [0; 5];
    within("the late echo", next.read_exact(&mut late)).await.unwrap();
    assert_eq!(&late, b"late!");
    client.session.shutdown(ErrorCode::NONE, "").await;
    within("the end of accepting", accepting).await.unwrap();
}

#[tokio::test]
async fn a_peer_that_reads_nothing_delays_the_end_no_longer_than_said() {
    let limits = Limits { linger: Duration::from_millis(20), ..Limits::default() };
    let (near, _far) = tokio::io::duplex(16);
    let client = crate::support::End::new(near, wire::Role::Client, limits);
    let mut stream = client.open(&[]).await;
    stream.write_all(&[0; 30_000]).await.unwrap();
    within("the shutdown", client.session.shutdown(ErrorCode::NONE, "")).await;
    within("the tasks to end", client.gone).await.unwrap_err();
}

#[tokio::test]
async fn a_stream_that_nobody_accepts_is_refused() {
    let (client, server) = pair_with(Limits { backlog: 2, ..Limits::default() });
    let mut streams = [client.open(&[]).await, client.open(&[]).await, client.open(&[]).await];
    let error = within("the refusal", streams[2].read(&mut [0])).await.unwrap_err();
    assert_eq!(error.to_string(), "the stream was reset: accept queue full");
    drop(server.incoming);
    let error = within("the refusal", streams[0].read(&mut [0])).await.unwrap_err();
    assert_eq!(error.to_string(), "the stream was reset: stream refused");
    let error = client.session.open(StreamType::PROXY, &vec![0; WINDOW as usize]).await.unwrap_err();
    assert_eq!(error, OpenError::TooLarge(WINDOW as usize));
}
