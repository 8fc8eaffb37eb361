//! `rate-limit`: a sliding window.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use chrono::{DateTime, TimeDelta, Utc};
use http::StatusCode;
use http::header::{HeaderValue, RETRY_AFTER};
use serde_json::{Value as Json, json};

use crate::denial::Denial;
use crate::error::{PolicyError, code};
use crate::expression::Expression;
use crate::facts::{self, ActionResult, Facts};
use crate::reading::Value;

const MAX_NAME: usize = 1024;
const MAX_KEYS: usize = 10;
const MAX_CAPACITY: u32 = 2_000_000_000;
const RATES: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(24 * 3600));
/// Rates are multiples of this.
const RATE_STEP: u64 = 10;
/// Into how many slices a window is cut; it slides by one of them.
const SLICES: i64 = 10;
/// How many buckets are remembered. Beyond that those that were not in use for the longest time are forgotten.
const MAX_BUCKETS: usize = 10_000;

/// `rate-limit`: of the requests with the same key, no more pass in any span of the rate's length than the capacity.
/// Requests that were refused don't count.
pub struct RateLimit {
    name: String,
    capacity: u32,
    slice: TimeDelta,
    keys: Vec<Expression>,
    enforce: bool,
    buckets: Mutex<HashMap<[u8; 32], Bucket>>,
}

/// The requests that passed, by slices of time; the latest slice is the last.
#[derive(Debug, Default)]
struct Bucket {
    slices: VecDeque<(i64, u32)>,
}

impl RateLimit {
    pub(crate) fn read(config: &Value<'_>) -> Result<Self, PolicyError> {
        let mut members = config.members()?;
        let name = members.required("name")?;
        let algorithm = members.required("algorithm")?;
        let capacity = members.required("capacity")?.number(1..=MAX_CAPACITY)?;
        let rate = members.required("rate")?;
        let keys = members.required("bucket_key")?.items(1..=MAX_KEYS)?;
        let enforce = members.optional("enforce").map(|value| value.boolean()).transpose()?.unwrap_or(true);
        members.finish()?;
        algorithm.one_of("algorithm", &[("sliding_window", ())])?;
        if name.literal()?.len() >= MAX_NAME {
            return Err(name.error(format!("a name has less than {MAX_NAME} characters")));
        }
        let duration = rate.duration(RATES.0..=RATES.1)?;
        if duration.subsec_nanos() != 0 || duration.as_secs() % RATE_STEP != 0 {
            return Err(rate.error(format!("a rate is a multiple of {RATE_STEP} seconds")));
        }
        let seconds = i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
        let keys = keys.iter().map(|key| key.expression(config.phase())).collect::<Result<_, _>>()?;
        Ok(Self {
            name: name.literal()?.to_owned(),
            capacity,
            slice: TimeDelta::milliseconds(seconds * 1000 / SLICES),
            keys,
            enforce,
            buckets: Mutex::default(),
        })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether a request may pass now; if it may, it counts.
    pub fn decide(&self, facts: &Facts<'_>) -> Result<ActionResult, Denial> {
        let values = self.keys.iter().map(|key| key.json(facts)).collect::<Result<Vec<_>, _>>();
        let values = values.map_err(|error| Denial::expression(code::ACTION_EXPRESSION, &error))?;
        let key = Json::Array(values).to_string();
        let admitted = self.count(digest_of(&key), facts.now);
        let Err(wait) = admitted else {
            return Ok(self.result(&key, false, &facts::no_error()));
        };
        let message = "This endpoint gets too many requests of this kind. Try again later.";
        if !self.enforce {
            return Ok(self.result(&key, true, &facts::error(None, message)));
        }
        let seconds = HeaderValue::from(wait.num_seconds().max(0) + 1);
        Err(Denial::new(StatusCode::TOO_MANY_REQUESTS, None, message).with(RETRY_AFTER, seconds))
    }

    fn result(&self, key: &str, limited: bool, error: &Json) -> ActionResult {
        let members = json!({ "bucket_key": key, "limited": limited, "error": error });
        ActionResult { action: "rate_limit", members }
    }

    /// Counts a request if its bucket is not full; else, how long it stays so.
    fn count(&self, key: [u8; 32], now: DateTime<Utc>) -> Result<(), TimeDelta> {
        let current = now.timestamp_millis().div_euclid(self.slice.num_milliseconds());
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MAX_BUCKETS && !buckets.contains_key(&key) {
            forget(&mut buckets, current);
        }
        let bucket = buckets.entry(key).or_default();
        bucket.forget_before(current - SLICES);
        if bucket.passed() < u64::from(self.capacity) {
            bucket.add(current);
            return Ok(());
        }
        let first = bucket.slices.front().map_or(current, |(slice, _)| *slice);
        let opens = (first + SLICES + 1) * self.slice.num_milliseconds();
        Err(TimeDelta::milliseconds(opens - now.timestamp_millis()))
    }
}

impl Bucket {
    fn passed(&self) -> u64 {
        self.slices.iter().map(|(_, count)| u64::from(*count)).sum()
    }

