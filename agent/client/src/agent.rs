//! The agent: its handle, its tunnels' handles, and what its tasks share.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ground::{Sink, Tasks};
use tokio::sync::watch;
use wire::message::{AuthAnswerExtra, Refusal, Unbind, UnbindAnswer};
use wire::{Session, StreamType};

use crate::book::Book;
use crate::config::{Config, Setup};
use crate::console;
use crate::endpoint::Endpoint;
use crate::error::AgentError;
use crate::event::Event;
use crate::gauges::Gauges;
use crate::inspector::Inspector;
use crate::keeper;
use crate::link::{self, Identity, VERSION};
use crate::registry::{Bound, Entry, Registry, Route};
use crate::web::{self, Door};

/// An agent that is joined to its edge, or on its way back there. Dropping it ends everything at once, without a word
/// to the edge, as a killed process would.
#[derive(Debug)]
pub struct Agent {
    shared: Arc<Shared>,
    tasks: Tasks,
    joined: AtomicBool,
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
        let agent = Self::new(config, Setup::default(), sink);
        agent.join().await?;
        Ok(agent)
    }

    /// An agent that has not called its edge yet.
    pub fn new(config: Config, setup: Setup, sink: Sink<Event>) -> Self {
        let shared = Arc::new(Shared::new(config, setup, sink));
        Self { shared, tasks: Tasks::new(), joined: AtomicBool::new(false) }
    }

    /// Calls the edge, and joins it when it answers. May be tried again when that fails; once it has succeeded, later
    /// losses are made good in the background, and calling this again does nothing.
    pub async fn join(&self) -> Result<(), AgentError> {
        if self.joined.load(Ordering::Acquire) {
            return Ok(());
        }
        let first = link::establish(&self.shared, &Identity::default()).await?;
        if !self.joined.swap(true, Ordering::AcqRel) {
            self.tasks.spawn(keeper::keep(Arc::clone(&self.shared), first));
        }
        Ok(())
    }

    /// Serves the local API and the inspector at a door, from now on until the agent is at an end.
    pub fn serve_web(&self, door: Door) {
        self.shared.book.pages().state.web = format!("http://{}", door.address());
        self.tasks.spawn(web::serve(door, Arc::clone(&self.shared), self.tasks.spawner()));
    }

    /// Binds an endpoint. Waits while the session is lost.
    pub async fn bind(&self, endpoint: impl Into<Endpoint>) -> Result<Tunnel, AgentError> {
        self.shared.bind(endpoint.into()).await
    }

    /// Serves an Edge that exists already. Waits while the session is lost.
    pub async fn label(&self, endpoint: impl Into<Endpoint>) -> Result<Tunnel, AgentError> {
        self.bind(endpoint).await
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
        if !self.joined.load(Ordering::Acquire) {
            self.shared.end(AgentError::ShutDown);
        }
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
        self.shared.close(self.number).await.map(drop)
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
    pub(crate) setup: Setup,
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
    fn new(config: Config, setup: Setup, sink: Sink<Event>) -> Self {
        let book = Book::new();
        book.pages().state.version = VERSION.to_owned();
        Self {
            config,
            setup,
            sink,
            book,
            standing: watch::Sender::new(Standing::Down),
            quit: watch::Sender::new(false),
            round_trip: Mutex::default(),
            registry: tokio::sync::Mutex::default(),
            routes: Mutex::default(),
        }
    }

    /// Where exchanges are kept, if they are.
    pub(crate) fn inspector(&self) -> Option<&Arc<Inspector>> {
        self.setup.inspector.as_ref()
    }

    /// Binds an endpoint in the session that there is, or in the next.
    pub(crate) async fn bind(self: &Arc<Self>, endpoint: Endpoint) -> Result<Tunnel, AgentError> {
        let endpoint = Arc::new(endpoint);
        loop {
            let session = self.session().await?;
            let mut registry = self.registry.lock().await;
            match endpoint.bind(&session, None).await {
                // With the next session, then.
                Err(AgentError::Lost(_)) => {}
                Err(error) => return Err(error),
                Ok(bound) => {
                    let (stopped, watching) = watch::channel(None);
                    let (number, url) = (registry.number(), bound.url.clone());
                    let entry = Entry { endpoint, bound, gauges: Arc::new(Gauges::new()), stopped };
                    self.tunnel_started(number, &entry, None);
                    registry.entries.insert(number, entry);
                    return Ok(Tunnel { shared: Arc::clone(self), number, url, stopped: watching });
                }
            }
        }
    }

    /// Gives a tunnel back to the edge; false when there is none with this number.
    pub(crate) async fn close(&self, number: u64) -> Result<bool, AgentError> {
        let mut registry = self.registry.lock().await;
        let Some(entry) = registry.entries.remove(&number) else { return Ok(false) };
        self.tunnel_gone(&entry, None);
        let standing = self.standing.borrow().clone();
        // An edge whose session is lost has lost the tunnel too.
        let Standing::Up(session) = standing else { return Ok(true) };
        let request = Unbind { id: entry.bound.id };
        match link::ask::<UnbindAnswer>(&session, StreamType::UNBIND, "Unbind", &request).await {
            Ok(answer) => {
                Refusal::parse(&answer.error).map_or(Ok(true), |refusal| Err(AgentError::Unclosed(refusal)))
            }
            Err(AgentError::Lost(_)) => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// The tunnels that are up, the eldest first.
    pub(crate) fn tunnels(&self) -> Vec<Arc<Route>> {
        let routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        let mut tunnels: Vec<_> = routes.values().cloned().collect();
        tunnels.sort_by_key(|route| route.number);
        tunnels
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
    pub(crate) async fn session(&self) -> Result<Session, AgentError> {
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

    pub(crate) fn console(&self) -> console::State {
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
        for (number, entry) in &mut registry.entries {
            let had = entry.bound.clone();
            entry.bound = entry.endpoint.bind(session, Some(&had)).await?;
            self.tunnel_started(*number, entry, Some(&had));
        }
        Ok(())
    }

    fn tunnel_started(&self, number: u64, entry: &Entry, had: Option<&Bound>) {
        let Entry { endpoint, bound, gauges, .. } = entry;
        {
            let mut routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(had) = had {
                routes.remove(&had.id);
            }
            let (endpoint, url, gauges) = (Arc::clone(endpoint), bound.url.clone(), Arc::clone(gauges));
            routes.insert(bound.id.clone(), Arc::new(Route { number, endpoint, url, gauges }));
        }
        self.say(Event::TunnelStarted {
            name: endpoint.name.clone(),
            id: bound.id.clone(),
            url: bound.url.clone(),
            labels: endpoint.labels(),
            upstream: endpoint.upstream.to_string(),
        });
    }

    fn tunnel_gone(&self, entry: &Entry, reason: Option<String>) {
        self.routes.lock().unwrap_or_else(PoisonError::into_inner).remove(&entry.bound.id);
        let (name, id) = (entry.endpoint.name.clone(), entry.bound.id.clone());
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
