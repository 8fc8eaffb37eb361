use std::sync::Arc;
use std::time::Duration;

use http::header::{HeaderValue, SET_COOKIE};
use http::request::Parts;
use http::{Response, StatusCode};

use crate::cookies::{self, LOGIN_COOKIE, Presented, presented};
use crate::decision::{self, Decision, LoginRequest, Visitor};
use crate::event::SessionEnd;
use crate::exchange::Unconfirmed;
use crate::pending::Login;
use crate::provider::names_itself;
use crate::relying_party::Shared;
use crate::sessions::Lookup;
use crate::tickets::Outcome;
use crate::{Endpoint, Event, Refusal, Settings, Stay, answer, exchange, identity};

/// One endpoint's gate. Clones are the same gate.
#[derive(Clone, Debug)]
pub struct Gate {
    shared: Arc<Shared>,
    endpoint: Endpoint,
    settings: Arc<Settings>,
}

/// What becomes of a request.
#[derive(Debug)]
pub enum Admission {
    /// It may go on to the upstream, once [`upstream::request`](crate::upstream::request) has seen its headers.
    Pass(Visitor),
    /// It is answered with this; the upstream must not be reached.
    Answer(Response<String>),
}

impl Gate {
    pub(crate) fn new(shared: Arc<Shared>, endpoint: Endpoint, settings: Settings) -> Self {
        Self { shared, endpoint, settings: Arc::new(settings) }
    }

    /// The endpoint that it guards.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Its settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Decides about a request by its head alone, and carries the decision out. A session that lets it pass is in use
    /// while the visitor's [`Stay`] lasts.
    pub async fn admit(&self, request: &Parts) -> Admission {
        let mut decision = decision::decide(request, &self.endpoint, &self.settings, |cookie| {
            let (lookup, ended) = self.shared.sessions.look_up(cookie, &self.endpoint, &self.settings);
            self.shared.tell_ended(ended);
            lookup
        });
        if let Some(interval) = self.settings.userinfo_refresh_interval()
            && let Decision::Pass(Visitor::Person(stay)) = decision
        {
            decision = self.confirm(stay, interval, request).await;
        }
        let answer = match decision {
            Decision::Pass(visitor) => return Admission::Pass(visitor),
            Decision::BeginLogin(login) => self.begin(&login, request).await,
            Decision::FinishLogin { ticket } => {
                return Admission::Answer(self.finish(&ticket, request).await);
            }
            Decision::SignOut => Ok(self.sign_out(request)),
            Decision::Refuse(refusal) => Err(refusal),
        };
        Admission::Answer(answer.unwrap_or_else(|refusal| self.refuse(&refusal)))
    }

    /// The answer to someone whose session ended while they waited for the upstream's, see [`Stay::ended`].
    pub fn session_expired(&self) -> Response<String> {
        self.refuse(&Refusal::SessionExpired)
    }

    /// Lets someone with a session pass if the issuer still vouches for them and the allow-lists still let them in.
    /// When the issuer can't be asked, this request is refused and the session goes on.
    async fn confirm(&self, mut stay: Stay, interval: Duration, request: &Parts) -> Decision<Stay> {
        let shared = &self.shared;
        let asked = stay
            .confirm(interval, async |known, tokens| {
                let tokens = tokens.ok_or(Unconfirmed::TokenOver)?;
                let (identity, standing) = exchange::ask_again(
                    &shared.providers,
                    &self.settings,
                    &shared.redirect_uri,
                    known,
                    tokens,
                )
                .await?;
                identity::authorize(&identity, standing, &self.settings).map_err(Unconfirmed::Refused)?;
                Ok(identity)
            })
            .await;
        let end = || {
            shared.tell_ended(shared.sessions.end_named(stay.session(), SessionEnd::Unconfirmed));
        };
        match asked {
            Ok(was_asked) => {
                if was_asked {
                    let (endpoint, session) = (self.endpoint.clone(), stay.session().clone());
                    let identity = stay.identity().clone();
                    shared.sessions.keep_again(&session);
                    shared.sink.emit(Event::UserinfoRefreshed { endpoint, session, identity });
                }
                Decision::Pass(Visitor::Person(stay))
            }
            Err(Unconfirmed::TokenOver) => {
                end();
                decision::decide(request, &self.endpoint, &self.settings, |_| Lookup::Ended)
            }
            Err(Unconfirmed::Refused(refusal @ (Refusal::Communication(_) | Refusal::Metadata(_)))) => {
                Decision::Refuse(refusal)
            }
            Err(Unconfirmed::Refused(refusal)) => {
                end();
                Decision::Refuse(refusal)
            }
        }
    }

