//! Stage time: real time plus an offset that only ever grows.
//!
//! Rules about tokens, sessions and policies read this clock. Certificates, cookie lifetimes, I/O deadlines and
//! heartbeats use real time instead.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

/// A handle on one stage's time. Clones share the same time.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    offset_millis: Arc<AtomicI64>,
}

impl Clock {
    /// A clock that shows real time until it is moved.
    pub fn new() -> Self {
        Self::default()
    }

    /// The stage's time now.
    pub fn now(&self) -> DateTime<Utc> {
        Utc::now() + TimeDelta::milliseconds(self.offset_millis.load(Ordering::Acquire))
    }

    /// Moves this stage's time forward, at once. Whole milliseconds count; a stage's time never goes back.
    pub fn advance(&self, by: Duration) {
        let millis = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        let add = |offset: i64| Some(offset.saturating_add(millis).min(LIMIT_MILLIS));
        let _ = self.offset_millis.fetch_update(Ordering::AcqRel, Ordering::Acquire, add);
    }
}

/// A thousand years, so that adding the offset to real time can't leave the calendar.
const LIMIT_MILLIS: i64 = 1000 * 366 * 24 * 3600 * 1000;

#[cfg(test)]
mod tests {
    use super::*;

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
}
