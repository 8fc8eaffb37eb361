//! What comes through a tunnel, to the app and back.

use client::{Event, HttpTunnel};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wire::ErrorCode;

use crate::edge::{Edge, read_all};
use crate::support::{App, bound, joined, within};

const REQUEST: &[u8] = b"GET /hello?code=1 HTTP/1.1\r\nHost: app.tunnel.test\r\n\r\n";
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHello";

#[tokio::test]
async fn a_request_goes_to_the_app_and_its_answer_back_byte_for_byte() {
    let (mut edge, app) = (Edge::start().await, App::start().await);
    let (agent, mut events) = joined(&mut edge).await;
    let _tunnel = bound(&agent, &mut edge, &app.upstream).await;
    let mut client = edge.connect().await;
    client.write_all(REQUEST).await.unwrap();
    let mut at_app = app.accept().await;
    let mut request = vec![0; REQUEST.len()];
    within("the request", at_app.read_exact(&mut request)).await.unwrap();
    assert_eq!(request, REQUEST);
    at_app.write_all(ANSWER).await.unwrap();
    let mut answer = vec![0; ANSWER.len()];
    within("the answer", client.read_exact(&mut answer)).await.unwrap();
    assert_eq!(answer, ANSWER);

    let opened = events
        .find("the connection", |event| match event {
            Event::ConnectionOpened { at, tunnel, client, upstream } => {
                Some((at.clone(), tunnel.clone(), *client, *upstream))
            }
            _ => None,
        })
        .await;
    assert_eq!((opened.0.session.as_str(), opened.0.stream), ("ts_1", client.id()));
    assert_eq!((opened.1.as_str(), opened.2.to_string().as_str()), ("command_line", "203.0.113.7:51234"));
    // Both ends as the app saw them, so that its evidence and the agent's can be put together.
    assert_eq!(opened.3.peer, at_app.peer_addr().unwrap());
    assert_eq!(opened.3.local, at_app.local_addr().unwrap());
    let seen = events
        .find("the exchange", |event| match event {
            Event::Exchange { method, target, status, .. } => Some(format!("{method} {target} {status}")),
            _ => None,
        })
        .await;
    assert_eq!(seen, "GET /hello?code=1 200");

    client.shutdown().await.unwrap();
    assert_eq!(within("the end", at_app.read(&mut [0])).await.unwrap(), 0);
    drop(at_app);
    assert_eq!(read_all(&mut client).await.unwrap(), "");
    let closed = events
        .find("the connection's end", |event| match event {
            Event::ConnectionClosed { received, sent, reason, .. } => {
                Some((*received, *sent, reason.clone()))
            }
            _ => None,
        })
        .await;
    assert_eq!(closed, (REQUEST.len() as u64, ANSWER.len() as u64, None));
    let state = agent.console();
    assert_eq!((state.connections.total, state.connections.open), (1, 0));
    assert_eq!((state.requests[0].path.as_str(), state.requests[0].status), ("/hello", 200));
}

