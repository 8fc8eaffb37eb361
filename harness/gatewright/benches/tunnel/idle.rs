//! What idle tunnels and idle sessions cost in memory, at the edge and at their agents, and whether a request to one
//! tunnel feels the others. The edge is a process of its own for that: this program, started once more.

use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Range;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use client::{Agent, HttpTunnel};
use edge::model::authtoken;
use edge::{Config, Edge, NewAccount};
use futures_util::future::try_join_all;
use gatewright::upstream::{Kind, Upstream};
use ground::authority::client_config_trusting;
use ground::outbound::Route;
use ground::{Authority, Clock, Outbound, Secret, Sink};
use rustls::pki_types::ServerName;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio_rustls::TlsConnector;
use wire::heartbeat::Pace;

use crate::figures::{Series, Table};
use crate::lean::Lean;
use crate::{Outcome, machine};

/// What tells this program to be the edge.
const PART: &str = "GATEWRIGHT_BENCH_PART";
/// Accounts have a bounded number of sessions, and sessions of tunnels.
const SESSIONS_EACH: usize = 200;
const TUNNELS_EACH: usize = 200;
const ACCOUNTS: usize = 60;
/// So many join or bind at a time, and are there before those that are counted.
const AT_A_TIME: usize = 32;
const DOMAIN: &str = "tunnel.test";
const NAME: &str = "one.tunnel.test";

pub(crate) async fn measure(counts: [usize; 3], time: Duration) -> Outcome<Table> {
    let mut table = Table::new("Idle, bytes each, beside a few others", &["edge", "agents"]);
    for count in counts {
        let one = EdgeProcess::start().await?;
        let mut agents = one.join(0..AT_A_TIME).await?;
        let before = Memory::of(&one)?;
        agents.extend(one.join(AT_A_TIME..AT_A_TIME + count).await?);
        table.row(format!("sessions, {count}"), Memory::of(&one)?.since(&before, count));
    }
    let mut latencies = Vec::new();
    for count in counts {
        let one = EdgeProcess::start().await?;
        let upstream = Upstream::start(Kind::Streaming { text: "x".repeat(900) }, Sink::forgetful()).await?;
        let all = AT_A_TIME + count;
        let agents = one.join(0..all.div_ceil(TUNNELS_EACH)).await?;
        let app: client::Upstream = upstream.address().to_string().parse()?;
        let bind = |number: usize| {
            let tunnel = HttpTunnel::new(app.clone());
            agents[number / TUNNELS_EACH].bind(if number == 0 { tunnel.domain(NAME) } else { tunnel })
        };
        try_join_all((0..AT_A_TIME).map(bind)).await?;
        let before = Memory::of(&one)?;
        for from in (AT_A_TIME..all).step_by(AT_A_TIME) {
            try_join_all((from..all.min(from + AT_A_TIME)).map(bind)).await?;
        }
        table.row(format!("tunnels, {count}"), Memory::of(&one)?.since(&before, count));
        latencies.push((all, one.ask(time).await?));
    }
    for (count, series) in latencies {
        let [p50, p99] = [50, 99].map(|percent| format!("{:.3} ms", series.percentile(percent)));
        table.note(format!("a request to one of {count} tunnels: p50 {p50}, p99 {p99}"));
    }
    Ok(table)
}

/// Memory of both processes, in KiB.
struct Memory {
    edge: u64,
    agent: u64,
}

impl Memory {
    fn of(edge: &EdgeProcess) -> Outcome<Self> {
        let process = edge.child.id().ok_or("the edge has ended")?;
        let unknown = "the system does not tell";
        let edge = machine::resident_of(&process.to_string()).ok_or(unknown)?;
        Ok(Self { edge, agent: machine::resident_of("self").ok_or(unknown)? })
    }

    fn since(&self, before: &Self, count: usize) -> [String; 2] {
        let each = |now: u64, then: u64| (now.saturating_sub(then) * 1024 / count as u64).to_string();
        [each(self.edge, before.edge), each(self.agent, before.agent)]
    }
}

/// What this program may be besides the benchmark.
pub(crate) struct Part;

impl Part {
    pub(crate) fn asked_for() -> Option<Self> {
        std::env::var_os(PART).map(|_| Self)
    }

