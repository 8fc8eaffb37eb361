//! How much an agent may have, and what it may say of it.

use edge::model::TunnelKind;
use tokio::task::JoinSet;
use wire::StreamType;
use wire::message::{
    AuthAnswer, Bind, PatchTunnelState, PatchTunnelStateAnswer, Refusal, Unbind, UnbindAnswer,
};

use crate::agent::{Agent, Behind, dial, https};
use crate::app::App;
use crate::binding::refusal;
use crate::world::World;

#[tokio::test]
async fn a_session_has_so_many_endpoints_and_no_more() {
    let world = World::new().await;
    let agent = Agent::new(&world, &App::new("app")).await;
    let mut given = Vec::new();
    for _ in 0..256 {
        given.push(agent.online("").await.id);
    }
    assert_eq!(refusal(&agent, https("")).await, 324);
    let _: UnbindAnswer = agent.call(StreamType::UNBIND, &Unbind { id: given.pop().unwrap() }).await;
    agent.online("").await;
    assert_eq!(world.account().tunnels().len(), 256);
}

#[tokio::test]
async fn an_account_has_so_many_sessions_and_no_more() {
    let world = World::new().await;
    let app = App::new("app");
    let mut agents = Vec::new();
    for _ in 0..256 {
        agents.push(Agent::new(&world, &app).await);
    }
    let mut one_more = Agent::over(dial(&world).await, Behind::App(app));
    let answer: AuthAnswer = one_more.authenticate(Some(&world.authtoken)).await;
    assert_eq!(Refusal::parse(&answer.error).unwrap().code, Some(108));
    assert_eq!(world.account().sessions().len(), 256);
    let mut ending: JoinSet<()> = JoinSet::new();
    for agent in agents {
        ending.spawn(agent.kill());
    }
    while ending.join_next().await.is_some() {}
}

#[tokio::test]
async fn what_is_said_of_a_tunnel_can_be_changed() {
    let world = World::new().await;
    let agent = Agent::new(&world, &App::new("app")).await;
    let mut bind: Bind = https("app.tunnel.test");
    bind.extra.name = "web".into();
    bind.extra.description = "the site".into();
    bind.extra.metadata = "{}".into();
    let id = agent.bind(&bind).await.id;
    let said = || {
        let tunnel = world.account().tunnels().remove(0);
        assert!(matches!(tunnel.kind, TunnelKind::Endpoint { .. }));
        (tunnel.name, tunnel.description, tunnel.metadata, tunnel.pooling)
    };
    assert_eq!(said(), ("web".into(), "the site".into(), "{}".into(), false));
    let change = |patch: PatchTunnelState| {
        let patch = PatchTunnelState { tunnel_id: id.clone(), ..patch };
        let agent = &agent;
        async move {
            let answer: PatchTunnelStateAnswer = agent.call(StreamType::PATCH_TUNNEL_STATE, &patch).await;
            Refusal::parse(&answer.error).and_then(|refusal| refusal.code)
        }
    };
    let none = PatchTunnelState::default;
    assert_eq!(change(PatchTunnelState { name: Some("blog".into()), ..none() }).await, None);
    assert_eq!(change(PatchTunnelState { description: Some(String::new()), ..none() }).await, None);
    assert_eq!(change(PatchTunnelState { pooling_enabled: Some(true), ..none() }).await, None);
    assert_eq!(said(), ("blog".into(), String::new(), "{}".into(), true));
    for (wrong, code) in [
        (PatchTunnelState { name: Some("n".repeat(256)), ..none() }, 301),
        (PatchTunnelState { description: Some("d".repeat(256)), ..none() }, 420),
        (PatchTunnelState { metadata: Some("m".repeat(4097)), ..none() }, 421),
    ] {
        assert_eq!(change(wrong).await, Some(code));
    }
    // Half a change is none.
    let half = PatchTunnelState { name: Some("half".into()), metadata: Some("m".repeat(4097)), ..none() };
    assert_eq!(change(half).await, Some(421));
    assert_eq!(said().0, "blog");
    let stranger = Agent::new(&world, &App::new("stranger")).await;
    let patch = PatchTunnelState { tunnel_id: id.clone(), name: Some("mine".into()), ..none() };
    let answer: PatchTunnelStateAnswer = stranger.call(StreamType::PATCH_TUNNEL_STATE, &patch).await;
    assert_eq!(Refusal::parse(&answer.error).unwrap().code, Some(333));
}
