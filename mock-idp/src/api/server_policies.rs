//! `/api/v1/authorizationServers/{server}/policies` and their rules: who gets a custom server's tokens.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use chrono::TimeDelta;
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::ApiError;
use super::access::Caller;
use super::authorization_servers::{find, url};
use super::json::{Body, timestamp};
use super::members::Members;
use super::policies::status_after;
use super::policy_shape::other_status;
use crate::model::{
    AppId, AuthorizationServer, AuthorizationServerId, GroupId, People, PolicyId, PolicyStatus, RuleId,
    ServerPolicy, ServerPolicySettings, ServerRule, ServerRuleSettings, TokenLifetimes, UserId,
};
use crate::site::Site;

/// The grants that Okta's rules name. By those that this org doesn't have nobody gets anything here.
const GRANTS: [&str; 8] = [
    "authorization_code",
    "implicit",
    "password",
    "client_credentials",
    "urn:ietf:params:oauth:grant-type:device_code",
    "urn:ietf:params:oauth:grant-type:saml2-bearer",
    "urn:ietf:params:oauth:grant-type:token-exchange",
    "urn:ietf:params:oauth:grant-type:jwt-bearer",
];

const ALL_CLIENTS: &str = "ALL_CLIENTS";
const EVERYONE: &str = "EVERYONE";
const ANY_SCOPE: &str = "*";

/// What Okta writes itself, so that what was read can be sent back.
const OWN: [&str; 6] = ["id", "created", "lastUpdated", "system", "_links", "_embedded"];

type Object = Body<Map<String, Value>>;

pub(super) fn router() -> Router<Site> {
    Router::new()
        .route("/{server}/policies", get(list).post(create))
        .route("/{server}/policies/{policy}", get(show).put(replace).delete(delete))
        .route("/{server}/policies/{policy}/lifecycle/{operation}", post(lifecycle))
        .route("/{server}/policies/{policy}/rules", get(rules).post(create_rule))
        .route(
            "/{server}/policies/{policy}/rules/{rule}",
            get(show_rule).put(replace_rule).delete(delete_rule),
        )
        .route("/{server}/policies/{policy}/rules/{rule}/lifecycle/{operation}", post(rule_lifecycle))
}

async fn list(
    State(site): State<Site>,
    _: Caller,
    Path(server): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let found = find(&site, &server)?;
    let shapes = found.policies.iter().map(|policy| policy_shape(&site, &server, &found, policy));
    Ok(Json(shapes.collect()))
}

async fn create(
    State(site): State<Site>,
    caller: Caller,
    Path(server): Path<String>,
    Body(body): Object,
) -> Result<Response, ApiError> {
    let (says, place) = read_policy(body, PolicyStatus::Active)?;
    let id = AuthorizationServerId::new(&server);
    let policy = site.model.put_server_policy(&id, None, says, place, &caller.cause)?;
    let shape = policy_shape(&site, &server, &*find(&site, &server)?, &policy);
    Ok((StatusCode::CREATED, Json(shape)).into_response())
}

async fn show(
    State(site): State<Site>,
    _: Caller,
    Path((server, policy)): Path<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    let found = find(&site, &server)?;
    let policy = found.policy(&PolicyId::new(&policy))?;
    Ok(Json(policy_shape(&site, &server, &found, policy)))
}

async fn replace(
    State(site): State<Site>,
    caller: Caller,
    Path((server, policy)): Path<(String, String)>,
    Body(body): Object,
) -> Result<Json<Value>, ApiError> {
    let id = PolicyId::new(&policy);
    let before = find(&site, &server)?.policy(&id)?.says.status;
    let (says, place) = read_policy(body, before)?;
    let server_id = AuthorizationServerId::new(&server);
    let policy = site.model.put_server_policy(&server_id, Some(&id), says, place, &caller.cause)?;
    Ok(Json(policy_shape(&site, &server, &*find(&site, &server)?, &policy)))
}

