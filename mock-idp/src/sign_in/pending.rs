//! Sign-ins under way, and tickets that hand a session to the admin console's host.

use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use ground::Secret;

use super::alert::Alert;
use super::task::Task;
use crate::model::{Digest, Expiring, FactorKind, Session, SessionId, User, UserId, Verification};
use crate::oidc::AuthorizeRequest;
use crate::widget::Engine;

/// How long a person may take to sign in, in stage time.
pub(crate) const PATIENCE: TimeDelta = TimeDelta::minutes(60);

/// How long a browser may take from one of the org's hosts to the other, in stage time.
const TICKET_LIFETIME: TimeDelta = TimeDelta::minutes(1);

/// Far more than a stage has under way; the oldest make room.
const CAPACITY: usize = 2_000;

/// What a sign-in is for.
#[derive(Clone, Debug)]
pub(crate) enum Destination {
    /// A page of the org, by its path.
    Page(String),
    /// A relying party's request.
    Authorize(Box<AuthorizeRequest>),
    /// The page on which people keep their security methods. On the way there, one of this kind is set up.
    SecurityMethods { set_up: Option<FactorKind> },
}

/// A sign-in under way.
#[derive(Clone, Debug)]
pub(crate) struct SignIn {
    /// The browser in which it began, by the digest of its device cookie; none where a program began it.
    pub(super) browser: Option<Digest>,
    pub(crate) destination: Destination,
    /// When it began, in stage time: what was proved since is fresh.
    pub(crate) began: DateTime<Utc>,
    /// What the name field holds.
    pub(crate) username: String,
    /// Who it is, once that is known.
    pub(crate) user: Option<UserId>,
    /// What has been proved, here or in the session that the browser has.
    pub(super) proofs: Vec<Verification>,
    /// The password that was given, where it has expired and is changed after everything else.
    pub(super) expired: Option<Secret>,
    /// What the person is about to do next, if that has been chosen.
    pub(crate) task: Option<Task>,
    /// What there is to say about the last attempt.
    pub(crate) alert: Option<Alert>,
}

impl SignIn {
    /// One of somebody whom nobody knows yet.
    pub(crate) fn new(destination: Destination, browser: Option<Digest>, now: DateTime<Utc>) -> Self {
        Self {
            browser,
            destination,
            began: now,
            username: String::new(),
            user: None,
            proofs: Vec::new(),
            expired: None,
            task: None,
            alert: None,
        }
    }

    /// The same, of the person who has this session, whose proofs count.
    pub(crate) fn adopt(&mut self, session: &Session, user: &User) {
        self.username.clone_from(&user.profile.login);
        self.user = Some(user.id.clone());
        self.proofs.clone_from(&session.proofs);
    }
}

/// A session on its way to the admin console's host.
#[derive(Clone, Debug)]
pub(super) struct Ticket {
    pub(super) session: SessionId,
    /// The browser that asked, by the digest of the state cookie that the admin host gave it.
    pub(super) browser: Digest,
    /// The page that it asked for.
    pub(super) wanted: String,
}

/// The sign-ins under way at one org.
pub(crate) struct SignIns {
    under_way: Mutex<Expiring<SignIn>>,
    tickets: Mutex<Expiring<Ticket>>,
}

impl SignIns {
    pub(crate) fn new() -> Self {
        let (under_way, tickets) = (Expiring::new(CAPACITY), Expiring::new(CAPACITY));
        Self { under_way: Mutex::new(under_way), tickets: Mutex::new(tickets) }
    }

    /// Begins a sign-in; the secret is its state token.
    pub(super) fn begin(&self, sign_in: SignIn, engine: Engine, now: DateTime<Utc>) -> Secret {
        let token = engine.state_token();
        self.under_way().insert(Digest::of(token.expose()), sign_in, now + PATIENCE, now);
        token
    }

    /// The sign-in of this state token, if this browser began it.
    pub(super) fn find(&self, token: &str, browser: Digest, now: DateTime<Utc>) -> Option<SignIn> {
        self.under_way()
            .find(Digest::of(token), now)
            .filter(|sign_in| sign_in.browser == Some(browser))
            .cloned()
    }

    /// Keeps where a sign-in has come to; false when it had ended meanwhile.
    pub(crate) fn keep(&self, token: &str, sign_in: SignIn, now: DateTime<Utc>) -> bool {
        let mut under_way = self.under_way();
        let kept = under_way.find_mut(Digest::of(token), now);
        kept.map(|kept| *kept = sign_in).is_some()
    }

    /// Ends a sign-in; false when it had ended, so that one page signs in once.
    pub(crate) fn end(&self, token: &str, now: DateTime<Utc>) -> bool {
        self.under_way().take(Digest::of(token), now).is_some()
    }

    pub(super) fn issue_ticket(&self, ticket: Ticket, now: DateTime<Utc>) -> Secret {
        let secret = Secret::random("ticket");
        self.tickets().insert(Digest::of(secret.expose()), ticket, now + TICKET_LIFETIME, now);
        secret
    }

    pub(super) fn take_ticket(&self, ticket: &str, now: DateTime<Utc>) -> Option<Ticket> {
        self.tickets().take(Digest::of(ticket), now)
    }

    fn under_way(&self) -> MutexGuard<'_, Expiring<SignIn>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tickets(&self) -> MutexGuard<'_, Expiring<Ticket>> {
        self.tickets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
