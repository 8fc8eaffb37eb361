//! How often programs may ask: each caller so often a minute at each bucket of endpoints. Real time counts here, not the
//! stage's, since clients compare what they are told with the answer's `Date`.
//!
//! Okta's own limits hold for a whole org and depend on what was paid for it; here each API token, and each address
//! without one, has a share of its own, and the limit is out of the way until a test sets it.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};

use crate::model::ApiTokenId;

/// A caller's window at a bucket begins with the first request in it.
const WINDOW: TimeDelta = TimeDelta::seconds(60);

/// More than ask within a minute of any test. When it is reached, the windows that end soonest make room.
const MOST_WINDOWS: usize = 10_000;

/// The endpoints that share a limit, by the beginning of their path; the longest that fits counts. A custom
/// authorization server's endpoints count as the org's. (Metadata and keys aren't limited, as at Okta.)
const BUCKETS: &[&str] = &[
    "/api/v1/apps",
    "/api/v1/authn",
    "/api/v1/authorizationServers",
    "/api/v1/groups",
    "/api/v1/logs",
    "/api/v1/policies",
    "/api/v1/users",
    "/api/v1",
    "/attack-protection/api/v1",
    "/idp/idx",
    "/oauth2/v1/authorize",
    "/oauth2/v1/token",
    "/oauth2/v1",
];

/// How many requests a minute are answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RateLimitSettings {
    /// At a bucket that isn't named below.
    pub default: u32,
    /// By bucket: `/api/v1/users`, `/oauth2/v1/token`, ….
    pub buckets: BTreeMap<String, u32>,
}

impl Default for RateLimitSettings {
    /// A million, which no test meets.
    fn default() -> Self {
        Self { default: 1_000_000, buckets: BTreeMap::new() }
    }
}

/// Why limits can't be set so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RateLimitError {
    /// Nobody could ever ask.
    #[error("a limit must be at least one request a minute")]
    Zero,
    /// There is no such bucket.
    #[error("there is no bucket '{0}'; there are {all}", all = BUCKETS.join(", "))]
    UnknownBucket(String),
}

/// The limits of one org, and how much of them is used up.
#[derive(Debug, Default)]
pub struct RateLimits {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    settings: RateLimitSettings,
    windows: HashMap<(Caller, &'static str), Window>,
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Caller {
    Token(ApiTokenId),
    Address(IpAddr),
}

#[derive(Clone, Copy, Debug)]
struct Window {
    ends: DateTime<Utc>,
    asked: u32,
}

/// Where a caller stands after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) bucket: &'static str,
    limit: u32,
    asked: u32,
    /// Seconds since 1970.
    reset: i64,
}

impl RateLimits {
    /// How many requests a minute are answered.
    pub fn settings(&self) -> RateLimitSettings {
        self.state().settings.clone()
    }

    /// Sets how many requests a minute are answered. Everybody's minute begins anew.
    ///
    /// # Errors
    /// When a limit is zero, or a bucket is none.
    pub fn set(&self, settings: RateLimitSettings) -> Result<(), RateLimitError> {
        if settings.default == 0 || settings.buckets.values().any(|limit| *limit == 0) {
            return Err(RateLimitError::Zero);
        }
        if let Some(unknown) = settings.buckets.keys().find(|name| !BUCKETS.contains(&name.as_str())) {
            return Err(RateLimitError::UnknownBucket(unknown.clone()));
        }
        *self.state() = State { settings, windows: HashMap::new() };
        Ok(())
    }

    /// Counts a request, unless its path isn't limited.
    pub(crate) fn count(&self, caller: Caller, path: &str, now: DateTime<Utc>) -> Option<Standing> {
        let bucket = bucket_of(path)?;
        let mut state = self.state();
        let limit = state.settings.buckets.get(bucket).copied().unwrap_or(state.settings.default);
        if state.windows.len() >= MOST_WINDOWS {
            state.make_room(now);
        }
        let fresh = Window { ends: now + WINDOW, asked: 0 };
        let window = state.windows.entry((caller, bucket)).or_insert(fresh);
        if window.ends <= now {
            *window = fresh;
        }
        window.asked = window.asked.saturating_add(1);
        // Whoever waits until then, by whole seconds, finds the window over.
        let reset = window.ends.timestamp() + i64::from(window.ends.timestamp_subsec_nanos() > 0);
        Some(Standing { bucket, limit, asked: window.asked, reset })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn make_room(&mut self, now: DateTime<Utc>) {
        let mut ends: Vec<_> = self.windows.values().map(|window| window.ends).collect();
        ends.sort_unstable();
        let middle = ends[ends.len() / 2].max(now);
        self.windows.retain(|_, window| window.ends > middle);
    }
}

impl Standing {
    /// Whether the request is one too many.
    pub(crate) fn is_exceeded(&self) -> bool {
        self.asked > self.limit
    }

    /// Whether it is the first one too many of its minute.
    pub(crate) fn is_first_exceeded(&self) -> bool {
        self.asked.checked_sub(1) == Some(self.limit)
    }

