use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use ground::{Clock, Secret, random};

use crate::event::SessionEnd;
use crate::opaque::Key;
use crate::settings::Fingerprint;
use crate::stay::{Course, Stay};
use crate::{Endpoint, Identity, KeptSession, SessionKeeper, Settings, Tokens};

/// More are not kept: the one that has been unused for longest makes room.
const MAX_SESSIONS: usize = 10_000;

/// Names a session in lists, logs and for revocation (`as_…`). It opens nothing: that takes the browser's cookie.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(String);

impl SessionId {
    fn new() -> Self {
        Self(format!("as_{}", random::alphanumeric(27)))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A session as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionView {
    /// Its name.
    pub id: SessionId,
    /// The endpoint that it is for.
    pub endpoint: Endpoint,
    /// Whose it is.
    pub identity: Identity,
    /// When it was made, stage time.
    pub began: DateTime<Utc>,
    /// When it was last in use, stage time: now, while anything that came through it is under way.
    pub last_used: DateTime<Utc>,
    /// When it ends at the latest, stage time, however much it is in use.
    pub expires: DateTime<Utc>,
}

/// What a session cookie is worth; `S` is what is made of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Lookup<S> {
    Live(S),
    Ended,
    Unknown,
}

/// A session that is no more.
#[derive(Clone, Debug)]
pub(crate) struct Ended {
    key: Key,
    pub(crate) endpoint: Endpoint,
    pub(crate) session: SessionId,
    pub(crate) why: SessionEnd,
}

/// A new session: its name, and the value for the browser's cookie.
pub(crate) struct Begun {
    pub(crate) session: SessionId,
    pub(crate) cookie: Secret,
    pub(crate) ended: Vec<Ended>,
}

/// The sessions of an edge, found by the digest of the browser's cookie.
#[derive(Debug)]
pub(crate) struct Sessions {
    clock: Clock,
    live: Mutex<HashMap<Key, Session>>,
    limit: usize,
    keeper: OnceLock<Arc<dyn SessionKeeper>>,
}

#[derive(Debug)]
struct Session {
    endpoint: Endpoint,
    /// What tells the settings that it was made under from others.
    settings: Fingerprint,
    inactivity_timeout: Duration,
    course: Arc<Course>,
}

impl Session {
    /// Why it has ended, if it has. Time that runs backwards counts as no time.
    fn end(&self, now: DateTime<Utc>) -> Option<SessionEnd> {
        let since = |then: DateTime<Utc>| (now - then).to_std().unwrap_or_default();
        if self.course.is_at_maximum(now) {
            Some(SessionEnd::Maximum)
        } else if since(self.course.last_used(now)) >= self.inactivity_timeout {
            Some(SessionEnd::Idle)
        } else {
            None
        }
    }

    fn view(&self, now: DateTime<Utc>) -> SessionView {
        SessionView {
            id: self.course.id().clone(),
            endpoint: self.endpoint.clone(),
            identity: self.course.identity().as_ref().clone(),
            began: self.course.began(),
            last_used: self.course.last_used(now),
            expires: self.course.latest(),
        }
    }

    /// Ends it, and all that came through it.
    fn ended(self, key: Key, why: SessionEnd) -> Ended {
        self.course.end(why);
        Ended { key, endpoint: self.endpoint, session: self.course.id().clone(), why }
    }

    fn kept(&self, key: Key, now: DateTime<Utc>) -> KeptSession {
        let identity = self.course.identity().as_ref().clone();
        KeptSession {
            key: key.to_text(),
            id: self.course.id().to_string(),
            endpoint: self.endpoint.origin().to_owned(),
            issuer: identity.issuer,
            subject: identity.id,
            email: identity.email,
            name: identity.name,
            settings: self.settings.to_text(),
            inactivity_timeout: self.inactivity_timeout.as_secs(),
            began: self.course.began(),
            last_used: self.course.last_used(now),
            expires: self.course.latest(),
        }
    }

