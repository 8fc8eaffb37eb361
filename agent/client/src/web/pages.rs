//! The inspector's pages, and what they ask for to show.

use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Redirect};
use axum::routing::get;
use chrono::SecondsFormat;
use serde::Deserialize;
use serde_json::{Value, json};

use super::fault::Fault;
use super::shown::{Body, Shown};
use super::{Web, api, requests, tunnels};
use crate::inspector::{Exchange, Message};

/// How long a page waits for something new before it asks again. Real time.
const WAIT: Duration = Duration::from_secs(20);

/// How many exchanges a page lists.
const LISTED: usize = 200;

pub(super) fn routes() -> Router<Web> {
    let page =
        || get(async || of_type("text/html; charset=utf-8", include_str!("../../pages/inspector.html")));
    Router::new()
        .route("/", get(async || Redirect::to("/inspect/http")))
        .route("/inspect/http", page())
        .route("/status", page())
        .route(
            "/inspect/inspector.css",
            get(async || of_type("text/css", include_str!("../../pages/inspector.css"))),
        )
        .route(
            "/inspect/inspector.js",
            get(async || of_type("text/javascript", include_str!("../../pages/inspector.js"))),
        )
        .route(
            "/inspect/icon.svg",
            get(async || of_type("image/svg+xml", include_str!("../../pages/icon.svg"))),
        )
        .route("/inspect/changes", get(changes))
        .route("/inspect/exchanges/{id}", get(exchange))
        .route("/inspect/status", get(status))
}

fn of_type(kind: &'static str, text: &'static str) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, kind)], text)
}

#[derive(Debug, Deserialize)]
struct After {
    #[serde(default)]
    after: Option<u64>,
}

/// The list, as soon as it is another one than the page has seen.
async fn changes(State(web): State<Web>, Query(seen): Query<After>) -> Json<Value> {
    let Some(inspector) = web.shared.inspector() else {
        return Json(json!({ "revision": 0, "inspecting": false, "exchanges": [] }));
    };
    let mut revision = inspector.revision();
    if let Some(after) = seen.after {
        // Nothing new is an answer too.
        let _ = tokio::time::timeout(WAIT, revision.wait_for(|revision| *revision != after)).await;
    }
    // What comes after this is another revision's.
    let revision = *revision.borrow_and_update();
    let shown = Shown { redactor: &web.redactor, secrets: false };
    let exchanges = inspector.exchanges(LISTED, |_| true);
    let exchanges: Vec<_> = exchanges.iter().map(|exchange| summary(exchange, &shown)).collect();
    Json(json!({ "revision": revision, "inspecting": true, "exchanges": exchanges }))
}

#[derive(Debug, Deserialize)]
struct Wanted {
    #[serde(default)]
    secrets: bool,
}

async fn exchange(
    State(web): State<Web>,
    Path(id): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Value>, Fault> {
    let exchange = requests::find(&web, &id)?;
    let shown = Shown { redactor: &web.redactor, secrets: wanted.secrets };
    let mut whole = summary(&exchange, &shown);
    whole["request"] = message(&exchange.request, &shown);
    whole["answer"] = exchange.answer.as_ref().map_or(Value::Null, |(_, answer)| message(answer, &shown));
    Ok(Json(whole))
}

fn summary(exchange: &Exchange, shown: &Shown<'_>) -> Value {
    let (method, target, _) = shown.request_line(&exchange.request.first);
    json!({
        "id": exchange.id,
        "tunnel": exchange.tunnel,
        "client": exchange.client.ip().to_string(),
        "began": exchange.began.to_rfc3339_opts(SecondsFormat::Millis, true),
        "took_ms": exchange.took.map(|took| took.as_secs_f64() * 1000.0),
        "method": method,
        "target": target,
        "status": exchange.answer.as_ref().map(|(status, _)| *status),
    })
}

fn message(message: &Message, shown: &Shown<'_>) -> Value {
    let (kind, body) = match shown.body(message) {
        Body::Text(text) => ("text", text),
        Body::Binary(hex) => ("binary", hex),
    };
    json!({
        "first": shown.first(&message.first),
        "headers": shown.headers(message),
        "body": { "kind": kind, "shown": body, "length": message.length, "kept": message.body.len() },
    })
}

async fn status(State(web): State<Web>) -> Json<Value> {
    let state = web.shared.console();
    let tunnels: Vec<_> = web
        .shared
        .tunnels()
        .iter()
        .map(|route| {
            json!({
                "name": route.endpoint.name,
                "url": route.url,
                "labels": route.endpoint.labels(),
                "addr": route.endpoint.upstream.to_string(),
                "inspect": route.endpoint.inspect,
                "metrics": tunnels::metrics(route),
            })
        })
        .collect();
    Json(json!({
        "status": api::word(&state.status),
        "account": state.account,
        "plan": state.plan,
        "version": state.version,
        "region": state.region,
        "edge": web.shared.config.server_addr.to_string(),
        "latency_ms": state.latency.map(|latency| latency.as_secs_f64() * 1000.0),
        "tunnels": tunnels,
    }))
}
