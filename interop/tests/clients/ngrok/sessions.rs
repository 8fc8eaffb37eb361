//! What a session is to a program: it beats, has endpoints, loses them, ends, and outlives its connection.

use http::StatusCode;
use serde_json::{Value, json};

use super::Exercise;
use super::relay::Relay;
use super::scene::{Scene, eventually, expect};
use super::sdk::Sdk;
use super::upstream::Upstream;
use super::world::World;

const HELLO: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";

pub(super) fn exercises() -> Vec<Exercise> {
    vec![
        Exercise {
            name: "sessions/are-known",
            sdks: &Sdk::ALL,
            needs: &[],
            play: |scene| Box::pin(are_known(scene)),
        },
        Exercise { name: "sessions/beat", sdks: &Sdk::ALL, needs: &[], play: |scene| Box::pin(beat(scene)) },
        Exercise {
            name: "sessions/lose-endpoints",
            sdks: &Sdk::ALL,
            needs: &[],
            play: |scene| Box::pin(lose_endpoints(scene)),
        },
        Exercise {
            name: "sessions/outlive-their-connection",
            sdks: &Sdk::ALL,
            needs: &[],
            play: |scene| Box::pin(outlive_their_connection(scene)),
        },
        Exercise {
            name: "sessions/outlive-the-edge",
            sdks: &Sdk::ALL,
            needs: &[],
            play: |scene| Box::pin(outlive_the_edge(scene)),
        },
        Exercise { name: "sessions/end", sdks: &Sdk::ALL, needs: &[], play: |scene| Box::pin(end(scene)) },
        Exercise {
            name: "sessions/forward-in-one-call",
            sdks: &[Sdk::Node, Sdk::Python],
            needs: &[],
            play: |scene| Box::pin(forward_in_one_call(scene)),
        },
    ]
}

/// The API tells of a session what its agent said, and of its endpoint.
async fn are_known(scene: &mut Scene) -> Result<(), String> {
    let mut way_in = scene.world.way_in();
    way_in["metadata"] = "of the session".into();
    scene.agent.done(json!({ "do": "connect", "session": way_in })).await?;
    let sessions = scene.sessions().await?;
    let [session] = sessions.as_slice() else { return Err(format!("one session, not {}", json!(sessions))) };
    expect("its metadata", &session["metadata"], &json!("of the session"))?;
    // The Go SDK says another version than its module has.
    if scene.sdk != Sdk::Go {
        expect("its version", &session["agent_version"], &json!(scene.sdk.client().version()))?;
    }
    let app = scene.listen(json!({ "domain": scene.world.domain("app"), "metadata": "of the app" })).await?;
    let tunnels = scene.world.api(http::Method::GET, "/tunnels", &Value::Null).await?;
    let tunnel = &tunnels["tunnels"][0];
    expect("the tunnel's URL", &tunnel["public_url"], &app["url"])?;
    expect("the tunnel's metadata", &tunnel["metadata"], &json!("of the app"))?;
    expect("the tunnel's session", &tunnel["tunnel_session"]["id"], &session["id"])?;
    expect("the SDK's own view", &app["metadata"], &json!("of the app"))
}

/// The edge answers heartbeats, which the SDK tells the program of.
async fn beat(scene: &mut Scene) -> Result<(), String> {
    let mut way_in = scene.world.way_in();
    way_in["heartbeat_interval"] = 1.into();
    scene.agent.done(json!({ "do": "connect", "session": way_in })).await?;
    for _ in 0..2 {
        let beat = scene.agent.happens("heartbeat").await?;
        if !beat["latency"].is_number() {
            return Err(format!("a heartbeat was not answered: {beat}"));
        }
    }
    Ok(())
}

async fn lose_endpoints(scene: &mut Scene) -> Result<(), String> {
    scene.connect().await?;
    let options = |name| json!({ "domain": scene.world.domain(name) });
    let (one, other) = (options("one"), options("other"));
    let one = scene.listen(one).await?;
    let other = scene.listen(other).await?;
    let [one_url, other_url] = [&one, &other].map(|app| app["url"].as_str().unwrap_or_default());
    expect("at first", &json!(scene.is_offline(one_url).await?), &json!(false))?;
    scene.agent.done(json!({ "do": "close", "id": one["id"] })).await?;
    expect("what was closed", &json!(scene.is_offline(one_url).await?), &json!(true))?;
    expect("what wasn't", &json!(scene.is_offline(other_url).await?), &json!(false))?;
    // Its name is free again, and answers anew.
    let again = scene.listen(json!({ "domain": scene.world.domain("one") })).await?;
    expect("the same URL", &again["url"], &one["url"])?;
    expect("at last", &json!(scene.is_offline(one_url).await?), &json!(false))
}