    /// Sends someone to the issuer, and remembers it.
    async fn begin(&self, request: &LoginRequest, head: &Parts) -> Result<Response<String>, Refusal> {
        let shared = &self.shared;
        let issuer = self.settings.issuer();
        let metadata = shared.providers.metadata(issuer).await?;
        let authorization =
            exchange::authorization_request(&self.settings, &metadata, &shared.redirect_uri, request)?;
        let mut response = answer::redirect(StatusCode::FOUND, &authorization.url)?;
        let login = Login {
            endpoint: self.endpoint.clone(),
            settings: Arc::clone(&self.settings),
            issuer: issuer.to_string(),
            issuer_names_itself: names_itself(&metadata),
            nonce: authorization.nonce,
            code_verifier: authorization.code_verifier,
            return_to: request.return_to.clone(),
            began: shared.clock.now(),
        };
        let presented = presented(&head.headers, LOGIN_COOKIE);
        let cookie = shared.pending.add(&authorization.state, login, presented.one());
        set(&mut response, cookies::set_login(cookie.expose()));
        shared.sink.emit(Event::LoginBegan {
            endpoint: self.endpoint.clone(),
            issuer: issuer.to_string(),
            return_to: request.return_to.clone(),
        });
        Ok(response)
    }

    /// Ends a login, well or not. The browser keeps its login cookie only while other tabs still need it.
    async fn finish(&self, ticket: &str, head: &Parts) -> Response<String> {
        let login_cookie = presented(&head.headers, LOGIN_COOKIE);
        let mut response = match self.sign_in(ticket, &login_cookie, head).await {
            Ok(response) => response,
            Err(refusal) => self.refuse(&refusal),
        };
        if let Some(cookie) = login_cookie.one()
            && !self.shared.pending.has_more(cookie, &self.endpoint)
        {
            set(&mut response, cookies::forget(LOGIN_COOKIE));
        }
        response
    }

    async fn sign_in(
        &self,
        ticket: &str,
        login_cookie: &Presented,
        head: &Parts,
    ) -> Result<Response<String>, Refusal> {
        let shared = &self.shared;
        let callback = shared.tickets.redeem(ticket, &self.endpoint)?;
        let login_cookie = login_cookie.one().ok_or(Refusal::LoginCookieMissing)?;
        let login = shared.pending.take(&callback.state, login_cookie)?;
        // Several gates of one endpoint share its path for this; whichever is asked ends the login of the one that
        // began it, whose session is worth something to that one alone.
        let settings = &login.settings;
        if settings.fingerprint() != self.settings.fingerprint()
            && settings.auth_id() == self.settings.auth_id()
        {
            return Err(Refusal::SettingsChanged);
        }
        let code = match callback.outcome {
            Outcome::Code(code) => code,
            Outcome::Error { error, description } => return Err(Refusal::Provider { error, description }),
        };
        let now = shared.clock.now();
        let (identity, standing, tokens) =
            exchange::redeem(&shared.providers, settings, &shared.redirect_uri, &login, &code, now).await?;
        identity::authorize(&identity, standing, settings)?;

        let mut response = answer::redirect(StatusCode::SEE_OTHER, &self.endpoint.url(&login.return_to))?;
        let presented = presented(&head.headers, settings.session_cookie());
        let are_kept = settings.keep_tokens() || settings.userinfo_refresh_interval().is_some();
        let tokens = are_kept.then_some(tokens);
        let begun =
            shared.sessions.begin(&self.endpoint, settings, identity.clone(), tokens, presented.one());
        set(&mut response, cookies::set_session(settings.session_cookie(), begun.cookie.expose()));
        shared.tell_ended(begun.ended);
        let endpoint = self.endpoint.clone();
        shared.sink.emit(Event::SignedIn { endpoint, session: begun.session, identity });
        Ok(response)
    }

    fn sign_out(&self, head: &Parts) -> Response<String> {
        let mut response = answer::signed_out();
        // Whoever signs out of a site is out, whichever of its gates they came through.
        let mut names = cookies::session_cookies(&head.headers);
        if !names.iter().any(|name| name == self.settings.session_cookie()) {
            names.push(self.settings.session_cookie().to_owned());
        }
        for name in names {
            let presented = presented(&head.headers, &name);
            let cookie = presented.one();
            let ended = cookie
                .and_then(|cookie| self.shared.sessions.end(cookie, &self.endpoint, SessionEnd::SignedOut));
            self.shared.tell_ended(ended);
            set(&mut response, cookies::forget(&name));
        }
        response
    }

    fn refuse(&self, refusal: &Refusal) -> Response<String> {
        let endpoint = Some(self.endpoint.clone());
        self.shared.sink.emit(Event::Refused { endpoint, refusal: refusal.clone() });
        answer::refusal(refusal, Some(&self.endpoint), self.settings.session_cookie())
    }
}

fn set(response: &mut Response<String>, cookie: HeaderValue) {
    response.headers_mut().append(SET_COOKIE, cookie);
}
