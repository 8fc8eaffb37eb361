//! An edge in this process, an app behind it, and whoever opens its pages.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use gatewright::parts::edge::event::Event;
use gatewright::parts::edge::model::{api_key, authtoken};
use gatewright::parts::edge::{Account, Config, Edge, NewAccount};
use gatewright::parts::ground::evidence::Activity;
use gatewright::parts::ground::outbound::{Outbound, Route};
use gatewright::parts::ground::{Authority, Clock, Secret, Sink, Tasks};
use http::{Request, Response};
use tempfile::NamedTempFile;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::program::{DEADLINE, Program};

const ACCOUNT: &str = "Acme";

/// What the app says.
pub(crate) const HELLO: &str = "Hello from the app";

pub(crate) struct World {
    pub(crate) edge: Edge,
    pub(crate) authtoken: Secret,
    pub(crate) app: SocketAddr,
    pub(crate) tasks: Tasks,
    events: Events,
    authority: Authority,
    trust: NamedTempFile,
}

/// What the edge has said.
#[derive(Clone, Default)]
struct Events {
    seen: Arc<Mutex<Vec<Event>>>,
    count: Arc<watch::Sender<usize>>,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut NewAccount)) -> Self {
        let (authority, clock, tasks) = (Authority::new().unwrap(), Clock::new(), Tasks::new());
        let (events, authtoken) = (Events::default(), authtoken());
        let mut account = NewAccount {
            name: ACCOUNT.to_owned(),
            plan: "Enterprise".to_owned(),
            oidc: true,
            logins: Vec::new(),
            authtokens: vec![authtoken.clone()],
            api_keys: vec![api_key()],
        };
        change(&mut account);
        let edge = Edge::start(Config {
            domain: "tunnel.localhost".to_owned(),
            authority: authority.clone(),
            clock: clock.clone(),
            evidence: events.sink(clock),
            outbound: outbound(&authority),
            accounts: vec![account],
            public_port: None,
            region: "test".to_owned(),
            state: None,
        });
        let edge = edge.await.unwrap();
        let mut trust = tempfile::Builder::new().suffix(".pem").tempfile().unwrap();
        trust.write_all(authority.certificate_pem().as_bytes()).unwrap();
        let app = app(&tasks).await;
        Self { edge, authtoken, app, tasks, events, authority, trust }
    }

    pub(crate) fn account(&self) -> Account {
        self.edge.account(ACCOUNT).unwrap()
    }

    pub(crate) fn trust_file(&self) -> &str {
        self.trust.path().to_str().unwrap()
    }

    pub(crate) fn server_addr(&self) -> String {
        format!("localhost:{}", self.edge.agent_addr().port())
    }

    /// `gatewright` with these arguments, told in its environment where the edge is.
    pub(crate) fn agent(&self, arguments: &[&str]) -> Program {
        self.agent_with(arguments, Some(self.authtoken.expose()))
    }

    pub(crate) fn agent_with(&self, arguments: &[&str], authtoken: Option<&str>) -> Program {
        self.agent_at(&self.server_addr(), arguments, authtoken)
    }

    pub(crate) fn agent_at(&self, server_addr: &str, arguments: &[&str], authtoken: Option<&str>) -> Program {
        let mut environment =
            vec![("GATEWRIGHT_SERVER_ADDR", server_addr), ("GATEWRIGHT_ROOT_CAS", self.trust_file())];
        environment.extend(authtoken.map(|token| ("NGROK_AUTHTOKEN", token)));
        Program::start_with(arguments, &environment)
    }

    pub(crate) fn app_port(&self) -> String {
        self.app.port().to_string()
    }

    /// What a page answers.
    pub(crate) async fn get(&self, url: &str) -> Response<Bytes> {
        let request = Request::get(url).body(Bytes::new()).unwrap();
        outbound(&self.authority).send(request).await.unwrap()
    }

    /// Waits until the edge has said something, and gives what `wanted` makes of it.
    pub(crate) async fn saw<T>(&self, what: &str, wanted: impl Fn(&Event) -> Option<T>) -> T {
        let mut changes = self.events.count.subscribe();
        let found = async {
            loop {
                if let Some(found) = self.events.seen.lock().unwrap().iter().find_map(&wanted) {
                    return found;
                }
                changes.changed().await.unwrap();
            }
        };
        let found = tokio::time::timeout(DEADLINE, found).await;
        found.unwrap_or_else(|_| panic!("{what} never happened"))
    }

    /// Why the agent's session ended.
    pub(crate) async fn session_end(&self) -> String {
        let ended = |event: &Event| match event {
            Event::SessionDown { reason, .. } => Some(reason.clone()),
            _ => None,
        };
        self.saw("the end of the session", ended).await
    }

    /// A door to the edge's agent ingress that slams shut once before it opens.
    pub(crate) async fn stubborn_door(&self) -> String {
        let door = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let (port, edge) = (door.local_addr().unwrap().port(), self.edge.agent_addr());
        self.tasks.spawn(async move {
            drop(door.accept().await.unwrap());
            let (mut near, _) = door.accept().await.unwrap();
            let mut far = TcpStream::connect(edge).await.unwrap();
            let _ = copy_bidirectional(&mut near, &mut far).await;
        });
        format!("localhost:{port}")
    }
}

impl Events {
    fn sink(&self, clock: Clock) -> Sink<Event> {
        let events = self.clone();
        Sink::new(clock, Activity::default(), move |stamped| {
            events.seen.lock().unwrap().push(stamped.event);
            events.count.send_modify(|count| *count += 1);
        })
    }
}

/// Whoever trusts this authority.
pub(crate) fn outbound(authority: &Authority) -> Outbound {
    let tls = authority.client_config(&[b"h2", b"http/1.1"]).unwrap();
    Outbound::new(Route::Loopback, Ipv4Addr::LOCALHOST, tls)
}

/// An app that says hello to every request.
async fn app(tasks: &Tasks) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let (address, spawner) = (listener.local_addr().unwrap(), tasks.spawner());
    tasks.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            spawner.spawn(say_hello(stream));
        }
    });
    address
}

async fn say_hello(mut stream: TcpStream) {
    let (reader, mut writer) = stream.split();
    let mut lines = BufReader::new(reader).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if line.is_empty() {
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{HELLO}", HELLO.len());
            if writer.write_all(answer.as_bytes()).await.is_err() {
                return;
            }
        }
    }
}
