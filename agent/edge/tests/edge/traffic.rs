//! What endpoints ask of their traffic, where one exchange doesn't tell enough.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use edge::event::{Act, Event, Outcome, Passage};
use futures_util::{SinkExt, StreamExt};
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Frame;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;
use wire::StreamType;
use wire::message::{
    Bind, BindAnswer, HttpOptions, PatchTunnelState, PatchTunnelStateAnswer, Refusal, TcpOptions,
};

use crate::agent::{Agent, Streams, tcp, with_options};
use crate::app::App;
use crate::client::{Browser, body, code, connect, get, location, send, send_from, send_h2, text};
use crate::issuer::{ISSUER, sign};
use crate::world::{DEADLINE, World};

const URL: &str = "https://app.tunnel.test";

fn asking(policy: &str) -> Bind {
    with_options(&HttpOptions {
        domain: "app.tunnel.test".to_owned(),
        traffic_policy: Some(policy.into()),
        ..HttpOptions::default()
    })
}

async fn online(world: &World, app: &Arc<App>, bind: &Bind) -> (Agent, BindAnswer) {
    let agent = Agent::new(world, app).await;
    let answer = agent.bind(bind).await;
    assert_eq!(answer.error, "");
    (agent, answer)
}

fn acts(world: &World) -> Vec<(&'static str, Act)> {
    let act = |event| match event {
        Event::Acted(acted) => Some((acted.action, acted.act)),
        _ => None,
    };
    world.events.all().into_iter().filter_map(act).collect()
}

const SIGN_IN: &str = "{type: openid-connect, config: {issuer_url: https://acme.okta.test, client_id: client, client_secret: hush}}";

#[tokio::test]
async fn a_rule_of_a_policy_signs_people_in_where_it_applies() {
    let world = World::new().await;
    let app = App::new("inside");
    let policy = format!(
        "on_http_request: [\
           {{expressions: [\"req.url.path.startsWith('/admin')\"], actions: [{SIGN_IN}]}}, \
           {{expressions: [\"req.url.path == '/admin/root' && actions.ngrok.oidc.identity.email != 'root@acme.test'\"], \
             actions: [{{type: deny}}]}}]"
    );
    let _online = online(&world, &app, &asking(&policy)).await;
    let mut browser = Browser::default();
    assert_eq!(text(browser.open(&world, &format!("{URL}/open")).await).await, "inside");
    let place = format!("{URL}/admin/reports");
    // The way back from the issuer lies outside of what the rule applies to.
    assert_eq!(browser.sign_in(&world, &place).await, place);
    assert_eq!(text(browser.open(&world, &place).await).await, "inside");
    assert_eq!(app.seen()[1].headers["ngrok-auth-user-email"], "alice@acme.test");
    let denied = browser.open(&world, &format!("{URL}/admin/root")).await;
    assert_eq!(denied.status(), StatusCode::FORBIDDEN);
    let last = world.events.answered().pop().unwrap();
    assert!(matches!(last.passage, Passage::Person { .. }), "{last:?}");
    assert_eq!(app.seen().len(), 2);
    let out = browser.open(&world, &format!("{URL}/ngrok/logout")).await;
    assert_eq!(out.status(), StatusCode::OK);
    assert_eq!(browser.open(&world, &place).await.status(), StatusCode::FOUND);
}

