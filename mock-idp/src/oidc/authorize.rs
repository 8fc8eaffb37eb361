//! The authorize endpoint: whether the person is asked, refused, or sent back with a code.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::{Method, StatusCode, header};

use super::activate;
use super::consent;
use super::error::{self, OAuthError};
use super::front_channel;
use super::grants::{Family, Grant, Granted};
use super::issue::{Given, Issuance};
use super::request::{AuthorizeRequest, Prompt, Unacceptable};
use super::request_object;
use super::respond;
use super::server::AuthServer;
use crate::Event;
use crate::authn;
use crate::misbehaviour::Occasion;
use crate::model::{
    Actor, App, AppId, AppStatus, Cause, Entry, EventType, ServerName, Session, User, Verdict,
};
use crate::sign_in::{self, Destination};
use crate::site::Site;
use crate::web::{ErrorPage, Params, Visit, html, read_form};

/// `/oauth2/v1/authorize`, GET and POST (OpenID Connect Core, 3.1.2).
pub(super) async fn authorize(
    State(site): State<Site>,
    server: AuthServer,
    visit: Visit,
    request: Request,
) -> Response {
    let method = request.method().clone();
    let params = match read_form(request).await {
        Ok(params) => params,
        Err(status) => return page(&site, &error::invalid_request(), status),
    };
    let params = site.pushed_requests.resolve(params, server.name(), site.now());
    let params = match params.and_then(|params| request_object::unpack(&site, &server, params)) {
        Ok(params) => params,
        Err(error) => return page(&site, &error, error.status),
    };
    match AuthorizeRequest::read(&params, &site.model, &server.record) {
        Ok(request) => enter(&site, &visit, request, params.value("sessionToken"), &method),
        Err(Unacceptable::Page(error)) => {
            note_refusal(&site, &visit, server.name(), &params, &error, false);
            page(&site, &error, StatusCode::BAD_REQUEST)
        }
        Err(Unacceptable::Reply(reply_to, error)) => {
            note_refusal(&site, &visit, server.name(), &params, &error, true);
            let app = AppId::new(params.text("client_id"));
            let occasion = Occasion::of(&visit).with(&app, None);
            respond::with_error(&site, &occasion, &reply_to, &error, &method)
        }
    }
}

/// A session token, which is Okta's own, makes a session first. One that is good no more is as good as none.
fn enter(
    site: &Site,
    visit: &Visit,
    request: AuthorizeRequest,
    session_token: Option<&str>,
    method: &Method,
) -> Response {
    let session_token = session_token.filter(|_| request.prompt != Prompt::Login);
    match session_token.and_then(|token| authn::redeem(site, visit, token)) {
        Some((session, cookie)) => {
            let mut response = decide_for(site, visit, request, Some(session), method);
            response.headers_mut().append(header::SET_COOKIE, cookie);
            response
        }
        None => decide(site, visit, request, method),
    }
}

pub(super) fn decide(site: &Site, visit: &Visit, request: AuthorizeRequest, method: &Method) -> Response {
    let session = visit.session(site).filter(|_| request.prompt != Prompt::Login);
    decide_for(site, visit, request, session, method)
}

fn decide_for(
    site: &Site,
    visit: &Visit,
    request: AuthorizeRequest,
    session: Option<Session>,
    method: &Method,
) -> Response {
    let silent = request.prompt == Prompt::None;
    let Some(session) = session else {
        return match silent {
            true => refuse(site, visit, &request, None, &error::login_required(), method),
            false => ask(site, visit, request, None),
        };
    };
    let app =
        site.model.app(&request.app).filter(|app| site.model.assignment(&app.id, &session.user).is_some());
    let verdict = app.map(|app| sign_in::judge_session(site, visit, &session, &request, &app).verdict);
    match verdict {
        // Whoever may not use it is told so, whatever the policies say.
        None | Some(Verdict::Allow) => finish(site, visit, &request, &session, method),
        Some(Verdict::Deny) if silent => {
            refuse(site, visit, &request, Some(&session), &error::policy_denied(), method)
        }
        Some(_) if silent => {
            refuse(site, visit, &request, Some(&session), &error::reauthentication_required(), method)
        }
        Some(Verdict::Unattainable) if request.acr.is_some() => {
            refuse_unmet(site, visit, &request, Some(&session), method)
        }
        Some(_) => ask(site, visit, request, Some(&session)),
    }
}

fn ask(site: &Site, visit: &Visit, request: AuthorizeRequest, session: Option<&Session>) -> Response {
    let username = request.login_hint.clone();
    sign_in::ask(site, visit, Destination::Authorize(Box::new(request)), &username, session)
}

/// Tells the relying party that the degree of proof that it asked for can't be had from this person.
pub(crate) fn refuse_unmet(
    site: &Site,
    visit: &Visit,
    request: &AuthorizeRequest,
    session: Option<&Session>,
    method: &Method,
) -> Response {
    refuse(site, visit, request, session, &error::unmet_authentication_requirements(), method)
}

