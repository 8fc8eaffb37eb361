//! The local API's tunnels, and its endpoints, which are the same in the words of version 3.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::Web;
use super::fault::Fault;
use crate::config_file::{endpoint_of_json, tunnel_of_json};
use crate::definition::Definition;
use crate::error::{AgentError, PATIENCE};
use crate::log::last_words;
use crate::meter::Reading;
use crate::registry::Route;

pub(super) async fn list(State(web): State<Web>) -> Json<Value> {
    let tunnels: Vec<_> = web.shared.tunnels().iter().map(|route| tunnel(route)).collect();
    Json(json!({ "tunnels": tunnels, "uri": "/api/tunnels" }))
}

pub(super) async fn list_endpoints(State(web): State<Web>) -> Json<Value> {
    let endpoints: Vec<_> = web.shared.tunnels().iter().map(|route| endpoint(route)).collect();
    Json(json!({ "endpoints": endpoints, "uri": "/api/endpoints" }))
}

pub(super) async fn one(State(web): State<Web>, Path(name): Path<String>) -> Result<Json<Value>, Fault> {
    Ok(Json(tunnel(&*find(&web, &name)?)))
}

pub(super) async fn one_endpoint(
    State(web): State<Web>,
    Path(name): Path<String>,
) -> Result<Json<Value>, Fault> {
    Ok(Json(endpoint(&*find(&web, &name)?)))
}

pub(super) async fn start(State(web): State<Web>, body: Bytes) -> Result<(StatusCode, Json<Value>), Fault> {
    let definition = parsed(&body, tunnel_of_json)?;
    let route = up(&web, definition).await?;
    Ok((StatusCode::CREATED, Json(tunnel(&route))))
}

pub(super) async fn start_endpoint(
    State(web): State<Web>,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>), Fault> {
    let definition = parsed(&body, endpoint_of_json)?;
    let route = up(&web, definition).await?;
    Ok((StatusCode::CREATED, Json(endpoint(&route))))
}

pub(super) async fn stop(State(web): State<Web>, Path(name): Path<String>) -> Result<StatusCode, Fault> {
    let route = find(&web, &name)?;
    let shared = Arc::clone(&web.shared);
    let closing = to_its_end(&web, async move { shared.close(route.number).await });
    match closing.await {
        Some(Ok(_)) | None => Ok(StatusCode::NO_CONTENT),
        Some(Err(error)) => {
            Err(Fault::new(StatusCode::BAD_GATEWAY, 0, "failed to stop tunnel", error.to_string()))
        }
    }
}

/// Does something with the edge that must not be left half done when the caller goes away; none when the agent ends
/// first.
async fn to_its_end<T: Send + 'static>(
    web: &Web,
    work: impl Future<Output = T> + Send + 'static,
) -> Option<T> {
    let (done, outcome) = oneshot::channel();
    web.tasks.spawn(async move {
        // A caller that is gone need not hear of it.
        let _ = done.send(work.await);
    });
    outcome.await.ok()
}

/// The tunnel of this name.
pub(super) fn find(web: &Web, name: &str) -> Result<Arc<Route>, Fault> {
    let mut tunnels = web.shared.tunnels().into_iter();
    let found = tunnels.find(|route| route.endpoint.name == name);
    found.ok_or_else(|| Fault::not_found("tunnel not found", format!("no tunnel is named {name:?}")))
}

fn parsed(body: &[u8], read: impl FnOnce(&Value) -> Result<Definition, String>) -> Result<Definition, Fault> {
    let value = serde_json::from_slice(body).map_err(|error| {
        Fault::invalid("invalid tunnel configuration", format!("the body is no JSON: {error}"))
    })?;
    read(&value).map_err(|wrong| Fault::invalid("invalid tunnel configuration", wrong))
}