#[tokio::test]
async fn what_came_through_a_policys_session_ends_with_it() {
    let world = World::new().await;
    let app = App::new("inside");
    let policy = format!(
        "on_http_request: [{{actions: [{SIGN_IN}]}}]\non_http_response: [{{actions: [{{type: compress-response}}]}}]"
    );
    let _online = online(&world, &app, &asking(&policy)).await;
    let mut browser = Browser::default();
    browser.sign_in(&world, URL).await;
    let session = browser.cookie("app.tunnel.test", "__Host-gate-session").unwrap();
    let speaker = app.speaker();
    let request = Request::get(format!("{URL}/events"))
        .header("cookie", format!("__Host-gate-session={session}"))
        .header("accept-encoding", "gzip")
        .body(body(""))
        .unwrap();
    let mut answer = send(&world, request).await;
    assert_eq!(answer.headers()["content-encoding"], "gzip");
    // Each event comes as soon as it is said, compressed or not.
    for event in ["data: 1\n\n", "data: 2\n\n"] {
        speaker.send(Frame::data(Bytes::from_static(event.as_bytes()))).await.unwrap();
        let frame =
            tokio::time::timeout(DEADLINE, answer.body_mut().frame()).await.expect("the event in time");
        assert!(!frame.unwrap().unwrap().into_data().unwrap().is_empty());
    }
    let id = world.account().app_sessions()[0].id.to_string();
    world.account().revoke_app_session(&id).unwrap();
    let end = async { while let Some(Ok(_)) = answer.body_mut().frame().await {} };
    tokio::time::timeout(DEADLINE, end).await.expect("the stream ends with its session");
}

#[tokio::test]
async fn two_gates_of_one_endpoint_know_people_apart() {
    let world = World::new().await;
    let app = App::new("inside");
    let admins = SIGN_IN.replace("client_secret: hush", "client_secret: hush, auth_id: admins");
    let policy = format!(
        "on_http_request: [\
           {{expressions: [\"!req.url.path.startsWith('/admin')\"], actions: [{SIGN_IN}]}}, \
           {{expressions: [\"req.url.path.startsWith('/admin')\"], actions: [{admins}]}}, \
           {{actions: [{{type: add-headers, config: {{headers: {{x-user: \"${{actions.ngrok.oidc.identity.id}}\"}}}}}}]}}]"
    );
    let (agent, answer) = online(&world, &app, &asking(&policy)).await;
    let mut browser = Browser::default();
    browser.sign_in(&world, URL).await;
    assert_eq!(text(browser.open(&world, URL).await).await, "inside");
    let place = format!("{URL}/admin");
    assert_eq!(browser.sign_in(&world, &place).await, place);
    assert_eq!(text(browser.open(&world, &place).await).await, "inside");
    let user = world.account().app_users().remove(0).id.to_string();
    assert_eq!(app.seen()[0].headers["x-user"], user);
    assert_eq!(world.account().app_sessions().len(), 2);
    // Whom no rule asks any more has no session any more.
    let request = PatchTunnelState {
        tunnel_id: answer.id,
        traffic_policy: Some(format!("on_http_request: [{{actions: [{admins}]}}]").into()),
        ..PatchTunnelState::default()
    };
    let changed: PatchTunnelStateAnswer = agent.call(StreamType::PATCH_TUNNEL_STATE, &request).await;
    assert_eq!(changed.error, "");
    assert_eq!(world.account().app_sessions().len(), 1);
    assert_eq!(text(browser.open(&world, URL).await).await, "inside");
}

#[tokio::test]
async fn asking_people_to_sign_in_has_its_conditions() {
    let world = World::new().await;
    let agent = Agent::new(&world, &App::new("app")).await;
    let refusal = async |bind: Bind| {
        let answer = agent.bind(&bind).await;
        Refusal::parse(&answer.error).expect("a refusal").code.unwrap()
    };
    let policy = format!("on_http_request: [{{actions: [{SIGN_IN}]}}]");
    assert_eq!(refusal(Bind { proto: "http".into(), ..asking(&policy) }).await, 5212);
    let other = SIGN_IN.replace("client_id: client", "client_id: other");
    let two = format!("on_http_request: [{{actions: [{SIGN_IN}, {other}]}}]");
    assert_eq!(refusal(asking(&two)).await, 1679);
    let mut both = crate::agent::guarded("app.tunnel.test").opts.http().unwrap();
    both.traffic_policy = Some(format!("on_http_request: [{{actions: [{other}]}}]").into());
    assert_eq!(refusal(with_options(&both)).await, 1679);
    world.account().entitle_to_oidc(false).unwrap();
    assert_eq!(refusal(asking(&policy)).await, 5207);
    assert!(world.account().tunnels().is_empty());
}

