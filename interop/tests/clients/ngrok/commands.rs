//! The control API commands an agent: stop, restart, update.

use http::Method;
use serde_json::{Value, json};

use super::Exercise;
use super::scene::{Scene, eventually, expect};
use super::sdk::Sdk;

pub(super) fn exercises() -> Vec<Exercise> {
    vec![
        Exercise {
            name: "commands/update",
            sdks: &Sdk::ALL,
            needs: &[],
            play: |scene| Box::pin(update(scene)),
        },
        Exercise {
            name: "commands/restart",
            sdks: &Sdk::ALL,
            needs: &[],
            play: |scene| Box::pin(ends(scene, "restart")),
        },
        Exercise {
            name: "commands/stop",
            sdks: &Sdk::ALL,
            needs: &[],
            play: |scene| Box::pin(ends(scene, "stop")),
        },
    ]
}

async fn update(scene: &mut Scene) -> Result<(), String> {
    scene.connect().await?;
    command(scene, "update", &json!({ "version": "9.9.9" })).await?;
    let event = scene.agent.happens("update").await?;
    // The Go SDK doesn't hand over what it is asked.
    let version = if scene.sdk == Sdk::Go { Value::Null } else { "9.9.9".into() };
    expect("the version", &event["version"], &version)
}

async fn ends(scene: &mut Scene, name: &str) -> Result<(), String> {
    scene.connect().await?;
    let app = scene.listen(json!({})).await?;
    let url = app["url"].as_str().unwrap_or_default();
    expect("before", &json!(scene.is_offline(url).await?), &json!(false))?;
    command(scene, name, &json!({})).await?;
    scene.agent.happens(name).await?;
    // The Go SDK ends its session by itself, the others leave that to the program.
    if scene.sdk == Sdk::Go {
        eventually("the session ends", async || Ok(scene.sessions().await?.is_empty())).await?;
    } else {
        let id = &app["id"];
        scene.agent.done(json!({ "do": "close", "id": id })).await?;
    }
    expect("after", &json!(scene.is_offline(url).await?), &json!(true))
}

async fn command(scene: &Scene, name: &str, body: &Value) -> Result<(), String> {
    let sessions = scene.sessions().await?;
    let [session] = sessions.as_slice() else { return Err(format!("one session, not {}", json!(sessions))) };
    let id = session["id"].as_str().unwrap_or_default();
    scene.world.api(Method::POST, &format!("/tunnel_sessions/{id}/{name}"), body).await.map(drop)
}
