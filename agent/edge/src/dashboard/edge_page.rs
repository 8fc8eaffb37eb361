//! One Edge: its name, its endpoint, its traffic, and how a tunnel joins it.

use askama::Template;
use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use serde::Deserialize;

use super::answer::render;
use super::change::Change;
use super::edges::{tunnels, urls};
use super::fault::Fault;
use super::frame::{Frame, Section};
use super::viewer::Viewer;
use crate::model::{Account, EdgeChange, EdgeId, HttpsEdge, ModuleKind, PathMatch, Route, TunnelView};

#[derive(Template)]
#[template(path = "dashboard/edge.html")]
struct EdgePage {
    frame: Frame,
    edge: Heading,
    starts_a_tunnel: bool,
    urls: Vec<String>,
    guarded: bool,
    routes: Vec<Leg>,
    modules: String,
    traffic: String,
    tunnels: Vec<Row>,
    command: Option<String>,
}

/// What stands above everything that concerns one Edge.
pub(super) struct Heading {
    pub(super) id: EdgeId,
    pub(super) description: String,
    pub(super) tab: Tab,
    /// Whether the description is a field right now.
    pub(super) editing: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tab {
    Overview,
    Oidc,
}

impl Heading {
    pub(super) fn new(edge: &HttpsEdge, tab: Tab) -> Self {
        Self { id: edge.id.clone(), description: edge.description.clone(), tab, editing: false }
    }
}

/// A route, as it is shown.
struct Leg {
    id: String,
    matches: &'static str,
    path: String,
    description: String,
    leads_to: String,
    labels: String,
    modules: Vec<String>,
}

struct Row {
    id: String,
    address: String,
    forwards_to: String,
    since: String,
}

/// What is unfolded on the page.
#[derive(Deserialize)]
pub(super) struct Asked {
    edit: Option<String>,
    panel: Option<String>,
}

pub(super) async fn show(
    viewer: Viewer,
    Path(edge): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    let edge = find(&viewer.account, &edge)?;
    let editing = asked.edit.as_deref() == Some("description") && viewer.may_change();
    let joined = tunnels(&viewer.account, &edge);
    let page = EdgePage {
        frame: Frame::new(&viewer, Section::Edges)?,
        starts_a_tunnel: asked.panel.as_deref() == Some("start-a-tunnel"),
        urls: urls(&viewer.account, &edge),
        guarded: viewer.account.signs_in(&edge.id),
        routes: edge.routes.iter().map(|route| leg(&viewer.account, route)).collect(),
        modules: of_edge(&edge),
        traffic: traffic(joined.len()),
        tunnels: rows(&viewer.account, joined),
        command: command(&viewer.account, &edge),
        edge: Heading { editing, ..Heading::new(&edge, Tab::Overview) },
    };
    Ok(render(StatusCode::OK, &page))
}

pub(super) async fn rename(Path(edge): Path<String>, change: Change) -> Result<Response, Fault> {
    let account = &change.viewer.account;
    let id = find(account, &edge)?.id;
    let description = Some(change.fields.text("description")?.trim().to_owned());
    account.update_edge(&id, EdgeChange { description, ..EdgeChange::default() })?;
    Ok(Redirect::to(&format!("/edges/{id}")).into_response())
}

pub(super) async fn delete(Path(edge): Path<String>, change: Change) -> Result<Response, Fault> {
    let account = &change.viewer.account;
    account.delete_edge(&find(account, &edge)?.id)?;
    Ok(Redirect::to("/edges").into_response())
}

pub(super) fn find(account: &Account, id: &str) -> Result<HttpsEdge, Fault> {
    let id = EdgeId::parse(id).ok_or(Fault::NotFound)?;
    Ok(account.edge(&id)?)
}

fn traffic(online: usize) -> String {
    match online {
        0 => "You have no tunnels online. Start a tunnel to send this Edge's traffic to your app".to_owned(),
        1 => "You have 1 tunnel online. Start additional tunnels to begin load balancing".to_owned(),
        n => format!("You have {n} tunnels online. Requests are balanced between them"),
    }
}

/// The modules of an Edge, as people call them.
fn of_edge(edge: &HttpsEdge) -> String {
    let tls = edge.tls.map(|_| "TLS ends at the edge, by version 1.2 or 1.3");
    let mutual_tls = edge.mutual_tls.as_ref().map(|module| match module.enabled {
        true => "clients must show a certificate",
        false => "mutual TLS is set up but not enabled",
    });
    tls.into_iter().chain(mutual_tls).collect::<Vec<_>>().join("; ")
}

fn leg(account: &Account, route: &Route) -> Leg {
    let group = route.backend.as_ref().and_then(|backend| account.group(&backend.id).ok());
    let labels = group.as_ref().map(|group| {
        let labels = group.labels.iter().map(|(name, value)| format!("{name}={value}"));
        labels.collect::<Vec<_>>().join(", ")
    });
    let leads_to = match (&route.backend, group) {
        (Some(backend), Some(group)) if backend.enabled => {
            if group.description.is_empty() {
                "a tunnel group".to_owned()
            } else {
                group.description
            }
        }
        (Some(_), Some(_)) => "a tunnel group, not enabled".to_owned(),
        _ => String::new(),
    };
    Leg {
        id: route.id.to_string(),
        matches: match route.matches {
            PathMatch::Prefix(_) => "all under",
            PathMatch::Exact(_) => "exactly",
        },
        path: route.matches.path().to_owned(),
        description: route.description.clone(),
        leads_to,
        labels: labels.unwrap_or_default(),
        modules: modules(route),
    }
}

/// The modules of a route, as people call them.
fn modules(route: &Route) -> Vec<String> {
    let oidc = route.oidc.as_ref().map(|module| {
        let off = if module.enabled { "" } else { ", not enabled" };
        format!("OIDC: {}{off}", module.issuer)
    });
    let others = route.modules.values().map(|module| {
        let off = if module.is_enabled() { "" } else { ", not enabled" };
        format!("{}{off}", called(module.kind()))
    });
    oidc.into_iter().chain(others).collect()
}

fn called(kind: ModuleKind) -> &'static str {
    match kind {
        ModuleKind::IpRestriction => "IP restriction",
        ModuleKind::CircuitBreaker => "Circuit breaker",
        ModuleKind::Compression => "Compression",
        ModuleKind::RequestHeaders => "Request headers",
        ModuleKind::ResponseHeaders => "Response headers",
        ModuleKind::WebhookVerification => "Webhook verification",
        ModuleKind::WebsocketTcpConverter => "WebSocket to TCP",
        ModuleKind::UserAgentFilter => "User agent filter",
        ModuleKind::TrafficPolicy => "Traffic policy",
    }
}

