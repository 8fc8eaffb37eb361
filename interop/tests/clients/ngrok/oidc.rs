//! An endpoint behind Okta, and real logins.

use serde_json::{Value, json};

use super::Exercise;
use super::scene::{Scene, expect, http};
use super::sdk::Sdk;
use crate::platform::Platform;

pub(super) fn exercises() -> Vec<Exercise> {
    vec![
        Exercise {
            name: "oidc/only-the-assigned-get-in",
            sdks: Sdk::OF_THE_CRATE,
            needs: &[Platform::Browser],
            play: |scene| Box::pin(bound(scene)),
        },
        Exercise {
            name: "oidc/only-the-listed-get-in",
            sdks: Sdk::OF_THE_CRATE,
            needs: &[Platform::Browser],
            play: |scene| Box::pin(listed(scene)),
        },
    ]
}

/// Whoever Okta lets in has to be on the endpoint's lists, too.
async fn listed(scene: &mut Scene) -> Result<(), String> {
    scene.connect().await?;
    let alice = scene.world.person(true);
    for (list, entry, admitted) in [
        ("oidc_allow_domains", json!("elsewhere.test"), false),
        ("oidc_allow_emails", json!("alice@elsewhere.test"), false),
        ("oidc_allow_emails", alice["login"].clone(), true),
    ] {
        let mut options = scene.world.oidc();
        options[list] = json!([entry]);
        let listener = scene.agent.done(http(&options)).await?;
        let url = format!("{}/", listener["url"].as_str().unwrap_or_default());
        let visits = scene.visits(&url, &[alice]).await?;
        let cookies = if admitted { json!(["__Host-gate-session"]) } else { json!([]) };
        expect(&format!("alice's cookies, with {list} {entry}"), &session_cookies(&visits[0]), &cookies)?;
        expect("her answer", &visits[0]["status"], &json!(if admitted { 200 } else { 403 }))?;
        expect("what the app saw", &json!(scene.agent.saw().await?.len()), &json!(usize::from(admitted)))?;
    }
    Ok(())
}

async fn bound(scene: &mut Scene) -> Result<(), String> {
    scene.connect().await?;
    let mut options = scene.world.oidc();
    options["domain"] = scene.world.domain("app").into();
    let listener = scene.listen(options).await?;
    let url = scene.world.url("app");
    expect("the endpoint's URL", &listener["url"], &json!(url))?;
    only_the_assigned_get_in(scene, &url).await.map(drop)
}

/// The endpoint at this URL, served by the program's own app, lets nobody in but people who are assigned, after a real
/// login. What comes is what alice saw at last, who is.
pub(super) async fn only_the_assigned_get_in(scene: &mut Scene, url: &str) -> Result<Value, String> {
    let url = format!("{url}/deep/link?x=1");
    let turned_away = scene.world.get(&url).await?;
    expect("without a session", &json!(turned_away.status().as_u16()), &json!(401))?;

    let [alice, mallory] = [true, false].map(|assigned| scene.world.person(assigned));
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
    Ok(admitted.clone())
}

fn session_cookies(visit: &Value) -> Value {
    let names = visit["cookies"].as_array().into_iter().flatten().map(|cookie| cookie["name"].clone());
    names.filter(|name| name.as_str().is_some_and(|name| name.contains("session"))).collect()
}
