//! `/api/v1/policies`.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post, put};
use axum::{Json, Router};
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::access::Caller;
use super::json::Body;
use super::paging::Listing;
use super::{ApiError, app_shape, policy_shape, rule_shape, simulate};
use crate::model::{App, AppId, Page, PageRequest, Policy, PolicyId, PolicyStatus, Rule, RuleId};
use crate::site::Site;

/// A JSON object, whose members are read one by one.
type Object = Body<Map<String, Value>>;

pub(super) fn router() -> Router<Site> {
    Router::new()
        .route("/policies", get(list).post(create))
        .route("/policies/simulate", post(simulate::simulate))
        .route("/policies/{policy}", get(show).put(replace).delete(delete))
        .route("/policies/{policy}/lifecycle/{operation}", post(lifecycle))
        .route("/policies/{policy}/clone", post(clone))
        .route("/policies/{policy}/app", get(apps))
        .route("/policies/{policy}/mappings", get(mappings))
        .route("/policies/{policy}/mappings/{mapping}", get(mapping))
        .route("/policies/{policy}/rules", get(rules).post(create_rule))
        .route("/policies/{policy}/rules/{rule}", get(show_rule).put(replace_rule).delete(delete_rule))
        .route("/policies/{policy}/rules/{rule}/lifecycle/{operation}", post(rule_lifecycle))
        .route("/apps/{app}/policies/{policy}", put(assign))
}

/// Those of a type, which must be named; with `status` and `q` (what the name begins with) as filters.
async fn list(State(site): State<Site>, _: Caller, listing: Listing) -> Result<Response, ApiError> {
    let kind = listing.query.value("type");
    let kind = kind.ok_or_else(|| ApiError::invalid("type", "The field cannot be left blank"))?;
    let kind = policy_shape::kind(kind)?;
    let status = match listing.query.value("status") {
        None => None,
        Some("ACTIVE") => Some(PolicyStatus::Active),
        Some("INACTIVE") => Some(PolicyStatus::Inactive),
        Some(_) => return Err(ApiError::invalid("status", "The status is ACTIVE or INACTIVE")),
    };
    let begins = |policy: &Arc<Policy>| {
        listing.query.value("q").is_none_or(|q| policy.name.to_lowercase().starts_with(&q.to_lowercase()))
    };
    let mut policies = site.model.policies(kind);
    policies.retain(|policy| status.is_none_or(|status| policy.status == status) && begins(policy));
    if listing.query.value("sortBy") == Some("name") {
        policies.sort_by(|one, other| one.name.cmp(&other.name));
    }
    let page = listing.page(usize::MAX, usize::MAX)?;
    let from = page
        .after
        .as_deref()
        .and_then(|after| policies.iter().position(|policy| policy.id.as_str() == after));
    let rest = policies.iter().skip(from.map_or(0, |from| from + 1));
    let page = page.cut(rest, |policy| policy.id.to_string());
    let items = page.items.into_iter().map(|policy| policy_shape::write(&site, policy)).collect();
    Ok(listing.answer(Page { items, next: page.next }))
}

async fn create(
    State(site): State<Site>,
    caller: Caller,
    listing: Listing,
    Body(body): Object,
) -> Result<Json<Value>, ApiError> {
    let new = policy_shape::read(body, initially(&listing), site.model.everyone())?;
    let policy = site.model.create_policy(new, &caller.cause)?;
    Ok(Json(policy_shape::write(&site, &policy)))
}

/// The status of what is made without saying one.
fn initially(listing: &Listing) -> PolicyStatus {
    match listing.query.value("activate") {
        Some("false") => PolicyStatus::Inactive,
        _ => PolicyStatus::Active,
    }
}

/// A policy; with its rules if `expand=rules` asks for them.
async fn show(
    State(site): State<Site>,
    _: Caller,
    Path(policy): Path<String>,
    listing: Listing,
) -> Result<Json<Value>, ApiError> {
    let policy = find(&site, &policy)?;
    let mut shape = policy_shape::write(&site, &policy);
    if listing.query.value("expand") == Some("rules") {
        shape["_embedded"] = json!({ "rules": rules_of(&site, &policy) });
    }
    Ok(Json(shape))
}

fn find(site: &Site, policy: &str) -> Result<Arc<Policy>, ApiError> {
    site.model.policy(&PolicyId::new(policy)).ok_or_else(|| ApiError::not_found("Policy", policy))
}

async fn replace(
    State(site): State<Site>,
    caller: Caller,
    Path(policy): Path<String>,
    Body(body): Object,
) -> Result<Json<Value>, ApiError> {
    let found = find(&site, &policy)?;
    let new = policy_shape::read(body, found.status, site.model.everyone())?;
    let policy = site.model.update_policy(&found.id, new, &caller.cause)?;
    Ok(Json(policy_shape::write(&site, &policy)))
}

