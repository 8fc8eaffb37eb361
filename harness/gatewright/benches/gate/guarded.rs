//! A guarded tunnel to a streaming upstream, a session at its gate, and connections with and without them.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use client::{Agent, HttpTunnel, Tunnel};
use gatewright::people::{Driver, HttpDriver};
use gatewright::stage::{Card, Names, Standing};
use gatewright::upstream::{Kind, Upstream};
use gatewright::{People, Run};
use ground::outbound::Route;
use ground::{Outbound, Secret, Sink, Spawner, Tasks};
use http::header::{COOKIE, HOST};
use http::{Request, Response, StatusCode};
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use wire::heartbeat::Pace;
use wire::message::Oidc;

use crate::Outcome;

const DOMAIN: &str = "app.tunnel.test";

/// Everything between a client and the upstream, up and running.
pub(crate) struct Guarded {
    run: Run,
    upstream: Upstream,
    edge: SocketAddr,
    cookies: String,
    standing: Standing,
    agent: Agent,
    _tunnel: Tunnel,
    tasks: Tasks,
}

/// The two ways to the upstream.
#[derive(Clone, Copy)]
pub(crate) enum Way {
    /// A plain connection.
    Direct,
    /// TLS to the edge, with a session at the gate, and on through the agent.
    ThroughTheTunnel,
}

impl Way {
    pub(crate) const BOTH: [Self; 2] = [Self::Direct, Self::ThroughTheTunnel];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Direct => "straight to the upstream",
            Self::ThroughTheTunnel => "through edge, gate and agent",
        }
    }
}

/// A kept HTTP/1.1 connection.
pub(crate) struct Connection {
    sender: SendRequest<Empty<Bytes>>,
    cookies: Option<String>,
}

impl Guarded {
    pub(crate) async fn set() -> Outcome<Self> {
        let run = Run::start(People::Http, 1)?;
        let standing = Standing::set(&run, &Names::IN_THE_NETWORK).await?;
        let card = standing.card();
        let kind = Kind::Streaming { text: "Hello".to_owned() };
        let upstream = Upstream::start(kind, Sink::forgetful()).await?;
        let (agent, tunnel) = tunnel(&run, &card, &upstream).await?;
        let cookies = session(&run, &card).await?;
        let edge = card.edge.https_addr.parse()?;
        Ok(Self { run, upstream, edge, cookies, standing, agent, _tunnel: tunnel, tasks: Tasks::new() })
    }

    pub(crate) async fn connect(&self, way: Way) -> Outcome<Connection> {
        match way {
            Way::Direct => {
                let stream = dial(self.upstream.address()).await?;
                Connection::over(stream, &self.tasks.spawner(), None).await
            }
            Way::ThroughTheTunnel => {
                let tls = TlsConnector::from(self.run.authority().client_config(&[b"http/1.1"])?);
                let stream = tls.connect(ServerName::try_from(DOMAIN)?, dial(self.edge).await?).await?;
                Connection::over(stream, &self.tasks.spawner(), Some(self.cookies.clone())).await
            }
        }
    }

    pub(crate) async fn strike(self) {
        self.tasks.stop().await;
        self.agent.shutdown().await;
        self.standing.strike().await;
    }
}

impl Connection {
    async fn over(
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
        tasks: &Spawner,
        cookies: Option<String>,
    ) -> Outcome<Self> {
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tasks.spawn(async move {
            // Its error is that of the request which it breaks.
            let _ = connection.await;
        });
        Ok(Self { sender, cookies })
    }

    /// The head of the upstream's own answer; anything else is an error.
    pub(crate) async fn send(&mut self, path: &str) -> Outcome<Response<Incoming>> {
        let mut request = Request::get(path).header(HOST, DOMAIN);
        if let Some(cookies) = &self.cookies {
            request = request.header(COOKIE, cookies);
        }
        self.sender.ready().await?;
        let answer = self.sender.send_request(request.body(Empty::new())?).await?;
        match answer.status() {
            StatusCode::OK => Ok(answer),
            status => Err(format!("{path} was answered with {status}").into()),
        }
    }
}

async fn dial(to: SocketAddr) -> Outcome<TcpStream> {
    let stream = TcpStream::connect(to).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// An agent and its tunnel, straight to the edge as from a terminal.
async fn tunnel(run: &Run, card: &Card, upstream: &Upstream) -> Outcome<(Agent, Tunnel)> {
    let tls = run.authority().client_config(&[])?;
    let outbound = || Outbound::new(Route::Loopback, Ipv4Addr::LOCALHOST, Arc::clone(&tls));
    let config = client::Config {
        server_addr: card.edge.agent_addr.parse()?,
        authtoken: Some(Secret::new("authtoken", &card.edge.authtoken)),
        metadata: String::new(),
        pace: Pace::default(),
        to_edge: outbound(),
        to_upstreams: outbound(),
        tls: Arc::clone(&tls),
    };
    let agent = Agent::start(config, Sink::forgetful()).await?;
    let tunnel = HttpTunnel::new(upstream.address().to_string().parse()?).domain(DOMAIN).oidc(Oidc {
        issuer_url: card.okta.issuer.clone(),
        client_id: card.okta.client_id.clone(),
        client_secret: Some(Secret::new("client secret", &card.okta.client_secret)),
        ..Oidc::default()
    });
    let tunnel = agent.bind(tunnel).await?;
    Ok((agent, tunnel))
}

/// Signs in, and gives the cookies of the session.
async fn session(run: &Run, card: &Card) -> Outcome<String> {
    let user = card.okta.users.iter().find(|user| user.assigned).ok_or("nobody is assigned")?;
    let tls = run.authority().client_config(&[b"h2", b"http/1.1"])?;
    let outbound = Outbound::new(Route::Proxy(card.proxy.parse()?), Ipv4Addr::LOCALHOST, tls);
    let person = HttpDriver::new(outbound, Sink::forgetful());
    let url = format!("https://{DOMAIN}/");
    person.open(&url).await?;
    person.fill(&"Username".into(), &user.login).await?;
    person.fill(&"Password".into(), &user.password).await?;
    person.click(&"Sign In".into()).await?;
    let cookies = person.cookies(&url).await?;
    let pairs = cookies.iter().map(|cookie| format!("{}={}", cookie.name, cookie.value.expose()));
    Ok(pairs.collect::<Vec<_>>().join("; "))
}
