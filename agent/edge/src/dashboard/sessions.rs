use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use ground::Secret;

use crate::model::SignedIn;

/// A session ends when it was not used for so long, stage time.
const IDLE: TimeDelta = TimeDelta::hours(12);
/// More are not kept: the one that has been unused for longest makes room.
const MAX_SESSIONS: usize = 256;

/// Who asks for a page.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Asks {
    /// Somebody, who uses their session so.
    Somebody,
    /// A page that keeps itself up to date: the session idles on.
    Page,
}

/// Who is signed in to the dashboard.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    live: Mutex<Vec<Session>>,
}

#[derive(Debug)]
struct Session {
    cookie: Secret,
    csrf: Secret,
    signed_in: SignedIn,
    last_used: DateTime<Utc>,
}

impl Sessions {
    /// Begins a session and gives the value for the browser's cookie.
    pub(super) fn begin(&self, signed_in: SignedIn, now: DateTime<Utc>) -> Secret {
        let mut live = self.alive(now);
        if live.len() >= MAX_SESSIONS {
            let oldest =
                live.iter().enumerate().min_by_key(|(_, session)| session.last_used).map(|(at, _)| at);
            if let Some(oldest) = oldest {
                live.remove(oldest);
            }
        }
        let cookie = Secret::random("dashboard session");
        live.push(Session {
            cookie: cookie.clone(),
            csrf: Secret::random("csrf token"),
            signed_in,
            last_used: now,
        });
        cookie
    }

    /// Who a cookie stands for, and the token that the session's forms carry.
    pub(super) fn find(&self, cookie: &str, asks: Asks, now: DateTime<Utc>) -> Option<(SignedIn, Secret)> {
        let mut live = self.alive(now);
        let session = live.iter_mut().find(|session| session.cookie.matches(cookie))?;
        if asks == Asks::Somebody {
            session.last_used = now;
        }
        Some((session.signed_in.clone(), session.csrf.clone()))
    }

    /// Ends the session of a cookie.
    pub(super) fn end(&self, cookie: &str, now: DateTime<Utc>) {
        self.alive(now).retain(|session| !session.cookie.matches(cookie));
    }

    fn alive(&self, now: DateTime<Utc>) -> MutexGuard<'_, Vec<Session>> {
        let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        live.retain(|session| now - session.last_used < IDLE);
        live
    }
}
