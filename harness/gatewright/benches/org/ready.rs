//! From nothing to an org that answers: in process, and as a process.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use gatewright::parts::mock_idp::KeyPool;
use ground::authority::client_config_trusting;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::runtime::Handle;

use crate::client::Client;
use crate::figures::{Laps, Table, Watch};
use crate::scene::{self, DISCOVERY, JWKS, OWN_TOKEN, SCOPE, Scene};
use crate::{Effort, Outcome, command, machine};

const ALL: &str = "in all";

pub(crate) async fn measure(effort: Effort, threads: &Handle) -> Outcome<Table> {
    let program = command::build()?;
    let place = tempfile::tempdir()?;
    let keys = place.path().join("gatewright").join("keys");
    let mut in_process = Laps::default();
    for round in 0..=effort.starts {
        let mut watch = Watch::start();
        let pool = KeyPool::open(&keys)?;
        let scene = start(pool, threads, &mut watch).await?;
        // The first round makes the keys that the others find.
        machine::still("signing keys").await;
        scene.strike().await;
        if round > 0 {
            watch.count(&mut in_process, ALL);
        }
    }
    let mut processes = [Laps::default(), Laps::default()];
    for (warm, (laps, count)) in [true, false].into_iter().zip(processes.iter_mut().zip(effort.processes)) {
        for _ in 0..count {
            let empty = tempfile::tempdir()?;
            let cache = if warm { place.path() } else { empty.path() };
            let mut watch = Watch::start();
            run(&program, cache, &mut watch).await?;
            watch.count(laps, ALL);
        }
    }
    let mut table = Table::new("Ready, ms", &["median", "p95"]);
    let [warm, cold] = processes;
    for (title, laps) in [
        (format!("in process, keys kept from before, {} times", effort.starts), in_process),
        (format!("as a process, keys kept from before, {} times", effort.processes[0]), warm),
        (format!("as a process, with no keys yet, {} times", effort.processes[1]), cold),
    ] {
        table.row(title, []);
        table.laps(&laps);
    }
    Ok(table)
}

async fn start(pool: KeyPool, threads: &Handle, watch: &mut Watch) -> Outcome<Scene> {
    let scene = Scene::set(pool, threads).await?;
    let mut client = scene.client().await?;
    client.get(DISCOVERY).await?;
    watch.lap("  to the first discovery answer");
    client.get(JWKS).await?;
    watch.lap("  to the first JWK set");
    let service = scene::service(scene.model())?;
    let mut client = client.authorized(&scene::basic(&service)?)?;
    client.post_form(OWN_TOKEN, &scene::for_itself()).await?;
    watch.lap("  an app made, its first token");
    Ok(scene)
}

/// The same by `gatewright okta`, from its start; the app is made by the management API.
async fn run(program: &Path, cache: &Path, watch: &mut Watch) -> Outcome {
    let mut okta = Command::new(program);
    okta.args(["okta", "--json"]).env("XDG_CACHE_HOME", cache).stdout(Stdio::piped()).kill_on_drop(true);
    let mut process = okta.spawn()?;
    let out = process.stdout.take().ok_or("its output is elsewhere")?;
    let line = BufReader::new(out).lines().next_line().await?.ok_or("it has said nothing")?;
    let said: Value = serde_json::from_str(&line)?;
    let text = |value: &Value| value.as_str().map(str::to_owned).ok_or("it has not said all");
    let tls =
        client_config_trusting(&std::fs::read_to_string(text(&said["ca_pem"])?)?, "ca_pem", &[b"http/1.1"])?;
    let (issuer, address) = (text(&said["okta"]["issuer"])?, text(&said["okta"]["https_addr"])?.parse()?);
    let mut client = Client::connect(&issuer, address, &tls).await?;
    client.get(DISCOVERY).await?;
    watch.lap("  to the first discovery answer");
    client.get(JWKS).await?;
    watch.lap("  to the first JWK set");
    let mut client = client.authorized(&format!("SSWS {}", text(&said["okta"]["api_token"])?))?;
    let app = client.post_json("/api/v1/apps", &new_service()).await?;
    let scope = json!({ "name": SCOPE });
    client.post_json("/api/v1/authorizationServers/default/scopes", &scope).await?;
    let credentials = &app["credentials"]["oauthClient"];
    let (id, secret) = (text(&credentials["client_id"])?, text(&credentials["client_secret"])?);
    let mut client = client.authorized(&scene::basic_of(&id, &secret))?;
    client.post_form(OWN_TOKEN, &scene::for_itself()).await?;
    watch.lap("  an app made by the API, its first token");
    end(process).await
}

fn new_service() -> Value {
    json!({
        "name": "oidc_client",
        "label": "Importer",
        "signOnMode": "OPENID_CONNECT",
        "credentials": { "oauthClient": { "token_endpoint_auth_method": "client_secret_basic" } },
        "settings": { "oauthClient": {
            "application_type": "service",
            "grant_types": ["client_credentials"],
            "response_types": ["token"],
        } },
    })
}

/// Interrupts it as Ctrl-C does, so that it gives its keys back.
async fn end(mut process: Child) -> Outcome {
    let id = process.id().ok_or("it has ended by itself")?;
    Command::new("kill").args(["-s", "INT", &id.to_string()]).status().await?;
    tokio::time::timeout(Duration::from_secs(30), process.wait()).await??;
    Ok(())
}
