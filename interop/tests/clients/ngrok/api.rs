//! ngrok's client for its control API, as administrators' programs use it.

use serde_json::{Value, json};

use super::world::World;
use crate::packages::Packages;
use crate::platform::Platform;
use crate::script::{Said, Script};
use crate::test::{Client, Test};

const CLIENT: Client = Client { package: "ngrok-api", platform: Platform::Python("ngrok-api") };

/// What the API is by itself; what it does for endpoints is a matter of theirs.
pub(super) fn tests() -> Vec<Test> {
    vec![Test {
        name: "ngrok/api/keeps-what-it-is-given".into(),
        client: CLIENT,
        needs: vec![],
        play: Box::new(|packages| Box::pin(async move { keeps_what_it_is_given(&packages).await })),
    }]
}

/// What a program that uses the client saw, given what it needs beside the way in.
pub(super) async fn administer(
    name: &str,
    world: &World,
    packages: &Packages,
    mut scene: Value,
) -> Result<Value, String> {
    scene["api_url"] = world.api_url().into();
    scene["api_key"] = world.api_key().into();
    let packages = packages.of(CLIENT.platform).await?;
    match (Script { client: CLIENT, name }).play(&packages, world.authority(), &scene).await? {
        Said::Seen(seen) => Ok(seen),
        Said::Refused(refusal) => Err(refusal),
    }
}

async fn keeps_what_it_is_given(packages: &Packages) -> Result<(), String> {
    let world = World::set().await?;
    let domain = world.domain("reserved");
    let scene = json!({ "domain": domain, "hostport": world.hostport("edge") });
    let seen = administer("api", &world, packages, scene).await?;
    let expected = json!({
        "credentials": {
            "token": true, "later": null, "acl": ["bind:*.ci.test"], "changed": ["for nobody", []], "gone": true,
        },
        "keys": { "works": true, "later": [401, "ERR_NGROK_203"] },
        "domains": { "domain": domain, "again": [400, "ERR_NGROK_413"], "gone": true },
        "backends": { "first": 2, "all": true, "left": 0 },
        "edges": {
            "hostports": [world.hostport("edge")], "taken": [400, "ERR_NGROK_381"], "metadata": "changed",
            "gone": true,
        },
        "refusals": { "stranger": [401, "ERR_NGROK_202"], "unknown": [404, "ERR_NGROK_380"] },
    });
    if seen != expected {
        return Err(format!("the client saw {seen}, not {expected}"));
    }
    world.end().await
}
