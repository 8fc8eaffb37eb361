use std::collections::HashSet;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use gate::SessionKeeper;
use ground::evidence::Activity;
use ground::serve::bind_loopback;
use ground::{Sink, Tasks};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use wire::ErrorCode;

use crate::config::{Config, StartError};
use crate::event::Event;
use crate::ingress::{self, Ingress};
use crate::model::{Account, Host, Model, NewAccount, Origins, Scheme};
use crate::public::{self, Front, TcpDoors};
use crate::store::{Shelf, Store};
use crate::traffic::Keys;
use crate::{control, dashboard, issuers};

/// A running edge. Dropped, it ends at once; [`stop`](Edge::stop) ends it in good order.
#[derive(Debug)]
pub struct Edge {
    model: Model,
    https: SocketAddr,
    http: SocketAddr,
    agents: SocketAddr,
    /// Where people's sessions are kept.
    shelf: Option<Arc<Shelf>>,
    /// Those who accept.
    doors: Tasks,
    /// Everything that came of what was accepted.
    tasks: Tasks,
}

impl Edge {
    /// Starts an edge on ports of `127.0.0.1` that the system chooses. Takes a few milliseconds.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        let domain = Host::parse(&config.domain).map_err(StartError::Domain)?;
        check_unique(&config.accounts)?;
        let store = config.state.as_deref().map(Store::open).transpose()?.map(Arc::new);
        let listeners = Listeners::open(store.as_deref()).await?;
        let addresses = listeners.addresses()?;
        let Listeners { https, http, agents } = listeners;
        let public_port = config.public_port.unwrap_or(addresses[0].port());

        let own = |name: &str| domain.child(name).map_err(StartError::Domain);
        let (identity_host, api_host, dashboard_host) = (own("idp")?, own("api")?, own("dashboard")?);
        let identity = public_origin(&identity_host, public_port)?;
        let keys = Keys::new(config.outbound.clone(), config.evidence.clone());
        let way = issuers::way(config.outbound, config.evidence.clone());
        let gate_sink = within(&config.evidence, config.clock.clone());
        let relying_party = gate::RelyingParty::new(&identity, way, config.clock.clone(), gate_sink);
        let evidence = config.evidence;
        let shelf = store.clone().map(|store| Arc::new(Shelf { store, sink: evidence.clone() }));
        let (region, clock, accounts) = (config.region, config.clock, config.accounts);
        let origins = Origins { domain, public_port, region, clock, accounts, store };
        let model = Model::new(origins, relying_party, evidence.clone())?;
        if let Some(shelf) = &shelf {
            model
                .relying_party()
                .keep_sessions(shelf.sessions()?, Arc::clone(shelf) as Arc<dyn SessionKeeper>);
        }

        let (doors, tasks) = (Tasks::new(), Tasks::new());
        // What an Edge ends TLS with holds this, so that it must not hold the model in turn.
        let served = model.downgrade();
        let tls = config.authority.server_config(&[b"h2", b"http/1.1"], move |name| {
            served.upgrade().is_some_and(|model| model.serves(name))
        })?;
        let sites = vec![
            (api_host, control::router(model.clone())),
            (dashboard_host, dashboard::router(model.clone())),
        ];
        let front = Arc::new(Front {
            model: model.clone(),
            sink: evidence.clone(),
            tasks: tasks.spawner(),
            keys,
            identity_host,
            sites,
        });
        doors.spawn(public::listen_tls(https, tls, tasks.spawner(), Arc::clone(&front)));
        doors.spawn(public::listen_plain(http, tasks.spawner(), front));

