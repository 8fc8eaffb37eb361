//! An account's HTTPS Edges: made, changed, taken away.

use super::modules;
use super::state::{EdgeEntry, Guard, State};
use super::{
    Account, EdgeChange, EdgeId, GroupChange, Host, HttpsEdge, Model, ModelError, ModuleChange, Modules,
    OidcModule, PathMatch, Route, RouteBackend, RouteChange, RouteId, Scheme, limits,
};
use crate::code::{Code, Refusal};

/// How many hosts one Edge has at most, and how many routes.
const MOST_HOSTS: usize = 32;
const MOST_ROUTES: usize = 64;

impl Account {
    /// All Edges, oldest first.
    pub fn edges(&self) -> Vec<HttpsEdge> {
        self.model.lock().edges_of(&self.id).map(|entry| entry.edge.clone()).collect()
    }

    /// One Edge.
    pub fn edge(&self, id: &EdgeId) -> Result<HttpsEdge, ModelError> {
        Ok(self.model.lock().edge(&self.id, id)?.edge.clone())
    }

    /// Whether people must sign in somewhere on an Edge, by a module or by a policy.
    pub fn signs_in(&self, id: &EdgeId) -> bool {
        self.model.lock().edge(&self.id, id).is_ok_and(|entry| entry.sign_ins().next().is_some())
    }

    /// Makes an Edge without routes.
    pub fn create_edge(&self, change: EdgeChange) -> Result<HttpsEdge, ModelError> {
        let mut entry = EdgeEntry::new(self.id.clone(), self.model.now());
        self.model.change(|state| {
            state.account(&self.id)?;
            self.apply(state, &mut entry, change)?;
            let edge = entry.edge.clone();
            state.edges.push(entry);
            Ok(edge)
        })
    }

    /// Makes an Edge as the dashboard does: on a random host, with a route for every path that leads to the tunnels
    /// labeled `edge=<its id>`, open to everyone until a module is set on that route.
    pub fn create_edge_with_tunnel_group(&self, description: &str) -> Result<HttpsEdge, ModelError> {
        let edge = self.create_edge(EdgeChange {
            description: Some(description.to_owned()),
            hosts: Some(vec![self.model.domain().random_child()]),
            ..EdgeChange::default()
        })?;
        let labels = [("edge".to_owned(), edge.id.to_string())].into();
        let group = self.create_group(GroupChange { labels: Some(labels), ..GroupChange::default() })?;
        let backend = Some(Some(RouteBackend { enabled: true, id: group.id }));
        self.create_route(&edge.id, RouteChange { backend, ..RouteChange::default() })?;
        self.edge(&edge.id)
    }

    /// Changes an Edge.
    pub fn update_edge(&self, id: &EdgeId, change: EdgeChange) -> Result<HttpsEdge, ModelError> {
        self.model.change(|state| {
            let mut changed = state.edge(&self.id, id)?.clone();
            self.apply(state, &mut changed, change)?;
            let edge = changed.edge.clone();
            let entry = state.edge_mut(&self.id, id)?;
            let before = std::mem::replace(entry, changed);
            self.model.end_other_sessions(entry, &before.edge.hosts);
            Ok(edge)
        })
    }

    /// Takes an Edge away, with its routes and the sessions of the people who signed in to it. Tunnels stay.
    pub fn delete_edge(&self, id: &EdgeId) -> Result<(), ModelError> {
        self.model.change(|state| {
            let entry = state.edge_mut(&self.id, id)?;
            let hosts = std::mem::take(&mut entry.edge.hosts);
            self.model.end_other_sessions(entry, &hosts);
            state.edges.retain(|entry| entry.edge.id != *id);
            Ok(())
        })
    }

    /// One route of an Edge.
    pub fn route(&self, edge: &EdgeId, id: &RouteId) -> Result<Route, ModelError> {
        self.model.lock().edge(&self.id, edge)?.route(id).cloned()
    }

