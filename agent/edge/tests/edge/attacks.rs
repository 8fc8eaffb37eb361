//! Attacks on the agents' and the public side, each beside a session that is healthy: the attacker's session alone ends
//! or is held up, the healthy one answers as before, and the edge's memory stays bounded.
//!
//! The edge runs in a process of its own, so that its memory is what is measured.

use std::io::Write;
use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use ground::authority::client_config_trusting;
use ground::{Secret, Sink, Tasks};
use http::StatusCode;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;
use tokio_rustls::{TlsConnector, rustls};
use wire::message::TcpOptions;

use crate::agent::{Agent, Behind, Streams, dial_at, tcp};
use crate::app::App;
use crate::client::{ClientBody, body, text};
use crate::world::{DEADLINE, World};

/// Set in the process that is the edge.
const ATTACKED: &str = "GATEWRIGHT_TEST_ATTACKED";

/// How long a healthy request may take at most while others attack; machines that build beside it are slow.
const PATIENCE: Duration = Duration::from_secs(3);

/// By how much an attack may raise the edge's peak memory.
const MOST_GROWTH: u64 = 24 << 20;

/// What the edge's process tells about itself.
struct Attacked {
    process: Child,
    https: SocketAddr,
    agents: SocketAddr,
    tls: Arc<ClientConfig>,
    authtoken: Secret,
}

/// The edge that is attacked, when this test is started as its process; else it shows that such an edge starts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edge_for_attackers_starts() {
    // What it has to say is for nobody: memory is what the edge itself needs.
    let world = World::with(|config| {
        config.evidence = Sink::forgetful();
    })
    .await;
    let told = json!({
        "https": world.edge.https_addr(),
        "agents": world.edge.agent_addr(),
        "ca": world.authority.certificate_pem(),
        "authtoken": world.authtoken.expose(),
    });
    drop(TcpStream::connect(world.edge.agent_addr()).await.unwrap());
    if std::env::var_os(ATTACKED).is_some() {
        writeln!(std::io::stdout(), "\n{told}").unwrap();
        // Until whoever started it goes away.
        let gone = tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink()));
        gone.await.unwrap().unwrap();
    }
}

impl Attacked {
    async fn start() -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "attacks::an_edge_for_attackers_starts", "--nocapture"])
            .env(ATTACKED, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let told = async {
            loop {
                let line = lines.next_line().await.unwrap().expect("the edge's process tells where it is");
                if let Ok(told) = serde_json::from_str::<Value>(&line) {
                    return told;
                }
            }
        };
        let told = timeout(DEADLINE, told).await.expect("the edge starts in time");
        let address = |name: &str| told[name].as_str().unwrap().parse().unwrap();
        Self {
            process,
            https: address("https"),
            agents: address("agents"),
            tls: client_config_trusting(told["ca"].as_str().unwrap(), "the edge's", &[]).unwrap(),
            authtoken: Secret::new("authtoken", told["authtoken"].as_str().unwrap()),
        }
    }

    /// An attacker's connection, as an agent makes it.
    async fn attacker(&self) -> Attacker {
        Attacker { stream: dial_at(self.agents, Arc::clone(&self.tls)).await }
    }

    /// An attacker who is let in first.
    async fn insider(&self) -> Attacker {
        let mut attacker = self.attacker().await;
        let auth =
            json!({ "Version": ["3"], "ClientId": "", "Extra": { "AuthToken": self.authtoken.expose() } });
        attacker.opens(3, AUTH).await;
        attacker.says(3, auth.to_string().as_bytes()).await;
        let mut answer = Vec::new();
        while !answer.windows(12).any(|window| window == b"AccountName\"") {
            assert_ne!(attacker.stream.read_buf(&mut answer).await.unwrap(), 0, "the insider is let in");
        }
        attacker
    }

    /// The most memory that the edge has had so far, where the system tells.
    fn peak(&self) -> u64 {
        let status = format!("/proc/{}/status", self.process.id().unwrap());
        let Ok(status) = std::fs::read_to_string(status) else { return 0 };
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() * 1024
    }
}

