//! What came through a session ends with the session, and a session is in use while anything that came through it is
//! under way.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use ground::Clock;
use tokio::sync::watch;

use crate::event::SessionEnd;
use crate::sessions::SessionId;
use crate::{Identity, Settings, Tokens};

/// What a session's exchanges know of it.
#[derive(Debug)]
pub(crate) struct Course {
    clock: Clock,
    id: SessionId,
    identity: Mutex<Arc<Identity>>,
    tokens: Option<Tokens>,
    /// When the issuer said last who it is. Whoever asks it again holds the lock, so that one asks for all.
    confirmed: tokio::sync::Mutex<DateTime<Utc>>,
    began: DateTime<Utc>,
    /// When it is as old as it may become.
    latest: DateTime<Utc>,
    usage: Mutex<Usage>,
    over: watch::Sender<Option<SessionEnd>>,
}

#[derive(Debug)]
struct Usage {
    /// Exchanges under way.
    open: usize,
    /// When the last of all exchanges began or ended.
    last: DateTime<Utc>,
}

impl Course {
    /// A session of `identity` that begins now.
    pub(crate) fn begin(
        clock: Clock,
        id: SessionId,
        identity: Identity,
        tokens: Option<Tokens>,
        settings: &Settings,
    ) -> Self {
        let began = clock.now();
        let usage = Mutex::new(Usage { open: 0, last: began });
        let latest = began + settings.maximum_duration();
        let identity = Mutex::new(Arc::new(identity));
        let confirmed = tokio::sync::Mutex::new(began);
        Self { clock, id, identity, tokens, confirmed, began, latest, usage, over: watch::Sender::new(None) }
    }

    /// A session of `identity` that began at `began` and goes on until `latest`.
    pub(crate) fn resume(
        clock: Clock,
        id: SessionId,
        identity: Identity,
        [began, last, latest]: [DateTime<Utc>; 3],
    ) -> Self {
        let usage = Mutex::new(Usage { open: 0, last });
        let identity = Mutex::new(Arc::new(identity));
        // Tokens are not kept; and when the issuer was asked last, nobody knows any more.
        let (tokens, confirmed) = (None, tokio::sync::Mutex::new(began));
        Self { clock, id, identity, tokens, confirmed, began, latest, usage, over: watch::Sender::new(None) }
    }

    pub(crate) fn id(&self) -> &SessionId {
        &self.id
    }

