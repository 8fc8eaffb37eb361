//! Logins under way: what was asked of the issuer, and which browser asked.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use ground::{Clock, Secret};

use crate::opaque::Key;
use crate::{Endpoint, Refusal, ReturnTo, Settings};

/// A login that takes longer is refused.
const PATIENCE: TimeDelta = TimeDelta::minutes(15);
/// More logins are not remembered in all: the oldest make room.
const MAX_LOGINS: usize = 8192;
/// More tabs of one browser are not remembered: the oldest makes room.
const MAX_LOGINS_OF_A_BROWSER: usize = 16;

/// A login under way.
#[derive(Clone, Debug)]
pub(crate) struct Login {
    pub(crate) endpoint: Endpoint,
    /// The settings of the gate that began it.
    pub(crate) settings: Arc<Settings>,
    pub(crate) issuer: String,
    /// Whether the issuer says that it always names itself in its answers (RFC 9207).
    pub(crate) issuer_names_itself: bool,
    pub(crate) nonce: Secret,
    pub(crate) code_verifier: Secret,
    pub(crate) return_to: ReturnTo,
    pub(crate) began: DateTime<Utc>,
}

impl Login {
    pub(crate) fn took_too_long(&self, now: DateTime<Utc>) -> bool {
        now - self.began > PATIENCE
    }
}

/// The logins under way of an edge, found by the digest of their `state`, and the browsers that began them, found by
/// the digest of their login cookie.
#[derive(Debug)]
pub(crate) struct PendingLogins {
    clock: Clock,
    inner: Mutex<Inner>,
    limit: usize,
}

#[derive(Debug, Default)]
struct Inner {
    logins: HashMap<Key, (Key, Login)>,
    browsers: HashMap<Key, Browser>,
}

/// A browser on one endpoint, with its logins, oldest first.
#[derive(Debug)]
struct Browser {
    endpoint: Endpoint,
    states: VecDeque<Key>,
}