    /// Gives an Edge another route.
    pub fn create_route(&self, edge: &EdgeId, change: RouteChange) -> Result<Route, ModelError> {
        let mut route = Route {
            id: RouteId::random(),
            created_at: self.model.now(),
            matches: PathMatch::Prefix("/".to_owned()),
            description: String::new(),
            metadata: String::new(),
            backend: None,
            oidc: None,
            modules: Modules::new(),
        };
        self.model.change(|state| {
            let guard = self.apply_to_route(state, edge, &mut route, change)?;
            let entry = state.edge_mut(&self.id, edge)?;
            if entry.edge.routes.len() == MOST_ROUTES {
                return Err(refused(Code::BIND_INVALID, format!("an Edge has at most {MOST_ROUTES} routes")));
            }
            entry.edge.routes.push(route.clone());
            entry.guard(&route.id, guard);
            entry.make_gates(|host, settings| self.model.gate(host, settings));
            Ok(route)
        })
    }

    /// Changes a route. Sessions that were made under another OIDC configuration end, and what they have open.
    pub fn update_route(
        &self,
        edge: &EdgeId,
        id: &RouteId,
        change: RouteChange,
    ) -> Result<Route, ModelError> {
        self.model.change(|state| {
            let mut route = state.edge(&self.id, edge)?.route(id)?.clone();
            let before = (route.oidc.clone(), route.modules.clone());
            let guard = self.apply_to_route(state, edge, &mut route, change)?;
            let entry = state.edge_mut(&self.id, edge)?;
            *entry.route_mut(id)? = route.clone();
            if (&route.oidc, &route.modules) != (&before.0, &before.1) {
                entry.guard(id, guard);
                entry.make_gates(|host, settings| self.model.gate(host, settings));
                self.model.end_other_sessions(entry, &entry.edge.hosts);
            }
            Ok(route)
        })
    }

    /// Takes a route away.
    pub fn delete_route(&self, edge: &EdgeId, id: &RouteId) -> Result<(), ModelError> {
        self.model.change(|state| {
            let entry = state.edge_mut(&self.id, edge)?;
            entry.route(id)?;
            entry.edge.routes.retain(|route| route.id != *id);
            entry.guard(id, Guard::default());
            entry.make_gates(|host, settings| self.model.gate(host, settings));
            self.model.end_other_sessions(entry, &entry.edge.hosts);
            Ok(())
        })
    }

    /// Sets a route's OIDC module, or takes it away.
    pub fn set_oidc(
        &self,
        edge: &EdgeId,
        route: &RouteId,
        module: Option<OidcModule>,
    ) -> Result<Route, ModelError> {
        self.update_route(edge, route, RouteChange { oidc: Some(module), ..RouteChange::default() })
    }

    fn apply(&self, state: &State, entry: &mut EdgeEntry, change: EdgeChange) -> Result<(), ModelError> {
        if let Some(description) = change.description {
            entry.edge.description = limits::description(description)?;
        }
        if let Some(metadata) = change.metadata {
            entry.edge.metadata = limits::metadata(metadata)?;
        }
        if let Some(tls) = change.tls {
            entry.edge.tls = tls;
        }
        if let Some(module) = change.mutual_tls {
            let made = module.as_ref().map(|module| state.termination_for(&self.id, module)).transpose()?;
            entry.termination = made.flatten();
            entry.edge.mutual_tls = module;
            self.model.count_termination();
        }
        if let Some(hosts) = change.hosts {
            if entry.termination.is_some() {
                self.model.count_termination();
            }
            if hosts.len() > MOST_HOSTS {
                return Err(refused(
                    Code::BIND_INVALID,
                    format!("an Edge answers on at most {MOST_HOSTS} hosts"),
                ));
            }
            for host in &hosts {
                self.check_host(state, &entry.edge.id, host)?;
            }
            entry.answer_on(hosts);
            entry.make_gates(|host, settings| self.model.gate(host, settings));
        }
        Ok(())
    }

    fn check_host(&self, state: &State, edge: &EdgeId, host: &Host) -> Result<(), ModelError> {
        self.model.check_unreserved(host)?;
        Model::check_reserved(state, &self.id, host)?;
        if let Some(holder) = state.edge_on(host).filter(|holder| holder.edge.id != *edge) {
            let whose = if holder.account == self.id {
                holder.edge.id.as_str()
            } else {
                "an Edge of another account"
            };
            return Err(refused(Code::HELD_BY_EDGE, format!("{host} belongs to {whose} already")));
        }
        if state.online.holder(&self.model.address(Scheme::Https, host)).is_some() {
            return Err(refused(
                Code::ALREADY_ONLINE,
                format!("a tunnel is online on {host}; stop it first"),
            ));
        }
        Ok(())
    }

