//! `tcp` endpoints: their ports, the bytes that they carry, and how connections end.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};

use edge::NewAccount;
use edge::event::{Carried, Event, Outcome};
use edge::model::authtoken;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::timeout;
use wire::message::{Bind, BindAnswer, IpRestriction, TcpOptions, Unbind, UnbindAnswer};
use wire::proxy::{EdgeType, Header};
use wire::{ErrorCode, Stream, StreamType};

use crate::agent::{Agent, Behind, Streams, again, tcp};
use crate::app::App;
use crate::binding::refusal;
use crate::client::{get, send};
use crate::world::{DEADLINE, World};

/// An agent whose streams the test gets, with a `tcp` endpoint.
struct Bound {
    agent: Agent,
    streams: Streams,
    answer: BindAnswer,
}

impl Bound {
    async fn new(world: &World, bind: &Bind) -> Self {
        let (streams, behind) = Streams::new();
        let agent = Agent::with(world, behind).await;
        let answer = agent.bind(bind).await;
        assert_eq!(answer.error, "");
        Self { agent, streams, answer }
    }

    fn port(&self) -> u16 {
        port(&self.answer)
    }

    /// A client's connection, with the stream that it becomes.
    async fn connection(&mut self) -> (TcpStream, Stream) {
        let client = connect(self.port()).await;
        let (_, stream) = self.streams.next().await;
        (client, stream)
    }
}

fn any() -> Bind {
    tcp(&TcpOptions::default())
}

fn wishing(port: u16) -> Bind {
    tcp(&TcpOptions { addr: format!("tcp.tunnel.test:{port}"), ..TcpOptions::default() })
}

fn port(answer: &BindAnswer) -> u16 {
    let port = answer.url.strip_prefix("tcp://tcp.tunnel.test:").expect("a URL of a tcp endpoint");
    port.parse().unwrap()
}

async fn connect(port: u16) -> TcpStream {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap()
}

/// The connection was broken off: neither bytes nor a good end come.
async fn is_reset(client: &mut TcpStream) {
    let read = timeout(DEADLINE, client.read(&mut [0; 16])).await.expect("the end in time");
    assert_eq!(read.unwrap_err().kind(), ErrorKind::ConnectionReset);
}

async fn carried(world: &World) -> Carried {
    let carried = |event: &Event| match event {
        Event::Carried(carried) => Some(Carried::clone(carried)),
        _ => None,
    };
    world.events.first("the connection's end", carried).await
}

