//! Sending the person back to the relying party with the answer.

use askama::Template;
use axum::response::{IntoResponse, Response};
use http::{Method, StatusCode, header};
use url::Url;

use super::error::OAuthError;
use super::request::{ReplyTo, ResponseMode};
use super::server::AuthServer;
use crate::misbehaviour::Occasion;
use crate::site::Site;
use crate::web::{html, leading_to, redirect, see_other};

#[derive(Template)]
#[template(path = "form_post.html")]
struct FormPost<'a> {
    action: &'a str,
    members: &'a [(String, String)],
}

#[derive(Template)]
#[template(path = "post_message.html")]
struct PostMessage<'a> {
    origin: &'a str,
    members: &'a [(String, String)],
}

/// Hands code and tokens over.
pub(super) fn with_grant<'a>(
    site: &Site,
    occasion: &Occasion<'_>,
    reply_to: &ReplyTo,
    answer: impl Iterator<Item = (&'a str, &'a str)>,
    method: &Method,
) -> Response {
    reply(site, occasion, reply_to, answer, method)
}

/// Hands a refusal over.
pub(super) fn with_error(
    site: &Site,
    occasion: &Occasion<'_>,
    reply_to: &ReplyTo,
    error: &OAuthError,
    method: &Method,
) -> Response {
    let answer = [("error", error.error), ("error_description", error.description.as_str())];
    reply(site, occasion, reply_to, answer.into_iter(), method)
}

/// 302 where the browser came by GET, 303 where it posted something: 307, which would post it again elsewhere, only on
/// demand.
fn reply<'a>(
    site: &Site,
    occasion: &Occasion<'_>,
    reply_to: &ReplyTo,
    answer: impl Iterator<Item = (&'a str, &'a str)>,
    method: &Method,
) -> Response {
    let state = Some(reply_to.state.clone()).filter(|state| !state.is_empty());
    let state = state.map(|state| ("state".to_owned(), state));
    let issuer = issuer(site, reply_to).map(|issuer| ("iss".to_owned(), issuer));
    let answer = answer.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let mut members: Vec<(String, String)> = state.into_iter().chain(answer).chain(issuer).collect();
    let other_status = site.misbehaviour.spoil_callback(&mut members, occasion);
    // Registered redirect URIs are absolute URLs.
    let Ok(mut location) = Url::parse(&reply_to.redirect_uri) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    match reply_to.mode {
        ResponseMode::Query => drop(location.query_pairs_mut().extend_pairs(members)),
        ResponseMode::Fragment => {
            let encoded = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(members).finish();
            location.set_fragment(Some(&encoded));
        }
        ResponseMode::FormPost => {
            let page = FormPost { action: &reply_to.redirect_uri, members: &members };
            return leading_to(&reply_to.redirect_uri, with_no_referrer(html(StatusCode::OK, &page)));
        }
        ResponseMode::PostMessage => {
            let origin = location.origin().ascii_serialization();
            return framed_by(
                &origin,
                html(StatusCode::OK, &PostMessage { origin: &origin, members: &members }),
            );
        }
    }
    let mut response =
        if *method == Method::GET { redirect(location.as_str()) } else { see_other(location.as_str()) };
    if let Some(status) = other_status {
        *response.status_mut() = status;
    }
    response
}

/// Who answers (RFC 9207), if the server says so: Okta's don't.
fn issuer(site: &Site, reply_to: &ReplyTo) -> Option<String> {
    let server = AuthServer::of(site, &reply_to.server)?;
    server.record.names_itself.then(|| server.issuer().to_owned())
}

/// The relying party's pages may have this one in a frame.
fn framed_by(origin: &str, response: Response) -> Response {
    let mut response = with_no_referrer(response);
    let policy = format!("default-src 'none'; style-src 'self'; script-src 'self'; frame-ancestors {origin}");
    response.headers_mut().remove(header::X_FRAME_OPTIONS);
    if let Ok(policy) = http::HeaderValue::from_str(&policy) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

fn with_no_referrer(mut response: Response) -> Response {
    let policy = http::HeaderValue::from_static("no-referrer");
    response.headers_mut().insert(header::REFERRER_POLICY, policy);
    response
}
