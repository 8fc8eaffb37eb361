//! `/app/users`: people who have a session at endpoints.

use axum::Json;
use axum::extract::Path;
use http::StatusCode;
use serde_json::{Value, json};

use super::error::ApiError;
use super::list::{PageQuery, page};
use super::request::Caller;
use super::router::Uris;
use crate::model::{AppUser, AppUserId};

const PATH: &str = "/app/users";

pub(super) async fn list(
    Caller(account): Caller,
    uris: Uris,
    query: PageQuery,
) -> Result<Json<Value>, ApiError> {
    let entries = account.app_users().into_iter().map(|found| (found.id.to_string(), shape(&uris, &found)));
    Ok(Json(page(&uris, PATH, "application_users", &query, entries.collect())?))
}

pub(super) async fn show(
    Caller(account): Caller,
    uris: Uris,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let found = account.app_users().into_iter().find(|found| found.id.as_str() == id);
    let found = found.ok_or_else(|| ApiError::not_found("app user", &id))?;
    Ok(Json(shape(&uris, &found)))
}

pub(super) async fn revoke(Caller(account): Caller, Path(id): Path<String>) -> Result<StatusCode, ApiError> {
    let parsed = AppUserId::parse(&id).ok_or_else(|| ApiError::not_found("app user", &id))?;
    account.revoke_app_user(&parsed)?;
    Ok(StatusCode::NO_CONTENT)
}

/// What refers to a user.
pub(super) fn reference(uris: &Uris, id: &AppUserId) -> Value {
    json!({ "id": id.as_str(), "uri": uris.of(&format!("{PATH}/{id}")) })
}

pub(super) fn identity_provider(identity: &gate::Identity) -> Value {
    json!({ "name": "OpenID Connect", "type": "oidc", "url": identity.issuer })
}

fn shape(uris: &Uris, user: &AppUser) -> Value {
    json!({
        "id": user.id.as_str(),
        "uri": uris.of(&format!("{PATH}/{}", user.id)),
        "identity_provider": identity_provider(&user.identity),
        "provider_user_id": user.identity.id,
        "username": user.identity.email,
        "email": user.identity.email,
        "name": user.identity.name,
        "created_at": user.created_at,
        "last_active": user.last_active,
        "last_login": user.last_login,
    })
}
