//! Cloud Edge > Edges: the list, and a new one.

use askama::Template;
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;

use super::answer::render;
use super::change::Change;
use super::fault::Fault;
use super::frame::{Frame, Section};
use super::viewer::Viewer;
use crate::model::{Account, EdgeId, HttpsEdge, Scheme, TunnelKind, TunnelView};

#[derive(Template)]
#[template(path = "dashboard/cloud_edge.html")]
struct CloudEdgePage {
    frame: Frame,
    edges: usize,
}

#[derive(Template)]
#[template(path = "dashboard/edges.html")]
struct EdgesPage {
    frame: Frame,
    edges: Vec<Row>,
}

struct Row {
    id: EdgeId,
    description: String,
    urls: Vec<String>,
    tunnels: usize,
    guarded: bool,
}

#[derive(Template)]
#[template(path = "dashboard/new_edge.html")]
struct NewEdgePage {
    frame: Frame,
}

pub(super) async fn overview(viewer: Viewer) -> Result<Response, Fault> {
    let edges = viewer.account.edges().len();
    Ok(render(StatusCode::OK, &CloudEdgePage { frame: Frame::new(&viewer, Section::CloudEdge)?, edges }))
}

pub(super) async fn list(viewer: Viewer) -> Result<Response, Fault> {
    let row = |edge: HttpsEdge| Row {
        urls: urls(&viewer.account, &edge),
        tunnels: tunnels(&viewer.account, &edge).len(),
        guarded: viewer.account.signs_in(&edge.id),
        description: edge.description,
        id: edge.id,
    };
    let edges = viewer.account.edges().into_iter().map(row).collect();
    Ok(render(StatusCode::OK, &EdgesPage { frame: Frame::new(&viewer, Section::Edges)?, edges }))
}

pub(super) async fn choose(viewer: Viewer) -> Result<Response, Fault> {
    Ok(render(StatusCode::OK, &NewEdgePage { frame: Frame::new(&viewer, Section::Edges)? }))
}

pub(super) async fn create(change: Change) -> Result<Response, Fault> {
    let edge = change.viewer.account.create_edge_with_tunnel_group("")?;
    Ok(Redirect::to(&format!("/edges/{}", edge.id)).into_response())
}

/// The public URLs of an Edge.
pub(super) fn urls(account: &Account, edge: &HttpsEdge) -> Vec<String> {
    edge.hosts.iter().map(|host| account.model().url(Scheme::Https, host)).collect()
}

/// The tunnels that an Edge's requests may go to.
pub(super) fn tunnels(account: &Account, edge: &HttpsEdge) -> Vec<TunnelView> {
    let backends =
        edge.routes.iter().filter_map(|route| route.backend.as_ref()).filter(|backend| backend.enabled);
    let groups: Vec<_> = backends.filter_map(|backend| account.group(&backend.id).ok()).collect();
    let taken = |tunnel: &TunnelView| match &tunnel.kind {
        TunnelKind::Labeled(labels) => groups.iter().any(|group| group.takes(labels)),
        TunnelKind::Endpoint { .. } => false,
    };
    account.tunnels().into_iter().filter(taken).collect()
}
