//! Stage time: real time plus an offset that only ever grows.
//!
//! Rules about tokens, sessions and policies read this clock. Certificates, cookie lifetimes, I/O deadlines and
//! heartbeats use real time instead.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Notify;
use tokio::time::timeout;

/// A handle on one stage's time. Clones share the same time.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    offset: Arc<Offset>,
}

#[derive(Debug, Default)]
struct Offset {
    millis: AtomicI64,
    moved: Notify,
}

impl Clock {
    /// A clock that shows real time until it is moved.
    pub fn new() -> Self {
        Self::default()
    }

    /// The stage's time now.
    pub fn now(&self) -> DateTime<Utc> {
        Utc::now() + TimeDelta::milliseconds(self.offset.millis.load(Ordering::Acquire))
    }

    /// Moves this stage's time forward, at once. Whole milliseconds count; a stage's time never goes back.
    pub fn advance(&self, by: Duration) {
        let millis = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        let add = |offset: i64| Some(offset.saturating_add(millis).min(LIMIT_MILLIS));
        let _ = self.offset.millis.fetch_update(Ordering::AcqRel, Ordering::Acquire, add);
        self.offset.moved.notify_waiters();
    }

    /// Waits until it is this time of the stage, whether real time brings it about or the clock is moved. Needs Tokio's
    /// timer unless that time has come already.
    pub async fn reached(&self, at: DateTime<Utc>) {
        loop {
            // Made before the clock is read, so that no move in between is missed.
            let moved = self.offset.moved.notified();
            match (at - self.now()).to_std() {
                Ok(left) if !left.is_zero() => drop(timeout(left, moved).await),
                _ => return,
            }
        }
    }
}

/// A thousand years, so that adding the offset to real time can't leave the calendar.
const LIMIT_MILLIS: i64 = 1000 * 366 * 24 * 3600 * 1000;

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use tokio::time::Instant;

    use super::*;

    /// How long anything may take. Real time.
    const DEADLINE: Duration = Duration::from_secs(20);

    #[test]
    fn clones_share_their_time_and_others_do_not() {
        let (clock, other) = (Clock::new(), Clock::new());
        let before = clock.now();
        clock.clone().advance(Duration::from_secs(3600));
        assert!(clock.now() - before >= TimeDelta::hours(1));
        assert!(other.now() - before < TimeDelta::minutes(1));
    }

    #[test]
    fn an_absurd_advance_stays_inside_the_calendar() {
        let clock = Clock::new();
        clock.advance(Duration::MAX);
        clock.advance(Duration::MAX);
        assert!(clock.now() > Utc::now());
    }

    #[tokio::test]
    async fn a_time_is_reached_at_once_when_the_clock_is_moved_there() {
        let clock = Clock::new();
        let mut waiting = pin!(clock.reached(clock.now() + TimeDelta::hours(2)));
        for _ in 0..2 {
            assert!(timeout(Duration::ZERO, &mut waiting).await.is_err(), "its time has not come");
            clock.clone().advance(Duration::from_secs(3600));
        }
        timeout(DEADLINE, waiting).await.expect("its time has come");
    }

    #[tokio::test]
    async fn a_time_is_reached_by_waiting_and_not_before() {
        let clock = Clock::new();
        let (began, at) = (Instant::now(), clock.now() + TimeDelta::milliseconds(20));
        timeout(DEADLINE, clock.reached(at)).await.expect("its time comes");
        assert!(clock.now() >= at);
        assert!(began.elapsed() >= Duration::from_millis(19), "{:?}", began.elapsed());
        clock.reached(at).await;
    }
}