#[tokio::test]
async fn a_tunnels_policy_is_changed_while_it_is_online() {
    let world = World::new().await;
    let app = App::new("app");
    let (agent, answer) = online(&world, &app, &asking("on_http_request: [{actions: [{type: deny}]}]")).await;
    assert_eq!(send(&world, get(URL)).await.status(), StatusCode::FORBIDDEN);
    let patch = async |policy: &str| {
        let request = PatchTunnelState {
            tunnel_id: answer.id.clone(),
            traffic_policy: Some(policy.into()),
            ..PatchTunnelState::default()
        };
        agent.call::<PatchTunnelStateAnswer>(StreamType::PATCH_TUNNEL_STATE, &request).await.error
    };
    let wrong = patch("on_http_request: [{actions: [{type: not-real-action}]}]").await;
    assert!(
        wrong.contains("Invalid policy action type 'not-real-action'.") && wrong.contains("ERR_NGROK_2201"),
        "{wrong}"
    );
    assert_eq!(send(&world, get(URL)).await.status(), StatusCode::FORBIDDEN);
    assert_eq!(patch("").await, "");
    assert_eq!(send(&world, get(URL)).await.status(), StatusCode::OK);
    assert_eq!(patch("on_http_request: [{actions: [{type: deny, config: {status_code: 410}}]}]").await, "");
    assert_eq!(send(&world, get(URL)).await.status(), StatusCode::GONE);
}

#[tokio::test]
async fn a_breaker_recovers_by_stage_time() {
    let world = World::new().await;
    let app = App::new("app");
    let policy = "on_http_request: [{actions: [{type: circuit-breaker, config: {error_threshold: 0.5, volume_threshold: 2}}]}]";
    let _online = online(&world, &app, &asking(policy)).await;
    for _ in 0..2 {
        send(&world, get(&format!("{URL}/fail"))).await;
    }
    let refused = send(&world, get(URL)).await;
    assert_eq!(
        (refused.status(), code(refused.headers())),
        (StatusCode::SERVICE_UNAVAILABLE, "ERR_NGROK_3202")
    );
    assert!(refused.headers().contains_key("retry-after"));
    world.clock.advance(Duration::from_secs(11));
    assert_eq!(send(&world, get(URL)).await.status(), StatusCode::OK);
    assert_eq!(send(&world, get(URL)).await.status(), StatusCode::OK);
    assert_eq!(app.seen().len(), 4);
}

#[tokio::test]
async fn a_connection_is_asked_once_and_each_request_anew() {
    let world = World::new().await;
    let app = App::new("app");
    let policy = "on_tcp_connect: [{actions: [{type: log, config: {metadata: {at: connect}}}]}]\n\
                  on_http_request: [{actions: [{type: log, config: {metadata: {path: \"${req.url.path}\"}}}]}]";
    let _online = online(&world, &app, &asking(policy)).await;
    let stream = connect(&world, "app.tunnel.test", &[b"http/1.1"]).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    for path in ["/a", "/b"] {
        let request = Request::get(path).header("host", "app.tunnel.test").body(body("")).unwrap();
        text(sender.send_request(request).await.unwrap()).await;
    }
    let said: Vec<_> = acts(&world)
        .into_iter()
        .filter_map(|(_, act)| match act {
            Act::Passed { note } => note,
            _ => None,
        })
        .collect();
    let note = |name: &str, value: &str| json!({ "metadata": { name: value } });
    assert_eq!(said, [note("at", "connect"), note("path", "/a"), note("path", "/b")]);
}

#[tokio::test]
async fn a_body_that_has_to_be_verified_is_bounded() {
    let world = World::new().await;
    let app = App::new("app");
    let policy =
        "on_http_request: [{actions: [{type: verify-webhook, config: {provider: github, secret: hush}}]}]";
    let _online = online(&world, &app, &asking(policy)).await;
    let large = "x".repeat(1024 * 1024 + 1);
    let answer = send_h2(&world, Request::post(URL).body(body(&large)).unwrap()).await;
    assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert!(app.seen().is_empty());
}