    /// Changes `route`, and makes what shall guard it.
    fn apply_to_route(
        &self,
        state: &State,
        edge: &EdgeId,
        route: &mut Route,
        change: RouteChange,
    ) -> Result<Guard, ModelError> {
        if let Some(matches) = change.matches {
            let path = matches.path();
            if !path.starts_with('/') || path.len() > 1024 || path.contains(['?', '#', '%', '\\']) {
                let reason = format!(
                    "{path:?} is no path: it begins with / and is written unencoded, without a query"
                );
                return Err(refused(Code::BIND_INVALID, reason));
            }
            route.matches = matches;
        }
        let others = state.edge(&self.id, edge)?.edge.routes.iter().filter(|other| other.id != route.id);
        if others.into_iter().any(|other| other.matches == route.matches) {
            let reason = format!("another route is for {:?} already", route.matches.path());
            return Err(refused(Code::BIND_INVALID, reason));
        }
        if let Some(description) = change.description {
            route.description = limits::description(description)?;
        }
        if let Some(metadata) = change.metadata {
            route.metadata = limits::metadata(metadata)?;
        }
        if let Some(backend) = change.backend {
            if let Some(backend) = &backend {
                state.group(&self.id, &backend.id)?;
            }
            route.backend = backend;
        }
        if let Some(oidc) = change.oidc {
            route.oidc = oidc;
        }
        for change in change.modules {
            match change {
                ModuleChange::Set(module) => drop(route.modules.insert(module.kind(), module)),
                ModuleChange::Remove(kind) => drop(route.modules.remove(&kind)),
            }
        }
        self.guard_for(state, edge, route)
    }

    /// What the route's modules ask. All sign-ins of an Edge ask the same: its hosts have one session.
    fn guard_for(&self, state: &State, edge: &EdgeId, route: &Route) -> Result<Guard, ModelError> {
        let traffic = modules::compile(&route.modules, state, &self.id)?;
        let settings = route.oidc.as_ref().map(settings_of).transpose();
        let settings =
            settings.map_err(|error| refused(Code(error.api_code()), error.to_string()))?.flatten();
        if let Some(traffic) = &traffic {
            traffic.check(Scheme::Https, settings.as_ref())?;
        }
        let by_policy = || traffic.iter().flat_map(|traffic| traffic.sign_ins());
        let signs_in = route.oidc.is_some() || by_policy().next().is_some();
        if signs_in && !state.account(&self.id)?.profile.oidc {
            return Err(ModelError::Refused(limits::no_oidc()));
        }
        for asked in settings.iter().chain(by_policy()) {
            let mut others = state.edge(&self.id, edge)?.sign_ins().filter(|(id, _)| **id != route.id);
            if let Some((id, _)) = others.find(|(_, other)| other.fingerprint() != asked.fingerprint()) {
                let reason = format!(
                    "the route {id} of this Edge has people sign in otherwise; all of an Edge's are alike"
                );
                return Err(refused(Code::AUTH_CONFLICT, reason));
            }
        }
        Ok(Guard { settings, traffic })
    }
}

/// What a module asks of the gate; nothing when it is not enabled.
pub(super) fn settings_of(module: &OidcModule) -> Result<Option<gate::Settings>, gate::SettingsError> {
    let draft = gate::Draft {
        issuer: module.issuer.clone(),
        client_id: module.client_id.clone(),
        client_secret: module.client_secret.clone(),
        scopes: module.scopes.clone(),
        inactivity_timeout: Some(module.inactivity_timeout),
        maximum_duration: Some(module.maximum_duration),
        options_passthrough: module.options_passthrough,
        ..gate::Draft::default()
    };
    let settings = draft.check()?;
    Ok(module.enabled.then_some(settings))
}

fn refused(code: Code, message: String) -> ModelError {
    ModelError::Refused(Refusal::new(code, message))
}
