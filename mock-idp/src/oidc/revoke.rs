//! Token introspection (RFC 7662) and revocation (RFC 7009).

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::{Value, json};

use super::client_auth;
use super::error;
use super::grants::{AccessToken, Grant, TOKEN_LIFETIME};
use crate::model::{Actor, App, Entry, EventType, Party, User, UserId, UserStatus};
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
    let described = access_token(site, app, token)
        .or_else(|| refresh_token(site, app, token))
        .or_else(|| id_token(site, app, token));
    described.unwrap_or_else(|| json!({ "active": false }))
}

fn access_token(site: &Site, app: &App, token: &str) -> Option<Value> {
    let AccessToken { grant, jti, issued, .. } = site.grants.access_token(token, site.now())?;
    let user = holder(site, app, &grant)?;
    let issuer = site.issuer();
    Some(json!({
        "active": true,
        "token_type": "Bearer",
        "scope": grant.scopes.to_string(),
        "client_id": app.client_id(),
        "username": user.profile.login,
        "exp": (issued + TOKEN_LIFETIME).timestamp(),
        "iat": issued.timestamp(),
        "sub": user.profile.login,
        "aud": issuer,
        "iss": issuer,
        "jti": jti,
        "uid": user.id,
    }))
}

fn refresh_token(site: &Site, app: &App, token: &str) -> Option<Value> {
    let (grant, good_until) = site.grants.refresh_token(token, site.now())?;
    let user = holder(site, app, &grant)?;
    Some(json!({
        "active": true,
        "token_type": "Bearer",
        "scope": grant.scopes.to_string(),
        "client_id": app.client_id(),
        "username": user.profile.login,
        "exp": good_until.timestamp(),
        "sub": user.profile.login,
    }))
}

/// An ID token is told of by its own claims.
fn id_token(site: &Site, app: &App, token: &str) -> Option<Value> {
    let mut claims = site.keys.verify_id_token(token)?;
    let good = claims.get("exp").and_then(Value::as_i64).is_some_and(|exp| exp > site.now().timestamp());
    let own = claims.get("aud").and_then(Value::as_str) == Some(app.client_id());
    let user = claims.get("sub").and_then(Value::as_str).and_then(|id| site.model.user(&UserId::new(id)))?;
    if !good || !own || user.status != UserStatus::Active {
        return None;
    }
    claims.insert("active".into(), true.into());
    claims.insert("client_id".into(), app.client_id().into());
    claims.insert("username".into(), user.profile.login.clone().into());
    Some(Value::Object(claims))
}

/// The active person that a token of this application is of.
fn holder(site: &Site, app: &App, grant: &Grant) -> Option<Arc<User>> {
    let user = site.model.user(&grant.user).filter(|user| user.status == UserStatus::Active);
    user.filter(|_| grant.app == app.id)
}
