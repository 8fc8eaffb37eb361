//! `gatewright http` and `gatewright tunnel` against an edge.

use gatewright::parts::edge::model::EdgeChange;
use gatewright::parts::edge::{self, Event};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::program::{DEADLINE, Program, normalized};
use crate::world::{HELLO, World};

/// The public URL in a line `Forwarding   https://… -> http://…`.
fn url_of(line: &str) -> &str {
    line.split_whitespace().find(|word| word.starts_with("https://")).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tunnel_says_where_it_is_and_serves_until_ctrl_c() {
    let world = World::new().await;
    let mut agent = world.agent(&["http", &world.app_port()]);
    let forwarding = agent.line("Forwarding").await;
    let answer = world.get(&format!("{}/reports?year=2026", url_of(&forwarding))).await;
    assert_eq!(answer.body(), HELLO);
    agent.line("GET /reports").await;
    let ended = agent.signal("INT").await;
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""));
    let _normalized = normalized();
    insta::assert_snapshot!(ended.stdout);
    insta::assert_snapshot!(world.session_end().await, @"the peer went away: no error");
    assert_eq!(world.account().sessions().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_polite_kill_ends_it_as_ctrl_c_does() {
    let world = World::new().await;
    let mut agent = world.agent(&["http", &world.app_port(), "--domain", "https://mine.tunnel.localhost"]);
    let forwarding = agent.line("Forwarding").await;
    assert!(url_of(&forwarding).starts_with("https://mine.tunnel.localhost"), "{forwarding}");
    let ended = agent.signal("TERM").await;
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""));
    world.session_end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_labeled_tunnel_serves_its_edge() {
    let world = World::new().await;
    let https_edge = world.account().create_edge_with_tunnel_group("Edge with Okta SSO").unwrap();
    let host = edge::model::Host::parse("edge.tunnel.localhost").unwrap();
    let change = EdgeChange { hosts: Some(vec![host]), ..EdgeChange::default() };
    world.account().update_edge(&https_edge.id, change).unwrap();
    let label = format!("edge={}", https_edge.id);
    let app = format!("http://localhost:{}", world.app_port());
    let mut agent = world.agent(&["tunnel", "--label", &label, &app]);
    let forwarding = agent.line("Forwarding").await;
    assert_eq!(forwarding.split_whitespace().collect::<Vec<_>>(), ["Forwarding", &label, "->", &app]);
    let port = world.edge.https_addr().port();
    let answer = world.get(&format!("https://edge.tunnel.localhost:{port}/")).await;
    assert_eq!(answer.body(), HELLO);
    assert_eq!(agent.signal("INT").await.status, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_is_not_there_is_said() {
    let world = World::new().await;
    let mut agent = world.agent(&["http", "1"]);
    let forwarding = agent.line("Forwarding").await;
    let answer = world.get(url_of(&forwarding)).await;
    assert_eq!(answer.status(), 502, "{answer:?}");
    let line = agent.line("App unreachable").await;
    assert!(line.contains("http://localhost:1: Connection refused"), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_what_scripts_parse() {
    for format in ["json", "logfmt", "term"] {
        let world = World::new().await;
        let (port, metadata) = (world.app_port(), "the tests' own");
        let arguments = ["http", &port, "--log=stdout", "--log-format", format, "--metadata", metadata];
        let mut agent = world.agent(&arguments);
        agent.line("started tunnel").await;
        let endpoints = world.account().endpoints();
        world.get(&format!("https://{}:{}/x", endpoints[0].host, world.edge.https_addr().port())).await;
        agent.line("join connections").await;
        assert_eq!(world.account().sessions()[0].agent.metadata, metadata);
        let ended = agent.signal("INT").await;
        assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""));
        if format == "json" {
            for line in ended.stdout.lines() {
                let line: serde_json::Value = serde_json::from_str(line).unwrap();
                assert!(
                    line["msg"].is_string() && line["lvl"].is_string() && line["t"].is_string(),
                    "{line}"
                );
            }
        }
        let _normalized = normalized();
        insta::assert_snapshot!(format!("the_log_in_{format}"), ended.stdout);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_on_standard_error_leaves_standard_output_alone() {
    let world = World::new().await;
    let agent = world.agent(&["http", &world.app_port(), "--log=stderr", "--log-level=debug"]);
    let up = |event: &Event| matches!(event, Event::TunnelUp { .. }).then_some(());
    world.saw("the tunnel", up).await;
    let ended = agent.signal("INT").await;
    assert_eq!((ended.status, ended.stdout.as_str()), (Some(0), ""));
    assert!(ended.stderr.contains("client session established"), "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_in_a_file_leaves_the_console_where_it_is() {
    let world = World::new().await;
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("agent.log");
    let mut agent = world.agent(&["http", &world.app_port(), "--log", log.to_str().unwrap()]);
    agent.line("Forwarding").await;
    assert_eq!(agent.signal("INT").await.status, Some(0));
    let lines = std::fs::read_to_string(&log).unwrap();
    assert!(lines.contains("msg=\"started tunnel\" obj=tunnels name=command_line"), "{lines}");
    assert!(!lines.contains(world.authtoken.expose()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_flags_ask_for_is_enforced_by_the_edge() {
    let world = World::new().await;
    for (flag, status) in [
        ("--basic-auth=ann:long-enough", 401),
        ("--cidr-deny=127.0.0.0/8", 403),
        ("--ua-filter-allow=^Firefox", 403),
        ("--host-header=rewrite", 200),
        ("--inspect=false", 200),
        ("--response-header-add=x-served-by: gatewright", 200),
    ] {
        let mut agent = world.agent(&["http", &world.app_port(), flag]);
        let forwarding = agent.line("Forwarding").await;
        let answer = world.get(url_of(&forwarding)).await;
        assert_eq!(answer.status(), status, "{flag}: {answer:?}");
        let added = answer.headers().get("x-served-by").is_some();
        assert_eq!(added, flag.contains("x-served-by"), "{flag}");
        let ended = agent.signal("INT").await;
        assert_eq!(ended.status, Some(0));
        assert!(!ended.stdout.contains("long-enough"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_edge_can_be_asked_for_is_refused_before_it_is_called() {
    let world = World::new().await;
    let breaker = world.agent(&["http", &world.app_port(), "--circuit-breaker=7"]).end().await;
    assert_eq!(breaker.status, Some(2));
    let wanted = "error: 7 is no share of failures; a circuit breaker's is from 0 to 1\n";
    assert_eq!(breaker.stderr, wanted);
    let region = world.agent(&["http", &world.app_port(), "--region", "eu"]).end().await;
    assert_eq!(region.status, Some(2));
    assert!(region.stderr.contains("leave it out"), "{}", region.stderr);
    assert_eq!(world.account().sessions().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_at_the_edge_leads_to_the_app() {
    let world = World::new().await;
    let mut agent = world.agent(&["tcp", &world.app_port()]);
    let forwarding = agent.line("Forwarding").await;
    let url = forwarding.split_whitespace().find(|word| word.starts_with("tcp://")).unwrap();
    assert!(forwarding.ends_with(&format!("-> localhost:{}", world.app_port())), "{forwarding}");
    let port: u16 = url.rsplit(':').next().unwrap().parse().unwrap();
    let mut client = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    client.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    client.shutdown().await.unwrap();
    let mut answer = String::new();
    tokio::time::timeout(DEADLINE, client.read_to_string(&mut answer)).await.unwrap().unwrap();
    assert!(answer.ends_with(HELLO), "{answer}");
    assert_eq!(agent.signal("INT").await.status, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_machines_own_authorities_may_be_trusted_and_the_inspector_left_out() {
    let world = World::new().await;
    let environment = [
        ("GATEWRIGHT_SERVER_ADDR", &*world.server_addr()),
        ("NGROK_AUTHTOKEN", world.authtoken.expose()),
        ("SSL_CERT_FILE", world.trust_file()),
    ];
    let arguments = ["http", &world.app_port(), "--root-cas=host", "--web-addr=false", "--log=stdout"];
    let mut agent = Program::start_with(&arguments, &environment);
    agent.line("started tunnel").await;
    let ended = agent.signal("INT").await;
    assert_eq!(ended.status, Some(0));
    assert!(!ended.stdout.contains("starting web service"), "{}", ended.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edge_that_does_not_answer_is_called_again() {
    let world = World::new().await;
    let door = world.stubborn_door().await;
    let mut agent = world.agent_at(&door, &["http", &world.app_port()], Some(world.authtoken.expose()));
    let said = agent.line("reconnecting").await;
    assert!(said.contains(&door), "{said}");
    agent.line("Forwarding").await;
    assert_eq!(agent.signal("INT").await.status, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_waits_for_its_edge_can_be_interrupted() {
    let world = World::new().await;
    let nobody = "localhost:1";
    let mut agent = world.agent_at(nobody, &["http", "3000"], Some("token"));
    agent.line("reconnecting").await;
    let ended = agent.signal("INT").await;
    assert_eq!(ended.status, Some(0));
    let _normalized = normalized();
    insta::assert_snapshot!(ended.stdout, @r"
    Session Status                reconnecting (failed to dial the edge at localhost:1: Connection refused (os error 111); is it running, and is --server-addr right?)
    Version                       0.1.0
    Web Interface                 http://127.0.0.1:PORT
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_edge_may_stop_its_agent() {
    let world = World::new().await;
    let mut agent = world.agent(&["http", &world.app_port()]);
    agent.line("Forwarding").await;
    let session = world.account().sessions()[0].id.clone();
    world.account().stop_session(&session).await.unwrap();
    let ended = agent.end().await;
    assert_eq!(ended.status, Some(0));
    assert!(ended.stdout.ends_with("closed (the edge asked the agent to stop)\n"), "{}", ended.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_stops_reading_ends_the_agent() {
    let world = World::new().await;
    let mut agent = tokio::process::Command::new(env!("CARGO_BIN_EXE_gatewright"))
        .args(["http", &world.app_port(), "--server-addr", &world.server_addr()])
        .args(["--root-cas", world.trust_file(), "--authtoken", world.authtoken.expose()])
        .args(["--web-addr", "127.0.0.1:0", "--config", "/dev/null"])
        .stdout(std::process::Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    drop(agent.stdout.take());
    let status = tokio::time::timeout(crate::program::DEADLINE, agent.wait()).await.unwrap().unwrap();
    assert_eq!(status.code(), Some(1));
}
