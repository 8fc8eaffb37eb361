//! What an edge knows again when it is started again in the same folder.

use std::path::Path;
use std::time::Duration;

use edge::model::{ApiKeyChange, DomainChange, Host, IpChange, OidcModule, PathMatch, RouteChange};
use edge::{Config, Edge, StartError, StateDir, StoreError};
use ground::Secret;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::agent::{Agent, Behind, again, guarded, https};
use crate::app::App;
use crate::client::{Browser, body, send, text};
use crate::control::{call, ok};
use crate::issuer::ISSUER;
use crate::world::World;

async fn world_in(dir: &Path) -> World {
    World::with(|config: &mut Config| config.state = Some(dir.to_owned())).await
}

/// The edge that comes after this one in the same folder, with the same keys.
async fn restarted(world: World, dir: &Path) -> World {
    let World { edge, authtoken, api_key, .. } = world;
    edge.stop().await;
    with_keys(world_in(dir).await, authtoken, api_key)
}

/// The same edge, used with these keys.
fn with_keys(mut world: World, authtoken: Secret, api_key: Secret) -> World {
    (world.authtoken, world.api_key) = (authtoken, api_key);
    world
}

/// Everything that the API shows of what is set up.
async fn shown(world: &World) -> Vec<Value> {
    let mut all = Vec::new();
    for path in [
        "/edges/https",
        "/backends/tunnel_group",
        "/reserved_domains",
        "/endpoints",
        "/app/sessions",
        "/ip_policies",
        "/ip_policy_rules",
    ] {
        all.push(ok(world, Method::GET, path, None).await);
    }
    all
}

#[tokio::test]
async fn what_was_set_up_is_there_again() {
    let dir = tempfile::tempdir().unwrap();
    let world = world_in(dir.path()).await;
    let account = world.account();
    let edge = account.create_edge_with_tunnel_group("Edge with Okta SSO").unwrap();
    let module = OidcModule::new(ISSUER, "client", Secret::new("client secret", "hush"));
    account.set_oidc(&edge.id, &edge.routes[0].id, Some(module)).unwrap();
    let exact = RouteChange { matches: Some(PathMatch::Exact("/open".into())), ..RouteChange::default() };
    account.create_route(&edge.id, exact).unwrap();
    account.reserve_domain(Host::parse("kept.tunnel.test").unwrap(), DomainChange::default()).unwrap();
    let policy = account.create_ip_policy(&IpChange::default()).unwrap();
    let everyone = IpChange { cidr: Some("127.0.0.0/8".into()), ..IpChange::default() };
    account.create_ip_rule(&policy.id, true, &everyone).unwrap();
    let guarded = format!("/edges/https/{}/routes/{}", edge.id, edge.routes[0].id);
    for (module, value) in [
        ("ip_restriction", json!({ "ip_policy_ids": [policy.id.as_str()] })),
        ("user_agent_filter", json!({ "deny": ["curl.*"] })),
        ("webhook_verification", json!({ "enabled": false, "provider": "github", "secret": "hush" })),
    ] {
        ok(&world, Method::PUT, &format!("{guarded}/{module}"), Some(value)).await;
    }
    let gone = account.create_edge_with_tunnel_group("").unwrap();
    account.delete_edge(&gone.id).unwrap();
    let acl = json!({ "acl": ["bind:*.tunnel.test"] });
    let made = ok(&world, Method::POST, "/credentials", Some(acl)).await;
    let (key, token) = account.create_api_key(ApiKeyChange::default()).unwrap();
    let before = shown(&world).await;
    let ports = (world.edge.https_addr(), world.edge.agent_addr());
    drop(account);

    let world = restarted(world, dir.path()).await;
    assert_eq!(shown(&world).await, before);
    assert_eq!((world.edge.https_addr(), world.edge.agent_addr()), ports);
    let credentials = ok(&world, Method::GET, "/credentials", None).await;
    let kept =
        credentials["credentials"].as_array().unwrap().iter().find(|one| one["id"] == made["id"]).unwrap();
    assert_eq!(kept["acl"], made["acl"]);
    let mut agent = Agent::dialled(&world, Behind::App(App::new("inside"))).await;
    let kept_token = Secret::new("authtoken", made["token"].as_str().unwrap());
    assert_eq!(agent.authenticate(Some(&kept_token)).await.error, "");
    assert!(agent.bind(&https("elsewhere.example.test")).await.error.contains("ERR_NGROK_316"));

    let url = format!("https://{}/", edge.hosts[0]);
    let mut browser = Browser::default();
    assert_eq!(browser.open(&world, &url).await.status(), StatusCode::FOUND, "the Edge is guarded again");
    let curl = http::Request::get(&url).header("user-agent", "curl/8").body(body("")).unwrap();
    assert_eq!(send(&world, curl).await.status(), StatusCode::FORBIDDEN, "and so are its user agents");
    let labeled = Agent::new(&world, &App::new("inside")).await;
    labeled.label("edge", edge.id.as_str()).await;
    assert_eq!(browser.sign_in(&world, &url).await, url);
    assert_eq!(text(browser.open(&world, &url).await).await, "inside");

    let mut other = world;
    other.api_key = token;
    let path = format!("/api_keys/{}", key.id);
    assert_eq!(call(&other, Method::DELETE, &path, None).await.0, StatusCode::NO_CONTENT);
    let other = restarted(other, dir.path()).await;
    assert_eq!(call(&other, Method::GET, "/api_keys", None).await.1["error_code"], "ERR_NGROK_203");
}

