//! Setting a stage: from what a scenario finds when it begins to a world in which that is so.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use edge::Edge;
use edge::model::{EdgeChange, Host, NewAccount, NewLogin, OidcModule, Role as LoginRole};
use futures_util::future::try_join_all;
use ground::redaction::Redactor;
use ground::{Clock, Outbound, Secret, Tasks};
use mock_idp::Org;
use mock_idp::model::{Cause, LoginInitiatedBy as Initiator, NewApp, NewUser, NumberChallenge, Profile};

use super::SetError;
use super::agents::Agents;
use super::cast::Cast;
use super::devices::Devices;
use super::names::Names;
use super::run::Run;
use super::world::{EdgeAccount, HttpsEdge, Ids, OrgApp, OrgUser, World};
use crate::network::{self, Network};
use crate::record::{Event, Log};
use crate::scenario::given::{
    self, Entitlement, Given, LoginInitiatedBy, OrgApp as GivenApp, OrgUser as GivenUser, Role, Tunnel,
    UpstreamApp,
};
use crate::upstream::{Kind, Upstream};
use crate::vocabulary::{EVERYONE, Template};

/// The name of the account whose agents, Edges and logins a stage has unless a scenario says otherwise.
pub(super) const OWN_ACCOUNT: &str = "Acme";

impl World {
    /// Sets a stage.
    pub(super) async fn set(run: &Run, names: &Names, given: &Given) -> Result<Self, SetError> {
        let clock = Clock::new();
        let log = Log::new(clock.clone());
        let network = Network::start(network::Config { evidence: log.sink(Event::Network) });
        let edge_source = run.addresses().draw();
        let edge_config = edge_config(run, names, given, &clock, &log, &network, edge_source).await?;
        let (org, edge, upstreams) = tokio::try_join!(
            start_org(run, names, &clock, &log),
            async { Edge::start(edge_config.clone()).await.map_err(SetError::from) },
            start_upstreams(given, &log),
        )?;
        for host in [names.org, names.admin] {
            network.serve(host, names.port.unwrap_or(org.https_addr().port()), org.https_addr())?;
        }
        let tunnels = tunnel_urls(given, &edge)?;
        let addresses = addresses(&upstreams).await;
        serve_edge(&network, &edge, tunnels.values().cloned())?;
        let mut world = Self {
            run: run.clone(),
            clock,
            log,
            redactor: Redactor::new(),
            network,
            org,
            edge: Mutex::new(Arc::new(edge)),
            edge_config,
            upstreams,
            addresses,
            edge_source,
            agents: Agents::default(),
            cast: Cast::new(people(given).into_iter().map(|name| (name, run.addresses().draw()))),
            ids: Ids { tunnels, ..Ids::default() },
            kept: Mutex::default(),
            devices: Devices::default(),
            shots: Mutex::default(),
            tasks: Tasks::new(),
        };
        world.ids.accounts = world.edge_accounts(given);
        world.fill_org(given).await?;
        world.make_edges(given)?;
        world.learn_secrets();
        try_join_all(given.tunnels.iter().map(|(name, tunnel)| world.bring_up(name.as_str(), tunnel)))
            .await?;
        Ok(world)
    }

    /// Users, groups, apps and assignments.
    async fn fill_org(&mut self, given: &Given) -> Result<(), SetError> {
        let (model, cause) = (self.org.model().clone(), Cause::system());
        self.ids.groups.insert(EVERYONE.to_owned(), model.everyone().clone());
        let listed = given.okta.groups.iter().map(|group| &group.0);
        for group in listed.chain(given.okta.users.iter().flat_map(|(_, user)| &user.groups)) {
            if !self.ids.groups.contains_key(group.as_str()) {
                let made = model.create_group(group.as_str(), "", &cause)?;
                self.ids.groups.insert(group.as_str().to_owned(), made.id.clone());
            }
        }
        for (name, given) in given.okta.users.iter() {
            let user = self.make_user(name.as_str(), given)?;
            for factor in &given.factors {
                self.enroll(name.as_str(), &user.id, *factor).await?;
            }
            self.ids.users.insert(name.as_str().to_owned(), user);
        }
        for (name, zone) in given.okta.zones.iter() {
            let zone = self.make_zone(name.as_str(), zone)?;
            self.ids.zones.insert(name.as_str().to_owned(), zone);
        }
        if given.okta.number_challenge {
            model.set_number_challenge(NumberChallenge::Always);
        }
        if let Some(threat_insight) = &given.okta.threat_insight {
            self.set_threat_insight(threat_insight)?;
        }
        for (name, app) in given.okta.apps.iter() {
            let app = self.make_app(name.as_str(), app)?;
            self.ids.apps.insert(name.as_str().to_owned(), app);
        }
        for rule in given.okta.session_rules.iter().rev() {
            self.add_session_rule(rule)?;
        }
        for (name, app) in given.okta.apps.iter() {
            for rule in app.rules.iter().rev() {
                self.add_app_rule(&self.app(name.as_str())?.id, rule)?;
            }
        }
        Ok(())
    }

