//! Our command in the place of ngrok's, as pyngrok drives it.

use std::fs;

use serde_json::json;

use super::scene::expect;
use super::upstream::Upstream;
use super::world::World;
use crate::command::gatewright;
use crate::packages::Packages;
use crate::platform::Platform;
use crate::script::{Said, Script};
use crate::test::{Client, Test};

const CLIENT: Client = Client { package: "pyngrok", platform: Platform::Python("pyngrok") };

const HELLO: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";

pub(super) fn tests() -> Vec<Test> {
    vec![Test {
        name: "ngrok/command/is-driven".into(),
        client: CLIENT,
        needs: vec![],
        play: Box::new(|packages| Box::pin(async move { is_driven(&packages).await })),
    }]
}

async fn is_driven(packages: &Packages) -> Result<(), String> {
    let installed = packages.of(CLIENT.platform).await?;
    let (world, upstream) = (World::set().await?, Upstream::answering(HELLO).await?);
    let folder = tempfile::Builder::new().prefix("gatewright-interop-").tempdir();
    let folder = folder.map_err(|error| format!("a folder for configurations can't be made: {error}"))?;
    let (addr, authority) = (world.agent_addr(), world.authority());
    let [two, three] = [
        ("two.yml", format!("version: '2'\nserver_addr: {addr}\nroot_cas: {authority}\nweb_addr: 127.0.0.1:0\n")),
        (
            "three.yml",
            format!(
                "version: '3'\nagent:\n  connect_url: {addr}\n  connect_cas: {authority}\n  web_addr: 127.0.0.1:0\n"
            ),
        ),
    ]
    .map(|(name, text)| {
        let path = folder.path().join(name);
        fs::write(&path, text).map(|()| path).map_err(|error| format!("{name}: {error}"))
    });
    let scene = json!({
        "command": gatewright()?,
        "configs": { "two": { "version": "2", "path": two? }, "three": { "version": "3", "path": three? } },
        "authtoken": world.way_in()["authtoken"],
        "domain": world.domain("app"),
        "upstream": upstream.addr().port(),
    });
    let script = Script { client: CLIENT, name: "drive" };
    let seen = match script.play(&installed, world.authority(), &scene).await? {
        Said::Seen(seen) => seen,
        Said::Refused(refusal) => return Err(refusal),
    };
    let url = world.url("app");
    let once = json!({
        "url": url, "answer": "hello", "requests": 1, "listed": [url], "alive": true,
        "disconnected": [404, "ERR_NGROK_3200"], "left": 0, "killed": true, "stranger": true,
    });
    expect("what pyngrok saw", &seen, &json!({ "two": once, "three": once }))?;
    world.end().await
}
