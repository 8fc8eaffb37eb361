//! An edge with one account, the network that it reaches issuers by, and what it says of itself.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use edge::event::{Answered, Event};
use edge::model::{api_key, authtoken};
use edge::{Account, Config, Edge, NewAccount, NewLogin, Role};
use ground::evidence::Activity;
use ground::outbound::{Outbound, Route};
use ground::{Authority, Clock, Secret, Sink, Tasks};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// How long anything may take.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

pub(crate) const ACCOUNT: &str = "Acme";

pub(crate) struct World {
    pub(crate) edge: Edge,
    pub(crate) authority: Authority,
    pub(crate) clock: Clock,
    pub(crate) events: Events,
    pub(crate) authtoken: Secret,
    pub(crate) api_key: Secret,
    _tasks: Tasks,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let authority = Authority::new().unwrap();
        let (clock, tasks, events) = (Clock::new(), Tasks::new(), Events::default());
        let issuer = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let issuer_addr = issuer.local_addr().unwrap();
        crate::issuer::serve(issuer, &authority, &clock, &tasks);
        let network = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let network_addr = network.local_addr().unwrap();
        tasks.spawn(answer_connect(network, issuer_addr));
        let tls = authority.client_config(&[b"h2", b"http/1.1"]).unwrap();
        let (authtoken, api_key) = (authtoken(), api_key());
        let mut config = Config {
            domain: "tunnel.test".to_owned(),
            authority: authority.clone(),
            clock: clock.clone(),
            evidence: events.sink(&clock),
            outbound: Outbound::new(Route::Proxy(network_addr), Ipv4Addr::LOCALHOST, tls),
            accounts: vec![NewAccount {
                name: ACCOUNT.to_owned(),
                plan: "Enterprise".to_owned(),
                oidc: true,
                logins: vec![NewLogin {
                    login: "admin@acme.test".to_owned(),
                    password: Secret::new("password", "correct horse"),
                    role: Role::Administrator,
                }],
                authtokens: vec![authtoken.clone()],
                api_keys: vec![api_key.clone()],
            }],
            public_port: Some(443),
            region: "test".to_owned(),
            state: None,
        };
        change(&mut config);
        let edge = Edge::start(config).await.unwrap();
        Self { edge, authority, clock, events, authtoken, api_key, _tasks: tasks }
    }

    pub(crate) fn account(&self) -> Account {
        self.edge.account(ACCOUNT).unwrap()
    }
}

/// Gives `acme.okta.test` a way, and nothing else.
async fn answer_connect(listener: TcpListener, issuer: SocketAddr) {
    while let Ok((mut near, _)) = listener.accept().await {
        tokio::spawn(async move {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(near.read_u8().await.unwrap());
            }
            if !head.starts_with(b"CONNECT acme.okta.test:443 ") {
                near.write_all(b"HTTP/1.1 403 Forbidden\r\n\r\n").await.unwrap();
                return;
            }
            let mut far = TcpStream::connect(issuer).await.unwrap();
            near.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
            let _ = copy_bidirectional(&mut near, &mut far).await;
        });
    }
}

/// What the edge has said so far.
#[derive(Clone, Default)]
pub(crate) struct Events {
    seen: Arc<Mutex<Vec<Event>>>,
    count: Arc<watch::Sender<usize>>,
}

impl Events {
    fn sink(&self, clock: &Clock) -> Sink<Event> {
        let events = self.clone();
        Sink::new(clock.clone(), Activity::default(), move |stamped| {
            events.seen.lock().unwrap().push(stamped.event);
            events.count.send_modify(|count| *count += 1);
        })
    }

    pub(crate) fn all(&self) -> Vec<Event> {
        self.seen.lock().unwrap().clone()
    }

    /// The first event that `wanted` makes something of, as soon as it is there.
    pub(crate) async fn first<T>(&self, what: &str, wanted: impl Fn(&Event) -> Option<T>) -> T {
        let mut changes = self.count.subscribe();
        let found = async {
            loop {
                if let Some(found) = self.all().iter().find_map(&wanted) {
                    return found;
                }
                changes.changed().await.unwrap();
            }
        };
        match tokio::time::timeout(DEADLINE, found).await {
            Ok(found) => found,
            Err(_) => panic!("{what} never happened; seen: {:#?}", self.all()),
        }
    }

    pub(crate) fn answered(&self) -> Vec<Answered> {
        let answered = |event: Event| match event {
            Event::Answered(answered) => Some(*answered),
            _ => None,
        };
        self.all().into_iter().filter_map(answered).collect()
    }
}
