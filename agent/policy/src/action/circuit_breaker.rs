//! `circuit-breaker`, and the module of that name.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use http::StatusCode;
use http::header::{HeaderValue, RETRY_AFTER};

use crate::denial::Denial;
use crate::error::{ModuleError, PolicyError, code};
use crate::reading::Value;

const DEFAULT_VOLUME: u32 = 10;
const DEFAULT_DURATION: Duration = Duration::from_secs(10);
const DURATIONS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(120));
/// Into how many buckets the window is cut.
const BUCKETS: i64 = 10;

/// `circuit-breaker`: requests are refused while the upstream fails.
///
/// When the window has enough answers and the share of failures in it reaches the threshold, the breaker opens: for the
/// tripped duration everything is refused. Then one request is let through at a time, until one succeeds (the breaker
/// closes, with an empty window) or one fails (it opens again).
#[derive(Clone)]
pub struct CircuitBreaker {
    error_threshold: f64,
    volume_threshold: u32,
    bucket: TimeDelta,
    tripped: TimeDelta,
    enforce: bool,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
enum State {
    /// Everything passes, and is counted: the buckets' numbers, answers and failures.
    Closed(VecDeque<(i64, u32, u32)>),
    /// Nothing passes until then.
    Open(DateTime<Utc>),
    /// One request is on its way and decides.
    Trying,
}

/// A request that passed the breaker. It has to say how it ended; if it is dropped without, it counts for nothing.
#[must_use = "the breaker has to learn how it ended"]
pub struct Passage {
    breaker: CircuitBreaker,
    is_trial: bool,
    told: bool,
}

impl CircuitBreaker {
    /// The circuit breaker module: the share of failures, 0 to 1, from which on requests are refused.
    pub fn new(error_threshold: f64) -> Result<Self, ModuleError> {
        if !(0.0..=1.0).contains(&error_threshold) {
            let message =
                format!("A circuit breaker's threshold is a share from 0 to 1, not {error_threshold}.");
            return Err(ModuleError(message));
        }
        Ok(Self::with(error_threshold, DEFAULT_VOLUME, DEFAULT_DURATION, DEFAULT_DURATION, true))
    }

    /// The circuit breaker module with all that can be chosen: how many answers there must be in the window, how long
    /// the window is, and how long everything is refused then. What is not chosen is ten, or ten seconds.
    pub fn configured(
        error_threshold: f64,
        volume: Option<u32>,
        window: Option<Duration>,
        tripped: Option<Duration>,
    ) -> Result<Self, ModuleError> {
        let default = Self::new(error_threshold)?;
        let within = |duration: Option<Duration>| {
            let duration = duration.unwrap_or(DEFAULT_DURATION);
            if (DURATIONS.0..=DURATIONS.1).contains(&duration) {
                return Ok(duration);
            }
            let message =
                format!("A circuit breaker's durations are 1 s to 120 s, not {} s.", duration.as_secs());
            Err(ModuleError(message))
        };
        let volume = volume.unwrap_or(DEFAULT_VOLUME);
        Ok(Self::with(default.error_threshold, volume, within(window)?, within(tripped)?, true))
    }

    pub(crate) fn read(config: &Value<'_>) -> Result<Self, PolicyError> {
        let mut members = config.members()?;
        let threshold = members.required("error_threshold")?.number(0.0..=1.0)?;
        let volume = members.optional("volume_threshold");
        let window = members.optional("window_duration");
        let tripped = members.optional("tripped_duration");
        let buckets = members.optional("num_buckets");
        let enforce = members.optional("enforce").map(|value| value.boolean()).transpose()?.unwrap_or(true);
        members.finish()?;
        let volume = volume.map(|value| value.number(1..=2_000_000_000)).transpose()?;
        if let Some(buckets) = buckets {
            buckets.number(BUCKETS..=BUCKETS)?;
        }
        let duration = |value: Option<Value<'_>>| match value {
            Some(value) => value.duration(DURATIONS.0..=DURATIONS.1),
            None => Ok(DEFAULT_DURATION),
        };
        let (window, tripped) = (duration(window)?, duration(tripped)?);
        Ok(Self::with(threshold, volume.unwrap_or(DEFAULT_VOLUME), window, tripped, enforce))
    }

    fn with(
        error_threshold: f64,
        volume_threshold: u32,
        window: Duration,
        tripped: Duration,
        enforce: bool,
    ) -> Self {
        let millis = |duration: Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Self {
            error_threshold,
            volume_threshold,
            bucket: TimeDelta::milliseconds((millis(window) / BUCKETS).max(1)),
            tripped: TimeDelta::milliseconds(millis(tripped)),
            enforce,
            state: Arc::new(Mutex::new(State::Closed(VecDeque::new()))),
        }
    }

    /// Whether a request may go to the upstream now.
    pub fn admit(&self, now: DateTime<Utc>) -> Result<Passage, Denial> {
        let passage = |is_trial| Passage { breaker: self.clone(), is_trial, told: false };
        if !self.enforce {
            return Ok(passage(false));
        }
        let mut state = self.state();
        match &*state {
            State::Closed(_) => Ok(passage(false)),
            State::Open(until) if now >= *until => {
                *state = State::Trying;
                Ok(passage(true))
            }
            State::Open(until) => Err(open(*until - now)),
            State::Trying => Err(open(TimeDelta::seconds(1))),
        }
    }