    fn make_user(&self, name: &str, given: &GivenUser) -> Result<OrgUser, SetError> {
        let (model, cause) = (self.org.model(), Cause::system());
        let email = given.email.clone().unwrap_or_else(|| address_of(name));
        let login = given.login.clone().unwrap_or_else(|| email.clone());
        let full_name = given.name.clone().unwrap_or_else(|| capitalized(name));
        let password = given
            .password
            .clone()
            .map_or_else(|| Secret::random("password"), |password| Secret::new("password", password));
        let (first, last) = full_name.split_once(' ').unwrap_or((&full_name, ""));
        let profile = Profile { email: email.clone(), ..Profile::new(&login, first, last) };
        let user = model.create_user(NewUser::new(profile, password.clone()), &cause)?;
        for group in &given.groups {
            if let Some(group) = self.ids.groups.get(group.as_str()) {
                model.add_to_group(group, &user.id, &cause)?;
            }
        }
        if given.admin {
            model.set_administrator(&user.id, true, &cause)?;
        }
        if given.suspended {
            model.suspend_user(&user.id, &cause)?;
        }
        Ok(OrgUser { id: user.id.clone(), login, email, name: full_name, password })
    }

    fn make_app(&self, name: &str, given: &GivenApp) -> Result<OrgApp, SetError> {
        let (model, cause) = (self.org.model(), Cause::system());
        let fill = |template: &Template| template.fill(|reference| self.value(reference));
        let label = given.label.clone().unwrap_or_else(|| name.to_owned());
        let mut new = NewApp::web(&label, self.edge().redirect_uri());
        if !given.redirect_uris.is_empty() {
            new.settings.redirect_uris = given.redirect_uris.iter().map(fill).collect::<Result<_, _>>()?;
        }
        new.settings.pkce_required = given.pkce_required;
        new.settings.initiate_login_uri = given.initiate_login_uri.as_ref().map(fill).transpose()?;
        if given.login_initiated_by == Some(LoginInitiatedBy::Either) {
            new.settings.login_initiated_by = Initiator::EitherOktaOrApp;
        }
        let app = model.create_app(new, &cause)?;
        for user in &given.assign.users {
            if let Some(user) = self.ids.users.get(user.as_str()) {
                model.assign_user(&app.id, &user.id, &cause)?;
            }
        }
        for group in &given.assign.groups {
            if let Some(group) = self.ids.groups.get(group.as_str()) {
                model.assign_group(&app.id, group, &cause)?;
            }
        }
        let secret = app.secret.clone().unwrap_or_else(|| Secret::new("client secret", ""));
        Ok(OrgApp { id: app.id.clone(), label, secret })
    }

    /// HTTPS Edges, as the dashboard makes them.
    fn make_edges(&mut self, given: &Given) -> Result<(), SetError> {
        let edge = self.edge();
        let account = edge.account(OWN_ACCOUNT).ok_or_else(|| SetError::Given("no account".into()))?;
        for (name, given) in given.edges.iter() {
            let domain = given.domain.clone().unwrap_or_else(|| format!("{name}.{}", edge.model().domain()));
            let host = Host::parse(&domain).map_err(|error| SetError::Given(error.to_string()))?;
            let made = account.create_edge_with_tunnel_group(name.as_str())?;
            let change = EdgeChange { hosts: Some(vec![host]), ..EdgeChange::default() };
            let made = account.update_edge(&made.id, change)?;
            if let Some(provider) = &given.oidc {
                let module = self.oidc_module(provider.app.as_str(), given)?;
                for route in &made.routes {
                    account.set_oidc(&made.id, &route.id, Some(module.clone()))?;
                }
            }
            let edge = HttpsEdge { id: made.id.to_string(), url: url_of(&edge, &domain) };
            self.ids.edges.insert(name.as_str().to_owned(), edge);
        }
        Ok(())
    }

