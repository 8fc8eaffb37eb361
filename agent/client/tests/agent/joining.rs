//! Joining an edge, binding tunnels there, and taking leave.

use client::{Agent, AgentError, Event, HttpTunnel, LabeledTunnel, Scheme};
use ground::{Authority, Secret, Sink};
use wire::CloseReason;
use wire::message::{CircuitBreaker, CommandAnswer, Oidc, Refusal, StopTunnel, Update};
use wire::{ErrorCode, StreamType, rpc};

use crate::edge::{Asked, Edge};
use crate::support::{App, Events, bound, config, joined, refused, within};

#[tokio::test]
async fn an_agent_introduces_itself_and_is_let_in() {
    let mut edge = Edge::start().await;
    let (sink, mut events) = Events::new();
    let agent = within("the agent", Agent::start(config(&edge, Some("good")), sink)).await.unwrap();
    let auth = edge.next_auth().await;
    assert_eq!((auth.version, auth.client_id.as_str()), (vec!["3".to_owned(), "2".to_owned()], ""));
    assert_eq!(auth.extra.metadata, "in a test");
    assert_eq!(auth.extra.heartbeat_interval, 10_000_000_000);
    assert_eq!(auth.extra.stop_unsupported_error.as_deref(), Some(""));
    assert!(auth.extra.update_unsupported_error.is_some_and(|why| !why.is_empty()));
    assert!(auth.extra.user_agent.starts_with("gatewright/"));

    let Event::SessionEstablished { session, connection, region, again } = events.next().await else {
        panic!("no session")
    };
    assert_eq!((session.as_str(), region.as_str(), again), ("ts_1", "stage", false));
    assert_eq!(connection.local, edge.address);
    assert_eq!(connection.peer.ip().to_string(), "127.0.0.9");
    within("the first echo", async {
        while agent.console().latency.is_none() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let state = agent.console();
    assert_eq!((state.account.as_str(), state.plan.as_str()), ("Acme", "Enterprise"));
}

#[tokio::test]
async fn an_agent_that_is_refused_says_why() {
    let edge = Edge::start().await;
    for (token, code) in [(None, 4018), (Some("malformed"), 105), (Some("stranger"), 107)] {
        let error = refused(&edge, token).await;
        assert!(matches!(error, AgentError::Unauthenticated(_)), "{error}");
        assert_eq!(error.code(), Some(code));
    }
    let error = refused(&edge, Some("stranger")).await;
    assert_eq!(error.to_string(), "authentication failed: The authtoken is unknown. (ERR_NGROK_107)");
}

#[tokio::test]
async fn an_edge_that_is_not_there_or_not_trusted_is_named() {
    let mut edge = Edge::start().await;
    let mut stranger = config(&edge, Some("good"));
    stranger.tls = Authority::new().unwrap().client_config(&[]).unwrap();
    let error = within("the error", Agent::start(stranger, Sink::forgetful())).await.unwrap_err();
    assert!(matches!(error, AgentError::Tls { .. }), "{error}");
    edge.go_deaf().await;
    let error = refused(&edge, Some("good")).await.to_string();
    let dialled = format!("failed to dial the edge at {}: ", edge.address);
    assert!(error.starts_with(&dialled) && error.contains("is it running"), "{error}");
}

#[tokio::test]
async fn a_tunnel_asks_for_all_that_it_was_told() {
    let mut edge = Edge::start().await;
    let (agent, mut events) = joined(&mut edge).await;
    let oidc = Oidc {
        issuer_url: "https://acme.okta.test".into(),
        client_id: "0oa1".into(),
        client_secret: Some(Secret::new("client secret", "hush")),
        scopes: vec!["openid".into(), "email".into()],
        allow_emails: vec!["alice@acme.test".into()],
        allow_domains: vec!["acme.test".into()],
        ..Oidc::default()
    };
    let mut wanted = HttpTunnel::new("3000".parse().unwrap()).domain("app.elsewhere.test").oidc(oidc.clone());
    wanted.options.circuit_breaker = Some(CircuitBreaker { error_threshold: 0.5 });
    wanted.metadata = "mine".into();
    let tunnel = within("the tunnel", agent.bind(wanted)).await.unwrap();
    assert_eq!(tunnel.url(), Some("https://app.elsewhere.test"));
    let bind = edge.next_bind().await;
    assert_eq!((bind.id.as_str(), bind.proto.as_str()), ("", "https"));
    assert_eq!((bind.forwards_to.as_str(), bind.extra.metadata.as_str()), ("http://localhost:3000", "mine"));
    let options = bind.opts.http().unwrap();
    assert_eq!(options.oidc, Some(oidc));
    assert_eq!(options.circuit_breaker.map(|breaker| breaker.error_threshold), Some(0.5));

    let started = events
        .find("the tunnel's start", |event| match event {
            Event::TunnelStarted { url, upstream, .. } => Some((url.clone(), upstream.clone())),
            _ => None,
        })
        .await;
    assert_eq!(started, (Some("https://app.elsewhere.test".into()), "http://localhost:3000".into()));
    let line = agent.console().forwarding.remove(0);
    assert_eq!(
        (line.from.as_str(), line.to.as_str()),
        ("https://app.elsewhere.test", "http://localhost:3000")
    );

    let mut plain = HttpTunnel::new("3000".parse().unwrap());
    plain.scheme = Scheme::Http;
    let tunnel = within("the tunnel", agent.bind(plain)).await.unwrap();
    assert_eq!(tunnel.url(), Some("http://given.tunnel.test"));
}

#[tokio::test]
async fn a_tunnel_that_is_refused_says_why_and_the_agent_stays() {
    let mut edge = Edge::start().await;
    let (agent, _events) = joined(&mut edge).await;
    edge.refuse(Some(Refusal::new(334, "The endpoint is online already.")));
    let wanted = HttpTunnel::new("3000".parse().unwrap());
    let error = within("the refusal", agent.bind(wanted)).await.unwrap_err();
    assert!(matches!(error, AgentError::Unbound(_)));
    assert_eq!(error.code(), Some(334));
    edge.next_bind().await;
    edge.refuse(None);
    bound(&agent, &mut edge, &App::nowhere().await).await;
}

#[tokio::test]
async fn a_labeled_tunnel_has_labels_and_no_url() {
    let mut edge = Edge::start().await;
    let (agent, _events) = joined(&mut edge).await;
    let wanted = LabeledTunnel::new("http://localhost:80".parse().unwrap(), "edge", "edghts_1");
    let tunnel = within("the tunnel", agent.label(wanted)).await.unwrap();
    assert_eq!(tunnel.url(), None);
    let Asked::Label(labeled) = edge.next_asked().await else { panic!("no label") };
    assert_eq!(labeled.labels.get("edge").map(String::as_str), Some("edghts_1"));
    assert_eq!(labeled.forwards_to, "http://localhost:80");
    assert_eq!(agent.console().forwarding[0].from, "edge=edghts_1");
}

#[tokio::test]
async fn a_tunnel_that_is_closed_is_given_back() {
    let mut edge = Edge::start().await;
    let (agent, mut events) = joined(&mut edge).await;
    let tunnel = bound(&agent, &mut edge, &App::nowhere().await).await;
    within("the close", tunnel.close()).await.unwrap();
    let Asked::Unbind(unbind) = edge.next_asked().await else { panic!("no unbind") };
    assert_eq!(unbind.id, "t-http");
    let reason = events
        .find("the tunnel's end", |event| match event {
            Event::TunnelStopped { reason, .. } => Some(reason.clone()),
            _ => None,
        })
        .await;
    assert_eq!(reason, None);
    assert!(agent.console().forwarding.is_empty());
    // What comes for it now is ended in good order.
    let mut late = edge.connect().await;
    assert_eq!(crate::edge::read_all(&mut late).await.unwrap(), "");
}

#[tokio::test]
async fn leave_is_taken_in_good_order_and_a_killed_agent_is_just_gone() {
    let mut edge = Edge::start().await;
    let (agent, mut events) = joined(&mut edge).await;
    let session = edge.session().await;
    let tunnel = bound(&agent, &mut edge, &App::nowhere().await).await;
    within("the shutdown", agent.shutdown()).await;
    let left = CloseReason::GoneAway { code: ErrorCode::NONE, text: String::new() };
    assert_eq!(within("the goodbye", session.closed()).await, left);
    assert!(matches!(*tunnel.ended().await, AgentError::ShutDown));
    let reason = events
        .find("the end", |event| match event {
            Event::SessionLost { .. } | Event::Reconnecting { .. } => panic!("{event:?}"),
            Event::Ended { error } => Some(error.to_string()),
            _ => None,
        })
        .await;
    assert_eq!(reason, "the agent was shut down");

    let (agent, _events) = joined(&mut edge).await;
    let session = edge.session().await;
    drop(agent);
    let gone = within("the end", session.closed()).await;
    assert!(matches!(gone, CloseReason::Eof | CloseReason::Broken(..)), "{gone:?}");
}

#[tokio::test]
async fn the_edge_may_stop_restart_and_not_update_an_agent() {
    let mut edge = Edge::start().await;
    let (agent, mut events) = joined(&mut edge).await;
    let command = async |edge: &Edge, kind| {
        let session = edge.session().await;
        let request = Update::default();
        let answer = rpc::call::<CommandAnswer>(&session, kind, &request);
        within("the answer", answer).await.unwrap().error
    };
    assert_eq!(command(&edge, StreamType::UPDATE).await, "this agent does not update itself");

    assert_eq!(command(&edge, StreamType::RESTART).await, "");
    assert_eq!(edge.next_auth().await.client_id, "client-1");
    let again = events
        .find("the new session", |event| match event {
            Event::SessionEstablished { again: true, .. } => Some(()),
            _ => None,
        })
        .await;
    assert_eq!(again, ());

    assert_eq!(command(&edge, StreamType::STOP).await, "");
    assert!(matches!(*within("the end", agent.ended()).await, AgentError::Stopped));
    let wanted = HttpTunnel::new("3000".parse().unwrap());
    let error = within("the refusal", agent.bind(wanted)).await.unwrap_err();
    assert_eq!(error.to_string(), "the agent has ended: the edge asked the agent to stop");
}

#[tokio::test]
async fn the_edge_may_end_a_tunnel_and_say_why() {
    let mut edge = Edge::start().await;
    let (agent, _events) = joined(&mut edge).await;
    let tunnel = bound(&agent, &mut edge, &App::nowhere().await).await;
    let stop = StopTunnel {
        id: "t-http".into(),
        message: "Its domain was released.".into(),
        error_code: "ERR_NGROK_320".into(),
    };
    rpc::tell(&edge.session().await, StreamType::STOP_TUNNEL, &stop).await.unwrap();
    let ended = within("the tunnel's end", tunnel.ended()).await;
    assert_eq!(ended.to_string(), "the edge stopped the tunnel: Its domain was released. (ERR_NGROK_320)");
    // Closing it is fine, and the edge isn't bothered again.
    within("the close", tunnel.close()).await.unwrap();
    bound(&agent, &mut edge, &App::nowhere().await).await;
}
