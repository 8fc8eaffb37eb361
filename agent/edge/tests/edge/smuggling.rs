//! Requests that the edge and an upstream could read in different ways. Whatever is sent, the upstream sees nothing, or
//! exactly the one request that it was meant to see.

use std::sync::Arc;

use edge::event::Event;
use http::HeaderMap;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::agent::{Agent, Behind};
use crate::app::App;
use crate::client::{connect, raw};
use crate::world::{DEADLINE, World};

const NAME: &str = "app.tunnel.test";
const HOST: &str = "Host: app.tunnel.test\r\n";

async fn behind() -> (World, Arc<App>, Agent) {
    let world = World::new().await;
    let app = App::new("hello");
    let agent = Agent::new(&world, &app).await;
    agent.online(NAME).await;
    (world, app, agent)
}

/// The request that someone wants to smuggle in.
const SMUGGLED: &str = "GET /admin HTTP/1.1\r\nHost: app.tunnel.test\r\nConnection: close\r\n\r\n";

#[tokio::test]
async fn a_head_that_can_be_read_in_two_ways_reaches_nobody() {
    let (world, app, _agent) = behind().await;
    let heads = [
        // Both lengths, in either order, and in disguise.
        "POST / HTTP/1.1\r\nHOSTContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nX",
        "POST / HTTP/1.1\r\nHOSTTransfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\nX",
        "POST / HTTP/1.1\r\nHOSTContent-Length: 6\r\nTransfer-Encoding:chunked\r\n\r\n0\r\n\r\nX",
        "POST / HTTP/1.1\r\nHOSTContent-Length: 4\r\nTransfer_Encoding: chunked\r\n\r\nabcd",
        "POST / HTTP/1.1\r\nHOSTContent-Length: 4\r\nContent_Length: 0\r\n\r\nabcd",
        // Several lengths, alike or not, and lengths that are no plain number.
        "POST / HTTP/1.1\r\nHOSTContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        "POST / HTTP/1.1\r\nHOSTContent-Length: 4\r\nContent-Length: 4\r\n\r\nabcd",
        "POST / HTTP/1.1\r\nHOSTContent-Length: 4, 4\r\n\r\nabcd",
        "POST / HTTP/1.1\r\nHOSTContent-Length: +4\r\n\r\nabcd",
        "POST / HTTP/1.1\r\nHOSTContent-Length: 0x4\r\n\r\nabcd",
        "POST / HTTP/1.1\r\nHOSTContent-Length: 4 \t 4\r\n\r\nabcd",
        "POST / HTTP/1.1\r\nHOSTContent-Length: -1\r\n\r\nabcd",
        "POST / HTTP/1.1\r\nHOSTContent-Length: 99999999999999999999\r\n\r\nabcd",
        "POST / HTTP/1.1\r\nHOSTContent-Length:\r\n\r\nabcd",
        // Codings that an upstream may not know, or know by another name.
        "POST / HTTP/1.1\r\nHOSTTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHOSTTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHOSTTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHOSTTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHOSTTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHOSTTransfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHOSTTransfer-Encoding\x20: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHOSTX: 1\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.0\r\nHOSTTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        // Ends of lines.
        "GET / HTTP/1.1\nHOST\r\n",
        "GET / HTTP/1.1\r\nHOSTX: 1\n\r\n",
        "GET / HTTP/1.1\r\nHOSTX: 1\n\n",
        "GET / HTTP/1.1\r\nHOSTX: 1\rTransfer-Encoding: chunked\r\n\r\n",
        "GET / HTTP/1.1\r\nHOSTX: a\0b\r\n\r\n",
        "GET / HTTP/1.1\r\nHOST: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHOSTBad Name: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHOSTX: 1\r\n folded: 1\r\n\r\n",
        // Versions.
        "GET /\r\n\r\n",
        "GET / HTTP/0.9\r\nHOST\r\n",
        "GET / HTTP/1.2\r\nHOST\r\n",
        "GET / HTTP/2.0\r\nHOST\r\n",
        "GET / HTTP/1.1 HTTP/1.1\r\nHOST\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        // Targets.
        "GET  / HTTP/1.1\r\nHOST\r\n",
        "GET /a b HTTP/1.1\r\nHOST\r\n",
        "GET app.tunnel.test HTTP/1.1\r\nHOST\r\n",
        "GET * HTTP/1.1\r\nHOST\r\n",
        "OPTIONS * HTTP/1.1\r\nHOST\r\n",
        "GET https://other.tunnel.test/ HTTP/1.1\r\nHOST\r\n",
        "GET http://app.tunnel.test/ HTTP/1.1\r\nHOST\r\n",
        "GET https://x@app.tunnel.test/ HTTP/1.1\r\nHOST\r\n",
        "GET ftp://app.tunnel.test/ HTTP/1.1\r\nHOST\r\n",
        "G@T / HTTP/1.1\r\nHOST\r\n",
        // Hosts.
        "GET / HTTP/1.1\r\n\r\n",
        "GET https://app.tunnel.test/ HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHOSTHOST\r\n",
        "GET / HTTP/1.1\r\nHOSTHost: other.tunnel.test\r\n\r\n",
        "GET / HTTP/1.1\r\nHOSTH_st: x\r\nContent_type: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: app.tunnel.test/x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x@app.tunnel.test\r\n\r\n",
        "GET / HTTP/1.1\r\nHost:\r\n\r\n",
    ];
    for head in heads {
        let bytes = format!("{}{SMUGGLED}", head.replace("HOST", HOST));
        let answer = raw(&world, NAME, &bytes).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{head:?}: {answer}");
        assert_eq!(app.seen().iter().map(|seen| &seen.path).collect::<Vec<_>>(), [""; 0], "{head:?}");
    }
}