/// Sends a signed-in person back to the relying party: with code and tokens if the app is one they may use. `method` is the one
/// by which the browser came.
pub(crate) fn finish(
    site: &Site,
    visit: &Visit,
    request: &AuthorizeRequest,
    session: &Session,
    method: &Method,
) -> Response {
    let app = site.model.app(&request.app).filter(|app| app.status == AppStatus::Active);
    let (Some(app), Some(user)) = (app, site.model.user(&session.user)) else {
        return page(site, &error::invalid_client_id(), StatusCode::BAD_REQUEST);
    };
    let Some(server) = AuthServer::of(site, &request.server) else {
        return page(site, &error::invalid_authorization_server(), StatusCode::BAD_REQUEST);
    };
    if site.model.assignment(&app.id, &user.id).is_none() {
        return refuse(site, visit, request, Some(session), &error::user_not_assigned(), method);
    }
    let granted = Granted { grant: Grant::of(request, session), family: Family::default() };
    let lifetimes = match server.lifetimes(site, &granted.grant.token_request()) {
        Ok(lifetimes) => lifetimes,
        Err(error) => return refuse(site, visit, request, Some(session), &error, method),
    };
    let awaited = consent::awaited(site, &server.record, &app, &user.id, request);
    if !awaited.is_empty() {
        if request.prompt != Prompt::None {
            return consent::ask(site, request, awaited, session, method);
        }
        let names: Vec<&str> = awaited.iter().map(|scope| scope.name.as_str()).collect();
        let error = error::consent_required(&names.join(", "));
        return refuse(site, visit, request, Some(session), &error, method);
    }
    if let Some(device) = request.device {
        let cause = visit.cause_in(session);
        site.model.log(Entry::of(EventType::Sso).to(app.party()).to(user.party()), &cause);
        return activate::answer(site, device, Ok(granted), method);
    }
    let (types, now) = (request.response_types, site.now());
    let code = types.code.then(|| site.grants.issue_code(granted.clone(), now));
    let given = Given::Nothing;
    let issuance = Issuance { site, server: &server, visit, app: &app, user: &user, given, lifetimes, now };
    let tokens = match front_channel::tokens(&issuance, types, &granted, code.as_ref()) {
        Ok(tokens) => tokens,
        Err(error) => return refuse(site, visit, request, Some(session), &error, method),
    };
    let cause = visit.cause_in(session);
    if types.code {
        let granted = Entry::of(EventType::AuthorizeCode.at(&request.server));
        let granted = granted.with("requestUri", format!("{}/v1/authorize", request.server.path()));
        site.model.log(granted.to(app.party()), &cause);
    }
    site.model.log(Entry::of(EventType::Sso).to(app.party()).to(user.party()), &cause);
    let occasion = Occasion::of(visit).with(&app.id, &user.id);
    let answer = code.iter().map(|code| ("code", code.expose()));
    let answer = answer.chain(tokens.iter().map(|(name, value)| (*name, value.as_str())));
    let response = respond::with_grant(site, &occasion, &request.reply_to, answer, method);
    if let Some(code) = code {
        site.sink.emit(Event::CodeIssued {
            request: visit.request_id.clone(),
            app: app.id.clone(),
            user: user.id.clone(),
            code,
            redirect_uri: request.reply_to.redirect_uri.clone(),
            pkce: request.challenge.is_some(),
        });
    }
    response
}

/// Tells the relying party, or the device, no.
pub(super) fn refuse(
    site: &Site,
    visit: &Visit,
    request: &AuthorizeRequest,
    session: Option<&Session>,
    error: &OAuthError,
    method: &Method,
) -> Response {
    let cause = session.map_or_else(|| visit.cause(Actor::App(request.app.clone())), |it| visit.cause_in(it));
    let app = site.model.app(&request.app);
    let user = session.and_then(|session| site.model.user(&session.user));
    log_refusal(site, &cause, &request.server, error, app.as_deref(), user.as_deref());
    emit_refusal(site, visit, request.app.as_str(), error, request.device.is_none());
    if let Some(device) = request.device {
        return activate::answer(site, device, Err(error.clone()), method);
    }
    let occasion = Occasion::of(visit).with(&request.app, session.map(|session| &session.user));
    respond::with_error(site, &occasion, &request.reply_to, error, method)
}

/// An unassigned person's attempt stands in the log as Okta writes it; other refusals as failed authorizations.
fn log_refusal(
    site: &Site,
    cause: &Cause,
    server: &ServerName,
    error: &OAuthError,
    app: Option<&App>,
    user: Option<&User>,
) {
    let to_app = |entry: Entry| app.map(App::party).into_iter().fold(entry, Entry::to);
    let to_user = |entry: Entry| user.map(User::party).into_iter().fold(entry, Entry::to);
    if *error == error::user_not_assigned() {
        let attempt = Entry::of(EventType::UnauthorizedAppAccess).failed(error.description.clone());
        site.model.log(to_user(to_app(attempt)), cause);
        let sso = Entry::of(EventType::Sso).failed(error.description.clone());
        site.model.log(to_user(to_app(sso)), cause);
    }
    site.model.log(to_app(Entry::of(EventType::Authorize.at(server)).failed(error.reason)), cause);
}

fn note_refusal(
    site: &Site,
    visit: &Visit,
    server: &ServerName,
    params: &Params,
    error: &OAuthError,
    redirected: bool,
) {
    let client_id = params.text("client_id");
    let cause = visit.cause(Actor::App(AppId::new(client_id)));
    let app = site.model.app(&AppId::new(client_id));
    log_refusal(site, &cause, server, error, app.as_deref(), None);
    emit_refusal(site, visit, client_id, error, redirected);
}

fn emit_refusal(site: &Site, visit: &Visit, client_id: &str, error: &OAuthError, redirected: bool) {
    site.sink.emit(Event::AuthorizeRefused {
        request: visit.request_id.clone(),
        client_id: client_id.to_owned(),
        error: error.error.to_owned(),
        reason: error.reason.to_owned(),
        description: error.description.clone(),
        redirected,
    });
}

/// Okta's error page: for the person alone, never a redirect.
pub(super) fn page(site: &Site, error: &OAuthError, status: StatusCode) -> Response {
    let text = format!("Your request resulted in an error. {}", error.description);
    let title = format!("{} {}", status.as_str(), status.canonical_reason().unwrap_or("Error"));
    let page = ErrorPage { org: &site.names.name, title: &title, text: &text, code: error.error };
    html(status, &page).into_response()
}
