//! Where a request goes: from its host and path to what guards it and to the tunnels that take it.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::online::{Scheme, Tunnel, TunnelKind};
use super::path::{Chosen, choose};
use super::state::{EdgeEntry, State};
use super::termination::{Fingerprint, Termination};
use super::{AccountId, EdgeId, EndpointId, Host, HostPort, Model, RouteId};
use crate::traffic::Traffic;

/// What is known of a URL.
pub(crate) enum Lookup {
    /// No endpoint has this host.
    Unknown,
    /// The Edge has no route for this path.
    NoRoute,
    /// An upstream may read the path as one that another route guards.
    Ambiguous,
    /// Here it goes.
    Found(Destination),
}

/// What the name that a client asks for in TLS leads to.
pub(crate) enum Greeting {
    /// HTTP; how TLS is ended when it is not as for every site.
    Site(Option<Arc<Termination>>),
    /// The tunnel of a `tls` endpoint, whose turn it is.
    Bytes(Arc<Tunnel>),
}

/// Where a request goes.
pub(crate) struct Destination {
    pub(crate) endpoint: EndpointId,
    pub(crate) route: Option<(EdgeId, RouteId)>,
    /// Whose it is.
    pub(crate) account: AccountId,
    /// What guards it.
    pub(crate) gate: Option<gate::Gate>,
    /// What else is asked of its traffic.
    pub(crate) traffic: Option<Arc<Traffic>>,
    /// Who takes it, in the order in which they are to be tried.
    pub(crate) tunnels: Vec<Arc<Tunnel>>,
}

impl Model {
    /// Whether the edge shows a certificate for this name: its own domain's, and those that it was asked to serve.
    pub(crate) fn serves(&self, name: &str) -> bool {
        let Ok(host) = Host::parse(name) else { return false };
        host.is_under(self.domain()) || self.lock().knows(&host)
    }

    /// Where a request for this host and path goes. Takes a turn among the tunnels.
    pub(crate) fn destination(&self, scheme: Scheme, host: &Host, path: &str) -> Lookup {
        let state = self.lock();
        if let Some(tunnel) = state.online.next(&self.address(scheme, host)) {
            return Destination::own(tunnel, scheme).map_or(Lookup::Unknown, Lookup::Found);
        }
        match state.edge_on(host) {
            Some(entry) if scheme == Scheme::Https => through_edge(&state, entry, host, path),
            _ => Lookup::Unknown,
        }
    }

    /// Whether this host is an `https` endpoint's.
    pub(crate) fn is_secure(&self, host: &Host) -> bool {
        let state = self.lock();
        let own = state.online.next(&self.address(Scheme::Https, host));
        own.is_some_and(|tunnel| tunnel.scheme() == Some(Scheme::Https)) || state.edge_on(host).is_some()
    }

    /// Where a request for an internal address of this account goes. Takes a turn among the tunnels.
    pub(crate) fn internal(&self, account: &AccountId, scheme: Scheme, at: &HostPort) -> Option<Destination> {
        let state = self.lock();
        Destination::own(state.online.next_within(account, at)?, scheme)
    }

    /// What a name in TLS leads to. Takes a turn among the tunnels of a `tls` endpoint.
    pub(crate) fn greeting(&self, name: &str) -> Greeting {
        let Ok(host) = Host::parse(name) else { return Greeting::Site(None) };
        let at = self.address(Scheme::Tls, &host);
        let state = self.lock();
        match state.online.holder(&at) {
            Some(holder) if holder.scheme() == Some(Scheme::Tls) => {
                Greeting::Bytes(Arc::clone(state.online.next(&at).unwrap_or(holder)))
            }
            // All that share a URL end TLS alike.
            Some(holder) => Greeting::Site(holder.transport.termination.clone()),
            None => Greeting::Site(state.edge_on(&host).and_then(|entry| entry.termination.clone())),
        }
    }

    /// The authorities whose certificate clients of the site of this name must show, when they must.
    pub(crate) fn asks_of_clients(&self, name: &str) -> Option<Fingerprint> {
        match self.greeting(name) {
            Greeting::Site(termination) => termination?.clients(),
            Greeting::Bytes(_) => None,
        }
    }

