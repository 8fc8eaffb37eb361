//! `/api/v1/users/{user}/grants` and `/clients`: what a person has let clients do, and which tokens these have.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use serde_json::{Value, json};

use super::access::Caller;
use super::json::timestamp;
use super::{ApiError, users};
use crate::model::{App, AppId, Consent, ConsentId, Entry, EventType, ServerName, User};
use crate::oidc::OutstandingToken;
use crate::site::Site;

pub(super) fn router() -> Router<Site> {
    Router::new()
        .route("/users/{user}/grants", get(grants).delete(revoke_grants))
        .route("/users/{user}/grants/{grant}", get(grant).delete(revoke_grant))
        .route("/users/{user}/clients", get(clients))
        .route("/users/{user}/clients/{client}/grants", get(client_grants).delete(revoke_client_grants))
        .route("/users/{user}/clients/{client}/tokens", get(tokens).delete(revoke_tokens))
        .route("/users/{user}/clients/{client}/tokens/{token}", get(token).delete(revoke_token))
}

async fn grants(
    State(site): State<Site>,
    caller: Caller,
    Path(user): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let user = users::find(&site, &caller, &user)?;
    Ok(Json(site.model.consents(&user.id, None).iter().map(|given| grant_shape(&site, given)).collect()))
}

/// The tokens that a client has stay good: whether Okta revokes them too is not settled.
async fn revoke_grants(
    State(site): State<Site>,
    caller: Caller,
    Path(user): Path<String>,
) -> Result<StatusCode, ApiError> {
    let user = users::find(&site, &caller, &user)?;
    site.model.revoke_consents(&user.id, None, &caller.cause);
    Ok(StatusCode::NO_CONTENT)
}

async fn grant(
    State(site): State<Site>,
    caller: Caller,
    Path((user, grant)): Path<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    let user = users::find(&site, &caller, &user)?;
    let given = site.model.consents(&user.id, None);
    let given = given.iter().find(|given| given.id.as_str() == grant);
    let given = given.ok_or_else(|| ApiError::not_found("OAuth2ScopeConsentGrant", &grant))?;
    Ok(Json(grant_shape(&site, given)))
}

