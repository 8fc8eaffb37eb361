//! `/api/v1/authorizationServers`: custom authorization servers and their keys.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::ApiError;
use super::access::Caller;
use super::json::{Body, timestamp};
use super::paging::Listing;
use crate::keys::KeyPoolError;
use crate::model::{AuthorizationServer, AuthorizationServerId, Page, ServerName, ServerStatus};
use crate::oidc::ServerKeys;
use crate::site::Site;

/// What a caller may set of a server. What the org sets itself is left aside.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ServerBody {
    name: String,
    #[serde(default)]
    description: Option<String>,
    audiences: Vec<String>,
    #[serde(default)]
    issuer_mode: Option<String>,
}

impl ServerBody {
    /// Okta has one audience, and this org one host.
    fn audience(&self) -> Result<&str, ApiError> {
        if self.issuer_mode.as_deref().is_some_and(|mode| mode != "ORG_URL") {
            return Err(ApiError::invalid("issuerMode", "Only ORG_URL is supported by this org"));
        }
        match self.audiences.as_slice() {
            [audience] => Ok(audience),
            _ => Err(ApiError::invalid("audiences", "There must be exactly one audience")),
        }
    }

    fn description(&self) -> &str {
        self.description.as_deref().unwrap_or_default()
    }
}

/// Those whose name or audience has `q` in it.
pub(super) async fn list(
    State(site): State<Site>,
    _: Caller,
    listing: Listing,
) -> Result<Response, ApiError> {
    let words = listing.query.value("q").map(str::to_lowercase);
    let page = site.model.authorization_servers(&listing.page(200, 200)?, |server| {
        let texts = [Some(server.label.as_str()), server.audience.as_deref()];
        let has = |words: &String| texts.iter().flatten().any(|text| text.to_lowercase().contains(words));
        words.as_ref().is_none_or(has)
    });
    let mut items = Vec::new();
    for server in &page.items {
        items.push(shape(&site, server).await?);
    }
    Ok(listing.answer(Page { items, next: page.next }))
}

pub(super) async fn create(
    State(site): State<Site>,
    caller: Caller,
    Body(body): Body<ServerBody>,
) -> Result<Response, ApiError> {
    let (description, audience) = (body.description(), body.audience()?);
    let server = site.model.create_authorization_server(&body.name, description, audience, &caller.cause)?;
    Ok((StatusCode::CREATED, Json(shape(&site, &server).await?)).into_response())
}

pub(super) async fn show(
    State(site): State<Site>,
    _: Caller,
    Path(server): Path<String>,
) -> Result<Json<Value>, ApiError> {
    Ok(Json(shape(&site, &*find(&site, &server)?).await?))
}

pub(super) async fn replace(
    State(site): State<Site>,
    caller: Caller,
    Path(server): Path<String>,
    Body(body): Body<ServerBody>,
) -> Result<Json<Value>, ApiError> {
    let audience = body.audience()?;
    let name = find(&site, &server)?.name.clone();
    let changed = site.model.update_authorization_server(&name, &caller.cause, |server| {
        body.name.clone_into(&mut server.label);
        body.description().clone_into(&mut server.description);
        server.audience = Some(audience.to_owned());
    })?;
    Ok(Json(shape(&site, &changed).await?))
}