/// Waits until nobody listens on the port any more.
async fn is_closed(port: u16) {
    let closed = async {
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    timeout(DEADLINE, closed).await.expect("the port is closed in time");
}

#[tokio::test]
async fn a_connection_is_a_stream_each_way_of_which_ends_by_itself() {
    let world = World::new().await;
    let mut bound = Bound::new(&world, &any()).await;
    let address = format!("tcp.tunnel.test:{}", bound.port());
    assert_eq!(bound.answer.opts.tcp().unwrap().addr, address);
    assert_eq!(world.edge.model().tcp_address(bound.port()), Some(([127, 0, 0, 1], bound.port()).into()));
    let mut client = connect(bound.port()).await;
    let (header, mut stream) = bound.streams.next().await;
    let expected = Header {
        id: bound.answer.id.clone(),
        client_addr: client.local_addr().unwrap(),
        proto: "tcp".into(),
        edge_type: EdgeType::Endpoint,
        passthrough_tls: false,
    };
    assert_eq!(header, expected);
    // Servers of some protocols speak first.
    stream.write_all(b"220 ready\r\n").await.unwrap();
    let mut greeting = [0; 11];
    client.read_exact(&mut greeting).await.unwrap();
    assert_eq!(&greeting, b"220 ready\r\n");
    client.write_all(b"all that I have to say").await.unwrap();
    client.shutdown().await.unwrap();
    let mut said = String::new();
    timeout(DEADLINE, stream.read_to_string(&mut said)).await.expect("the client's end").unwrap();
    assert_eq!(said, "all that I have to say");
    // The other way is still open.
    stream.write_all(b"an answer").await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = String::new();
    timeout(DEADLINE, client.read_to_string(&mut answer)).await.expect("the app's end").unwrap();
    assert_eq!(answer, "an answer");
    let carried = carried(&world).await;
    assert_eq!((carried.up, carried.down, carried.outcome), (22, 20, Outcome::InOrder));
    assert_eq!(carried.forwarded.unwrap().tunnel.as_str(), bound.answer.id);
}

#[tokio::test]
async fn what_one_end_breaks_off_is_broken_off_at_the_other() {
    let world = World::new().await;
    let mut bound = Bound::new(&world, &any()).await;
    let (mut client, stream) = bound.connection().await;
    stream.reset(ErrorCode::RESET);
    is_reset(&mut client).await;
    assert_eq!(carried(&world).await.outcome, Outcome::Broken);

    let (client, mut stream) = bound.connection().await;
    client.set_zero_linger().unwrap();
    drop(client);
    let read = async {
        let mut rest = Vec::new();
        while stream.read_buf(&mut rest).await.is_ok_and(|length| length > 0) {}
        stream.broken().await
    };
    timeout(DEADLINE, read).await.expect("the reset in time");

    // An agent that is gone takes its connections with it.
    let (mut client, _stream) = bound.connection().await;
    bound.agent.session.abandon(wire::CloseReason::Ended);
    is_reset(&mut client).await;
}

#[tokio::test]
async fn an_app_that_takes_no_more_is_heard_to_its_end() {
    let world = World::new().await;
    let mut bound = Bound::new(&world, &any()).await;
    let (mut client, mut stream) = bound.connection().await;
    stream.write_all(&[7; 100_000]).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = Vec::new();
    timeout(DEADLINE, client.read_to_end(&mut answer)).await.expect("the app's end").unwrap();
    assert_eq!(answer.len(), 100_000);
}

#[tokio::test]
async fn a_client_is_held_up_by_an_app_that_does_not_read_and_nobody_else_is() {
    let world = World::new().await;
    let mut bound = Bound::new(&world, &any()).await;
    let (mut client, mut stuck) = bound.connection().await;
    let chunk = vec![1; 64 * 1024];
    let mut sent = 0;
    // The window of one stream, and what the two sockets hold.
    while let Ok(written) = timeout(std::time::Duration::from_millis(300), client.write(&chunk)).await {
        sent += written.unwrap();
        assert!(sent < 64 << 20, "nothing holds the client up");
    }
    let (mut other, mut stream) = bound.connection().await;
    other.write_all(b"hello").await.unwrap();
    let mut hello = [0; 5];
    timeout(DEADLINE, stream.read_exact(&mut hello)).await.expect("others go on").unwrap();
    // Nothing of what was sent is lost.
    client.shutdown().await.unwrap();
    let mut received = Vec::new();
    timeout(DEADLINE, stuck.read_to_end(&mut received)).await.expect("the rest in time").unwrap();
    assert_eq!(received.len(), sent);
}

#[tokio::test]
async fn connections_beyond_the_streams_of_a_session_wait_their_turn_with_its_requests() {
    let world = World::new().await;
    let mut bound = Bound::new(&world, &any()).await;
    bound.agent.online("app.tunnel.test").await;
    let mut held = Vec::new();
    for _ in 0..480 {
        held.push(bound.connection().await);
    }
    let url = "https://app.tunnel.test/";
    let request = send(&world, get(url));
    tokio::pin!(request);
    // The request is in the queue before the connection is.
    let waits = timeout(std::time::Duration::from_millis(200), &mut request).await;
    assert!(waits.is_err() && bound.streams.is_empty());
    let _late = connect(bound.port()).await;
    held.pop();
    let (header, stream) = tokio::select! {
        next = bound.streams.next() => next,
        _ = &mut request => panic!("nobody answers yet"),
    };
    assert_eq!(header.proto, "https");
    drop(stream);
    held.pop();
    assert_eq!(bound.streams.next().await.0.proto, "tcp");
}

#[tokio::test]
async fn a_port_is_given_as_wished_unless_somebody_has_it() {
    let world = World::with(|config| {
        let mut other: NewAccount = config.accounts[0].clone();
        other.name = "Other".into();
        other.logins.clear();
        other.authtokens = vec![authtoken()];
        config.accounts.push(other);
    })
    .await;
    let agent = Agent::new(&world, &App::new("app")).await;
    let free = free_port().await;
    let answer = agent.bind(&wishing(free)).await;
    assert_eq!((answer.error.as_str(), port(&answer)), ("", free));
    assert_eq!(refusal(&agent, wishing(free)).await, 334);
    let mut stranger = Agent::dialled(&world, Behind::App(App::new("stranger"))).await;
    let token = world.edge.account("Other").unwrap().credentials().unwrap()[0].token.clone();
    assert_eq!(stranger.authenticate(Some(&token)).await.error, "");
    assert_eq!(refusal(&stranger, wishing(free)).await, 334);
    // Nor while its agent is away.
    let lost = world.account().sessions()[0].id.clone();
    agent.kill().await;
    ended(&world, &lost).await;
    assert_eq!(refusal(&stranger, wishing(free)).await, 334);

    let foreign = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    assert_eq!(refusal(&stranger, wishing(foreign.local_addr().unwrap().port())).await, 334);
    assert_eq!(refusal(&stranger, wishing(80)).await, 301);
    let url = |url: &str| tcp(&TcpOptions { url: Some(url.into()), ..TcpOptions::default() });
    for wrong in
        ["tcp://elsewhere.test:2222", "tcp://tcp.tunnel.test", "tcp://tcp.tunnel.test:0", "https://a.b"]
    {
        assert_eq!(refusal(&stranger, url(wrong)).await, 9037, "{wrong}");
    }
    let granted = stranger.bind(&url("tcp://")).await;
    assert_eq!(granted.error, "");
    let wished = free_port().await;
    let granted = stranger.bind(&url(&format!("tcp://tcp.tunnel.test:{wished}"))).await;
    assert_eq!(port(&granted), wished);
}

#[tokio::test]
async fn an_agent_that_comes_back_finds_its_port() {
    let world = World::new().await;
    let bound = Bound::new(&world, &any()).await;
    let port = bound.port();
    let lost = world.account().sessions()[0].id.clone();
    let answer = bound.answer.clone();
    bound.agent.kill().await;
    ended(&world, &lost).await;
    // Meanwhile nobody is there, and nobody pretends to be.
    is_reset(&mut connect(port).await).await;
    let mut back = Bound::new(&world, &again(&answer)).await;
    assert_eq!((back.port(), &back.answer.id), (port, &answer.id));
    back.connection().await;
    // Also while the stale session hangs, and within the same session.
    let mut twice = Bound::new(&world, &again(&back.answer)).await;
    back.agent.ended().await;
    assert_eq!(twice.port(), port);
    assert_eq!(twice.agent.bind(&again(&twice.answer)).await.url, twice.answer.url);
    twice.connection().await;
}

#[tokio::test]
async fn an_edge_that_starts_again_opens_the_same_port() {
    let world = World::new().await;
    let bound = Bound::new(&world, &any()).await;
    let answer = bound.answer.clone();
    world.edge.stop().await;
    // It has forgotten the token, but the client's options say where it was.
    let world = World::new().await;
    let mut back = Bound::new(&world, &again(&answer)).await;
    assert_eq!(back.port(), port(&answer));
    back.connection().await;
}

#[tokio::test]
async fn a_tunnel_that_is_given_back_closes_its_port() {
    let world = World::new().await;
    let mut bound = Bound::new(&world, &any()).await;
    let (mut client, mut stream) = bound.connection().await;
    let id = bound.answer.id.clone();
    let _: UnbindAnswer = bound.agent.call(StreamType::UNBIND, &Unbind { id }).await;
    is_closed(bound.port()).await;
    assert_eq!(world.edge.model().tcp_address(bound.port()), None);
    // Who was there may finish.
    client.write_all(b"bye").await.unwrap();
    let mut bye = [0; 3];
    timeout(DEADLINE, stream.read_exact(&mut bye)).await.expect("the last words").unwrap();
}

#[tokio::test]
async fn addresses_that_may_not_connect_are_reset_before_the_agent_hears_of_them() {
    let world = World::new().await;
    let restriction =
        IpRestriction { allow_cidrs: vec!["127.9.0.0/16".into()], deny_cidrs: vec!["127.9.9.9".into()] };
    let bind = |restriction| tcp(&TcpOptions { ip_restriction: Some(restriction), ..TcpOptions::default() });
    let mut bound = Bound::new(&world, &bind(restriction)).await;
    for stranger in [[127, 0, 0, 1], [127, 9, 9, 9]] {
        is_reset(&mut connect_from(stranger, bound.port()).await).await;
    }
    assert_eq!(carried(&world).await.outcome, Outcome::Refused(edge::Code::IP_RESTRICTION));
    assert!(bound.streams.is_empty());
    let _client = connect_from([127, 9, 1, 1], bound.port()).await;
    assert_eq!(bound.streams.next().await.0.client_addr.ip(), Ipv4Addr::new(127, 9, 1, 1));
    let wrong = IpRestriction { allow_cidrs: vec!["everyone".into()], ..IpRestriction::default() };
    assert_eq!(refusal(&bound.agent, bind(wrong)).await, 301);
}

async fn connect_from(source: [u8; 4], port: u16) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from((source, 0))).unwrap();
    socket.connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await.unwrap()
}

/// A port that nobody had a moment ago.
async fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap().local_addr().unwrap().port()
}

async fn ended(world: &World, session: &edge::model::SessionId) {
    let down = |event: &Event| matches!(event, Event::SessionDown { session: ended, .. } if ended == session);
    world.events.first("the session's end", |event| down(event).then_some(())).await;
}
