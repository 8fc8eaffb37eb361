//! Requests and answers through a tunnel.

use edge::event::{Event, Passage};
use http::{Method, Request, StatusCode, Version};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::agent::{Agent, Behind, Streams};
use crate::app::App;
use crate::client::{body, code, get, raw, send, send_h2, text};
use crate::world::World;

const URL: &str = "https://app.tunnel.test";

#[tokio::test]
async fn requests_and_bodies_pass_over_http1_and_http2() {
    let world = World::new().await;
    let app = App::new("hello");
    let agent = Agent::new(&world, &app).await;
    agent.online("app.tunnel.test").await;
    assert_eq!(text(send(&world, get(&format!("{URL}/x?y=1"))).await).await, "hello");
    let post = || Request::post(format!("{URL}/echo")).body(body("payload")).unwrap();
    assert_eq!(text(send(&world, post()).await).await, "payload");
    let answer = send_h2(&world, post()).await;
    assert_eq!(answer.version(), Version::HTTP_2);
    assert_eq!(text(answer).await, "payload");
    let seen = app.seen();
    assert_eq!(
        (seen[0].path.as_str(), &seen[0].headers["host"]),
        ("/x?y=1", &"app.tunnel.test".parse().unwrap())
    );
    assert_eq!(seen[2].headers["host"], "app.tunnel.test");
    for request in &seen {
        assert_eq!(request.headers["x-forwarded-for"], "127.0.0.1");
        assert_eq!(request.headers["x-forwarded-proto"], "https");
        assert_eq!(request.headers["x-forwarded-host"], "app.tunnel.test");
    }
}

#[tokio::test]
async fn one_request_can_be_followed_from_connection_to_stream() {
    let world = World::new().await;
    let app = App::new("hello");
    let agent = Agent::new(&world, &app).await;
    let bound = agent.online("app.tunnel.test").await;
    send(&world, get(&format!("{URL}/x"))).await;
    let answered = &world.events.answered()[0];
    assert_eq!(answered.exchange.url, "https://app.tunnel.test/x");
    assert_eq!(answered.exchange.connection.local, world.edge.https_addr());
    assert_eq!(answered.passage, Passage::Unguarded);
    let forwarded = answered.forwarded.clone().unwrap();
    assert_eq!(forwarded.tunnel.as_str(), bound.id);
    assert_eq!(forwarded.agent.local, world.edge.agent_addr());
    assert_eq!(forwarded.stream % 2, 0);
    assert_eq!(app.connections()[0].client_addr, answered.exchange.connection.peer);
}

#[tokio::test]
async fn connections_to_the_upstream_are_kept() {
    let world = World::new().await;
    let app = App::new("hello");
    let agent = Agent::new(&world, &app).await;
    agent.online("app.tunnel.test").await;
    for _ in 0..5 {
        text(send(&world, get(URL)).await).await;
    }
    assert_eq!((app.seen().len(), app.connections().len()), (5, 1));
}

#[tokio::test]
async fn head_has_the_length_and_no_body() {
    let world = World::new().await;
    let agent = Agent::new(&world, &App::new("hello")).await;
    agent.online("app.tunnel.test").await;
    let head = |url: &str| Request::builder().method(Method::HEAD).uri(url).body(body("")).unwrap();
    let nobody = "https://nobody.tunnel.test";
    for answer in [send(&world, head(URL)).await, send_h2(&world, head(URL)).await] {
        assert_eq!(answer.headers()["content-length"], "5");
        assert_eq!(text(answer).await, "");
    }
    for answer in [send(&world, head(nobody)).await, send_h2(&world, head(nobody)).await] {
        assert_eq!(answer.headers()["content-length"], "182");
        assert_eq!(text(answer).await, "");
    }
}

