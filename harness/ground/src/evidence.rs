//! Where each part of a stage says what it saw.
//!
//! A part defines its own event type and is given a [`Sink`] of it. The stage collects; no part knows who listens.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, Utc};
use http::{HeaderMap, Method, StatusCode, Version};
use tokio::sync::watch;

use crate::Clock;

/// The two ends of a TCP connection as the part that accepted it saw them. With the other end's evidence it tells
/// which connection is which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Connection {
    /// The end that called.
    pub peer: SocketAddr,
    /// The end that listened.
    pub local: SocketAddr,
}

/// One HTTP exchange as a part saw it: heads only, bodies stay where they are. Values are unredacted: whoever writes
/// them out passes them through a [`Redactor`](crate::redaction::Redactor).
#[derive(Clone, Debug)]
pub struct Exchange {
    /// When the request's head had been read.
    pub began: Instant,
    /// The connection it came on.
    pub connection: Connection,
    /// The request's method.
    pub method: Method,
    /// The absolute URL that was asked for, `https://host/path?query`.
    pub url: String,
    /// The request's version.
    pub version: Version,
    /// The request's headers.
    pub request_headers: HeaderMap,
    /// The answer's status.
    pub status: StatusCode,
    /// The answer's headers.
    pub response_headers: HeaderMap,
}

/// An event with the moment it was emitted.
#[derive(Clone, Debug)]
pub struct Stamped<E> {
    /// Monotonic time.
    pub at: Instant,
    /// The stage's time.
    pub stage_time: DateTime<Utc>,
    /// What happened.
    pub event: E,
}

/// Takes one part's events. Clones share their listener.
pub struct Sink<E> {
    deliver: Arc<dyn Fn(Stamped<E>) + Send + Sync>,
    clock: Clock,
    activity: Activity,
}

impl<E: 'static> Sink<E> {
    /// A sink that hands each event, stamped, to `deliver`, which must be quick and must not call back into the part.
    pub fn new(
        clock: Clock,
        activity: Activity,
        deliver: impl Fn(Stamped<E>) + Send + Sync + 'static,
    ) -> Self {
        Self { deliver: Arc::new(deliver), clock, activity }
    }

    /// A sink that forgets.
    pub fn forgetful() -> Self {
        Self::new(Clock::new(), Activity::default(), drop)
    }

    /// Says that something happened, now.
    pub fn emit(&self, event: E) {
        (self.deliver)(Stamped { at: Instant::now(), stage_time: self.clock.now(), event });
    }

    /// Marks the stage as busy until the guard is dropped; a part holds one for each request that it has not answered.
    pub fn busy(&self) -> Busy {
        self.activity.busy()
    }
}

impl<E> Clone for Sink<E> {
    fn clone(&self) -> Self {
        Self {
            deliver: Arc::clone(&self.deliver),
            clock: self.clock.clone(),
            activity: self.activity.clone(),
        }
    }
}

impl<E> fmt::Debug for Sink<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sink")
    }
}

/// How many requests are in flight anywhere in a stage.
#[derive(Clone, Debug)]
pub struct Activity {
    in_flight: watch::Sender<usize>,
}

impl Default for Activity {
    fn default() -> Self {
        Self { in_flight: watch::Sender::new(0) }
    }
}

impl Activity {
    /// Counts one more until the guard is dropped.
    pub fn busy(&self) -> Busy {
        self.in_flight.send_modify(|count| *count += 1);
        Busy { activity: self.clone() }
    }

    /// How many are in flight now.
    pub fn in_flight(&self) -> usize {
        *self.in_flight.borrow()
    }

    /// Waits until none is in flight.
    pub async fn idle(&self) {
        // The sender is ours, so the channel cannot close while we wait.
        let _ = self.in_flight.subscribe().wait_for(|count| *count == 0).await;
    }
}

/// Something is in flight while this lives.
#[derive(Debug)]
pub struct Busy {
    activity: Activity,
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.activity.in_flight.send_modify(|count| *count -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[test]
    fn events_arrive_in_order_with_both_times() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let listener = Arc::clone(&seen);
        let clock = Clock::new();
        clock.advance(std::time::Duration::from_secs(3600));
        let sink = Sink::new(clock, Activity::default(), move |event| listener.lock().unwrap().push(event));
        sink.emit("first");
        sink.clone().emit("second");
        let seen = seen.lock().unwrap();
        assert_eq!(seen.iter().map(|e| e.event).collect::<Vec<_>>(), ["first", "second"]);
        assert!(seen[0].at <= seen[1].at);
        assert!(seen[0].stage_time > Utc::now() + chrono::TimeDelta::minutes(59));
    }

    #[tokio::test]
    async fn idle_waits_for_the_last_guard() {
        let activity = Activity::default();
        let (one, two) = (activity.busy(), activity.busy());
        drop(one);
        assert_eq!(activity.in_flight(), 1);
        let waiting = tokio::spawn({
            let activity = activity.clone();
            async move { activity.idle().await }
        });
        drop(two);
        waiting.await.unwrap();
    }
}