    /// Says so in an answer, unless the answer says something of it already.
    pub(crate) fn describe(&self, headers: &mut HeaderMap) {
        let remaining = i64::from(self.limit.saturating_sub(self.asked));
        for (name, value) in [
            ("x-rate-limit-limit", i64::from(self.limit)),
            ("x-rate-limit-remaining", remaining),
            ("x-rate-limit-reset", self.reset),
        ] {
            headers.entry(HeaderName::from_static(name)).or_insert(HeaderValue::from(value));
        }
    }
}

fn bucket_of(path: &str) -> Option<&'static str> {
    if path.ends_with("/v1/keys") || path.contains("/.well-known/") {
        return None;
    }
    let org = of_org(path);
    let path = org.as_deref().unwrap_or(path);
    let within = |bucket: &&&str| {
        path.strip_prefix(**bucket).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    BUCKETS.iter().filter(within).max_by_key(|bucket| bucket.len()).copied()
}

/// The path at the org's own server of an endpoint at a custom one: `/oauth2/default/v1/token`.
fn of_org(path: &str) -> Option<String> {
    let (server, endpoint) = path.strip_prefix("/oauth2/")?.split_once('/')?;
    (server != "v1" && endpoint.starts_with("v1/")).then(|| format!("/oauth2/{endpoint}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn at(address: u32) -> Caller {
        Caller::Address(Ipv4Addr::from(address).into())
    }

    fn limits(default: u32, buckets: &[(&str, u32)]) -> RateLimitSettings {
        let buckets = buckets.iter().map(|(name, limit)| ((*name).to_owned(), *limit)).collect();
        RateLimitSettings { default, buckets }
    }

    #[test]
    fn endpoints_share_a_limit_by_the_longest_beginning() {
        for (path, bucket) in [
            ("/api/v1/users", Some("/api/v1/users")),
            ("/api/v1/users/me/groups", Some("/api/v1/users")),
            ("/api/v1/usersome", Some("/api/v1")),
            ("/api/v1/zones", Some("/api/v1")),
            ("/oauth2/v1/token", Some("/oauth2/v1/token")),
            ("/oauth2/default/v1/token", Some("/oauth2/v1/token")),
            ("/oauth2/aus1/v1/introspect", Some("/oauth2/v1")),
            ("/idp/idx/identify", Some("/idp/idx")),
            ("/oauth2/default/v1/keys", None),
            ("/oauth2/default/.well-known/openid-configuration", None),
            ("/gatewright/v1/rate-limits", None),
            ("/signin", None),
        ] {
            assert_eq!(bucket_of(path), bucket, "{path}");
        }
    }

    #[test]
    fn each_caller_has_a_minute_of_its_own_at_each_bucket() {
        let (limited, now) = (RateLimits::default(), Utc::now());
        limited.set(limits(2, &[("/api/v1/users", 1)])).unwrap();
        let exceeded = |caller: u32, path: &str, seconds: i64| {
            let now = now + TimeDelta::seconds(seconds);
            limited.count(at(caller), path, now).unwrap().is_exceeded()
        };
        assert!(!exceeded(1, "/api/v1/users", 0));
        assert!(exceeded(1, "/api/v1/users/me", 59));
        assert!(!exceeded(2, "/api/v1/users", 59));
        assert!(!exceeded(1, "/api/v1/groups", 59));
        assert!(!exceeded(1, "/api/v1/groups", 60));
        assert!(exceeded(1, "/api/v1/groups", 118));
        assert!(!exceeded(1, "/api/v1/users", 60), "the minute is over");
        assert!(!exceeded(1, "/api/v1/groups", 119));
    }

    #[test]
    fn the_headers_tell_the_truth() {
        let limited = RateLimits::default();
        limited.set(limits(2, &[])).unwrap();
        let begun = DateTime::from_timestamp(1_800_000_000, 1).unwrap();
        let mut told = Vec::new();
        for seconds in 0..4 {
            let now = begun + TimeDelta::seconds(seconds);
            let standing = limited.count(at(1), "/api/v1/users", now).unwrap();
            let mut headers = HeaderMap::new();
            standing.describe(&mut headers);
            let header = |name| headers[name].to_str().unwrap().parse::<i64>().unwrap();
            let [limit, remaining, reset] =
                ["x-rate-limit-limit", "x-rate-limit-remaining", "x-rate-limit-reset"].map(header);
            told.push((limit, remaining, reset, standing.is_exceeded(), standing.is_first_exceeded()));
        }
        let reset = 1_800_000_061;
        assert_eq!(
            told,
            [
                (2, 1, reset, false, false),
                (2, 0, reset, false, false),
                (2, 0, reset, true, true),
                (2, 0, reset, true, false),
            ]
        );
    }

    #[test]
    fn limits_that_make_no_sense_change_nothing() {
        let limited = RateLimits::default();
        assert_eq!(limited.set(limits(0, &[])), Err(RateLimitError::Zero));
        assert_eq!(limited.set(limits(1, &[("/api/v1/users", 0)])), Err(RateLimitError::Zero));
        let unknown = limited.set(limits(1, &[("/users", 1)])).unwrap_err();
        assert!(unknown.to_string().starts_with("there is no bucket '/users'; there are /api/v1/apps, "));
        assert_eq!(limited.settings(), RateLimitSettings::default());
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let (limited, begun) = (RateLimits::default(), Utc::now());
        limited.set(limits(1, &[])).unwrap();
        for number in 0..=MOST_WINDOWS {
            let now = begun + TimeDelta::milliseconds(number as i64);
            limited.count(at(u32::try_from(number).unwrap()), "/api/v1/users", now);
        }
        assert!(limited.state().windows.len() <= MOST_WINDOWS);
        let last = at(u32::try_from(MOST_WINDOWS).unwrap());
        assert!(limited.count(last, "/api/v1/users", begun + TimeDelta::seconds(11)).unwrap().is_exceeded());
    }
}
