//! Tunnels that share a URL because all of them asked to.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use edge::event::Event;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::timeout;
use wire::StreamType;
use wire::message::{
    Bind, PatchTunnelState, PatchTunnelStateAnswer, Refusal, TcpOptions, TlsOptions, TlsTermination,
};

use crate::agent::{Agent, Behind, again, https, tcp, tls};
use crate::app::App;
use crate::binding::refusal;
use crate::client::{code, connect, get, send, text};
use crate::world::{DEADLINE, World};

const NAME: &str = "app.tunnel.test";
const URL: &str = "https://app.tunnel.test/";

fn pooled(mut bind: Bind) -> Bind {
    bind.extra.pooling_enabled = true;
    bind
}

async fn two(world: &World) -> (Agent, Agent) {
    (Agent::new(world, &App::new("one")).await, Agent::new(world, &App::new("two")).await)
}

/// How often each app answered.
async fn turns(world: &World, times: usize) -> BTreeMap<String, usize> {
    let mut answers = BTreeMap::new();
    for _ in 0..times {
        *answers.entry(text(send(world, get(URL)).await).await).or_insert(0) += 1;
    }
    answers
}

fn counts(expected: &[(&str, usize)]) -> BTreeMap<String, usize> {
    expected.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

#[tokio::test]
async fn requests_take_turns_among_tunnels_that_share_a_url() {
    let world = World::new().await;
    let (one, two) = two(&world).await;
    for agent in [&one, &two] {
        let answer = agent.bind(&pooled(https(NAME))).await;
        assert_eq!((answer.error.as_str(), answer.url.as_str()), ("", "https://app.tunnel.test"));
    }
    let endpoints = world.account().endpoints();
    assert_eq!(endpoints.len(), 2);
    assert_ne!(endpoints[0].id, endpoints[1].id);
    assert_eq!(turns(&world, 6).await, counts(&[("one", 3), ("two", 3)]));
    one.session.shutdown(wire::ErrorCode::NONE, "").await;
    world.events.first("the end", |event| matches!(event, Event::SessionDown { .. }).then_some(())).await;
    assert_eq!(turns(&world, 3).await, counts(&[("two", 3)]));
    two.session.shutdown(wire::ErrorCode::NONE, "").await;
    let ends =
        || world.events.all().iter().filter(|event| matches!(event, Event::SessionDown { .. })).count();
    world.events.first("both ends", |_| (ends() == 2).then_some(())).await;
    assert_eq!(code(send(&world, get(URL)).await.headers()), "ERR_NGROK_3200");
}

#[tokio::test]
async fn a_url_is_shared_only_where_all_say_so() {
    let world = World::new().await;
    let (one, two) = two(&world).await;
    let answer = one.bind(&https(NAME)).await;
    assert_eq!(refusal(&two, pooled(https(NAME))).await, 334);
    patch(&one, &answer.id, true).await.unwrap();
    assert_eq!(refusal(&two, https(NAME)).await, 334);
    // Nor by endpoints that are spoken to in another way.
    let bytes = tls(&TlsOptions { domain: NAME.into(), ..TlsOptions::default() });
    assert_eq!(refusal(&two, pooled(bytes)).await, 334);
    let other = two.bind(&pooled(https(NAME))).await;
    assert_eq!(other.error, "");
    // Who shares can't stop sharing; who is alone again can.
    assert_eq!(patch(&one, &answer.id, false).await, Err(Some(334)));
    let _: wire::message::UnbindAnswer =
        two.call(StreamType::UNBIND, &wire::message::Unbind { id: other.id }).await;
    patch(&one, &answer.id, false).await.unwrap();
    assert_eq!(refusal(&two, pooled(https(NAME))).await, 334);
}

async fn patch(agent: &Agent, tunnel: &str, pooling: bool) -> Result<(), Option<u32>> {
    let patch = PatchTunnelState {
        tunnel_id: tunnel.to_owned(),
        pooling_enabled: Some(pooling),
        ..PatchTunnelState::default()
    };
    let answer: PatchTunnelStateAnswer = agent.call(StreamType::PATCH_TUNNEL_STATE, &patch).await;
    match Refusal::parse(&answer.error) {
        None => Ok(()),
        Some(refusal) => Err(refusal.code),
    }
}

#[tokio::test]
async fn an_agent_that_comes_back_finds_its_place_in_the_pool() {
    let world = World::new().await;
    let (one, two) = two(&world).await;
    let before = one.bind(&pooled(https(NAME))).await;
    two.bind(&pooled(https(NAME))).await;
    // Its old session hangs.
    let back = Agent::new(&world, &App::new("back")).await;
    let after = back.bind(&pooled(again(&before))).await;
    assert_eq!((after.error.as_str(), after.id), ("", before.id));
    one.ended().await;
    assert_eq!(turns(&world, 4).await, counts(&[("two", 2), ("back", 2)]));
}

#[tokio::test]
async fn connections_take_turns_too() {
    let world = World::new().await;
    let (one, two) =
        (Agent::with(&world, Behind::Bytes(b"one")).await, Agent::with(&world, Behind::Bytes(b"two")).await);
    let answer = one.bind(&pooled(tcp(&TcpOptions::default()))).await;
    let port: u16 = answer.url.rsplit_once(':').unwrap().1.parse().unwrap();
    let wish = TcpOptions { addr: format!("tcp.tunnel.test:{port}"), ..TcpOptions::default() };
    assert_eq!(refusal(&two, tcp(&wish)).await, 334);
    assert_eq!(two.bind(&pooled(tcp(&wish))).await.url, answer.url);
    let bytes = TlsOptions {
        domain: NAME.into(),
        tls_termination: Some(TlsTermination::default()),
        ..TlsOptions::default()
    };
    for agent in [&one, &two] {
        assert_eq!(agent.bind(&pooled(tls(&bytes))).await.error, "");
    }
    let (mut over_tcp, mut over_tls) = (BTreeMap::new(), BTreeMap::new());
    for _ in 0..4 {
        let mut client = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
        let mut said = String::new();
        timeout(DEADLINE, client.read_to_string(&mut said)).await.expect("the bytes in time").unwrap();
        *over_tcp.entry(said).or_insert(0) += 1;
        let mut client = connect(&world, NAME, &[]).await.unwrap();
        let mut said = [0; 3];
        timeout(DEADLINE, client.read_exact(&mut said)).await.expect("the bytes in time").unwrap();
        *over_tls.entry(String::from_utf8_lossy(&said).into_owned()).or_insert(0) += 1;
    }
    assert_eq!(over_tcp, counts(&[("one", 2), ("two", 2)]));
    assert_eq!(over_tls, counts(&[("one", 2), ("two", 2)]));
    // The port is there for as long as one of them is.
    one.session.shutdown(wire::ErrorCode::NONE, "").await;
    world.events.first("the end", |event| matches!(event, Event::SessionDown { .. }).then_some(())).await;
    let mut client = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
    let mut said = String::new();
    timeout(DEADLINE, client.read_to_string(&mut said)).await.expect("the bytes in time").unwrap();
    assert_eq!(said, "two");
}
