//! Endpoints: which are given, which are refused and why, and who keeps them.

use edge::event::Event;
use serde_json::json;
use wire::StreamType;
use wire::message::{
    BasicAuth, Bind, CircuitBreaker, HttpOptions, IpRestriction, OAuth, Oidc, Options, Refusal, Unbind,
    UnbindAnswer, UserAgentFilter, WebhookVerification,
};

use crate::agent::{Agent, again, guarded, https, with_options};
use crate::app::App;
use crate::client::{code, connect, get, send, text};
use crate::world::{ACCOUNT, World};

pub(crate) async fn refusal(agent: &Agent, bind: Bind) -> u32 {
    let answer = agent.bind(&bind).await;
    Refusal::parse(&answer.error).unwrap_or_else(|| panic!("{bind:?} was granted")).code.unwrap()
}

#[tokio::test]
async fn an_agent_gets_the_name_that_it_asks_for_in_every_way_of_asking() {
    let world = World::new().await;
    let agent = Agent::new(&world, &App::new("app")).await;
    let ask = |options| with_options(&options);
    let hostname = ask(HttpOptions { hostname: "one.tunnel.test".into(), ..HttpOptions::default() });
    let subdomain = ask(HttpOptions { subdomain: "two".into(), ..HttpOptions::default() });
    let url = ask(HttpOptions { url: Some("https://three.tunnel.test".into()), ..HttpOptions::default() });
    for (bind, expected) in [(hostname, "one"), (subdomain, "two"), (url, "three")] {
        let answer = agent.bind(&bind).await;
        assert_eq!(answer.error, "");
        assert_eq!(answer.url, format!("https://{expected}.tunnel.test"));
        assert_eq!(answer.opts.http().unwrap().hostname, format!("{expected}.tunnel.test"));
    }
    let random = agent.online("").await;
    assert!(random.url.starts_with("https://") && random.url.ends_with(".tunnel.test"), "{}", random.url);
}

#[tokio::test]
async fn a_name_on_another_site_is_served_too() {
    let world = World::new().await;
    assert!(connect(&world, "app.example.test", &[]).await.is_err());
    let agent = Agent::new(&world, &App::new("elsewhere")).await;
    agent.online("app.example.test").await;
    assert_eq!(text(send(&world, get("https://app.example.test/")).await).await, "elsewhere");
    agent.kill().await;
    world.events.first("the end", |event| matches!(event, Event::SessionDown { .. }).then_some(())).await;
    let offline = send(&world, get("https://app.example.test/")).await;
    assert_eq!(code(offline.headers()), "ERR_NGROK_3200");
}

#[tokio::test]
async fn names_that_cannot_be_had_are_refused_with_ngroks_codes() {
    let world = World::new().await;
    let agent = Agent::new(&world, &App::new("app")).await;
    for (name, code) in [
        ("1.21 gigawatts", 326),
        ("a..tunnel.test", 327),
        ("-a.tunnel.test", 328),
        ("a-.tunnel.test", 329),
        ("ab--c.tunnel.test", 330),
        ("localhost", 331),
        ("127.0.0.1", 331),
        ("dashboard.tunnel.test", 320),
        ("idp.tunnel.test", 320),
        ("tunnel.test", 320),
    ] {
        assert_eq!(refusal(&agent, https(name)).await, code, "{name}");
    }
    let url = |url: &str| with_options(&HttpOptions { url: Some(url.into()), ..HttpOptions::default() });
    for wrong in [
        "http://a.tunnel.test",
        "https://a.tunnel.test/x",
        "https://u@a.tunnel.test",
        "https://a.tunnel.test:1",
    ] {
        assert_eq!(refusal(&agent, url(wrong)).await, 9037, "{wrong}");
    }
    let two = HttpOptions { domain: "a.tunnel.test".into(), subdomain: "b".into(), ..HttpOptions::default() };
    assert_eq!(refusal(&agent, with_options(&two)).await, 301);
    assert!(world.account().tunnels().is_empty());
}

#[tokio::test]
async fn a_url_that_is_online_is_not_given_twice() {
    let world = World::new().await;
    let (one, other) =
        (Agent::new(&world, &App::new("one")).await, Agent::new(&world, &App::new("other")).await);
    one.online("app.tunnel.test").await;
    assert_eq!(refusal(&other, https("App.Tunnel.Test")).await, 334);
    let edge = world.account().create_edge_with_tunnel_group("").unwrap();
    assert_eq!(refusal(&other, https(edge.hosts[0].as_str())).await, 381);
}

