//! Transactions under way, who may take them further, and the session tokens in which they end.
//!
//! Nobody may sign somebody else's browser in with an account of their own. A page's sign-in is bound to its browser by
//! the device cookie, and so is a transaction that a browser begins, with the session token that comes of it. At Okta a
//! program that has no cookies may begin one too, and hand the session token to whatever browser it likes: that is how an
//! app with a sign-in page of its own signs people in. Such a token is good wherever it is taken, once and for five
//! minutes, here as there; Okta trusts the app to give it to nobody but the one who signed in.

use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use ground::{Secret, random};

use crate::api::ApiError;
use crate::model::{Digest, Expiring, SessionLimits};
use crate::sign_in::{Destination, PATIENCE, SignIn, browser, under_way};
use crate::site::Site;
use crate::web::Visit;
use crate::widget::Engine;

/// How long a session token is good, in stage time.
const SESSION_TOKEN_LIFETIME: TimeDelta = TimeDelta::minutes(5);

/// Far more than a stage has under way; the oldest make room.
const CAPACITY: usize = 2_000;

/// A transaction, as a request finds it.
#[derive(Clone, Debug)]
pub(super) struct Transaction {
    /// Its state token.
    pub(super) token: Secret,
    pub(super) sign_in: SignIn,
    pub(super) purpose: Purpose,
}

/// What a transaction is for.
#[derive(Clone, Debug)]
pub(super) enum Purpose {
    /// A session token for the client that began it.
    SessionToken(Client),
    /// A page's sign-in, which goes on where that was on the way to: Okta's `SESSION_STEP_UP`.
    StepUp,
}

/// The client that began a transaction, and what it asked for.
#[derive(Clone, Debug)]
pub(super) struct Client {
    /// The browser that it is, by the digest of its device cookie.
    pub(super) browser: Option<Digest>,
    pub(super) relay_state: Option<String>,
    /// Whether the person is still to be warned of a password that expires soon.
    pub(super) warns: bool,
}

/// A session that waits for the browser that it is for.
#[derive(Clone, Debug)]
pub(super) struct Granted {
    pub(super) sign_in: SignIn,
    pub(super) limits: SessionLimits,
    /// The only browser that may have it, if there is one.
    browser: Option<Digest>,
}

/// The transactions under way at one org, and the session tokens that are out.
pub(crate) struct Transactions {
    under_way: Mutex<Expiring<(SignIn, Client)>>,
    granted: Mutex<Expiring<Granted>>,
}

impl Transactions {
    pub(crate) fn new() -> Self {
        let (under_way, granted) = (Expiring::new(CAPACITY), Expiring::new(CAPACITY));
        Self { under_way: Mutex::new(under_way), granted: Mutex::new(granted) }
    }

    /// Gives a session token out.
    fn grant(&self, granted: Granted, now: DateTime<Utc>) -> (Secret, DateTime<Utc>) {
        let token = Secret::new("session token", format!("20111{}", random::token()));
        let expires = now + SESSION_TOKEN_LIFETIME;
        self.granted().insert(Digest::of(token.expose()), granted, expires, now);
        (token, expires)
    }

    /// Takes a session token, which is used by that, from a browser that may have it.
    pub(super) fn take(&self, token: &str, browser: Option<Digest>, now: DateTime<Utc>) -> Option<Granted> {
        let mut granted = self.granted();
        let key = Digest::of(token);
        let own = granted.find(key, now).is_some_and(|it| it.browser.is_none() || it.browser == browser);
        if own { granted.take(key, now) } else { None }
    }

