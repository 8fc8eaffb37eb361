//! The gate in front of endpoints: who is sent away, who gets in, what the upstream hears.

use std::time::Duration;

use edge::OidcModule;
use edge::event::{Event, Passage};
use ground::Secret;
use http::{Method, Request, StatusCode};

use crate::agent::{Agent, guarded};
use crate::app::App;
use crate::client::{Browser, body, code, location, send, text};
use crate::issuer::ISSUER;
use crate::world::World;

const URL: &str = "https://app.tunnel.test";

fn module() -> OidcModule {
    OidcModule::new(ISSUER, "client", Secret::new("client secret", "hush"))
}

#[tokio::test]
async fn without_a_session_people_are_sent_to_the_issuer_and_programs_are_refused() {
    let world = World::new().await;
    let app = App::new("app");
    let agent = Agent::new(&world, &app).await;
    agent.bind(&guarded("app.tunnel.test")).await;
    let sent = Browser::default().open(&world, &format!("{URL}/reports?year=2026")).await;
    assert_eq!(sent.status(), StatusCode::FOUND);
    assert!(location(&sent).starts_with(&format!("{ISSUER}/oauth2/v1/authorize?")), "{}", location(&sent));
    assert!(location(&sent).contains("redirect_uri=https%3A%2F%2Fidp.tunnel.test%2Foauth2%2Fcallback"));
    for method in [Method::GET, Method::POST, Method::DELETE, Method::OPTIONS] {
        let request = Request::builder().method(method).uri(URL).header("accept", "application/json");
        let answer = send(&world, request.body(body("")).unwrap()).await;
        assert_eq!((answer.status(), code(answer.headers())), (StatusCode::UNAUTHORIZED, "ERR_NGROK_3100"));
    }
    let handshake = Request::get(URL).header("connection", "upgrade").header("upgrade", "websocket");
    let answer = send(&world, handshake.header("sec-websocket-key", "x").body(body("")).unwrap()).await;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    assert!(app.seen().is_empty());
    assert!(world.events.answered().iter().all(|answered| answered.passage == Passage::Stopped));
}

#[tokio::test]
async fn someone_who_signs_in_gets_in_and_the_upstream_hears_who_it_is() {
    let world = World::new().await;
    let app = App::new("inside");
    let agent = Agent::new(&world, &app).await;
    agent.bind(&guarded("app.tunnel.test")).await;
    let mut browser = Browser::default();
    let place = format!("{URL}/reports?year=2026");
    assert_eq!(browser.sign_in(&world, &place).await, place);
    let page = browser.open(&world, &place).await;
    assert_eq!(text(page).await, "inside");
    let seen = app.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].headers["ngrok-auth-user-id"], "00u1");
    assert_eq!(seen[0].headers["ngrok-auth-user-email"], "alice@acme.test");
    assert_eq!(seen[0].headers["ngrok-auth-user-name"], "Alice");
    assert!(!seen[0].headers.contains_key("cookie"));
    let last = world.events.answered().pop().unwrap();
    let Passage::Person { identity, session } = last.passage else { panic!("{last:?}") };
    assert_eq!(identity.email.as_deref(), Some("alice@acme.test"));
    assert_eq!(world.account().app_sessions()[0].id, session);
    let asked = world.events.all().into_iter().filter(|event| matches!(event, Event::Asked(_))).count();
    assert!(asked >= 3, "discovery, keys and token");
}

#[tokio::test]
async fn forged_headers_do_not_pass_beside_a_session() {
    let world = World::new().await;
    let app = App::new("inside");
    let agent = Agent::new(&world, &app).await;
    agent.bind(&guarded("app.tunnel.test")).await;
    let mut browser = Browser::default();
    browser.sign_in(&world, URL).await;
    let session = browser.cookie("app.tunnel.test", "__Host-gate-session").unwrap();
    let request = Request::get(URL)
        .header("cookie", format!("theme=dark; __Host-gate-session={session}"))
        .header("connection", "ngrok-auth-user-email")
        .header("ngrok-auth-user-email", "root@acme.test")
        .header("Ngrok_Auth_User_Email", "root@acme.test")
        .body(body(""))
        .unwrap();
    assert_eq!(send(&world, request).await.status(), StatusCode::OK);
    let headers = &app.seen()[0].headers;
    let emails: Vec<_> = headers.get_all("ngrok-auth-user-email").iter().collect();
    assert_eq!(emails, ["alice@acme.test"]);
    assert!(!headers.contains_key("ngrok_auth_user_email"));
    assert_eq!(headers["cookie"], "theme=dark");
}

