//! Sessions at the org: who is signed in, since when, by which means.

use std::collections::HashMap;

use super::expiring::Digest;
use super::log::{Entry, EventType};
use super::{Cause, Model, ModelError, SessionId, SessionLimits, UserId, UserStatus, Verification};
use chrono::{DateTime, TimeDelta, Utc};
use ground::Secret;

/// Far more than a stage's people make. When it is reached, those longest unheard of end.
const MAX_SESSIONS: usize = 10_000;

/// Somebody's session, as of the moment it was read.
#[derive(Clone, Debug)]
pub struct Session {
    /// Its identifier, which is no secret: the System Log names it.
    pub id: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// When it began, in stage time as all of these.
    pub created: DateTime<Utc>,
    /// When the person last proved who it is: `auth_time`.
    pub authenticated: DateTime<Utc>,
    /// When it was last heard of.
    pub last_seen: DateTime<Utc>,
    /// What the person has proved, each kind of proof once.
    pub proofs: Vec<Verification>,
    /// How long it lasts.
    pub limits: SessionLimits,
}

/// Which of the org's hosts a session's cookie is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Surface {
    /// The org itself: sign-in, dashboard, OpenID Connect.
    Org,
    /// The admin console.
    Admin,
}

#[derive(Debug, Default)]
pub(super) struct Sessions {
    by_id: HashMap<SessionId, Session>,
    /// By the digest of the cookie's value.
    by_cookie: HashMap<Digest, (SessionId, Surface)>,
    /// When users last gave two factors, by browser.
    remembered: HashMap<(UserId, Digest), DateTime<Utc>>,
}

impl Session {
    fn alive(&self, now: DateTime<Utc>) -> bool {
        let within =
            |since: DateTime<Utc>, limit: Option<TimeDelta>| limit.is_none_or(|limit| now - since <= limit);
        within(self.last_seen, self.limits.max_idle) && within(self.created, self.limits.max_lifetime)
    }

    /// Adds proofs; of each kind of proof the latest counts.
    fn prove(&mut self, proofs: &[Verification]) {
        self.proofs.retain(|old| proofs.iter().all(|new| new.method != old.method));
        self.proofs.extend_from_slice(proofs);
        self.authenticated = self.proofs.iter().map(|proof| proof.at).max().unwrap_or(self.authenticated);
    }
}

impl Model {
    /// Begins a session. The secret is the value of the org's session cookie.
    pub(crate) fn start_session(
        &self,
        user: &UserId,
        proofs: &[Verification],
        limits: SessionLimits,
        cause: &Cause,
    ) -> (Session, Secret) {
        let now = self.now();
        let (id, user_id) = (SessionId::mint(self.minting(), now), user.clone());
        let (created, last_seen) = (now, now);
        let mut session =
            Session { id, user: user_id, created, authenticated: now, last_seen, proofs: Vec::new(), limits };
        session.prove(proofs);
        let cookie = self.sessions().begin(session.clone(), now);
        self.write().signed_in(user, now);
        let target = self.user(user).map(|user| user.party());
        let entry = target.into_iter().fold(Entry::of(EventType::SessionStart), Entry::to);
        self.log(entry, &Cause { session: Some(session.id.clone()), ..cause.clone() });
        (session, cookie)
    }

    /// Notes that the session's person has proved further who it is. The secret is the new value of the org's session
    /// cookie; the old one is void.
    pub(crate) fn renew_session(
        &self,
        id: &SessionId,
        proofs: &[Verification],
        limits: SessionLimits,
    ) -> Option<(Session, Secret)> {
        let now = self.now();
        self.sessions().renew(id, proofs, limits, now)
    }

    /// Notes that a user has given two factors in a browser, by the digest of its device cookie.
    pub(crate) fn note_two_factors(&self, user: &UserId, browser: Digest) {
        let now = self.now();
        self.sessions().remember(user, browser, now);
    }

    /// When a user last gave two factors in a browser, if that is known.
    pub(crate) fn two_factors_given(&self, user: &UserId, browser: Digest) -> Option<DateTime<Utc>> {
        self.sessions().remembered.get(&(user.clone(), browser)).copied()
    }

    /// The session of this cookie value, if it is alive and its user may be signed in. It has been heard of by this.
    pub(crate) fn session_of(&self, cookie: &str, surface: Surface) -> Option<Session> {
        let now = self.now();
        let session = self.sessions().touch(Digest::of(cookie), surface, now)?;
        self.user(&session.user).filter(|user| user.status == UserStatus::Active).map(|_| session)
    }

    /// A further cookie value for a session, for another of the org's hosts.
    pub(crate) fn open_surface(&self, session: &SessionId, surface: Surface) -> Option<Secret> {
        self.sessions().open(session, surface)
    }

    /// A user's sessions that are alive, oldest first.
    pub fn sessions_of(&self, user: &UserId) -> Vec<Session> {
        let now = self.now();
        let sessions = self.sessions();
        let own = sessions.by_id.values().filter(|session| session.user == *user && session.alive(now));
        let mut own: Vec<Session> = own.cloned().collect();
        own.sort_by(|a, b| a.id.cmp(&b.id));
        own
    }

