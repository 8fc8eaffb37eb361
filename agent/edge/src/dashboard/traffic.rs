//! The traffic inspector.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use http::StatusCode;

use super::answer::render;
use super::fault::Fault;
use super::frame::{Frame, Section};
use super::moment::{moment, span, time};
use super::viewer::Viewer;
use crate::event::Passage;
use crate::model::Inspected;

#[derive(Template)]
#[template(path = "dashboard/traffic.html")]
struct TrafficPage {
    frame: Frame,
    requests: Vec<Row>,
}

/// A request in a list.
pub(super) struct Row {
    pub(super) number: u64,
    pub(super) time: String,
    pub(super) method: String,
    pub(super) url: String,
    pub(super) status: Status,
    pub(super) took: String,
    pub(super) who: String,
    pub(super) code: Option<String>,
}

/// A status, and how it is painted: the number says the same.
pub(super) struct Status {
    pub(super) number: u16,
    pub(super) kind: &'static str,
}

#[derive(Template)]
#[template(path = "dashboard/request.html")]
struct RequestPage {
    frame: Frame,
    request: Row,
    version: String,
    moment: String,
    client: String,
    reason: &'static str,
    passage: &'static str,
    endpoint: Option<String>,
    edge: Option<(String, String)>,
    tunnel: Option<String>,
    request_headers: Vec<(String, String)>,
    response_headers: Vec<(String, String)>,
}

pub(super) async fn list(viewer: Viewer) -> Result<Response, Fault> {
    let requests = viewer.account.traffic().iter().map(row).collect();
    Ok(render(StatusCode::OK, &TrafficPage { frame: Frame::new(&viewer, Section::Traffic)?, requests }))
}

pub(super) async fn show(viewer: Viewer, Path(number): Path<String>) -> Result<Response, Fault> {
    let number = number.parse().map_err(|_| Fault::NotFound)?;
    let found = viewer.account.request(number).ok_or(Fault::NotFound)?;
    let page = RequestPage {
        frame: Frame::new(&viewer, Section::Traffic)?,
        request: row(&found),
        version: found.version,
        moment: moment(found.at),
        client: found.client.to_string(),
        reason: found.status.canonical_reason().unwrap_or_default(),
        passage: said(&found.passage),
        endpoint: found.endpoint.map(|id| id.to_string()),
        edge: found.route.map(|(edge, route)| (edge.to_string(), route.to_string())),
        tunnel: found.tunnel.map(|id| id.to_string()),
        request_headers: found.request_headers,
        response_headers: found.response_headers,
    };
    Ok(render(StatusCode::OK, &page))
}

pub(super) fn row(request: &Inspected) -> Row {
    Row {
        number: request.number,
        time: time(request.at),
        method: request.method.clone(),
        url: request.url.clone(),
        status: Status { number: request.status.as_u16(), kind: kind(request.status) },
        took: span(request.took),
        who: who(&request.passage),
        code: request.code.clone(),
    }
}

fn kind(status: StatusCode) -> &'static str {
    match status.as_u16() {
        100..=299 => "good",
        300..=399 => "neutral",
        _ => "bad",
    }
}

/// Who passed the gate.
fn who(passage: &Passage) -> String {
    match passage {
        Passage::Person { identity, .. } => identity.email.clone().unwrap_or_else(|| identity.id.clone()),
        _ => String::new(),
    }
}

fn said(passage: &Passage) -> &'static str {
    match passage {
        Passage::Unguarded => "Nothing guards this place, or no place was found.",
        Passage::Person { .. } => "Somebody with a session passed.",
        Passage::Preflight => "A CORS preflight passed without a session.",
        Passage::Stopped => "The gate answered by itself: the app was not reached.",
    }
}
