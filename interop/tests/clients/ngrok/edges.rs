//! An Edge behind Okta, which an administrator's program makes by the control API, and SDKs serve by labels.

use bytes::Bytes;
use http::{Request, header};
use serde_json::{Value, json};

use super::Exercise;
use super::api::administer;
use super::oidc::only_the_assigned_get_in;
use super::scene::{Scene, expect};
use super::sdk::Sdk;
use crate::platform::Platform;

pub(super) fn exercises() -> Vec<Exercise> {
    vec![Exercise {
        name: "edges/only-the-assigned-get-in",
        // The Go SDK has labels no more.
        sdks: Sdk::OF_THE_CRATE,
        needs: &[Platform::Browser, Platform::Python("ngrok-api")],
        play: |scene| Box::pin(labeled(scene)),
    }]
}

async fn labeled(scene: &mut Scene) -> Result<(), String> {
    let hostport = scene.world.hostport("edge");
    let (issuer, client) = (scene.world.issuer(), scene.world.oidc());
    let asked = json!({
        "hostport": hostport,
        "labels": { "app": "intranet", "stage": "test" },
        "oidc": {
            "issuer": issuer,
            "client_id": client["oidc_client_id"],
            "client_secret": client["oidc_client_secret"],
            "scopes": ["openid", "email", "profile"],
        },
    });
    let made = administer("edge", &scene.world, &scene.packages, asked).await?;
    expect("the Edge's hosts", &made["hostports"], &json!([hostport]))?;
    expect("the Edge's issuer", &made["issuer"], &json!(issuer))?;
    expect("the Edge's metadata", &made["metadata"], &json!("of the Edge"))?;
    expect("the Edge's backend", &made["backend"], &json!(true))?;
    expect("the Edge's scopes", &made["scopes"], &json!(["openid", "email", "profile"]))?;

    scene.connect().await?;
    // More labels than the Edge asks for do no harm.
    let options = json!({ "labels": ["app:intranet", "stage:test", "more:yes"] });
    let listen = json!({ "do": "listen", "proto": "labeled", "options": options, "app": "own" });
    let tunnel = scene.agent.done(listen).await?;
    expect("the labels", &tunnel["labels"]["app"], &json!("intranet"))?;
    let url = scene.world.url("edge");
    let admitted = only_the_assigned_get_in(scene, &url).await?;
    is_shown_out(scene, &url, &admitted).await
}

/// A session works until an administrator's program revokes it.
async fn is_shown_out(scene: &Scene, url: &str, admitted: &Value) -> Result<(), String> {
    let cookies = admitted["cookies"].as_array().into_iter().flatten();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let cookies: Vec<String> =
        cookies.map(|cookie| format!("{}={}", text(&cookie["name"]), text(&cookie["value"]))).collect();
    let status = async || {
        let request = Request::get(url).header(header::COOKIE, cookies.join("; "));
        let request = request.body(Bytes::new()).map_err(|error| error.to_string())?;
        scene.world.send(request).await.map(|response| response.status().as_u16())
    };
    expect("with her cookie", &json!(status().await?), &json!(200))?;
    let seen = administer("revoke", &scene.world, &scene.packages, json!({})).await?;
    let login = &scene.world.person(true)["login"];
    let expected = json!({ "users": [login], "sessions": [[url, true]], "left": 0 });
    expect("who was signed in", &seen, &expected)?;
    expect("with her cookie, afterwards", &json!(status().await?), &json!(401))
}
