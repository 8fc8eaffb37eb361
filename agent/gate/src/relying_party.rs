use std::sync::Arc;

use ground::{Clock, Sink};
use http::request::Parts;
use http::{Method, Response, StatusCode};
use openidconnect::RedirectUrl;

use crate::callback;
use crate::cookies::SESSION_COOKIE;
use crate::decision::CALLBACK_PATH;
use crate::event::SessionEnd;
use crate::gate::Gate;
use crate::kept::{KeptSession, SessionKeeper};
use crate::opaque::Key;
use crate::pending::PendingLogins;
use crate::provider::Providers;
use crate::sessions::{Ended, SessionId, SessionView, Sessions};
use crate::tickets::{Callback, Tickets};
use crate::{Endpoint, Event, Http, Refusal, Settings, answer};

/// Where issuers send people back to, on the identity host.
pub const IDENTITY_CALLBACK_PATH: &str = "/oauth2/callback";

/// The relying party of an edge: what all its gates share. Clones are the same party. All of it is in memory and
/// bounded; making one costs nothing.
#[derive(Clone, Debug)]
pub struct RelyingParty {
    pub(crate) shared: Arc<Shared>,
}

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) redirect_uri: RedirectUrl,
    pub(crate) clock: Clock,
    pub(crate) sink: Sink<Event>,
    pub(crate) providers: Providers,
    pub(crate) pending: PendingLogins,
    pub(crate) tickets: Tickets,
    pub(crate) sessions: Sessions,
}

impl RelyingParty {
    /// A party whose issuers send people back to `identity_host`, and which reaches issuers by `http`.
    pub fn new(identity_host: &Endpoint, http: Http, clock: Clock, sink: Sink<Event>) -> Self {
        let redirect_uri = RedirectUrl::new(format!("{identity_host}{IDENTITY_CALLBACK_PATH}"))
            .expect("an endpoint's origin with a path is a URL");
        let shared = Shared {
            redirect_uri,
            providers: Providers::new(http, clock.clone(), sink.clone()),
            pending: PendingLogins::new(clock.clone()),
            tickets: Tickets::new(clock.clone()),
            sessions: Sessions::new(clock.clone()),
            clock,
            sink,
        };
        Self { shared: Arc::new(shared) }
    }

    /// The one sign-in redirect URI, which every client must have registered at its issuer.
    pub fn redirect_uri(&self) -> &str {
        self.shared.redirect_uri.as_str()
    }

    /// The gate of `endpoint`. Gates with equal endpoint and settings honour the same sessions, so a gate may be made
    /// anew whenever its endpoint comes back.
    pub fn gate(&self, endpoint: Endpoint, settings: Settings) -> Gate {
        Gate::new(Arc::clone(&self.shared), endpoint, settings)
    }

    /// Answers a request for the identity host. A callback is parked under a one-time ticket, and the person is sent
    /// to the endpoint that the login belongs to; nothing is redeemed here.
    pub fn identity_host(&self, request: &Parts) -> Response<String> {
        match self.shared.park(request) {
            Ok(response) => response,
            Err(refusal) => {
                self.shared.sink.emit(Event::Refused { endpoint: None, refusal: refusal.clone() });
                answer::refusal(&refusal, None, SESSION_COOKIE)
            }
        }
    }

    /// The sessions that have not ended, oldest first.
    pub fn sessions(&self) -> Vec<SessionView> {
        self.shared.sessions.list()
    }

    /// Takes up the sessions that were kept, as far as they have not ended meanwhile, and tells `keeper` of every change
    /// from now on. Does nothing when it was called before.
    pub fn keep_sessions(&self, kept: Vec<KeptSession>, keeper: Arc<dyn SessionKeeper>) {
        self.shared.sessions.keep(kept, keeper);
    }

    /// The sessions that have not ended, as they are kept. When they were last in use is known here alone.
    pub fn kept_sessions(&self) -> Vec<KeptSession> {
        self.shared.sessions.kept()
    }

    /// The live session that a browser's session cookie opens. Looking is not using: the session idles on.
    pub fn session_of(&self, cookie: &str) -> Option<SessionView> {
        self.shared.sessions.peek(cookie)
    }

    /// Ends the sessions of `endpoint` that were made under other settings than these; without settings, all of them.
    /// An endpoint with several gates names the settings of each. A session's next request would find that out as well,
    /// but what it has open would go on until then.
    pub fn end_other_sessions<'s>(
        &self,
        endpoint: &Endpoint,
        settings: impl IntoIterator<Item = &'s Settings>,
    ) {
        self.shared.tell_ended(self.shared.sessions.end_others(endpoint, settings));
    }

    /// Ends a session, and what came through it. Whether there was one.
    pub fn revoke(&self, session: &SessionId) -> bool {
        let ended = self.shared.sessions.end_named(session, SessionEnd::Revoked);
        let revoked = ended.is_some();
        self.shared.tell_ended(ended);
        revoked
    }
}

impl Shared {
    fn park(&self, request: &Parts) -> Result<Response<String>, Refusal> {
        if request.uri.path() != IDENTITY_CALLBACK_PATH {
            return Err(Refusal::NotFound);
        }
        if request.method != Method::GET {
            return Err(Refusal::MethodNotAllowed);
        }
        let response = callback::Response::parse(&request.uri)?;
        let state = Key::of(&response.state);
        let login = self.pending.peek(&state).ok_or(Refusal::StateUnknown)?;
        let outcome = response.outcome_of(&login)?;
        let endpoint = login.endpoint;
        let ticket = self.tickets.park(Callback { endpoint: endpoint.clone(), state, outcome });
        let location = format!("{endpoint}{CALLBACK_PATH}?ticket={}", ticket.expose());
        self.sink.emit(Event::CallbackParked { endpoint });
        answer::redirect(StatusCode::SEE_OTHER, &location)
    }

    pub(crate) fn tell_ended(&self, ended: impl IntoIterator<Item = Ended>) {
        for Ended { endpoint, session, why, .. } in ended {
            self.sink.emit(Event::SessionEnded { endpoint, session, why });
        }
    }
}
