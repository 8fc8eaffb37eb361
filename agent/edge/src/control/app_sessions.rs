//! `/app/sessions`: people who signed in to endpoints.

use axum::Json;
use axum::extract::{Path, Query};
use http::StatusCode;
use serde_json::{Value, json};

use super::error::ApiError;
use super::list::{PageQuery, page};
use super::request::Caller;
use super::router::Uris;
use crate::model::AppSession;

const PATH: &str = "/app/sessions";

pub(super) async fn list(
    Caller(account): Caller,
    uris: Uris,
    Query(query): Query<PageQuery>,
) -> Result<Json<Value>, ApiError> {
    let entries =
        account.app_sessions().into_iter().map(|found| (found.id.to_string(), shape(&uris, &found)));
    Ok(Json(page(&uris, PATH, "application_sessions", &query, entries.collect())?))
}

pub(super) async fn show(
    Caller(account): Caller,
    uris: Uris,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let found = account.app_sessions().into_iter().find(|found| found.id.as_str() == id);
    let found = found.ok_or_else(|| ApiError::not_found("app session", &id))?;
    Ok(Json(shape(&uris, &found)))
}

pub(super) async fn revoke(Caller(account): Caller, Path(id): Path<String>) -> Result<StatusCode, ApiError> {
    account.revoke_app_session(&id)?;
    Ok(StatusCode::NO_CONTENT)
}

fn shape(uris: &Uris, session: &AppSession) -> Value {
    json!({
        "id": session.id.as_str(),
        "uri": uris.of(&format!("{PATH}/{}", session.id)),
        "public_url": session.endpoint.origin(),
        "created_at": session.began,
        "last_active": session.last_used,
        "expires_at": null,
        "application_user": {
            "identity_provider": { "type": "oidc", "url": session.identity.issuer },
            "provider_user_id": session.identity.id,
            "email": session.identity.email,
            "name": session.identity.name,
        },
        "browser_session": null,
        "endpoint": null,
        "edge": null,
        "route": null,
    })
}
