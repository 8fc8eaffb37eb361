//! Modules of Edges and routes that this edge does not enforce: none is ever there, and none can be set.

use axum::extract::Path;
use http::StatusCode;

use super::edges::edge_id;
use super::error::ApiError;
use super::request::Caller;
use super::routes::ids;

/// The modules of ngrok's routes, besides those that are offered.
pub(super) const OF_ROUTES: [&str; 11] = [
    "ip_restriction",
    "circuit_breaker",
    "compression",
    "request_headers",
    "response_headers",
    "webhook_verification",
    "oauth",
    "saml",
    "websocket_tcp_converter",
    "user_agent_filter",
    "traffic_policy",
];

/// The modules of ngrok's HTTPS Edges, besides those that are offered.
const OF_EDGES: [&str; 1] = ["mutual_tls"];

/// The refusal of a module.
pub(super) fn not_offered(name: &str) -> ApiError {
    ApiError::bad_request(214, format!("{name:?} is not offered by this edge."))
}

type OfRoute = Path<(String, String, String)>;
type OfEdge = Path<(String, String)>;

pub(super) async fn set_on_route(Caller(account): Caller, Path(path): OfRoute) -> Result<(), ApiError> {
    Err(not_offered(&on_route(&account, path)?))
}

pub(super) async fn show_on_route(Caller(account): Caller, Path(path): OfRoute) -> Result<(), ApiError> {
    Err(ApiError::not_found("module", &on_route(&account, path)?))
}

pub(super) async fn delete_on_route(
    Caller(account): Caller,
    Path(path): OfRoute,
) -> Result<StatusCode, ApiError> {
    on_route(&account, path)?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn set_on_edge(Caller(account): Caller, Path(path): OfEdge) -> Result<(), ApiError> {
    Err(not_offered(&on_edge(&account, path)?))
}

pub(super) async fn show_on_edge(Caller(account): Caller, Path(path): OfEdge) -> Result<(), ApiError> {
    Err(ApiError::not_found("module", &on_edge(&account, path)?))
}

pub(super) async fn delete_on_edge(
    Caller(account): Caller,
    Path(path): OfEdge,
) -> Result<StatusCode, ApiError> {
    on_edge(&account, path)?;
    Ok(StatusCode::NO_CONTENT)
}

fn on_route(
    account: &crate::model::Account,
    (edge, route, module): (String, String, String),
) -> Result<String, ApiError> {
    let (edge, route) = ids((edge, route))?;
    account.route(&edge, &route)?;
    if OF_ROUTES.contains(&module.as_str()) { Ok(module) } else { Err(ApiError::nothing_here()) }
}

fn on_edge(account: &crate::model::Account, (edge, module): (String, String)) -> Result<String, ApiError> {
    account.edge(&edge_id(&edge)?)?;
    if OF_EDGES.contains(&module.as_str()) { Ok(module) } else { Err(ApiError::nothing_here()) }
}
