//! The control API.

use http::{Method, Request, StatusCode};
use serde_json::{Value, json};

use crate::agent::{Agent, Behind};
use crate::app::App;
use crate::client::{Browser, body, send, text};
use crate::issuer::ISSUER;
use crate::world::World;

pub(crate) async fn call(
    world: &World,
    method: Method,
    path: &str,
    payload: Option<Value>,
) -> (StatusCode, Value) {
    let url =
        if path.starts_with("https:") { path.to_owned() } else { format!("https://api.tunnel.test{path}") };
    let request = Request::builder()
        .method(method)
        .uri(url)
        .header("authorization", format!("Bearer {}", world.api_key.expose()))
        .header("ngrok-version", "2")
        .header("content-type", "application/json")
        .body(body(&payload.map(|payload| payload.to_string()).unwrap_or_default()))
        .unwrap();
    let answer = send(world, request).await;
    let status = answer.status();
    let body = text(answer).await;
    (status, if body.is_empty() { Value::Null } else { serde_json::from_str(&body).unwrap() })
}

pub(crate) async fn ok(world: &World, method: Method, path: &str, payload: Option<Value>) -> Value {
    let (status, answer) = call(world, method.clone(), path, payload).await;
    assert!(status.is_success(), "{method} {path}: {status} {answer}");
    answer
}

