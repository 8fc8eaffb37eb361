//! Sending the person back to the relying party with the answer.

use askama::Template;
use axum::response::{IntoResponse, Response};
use http::{Method, StatusCode, header};
use url::Url;

use super::error::OAuthError;
use super::request::{ReplyTo, ResponseMode};
use crate::misbehaviour::Occasion;
use crate::site::Site;
use crate::web::{html, redirect, see_other};

#[derive(Template)]
#[template(path = "form_post.html")]
struct FormPost<'a> {
    action: &'a str,
    members: &'a [(String, String)],
}

/// Hands `code` over.
pub(super) fn with_code(
    site: &Site,
    occasion: &Occasion<'_>,
    reply_to: &ReplyTo,
    code: &str,
    method: &Method,
) -> Response {
    reply(site, occasion, reply_to, &[("code", code)], method)
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
    reply(site, occasion, reply_to, &answer, method)
}

/// 302 where the browser came by GET, 303 where it posted something: 307, which would post it again elsewhere, only on
/// demand.
/// There is no `iss` (RFC 9207): Okta sends none.
fn reply(
    site: &Site,
    occasion: &Occasion<'_>,
    reply_to: &ReplyTo,
    answer: &[(&str, &str)],
    method: &Method,
) -> Response {
    let state = Some(("state", reply_to.state.as_str())).filter(|(_, state)| !state.is_empty());
    let members = state.into_iter().chain(answer.iter().copied());
    let mut members: Vec<_> = members.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
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
            return with_no_referrer(html(StatusCode::OK, &page));
        }
    }
    let mut response =
        if *method == Method::GET { redirect(location.as_str()) } else { see_other(location.as_str()) };
    if let Some(status) = other_status {
        *response.status_mut() = status;
    }
    response
}

fn with_no_referrer(mut response: Response) -> Response {
    let policy = http::HeaderValue::from_static("no-referrer");
    response.headers_mut().insert(header::REFERRER_POLICY, policy);
    response
}
