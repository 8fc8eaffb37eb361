//! `/api/v1/policies/simulate`: which policies and rules would apply to somebody imagined.

use std::collections::BTreeSet;
use std::net::IpAddr;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::access::Caller;
use super::json::List;
use super::paging::Listing;
use super::{ApiError, policy_shape};
use crate::model::{AppId, Considered, GroupId, Imagined, PolicyKind, UserId, ZoneId};
use crate::site::Site;

/// What Okta simulates, as far as this org has it.
const SIMULATED: [PolicyKind; 3] = [PolicyKind::SignOn, PolicyKind::Enrolment, PolicyKind::Access];

/// Far more than anybody asks at once.
const MOST_BODIES: usize = 100;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Simulation {
    app_instance: Option<String>,
    policy_types: Option<Vec<String>>,
    #[serde(default)]
    policy_context: Context,
}

/// What isn't known here (risk, devices) is left aside: no policy of this org asks for it.
#[derive(Default, Deserialize)]
struct Context {
    user: Option<Named>,
    groups: Option<Ids>,
    zones: Option<Ids>,
    ip: Option<String>,
}

#[derive(Deserialize)]
struct Named {
    id: String,
}

#[derive(Deserialize)]
struct Ids {
    ids: Vec<String>,
}

/// Changes nothing. `expand=EVALUATED` shows what was considered in vain too.
pub(super) async fn simulate(
    State(site): State<Site>,
    _: Caller,
    listing: Listing,
    List(bodies): List<Map<String, Value>>,
) -> Result<Json<Value>, ApiError> {
    if bodies.len() > MOST_BODIES {
        return Err(ApiError::malformed());
    }
    let with_others = listing.query.text("expand").split(',').any(|part| part.trim() == "EVALUATED");
    let mut evaluations = Vec::new();
    for body in bodies {
        let body: Simulation = serde_json::from_value(body.into()).map_err(|_| ApiError::malformed())?;
        evaluations.extend(evaluate(&site, body, with_others)?);
    }
    // Its example has an object with this member where its schema says a list; Okta's SDKs read the schema's.
    Ok(Json(Value::Array(evaluations)))
}

fn evaluate(site: &Site, body: Simulation, with_others: bool) -> Result<Vec<Value>, ApiError> {
    let app = body.app_instance.ok_or_else(|| blank("appInstance"))?;
    let app = site.model.app(&AppId::new(&app)).ok_or_else(|| ApiError::not_found("AppInstance", &app))?;
    let kinds = match body.policy_types {
        None => SIMULATED.to_vec(),
        Some(names) => names.iter().map(|name| simulated(name)).collect::<Result<_, _>>()?,
    };
    let imagined = body.policy_context.imagined(site)?;
    let evaluation = |kind: PolicyKind| {
        let mut others = site.model.simulate(kind, &app, &imagined);
        let applied = others.pop_if(|last| last.applies());
        let status = if applied.is_some() { "MATCH" } else { "NOT_MATCH" };
        let others = if with_others { others.iter().map(shape).collect() } else { Vec::new() };
        json!({
            "status": status,
            "policyType": [kind.name()],
            "result": { "policies": applied.iter().map(shape).collect::<Vec<_>>() },
            "evaluated": { "policies": others },
            "undefined": { "policies": [] },
        })
    };
    Ok(kinds.into_iter().map(evaluation).collect())
}

fn simulated(name: &str) -> Result<PolicyKind, ApiError> {
    let kind = policy_shape::kind(name).ok().filter(|kind| SIMULATED.contains(kind));
    kind.ok_or_else(|| ApiError::invalid("policyTypes", "There are no policies of this type in this org"))
}

fn blank(field: &str) -> ApiError {
    ApiError::invalid(field, "The field cannot be left blank")
}

impl Context {
    fn imagined(self, site: &Site) -> Result<Imagined, ApiError> {
        if self.user.is_some() && self.groups.is_some() {
            let reason = "Only user IDs or group IDs are allowed, not both";
            return Err(ApiError::invalid("policyContext", reason));
        }
        let user = self.user.map(|user| UserId::new(&user.id));
        if let Some(user) = user.as_ref().filter(|user| site.model.user(user).is_none()) {
            return Err(ApiError::not_found("User", user.as_str()));
        }
        let ids = |given: Option<Ids>| given.map(|given| given.ids).unwrap_or_default();
        let groups: BTreeSet<GroupId> = ids(self.groups).iter().map(|id| GroupId::new(id)).collect();
        if let Some(unknown) = groups.iter().find(|group| site.model.group(group).is_none()) {
            return Err(ApiError::not_found("UserGroup", unknown.as_str()));
        }
        let zones: BTreeSet<ZoneId> = ids(self.zones).iter().map(|id| ZoneId::new(id)).collect();
        if let Some(unknown) = zones.iter().find(|zone| site.model.zone(zone).is_none()) {
            return Err(ApiError::not_found("NetworkZone", unknown.as_str()));
        }
        let address = self.ip.map(|ip| ip.parse::<IpAddr>()).transpose();
        let address = address.map_err(|_| ApiError::invalid("policyContext.ip", "Must be an IP address"))?;
        Ok(Imagined { user, groups, zones, address })
    }
}

/// Okta names each condition that it looked at; here a policy or a rule fits as a whole or doesn't.
fn shape(considered: &Considered) -> Value {
    let matches = |fits: bool| if fits { "MATCH" } else { "NOT_MATCH" };
    let policy = &considered.policy;
    let rules = considered.rules.iter().map(|(id, applies)| {
        let name = policy.rule(id).ok().map(|rule| rule.name.as_str());
        json!({ "id": id, "name": name, "status": matches(*applies), "conditions": [] })
    });
    json!({
        "id": policy.id,
        "name": policy.name,
        "status": matches(considered.fits && considered.applies()),
        "conditions": [],
        "rules": rules.collect::<Vec<_>>(),
    })
}