    /// An edge that says where it is, and stands until its input ends.
    pub(crate) fn play(self) -> Outcome {
        tokio::runtime::Runtime::new()?.block_on(async {
            let authority = Authority::new()?;
            let tokens: Vec<Secret> = (0..ACCOUNTS).map(|_| authtoken()).collect();
            let accounts = tokens.iter().enumerate().map(|(number, token)| NewAccount {
                name: format!("Acme {number}"),
                plan: "Enterprise".to_owned(),
                oidc: true,
                logins: Vec::new(),
                authtokens: vec![token.clone()],
                api_keys: Vec::new(),
            });
            let edge = Edge::start(Config {
                domain: DOMAIN.to_owned(),
                authority: authority.clone(),
                clock: Clock::new(),
                evidence: Sink::forgetful(),
                outbound: Outbound::new(Route::Loopback, Ipv4Addr::LOCALHOST, authority.client_config(&[])?),
                accounts: accounts.collect(),
                public_port: Some(443),
                region: "bench".to_owned(),
                state: None,
            })
            .await?;
            let tokens: Vec<_> = tokens.iter().map(Secret::expose).collect();
            let (https, agents) = (edge.https_addr().to_string(), edge.agent_addr().to_string());
            let said = json!({ "https": https, "agents": agents, "tokens": tokens, "pem": authority.certificate_pem() });
            println!("{said}");
            tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
            edge.stop().await;
            Ok(())
        })
    }
}

struct EdgeProcess {
    child: Child,
    https: SocketAddr,
    agents: String,
    tokens: Vec<String>,
    tls: Arc<rustls::ClientConfig>,
}

impl EdgeProcess {
    async fn start() -> Outcome<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.env(PART, "edge").stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn()?;
        let mut lines = BufReader::new(child.stdout.take().ok_or("the edge has no output")?).lines();
        let said: Value = serde_json::from_str(&lines.next_line().await?.ok_or("the edge said nothing")?)?;
        let text = |name: &str| said[name].as_str().unwrap_or_default().to_owned();
        let tokens = said["tokens"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let tls = client_config_trusting(&text("pem"), "the edge", &[])?;
        let tokens = tokens.map(str::to_owned).collect();
        Ok(Self { child, https: text("https").parse()?, agents: text("agents"), tokens, tls })
    }

    /// The agents with these numbers, a few at a time.
    async fn join(&self, numbers: Range<usize>) -> Outcome<Vec<Agent>> {
        let mut agents = Vec::with_capacity(numbers.len());
        for from in numbers.clone().step_by(AT_A_TIME) {
            let joining = (from..numbers.end.min(from + AT_A_TIME)).map(|number| self.agent(number));
            agents.extend(try_join_all(joining).await?);
        }
        Ok(agents)
    }

    async fn agent(&self, number: usize) -> Outcome<Agent> {
        let outbound = || Outbound::new(Route::Loopback, Ipv4Addr::LOCALHOST, Arc::clone(&self.tls));
        let token = self.tokens.get(number / SESSIONS_EACH).ok_or("more sessions than accounts have")?;
        let config = client::Config {
            server_addr: self.agents.parse()?,
            authtoken: Some(Secret::new("authtoken", token)),
            metadata: String::new(),
            pace: Pace::default(),
            to_edge: outbound(),
            to_upstreams: outbound(),
            tls: Arc::clone(&self.tls),
        };
        Ok(Agent::start(config, Sink::forgetful()).await?)
    }

    /// Asks the first tunnel again and again, one request at a time.
    async fn ask(&self, time: Duration) -> Outcome<Series> {
        let stream = TcpStream::connect(self.https).await?;
        stream.set_nodelay(true)?;
        let tls = TlsConnector::from(Arc::clone(&self.tls));
        let stream = tls.connect(ServerName::try_from(NAME)?, stream).await?;
        let mut lean = Lean::new(Box::new(stream), "/", &[format!("host: {NAME}")]);
        for _ in 0..100 {
            lean.ask().await?;
        }
        let (mut series, end) = (Series::default(), Instant::now() + time);
        while Instant::now() < end {
            let began = Instant::now();
            lean.ask().await?;
            series.note(began.elapsed());
        }
        Ok(series)
    }
}