        let tcp = TcpDoors { model: model.clone(), sink: evidence.clone(), tasks: tasks.spawner() };
        let connect = model.domain().clone();
        let tls = config.authority.server_config(&[], move |name| {
            Host::parse(name).is_ok_and(|name| name == connect || name.is_under(&connect))
        })?;
        let ingress = Ingress {
            model: model.clone(),
            sink: evidence,
            tasks: tasks.spawner(),
            tls: TlsAcceptor::from(tls),
            doors: tcp,
        };
        doors.spawn(ingress::listen(agents, Arc::new(ingress)));
        let [https, http, agents] = addresses;
        Ok(Self { model, https, http, agents, shelf, doors, tasks })
    }

    /// Where browsers connect: HTTPS, HTTP/1.1 and HTTP/2.
    pub fn https_addr(&self) -> SocketAddr {
        self.https
    }

    /// Where clients of `http` endpoints connect.
    pub fn http_addr(&self) -> SocketAddr {
        self.http
    }

    /// Where agents connect: TLS, certificates for `localhost`, `127.0.0.1` and any name under the domain.
    pub fn agent_addr(&self) -> SocketAddr {
        self.agents
    }

    /// What the edge knows.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The account of that name.
    pub fn account(&self, name: &str) -> Option<Account> {
        self.model.account_named(name)
    }

    /// The one sign-in redirect URI, which every client must have registered at its issuer.
    pub fn redirect_uri(&self) -> &str {
        self.model.relying_party().redirect_uri()
    }

    /// The URL of the control API.
    pub fn api_url(&self) -> String {
        self.own_url("api")
    }

    /// The URL of the dashboard.
    pub fn dashboard_url(&self) -> String {
        self.own_url("dashboard")
    }

    /// Ends the edge: nobody is accepted any more, agents are told to go (GOAWAY), then everything stops.
    pub async fn stop(self) {
        self.doors.stop().await;
        let mut farewells = JoinSet::new();
        for session in self.model.all_sessions() {
            session.end("the edge stopped");
            farewells.spawn(async move { session.wire.shutdown(ErrorCode::NONE, "").await });
        }
        while farewells.join_next().await.is_some() {}
        self.tasks.stop().await;
        if let Some(shelf) = &self.shelf {
            shelf.renew(&self.model.relying_party().kept_sessions());
        }
    }

    fn own_url(&self, name: &str) -> String {
        let host = self.model.domain().child(name).expect("a short label under a domain is a domain");
        self.model.url(Scheme::Https, &host)
    }
}

/// Where the edge listens.
struct Listeners {
    https: TcpListener,
    http: TcpListener,
    agents: TcpListener,
}

impl Listeners {
    /// Listens where the store says that the edge did before, as far as that is free, so that clients find it again.
    async fn open(store: Option<&Store>) -> Result<Self, StartError> {
        let before = store.map(|store| store.read::<[u16; 3]>("ports")).transpose()?.flatten();
        let [https, http, agents] = before.unwrap_or_default();
        let listeners = Self {
            https: listen_at(https).await?,
            http: listen_at(http).await?,
            agents: listen_at(agents).await?,
        };
        let ports = listeners.addresses()?.map(|address| address.port());
        if let Some(store) = store.filter(|_| before != Some(ports)) {
            store.write("ports", &ports)?;
        }
        Ok(listeners)
    }

    fn addresses(&self) -> io::Result<[SocketAddr; 3]> {
        Ok([self.https.local_addr()?, self.http.local_addr()?, self.agents.local_addr()?])
    }
}

/// A listener on this port, or on one that the system chooses where it is taken, or none was wished for.
async fn listen_at(port: u16) -> io::Result<TcpListener> {
    match TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
        Err(_) if port != 0 => bind_loopback().await,
        listener => listener,
    }
}

fn public_origin(host: &Host, port: u16) -> Result<gate::Endpoint, StartError> {
    gate::Endpoint::new(&format!("https://{host}:{port}"))
        .map_err(|error| StartError::Gate(error.to_string()))
}

/// A sink of the gate's events that speaks to the edge's.
fn within(evidence: &Sink<Event>, clock: ground::Clock) -> Sink<gate::Event> {
    let evidence = evidence.clone();
    Sink::new(clock, Activity::default(), move |event| evidence.emit(Event::Gate(event.event)))
}

fn check_unique(accounts: &[NewAccount]) -> Result<(), StartError> {
    let mut names = HashSet::new();
    let mut logins = HashSet::new();
    for account in accounts {
        if !names.insert(&account.name) {
            return Err(StartError::Twice(account.name.clone()));
        }
        for login in &account.logins {
            if !logins.insert(login.login.to_ascii_lowercase()) {
                return Err(StartError::Twice(login.login.clone()));
            }
        }
    }
    Ok(())
}
