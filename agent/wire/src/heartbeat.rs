//! Proof of life: each side opens a heartbeat stream, sends four bytes at a time, and expects them back.

use std::io;
use std::time::Duration;

use ground::Spawner;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::{CloseReason, Session, Stream, StreamType};

/// How often a side sends a beat, and how long it waits beyond that. Real time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// From one beat to the next; ten seconds.
    pub interval: Duration,
    /// How long an echo may be overdue; fifteen seconds.
    pub tolerance: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { interval: Duration::from_secs(10), tolerance: Duration::from_secs(15) }
    }
}

/// Beats until the session is over, the first time at once. The receiver shows the last round-trip time, none before
/// the first echo. When an echo is later than interval and tolerance, or wrong, the session ends as
/// [`CloseReason::Silent`].
pub fn start(session: &Session, pace: Pace, spawner: &Spawner) -> watch::Receiver<Option<Duration>> {
    let (round_trip, watching) = watch::channel(None);
    let session = session.clone();
    spawner.spawn(async move {
        let ended = tokio::select! {
            ended = beat(&session, pace, &round_trip) => ended,
            _ = session.closed() => return,
        };
        if ended.is_err() {
            session.abandon(CloseReason::Silent);
        }
    });
    watching
}

async fn beat(
    session: &Session,
    pace: Pace,
    round_trip: &watch::Sender<Option<Duration>>,
) -> io::Result<std::convert::Infallible> {
    let mut stream = session.open(StreamType::HEARTBEAT, &[]).await?;
    let mut next = Instant::now();
    loop {
        tokio::time::sleep_until(next).await;
        let sent = Instant::now();
        let echo = exchange(&mut stream, ground::random::bytes());
        tokio::time::timeout(pace.interval + pace.tolerance, echo).await??;
        round_trip.send_replace(Some(sent.elapsed()));
        next = sent + pace.interval;
    }
}

async fn exchange(stream: &mut Stream, beat: [u8; 4]) -> io::Result<()> {
    stream.write_all(&beat).await?;
    let mut echo = [0; 4];
    stream.read_exact(&mut echo).await?;
    if echo == beat { Ok(()) } else { Err(io::Error::new(io::ErrorKind::InvalidData, "a wrong echo")) }
}

/// Echoes the beats on a heartbeat stream that the peer opened, its type already read, until it ends.
pub async fn echo(mut stream: Stream) {
    let mut beat = [0; 4];
    while stream.read_exact(&mut beat).await.is_ok() && stream.write_all(&beat).await.is_ok() {}
}
