//! Losing the session, and what becomes of the tunnels.

use client::{AgentError, Event, HttpTunnel, LabeledTunnel, console::Status};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wire::CloseReason;
use wire::message::Refusal;

use crate::edge::{Asked, Edge, read_all};
use crate::support::{App, Events, bound, joined, within};

async fn established_again(events: &mut Events) {
    let again = |event: &Event| matches!(event, Event::SessionEstablished { again: true, .. }).then_some(());
    events.find("the new session", again).await;
}

#[tokio::test]
async fn a_lost_session_is_replaced_and_the_url_stays() {
    let (mut edge, app) = (Edge::start().await, App::start().await);
    let (agent, mut events) = joined(&mut edge).await;
    let wanted = HttpTunnel::new(app.upstream.clone()).domain("app.tunnel.test");
    let tunnel = within("the tunnel", agent.bind(wanted)).await.unwrap();
    let first = edge.next_bind().await;
    assert!(first.id.is_empty() && first.extra.token.is_none());
    let mut cut_off = edge.connect().await;
    cut_off.write_all(b"GET").await.unwrap();
    let mut at_app = app.accept().await;

    edge.session().await.abandon(CloseReason::Ended);
    let auth = edge.next_auth().await;
    assert_eq!(auth.client_id, "client-1");
    assert_eq!(auth.extra.cookie.unwrap().expose(), "crumbs");
    let again = edge.next_bind().await;
    assert_eq!(again.id, "t-http");
    assert_eq!(again.extra.token.unwrap().expose(), "key");
    // The options are those that the edge gave back, with what it assigned.
    assert_eq!(again.opts.http().unwrap().hostname, "app.tunnel.test");
    assert_eq!(again.opts.http().unwrap().domain, "app.tunnel.test");

    let mut story = Vec::new();
    loop {
        match events.next().await {
            Event::SessionLost { .. } => story.push("lost"),
            Event::Reconnecting { .. } => story.push("reconnecting"),
            Event::TunnelStarted { url, .. } => {
                assert_eq!(url.as_deref(), tunnel.url());
                story.push("tunnel");
            }
            Event::ConnectionClosed { reason: Some(_), .. } => story.push("cut off"),
            Event::SessionEstablished { again, .. } => {
                story.push("established");
                if again {
                    break;
                }
            }
            _ => {}
        }
    }
    assert_eq!(story, ["established", "tunnel", "cut off", "lost", "reconnecting", "tunnel", "established"]);
    assert_eq!(agent.console().status, Status::Online);
    assert_eq!(agent.console().forwarding.len(), 1);

    // What was on its way is broken off, and the tunnel works again.
    let rest = within("the break", at_app.read_to_end(&mut Vec::new())).await;
    assert!(rest.is_err() || rest.is_ok_and(|rest| rest <= 3));
    let mut client = edge.connect().await;
    client.write_all(b"again").await.unwrap();
    let mut got = [0; 5];
    within("the bytes", app.accept().await.read_exact(&mut got)).await.unwrap();
    assert_eq!(&got, b"again");
}

#[tokio::test]
async fn a_labeled_tunnel_takes_its_new_id() {
    let (mut edge, app) = (Edge::start().await, App::start().await);
    let (agent, mut events) = joined(&mut edge).await;
    let wanted = LabeledTunnel::new(app.upstream.clone(), "edge", "edghts_1");
    let _tunnel = within("the tunnel", agent.label(wanted)).await.unwrap();
    assert!(matches!(edge.next_asked().await, Asked::Label(_)));
    edge.session().await.abandon(CloseReason::Ended);
    edge.next_auth().await;
    let mut ids = Vec::new();
    events
        .find("the new session", |event| match event {
            Event::TunnelStarted { id, labels, .. } if !labels.is_empty() => {
                ids.push(id.clone());
                None
            }
            Event::SessionEstablished { again: true, .. } => Some(()),
            _ => None,
        })
        .await;
    assert_eq!(ids, ["t-label-1", "t-label-2"]);
    let mut stale = edge.connect_to("t-label-1", "https").await;
    assert_eq!(read_all(&mut stale).await.unwrap(), "");
    let mut client = edge.connect_to("t-label-2", "https").await;
    client.write_all(b"x").await.unwrap();
    within("the byte", app.accept().await.read_exact(&mut [0])).await.unwrap();
}

#[tokio::test]
async fn while_the_edge_is_away_the_agent_keeps_calling_and_tunnels_wait() {
    let (mut edge, app) = (Edge::start().await, App::start().await);
    let (agent, mut events) = joined(&mut edge).await;
    let session = edge.session().await;
    edge.go_deaf().await;
    session.abandon(CloseReason::Ended);
    let reason = events
        .find("a failed attempt", |event| match event {
            Event::Reconnecting { reason: Some(reason), failed, .. } if *failed >= 1 => Some(reason.clone()),
            _ => None,
        })
        .await;
    assert!(reason.starts_with("failed to dial the edge at"), "{reason}");
    assert!(matches!(agent.console().status, Status::Reconnecting { .. }));
    let wanted = HttpTunnel::new(app.upstream.clone());
    let (tunnel, ()) =
        within("the tunnel", async { tokio::join!(agent.bind(wanted), async { edge.hear_again().await }) })
            .await;
    assert_eq!(tunnel.unwrap().url(), Some("https://given.tunnel.test"));
    established_again(&mut events).await;
}

#[tokio::test]
async fn a_tunnel_that_is_refused_again_is_asked_for_again() {
    let (mut edge, app) = (Edge::start().await, App::start().await);
    let (agent, mut events) = joined(&mut edge).await;
    let _tunnel = bound(&agent, &mut edge, &app.upstream).await;
    edge.refuse(Some(Refusal::new(334, "The endpoint is online already.")));
    edge.session().await.abandon(CloseReason::Ended);
    let reason = events
        .find("the refusal", |event| match event {
            Event::Reconnecting { reason: Some(reason), .. } => Some(reason.clone()),
            _ => None,
        })
        .await;
    assert_eq!(reason, "failed to start tunnel: The endpoint is online already. (ERR_NGROK_334)");
    edge.refuse(None);
    established_again(&mut events).await;
}

#[tokio::test]
async fn an_agent_whose_authtoken_was_revoked_gives_up() {
    let mut edge = Edge::start().await;
    let (agent, mut events) = joined(&mut edge).await;
    // Too many sessions is a matter of time, an unknown authtoken isn't.
    edge.refuse(Some(Refusal::new(108, "Too many sessions.")));
    edge.session().await.abandon(CloseReason::Ended);
    events
        .find("a failed attempt", |event| match event {
            Event::Reconnecting { reason: Some(reason), .. } => reason.contains("108").then_some(()),
            _ => None,
        })
        .await;
    edge.refuse(Some(Refusal::new(107, "The authtoken is unknown.")));
    let ended = within("the end", agent.ended()).await;
    assert!(matches!(*ended, AgentError::Unauthenticated(_)), "{ended}");
    assert_eq!(ended.code(), Some(107));
    assert!(matches!(agent.console().status, Status::Ended { .. }));
}
