//! The first page: what is public, and how something new gets there.

use askama::Template;
use axum::response::Response;
use http::StatusCode;

use super::answer::render;
use super::fault::Fault;
use super::frame::{Frame, Section};
use super::viewer::Viewer;
use crate::model::{Account, EdgeId, EndpointView, TunnelView};

#[derive(Template)]
#[template(path = "dashboard/endpoints.html")]
struct EndpointsPage {
    frame: Frame,
    endpoints: Vec<Row>,
}

struct Row {
    url: String,
    edge: Option<EdgeId>,
    forwards_to: String,
    guarded: bool,
}

pub(super) async fn show(viewer: Viewer) -> Result<Response, Fault> {
    let tunnels = viewer.account.tunnels();
    let rows =
        viewer.account.endpoints().into_iter().map(|endpoint| row(&viewer.account, &tunnels, endpoint));
    let endpoints = rows.collect();
    Ok(render(StatusCode::OK, &EndpointsPage { frame: Frame::new(&viewer, Section::Endpoints)?, endpoints }))
}

fn row(account: &Account, tunnels: &[TunnelView], endpoint: EndpointView) -> Row {
    let tunnel = tunnels.iter().find(|tunnel| Some(&tunnel.id) == endpoint.tunnel.as_ref());
    let edge = endpoint.edge.as_ref().and_then(|id| account.edge(id).ok());
    Row {
        url: endpoint.url,
        forwards_to: tunnel.map(|tunnel| tunnel.forwards_to.clone()).unwrap_or_default(),
        guarded: tunnel.is_some_and(|tunnel| tunnel.oidc)
            || edge.is_some_and(|edge| super::edges::is_guarded(&edge)),
        edge: endpoint.edge,
    }
}