#[tokio::test]
async fn a_host_that_is_not_the_connections_is_misdirected() {
    let (world, app, _agent) = behind().await;
    for host in [
        "app.tunnel.test.",
        "app.tunnel.test,other.tunnel.test",
        "other.tunnel.test",
        "tunnel.test",
        "127.0.0.1",
        "xn--app-.tunnel.test",
    ] {
        let answer =
            raw(&world, NAME, format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 421 "), "{host}: {answer}");
    }
    let connect =
        raw(&world, NAME, format!("CONNECT {NAME}:443 HTTP/1.1\r\n{HOST}Connection: close\r\n\r\n")).await;
    assert!(connect.starts_with("HTTP/1.1 405 "), "{connect}");
    assert!(app.seen().is_empty());
}

#[tokio::test]
async fn what_is_merely_unusual_passes_as_one_plain_request() {
    let (world, app, _agent) = behind().await;
    let requests = [
        ("GET /x HTTP/1.1\r\nHost: APP.Tunnel.Test\r\n", "/x"),
        ("GET /x HTTP/1.1\r\nhOsT: app.tunnel.test:443\r\n", "/x"),
        ("GET https://app.tunnel.test/x?y HTTP/1.1\r\nHost: app.tunnel.test\r\n", "/x?y"),
        ("GET /x HTTP/1.0\r\nHost: app.tunnel.test\r\n", "/x"),
        ("\r\nGET //x HTTP/1.1\r\nHost: app.tunnel.test\r\n", "//x"),
        ("GET /%2e%2e/x HTTP/1.1\r\nHost: app.tunnel.test\r\n", "/%2e%2e/x"),
        (
            "GET /x HTTP/1.1\r\nHost: app.tunnel.test\r\nX_Request_Id: 1\r\nConnection: x-forwarded-for\r\n",
            "/x",
        ),
    ];
    for (head, path) in requests {
        let before = app.seen().len();
        let answer = raw(&world, NAME, format!("{head}Connection: close\r\n\r\n")).await;
        assert!(
            answer.starts_with("HTTP/1.1 200 ") || answer.starts_with("HTTP/1.0 200 "),
            "{head:?}: {answer}"
        );
        let seen = app.seen();
        assert_eq!((seen.len(), seen[before].path.as_str()), (before + 1, path), "{head:?}");
        assert_eq!(seen[before].headers["x-forwarded-host"], "app.tunnel.test");
    }
}

#[tokio::test]
async fn a_body_stays_a_body_however_it_looks() {
    let (world, app, _agent) = behind().await;
    let chunked = format!("{:x}\r\n{SMUGGLED}\r\n0\r\n\r\n", SMUGGLED.len());
    let requests = [
        format!(
            "POST /echo HTTP/1.1\r\n{HOST}Connection: close\r\nContent-Length: {}\r\n\r\n{SMUGGLED}",
            SMUGGLED.len()
        ),
        format!(
            "POST /echo HTTP/1.1\r\n{HOST}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n{chunked}"
        ),
        format!(
            "GET /echo HTTP/1.1\r\n{HOST}Connection: close\r\nContent-Length: {}\r\n\r\n{SMUGGLED}",
            SMUGGLED.len()
        ),
    ];
    for (count, request) in requests.iter().enumerate() {
        let answer = raw(&world, NAME, request).await;
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with(SMUGGLED), "{answer}");
        let seen = app.seen();
        assert_eq!((seen.len(), seen[count].path.as_str()), (count + 1, "/echo"));
        assert!(!is_framed_twice(&seen[count].headers));
    }
}

