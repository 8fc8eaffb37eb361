//! `/reserved_domains`: names that nobody else may bind.

use axum::Json;
use axum::extract::Path;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::ApiError;
use super::list::{PageQuery, page};
use super::request::{Body, Caller};
use super::router::Uris;
use crate::model::{DomainChange, DomainId, Host, ReservedDomain};

const PATH: &str = "/reserved_domains";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    /// The name; `name` is what older clients call it.
    #[serde(default, alias = "name")]
    domain: Option<String>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    metadata: Option<String>,
    #[serde(default)]
    region: Option<String>,
    #[serde(default)]
    certificate_id: Option<String>,
    #[serde(default)]
    certificate_management_policy: Option<Value>,
    #[serde(default)]
    resolves_to: Option<Vec<Value>>,
}

impl Change {
    fn read(self) -> Result<DomainChange, ApiError> {
        let refused = |code, message: &str| Err(ApiError::bad_request(code, message));
        if self.region.is_some_and(|region| !region.is_empty()) {
            return refused(400, "This edge has one region; leave \"region\" out.");
        }
        if self.certificate_id.is_some_and(|id| !id.is_empty()) {
            return refused(440, "This edge issues its certificates itself; none can be uploaded.");
        }
        if self.certificate_management_policy.is_some() {
            return refused(439, "This edge issues its certificates itself; there is no policy for it.");
        }
        if self.resolves_to.is_some_and(|entries| !entries.is_empty()) {
            return refused(215, "\"resolves_to\" is not offered by this edge.");
        }
        Ok(DomainChange { description: self.description, metadata: self.metadata })
    }
}

fn domain_id(text: &str) -> Result<DomainId, ApiError> {
    DomainId::parse(text).ok_or_else(|| ApiError::not_found("reserved domain", text))
}

pub(super) async fn list(
    Caller(account): Caller,
    uris: Uris,
    query: PageQuery,
) -> Result<Json<Value>, ApiError> {
    let all = account.domains();
    let entries = all.iter().map(|found| (found.id.to_string(), shape(&uris, found)));
    Ok(Json(page(&uris, PATH, "reserved_domains", &query, entries.collect())?))
}

pub(super) async fn create(
    Caller(account): Caller,
    uris: Uris,
    Body(asked): Body<Change>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let host = Host::parse(asked.domain.as_deref().unwrap_or_default())
        .map_err(|refusal| ApiError::bad_request(when_reserving(refusal.code.0), refusal.message))?;
    let made = account.reserve_domain(host, asked.read()?)?;
    Ok((StatusCode::CREATED, Json(shape(&uris, &made))))
}

pub(super) async fn show(
    Caller(account): Caller,
    uris: Uris,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    Ok(Json(shape(&uris, &account.domain(&domain_id(&id)?)?)))
}

pub(super) async fn update(
    Caller(account): Caller,
    uris: Uris,
    Path(id): Path<String>,
    Body(asked): Body<Change>,
) -> Result<Json<Value>, ApiError> {
    if asked.domain.is_some() {
        return Err(ApiError::bad_request(215, "A reserved domain keeps its name; reserve another one."));
    }
    Ok(Json(shape(&uris, &account.update_domain(&domain_id(&id)?, asked.read()?)?)))
}

pub(super) async fn release(Caller(account): Caller, Path(id): Path<String>) -> Result<StatusCode, ApiError> {
    account.release_domain(&domain_id(&id)?)?;
    Ok(StatusCode::NO_CONTENT)
}

/// ngrok's code for a name that can't be reserved, from that for one that can't be bound.
fn when_reserving(code: u16) -> u16 {
    match code {
        318 => 419,
        326..=331 => code + 80,
        347 => 429,
        355 => 438,
        396 => 513,
        397 => 514,
        other => other,
    }
}

fn shape(uris: &Uris, domain: &ReservedDomain) -> Value {
    json!({
        "id": domain.id.as_str(),
        "uri": uris.of(&format!("{PATH}/{}", domain.id)),
        "created_at": domain.created_at,
        "description": domain.description,
        "metadata": domain.metadata,
        "domain": domain.host.as_str(),
        "region": null,
        "cname_target": null,
        "certificate": null,
        "certificate_management_policy": null,
        "certificate_management_status": null,
        "acme_challenge_cname_target": null,
        "resolves_to": [],
    })
}
