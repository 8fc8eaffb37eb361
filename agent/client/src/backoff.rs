//! How long to wait before calling an edge again.

use std::time::{Duration, Instant};

/// The first retry comes within this.
const FIRST: Duration = Duration::from_millis(50);
/// Then it doubles from here …
const BASE: Duration = Duration::from_millis(500);
/// … up to here.
const CAP: Duration = Duration::from_secs(30);
/// A session that lived this long was a good one: the next loss is counted from the beginning.
const GOOD: Duration = Duration::from_secs(2);

/// Counts failed attempts. An edge that lets the agent in and throws it out at once counts as failing.
#[derive(Debug, Default)]
pub struct Backoff {
    failed: u32,
    established: Option<Instant>,
}

impl Backoff {
    /// A session is up.
    pub(crate) fn established(&mut self) {
        self.established = Some(Instant::now());
    }

    /// How many attempts failed in a row.
    pub fn failed(&self) -> u32 {
        self.failed
    }

    /// How long to wait before the next attempt: never as long as another agent that failed at the same moment.
    pub fn wait(&mut self) -> Duration {
        if self.established.take().is_some_and(|since| since.elapsed() >= GOOD) {
            self.failed = 0;
        }
        let delay = delay(self.failed, u16::from_ne_bytes(ground::random::bytes()));
        self.failed += 1;
        delay
    }
}

/// The delay after so many failures: between half of its bound and all of it, as the dice fall; the first anywhere
/// under its bound.
fn delay(failed: u32, dice: u16) -> Duration {
    let share = f64::from(dice) / f64::from(u16::MAX);
    match failed {
        0 => FIRST.mul_f64(share),
        n => {
            let bound = BASE.saturating_mul(1 << (n - 1).min(16)).min(CAP);
            bound.mul_f64(0.5 + share / 2.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_begins_at_once_and_doubles_to_half_a_minute() {
        let bounds = |dice| (0..9).map(|failed| delay(failed, dice).as_millis()).collect::<Vec<_>>();
        assert_eq!(bounds(u16::MAX), [50, 500, 1000, 2000, 4000, 8000, 16000, 30000, 30000]);
        assert_eq!(bounds(0), [0, 250, 500, 1000, 2000, 4000, 8000, 15000, 15000]);
        assert_eq!(delay(u32::MAX, u16::MAX), CAP);
    }

    #[test]
    fn a_session_that_does_not_last_is_a_failure() {
        let mut backoff = Backoff::default();
        assert!(backoff.wait() <= FIRST);
        backoff.established();
        assert!(backoff.wait() >= BASE / 2);
        assert_eq!(backoff.failed(), 2);
        backoff.established = Instant::now().checked_sub(GOOD);
        assert!(backoff.wait() <= FIRST);
    }
}