async fn delete(
    State(site): State<Site>,
    caller: Caller,
    Path(policy): Path<String>,
) -> Result<StatusCode, ApiError> {
    site.model.delete_policy(&PolicyId::new(&policy), &caller.cause)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn lifecycle(
    State(site): State<Site>,
    caller: Caller,
    Path((policy, operation)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    site.model.set_policy_status(&PolicyId::new(&policy), status_after(&operation)?, &caller.cause)?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) fn status_after(operation: &str) -> Result<PolicyStatus, ApiError> {
    match operation {
        "activate" => Ok(PolicyStatus::Active),
        "deactivate" => Ok(PolicyStatus::Inactive),
        _ => Err(ApiError::no_such_path()),
    }
}

/// A copy with the same rules, which no application goes by yet.
async fn clone(
    State(site): State<Site>,
    caller: Caller,
    Path(policy): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let copy = site.model.clone_policy(&PolicyId::new(&policy), &caller.cause)?;
    Ok(Json(policy_shape::write(&site, &copy)))
}

/// The applications that go by a policy.
async fn apps(
    State(site): State<Site>,
    _: Caller,
    Path(policy): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let policy = find(&site, &policy)?;
    let apps = apps_by(&site, &policy);
    Ok(Json(apps.iter().map(|app| app_shape::shape(&site, app)).collect()))
}

fn apps_by(site: &Site, policy: &Policy) -> Vec<Arc<App>> {
    site.model.apps(&PageRequest::all(), |app| app.access_policy == policy.id).items
}

async fn mappings(
    State(site): State<Site>,
    _: Caller,
    Path(policy): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let policy = find(&site, &policy)?;
    Ok(Json(apps_by(&site, &policy).iter().map(|app| mapping_shape(&site, &policy, app)).collect()))
}

async fn mapping(
    State(site): State<Site>,
    _: Caller,
    Path((policy, mapping)): Path<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    let policy = find(&site, &policy)?;
    let app = apps_by(&site, &policy).into_iter().find(|app| app.id.as_str() == mapping);
    let app = app.ok_or_else(|| ApiError::not_found("PolicyMapping", &mapping))?;
    Ok(Json(mapping_shape(&site, &policy, &app)))
}

/// That an application goes by a policy. It is named by the application, which goes by one policy alone.
fn mapping_shape(site: &Site, policy: &Policy, app: &App) -> Value {
    let api = format!("{}/api/v1", site.names.org_url());
    let url = format!("{api}/policies/{}", policy.id);
    json!({
        "id": app.id,
        "_links": {
            "self": { "href": format!("{url}/mappings/{}", app.id), "hints": { "allow": ["GET"] } },
            "application": {
                "href": format!("{api}/apps/{}", app.id), "hints": { "allow": ["GET", "PUT", "DELETE"] },
            },
            "policy": { "href": url, "hints": { "allow": policy_shape::methods(policy.system) } },
        },
    })
}

async fn rules(
    State(site): State<Site>,
    _: Caller,
    Path(policy): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let policy = find(&site, &policy)?;
    Ok(Json(rules_of(&site, &policy)))
}

fn rules_of(site: &Site, policy: &Policy) -> Value {
    policy.rules.iter().map(|rule| rule_shape::write(site, policy, rule)).collect()
}

async fn create_rule(
    State(site): State<Site>,
    caller: Caller,
    Path(policy): Path<String>,
    listing: Listing,
    Body(body): Object,
) -> Result<Json<Value>, ApiError> {
    let policy = find(&site, &policy)?;
    let new = rule_shape::read(body, policy.kind, initially(&listing))?;
    let rule = site.model.create_rule(&policy.id, new, &caller.cause)?;
    Ok(Json(rule_shape::write(&site, &policy, &rule)))
}

async fn show_rule(
    State(site): State<Site>,
    _: Caller,
    Path((policy, rule)): Path<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    let policy = find(&site, &policy)?;
    let rule = policy.rule(&RuleId::new(&rule))?;
    Ok(Json(rule_shape::write(&site, &policy, rule)))
}

async fn replace_rule(
    State(site): State<Site>,
    caller: Caller,
    Path((policy, rule)): Path<(String, String)>,
    Body(body): Object,
) -> Result<Json<Value>, ApiError> {
    let policy = find(&site, &policy)?;
    let before: &Rule = policy.rule(&RuleId::new(&rule))?;
    let new = rule_shape::read(body, policy.kind, before.status)?;
    let rule = site.model.update_rule(&policy.id, &before.id, new, &caller.cause)?;
    Ok(Json(rule_shape::write(&site, &policy, &rule)))
}

async fn delete_rule(
    State(site): State<Site>,
    caller: Caller,
    Path((policy, rule)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    site.model.delete_rule(&PolicyId::new(&policy), &RuleId::new(&rule), &caller.cause)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn rule_lifecycle(
    State(site): State<Site>,
    caller: Caller,
    Path((policy, rule, operation)): Path<(String, String, String)>,
) -> Result<StatusCode, ApiError> {
    let (policy, rule) = (PolicyId::new(&policy), RuleId::new(&rule));
    site.model.set_rule_status(&policy, &rule, status_after(&operation)?, &caller.cause)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lets an application go by an access policy.
async fn assign(
    State(site): State<Site>,
    caller: Caller,
    Path((app, policy)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    site.model.set_access_policy(&AppId::new(&app), &PolicyId::new(&policy), &caller.cause)?;
    Ok(StatusCode::NO_CONTENT)
}
