//! What the dashboard shows of what goes on: traffic, agents, people, endpoints; and what can be done about it there.

use std::time::Duration;

use http::{Request, StatusCode};
use wire::StreamType;

use crate::agent::{Agent, Behind, guarded};
use crate::app::App;
use crate::client::{Browser, body, get, send, text};
use crate::dashboard::{ADMIN, DASHBOARD, MEMBER, OTHER, Visitor, world};
use crate::issuer::ISSUER;
use crate::world::World;

#[tokio::test]
async fn requests_are_listed_with_what_became_of_them_and_shown_without_secrets() {
    let world = world().await;
    let agent = Agent::new(&world, &App::new("inside")).await;
    assert_eq!(agent.bind(&guarded("app.tunnel.test")).await.error, "");
    let mut browser = Browser::default();
    browser.sign_in(&world, "https://app.tunnel.test/").await;
    assert_eq!(text(browser.open(&world, "https://app.tunnel.test/reports?page=2").await).await, "inside");
    send(&world, get("https://app.tunnel.test/api")).await;
    send(&world, get("https://offline.tunnel.test/")).await;

    let mut member = Visitor::signed_in(&world, MEMBER).await;
    let traffic = member.open(&world, "/traffic").await;
    assert!(traffic.says("https://app.tunnel.test/reports?page=2") && traffic.says("alice@acme.test"));
    assert!(!traffic.says("offline.tunnel.test"), "it is nobody's");
    let (newest, older) = (traffic.html.find("app.tunnel.test/api"), traffic.html.find("/reports"));
    assert!(newest < older && newest.is_some());
    assert!(traffic.says("/ngrok/callback?ticket=[ticket "), "tickets are masked");

    let (_, rest) = traffic.html.split_once("/reports?page=2</a>").map_or(("", ""), |parts| parts);
    assert!(rest.trim_start().starts_with("</th>"), "{rest:.40}");
    let before = traffic.html.split("/reports?page=2").next().unwrap();
    let number = before.rsplit("href=\"/traffic/").next().unwrap().split('"').next().unwrap();
    let shown = member.open(&world, &format!("/traffic/{number}")).await;
    let cookie = browser.cookie("app.tunnel.test", gate::SESSION_COOKIE).unwrap();
    assert!(shown.says("Somebody with a session passed.") && shown.says("[cookie "));
    assert!(!shown.says(&cookie));
    assert_eq!(member.open(&world, "/traffic/12345").await.status, StatusCode::NOT_FOUND);
    assert_eq!(member.open(&world, "/traffic/x").await.status, StatusCode::NOT_FOUND);

    let mut other = Visitor::signed_in(&world, OTHER).await;
    assert!(other.open(&world, "/traffic").await.says("No request has come yet."));
    assert_eq!(other.open(&world, &format!("/traffic/{number}")).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_endpoint_is_shown_with_its_tunnel_and_its_requests() {
    let world = world().await;
    let agent = Agent::new(&world, &App::new("app")).await;
    agent.online("app.tunnel.test").await;
    agent.online("quiet.tunnel.test").await;
    send(&world, get("https://app.tunnel.test/page")).await;
    let endpoints = world.account().endpoints();
    let find = |host: &str| endpoints.iter().find(|endpoint| endpoint.host.as_str() == host).unwrap();
    let mut admin = Visitor::signed_in(&world, ADMIN).await;
    let app = admin.open(&world, &format!("/endpoints/{}", find("app.tunnel.test").id)).await;
    let session = world.account().sessions()[0].id.to_string();
    assert!(
        app.says("https://app.tunnel.test/page") && app.says("http://localhost:3000") && app.says(&session)
    );
    let quiet = admin.open(&world, &format!("/endpoints/{}", find("quiet.tunnel.test").id)).await;
    assert!(quiet.says("None has come yet.") && !quiet.says("/page"));
    let mut other = Visitor::signed_in(&world, OTHER).await;
    let path = format!("/endpoints/{}", find("app.tunnel.test").id);
    assert_eq!(other.open(&world, &path).await.status, StatusCode::NOT_FOUND);
}

/// An agent that hears commands, and gives this answer.
async fn hearing(world: &World, error: &'static str) -> (Agent, tokio::sync::mpsc::Receiver<StreamType>) {
    let (heard, hears) = tokio::sync::mpsc::channel(4);
    let agent = Agent::with(world, Behind::Commands(heard, error)).await;
    (agent, hears)
}

#[tokio::test]
async fn an_agent_is_stopped_and_restarted_by_administrators_alone() {
    let world = world().await;
    let (_agent, mut hears) = hearing(&world, "").await;
    let path = format!("/agents/{}", world.account().sessions()[0].id);
    let mut member = Visitor::signed_in(&world, MEMBER).await;
    let shown = member.open(&world, &path).await;
    assert!(shown.says("test/1") && shown.says("127.0.0.1") && !shown.says("Stop this agent"));
    let csrf = shown.csrf();
    for command in ["stop", "restart"] {
        let page = member.post(&world, &format!("{path}/{command}"), Some(DASHBOARD), Some(&csrf), &[]).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN);
    }
    let mut other = Visitor::signed_in(&world, OTHER).await;
    assert_eq!(other.open(&world, &path).await.status, StatusCode::NOT_FOUND);
    assert!(hears.try_recv().is_err());

    let mut admin = Visitor::signed_in(&world, ADMIN).await;
    for (command, kind) in [("restart", StreamType::RESTART), ("stop", StreamType::STOP)] {
        assert!(admin.open(&world, &path).await.says(&format!("action=\"{path}/{command}\"")));
        assert!(admin.submit(&world, &format!("{path}/{command}"), &[]).await.says("<h1>Agents</h1>"));
        assert_eq!(hears.recv().await, Some(kind));
    }
}

#[tokio::test]
async fn why_an_agent_does_not_stop_is_told() {
    let world = world().await;
    let (_agent, _hears) = hearing(&world, "not while it builds").await;
    let path = format!("/agents/{}", world.account().sessions()[0].id);
    let mut admin = Visitor::signed_in(&world, ADMIN).await;
    admin.open(&world, &path).await;
    let refused = admin.submit(&world, &format!("{path}/stop"), &[]).await;
    assert!(refused.says("not while it builds") && refused.says("ERR_NGROK_805"), "{}", refused.html);
}

#[tokio::test]
async fn people_are_shown_and_signed_out_one_session_or_all() {
    let world = world().await;
    let agent = Agent::new(&world, &App::new("inside")).await;
    let urls = ["https://one.tunnel.test/", "https://two.tunnel.test/"];
    let mut browser = Browser::default();
    for (url, name) in urls.iter().zip(["one.tunnel.test", "two.tunnel.test"]) {
        assert_eq!(agent.bind(&guarded(name)).await.error, "");
        browser.sign_in(&world, url).await;
    }
    let sessions = world.account().app_sessions();
    let user = world.account().app_user_of(&sessions[0]);
    let mut member = Visitor::signed_in(&world, MEMBER).await;
    let shown = member.open(&world, "/people").await;
    assert!(shown.says("alice@acme.test") && shown.says(ISSUER) && !shown.says("Revoke</button>"));
    let csrf = shown.csrf();
    let revoke = format!("/sessions/{}/revoke", sessions[0].id);
    let show_out = format!("/people/{user}/sign-out");
    for path in [&revoke, &show_out] {
        let page = member.post(&world, path, Some(DASHBOARD), Some(&csrf), &[]).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN);
    }
    let mut admin = Visitor::signed_in(&world, ADMIN).await;
    admin.open(&world, "/people").await;
    let left = admin.submit(&world, &revoke, &[]).await;
    assert!(left.says("two.tunnel.test") && !left.says("one.tunnel.test"));
    assert_eq!(browser.open(&world, urls[0]).await.status(), StatusCode::FOUND);
    assert_eq!(text(browser.open(&world, urls[1]).await).await, "inside");
    assert!(admin.submit(&world, &show_out, &[]).await.says("Nobody is signed in."));
    assert_eq!(browser.open(&world, urls[1]).await.status(), StatusCode::FOUND);
    admin.open(&world, "/people").await;
    assert_eq!(admin.submit(&world, &show_out, &[]).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_page_that_keeps_itself_up_to_date_keeps_nobody_signed_in() {
    let world = world().await;
    let mut admin = Visitor::signed_in(&world, ADMIN).await;
    for _ in 0..5 {
        world.clock.advance(Duration::from_secs(2 * 3600));
        let again = Request::get(format!("{DASHBOARD}/traffic")).header("gatewright-live", "1");
        assert!(admin.ask(&world, again, String::new()).await.says("<h1>Traffic</h1>"));
    }
    world.clock.advance(Duration::from_secs(3 * 3600));
    assert!(admin.open(&world, "/").await.says("Sign in to the dashboard"));
}

#[tokio::test]
async fn an_edge_shows_its_routes_with_their_modules() {
    let world = world().await;
    let account = world.account();
    let edge = account.create_edge_with_tunnel_group("").unwrap();
    let module = edge::OidcModule::new(ISSUER, "client", ground::Secret::new("client secret", "hush"));
    account.set_oidc(&edge.id, &edge.routes[0].id, Some(module)).unwrap();
    let mut member = Visitor::signed_in(&world, MEMBER).await;
    let shown = member.open(&world, &format!("/edges/{}", edge.id)).await;
    assert!(shown.says(&format!("edge={}", edge.id)) && shown.says(&format!("OIDC: {ISSUER}")));
    assert!(!shown.says("hush"));
}

#[tokio::test]
async fn what_comes_from_outside_is_shown_as_text() {
    let world = world().await;
    let agent = Agent::new(&world, &App::new("app")).await;
    agent.online("app.tunnel.test").await;
    let request = Request::get("https://app.tunnel.test/?q=%22%3E%3Cscript%3E")
        .header("user-agent", "<script>alert(1)</script>\" onload=x")
        .body(body(""))
        .unwrap();
    send(&world, request).await;
    let mut admin = Visitor::signed_in(&world, ADMIN).await;
    for path in ["/traffic", "/traffic/1"] {
        let page = admin.open(&world, path).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(!page.says("<script>") && !page.says("\" onload"), "{path}");
    }
}
