//! Agents, apps, events, and deadlines.

use std::net::Ipv4Addr;
use std::time::Duration;

use client::{Agent, AgentError, Config, Event, HttpTunnel, Tunnel, Upstream};
use ground::evidence::Activity;
use ground::outbound::Route;
use ground::{Clock, Outbound, Secret, Sink};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use wire::heartbeat::Pace;

use crate::edge::Edge;

/// Waits for what must come, and says what it was when it doesn't.
pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(Duration::from_secs(20), future).await {
        Ok(outcome) => outcome,
        Err(_) => panic!("waited 20 s for {what}"),
    }
}

/// What an agent says it saw.
pub(crate) struct Events(mpsc::UnboundedReceiver<Event>);

impl Events {
    pub(crate) fn new() -> (Sink<Event>, Self) {
        let (deliver, events) = mpsc::unbounded_channel();
        let sink = Sink::new(Clock::new(), Activity::default(), move |stamped| {
            let _ = deliver.send(stamped.event);
        });
        (sink, Self(events))
    }

    pub(crate) async fn next(&mut self) -> Event {
        within("an event", self.0.recv()).await.unwrap()
    }

    /// The next event of its kind; others are passed over.
    pub(crate) async fn find<T>(&mut self, what: &str, mut pick: impl FnMut(&Event) -> Option<T>) -> T {
        within(what, async {
            loop {
                if let Some(found) = pick(&self.0.recv().await.unwrap()) {
                    return found;
                }
            }
        })
        .await
    }
}

pub(crate) fn config(edge: &Edge, authtoken: Option<&str>) -> Config {
    let tls = edge.authority.client_config(&[]).unwrap();
    let way = Outbound::new(Route::Loopback, Ipv4Addr::new(127, 0, 0, 9), tls.clone());
    Config {
        server_addr: edge.address.to_string().parse().unwrap(),
        tls,
        authtoken: authtoken.map(|token| Secret::new("authtoken", token)),
        metadata: "in a test".into(),
        pace: Pace::default(),
        to_edge: way.clone(),
        to_upstreams: way,
    }
}

/// An agent that is in, and what it says.
pub(crate) async fn joined(edge: &mut Edge) -> (Agent, Events) {
    let (sink, events) = Events::new();
    let agent = within("the agent", Agent::start(config(edge, Some("good")), sink)).await.unwrap();
    edge.next_auth().await;
    (agent, events)
}

pub(crate) async fn refused(edge: &Edge, authtoken: Option<&str>) -> AgentError {
    within("the refusal", Agent::start(config(edge, authtoken), Sink::forgetful())).await.unwrap_err()
}

/// An app that a test plays by hand.
pub(crate) struct App {
    listener: TcpListener,
    pub(crate) upstream: Upstream,
}

impl App {
    pub(crate) async fn start() -> Self {
        let listener = ground::serve::bind_loopback().await.unwrap();
        let upstream = format!("http://localhost:{}", listener.local_addr().unwrap().port());
        Self { listener, upstream: upstream.parse().unwrap() }
    }

    pub(crate) async fn accept(&self) -> TcpStream {
        within("a connection to the app", self.listener.accept()).await.unwrap().0
    }

    /// An address where nobody listens.
    pub(crate) async fn nowhere() -> Upstream {
        Self::start().await.upstream
    }
}

pub(crate) async fn bound(agent: &Agent, edge: &mut Edge, upstream: &Upstream) -> Tunnel {
    let tunnel = within("the tunnel", agent.bind(HttpTunnel::new(upstream.clone()))).await.unwrap();
    edge.next_bind().await;
    tunnel
}