#[tokio::test]
async fn what_this_edge_does_not_enforce_is_refused() {
    let world = World::new().await;
    let agent = Agent::new(&world, &App::new("app")).await;
    let none = HttpOptions::default;
    let policy = |text: &str| HttpOptions { traffic_policy: Some(text.into()), ..HttpOptions::default() };
    let ranges =
        |range: &str| IpRestriction { allow_cidrs: vec![range.to_owned()], ..IpRestriction::default() };
    for (options, code) in [
        (HttpOptions { basic_auth: Some(BasicAuth::default()), ..none() }, 301),
        (HttpOptions { proxy_proto: 3, ..none() }, 301),
        (HttpOptions { auth: "user:short".into(), ..none() }, 301),
        (HttpOptions { auth: "nothing".into(), ..none() }, 301),
        (HttpOptions { ip_restriction: Some(ranges("everyone")), ..none() }, 301),
        (HttpOptions { user_agent_filter: Some(UserAgentFilter::default()), ..none() }, 301),
        (HttpOptions { circuit_breaker: Some(CircuitBreaker { error_threshold: 2.0 }), ..none() }, 301),
        (HttpOptions { webhook_verification: Some(WebhookVerification::default()), ..none() }, 301),
        (HttpOptions { oauth: Some(OAuth::default()), ..none() }, 365),
        (HttpOptions { oauth: Some(OAuth::default()), ..guarded("").opts.http().unwrap() }, 1679),
        (policy("on_http_request: {"), 2200),
        (policy("on_http_request: [{actions: [{type: not-real-action}]}]"), 2201),
        (policy("on_http_response: [{actions: [{type: basic-auth}]}]"), 2202),
        (policy("on_http_request: [{actions: [{type: deny, config: {status_code: 1}}]}]"), 2203),
        (
            policy(
                "on_tcp_connect: [{actions: [{type: forward-internal, config: {url: 'tcp://a.internal:1'}}]}]",
            ),
            2203,
        ),
    ] {
        assert_eq!(refusal(&agent, with_options(&options)).await, code, "{options:?}");
    }
    for (members, code) in [
        (json!({ "NewModule": {} }), 301),
        (json!({ "Policy": { "Inbound": [{ "Name": "", "Expressions": [], "Actions": [] }] } }), 2206),
        (json!({ "Policy": { "Inbound": [] }, "TrafficPolicy": "on_http_request: []" }), 301),
        (json!({ "OIDC": { "issuer_url": "https://a.test", "max_session": 5 } }), 301),
        (json!({ "RequestHeaders": { "add": ["no colon"] } }), 301),
        (json!({ "ResponseHeaders": { "remove": ["content-length"] } }), 301),
    ] {
        let opts: Options = serde_json::from_value(members.clone()).unwrap();
        assert_eq!(refusal(&agent, Bind { opts, ..https("") }).await, code, "{members}");
    }
    let other = |proto: &str| Bind { proto: proto.into(), ..https("") };
    assert_eq!(refusal(&agent, other("ssh")).await, 332);
    assert_eq!(refusal(&agent, Bind { forwards_proto: "http3".into(), ..https("") }).await, 301);
    let mut policy = https("");
    policy.extra.ip_policy_ref = "ipp_1".into();
    assert_eq!(refusal(&agent, policy).await, 341);
    assert!(world.account().tunnels().is_empty());
}

#[tokio::test]
async fn an_oidc_module_is_checked() {
    let world = World::new().await;
    let agent = Agent::new(&world, &App::new("app")).await;
    let full = guarded("").opts.http().unwrap().oidc.unwrap();
    let ask = |oidc: Oidc| with_options(&HttpOptions { oidc: Some(oidc), ..HttpOptions::default() });
    for (oidc, code) in [
        (Oidc { client_id: String::new(), ..full.clone() }, 385),
        (Oidc { client_secret: None, ..full.clone() }, 386),
        (Oidc { issuer_url: String::new(), ..full.clone() }, 387),
        (Oidc { scopes: (0..30).map(|n| format!("s{n}")).collect(), ..full.clone() }, 388),
        (Oidc { scopes: vec!["s".repeat(300)], ..full.clone() }, 392),
    ] {
        assert_eq!(refusal(&agent, ask(oidc)).await, code);
    }
    assert_eq!(refusal(&agent, Bind { proto: "http".into(), ..ask(full.clone()) }).await, 5212);
    world.account().entitle_to_oidc(false).unwrap();
    assert_eq!(refusal(&agent, ask(full)).await, 5207);
    assert_eq!(agent.online("open.tunnel.test").await.url, "https://open.tunnel.test");
}

