//! `/attack-protection/api/v1/user-lockout-settings`. A locked user is locked wherever it comes from, which is Okta's
//! default; telling known devices from others in this the org doesn't do, and says so.

use axum::extract::State;
use axum::routing::{any, get};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::ApiError;
use super::access::Caller;
use super::json::Body;
use crate::site::Site;

const UNKNOWN_DEVICES: &str = "preventBruteForceLockoutFromUnknownDevices";

pub(super) fn router() -> Router<Site> {
    Router::new()
        .route("/attack-protection/api/v1/user-lockout-settings", get(show).put(replace))
        .route("/attack-protection/{*rest}", any(super::no_such_path))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Settings {
    prevent_brute_force_lockout_from_unknown_devices: Option<bool>,
}

async fn show(State(_): State<Site>, _: Caller) -> Json<Value> {
    Json(json!({ UNKNOWN_DEVICES: false }))
}

async fn replace(_: Caller, Body(body): Body<Settings>) -> Result<Json<Value>, ApiError> {
    match body.prevent_brute_force_lockout_from_unknown_devices {
        Some(true) => Err(ApiError::invalid(UNKNOWN_DEVICES, "Not supported by this org")),
        _ => Ok(Json(json!({ UNKNOWN_DEVICES: false }))),
    }
}
