//! What the edge refuses, each SDK says with ngrok's code.

use serde_json::json;

use super::Exercise;
use super::scene::{Scene, http};
use super::sdk::Sdk;

pub(super) fn exercises() -> Vec<Exercise> {
    vec![
        Exercise {
            name: "refusals/authtokens",
            sdks: &Sdk::ALL,
            needs: &[],
            play: |scene| Box::pin(authtokens(scene)),
        },
        Exercise {
            name: "refusals/names",
            sdks: &Sdk::ALL,
            needs: &[],
            play: |scene| Box::pin(names(scene)),
        },
        Exercise {
            name: "refusals/oidc",
            sdks: Sdk::OF_THE_CRATE,
            needs: &[],
            play: |scene| Box::pin(oidc(scene)),
        },
    ]
}

async fn authtokens(scene: &mut Scene) -> Result<(), String> {
    let mut way_in = scene.world.way_in();
    let authtoken = way_in["authtoken"].as_str().unwrap_or_default().to_owned();
    let of_nobody: String = authtoken.chars().rev().collect();
    for (authtoken, code) in
        [("", "ERR_NGROK_4018"), ("abc", "ERR_NGROK_105"), (of_nobody.as_str(), "ERR_NGROK_107")]
    {
        way_in["authtoken"] = authtoken.into();
        let refusal = scene.agent.refused(json!({ "do": "connect", "session": way_in }), code).await?;
        if !refusal.message.contains("authtoken") {
            return Err(format!("{authtoken:?} was refused in words that don't help: {refusal:?}"));
        }
    }
    // None of that was the program's end.
    scene.connect().await
}

async fn names(scene: &mut Scene) -> Result<(), String> {
    scene.connect().await?;
    let app = scene.listen(json!({ "domain": scene.world.domain("app") })).await?;
    for (domain, code) in [
        (scene.world.domain("app"), "ERR_NGROK_334"),
        (scene.world.domain("api"), "ERR_NGROK_320"),
        (scene.world.domain("-app"), "ERR_NGROK_328"),
        (scene.world.domain("app-"), "ERR_NGROK_329"),
        (scene.world.domain("a..b"), "ERR_NGROK_327"),
        (scene.world.domain(&"a".repeat(64)), "ERR_NGROK_396"),
    ] {
        let asked = http(&json!({ "domain": domain }));
        let refusal = scene.agent.refused(asked, code).await?;
        if !refusal.message.contains(&domain) {
            return Err(format!("{domain} was refused in words that don't tell: {refusal:?}"));
        }
    }
    // Who was there first is there still.
    let url = app["url"].as_str().unwrap_or_default();
    let response = scene.world.get(url).await?;
    if response.status() == 200 { Ok(()) } else { Err(format!("{} from {url}", response.status())) }
}

async fn oidc(scene: &mut Scene) -> Result<(), String> {
    scene.connect().await?;
    for (missing, code) in [
        ("oidc_client_id", "ERR_NGROK_385"),
        ("oidc_client_secret", "ERR_NGROK_386"),
        ("oidc_issuer_url", "ERR_NGROK_387"),
    ] {
        let mut options = scene.world.oidc();
        options[missing] = "".into();
        scene.agent.refused(http(&options), code).await?;
    }
    Ok(())
}