impl PendingLogins {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, inner: Mutex::default(), limit: MAX_LOGINS }
    }

    /// Remembers a login of the browser that presented the login cookie `presented`, and gives the browser's cookie:
    /// the presented one if it was given out by us for this endpoint and has a login under way, else a new one.
    pub(crate) fn add(&self, state: &Secret, login: Login, presented: Option<&str>) -> Secret {
        let mut inner = self.lock();
        while inner.logins.len() >= self.limit {
            let oldest =
                inner.logins.iter().min_by_key(|(_, (_, login))| login.began).map(|(state, _)| *state);
            let Some(oldest) = oldest else { break };
            inner.forget(&oldest);
        }
        let known = presented.filter(|cookie| inner.knows(&Key::of(cookie), &login.endpoint));
        let cookie = known
            .map_or_else(|| Secret::random("login cookie"), |cookie| Secret::new("login cookie", cookie));
        let (state, browser_key) = (Key::of(state.expose()), Key::of(cookie.expose()));
        let browser = inner
            .browsers
            .entry(browser_key)
            .or_insert_with(|| Browser { endpoint: login.endpoint.clone(), states: VecDeque::new() });
        browser.states.push_back(state);
        let surplus = if browser.states.len() > MAX_LOGINS_OF_A_BROWSER {
            browser.states.front().copied()
        } else {
            None
        };
        inner.logins.insert(state, (browser_key, login));
        if let Some(surplus) = surplus {
            inner.forget(&surplus);
        }
        cookie
    }

    /// The login of this `state`, which stays under way.
    pub(crate) fn peek(&self, state: &Key) -> Option<Login> {
        self.lock().logins.get(state).map(|(_, login)| login.clone())
    }

    /// Takes the login of this `state` out, once, for the browser that began it. The others of that browser stay.
    pub(crate) fn take(&self, state: &Key, login_cookie: &str) -> Result<Login, Refusal> {
        let mut inner = self.lock();
        let (browser, _) = inner.logins.get(state).ok_or(Refusal::StateUnknown)?;
        if !browser.matches(&Key::of(login_cookie)) {
            return Err(Refusal::OtherBrowser);
        }
        let login = inner.forget(state).ok_or(Refusal::StateUnknown)?;
        if login.took_too_long(self.clock.now()) { Err(Refusal::TookTooLong) } else { Ok(login) }
    }

    /// Whether a browser has logins under way on `endpoint`.
    pub(crate) fn has_more(&self, login_cookie: &str, endpoint: &Endpoint) -> bool {
        self.lock().knows(&Key::of(login_cookie), endpoint)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn knows(&self, browser: &Key, endpoint: &Endpoint) -> bool {
        self.browsers.get(browser).is_some_and(|browser| browser.endpoint == *endpoint)
    }

    fn forget(&mut self, state: &Key) -> Option<Login> {
        let (browser_key, login) = self.logins.remove(state)?;
        if let Some(browser) = self.browsers.get_mut(&browser_key) {
            browser.states.retain(|known| known != state);
            if browser.states.is_empty() {
                self.browsers.remove(&browser_key);
            }
        }
        Some(login)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::Draft;

    fn login(clock: &Clock, endpoint: &str) -> Login {
        let draft = Draft {
            issuer: "https://acme.okta.test".to_owned(),
            client_id: "client".to_owned(),
            client_secret: Secret::new("client secret", "hunter2"),
            ..Draft::default()
        };
        Login {
            endpoint: Endpoint::new(&format!("https://{endpoint}.tunnel.test")).unwrap(),
            settings: Arc::new(draft.check().unwrap()),
            issuer: "https://acme.okta.test".to_owned(),
            issuer_names_itself: false,
            nonce: Secret::random("nonce"),
            code_verifier: Secret::random("code verifier"),
            return_to: ReturnTo::root(),
            began: clock.now(),
        }
    }

    fn state() -> Secret {
        Secret::random("state")
    }

    fn key(state: &Secret) -> Key {
        Key::of(state.expose())
    }

    #[test]
    fn tabs_of_one_browser_share_a_cookie_and_finish_in_any_order() {
        let clock = Clock::new();
        let pending = PendingLogins::new(clock.clone());
        let (one, two) = (state(), state());
        let cookie = pending.add(&one, login(&clock, "app"), None);
        assert_eq!(pending.add(&two, login(&clock, "app"), Some(cookie.expose())), cookie);
        assert!(pending.take(&key(&two), cookie.expose()).is_ok());
        assert!(pending.has_more(cookie.expose(), &login(&clock, "app").endpoint));
        assert!(pending.take(&key(&one), cookie.expose()).is_ok());
        assert!(!pending.has_more(cookie.expose(), &login(&clock, "app").endpoint));
    }

    #[test]
    fn a_state_works_once() {
        let clock = Clock::new();
        let pending = PendingLogins::new(clock.clone());
        let state = state();
        let cookie = pending.add(&state, login(&clock, "app"), None);
        assert!(pending.take(&key(&state), cookie.expose()).is_ok());
        assert_eq!(pending.take(&key(&state), cookie.expose()).unwrap_err(), Refusal::StateUnknown);
    }

    #[test]
    fn another_browser_gets_nothing_and_spoils_nothing() {
        let clock = Clock::new();
        let pending = PendingLogins::new(clock.clone());
        let (mine, theirs) = (state(), state());
        let cookie = pending.add(&mine, login(&clock, "app"), None);
        let other = pending.add(&theirs, login(&clock, "app"), None);
        assert_eq!(pending.take(&key(&mine), other.expose()).unwrap_err(), Refusal::OtherBrowser);
        assert!(pending.take(&key(&mine), cookie.expose()).is_ok());
    }

    #[test]
    fn a_cookie_that_was_not_given_out_here_is_not_adopted() {
        let clock = Clock::new();
        let pending = PendingLogins::new(clock.clone());
        assert_ne!(pending.add(&state(), login(&clock, "app"), Some("preset")).expose(), "preset");
        let elsewhere = pending.add(&state(), login(&clock, "other"), None);
        assert_ne!(pending.add(&state(), login(&clock, "app"), Some(elsewhere.expose())), elsewhere);
    }

    #[test]
    fn a_login_may_take_fifteen_minutes_and_no_longer() {
        let clock = Clock::new();
        let pending = PendingLogins::new(clock.clone());
        let (quick, slow) = (state(), state());
        let cookie = pending.add(&quick, login(&clock, "app"), None);
        pending.add(&slow, login(&clock, "app"), Some(cookie.expose()));
        clock.advance(Duration::from_secs(14 * 60 + 50));
        assert!(pending.take(&key(&quick), cookie.expose()).is_ok());
        clock.advance(Duration::from_secs(20));
        assert_eq!(pending.take(&key(&slow), cookie.expose()).unwrap_err(), Refusal::TookTooLong);
    }

    #[test]
    fn abandoned_logins_make_room_for_new_ones() {
        let clock = Clock::new();
        let pending = PendingLogins::new(clock.clone());
        let first = state();
        let cookie = pending.add(&first, login(&clock, "app"), None);
        for _ in 0..MAX_LOGINS_OF_A_BROWSER {
            assert_eq!(pending.add(&state(), login(&clock, "app"), Some(cookie.expose())), cookie);
        }
        assert!(pending.peek(&key(&first)).is_none());
        assert_eq!(pending.lock().logins.len(), MAX_LOGINS_OF_A_BROWSER);
    }

    #[test]
    fn the_oldest_login_of_all_makes_room() {
        let clock = Clock::new();
        let mut pending = PendingLogins::new(clock.clone());
        pending.limit = 2;
        let first = state();
        pending.add(&first, login(&clock, "app"), None);
        clock.advance(Duration::from_secs(1));
        pending.add(&state(), login(&clock, "app"), None);
        pending.add(&state(), login(&clock, "app"), None);
        assert!(pending.peek(&key(&first)).is_none());
        let inner = pending.lock();
        assert_eq!((inner.logins.len(), inner.browsers.len()), (2, 2));
    }
}
