//! Traffic policies.

use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Value, json};

use super::Exercise;
use super::oidc::only_the_assigned_get_in;
use super::scene::{Scene, expect};
use super::sdk::Sdk;
use crate::platform::Platform;

const YAML: &str = "
on_http_request:
  - name: nobody writes
    expressions: [\"req.method == 'PUT'\"]
    actions:
      - type: deny
        config: { status_code: 405 }
on_http_response:
  - actions:
      - type: add-headers
        config: { headers: { answered-by: the policy } }
";

const JSON: &str = r#"{
    "on_http_request": [{
        "expressions": ["req.url.path.startsWith('/teapot')"],
        "actions": [{ "type": "custom-response", "config": { "status_code": 418, "body": "short and stout" } }]
    }]
}"#;

/// As it was called once, and as the crate's own test has it.
const LEGACY: &str = r#"{
    "inbound": [{ "name": "deny_put", "expressions": ["req.Method == 'PUT'"], "actions": [{ "type": "deny" }] }],
    "outbound": [{
        "name": "222_response",
        "expressions": ["res.StatusCode == '200'"],
        "actions": [{ "type": "custom-response", "config": { "status_code": 222 } }]
    }]
}"#;

pub(super) fn exercises() -> Vec<Exercise> {
    let of = |name, sdks, play| Exercise { name, sdks, needs: &[], play };
    vec![
        of("policies/in-yaml", &Sdk::ALL, |scene| Box::pin(in_yaml(scene))),
        of("policies/in-json", &Sdk::ALL, |scene| Box::pin(in_json(scene))),
        of("policies/of-old", Sdk::OF_THE_CRATE, |scene| Box::pin(of_old(scene))),
        of("policies/refused", &Sdk::ALL, |scene| Box::pin(refused(scene))),
        Exercise {
            name: "policies/openid-connect",
            sdks: &Sdk::ALL,
            needs: &[Platform::Browser],
            play: |scene| Box::pin(openid_connect(scene)),
        },
    ]
}

async fn in_yaml(scene: &mut Scene) -> Result<(), String> {
    scene.connect().await?;
    let app = scene.listen(json!({ "traffic_policy": YAML })).await?;
    expect("denied", &json!(asked(scene, Method::PUT, &app, "/").await?.0), &json!(405))?;
    expect("what the app saw", &json!(scene.agent.saw().await?), &json!([]))?;
    let (status, by) = asked(scene, Method::GET, &app, "/").await?;
    expect("let through", &json!([status, by]), &json!([200, "the policy"]))
}

async fn in_json(scene: &mut Scene) -> Result<(), String> {
    scene.connect().await?;
    let app = scene.listen(json!({ "traffic_policy": JSON })).await?;
    expect(
        "the policy's answer",
        &json!(asked(scene, Method::GET, &app, "/teapot/1").await?.0),
        &json!(418),
    )?;
    expect("what the app saw", &json!(scene.agent.saw().await?), &json!([]))?;
    expect("the app's", &json!(asked(scene, Method::GET, &app, "/").await?.0), &json!(200))
}

async fn of_old(scene: &mut Scene) -> Result<(), String> {
    scene.connect().await?;
    let app = scene.listen(json!({ "policy": LEGACY })).await?;
    expect("denied", &json!(asked(scene, Method::PUT, &app, "/").await?.0), &json!(403))?;
    expect("what the app saw", &json!(scene.agent.saw().await?), &json!([]))?;
    expect("answered", &json!(asked(scene, Method::GET, &app, "/").await?.0), &json!(222))
}

async fn refused(scene: &mut Scene) -> Result<(), String> {
    scene.connect().await?;
    for (policy, code, words) in [
        ("{ not: closed", "ERR_NGROK_2200", "provided is invalid"),
        (
            r#"{"on_http_request":[{"actions":[{"type":"not-real-action"}]}]}"#,
            "ERR_NGROK_2201",
            "Invalid policy action type 'not-real-action'.",
        ),
        (
            r#"{"on_http_response":[{"actions":[{"type":"openid-connect"}]}]}"#,
            "ERR_NGROK_2202",
            "openid-connect",
        ),
        (
            r#"{"on_http_request":[{"actions":[{"type":"deny","config":{"status_code":"teapot"}}]}]}"#,
            "ERR_NGROK_2203",
            "status_code",
        ),
    ] {
        let options = json!({ "traffic_policy": policy });
        let listen = json!({ "do": "listen", "proto": "http", "options": options, "app": "own" });
        let refusal = scene.agent.refused(listen, code).await?;
        if !refusal.message.contains(words) {
            return Err(format!("{policy} was refused in words that don't help: {refusal:?}"));
        }
    }
    Ok(())
}

async fn openid_connect(scene: &mut Scene) -> Result<(), String> {
    scene.connect().await?;
    let client = scene.world.oidc();
    let policy = json!({ "on_http_request": [{ "actions": [{ "type": "openid-connect", "config": {
        "issuer_url": client["oidc_issuer_url"],
        "client_id": client["oidc_client_id"],
        "client_secret": client["oidc_client_secret"],
        "scopes": ["openid", "profile", "email"],
    } }] }] });
    let domain = scene.world.domain("app");
    scene.listen(json!({ "domain": domain, "traffic_policy": policy.to_string() })).await?;
    let url = scene.world.url("app");
    only_the_assigned_get_in(scene, &url).await.map(drop)
}

/// The status of an answer, and who says to have given it.
async fn asked(
    scene: &Scene,
    method: Method,
    app: &Value,
    path: &str,
) -> Result<(u16, Option<String>), String> {
    let url = format!("{}{path}", app["url"].as_str().unwrap_or_default());
    let request = Request::builder().method(method).uri(url).body(Bytes::new());
    let response = scene.world.send(request.map_err(|error| error.to_string())?).await?;
    let by = response.headers().get("answered-by").and_then(|by| by.to_str().ok()).map(str::to_owned);
    Ok((response.status().as_u16(), by))
}
