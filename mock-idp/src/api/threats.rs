//! `/api/v1/threats/configuration`, and the rule that stands in for Okta's detection.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::ApiError;
use super::access::Caller;
use super::json::{Body, timestamp};
use crate::model::{ThreatAction, ThreatConfiguration, ThreatRule, ZoneId};
use crate::site::Site;

pub(super) fn router() -> Router<Site> {
    Router::new()
        .route("/api/v1/threats/configuration", get(show).post(update))
        .route("/gatewright/v1/threat-rule", get(rule).put(replace_rule))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ConfigurationBody {
    action: Option<ThreatAction>,
    exclude_zones: Option<Vec<String>>,
}

async fn show(State(site): State<Site>, _: Caller) -> Json<Value> {
    Json(shape(&site, &site.model.threat_configuration()))
}

/// Sets the action, which must be there, and the exempt zones; without any nobody is exempt.
async fn update(
    State(site): State<Site>,
    caller: Caller,
    Body(body): Body<ConfigurationBody>,
) -> Result<Json<Value>, ApiError> {
    let action = body.action.ok_or_else(|| ApiError::invalid("action", "The field cannot be left blank"))?;
    let exempt = body.exclude_zones.iter().flatten().map(|zone| ZoneId::new(zone)).collect();
    let configuration = site.model.configure_threats(action, exempt, &caller.cause)?;
    Ok(Json(shape(&site, &configuration)))
}

/// `/gatewright/v1/threat-rule`: by which rule an address is suspicious. A real org has no such thing.
async fn rule(State(site): State<Site>, _: Caller) -> Json<ThreatRule> {
    Json(site.model.threat_rule())
}

/// Replaces the rule; a member that isn't given has its default.
async fn replace_rule(
    State(site): State<Site>,
    _: Caller,
    Body(rule): Body<ThreatRule>,
) -> Result<Json<ThreatRule>, ApiError> {
    site.model.set_threat_rule(rule)?;
    Ok(Json(site.model.threat_rule()))
}

fn shape(site: &Site, configuration: &ThreatConfiguration) -> Value {
    let url = format!("{}/api/v1/threats/configuration", site.names.org_url());
    json!({
        "action": configuration.action,
        "excludeZones": configuration.exclude_zones,
        "created": timestamp(configuration.created),
        "lastUpdated": timestamp(configuration.last_updated),
        "_links": { "self": { "href": url, "hints": { "allow": ["GET", "POST"] } } },
    })
}