fn is_framed_twice(headers: &HeaderMap) -> bool {
    headers.contains_key("content-length") && headers.contains_key("transfer-encoding")
}

#[tokio::test]
async fn odd_chunks_end_their_request_and_begin_no_other() {
    let (world, app, _agent) = behind().await;
    let bodies = [
        "x\r\n",
        "-1\r\n",
        "+1\r\na\r\n",
        "0x1\r\na\r\n",
        " 1\r\na\r\n",
        "1 \r\na\r\n",
        "1\na\r\n",
        "1\r\na\n",
        "1\r\nab\r\n",
        "1\r\na0\r\n",
        "1;x\na\r\n",
        "1;\x01\r\na\r\n",
        "ffffffffffffffff\r\na",
        "\r\n",
        "0\r\nContent-Length: 3\r\n\r\n",
        "0\r\nX: 1\n\r\n",
        "0\r\nX\r\n\r\n",
        "0\r\n\r",
        "0\r\n\n",
    ];
    for (count, body) in bodies.iter().enumerate() {
        let head = format!("POST /echo HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked\r\n\r\n");
        let answer = raw(&world, NAME, format!("{head}1\r\na\r\n{body}{SMUGGLED}")).await;
        assert!(!answer.contains(" 200 "), "{body:?}: {answer}");
        let seen = app.seen();
        assert!(
            seen.len() <= count + 1 && seen.iter().all(|seen| seen.path == "/echo"),
            "{body:?}: {seen:?}"
        );
    }
}

#[tokio::test]
async fn what_was_wrong_is_evidence() {
    let (world, _app, _agent) = behind().await;
    raw(
        &world,
        NAME,
        format!("POST / HTTP/1.1\r\n{HOST}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"),
    )
    .await;
    let reason = world.events.first("the fault", |event| match event {
        Event::Malformed { reason, .. } => Some(reason.clone()),
        _ => None,
    });
    assert_eq!(reason.await, "both Content-Length and Transfer-Encoding are given");
}

#[tokio::test]
async fn requests_that_follow_each_other_are_each_their_own() {
    let (world, app, _agent) = behind().await;
    let one = format!("POST /echo HTTP/1.1\r\n{HOST}Content-Length: 3\r\n\r\nabc");
    let answer = raw(&world, NAME, format!("{one}{one}{SMUGGLED}")).await;
    assert_eq!(answer.matches("HTTP/1.1 200 OK").count(), 3, "{answer}");
    let paths: Vec<_> = app.seen().into_iter().map(|seen| seen.path).collect();
    assert_eq!(paths, ["/echo", "/echo", "/admin"]);
}

#[tokio::test]
async fn bytes_behind_an_upgrade_that_was_not_granted_are_a_request_or_nothing() {
    let (world, app, _agent) = behind().await;
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n";
    let answer = raw(&world, NAME, format!("GET /x HTTP/1.1\r\n{HOST}{upgrade}\r\n\x01\n{SMUGGLED}")).await;
    assert!(!answer.contains(" 101 "), "{answer}");
    assert!(app.seen().iter().all(|seen| seen.path == "/x"));
}

