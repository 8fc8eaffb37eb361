//! `/api_keys`: keys of this API.

use axum::Json;
use axum::extract::Path;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::ApiError;
use super::list::{PageQuery, page};
use super::request::{Body, Caller, no_owner};
use super::router::Uris;
use crate::model::{ApiKey, ApiKeyChange, ApiKeyId};

const PATH: &str = "/api_keys";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    metadata: Option<String>,
    #[serde(default)]
    owner_id: Option<String>,
}

impl Change {
    fn read(self) -> Result<ApiKeyChange, ApiError> {
        no_owner(self.owner_id.as_deref())?;
        Ok(ApiKeyChange { description: self.description, metadata: self.metadata })
    }
}

fn key_id(text: &str) -> Result<ApiKeyId, ApiError> {
    ApiKeyId::parse(text).ok_or_else(|| ApiError::not_found("API key", text))
}

pub(super) async fn list(
    Caller(account): Caller,
    uris: Uris,
    query: PageQuery,
) -> Result<Json<Value>, ApiError> {
    let all = account.api_keys()?;
    let entries = all.iter().map(|found| (found.id.to_string(), shape(&uris, found, None)));
    Ok(Json(page(&uris, PATH, "keys", &query, entries.collect())?))
}

pub(super) async fn create(
    Caller(account): Caller,
    uris: Uris,
    Body(asked): Body<Change>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let (made, token) = account.create_api_key(asked.read()?)?;
    Ok((StatusCode::CREATED, Json(shape(&uris, &made, Some(token.expose())))))
}

pub(super) async fn show(
    Caller(account): Caller,
    uris: Uris,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let id = key_id(&id)?;
    let found = account.api_keys()?.into_iter().find(|found| found.id == id);
    let found = found.ok_or_else(|| ApiError::not_found("API key", id.as_str()))?;
    Ok(Json(shape(&uris, &found, None)))
}

pub(super) async fn update(
    Caller(account): Caller,
    uris: Uris,
    Path(id): Path<String>,
    Body(asked): Body<Change>,
) -> Result<Json<Value>, ApiError> {
    let changed = account.update_api_key(&key_id(&id)?, asked.read()?)?;
    Ok(Json(shape(&uris, &changed, None)))
}

pub(super) async fn revoke(Caller(account): Caller, Path(id): Path<String>) -> Result<StatusCode, ApiError> {
    account.revoke_api_key(&key_id(&id)?)?;
    Ok(StatusCode::NO_CONTENT)
}

/// The key is shown once, to whoever made it.
fn shape(uris: &Uris, key: &ApiKey, token: Option<&str>) -> Value {
    json!({
        "id": key.id.as_str(),
        "uri": uris.of(&format!("{PATH}/{}", key.id)),
        "created_at": key.created_at,
        "description": key.description,
        "metadata": key.metadata,
        "token": token,
        "owner_id": null,
    })
}
