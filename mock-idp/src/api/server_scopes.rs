//! `/api/v1/authorizationServers/{server}/scopes` and `/claims`: what a custom server's tokens may say.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::ApiError;
use super::access::Caller;
use super::authorization_servers::{find, url};
use super::json::Body;
use crate::model::{
    AuthorizationServerId, Cause, ClaimId, ClaimValue, Expression, GroupFilter, GroupFilterKind, Scope,
    ScopeConsent, ScopeId, ServerStatus, TokenClaim, TokenKind,
};
use crate::site::Site;

/// What a caller may set of a scope.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ScopeBody {
    name: String,
    #[serde(default)]
    display_name: Option<String>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    consent: Option<ScopeConsent>,
    #[serde(default)]
    default: bool,
    #[serde(default)]
    metadata_publish: Option<MetadataPublish>,
}

#[derive(Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum MetadataPublish {
    AllClients,
    NoClients,
}

impl ScopeBody {
    fn put(
        self,
        site: &Site,
        server: &str,
        id: Option<&ScopeId>,
        cause: &Cause,
    ) -> Result<Json<Value>, ApiError> {
        let id_of_server = AuthorizationServerId::new(server);
        let scope = site.model.put_scope(&id_of_server, id, cause, |scope| {
            scope.name = self.name;
            scope.display_name = self.display_name.unwrap_or_default();
            scope.description = self.description.unwrap_or_default();
            scope.consent = self.consent.unwrap_or(ScopeConsent::Implicit);
            scope.default = self.default;
            scope.published = matches!(self.metadata_publish, Some(MetadataPublish::AllClients));
        })?;
        Ok(Json(scope_shape(site, server, &scope)))
    }
}

pub(super) async fn scopes(
    State(site): State<Site>,
    _: Caller,
    Path(server): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let found = find(&site, &server)?;
    Ok(Json(found.scopes.iter().map(|scope| scope_shape(&site, &server, scope)).collect()))
}

pub(super) async fn create_scope(
    State(site): State<Site>,
    caller: Caller,
    Path(server): Path<String>,
    Body(body): Body<ScopeBody>,
) -> Result<Response, ApiError> {
    let shape = body.put(&site, &server, None, &caller.cause)?;
    Ok((StatusCode::CREATED, shape).into_response())
}

pub(super) async fn scope(
    State(site): State<Site>,
    _: Caller,
    Path((server, id)): Path<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    let found = find(&site, &server)?;
    let scope = found.scopes.iter().find(|scope| scope.id.as_str() == id);
    let scope = scope.ok_or_else(|| ApiError::not_found("OAuth2Scope", &id))?;
    Ok(Json(scope_shape(&site, &server, scope)))
}

pub(super) async fn replace_scope(
    State(site): State<Site>,
    caller: Caller,
    Path((server, id)): Path<(String, String)>,
    Body(body): Body<ScopeBody>,
) -> Result<Json<Value>, ApiError> {
    body.put(&site, &server, Some(&ScopeId::new(&id)), &caller.cause)
}