    /// What was kept, if it can be read.
    fn resume(kept: KeptSession, clock: &Clock) -> Option<(Key, Self)> {
        let KeptSession { issuer, subject, email, name, .. } = kept;
        let identity = Identity { issuer, id: subject, email, name };
        let times = [kept.began, kept.last_used, kept.expires];
        let session = Self {
            endpoint: Endpoint::new(&kept.endpoint).ok()?,
            settings: Fingerprint::from_text(&kept.settings)?,
            inactivity_timeout: Duration::from_secs(kept.inactivity_timeout),
            course: Arc::new(Course::resume(clock.clone(), SessionId(kept.id), identity, times)),
        };
        Some((Key::from_text(&kept.key)?, session))
    }
}

impl Sessions {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, live: Mutex::default(), limit: MAX_SESSIONS, keeper: OnceLock::new() }
    }

    /// Takes up what was kept, and tells the keeper of every change from now on.
    pub(crate) fn keep(&self, kept: Vec<KeptSession>, keeper: Arc<dyn SessionKeeper>) {
        let now = self.clock.now();
        let mut live = self.lock();
        if self.keeper.get().is_some() {
            return;
        }
        for kept in kept {
            let name = kept.key.clone();
            match Session::resume(kept, &self.clock) {
                Some((key, session)) if session.end(now).is_none() && live.len() < self.limit => {
                    live.insert(key, session);
                }
                _ => keeper.forget(&name),
            }
        }
        // The lock is held, so that nobody was faster.
        let _ = self.keeper.set(keeper);
    }

    /// The sessions that have not ended, as they are kept.
    pub(crate) fn kept(&self) -> Vec<KeptSession> {
        let now = self.clock.now();
        let live = self.lock();
        let going_on = live.iter().filter(|(_, session)| session.end(now).is_none());
        going_on.map(|(key, session)| session.kept(*key, now)).collect()
    }

    /// What the cookie is worth on `endpoint` under `settings`. A live session is in use while the stay lasts.
    pub(crate) fn look_up(
        &self,
        cookie: &str,
        endpoint: &Endpoint,
        settings: &Settings,
    ) -> (Lookup<Stay>, Option<Ended>) {
        let key = Key::of(cookie);
        let now = self.clock.now();
        let mut live = self.lock();
        let Some(session) = live.get(&key).filter(|session| session.endpoint == *endpoint) else {
            return (Lookup::Unknown, None);
        };
        let end = if session.settings == settings.fingerprint() {
            session.end(now)
        } else {
            Some(SessionEnd::SettingsChanged)
        };
        match end {
            Some(why) => (Lookup::Ended, self.remove(&mut live, key, why)),
            None => (Lookup::Live(Stay::begin(&session.course)), None),
        }
    }

    /// The session that a cookie opens, without using it.
    pub(crate) fn peek(&self, cookie: &str) -> Option<SessionView> {
        let now = self.clock.now();
        let live = self.lock();
        let session = live.get(&Key::of(cookie)).filter(|session| session.end(now).is_none());
        session.map(|session| session.view(now))
    }

    /// Makes a session under a new name and a new cookie, in the place of what the browser had on this endpoint.
    pub(crate) fn begin(
        &self,
        endpoint: &Endpoint,
        settings: &Settings,
        identity: Identity,
        tokens: Option<Tokens>,
        presented: Option<&str>,
    ) -> Begun {
        let now = self.clock.now();
        let session = SessionId::new();
        let cookie = Secret::random("session cookie");
        let course = Course::begin(self.clock.clone(), session.clone(), identity, tokens, settings);
        let mut ended: Vec<Ended> =
            presented.and_then(|old| self.end(old, endpoint, SessionEnd::Replaced)).into_iter().collect();
        let mut live = self.lock();
        let evicted = make_room(&mut live, self.limit, now);
        for ended in &evicted {
            self.forget(ended);
        }
        ended.extend(evicted);
        let made = Session {
            endpoint: endpoint.clone(),
            settings: settings.fingerprint(),
            inactivity_timeout: settings.inactivity_timeout(),
            course: Arc::new(course),
        };
        let key = Key::of(cookie.expose());
        if let Some(keeper) = self.keeper.get() {
            keeper.keep(made.kept(key, now));
        }
        live.insert(key, made);
        Begun { session, cookie, ended }
    }

    /// Ends the session of a browser's cookie, if it has one on `endpoint`.
    pub(crate) fn end(&self, cookie: &str, endpoint: &Endpoint, why: SessionEnd) -> Option<Ended> {
        let key = Key::of(cookie);
        let mut live = self.lock();
        if live.get(&key)?.endpoint != *endpoint {
            return None;
        }
        self.remove(&mut live, key, why)
    }

    /// Ends the session of this name.
    pub(crate) fn end_named(&self, id: &SessionId, why: SessionEnd) -> Option<Ended> {
        let mut live = self.lock();
        let key = live.iter().find(|(_, session)| session.course.id() == id).map(|(key, _)| *key)?;
        self.remove(&mut live, key, why)
    }

    /// Tells the keeper that the identity of the session of this name has changed.
    pub(crate) fn keep_again(&self, id: &SessionId) {
        let live = self.lock();
        let found = live.iter().find(|(_, session)| session.course.id() == id);
        if let (Some((key, session)), Some(keeper)) = (found, self.keeper.get()) {
            keeper.keep(session.kept(*key, self.clock.now()));
        }
    }

    /// Ends the sessions of `endpoint` that were made under other settings than these.
    pub(crate) fn end_others<'s>(
        &self,
        endpoint: &Endpoint,
        settings: impl IntoIterator<Item = &'s Settings>,
    ) -> Vec<Ended> {
        let kept: Vec<_> = settings.into_iter().map(Settings::fingerprint).collect();
        let same = |session: &Session| kept.contains(&session.settings);
        let mut live = self.lock();
        let others = live.extract_if(|_, session| session.endpoint == *endpoint && !same(session));
        let ended: Vec<_> =
            others.map(|(key, session)| session.ended(key, SessionEnd::SettingsChanged)).collect();
        for ended in &ended {
            self.forget(ended);
        }
        ended
    }

    /// The sessions that have not ended, oldest first.
    pub(crate) fn list(&self) -> Vec<SessionView> {
        let now = self.clock.now();
        let live = self.lock();
        let mut views: Vec<_> = live
            .values()
            .filter(|session| session.end(now).is_none())
            .map(|session| session.view(now))
            .collect();
        views.sort_by(|a, b| (a.began, &a.id).cmp(&(b.began, &b.id)));
        views
    }

    fn remove(&self, live: &mut HashMap<Key, Session>, key: Key, why: SessionEnd) -> Option<Ended> {
        let ended = live.remove(&key)?.ended(key, why);
        self.forget(&ended);
        Some(ended)
    }

    fn forget(&self, ended: &Ended) {
        if let Some(keeper) = self.keeper.get() {
            keeper.forget(&ended.key.to_text());
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Session>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Leaves room for one more: what has ended goes first, then what has been unused for longest.
fn make_room(live: &mut HashMap<Key, Session>, limit: usize, now: DateTime<Utc>) -> Vec<Ended> {
    if live.len() < limit {
        return Vec::new();
    }
    let mut ended: Vec<Ended> = live
        .extract_if(|_, session| session.end(now).is_some())
        .map(|(key, session)| {
            let why = session.end(now).unwrap_or(SessionEnd::Idle);
            session.ended(key, why)
        })
        .collect();
    while live.len() >= limit {
        let oldest =
            live.iter().min_by_key(|(_, session)| session.course.last_used(now)).map(|(key, _)| *key);
        match oldest.and_then(|key| live.remove(&key).map(|session| session.ended(key, SessionEnd::Evicted)))
        {
            Some(evicted) => ended.push(evicted),
            None => break,
        }
    }
    ended
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Draft;

    fn settings(change: impl FnOnce(&mut Draft)) -> Settings {
        let mut draft = Draft {
            issuer: "https://acme.okta.test".to_owned(),
            client_id: "client".to_owned(),
            client_secret: Secret::new("client secret", "hunter2"),
            inactivity_timeout: Some(Duration::from_secs(600)),
            maximum_duration: Some(Duration::from_secs(3600)),
            ..Draft::default()
        };
        change(&mut draft);
        draft.check().unwrap()
    }

    fn alice() -> Identity {
        Identity {
            issuer: "https://acme.okta.test".to_owned(),
            id: "00u1".to_owned(),
            email: Some("alice@acme.test".to_owned()),
            name: None,
        }
    }

    fn endpoint(name: &str) -> Endpoint {
        Endpoint::new(&format!("https://{name}.tunnel.test")).unwrap()
    }

    fn found(lookup: &Lookup<Stay>) -> Lookup<SessionId> {
        match lookup {
            Lookup::Live(stay) => Lookup::Live(stay.session().clone()),
            Lookup::Ended => Lookup::Ended,
            Lookup::Unknown => Lookup::Unknown,
        }
    }

    struct Room {
        clock: Clock,
        sessions: Sessions,
        settings: Settings,
        app: Endpoint,
    }

    impl Room {
        fn new() -> Self {
            let clock = Clock::new();
            let sessions = Sessions::new(clock.clone());
            Self { clock, sessions, settings: settings(|_| ()), app: endpoint("app") }
        }

        fn begin(&self) -> Begun {
            self.sessions.begin(&self.app, &self.settings, alice(), None, None)
        }

        /// What a request finds, which is over at once.
        fn look_up(&self, cookie: &Secret) -> (Lookup<SessionId>, Option<SessionEnd>) {
            let (lookup, ended) = self.sessions.look_up(cookie.expose(), &self.app, &self.settings);
            (found(&lookup), ended.map(|ended| ended.why))
        }
    }

    #[test]
    fn a_session_lives_by_use_until_it_idles() {
        let room = Room::new();
        let begun = room.begin();
        for _ in 0..4 {
            room.clock.advance(Duration::from_secs(590));
            assert_eq!(room.look_up(&begun.cookie), (Lookup::Live(begun.session.clone()), None));
        }
        room.clock.advance(Duration::from_secs(600));
        assert!(room.sessions.list().is_empty());
        assert_eq!(room.look_up(&begun.cookie), (Lookup::Ended, Some(SessionEnd::Idle)));
        assert_eq!(room.look_up(&begun.cookie), (Lookup::Unknown, None));
    }

    #[test]
    fn a_session_ends_at_its_maximum_however_busy() {
        let room = Room::new();
        let begun = room.begin();
        for _ in 0..6 {
            room.clock.advance(Duration::from_secs(599));
            assert!(matches!(room.look_up(&begun.cookie).0, Lookup::Live(_)));
        }
        room.clock.advance(Duration::from_secs(6));
        assert_eq!(room.look_up(&begun.cookie), (Lookup::Ended, Some(SessionEnd::Maximum)));
    }

    #[test]
    fn a_session_is_for_one_endpoint_and_survives_being_shown_at_another() {
        let room = Room::new();
        let begun = room.begin();
        let other = room.sessions.look_up(begun.cookie.expose(), &endpoint("other"), &room.settings);
        assert_eq!(found(&other.0), Lookup::Unknown);
        assert!(
            room.sessions.end(begun.cookie.expose(), &endpoint("other"), SessionEnd::SignedOut).is_none()
        );
        assert!(matches!(room.look_up(&begun.cookie).0, Lookup::Live(_)));
    }

    #[test]
    fn changed_settings_end_a_session_and_equal_ones_do_not() {
        let room = Room::new();
        let begun = room.begin();
        let same = room.sessions.look_up(begun.cookie.expose(), &room.app, &settings(|_| ()));
        assert!(matches!(same.0, Lookup::Live(_)));
        let changed = settings(|draft| draft.allow_domains.push("acme.test".to_owned()));
        let (lookup, ended) = room.sessions.look_up(begun.cookie.expose(), &room.app, &changed);
        assert_eq!(
            (found(&lookup), ended.map(|ended| ended.why)),
            (Lookup::Ended, Some(SessionEnd::SettingsChanged))
        );
    }

    #[test]
    fn each_login_makes_a_new_cookie_and_ends_the_old_session() {
        let room = Room::new();
        let first = room.begin();
        let second =
            room.sessions.begin(&room.app, &room.settings, alice(), None, Some(first.cookie.expose()));
        assert_ne!(first.cookie, second.cookie);
        assert_eq!(second.ended.iter().map(|ended| ended.why).collect::<Vec<_>>(), [SessionEnd::Replaced]);
        assert_eq!(room.look_up(&first.cookie).0, Lookup::Unknown);
        // A cookie that someone made up is not adopted.
        let third = room.sessions.begin(&room.app, &room.settings, alice(), None, Some("preset"));
        assert_ne!(third.cookie.expose(), "preset");
        let preset = room.sessions.look_up("preset", &room.app, &room.settings).0;
        assert_eq!(found(&preset), Lookup::Unknown);
    }

    #[test]
    fn a_revoked_session_is_gone_and_the_others_stay() {
        let room = Room::new();
        let (one, two) = (room.begin(), room.begin());
        assert!(room.sessions.end_named(&one.session, SessionEnd::Revoked).is_some());
        assert!(room.sessions.end_named(&one.session, SessionEnd::Revoked).is_none());
        assert_eq!(room.look_up(&one.cookie).0, Lookup::Unknown);
        assert_eq!(room.sessions.list().iter().map(|view| &view.id).collect::<Vec<_>>(), [&two.session]);
    }

    #[test]
    fn the_longest_unused_makes_room() {
        let mut room = Room::new();
        room.sessions.limit = 2;
        let (one, two) = (room.begin(), room.begin());
        room.clock.advance(Duration::from_secs(1));
        assert!(matches!(room.look_up(&one.cookie).0, Lookup::Live(_)));
        let three = room.begin();
        assert_eq!(three.ended.iter().map(|ended| ended.why).collect::<Vec<_>>(), [SessionEnd::Evicted]);
        assert_eq!(room.look_up(&two.cookie).0, Lookup::Unknown);
        assert!(matches!(room.look_up(&one.cookie).0, Lookup::Live(_)));
    }

    #[test]
    fn one_in_use_does_not_make_room() {
        let mut room = Room::new();
        room.sessions.limit = 2;
        let (one, two) = (room.begin(), room.begin());
        let (first, _) = room.sessions.look_up(one.cookie.expose(), &room.app, &room.settings);
        room.clock.advance(Duration::from_secs(1));
        let (second, _) = room.sessions.look_up(two.cookie.expose(), &room.app, &room.settings);
        drop(second);
        room.clock.advance(Duration::from_secs(1));
        assert_eq!(room.begin().ended.remove(0).session, two.session);
        assert_eq!(found(&first), Lookup::Live(one.session.clone()));
    }

    #[derive(Default)]
    struct Shelf {
        kept: Mutex<HashMap<String, KeptSession>>,
    }

    impl Shelf {
        fn all(&self) -> Vec<KeptSession> {
            self.kept.lock().unwrap().values().cloned().collect()
        }
    }

    impl SessionKeeper for Shelf {
        fn keep(&self, session: KeptSession) {
            self.kept.lock().unwrap().insert(session.key.clone(), session);
        }

        fn forget(&self, key: &str) {
            assert!(self.kept.lock().unwrap().remove(key).is_some(), "{key}");
        }
    }

    #[test]
    fn what_is_kept_is_what_goes_on() {
        let mut room = Room::new();
        let shelf = Arc::new(Shelf::default());
        room.sessions.keep(Vec::new(), Arc::clone(&shelf) as Arc<dyn SessionKeeper>);
        room.sessions.limit = 3;
        let (one, two, three) = (room.begin(), room.begin(), room.begin());
        let replaced =
            room.sessions.begin(&room.app, &room.settings, alice(), None, Some(one.cookie.expose()));
        room.sessions.end_named(&two.session, SessionEnd::Revoked).unwrap();
        room.sessions.end(three.cookie.expose(), &room.app, SessionEnd::SignedOut).unwrap();
        let (four, five) = (room.begin(), room.begin());
        room.clock.advance(Duration::from_secs(1));
        for begun in [&four, &five] {
            assert!(matches!(room.look_up(&begun.cookie).0, Lookup::Live(_)));
        }
        let six = room.begin();
        let mut kept: Vec<_> = shelf.all().into_iter().map(|session| session.id).collect();
        kept.sort();
        let mut expected = [&four, &five, &six].map(|begun| begun.session.to_string());
        expected.sort();
        assert_eq!(kept, expected);
        assert_eq!(room.look_up(&replaced.cookie).0, Lookup::Unknown);
        assert!(room.sessions.end_others(&room.app, None).len() == 3 && shelf.all().is_empty());
    }

    #[test]
    fn sessions_go_on_from_what_was_kept_until_they_would_have_ended() {
        let room = Room::new();
        let (one, two) = (room.begin(), room.begin());
        room.clock.advance(Duration::from_secs(500));
        assert!(matches!(room.look_up(&one.cookie).0, Lookup::Live(_)));
        room.clock.advance(Duration::from_secs(200));
        let kept = room.sessions.kept();
        assert!(!format!("{kept:?}").contains(one.cookie.expose()) && kept.len() == 1, "two has idled out");

        let mut all = kept.clone();
        all.push(KeptSession { key: "else".into(), settings: "nonsense".into(), ..kept[0].clone() });
        let shelf = Arc::new(Shelf::default());
        for session in &all {
            shelf.keep(session.clone());
        }
        let again = Room { sessions: Sessions::new(room.clock.clone()), ..room };
        again.sessions.keep(all, Arc::clone(&shelf) as Arc<dyn SessionKeeper>);
        assert_eq!(shelf.all(), kept);
        assert_eq!(again.look_up(&two.cookie).0, Lookup::Unknown);
        assert_eq!(again.look_up(&one.cookie), (Lookup::Live(one.session.clone()), None));
        assert_eq!(again.sessions.list()[0].identity, alice());
        let changed = settings(|draft| draft.scopes = vec!["openid".to_owned()]);
        let (lookup, _) = again.sessions.look_up(one.cookie.expose(), &again.app, &changed);
        assert_eq!(found(&lookup), Lookup::Ended);
        assert!(shelf.all().is_empty());
    }
}
