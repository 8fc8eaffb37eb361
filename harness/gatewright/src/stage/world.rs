//! Everything that is on one stage.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use edge::Edge;
use edge::model::TunnelKind;
use ground::redaction::Redactor;
use ground::{Clock, Secret, Tasks};
use mock_idp::Org;
use mock_idp::model::{AppId, GroupId, PageRequest, UserId, ZoneId};
use rustls::ClientConfig;

use super::agents::Agents;
use super::cast::Cast;
use super::devices::Devices;
use super::run::Run;
use super::shots::Shot;
use crate::browser;
use crate::network::{Membership, Network};
use crate::people::View;
use crate::record::{Faces, Log, Record, StepSpan};
use crate::runner::{Attempt, Failure, Verdict};
use crate::upstream::Upstream;
use crate::vocabulary::{CopiedName, RememberedName, Step, StepError};

/// How long a step waits for what it expects of a part. Real time.
const PATIENCE: Duration = Duration::from_secs(10);

/// One stage's world.
#[derive(Debug)]
pub(crate) struct World {
    pub(super) run: Run,
    pub(super) clock: Clock,
    pub(super) log: Log,
    pub(super) redactor: Redactor,
    pub(super) network: Network,
    pub(super) org: Org,
    pub(super) edge: Mutex<Arc<Edge>>,
    pub(super) edge_config: edge::Config,
    pub(super) upstreams: BTreeMap<String, tokio::sync::Mutex<Upstream>>,
    /// Where the upstreams listen, up or not.
    pub(super) addresses: BTreeMap<String, SocketAddr>,
    /// Where the edge comes from when it asks the org.
    pub(super) edge_source: Ipv4Addr,
    pub(super) agents: Agents,
    pub(super) cast: Cast,
    pub(super) ids: Ids,
    pub(super) kept: Mutex<Kept>,
    /// The devices of people.
    pub(super) devices: Devices,
    pub(super) shots: Mutex<Vec<Shot>>,
    pub(super) tasks: Tasks,
}

/// What the names of a scenario stand for.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    pub(crate) users: BTreeMap<String, OrgUser>,
    pub(crate) groups: BTreeMap<String, GroupId>,
    pub(crate) zones: BTreeMap<String, ZoneId>,
    pub(crate) apps: BTreeMap<String, OrgApp>,
    pub(crate) accounts: BTreeMap<String, EdgeAccount>,
    pub(crate) edges: BTreeMap<String, HttpsEdge>,
    /// The public URL of each tunnel of the beginning.
    pub(crate) tunnels: BTreeMap<String, String>,
}

/// A user of the org.
#[derive(Clone, Debug)]
pub(crate) struct OrgUser {
    pub(crate) id: UserId,
    pub(crate) login: String,
    pub(crate) email: String,
    pub(crate) name: String,
    pub(crate) password: Secret,
}

/// An application of the org.
#[derive(Clone, Debug)]
pub(crate) struct OrgApp {
    pub(crate) id: AppId,
    pub(crate) label: String,
    pub(crate) secret: Secret,
}

/// A login at the edge's dashboard, with an authtoken of its account.
#[derive(Clone, Debug)]
pub(crate) struct EdgeAccount {
    pub(crate) account: String,
    pub(crate) email: String,
    pub(crate) password: Secret,
    pub(crate) authtoken: Secret,
}

/// A tunnel that the edge has.
#[derive(Clone, Debug)]
pub(crate) struct TunnelOnline {
    pub(crate) id: String,
    /// What its agent prints next to "Forwarding": its URL or its labels.
    pub(crate) forwards: String,
}

/// An HTTPS Edge.
#[derive(Clone, Debug)]
pub(crate) struct HttpsEdge {
    pub(crate) id: String,
    pub(crate) url: String,
}

/// What steps keep for later ones.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    pub(crate) copied: BTreeMap<String, String>,
    pub(crate) remembered: BTreeMap<String, String>,
    /// Where the answers to people's own requests redirect to.
    pub(crate) redirects: Vec<Redirect>,
    /// Expectations that have to hold at the end as well, with the index of their step.
    pub(crate) lasting: Vec<(usize, Step)>,
    /// When each step ran so far.
    pub(crate) steps: Vec<StepSpan>,
}