fn rows(account: &Account, tunnels: Vec<TunnelView>) -> Vec<Row> {
    let sessions = account.sessions();
    let address = |tunnel: &TunnelView| {
        let session = sessions.iter().find(|session| session.id == tunnel.session);
        session.map(|session| session.address.ip().to_string()).unwrap_or_default()
    };
    let row = |tunnel: TunnelView| Row {
        id: tunnel.id.to_string(),
        address: address(&tunnel),
        forwards_to: tunnel.forwards_to,
        since: tunnel.started_at.format("%-d %B %Y, %H:%M").to_string(),
    };
    tunnels.into_iter().map(row).collect()
}

/// What to type so that a tunnel joins the Edge, with the labels of the first group that its routes lead to.
fn command(account: &Account, edge: &HttpsEdge) -> Option<String> {
    let backend = edge.routes.iter().find_map(|route| route.backend.as_ref())?;
    let labels = account.group(&backend.id).ok()?.labels;
    let labels: String = labels
        .iter()
        .map(|(name, value)| format!("--label {} ", quoted(&format!("{name}={value}"))))
        .collect();
    Some(format!("gatewright tunnel {labels}http://localhost:80"))
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = word.chars().all(|c| c.is_ascii_alphanumeric() || "=_-./:@".contains(c));
    if plain { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_traffic_is_told_for_any_number_of_tunnels() {
        let told: Vec<_> = [0, 1, 2, 10].map(traffic).into();
        insta::assert_snapshot!(told.join("\n"), @"
        You have no tunnels online. Start a tunnel to send this Edge's traffic to your app
        You have 1 tunnel online. Start additional tunnels to begin load balancing
        You have 2 tunnels online. Requests are balanced between them
        You have 10 tunnels online. Requests are balanced between them
        ");
    }

    #[test]
    fn odd_labels_are_quoted_for_the_shell() {
        assert_eq!(quoted("edge=edghts_1"), "edge=edghts_1");
        assert_eq!(quoted("team=a b; rm -rf"), "'team=a b; rm -rf'");
        assert_eq!(quoted("it's"), "'it'\\''s'");
    }
}
