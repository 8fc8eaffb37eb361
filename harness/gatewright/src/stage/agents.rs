//! The agents of a stage: those of the beginning, in this process, and those that steps start, as processes.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use client::{Agent, AgentError, HttpTunnel, LabeledTunnel, Tunnel as BoundTunnel};
use ground::outbound::Route;
use ground::{Outbound, Secret};
use tokio::sync::Mutex;
use wire::heartbeat::Pace;
use wire::message::Oidc;

use super::SetError;
use super::process::Process;
use super::set::{AGENTS_PORT, connect_host, host_of};
use super::world::World;
use crate::record::Event;
use crate::scenario::given::Tunnel;
use crate::vocabulary::{AccountName, StepError, Template};

/// The agents of a stage, by name.
#[derive(Debug, Default)]
pub(crate) struct Agents {
    hired: Mutex<BTreeMap<String, Hired>>,
    /// What processes have printed next to "Forwarding".
    urls: std::sync::Mutex<BTreeMap<String, String>>,
}

/// An agent that is there, running or not.
#[derive(Debug)]
pub(crate) enum Hired {
    /// In this process.
    Inside {
        /// How it is started.
        plan: Box<Plan>,
        /// The agent with its tunnel, while it runs.
        running: Option<(Agent, BoundTunnel)>,
    },
    /// A process of its own.
    Process(Process),
}

/// How an agent of this process is started.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    config: client::Config,
    bind: Bind,
}

#[derive(Clone, Debug)]
enum Bind {
    Http(Box<HttpTunnel>),
    Labeled(LabeledTunnel),
}

impl Plan {
    async fn start(&self, world: &World, name: &str) -> Result<(Agent, BoundTunnel), AgentError> {
        let label: Arc<str> = name.into();
        let sink = world.log.sink(move |event| Event::Agent(Arc::clone(&label), event));
        let agent = Agent::start(self.config.clone(), sink).await?;
        let tunnel = match &self.bind {
            Bind::Http(tunnel) => agent.bind((**tunnel).clone()).await?,
            Bind::Labeled(tunnel) => agent.label(tunnel.clone()).await?,
        };
        Ok((agent, tunnel))
    }
}

impl Agents {
    /// The public URL that an agent's process has printed.
    pub(super) fn url(&self, name: &str) -> Option<String> {
        self.urls.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// The public URLs that agents' processes have printed.
    pub(super) fn urls(&self) -> Vec<String> {
        self.urls.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    pub(super) fn keep_url(&self, name: &str, url: &str) {
        self.urls.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), url.to_owned());
    }

    pub(crate) async fn hire(&self, name: &str, process: Process) {
        self.hired.lock().await.insert(name.to_owned(), Hired::Process(process));
    }

    /// Everybody who was ever hired.
    pub(super) async fn names(&self) -> Vec<String> {
        self.hired.lock().await.keys().cloned().collect()
    }

    /// When it began, if it is a process of its own.
    pub(crate) async fn process_began(&self, name: &str) -> Option<Instant> {
        match self.hired.lock().await.get(name) {
            Some(Hired::Process(process)) => Some(process.began()),
            _ => None,
        }
    }

    /// Ends all of them in good order.
    pub(super) async fn stop_all(&self) {
        for hired in self.hired.lock().await.values_mut() {
            match hired {
                Hired::Inside { running, .. } => {
                    if let Some((agent, _)) = running.take() {
                        agent.shutdown().await;
                    }
                }
                Hired::Process(process) => process.kill().await,
            }
        }
    }
}

impl World {
    pub(crate) fn agents(&self) -> &Agents {
        &self.agents
    }

    /// Starts the agent of a tunnel of the beginning, and waits until the tunnel is up.
    pub(super) async fn bring_up(&self, name: &str, given: &Tunnel) -> Result<(), SetError> {
        let bind = match given {
            Tunnel::Http(_) => Bind::Http(Box::new(self.http_tunnel(name, given)?)),
            Tunnel::Edge(tunnel) => {
                let edge = self.ids.edges.get(tunnel.edge.as_str());
                let edge =
                    edge.ok_or_else(|| SetError::Given(format!("there is no Edge {}", tunnel.edge)))?;
                Bind::Labeled(LabeledTunnel {
                    name: name.to_owned(),
                    ..LabeledTunnel::new(self.app_behind(tunnel.upstream.as_str())?, "edge", &edge.id)
                })
            }
        };
        let account = match given {
            Tunnel::Http(tunnel) => tunnel.account.as_ref(),
            Tunnel::Edge(tunnel) => tunnel.account.as_ref(),
        };
        let plan = Box::new(Plan { config: self.agent_config(name, account).await?, bind });
        let started = plan.start(self, name).await;
        let running = started.map_err(|source| SetError::Tunnel { tunnel: name.to_owned(), source })?;
        let hired = Hired::Inside { plan, running: Some(running) };
        self.agents.hired.lock().await.insert(name.to_owned(), hired);
        Ok(())
    }