    /// The tunnel that takes the next connection at this port.
    pub(crate) fn behind_port(&self, port: u16) -> Option<Arc<Tunnel>> {
        let at = HostPort { host: self.tcp_host().clone(), port };
        let state = self.lock();
        state.online.next(&at).filter(|tunnel| tunnel.scheme() == Some(Scheme::Tcp)).cloned()
    }

    /// Where a `tcp` endpoint's port is; none when no endpoint has it.
    pub fn tcp_address(&self, port: u16) -> Option<SocketAddr> {
        self.lock().online.port(port).map(|_| SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
    }

    /// Gives a port up that waited in vain for the agent that had it.
    pub(crate) fn give_up_port(&self, port: u16) {
        self.lock().online.give_up_port(port);
    }
}

impl Destination {
    /// A tunnel with an endpoint of its own that is spoken to so.
    fn own(tunnel: &Arc<Tunnel>, spoken: Scheme) -> Option<Self> {
        match &tunnel.kind {
            TunnelKind::Endpoint { id, scheme, .. } if *scheme == spoken => Some(Self {
                endpoint: id.clone(),
                route: None,
                account: tunnel.session.account.clone(),
                gate: tunnel.gate.clone(),
                traffic: tunnel.traffic.clone(),
                tunnels: vec![Arc::clone(tunnel)],
            }),
            _ => None,
        }
    }
}

impl State {
    fn knows(&self, host: &Host) -> bool {
        self.edge_on(host).is_some() || self.reserved(host).is_some() || self.names.contains(host)
    }
}

/// The paths that are the gate's wherever there is one.
const GATE_PATHS: [&str; 3] = [gate::LOGIN_PATH, gate::LOGOUT_PATH, gate::CALLBACK_PATH];

fn through_edge(state: &State, entry: &EdgeEntry, host: &Host, path: &str) -> Lookup {
    let Some((_, endpoint)) = entry.endpoints.iter().find(|(known, _)| known == host) else {
        return Lookup::Unknown;
    };
    if GATE_PATHS.contains(&path)
        && let Some(gate) = entry.logins.get(host)
    {
        return Lookup::Found(Destination {
            endpoint: endpoint.clone(),
            route: None,
            account: entry.account.clone(),
            gate: Some(gate.clone()),
            traffic: None,
            tunnels: Vec::new(),
        });
    }
    // Where one route's policy asks in several ways, its own rules know whose login it is.
    if GATE_PATHS.contains(&path)
        && let Some((route, _)) = entry.sign_ins().next()
    {
        return Lookup::Found(Destination {
            endpoint: endpoint.clone(),
            route: None,
            account: entry.account.clone(),
            gate: entry.gates.get(&(route.clone(), host.clone())).cloned(),
            traffic: entry.traffic.get(route).cloned(),
            tunnels: Vec::new(),
        });
    }
    let route = match choose(&entry.edge.routes, path) {
        Chosen::Route(route) => route,
        Chosen::Nothing => return Lookup::NoRoute,
        Chosen::Ambiguous => return Lookup::Ambiguous,
    };
    let backend = route.backend.as_ref().filter(|backend| backend.enabled);
    let group = backend.and_then(|backend| state.group(&entry.account, &backend.id).ok());
    let online = group.into_iter().flat_map(|group| state.online.of_group(&entry.account, group));
    let mut tunnels: Vec<_> = online.cloned().collect();
    if !tunnels.is_empty() {
        let turn = entry.turn.fetch_add(1, Ordering::Relaxed) % tunnels.len();
        tunnels.rotate_left(turn);
    }
    Lookup::Found(Destination {
        endpoint: endpoint.clone(),
        route: Some((entry.edge.id.clone(), route.id.clone())),
        account: entry.account.clone(),
        gate: entry.gates.get(&(route.id.clone(), host.clone())).cloned(),
        traffic: entry.traffic.get(&route.id).cloned(),
        tunnels,
    })
}
