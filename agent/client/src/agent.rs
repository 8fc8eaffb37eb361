//! The agent: its handle, its tunnels' handles, and what its tasks share.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ground::{Sink, Tasks};
use tokio::sync::watch;
use wire::message::{AuthAnswerExtra, Refusal, Unbind, UnbindAnswer};
use wire::{Session, StreamType};

use crate::book::Book;
use crate::config::{Config, HttpTunnel, LabeledTunnel};
use crate::console;
use crate::error::AgentError;
use crate::event::Event;
use crate::keeper;
use crate::link::{self, Identity, VERSION};
use crate::registry::{Bound, Entry, Registry, Route, Spec};

/// An agent that is joined to its edge, or on its way back there. Dropping it ends everything at once, without a word
/// to the edge, as a killed process would.
#[derive(Debug)]
pub struct Agent {
    shared: Arc<Shared>,
    tasks: Tasks,
}

/// A tunnel of an agent. It lives as long as the agent, also when this handle is dropped, until it is closed or the
/// edge ends it.
#[derive(Debug)]
pub struct Tunnel {
    shared: Arc<Shared>,
    number: u64,
    url: Option<String>,
    stopped: watch::Receiver<Option<Refusal>>,
}

impl Agent {
    /// Joins the edge. Fails when the edge can't be reached or refuses; later losses are made good in the background.
    pub async fn start(config: Config, sink: Sink<Event>) -> Result<Self, AgentError> {
        let first = link::establish(&config, &Identity::default()).await?;
        let shared = Arc::new(Shared::new(config, sink));
        let tasks = Tasks::new();
        tasks.spawn(keeper::keep(Arc::clone(&shared), first));
        Ok(Self { shared, tasks })
    }

    /// Binds an endpoint. Waits while the session is lost.
    pub async fn bind(&self, tunnel: HttpTunnel) -> Result<Tunnel, AgentError> {
        self.start_tunnel(Spec::Http(Box::new(tunnel))).await
    }

    /// Serves an Edge that exists already. Waits while the session is lost.
    pub async fn label(&self, tunnel: LabeledTunnel) -> Result<Tunnel, AgentError> {
        self.start_tunnel(Spec::Labeled(tunnel)).await
    }

    async fn start_tunnel(&self, spec: Spec) -> Result<Tunnel, AgentError> {
        loop {
            let session = self.shared.session().await?;
            let mut registry = self.shared.registry.lock().await;
            match spec.bind(&session, None).await {
                // With the next session, then.
                Err(AgentError::Lost(_)) => {}
                Err(error) => return Err(error),
                Ok(bound) => {
                    self.shared.tunnel_started(&spec, &bound, None);
                    let (stopped, watching) = watch::channel(None);
                    let url = bound.url.clone();
                    let number = registry.insert(Entry { spec, bound, stopped });
                    return Ok(Tunnel { shared: Arc::clone(&self.shared), number, url, stopped: watching });
                }
            }
        }
    }

    /// What the console shows now.
    pub fn console(&self) -> console::State {
        self.shared.console()
    }

    /// Changes whenever the console has something new to show; rates and latency change by themselves too.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.shared.book.changes()
    }

    /// Waits until the agent is at an end, and says why: the edge asked it to stop, or won't have it any more.
    pub async fn ended(&self) -> Arc<AgentError> {
        self.shared.ended().await
    }

    /// Ends the agent in good order: the edge is told, and all that runs has ended when this returns.
    pub async fn shutdown(self) {
        self.shared.quit.send_replace(true);
        self.shared.ended().await;
        self.tasks.stop().await;
    }
}

impl Tunnel {
    /// The endpoint's public URL; none for a labeled tunnel.
    pub fn url(&self) -> Option<&str> {
        self.url.as_deref()
    }

