use std::collections::BTreeMap;

use chrono::Utc;
use ground::{Connection, Tasks};
use wire::{CloseReason, Limits, Role, Session};

use super::*;
use crate::model::online::{AgentInfo, Scheme, UpstreamProtocol};
use crate::model::transport::Transport;
use crate::model::{BackendId, EndpointId, Host};
use crate::proxy::Upstreams;

/// An index, and what its sessions run on.
struct Scene {
    online: Online,
    account: AccountId,
    tasks: Tasks,
}

impl Scene {
    fn new() -> Self {
        Self { online: Online::new(Sink::forgetful()), account: AccountId::random(), tasks: Tasks::new() }
    }

    fn session(&mut self) -> Arc<AgentSession> {
        let (near, _) = tokio::io::duplex(64);
        let (wire, _) = Session::start(near, Role::Server, Limits::default(), &self.tasks.spawner());
        let address = ([127, 0, 0, 1], 1).into();
        let session = Arc::new(AgentSession {
            id: SessionId::random(),
            account: self.account.clone(),
            credential: CredentialId::random(),
            client_id: String::new(),
            connection: Connection { peer: address, local: address },
            agent: AgentInfo::default(),
            started_at: Utc::now(),
            wire,
            upstreams: Upstreams::new(),
            ending: tokio::sync::watch::Sender::new(None),
        });
        self.online.add_session(Arc::clone(&session));
        session
    }

    fn add(&mut self, session: &Arc<AgentSession>, kind: TunnelKind) -> TunnelId {
        let id = TunnelId::random();
        self.online.add_tunnel(&Arc::new(Tunnel {
            id: id.clone(),
            session: Arc::clone(session),
            kind,
            url: None,
            gate: None,
            traffic: None,
            transport: Transport::default(),
            pooling: true,
            name: String::new(),
            forwards_to: String::new(),
            upstream_protocol: UpstreamProtocol::default(),
            metadata: String::new(),
            description: String::new(),
            started_at: Utc::now(),
        }));
        id
    }

    fn bind(&mut self, session: &Arc<AgentSession>, scheme: Scheme, at: &HostPort) -> TunnelId {
        let kind = TunnelKind::Endpoint { id: EndpointId::random(), scheme, at: at.clone() };
        self.add(session, kind)
    }

    fn is_empty(&self) -> bool {
        let online = &self.online;
        online.tunnels().next().is_none() && online.pools.is_empty() && online.labeled.is_empty()
    }
}

fn at(host: &str, port: u16) -> HostPort {
    HostPort { host: Host::parse(host).unwrap(), port }
}

