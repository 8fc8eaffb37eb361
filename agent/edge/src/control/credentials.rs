//! `/credentials`: authtokens.

use axum::Json;
use axum::extract::Path;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::ApiError;
use super::list::{PageQuery, page};
use super::request::{Body, Caller, no_owner};
use super::router::Uris;
use crate::model::{Acl, Credential, CredentialChange, CredentialId};

const PATH: &str = "/credentials";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    metadata: Option<String>,
    #[serde(default)]
    acl: Option<Vec<String>>,
    #[serde(default)]
    owner_id: Option<String>,
}

impl Change {
    fn read(self) -> Result<CredentialChange, ApiError> {
        no_owner(self.owner_id.as_deref())?;
        let acl = self.acl.map(|rules| Acl::parse(&rules)).transpose()?;
        Ok(CredentialChange { description: self.description, metadata: self.metadata, acl })
    }
}

fn credential_id(text: &str) -> Result<CredentialId, ApiError> {
    CredentialId::parse(text).ok_or_else(|| ApiError::not_found("credential", text))
}

pub(super) async fn list(
    Caller(account): Caller,
    uris: Uris,
    query: PageQuery,
) -> Result<Json<Value>, ApiError> {
    let all = account.credentials()?;
    let entries = all.iter().map(|found| (found.id.to_string(), shape(&uris, found, false)));
    Ok(Json(page(&uris, PATH, "credentials", &query, entries.collect())?))
}

pub(super) async fn create(
    Caller(account): Caller,
    uris: Uris,
    Body(asked): Body<Change>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let made = account.create_credential(asked.read()?)?;
    Ok((StatusCode::CREATED, Json(shape(&uris, &made, true))))
}

pub(super) async fn show(
    Caller(account): Caller,
    uris: Uris,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let id = credential_id(&id)?;
    let found = account.credentials()?.into_iter().find(|found| found.id == id);
    let found = found.ok_or_else(|| ApiError::not_found("credential", id.as_str()))?;
    Ok(Json(shape(&uris, &found, false)))
}

pub(super) async fn update(
    Caller(account): Caller,
    uris: Uris,
    Path(id): Path<String>,
    Body(asked): Body<Change>,
) -> Result<Json<Value>, ApiError> {
    let changed = account.update_credential(&credential_id(&id)?, asked.read()?)?;
    Ok(Json(shape(&uris, &changed, false)))
}

pub(super) async fn revoke(Caller(account): Caller, Path(id): Path<String>) -> Result<StatusCode, ApiError> {
    account.revoke_credential(&credential_id(&id)?)?;
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
        "acl": credential.acl.rules().collect::<Vec<_>>(),
        "owner_id": null,
    })
}
