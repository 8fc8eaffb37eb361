//! Who asks: the connection, the browser, the person who is signed in.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use chrono::TimeDelta;
use ground::Secret;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};

use super::pages::error_page;
use crate::model::{Actor, Cause, Client, Session, Surface, User};
use crate::sign_in;
use crate::site::Site;

/// The session cookie, named as Okta Identity Engine's, on both of the org's hosts. Okta's is `SameSite=None`, since
/// pages on other sites ask the org about sessions; whatever changes something checks the `Origin` and a token.
pub(crate) const SESSION_COOKIE: &str = "idx";

/// One request's circumstances.
#[derive(Clone, Debug)]
pub(crate) struct Visit {
    /// Which of the org's hosts was asked.
    pub(crate) surface: Surface,
    /// Who asks: the connection's peer, or whom a trusted proxy there forwards.
    pub(crate) address: IpAddr,
    /// The answer's `X-Okta-Request-Id`.
    pub(crate) request_id: String,
    /// The request's target, with its query.
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
}

impl Visit {
    /// What the System Log shall say about who acts and from where.
    pub(crate) fn cause(&self, actor: Actor) -> Cause {
        let agent = self.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        let client = Client { address: self.address, user_agent: agent.unwrap_or_default().to_owned() };
        Cause { actor, client: Some(client), session: None, request: Some(self.request_id.clone()) }
    }

    /// What the System Log shall say about a person with a session.
    pub(crate) fn cause_in(&self, session: &Session) -> Cause {
        Cause { session: Some(session.id.clone()), ..self.cause(Actor::User(session.user.clone())) }
    }

    /// The first cookie of this name.
    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        let headers = self.headers.get_all(header::COOKIE).into_iter();
        let mut pairs = headers.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(';'));
        pairs
            .find_map(|pair| pair.trim().split_once('=').filter(|(given, _)| *given == name))
            .map(|(_, value)| value)
    }

    /// The session that the browser's cookie is of, if it is alive. It has been heard of by this.
    pub(crate) fn session(&self, site: &Site) -> Option<Session> {
        site.model.session_of(self.cookie(SESSION_COOKIE)?, self.surface)
    }

    /// Whether a page of ours, or no page at all, made the browser send this.
    pub(crate) fn same_origin(&self, site: &Site) -> bool {
        let text = |name| self.headers.get(name).map(|value: &HeaderValue| value.as_bytes());
        match text(header::ORIGIN) {
            Some(origin) => origin == site.names.url_of(self.surface).as_bytes(),
            None => text(header::HeaderName::from_static("sec-fetch-site"))
                .is_none_or(|site| site == b"same-origin" || site == b"none"),
        }
    }
}

impl FromRequestParts<Site> for Visit {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &Site) -> Result<Self, Infallible> {
        let visit = parts.extensions.get::<Self>().cloned();
        Ok(visit.expect("the server describes the visit before it routes a request"))
    }
}

/// A person with a session on the host that was asked. On the admin host: an administrator. Whoever isn't is sent to
/// sign in where a page was asked for, and refused otherwise.
#[derive(Clone, Debug)]
pub(crate) struct SignedIn {
    pub(crate) user: Arc<User>,
    pub(crate) session: Session,
    /// What the System Log shall say about changes that this person makes.
    pub(crate) cause: Cause,
    /// Goes into each form as `csrf`.
    pub(crate) csrf: String,
}

impl SignedIn {
    pub(crate) fn of(visit: &Visit, site: &Site) -> Option<Self> {
        let session = visit.session(site)?;
        let user = site.model.user(&session.user)?;
        if visit.surface == Surface::Admin && !site.model.is_administrator(&user.id) {
            return None;
        }
        let csrf = site.csrf.token(&session.id, visit.surface);
        Some(Self { user, cause: visit.cause_in(&session), session, csrf })
    }
}

impl FromRequestParts<Site> for SignedIn {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Response> {
        let Ok(visit) = Visit::from_request_parts(parts, site).await;
        match Self::of(&visit, site) {
            Some(signed_in) => Ok(signed_in),
            None if parts.method == Method::GET => {
                let wanted = parts.uri.path_and_query().map_or("/", |wanted| wanted.as_str());
                Err(sign_in::begin(site, &visit, wanted))
            }
            None => Err(error_page(
                site,
                StatusCode::UNAUTHORIZED,
                "You are signed out",
                "Your session has ended. Sign in again, then repeat what you did: nothing was changed.",
            )
            .into_response()),
        }
    }
}

/// A cookie for this host alone, that scripts don't see, for the browser's lifetime.
pub(crate) fn set_cookie(name: &str, value: &Secret, same_site: &str) -> HeaderValue {
    let cookie = format!("{name}={}; Path=/; Secure; HttpOnly; SameSite={same_site}", value.expose());
    HeaderValue::from_str(&cookie).expect("our secrets are letters, digits, - and _")
}

/// The same, which the browser keeps for a while when it is closed; for ever when `lifetime` is absent.
pub(crate) fn set_cookie_for(
    name: &str,
    value: &Secret,
    same_site: &str,
    lifetime: Option<TimeDelta>,
) -> HeaderValue {
    // Browsers keep no cookie for longer than 400 days.
    let seconds = lifetime.unwrap_or(TimeDelta::days(400)).num_seconds();
    let cookie = format!(
        "{name}={}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite={same_site}",
        value.expose()
    );
    HeaderValue::from_str(&cookie).expect("our secrets are letters, digits, - and _")
}

/// Takes a cookie of ours away.
pub(crate) fn expired_cookie(name: &str, same_site: &str) -> HeaderValue {
    let cookie = format!("{name}=; Path=/; Secure; HttpOnly; SameSite={same_site}; Max-Age=0");
    HeaderValue::from_str(&cookie).expect("our cookies' names are letters")
}
