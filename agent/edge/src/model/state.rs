//! Everything that the edge knows, behind one lock that is only ever held for a moment.

use std::collections::{HashMap, VecDeque};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use chrono::{DateTime, Utc};
use ground::Secret;

use super::index::Online;
use super::modules;
use super::termination::Termination;
use super::{
    AccountId, ApiKey, BackendId, CertificateAuthority, Credential, EdgeId, EndpointId, Host, HttpsEdge,
    IpPolicy, Login, ModelError, Module, Profile, ReservedDomain, Route, RouteId, TunnelGroup,
};
use crate::traffic::Traffic;

pub(crate) struct State {
    pub(crate) configuration: Configuration,
    pub(crate) online: Online,
    /// Names of other sites that agents were given: they keep their certificate while nobody is online.
    pub(crate) names: Names,
}

/// What is set up: all that is kept where there is a store.
#[derive(Clone, Default)]
pub(crate) struct Configuration {
    pub(crate) accounts: Vec<AccountEntry>,
    pub(crate) edges: Vec<EdgeEntry>,
    pub(crate) groups: Vec<GroupEntry>,
    pub(crate) domains: Vec<DomainEntry>,
    pub(crate) ip_policies: Vec<IpPolicyEntry>,
    pub(crate) certificate_authorities: Vec<CertificateAuthorityEntry>,
}

impl Deref for State {
    type Target = Configuration;

    fn deref(&self) -> &Configuration {
        &self.configuration
    }
}

impl DerefMut for State {
    fn deref_mut(&mut self) -> &mut Configuration {
        &mut self.configuration
    }
}

/// A bounded set of names: the oldest make way.
#[derive(Default)]
pub(crate) struct Names {
    hosts: VecDeque<Host>,
}

impl Names {
    const MOST: usize = 1024;

    pub(crate) fn insert(&mut self, host: &Host) {
        if self.contains(host) {
            return;
        }
        if self.hosts.len() == Self::MOST {
            self.hosts.pop_front();
        }
        self.hosts.push_back(host.clone());
    }

    pub(crate) fn contains(&self, host: &Host) -> bool {
        self.hosts.contains(host)
    }
}

#[derive(Clone)]
pub(crate) struct AccountEntry {
    pub(crate) profile: Profile,
    pub(crate) logins: Vec<(Login, Secret)>,
    pub(crate) credentials: Vec<Credential>,
    pub(crate) api_keys: Vec<ApiKey>,
}

#[derive(Clone)]
pub(crate) struct DomainEntry {
    pub(crate) account: AccountId,
    pub(crate) domain: ReservedDomain,
}

#[derive(Clone)]
pub(crate) struct IpPolicyEntry {
    pub(crate) account: AccountId,
    pub(crate) policy: IpPolicy,
}

#[derive(Clone)]
pub(crate) struct CertificateAuthorityEntry {
    pub(crate) account: AccountId,
    pub(crate) authority: CertificateAuthority,
}

#[derive(Clone)]
pub(crate) struct GroupEntry {
    pub(crate) account: AccountId,
    pub(crate) group: TunnelGroup,
}

#[derive(Clone)]
pub(crate) struct EdgeEntry {
    pub(crate) account: AccountId,
    pub(crate) edge: HttpsEdge,
    /// The endpoint that each of the Edge's hosts is.
    pub(crate) endpoints: Vec<(Host, EndpointId)>,
    /// The settings of each route that has an enabled module.
    pub(crate) settings: HashMap<RouteId, gate::Settings>,
    /// What else routes ask of their traffic.
    pub(crate) traffic: HashMap<RouteId, Arc<Traffic>>,
    /// The gate of each such route on each host.
    pub(crate) gates: HashMap<(RouteId, Host), gate::Gate>,
    /// The gate that finishes each host's logins, where all that ask people to sign in ask the same.
    pub(crate) logins: HashMap<Host, gate::Gate>,
    /// How its TLS is ended when clients must show certificates.
    pub(crate) termination: Option<Arc<Termination>>,
    /// Whose turn it is among the tunnels.
    pub(crate) turn: Arc<AtomicUsize>,
}

impl State {
    pub(crate) fn new(configuration: Configuration, online: Online) -> Self {
        Self { configuration, online, names: Names::default() }
    }

    pub(crate) fn account(&self, id: &AccountId) -> Result<&AccountEntry, ModelError> {
        let found = self.accounts.iter().find(|entry| entry.profile.id == *id);
        found.ok_or_else(|| ModelError::unknown("account", id))
    }

    pub(crate) fn account_mut(&mut self, id: &AccountId) -> Result<&mut AccountEntry, ModelError> {
        let found = self.accounts.iter_mut().find(|entry| entry.profile.id == *id);
        found.ok_or_else(|| ModelError::unknown("account", id))
    }