#[tokio::test]
async fn each_half_ends_by_itself() {
    let (mut edge, app) = (Edge::start().await, App::start().await);
    let (agent, _events) = joined(&mut edge).await;
    let _tunnel = bound(&agent, &mut edge, &app.upstream).await;
    let mut client = edge.connect().await;
    client.write_all(b"all of it").await.unwrap();
    client.shutdown().await.unwrap();
    let mut at_app = app.accept().await;
    let mut got = String::new();
    within("all of it", at_app.read_to_string(&mut got)).await.unwrap();
    assert_eq!(got, "all of it");
    at_app.write_all(b"thanks").await.unwrap();
    at_app.shutdown().await.unwrap();
    assert_eq!(read_all(&mut client).await.unwrap(), "thanks");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn megabytes_go_both_ways_at_once() {
    const LENGTH: usize = 6 * 1024 * 1024;
    let (mut edge, app) = (Edge::start().await, App::start().await);
    let (agent, mut events) = joined(&mut edge).await;
    let _tunnel = bound(&agent, &mut edge, &app.upstream).await;
    let client = edge.connect().await;
    let echo = tokio::spawn(async move {
        let (mut read, mut write) = app.accept().await.into_split();
        tokio::io::copy(&mut read, &mut write).await.unwrap();
        write.shutdown().await.unwrap();
    });
    let sent: Vec<u8> = (0..LENGTH).map(|at| (at ^ (at >> 9)) as u8).collect();
    let (mut write, mut read, mut got) = (&client, &client, Vec::new());
    let write = async {
        write.write_all(&sent).await.unwrap();
        write.shutdown().await.unwrap();
    };
    let (_, read) = within("the echo", async { tokio::join!(write, read.read_to_end(&mut got)) }).await;
    read.unwrap();
    assert!(got == sent);
    echo.await.unwrap();
    let counted = events
        .find("the connection's end", |event| match event {
            Event::ConnectionClosed { received, sent, .. } => Some((*received, *sent)),
            _ => None,
        })
        .await;
    assert_eq!(counted, (LENGTH as u64, LENGTH as u64));
}

#[tokio::test]
async fn an_app_that_is_down_is_said_in_a_page_with_its_code() {
    let mut edge = Edge::start().await;
    let nowhere = App::nowhere().await;
    let (agent, mut events) = joined(&mut edge).await;
    let _tunnel = bound(&agent, &mut edge, &nowhere).await;
    let mut client = edge.connect().await;
    client.write_all(REQUEST).await.unwrap();
    let answer = within("the answer", async {
        let mut answer = Vec::new();
        (&client).read_to_end(&mut answer).await.unwrap();
        String::from_utf8(answer).unwrap()
    })
    .await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 502 Bad Gateway\r\nngrok-error-code: ERR_NGROK_8012\r\n"), "{head}");
    assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{head}");
    assert!(body.contains(&nowhere.to_string()) && body.contains("Start the app there"), "{body}");
    let at = events
        .find("the failure", |event| match event {
            Event::UpstreamUnreachable { at, upstream, .. } if *upstream == nowhere.to_string() => {
                Some(at.clone())
            }
            _ => None,
        })
        .await;
    assert_eq!(at.stream, client.id());
    // No HTTP is spoken where none is understood.
    let mut raw = edge.connect_to("t-http", "tcp").await;
    assert_eq!(read_all(&mut raw).await.unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_client_that_breaks_off_breaks_the_app_off() {
    let (mut edge, app) = (Edge::start().await, App::start().await);
    let (agent, mut events) = joined(&mut edge).await;
    let _tunnel = bound(&agent, &mut edge, &app.upstream).await;
    let mut client = edge.connect().await;
    client.write_all(b"POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\nhalf").await.unwrap();
    let mut at_app = app.accept().await;
    let mut got = [0; 1];
    within("the request", at_app.read_exact(&mut got)).await.unwrap();
    client.reset(ErrorCode::CANCELLED);
    let error = within("the break", at_app.read_to_end(&mut Vec::new())).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    let reason = events
        .find("the connection's end", |event| match event {
            Event::ConnectionClosed { reason, .. } => reason.clone(),
            _ => None,
        })
        .await;
    assert_eq!(reason, "the client broke off: the stream was reset: stream cancelled");
}

#[tokio::test]
async fn a_client_that_is_gone_does_not_leave_the_app_waiting() {
    let (mut edge, app) = (Edge::start().await, App::start().await);
    let (agent, _events) = joined(&mut edge).await;
    let _tunnel = bound(&agent, &mut edge, &app.upstream).await;
    let mut client = edge.connect().await;
    client.write_all(b"GET /events HTTP/1.1\r\n\r\n").await.unwrap();
    client.shutdown().await.unwrap();
    let mut at_app = app.accept().await;
    // The app has the whole request and takes its time to answer.
    within("the request", at_app.read_to_end(&mut Vec::new())).await.unwrap();
    client.reset(ErrorCode::CANCELLED);
    // It learns of it without having sent anything.
    within("the break", at_app.ready(tokio::io::Interest::ERROR)).await.unwrap();
    assert!(at_app.write_all(b"event").await.is_err());
}

#[tokio::test]
async fn an_app_that_breaks_off_breaks_the_client_off() {
    let (mut edge, app) = (Edge::start().await, App::start().await);
    let (agent, _events) = joined(&mut edge).await;
    let _tunnel = bound(&agent, &mut edge, &app.upstream).await;
    let mut client = edge.connect().await;
    client.write_all(REQUEST).await.unwrap();
    let mut at_app = app.accept().await;
    // Connected beyond doubt.
    within("the request", at_app.read_exact(&mut [0; REQUEST.len()])).await.unwrap();
    at_app.set_zero_linger().unwrap();
    drop(at_app);
    let error = read_all(&mut client).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn an_answer_that_comes_before_the_request_is_complete_comes_through() {
    // More than the client's window holds, so that a part of it is still at the agent when the app hangs up.
    let answer = vec![b'a'; 300_000];
    let (mut edge, app) = (Edge::start().await, App::start().await);
    let (agent, _events) = joined(&mut edge).await;
    let _tunnel = bound(&agent, &mut edge, &app.upstream).await;
    let client = edge.connect().await;
    let uploading = async {
        let mut client = &client;
        // More than every buffer on the way holds, so that it can't be done before the app has hung up.
        client.write_all(&vec![b'x'; 32 * 1024 * 1024]).await.unwrap_err();
    };
    let answering = async {
        let mut at_app = app.accept().await;
        at_app.read_exact(&mut [0; 1000]).await.unwrap();
        at_app.write_all(&answer).await.unwrap();
        at_app.shutdown().await.unwrap();
        // The answer has left the app before it hangs up, and the agent has noticed that before anybody reads it.
        let_others_work().await;
        drop(at_app);
        let_others_work().await;
        let mut got = Vec::new();
        (&client).read_to_end(&mut got).await.unwrap();
        assert!(got == answer);
    };
    within("the answer", async { tokio::join!(uploading, answering) }).await;
}

#[tokio::test]
async fn an_answer_that_breaks_off_never_passes_for_the_whole() {
    // More than the client's window holds, so that a part of it is still at the agent when the app breaks off.
    let half = vec![b'h'; 300_000];
    // With the request still coming, and with it complete: the failure shows in another place each time.
    for request in [32 * 1024 * 1024, 1000] {
        let (mut edge, app) = (Edge::start().await, App::start().await);
        let (agent, _events) = joined(&mut edge).await;
        let _tunnel = bound(&agent, &mut edge, &app.upstream).await;
        let client = edge.connect().await;
        let uploading = async {
            let mut client = &client;
            let _ = client.write_all(&vec![b'x'; request]).await;
        };
        let answering = async {
            let mut at_app = app.accept().await;
            at_app.read_exact(&mut [0; 1000]).await.unwrap();
            at_app.write_all(&half).await.unwrap();
            let_others_work().await;
            at_app.set_zero_linger().unwrap();
            drop(at_app);
            let mut got = Vec::new();
            let error = (&client).read_to_end(&mut got).await.unwrap_err();
            assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
            assert!(got == half, "{} of {} bytes", got.len(), half.len());
        };
        within("the answer", async { tokio::join!(uploading, answering) }).await;
    }
}

/// Lets everything that can go on go on: the agent and the edge run on this test's own thread.
async fn let_others_work() {
    for _ in 0..20_000 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_connection_that_comes_before_its_tunnel_is_known_waits_for_it() {
    let (mut edge, app) = (Edge::start().await, App::start().await);
    let (agent, _events) = joined(&mut edge).await;
    let early = edge.connect_before_the_next_answer();
    let _tunnel = bound(&agent, &mut edge, &app.upstream).await;
    let mut client = within("the connection", early).await.unwrap();
    client.write_all(b"early").await.unwrap();
    let mut got = [0; 5];
    within("the bytes", app.accept().await.read_exact(&mut got)).await.unwrap();
    assert_eq!(&got, b"early");
}

#[tokio::test]
async fn a_stream_for_no_tunnel_is_ended_in_good_order() {
    let (mut edge, app) = (Edge::start().await, App::start().await);
    let (agent, _events) = joined(&mut edge).await;
    let _tunnel = bound(&agent, &mut edge, &app.upstream).await;
    let mut stray = edge.connect_to("t-unknown", "https").await;
    assert_eq!(read_all(&mut stray).await.unwrap(), "");
}

#[tokio::test]
async fn many_connections_go_through_at_once() {
    let (mut edge, app) = (Edge::start().await, App::start().await);
    let (agent, _events) = joined(&mut edge).await;
    let wanted = HttpTunnel::new(app.upstream.clone());
    let _tunnel = within("the tunnel", agent.bind(wanted)).await.unwrap();
    let serving = tokio::spawn(async move {
        let mut answering = tokio::task::JoinSet::new();
        for _ in 0..100 {
            let mut at_app = app.accept().await;
            answering.spawn(async move {
                let mut byte = [0];
                at_app.read_exact(&mut byte).await.unwrap();
                at_app.write_all(&byte).await.unwrap();
            });
        }
        answering.join_all().await;
    });
    let mut clients = tokio::task::JoinSet::new();
    for byte in 0..100 {
        let mut client = edge.connect().await;
        clients.spawn(async move {
            client.write_all(&[byte]).await.unwrap();
            let mut echo = [0];
            client.read_exact(&mut echo).await.unwrap();
            assert_eq!(echo, [byte]);
        });
    }
    within("the echoes", clients.join_all()).await;
    within("the app", serving).await.unwrap();
}