#[tokio::test]
async fn an_edge_is_made_guarded_and_used_over_the_api() {
    let world = World::new().await;
    let edge = ok(
        &world,
        Method::POST,
        "/edges/https",
        Some(json!({ "description": "Edge with Okta SSO", "hostports": ["sso.tunnel.test:443"] })),
    )
    .await;
    let id = edge["id"].as_str().unwrap();
    assert!(id.starts_with("edghts_"));
    assert_eq!(edge["uri"], format!("https://api.tunnel.test/edges/https/{id}"));
    assert_eq!(edge["mutual_tls"], Value::Null);
    let group =
        ok(&world, Method::POST, "/backends/tunnel_group", Some(json!({ "labels": { "edge": id } }))).await;
    let route = ok(
        &world,
        Method::POST,
        &format!("/edges/https/{id}/routes"),
        Some(json!({ "match_type": "path_prefix", "match": "/", "backend": { "backend_id": group["id"] } })),
    )
    .await;
    let route_path = format!("/edges/https/{id}/routes/{}", route["id"].as_str().unwrap());
    let oidc = ok(
        &world,
        Method::PUT,
        &format!("{route_path}/oidc"),
        Some(json!({
            "issuer": ISSUER, "client_id": "client", "client_secret": "hush", "inactivity_timeout": 600,
        })),
    )
    .await;
    assert_eq!(oidc["client_secret"], "hush");
    assert_eq!(oidc["inactivity_timeout"], 600);
    assert_eq!(oidc["scopes"], json!(["openid", "profile", "email"]));

    let agent = Agent::new(&world, &App::new("inside")).await;
    agent.label("edge", id).await;
    let mut browser = Browser::default();
    browser.sign_in(&world, "https://sso.tunnel.test/").await;
    let sessions = ok(&world, Method::GET, "/app/sessions", None).await;
    let session = &sessions["application_sessions"][0];
    assert_eq!(session["application_user"]["email"], "alice@acme.test");
    let group =
        ok(&world, Method::GET, &format!("/backends/tunnel_group/{}", group["id"].as_str().unwrap()), None)
            .await;
    assert_eq!(group["tunnels"].as_array().unwrap().len(), 1);
    let path = format!("/app/sessions/{}", session["id"].as_str().unwrap());
    assert_eq!(call(&world, Method::DELETE, &path, None).await.0, StatusCode::NO_CONTENT);
    assert_eq!(browser.open(&world, "https://sso.tunnel.test/").await.status(), StatusCode::FOUND);
    assert_eq!(
        call(&world, Method::DELETE, &format!("{route_path}/oidc"), None).await.0,
        StatusCode::NO_CONTENT
    );
    assert_eq!(text(browser.open(&world, "https://sso.tunnel.test/").await).await, "inside");
    assert_eq!(
        call(&world, Method::DELETE, &format!("/edges/https/{id}"), None).await.0,
        StatusCode::NO_CONTENT
    );
    assert_eq!(browser.open(&world, "https://sso.tunnel.test/").await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_is_online_is_listed() {
    let world = World::new().await;
    let agent = Agent::new(&world, &App::new("app")).await;
    let bound = agent.online("app.tunnel.test").await;
    let tunnels = ok(&world, Method::GET, "/tunnels", None).await;
    let tunnel = &tunnels["tunnels"][0];
    assert_eq!(tunnel["id"], bound.id);
    assert_eq!(tunnel["public_url"], "https://app.tunnel.test");
    assert_eq!(tunnel["forwards_to"], "http://localhost:3000");
    let sessions = ok(&world, Method::GET, "/tunnel_sessions", None).await;
    assert_eq!(sessions["tunnel_sessions"][0]["id"], tunnel["tunnel_session"]["id"]);
    let endpoint = ok(&world, Method::GET, tunnel["endpoint"]["uri"].as_str().unwrap(), None).await;
    assert_eq!(endpoint["hostport"], "app.tunnel.test:443");
    assert_eq!(endpoint["tunnel"]["id"], bound.id);
}

#[tokio::test]
async fn a_credential_is_made_used_and_revoked() {
    let world = World::new().await;
    let made = ok(&world, Method::POST, "/credentials", Some(json!({ "description": "laptop" }))).await;
    let path = format!("/credentials/{}", made["id"].as_str().unwrap());
    let mut agent = Agent::dialled(&world, Behind::App(App::new("app"))).await;
    let token = ground::Secret::new("authtoken", made["token"].as_str().unwrap());
    assert_eq!(agent.authenticate(Some(&token)).await.error, "");
    assert_eq!(ok(&world, Method::GET, &path, None).await["token"], Value::Null);
    assert_eq!(call(&world, Method::DELETE, &path, None).await.0, StatusCode::NO_CONTENT);
    agent.ended().await;
    assert_eq!(call(&world, Method::DELETE, &path, None).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn lists_come_in_pages_from_the_newest() {
    let world = World::new().await;
    for number in 0..4 {
        ok(&world, Method::POST, "/credentials", Some(json!({ "description": number.to_string() }))).await;
    }
    let first = ok(&world, Method::GET, "/credentials?limit=3", None).await;
    let described = |page: &Value| {
        let entries = page["credentials"].as_array().unwrap().iter();
        entries.map(|entry| entry["description"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(described(&first), ["3", "2", "1"]);
    let second = ok(&world, Method::GET, first["next_page_uri"].as_str().unwrap(), None).await;
    assert_eq!(described(&second), ["0", ""]);
    assert_eq!(second["next_page_uri"], Value::Null);
    assert_eq!(
        call(&world, Method::GET, "/credentials?limit=1000", None).await.1["error_code"],
        "ERR_NGROK_233"
    );
}

#[tokio::test]
async fn callers_are_authenticated() {
    let world = World::new().await;
    let ask = async |authorization: Option<String>, version: Option<&str>| {
        let mut request = Request::get("https://api.tunnel.test/credentials");
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        if let Some(version) = version {
            request = request.header("ngrok-version", version);
        }
        let answer = send(&world, request.body(body("")).unwrap()).await;
        let status = answer.status();
        let body: Value = serde_json::from_str(&text(answer).await).unwrap();
        assert!(body["details"]["operation_id"].is_string());
        assert_eq!(body["status_code"], status.as_u16());
        (status.as_u16(), body["error_code"].as_str().unwrap().to_owned())
    };
    let bearer = |key: &str| Some(format!("Bearer {key}"));
    let refused = |status: u16, code: u16| (status, format!("ERR_NGROK_{code}"));
    assert_eq!(ask(None, Some("2")).await, refused(401, 200));
    assert_eq!(ask(Some("Basic x".into()), Some("2")).await, refused(401, 201));
    assert_eq!(ask(bearer("x"), Some("2")).await, refused(401, 202));
    assert_eq!(ask(bearer(edge::model::api_key().expose()), Some("2")).await, refused(401, 203));
    assert_eq!(ask(bearer(world.authtoken.expose()), Some("2")).await, refused(401, 206));
    assert_eq!(ask(bearer(world.api_key.expose()), None).await, refused(400, 218));
    assert_eq!(ask(bearer(world.api_key.expose()), Some("1")).await, refused(400, 217));
}

#[tokio::test]
async fn what_cannot_be_done_is_refused() {
    let world = World::new().await;
    let edge = world.account().create_edge_with_tunnel_group("").unwrap();
    let route = format!("/edges/https/{}/routes/{}", edge.id, edge.routes[0].id);
    let refused = async |method: Method, path: &str, payload: Value| {
        let (status, body) = call(&world, method, path, Some(payload)).await;
        (status.as_u16(), body["error_code"].as_str().unwrap().trim_start_matches("ERR_NGROK_").to_owned())
    };
    let expected = |status: u16, code: &str| (status, code.to_owned());
    assert_eq!(refused(Method::POST, "/edges/https", json!("no object")).await, expected(400, "213"));
    assert_eq!(refused(Method::POST, "/edges/https", json!({ "nonsense": 1 })).await, expected(400, "213"));
    let taken = json!({ "hostports": [format!("{}:443", edge.hosts[0])] });
    assert_eq!(refused(Method::POST, "/edges/https", taken).await, expected(400, "381"));
    assert_eq!(refused(Method::PATCH, &route, json!({ "oauth": {} })).await, expected(400, "214"));
    let oidc = format!("{route}/oidc");
    assert_eq!(refused(Method::PUT, &oidc, json!({})).await, expected(400, "1688"));
    world.account().entitle_to_oidc(false).unwrap();
    let module = json!({ "issuer": ISSUER, "client_id": "client", "client_secret": "hush" });
    assert_eq!(refused(Method::PUT, &oidc, module).await, expected(403, "5207"));
    assert_eq!(refused(Method::GET, "/edges/https/edghts_none", Value::Null).await, expected(404, "380"));
    assert_eq!(refused(Method::GET, "/nothing", Value::Null).await, expected(404, "380"));
    assert_eq!(refused(Method::DELETE, "/tunnels", Value::Null).await, expected(405, "211"));
    let acl = json!({ "acl": ["tunnel"] });
    assert_eq!(refused(Method::POST, "/credentials", acl).await, expected(400, "600"));
    assert_eq!(refused(Method::GET, "/credentials?limit=all", Value::Null).await, expected(400, "232"));
    let filter = "/credentials?filter=obj.id%20%3D%3D%20%22x%22";
    assert_eq!(refused(Method::GET, filter, Value::Null).await, expected(400, "215"));
    assert_eq!(
        refused(Method::POST, "/api_keys", json!({ "owner_id": "usr_1" })).await,
        expected(400, "215")
    );
}

#[tokio::test]
async fn one_account_sees_nothing_of_another() {
    let key = edge::model::api_key();
    let others = key.clone();
    let world = World::with(move |config| {
        config.accounts.push(edge::NewAccount {
            name: "Other".to_owned(),
            plan: "Free".to_owned(),
            oidc: false,
            logins: Vec::new(),
            authtokens: Vec::new(),
            api_keys: vec![others],
        });
    })
    .await;
    let edge = world.account().create_edge_with_tunnel_group("").unwrap();
    let agent = Agent::new(&world, &App::new("app")).await;
    agent.online("app.tunnel.test").await;
    let mut world = world;
    world.api_key = key;
    assert_eq!(ok(&world, Method::GET, "/edges/https", None).await["https_edges"], json!([]));
    assert_eq!(ok(&world, Method::GET, "/tunnels", None).await["tunnels"], json!([]));
    let path = format!("/edges/https/{}", edge.id);
    assert_eq!(call(&world, Method::GET, &path, None).await.0, StatusCode::NOT_FOUND);
    assert_eq!(call(&world, Method::DELETE, &path, None).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn modules_that_are_not_enforced_are_never_there_and_cannot_be_set() {
    let world = World::new().await;
    let edge = world.account().create_edge_with_tunnel_group("").unwrap();
    let edge_path = format!("/edges/https/{}", edge.id);
    let route_path = format!("{edge_path}/routes/{}", edge.routes[0].id);
    for module in [
        format!("{edge_path}/nothing"),
        format!("{route_path}/oauth"),
        format!("{route_path}/saml"),
        format!("{route_path}/nothing"),
    ] {
        let (status, body) = call(&world, Method::PUT, &module, Some(json!({ "enabled": true }))).await;
        assert!(status.is_client_error(), "{module}: {body}");
        assert_eq!(call(&world, Method::GET, &module, None).await.0, StatusCode::NOT_FOUND, "{module}");
    }
    let shown = ok(&world, Method::GET, &edge_path, None).await;
    assert_eq!(shown["mutual_tls"], Value::Null);
    assert_eq!(shown["routes"][0]["oauth"], Value::Null);
}

#[tokio::test]
async fn an_edge_says_how_it_terminates_tls() {
    let world = World::new().await;
    let edge = world.account().create_edge_with_tunnel_group("").unwrap();
    let path = format!("/edges/https/{}/tls_termination", edge.id);
    assert_eq!(call(&world, Method::GET, &path, None).await.0, StatusCode::NOT_FOUND);
    let set = ok(&world, Method::PUT, &path, Some(json!({ "min_version": "1.2" }))).await;
    assert_eq!(set, json!({ "enabled": true, "terminate_at": "edge", "min_version": "1.2" }));
    assert_eq!(ok(&world, Method::GET, &path, None).await, set);
    for other in
        [json!({ "enabled": false }), json!({ "min_version": "1.3" }), json!({ "terminate_at": "upstream" })]
    {
        assert_eq!(call(&world, Method::PUT, &path, Some(other)).await.0, StatusCode::BAD_REQUEST);
    }
    assert_eq!(call(&world, Method::DELETE, &path, None).await.0, StatusCode::NO_CONTENT);
    assert_eq!(call(&world, Method::GET, &path, None).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_clients_send_to_leave_things_as_they_are_changes_nothing() {
    let world = World::new().await;
    let group = ok(
        &world,
        Method::POST,
        "/backends/tunnel_group",
        Some(json!({ "labels": { "team": "blue" }, "description": "Blue" })),
    )
    .await;
    let path = format!("/backends/tunnel_group/{}", group["id"].as_str().unwrap());
    let same = ok(&world, Method::PATCH, &path, Some(json!({ "metadata": "m", "labels": {} }))).await;
    assert_eq!((&same["labels"], &same["description"]), (&group["labels"], &json!("Blue")));

    let edge = world.account().create_edge_with_tunnel_group("").unwrap();
    let route = format!("/edges/https/{}/routes/{}", edge.id, edge.routes[0].id);
    ok(&world, Method::PATCH, &route, Some(json!({ "description": "All", "match": "/all" }))).await;
    let silent = json!({ "match_type": "", "match": "", "description": "", "metadata": "m", "oidc": null });
    let same = ok(&world, Method::PATCH, &route, Some(silent)).await;
    assert_eq!(
        (&same["match"], &same["description"], &same["metadata"]),
        (&json!("/all"), &json!("All"), &json!("m"))
    );
}
