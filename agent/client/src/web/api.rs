//! ngrok's local API.

use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use serde_json::{Value, json};

use super::{Web, replay, requests, tunnels};
use crate::console::{self, Status};

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/api/tunnels", get(tunnels::list).post(tunnels::start))
        .route("/api/tunnels/{name}", get(tunnels::one).delete(tunnels::stop))
        .route("/api/endpoints", get(tunnels::list_endpoints).post(tunnels::start_endpoint))
        .route("/api/endpoints/{name}", get(tunnels::one_endpoint).delete(tunnels::stop))
        .route("/api/requests/http", get(requests::list).delete(requests::clear))
        .route("/api/requests/http", post(replay::again))
        .route("/api/requests/http/{id}", get(requests::one))
        .route("/api/status", get(status))
}

async fn status(State(web): State<Web>) -> Json<Value> {
    let state = web.shared.console();
    let latency = state.latency.map(|latency| latency.as_millis() as u64);
    Json(json!({
        "status": word(&state.status),
        "agent_version": state.version,
        "session": { "legs": [{ "region": state.region, "latency": latency }] },
        "uri": "/api/status",
    }))
}

/// The status in a word.
pub(super) fn word(status: &console::Status) -> &'static str {
    match status {
        Status::Connecting => "connecting",
        Status::Online => "online",
        Status::Reconnecting { .. } => "reconnecting",
        Status::Ended { .. } => "closed",
    }
}
