//! Consent: whether a person lets a client have what its server grants with the person's consent alone.
//!
//! A scope is asked about when it says so and either the client asks for that (`prompt=consent`) or the application does
//! (`consent_method` is `REQUIRED`) and the person has not consented before.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, TimeDelta, Utc};
use ground::Secret;
use http::{Method, StatusCode};

use super::authorize;
use super::error;
use super::request::AuthorizeRequest;
use super::scope::Scopes;
use crate::model::{
    App, AuthorizationServer, ConsentMethod, Digest, Expiring, Scope, ScopeConsent, Session, SessionId,
    UserId,
};
use crate::site::Site;
use crate::web::{Params, PostedForm, SignedIn, Visit, error_page, html, leading_to, redirect, see_other};

/// How long somebody may think about it, in stage time.
const PATIENCE: TimeDelta = TimeDelta::minutes(60);

/// Far more than a stage has waiting at once; the oldest make room.
const CAPACITY: usize = 2_000;

/// The requests that wait for somebody's consent, of one org.
pub(crate) struct ConsentsAwaited {
    waiting: Mutex<Expiring<Awaited>>,
}

#[derive(Clone)]
struct Awaited {
    /// In which session it is to be given.
    session: SessionId,
    request: Arc<AuthorizeRequest>,
    scopes: Vec<Scope>,
}

impl ConsentsAwaited {
    pub(crate) fn new() -> Self {
        Self { waiting: Mutex::new(Expiring::new(CAPACITY)) }
    }

    fn begin(&self, awaited: Awaited, now: DateTime<Utc>) -> Secret {
        let token = Secret::random("consent request");
        self.waiting().insert(Digest::of(token.expose()), awaited, now + PATIENCE, now);
        token
    }

    fn find(&self, token: &str, session: &SessionId, now: DateTime<Utc>) -> Option<Awaited> {
        let found = self.waiting().find(Digest::of(token), now).cloned();
        found.filter(|awaited| awaited.session == *session)
    }

    fn end(&self, token: &str, now: DateTime<Utc>) -> bool {
        self.waiting().take(Digest::of(token), now).is_some()
    }

    fn waiting(&self) -> MutexGuard<'_, Expiring<Awaited>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Around<'a> {
    org: &'a str,
    alert: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "sign_in/consent.html")]
struct Page<'a> {
    around: Around<'a>,
    app: &'a str,
    login: &'a str,
    csrf: &'a str,
    request: &'a str,
    scopes: Vec<Told<'a>>,
}

/// A scope, in words.
struct Told<'a> {
    name: &'a str,
    description: &'a str,
}

/// The scopes that the person is to be asked about first.
pub(super) fn awaited(
    site: &Site,
    server: &AuthorizationServer,
    app: &App,
    user: &UserId,
    request: &AuthorizeRequest,
) -> Vec<Scope> {
    let asks = request.asks_consent;
    if !asks && app.settings.consent == ConsentMethod::Trusted {
        return Vec::new();
    }
    let awaits = |scope: &&Scope| {
        scope.consent != ScopeConsent::Implicit
            && request.scopes.has(&scope.name)
            && (asks || !site.model.has_consented(user, &app.id, &server.name, &scope.name))
    };
    server.scopes.iter().filter(awaits).cloned().collect()
}

/// The scopes that no client gets by itself, if its application is one that asks people.
pub(super) fn withheld_from_clients(server: &AuthorizationServer, app: &App, scopes: &Scopes) -> Vec<String> {
    if app.settings.consent == ConsentMethod::Trusted {
        return Vec::new();
    }
    let withheld = |scope: &&Scope| scope.consent == ScopeConsent::Required && scopes.has(&scope.name);
    server.scopes.iter().filter(withheld).map(|scope| scope.name.clone()).collect()
}

/// Sends the person to the page that asks.
pub(super) fn ask(
    site: &Site,
    request: &AuthorizeRequest,
    scopes: Vec<Scope>,
    session: &Session,
    method: &Method,
) -> Response {
    let awaited = Awaited { session: session.id.clone(), request: Arc::new(request.clone()), scopes };
    let token = site.consents_awaited.begin(awaited, site.now());
    let location = format!("/consent?request={}", token.expose());
    if *method == Method::GET { redirect(&location) } else { see_other(&location) }
}

/// `/consent`: the page that asks.
pub(super) async fn show(State(site): State<Site>, by: SignedIn, visit: Visit) -> Response {
    let query = Params::parse(visit.uri.query().unwrap_or_default().as_bytes());
    let token = query.text("request");
    let Some(awaited) = site.consents_awaited.find(token, &by.session.id, site.now()) else {
        return gone(&site);
    };
    let told = |scope| told(scope);
    let page = Page {
        around: Around { org: &site.names.name, alert: None },
        app: &awaited.request.label,
        login: &by.user.profile.login,
        csrf: &by.csrf,
        request: token,
        scopes: awaited.scopes.iter().map(told).collect(),
    };
    leading_to(&awaited.request.reply_to.redirect_uri, html(StatusCode::OK, &page))
}

/// Takes what the person decided.
pub(super) async fn decide(State(site): State<Site>, visit: Visit, posted: PostedForm) -> Response {
    let PostedForm { by, form } = posted;
    let token = form.text("request");
    let awaited = site.consents_awaited.find(token, &by.session.id, site.now());
    let Some(awaited) = awaited.filter(|_| site.consents_awaited.end(token, site.now())) else {
        return gone(&site);
    };
    let Awaited { request, scopes, .. } = awaited;
    if form.value("decision") != Some("allow") {
        let error = error::access_denied();
        return authorize::refuse(&site, &visit, &request, Some(&by.session), &error, &Method::POST);
    }
    let scopes: Vec<String> = scopes.into_iter().map(|scope| scope.name).collect();
    site.model.consent(&by.user.id, &request.app, &request.server, &scopes, &by.cause);
    // What it asked for was given: now it is as if it had not asked.
    let request = AuthorizeRequest { asks_consent: false, ..AuthorizeRequest::clone(&request) };
    authorize::finish(&site, &visit, &request, &by.session, &Method::POST)
}

fn told(scope: &Scope) -> Told<'_> {
    let name = if scope.display_name.is_empty() { &scope.name } else { &scope.display_name };
    Told { name, description: &scope.description }
}

fn gone(site: &Site) -> Response {
    let text = "This question has been answered already, was asked in another session, or is too old. Go back to the \
                app and sign in again.";
    error_page(site, StatusCode::BAD_REQUEST, "Nothing to allow", text)
}
