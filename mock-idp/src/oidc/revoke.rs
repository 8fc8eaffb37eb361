//! Token introspection (RFC 7662) and revocation (RFC 7009), for access tokens.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::{Value, json};

use super::client_auth;
use super::error;
use super::grants::TOKEN_LIFETIME;
use crate::model::{Actor, App, Entry, EventType, Party, UserStatus};
use crate::site::Site;
use crate::web::{Params, Visit, read_form};

/// `/oauth2/v1/introspect`. A token of another client's is not active to this one.
pub(super) async fn introspect(State(site): State<Site>, visit: Visit, request: Request) -> Response {
    match asked(&site, &visit, request).await {
        Ok((app, token)) => Json(describe(&site, &app, &token)).into_response(),
        Err(refusal) => refusal,
    }
}

/// `/oauth2/v1/revoke`. 200 whether or not there is such a token.
pub(super) async fn revoke(State(site): State<Site>, visit: Visit, request: Request) -> Response {
    let (app, token) = match asked(&site, &visit, request).await {
        Ok(asked) => asked,
        Err(refusal) => return refusal,
    };
    if site.grants.revoke(&token, &app.id, site.now()) {
        let revoked = Party::new("access_token", "unknown", "unknown", "unknown");
        let cause = visit.cause(Actor::App(app.id.clone()));
        site.model.log(Entry::of(EventType::TokenRevoke).to(revoked), &cause);
    }
    StatusCode::OK.into_response()
}

async fn asked(site: &Site, visit: &Visit, request: Request) -> Result<(Arc<App>, String), Response> {
    let form: Params = read_form(request).await.map_err(|_| error::invalid_request().into_response())?;
    let app = client_auth::authenticate(site, visit, &form).map_err(|(error, _)| error.into_response())?;
    let token = form.value("token").ok_or_else(|| error::missing_token().into_response())?;
    Ok((app, token.to_owned()))
}

fn describe(site: &Site, app: &App, token: &str) -> Value {
    let inactive = json!({ "active": false });
    let Some(token) = site.grants.access_token(token, site.now()) else { return inactive };
    let user = site.model.user(&token.grant.user).filter(|user| user.status == UserStatus::Active);
    let Some(user) = user.filter(|_| token.grant.app == app.id) else { return inactive };
    let issuer = site.issuer();
    json!({
        "active": true,
        "token_type": "Bearer",
        "scope": token.grant.scopes.to_string(),
        "client_id": app.client_id(),
        "username": user.profile.login,
        "exp": (token.issued + TOKEN_LIFETIME).timestamp(),
        "iat": token.issued.timestamp(),
        "sub": user.profile.login,
        "aud": issuer,
        "iss": issuer,
        "jti": token.jti,
        "uid": user.id,
    })
}