    pub(crate) fn edges_of<'a, 'i>(
        &'a self,
        account: &'i AccountId,
    ) -> impl Iterator<Item = &'a EdgeEntry> + use<'a, 'i> {
        self.edges.iter().filter(move |entry| entry.account == *account)
    }

    pub(crate) fn edge(&self, account: &AccountId, id: &EdgeId) -> Result<&EdgeEntry, ModelError> {
        let found = self.edges_of(account).find(|entry| entry.edge.id == *id);
        found.ok_or_else(|| ModelError::unknown("Edge", id))
    }

    pub(crate) fn edge_mut(
        &mut self,
        account: &AccountId,
        id: &EdgeId,
    ) -> Result<&mut EdgeEntry, ModelError> {
        let found = self.edges.iter_mut().find(|entry| entry.account == *account && entry.edge.id == *id);
        found.ok_or_else(|| ModelError::unknown("Edge", id))
    }

    pub(crate) fn groups_of<'a, 'i>(
        &'a self,
        account: &'i AccountId,
    ) -> impl Iterator<Item = &'a TunnelGroup> + use<'a, 'i> {
        self.groups.iter().filter(move |entry| entry.account == *account).map(|entry| &entry.group)
    }

    pub(crate) fn group(&self, account: &AccountId, id: &BackendId) -> Result<&TunnelGroup, ModelError> {
        self.groups_of(account)
            .find(|group| group.id == *id)
            .ok_or_else(|| ModelError::unknown("tunnel group", id))
    }

    /// Makes anew what the routes of an account ask that have such a module.
    pub(crate) fn compile_again(
        &mut self,
        account: &AccountId,
        has: impl Fn(&Module) -> bool,
    ) -> Result<(), ModelError> {
        let mut made = Vec::new();
        for entry in self.edges_of(account) {
            for route in entry.edge.routes.iter().filter(|route| route.modules.values().any(&has)) {
                let traffic = modules::compile(&route.modules, self, account)?;
                made.push((entry.edge.id.clone(), route.id.clone(), traffic));
            }
        }
        for (edge, route, traffic) in made {
            let entry = self.edge_mut(account, &edge)?;
            match traffic {
                Some(traffic) => drop(entry.traffic.insert(route, traffic)),
                None => drop(entry.traffic.remove(&route)),
            }
        }
        Ok(())
    }

    /// The Edge that answers on this host.
    pub(crate) fn edge_on(&self, host: &Host) -> Option<&EdgeEntry> {
        self.edges.iter().find(|entry| entry.edge.hosts.contains(host))
    }
}

/// What guards a route.
#[derive(Default)]
pub(crate) struct Guard {
    /// What people must sign in by.
    pub(crate) settings: Option<gate::Settings>,
    /// What else is asked.
    pub(crate) traffic: Option<Arc<Traffic>>,
}

impl EdgeEntry {
    pub(crate) fn new(account: AccountId, created_at: DateTime<Utc>) -> Self {
        let edge = HttpsEdge {
            id: EdgeId::random(),
            created_at,
            description: String::new(),
            metadata: String::new(),
            hosts: Vec::new(),
            tls: None,
            mutual_tls: None,
            routes: Vec::new(),
        };
        Self::of(account, edge, Vec::new())
    }

    /// An Edge as it was, unguarded until its gates are made.
    pub(crate) fn of(account: AccountId, edge: HttpsEdge, endpoints: Vec<(Host, EndpointId)>) -> Self {
        Self {
            account,
            edge,
            endpoints,
            settings: HashMap::new(),
            traffic: HashMap::new(),
            gates: HashMap::new(),
            logins: HashMap::new(),
            termination: None,
            turn: Arc::default(),
        }
    }

    /// Answers on these hosts from now on; a host that stays keeps its endpoint.
    pub(crate) fn answer_on(&mut self, hosts: Vec<Host>) {
        self.endpoints.retain(|(host, _)| hosts.contains(host));
        for host in &hosts {
            if !self.endpoints.iter().any(|(known, _)| known == host) {
                self.endpoints.push((host.clone(), EndpointId::random()));
            }
        }
        self.edge.hosts = hosts;
    }

    pub(crate) fn route(&self, id: &RouteId) -> Result<&Route, ModelError> {
        self.edge.routes.iter().find(|route| route.id == *id).ok_or_else(|| ModelError::unknown("route", id))
    }

    pub(crate) fn route_mut(&mut self, id: &RouteId) -> Result<&mut Route, ModelError> {
        let found = self.edge.routes.iter_mut().find(|route| route.id == *id);
        found.ok_or_else(|| ModelError::unknown("route", id))
    }

    /// Sets what guards a route from now on.
    pub(crate) fn guard(&mut self, route: &RouteId, guard: Guard) {
        match guard.settings {
            Some(settings) => drop(self.settings.insert(route.clone(), settings)),
            None => drop(self.settings.remove(route)),
        }
        match guard.traffic {
            Some(traffic) => drop(self.traffic.insert(route.clone(), traffic)),
            None => drop(self.traffic.remove(route)),
        }
    }

    /// What the Edge asks people to sign in by, with the route that does. Routes that do ask the same; only one route's
    /// own rules may ask in several ways.
    pub(crate) fn sign_ins(&self) -> impl Iterator<Item = (&RouteId, &gate::Settings)> {
        let by_policy = self
            .traffic
            .iter()
            .flat_map(|(route, traffic)| traffic.sign_ins().map(move |asked| (route, asked)));
        self.settings.iter().chain(by_policy)
    }

    /// Makes the gates anew, after hosts, routes or settings have changed. Sessions last where nothing changed.
    pub(crate) fn make_gates(&mut self, gate: impl Fn(&Host, &gate::Settings) -> gate::Gate) {
        let alike = {
            let mut sign_ins = self.sign_ins().map(|(_, settings)| settings);
            let first = sign_ins.next().cloned();
            first.filter(|one| sign_ins.all(|other| other.fingerprint() == one.fingerprint()))
        };
        let logins = alike
            .iter()
            .flat_map(|settings| self.edge.hosts.iter().map(|host| (host.clone(), gate(host, settings))));
        self.logins = logins.collect();
        self.gates.clear();
        for (route, settings) in &self.settings {
            for host in &self.edge.hosts {
                self.gates.insert((route.clone(), host.clone()), gate(host, settings));
            }
        }
    }
}
