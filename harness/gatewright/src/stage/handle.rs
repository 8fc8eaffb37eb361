//! A stage as its users see it.

use std::sync::Arc;

use super::world::World;
use super::{Names, Run, SetError};
use crate::record::{Log, Record};
use crate::scenario::Given;
use crate::vocabulary::{
    Agent, AgentName, Clock, Edge, Network, Okta, Performs, Person, PersonName, StepError, Upstream,
    UpstreamName,
};

/// One isolated world: an org, an edge, agents, upstreams, a network, a clock, and people.
///
/// ```no_run
/// # async fn example() -> gatewright::Result {
/// use gatewright::Stage;
/// use gatewright::given::{Given, HttpTunnel, Org, OrgApp, OrgUser, PageApp};
///
/// let given = Given::new()
///     .okta(Org::new().users(("mallory", OrgUser::new())).apps(("ngrok", OrgApp::new())))
///     .upstreams(("app", PageApp::new("Hello")))
///     .tunnels(("app", HttpTunnel::new("app").oidc("ngrok")));
/// let stage = Stage::set(&given).await?;
/// let mallory = stage.person("mallory");
/// mallory.opens("{tunnels.app}/").await?;
/// mallory.is_asked_to_sign_in_at(gatewright::SignInPlace::Okta).await?;
/// mallory.signs_in().await?;
/// stage.upstream("app").saw_nothing().await?;
/// stage.strike().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Stage {
    world: Arc<World>,
}

/// What is left of a stage that was struck.
#[derive(Debug)]
pub struct Ending {
    /// What its parts saw, secrets masked.
    pub record: Record,
    /// The expectations that no longer held at the end, each with the index of its step.
    pub broken: Vec<(usize, StepError)>,
}

impl Stage {
    /// An empty stage of this process's own run: an org and an edge, nobody and nothing else.
    pub async fn new() -> Result<Self, crate::Error> {
        Self::set(&Given::new()).await
    }

    /// A stage of this process's own run, with what is given.
    pub async fn set(given: &Given) -> Result<Self, crate::Error> {
        Ok(Self::set_in(&Run::of_this_process().await?, given).await?)
    }

    /// A stage of a run, with what is given.
    pub async fn set_in(run: &Run, given: &Given) -> Result<Self, SetError> {
        Self::set_under(run, &Names::IN_THE_NETWORK, given).await
    }

    /// A stage of a run, with what is given, under other names than those of its own network.
    pub async fn set_under(run: &Run, names: &Names, given: &Given) -> Result<Self, SetError> {
        Ok(Self { world: Arc::new(World::set(run, names, given).await?) })
    }

    /// Someone with a browser.
    pub fn person(&self, name: impl Into<PersonName>) -> Person {
        Person::new(name, self.performs())
    }

    /// An app behind the tunnels.
    pub fn upstream(&self, name: impl Into<UpstreamName>) -> Upstream {
        Upstream::new(name, self.performs())
    }

    /// An agent.
    pub fn agent(&self, name: impl Into<AgentName>) -> Agent {
        Agent::new(name, self.performs())
    }

    /// The org.
    pub fn okta(&self) -> Okta {
        Okta::new(self.performs())
    }

    /// The edge.
    pub fn edge(&self) -> Edge {
        Edge::new(self.performs())
    }

    /// The stage's time.
    pub fn clock(&self) -> Clock {
        Clock::new(self.performs())
    }

    /// The stage's network.
    pub fn network(&self) -> Network {
        Network::new(self.performs())
    }

    /// What the parts have seen so far.
    pub fn log(&self) -> &Log {
        self.world.log()
    }

    /// Takes the stage down, and judges once more what has to hold at the end.
    pub async fn strike(self) -> Result<(), StepError> {
        match self.end().await.broken.into_iter().next() {
            Some((_, error)) => Err(error),
            None => Ok(()),
        }
    }

    pub(crate) fn world(&self) -> &Arc<World> {
        &self.world
    }

    /// Takes the stage down and gives what is left of it.
    pub async fn end(self) -> Ending {
        self.world.strike().await;
        let broken = self.world.lasting_broken();
        let (faces, steps) = (self.world.faces().await, self.world.kept().steps.clone());
        let shots = self.world.take_shots();
        let (log, model) = (self.world.log(), self.world.org().model());
        let record = Record::of(log, model, steps, &faces, shots, self.world.redactor());
        Ending { record, broken }
    }

    fn performs(&self) -> Arc<dyn Performs> {
        Arc::clone(&self.world) as Arc<dyn Performs>
    }
}