/// A healthy agent with an app, and somebody who opens it again and again.
struct Healthy {
    _agent: Agent,
    stop: watch::Sender<bool>,
    asking: tokio::task::JoinHandle<usize>,
}

impl Healthy {
    async fn new(edge: &Attacked) -> Self {
        let stream = dial_at(edge.agents, Arc::clone(&edge.tls)).await;
        let mut agent = Agent::over(stream, Behind::App(App::new("app")));
        assert_eq!(agent.authenticate(Some(&edge.authtoken)).await.error, "");
        agent.online("app.tunnel.test").await;
        let (stop, mut stopped) = watch::channel(false);
        let (https, tls) = (edge.https, Arc::clone(&edge.tls));
        let asking = tokio::spawn(async move {
            let mut count = 0;
            while !*stopped.borrow_and_update() {
                let answered = timeout(PATIENCE, ask(https, Arc::clone(&tls))).await;
                assert_eq!(answered.expect("the healthy session answers in time"), "app");
                count += 1;
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            count
        });
        Self { _agent: agent, stop, asking }
    }

    /// How many answers there were, each of them in time.
    async fn ends(self) -> usize {
        self.stop.send(true).unwrap();
        self.asking.await.expect("every request was answered")
    }
}

/// A request on a connection of its own.
async fn ask(https: SocketAddr, tls: Arc<ClientConfig>) -> String {
    let stream = TcpStream::connect(https).await.unwrap();
    let name = ServerName::try_from("app.tunnel.test").unwrap();
    let stream = TlsConnector::from(tls).connect(name, stream).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake::<_, ClientBody>(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let request = http::Request::get("/").header("host", "app.tunnel.test").body(body("")).unwrap();
    let answer = sender.send_request(request).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    text(answer).await
}

/// Plays an attack beside a healthy session.
async fn beside_a_healthy_session(attack: impl AsyncFnOnce(&Attacked)) {
    let edge = Attacked::start().await;
    let healthy = Healthy::new(&edge).await;
    // What is allocated once is there.
    for _ in 0..20 {
        assert_eq!(ask(edge.https, Arc::clone(&edge.tls)).await, "app");
    }
    let before = edge.peak();
    attack(&edge).await;
    let growth = edge.peak() - before;
    assert!(healthy.ends().await > 0, "the healthy session was not asked");
    assert!(growth < MOST_GROWTH, "the edge grew by {} KiB", growth >> 10);
}

const AUTH: u32 = 0;
const BIND: u32 = 1;
const SRV_INFO: u32 = 8;
const HEARTBEAT: u32 = u32::MAX;

const RST: u8 = 0;
const DATA: u8 = 1;
const WNDINC: u8 = 2;
const GOAWAY: u8 = 3;
const FIN: u8 = 1;
const SYN: u8 = 2;

/// Somebody who writes frames by hand.
struct Attacker {
    stream: TlsStream<TcpStream>,
}

fn header(length: usize, kind: u8, flags: u8, stream: u32) -> Vec<u8> {
    let mut header = (length as u32).to_be_bytes()[1..].to_vec();
    header.push(kind << 4 | flags);
    header.extend(stream.to_be_bytes());
    header
}

fn frame(kind: u8, flags: u8, stream: u32, body: &[u8]) -> Vec<u8> {
    [header(body.len(), kind, flags, stream).as_slice(), body].concat()
}

impl Attacker {
    /// Writes, unless the edge has hung up.
    async fn writes(&mut self, bytes: &[u8]) -> bool {
        timeout(DEADLINE, self.stream.write_all(bytes)).await.expect("the edge reads or hangs up").is_ok()
    }

    async fn opens(&mut self, stream: u32, kind: u32) -> bool {
        self.writes(&frame(DATA, SYN, stream, &kind.to_be_bytes())).await
    }

    async fn says(&mut self, stream: u32, bytes: &[u8]) -> bool {
        self.writes(&frame(DATA, 0, stream, bytes)).await
    }

    /// Its session ends.
    async fn ends_cut_off(mut self) {
        let ended = async {
            let mut rest = [0; 16 * 1024];
            while self.stream.read(&mut rest).await.is_ok_and(|length| length > 0) {}
        };
        timeout(DEADLINE, ended).await.expect("the attacker's session ends");
    }

    /// Its session goes on: it has an answer.
    async fn gets_an_answer(&mut self) {
        let mut answer = [0; 8];
        let read = timeout(DEADLINE, self.stream.read_exact(&mut answer)).await;
        read.expect("an answer in time").unwrap();
    }
}

#[tokio::test]
async fn frames_that_lie_about_their_length() {
    beside_a_healthy_session(async |edge| {
        let lies = [
            frame(RST, 0, 3, &[0; 3]),
            frame(WNDINC, 0, 3, &[0; 5]),
            frame(GOAWAY, 0, 0, &[0; 4]),
            frame(DATA, 0, 0, &[1]),
            frame(DATA, SYN, 4, &[0; 4]),
        ];
        for lie in lies {
            let mut attacker = edge.attacker().await;
            attacker.writes(&lie).await;
            attacker.ends_cut_off().await;
        }
        // The longest frame that a header can announce, of which nearly nothing comes: nobody keeps room for it.
        let mut waiting = Vec::new();
        for kind in [DATA, GOAWAY] {
            for _ in 0..32 {
                let mut attacker = edge.attacker().await;
                let (flags, stream) = if kind == DATA { (SYN, 3) } else { (0, 0) };
                attacker.writes(&header(0xff_ffff, kind, flags, stream)).await;
                attacker.writes(&[0; 64]).await;
                waiting.push(attacker);
            }
        }
        // And one that is sent to its end.
        let mut attacker = edge.insider().await;
        attacker.writes(&header(0xff_ffff, DATA, SYN, 5)).await;
        for _ in 0..16 {
            attacker.writes(&[0; (1 << 20) - 1]).await;
        }
        drop(waiting);
    })
    .await;
}

#[tokio::test]
async fn streams_past_the_limit() {
    beside_a_healthy_session(async |edge| {
        // Before it is let in, an agent has no use for many.
        let mut stranger = edge.attacker().await;
        for stream in (3..200).step_by(2) {
            stranger.opens(stream, HEARTBEAT).await;
        }
        stranger.ends_cut_off().await;
        // After that it gets what it may have; the rest are refused, and when it reads no refusal, it is cut off.
        let mut insider = edge.insider().await;
        let mut opened = (5..).step_by(2).map(|stream| frame(DATA, SYN, stream, &HEARTBEAT.to_be_bytes()));
        let flood = async {
            loop {
                let frames: Vec<Vec<u8>> = opened.by_ref().take(1024).collect();
                if insider.stream.write_all(&frames.concat()).await.is_err() {
                    return;
                }
            }
        };
        timeout(DEADLINE, flood).await.expect("who reads no refusal is cut off");
        let mut reader = edge.insider().await;
        for stream in (5..2_000).step_by(2) {
            reader.opens(stream, HEARTBEAT).await;
        }
        reader.gets_an_answer().await;
    })
    .await;
}

#[tokio::test]
async fn windows_overrun() {
    beside_a_healthy_session(async |edge| {
        let mut attackers = Vec::new();
        for _ in 0..4 {
            let mut attacker = edge.insider().await;
            for stream in (5..45).step_by(2) {
                attacker.opens(stream, HEARTBEAT).await;
                for _ in 0..24 {
                    attacker.says(stream, &[0; 16 * 1024]).await;
                }
            }
            attackers.push(attacker);
        }
        // Credit that nobody owes, on streams that are there and that are not.
        let mut generous = edge.insider().await;
        for stream in [3, 5, 2, 0x7fff_fffe] {
            for _ in 0..64 {
                generous.writes(&frame(WNDINC, 0, stream, &0x7fff_ffff_u32.to_be_bytes())).await;
            }
        }
        for mut attacker in attackers {
            attacker.gets_an_answer().await;
        }
    })
    .await;
}

#[tokio::test]
async fn json_bombs() {
    let deep = |length: usize| br#"{"a":"#.repeat(length / 5);
    let wide = {
        let members: Vec<String> =
            (0..40_000).map(|number| format!("\"m{number}\":[[[[[[[[]]]]]]]]")).collect();
        format!("{{{}}}", members.join(",")).into_bytes()
    };
    beside_a_healthy_session(async |edge| {
        // Before authentication little is read.
        for bomb in [deep(900_000), wide.clone(), b"[".repeat(100_000), b"{".repeat(100_000)] {
            let mut attacker = edge.attacker().await;
            attacker.opens(3, AUTH).await;
            for chunk in bomb.chunks(16 * 1024) {
                attacker.says(3, chunk).await;
            }
            attacker.ends_cut_off().await;
        }
        // An agent that was let in is told what is wrong, however many it throws at once.
        let mut insider = edge.insider().await;
        for stream in (5..65).step_by(2) {
            insider.opens(stream, BIND).await;
            let bomb = if stream % 4 == 1 { deep(200_000) } else { wide[..250_000].to_vec() };
            for chunk in bomb.chunks(16 * 1024) {
                insider.says(stream, chunk).await;
            }
            insider.writes(&frame(DATA, FIN, stream, b"")).await;
        }
        insider.gets_an_answer().await;
    })
    .await;
}

#[tokio::test]
async fn slow_handshakes() {
    beside_a_healthy_session(async |edge| {
        let mut waiting = JoinSet::new();
        for number in 0..240 {
            let (address, tls) =
                if number % 3 == 0 { (edge.https, None) } else { (edge.agents, Some(Arc::clone(&edge.tls))) };
            waiting.spawn(async move {
                let mut stream = TcpStream::connect(address).await.unwrap();
                match (number % 4, tls) {
                    // Nothing at all, or the beginning of a ClientHello.
                    (0, _) => {}
                    (1, _) | (_, None) => stream.write_all(&[22, 3, 1, 1, 0, 1, 0, 0, 252]).await.unwrap(),
                    // TLS, and then the beginning of a frame, or of an authentication.
                    (kind, Some(tls)) => {
                        let name = ServerName::try_from("127.0.0.1").unwrap();
                        let mut stream = TlsConnector::from(tls).connect(name, stream).await.unwrap();
                        let begun = if kind == 2 {
                            vec![0, 0, 4]
                        } else {
                            let opened = frame(DATA, SYN, 3, &AUTH.to_be_bytes());
                            [opened, frame(DATA, 0, 3, b"{\"Version\":[\"3\"")].concat()
                        };
                        stream.write_all(&begun).await.unwrap();
                        let mut rest = Vec::new();
                        let _ = stream.read_to_end(&mut rest).await;
                        return;
                    }
                }
                let mut rest = Vec::new();
                let _ = stream.read_to_end(&mut rest).await;
            });
        }
        // None of them is waited for longer than the edge's patience.
        let all = async { while waiting.join_next().await.transpose().unwrap().is_some() {} };
        timeout(DEADLINE, all).await.expect("the edge hangs up on all of them");
    })
    .await;
}

#[tokio::test]
async fn an_agent_that_never_reads() {
    beside_a_healthy_session(async |edge| {
        // It asks and asks, and takes no answer: in the end nothing more is read from it, or it is cut off.
        for provoke in [SRV_INFO, HEARTBEAT, 77] {
            let mut attacker = edge.insider().await;
            let mut stream = 5;
            let provoking = async {
                loop {
                    let mut frames = Vec::new();
                    for _ in 0..256 {
                        frames.extend(frame(DATA, SYN, stream, &provoke.to_be_bytes()));
                        frames.extend(frame(DATA, 0, stream, b"{}  "));
                        frames.extend(frame(RST, 0, stream, &[0, 0, 0, 6]));
                        stream += 2;
                    }
                    if attacker.stream.write_all(&frames).await.is_err() {
                        return;
                    }
                }
            };
            let _ = timeout(Duration::from_secs(1), provoking).await;
        }
    })
    .await;
}

#[tokio::test]
async fn an_agent_that_opens_streams_and_says_nothing() {
    beside_a_healthy_session(async |edge| {
        let tasks = Tasks::new();
        for _ in 0..8 {
            let mut attacker = edge.insider().await;
            for stream in (5..500).step_by(4) {
                // Without as much as a type, and with one and no request.
                attacker.writes(&frame(DATA, SYN, stream, &[])).await;
                attacker.opens(stream + 2, BIND).await;
            }
            tasks.spawn(async move { attacker.ends_cut_off().await });
        }
        // It keeps its own requests waiting, and nobody else's.
        for _ in 0..50 {
            let asked = timeout(PATIENCE, ask(edge.https, Arc::clone(&edge.tls))).await;
            assert_eq!(asked.expect("an answer in time"), "app");
        }
        let stream = dial_at(edge.agents, Arc::clone(&edge.tls)).await;
        let mut newcomer = Agent::over(stream, Behind::App(App::new("newcomer")));
        assert_eq!(newcomer.authenticate(Some(&edge.authtoken)).await.error, "");
        newcomer.online("newcomer.tunnel.test").await;
    })
    .await;
}

#[tokio::test]
async fn clients_that_never_read() {
    beside_a_healthy_session(async |edge| {
        let (mut streams, behind) = Streams::new();
        let stream = dial_at(edge.agents, Arc::clone(&edge.tls)).await;
        let mut agent = Agent::over(stream, behind);
        assert_eq!(agent.authenticate(Some(&edge.authtoken)).await.error, "");
        let url = agent.bind(&tcp(&TcpOptions::default())).await.url;
        let port: u16 = url.rsplit_once(':').unwrap().1.parse().unwrap();
        let tasks = Tasks::new();
        let mut clients = Vec::new();
        for _ in 0..32 {
            clients.push(TcpStream::connect((edge.https.ip(), port)).await.unwrap());
            let (_, mut stream) = streams.next().await;
            // The app has endlessly much to say.
            tasks.spawn(async move { while stream.write_all(&[0; 64 * 1024]).await.is_ok() {} });
        }
        // One who reads gets it all the same.
        let mut reader = TcpStream::connect((edge.https.ip(), port)).await.unwrap();
        let (_, mut stream) = streams.next().await;
        tasks.spawn(async move { while stream.write_all(&[0; 64 * 1024]).await.is_ok() {} });
        let mut read = vec![0; 8 << 20];
        timeout(DEADLINE, reader.read_exact(&mut read)).await.expect("the bytes in time").unwrap();
    })
    .await;
}

#[tokio::test]
async fn requests_over_http2_that_are_reset_at_once() {
    beside_a_healthy_session(async |edge| {
        let tls = {
            let mut config = ClientConfig::clone(&edge.tls);
            config.alpn_protocols = vec![b"h2".to_vec()];
            TlsConnector::from(Arc::new(config))
        };
        let stream = TcpStream::connect(edge.https).await.unwrap();
        let mut stream = tls.connect(ServerName::try_from("app.tunnel.test").unwrap(), stream).await.unwrap();
        // HEADERS of `GET https://app.tunnel.test/` (RFC 7541, without any table or Huffman code), then RST_STREAM.
        let mut head = vec![0x82, 0x87, 0x84, 0x41, 15];
        head.extend(b"app.tunnel.test");
        let frame = |kind: u8, flags: u8, stream: u32, body: &[u8]| {
            let mut frame = (body.len() as u32).to_be_bytes()[1..].to_vec();
            frame.extend([kind, flags]);
            frame.extend(stream.to_be_bytes());
            frame.extend(body);
            frame
        };
        let preface = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), frame(4, 0, 0, &[])].concat();
        stream.write_all(&preface).await.unwrap();
        let (mut answers, mut requests) = tokio::io::split(stream);
        let flood = async {
            for id in (1..200_000).step_by(2) {
                let both = [frame(1, 5, id, &head), frame(3, 0, id, &8_u32.to_be_bytes())].concat();
                if requests.write_all(&both).await.is_err() {
                    return;
                }
            }
        };
        let ended = async {
            let mut some = [0; 16 * 1024];
            while answers.read(&mut some).await.is_ok_and(|length| length > 0) {}
        };
        let cut_off = async { tokio::join!(flood, ended) };
        timeout(DEADLINE, cut_off).await.expect("who resets all that it asks for is cut off");
    })
    .await;
}
