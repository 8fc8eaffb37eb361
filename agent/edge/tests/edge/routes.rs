//! The modules of an Edge's routes: set by the API, enforced, shown again, taken away.

use http::{Method, Request, StatusCode};
use serde_json::{Value, json};

use crate::agent::Agent;
use crate::app::App;
use crate::client::{Browser, body, code, get, send, text};
use crate::control::{call, ok};
use crate::issuer::ISSUER;
use crate::world::World;

/// An Edge whose one route leads to an app.
struct Routed {
    world: World,
    app: std::sync::Arc<App>,
    _agent: Agent,
    url: String,
    path: String,
}

impl Routed {
    async fn new() -> Self {
        let world = World::new().await;
        let edge = world.account().create_edge_with_tunnel_group("").unwrap();
        let app = App::new("inside");
        let agent = Agent::new(&world, &app).await;
        agent.label("edge", edge.id.as_str()).await;
        let url = format!("https://{}", edge.hosts[0]);
        let path = format!("/edges/https/{}/routes/{}", edge.id, edge.routes[0].id);
        Self { world, app, _agent: agent, url, path }
    }

    async fn set(&self, module: &str, value: Value) -> Value {
        ok(&self.world, Method::PUT, &format!("{}/{module}", self.path), Some(value)).await
    }

    /// With which code a module is refused.
    async fn refusal(&self, module: &str, value: Value) -> String {
        let (status, body) =
            call(&self.world, Method::PUT, &format!("{}/{module}", self.path), Some(value)).await;
        assert!(status.is_client_error(), "{module}: {status} {body}");
        body["error_code"].as_str().unwrap().to_owned()
    }

    async fn delete(&self, module: &str) {
        let (status, _) = call(&self.world, Method::DELETE, &format!("{}/{module}", self.path), None).await;
        assert_eq!(status, StatusCode::NO_CONTENT);
    }

