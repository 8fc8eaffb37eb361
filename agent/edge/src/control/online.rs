//! `/tunnels`, `/tunnel_sessions` and `/endpoints`: what is online.

use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::{ApiError, sentence};
use super::list::{PageQuery, page};
use super::request::{Body, Caller};
use super::router::Uris;
use crate::ingress::CommandError;
use crate::model::{Account, EndpointView, Model, SessionId, SessionView, TunnelKind, TunnelView};

pub(super) async fn tunnels(
    Caller(account): Caller,
    State(model): State<Model>,
    uris: Uris,
    query: PageQuery,
) -> Result<Json<Value>, ApiError> {
    let entries = account
        .tunnels()
        .into_iter()
        .map(|found| (found.id.to_string(), tunnel_shape(&uris, &model, &account, &found)));
    Ok(Json(page(&uris, "/tunnels", "tunnels", &query, entries.collect())?))
}

pub(super) async fn tunnel(
    Caller(account): Caller,
    State(model): State<Model>,
    uris: Uris,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let found = account.tunnels().into_iter().find(|found| found.id.as_str() == id);
    let found = found.ok_or_else(|| ApiError::not_found("tunnel", &id))?;
    Ok(Json(tunnel_shape(&uris, &model, &account, &found)))
}

pub(super) async fn sessions(
    Caller(account): Caller,
    State(model): State<Model>,
    uris: Uris,
    query: PageQuery,
) -> Result<Json<Value>, ApiError> {
    let entries = account
        .sessions()
        .into_iter()
        .map(|found| (found.id.to_string(), session_shape(&uris, &model, &found)));
    Ok(Json(page(&uris, "/tunnel_sessions", "tunnel_sessions", &query, entries.collect())?))
}