/// Brings a tunnel up.
async fn up(web: &Web, definition: Definition) -> Result<Arc<Route>, Fault> {
    definition.secrets().for_each(|secret| web.redactor.learn(secret));
    let endpoint = definition
        .endpoint()
        .map_err(|wrong| Fault::invalid("invalid tunnel configuration", wrong.to_string()))?;
    let name = endpoint.name.clone();
    let waited = || {
        let waited = format!("there was no session to the edge within {} s", PATIENCE.as_secs());
        Fault::not_started(waited)
    };
    let starting = tokio::time::timeout(PATIENCE, Arc::clone(&web.starting).lock_owned());
    let starting = starting.await.map_err(|_| waited())?;
    if find(web, &name).is_ok() {
        let detail = format!("a tunnel named {name:?} is up already");
        return Err(Fault::invalid("invalid tunnel configuration", detail));
    }
    let shared = Arc::clone(&web.shared);
    let binding = to_its_end(web, async move {
        let bound = match tokio::time::timeout(PATIENCE, shared.session()).await {
            Ok(Ok(_)) => Some(shared.bind(endpoint).await),
            Ok(Err(error)) => Some(Err(error)),
            Err(_) => None,
        };
        drop(starting);
        bound
    });
    match binding.await.flatten() {
        Some(Ok(_)) => find(web, &name),
        Some(Err(error)) => Err(Fault::not_started(web.redactor.text(&in_words(&error)))),
        None => Err(waited()),
    }
}

/// An error as ngrok's API has it: the words, then the code in a line of its own.
fn in_words(error: &AgentError) -> String {
    let words = last_words(error);
    let lines: Vec<_> = words.lines().map(|line| line.trim_start_matches("ERROR:").trim()).collect();
    lines.join("\n")
}

fn uri(collection: &str, route: &Route) -> String {
    let name = utf8_percent_encode(&route.endpoint.name, &NAME);
    format!("/api/{collection}/{name}")
}

/// What stands as it is in a path.
const NAME: percent_encoding::AsciiSet =
    NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b':').remove(b'+');

fn id(route: &Route) -> String {
    format!("{:032x}", route.number)
}

fn tunnel(route: &Route) -> Value {
    json!({
        "name": route.endpoint.name,
        "ID": id(route),
        "uri": uri("tunnels", route),
        "public_url": route.url.as_deref().unwrap_or_default(),
        "proto": route.endpoint.proto(),
        "config": { "addr": route.endpoint.upstream.to_string(), "inspect": route.endpoint.inspect },
        "metrics": metrics(route),
    })
}

fn endpoint(route: &Route) -> Value {
    let protocol = if route.endpoint.forwards_proto().is_empty() { "http1" } else { "http2" };
    json!({
        "name": route.endpoint.name,
        "id": id(route),
        "uri": uri("endpoints", route),
        "url": route.url.as_deref().unwrap_or_default(),
        "proto": route.endpoint.proto(),
        "upstream": { "url": route.endpoint.upstream.to_string(), "protocol": protocol },
        "inspect": route.endpoint.inspect,
        "metadata": route.endpoint.metadata,
        "description": route.endpoint.description,
        "pooling_enabled": route.endpoint.pooling,
        "metrics": metrics(route),
    })
}

/// How a tunnel is doing; durations in nanoseconds.
pub(super) fn metrics(route: &Route) -> Value {
    let (connections, exchanges) = (route.gauges.connections(), route.gauges.exchanges());
    let mut conns = meter(&connections);
    conns["gauge"] = Value::from(connections.open);
    json!({ "conns": conns, "http": meter(&exchanges) })
}

fn meter(reading: &Reading) -> Value {
    let [rate1, rate5, rate15] = reading.rates;
    let [p50, p90, p95, p99] = reading.percentiles.map(|seconds| (seconds * 1e9).round() as u64);
    json!({
        "count": reading.total, "rate1": rate1, "rate5": rate5, "rate15": rate15,
        "p50": p50, "p90": p90, "p95": p95, "p99": p99,
    })
}
