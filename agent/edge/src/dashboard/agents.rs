//! Agents: who is connected, what they hold, and how to stop or restart one.

use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;

use super::answer::render;
use super::change::Change;
use super::fault::Fault;
use super::frame::{Frame, Section};
use super::moment::{day, time};
use super::viewer::Viewer;
use crate::code::Code;
use crate::ingress::CommandError;
use crate::model::{Account, EndpointId, SessionId, SessionView, TunnelKind, TunnelView};

#[derive(Template)]
#[template(path = "dashboard/agents.html")]
struct AgentsPage {
    frame: Frame,
    agents: Vec<Row>,
}

struct Row {
    id: SessionId,
    version: String,
    system: String,
    address: String,
    started: String,
    tunnels: usize,
}

#[derive(Template)]
#[template(path = "dashboard/agent.html")]
struct AgentPage {
    frame: Frame,
    agent: Row,
    user_agent: String,
    credential: String,
    metadata: String,
    tunnels: Vec<Held>,
}

/// A tunnel of an agent.
struct Held {
    id: String,
    /// The endpoint of its own, with its URL.
    endpoint: Option<(EndpointId, String)>,
    labels: String,
    forwards_to: String,
    since: String,
}

pub(super) async fn list(viewer: Viewer) -> Result<Response, Fault> {
    let tunnels = viewer.account.tunnels();
    let agents = viewer.account.sessions().into_iter().rev().map(|session| row(&session, &tunnels)).collect();
    Ok(render(StatusCode::OK, &AgentsPage { frame: Frame::new(&viewer, Section::Agents)?, agents }))
}

pub(super) async fn show(viewer: Viewer, Path(id): Path<String>) -> Result<Response, Fault> {
    let session = find(&viewer.account, &id)?;
    let tunnels = viewer.account.tunnels();
    let held = tunnels.iter().filter(|tunnel| tunnel.session == session.id).map(held).collect();
    let page = AgentPage {
        frame: Frame::new(&viewer, Section::Agents)?,
        agent: row(&session, &tunnels),
        user_agent: session.agent.user_agent.clone(),
        credential: credential(&viewer.account, &session)?,
        metadata: session.agent.metadata.clone(),
        tunnels: held,
    };
    Ok(render(StatusCode::OK, &page))
}

pub(super) async fn stop(Path(id): Path<String>, change: Change) -> Result<Response, Fault> {
    let account = &change.viewer.account;
    told(account.stop_session(&find(account, &id)?.id).await, 805)
}

pub(super) async fn restart(Path(id): Path<String>, change: Change) -> Result<Response, Fault> {
    let account = &change.viewer.account;
    told(account.restart_session(&find(account, &id)?.id).await, 804)
}

/// The agent did as it was told, or refused, for which there is a code.
fn told(result: Result<(), CommandError>, refused: u16) -> Result<Response, Fault> {
    match result {
        Ok(()) => Ok(Redirect::to("/agents").into_response()),
        Err(CommandError::Unknown(error)) => Err(error.into()),
        Err(error) => {
            let code = if matches!(error, CommandError::Refused(_)) { refused } else { 810 };
            Err(Fault::Refused {
                status: StatusCode::BAD_GATEWAY,
                code: Code(code),
                reason: format!("{error}."),
            })
        }
    }
}

fn find(account: &Account, id: &str) -> Result<SessionView, Fault> {
    account.sessions().into_iter().find(|session| session.id.as_str() == id).ok_or(Fault::NotFound)
}

/// The credential that an agent came with, by what people call it.
fn credential(account: &Account, session: &SessionView) -> Result<String, Fault> {
    let known = account.credentials()?.into_iter().find(|known| known.id == session.credential);
    let named = known.map(|known| known.description).filter(|description| !description.is_empty());
    Ok(named.unwrap_or_else(|| session.credential.to_string()))
}

fn row(session: &SessionView, tunnels: &[TunnelView]) -> Row {
    let agent = &session.agent;
    let version = match (agent.user_agent.split_whitespace().next(), agent.version.is_empty()) {
        (Some(product), _) => product.to_owned(),
        (None, false) => agent.version.clone(),
        (None, true) => "unknown".to_owned(),
    };
    let system = [agent.os.as_str(), agent.arch.as_str()].into_iter().filter(|part| !part.is_empty());
    Row {
        id: session.id.clone(),
        version,
        system: system.collect::<Vec<_>>().join(", "),
        address: session.address.ip().to_string(),
        started: day(session.started_at),
        tunnels: tunnels.iter().filter(|tunnel| tunnel.session == session.id).count(),
    }
}

fn held(tunnel: &TunnelView) -> Held {
    let (endpoint, labels) = match &tunnel.kind {
        TunnelKind::Endpoint { id, .. } => {
            (Some((id.clone(), tunnel.url.clone().unwrap_or_default())), String::new())
        }
        TunnelKind::Labeled(labels) => {
            let labels = labels.iter().map(|(name, value)| format!("{name}={value}"));
            (None, labels.collect::<Vec<_>>().join(", "))
        }
    };
    Held {
        id: tunnel.id.to_string(),
        endpoint,
        labels,
        forwards_to: tunnel.forwards_to.clone(),
        since: time(tunnel.started_at),
    }
}
