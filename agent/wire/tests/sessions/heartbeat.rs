//! Proof of life.

use std::time::Duration;

use crate::support::{pair, scripted, within};
use wire::heartbeat::{self, Pace};
use wire::{CloseReason, Limits, StreamType};

const QUICK: Pace = Pace { interval: Duration::from_millis(5), tolerance: Duration::from_secs(60) };

#[tokio::test]
async fn each_side_beats_and_echoes_and_knows_the_round_trip() {
    let (mut client, mut server) = pair();
    let mut at_client = heartbeat::start(&client.session, QUICK, &client.tasks.spawner());
    let mut at_server = heartbeat::start(&server.session, QUICK, &server.tasks.spawner());
    for end in [&mut client, &mut server] {
        let mut stream = within("a heartbeat stream", end.incoming.accept()).await.unwrap();
        assert_eq!(StreamType::read(&mut stream).await.unwrap(), StreamType::HEARTBEAT);
        end.tasks.spawn(heartbeat::echo(stream));
    }
    for watching in [&mut at_client, &mut at_server] {
        for _ in 0..3 {
            within("an echo", watching.changed()).await.unwrap();
            assert!(watching.borrow().is_some_and(|round_trip| round_trip < Duration::from_secs(1)));
        }
    }
    client.session.abandon(CloseReason::Ended);
    within("the heartbeat's end", async { while at_client.changed().await.is_ok() {} }).await;
}

#[tokio::test]
async fn silence_and_a_wrong_echo_are_death() {
    let pace = Pace { interval: Duration::from_millis(5), tolerance: Duration::from_millis(20) };
    let (mut script, server) = scripted(Limits::default());
    let _watching = heartbeat::start(&server.session, pace, &server.tasks.spawner());
    assert_eq!(script.next().await, "2 syn 4");
    assert_eq!(script.next().await, "2 4");
    assert_eq!(within("the end", server.session.closed()).await, CloseReason::Silent);

    let (mut script, server) = scripted(Limits::default());
    let _watching = heartbeat::start(&server.session, QUICK, &server.tasks.spawner());
    script.next().await;
    script.next().await;
    script.data(2, b"not a beat").await;
    assert_eq!(within("the end", server.session.closed()).await, CloseReason::Silent);
}
