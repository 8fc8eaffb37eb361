//! The PROXY protocol: the first bytes of a stream tell whom it is for, whatever follows.

use std::net::SocketAddr;

use http::StatusCode;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use wire::Stream;
use wire::message::{Bind, HttpOptions, TcpOptions, TlsOptions, TlsTermination};

use crate::agent::{Agent, Streams, tcp, tls, with_options};
use crate::client::{ClientBody, body, connect, text};
use crate::world::{DEADLINE, World};

const NAME: &str = "app.tunnel.test";

async fn bound(world: &World, bind: &Bind) -> (Agent, Streams, String) {
    let (streams, behind) = Streams::new();
    let agent = Agent::with(world, behind).await;
    let answer = agent.bind(bind).await;
    assert_eq!(answer.error, "");
    (agent, streams, answer.url)
}

fn line(client: SocketAddr, edge: SocketAddr) -> Vec<u8> {
    let words = [
        "PROXY TCP4".to_owned(),
        client.ip().to_string(),
        edge.ip().to_string(),
        client.port().to_string(),
        edge.port().to_string(),
    ];
    format!("{}\r\n", words.join(" ")).into_bytes()
}

fn binary(client: SocketAddr, edge: SocketAddr) -> Vec<u8> {
    let mut header = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c".to_vec();
    header.extend([127, 0, 0, 1, 127, 0, 0, 1]);
    header.extend(client.port().to_be_bytes());
    header.extend(edge.port().to_be_bytes());
    header
}

async fn begins_with(stream: &mut Stream, expected: &[u8]) {
    let mut read = vec![0; expected.len()];
    timeout(DEADLINE, stream.read_exact(&mut read)).await.expect("the header in time").unwrap();
    assert_eq!(read, expected);
}

#[tokio::test]
async fn a_tcp_stream_begins_with_it() {
    let world = World::new().await;
    for (version, header) in [(1, line as fn(_, _) -> _), (2, binary)] {
        let (_agent, mut streams, url) =
            bound(&world, &tcp(&TcpOptions { proxy_proto: version, ..TcpOptions::default() })).await;
        let edge: SocketAddr = format!("127.0.0.1:{}", url.rsplit_once(':').unwrap().1).parse().unwrap();
        let mut client = TcpStream::connect(edge).await.unwrap();
        client.write_all(b"hello").await.unwrap();
        let (_, mut stream) = streams.next().await;
        begins_with(&mut stream, &header(client.local_addr().unwrap(), edge)).await;
        begins_with(&mut stream, b"hello").await;
    }
}

#[tokio::test]
async fn a_tls_stream_begins_with_it_before_any_tls() {
    let world = World::new().await;
    let edge = world.edge.https_addr();
    let named = || TlsOptions { domain: NAME.into(), proxy_proto: 2, ..TlsOptions::default() };
    let ended = TlsOptions { tls_termination: Some(TlsTermination::default()), ..named() };
    let (agent, mut streams, _) = bound(&world, &tls(&ended)).await;
    let mut client = connect(&world, NAME, &[]).await.unwrap();
    client.write_all(b"hello").await.unwrap();
    let (_, mut stream) = streams.next().await;
    begins_with(&mut stream, &binary(client.get_ref().0.local_addr().unwrap(), edge)).await;
    begins_with(&mut stream, b"hello").await;
    drop(agent);

    let passes = TlsOptions { domain: "other.tunnel.test".into(), ..named() };
    let (_agent, mut streams, _) = bound(&world, &tls(&passes)).await;
    let connecting = connect(&world, "other.tunnel.test", &[]);
    let read = async {
        let (header, mut stream) = streams.next().await;
        begins_with(&mut stream, &binary(header.client_addr, edge)).await;
        // A handshake record.
        begins_with(&mut stream, &[22, 3]).await;
        stream.reset(wire::ErrorCode::RESET);
    };
    let (connected, ()) = tokio::join!(connecting, read);
    assert!(connected.is_err());
}

#[tokio::test]
async fn an_http_stream_begins_with_it_and_carries_one_clients_requests_alone() {
    let world = World::new().await;
    let options = HttpOptions { domain: NAME.into(), proxy_proto: 1, ..HttpOptions::default() };
    let (_agent, mut streams, _) = bound(&world, &with_options(&options)).await;
    let edge = world.edge.https_addr();
    let mut kept = Vec::new();
    for _ in 0..2 {
        let client = connect(&world, NAME, &[b"http/1.1"]).await.unwrap();
        let address = client.get_ref().0.local_addr().unwrap();
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake::<_, ClientBody>(TokioIo::new(client)).await.unwrap();
        tokio::spawn(connection);
        let mut ask = async || {
            sender.ready().await.unwrap();
            let request = http::Request::get("/").header("host", NAME).body(body("")).unwrap();
            let answer = sender.send_request(request).await.unwrap();
            assert_eq!((answer.status(), text(answer).await.as_str()), (StatusCode::OK, "app"));
        };
        let first = async {
            let (_, mut stream) = streams.next().await;
            begins_with(&mut stream, &line(address, edge)).await;
            answer(&mut stream).await;
            stream
        };
        let ((), mut stream) = timeout(DEADLINE, async { tokio::join!(ask(), first) }).await.unwrap();
        // The client's next request comes on the same stream, without another header.
        let again = async { tokio::join!(ask(), answer(&mut stream)) };
        timeout(DEADLINE, again).await.expect("the answer in time");
        assert!(streams.is_empty());
        kept.push((stream, sender));
    }
}

/// Reads a request and answers it.
async fn answer(stream: &mut Stream) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    assert!(head.starts_with(b"GET / HTTP/1.1\r\n"), "{}", String::from_utf8_lossy(&head));
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\napp").await.unwrap();
}
