//! The local API's captured requests.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::SecondsFormat;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Web;
use super::fault::Fault;
use super::shown::Shown;
use crate::inspector::{Exchange, Message};

/// How many are listed unless more are asked for.
const LISTED: usize = 50;

#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    limit: Option<usize>,
    tunnel_name: Option<String>,
    /// Credentials too, which are masked otherwise.
    #[serde(default)]
    secrets: bool,
}

pub(super) async fn list(State(web): State<Web>, Query(wanted): Query<Wanted>) -> Json<Value> {
    let tunnel = wanted.tunnel_name.filter(|name| !name.is_empty());
    let of_tunnel = |exchange: &Exchange| tunnel.as_ref().is_none_or(|name| exchange.tunnel == *name);
    let exchanges = match web.shared.inspector() {
        Some(inspector) => inspector.exchanges(wanted.limit.unwrap_or(LISTED), of_tunnel),
        None => Vec::new(),
    };
    let shown = Shown { redactor: &web.redactor, secrets: wanted.secrets };
    let requests: Vec<_> = exchanges.iter().map(|exchange| one_of_them(exchange, &shown)).collect();
    Json(json!({ "requests": requests, "uri": "/api/requests/http" }))
}

pub(super) async fn one(
    State(web): State<Web>,
    Path(id): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Value>, Fault> {
    let exchange = find(&web, &id)?;
    Ok(Json(one_of_them(&exchange, &Shown { redactor: &web.redactor, secrets: wanted.secrets })))
}

pub(super) async fn clear(State(web): State<Web>) -> StatusCode {
    web.shared.inspector().iter().for_each(|inspector| inspector.clear());
    StatusCode::NO_CONTENT
}

/// The exchange with this id.
pub(super) fn find(web: &Web, id: &str) -> Result<Arc<Exchange>, Fault> {
    let found = web.shared.inspector().and_then(|inspector| inspector.find(id));
    found.ok_or_else(|| {
        Fault::not_found("request not found", "it was never there, or made room for later ones")
    })
}

fn one_of_them(exchange: &Exchange, shown: &Shown<'_>) -> Value {
    let response = exchange.answer.as_ref().map(|(status, answer)| {
        let mut response = message(answer, shown);
        let words = answer.first.split_once(' ').map_or("", |(_, words)| words);
        response["status"] = Value::from(words);
        response["status_code"] = Value::from(*status);
        response["proto"] = Value::from(answer.first.split(' ').next().unwrap_or_default());
        response
    });
    let mut request = message(&exchange.request, shown);
    let (method, target, version) = shown.request_line(&exchange.request.first);
    request["method"] = Value::from(method);
    request["uri"] = Value::from(target);
    request["proto"] = Value::from(version);
    json!({
        "uri": format!("/api/requests/http/{}", exchange.id),
        "id": exchange.id,
        "tunnel_name": exchange.tunnel,
        "remote_addr": exchange.client.ip().to_string(),
        "start": exchange.began.to_rfc3339_opts(SecondsFormat::Millis, true),
        "duration": exchange.took.map_or(0, |took| took.as_nanos() as u64),
        "request": request,
        "response": response,
    })
}

fn message(message: &Message, shown: &Shown<'_>) -> Value {
    let mut headers = Map::new();
    for (name, value) in shown.headers(message) {
        if let Value::Array(values) = headers.entry(name).or_insert_with(|| json!([])) {
            values.push(Value::from(value));
        }
    }
    json!({ "headers": headers, "raw": STANDARD.encode(shown.raw(message)) })
}