    fn under_way(&self) -> MutexGuard<'_, Expiring<(SignIn, Client)>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn granted(&self) -> MutexGuard<'_, Expiring<Granted>> {
        self.granted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Transaction {
    /// One that begins. It isn't kept yet. `device` is the one that a trusted client vouches for.
    pub(super) fn new(site: &Site, client: Client, device: Option<Digest>) -> Self {
        // A session token is good for the org itself; what an application asks for is looked at on the way there.
        let destination = Destination::Page("/app/UserHome".to_owned());
        let sign_in = SignIn::new(destination, device.or(client.browser), site.now());
        Self { token: Engine::Classic.state_token(), sign_in, purpose: Purpose::SessionToken(client) }
    }

    /// The one of this state token, if whoever asks may take it further.
    ///
    /// # Errors
    /// When there is none, any longer or for this browser, or a page of another origin asks. (At Okta an administrator
    /// can trust origins.)
    pub(super) fn find(site: &Site, visit: &Visit, token: &str) -> Result<Self, ApiError> {
        if !visit.same_origin(site) {
            return Err(ApiError::access_denied());
        }
        let secret = || Secret::new("state token", token);
        if let Some(sign_in) = under_way(site, visit, token) {
            return Ok(Self { token: secret(), sign_in, purpose: Purpose::StepUp });
        }
        let found = site.transactions.under_way().find(Digest::of(token), site.now()).cloned();
        let (sign_in, client) = found.ok_or_else(ApiError::invalid_token)?;
        if client.browser.is_some() && client.browser != browser(visit) {
            return Err(ApiError::invalid_token());
        }
        Ok(Self { token: secret(), sign_in, purpose: Purpose::SessionToken(client) })
    }

    /// Keeps where it has come to.
    ///
    /// # Errors
    /// When it had ended meanwhile.
    pub(super) fn keep(&self, site: &Site) -> Result<(), ApiError> {
        let (sign_in, now) = (self.sign_in.clone(), site.now());
        let kept = match &self.purpose {
            Purpose::StepUp => site.sign_ins.keep(self.token.expose(), sign_in, now),
            Purpose::SessionToken(client) => {
                let mut under_way = site.transactions.under_way();
                let kept = under_way.find_mut(Digest::of(self.token.expose()), now);
                kept.map(|kept| *kept = (sign_in, client.clone())).is_some()
            }
        };
        kept.then_some(()).ok_or_else(ApiError::invalid_token)
    }

    /// Keeps one that has just begun.
    pub(super) fn begin(&self, site: &Site) {
        if let Purpose::SessionToken(client) = &self.purpose {
            let kept = (self.sign_in.clone(), client.clone());
            let (key, now) = (Digest::of(self.token.expose()), site.now());
            site.transactions.under_way().insert(key, kept, self.expires(), now);
        }
    }

    /// Ends it without anything. A page's sign-in begins anew instead, as nobody's: the page is still there.
    ///
    /// # Errors
    /// When it had ended meanwhile.
    pub(super) fn cancel(mut self, site: &Site) -> Result<(), ApiError> {
        match self.purpose {
            Purpose::StepUp => {
                self.sign_in.go_back(true);
                self.keep(site)
            }
            Purpose::SessionToken(_) => self.end(site),
        }
    }

    /// Ends it in a session token.
    ///
    /// # Errors
    /// When it had ended meanwhile.
    pub(super) fn grant(
        &self,
        site: &Site,
        client: &Client,
        limits: SessionLimits,
    ) -> Result<(Secret, DateTime<Utc>), ApiError> {
        self.end(site)?;
        let granted = Granted { sign_in: self.sign_in.clone(), limits, browser: client.browser };
        Ok(site.transactions.grant(granted, site.now()))
    }

    /// It ends once.
    fn end(&self, site: &Site) -> Result<(), ApiError> {
        let key = Digest::of(self.token.expose());
        let ended = site.transactions.under_way().take(key, site.now());
        ended.map(drop).ok_or_else(ApiError::invalid_token)
    }

    /// Until when it can be taken further. (Okta's end after a few minutes without a request.)
    pub(super) fn expires(&self) -> DateTime<Utc> {
        self.sign_in.began + PATIENCE
    }
}