async fn delete(
    State(site): State<Site>,
    caller: Caller,
    Path((server, policy)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let (server, policy) = (AuthorizationServerId::new(&server), PolicyId::new(&policy));
    site.model.delete_server_policy(&server, &policy, &caller.cause)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn lifecycle(
    State(site): State<Site>,
    caller: Caller,
    Path((server, policy, operation)): Path<(String, String, String)>,
) -> Result<StatusCode, ApiError> {
    let (server, policy) = (AuthorizationServerId::new(&server), PolicyId::new(&policy));
    site.model.set_server_policy_status(&server, &policy, status_after(&operation)?, &caller.cause)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn rules(
    State(site): State<Site>,
    _: Caller,
    Path((server, policy)): Path<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    let found = find(&site, &server)?;
    let policy = found.policy(&PolicyId::new(&policy))?;
    Ok(Json(policy.rules.iter().map(|rule| rule_shape(&site, &server, policy, rule)).collect()))
}

async fn create_rule(
    State(site): State<Site>,
    caller: Caller,
    Path((server, policy)): Path<(String, String)>,
    Body(body): Object,
) -> Result<Response, ApiError> {
    let (says, place) = read_rule(body, PolicyStatus::Active)?;
    let shape = put_rule(&site, &caller, &server, &policy, None, says, place)?;
    Ok((StatusCode::CREATED, Json(shape)).into_response())
}

async fn show_rule(
    State(site): State<Site>,
    _: Caller,
    Path((server, policy, rule)): Path<(String, String, String)>,
) -> Result<Json<Value>, ApiError> {
    let found = find(&site, &server)?;
    let policy = found.policy(&PolicyId::new(&policy))?;
    Ok(Json(rule_shape(&site, &server, policy, policy.rule(&RuleId::new(&rule))?)))
}

async fn replace_rule(
    State(site): State<Site>,
    caller: Caller,
    Path((server, policy, rule)): Path<(String, String, String)>,
    Body(body): Object,
) -> Result<Json<Value>, ApiError> {
    let id = RuleId::new(&rule);
    let before = find(&site, &server)?.policy(&PolicyId::new(&policy))?.rule(&id)?.says.status;
    let (says, place) = read_rule(body, before)?;
    Ok(Json(put_rule(&site, &caller, &server, &policy, Some(&id), says, place)?))
}

fn put_rule(
    site: &Site,
    caller: &Caller,
    server: &str,
    policy: &str,
    id: Option<&RuleId>,
    says: ServerRuleSettings,
    place: Option<u32>,
) -> Result<Value, ApiError> {
    let (server_id, policy) = (AuthorizationServerId::new(server), PolicyId::new(policy));
    let rule = site.model.put_server_rule(&server_id, &policy, id, says, place, &caller.cause)?;
    let found: Arc<AuthorizationServer> = find(site, server)?;
    Ok(rule_shape(site, server, found.policy(&policy)?, &rule))
}

async fn delete_rule(
    State(site): State<Site>,
    caller: Caller,
    Path((server, policy, rule)): Path<(String, String, String)>,
) -> Result<StatusCode, ApiError> {
    let (server, policy) = (AuthorizationServerId::new(&server), PolicyId::new(&policy));
    site.model.delete_server_rule(&server, &policy, &RuleId::new(&rule), &caller.cause)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn rule_lifecycle(
    State(site): State<Site>,
    caller: Caller,
    Path((server, policy, rule, operation)): Path<(String, String, String, String)>,
) -> Result<StatusCode, ApiError> {
    let (server, policy) = (AuthorizationServerId::new(&server), PolicyId::new(&policy));
    let (rule, status) = (RuleId::new(&rule), status_after(&operation)?);
    site.model.set_server_rule_status(&server, &policy, &rule, status, &caller.cause)?;
    Ok(StatusCode::NO_CONTENT)
}

fn read_policy(
    body: Map<String, Value>,
    status: PolicyStatus,
) -> Result<(ServerPolicySettings, Option<u32>), ApiError> {
    let mut body = Members::of_body(body);
    body.leave(&OWN);
    typed(&mut body, "OAUTH_AUTHORIZATION_POLICY")?;
    let place = body.read("priority")?;
    let mut conditions = body.object_or_empty("conditions")?;
    let mut clients = conditions.object_or_empty("clients")?;
    let include = clients.set("include")?;
    if include.is_empty() {
        return Err(clients.refuse("include", "The field cannot be left blank"));
    }
    let all = include.contains(ALL_CLIENTS);
    let says = ServerPolicySettings {
        name: body.need("name")?,
        description: body.read("description")?.unwrap_or_default(),
        status: body.read("status")?.unwrap_or(status),
        clients: include.iter().filter(|_| !all).map(|id| AppId::new(id)).collect(),
    };
    for part in [clients, conditions, body] {
        part.finish()?;
    }
    Ok((says, place))
}

fn read_rule(
    body: Map<String, Value>,
    status: PolicyStatus,
) -> Result<(ServerRuleSettings, Option<u32>), ApiError> {
    let mut body = Members::of_body(body);
    body.leave(&OWN);
    typed(&mut body, "RESOURCE_ACCESS")?;
    let place = body.read("priority")?;
    let mut conditions = body.object_or_empty("conditions")?;
    let people = people(conditions.object_or_empty("people")?)?;
    let grant_types = included(&mut conditions, "grantTypes")?;
    if let Some(unknown) = grant_types.iter().find(|grant| !GRANTS.contains(&grant.as_str())) {
        return Err(conditions.refuse("grantTypes", &format!("There is no grant type '{unknown}'")));
    }
    let scopes = included(&mut conditions, "scopes")?;
    let any = scopes.iter().any(|scope| scope == ANY_SCOPE);
    let mut actions = body.object_or_empty("actions")?;
    let lifetimes = lifetimes(actions.object_or_empty("token")?)?;
    let says = ServerRuleSettings {
        name: body.need("name")?,
        status: body.read("status")?.unwrap_or(status),
        grant_types,
        people,
        scopes: (!any).then_some(scopes),
        lifetimes,
    };
    for part in [actions, conditions, body] {
        part.finish()?;
    }
    Ok((says, place))
}

fn typed(body: &mut Members, expected: &str) -> Result<(), ApiError> {
    match body.read::<String>("type")? {
        Some(given) if given != expected => {
            Err(body.refuse("type", &format!("Only {expected} can stand here")))
        }
        _ => Ok(()),
    }
}

/// A condition's list, which can't be empty.
fn included(conditions: &mut Members, name: &str) -> Result<Vec<String>, ApiError> {
    let mut given = conditions.object_or_empty(name)?;
    let include: Vec<String> = given.need("include")?;
    if include.is_empty() {
        return Err(given.refuse("include", "The field cannot be left blank"));
    }
    given.finish()?;
    Ok(include)
}

/// Everyone where nobody is named. (What Okta makes of that is not settled.)
fn people(mut given: Members) -> Result<People, ApiError> {
    let mut users = given.object_or_empty("users")?;
    let mut groups = given.object_or_empty("groups")?;
    let [user_ids, group_ids] = [users.set("include")?, groups.set("include")?];
    for part in [users, groups, given] {
        part.finish()?;
    }
    if group_ids.contains(EVERYONE) || user_ids.is_empty() && group_ids.is_empty() {
        return Ok(People::All);
    }
    let users: BTreeSet<UserId> = user_ids.iter().map(|id| UserId::new(id)).collect();
    Ok(People::Some(users, group_ids.iter().map(|id| GroupId::new(id)).collect()))
}

/// Okta's bounds and defaults. Refresh tokens have no end but of disuse here.
fn lifetimes(mut given: Members) -> Result<TokenLifetimes, ApiError> {
    let mut minutes = |name: &str, usual: u32, least: u32, most: u32| match given.read::<u32>(name)? {
        None => Ok(TimeDelta::minutes(usual.into())),
        Some(minutes) if (least..=most).contains(&minutes) => Ok(TimeDelta::minutes(minutes.into())),
        Some(_) => Err(given.refuse(name, &format!("Must be from {least} to {most}"))),
    };
    let access_token = minutes("accessTokenLifetimeMinutes", 60, 5, 1440)?;
    let refresh_token_idle = minutes("refreshTokenWindowMinutes", 10_080, 10, 2_628_000)?;
    minutes("refreshTokenLifetimeMinutes", 0, 0, 0)?;
    given.finish()?;
    Ok(TokenLifetimes { access_token, refresh_token_idle })
}

fn policy_shape(site: &Site, server: &str, record: &AuthorizationServer, policy: &ServerPolicy) -> Value {
    let url = format!("{}/policies/{}", url(site, server), policy.id);
    let place = record.policies.iter().position(|known| known.id == policy.id).unwrap_or_default();
    let says = &policy.says;
    let clients = match says.clients.is_empty() {
        true => json!([ALL_CLIENTS]),
        false => json!(says.clients),
    };
    let mut links = links(&url, says.status);
    links["rules"] = json!({ "href": format!("{url}/rules"), "hints": { "allow": ["GET"] } });
    json!({
        "type": "OAUTH_AUTHORIZATION_POLICY",
        "id": policy.id,
        "status": says.status,
        "name": says.name,
        "description": says.description,
        "priority": place + 1,
        "system": policy.system,
        "conditions": { "clients": { "include": clients } },
        "created": timestamp(policy.created),
        "lastUpdated": timestamp(policy.last_updated),
        "_links": links,
    })
}

fn rule_shape(site: &Site, server: &str, policy: &ServerPolicy, rule: &ServerRule) -> Value {
    let url = format!("{}/policies/{}/rules/{}", url(site, server), policy.id, rule.id);
    let place = policy.rules.iter().position(|known| known.id == rule.id).unwrap_or_default();
    let says = &rule.says;
    let (users, groups) = match &says.people {
        People::All => (json!([]), json!([EVERYONE])),
        People::Some(users, groups) => (json!(users), json!(groups)),
    };
    let scopes = says.scopes.clone().unwrap_or_else(|| vec![ANY_SCOPE.to_owned()]);
    json!({
        "type": "RESOURCE_ACCESS",
        "id": rule.id,
        "status": says.status,
        "name": says.name,
        "priority": place + 1,
        "created": timestamp(rule.created),
        "lastUpdated": timestamp(rule.last_updated),
        "system": rule.system,
        "conditions": {
            "people": {
                "users": { "include": users, "exclude": [] },
                "groups": { "include": groups, "exclude": [] },
            },
            "grantTypes": { "include": says.grant_types },
            "scopes": { "include": scopes },
        },
        "actions": {
            "token": {
                "accessTokenLifetimeMinutes": says.lifetimes.access_token.num_minutes(),
                "refreshTokenLifetimeMinutes": 0,
                "refreshTokenWindowMinutes": says.lifetimes.refresh_token_idle.num_minutes(),
            },
        },
        "_links": links(&url, says.status),
    })
}

fn links(url: &str, status: PolicyStatus) -> Value {
    let (name, lifecycle) = other_status(url, status);
    json!({
        "self": { "href": url, "hints": { "allow": ["GET", "PUT", "DELETE"] } },
        name: lifecycle,
    })
}
