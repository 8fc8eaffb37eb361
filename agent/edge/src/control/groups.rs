//! `/backends/tunnel_group`: tunnel groups.

use axum::Json;
use axum::extract::Path;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::ApiError;
use super::list::{PageQuery, page};
use super::request::{Body, Caller};
use super::router::Uris;
use crate::model::{Account, BackendId, GroupChange, Labels, TunnelGroup, TunnelKind};

const PATH: &str = "/backends/tunnel_group";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    metadata: Option<String>,
    #[serde(default)]
    labels: Option<Labels>,
}

impl From<Change> for GroupChange {
    fn from(change: Change) -> Self {
        Self { description: change.description, metadata: change.metadata, labels: change.labels }
    }
}

fn backend_id(text: &str) -> Result<BackendId, ApiError> {
    BackendId::parse(text).ok_or_else(|| ApiError::not_found("tunnel group", text))
}

pub(super) async fn list(
    Caller(account): Caller,
    uris: Uris,
    query: PageQuery,
) -> Result<Json<Value>, ApiError> {
    let entries =
        account.groups().into_iter().map(|group| (group.id.to_string(), shape(&uris, &account, &group)));
    Ok(Json(page(&uris, PATH, "backends", &query, entries.collect())?))
}

pub(super) async fn create(
    Caller(account): Caller,
    uris: Uris,
    Body(asked): Body<Change>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    // A group needs labels from the beginning.
    let asked = Change { labels: Some(asked.labels.unwrap_or_default()), ..asked };
    let group = account.create_group(asked.into())?;
    Ok((StatusCode::CREATED, Json(shape(&uris, &account, &group))))
}

pub(super) async fn show(
    Caller(account): Caller,
    uris: Uris,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    Ok(Json(shape(&uris, &account, &account.group(&backend_id(&id)?)?)))
}

pub(super) async fn update(
    Caller(account): Caller,
    uris: Uris,
    Path(id): Path<String>,
    Body(asked): Body<Change>,
) -> Result<Json<Value>, ApiError> {
    // Clients that leave the labels as they are send none.
    let asked = Change { labels: asked.labels.filter(|labels| !labels.is_empty()), ..asked };
    let group = account.update_group(&backend_id(&id)?, asked.into())?;
    Ok(Json(shape(&uris, &account, &group)))
}

pub(super) async fn delete(Caller(account): Caller, Path(id): Path<String>) -> Result<StatusCode, ApiError> {
    account.delete_group(&backend_id(&id)?)?;
    Ok(StatusCode::NO_CONTENT)
}

fn shape(uris: &Uris, account: &Account, group: &TunnelGroup) -> Value {
    let tunnels: Vec<Value> = account
        .tunnels()
        .into_iter()
        .filter(|tunnel| matches!(&tunnel.kind, TunnelKind::Labeled(labels) if group.takes(labels)))
        .map(|tunnel| json!({ "id": tunnel.id.as_str(), "uri": uris.of(&format!("/tunnels/{}", tunnel.id)) }))
        .collect();
    json!({
        "id": group.id.as_str(),
        "uri": uris.of(&format!("{PATH}/{}", group.id)),
        "created_at": group.created_at,
        "description": group.description,
        "metadata": group.metadata,
        "labels": group.labels,
        "tunnels": tunnels,
    })
}
