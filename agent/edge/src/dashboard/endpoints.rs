//! The first page: what is public, and how something new gets there. And one endpoint by itself.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use http::StatusCode;

use super::answer::render;
use super::fault::Fault;
use super::frame::{Frame, Section};
use super::moment::day;
use super::traffic;
use super::viewer::Viewer;
use crate::model::{Account, EdgeId, EndpointId, EndpointView, Scheme, TunnelView, UpstreamProtocol};

#[derive(Template)]
#[template(path = "dashboard/endpoints.html")]
struct EndpointsPage {
    frame: Frame,
    endpoints: Vec<Row>,
}

struct Row {
    id: EndpointId,
    url: String,
    /// Whether a browser can open the URL.
    opens: bool,
    edge: Option<EdgeId>,
    forwards_to: String,
    guarded: bool,
}

#[derive(Template)]
#[template(path = "dashboard/endpoint.html")]
struct EndpointPage {
    frame: Frame,
    endpoint: Row,
    created: String,
    reserved: Option<String>,
    tunnel: Option<Tunnel>,
    requests: Vec<traffic::Row>,
}

/// The tunnel that an endpoint is of.
struct Tunnel {
    id: String,
    session: String,
    name: String,
    description: String,
    metadata: String,
    protocol: &'static str,
    pooling: bool,
}

/// How many requests an endpoint's page shows.
const SHOWN: usize = 10;

pub(super) async fn list(viewer: Viewer) -> Result<Response, Fault> {
    let tunnels = viewer.account.tunnels();
    let rows =
        viewer.account.endpoints().into_iter().map(|endpoint| row(&viewer.account, &tunnels, endpoint));
    let endpoints = rows.collect();
    Ok(render(StatusCode::OK, &EndpointsPage { frame: Frame::new(&viewer, Section::Endpoints)?, endpoints }))
}

pub(super) async fn show(viewer: Viewer, Path(id): Path<String>) -> Result<Response, Fault> {
    let account = &viewer.account;
    let found = account.endpoints().into_iter().find(|endpoint| endpoint.id.as_str() == id);
    let endpoint = found.ok_or(Fault::NotFound)?;
    let tunnels = account.tunnels();
    let domains = account.domains();
    let of_endpoint = |request: &&crate::model::Inspected| request.endpoint.as_ref() == Some(&endpoint.id);
    let page = EndpointPage {
        frame: Frame::new(&viewer, Section::Endpoints)?,
        created: day(endpoint.created_at),
        reserved: domains
            .iter()
            .find(|domain| domain.host == endpoint.host)
            .map(|domain| domain.id.to_string()),
        tunnel: of(&tunnels, &endpoint).map(tunnel),
        requests: account.traffic().iter().filter(of_endpoint).take(SHOWN).map(traffic::row).collect(),
        endpoint: row(account, &tunnels, endpoint.clone()),
    };
    Ok(render(StatusCode::OK, &page))
}

fn of<'t>(tunnels: &'t [TunnelView], endpoint: &EndpointView) -> Option<&'t TunnelView> {
    tunnels.iter().find(|tunnel| Some(&tunnel.id) == endpoint.tunnel.as_ref())
}

fn row(account: &Account, tunnels: &[TunnelView], endpoint: EndpointView) -> Row {
    let tunnel = of(tunnels, &endpoint);
    Row {
        forwards_to: tunnel.map(|tunnel| tunnel.forwards_to.clone()).unwrap_or_default(),
        guarded: tunnel.is_some_and(|tunnel| tunnel.oidc)
            || endpoint.edge.as_ref().is_some_and(|edge| account.signs_in(edge)),
        opens: matches!(endpoint.scheme, Scheme::Http | Scheme::Https),
        id: endpoint.id,
        url: endpoint.url,
        edge: endpoint.edge,
    }
}

fn tunnel(tunnel: &TunnelView) -> Tunnel {
    Tunnel {
        id: tunnel.id.to_string(),
        session: tunnel.session.to_string(),
        name: tunnel.name.clone(),
        description: tunnel.description.clone(),
        metadata: tunnel.metadata.clone(),
        protocol: match tunnel.upstream_protocol {
            UpstreamProtocol::Http1 => "HTTP/1.1",
            UpstreamProtocol::Http2 => "HTTP/2",
        },
        pooling: tunnel.pooling,
    }
}
