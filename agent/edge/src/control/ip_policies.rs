//! `/ip_policies` and `/ip_policy_rules`: ranges of addresses for IP restrictions to refer to.

use axum::Json;
use axum::extract::Path;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::ApiError;
use super::list::{PageQuery, page};
use super::online::reference;
use super::request::{Body, Caller};
use super::router::Uris;
use crate::model::{IpChange, IpPolicy, IpPolicyId, IpRule, IpRuleId};

const POLICIES: &str = "/ip_policies";
const RULES: &str = "/ip_policy_rules";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PolicyChange {
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    metadata: Option<String>,
}

impl From<PolicyChange> for IpChange {
    fn from(change: PolicyChange) -> Self {
        Self { description: change.description, metadata: change.metadata, cidr: None }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleChange {
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    metadata: Option<String>,
    #[serde(default)]
    cidr: Option<String>,
    #[serde(default)]
    ip_policy_id: Option<String>,
    #[serde(default)]
    action: Option<String>,
}

impl From<RuleChange> for IpChange {
    fn from(change: RuleChange) -> Self {
        Self { description: change.description, metadata: change.metadata, cidr: change.cidr }
    }
}

fn policy_id(text: &str) -> Result<IpPolicyId, ApiError> {
    IpPolicyId::parse(text).ok_or_else(|| ApiError::not_found("IP policy", text))
}

fn rule_id(text: &str) -> Result<IpRuleId, ApiError> {
    IpRuleId::parse(text).ok_or_else(|| ApiError::not_found("IP policy rule", text))
}

pub(super) async fn list(
    Caller(account): Caller,
    uris: Uris,
    query: PageQuery,
) -> Result<Json<Value>, ApiError> {
    let all = account.ip_policies();
    let entries = all.iter().map(|found| (found.id.to_string(), shape(&uris, found)));
    Ok(Json(page(&uris, POLICIES, "ip_policies", &query, entries.collect())?))
}

pub(super) async fn create(
    Caller(account): Caller,
    uris: Uris,
    Body(asked): Body<PolicyChange>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let made = account.create_ip_policy(&asked.into())?;
    Ok((StatusCode::CREATED, Json(shape(&uris, &made))))
}

pub(super) async fn show(
    Caller(account): Caller,
    uris: Uris,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    Ok(Json(shape(&uris, &account.ip_policy(&policy_id(&id)?)?)))
}

pub(super) async fn update(
    Caller(account): Caller,
    uris: Uris,
    Path(id): Path<String>,
    Body(asked): Body<PolicyChange>,
) -> Result<Json<Value>, ApiError> {
    Ok(Json(shape(&uris, &account.update_ip_policy(&policy_id(&id)?, &asked.into())?)))
}

pub(super) async fn delete(Caller(account): Caller, Path(id): Path<String>) -> Result<StatusCode, ApiError> {
    account.delete_ip_policy(&policy_id(&id)?)?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn list_rules(
    Caller(account): Caller,
    uris: Uris,
    query: PageQuery,
) -> Result<Json<Value>, ApiError> {
    let policies = account.ip_policies();
    let mut all: Vec<_> =
        policies.iter().flat_map(|policy| policy.rules.iter().map(|rule| (&policy.id, rule))).collect();
    all.sort_by_key(|(_, rule)| (rule.created_at, rule.id.clone()));
    let entries =
        all.into_iter().map(|(policy, rule)| (rule.id.to_string(), rule_shape(&uris, policy, rule)));
    Ok(Json(page(&uris, RULES, "ip_policy_rules", &query, entries.collect())?))
}

pub(super) async fn create_rule(
    Caller(account): Caller,
    uris: Uris,
    Body(asked): Body<RuleChange>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let policy = asked.ip_policy_id.as_deref().and_then(IpPolicyId::parse);
    let policy =
        policy.ok_or_else(|| ApiError::bad_request(1414, "\"ip_policy_id\" is no IP policy's id."))?;
    let allow = match asked.action.as_deref() {
        Some("allow") => true,
        Some("deny") => false,
        _ => return Err(ApiError::bad_request(1422, "A rule's action is allow or deny.")),
    };
    let made = account.create_ip_rule(&policy, allow, &asked.into())?;
    Ok((StatusCode::CREATED, Json(rule_shape(&uris, &policy, &made))))
}

pub(super) async fn show_rule(
    Caller(account): Caller,
    uris: Uris,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let (policy, rule) = account.ip_rule(&rule_id(&id)?)?;
    Ok(Json(rule_shape(&uris, &policy, &rule)))
}

pub(super) async fn update_rule(
    Caller(account): Caller,
    uris: Uris,
    Path(id): Path<String>,
    Body(asked): Body<RuleChange>,
) -> Result<Json<Value>, ApiError> {
    if asked.ip_policy_id.is_some() || asked.action.is_some() {
        return Err(ApiError::bad_request(215, "A rule keeps its policy and its action; make another one."));
    }
    let (policy, rule) = account.update_ip_rule(&rule_id(&id)?, &asked.into())?;
    Ok(Json(rule_shape(&uris, &policy, &rule)))
}

pub(super) async fn delete_rule(
    Caller(account): Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    account.delete_ip_rule(&rule_id(&id)?)?;
    Ok(StatusCode::NO_CONTENT)
}

fn shape(uris: &Uris, policy: &IpPolicy) -> Value {
    json!({
        "id": policy.id.as_str(),
        "uri": uris.of(&format!("{POLICIES}/{}", policy.id)),
        "created_at": policy.created_at,
        "description": policy.description,
        "metadata": policy.metadata,
    })
}

fn rule_shape(uris: &Uris, policy: &IpPolicyId, rule: &IpRule) -> Value {
    json!({
        "id": rule.id.as_str(),
        "uri": uris.of(&format!("{RULES}/{}", rule.id)),
        "created_at": rule.created_at,
        "description": rule.description,
        "metadata": rule.metadata,
        "cidr": rule.cidr,
        "ip_policy": reference(uris, POLICIES, policy.as_str()),
        "action": if rule.allow { "allow" } else { "deny" },
    })
}
