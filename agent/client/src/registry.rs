//! The tunnels of an agent, whichever session they live in at the moment.

use std::collections::BTreeMap;
use std::sync::Arc;

use ground::Secret;
use tokio::sync::watch;
use wire::message::{
    Bind, BindAnswer, BindExtra, Options, Refusal, StartTunnelWithLabel, StartTunnelWithLabelAnswer,
};
use wire::{Session, StreamType};

use crate::endpoint::{Endpoint, Kind};
use crate::error::AgentError;
use crate::gauges::Gauges;
use crate::link::ask;

/// What a proxied stream, and whoever asks how a tunnel is doing, need to know of it.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) number: u64,
    pub(crate) endpoint: Arc<Endpoint>,
    /// Its public URL; none for a labeled tunnel.
    pub(crate) url: Option<String>,
    pub(crate) gauges: Arc<Gauges>,
}

/// What the edge gave for an endpoint.
#[derive(Clone, Debug)]
pub(crate) struct Bound {
    pub(crate) id: String,
    pub(crate) url: Option<String>,
    token: Option<Secret>,
    opts: Options,
}

/// A tunnel.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) endpoint: Arc<Endpoint>,
    pub(crate) bound: Bound,
    pub(crate) gauges: Arc<Gauges>,
    /// Says why the edge ended it.
    pub(crate) stopped: watch::Sender<Option<Refusal>>,
}

/// All tunnels by their number here. Whoever holds it may bind, so that a reconnect and a new tunnel don't miss each
/// other.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    pub(crate) entries: BTreeMap<u64, Entry>,
    next: u64,
}

impl Registry {
    /// The number of a new tunnel.
    pub(crate) fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// The number of the tunnel with this id at the edge.
    pub(crate) fn find(&self, id: &str) -> Option<u64> {
        self.entries.iter().find(|(_, entry)| entry.bound.id == id).map(|(number, _)| *number)
    }
}

impl Endpoint {
    /// Asks the edge for it; with what it `had` before, for the same again.
    pub(crate) async fn bind(&self, session: &Session, had: Option<&Bound>) -> Result<Bound, AgentError> {
        match &self.kind {
            Kind::Labeled(labels) => start_labeled(session, self, labels).await,
            _ => bind(session, self, had).await,
        }
    }
}

async fn bind(session: &Session, endpoint: &Endpoint, had: Option<&Bound>) -> Result<Bound, AgentError> {
    let request = Bind {
        id: had.map(|bound| bound.id.clone()).unwrap_or_default(),
        proto: endpoint.proto().to_owned(),
        forwards_to: endpoint.upstream.to_string(),
        forwards_proto: endpoint.forwards_proto().to_owned(),
        opts: had.map_or_else(|| endpoint.options(), |bound| bound.opts.clone()),
        extra: BindExtra {
            token: had.and_then(|bound| bound.token.clone()),
            metadata: endpoint.metadata.clone(),
            description: endpoint.description.clone(),
            pooling_enabled: endpoint.pooling,
            bindings: endpoint.bindings.clone(),
            ..BindExtra::default()
        },
    };
    let answer: BindAnswer = ask(session, StreamType::BIND, "Bind", &request).await?;
    refused(&answer.error)?;
    Ok(Bound { id: answer.id, url: Some(answer.url), token: answer.extra.token, opts: answer.opts })
}

async fn start_labeled(
    session: &Session,
    endpoint: &Endpoint,
    labels: &BTreeMap<String, String>,
) -> Result<Bound, AgentError> {
    let request = StartTunnelWithLabel {
        labels: labels.clone(),
        forwards_to: endpoint.upstream.to_string(),
        forwards_proto: endpoint.forwards_proto().to_owned(),
        metadata: endpoint.metadata.clone(),
    };
    let what = "StartTunnelWithLabel";
    let kind = StreamType::START_TUNNEL_WITH_LABEL;
    let answer: StartTunnelWithLabelAnswer = ask(session, kind, what, &request).await?;
    refused(&answer.error)?;
    Ok(Bound { id: answer.id, url: None, token: None, opts: Options::default() })
}

fn refused(error: &str) -> Result<(), AgentError> {
    Refusal::parse(error).map_or(Ok(()), |refusal| Err(AgentError::Unbound(refusal)))
}