    /// The status of a page, and ngrok's code for it.
    async fn get(&self, headers: &[(&str, &str)]) -> (u16, String) {
        let mut request = Request::get(format!("{}/page", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = send(&self.world, request.body(body("")).unwrap()).await;
        (answer.status().as_u16(), code(answer.headers()).to_owned())
    }
}

fn passed() -> (u16, String) {
    (200, String::new())
}

fn stopped(status: u16, code: u16) -> (u16, String) {
    (status, format!("ERR_NGROK_{code}"))
}

#[tokio::test]
async fn user_agents_are_let_in_and_kept_out() {
    let routed = Routed::new().await;
    let shown = routed.set("user_agent_filter", json!({ "deny": ["curl.*"] })).await;
    assert_eq!(shown, json!({ "enabled": true, "allow": [], "deny": ["curl.*"] }));
    assert_eq!(routed.get(&[("user-agent", "curl/8")]).await, stopped(403, 3211));
    assert_eq!(routed.get(&[("user-agent", "firefox")]).await, passed());
    routed.set("user_agent_filter", json!({ "enabled": false, "deny": ["curl.*"] })).await;
    assert_eq!(routed.get(&[("user-agent", "curl/8")]).await, passed());
    routed.set("user_agent_filter", json!({ "deny": ["curl.*"] })).await;
    routed.delete("user_agent_filter").await;
    assert_eq!(routed.get(&[("user-agent", "curl/8")]).await, passed());
    let (status, _) =
        call(&routed.world, Method::GET, &format!("{}/user_agent_filter", routed.path), None).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn addresses_are_let_in_by_ip_policies_as_they_stand() {
    let routed = Routed::new().await;
    let world = &routed.world;
    let policy = ok(world, Method::POST, "/ip_policies", Some(json!({ "description": "office" }))).await;
    let rule =
        |cidr: &str, action: &str| json!({ "ip_policy_id": policy["id"], "cidr": cidr, "action": action });
    let module = json!({ "ip_policy_ids": [policy["id"]] });
    assert_eq!(routed.refusal("ip_restriction", module.clone()).await, "ERR_NGROK_1625");
    let first = ok(world, Method::POST, "/ip_policy_rules", Some(rule("10.0.0.0/8", "allow"))).await;
    assert_eq!(first["ip_policy"]["id"], policy["id"]);
    let shown = routed.set("ip_restriction", module).await;
    assert_eq!(
        shown,
        json!({ "enabled": true, "ip_policies": [{ "id": policy["id"], "uri": policy["uri"] }] })
    );
    assert_eq!(routed.get(&[]).await, stopped(403, 3205));
    let second = ok(world, Method::POST, "/ip_policy_rules", Some(rule("127.0.0.0/8", "allow"))).await;
    assert_eq!(routed.get(&[]).await, passed());
    ok(world, Method::POST, "/ip_policy_rules", Some(rule("127.0.0.1/32", "deny"))).await;
    assert_eq!(routed.get(&[]).await, stopped(403, 3205));

    let refused = async |payload: Value| {
        call(world, Method::POST, "/ip_policy_rules", Some(payload)).await.1["error_code"].clone()
    };
    assert_eq!(refused(rule("10.0.0.0/8", "deny")).await, "ERR_NGROK_1408");
    assert_eq!(refused(rule("10.0.0.1", "deny")).await, "ERR_NGROK_1413");
    assert_eq!(refused(rule("nowhere", "deny")).await, "ERR_NGROK_1406");
    assert_eq!(refused(rule("10.1.0.0/16", "maybe")).await, "ERR_NGROK_1422");
    let path = policy["uri"].as_str().unwrap();
    assert_eq!(call(world, Method::DELETE, path, None).await.1["error_code"], "ERR_NGROK_1420");
    let listed = ok(world, Method::GET, "/ip_policy_rules", None).await;
    assert_eq!(listed["ip_policy_rules"].as_array().unwrap().len(), 3);
    let rules = listed["ip_policy_rules"].as_array().unwrap();
    for rule in rules.iter().filter(|rule| rule["id"] != second["id"]) {
        let uri = rule["uri"].as_str().unwrap();
        assert_eq!(call(world, Method::DELETE, uri, None).await.0, StatusCode::NO_CONTENT);
    }
    assert_eq!(routed.get(&[]).await, passed());
    let last = second["uri"].as_str().unwrap();
    assert_eq!(call(world, Method::DELETE, last, None).await.0, StatusCode::BAD_REQUEST, "it is in use");
    assert_eq!(routed.get(&[]).await, passed());
    routed.delete("ip_restriction").await;
    assert_eq!(call(world, Method::DELETE, path, None).await.0, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn headers_are_added_and_taken_away_in_both_directions() {
    let routed = Routed::new().await;
    routed.set("request_headers", json!({ "add": { "x-edge": "yes" }, "remove": ["x-client"] })).await;
    routed.set("response_headers", json!({ "add": { "x-answered": "by the edge" } })).await;
    let request =
        Request::get(format!("{}/page", routed.url)).header("x-client", "1").body(body("")).unwrap();
    let answer = send(&routed.world, request).await;
    assert_eq!(answer.headers()["x-answered"], "by the edge");
    let seen = routed.app.seen().pop().unwrap();
    assert_eq!(seen.headers["x-edge"], "yes");
    assert!(!seen.headers.contains_key("x-client"));
    assert_eq!(routed.refusal("request_headers", json!({ "add": { "a b": "c" } })).await, "ERR_NGROK_1623");
}

#[tokio::test]
async fn answers_are_compressed() {
    let routed = Routed::new().await;
    let ask = async || {
        let request = Request::get(format!("{}/long", routed.url)).header("accept-encoding", "gzip");
        let answer = send(&routed.world, request.body(body("")).unwrap()).await;
        answer.headers().get("content-encoding").map(|kind| kind.to_str().unwrap().to_owned())
    };
    assert_eq!(ask().await, None);
    assert_eq!(routed.set("compression", json!({})).await, json!({ "enabled": true }));
    assert_eq!(ask().await.as_deref(), Some("gzip"));
}

#[tokio::test]
async fn a_traffic_policy_is_carried_out_and_a_wrong_one_is_refused_with_its_place() {
    let routed = Routed::new().await;
    let policy = r#"{"on_http_request":[{"expressions":["req.url.path == '/page'"],"actions":[{"type":"deny","config":{"status_code":451}}]}]}"#;
    let shown = routed.set("traffic_policy", json!({ "value": policy })).await;
    assert_eq!(shown, json!({ "enabled": true, "value": policy }));
    assert_eq!(routed.get(&[]).await.0, 451);
    let elsewhere = send(&routed.world, get(&format!("{}/elsewhere", routed.url))).await;
    assert_eq!(elsewhere.status(), StatusCode::OK);
    let wrong = r#"{"on_http_request":[{"actions":[{"type":"not-real-action"}]}]}"#;
    assert_eq!(routed.refusal("traffic_policy", json!({ "value": wrong })).await, "ERR_NGROK_2201");
    assert_eq!(routed.get(&[]).await.0, 451, "what was refused changes nothing");
}

#[tokio::test]
async fn webhooks_and_breakers_are_checked_before_they_are_set() {
    let routed = Routed::new().await;
    assert_eq!(routed.refusal("webhook_verification", json!({})).await, "ERR_NGROK_1629");
    assert_eq!(
        routed.refusal("webhook_verification", json!({ "provider": "github" })).await,
        "ERR_NGROK_1627"
    );
    let nobody = json!({ "provider": "nobody", "secret": "hush" });
    assert_eq!(routed.refusal("webhook_verification", nobody).await, "ERR_NGROK_1630");
    let shown = routed.set("webhook_verification", json!({ "provider": "github", "secret": "hush" })).await;
    assert_eq!(shown, json!({ "enabled": true, "provider": "github", "secret": "hush" }));
    assert_eq!(routed.get(&[]).await, stopped(403, 3204));
    routed.delete("webhook_verification").await;
    assert_eq!(routed.get(&[]).await, passed());

    for wrong in [
        json!({ "error_threshold_percentage": 1.5 }),
        json!({ "error_threshold_percentage": 0.5, "rolling_window": 3600 }),
    ] {
        assert_eq!(routed.refusal("circuit_breaker", wrong).await, "ERR_NGROK_1611");
    }
    let buckets = json!({ "error_threshold_percentage": 0.5, "num_buckets": 3 });
    assert_eq!(routed.refusal("circuit_breaker", buckets).await, "ERR_NGROK_1618");
    let module = json!({ "error_threshold_percentage": 0.5, "volume_threshold": 2, "tripped_duration": 60 });
    routed.set("circuit_breaker", module).await;
    for _ in 0..2 {
        send(&routed.world, get(&format!("{}/fail", routed.url))).await;
    }
    assert_eq!(routed.get(&[]).await, stopped(503, 3202));
}

#[tokio::test]
async fn websockets_are_expected_where_they_become_bytes() {
    let routed = Routed::new().await;
    routed.set("websocket_tcp_converter", json!({})).await;
    assert_eq!(routed.get(&[]).await.1, "ERR_NGROK_3206");
}

#[tokio::test]
async fn a_policy_may_have_people_sign_in_on_a_route() {
    let routed = Routed::new().await;
    let policy = json!({ "on_http_request": [{
        "expressions": ["req.url.path.startsWith('/private')"],
        "actions": [{ "type": "openid-connect", "config": {
            "issuer_url": ISSUER, "client_id": "client", "client_secret": "hush",
        } }],
    }] });
    routed.set("traffic_policy", json!({ "value": policy.to_string() })).await;
    let (world, url) = (&routed.world, format!("{}/private", routed.url));
    let mut browser = Browser::default();
    assert_eq!(text(browser.open(world, &format!("{}/open", routed.url)).await).await, "inside");
    assert_eq!(browser.sign_in(world, &url).await, url);
    assert_eq!(text(browser.open(world, &url).await).await, "inside");
    // A change of something else ends no session.
    routed.set("response_headers", json!({ "add": { "x-a": "b" } })).await;
    assert_eq!(text(browser.open(world, &url).await).await, "inside");
    let other = json!({ "issuer": ISSUER, "client_id": "other", "client_secret": "hush" });
    assert_eq!(routed.refusal("oidc", other).await, "ERR_NGROK_1679");
    routed.delete("traffic_policy").await;
    assert!(world.account().app_sessions().is_empty());
    world.account().entitle_to_oidc(false).unwrap();
    assert_eq!(
        routed.refusal("traffic_policy", json!({ "value": policy.to_string() })).await,
        "ERR_NGROK_5207"
    );
}

#[tokio::test]
async fn a_route_is_made_and_changed_with_its_modules_at_once() {
    let routed = Routed::new().await;
    let changed = ok(
        &routed.world,
        Method::PATCH,
        &routed.path,
        Some(json!({ "compression": {}, "user_agent_filter": { "allow": null, "deny": ["bad"] }, "saml": null })),
    )
    .await;
    assert_eq!(changed["compression"], json!({ "enabled": true }));
    assert_eq!(changed["user_agent_filter"]["deny"], json!(["bad"]));
    assert_eq!(changed["saml"], Value::Null);
    let wrong = json!({ "match": "/other", "compression": { "level": 9 } });
    assert_eq!(
        call(&routed.world, Method::PATCH, &routed.path, Some(wrong)).await.0,
        StatusCode::BAD_REQUEST
    );
    assert_eq!(ok(&routed.world, Method::GET, &routed.path, None).await, changed);
}

#[tokio::test]
async fn one_routes_policy_may_have_people_sign_in_in_several_ways() {
    let routed = Routed::new().await;
    let rule = |place: &str| {
        json!({ "expressions": [format!("req.url.path == '{place}'")], "actions": [{
            "type": "openid-connect",
            "config": {
                "issuer_url": ISSUER, "client_id": "client", "client_secret": "hush", "auth_id": &place[1..],
            },
        }] })
    };
    let policy = json!({ "on_http_request": [rule("/one"), rule("/two")] });
    // The route is not that of the gate's own paths.
    ok(&routed.world, Method::PATCH, &routed.path, Some(json!({ "match": "/o" }))).await;
    routed.set("traffic_policy", json!({ "value": policy.to_string() })).await;
    let (world, one) = (&routed.world, format!("{}/one", routed.url));
    let mut browser = Browser::default();
    assert_eq!(browser.sign_in(world, &one).await, one);
    assert_eq!(text(browser.open(world, &one).await).await, "inside");
    routed.set("response_headers", json!({ "add": { "x-a": "b" } })).await;
    assert_eq!(text(browser.open(world, &one).await).await, "inside");
    ok(world, Method::PATCH, &routed.path, Some(json!({ "match": "/" }))).await;
    let two = format!("{}/two", routed.url);
    assert_eq!(browser.sign_in(world, &two).await, two);
    assert_eq!(text(browser.open(world, &two).await).await, "inside");
    assert_eq!(text(browser.open(world, &one).await).await, "inside");
}
