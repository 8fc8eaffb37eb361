//! The command under ngrok's own name, as programs that drive ngrok call it.

use std::path::PathBuf;

use serde_json::json;
use tempfile::TempDir;

use crate::local::Local;
use crate::program::{Program, gatewright};
use crate::world::{HELLO, World};

/// A folder with the command as `ngrok`, and a configuration file that says where the edge is.
fn ngrok(world: &World, tunnels: &str) -> (TempDir, PathBuf, String) {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("ngrok");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_gatewright"), &program).unwrap();
    let config = folder.path().join("ngrok.yml");
    let content = format!(
        "version: 2\nauthtoken: {}\nserver_addr: {}\nroot_cas: {}\n{tunnels}",
        world.authtoken.expose(),
        world.server_addr(),
        world.trust_file(),
    );
    std::fs::write(&config, content).unwrap();
    let config = config.to_str().unwrap().to_owned();
    (folder, program, config)
}

#[test]
fn by_ngroks_name_it_is_the_agent_alone() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("ngrok");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_gatewright"), &program).unwrap();
    let said = |arguments: &[&str]| {
        let output = std::process::Command::new(&program).args(arguments).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let line = format!("ngrok version {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(said(&["version"]), (Some(0), line.clone()));
    assert_eq!(said(&["--version"]), (Some(0), line));
    assert_eq!(said(&["run"]).0, Some(2));
    let help = said(&["--help"]).1;
    assert!(help.contains("add-authtoken") || help.contains("config"), "{help}");
    assert!(!help.contains("okta") && !help.contains("scenario"), "{help}");
    gatewright()
        .arg("version")
        .assert()
        .success()
        .stdout(format!("gatewright version {}\n", env!("CARGO_PKG_VERSION")));
}

#[tokio::test(flavor = "multi_thread")]
async fn tunnels_are_started_and_stopped_by_the_local_api() {
    let world = World::new().await;
    let (_folder, program, config) = ngrok(&world, "");
    let mut agent =
        Program::start_as(&program, &["start", "--none", "--log", "stdout", "--config", &config], &[]);
    let local = Local::of_line(&agent.line("starting web service").await);
    agent.line("client session established").await;
    assert_eq!(local.get("/api/tunnels").await, json!({ "tunnels": [], "uri": "/api/tunnels" }));

    let wish = json!({ "name": "http-1", "addr": world.app_port(), "proto": "http", "inspect": true });
    let (status, tunnel) = local.post("/api/tunnels", &wish).await;
    assert_eq!(status, 201, "{tunnel}");
    assert_eq!(tunnel["uri"], "/api/tunnels/http-1");
    assert_eq!(
        tunnel["config"],
        json!({ "addr": format!("http://localhost:{}", world.app_port()), "inspect": true })
    );
    let url = tunnel["public_url"].as_str().unwrap();
    assert!(agent.line("started tunnel").await.contains(url));
    assert_eq!(world.get(&format!("{url}/reports?code=abcdefgh1234")).await.body(), HELLO);
    assert_eq!(local.get("/api/tunnels/http-1").await["metrics"]["http"]["count"], 1);

    let seen = local.get("/api/requests/http").await;
    let request = &seen["requests"][0];
    assert_eq!(request["request"]["method"], "GET");
    assert_eq!(request["response"]["status_code"], 200);
    assert!(!request["request"]["uri"].as_str().unwrap().contains("abcdefgh1234"), "{request}");
    let (status, _) = local.post("/api/requests/http", &json!({ "id": request["id"] })).await;
    assert_eq!(status, 204);

    let (status, twice) = local.post("/api/tunnels", &wish).await;
    assert_eq!((status, &twice["error_code"]), (400, &json!(102)), "{twice}");
    let taken = json!({ "name": "b", "addr": 80, "proto": "http", "domain": "api.tunnel.localhost" });
    let (status, refused) = local.post("/api/tunnels", &taken).await;
    assert_eq!((status, &refused["error_code"]), (502, &json!(103)), "{refused}");
    assert!(refused["details"]["err"].as_str().unwrap().ends_with("ERR_NGROK_320"), "{refused}");
    let (status, wrong) =
        local.post("/api/tunnels", &json!({ "name": "c", "adr": 80, "proto": "http" })).await;
    assert_eq!(status, 400);
    assert!(wrong["details"]["err"].as_str().unwrap().contains("did you mean `addr`?"), "{wrong}");

    assert_eq!(local.delete("/api/tunnels/http-1").await, 204);
    assert_eq!(local.delete("/api/tunnels/http-1").await, 404);
    assert_eq!(world.get(url).await.status(), 404);
    let ended = agent.signal("TERM").await;
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn several_tunnels_of_the_file_share_one_session() {
    let world = World::new().await;
    let app = world.app_port();
    let tunnels = format!(
        "tunnels:\n  one: {{ proto: http, addr: {app}, domain: one.tunnel.localhost }}\n  \
         two: {{ proto: http, addr: {app}, domain: two.tunnel.localhost }}\n"
    );
    let (_folder, program, config) = ngrok(&world, &tunnels);
    let mut agent = Program::start_as(&program, &["start", "--all", "--config", &config], &[]);
    for name in ["one", "two"] {
        agent.line(&format!("https://{name}.tunnel.localhost")).await;
        let port = world.edge.https_addr().port();
        assert_eq!(world.get(&format!("https://{name}.tunnel.localhost:{port}/")).await.body(), HELLO);
    }
    assert_eq!(world.account().sessions().len(), 1);
    assert_eq!(agent.signal("INT").await.status, Some(0));
}
