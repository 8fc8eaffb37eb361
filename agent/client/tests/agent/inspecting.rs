//! What the inspector keeps of what passes.

use std::sync::Arc;

use client::inspector::{Exchange, Inspector, ROOM};
use client::{Agent, Endpoint, HttpTunnel, Setup};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::edge::Edge;
use crate::support::{App, Events, config, within};

/// An agent that keeps what passes.
async fn inspecting(edge: &mut Edge) -> (Agent, Arc<Inspector>) {
    let (inspector, (sink, _events)) = (Inspector::new(ROOM), Events::new());
    let setup = Setup { inspector: Some(inspector.clone()), ..Setup::default() };
    let agent = Agent::new(config(edge, Some("good")), setup, sink);
    within("the agent", agent.join()).await.unwrap();
    edge.next_auth().await;
    (agent, inspector)
}

/// Sends a request through a tunnel, and an answer back.
async fn exchange(edge: &Edge, app: &App, request: &str, answer: &str) {
    let mut client = edge.connect().await;
    client.write_all(request.as_bytes()).await.unwrap();
    let mut at_app = app.accept().await;
    within("the request", at_app.read_exact(&mut vec![0; request.len()])).await.unwrap();
    at_app.write_all(answer.as_bytes()).await.unwrap();
    within("the answer", client.read_exact(&mut vec![0; answer.len()])).await.unwrap();
}

async fn complete(inspector: &Inspector, count: usize) -> Vec<Arc<Exchange>> {
    let mut revision = inspector.revision();
    within("the exchanges", async {
        loop {
            let all = inspector.exchanges(usize::MAX, |exchange| exchange.took.is_some());
            if all.len() == count {
                return all;
            }
            revision.changed().await.unwrap();
        }
    })
    .await
}

#[tokio::test]
async fn an_exchange_is_kept_with_its_bodies_and_without_their_framing() {
    let (mut edge, app) = (Edge::start().await, App::start().await);
    let (agent, inspector) = inspecting(&mut edge).await;
    let tunnel = HttpTunnel { name: "shop".into(), ..HttpTunnel::new(app.upstream.clone()) };
    let _tunnel = within("the tunnel", agent.bind(tunnel)).await.unwrap();
    edge.next_bind().await;
    let request = "POST /orders HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n4;x=y\r\n two\r\n0\r\n\r\n";
    let answer = "HTTP/1.1 201 Created\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nthree";
    exchange(&edge, &app, request, answer).await;
    let all = complete(&inspector, 1).await;
    let Exchange { tunnel, client, request, answer, .. } = &*all[0];
    assert_eq!((tunnel.as_str(), client.to_string().as_str()), ("shop", "203.0.113.7:51234"));
    assert_eq!((request.first.as_str(), request.body.as_slice()), ("POST /orders HTTP/1.1", &b"one two"[..]));
    assert_eq!(request.headers[0], ("Host".into(), "a".into()));
    let (status, answer) = answer.as_ref().unwrap();
    assert_eq!((*status, answer.body.as_slice()), (201, &b"three"[..]));
    assert_eq!(answer.headers[0], ("Content-Type".into(), "text/plain".into()));
}

#[tokio::test]
async fn a_tunnel_that_is_not_inspected_leaves_nothing_behind() {
    let (mut edge, app) = (Edge::start().await, App::start().await);
    let (agent, inspector) = inspecting(&mut edge).await;
    let endpoint = Endpoint { inspect: false, ..HttpTunnel::new(app.upstream.clone()).into() };
    let _tunnel = within("the tunnel", agent.bind(endpoint)).await.unwrap();
    edge.next_bind().await;
    exchange(&edge, &app, "GET /secret HTTP/1.1\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n").await;
    assert!(inspector.exchanges(usize::MAX, |_| true).is_empty());
    // The console has its line all the same.
    assert_eq!(agent.console().requests[0].path, "/secret");
}