/// What was bound is there again under the same URL, though nobody chose it.
async fn outlive_their_connection(scene: &mut Scene) -> Result<(), String> {
    let relay = Relay::to(scene.world.agent_addr()).await?;
    let mut way_in = scene.world.way_in();
    way_in["server_addr"] = relay.addr().to_string().into();
    scene.agent.done(json!({ "do": "connect", "session": way_in })).await?;
    let app = scene.listen(json!({})).await?;
    let url = app["url"].as_str().unwrap_or_default();
    expect("before", &json!(scene.is_offline(url).await?), &json!(false))?;
    for _ in 0..2 {
        let before = scene.sessions().await?;
        relay.cut();
        eventually("another session", async || {
            let sessions = scene.sessions().await?;
            Ok(matches!(sessions.as_slice(), [session] if session["id"] != before[0]["id"]))
        })
        .await?;
        let answers = async || Ok(scene.world.get(url).await?.status() == StatusCode::OK);
        eventually("the same URL answers", answers).await?;
    }
    // The crate has nobody to tell.
    if scene.sdk != Sdk::Rust {
        scene.agent.happens("disconnection").await?;
    }
    Ok(())
}

/// The edge ends and comes again, and so does what was bound at it, under the same URL.
async fn outlive_the_edge(scene: &mut Scene) -> Result<(), String> {
    let state = tempfile::Builder::new().prefix("gatewright-interop-").tempdir();
    let state = state.map_err(|error| format!("a folder for the edge's state can't be made: {error}"))?;
    let world = std::mem::replace(&mut scene.world, World::edge_alone(state.path()).await?);
    scene.connect().await?;
    let app = scene.listen(json!({})).await?;
    let url = app["url"].as_str().unwrap_or_default();
    expect("before", &json!(scene.is_offline(url).await?), &json!(false))?;
    std::mem::replace(&mut scene.world, world).end().await?;
    let world = std::mem::replace(&mut scene.world, World::edge_alone(state.path()).await?);
    let answers = async || Ok(scene.world.get(url).await?.status() == StatusCode::OK);
    eventually("the same URL answers", answers).await?;
    world.end().await
}

/// A program that is done with its session leaves nothing behind. The SDKs that are made of the crate don't say goodbye,
/// so that only their silence tells.
async fn end(scene: &mut Scene) -> Result<(), String> {
    let mut way_in = scene.world.way_in();
    way_in["heartbeat_interval"] = 1.into();
    way_in["heartbeat_tolerance"] = 1.into();
    scene.agent.done(json!({ "do": "connect", "session": way_in })).await?;
    let app = scene.listen(json!({})).await?;
    let url = app["url"].as_str().unwrap_or_default();
    expect("before", &json!(scene.is_offline(url).await?), &json!(false))?;
    scene.agent.done(json!({ "do": "close the session" })).await?;
    eventually("the session ends", async || Ok(scene.sessions().await?.is_empty())).await?;
    expect("after", &json!(scene.is_offline(url).await?), &json!(true))
}

async fn forward_in_one_call(scene: &mut Scene) -> Result<(), String> {
    let upstream = Upstream::answering(HELLO).await?;
    let asked = json!({
        "do": "forward", "session": scene.world.way_in(), "app": upstream.addr().to_string(),
        "options": { "domain": scene.world.domain("app") },
    });
    let app = scene.agent.done(asked).await?;
    expect("the URL", &app["url"], &json!(scene.world.url("app")))?;
    let url = app["url"].as_str().unwrap_or_default();
    let response = scene.world.get(&format!("{url}/a?b=c")).await?;
    expect("the answer", &json!(String::from_utf8_lossy(response.body())), &json!("hello"))?;
    let heads = upstream.heads();
    if !matches!(heads.as_slice(), [head] if head.starts_with("GET /a?b=c HTTP/1.1\r\n")) {
        return Err(format!("the upstream saw {heads:?}"));
    }
    scene.agent.done(json!({ "do": "disconnect", "url": url })).await?;
    expect("once it is gone", &json!(scene.is_offline(url).await?), &json!(true))
}
