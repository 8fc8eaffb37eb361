//! The dashboard's own sign-in.

use askama::Template;
use axum::extract::{Query, Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use ground::Secret;
use http::header::SET_COOKIE;
use http::{StatusCode, Uri};
use serde::Deserialize;

use super::answer::{forget_cookie, render, set_cookie};
use super::change::{Fields, Sent};
use super::fault::Fault;
use super::router::Dashboard;
use super::viewer::SESSION_COOKIE;

/// Carries the token of the sign-in form, which belongs to no session yet.
const FORM_COOKIE: &str = "__Host-dashboard-form";

#[derive(Template)]
#[template(path = "dashboard/sign_in.html")]
struct SignInPage<'a> {
    csrf: &'a str,
    to: &'a str,
    login: &'a str,
    wrong: bool,
}

#[derive(Deserialize)]
pub(super) struct Asked {
    to: Option<String>,
}

pub(super) async fn show(Query(asked): Query<Asked>) -> Response {
    form(StatusCode::OK, &place(asked.to.as_deref()), "", false)
}

pub(super) async fn enter(State(dashboard): State<Dashboard>, request: Request) -> Result<Response, Fault> {
    let headers = request.headers().clone();
    let fields = Fields::of(request).await?;
    let token = gate::cookie(&headers, FORM_COOKIE).filter(|token| !token.is_empty()).ok_or(Fault::Stale)?;
    if !Secret::new("csrf token", token).matches(fields.text("csrf")?) {
        return Err(Fault::Stale);
    }
    let place = place(Some(fields.text("to")?));
    let (login, password) = (fields.text("login")?.trim(), fields.text("password")?);
    let Some(signed_in) = dashboard.model.sign_in(login, password) else {
        return Ok(form(StatusCode::FORBIDDEN, &place, login, true));
    };
    let now = dashboard.model.now();
    if let Some(old) = gate::cookie(&headers, SESSION_COOKIE) {
        dashboard.sessions.end(&old, now);
    }
    let cookie = dashboard.sessions.begin(signed_in, now);
    let mut response = Redirect::to(place.as_str()).into_response();
    response.headers_mut().append(SET_COOKIE, set_cookie(SESSION_COOKIE, cookie.expose()));
    response.headers_mut().append(SET_COOKIE, forget_cookie(FORM_COOKIE));
    Ok(response)
}

pub(super) async fn leave(State(dashboard): State<Dashboard>, headers: http::HeaderMap, _: Sent) -> Response {
    if let Some(cookie) = gate::cookie(&headers, SESSION_COOKIE) {
        dashboard.sessions.end(&cookie, dashboard.model.now());
    }
    let mut response = Redirect::to("/sign-in").into_response();
    response.headers_mut().append(SET_COOKIE, forget_cookie(SESSION_COOKIE));
    response
}

fn form(status: StatusCode, place: &gate::ReturnTo, login: &str, wrong: bool) -> Response {
    let csrf = Secret::random("csrf token");
    let page = SignInPage { csrf: csrf.expose(), to: place.as_str(), login, wrong };
    let mut response = render(status, &page);
    response.headers_mut().append(SET_COOKIE, set_cookie(FORM_COOKIE, csrf.expose()));
    response
}

/// A place of the dashboard, never of anyone else.
fn place(to: Option<&str>) -> gate::ReturnTo {
    let uri = to.filter(|to| to.starts_with('/')).and_then(|to| to.parse::<Uri>().ok());
    uri.map_or_else(gate::ReturnTo::root, |uri| gate::ReturnTo::of_request(&uri))
}
