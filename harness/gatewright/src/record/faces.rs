//! Who is who: addresses as the people and parts that have them.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use reports::{Participant, ParticipantKind};

/// What a report calls the org and the edge.
pub(crate) const ORG: &str = "okta";
pub(crate) const EDGE: &str = "edge";
pub(crate) const NETWORK: &str = "network";

/// Everybody who can take part, by the addresses that evidence has.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faces {
    sources: HashMap<IpAddr, String>,
    upstreams: HashMap<SocketAddr, String>,
    people: Vec<String>,
    agents: Vec<String>,
    processes: Vec<String>,
}

impl Faces {
    pub(crate) fn person(&mut self, name: &str, source: IpAddr) {
        self.sources.insert(source, name.to_owned());
        self.people.push(name.to_owned());
    }

    pub(crate) fn edge(&mut self, source: IpAddr) {
        self.sources.insert(source, EDGE.to_owned());
    }

    pub(crate) fn upstream(&mut self, name: &str, address: SocketAddr) {
        self.upstreams.insert(address, name.to_owned());
    }

    pub(crate) fn agent(&mut self, name: &str) {
        self.agents.push(name.to_owned());
    }

    /// An agent that is a process of its own, and so comes from no address that the network gave.
    pub(crate) fn process(&mut self, name: &str) {
        self.agent(name);
        self.processes.push(agent(name));
    }

    /// The process whose connection to the edge comes from an address: the only one, or one of several.
    pub(super) fn process_at(&self, address: SocketAddr) -> Option<String> {
        if address.ip() != IpAddr::V4(Ipv4Addr::LOCALHOST) {
            return None;
        }
        match self.processes.as_slice() {
            [] => None,
            [one] => Some(one.clone()),
            several => Some(several.join(", ")),
        }
    }

    /// Who comes from an address.
    pub(super) fn at(&self, address: SocketAddr) -> String {
        self.sources.get(&address.ip()).cloned().unwrap_or_else(|| address.ip().to_string())
    }

    /// Which upstream listens there, as the report calls it.
    pub(super) fn upstream_at(&self, address: SocketAddr) -> String {
        self.upstreams.get(&address).map_or_else(|| address.to_string(), |name| upstream(name))
    }

    /// The columns of the drawing: those of everybody who is named in `seen`.
    pub(super) fn participants(&self, seen: impl Fn(&str) -> bool) -> Vec<Participant> {
        let one = |id: String, label: String, kind| Participant { id, label, kind };
        let people = self
            .people
            .iter()
            .map(|name| one(name.clone(), format!("{name}'s browser"), ParticipantKind::Browser));
        let network = one(NETWORK.to_owned(), "network".to_owned(), ParticipantKind::Network);
        let edge = one(EDGE.to_owned(), "edge".to_owned(), ParticipantKind::Edge);
        let org = one(ORG.to_owned(), "Okta org".to_owned(), ParticipantKind::Org);
        let agents =
            self.agents.iter().map(|name| one(agent(name), format!("agent {name}"), ParticipantKind::Agent));
        let several = (self.processes.len() > 1).then(|| self.processes.join(", "));
        let several = several.map(|names| one(names.clone(), names, ParticipantKind::Agent));
        let mut upstreams: Vec<_> = self.upstreams.values().collect();
        upstreams.sort();
        let upstreams = upstreams
            .into_iter()
            .map(|name| one(upstream(name), format!("upstream {name}"), ParticipantKind::Upstream));
        let all = people.chain([network, org, edge]).chain(agents).chain(several).chain(upstreams);
        all.filter(|participant| seen(&participant.id)).collect()
    }
}

/// What a report calls an agent; people and parts may share a name.
pub(super) fn agent(name: &str) -> String {
    format!("agent {name}")
}

/// What a report calls an upstream.
pub(super) fn upstream(name: &str) -> String {
    format!("upstream {name}")
}
