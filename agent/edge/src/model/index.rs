//! All sessions and tunnels that are online, and the ways to find them: none takes longer when there are more.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ground::Sink;

use super::host_port::HostPort;
use super::online::{AgentSession, Tunnel, TunnelKind};
use super::port::Port;
use super::register::Register;
use super::{AccountId, CredentialId, Labels, SessionId, TunnelGroup, TunnelId};
use crate::event::Event;

/// All sessions and tunnels, oldest first. Says which tunnels come and go.
#[derive(Debug)]
pub(crate) struct Online {
    sink: Sink<Event>,
    sessions: Register<SessionId, Held>,
    tunnels: Register<TunnelId, Arc<Tunnel>>,
    /// What shares an address: what is reached from outside, and what only endpoints of the account reach.
    pools: HashMap<(Reach, HostPort), Pool>,
    /// Labeled tunnels by each of their labels.
    labeled: HashMap<(AccountId, String, String), BTreeSet<u64>>,
    /// The ports of `tcp` endpoints, those among them that wait for an agent that was lost.
    ports: HashMap<u16, Port>,
}

/// From where an endpoint is reached.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Reach {
    Everywhere,
    Within(AccountId),
}

/// A session with its tunnels.
#[derive(Debug)]
struct Held {
    session: Arc<AgentSession>,
    tunnels: Vec<TunnelId>,
}

/// The tunnels that share an endpoint's URL: one, unless all of them asked to share it.
#[derive(Debug, Default)]
struct Pool {
    /// Numbers of tunnels.
    tunnels: Vec<u64>,
    turn: AtomicUsize,
}

impl Online {
    pub(crate) fn new(sink: Sink<Event>) -> Self {
        Self {
            sink,
            sessions: Register::new(),
            tunnels: Register::new(),
            pools: HashMap::new(),
            labeled: HashMap::new(),
            ports: HashMap::new(),
        }
    }

    pub(crate) fn sessions(&self) -> impl Iterator<Item = &Arc<AgentSession>> {
        self.sessions.iter().map(|held| &held.session)
    }

    pub(crate) fn tunnels(&self) -> impl Iterator<Item = &Arc<Tunnel>> {
        self.tunnels.iter()
    }

    pub(crate) fn sessions_of(&self, credential: &CredentialId) -> Vec<Arc<AgentSession>> {
        self.sessions().filter(|session| session.credential == *credential).cloned().collect()
    }

    pub(crate) fn add_session(&mut self, session: Arc<AgentSession>) {
        self.sessions.add(session.id.clone(), Held { session, tunnels: Vec::new() });
    }

    pub(crate) fn session(&self, id: &SessionId) -> Option<&Arc<AgentSession>> {
        self.sessions.get(id).map(|held| &held.session)
    }

    /// How many tunnels a session has; none when there is no such session.
    pub(crate) fn count_of(&self, id: &SessionId) -> Option<usize> {
        self.sessions.get(id).map(|held| held.tunnels.len())
    }

    /// Forgets a session and its tunnels. Their ports wait for the agent to come back.
    pub(crate) fn remove_session(&mut self, id: &SessionId) {
        let Some((_, held)) = self.sessions.remove(id) else { return };
        for id in &held.tunnels {
            let Some(tunnel) = self.forget(id) else { continue };
            if let Some(port) = self.port_left_by(&tunnel).and_then(|port| self.ports.get(&port)) {
                port.occupy(false);
            }
        }
    }

    /// Forgets a session from this moment on, and has its task end it.
    pub(crate) fn displace(&mut self, session: &AgentSession, why: &'static str) {
        self.remove_session(&session.id);
        session.end(why);
    }

    pub(crate) fn add_tunnel(&mut self, tunnel: &Arc<Tunnel>) {
        self.sink.emit(Event::TunnelUp { tunnel: tunnel.view(), url: tunnel.url.clone() });
        if let Some(held) = self.sessions.get_mut(&tunnel.session.id) {
            held.tunnels.push(tunnel.id.clone());
        }
        if let Some(port) = tunnel.tcp_address().and_then(|at| self.ports.get(&at.port)) {
            port.occupy(true);
        }
        let number = self.tunnels.add(tunnel.id.clone(), Arc::clone(tunnel));
        match &tunnel.kind {
            TunnelKind::Endpoint { at, .. } => {
                self.pools(&tunnel.session.account, at).or_default().tunnels.push(number);
            }
            TunnelKind::Labeled(labels) => {
                for key in keys(&tunnel.session.account, labels) {
                    self.labeled.entry(key).or_default().insert(number);
                }
            }
        }
    }

    /// Forgets a tunnel whose agent is about to bind it again: its port waits.
    pub(crate) fn set_aside(&mut self, id: &TunnelId) -> Option<Arc<Tunnel>> {
        let tunnel = self.forget(id)?;
        if let Some(held) = self.sessions.get_mut(&tunnel.session.id) {
            held.tunnels.retain(|held| held != id);
        }
        if let Some(port) = self.port_left_by(&tunnel).and_then(|port| self.ports.get(&port)) {
            port.occupy(false);
        }
        Some(tunnel)
    }

    /// Forgets a tunnel, and gives its port up.
    pub(crate) fn remove_tunnel(&mut self, id: &TunnelId) -> Option<Arc<Tunnel>> {
        let tunnel = self.set_aside(id)?;
        if let Some(port) = self.port_left_by(&tunnel) {
            self.ports.remove(&port);
        }
        Some(tunnel)
    }