    fn http_tunnel(&self, name: &str, given: &Tunnel) -> Result<HttpTunnel, SetError> {
        let Tunnel::Http(given) = given else {
            return Err(SetError::Given(format!("{name} is no http tunnel")));
        };
        let fill = |templates: &[Template]| -> Result<Vec<String>, StepError> {
            templates.iter().map(|template| template.fill(|reference| self.value(reference))).collect()
        };
        let url = self.tunnel_url(name)?;
        let tunnel = HttpTunnel::new(self.app_behind(given.http.as_str())?);
        let tunnel = HttpTunnel { name: name.to_owned(), ..tunnel }.domain(host_of(&url));
        let Some(provider) = &given.oidc else { return Ok(tunnel) };
        let app = self.app(provider.app.as_str())?;
        Ok(tunnel.oidc(Oidc {
            issuer_url: self.org.issuer(),
            client_id: app.id.to_string(),
            client_secret: Some(app.secret.clone()),
            allow_emails: fill(&given.allow_emails)?,
            allow_domains: fill(&given.allow_domains)?,
            ..Oidc::default()
        }))
    }

    fn app_behind(&self, upstream: &str) -> Result<client::Upstream, SetError> {
        let address = self.upstream_address(upstream);
        let address = address.ok_or_else(|| SetError::Given(format!("there is no upstream {upstream}")))?;
        address
            .to_string()
            .parse()
            .map_err(|error: client::upstream::UpstreamError| SetError::Given(error.to_string()))
    }

    async fn agent_config(
        &self,
        name: &str,
        account: Option<&AccountName>,
    ) -> Result<client::Config, SetError> {
        let membership = self.network.join(name, self.run.addresses().draw()).await?;
        let tls = self.run.authority().client_config(&[])?;
        let server_addr = format!("{}:{}", connect_host(&self.edge()), AGENTS_PORT);
        Ok(client::Config {
            server_addr: server_addr
                .parse()
                .map_err(|error: client::config::ServerAddrError| SetError::Given(error.to_string()))?,
            tls: Arc::clone(&tls),
            authtoken: Some(self.authtoken(account)?),
            metadata: String::new(),
            pace: Pace::default(),
            to_edge: Outbound::new(Route::Proxy(membership.proxy), membership.source, Arc::clone(&tls)),
            to_upstreams: Outbound::new(Route::Loopback, membership.source, tls),
        })
    }

    /// An account's authtoken; the stage's own account's unless named.
    fn authtoken(&self, account: Option<&AccountName>) -> Result<Secret, SetError> {
        match account {
            None => Ok(self.own_authtoken().clone()),
            Some(name) => match self.ids.accounts.get(name.as_str()) {
                Some(account) => Ok(account.authtoken.clone()),
                None => Err(SetError::Given(format!("there is no account {name} at the edge"))),
            },
        }
    }

    /// An authtoken of the stage's own account.
    pub(crate) fn own_authtoken(&self) -> &Secret {
        &self.edge_config.accounts[0].authtokens[0]
    }

    /// Kills an agent: its connections break off.
    pub(crate) async fn kill_agent(&self, name: &str) -> Result<(), StepError> {
        match self.agents.hired.lock().await.get_mut(name) {
            Some(Hired::Inside { running, .. }) => drop(running.take()),
            Some(Hired::Process(process)) => process.kill().await,
            None => return Err(no_agent(name)),
        }
        Ok(())
    }

    /// Ends an agent in good order.
    pub(crate) async fn stop_agent(&self, name: &str) -> Result<(), StepError> {
        match self.agents.hired.lock().await.get_mut(name) {
            Some(Hired::Inside { running, .. }) => match running.take() {
                Some((agent, _)) => agent.shutdown().await,
                None => return Err(StepError::unmet(format!("agent {name} is not running"))),
            },
            Some(Hired::Process(process)) => process.interrupt().await?,
            None => return Err(no_agent(name)),
        }
        Ok(())
    }

    /// Starts an agent again as it was started first.
    pub(crate) async fn start_agent_again(&self, name: &str) -> Result<(), StepError> {
        let mut hired = self.agents.hired.lock().await;
        match hired.get_mut(name) {
            Some(Hired::Inside { plan, running }) => {
                let failed =
                    |error: AgentError| StepError::unmet(format!("agent {name} did not start: {error}"));
                *running = Some(plan.start(self, name).await.map_err(failed)?);
                Ok(())
            }
            Some(Hired::Process(process)) => process.start_again(self).await,
            None => Err(no_agent(name)),
        }
    }

    /// Waits until an agent's process has ended by itself, and gives its exit status.
    pub(crate) async fn agent_exit(&self, name: &str) -> Result<i32, StepError> {
        let exit = match self.agents.hired.lock().await.get(name) {
            Some(Hired::Process(process)) => process.exit(),
            Some(Hired::Inside { .. }) => {
                return Err(StepError::unmet(format!("agent {name} is no process of its own")));
            }
            None => return Err(no_agent(name)),
        };
        match tokio::time::timeout(self.patience(), exit).await {
            Ok(status) => Ok(status),
            Err(_) => Err(StepError::unmet(format!("agent {name} did not end"))
                .compared("a process that ends by itself", "it is running")),
        }
    }
}

fn no_agent(name: &str) -> StepError {
    StepError::unmet(format!("there is no agent {name}"))
}