#[tokio::test]
async fn an_agent_that_comes_back_has_its_tunnel_and_people_have_their_sessions() {
    let dir = tempfile::tempdir().unwrap();
    let world = world_in(dir.path()).await;
    let agent = Agent::new(&world, &App::new("inside")).await;
    let bound = agent.bind(&guarded("")).await;
    let url = format!("{}/", bound.url);
    let (mut stays, mut leaves, mut revoked) = Default::default();
    for browser in [&mut stays, &mut leaves, &mut revoked] {
        Browser::sign_in(browser, &world, &url).await;
    }
    leaves.open(&world, &format!("{url}ngrok/logout")).await;
    let sessions = ok(&world, Method::GET, "/app/sessions", None).await;
    let last = sessions["application_sessions"][0]["uri"].as_str().unwrap();
    assert_eq!(call(&world, Method::DELETE, last, None).await.0, StatusCode::NO_CONTENT);
    let (client_id, cookie) = (agent.client_id.clone(), agent.cookie.clone());
    agent.kill().await;

    let world = restarted(world, dir.path()).await;
    let mut agent = Agent::dialled(&world, Behind::App(App::new("inside"))).await;
    (agent.client_id, agent.cookie) = (client_id.clone(), cookie);
    let token = world.authtoken.clone();
    assert_eq!(agent.authenticate(Some(&token)).await.client_id, client_id);
    let resumed = agent.bind(&again(&bound)).await;
    assert_eq!((&resumed.error, &resumed.url, &resumed.id), (&String::new(), &bound.url, &bound.id));
    assert_eq!(text(stays.open(&world, &url).await).await, "inside");
    for browser in [&mut leaves, &mut revoked] {
        assert_eq!(Browser::open(browser, &world, &url).await.status(), StatusCode::FOUND);
    }
    assert_eq!(
        ok(&world, Method::GET, "/app/sessions", None).await["application_sessions"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn a_session_does_not_outlive_its_time_by_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let world = world_in(dir.path()).await;
    let agent = Agent::new(&world, &App::new("inside")).await;
    let url = format!("{}/", agent.bind(&guarded("app.tunnel.test")).await.url);
    let mut browser = Browser::default();
    browser.sign_in(&world, &url).await;
    agent.kill().await;
    world.edge.stop().await;

    // Idle for longer than the 72 hours that sessions last without a request.
    let late = |config: &mut Config| {
        config.state = Some(dir.path().to_owned());
        config.clock.advance(Duration::from_secs(73 * 3600));
    };
    let world = World::with(late).await;
    let agent = Agent::new(&world, &App::new("inside")).await;
    assert_eq!(agent.bind(&guarded("app.tunnel.test")).await.error, "");
    assert_eq!(browser.open(&world, &url).await.status(), StatusCode::FOUND);
}

#[tokio::test]
async fn what_was_answered_is_on_disk_even_if_the_edge_is_killed() {
    let dir = tempfile::tempdir().unwrap();
    let world = world_in(dir.path()).await;
    let agent = Agent::new(&world, &App::new("inside")).await;
    let url = format!("{}/", agent.bind(&guarded("app.tunnel.test")).await.url);
    let mut browser = Browser::default();
    browser.sign_in(&world, &url).await;
    let made = ok(&world, Method::POST, "/credentials", Some(json!({ "description": "last words" }))).await;

    // The disk as it is at this moment is what a killed edge leaves.
    let copy = tempfile::tempdir().unwrap();
    std::fs::copy(dir.path().join("edge.redb"), copy.path().join("edge.redb")).unwrap();
    let World { authtoken, api_key, .. } = world;
    let world = with_keys(world_in(copy.path()).await, authtoken, api_key);
    let path = format!("/credentials/{}", made["id"].as_str().unwrap());
    assert_eq!(ok(&world, Method::GET, &path, None).await["description"], "last words");
    let agent = Agent::new(&world, &App::new("inside")).await;
    agent.bind(&guarded("app.tunnel.test")).await;
    assert_eq!(text(browser.open(&world, &url).await).await, "inside");
}

#[tokio::test]
async fn secrets_that_need_not_be_known_are_not_on_disk() {
    let dir = tempfile::tempdir().unwrap();
    let world = world_in(dir.path()).await;
    let agent = Agent::new(&world, &App::new("inside")).await;
    let url = format!("{}/", agent.bind(&guarded("app.tunnel.test")).await.url);
    let mut browser = Browser::default();
    browser.sign_in(&world, &url).await;
    let (_, made) = world.account().create_api_key(ApiKeyChange::default()).unwrap();
    let cookie = browser.cookie("app.tunnel.test", gate::SESSION_COOKIE).unwrap();
    let bytes = std::fs::read(dir.path().join("edge.redb")).unwrap();
    let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds(world.authtoken.expose()), "the dashboard shows authtokens on request");
    for secret in [world.api_key.expose(), made.expose(), &cookie, "correct horse"] {
        assert!(!holds(secret));
    }
}

#[tokio::test]
async fn a_folder_that_cannot_be_used_is_refused_before_anything_listens() {
    let dir = tempfile::tempdir().unwrap();
    let _first = world_in(dir.path()).await;
    let second = config_in(dir.path());
    assert!(matches!(Edge::start(second).await, Err(StartError::State(StoreError::InUse(_)))));
    let file = dir.path().join("a file");
    std::fs::write(&file, "no folder").unwrap();
    assert!(matches!(Edge::start(config_in(&file)).await, Err(StartError::State(StoreError::Io { .. }))));
}

fn config_in(dir: &Path) -> Config {
    let authority = ground::Authority::new().unwrap();
    let tls = authority.client_config(&[b"h2"]).unwrap();
    Config {
        domain: "tunnel.test".to_owned(),
        authority,
        clock: ground::Clock::new(),
        evidence: ground::Sink::forgetful(),
        outbound: ground::Outbound::new(
            ground::outbound::Route::Loopback,
            std::net::Ipv4Addr::LOCALHOST,
            tls,
        ),
        accounts: Vec::new(),
        public_port: None,
        region: "test".to_owned(),
        state: Some(dir.to_owned()),
    }
}

#[test]
fn whoever_runs_the_edge_finds_its_authority_and_secrets_again() {
    let dir = tempfile::tempdir().unwrap();
    let state = StateDir::open(dir.path()).unwrap();
    let authority = state.authority().unwrap().certificate_pem();
    let secret = state.secret("password", || Secret::random("password")).unwrap();
    assert!(matches!(StateDir::open(dir.path()), Err(StoreError::InUse(_))));
    drop(state);
    let state = StateDir::open(dir.path()).unwrap();
    assert_eq!(state.authority().unwrap().certificate_pem(), authority);
    assert_eq!(state.secret("password", || Secret::random("password")).unwrap(), secret);
    assert_ne!(state.secret("api_key", || Secret::random("API key")).unwrap(), secret);
}
