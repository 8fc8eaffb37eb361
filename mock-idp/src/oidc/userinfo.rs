//! The userinfo endpoint (OpenID Connect Core, 5.3).

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, Method, header};
use serde_json::{Map, Value};

use super::claims;
use super::error::{self, OAuthError};
use super::server::AuthServer;
use crate::Event;
use crate::misbehaviour::Occasion;
use crate::model::{TokenClaim, TokenKind, UserStatus};
use crate::site::Site;
use crate::web::{Params, Visit, read_form};

/// `/oauth2/v1/userinfo`: the access token by header, or by form on POST (RFC 6750, 2).
pub(super) async fn userinfo(
    State(site): State<Site>,
    server: AuthServer,
    visit: Visit,
    request: Request,
) -> Response {
    let outcome = match presented(&visit.headers, request).await {
        Ok(token) => answer(&site, &server, &visit, &token),
        Err(error) => Err(error),
    };
    match outcome {
        Ok(claims) => ([(header::CACHE_CONTROL, "no-cache, no-store")], Json(claims)).into_response(),
        Err(error) => {
            let reason = error.reason.to_owned();
            site.sink.emit(Event::UserinfoRefused { request: visit.request_id, reason });
            refusal(&error)
        }
    }
}

fn answer(
    site: &Site,
    server: &AuthServer,
    visit: &Visit,
    token: &str,
) -> Result<Map<String, Value>, OAuthError> {
    let token = site.grants.access_token(token, site.now()).ok_or_else(error::access_token_invalid)?;
    if token.server != *server.name() {
        return Err(error::access_token_invalid());
    }
    let user = token.user.as_ref().and_then(|user| site.model.user(user));
    let user = user.filter(|user| user.status == UserStatus::Active);
    let user = user.ok_or_else(error::access_token_invalid)?;
    if !token.scopes.has("openid") {
        return Err(error::insufficient_scope());
    }
    let mut claims = claims::userinfo(&token.scopes, &user);
    let of_id = |claim: &TokenClaim| claim.token == TokenKind::Id;
    claims.extend(claims::own(&site.model, server, &token.scopes, Some(&user), of_id)?);
    if let Some(app) = site.model.app(&token.app) {
        claims.extend(claims::groups(&site.model, &app, &token.scopes, &user.id)?);
    }
    let occasion = Occasion::of(visit).with(&token.app, &user.id);
    site.misbehaviour.spoil_userinfo(&mut claims, &occasion);
    site.sink.emit(Event::UserinfoGiven {
        request: visit.request_id.clone(),
        app: token.app,
        user: user.id.clone(),
        claims: claims.clone(),
    });
    Ok(claims)
}

async fn presented(headers: &HeaderMap, request: Request) -> Result<String, OAuthError> {
    let query = Params::parse(request.uri().query().unwrap_or_default().as_bytes());
    if query.has("access_token") {
        return Err(error::access_token_in_query());
    }
    let header = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = header.and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
    });
    let by_form = request.method() == Method::POST && request.headers().contains_key(header::CONTENT_TYPE);
    let form = if by_form { read_form(request).await.unwrap_or_default() } else { Params::default() };
    match (bearer, form.value("access_token")) {
        (Some(_), Some(_)) => Err(error::invalid_request()),
        (Some(token), None) => Ok(token),
        (None, Some(token)) => Ok(token.to_owned()),
        (None, None) => Err(error::access_token_missing()),
    }
}

/// Userinfo's refusals stand in a header (RFC 6750, 3).
fn refusal(error: &OAuthError) -> Response {
    let challenge = format!(
        r#"Bearer error="{}", error_description="{}""#,
        error.error,
        error.description.trim_end_matches('.')
    );
    let mut response = error.status.into_response();
    if let Ok(challenge) = HeaderValue::from_str(&challenge) {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}
