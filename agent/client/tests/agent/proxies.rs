//! The way to the edge by a proxy.

use client::{Agent, AgentError, Setup};
use ground::Sink;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use crate::edge::{Asked, Edge};
use crate::support::{config, within};

/// Joins by the proxy at this URL.
async fn join_by(edge: &Edge, proxy: &str) -> Result<Agent, AgentError> {
    let setup = Setup { proxy: Some(proxy.parse().unwrap()), ..Setup::default() };
    let agent = Agent::new(config(edge, Some("good")), setup, Sink::forgetful());
    within("the agent", agent.join()).await.map(|()| agent)
}

/// The next caller.
async fn caller(listener: &TcpListener) -> TcpStream {
    within("a caller", listener.accept()).await.unwrap().0
}

async fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(within("a head", stream.read_u8()).await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

async fn exactly(stream: &mut TcpStream, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    within("bytes", stream.read_exact(&mut bytes)).await.unwrap();
    bytes
}

fn proxy_type(asked: Asked) -> String {
    match asked {
        Asked::Auth(auth) => auth.extra.proxy_type,
        other => panic!("not Auth: {other:?}"),
    }
}

#[tokio::test]
async fn an_http_proxy_is_asked_with_its_password() {
    let (mut edge, listener) = (Edge::start().await, ground::serve::bind_loopback().await.unwrap());
    let (address, port) = (edge.address, listener.local_addr().unwrap().port());
    let proxy = tokio::spawn(async move {
        let mut near = caller(&listener).await;
        let asked = head(&mut near).await;
        near.write_all(b"HTTP/1.1 200 Connected\r\nVia: test\r\n\r\n").await.unwrap();
        let mut far = TcpStream::connect(address).await.unwrap();
        let _ = copy_bidirectional(&mut near, &mut far).await;
        asked
    });
    let agent = join_by(&edge, &format!("http://me:hunter2@localhost:{port}")).await.unwrap();
    assert_eq!(proxy_type(edge.next_asked().await), "http");
    agent.shutdown().await;
    let asked = within("the proxy", proxy).await.unwrap();
    assert_eq!(
        asked,
        format!(
            "CONNECT {address} HTTP/1.1\r\nHost: {address}\r\nProxy-Authorization: Basic bWU6aHVudGVyMg==\r\n\r\n"
        )
    );
}

#[tokio::test]
async fn a_socks5_proxy_is_asked_with_its_password() {
    let (mut edge, listener) = (Edge::start().await, ground::serve::bind_loopback().await.unwrap());
    let (address, port) = (edge.address, listener.local_addr().unwrap().port());
    let proxy = tokio::spawn(async move {
        let mut near = caller(&listener).await;
        assert_eq!(exactly(&mut near, 4).await, [5, 2, 0, 2]);
        near.write_all(&[5, 2]).await.unwrap();
        assert_eq!(exactly(&mut near, 12).await, b"\x01\x02me\x07hunter2");
        near.write_all(&[1, 0]).await.unwrap();
        let asked = exactly(&mut near, 5 + "127.0.0.1".len() + 2).await;
        near.write_all(&[5, 0, 0, 1, 127, 0, 0, 1, 0, 0]).await.unwrap();
        let mut far = TcpStream::connect(address).await.unwrap();
        let _ = copy_bidirectional(&mut near, &mut far).await;
        asked
    });
    let agent = join_by(&edge, &format!("socks5://me:hunter2@localhost:{port}")).await.unwrap();
    assert_eq!(proxy_type(edge.next_asked().await), "socks5");
    agent.shutdown().await;
    let asked = within("the proxy", proxy).await.unwrap();
    assert_eq!(asked, [&b"\x05\x01\x00\x03\x09127.0.0.1"[..], &address.port().to_be_bytes()].concat());
}

#[tokio::test]
async fn a_proxy_that_gives_no_way_says_why() {
    let edge = Edge::start().await;
    let answers: [(&str, &[u8], &str); 3] = [
        ("http", b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "it answers \"HTTP/1.1 407"),
        ("socks5", &[5, 0xff], "it asks for a user and a password"),
        ("socks5", b"HT", "what it answers is not SOCKS5"),
    ];
    for (scheme, answer, wanted) in answers {
        let listener = ground::serve::bind_loopback().await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let proxy = tokio::spawn(async move {
            let mut near = caller(&listener).await;
            near.write_all(answer).await.unwrap();
            let _ = near.read_to_end(&mut Vec::new()).await;
        });
        let error = join_by(&edge, &format!("{scheme}://localhost:{port}")).await.unwrap_err();
        within("the proxy", proxy).await.unwrap();
        assert!(error.to_string().contains(wanted), "{error}");
    }
}