#[tokio::test]
async fn keys_are_fetched_once_for_many_and_again_when_they_are_old() {
    let world = Arc::new(World::new().await);
    let app = App::new("app");
    let policy = "on_http_request: [{actions: [{type: jwt-validation, config: {\
        issuer: {allow_list: [{value: https://acme.okta.test}]}, \
        http: {tokens: [{type: jwt, method: header, name: Authorization, prefix: 'Bearer '}]}, \
        jws: {allowed_algorithms: [RS256], keys: {sources: {additional_jkus: [https://acme.okta.test/oauth2/v1/keys]}}}}}]}]";
    let _online = online(&world, &app, &asking(policy)).await;
    let bearing = |token: &str| {
        Request::get(URL).header("authorization", format!("Bearer {token}")).body(body("")).unwrap()
    };
    let token = || {
        let now = world.clock.now().timestamp();
        sign(&json!({ "iss": ISSUER, "sub": "bob", "iat": now, "exp": now + 600 }))
    };
    let asked = || world.events.all().iter().filter(|event| matches!(event, Event::Asked(_))).count();
    let mut requests = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let (world, request) = (Arc::clone(&world), bearing(&token()));
        requests.spawn(async move { send(&world, request).await.status() });
    }
    while let Some(status) = requests.join_next().await {
        assert_eq!(status.unwrap(), StatusCode::OK);
    }
    assert_eq!(asked(), 1);
    // Nobody can have the keys fetched again and again by bad tokens.
    for _ in 0..5 {
        assert_eq!(send(&world, bearing("x.y.z")).await.status(), StatusCode::UNAUTHORIZED);
    }
    assert_eq!(asked(), 1);
    world.clock.advance(Duration::from_secs(16 * 60));
    assert_eq!(send(&world, bearing(&token())).await.status(), StatusCode::OK);
    assert_eq!(asked(), 2);
}

#[tokio::test]
async fn endpoints_that_forward_in_a_circle_are_found() {
    let world = World::new().await;
    let app = App::new("app");
    let forwards =
        "on_http_request: [{actions: [{type: forward-internal, config: {url: https://loop.internal}}]}]";
    let (agent, _) = online(&world, &app, &asking(forwards)).await;
    let mut within = with_options(&HttpOptions {
        url: Some("https://loop.internal".into()),
        traffic_policy: Some(forwards.into()),
        ..HttpOptions::default()
    });
    within.extra.bindings = vec!["internal".to_owned()];
    assert_eq!(agent.bind(&within).await.error, "");
    assert_eq!(send(&world, get(URL)).await.status(), StatusCode::LOOP_DETECTED);
    assert!(app.seen().is_empty());
}

#[tokio::test]
async fn an_internal_endpoints_own_modules_guard_it() {
    let world = World::new().await;
    let (outer, inner) = (App::new("outer"), App::new("inner"));
    let forwards = "on_http_request: [{actions: [{type: add-headers, config: {headers: {x-came-by: outer}}}, \
                    {type: forward-internal, config: {url: https://inner.internal}}, {type: deny}]}]\n\
                    on_http_response: [{actions: [{type: add-headers, config: {headers: {x-order: outer}}}]}]";
    let _outer = online(&world, &outer, &asking(forwards)).await;
    let mut within = with_options(&HttpOptions {
        url: Some("https://inner.internal".into()),
        traffic_policy: Some(
            "on_http_request: [{expressions: [\"conn.client_ip == '127.0.0.9'\"], actions: [{type: deny}]}]\n\
             on_http_response: [{actions: [{type: add-headers, config: {headers: {x-order: inner}}}]}]"
                .into(),
        ),
        ..HttpOptions::default()
    });
    within.extra.bindings = vec!["internal".to_owned()];
    let _inner = online(&world, &inner, &within).await;
    let answer = send(&world, get(URL)).await;
    let order: Vec<_> = answer.headers().get_all("x-order").iter().collect();
    assert_eq!(order, ["inner", "outer"]);
    assert_eq!(text(answer).await, "inner");
    assert_eq!(inner.seen()[0].headers["x-came-by"], "outer");
    let denied = send_from(&world, Ipv4Addr::new(127, 0, 0, 9), get(URL)).await;
    assert_eq!(denied.status(), StatusCode::FORBIDDEN);
    assert!(outer.seen().is_empty() && inner.seen().len() == 1);
}