#[tokio::test]
async fn a_session_is_good_for_its_endpoint_and_its_time_alone() {
    let world = World::new().await;
    let agent = Agent::new(&world, &App::new("inside")).await;
    agent.bind(&guarded("app.tunnel.test")).await;
    agent.bind(&guarded("other.tunnel.test")).await;
    let mut browser = Browser::default();
    browser.sign_in(&world, URL).await;
    let session = browser.cookie("app.tunnel.test", "__Host-gate-session").unwrap();
    let with_cookie = |url: &str| {
        Request::get(url).header("cookie", format!("__Host-gate-session={session}")).body(body("")).unwrap()
    };
    assert_eq!(send(&world, with_cookie(URL)).await.status(), StatusCode::OK);
    assert_eq!(
        send(&world, with_cookie("https://other.tunnel.test")).await.status(),
        StatusCode::UNAUTHORIZED
    );
    world.clock.advance(Duration::from_secs(15 * 24 * 3600));
    assert_eq!(send(&world, with_cookie(URL)).await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_login_that_another_browser_began_is_not_finished() {
    let world = World::new().await;
    let app = App::new("inside");
    let agent = Agent::new(&world, &app).await;
    agent.bind(&guarded("app.tunnel.test")).await;
    let (mut attacker, mut victim) = (Browser::default(), Browser::default());
    let sent = attacker.open(&world, URL).await;
    let callback = crate::issuer::approve(location(&sent));
    let parked = victim.open(&world, &callback).await;
    let refused = victim.open(&world, location(&parked)).await;
    assert_eq!((refused.status(), code(refused.headers())), (StatusCode::BAD_REQUEST, "ERR_NGROK_3121"));
    assert!(victim.cookie("app.tunnel.test", "__Host-gate-session").is_none());
    assert!(app.seen().is_empty());
}

#[tokio::test]
async fn a_session_outlives_the_agents_reconnect() {
    let world = World::new().await;
    let app = App::new("inside");
    let agent = Agent::new(&world, &app).await;
    agent.bind(&guarded("app.tunnel.test")).await;
    let mut browser = Browser::default();
    browser.sign_in(&world, URL).await;
    agent.kill().await;
    world.events.first("the end", |event| matches!(event, Event::SessionDown { .. }).then_some(())).await;
    assert_eq!(code(browser.open(&world, URL).await.headers()), "ERR_NGROK_3200");
    let agent = Agent::new(&world, &app).await;
    agent.bind(&guarded("app.tunnel.test")).await;
    assert_eq!(text(browser.open(&world, URL).await).await, "inside");
}

#[tokio::test]
async fn an_edges_module_guards_it_and_a_revoked_session_is_over() {
    let world = World::new().await;
    let account = world.account();
    let edge = account.create_edge_with_tunnel_group("Edge with Okta SSO").unwrap();
    account.set_oidc(&edge.id, &edge.routes[0].id, Some(module())).unwrap();
    let agent = Agent::new(&world, &App::new("inside")).await;
    agent.label("edge", edge.id.as_str()).await;
    let url = format!("https://{}/", edge.hosts[0]);
    let mut browser = Browser::default();
    browser.sign_in(&world, &url).await;
    assert_eq!(text(browser.open(&world, &url).await).await, "inside");
    let session = account.app_sessions().remove(0);
    account.revoke_app_session(session.id.as_str()).unwrap();
    assert_eq!(browser.open(&world, &url).await.status(), StatusCode::FOUND);
    browser.sign_in(&world, &url).await;
    let changed = OidcModule { maximum_duration: Duration::from_secs(60), ..module() };
    account.set_oidc(&edge.id, &edge.routes[0].id, Some(changed)).unwrap();
    assert_eq!(browser.open(&world, &url).await.status(), StatusCode::FOUND);
}

#[tokio::test]
async fn a_guard_on_one_route_finishes_its_logins_whatever_the_other_routes_are() {
    let world = World::new().await;
    let account = world.account();
    let edge = account.create_edge_with_tunnel_group("").unwrap();
    let backend = account.route(&edge.id, &edge.routes[0].id).unwrap().backend;
    let change = edge::model::RouteChange {
        matches: Some(edge::model::PathMatch::Prefix("/admin".to_owned())),
        backend: Some(backend),
        oidc: Some(Some(module())),
        ..Default::default()
    };
    account.create_route(&edge.id, change).unwrap();
    let agent = Agent::new(&world, &App::new("inside")).await;
    agent.label("edge", edge.id.as_str()).await;
    let base = format!("https://{}", edge.hosts[0]);
    let mut browser = Browser::default();
    assert_eq!(text(browser.open(&world, &format!("{base}/open")).await).await, "inside");
    assert_eq!(browser.open(&world, &format!("{base}/admin")).await.status(), StatusCode::FOUND);
    let place = format!("{base}/admin/x");
    assert_eq!(browser.sign_in(&world, &place).await, place);
    assert_eq!(text(browser.open(&world, &place).await).await, "inside");
}

#[tokio::test]
async fn the_identity_host_does_nothing_else() {
    let world = World::new().await;
    let mut browser = Browser::default();
    for path in ["/", "/oauth2/callback/", "/ngrok/login"] {
        let answer = browser.open(&world, &format!("https://idp.tunnel.test{path}")).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
    }
    let unknown = browser.open(&world, "https://idp.tunnel.test/oauth2/callback?code=x&state=y").await;
    assert_eq!((unknown.status(), code(unknown.headers())), (StatusCode::BAD_REQUEST, "ERR_NGROK_3300"));
}