fn labels(pairs: &[(&str, &str)]) -> Labels {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn group(asked: &[(&str, &str)]) -> TunnelGroup {
    TunnelGroup {
        id: BackendId::random(),
        created_at: Utc::now(),
        description: String::new(),
        metadata: String::new(),
        labels: labels(asked),
    }
}

#[tokio::test]
async fn nothing_is_left_of_a_session_that_is_gone() {
    let mut scene = Scene::new();
    let (one, two) = (scene.session(), scene.session());
    let (site, within) = (at("app.tunnel.test", 443), at("app.internal", 443));
    for session in [&one, &two] {
        scene.bind(session, Scheme::Https, &site);
        scene.bind(session, Scheme::Https, &within);
        scene.add(session, TunnelKind::Labeled(labels(&[("edge", "a"), ("part", "b")])));
    }
    assert_eq!((scene.online.count_of(&one.id), scene.online.tunnels().count()), (Some(3), 6));
    scene.online.remove_session(&one.id);
    assert_eq!((scene.online.count_of(&one.id), scene.online.tunnels().count()), (None, 3));
    assert!(scene.online.tunnels().all(|tunnel| tunnel.session.id == two.id));
    scene.online.remove_session(&two.id);
    assert!(scene.is_empty());
}

#[tokio::test]
async fn what_is_internal_is_found_by_its_account_alone_and_never_from_outside() {
    let mut scene = Scene::new();
    let session = scene.session();
    let within = at("app.internal", 443);
    let id = scene.bind(&session, Scheme::Https, &within);
    assert!(scene.online.next(&within).is_none() && scene.online.holder(&within).is_none());
    assert_eq!(scene.online.next_within(&scene.account, &within).unwrap().id, id);
    assert!(scene.online.next_within(&AccountId::random(), &within).is_none());
    let outside = at("app.tunnel.test", 443);
    scene.bind(&session, Scheme::Https, &outside);
    assert!(scene.online.next_within(&scene.account, &outside).is_none());
}

#[tokio::test]
async fn a_group_finds_the_tunnels_that_carry_all_its_labels() {
    let mut scene = Scene::new();
    let session = scene.session();
    let both = scene.add(&session, TunnelKind::Labeled(labels(&[("edge", "a"), ("part", "b")])));
    let one = scene.add(&session, TunnelKind::Labeled(labels(&[("edge", "a")])));
    scene.bind(&session, Scheme::Https, &at("app.tunnel.test", 443));
    let found = |asked: &[(&str, &str)]| {
        let group = group(asked);
        let tunnels = scene.online.of_group(&scene.account, &group);
        tunnels.map(|tunnel| tunnel.id.clone()).collect::<Vec<_>>()
    };
    assert_eq!(found(&[("edge", "a")]), [both.clone(), one]);
    assert_eq!(found(&[("edge", "a"), ("part", "b")]), [both]);
    for nobody in [&[("edge", "b")][..], &[("edge", "a"), ("part", "c")], &[]] {
        assert!(found(nobody).is_empty(), "{nobody:?}");
    }
    assert_eq!(scene.online.of_group(&AccountId::random(), &group(&[("edge", "a")])).count(), 0);
}

#[tokio::test]
async fn turns_are_even_and_pass_over_sessions_that_are_over() {
    let mut scene = Scene::new();
    let site = at("app.tunnel.test", 443);
    let sessions = [scene.session(), scene.session(), scene.session()];
    let ids = sessions.each_ref().map(|session| scene.bind(session, Scheme::Https, &site));
    let turns = |scene: &Scene| {
        let mut turns: BTreeMap<TunnelId, usize> = BTreeMap::new();
        for _ in 0..6 {
            *turns.entry(scene.online.next(&site).unwrap().id.clone()).or_default() += 1;
        }
        turns
    };
    assert_eq!(turns(&scene), ids.iter().map(|id| (id.clone(), 2)).collect());
    // Its task has not noticed yet.
    sessions[1].wire.abandon(CloseReason::Eof);
    assert!(!turns(&scene).contains_key(&ids[1]));
    for session in &sessions {
        session.wire.abandon(CloseReason::Eof);
    }
    assert!(scene.online.next(&site).is_some(), "its failure tells why");
}

#[tokio::test]
async fn a_port_waits_for_a_lost_agent_and_for_none_that_gave_it_back() {
    let mut scene = Scene::new();
    let session = scene.session();
    let (port, opened) = Port::open(None, &scene.account).unwrap();
    let address = at("tcp.tunnel.test", opened.number);
    scene.online.add_port(opened.number, port);
    let id = scene.bind(&session, Scheme::Tcp, &address);
    scene.online.give_up_port(opened.number);
    assert!(scene.online.port(opened.number).is_some(), "a tunnel holds it");
    scene.online.remove_session(&session.id);
    assert!(scene.online.tunnel(&id).is_none() && !*opened.occupied.borrow());
    let back = scene.session();
    let again = scene.bind(&back, Scheme::Tcp, &address);
    assert!(*opened.occupied.borrow());
    scene.online.remove_tunnel(&again);
    assert!(scene.online.port(opened.number).is_none());
    assert!(opened.occupied.has_changed().is_err(), "whoever accepts there is told");
}