#[tokio::test]
async fn an_internal_endpoints_gate_stays_shut() {
    let world = World::new().await;
    let inner = App::new("inner");
    let forwards =
        "on_http_request: [{actions: [{type: forward-internal, config: {url: https://inner.internal}}]}]";
    let _outer = online(&world, &App::new("outer"), &asking(forwards)).await;
    let guarded = crate::agent::guarded("").opts.http().unwrap();
    let mut within = with_options(&HttpOptions { url: Some("https://inner.internal".into()), ..guarded });
    within.extra.bindings = vec!["internal".to_owned()];
    let _inner = online(&world, &inner, &within).await;
    let answer = send(&world, get(URL)).await;
    assert_eq!((answer.status(), code(answer.headers())), (StatusCode::UNAUTHORIZED, "ERR_NGROK_3100"));
    assert!(inner.seen().is_empty());
}

#[tokio::test]
async fn a_websockets_messages_become_a_byte_stream() {
    let world = World::new().await;
    let (mut streams, behind) = Streams::new();
    let agent = Agent::with(&world, behind).await;
    let bind = with_options(&HttpOptions {
        domain: "app.tunnel.test".into(),
        websocket_tcp_converter: Some(wire::message::WebsocketTcpConverter {}),
        ..HttpOptions::default()
    });
    assert_eq!(agent.bind(&bind).await.error, "");
    let handshake = Request::get(URL)
        .header("connection", "Upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        .header("sec-websocket-version", "13");
    let mut answer = send(&world, handshake.body(body("")).unwrap()).await;
    assert_eq!(answer.status(), StatusCode::SWITCHING_PROTOCOLS);
    tokio::spawn(async move {
        let (_, mut stream) = streams.next().await;
        let mut buffer = [0; 64];
        while let Ok(length @ 1..) = stream.read(&mut buffer).await {
            stream.write_all(&buffer[..length]).await.unwrap();
        }
    });
    let socket = TokioIo::new(hyper::upgrade::on(&mut answer).await.unwrap());
    let mut socket = WebSocketStream::from_raw_socket(socket, Role::Client, None).await;
    for message in ["one", "two"] {
        socket.send(Message::binary(message)).await.unwrap();
        let echo = tokio::time::timeout(DEADLINE, socket.next()).await.expect("an echo in time");
        assert_eq!(echo.unwrap().unwrap(), Message::binary(message));
    }
    socket.close(None).await.unwrap();
    let end = async { while let Some(Ok(_)) = socket.next().await {} };
    tokio::time::timeout(DEADLINE, end).await.expect("the socket ends");
    let forwarded = world.events.answered().pop().unwrap().forwarded.unwrap();
    assert_eq!(forwarded.stream % 2, 0);
}

#[tokio::test]
async fn rules_see_nothing_that_a_client_says_in_the_edges_name() {
    let world = World::new().await;
    let app = App::new("app");
    let policy = "on_http_request: [{expressions: [\"hasReqHeader('ngrok-auth-user-email')\"], actions: [{type: deny}]}]";
    let _online = online(&world, &app, &asking(policy)).await;
    let request = Request::get(URL).header("ngrok-auth-user-email", "root@acme.test").body(body("")).unwrap();
    assert_eq!(send(&world, request).await.status(), StatusCode::OK);
    assert!(!app.seen()[0].headers.contains_key("ngrok-auth-user-email"));
}

#[tokio::test]
async fn urls_are_changed_over_http2_too() {
    let world = World::new().await;
    let app = App::new("app");
    let policy = "on_http_request: [{actions: [{type: redirect, config: {from: /old, to: /new}}, \
                  {type: url-rewrite, config: {from: /v1/, to: /v2/}}]}]";
    let _online = online(&world, &app, &asking(policy)).await;
    let sent = send_h2(&world, get(&format!("{URL}/old"))).await;
    assert_eq!((sent.status(), location(&sent)), (StatusCode::FOUND, "https://app.tunnel.test/new"));
    assert_eq!(send_h2(&world, get(&format!("{URL}/v1/x?y"))).await.status(), StatusCode::OK);
    assert_eq!(
        (app.seen()[0].path.as_str(), &app.seen()[0].headers["host"]),
        ("/v2/x?y", &"app.tunnel.test".parse().unwrap())
    );
}

/// Binds a `tcp` endpoint with this policy; gives back its port.
async fn tcp_online(agent: &Agent, policy: &str) -> u16 {
    let options = TcpOptions { traffic_policy: Some(policy.into()), ..TcpOptions::default() };
    let answer = agent.bind(&tcp(&options)).await;
    assert_eq!(answer.error, "");
    answer.url.rsplit(':').next().unwrap().parse().unwrap()
}

async fn dial(address: Ipv4Addr, port: u16) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((address, 0).into()).unwrap();
    socket.connect((Ipv4Addr::LOCALHOST, port).into()).await.unwrap()
}

