//! What `gatewright` stands up, as a process of its own.

use std::ffi::OsString;
use std::net::Ipv4Addr;
use std::process::Stdio;
use std::time::Duration;

use bytes::Bytes;
use gatewright::parts::ground::Outbound;
use gatewright::parts::ground::authority::client_config_trusting;
use gatewright::parts::ground::outbound::Route;
use http::{Request, Response};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::command;

/// How long it may take to be there, and to go.
const DEADLINE: Duration = Duration::from_secs(30);

/// A `gatewright` command that stands until it is interrupted. Dropped, it is killed.
pub(crate) struct Standing {
    child: Child,
    outbound: Outbound,
    /// What it said of itself.
    pub(crate) said: Value,
}

impl Standing {
    pub(crate) async fn start(arguments: &[OsString]) -> Result<Self, String> {
        let mut command = Command::new(command::gatewright()?);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().map_err(|error| format!("{command:?}: {error}"))?;
        let output = child.stdout.take().ok_or("gatewright has no standard output")?;
        let mut lines = BufReader::new(output).lines();
        let line = tokio::time::timeout(DEADLINE, lines.next_line()).await;
        let line = line.map_err(|_| format!("{command:?} said nothing in time"))?;
        let line = line.map_err(|error| error.to_string())?;
        let line = line.ok_or_else(|| format!("{command:?} ended before it was there"))?;
        let said: Value = serde_json::from_str(&line).map_err(|error| format!("{line}: {error}"))?;
        let pem = text(&said["ca_pem"]);
        let pem = std::fs::read_to_string(pem).map_err(|error| format!("{pem}: {error}"))?;
        let tls =
            client_config_trusting(&pem, "its own", &[b"http/1.1"]).map_err(|error| error.to_string())?;
        Ok(Self { child, outbound: Outbound::new(Route::Loopback, Ipv4Addr::LOCALHOST, tls), said })
    }

    /// The file of the authority that vouches for it.
    pub(crate) fn authority(&self) -> &str {
        text(&self.said["ca_pem"])
    }

    pub(crate) async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, String> {
        let what = format!("{} {}", request.method(), request.uri());
        self.outbound.send(request).await.map_err(|error| format!("{what}: {error}"))
    }

    /// The same, for what is to succeed and answers with JSON, if with anything.
    pub(crate) async fn ask(&self, request: Request<Bytes>) -> Result<Value, String> {
        let what = format!("{} {}", request.method(), request.uri());
        let response = self.send(request).await?;
        let said = String::from_utf8_lossy(response.body());
        if !response.status().is_success() {
            return Err(format!("{} from {what}: {said}", response.status()));
        }
        if said.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(&said).map_err(|error| format!("{what}: {error}: {said}"))
    }

    /// Interrupts it and waits for its end, which is to be an orderly one.
    pub(crate) async fn end(mut self) -> Result<(), String> {
        let id = self.child.id().ok_or("gatewright has ended by itself")?;
        let sent = Command::new("kill").args(["-s", "INT", &id.to_string()]).status().await;
        sent.map_err(|error| format!("kill: {error}"))?;
        let ended = tokio::time::timeout(DEADLINE, self.child.wait()).await;
        let ended =
            ended.map_err(|_| "gatewright did not end in time")?.map_err(|error| error.to_string())?;
        if ended.success() { Ok(()) } else { Err(format!("gatewright ended with {ended}")) }
    }
}

/// What is no text is as good as none: an empty one is refused wherever it goes.
pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