    /// Gives the tunnel back to the edge. Closing what the edge has ended already is fine.
    pub async fn close(self) -> Result<(), AgentError> {
        let mut registry = self.shared.registry.lock().await;
        let Some(entry) = registry.entries.remove(&self.number) else { return Ok(()) };
        self.shared.tunnel_gone(&entry, None);
        let standing = self.shared.standing.borrow().clone();
        // An edge whose session is lost has lost the tunnel too.
        let Standing::Up(session) = standing else { return Ok(()) };
        let request = Unbind { id: entry.bound.id };
        match link::ask::<UnbindAnswer>(&session, StreamType::UNBIND, "Unbind", &request).await {
            Ok(answer) => {
                Refusal::parse(&answer.error).map_or(Ok(()), |refusal| Err(AgentError::Unclosed(refusal)))
            }
            Err(AgentError::Lost(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Waits until the edge ends the tunnel or the agent ends, and says why.
    pub async fn ended(&self) -> Arc<AgentError> {
        let mut stopped = self.stopped.clone();
        tokio::select! {
            Ok(refusal) = async { stopped.wait_for(Option::is_some).await.map(|refusal| refusal.clone()) } => {
                Arc::new(refusal.map_or(AgentError::ShutDown, AgentError::TunnelStopped))
            }
            ended = self.shared.ended() => ended,
        }
    }
}

/// How an agent stands with its edge.
#[derive(Clone, Debug)]
pub(crate) enum Standing {
    Down,
    Up(Session),
    Ended(Arc<AgentError>),
}

/// What an agent's tasks share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) config: Config,
    sink: Sink<Event>,
    book: Book,
    standing: watch::Sender<Standing>,
    quit: watch::Sender<bool>,
    round_trip: Mutex<Option<watch::Receiver<Option<Duration>>>>,
    registry: tokio::sync::Mutex<Registry>,
    /// The tunnels by their ids at the edge.
    routes: Mutex<HashMap<String, Arc<Route>>>,
}

impl Shared {
    fn new(config: Config, sink: Sink<Event>) -> Self {
        let book = Book::new();
        book.pages().state.version = VERSION.to_owned();
        Self {
            config,
            sink,
            book,
            standing: watch::Sender::new(Standing::Down),
            quit: watch::Sender::new(false),
            round_trip: Mutex::default(),
            registry: tokio::sync::Mutex::default(),
            routes: Mutex::default(),
        }
    }

    /// Says that something happened.
    pub(crate) fn say(&self, event: Event) {
        self.book.note(&event);
        self.sink.emit(event);
    }

    pub(crate) fn stand(&self, standing: Standing) {
        self.standing.send_replace(standing);
    }

    /// Waits until the user wants the end.
    pub(crate) async fn quit(&self) -> AgentError {
        // The sender is ours, so the channel can't close while we wait.
        let _ = self.quit.subscribe().wait_for(|quit| *quit).await;
        AgentError::ShutDown
    }

    /// Says that the agent is at an end.
    pub(crate) fn end(&self, error: AgentError) {
        let error = Arc::new(error);
        self.say(Event::Ended { error: Arc::clone(&error) });
        self.stand(Standing::Ended(error));
    }

    async fn ended(&self) -> Arc<AgentError> {
        let mut standing = self.standing.subscribe();
        match standing.wait_for(|standing| matches!(standing, Standing::Ended(_))).await.as_deref() {
            Ok(Standing::Ended(error)) => Arc::clone(error),
            _ => Arc::new(AgentError::ShutDown),
        }
    }

    /// The session, once there is one that lives.
    async fn session(&self) -> Result<Session, AgentError> {
        let mut standing = self.standing.subscribe();
        let settled = |standing: &Standing| match standing {
            Standing::Down => false,
            Standing::Up(session) => session.close_reason().is_none(),
            Standing::Ended(_) => true,
        };
        match standing.wait_for(settled).await.as_deref() {
            Ok(Standing::Up(session)) => Ok(session.clone()),
            Ok(Standing::Ended(error)) => Err(AgentError::Ended(Arc::clone(error))),
            _ => Err(AgentError::ShutDown),
        }
    }

    fn console(&self) -> console::State {
        let mut state = self.book.read();
        let round_trip = self.round_trip.lock().unwrap_or_else(PoisonError::into_inner);
        state.latency = round_trip.as_ref().and_then(|watching| *watching.borrow());
        state
    }

    /// Brings all tunnels up in a new session.
    pub(crate) async fn bring_up(
        &self,
        session: &Session,
        account: &AuthAnswerExtra,
        round_trip: watch::Receiver<Option<Duration>>,
    ) -> Result<(), AgentError> {
        *self.round_trip.lock().unwrap_or_else(PoisonError::into_inner) = Some(round_trip);
        {
            let mut pages = self.book.pages();
            pages.state.account.clone_from(&account.account_name);
            pages.state.plan.clone_from(&account.plan_name);
        }
        let mut registry = self.registry.lock().await;
        for entry in registry.entries.values_mut() {
            let bound = entry.spec.bind(session, Some(&entry.bound)).await?;
            self.tunnel_started(&entry.spec, &bound, Some(&entry.bound));
            entry.bound = bound;
        }
        Ok(())
    }

    fn tunnel_started(&self, spec: &Spec, bound: &Bound, had: Option<&Bound>) {
        {
            let mut routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(had) = had {
                routes.remove(&had.id);
            }
            routes.insert(bound.id.clone(), Arc::new(spec.route()));
        }
        self.say(Event::TunnelStarted {
            name: spec.name().to_owned(),
            id: bound.id.clone(),
            url: bound.url.clone(),
            labels: spec.labels(),
            upstream: spec.upstream().to_string(),
        });
    }

    fn tunnel_gone(&self, entry: &Entry, reason: Option<String>) {
        self.routes.lock().unwrap_or_else(PoisonError::into_inner).remove(&entry.bound.id);
        let (name, id) = (entry.spec.name().to_owned(), entry.bound.id.clone());
        self.say(Event::TunnelStopped { name, id, reason });
    }

    /// The edge has ended a tunnel.
    pub(crate) async fn tunnel_stopped(&self, id: &str, refusal: Refusal) {
        let mut registry = self.registry.lock().await;
        let Some(entry) = registry.find(id).and_then(|number| registry.entries.remove(&number)) else {
            return;
        };
        let error = AgentError::TunnelStopped(refusal.clone());
        self.tunnel_gone(&entry, Some(error.to_string()));
        entry.stopped.send_replace(Some(refusal));
    }

    /// The tunnel with this id. A connection may come through before the answer to its Bind is read, so one that isn't
    /// known yet is looked for again when nothing is being bound.
    pub(crate) async fn route(&self, id: &str) -> Option<Arc<Route>> {
        let known = || self.routes.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned();
        match known() {
            Some(route) => Some(route),
            None => {
                let _nothing_is_being_bound = self.registry.lock().await;
                known()
            }
        }
    }
}