    /// Ends one session: its person signed out.
    pub fn end_session(&self, id: &SessionId, cause: &Cause) {
        let Some(session) = self.sessions().end(id) else { return };
        let target = self.user(&session.user).map(|user| user.party());
        let entry = target.into_iter().fold(Entry::of(EventType::SessionEnd), Entry::to);
        self.log(entry, &Cause { session: Some(session.id), ..cause.clone() });
    }

    /// Ends all of a user's sessions: an administrator revoked them.
    ///
    /// # Errors
    /// When there is no such user.
    pub fn clear_sessions(&self, user: &UserId, cause: &Cause) -> Result<(), ModelError> {
        let party = self.user(user).ok_or_else(|| ModelError::not_found("User", user))?.party();
        self.forget_sessions_of(user);
        self.log(Entry::of(EventType::SessionClear).to(party), cause);
        Ok(())
    }

    pub(super) fn forget_sessions_of(&self, user: &UserId) {
        self.sessions().keep(|session| session.user != *user);
    }
}

impl Sessions {
    fn begin(&mut self, session: Session, now: DateTime<Utc>) -> Secret {
        if self.by_id.len() >= MAX_SESSIONS {
            self.make_room(now);
        }
        let id = session.id.clone();
        self.by_id.insert(id.clone(), session);
        self.cookie_for(id, Surface::Org)
    }

    fn renew(
        &mut self,
        id: &SessionId,
        proofs: &[Verification],
        limits: SessionLimits,
        now: DateTime<Utc>,
    ) -> Option<(Session, Secret)> {
        let session = self.by_id.get_mut(id)?;
        session.prove(proofs);
        session.limits = limits;
        session.last_seen = now;
        let session = session.clone();
        self.by_cookie.retain(|_, (of, surface)| of != id || *surface != Surface::Org);
        let cookie = self.cookie_for(id.clone(), Surface::Org);
        Some((session, cookie))
    }

    fn open(&mut self, id: &SessionId, surface: Surface) -> Option<Secret> {
        let id = self.by_id.get(id)?.id.clone();
        Some(self.cookie_for(id, surface))
    }

    fn cookie_for(&mut self, id: SessionId, surface: Surface) -> Secret {
        let cookie = Secret::random("session cookie");
        self.by_cookie.insert(Digest::of(cookie.expose()), (id, surface));
        cookie
    }

    fn remember(&mut self, user: &UserId, browser: Digest, now: DateTime<Utc>) {
        if self.remembered.len() >= MAX_SESSIONS {
            self.remembered.clear();
        }
        self.remembered.insert((user.clone(), browser), now);
    }

    fn touch(&mut self, cookie: Digest, surface: Surface, now: DateTime<Utc>) -> Option<Session> {
        let (id, of) = self.by_cookie.get(&cookie)?;
        let session = self.by_id.get_mut(id).filter(|session| *of == surface && session.alive(now))?;
        session.last_seen = now;
        Some(session.clone())
    }

    fn end(&mut self, id: &SessionId) -> Option<Session> {
        let session = self.by_id.remove(id)?;
        self.by_cookie.retain(|_, (of, _)| of != id);
        Some(session)
    }

    fn keep(&mut self, kept: impl Fn(&Session) -> bool) {
        self.by_id.retain(|_, session| kept(session));
        let by_id = &self.by_id;
        self.by_cookie.retain(|_, (id, _)| by_id.contains_key(id));
    }

    fn make_room(&mut self, now: DateTime<Utc>) {
        let mut heard: Vec<DateTime<Utc>> = self.by_id.values().map(|session| session.last_seen).collect();
        heard.sort_unstable();
        let middle = heard[heard.len() / 2];
        self.keep(|session| session.alive(now) && session.last_seen > middle);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_are_bounded_and_those_longest_unheard_of_go_first() {
        let mut sessions = Sessions::default();
        let begun = Utc::now();
        let mut cookies = Vec::new();
        for number in 0..=MAX_SESSIONS {
            let now = begun + TimeDelta::milliseconds(number as i64);
            let session = Session {
                id: SessionId::new(&number.to_string()),
                user: UserId::new("00u1"),
                created: now,
                authenticated: now,
                last_seen: now,
                proofs: Vec::new(),
                limits: SessionLimits::default(),
            };
            cookies.push(sessions.begin(session, now));
        }
        assert!(sessions.by_id.len() <= MAX_SESSIONS);
        assert_eq!(sessions.by_id.len(), sessions.by_cookie.len());
        let touch = |sessions: &mut Sessions, cookie: &Secret| {
            sessions.touch(Digest::of(cookie.expose()), Surface::Org, begun).is_some()
        };
        assert!(!touch(&mut sessions, &cookies[0]));
        assert!(touch(&mut sessions, &cookies[MAX_SESSIONS]));
    }
}
