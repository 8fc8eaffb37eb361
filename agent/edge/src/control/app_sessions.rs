//! `/app/sessions`: people who signed in to endpoints.

use axum::Json;
use axum::extract::Path;
use http::StatusCode;
use serde_json::{Value, json};

use super::app_users;
use super::error::ApiError;
use super::list::{PageQuery, page};
use super::online::reference;
use super::request::Caller;
use super::router::Uris;
use crate::model::{Account, AppSession};

const PATH: &str = "/app/sessions";

pub(super) async fn list(
    Caller(account): Caller,
    uris: Uris,
    query: PageQuery,
) -> Result<Json<Value>, ApiError> {
    let entries = account
        .app_sessions()
        .into_iter()
        .map(|found| (found.id.to_string(), shape(&uris, &account, &found)));
    Ok(Json(page(&uris, PATH, "application_sessions", &query, entries.collect())?))
}

pub(super) async fn show(
    Caller(account): Caller,
    uris: Uris,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let found = account.app_sessions().into_iter().find(|found| found.id.as_str() == id);
    let found = found.ok_or_else(|| ApiError::not_found("app session", &id))?;
    Ok(Json(shape(&uris, &account, &found)))
}

pub(super) async fn revoke(Caller(account): Caller, Path(id): Path<String>) -> Result<StatusCode, ApiError> {
    account.revoke_app_session(&id)?;
    Ok(StatusCode::NO_CONTENT)
}

fn shape(uris: &Uris, account: &Account, session: &AppSession) -> Value {
    let at = account.endpoints().into_iter().find(|endpoint| endpoint.url == session.endpoint.origin());
    let (endpoint, edge) = at.map_or((None, None), |at| (Some(at.id), at.edge));
    let mut user = app_users::reference(uris, &account.app_user_of(session));
    user["identity_provider"] = app_users::identity_provider(&session.identity);
    user["provider_user_id"] = json!(session.identity.id);
    user["email"] = json!(session.identity.email);
    user["name"] = json!(session.identity.name);
    json!({
        "id": session.id.as_str(),
        "uri": uris.of(&format!("{PATH}/{}", session.id)),
        "public_url": session.endpoint.origin(),
        "created_at": session.began,
        "last_active": session.last_used,
        "expires_at": session.expires,
        "application_user": user,
        "browser_session": null,
        "endpoint": endpoint.map(|id| reference(uris, "/endpoints", id.as_str())),
        "edge": edge.map(|id| reference(uris, "/edges/https", id.as_str())),
        "route": null,
    })
}