#[tokio::test]
async fn an_expectation_is_met_once_the_body_is_wanted_and_not_when_it_never_is() {
    let (world, app, _agent) = behind().await;
    let mut stream = connect(&world, NAME, &[b"http/1.1"]).await.unwrap();
    let head = format!(
        "POST /echo HTTP/1.1\r\n{HOST}Connection: close\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut interim = [0; 25];
    tokio::time::timeout(DEADLINE, stream.read_exact(&mut interim)).await.expect("a word in time").unwrap();
    assert_eq!(interim, *b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"abc").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\nabc"), "{answer}");
    assert_eq!(app.seen().len(), 1);
    let nobody = head.replace(NAME, "nobody.tunnel.test");
    let answer = raw(&world, "nobody.tunnel.test", nobody).await;
    assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
}

#[tokio::test]
async fn early_hints_of_an_upstream_do_not_disturb_its_answer() {
    let world = World::new().await;
    let answer =
        b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let agent = Agent::with(&world, Behind::Bytes(answer)).await;
    agent.online(NAME).await;
    let answer = raw(&world, NAME, format!("GET / HTTP/1.1\r\n{HOST}Connection: close\r\n\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("ok"), "{answer}");
}

#[tokio::test]
async fn http2_requests_that_are_none_reach_nobody() {
    let (world, app, _agent) = behind().await;
    let plain = [(":method", "GET"), (":scheme", "https"), (":path", "/"), (":authority", NAME)];
    assert_eq!(over_http2(&world, &plain).await, "answered 0x88");
    assert_eq!(app.seen().len(), 1);
    let with = |more: &[(&'static str, &'static str)]| [&plain[..], more].concat();
    let without = |name: &str| plain.iter().filter(|(known, _)| *known != name).copied().collect::<Vec<_>>();
    let instead = |name: &'static str, value: &'static str| {
        plain.map(|(known, said)| (known, if known == name { value } else { said })).to_vec()
    };
    let requests = [
        with(&[(":method", "POST")]),
        with(&[(":path", "/admin")]),
        with(&[(":status", "200")]),
        with(&[(":protocol", "websocket")]),
        with(&[(":unknown", "x")]),
        with(&[("accept", "*/*"), (":path", "/admin")]),
        with(&[("host", "other.tunnel.test")]),
        with(&[("host", NAME), ("host", NAME)]),
        with(&[("connection", "close")]),
        with(&[("transfer-encoding", "chunked")]),
        with(&[("upgrade", "websocket")]),
        with(&[("keep-alive", "1")]),
        with(&[("proxy-connection", "close")]),
        with(&[("te", "gzip")]),
        with(&[("Accept", "*/*")]),
        with(&[("x y", "1")]),
        with(&[("x:y", "1")]),
        with(&[("", "1")]),
        with(&[("x", "a\r\nTransfer-Encoding: chunked")]),
        with(&[("x", "a\0b")]),
        with(&[("content-length", "5")]),
        with(&[("content-length", "0"), ("content-length", "5")]),
        with(&[("content-length", "+0")]),
        with(&[("content_length", "5")]),
        without(":method"),
        without(":path"),
        without(":scheme"),
        without(":authority"),
        instead(":path", ""),
        instead(":path", "admin"),
        instead(":path", "*"),
        instead(":path", "/ HTTP/1.1\r\nX: y"),
        instead(":method", "GET / HTTP/1.1\r\nX: y"),
        instead(":method", "CONNECT"),
        instead(":scheme", "http"),
        instead(":authority", "other.tunnel.test"),
        instead(":authority", "x@app.tunnel.test"),
        instead(":authority", "app.tunnel.test."),
        instead(":authority", ""),
        // Handshakes by extended CONNECT that are none (RFC 8441, 4).
        [&instead(":method", "CONNECT")[..], &[(":protocol", "other")]].concat(),
        [&instead(":method", "CONNECT")[..], &[(":protocol", "")]].concat(),
        vec![(":method", "CONNECT"), (":protocol", "websocket"), (":authority", NAME)],
        vec![(":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "https"), (":path", "/")],
    ];
    for request in requests {
        let outcome = over_http2(&world, &request).await;
        assert!(outcome != "answered 0x88", "{request:?}: {outcome}");
        assert_eq!(app.seen().len(), 1, "{request:?}");
    }
}

/// Sends one request whose headers may be anything; says what becomes of it: reset, hung up, or answered (with the first
/// byte of its header block, which is `0x88` for a status of 200).
async fn over_http2(world: &World, headers: &[(&str, &str)]) -> String {
    let mut stream = connect(world, NAME, &[b"h2"]).await.unwrap();
    let mut block = Vec::new();
    for (name, value) in headers {
        // A literal that is not indexed, with a name of its own (RFC 7541, 6.2.2).
        block.push(0);
        for text in [name, value] {
            block.push(u8::try_from(text.len()).unwrap());
            block.extend_from_slice(text.as_bytes());
        }
    }
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec();
    bytes.extend_from_slice(&u32::try_from(block.len()).unwrap().to_be_bytes()[1..]);
    // HEADERS with END_STREAM and END_HEADERS, on stream 1.
    bytes.extend_from_slice(&[1, 5, 0, 0, 0, 1]);
    bytes.extend_from_slice(&block);
    stream.write_all(&bytes).await.unwrap();
    let outcome = async {
        loop {
            let mut head = [0; 9];
            if stream.read_exact(&mut head).await.is_err() {
                return "hung up".to_owned();
            }
            let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
            stream.read_exact(&mut payload).await.unwrap();
            match (head[3], &head[5..]) {
                (1, [0, 0, 0, 1]) => return format!("answered {:#x}", payload[0]),
                (3, [0, 0, 0, 1]) => return "reset".to_owned(),
                (7, _) => return "hung up".to_owned(),
                _ => {}
            }
        }
    };
    tokio::time::timeout(DEADLINE, outcome).await.expect("an outcome in time")
}
