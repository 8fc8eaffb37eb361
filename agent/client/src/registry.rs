//! The tunnels of an agent, whichever session they live in at the moment.

use std::collections::BTreeMap;

use ground::Secret;
use tokio::sync::watch;
use wire::message::{
    Bind, BindAnswer, BindExtra, Options, Refusal, StartTunnelWithLabel, StartTunnelWithLabelAnswer,
};
use wire::{Session, StreamType};

use crate::config::{HttpTunnel, LabeledTunnel};
use crate::error::AgentError;
use crate::link::ask;
use crate::upstream::Upstream;

/// What a proxied stream needs to know of its tunnel.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) name: String,
    pub(crate) upstream: Upstream,
}

/// What was asked for.
#[derive(Clone, Debug)]
pub(crate) enum Spec {
    Http(Box<HttpTunnel>),
    Labeled(LabeledTunnel),
}

/// What the edge gave for it.
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
    pub(crate) spec: Spec,
    pub(crate) bound: Bound,
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
    pub(crate) fn insert(&mut self, entry: Entry) -> u64 {
        let number = self.next;
        self.next += 1;
        self.entries.insert(number, entry);
        number
    }

    /// The number of the tunnel with this id at the edge.
    pub(crate) fn find(&self, id: &str) -> Option<u64> {
        self.entries.iter().find(|(_, entry)| entry.bound.id == id).map(|(number, _)| *number)
    }
}

impl Spec {
    pub(crate) fn name(&self) -> &str {
        match self {
            Spec::Http(tunnel) => &tunnel.name,
            Spec::Labeled(tunnel) => &tunnel.name,
        }
    }

    pub(crate) fn upstream(&self) -> &Upstream {
        match self {
            Spec::Http(tunnel) => &tunnel.upstream,
            Spec::Labeled(tunnel) => &tunnel.upstream,
        }
    }

    /// The labels as they are written on a command line; empty for a tunnel with a URL.
    pub(crate) fn labels(&self) -> String {
        match self {
            Spec::Http(_) => String::new(),
            Spec::Labeled(tunnel) => LabeledTunnel::shown(&tunnel.labels),
        }
    }

    pub(crate) fn route(&self) -> Route {
        Route { name: self.name().to_owned(), upstream: self.upstream().clone() }
    }

    /// Asks the edge for it; with what it `had` before, for the same again.
    pub(crate) async fn bind(&self, session: &Session, had: Option<&Bound>) -> Result<Bound, AgentError> {
        match self {
            Spec::Http(tunnel) => bind_http(session, tunnel, had).await,
            Spec::Labeled(tunnel) => start_labeled(session, tunnel).await,
        }
    }
}

async fn bind_http(session: &Session, tunnel: &HttpTunnel, had: Option<&Bound>) -> Result<Bound, AgentError> {
    let request = Bind {
        id: had.map(|bound| bound.id.clone()).unwrap_or_default(),
        proto: tunnel.scheme.proto().to_owned(),
        forwards_to: tunnel.upstream.to_string(),
        forwards_proto: String::new(),
        opts: had.map_or_else(|| Options::new(&tunnel.options), |bound| bound.opts.clone()),
        extra: BindExtra {
            token: had.and_then(|bound| bound.token.clone()),
            metadata: tunnel.metadata.clone(),
            ..BindExtra::default()
        },
    };
    let answer: BindAnswer = ask(session, StreamType::BIND, "Bind", &request).await?;
    refused(&answer.error)?;
    Ok(Bound { id: answer.id, url: Some(answer.url), token: answer.extra.token, opts: answer.opts })
}

async fn start_labeled(session: &Session, tunnel: &LabeledTunnel) -> Result<Bound, AgentError> {
    let request = StartTunnelWithLabel {
        labels: tunnel.labels.clone(),
        forwards_to: tunnel.upstream.to_string(),
        forwards_proto: String::new(),
        metadata: tunnel.metadata.clone(),
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