#[tokio::test]
async fn a_tunnel_is_given_back_as_often_as_it_is_asked() {
    let world = World::new().await;
    let agent = Agent::new(&world, &App::new("app")).await;
    let answer = agent.online("app.tunnel.test").await;
    for _ in 0..2 {
        let unbound: UnbindAnswer = agent.call(StreamType::UNBIND, &Unbind { id: answer.id.clone() }).await;
        assert_eq!(unbound.error, "");
    }
    let offline = send(&world, get("https://app.tunnel.test/")).await;
    assert_eq!(code(offline.headers()), "ERR_NGROK_3200");
    agent.online("app.tunnel.test").await;
}

#[tokio::test]
async fn another_session_cannot_take_a_tunnel_back() {
    let world = World::new().await;
    let (one, other) =
        (Agent::new(&world, &App::new("one")).await, Agent::new(&world, &App::new("other")).await);
    let answer = one.online("app.tunnel.test").await;
    let _: UnbindAnswer = other.call(StreamType::UNBIND, &Unbind { id: answer.id }).await;
    assert_eq!(world.account().tunnels().len(), 1);
}

#[tokio::test]
async fn an_agent_that_comes_back_keeps_its_url_while_its_old_session_hangs() {
    let world = World::new().await;
    let app = App::new("app");
    let mut stale = Agent::new(&world, &app).await;
    let before = stale.online("").await;
    let mut back = Agent::dialled(&world, crate::agent::Behind::App(app)).await;
    back.client_id.clone_from(&stale.client_id);
    back.cookie = stale.cookie.take();
    let answer = back.authenticate(Some(&world.authtoken)).await;
    assert_eq!(answer.client_id, stale.client_id);
    let after = back.bind(&again(&before)).await;
    assert_eq!((after.error.as_str(), after.url.as_str()), ("", before.url.as_str()));
    assert_eq!(after.id, before.id);
    stale.ended().await;
    assert_eq!(text(send(&world, get(&format!("{}/", after.url))).await).await, "app");
    let sessions = world.account().sessions();
    assert_eq!(sessions.len(), 1);
}

#[tokio::test]
async fn a_token_brings_a_url_back_even_to_a_session_that_is_new() {
    let world = World::new().await;
    let stale = Agent::new(&world, &App::new("app")).await;
    let before = stale.online("app.tunnel.test").await;
    let back = Agent::new(&world, &App::new("app")).await;
    let mut forged = again(&before);
    forged.id = "tn_anothertunnel".into();
    assert_eq!(refusal(&back, forged).await, 334);
    let mut malformed = again(&before);
    malformed.extra.token = Some(ground::Secret::new("tunnel token", "nonsense"));
    assert_eq!(refusal(&back, malformed).await, 335);
    assert!(stale.session.close_reason().is_none());
    let after = back.bind(&again(&before)).await;
    assert_eq!((after.error.as_str(), after.id), ("", before.id));
    stale.ended().await;
}

#[tokio::test]
async fn a_stranger_cannot_push_an_agent_out_by_its_client_id() {
    let world = World::new().await;
    let victim = Agent::new(&world, &App::new("app")).await;
    let mut stranger = Agent::dialled(&world, crate::agent::Behind::App(App::new("app"))).await;
    stranger.client_id.clone_from(&victim.client_id);
    let answer = stranger.authenticate(Some(&world.authtoken)).await;
    assert_ne!(answer.client_id, victim.client_id);
    assert!(victim.session.close_reason().is_none());
    assert_eq!(world.account().sessions().len(), 2);
}

#[tokio::test]
async fn events_say_which_tunnel_came_and_went() {
    let world = World::new().await;
    let agent = Agent::new(&world, &App::new("app")).await;
    let bound = agent.online("app.tunnel.test").await;
    let up = world.events.first("the tunnel", |event| match event {
        Event::TunnelUp { tunnel, url } => Some((tunnel.clone(), url.clone())),
        _ => None,
    });
    let (tunnel, url) = up.await;
    assert_eq!((tunnel.id.as_str(), url.as_deref()), (bound.id.as_str(), Some("https://app.tunnel.test")));
    assert_eq!(tunnel.forwards_to, "http://localhost:3000");
    agent.kill().await;
    let down = world.events.first("its end", |event| match event {
        Event::TunnelDown { tunnel, .. } => Some(tunnel.clone()),
        _ => None,
    });
    assert_eq!(down.await, tunnel.id);
    assert_eq!(world.edge.account(ACCOUNT).unwrap().tunnels(), []);
}
