//! Edges: labeled tunnels, turns among them, routes by path.

use std::collections::BTreeMap;

use edge::model::{GroupChange, HttpsEdge, PathMatch, RouteBackend, RouteChange};
use wire::message::Refusal;

use crate::agent::{Agent, Behind};
use crate::app::App;
use crate::client::{code, get, send, text};
use crate::world::World;

fn url(edge: &HttpsEdge) -> String {
    format!("https://{}/", edge.hosts[0])
}

#[tokio::test]
async fn requests_take_turns_among_the_tunnels_of_an_edge() {
    let world = World::new().await;
    let edge = world.account().create_edge_with_tunnel_group("Edge with Okta SSO").unwrap();
    let (one, two) = (App::new("one"), App::new("two"));
    let (first, second) = (Agent::new(&world, &one).await, Agent::new(&world, &two).await);
    for agent in [&first, &second] {
        assert_eq!(agent.label("edge", edge.id.as_str()).await.error, "");
    }
    assert_eq!(world.account().tunnels_of(&edge.id).unwrap().len(), 2);
    let mut answers = BTreeMap::new();
    for _ in 0..6 {
        *answers.entry(text(send(&world, get(&url(&edge))).await).await).or_insert(0) += 1;
    }
    assert_eq!(answers, [("one".to_owned(), 3), ("two".to_owned(), 3)].into());
    assert_eq!(one.connections()[0].edge_type, wire::proxy::EdgeType::Https);
}

#[tokio::test]
async fn a_tunnel_that_is_gone_is_passed_over() {
    let world = World::new().await;
    let edge = world.account().create_edge_with_tunnel_group("").unwrap();
    let (first, second) =
        (Agent::new(&world, &App::new("one")).await, Agent::new(&world, &App::new("two")).await);
    for agent in [&first, &second] {
        agent.label("edge", edge.id.as_str()).await;
    }
    first.kill().await;
    for _ in 0..4 {
        assert_eq!(text(send(&world, get(&url(&edge))).await).await, "two");
    }
    second.kill().await;
    let ended = |event: &edge::Event| matches!(event, edge::Event::SessionDown { .. });
    world
        .events
        .first("both ends", |_| (world.events.all().iter().filter(|e| ended(e)).count() == 2).then_some(()))
        .await;
    assert_eq!(code(send(&world, get(&url(&edge))).await.headers()), "ERR_NGROK_3200");
}

#[tokio::test]
async fn a_request_that_may_be_repeated_survives_a_tunnel_that_breaks_under_it() {
    let world = World::new().await;
    let edge = world.account().create_edge_with_tunnel_group("").unwrap();
    let (breaks, works) =
        (Agent::with(&world, Behind::Collapse).await, Agent::new(&world, &App::new("works")).await);
    for agent in [&breaks, &works] {
        agent.label("edge", edge.id.as_str()).await;
    }
    for _ in 0..3 {
        assert_eq!(text(send(&world, get(&url(&edge))).await).await, "works");
    }
    assert!(breaks.session.close_reason().is_some());
}

#[tokio::test]
async fn labels_that_no_edge_asks_for_are_refused() {
    let world = World::new().await;
    let agent = Agent::new(&world, &App::new("app")).await;
    let answer = agent.label("edge", "edghts_unknown").await;
    assert_eq!(Refusal::parse(&answer.error).unwrap().code, Some(380));
    assert!(world.account().tunnels().is_empty());
}

#[tokio::test]
async fn routes_are_chosen_by_path_and_no_spelling_slips_past() {
    let world = World::new().await;
    let account = world.account();
    let edge = account.create_edge_with_tunnel_group("").unwrap();
    let labels = Some([("part".to_owned(), "admin".to_owned())].into());
    let group = account.create_group(GroupChange { labels, ..GroupChange::default() }).unwrap();
    let change = RouteChange {
        matches: Some(PathMatch::Prefix("/admin".to_owned())),
        backend: Some(Some(RouteBackend { enabled: true, id: group.id })),
        ..RouteChange::default()
    };
    account.create_route(&edge.id, change).unwrap();
    let (front, back) =
        (Agent::new(&world, &App::new("front")).await, Agent::new(&world, &App::new("admin")).await);
    front.label("edge", edge.id.as_str()).await;
    back.label("part", "admin").await;
    let base = format!("https://{}", edge.hosts[0]);
    assert_eq!(text(send(&world, get(&format!("{base}/x"))).await).await, "front");
    assert_eq!(text(send(&world, get(&format!("{base}/admin/x"))).await).await, "admin");
    for path in ["/%61dmin", "/x/../admin", "//admin"] {
        assert_eq!(send(&world, get(&format!("{base}{path}"))).await.status(), 400, "{path}");
    }
}

#[tokio::test]
async fn a_session_that_collapses_under_a_request_is_said_to_have_broken() {
    let world = World::new().await;
    let agent = Agent::with(&world, Behind::Collapse).await;
    agent.online("app.tunnel.test").await;
    let answer = send(&world, get("https://app.tunnel.test/")).await;
    assert_eq!((answer.status().as_u16(), code(answer.headers())), (502, "ERR_NGROK_3210"));
}
