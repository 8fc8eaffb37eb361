//! `gatewright http` and `gatewright tunnel` against an edge.

use gatewright::parts::edge::model::EdgeChange;
use gatewright::parts::edge::{self, Event};

use crate::program::normalized;
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
async fn flags_reach_the_edge_which_enforces_or_refuses_them() {
    let world = World::new().await;
    let mut agent = world.agent(&["http", &world.app_port(), "--host-header=rewrite", "--inspect=false"]);
    agent.line("Forwarding").await;
    assert_eq!(agent.signal("INT").await.status, Some(0));
    // What no edge can be asked for is refused here.
    let agent = world.agent(&["http", &world.app_port(), "--circuit-breaker=7"]);
    let ended = agent.end().await;
    assert_eq!(ended.status, Some(2));
    assert_eq!(ended.stderr, "error: 7 is no share of failures; a circuit breaker's is from 0 to 1\n");
    let agent = world.agent(&["http", &world.app_port(), "--region", "eu"]);
    let ended = agent.end().await;
    assert_eq!(ended.status, Some(2));
    assert!(ended.stderr.contains("leave it out"), "{}", ended.stderr);
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
        .stdout(std::process::Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    drop(agent.stdout.take());
    let status = tokio::time::timeout(crate::program::DEADLINE, agent.wait()).await.unwrap().unwrap();
    assert_eq!(status.code(), Some(1));
}