async fn revoke_grant(
    State(site): State<Site>,
    caller: Caller,
    Path((user, grant)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let user = users::find(&site, &caller, &user)?;
    site.model.revoke_consent(&user.id, &ConsentId::new(&grant), &caller.cause)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Those that have a consent of the user's, or refresh tokens.
async fn clients(
    State(site): State<Site>,
    caller: Caller,
    Path(user): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let user = users::find(&site, &caller, &user)?;
    let mut ids: BTreeSet<AppId> = site.grants.clients_of(&user.id, site.now());
    ids.extend(site.model.consents(&user.id, None).into_iter().map(|given| given.app));
    let apps = ids.iter().filter_map(|id| site.model.app(id));
    Ok(Json(apps.map(|app| client_shape(&site, &user, &app)).collect()))
}

async fn client_grants(
    State(site): State<Site>,
    caller: Caller,
    Path((user, client)): Path<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    let (user, app) = find(&site, &caller, &user, &client)?;
    let given = site.model.consents(&user.id, Some(&app.id));
    Ok(Json(given.iter().map(|given| grant_shape(&site, given)).collect()))
}

async fn revoke_client_grants(
    State(site): State<Site>,
    caller: Caller,
    Path((user, client)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let (user, app) = find(&site, &caller, &user, &client)?;
    site.model.revoke_consents(&user.id, Some(&app.id), &caller.cause);
    Ok(StatusCode::NO_CONTENT)
}

async fn tokens(
    State(site): State<Site>,
    caller: Caller,
    Path((user, client)): Path<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    let (user, app) = find(&site, &caller, &user, &client)?;
    let tokens = site.grants.refresh_tokens_of(&user.id, &app.id, site.now());
    Ok(Json(tokens.iter().map(|token| token_shape(&site, &user, &app, token)).collect()))
}

async fn revoke_tokens(
    State(site): State<Site>,
    caller: Caller,
    Path((user, client)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let (user, app) = find(&site, &caller, &user, &client)?;
    for token in site.grants.refresh_tokens_of(&user.id, &app.id, site.now()) {
        revoke(&site, &caller, &user, &app, &token);
    }
    Ok(StatusCode::NO_CONTENT)
}

async fn token(
    State(site): State<Site>,
    caller: Caller,
    Path((user, client, token)): Path<(String, String, String)>,
) -> Result<Json<Value>, ApiError> {
    let (user, app) = find(&site, &caller, &user, &client)?;
    let found = find_token(&site, &user, &app, &token)?;
    Ok(Json(token_shape(&site, &user, &app, &found)))
}

async fn revoke_token(
    State(site): State<Site>,
    caller: Caller,
    Path((user, client, token)): Path<(String, String, String)>,
) -> Result<StatusCode, ApiError> {
    let (user, app) = find(&site, &caller, &user, &client)?;
    let found = find_token(&site, &user, &app, &token)?;
    revoke(&site, &caller, &user, &app, &found);
    Ok(StatusCode::NO_CONTENT)
}

fn revoke(site: &Site, caller: &Caller, user: &User, app: &App, token: &OutstandingToken) {
    if site.grants.revoke_family(&user.id, &app.id, &token.id, site.now()) {
        let entry = Entry::of(EventType::TokenRevoke.at(&token.server)).to(app.party()).to(user.party());
        site.model.log(entry, &caller.cause);
    }
}

fn find(site: &Site, caller: &Caller, user: &str, client: &str) -> Result<(Arc<User>, Arc<App>), ApiError> {
    let user = users::find(site, caller, user)?;
    let app = site.model.app(&AppId::new(client)).ok_or_else(|| ApiError::not_found("Client", client))?;
    Ok((user, app))
}

fn find_token(site: &Site, user: &User, app: &App, id: &str) -> Result<OutstandingToken, ApiError> {
    let tokens = site.grants.refresh_tokens_of(&user.id, &app.id, site.now());
    let found = tokens.into_iter().find(|token| token.id == id);
    found.ok_or_else(|| ApiError::not_found("OAuth2RefreshToken", id))
}

fn issuer(site: &Site, server: &ServerName) -> String {
    match server {
        ServerName::Org => site.issuer(),
        ServerName::Custom(_) => format!("{}{}", site.names.org_url(), server.path()),
    }
}

fn grant_shape(site: &Site, given: &Consent) -> Value {
    let api = format!("{}/api/v1", site.names.org_url());
    let user = format!("{api}/users/{}", given.user);
    json!({
        "id": given.id,
        "status": "ACTIVE",
        "created": timestamp(given.created),
        "createdBy": { "id": given.user, "type": "User" },
        "lastUpdated": timestamp(given.last_updated),
        "issuer": issuer(site, &given.server),
        "clientId": given.app,
        "userId": given.user,
        "scopeId": given.scope,
        "source": "END_USER",
        "_links": {
            "self": {
                "href": format!("{user}/grants/{}", given.id), "hints": { "allow": ["GET", "DELETE"] },
            },
            "app": { "href": format!("{api}/apps/{}", given.app) },
            "user": { "href": user },
        },
    })
}

fn client_shape(site: &Site, user: &User, app: &App) -> Value {
    let url = format!("{}/api/v1/users/{}/clients/{}", site.names.org_url(), user.id, app.id);
    let link =
        |part: &str| json!({ "href": format!("{url}/{part}"), "hints": { "allow": ["GET", "DELETE"] } });
    json!({
        "client_id": app.id,
        "client_name": app.label,
        "client_uri": null,
        "logo_uri": null,
        "_links": { "grants": link("grants"), "tokens": link("tokens") },
    })
}

fn token_shape(site: &Site, user: &User, app: &App, token: &OutstandingToken) -> Value {
    let api = format!("{}/api/v1", site.names.org_url());
    let url = format!("{api}/users/{}/clients/{}/tokens/{}", user.id, app.id, token.id);
    json!({
        "id": token.id,
        "status": "ACTIVE",
        "created": timestamp(token.created),
        "lastUpdated": timestamp(token.last_used),
        "expiresAt": timestamp(token.good_until),
        "issuer": issuer(site, &token.server),
        "clientId": app.id,
        "userId": user.id,
        "scopes": token.scopes,
        "_links": {
            "self": { "href": url, "hints": { "allow": ["GET", "DELETE"] } },
            "app": { "href": format!("{api}/apps/{}", app.id) },
            "user": { "href": format!("{api}/users/{}", user.id) },
        },
    })
}