    fn oidc_module(&self, app: &str, given: &given::HttpsEdge) -> Result<OidcModule, SetError> {
        let app = self.app(app)?;
        Ok(OidcModule {
            inactivity_timeout: given.inactivity_timeout.unwrap_or(Duration::ZERO),
            maximum_duration: given.maximum_duration.unwrap_or(Duration::ZERO),
            ..OidcModule::new(self.org.issuer(), app.id.as_str(), app.secret.clone())
        })
    }

    pub(super) fn app(&self, name: &str) -> Result<&OrgApp, SetError> {
        self.ids.apps.get(name).ok_or_else(|| SetError::Given(format!("there is no app {name} in the org")))
    }

    fn edge_accounts(&self, given: &Given) -> BTreeMap<String, EdgeAccount> {
        let logins = self
            .edge_config
            .accounts
            .iter()
            .flat_map(|account| account.logins.iter().map(move |l| (account, l)));
        let logins: Vec<_> = logins.collect();
        let holder = |name: &str, given: &given::EdgeAccount| {
            let email = given.email.clone().unwrap_or_else(|| address_of(name));
            let (account, login) = logins.iter().find(|(_, login)| login.login == email)?;
            let authtoken = account.authtokens.first()?.clone();
            let (account, password) = (account.name.clone(), login.password.clone());
            Some((name.to_owned(), EdgeAccount { account, email, password, authtoken }))
        };
        given.edge.accounts.iter().filter_map(|(name, given)| holder(name.as_str(), given)).collect()
    }

    fn learn_secrets(&self) {
        self.ids.users.values().for_each(|user| self.redactor.learn(&user.password));
        self.ids.apps.values().for_each(|app| self.redactor.learn(&app.secret));
        self.redactor.learn(self.org.api_token());
        for account in &self.edge_config.accounts {
            account.authtokens.iter().chain(&account.api_keys).for_each(|secret| self.redactor.learn(secret));
            account.logins.iter().for_each(|login| self.redactor.learn(&login.password));
        }
    }
}

async fn start_org(run: &Run, names: &Names, clock: &Clock, log: &Log) -> Result<Org, SetError> {
    let config = mock_idp::Config {
        name: "acme".to_owned(),
        host: names.org.to_owned(),
        admin_host: names.admin.to_owned(),
        public_port: names.port,
        authority: run.authority().clone(),
        clock: clock.clone(),
        evidence: log.sink(Event::Org),
        keys: run.keys().clone(),
        sign_in_widget: None,
    };
    Ok(Org::start(config).await?)
}

async fn edge_config(
    run: &Run,
    names: &Names,
    given: &Given,
    clock: &Clock,
    log: &Log,
    network: &Network,
    source: Ipv4Addr,
) -> Result<edge::Config, SetError> {
    let membership = network.join("edge", source).await?;
    let tls = run.authority().client_config(&[b"h2", b"http/1.1"])?;
    Ok(edge::Config {
        domain: names.domain.to_owned(),
        authority: run.authority().clone(),
        clock: clock.clone(),
        evidence: log.sink(Event::Edge),
        outbound: Outbound::new(names.route(membership.proxy), membership.source, tls),
        accounts: accounts(given),
        public_port: names.port,
        region: "test".to_owned(),
        state: None,
    })
}

/// The stage's own account with the logins of those who pay for everything, and one for each of the others.
fn accounts(given: &Given) -> Vec<NewAccount> {
    let account = |name: &str, plan: &str, oidc| NewAccount {
        name: name.to_owned(),
        plan: plan.to_owned(),
        oidc,
        logins: Vec::new(),
        authtokens: vec![edge::model::authtoken()],
        api_keys: vec![edge::model::api_key()],
    };
    let mut own = account(OWN_ACCOUNT, "Enterprise", true);
    let mut others = Vec::new();
    for (name, given) in given.edge.accounts.iter() {
        let login = NewLogin {
            login: given.email.clone().unwrap_or_else(|| address_of(name.as_str())),
            password: given
                .password
                .clone()
                .map_or_else(|| Secret::random("password"), |password| Secret::new("password", password)),
            role: match given.role {
                Some(Role::Member) => LoginRole::Member,
                _ => LoginRole::Administrator,
            },
        };
        match given.plan {
            Some(Entitlement::Free) => {
                others.push(NewAccount { logins: vec![login], ..account(name.as_str(), "Free", false) });
            }
            _ => own.logins.push(login),
        }
    }
    std::iter::once(own).chain(others).collect()
}