    /// The slice at the window's far end counts whole, so that no span of the window's length has more than it may.
    fn forget_before(&mut self, slice: i64) {
        while self.slices.front().is_some_and(|(first, _)| *first < slice) {
            self.slices.pop_front();
        }
    }

    fn add(&mut self, slice: i64) {
        match self.slices.back_mut() {
            Some((last, count)) if *last >= slice => *count += 1,
            _ => self.slices.push_back((slice, 1)),
        }
    }

    fn last_used(&self) -> i64 {
        self.slices.back().map_or(i64::MIN, |(slice, _)| *slice)
    }
}

/// Makes room: by the buckets that are empty by now, or else by a tenth of all, the longest unused first.
fn forget(buckets: &mut HashMap<[u8; 32], Bucket>, current: i64) {
    buckets.retain(|_, bucket| bucket.last_used() >= current - SLICES);
    if buckets.len() < MAX_BUCKETS {
        return;
    }
    let mut ages: Vec<_> = buckets.iter().map(|(key, bucket)| (bucket.last_used(), *key)).collect();
    ages.sort_unstable();
    for (_, key) in ages.into_iter().take(MAX_BUCKETS / 10) {
        buckets.remove(&key);
    }
}

fn digest_of(key: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest(&SHA256, key.as_bytes()).as_ref());
    bytes
}

impl fmt::Debug for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimit")
            .field("name", &self.name)
            .field("capacity", &self.capacity)
            .field("keys", &self.keys)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(capacity: u32) -> RateLimit {
        RateLimit {
            name: "test".to_owned(),
            capacity,
            slice: TimeDelta::seconds(6),
            keys: Vec::new(),
            enforce: true,
            buckets: Mutex::default(),
        }
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000 + seconds, 0).unwrap()
    }

    #[test]
    fn no_span_of_the_rates_length_has_more_than_the_capacity() {
        let limit = limit(5);
        let mut passed: Vec<i64> = Vec::new();
        for second in 0..600 {
            for _ in 0..2 {
                if limit.count([0; 32], at(second)).is_ok() {
                    passed.push(second);
                }
            }
        }
        for begin in 0..600 {
            let within = passed.iter().filter(|second| (begin..begin + 60).contains(*second)).count();
            assert!(within <= 5, "{within} from {begin} on");
        }
        assert!(passed.len() >= 5 * 600 / 66, "they pass again later: {}", passed.len());
    }

    #[test]
    fn the_wait_that_is_named_is_enough() {
        let limit = limit(1);
        limit.count([0; 32], at(3)).unwrap();
        let wait = limit.count([0; 32], at(10)).unwrap_err();
        assert!(limit.count([0; 32], at(10) + wait).is_ok());
        assert!(wait <= TimeDelta::seconds(66));
    }

    #[test]
    fn keys_have_buckets_of_their_own_and_not_without_end() {
        let limit = limit(1);
        for number in 0..(MAX_BUCKETS as u32 * 2) {
            let mut key = [0; 32];
            key[..4].copy_from_slice(&number.to_be_bytes());
            assert!(limit.count(key, at(0)).is_ok());
        }
        assert!(limit.buckets.lock().unwrap().len() <= MAX_BUCKETS);
    }
}