/// Where an answer to somebody's own request redirects to.
#[derive(Clone, Debug)]
pub(crate) struct Redirect {
    pub(crate) at: Instant,
    pub(crate) person: String,
    pub(crate) url: String,
}

impl World {
    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    pub(crate) fn log(&self) -> &Log {
        &self.log
    }

    pub(crate) fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    pub(crate) fn network(&self) -> &Network {
        &self.network
    }

    pub(crate) fn org(&self) -> &Org {
        &self.org
    }

    pub(crate) fn ids(&self) -> &Ids {
        &self.ids
    }

    pub(crate) fn edge(&self) -> Arc<Edge> {
        Arc::clone(&self.edge.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn upstream(&self, name: &str) -> Result<&tokio::sync::Mutex<Upstream>, StepError> {
        self.upstreams.get(name).ok_or_else(|| StepError::unmet(format!("there is no upstream {name}")))
    }

    /// How long a step waits for what it expects of a part.
    pub(crate) fn patience(&self) -> Duration {
        PATIENCE
    }

    /// What trusts the run's authority alone.
    pub(crate) fn trust(&self, alpn: &[&[u8]]) -> Result<Arc<ClientConfig>, StepError> {
        let trust = self.run.authority().client_config(alpn);
        trust.map_err(|error| StepError::broken(error.to_string()))
    }

    /// What is to be seen, in words, with its secrets masked.
    pub(crate) fn in_words(&self, view: &View) -> String {
        let masked = View { address: self.redactor.url(&view.address), ..view.clone() };
        self.redactor.text(&masked.to_string())
    }

    pub(crate) fn devices(&self) -> &Devices {
        &self.devices
    }

    pub(crate) fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps what was copied. The secret of an app that was made on the way is masked from now on.
    pub(crate) fn keep_copied(&self, name: &CopiedName, value: String) {
        let apps = self.org.model().apps(&PageRequest::all(), |_| true).items;
        apps.iter().filter_map(|app| app.secret.as_ref()).for_each(|secret| self.redactor.learn(secret));
        self.kept().copied.insert(name.as_str().to_owned(), value);
    }

    pub(crate) fn keep_remembered(&self, name: &RememberedName, value: String) {
        self.kept().remembered.insert(name.as_str().to_owned(), value);
    }

    /// Waits until everything has come to rest: no browser waits for anything, and no request is in flight anywhere.
    pub(crate) async fn rest(&self) -> Result<(), StepError> {
        let resting = async {
            loop {
                for driver in self.cast.drivers().await {
                    // A browser that is gone is at rest.
                    let _ = driver.idle().await;
                }
                self.log.activity().idle().await;
                tokio::task::yield_now().await;
                if self.log.activity().in_flight() == 0 {
                    return;
                }
            }
        };
        let rest = tokio::time::timeout(PATIENCE, resting).await;
        rest.map_err(|_| {
            let waiting = self.log.activity().in_flight();
            StepError::unmet(format!("the stage did not come to rest within {} s", PATIENCE.as_secs()))
                .compared("no request in flight", format!("{waiting} requests in flight"))
        })
    }

    /// The edge goes down and comes up at the same place; what it knew is what it was started with.
    pub(crate) async fn restart_edge(&self) -> Result<(), StepError> {
        let broken =
            |error: &dyn std::fmt::Display| StepError::broken(format!("the edge did not restart: {error}"));
        let edge = Edge::start(self.edge_config.clone()).await.map_err(|error| broken(&error))?;
        let urls = self.ids.tunnels.values().cloned().chain(self.agents.urls());
        super::set::serve_edge(&self.network, &edge, urls).map_err(|error| broken(&error))?;
        let old =
            std::mem::replace(&mut *self.edge.lock().unwrap_or_else(PoisonError::into_inner), Arc::new(edge));
        // Nobody else holds it longer than a step; where somebody does, it ends by being dropped.
        if let Some(old) = Arc::into_inner(old) {
            old.stop().await;
        }
        Ok(())
    }

    /// The `gatewright` command, for agents as processes of their own.
    pub(crate) fn command(&self) -> Result<PathBuf, StepError> {
        self.run.command().map(Path::to_path_buf).ok_or_else(|| {
            StepError::broken("the `gatewright` command is not beside this program")
                .advised("build it first: cargo build -p gatewright-command")
        })
    }

    /// The file with the run's authority.
    pub(crate) fn trust_file(&self) -> Result<String, StepError> {
        let file = self.run.trust_file();
        let file =
            file.map_err(|error| StepError::broken(format!("no file with the run's authority: {error}")))?;
        Ok(file.display().to_string())
    }

    /// Where an upstream listens.
    pub(crate) fn upstream_address(&self, name: &str) -> Option<SocketAddr> {
        self.addresses.get(name).copied()
    }

    /// The tunnels that the edge has now.
    pub(crate) fn tunnels_online(&self) -> Vec<TunnelOnline> {
        let edge = self.edge();
        let tunnels = edge.model().accounts().into_iter().flat_map(|account| account.tunnels());
        let online = tunnels.map(|tunnel| TunnelOnline {
            id: tunnel.id.to_string(),
            forwards: match &tunnel.kind {
                TunnelKind::Endpoint { .. } => tunnel.url.clone().unwrap_or_default(),
                TunnelKind::Labeled(labels) => {
                    labels.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(",")
                }
            },
        });
        online.collect()
    }

    /// Keeps the URL of an agent's tunnel, and leads its name to the edge, as whoever owns a name elsewhere does.
    pub(crate) fn keep_url(&self, agent: &str, url: &str) -> Result<(), StepError> {
        self.agents.keep_url(agent, url);
        super::set::serve_edge(&self.network, &self.edge(), std::iter::once(url.to_owned()))
            .map_err(|error| StepError::broken(format!("{url} could not be led to the edge: {error}")))
    }

    /// A way into the network for somebody from outside.
    pub(super) async fn visitor(&self) -> io::Result<Membership> {
        self.network.join("visitor", self.run.addresses().draw()).await
    }

    pub(crate) async fn membership(&self, who: &str) -> Result<Membership, StepError> {
        self.cast.membership(self, who).await
    }
}

impl World {
    /// Who is who on this stage.
    pub(super) async fn faces(&self) -> Faces {
        let mut faces = Faces::default();
        for name in self.cast.names() {
            if let Ok(source) = self.source_of(name) {
                faces.person(name, IpAddr::V4(source));
            }
        }
        faces.edge(IpAddr::V4(self.edge_source));
        self.addresses.iter().for_each(|(name, address)| faces.upstream(name, *address));
        for name in self.agents.names().await {
            match self.agents.process_began(&name).await {
                Some(_) => faces.process(&name),
                None => faces.agent(&name),
            }
        }
        faces
    }

    /// Lets everybody go home: uploads end, browsers close, agents stop, and then the edge, the org and the upstreams.
    pub(super) async fn strike(&self) {
        for (_, driver) in self.cast.open().await {
            // A browser that is gone is closed.
            let _ = driver.close().await;
        }
        self.agents.stop_all().await;
        for upstream in self.upstreams.values() {
            upstream.lock().await.stop().await;
        }
    }

    /// What had to hold at the end and doesn't, each with the index of its step.
    pub(super) fn lasting_broken(&self) -> Vec<(usize, StepError)> {
        let lasting = std::mem::take(&mut self.kept().lasting);
        let broken = lasting.into_iter().filter_map(|(index, step)| {
            let error = self.stayed(&step).err()?;
            let what = format!("{}, at the end", error.what);
            Some((index, StepError { what, ..error }))
        });
        broken.collect()
    }
}

impl World {
    /// How the person of the step that failed came to where they are.
    pub(crate) async fn redirects_of(
        &self,
        attempt: &Attempt<Record>,
        verdict: &Verdict,
    ) -> Option<reports::RedirectChain> {
        let Verdict::Failed(Failure { step: Some(step), .. }) = verdict else { return None };
        let person = match &attempt.plan().steps.get(*step)?.step {
            Step::Person(name, _) => name.as_str().to_owned(),
            // What others expected was most likely brought about by whoever came last.
            _ => self.cast.open().await.pop()?.0,
        };
        let document = self.driver(&person).await.ok()?.document().await.ok()??;
        let hop = |hop: &browser::Hop| reports::Hop {
            url: self.redactor.url(&hop.url),
            status: Some(hop.status.as_u16()),
        };
        let hops = document.hops().map(hop).collect();
        Some(reports::RedirectChain { person, hops })
    }
}