async fn start_upstreams(
    given: &Given,
    log: &Log,
) -> Result<BTreeMap<String, tokio::sync::Mutex<Upstream>>, SetError> {
    let starting = given.upstreams.iter().map(|(name, app)| async move {
        let kind = match app {
            UpstreamApp::Page(app) => Kind::Page {
                text: app.page.clone(),
                headers: app
                    .header
                    .iter()
                    .map(|(n, v)| (n.as_str().to_owned(), v.as_str().to_owned()))
                    .collect(),
            },
            UpstreamApp::Streaming(app) => Kind::Streaming { text: app.streaming.clone() },
        };
        let label: Arc<str> = name.as_str().into();
        let sink = log.sink(move |event| Event::Upstream(Arc::clone(&label), event));
        let upstream = Upstream::start(kind, sink).await?;
        Ok::<_, SetError>((name.as_str().to_owned(), tokio::sync::Mutex::new(upstream)))
    });
    Ok(try_join_all(starting).await?.into_iter().collect())
}

async fn addresses(
    upstreams: &BTreeMap<String, tokio::sync::Mutex<Upstream>>,
) -> BTreeMap<String, SocketAddr> {
    let mut addresses = BTreeMap::new();
    for (name, upstream) in upstreams {
        addresses.insert(name.clone(), upstream.lock().await.address());
    }
    addresses
}

/// The public URL of each tunnel, which is known before the tunnel is up.
fn tunnel_urls(given: &Given, edge: &Edge) -> Result<BTreeMap<String, String>, SetError> {
    let url = |name: &str, domain: Option<&String>| match domain {
        Some(domain) => url_of(edge, domain),
        None => url_of(edge, &format!("{name}.{}", edge.model().domain())),
    };
    let one = |name: &str, tunnel: &Tunnel| match tunnel {
        Tunnel::Http(tunnel) => Ok(url(name, tunnel.domain.as_ref())),
        Tunnel::Edge(tunnel) => match given.edges.find(&tunnel.edge) {
            Some(edge) => Ok(url(tunnel.edge.as_str(), edge.domain.as_ref())),
            None => Err(SetError::Given(format!("there is no Edge {}", tunnel.edge))),
        },
    };
    let urls = given
        .tunnels
        .iter()
        .map(|(name, tunnel)| Ok((name.as_str().to_owned(), one(name.as_str(), tunnel)?)));
    urls.collect()
}

/// The public URL of a host of the edge's.
fn url_of(edge: &Edge, host: &str) -> String {
    match edge.model().public_port() {
        443 => format!("https://{host}"),
        port => format!("https://{host}:{port}"),
    }
}

/// Lets the network lead the edge's names to it: everything under its domain, and names elsewhere that tunnels have.
pub(super) fn serve_edge(
    network: &Network,
    edge: &Edge,
    urls: impl Iterator<Item = String>,
) -> Result<(), network::ServeError> {
    let (domain, port) = (edge.model().domain(), edge.model().public_port());
    network.serve(&format!("*.{domain}"), port, edge.https_addr())?;
    network.serve(&connect_host(edge), AGENTS_PORT, edge.agent_addr())?;
    let model = edge.model().clone();
    network.serve_ports(edge.model().tcp_host().as_str(), Arc::new(move |port| model.tcp_address(port)))?;
    for url in urls {
        network.serve(host_of(&url), port, edge.https_addr())?;
    }
    Ok(())
}

/// Where agents of a stage call their edge.
pub(super) fn connect_host(edge: &Edge) -> String {
    format!("connect.{}", edge.model().domain())
}

/// The port for agents, as ngrok's.
pub(super) const AGENTS_PORT: u16 = 443;

/// The host of a public URL.
pub(super) fn host_of(url: &str) -> &str {
    let authority = url.trim_start_matches("https://");
    authority.split_once(':').map_or(authority, |(host, _)| host)
}

/// Everybody who has a browser.
fn people(given: &Given) -> BTreeSet<String> {
    let users = given.okta.users.iter().map(|(name, _)| name.as_str());
    let holders = given.edge.accounts.iter().map(|(name, _)| name.as_str());
    let newcomers = given.people.iter().map(|person| person.0.as_str());
    users.chain(holders).chain(newcomers).map(str::to_owned).collect()
}

fn address_of(name: &str) -> String {
    format!("{name}@acme.test")
}

fn capitalized(name: &str) -> String {
    let mut characters = name.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}