pub(super) async fn delete_scope(
    State(site): State<Site>,
    caller: Caller,
    Path((server, id)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    site.model.delete_scope(&AuthorizationServerId::new(&server), &ScopeId::new(&id), &caller.cause)?;
    Ok(StatusCode::NO_CONTENT)
}

fn scope_shape(site: &Site, server: &str, scope: &Scope) -> Value {
    let text = |text: &str| if text.is_empty() { Value::Null } else { text.into() };
    json!({
        "id": scope.id,
        "name": scope.name,
        "displayName": text(&scope.display_name),
        "description": text(&scope.description),
        "system": scope.system,
        "metadataPublish": if scope.published { "ALL_CLIENTS" } else { "NO_CLIENTS" },
        "consent": scope.consent,
        "default": scope.default,
        "optional": false,
        "_links": links(&format!("{}/scopes/{}", url(site, server), scope.id)),
    })
}

/// What a caller may set of a claim.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ClaimBody {
    name: String,
    claim_type: TokenKind,
    #[serde(default)]
    value_type: ValueType,
    value: String,
    #[serde(default, rename = "group_filter_type")]
    group_filter_type: Option<GroupFilterKind>,
    #[serde(default)]
    always_include_in_token: Option<bool>,
    #[serde(default)]
    status: Option<ServerStatus>,
    #[serde(default)]
    conditions: ClaimConditions,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum ValueType {
    #[default]
    Expression,
    Groups,
}

#[derive(Default, Deserialize)]
struct ClaimConditions {
    #[serde(default)]
    scopes: Vec<String>,
}

impl ClaimBody {
    fn value(&self) -> Result<ClaimValue, ApiError> {
        match (&self.value_type, self.group_filter_type) {
            (ValueType::Expression, _) => Ok(ClaimValue::Expression(Expression::parse(&self.value)?)),
            (ValueType::Groups, Some(kind)) => Ok(ClaimValue::Groups(GroupFilter::new(kind, &self.value)?)),
            (ValueType::Groups, None) => {
                Err(ApiError::invalid("group_filter_type", "The field cannot be left blank"))
            }
        }
    }

    fn put(
        self,
        site: &Site,
        server: &str,
        id: Option<&ClaimId>,
        cause: &Cause,
    ) -> Result<Json<Value>, ApiError> {
        let value = self.value()?;
        let id_of_server = AuthorizationServerId::new(server);
        let claim = site.model.put_claim(&id_of_server, id, cause, |claim| {
            claim.name = self.name;
            claim.token = self.claim_type;
            claim.value = value;
            claim.always =
                self.claim_type == TokenKind::Access || self.always_include_in_token != Some(false);
            claim.status = self.status.unwrap_or(ServerStatus::Active);
            claim.scopes = self.conditions.scopes;
        })?;
        Ok(Json(claim_shape(site, server, &claim)))
    }
}

pub(super) async fn claims(
    State(site): State<Site>,
    _: Caller,
    Path(server): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let found = find(&site, &server)?;
    Ok(Json(found.claims.iter().map(|claim| claim_shape(&site, &server, claim)).collect()))
}

pub(super) async fn create_claim(
    State(site): State<Site>,
    caller: Caller,
    Path(server): Path<String>,
    Body(body): Body<ClaimBody>,
) -> Result<Response, ApiError> {
    let shape = body.put(&site, &server, None, &caller.cause)?;
    Ok((StatusCode::CREATED, shape).into_response())
}

pub(super) async fn claim(
    State(site): State<Site>,
    _: Caller,
    Path((server, id)): Path<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    let found = find(&site, &server)?;
    let claim = found.claims.iter().find(|claim| claim.id.as_str() == id);
    let claim = claim.ok_or_else(|| ApiError::not_found("OAuth2Claim", &id))?;
    Ok(Json(claim_shape(&site, &server, claim)))
}

pub(super) async fn replace_claim(
    State(site): State<Site>,
    caller: Caller,
    Path((server, id)): Path<(String, String)>,
    Body(body): Body<ClaimBody>,
) -> Result<Json<Value>, ApiError> {
    body.put(&site, &server, Some(&ClaimId::new(&id)), &caller.cause)
}

pub(super) async fn delete_claim(
    State(site): State<Site>,
    caller: Caller,
    Path((server, id)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    site.model.delete_claim(&AuthorizationServerId::new(&server), &ClaimId::new(&id), &caller.cause)?;
    Ok(StatusCode::NO_CONTENT)
}

fn claim_shape(site: &Site, server: &str, claim: &TokenClaim) -> Value {
    let (value_type, value, filter) = match &claim.value {
        ClaimValue::Expression(expression) => ("EXPRESSION", expression.text(), None),
        ClaimValue::Groups(filter) => ("GROUPS", filter.value(), Some(filter.kind())),
    };
    let mut shape = json!({
        "id": claim.id,
        "name": claim.name,
        "status": claim.status,
        "claimType": claim.token,
        "valueType": value_type,
        "value": value,
        "conditions": { "scopes": claim.scopes },
        "system": false,
        "alwaysIncludeInToken": claim.always,
        "_links": links(&format!("{}/claims/{}", url(site, server), claim.id)),
    });
    if let Some(kind) = filter {
        shape["group_filter_type"] = json!(kind);
    }
    shape
}

fn links(url: &str) -> Value {
    json!({ "self": { "href": url, "hints": { "allow": ["GET", "PUT", "DELETE"] } } })
}
