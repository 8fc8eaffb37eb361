//! Everything between clients and the upstream, up and running: an org and an edge, an agent with an open tunnel and a
//! guarded one, a session at the gate, and rathole beside them.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use client::{Agent, HttpTunnel, Tunnel};
use gatewright::people::{Driver, HttpDriver};
use gatewright::stage::{Card, Names, Standing};
use gatewright::upstream::{Kind, Upstream};
use gatewright::{People, Run};
use ground::outbound::Route;
use ground::{Authority, Outbound, Secret, Sink, Tasks};
use rustls::ClientConfig;
use wire::heartbeat::Pace;
use wire::message::Oidc;

use crate::Outcome;
use crate::rathole::Rathole;
use crate::way::Way;

/// About as long as the answers are that others were measured with: 1 KB.
const TEXT: usize = 900;

pub(crate) struct Scene {
    pub(crate) upstream: Upstream,
    pub(crate) edge: SocketAddr,
    pub(crate) cookies: String,
    pub(crate) rathole: Result<Rathole, String>,
    pub(crate) agent: Agent,
    pub(crate) tasks: Tasks,
    run: Run,
    standing: Standing,
    tunnels: Vec<Tunnel>,
    tls: [Arc<ClientConfig>; 2],
}

impl Scene {
    pub(crate) async fn set() -> Outcome<Self> {
        let run = Run::start(People::Http, 1)?;
        let standing = Standing::set(&run, &Names::IN_THE_NETWORK).await?;
        let card = standing.card();
        let kind = Kind::Streaming { text: "x".repeat(TEXT) };
        let upstream = Upstream::start(kind, Sink::forgetful()).await?;
        let address = upstream.address();
        let agent = agent(run.authority(), &card.edge.agent_addr, &card.edge.authtoken).await?;
        let open = HttpTunnel::new(address.to_string().parse()?).domain(Way::Open.host());
        let guarded = HttpTunnel::new(address.to_string().parse()?).domain(Way::Guarded.host()).oidc(Oidc {
            issuer_url: card.okta.issuer.clone(),
            client_id: card.okta.client_id.clone(),
            client_secret: Some(Secret::new("client secret", &card.okta.client_secret)),
            ..Oidc::default()
        });
        let tunnels = vec![agent.bind(open).await?, agent.bind(guarded).await?];
        let cookies = session(run.authority(), &card).await?;
        let rathole = Rathole::start(address).await;
        let tls = [run.authority().client_config(&[b"http/1.1"])?, run.authority().client_config(&[b"h2"])?];
        let edge = card.edge.https_addr.parse()?;
        Ok(Self { upstream, edge, cookies, rathole, agent, tasks: Tasks::new(), run, standing, tunnels, tls })
    }

    pub(crate) fn tls(&self, protocol: &[u8]) -> &Arc<ClientConfig> {
        &self.tls[usize::from(protocol == b"h2")]
    }

    /// What is to be said of it under a table.
    pub(crate) fn notes(&self) -> Option<String> {
        self.rathole.as_ref().err().map(|why| format!("rathole is not here: {why}"))
    }

    pub(crate) async fn strike(self) {
        self.tasks.stop().await;
        drop((self.tunnels, self.rathole));
        self.agent.shutdown().await;
        self.standing.strike().await;
        self.run.stop().await;
    }
}

/// An agent that goes straight to the edge, as from a terminal.
pub(crate) async fn agent(authority: &Authority, edge: &str, authtoken: &str) -> Outcome<Agent> {
    let tls = authority.client_config(&[])?;
    let outbound = || Outbound::new(Route::Loopback, Ipv4Addr::LOCALHOST, Arc::clone(&tls));
    let config = client::Config {
        server_addr: edge.parse()?,
        authtoken: Some(Secret::new("authtoken", authtoken)),
        metadata: String::new(),
        pace: Pace::default(),
        to_edge: outbound(),
        to_upstreams: outbound(),
        tls: Arc::clone(&tls),
    };
    Ok(Agent::start(config, Sink::forgetful()).await?)
}

/// Signs in, and gives the cookies of the session.
async fn session(authority: &Authority, card: &Card) -> Outcome<String> {
    let user = card.okta.users.iter().find(|user| user.assigned).ok_or("nobody is assigned")?;
    let tls = authority.client_config(&[b"h2", b"http/1.1"])?;
    let outbound = Outbound::new(Route::Proxy(card.proxy.parse()?), Ipv4Addr::LOCALHOST, tls);
    let person = HttpDriver::new(outbound, Sink::forgetful());
    let url = format!("https://{}/", Way::Guarded.host());
    person.open(&url).await?;
    person.fill(&"Username".into(), &user.login).await?;
    person.fill(&"Password".into(), &user.password).await?;
    person.click(&"Sign In".into()).await?;
    let cookies = person.cookies(&url).await?;
    let pairs = cookies.iter().map(|cookie| format!("{}={}", cookie.name, cookie.value.expose()));
    Ok(pairs.collect::<Vec<_>>().join("; "))
}