#[tokio::test]
async fn connections_of_tcp_endpoints_are_asked_too() {
    let world = World::new().await;
    let (mut streams, behind) = Streams::new();
    let agent = Agent::with(&world, behind).await;
    let port = tcp_online(
        &agent,
        "on_tcp_connect: [{actions: [{type: restrict-ips, config: {deny: [127.0.0.9]}}]}, \
         {expressions: [\"conn.client_ip == '127.0.0.8'\"], actions: [{type: deny}]}]",
    )
    .await;
    for (last, outcome) in [(9, Outcome::Refused(edge::Code(3205))), (8, Outcome::Denied)] {
        let mut stream = dial(Ipv4Addr::new(127, 0, 0, last), port).await;
        let read = tokio::time::timeout(DEADLINE, stream.read(&mut [0; 1])).await.expect("an end in time");
        assert!(matches!(read, Ok(0) | Err(_)));
        let carried = |event: &Event| match event {
            Event::Carried(carried) if carried.outcome == outcome => Some(()),
            _ => None,
        };
        world.events.first("the refusal", carried).await;
    }
    let mut stream = dial(Ipv4Addr::LOCALHOST, port).await;
    stream.write_all(b"hello").await.unwrap();
    let (_, mut far) = streams.next().await;
    let mut said = [0; 5];
    far.read_exact(&mut said).await.unwrap();
    assert_eq!(&said, b"hello");
    let wrong = TcpOptions {
        traffic_policy: Some("on_http_request: [{actions: [{type: deny}]}]".into()),
        ..TcpOptions::default()
    };
    let answer = agent.bind(&tcp(&wrong)).await;
    assert_eq!(Refusal::parse(&answer.error).unwrap().code, Some(2202));
}

#[tokio::test]
async fn connections_are_forwarded_to_internal_endpoints_whose_own_policies_guard_them() {
    let world = World::new().await;
    let (outer, behind) = Streams::new();
    let agent = Agent::with(&world, behind).await;
    let port = tcp_online(
        &agent,
        "on_tcp_connect: [{actions: [{type: forward-internal, config: {url: 'tcp://inner.internal:7000'}}]}]",
    )
    .await;
    let (mut inner, behind) = Streams::new();
    let other = Agent::with(&world, behind).await;
    let mut within = tcp(&TcpOptions {
        url: Some("tcp://inner.internal:7000".into()),
        traffic_policy: Some(
            "on_tcp_connect: [{actions: [{type: restrict-ips, config: {deny: [127.0.0.9]}}]}]".into(),
        ),
        ..TcpOptions::default()
    });
    within.extra.bindings = vec!["internal".to_owned()];
    assert_eq!(other.bind(&within).await.error, "");
    let mut denied = dial(Ipv4Addr::new(127, 0, 0, 9), port).await;
    let read = tokio::time::timeout(DEADLINE, denied.read(&mut [0; 1])).await.expect("an end in time");
    assert!(matches!(read, Ok(0) | Err(_)));
    let mut stream = dial(Ipv4Addr::LOCALHOST, port).await;
    stream.write_all(b"hello").await.unwrap();
    let (_, mut far) = inner.next().await;
    let mut said = [0; 5];
    far.read_exact(&mut said).await.unwrap();
    assert_eq!(&said, b"hello");
    assert!(outer.is_empty());
}
