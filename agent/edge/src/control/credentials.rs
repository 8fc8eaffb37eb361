//! `/credentials`: authtokens.

use axum::Json;
use axum::extract::{Path, Query};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::ApiError;
use super::list::{PageQuery, page};
use super::request::{Body, Caller};
use super::router::Uris;
use crate::model::{Credential, CredentialId};

const PATH: &str = "/credentials";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Create {
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    metadata: Option<String>,
    #[serde(default)]
    acl: Option<Vec<String>>,
}

pub(super) async fn list(
    Caller(account): Caller,
    uris: Uris,
    Query(query): Query<PageQuery>,
) -> Result<Json<Value>, ApiError> {
    let all = account.credentials()?;
    let entries = all.iter().map(|found| (found.id.to_string(), shape(&uris, found, false)));
    Ok(Json(page(&uris, PATH, "credentials", &query, entries.collect())?))
}

pub(super) async fn create(
    Caller(account): Caller,
    uris: Uris,
    Body(asked): Body<Create>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    // A rule that is not enforced must not look as if it were.
    if asked.acl.is_some_and(|rules| !rules.is_empty() && rules != ["*"]) {
        return Err(ApiError::bad_request(619, "ACL rules of credentials are not offered by this edge."));
    }
    let made = account
        .create_credential(&asked.description.unwrap_or_default(), &asked.metadata.unwrap_or_default())?;
    Ok((StatusCode::CREATED, Json(shape(&uris, &made, true))))
}

pub(super) async fn show(
    Caller(account): Caller,
    uris: Uris,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let found = account.credentials()?.into_iter().find(|found| found.id.as_str() == id);
    let found = found.ok_or_else(|| ApiError::not_found("credential", &id))?;
    Ok(Json(shape(&uris, &found, false)))
}

pub(super) async fn revoke(Caller(account): Caller, Path(id): Path<String>) -> Result<StatusCode, ApiError> {
    let parsed = CredentialId::parse(&id).ok_or_else(|| ApiError::not_found("credential", &id))?;
    account.revoke_credential(&parsed)?;
    Ok(StatusCode::NO_CONTENT)
}

/// The token is shown once, to whoever made it.
fn shape(uris: &Uris, credential: &Credential, with_token: bool) -> Value {
    json!({
        "id": credential.id.as_str(),
        "uri": uris.of(&format!("{PATH}/{}", credential.id)),
        "created_at": credential.created_at,
        "description": credential.description,
        "metadata": credential.metadata,
        "token": with_token.then(|| credential.token.expose()),
        "acl": [],
        "owner_id": null,
    })
}