#[tokio::test]
async fn an_unknown_host_is_offline() {
    let world = World::new().await;
    let page =
        Request::get("https://nobody.tunnel.test/").header("accept", "text/html").body(body("")).unwrap();
    let answer = send(&world, page).await;
    assert_eq!((answer.status(), code(answer.headers())), (StatusCode::NOT_FOUND, "ERR_NGROK_3200"));
    assert_eq!(answer.headers()["content-type"], "text/html; charset=utf-8");
    assert!(text(answer).await.contains("nobody.tunnel.test is not connected"));
    let plain = send(&world, get("https://nobody.tunnel.test/")).await;
    assert_eq!(plain.headers()["content-type"], "text/plain; charset=utf-8");
    insta::assert_snapshot!(text(plain).await, @r"
    This address is offline
    nobody.tunnel.test is not connected to anything right now.
    If it is yours, start its tunnel, and check the address. Else tell whoever runs it.
    ERR_NGROK_3200
    ");
    assert_eq!(world.events.answered()[0].code, Some(edge::Code::OFFLINE));
}

#[tokio::test]
async fn a_host_that_the_connection_was_not_made_for_is_misdirected() {
    let world = World::new().await;
    let app = App::new("hello");
    let agent = Agent::new(&world, &app).await;
    agent.online("app.tunnel.test").await;
    let ask = "GET / HTTP/1.1\r\nHost: app.tunnel.test\r\nConnection: close\r\n\r\n";
    assert!(raw(&world, "app.tunnel.test", ask).await.starts_with("HTTP/1.1 200"));
    assert!(raw(&world, "other.tunnel.test", ask).await.starts_with("HTTP/1.1 421"));
    assert!(raw(&world, "127.0.0.1", ask).await.starts_with("HTTP/1.1 421"));
    assert_eq!(app.seen().len(), 1);
}

#[tokio::test]
async fn heads_are_bounded() {
    let world = World::new().await;
    let agent = Agent::new(&world, &App::new("hello")).await;
    agent.online("app.tunnel.test").await;
    let long = format!("GET / HTTP/1.1\r\nHost: app.tunnel.test\r\nX: {}\r\n\r\n", "a".repeat(70_000));
    assert!(raw(&world, "app.tunnel.test", &long).await.starts_with("HTTP/1.1 431"));
    let many = (0..200).map(|n| format!("X-{n}: 1\r\n")).collect::<String>();
    let many = format!("GET / HTTP/1.1\r\nHost: app.tunnel.test\r\n{many}\r\n");
    assert!(raw(&world, "app.tunnel.test", &many).await.starts_with("HTTP/1.1 431"));
}

#[tokio::test]
async fn headers_of_one_connection_and_forged_ones_stop_at_the_edge() {
    let world = World::new().await;
    let app = App::new("hello");
    let agent = Agent::new(&world, &app).await;
    agent.online("app.tunnel.test").await;
    let request = Request::get(URL)
        .header("connection", "keep-alive, upgrade, x-hop, x-forwarded-for")
        .header("x-hop", "1")
        .header("proxy-authorization", "Basic x")
        .header("upgrade", "h2c")
        .header("ngrok-auth-user-email", "root@acme.test")
        .header("ngrok_auth_user_id", "root")
        .header("x-forwarded-for", "10.0.0.1")
        .header("x-forwarded-host", "evil.test")
        .header("cookie", "__Host-gate-session=stolen; theme=dark")
        .header("x-kept", "1")
        .body(body(""))
        .unwrap();
    send(&world, request).await;
    let headers = &app.seen()[0].headers;
    for name in ["x-hop", "proxy-authorization", "upgrade", "ngrok-auth-user-email", "ngrok_auth_user_id"] {
        assert!(!headers.contains_key(name), "{name}");
    }
    assert_eq!(headers["x-forwarded-for"], "127.0.0.1");
    assert_eq!(headers["x-forwarded-host"], "app.tunnel.test");
    assert_eq!(headers["cookie"], "theme=dark");
    assert_eq!(headers["x-kept"], "1");
}

#[tokio::test]
async fn an_upstream_cannot_set_the_gates_cookies() {
    let world = World::new().await;
    let agent = Agent::new(&world, &App::new("hello")).await;
    agent.online("app.tunnel.test").await;
    let answer = send(&world, get(&format!("{URL}/gate-cookie"))).await;
    let cookies: Vec<_> = answer.headers().get_all("set-cookie").iter().collect();
    assert_eq!(cookies, ["theme=dark"]);
}

#[tokio::test]
async fn an_answer_that_is_no_http_is_said_to_be_none() {
    let world = World::new().await;
    for bytes in [&b""[..], b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 200 OK\r\nContent-Le"] {
        let agent = Agent::with(&world, Behind::Bytes(bytes)).await;
        agent.online("app.tunnel.test").await;
        let answer = send(&world, get(URL)).await;
        assert_eq!((answer.status().as_u16(), code(answer.headers())), (502, "ERR_NGROK_3004"));
        agent.kill().await;
        let downs = |event: &Event| matches!(event, Event::TunnelDown { .. });
        world.events.first("the end", |event| downs(event).then_some(())).await;
        while !world.account().tunnels().is_empty() {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upstream_that_speaks_before_it_is_asked_is_no_http() {
    let world = World::new().await;
    let (mut streams, behind) = Streams::new();
    let agent = Agent::with(&world, behind).await;
    agent.online("app.tunnel.test").await;
    let mail = tokio::spawn(async move {
        loop {
            let (_, mut stream) = streams.next().await;
            stream.write_all(b"220 mail.test\r\n").await.unwrap();
        }
    });
    // It is noticed before the request is sent, or while.
    for _ in 0..100 {
        let answer = send(&world, get(URL)).await;
        assert_eq!((answer.status().as_u16(), code(answer.headers())), (502, "ERR_NGROK_3004"));
    }
    mail.abort();
}

#[tokio::test]
async fn an_answer_that_switches_protocols_unasked_is_refused() {
    let world = World::new().await;
    let answer = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n";
    let agent = Agent::with(&world, Behind::Bytes(answer)).await;
    agent.online("app.tunnel.test").await;
    assert_eq!(code(send(&world, get(URL)).await.headers()), "ERR_NGROK_3004");
}

#[tokio::test]
async fn the_agents_own_answer_about_an_upstream_that_is_down_is_passed_on() {
    let world = World::new().await;
    let answer =
        b"HTTP/1.1 502 Bad Gateway\r\nngrok-error-code: ERR_NGROK_8012\r\nContent-Length: 4\r\n\r\ndown";
    let agent = Agent::with(&world, Behind::Bytes(answer)).await;
    agent.online("app.tunnel.test").await;
    let answer = send(&world, get(URL)).await;
    assert_eq!((answer.status().as_u16(), code(answer.headers())), (502, "ERR_NGROK_8012"));
    assert_eq!(text(answer).await, "down");
}

#[tokio::test]
async fn an_http_endpoint_is_served_in_the_clear_and_nothing_else_is() {
    let world = World::new().await;
    let app = App::new("plain");
    let agent = Agent::new(&world, &app).await;
    let bound = agent
        .bind(&wire::message::Bind { proto: "http".into(), ..crate::agent::https("app.tunnel.test") })
        .await;
    assert_eq!(bound.url, "http://app.tunnel.test");
    agent.online("secure.tunnel.test").await;
    let ask = |host: &str| {
        let (address, head) =
            (world.edge.http_addr(), format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"));
        async move {
            let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
            stream.write_all(head.as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            answer
        }
    };
    assert!(ask("app.tunnel.test").await.ends_with("plain"));
    assert_eq!(app.seen()[0].headers["x-forwarded-proto"], "http");
    let secure = ask("secure.tunnel.test").await;
    assert!(
        secure.starts_with("HTTP/1.1 307") && secure.contains("location: https://secure.tunnel.test/\r\n")
    );
    for host in ["nobody.tunnel.test", "dashboard.tunnel.test", "api.tunnel.test", "idp.tunnel.test"] {
        assert!(ask(host).await.starts_with("HTTP/1.1 404"), "{host}");
    }
}