pub(super) async fn session(
    Caller(account): Caller,
    State(model): State<Model>,
    uris: Uris,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let found = account.sessions().into_iter().find(|found| found.id.as_str() == id);
    let found = found.ok_or_else(|| ApiError::not_found("tunnel session", &id))?;
    Ok(Json(session_shape(&uris, &model, &found)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Command {
    #[serde(default)]
    version: Option<String>,
}

fn session_id(text: &str) -> Result<SessionId, ApiError> {
    SessionId::parse(text).ok_or_else(|| ApiError::not_found("tunnel session", text))
}

pub(super) async fn stop(Caller(account): Caller, Path(id): Path<String>) -> Result<Json<Value>, ApiError> {
    done(account.stop_session(&session_id(&id)?).await, 805)
}

pub(super) async fn restart(
    Caller(account): Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    done(account.restart_session(&session_id(&id)?).await, 804)
}

pub(super) async fn update(
    Caller(account): Caller,
    Path(id): Path<String>,
    Body(asked): Body<Command>,
) -> Result<Json<Value>, ApiError> {
    done(account.update_session(&session_id(&id)?, &asked.version.unwrap_or_default()).await, 806)
}

/// An agent did what it was told, or refused, for which there is a code. The answer has a body: ngrok's client for
/// Python takes an answer to a POST without one for a failure.
fn done(told: Result<(), CommandError>, refused: u16) -> Result<Json<Value>, ApiError> {
    match told {
        Ok(()) => Ok(Json(json!({}))),
        Err(error @ CommandError::Refused(_)) => {
            Err(ApiError::bad_request(refused, sentence(&error.to_string())))
        }
        Err(CommandError::Unknown(error)) => Err(error.into()),
        Err(error) => Err(ApiError::new(StatusCode::BAD_GATEWAY, 810, sentence(&error.to_string()))),
    }
}

pub(super) async fn endpoints(
    Caller(account): Caller,
    State(model): State<Model>,
    uris: Uris,
    query: PageQuery,
) -> Result<Json<Value>, ApiError> {
    let entries = account
        .endpoints()
        .into_iter()
        .map(|found| (found.id.to_string(), endpoint_shape(&uris, &model, &account, &found)));
    Ok(Json(page(&uris, "/endpoints", "endpoints", &query, entries.collect())?))
}

pub(super) async fn endpoint(
    Caller(account): Caller,
    State(model): State<Model>,
    uris: Uris,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let found = account.endpoints().into_iter().find(|found| found.id.as_str() == id);
    let found = found.ok_or_else(|| ApiError::not_found("endpoint", &id))?;
    Ok(Json(endpoint_shape(&uris, &model, &account, &found)))
}

pub(super) fn reference(uris: &Uris, path: &str, id: &str) -> Value {
    json!({ "id": id, "uri": uris.of(&format!("{path}/{id}")) })
}

fn tunnel_shape(uris: &Uris, model: &Model, account: &Account, tunnel: &TunnelView) -> Value {
    let (public_url, proto, endpoint, labels) = match &tunnel.kind {
        TunnelKind::Endpoint { id, scheme, .. } => {
            (json!(tunnel.url), json!(scheme.as_str()), reference(uris, "/endpoints", id.as_str()), json!({}))
        }
        TunnelKind::Labeled(labels) => (Value::Null, Value::Null, Value::Null, json!(labels)),
    };
    let serves = |labels| account.groups().into_iter().filter(move |group| group.takes(labels));
    let backends: Vec<Value> = match &tunnel.kind {
        TunnelKind::Labeled(labels) => {
            serves(labels).map(|group| reference(uris, "/backends/tunnel_group", group.id.as_str())).collect()
        }
        TunnelKind::Endpoint { .. } => Vec::new(),
    };
    json!({
        "id": tunnel.id.as_str(),
        "public_url": public_url,
        "started_at": tunnel.started_at,
        "metadata": tunnel.metadata,
        "proto": proto,
        "region": model.region(),
        "tunnel_session": reference(uris, "/tunnel_sessions", tunnel.session.as_str()),
        "endpoint": endpoint,
        "labels": labels,
        "backends": backends,
        "forwards_to": tunnel.forwards_to,
    })
}

fn session_shape(uris: &Uris, model: &Model, session: &SessionView) -> Value {
    json!({
        "id": session.id.as_str(),
        "agent_version": session.agent.version,
        "credential": reference(uris, "/credentials", session.credential.as_str()),
        "ip": session.address.ip(),
        "metadata": session.agent.metadata,
        "os": session.agent.os,
        "region": model.region(),
        "started_at": session.started_at,
        "transport": "ngrok/2",
        "uri": uris.of(&format!("/tunnel_sessions/{}", session.id)),
    })
}

fn endpoint_shape(uris: &Uris, model: &Model, account: &Account, endpoint: &EndpointView) -> Value {
    let tunnel = account.tunnels().into_iter().find(|tunnel| endpoint.tunnel.as_ref() == Some(&tunnel.id));
    let edge = endpoint.edge.as_ref().and_then(|id| account.edge(id).ok());
    let (metadata, description) = match (&tunnel, edge) {
        (Some(tunnel), _) => (tunnel.metadata.clone(), tunnel.description.clone()),
        (None, Some(edge)) => (edge.metadata, edge.description),
        (None, None) => Default::default(),
    };
    let domain = account.domains().into_iter().find(|domain| domain.host == endpoint.host);
    let internal = endpoint.host.is_internal();
    json!({
        "id": endpoint.id.as_str(),
        "region": model.region(),
        "created_at": endpoint.created_at,
        "updated_at": endpoint.created_at,
        "public_url": endpoint.url,
        "url": endpoint.url,
        "proto": endpoint.scheme.as_str(),
        "scheme": endpoint.scheme.as_str(),
        "hostport": format!("{}:{}", endpoint.host, endpoint.port),
        "host": endpoint.host.as_str(),
        "port": endpoint.port,
        "type": if endpoint.edge.is_some() { "edge" } else { "ephemeral" },
        "metadata": metadata,
        "description": description,
        "domain": domain.map(|domain| reference(uris, "/reserved_domains", domain.id.as_str())),
        "tcp_addr": null,
        "tunnel": endpoint.tunnel.as_ref().map(|id| reference(uris, "/tunnels", id.as_str())),
        "edge": endpoint.edge.as_ref().map(|id| reference(uris, "/edges/https", id.as_str())),
        "upstream_url": tunnel.as_ref().map(|tunnel| tunnel.forwards_to.as_str()),
        "upstream_protocol": tunnel.as_ref().map(|tunnel| tunnel.upstream_protocol.as_str()),
        "principal": null,
        "traffic_policy": "",
        "bindings": [if internal { "internal" } else { "public" }],
        "tunnel_session": tunnel.as_ref().map(|t| reference(uris, "/tunnel_sessions", t.session.as_str())),
        "uri": uris.of(&format!("/endpoints/{}", endpoint.id)),
        "name": tunnel.as_ref().map(|tunnel| tunnel.name.as_str()).unwrap_or_default(),
        "pooling_enabled": tunnel.as_ref().is_some_and(|tunnel| tunnel.pooling),
    })
}
