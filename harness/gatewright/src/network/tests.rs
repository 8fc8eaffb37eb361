use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use ground::evidence::Activity;
use ground::outbound::Route;
use ground::{Authority, Clock, Outbound, Sink};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::*;

const ALICE: Ipv4Addr = Ipv4Addr::new(127, 9, 8, 7);

struct Scene {
    network: Network,
    alice: Membership,
    events: UnboundedReceiver<Event>,
}

async fn scene() -> Scene {
    let (sender, events) = unbounded_channel();
    let evidence = Sink::new(Clock::new(), Activity::default(), move |stamped| {
        let _ = sender.send(stamped.event);
    });
    let network = Network::start(Config { evidence });
    let alice = network.join("alice", ALICE).await.unwrap();
    Scene { network, alice, events }
}

impl Scene {
    async fn connect(&self, host: &str, port: u16) -> std::io::Result<TcpStream> {
        let tls = Authority::new().unwrap().client_config(&[]).unwrap();
        Outbound::new(Route::Proxy(self.alice.proxy), self.alice.source, tls).connect(host, port).await
    }

    async fn event(&mut self) -> Event {
        self.events.recv().await.unwrap()
    }

    /// What the proxy answers to these bytes.
    async fn answer_to(&self, bytes: &str) -> String {
        let mut stream = TcpStream::connect(self.alice.proxy).await.unwrap();
        stream.write_all(bytes.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }
}

async fn listener() -> (TcpListener, SocketAddr) {
    let listener = ground::serve::bind_loopback().await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

#[tokio::test]
async fn bytes_go_both_ways_past_a_half_close_from_the_members_own_address() {
    let mut scene = scene().await;
    let (listener, address) = listener().await;
    scene.network.serve("*.tunnel.test", 443, address).unwrap();
    let mut near = scene.connect("App.tunnel.test", 443).await.unwrap();
    let (mut far, peer) = listener.accept().await.unwrap();

    near.write_all(b"question").await.unwrap();
    near.shutdown().await.unwrap();
    let mut question = String::new();
    far.read_to_string(&mut question).await.unwrap();
    assert_eq!(question, "question");
    far.write_all(b"the answer").await.unwrap();
    drop(far);
    let mut answer = String::new();
    near.read_to_string(&mut answer).await.unwrap();
    assert_eq!(answer, "the answer");

    assert_eq!(peer.ip(), ALICE);
    let Event::Connected(connected) = scene.event().await else {
        panic!("the connection is witnessed first")
    };
    assert_eq!(
        (connected.who.as_str(), connected.host.as_str(), connected.port),
        ("alice", "app.tunnel.test", 443)
    );
    assert_eq!(connected.target, ground::Connection { peer, local: address });
    assert_eq!(connected.member.local, scene.alice.proxy);
    let Event::Closed(closed) = scene.event().await else { panic!("its end is witnessed next") };
    assert_eq!((closed.id, closed.up, closed.down, closed.ending), (connected.id, 8, 10, Ending::Finished));
    assert_eq!(scene.network.connections(), 0);
}

#[tokio::test]
async fn other_names_and_ports_are_refused_and_witnessed() {
    let mut scene = scene().await;
    let (_listener, address) = listener().await;
    scene.network.serve("app.tunnel.test", 443, address).unwrap();
    for (host, port, why, asker) in [
        ("example.com", 443, Refusal::UnknownName, Asker::Member),
        ("app.tunnel.test", 80, Refusal::WrongPort { served: vec![443] }, Asker::Member),
        ("127.0.0.1", address.port(), Refusal::UnknownName, Asker::Member),
        ("localhost", address.port(), Refusal::UnknownName, Asker::Member),
        ("connectivitycheck.gstatic.com", 443, Refusal::UnknownName, Asker::BrowserItself),
    ] {
        let error = scene.connect(host, port).await.unwrap_err();
        assert!(error.to_string().contains("403"), "{error}");
        let Event::Refused(refused) = scene.event().await else { panic!("{host} must be refused") };
        assert_eq!(refused, Refused { who: "alice".into(), host: host.into(), port, why, asker });
    }
}

#[tokio::test]
async fn the_proxy_says_what_is_wrong() {
    let scene = scene().await;
    let plain =
        scene.answer_to("GET http://app.tunnel.test/x HTTP/1.1\r\nHost: app.tunnel.test\r\n\r\n").await;
    assert!(plain.starts_with("HTTP/1.1 405") && plain.contains("HTTPS alone"), "{plain}");
    let direct = scene.answer_to("GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert!(direct.starts_with("HTTP/1.1 400") && direct.contains("CONNECT"), "{direct}");
    let portless = scene.answer_to("CONNECT app.tunnel.test HTTP/1.1\r\nHost: app.tunnel.test\r\n\r\n").await;
    assert!(portless.starts_with("HTTP/1.1 400"), "{portless}");
    let unknown = scene.answer_to("CONNECT evil.test:443 HTTP/1.1\r\nHost: evil.test:443\r\n\r\n").await;
    assert!(unknown.contains("evil.test:443: no such name in this stage"), "{unknown}");
    let noise = scene.answer_to("\x16\x03\x01 not http at all\r\n\r\n").await;
    assert!(noise.is_empty() || noise.starts_with("HTTP/1.1 400"), "{noise}");
}

#[tokio::test]
async fn plain_http_reaches_a_program_on_the_members_own_machine_alone() {
    let scene = scene().await;
    let program: Program = Arc::new(|request| match request.uri().path() {
        "/probe" => Some(http::Response::new(request.into_body())),
        _ => None,
    });
    scene.network.serve_loopback("alice", 8769, program);
    let ask = |uri: &str| format!("POST {uri} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello");
    let answer = scene.answer_to(&ask("http://localhost:8769/probe")).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("hello"), "{answer}");
    let gone = scene.answer_to(&ask("http://localhost:8769/other")).await;
    assert!(gone.starts_with("HTTP/1.1 502"), "{gone}");
    for elsewhere in ["http://localhost:8770/probe", "http://app.tunnel.test:8769/probe"] {
        let refused = scene.answer_to(&ask(elsewhere)).await;
        assert!(refused.starts_with("HTTP/1.1 405"), "{refused}");
    }
    let bob = scene.network.join("bob", Ipv4Addr::new(127, 9, 8, 6)).await.unwrap();
    let bobs = Scene { alice: bob, ..scene };
    let refused = bobs.answer_to(&ask("http://localhost:8769/probe")).await;
    assert!(refused.starts_with("HTTP/1.1 405"), "{refused}");
}

#[tokio::test]
async fn a_served_name_with_nothing_behind_it_is_a_bad_gateway() {
    let mut scene = scene().await;
    let (listener, address) = listener().await;
    drop(listener);
    scene.network.serve("app.tunnel.test", 443, address).unwrap();
    let error = scene.connect("app.tunnel.test", 443).await.unwrap_err();
    assert!(error.to_string().contains("502"), "{error}");
    let Event::Refused(refused) = scene.event().await else { panic!("it is witnessed") };
    assert!(matches!(refused.why, Refusal::Unreachable(_)), "{refused:?}");
}

#[tokio::test]
async fn names_move_while_the_network_runs() {
    let scene = scene().await;
    let ((one, first), (two, second)) = (listener().await, listener().await);
    scene.network.serve("app.test", 443, first).unwrap();
    let _near = scene.connect("app.test", 443).await.unwrap();
    one.accept().await.unwrap();
    scene.network.serve("app.test", 443, second).unwrap();
    let _near = scene.connect("app.test", 443).await.unwrap();
    two.accept().await.unwrap();
    assert!(scene.network.withdraw("app.test", 443).unwrap());
    scene.connect("app.test", 443).await.unwrap_err();
}

#[tokio::test]
async fn a_cut_connection_breaks_at_both_ends_and_others_stay() {
    let mut scene = scene().await;
    let (listener, address) = listener().await;
    scene.network.serve("*.test", 443, address).unwrap();
    let mut cut = scene.connect("cut.test", 443).await.unwrap();
    let (mut cut_far, _) = listener.accept().await.unwrap();
    let mut kept = scene.connect("kept.test", 443).await.unwrap();
    let (mut kept_far, _) = listener.accept().await.unwrap();

    assert_eq!(scene.network.cut(&Cut::MemberToHost { who: "bob".into(), host: "cut.test".into() }), 0);
    assert_eq!(scene.network.cut(&Cut::Host("CUT.test".into())), 1);
    assert_eq!(cut.read_u8().await.unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
    assert_eq!(cut_far.read_u8().await.unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
    kept.write_all(b"x").await.unwrap();
    assert_eq!(kept_far.read_u8().await.unwrap(), b'x');

    let closed = loop {
        if let Event::Closed(closed) = scene.event().await {
            break closed;
        }
    };
    assert_eq!((closed.host.as_str(), closed.ending), ("cut.test", Ending::Cut));
    assert_eq!(scene.network.cut(&Cut::All), 1);
}

#[tokio::test]
async fn a_reset_is_passed_on_as_a_reset() {
    let scene = scene().await;
    let (listener, address) = listener().await;
    scene.network.serve("app.test", 443, address).unwrap();
    let mut near = scene.connect("app.test", 443).await.unwrap();
    let (far, _) = listener.accept().await.unwrap();
    far.set_zero_linger().unwrap();
    drop(far);
    assert_eq!(near.read_u8().await.unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_network_that_stops_takes_its_connections_along_and_says_so() {
    let mut scene = scene().await;
    let (listener, address) = listener().await;
    scene.network.serve("app.test", 443, address).unwrap();
    let mut near = scene.connect("app.test", 443).await.unwrap();
    let _far = listener.accept().await.unwrap();
    scene.network.stop().await;
    assert_eq!(near.read(&mut [0; 1]).await.unwrap_or(0), 0);
    TcpStream::connect(scene.alice.proxy).await.unwrap_err();
    let last = std::iter::from_fn(|| scene.events.try_recv().ok()).last();
    assert!(matches!(last, Some(Event::Closed(Closed { ending: Ending::NetworkStopped, .. }))), "{last:?}");
}

#[tokio::test]
async fn nothing_off_this_machine_can_be_served() {
    let scene = scene().await;
    let error = scene.network.serve("app.test", 443, SocketAddr::from(([192, 0, 2, 1], 443))).unwrap_err();
    assert_eq!(error.to_string(), "app.test can't be served at 192.0.2.1:443: it is not a loopback address");
    scene.network.serve("*.*", 443, SocketAddr::from(([127, 0, 0, 1], 443))).unwrap_err();
}

#[test]
fn the_network_can_be_shared_between_threads() {
    fn shareable<T: Send + Sync>() {}
    shareable::<Arc<Network>>();
}
