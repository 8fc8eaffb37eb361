//! `/certificate_authorities`, and the mutual TLS of HTTPS Edges, which refers to them.

use axum::Json;
use axum::extract::Path;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::edges::edge_id;
use super::error::ApiError;
use super::list::{PageQuery, page};
use super::online::reference;
use super::request::{Body, Caller};
use super::router::Uris;
use crate::model::{
    CertificateAuthority, CertificateAuthorityChange, CertificateAuthorityId, EdgeChange, HttpsEdge,
    MutualTlsModule,
};

const PATH: &str = "/certificate_authorities";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    metadata: Option<String>,
    #[serde(default)]
    ca_pem: Option<String>,
}

impl From<Change> for CertificateAuthorityChange {
    fn from(change: Change) -> Self {
        Self { description: change.description, metadata: change.metadata }
    }
}

/// What clients of an Edge must show.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MutualTls {
    #[serde(default)]
    enabled: Option<bool>,
    #[serde(default)]
    certificate_authority_ids: Option<Vec<String>>,
}

impl MutualTls {
    pub(super) fn read(self) -> Result<MutualTlsModule, ApiError> {
        let id = |text: &String| {
            let message = format!("{text:?} is no certificate authority's id.");
            CertificateAuthorityId::parse(text).ok_or_else(|| ApiError::bad_request(1672, message))
        };
        let ids = self.certificate_authority_ids.unwrap_or_default();
        let authorities = ids.iter().map(id).collect::<Result<_, _>>()?;
        Ok(MutualTlsModule { enabled: self.enabled.unwrap_or(true), authorities })
    }
}

fn authority_id(text: &str) -> Result<CertificateAuthorityId, ApiError> {
    CertificateAuthorityId::parse(text).ok_or_else(|| ApiError::not_found("certificate authority", text))
}

pub(super) async fn list(
    Caller(account): Caller,
    uris: Uris,
    query: PageQuery,
) -> Result<Json<Value>, ApiError> {
    let all = account.certificate_authorities();
    let entries = all.iter().map(|found| (found.id.to_string(), shape(&uris, found)));
    Ok(Json(page(&uris, PATH, "certificate_authorities", &query, entries.collect())?))
}

pub(super) async fn create(
    Caller(account): Caller,
    uris: Uris,
    Body(mut asked): Body<Change>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let pem = asked.ca_pem.take().unwrap_or_default();
    let made = account.create_certificate_authority(pem, &asked.into())?;
    Ok((StatusCode::CREATED, Json(shape(&uris, &made))))
}

pub(super) async fn show(
    Caller(account): Caller,
    uris: Uris,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    Ok(Json(shape(&uris, &account.certificate_authority(&authority_id(&id)?)?)))
}

pub(super) async fn update(
    Caller(account): Caller,
    uris: Uris,
    Path(id): Path<String>,
    Body(asked): Body<Change>,
) -> Result<Json<Value>, ApiError> {
    if asked.ca_pem.is_some() {
        return Err(ApiError::bad_request(215, "An authority keeps its certificate; upload another one."));
    }
    Ok(Json(shape(&uris, &account.update_certificate_authority(&authority_id(&id)?, &asked.into())?)))
}

pub(super) async fn delete(Caller(account): Caller, Path(id): Path<String>) -> Result<StatusCode, ApiError> {
    account.delete_certificate_authority(&authority_id(&id)?)?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn set_mutual_tls(
    Caller(account): Caller,
    uris: Uris,
    Path(id): Path<String>,
    Body(asked): Body<MutualTls>,
) -> Result<Json<Value>, ApiError> {
    let mutual_tls = Some(Some(asked.read()?));
    of_edge(&uris, &account.update_edge(&edge_id(&id)?, EdgeChange { mutual_tls, ..EdgeChange::default() })?)
}

pub(super) async fn show_mutual_tls(
    Caller(account): Caller,
    uris: Uris,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    of_edge(&uris, &account.edge(&edge_id(&id)?)?)
}

pub(super) async fn delete_mutual_tls(
    Caller(account): Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    account.update_edge(&edge_id(&id)?, EdgeChange { mutual_tls: Some(None), ..EdgeChange::default() })?;
    Ok(StatusCode::NO_CONTENT)
}

fn of_edge(uris: &Uris, edge: &HttpsEdge) -> Result<Json<Value>, ApiError> {
    let module = edge.mutual_tls.as_ref().ok_or_else(|| ApiError::not_found("module", "mutual_tls"))?;
    Ok(Json(mutual_tls_shape(uris, module)))
}

pub(super) fn mutual_tls_shape(uris: &Uris, module: &MutualTlsModule) -> Value {
    let authorities = module.authorities.iter().map(|id| reference(uris, PATH, id.as_str()));
    json!({ "enabled": module.enabled, "certificate_authorities": authorities.collect::<Vec<_>>() })
}

fn shape(uris: &Uris, authority: &CertificateAuthority) -> Value {
    json!({
        "id": authority.id.as_str(),
        "uri": uris.of(&format!("{PATH}/{}", authority.id)),
        "created_at": authority.created_at,
        "description": authority.description,
        "metadata": authority.metadata,
        "ca_pem": authority.pem,
        "subject_common_name": authority.subject,
        "not_before": authority.not_before,
        "not_after": authority.not_after,
        "key_usages": null,
        "extended_key_usages": null,
    })
}