pub(super) async fn delete(
    State(site): State<Site>,
    caller: Caller,
    Path(server): Path<String>,
) -> Result<StatusCode, ApiError> {
    let id = AuthorizationServerId::new(&server);
    site.model.delete_authorization_server(&id, &caller.cause)?;
    site.keys.forget(&id);
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn lifecycle(
    State(site): State<Site>,
    caller: Caller,
    Path((server, operation)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let status = match operation.as_str() {
        "activate" => ServerStatus::Active,
        "deactivate" => ServerStatus::Inactive,
        _ => return Err(ApiError::no_such_path()),
    };
    let id = AuthorizationServerId::new(&server);
    site.model.set_authorization_server_status(&id, status, &caller.cause)?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn keys(
    State(site): State<Site>,
    _: Caller,
    Path(server): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let server = find(&site, &server)?;
    let keys = site.keys.of(&server.name).await.map_err(no_keys)?;
    Ok(Json(json!(key_shapes(&site, &server, &keys))))
}

pub(super) async fn key(
    State(site): State<Site>,
    _: Caller,
    Path((server, kid)): Path<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    let server = find(&site, &server)?;
    let keys = site.keys.of(&server.name).await.map_err(no_keys)?;
    let key = key_shapes(&site, &server, &keys).into_iter().find(|key| key["kid"] == kid.as_str());
    key.map(Json).ok_or_else(|| ApiError::not_found("AuthorizationServerKey", &kid))
}

/// What a rotation is for.
#[derive(Deserialize)]
pub(super) struct Rotation {
    #[serde(rename = "use")]
    purpose: String,
}

pub(super) async fn rotate_keys(
    State(site): State<Site>,
    caller: Caller,
    Path(server): Path<String>,
    Body(body): Body<Rotation>,
) -> Result<Json<Value>, ApiError> {
    let server = find(&site, &server)?;
    if body.purpose != "sig" {
        return Err(ApiError::invalid("rotateKeys", "Invalid value specified for key 'use' parameter"));
    }
    let keys = site.rotate_keys(&server.name, &caller.cause).await.map_err(no_keys)?;
    Ok(Json(json!(key_shapes(&site, &server, &keys))))
}

/// The custom server of this id.
pub(super) fn find(site: &Site, id: &str) -> Result<Arc<AuthorizationServer>, ApiError> {
    let name = ServerName::Custom(AuthorizationServerId::new(id));
    let server = site.model.authorization_server(&name);
    server.ok_or_else(|| ApiError::not_found("AuthorizationServer", id))
}

/// The URL of a server in this API.
pub(super) fn url(site: &Site, id: &str) -> String {
    format!("{}/api/v1/authorizationServers/{id}", site.names.org_url())
}

fn no_keys(_: KeyPoolError) -> ApiError {
    ApiError::internal()
}

async fn shape(site: &Site, server: &AuthorizationServer) -> Result<Value, ApiError> {
    let keys = site.keys.of(&server.name).await.map_err(no_keys)?;
    let ServerName::Custom(id) = &server.name else { return Err(ApiError::no_such_path()) };
    let url = url(site, id.as_str());
    let issuer = format!("{}{}", site.names.org_url(), server.name.path());
    let link =
        |path: &str, allow: &[&str]| json!({ "href": format!("{url}{path}"), "hints": { "allow": allow } });
    let metadata = |name: &str| {
        let href = format!("{issuer}/.well-known/{name}");
        json!({ "name": name, "href": href, "hints": { "allow": ["GET"] } })
    };
    let change = match server.status {
        ServerStatus::Active => "deactivate",
        ServerStatus::Inactive => "activate",
    };
    let mut links = json!({
        "scopes": link("/scopes", &["GET"]),
        "claims": link("/claims", &["GET"]),
        "policies": link("/policies", &["GET"]),
        "self": link("", &["GET", "DELETE", "PUT"]),
        "metadata": [metadata("oauth-authorization-server"), metadata("openid-configuration")],
        "rotateKey": link("/credentials/lifecycle/keyRotate", &["POST"]),
    });
    links[change] = link(&format!("/lifecycle/{change}"), &["POST"]);
    Ok(json!({
        "id": id,
        "name": server.label,
        "description": server.description,
        "audiences": server.audience.iter().collect::<Vec<_>>(),
        "issuer": issuer,
        "issuerMode": "ORG_URL",
        "status": server.status,
        "created": timestamp(server.created),
        "lastUpdated": timestamp(server.last_updated),
        "credentials": { "signing": { "rotationMode": "MANUAL", "kid": keys.active().kid(), "use": "sig" } },
        "_links": links,
    }))
}

fn key_shapes(site: &Site, server: &AuthorizationServer, keys: &ServerKeys) -> Vec<Value> {
    let ServerName::Custom(id) = &server.name else { return Vec::new() };
    let shape = |(status, key): (crate::oidc::KeyStatus, Arc<crate::keys::Claimed>)| {
        let mut shape = key.jwk();
        shape["status"] = status.name().into();
        let href = format!("{}/credentials/keys/{}", url(site, id.as_str()), key.kid());
        shape["_links"] = json!({ "self": { "href": href, "hints": { "allow": ["GET"] } } });
        shape
    };
    keys.all().into_iter().map(shape).collect()
}
