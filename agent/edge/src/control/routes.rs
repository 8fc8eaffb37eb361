//! `/edges/https/{edge}/routes`: routes of an Edge, their OIDC module and their backend.

use std::time::Duration;

use axum::Json;
use axum::extract::Path;
use ground::Secret;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::edges::edge_id;
use super::error::ApiError;
use super::modules;
use super::request::{Body, Caller};
use super::router::Uris;
use crate::model::{
    Account, BackendId, EdgeId, OidcModule, PathMatch, Route, RouteBackend, RouteChange, RouteId,
};

#[derive(Deserialize)]
pub(super) struct Change {
    #[serde(default)]
    match_type: Option<String>,
    #[serde(default, rename = "match")]
    path: Option<String>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    metadata: Option<String>,
    #[serde(default)]
    backend: Option<Backend>,
    #[serde(default)]
    oidc: Option<Oidc>,
    /// The other modules, and members that no one knows.
    #[serde(flatten)]
    others: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Backend {
    #[serde(default)]
    enabled: Option<bool>,
    backend_id: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Oidc {
    #[serde(default)]
    enabled: Option<bool>,
    #[serde(default)]
    options_passthrough: Option<bool>,
    #[serde(default)]
    cookie_prefix: Option<String>,
    /// Seconds.
    #[serde(default)]
    inactivity_timeout: Option<u64>,
    /// Seconds.
    #[serde(default)]
    maximum_duration: Option<u64>,
    #[serde(default)]
    issuer: Option<String>,
    #[serde(default)]
    client_id: Option<String>,
    #[serde(default)]
    client_secret: Option<String>,
    #[serde(default)]
    scopes: Option<Vec<String>>,
}

impl Change {
    /// Reads a change; `before` is how the route matches so far.
    fn read(self, before: Option<&PathMatch>) -> Result<RouteChange, ApiError> {
        let modules = modules::of_members(self.others)?;
        // Clients that leave a text as it is send an empty one.
        let said = |text: Option<String>| text.filter(|text| before.is_none() || !text.is_empty());
        let (match_type, path) = (said(self.match_type), said(self.path));
        let matches = match (match_type.as_deref(), path) {
            (None, None) => None,
            (Some("path_prefix"), Some(path)) => Some(PathMatch::Prefix(path)),
            (Some("exact_path"), Some(path)) => Some(PathMatch::Exact(path)),
            (None, Some(path)) => Some(match before {
                Some(PathMatch::Exact(_)) => PathMatch::Exact(path),
                _ => PathMatch::Prefix(path),
            }),
            (Some("path_prefix"), None) => before.map(|before| PathMatch::Prefix(before.path().to_owned())),
            (Some("exact_path"), None) => before.map(|before| PathMatch::Exact(before.path().to_owned())),
            (Some(other), _) => {
                let message = format!("match_type is path_prefix or exact_path, not {other:?}.");
                return Err(ApiError::bad_request(215, message));
            }
        };
        Ok(RouteChange {
            matches,
            description: said(self.description),
            metadata: said(self.metadata),
            backend: self.backend.map(Backend::read).transpose()?.map(Some),
            oidc: self.oidc.map(|oidc| Some(oidc.read())),
            modules,
        })
    }
}

impl Backend {
    fn read(self) -> Result<RouteBackend, ApiError> {
        let id = BackendId::parse(&self.backend_id).ok_or_else(|| {
            ApiError::bad_request(242, format!("{:?} is no backend's id.", self.backend_id))
        })?;
        Ok(RouteBackend { enabled: self.enabled.unwrap_or(true), id })
    }
}

impl Oidc {
    fn read(self) -> OidcModule {
        let secret = Secret::new("client secret", self.client_secret.unwrap_or_default());
        let default =
            OidcModule::new(self.issuer.unwrap_or_default(), self.client_id.unwrap_or_default(), secret);
        OidcModule {
            enabled: self.enabled.unwrap_or(true),
            options_passthrough: self.options_passthrough.unwrap_or_default(),
            cookie_prefix: self.cookie_prefix.unwrap_or(default.cookie_prefix),
            inactivity_timeout: Duration::from_secs(self.inactivity_timeout.unwrap_or_default()),
            maximum_duration: Duration::from_secs(self.maximum_duration.unwrap_or_default()),
            scopes: self.scopes.unwrap_or(default.scopes),
            ..default
        }
    }
}

type Ids = Path<(String, String)>;

pub(super) fn ids((edge, route): (String, String)) -> Result<(EdgeId, RouteId), ApiError> {
    let id = RouteId::parse(&route).ok_or_else(|| ApiError::not_found("route", &route))?;
    Ok((edge_id(&edge)?, id))
}

pub(super) async fn create(
    Caller(account): Caller,
    uris: Uris,
    Path(edge): Path<String>,
    Body(asked): Body<Change>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let edge = edge_id(&edge)?;
    let route = account.create_route(&edge, asked.read(None)?)?;
    Ok((StatusCode::CREATED, Json(shape(&uris, &edge, &route))))
}

pub(super) async fn show(
    Caller(account): Caller,
    uris: Uris,
    Path(path): Ids,
) -> Result<Json<Value>, ApiError> {
    let (edge, id) = ids(path)?;
    Ok(Json(shape(&uris, &edge, &account.route(&edge, &id)?)))
}

pub(super) async fn update(
    Caller(account): Caller,
    uris: Uris,
    Path(path): Ids,
    Body(asked): Body<Change>,
) -> Result<Json<Value>, ApiError> {
    let (edge, id) = ids(path)?;
    let before = account.route(&edge, &id)?;
    let route = account.update_route(&edge, &id, asked.read(Some(&before.matches))?)?;
    Ok(Json(shape(&uris, &edge, &route)))
}

pub(super) async fn delete(Caller(account): Caller, Path(path): Ids) -> Result<StatusCode, ApiError> {
    let (edge, id) = ids(path)?;
    account.delete_route(&edge, &id)?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn set_oidc(
    Caller(account): Caller,
    Path(path): Ids,
    Body(asked): Body<Oidc>,
) -> Result<Json<Value>, ApiError> {
    let (edge, id) = ids(path)?;
    let route = account.set_oidc(&edge, &id, Some(asked.read()))?;
    module(route.oidc.as_ref())
}

pub(super) async fn show_oidc(Caller(account): Caller, Path(path): Ids) -> Result<Json<Value>, ApiError> {
    let (edge, id) = ids(path)?;
    module(account.route(&edge, &id)?.oidc.as_ref())
}

pub(super) async fn delete_oidc(Caller(account): Caller, Path(path): Ids) -> Result<StatusCode, ApiError> {
    let (edge, id) = ids(path)?;
    account.set_oidc(&edge, &id, None)?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn set_backend(
    Caller(account): Caller,
    uris: Uris,
    Path(path): Ids,
    Body(asked): Body<Backend>,
) -> Result<Json<Value>, ApiError> {
    let (edge, id) = ids(path)?;
    let route = change_backend(&account, &edge, &id, Some(asked.read()?))?;
    backend(&uris, route.backend.as_ref())
}

pub(super) async fn show_backend(
    Caller(account): Caller,
    uris: Uris,
    Path(path): Ids,
) -> Result<Json<Value>, ApiError> {
    let (edge, id) = ids(path)?;
    backend(&uris, account.route(&edge, &id)?.backend.as_ref())
}

pub(super) async fn delete_backend(Caller(account): Caller, Path(path): Ids) -> Result<StatusCode, ApiError> {
    let (edge, id) = ids(path)?;
    change_backend(&account, &edge, &id, None)?;
    Ok(StatusCode::NO_CONTENT)
}

fn change_backend(
    account: &Account,
    edge: &EdgeId,
    id: &RouteId,
    backend: Option<RouteBackend>,
) -> Result<Route, ApiError> {
    Ok(account.update_route(edge, id, RouteChange { backend: Some(backend), ..RouteChange::default() })?)
}

fn module(oidc: Option<&OidcModule>) -> Result<Json<Value>, ApiError> {
    oidc.map(|oidc| Json(oidc_shape(oidc))).ok_or_else(|| ApiError::not_found("module", "oidc"))
}

fn backend(uris: &Uris, backend: Option<&RouteBackend>) -> Result<Json<Value>, ApiError> {
    backend
        .map(|found| Json(backend_shape(uris, found)))
        .ok_or_else(|| ApiError::not_found("module", "backend"))
}

pub(super) fn shape(uris: &Uris, edge: &EdgeId, route: &Route) -> Value {
    let match_type = match route.matches {
        PathMatch::Prefix(_) => "path_prefix",
        PathMatch::Exact(_) => "exact_path",
    };
    let mut shown = json!({
        "edge_id": edge.as_str(),
        "id": route.id.as_str(),
        "created_at": route.created_at,
        "uri": uris.of(&format!("/edges/https/{edge}/routes/{}", route.id)),
        "match_type": match_type,
        "match": route.matches.path(),
        "description": route.description,
        "metadata": route.metadata,
        "backend": route.backend.as_ref().map(|backend| backend_shape(uris, backend)),
        "oidc": route.oidc.as_ref().map(oidc_shape),
    });
    modules::show_all(uris, route, &mut shown);
    shown
}

fn backend_shape(uris: &Uris, backend: &RouteBackend) -> Value {
    let uri = uris.of(&format!("/backends/tunnel_group/{}", backend.id));
    json!({ "enabled": backend.enabled, "backend": { "id": backend.id.as_str(), "uri": uri } })
}

fn oidc_shape(oidc: &OidcModule) -> Value {
    json!({
        "enabled": oidc.enabled,
        "options_passthrough": oidc.options_passthrough,
        "cookie_prefix": oidc.cookie_prefix,
        "inactivity_timeout": oidc.inactivity_timeout.as_secs(),
        "maximum_duration": oidc.maximum_duration.as_secs(),
        "issuer": oidc.issuer,
        "client_id": oidc.client_id,
        "client_secret": oidc.client_secret.expose(),
        "scopes": oidc.scopes,
    })
}
