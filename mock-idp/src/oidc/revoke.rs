//! Token introspection (RFC 7662) and revocation (RFC 7009).

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::{Value, json};

use super::client_auth;
use super::error;
use super::server::AuthServer;
use crate::model::{Actor, App, Entry, EventType, Party, User, UserId, UserStatus};
use crate::site::Site;
use crate::web::{Params, Visit, read_form};

/// `/oauth2/v1/introspect`. A token of another client's is not active to this one.
pub(super) async fn introspect(
    State(site): State<Site>,
    server: AuthServer,
    visit: Visit,
    request: Request,
) -> Response {
    match asked(&site, &server, &visit, request).await {
        Ok((app, token)) => Json(describe(&site, &server, &app, &token)).into_response(),
        Err(refusal) => refusal,
    }
}

/// `/oauth2/v1/revoke`. 200 whether or not there is such a token.
pub(super) async fn revoke(
    State(site): State<Site>,
    server: AuthServer,
    visit: Visit,
    request: Request,
) -> Response {
    let (app, token) = match asked(&site, &server, &visit, request).await {
        Ok(asked) => asked,
        Err(refusal) => return refusal,
    };
    if site.grants.revoke(&token, server.name(), &app.id, site.now()) {
        let revoked = Party::new("access_token", "unknown", "unknown", "unknown");
        let cause = visit.cause(Actor::App(app.id.clone()));
        site.model.log(Entry::of(EventType::TokenRevoke.at(server.name())).to(revoked), &cause);
    }
    StatusCode::OK.into_response()
}

async fn asked(
    site: &Site,
    server: &AuthServer,
    visit: &Visit,
    request: Request,
) -> Result<(Arc<App>, String), Response> {
    let form: Params = read_form(request).await.map_err(|_| error::invalid_request().into_response())?;
    let app =
        client_auth::authenticate(site, server, visit, &form).map_err(|(error, _)| error.into_response())?;
    let token = form.value("token").ok_or_else(|| error::missing_token().into_response())?;
    Ok((app, token.to_owned()))
}

fn describe(site: &Site, server: &AuthServer, app: &App, token: &str) -> Value {
    let described = access_token(site, server, app, token)
        .or_else(|| refresh_token(site, server, app, token))
        .or_else(|| id_token(site, server, app, token));
    described.unwrap_or_else(|| json!({ "active": false }))
}

fn access_token(site: &Site, server: &AuthServer, app: &App, token: &str) -> Option<Value> {
    let token = site.grants.access_token(token, site.now())?;
    if token.app != app.id || token.server != *server.name() {
        return None;
    }
    let mut described = json!({
        "active": true,
        "token_type": "Bearer",
        "scope": token.scopes.to_string(),
        "client_id": app.client_id(),
        "exp": token.expires.timestamp(),
        "iat": token.issued.timestamp(),
        "sub": app.client_id(),
        "aud": server.audience(),
        "iss": server.issuer(),
        "jti": token.jti,
    });
    if let Some(user) = token.user {
        let user = active(site, &user)?;
        described["username"] = user.profile.login.clone().into();
        described["sub"] = user.profile.login.clone().into();
        described["uid"] = json!(user.id);
    }
    Some(described)
}

fn refresh_token(site: &Site, server: &AuthServer, app: &App, token: &str) -> Option<Value> {
    let (grant, good_until) = site.grants.refresh_token(token, site.now())?;
    if grant.app != app.id || grant.server != *server.name() {
        return None;
    }
    let user = active(site, &grant.user)?;
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
fn id_token(site: &Site, server: &AuthServer, app: &App, token: &str) -> Option<Value> {
    let mut claims = server.keys.verify_id_token(token)?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
    let good = claims.get("exp").and_then(Value::as_i64).is_some_and(|exp| exp > site.now().timestamp());
    // The same key signs a custom server's access tokens.
    let own = text("aud") == app.client_id() && text("jti").starts_with("ID.");
    let user = active(site, &UserId::new(text("sub"))).filter(|_| good && own)?;
    claims.insert("active".into(), true.into());
    claims.insert("client_id".into(), app.client_id().into());
    claims.insert("username".into(), user.profile.login.clone().into());
    Some(Value::Object(claims))
}

fn active(site: &Site, user: &UserId) -> Option<Arc<User>> {
    site.model.user(user).filter(|user| user.status == UserStatus::Active)
}
