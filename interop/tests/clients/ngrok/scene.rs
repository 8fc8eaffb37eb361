//! What every exercise finds: a world, and a program that embeds the SDK.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use super::sdk::{Agent, Sdk};
use super::world::World;
use crate::packages::Packages;

/// How long may pass until something is so, and between two looks at it.
pub(super) const DEADLINE: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(20);

/// What an exercise finds.
pub(super) struct Scene {
    pub(super) sdk: Sdk,
    pub(super) world: World,
    pub(super) agent: Agent,
    /// Those of whatever else an exercise needs.
    pub(super) packages: Arc<Packages>,
}

impl Scene {
    pub(super) async fn set(sdk: Sdk, packages: Arc<Packages>) -> Result<Self, String> {
        let program = packages.of(sdk.client().platform).await?;
        let world = World::set().await?;
        let agent = Agent::start(sdk, &program, world.authority()).await?;
        Ok(Self { sdk, world, agent, packages })
    }

    /// The program joins the edge.
    pub(super) async fn connect(&mut self) -> Result<(), String> {
        self.agent.done(json!({ "do": "connect", "session": self.world.way_in() })).await.map(drop)
    }

    /// The agents' sessions that the edge knows.
    pub(super) async fn sessions(&self) -> Result<Vec<Value>, String> {
        let said = self.world.api(Method::GET, "/tunnel_sessions", &Value::Null).await?;
        said["tunnel_sessions"].as_array().cloned().ok_or_else(|| format!("the API said {said}"))
    }

    /// Whether somebody who opens this URL is told that nobody serves it.
    pub(super) async fn is_offline(&self, url: &str) -> Result<bool, String> {
        let response = self.world.get(url).await?;
        let code = response.headers().get("ngrok-error-code").and_then(|code| code.to_str().ok());
        match (response.status().as_u16(), code) {
            (404, Some("ERR_NGROK_3200")) => Ok(true),
            (200, _) => Ok(false),
            (status, code) => Err(format!("{status} with {code:?} from {url}")),
        }
    }

    /// The program binds an HTTP endpoint, with its own app behind it.
    pub(super) async fn listen(&mut self, options: Value) -> Result<Value, String> {
        self.agent.done(http(&options)).await
    }

    /// Lets the program and the world come to their ends, which are to be orderly ones.
    pub(super) async fn end(self) -> Result<(), String> {
        self.agent.end().await?;
        self.world.end().await
    }
}

/// What asks for an HTTP endpoint with these options and the program's own app behind it.
pub(super) fn http(options: &Value) -> Value {
    json!({ "do": "listen", "proto": "http", "options": options, "app": "own" })
}

/// What was seen is to be this.
pub(super) fn expect(what: &str, seen: &Value, expected: &Value) -> Result<(), String> {
    if seen == expected { Ok(()) } else { Err(format!("{what}: {seen}, not {expected}")) }
}

/// Asks again and again until this is so. What is asked has no way to tell by itself.
pub(super) async fn eventually(
    what: &str,
    is_so: impl AsyncFn() -> Result<bool, String>,
) -> Result<(), String> {
    let asking = async {
        while !is_so().await? {
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    };
    let asked = tokio::time::timeout(DEADLINE, asking).await;
    asked.unwrap_or_else(|_| Err(format!("{what}: not within {} s", DEADLINE.as_secs())))
}
