//! An endpoint behind Okta, and real logins.

use serde_json::{Value, json};

use super::Exercise;
use super::scene::{Scene, expect};
use super::sdk::Sdk;
use crate::platform::Platform;

pub(super) fn exercises() -> Vec<Exercise> {
    let browser = &[Platform::Browser];
    vec![Exercise {
        name: "oidc/only-the-assigned-get-in",
        sdks: &[Sdk::Node, Sdk::Python, Sdk::Rust],
        needs: browser,
        play: |scene| Box::pin(only_the_assigned_get_in(scene)),
    }]
}

async fn only_the_assigned_get_in(scene: &mut Scene) -> Result<(), String> {
    scene.connect().await?;
    let mut options = scene.world.oidc();
    options["domain"] = scene.world.domain("app").into();
    let listener = scene.listen(options).await?;
    expect("the endpoint's URL", &listener["url"], &json!(scene.world.url("app")))?;
    let url = format!("{}/deep/link?x=1", scene.world.url("app"));

    let turned_away = scene.world.get(&url).await?;
    expect("without a session", &json!(turned_away.status().as_u16()), &json!(401))?;

    let (alice, mallory) = (scene.world.person(true), scene.world.person(false));
    let visits = scene.visits(&url, &[mallory, alice]).await?;
    let [refused, admitted] = visits.as_slice() else { return Err(format!("two came: {visits:?}")) };

    let said = refused["text"].as_str().unwrap_or_default();
    if !said.contains("User is not assigned to the client application.") {
        return Err(format!("who isn't assigned saw {refused}"));
    }
    expect("the cookies of who isn't assigned", &session_cookies(refused), &json!([]))?;

    expect("where alice is", &admitted["url"], &json!(url))?;
    expect("where alice was asked", &admitted["origins"][0], &json!(scene.world.issuer()))?;
    expect("alice's cookies", &session_cookies(admitted), &json!(["__Host-gate-session"]))?;
    let page: Value = serde_json::from_str(admitted["text"].as_str().unwrap_or_default())
        .map_err(|error| format!("alice sees {admitted}: {error}"))?;
    expect("the app's own page", &page["url"], &json!("/deep/link?x=1"))?;

    let saw = scene.agent.saw().await?;
    let [request] = saw.as_slice() else { return Err(format!("the app saw {}", json!(saw))) };
    let headers = &request["headers"];
    expect("the app saw the address", &headers["ngrok-auth-user-email"], &alice["login"])?;
    for header in ["ngrok-auth-user-id", "ngrok-auth-user-name", "x-forwarded-for"] {
        if headers[header].as_str().is_none_or(str::is_empty) {
            return Err(format!("the app saw no {header} in {headers}"));
        }
    }
    Ok(())
}

fn session_cookies(visit: &Value) -> Value {
    let names = visit["cookies"].as_array().into_iter().flatten().map(|cookie| cookie["name"].clone());
    names.filter(|name| name.as_str().is_some_and(|name| name.contains("session"))).collect()
}