    pub(crate) fn identity(&self) -> Arc<Identity> {
        Arc::clone(&self.identity.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn began(&self) -> DateTime<Utc> {
        self.began
    }

    /// When it is as old as it may become.
    pub(crate) fn latest(&self) -> DateTime<Utc> {
        self.latest
    }

    /// Whether it is as old as it may become.
    pub(crate) fn is_at_maximum(&self, now: DateTime<Utc>) -> bool {
        now >= self.latest
    }

    /// When it was last in use: now, while an exchange is under way.
    pub(crate) fn last_used(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        let usage = self.usage();
        if usage.open > 0 { now } else { usage.last }
    }

    /// Ends everything that came through it.
    pub(crate) fn end(&self, why: SessionEnd) {
        self.over.send_replace(Some(why));
    }

    fn usage(&self) -> MutexGuard<'_, Usage> {
        self.usage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One exchange (a request with its answer, or the WebSocket that they became) of someone with a session. Until it is
/// dropped the session is in use, and does not idle; nothing of the exchange may go on once the session has [`ended`].
///
/// [`ended`]: Stay::ended
pub struct Stay {
    course: Arc<Course>,
    identity: Arc<Identity>,
    refreshed: bool,
}

impl Stay {
    pub(crate) fn begin(course: &Arc<Course>) -> Self {
        let now = course.clock.now();
        let mut usage = course.usage();
        usage.open += 1;
        usage.last = now;
        drop(usage);
        Self { course: Arc::clone(course), identity: course.identity(), refreshed: false }
    }

    /// Whose session it is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The issuer's tokens, where the settings [keep](crate::Draft::keep_tokens) them. A session that was taken up again
    /// after the edge's end has none.
    pub fn tokens(&self) -> Option<&Tokens> {
        self.course.tokens.as_ref()
    }

    /// When the session ends at the latest, stage time.
    pub fn expires(&self) -> DateTime<Utc> {
        self.course.latest
    }

    /// Whether userinfo was asked again for this request.
    pub fn userinfo_refreshed(&self) -> bool {
        self.refreshed
    }

    /// Has the issuer asked again who it is, by `ask`, if its word is older than `interval`. Of those who come at the
    /// same time one asks, and the others wait for what it hears. Whether it was asked.
    pub(crate) async fn confirm<E>(
        &mut self,
        interval: Duration,
        ask: impl AsyncFnOnce(&Identity, Option<&Tokens>) -> Result<Identity, E>,
    ) -> Result<bool, E> {
        let tokens = self.course.tokens.as_ref();
        let mut confirmed = self.course.confirmed.lock().await;
        let is_due = (self.course.clock.now() - *confirmed).to_std().is_ok_and(|age| age >= interval);
        if is_due {
            let identity = Arc::new(ask(&self.course.identity(), tokens).await?);
            *confirmed = self.course.clock.now();
            *self.course.identity.lock().unwrap_or_else(PoisonError::into_inner) = identity;
            self.refreshed = true;
        }
        self.identity = self.course.identity();
        Ok(is_due)
    }

    /// The session.
    pub fn session(&self) -> &SessionId {
        &self.course.id
    }

    /// Why the session has ended, if it has.
    pub fn end(&self) -> Option<SessionEnd> {
        let at_maximum = || self.course.is_at_maximum(self.course.clock.now()).then_some(SessionEnd::Maximum);
        self.course.over.borrow().or_else(at_maximum)
    }

    /// Waits until the session has ended, and says why. Needs Tokio's timer, and neither keeps the session in use nor
    /// borrows the stay.
    pub fn ended(&self) -> impl Future<Output = SessionEnd> + Send + use<> {
        let course = Arc::clone(&self.course);
        async move {
            let mut over = course.over.subscribe();
            tokio::select! {
                biased;
                // The sender is in the course, which we hold.
                Ok(why) = over.wait_for(Option::is_some) => why.unwrap_or(SessionEnd::Maximum),
                () = course.clock.reached(course.latest) => SessionEnd::Maximum,
            }
        }
    }
}

impl Drop for Stay {
    fn drop(&mut self) {
        let now = self.course.clock.now();
        let mut usage = self.course.usage();
        usage.open -= 1;
        usage.last = usage.last.max(now);
    }
}

impl fmt::Debug for Stay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Stay({})", self.course.id)
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use ground::Secret;
    use tokio::time::timeout;

    use super::*;
    use crate::sessions::{Lookup, Sessions};
    use crate::{Draft, Endpoint};

    const HOUR: Duration = Duration::from_secs(3600);

    /// How long anything may take. Real time.
    const DEADLINE: Duration = Duration::from_secs(20);

    /// A session that idles after an hour and lasts three.
    struct Room {
        clock: Clock,
        sessions: Sessions,
        settings: Settings,
        app: Endpoint,
        id: SessionId,
        cookie: Secret,
    }

    impl Room {
        fn new() -> Self {
            let clock = Clock::new();
            let sessions = Sessions::new(clock.clone());
            let app = Endpoint::new("https://app.tunnel.test").unwrap();
            let settings = settings(HOUR);
            let identity = Identity {
                issuer: "https://acme.okta.test".to_owned(),
                id: "00u1".to_owned(),
                email: None,
                name: None,
            };
            let begun = sessions.begin(&app, &settings, identity, None, None);
            Self { clock, sessions, settings, app, id: begun.session, cookie: begun.cookie }
        }

        fn stay(&self) -> Option<Stay> {
            match self.sessions.look_up(self.cookie.expose(), &self.app, &self.settings).0 {
                Lookup::Live(stay) => Some(stay),
                Lookup::Ended | Lookup::Unknown => None,
            }
        }
    }

    fn settings(inactivity_timeout: Duration) -> Settings {
        let draft = Draft {
            issuer: "https://acme.okta.test".to_owned(),
            client_id: "client".to_owned(),
            client_secret: Secret::new("client secret", "hunter2"),
            inactivity_timeout: Some(inactivity_timeout),
            maximum_duration: Some(3 * HOUR),
            ..Draft::default()
        };
        draft.check().unwrap()
    }

    async fn ended(stay: &Stay) -> SessionEnd {
        timeout(DEADLINE, stay.ended()).await.expect("the end in time")
    }

    #[test]
    fn a_session_does_not_idle_while_an_exchange_is_under_way() {
        let room = Room::new();
        let (long, short) = (room.stay().unwrap(), room.stay().unwrap());
        drop(short);
        room.clock.advance(2 * HOUR);
        assert_eq!(long.end(), None);
        let listed = room.sessions.list().remove(0);
        assert!(listed.last_used >= listed.began + 2 * HOUR, "{listed:?}");
        assert!(room.stay().is_some());
    }

    #[test]
    fn it_idles_from_the_end_of_the_last_exchange() {
        let room = Room::new();
        let stay = room.stay().unwrap();
        room.clock.advance(HOUR);
        drop(stay);
        room.clock.advance(HOUR - Duration::from_secs(10));
        assert_eq!(room.sessions.list().len(), 1);
        room.clock.advance(Duration::from_secs(10));
        assert!(room.stay().is_none());
    }

    #[tokio::test]
    async fn every_stay_ends_with_a_revoked_session_and_says_why() {
        let room = Room::new();
        let (one, two) = (room.stay().unwrap(), room.stay().unwrap());
        let mut waiting = pin!(one.ended());
        assert!(timeout(Duration::ZERO, &mut waiting).await.is_err(), "the session goes on");
        room.sessions.end_named(&room.id, SessionEnd::Revoked).unwrap();
        assert_eq!(timeout(DEADLINE, waiting).await.unwrap(), SessionEnd::Revoked);
        assert_eq!((two.end(), ended(&two).await), (Some(SessionEnd::Revoked), SessionEnd::Revoked));
    }

    #[tokio::test]
    async fn a_stay_ends_when_the_session_is_signed_out_replaced_or_under_other_settings() {
        let room = Room::new();
        let stay = room.stay().unwrap();
        room.sessions.end(room.cookie.expose(), &room.app, SessionEnd::SignedOut).unwrap();
        assert_eq!(ended(&stay).await, SessionEnd::SignedOut);

        let room = Room::new();
        let stay = room.stay().unwrap();
        let identity = stay.identity().clone();
        room.sessions.begin(&room.app, &room.settings, identity, None, Some(room.cookie.expose()));
        assert_eq!(ended(&stay).await, SessionEnd::Replaced);

        let room = Room::new();
        let stay = room.stay().unwrap();
        assert!(room.sessions.end_others(&room.app, Some(&settings(HOUR))).is_empty());
        let other = Endpoint::new("https://other.tunnel.test").unwrap();
        assert!(room.sessions.end_others(&other, None).is_empty());
        assert_eq!(stay.end(), None);
        assert_eq!(room.sessions.end_others(&room.app, Some(&settings(2 * HOUR))).len(), 1);
        assert_eq!(ended(&stay).await, SessionEnd::SettingsChanged);
        assert!(room.sessions.list().is_empty());
    }

    #[tokio::test]
    async fn a_stay_ends_at_the_maximum_as_soon_as_the_clock_is_there() {
        let room = Room::new();
        let stay = room.stay().unwrap();
        let mut waiting = pin!(stay.ended());
        room.clock.advance(3 * HOUR - Duration::from_secs(60));
        assert!(timeout(Duration::ZERO, &mut waiting).await.is_err(), "it may last a minute more");
        assert_eq!(stay.end(), None);
        room.clock.advance(Duration::from_secs(60));
        assert_eq!(timeout(DEADLINE, waiting).await.unwrap(), SessionEnd::Maximum);
        assert_eq!(stay.end(), Some(SessionEnd::Maximum));
    }
}