    fn record(&self, failed: bool, is_trial: bool, now: DateTime<Utc>) {
        let mut state = self.state();
        if is_trial {
            *state = match failed {
                true => State::Open(now + self.tripped),
                false => State::Closed(VecDeque::new()),
            };
            return;
        }
        // What was admitted before it opened says nothing new.
        let State::Closed(buckets) = &mut *state else { return };
        let current = now.timestamp_millis().div_euclid(self.bucket.num_milliseconds());
        while buckets.front().is_some_and(|(number, ..)| *number <= current - BUCKETS) {
            buckets.pop_front();
        }
        match buckets.back_mut() {
            Some((number, answers, failures)) if *number >= current => {
                *answers = answers.saturating_add(1);
                *failures = failures.saturating_add(u32::from(failed));
            }
            _ => buckets.push_back((current, 1, u32::from(failed))),
        }
        let sum = |(answers, failures), (_, more, worse): &(i64, u32, u32)| {
            (answers + u64::from(*more), failures + u64::from(*worse))
        };
        let (answers, failures) = buckets.iter().fold((0u64, 0u64), sum);
        let share = failures as f64 / answers as f64;
        if failures > 0 && answers >= u64::from(self.volume_threshold) && share >= self.error_threshold {
            *state = State::Open(now + self.tripped);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn open(wait: TimeDelta) -> Denial {
    let message = "The service behind this endpoint fails too often; requests are refused until it recovers.";
    let seconds = HeaderValue::from(wait.num_seconds().max(0) + 1);
    Denial::new(StatusCode::SERVICE_UNAVAILABLE, Some(code::CIRCUIT_BREAKER), message)
        .with(RETRY_AFTER, seconds)
}

impl Passage {
    /// The upstream answered with this status; 500 and above is a failure.
    pub fn answered(self, status: StatusCode, now: DateTime<Utc>) {
        self.tell(status.is_server_error(), now);
    }

    /// The upstream could not be reached, or broke off.
    pub fn failed(self, now: DateTime<Utc>) {
        self.tell(true, now);
    }

    fn tell(mut self, failed: bool, now: DateTime<Utc>) {
        self.told = true;
        if self.breaker.enforce {
            self.breaker.record(failed, self.is_trial, now);
        }
    }
}

impl Drop for Passage {
    fn drop(&mut self) {
        if self.is_trial && !self.told {
            // It went away before it was answered: the next one may try.
            *self.breaker.state() = State::Open(DateTime::<Utc>::MIN_UTC);
        }
    }
}

impl fmt::Debug for CircuitBreaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CircuitBreaker")
            .field("error_threshold", &self.error_threshold)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Passage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Passage").field("is_trial", &self.is_trial).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000 + seconds, 0).unwrap()
    }

    fn answer(breaker: &CircuitBreaker, status: u16, now: DateTime<Utc>) {
        breaker.admit(now).unwrap().answered(StatusCode::from_u16(status).unwrap(), now);
    }

    #[test]
    fn it_opens_when_enough_of_enough_answers_are_failures() {
        let breaker = CircuitBreaker::new(0.5).unwrap();
        for _ in 0..9 {
            answer(&breaker, 503, at(0));
        }
        assert!(breaker.admit(at(0)).is_ok(), "nine are too few to judge");
        answer(&breaker, 404, at(0));
        let denial = breaker.admit(at(1)).unwrap_err();
        assert_eq!((denial.status.as_u16(), denial.code), (503, Some(3202)));
        assert_eq!(denial.headers, [(RETRY_AFTER, HeaderValue::from_static("10"))]);
    }

    #[test]
    fn it_stays_closed_below_the_threshold_and_forgets() {
        let breaker = CircuitBreaker::new(0.5).unwrap();
        for status in [500, 200, 200].into_iter().cycle().take(30) {
            answer(&breaker, status, at(0));
        }
        for _ in 0..9 {
            answer(&breaker, 500, at(20));
        }
        assert!(breaker.admit(at(20)).is_ok(), "the first thirty are out of the window");
    }

    #[test]
    fn after_a_while_one_request_decides() {
        let breaker = CircuitBreaker::new(0.5).unwrap();
        for _ in 0..10 {
            answer(&breaker, 500, at(0));
        }
        assert!(breaker.admit(at(9)).is_err());
        let trial = breaker.admit(at(10)).unwrap();
        assert!(breaker.admit(at(10)).is_err(), "one at a time");
        trial.failed(at(11));
        assert!(breaker.admit(at(20)).is_err());
        drop(breaker.admit(at(21)).unwrap());
        let trial = breaker.admit(at(21)).unwrap();
        trial.answered(StatusCode::OK, at(21));
        let _one = breaker.admit(at(21)).unwrap();
        assert!(breaker.admit(at(21)).is_ok(), "closed again");
    }

    #[test]
    fn a_threshold_of_zero_needs_a_failure() {
        let breaker = CircuitBreaker::new(0.0).unwrap();
        for _ in 0..20 {
            answer(&breaker, 200, at(0));
        }
        answer(&breaker, 500, at(0));
        assert!(breaker.admit(at(0)).is_err());
        assert!(CircuitBreaker::new(1.1).is_err());
        assert!(CircuitBreaker::new(f64::NAN).is_err());
    }
}