    /// Puts a changed tunnel in its own place.
    pub(crate) fn replace_tunnel(&mut self, changed: Arc<Tunnel>) {
        if let Some(known) = self.tunnels.get_mut(&changed.id) {
            *known = changed;
        }
    }

    pub(crate) fn tunnel(&self, id: &TunnelId) -> Option<&Arc<Tunnel>> {
        self.tunnels.get(id)
    }

    /// The tunnels that have this address. That of an internal endpoint is the account's own.
    pub(crate) fn sharing(&self, account: &AccountId, at: &HostPort) -> impl Iterator<Item = &Arc<Tunnel>> {
        let numbers = self.pools.get(&key(account, at)).into_iter().flat_map(|pool| &pool.tunnels);
        numbers.filter_map(|number| self.tunnels.numbered(*number))
    }

    /// A tunnel that has this address, reached from outside.
    pub(crate) fn holder(&self, at: &HostPort) -> Option<&Arc<Tunnel>> {
        let pool = self.pools.get(&(Reach::Everywhere, at.clone()))?;
        self.tunnels.numbered(*pool.tunnels.first()?)
    }

    /// The tunnel whose turn it is at an address that is reached from outside.
    pub(crate) fn next(&self, at: &HostPort) -> Option<&Arc<Tunnel>> {
        self.next_in(self.pools.get(&(Reach::Everywhere, at.clone()))?)
    }

    /// The tunnel whose turn it is at an internal address of this account.
    pub(crate) fn next_within(&self, account: &AccountId, at: &HostPort) -> Option<&Arc<Tunnel>> {
        self.next_in(self.pools.get(&(Reach::Within(account.clone()), at.clone()))?)
    }

    /// The tunnels of an account that belong to a group, oldest first.
    pub(crate) fn of_group(
        &self,
        account: &AccountId,
        group: &TunnelGroup,
    ) -> impl Iterator<Item = &Arc<Tunnel>> {
        // The rarest of the group's labels leaves the fewest to look through. A group without any has no tunnels.
        let sets = keys(account, &group.labels).map(|key| self.labeled.get(&key));
        let rarest = sets.min_by_key(|set| set.map_or(0, BTreeSet::len)).flatten();
        let candidates = rarest.into_iter().flatten().filter_map(|number| self.tunnels.numbered(*number));
        candidates.filter(|tunnel| matches!(&tunnel.kind, TunnelKind::Labeled(labels) if group.takes(labels)))
    }

    /// The port that listens under this number.
    pub(super) fn port(&self, number: u16) -> Option<&Port> {
        self.ports.get(&number)
    }

    pub(super) fn add_port(&mut self, number: u16, port: Port) {
        self.ports.insert(number, port);
    }

    /// Gives a port up that no tunnel holds.
    pub(super) fn give_up_port(&mut self, number: u16) {
        if self.ports.get(&number).is_some_and(|port| !port.is_occupied()) {
            self.ports.remove(&number);
        }
    }

    /// The next in turn whose session lives. Where none does, any: its failure tells why.
    fn next_in(&self, pool: &Pool) -> Option<&Arc<Tunnel>> {
        if let [only] = pool.tunnels.as_slice() {
            return self.tunnels.numbered(*only);
        }
        let turn = pool.turn.fetch_add(1, Ordering::Relaxed) % pool.tunnels.len().max(1);
        let (before, from) = pool.tunnels.split_at_checked(turn)?;
        let in_turn = from.iter().chain(before).filter_map(|number| self.tunnels.numbered(*number));
        let lives = |tunnel: &&Arc<Tunnel>| tunnel.session.wire.close_reason().is_none();
        in_turn.clone().find(lives).or_else(|| in_turn.clone().next())
    }

    fn pools(&mut self, account: &AccountId, at: &HostPort) -> Entry<'_, (Reach, HostPort), Pool> {
        self.pools.entry(key(account, at))
    }

    /// The port of the tunnel, when no other tunnel holds it.
    fn port_left_by(&self, tunnel: &Tunnel) -> Option<u16> {
        let at = tunnel.tcp_address()?;
        self.sharing(&tunnel.session.account, at).next().is_none().then_some(at.port)
    }

    /// Takes a tunnel out of the register and of every index, but not from its session.
    fn forget(&mut self, id: &TunnelId) -> Option<Arc<Tunnel>> {
        let (number, tunnel) = self.tunnels.remove(id)?;
        match &tunnel.kind {
            TunnelKind::Endpoint { at, .. } => {
                if let Entry::Occupied(mut pool) = self.pools(&tunnel.session.account, at) {
                    pool.get_mut().tunnels.retain(|member| *member != number);
                    if pool.get().tunnels.is_empty() {
                        pool.remove();
                    }
                }
            }
            TunnelKind::Labeled(labels) => {
                for key in keys(&tunnel.session.account, labels) {
                    if let Some(set) = self.labeled.get_mut(&key) {
                        set.remove(&number);
                        if set.is_empty() {
                            self.labeled.remove(&key);
                        }
                    }
                }
            }
        }
        self.sink.emit(Event::TunnelDown { tunnel: id.clone(), session: tunnel.session.id.clone() });
        Some(tunnel)
    }
}

fn key(account: &AccountId, at: &HostPort) -> (Reach, HostPort) {
    let reach = if at.is_internal() { Reach::Within(account.clone()) } else { Reach::Everywhere };
    (reach, at.clone())
}

fn keys(account: &AccountId, labels: &Labels) -> impl Iterator<Item = (AccountId, String, String)> {
    labels.iter().map(|(name, value)| (account.clone(), name.clone(), value.clone()))
}

#[cfg(test)]
mod tests;
