//! `/edges/https`: HTTPS Edges.

use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::certificate_authorities::{MutualTls, mutual_tls_shape};
use super::error::ApiError;
use super::list::{PageQuery, page};
use super::request::{Body, Caller};
use super::router::Uris;
use super::routes;
use crate::model::{EdgeChange, EdgeId, Host, HttpsEdge, Model, TlsModule};

const PATH: &str = "/edges/https";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    metadata: Option<String>,
    #[serde(default)]
    hostports: Option<Vec<String>>,
    #[serde(default)]
    mutual_tls: Option<MutualTls>,
    #[serde(default)]
    tls_termination: Option<TlsTermination>,
}

/// How an Edge terminates TLS. There is one way here, and it may be said.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TlsTermination {
    #[serde(default)]
    enabled: Option<bool>,
    #[serde(default)]
    terminate_at: Option<String>,
    #[serde(default)]
    min_version: Option<String>,
}

impl TlsTermination {
    fn read(self) -> Result<TlsModule, ApiError> {
        let refused = |message: &str| Err(ApiError::bad_request(215, message));
        if self.enabled == Some(false)
            || self.terminate_at.is_some_and(|place| !matches!(&*place, "" | "edge"))
        {
            return refused("An HTTPS Edge terminates TLS itself, always.");
        }
        match self.min_version.as_deref() {
            None | Some("") => Ok(TlsModule { says_version: false }),
            Some("1.2") => Ok(TlsModule { says_version: true }),
            Some(other) => refused(&format!(
                "This edge speaks TLS 1.2 and 1.3 everywhere: min_version is 1.2, not {other:?}."
            )),
        }
    }
}

impl Change {
    fn read(self, model: &Model) -> Result<EdgeChange, ApiError> {
        let mutual_tls = self.mutual_tls.map(MutualTls::read).transpose()?.map(Some);
        let tls = self.tls_termination.map(TlsTermination::read).transpose()?.map(Some);
        let hosts =
            self.hostports.map(|all| all.iter().map(|text| host(text, model)).collect()).transpose()?;
        Ok(EdgeChange { description: self.description, metadata: self.metadata, hosts, tls, mutual_tls })
    }
}

fn host(text: &str, model: &Model) -> Result<Host, ApiError> {
    let (name, port) = text.rsplit_once(':').unwrap_or((text, ""));
    let served = port.is_empty() || port == model.public_port().to_string();
    if !served {
        let message = format!("{text:?} has a port that this edge does not listen on.");
        return Err(ApiError::bad_request(215, message));
    }
    Host::parse(name).map_err(|refusal| ApiError::bad_request(refusal.code.0, refusal.message))
}

pub(super) fn edge_id(text: &str) -> Result<EdgeId, ApiError> {
    EdgeId::parse(text).ok_or_else(|| ApiError::not_found("Edge", text))
}

pub(super) async fn list(
    Caller(account): Caller,
    State(model): State<Model>,
    uris: Uris,
    query: PageQuery,
) -> Result<Json<Value>, ApiError> {
    let entries = account.edges().into_iter().map(|edge| (edge.id.to_string(), shape(&uris, &model, &edge)));
    Ok(Json(page(&uris, PATH, "https_edges", &query, entries.collect())?))
}

pub(super) async fn create(
    Caller(account): Caller,
    State(model): State<Model>,
    uris: Uris,
    Body(asked): Body<Change>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let edge = account.create_edge(asked.read(&model)?)?;
    Ok((StatusCode::CREATED, Json(shape(&uris, &model, &edge))))
}

pub(super) async fn show(
    Caller(account): Caller,
    State(model): State<Model>,
    uris: Uris,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    Ok(Json(shape(&uris, &model, &account.edge(&edge_id(&id)?)?)))
}

pub(super) async fn update(
    Caller(account): Caller,
    State(model): State<Model>,
    uris: Uris,
    Path(id): Path<String>,
    Body(asked): Body<Change>,
) -> Result<Json<Value>, ApiError> {
    let edge = account.update_edge(&edge_id(&id)?, asked.read(&model)?)?;
    Ok(Json(shape(&uris, &model, &edge)))
}

pub(super) async fn delete(Caller(account): Caller, Path(id): Path<String>) -> Result<StatusCode, ApiError> {
    account.delete_edge(&edge_id(&id)?)?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn set_tls(
    Caller(account): Caller,
    Path(id): Path<String>,
    Body(asked): Body<TlsTermination>,
) -> Result<Json<Value>, ApiError> {
    let tls = Some(Some(asked.read()?));
    tls_of(&account.update_edge(&edge_id(&id)?, EdgeChange { tls, ..EdgeChange::default() })?)
}

pub(super) async fn show_tls(
    Caller(account): Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    tls_of(&account.edge(&edge_id(&id)?)?)
}

pub(super) async fn delete_tls(
    Caller(account): Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    account.update_edge(&edge_id(&id)?, EdgeChange { tls: Some(None), ..EdgeChange::default() })?;
    Ok(StatusCode::NO_CONTENT)
}

fn tls_of(edge: &HttpsEdge) -> Result<Json<Value>, ApiError> {
    let tls = edge.tls.as_ref().ok_or_else(|| ApiError::not_found("module", "tls_termination"))?;
    Ok(Json(tls_shape(tls)))
}

fn tls_shape(tls: &TlsModule) -> Value {
    json!({
        "enabled": true,
        "terminate_at": "edge",
        "min_version": tls.says_version.then_some("1.2"),
    })
}

fn shape(uris: &Uris, model: &Model, edge: &HttpsEdge) -> Value {
    let routes: Vec<Value> = edge.routes.iter().map(|route| routes::shape(uris, &edge.id, route)).collect();
    let hostports: Vec<String> =
        edge.hosts.iter().map(|host| format!("{host}:{}", model.public_port())).collect();
    json!({
        "id": edge.id.as_str(),
        "uri": uris.of(&format!("{PATH}/{}", edge.id)),
        "created_at": edge.created_at,
        "description": edge.description,
        "metadata": edge.metadata,
        "hostports": hostports,
        "mutual_tls": edge.mutual_tls.as_ref().map(|module| mutual_tls_shape(uris, module)),
        "tls_termination": edge.tls.as_ref().map(tls_shape),
        "routes": routes,
    })
}
