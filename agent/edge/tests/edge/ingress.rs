//! Agents: who is let in, and how sessions end.

use edge::event::Event;
use edge::model::{CredentialChange, authtoken};
use ground::Secret;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wire::message::{AuthExtra, Bind, BindAnswer, SrvInfo, SrvInfoAnswer};
use wire::{CloseReason, StreamType};

use crate::agent::{Agent, Behind, QUICK, dial};
use crate::app::App;
use crate::client::{get, send, text};
use crate::world::{DEADLINE, World};

async fn refused_with(world: &World, token: Option<&Secret>) -> Option<u32> {
    let mut agent = Agent::dialled(world, Behind::App(App::new("app"))).await;
    let answer = agent.authenticate(token).await;
    assert_eq!(answer.client_id, "");
    agent.session.shutdown(wire::ErrorCode::NONE, "").await;
    wire::message::Refusal::parse(&answer.error).unwrap().code
}

#[tokio::test]
async fn authtokens_that_open_nothing_are_refused_with_ngroks_codes() {
    let world = World::new().await;
    let secret = |text: &str| Secret::new("authtoken", text);
    assert_eq!(refused_with(&world, None).await, Some(4018));
    assert_eq!(refused_with(&world, Some(&secret("nonsense"))).await, Some(105));
    assert_eq!(refused_with(&world, Some(&authtoken())).await, Some(107));
    assert_eq!(refused_with(&world, Some(&world.api_key)).await, Some(107));
    let refused = |event: &Event| match event {
        Event::AgentRefused { refusal, .. } => Some(refusal.code.0),
        _ => None,
    };
    let codes: Vec<u16> = world.events.all().iter().filter_map(refused).collect();
    assert_eq!(codes, [4018, 105, 107, 107]);
}

#[tokio::test]
async fn an_agent_that_is_let_in_learns_whose_account_it_is() {
    let world = World::new().await;
    let mut agent = Agent::dialled(&world, Behind::App(App::new("app"))).await;
    let region: SrvInfoAnswer = agent.call(StreamType::SRV_INFO, &SrvInfo {}).await;
    assert_eq!(region.region, "test");
    let answer = agent.authenticate(Some(&world.authtoken)).await;
    assert_eq!((answer.version.as_str(), answer.error.as_str()), ("3", ""));
    assert_eq!((answer.extra.account_name.as_str(), answer.extra.plan_name.as_str()), ("Acme", "Enterprise"));
    assert_eq!(answer.extra.region, "test");
    let sessions = world.account().sessions();
    assert_eq!(sessions.len(), 1);
    assert_eq!(answer.extra.agent_session_id, sessions[0].id.to_string());
    assert_eq!(sessions[0].agent.user_agent, "test/1");
}

#[tokio::test]
async fn absurd_heartbeats_are_refused() {
    let world = World::new().await;
    for (interval, tolerance, code) in [(-1, 0, 111), (1, 0, 111), (0, i64::MAX, 112)] {
        let mut agent = Agent::dialled(&world, Behind::App(App::new("app"))).await;
        let extra = AuthExtra {
            auth_token: Some(world.authtoken.clone()),
            heartbeat_interval: interval,
            heartbeat_tolerance: tolerance,
            ..AuthExtra::default()
        };
        let answer = agent.introduce(extra).await;
        assert_eq!(wire::message::Refusal::parse(&answer.error).unwrap().code, Some(code));
    }
}

#[tokio::test]
async fn nothing_is_bound_before_authentication() {
    let world = World::new().await;
    let agent = Agent::dialled(&world, Behind::App(App::new("app"))).await;
    let bind = wire::rpc::call::<BindAnswer>(&agent.session, StreamType::BIND, &Bind::default()).await;
    assert!(bind.is_err());
    agent.ended().await;
    let reason = world.events.first("its loss", |event| match event {
        Event::AgentLost { reason, .. } => Some(reason.clone()),
        _ => None,
    });
    assert_eq!(reason.await, "an agent authenticates first");
}

#[tokio::test]
async fn a_revoked_credential_ends_its_sessions_and_opens_no_more() {
    let world = World::new().await;
    let account = world.account();
    let credential = account.create_credential(CredentialChange::default()).unwrap();
    let mut agent = Agent::dialled(&world, Behind::App(App::new("app"))).await;
    agent.authenticate(Some(&credential.token)).await;
    agent.online("app.tunnel.test").await;
    account.revoke_credential(&credential.id).unwrap();
    assert!(account.tunnels().is_empty());
    assert!(matches!(agent.ended().await, CloseReason::GoneAway { .. }));
    assert_eq!(refused_with(&world, Some(&credential.token)).await, Some(107));
    let reason = world.events.first("the session's end", |event| match event {
        Event::SessionDown { reason, .. } => Some(reason.clone()),
        _ => None,
    });
    assert_eq!(reason.await, "its credential was revoked");
}

#[tokio::test]
async fn an_agent_that_falls_silent_is_dropped() {
    let world = World::new().await;
    // It announces a quick heartbeat and echoes nothing, since nobody accepts its streams.
    let (tasks, stream) = (ground::Tasks::new(), dial(&world).await);
    let (session, _incoming) =
        wire::Session::start(stream, wire::Role::Client, wire::Limits::default(), &tasks.spawner());
    let auth = wire::message::Auth {
        extra: AuthExtra {
            auth_token: Some(world.authtoken.clone()),
            heartbeat_interval: QUICK,
            heartbeat_tolerance: QUICK,
            ..AuthExtra::default()
        },
        ..Default::default()
    };
    let answer: wire::message::AuthAnswer = wire::rpc::call(&session, StreamType::AUTH, &auth).await.unwrap();
    assert_eq!(answer.error, "");
    let reason = world.events.first("the session's end", |event| match event {
        Event::SessionDown { reason, .. } => Some(reason.clone()),
        _ => None,
    });
    assert_eq!(reason.await, CloseReason::Silent.to_string());
    assert!(world.account().sessions().is_empty());
}

#[tokio::test]
async fn a_broken_frame_ends_its_session_alone() {
    let world = World::new().await;
    let healthy = Agent::new(&world, &App::new("app")).await;
    healthy.online("app.tunnel.test").await;
    for garbage in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        &[0, 0, 4, 0x12, 0, 0, 0, 2, 0, 0, 0, 0],
        &[0, 0, 4, 0x00, 0, 0, 0, 0, 1, 2, 3, 4],
    ] {
        let mut stream = dial(&world).await;
        stream.write_all(garbage).await.unwrap();
        let mut rest = Vec::new();
        // Closed in good order or not: the edge has had enough of it.
        let _ =
            tokio::time::timeout(DEADLINE, stream.read_to_end(&mut rest)).await.expect("the edge hangs up");
    }
    assert_eq!(text(send(&world, get("https://app.tunnel.test/")).await).await, "app");
    assert_eq!(world.account().sessions().len(), 1);
}

#[tokio::test]
async fn when_the_edge_stops_agents_are_told_to_go() {
    let world = World::new().await;
    let agent = Agent::new(&world, &App::new("app")).await;
    world.edge.stop().await;
    assert!(matches!(agent.ended().await, CloseReason::GoneAway { .. }));
}

#[tokio::test]
async fn an_agent_is_told_to_stop() {
    let world = World::new().await;
    let agent = Agent::new(&world, &App::new("app")).await;
    let account = world.account();
    let id = account.sessions()[0].id.clone();
    // The test's agent has no handler and drops the stream.
    assert!(matches!(account.stop_session(&id).await, Err(edge::CommandError::Broken(_))));
    assert!(agent.session.close_reason().is_none());
}
