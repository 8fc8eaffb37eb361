//! Sessions at the org, as sign-ins begin and end them.

use axum::response::Response;
use http::{HeaderValue, Method, header};

use super::pending::{Destination, SignIn};
use crate::Event;
use crate::model::{Actor, Session, SessionLimits, User};
use crate::oidc;
use crate::site::Site;
use crate::web::{SESSION_COOKIE, Visit, expired_cookie, redirect, see_other, set_cookie, set_cookie_for};

/// Where people keep their security methods.
const SETTINGS: &str = "/enduser/settings";

/// Lets the person in whose sign-in has come to its end, and sends the browser, which came by
/// `method`, where it was on the way to.
pub(super) fn begin(
    site: &Site,
    visit: &Visit,
    sign_in: &SignIn,
    user: &User,
    limits: SessionLimits,
    method: &Method,
) -> Response {
    let (session, cookie) = start(site, visit, sign_in, user, limits);
    let mut response = match &sign_in.destination {
        Destination::Page(path) => onward(path, method),
        Destination::Authorize(request) => oidc::finish(site, visit, request, &session, method),
        Destination::SecurityMethods { .. } => onward(SETTINGS, method),
    };
    response.headers_mut().append(header::SET_COOKIE, cookie);
    response
}

/// Makes the session of a person whose sign-in has come to its end, or renews the one that the browser has. The value
/// is what sets its cookie.
pub(crate) fn start(
    site: &Site,
    visit: &Visit,
    sign_in: &SignIn,
    user: &User,
    limits: SessionLimits,
) -> (Session, HeaderValue) {
    let cause = visit.cause(Actor::User(user.id.clone()));
    let proofs = &sign_in.proofs;
    let (session, cookie) = match visit.session(site) {
        Some(session) if session.user == user.id => site
            .model
            .renew_session(&session.id, proofs, limits)
            .unwrap_or_else(|| site.model.start_session(&user.id, proofs, limits, &cause)),
        Some(session) => {
            end(site, visit, &session);
            site.model.start_session(&user.id, proofs, limits, &cause)
        }
        None => site.model.start_session(&user.id, proofs, limits, &cause),
    };
    site.sink.emit(Event::SignedIn {
        request: visit.request_id.clone(),
        user: user.id.clone(),
        login: sign_in.username.clone(),
        session: session.id.clone(),
    });
    let cookie = match limits.persistent_cookie {
        true => set_cookie_for(SESSION_COOKIE, &cookie, "None", limits.max_lifetime.or(limits.max_idle)),
        false => set_cookie(SESSION_COOKIE, &cookie, "None"),
    };
    (session, cookie)
}

/// Tells the relying party that this person can't give the proof that it asked for.
pub(super) fn give_up(site: &Site, visit: &Visit, sign_in: &SignIn, method: &Method) -> Response {
    match &sign_in.destination {
        Destination::Authorize(request) => oidc::refuse_unmet(site, visit, request, None, method),
        Destination::Page(path) => onward(path, method),
        Destination::SecurityMethods { .. } => onward(SETTINGS, method),
    }
}

fn onward(path: &str, method: &Method) -> Response {
    match *method {
        Method::POST => see_other(path),
        _ => redirect(path),
    }
}

/// Ends the browser's session, if it has one, with this answer.
pub(crate) fn end_session(site: &Site, visit: &Visit, mut response: Response) -> Response {
    if let Some(session) = visit.session(site) {
        end(site, visit, &session);
    }
    response.headers_mut().append(header::SET_COOKIE, expired_cookie(SESSION_COOKIE, "None"));
    response
}

fn end(site: &Site, visit: &Visit, session: &Session) {
    site.model.end_session(&session.id, &visit.cause_in(session));
    site.sink.emit(Event::SignedOut {
        request: visit.request_id.clone(),
        user: session.user.clone(),
        session: session.id.clone(),
    });
}
