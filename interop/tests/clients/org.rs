//! An org, as a process of its own.

use std::ffi::OsString;
use std::net::Ipv4Addr;
use std::process::Stdio;
use std::time::Duration;

use bytes::Bytes;
use gatewright::parts::ground::Outbound;
use gatewright::parts::ground::authority::client_config_trusting;
use gatewright::parts::ground::outbound::Route;
use http::{Method, Request, header};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::command;

/// How long the org may take to be there, and to go.
const DEADLINE: Duration = Duration::from_secs(30);

/// An org that `gatewright okta` stands up. Dropped, it is killed.
pub(crate) struct Org {
    child: Child,
    said: Value,
    outbound: Outbound,
}

impl Org {
    pub(crate) async fn start(arguments: &[OsString]) -> Result<Self, String> {
        let mut command = Command::new(command::gatewright()?);
        command
            .args(["okta", "--json"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn().map_err(|error| format!("{command:?}: {error}"))?;
        let output = child.stdout.take().ok_or("the org has no standard output")?;
        let mut lines = BufReader::new(output).lines();
        let line = tokio::time::timeout(DEADLINE, lines.next_line()).await;
        let line = line.map_err(|_| "the org was not there in time")?.map_err(|error| error.to_string())?;
        let line = line.ok_or("the org ended before it was there")?;
        let said: Value = serde_json::from_str(&line).map_err(|error| format!("{line}: {error}"))?;
        let pem = text(&said["ca_pem"]);
        let pem = std::fs::read_to_string(pem).map_err(|error| format!("{pem}: {error}"))?;
        let tls = client_config_trusting(&pem, "the org's own", &[b"http/1.1"]);
        let tls = tls.map_err(|error| error.to_string())?;
        Ok(Self { child, outbound: Outbound::new(Route::Loopback, Ipv4Addr::LOCALHOST, tls), said })
    }

    /// Its issuer, which is its URL.
    pub(crate) fn issuer(&self) -> &str {
        text(&self.said["okta"]["issuer"])
    }

    pub(crate) fn api_token(&self) -> &str {
        text(&self.said["okta"]["api_token"])
    }

    /// The file of the authority that vouches for it.
    pub(crate) fn authority(&self) -> &str {
        text(&self.said["ca_pem"])
    }

    /// Posts to its management API.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Value, String> {
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("{}{path}", self.issuer()))
            .header(header::AUTHORIZATION, format!("SSWS {}", self.api_token()))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Bytes::from(body.to_string()))
            .map_err(|error| error.to_string())?;
        let response = self.outbound.send(request).await.map_err(|error| error.to_string())?;
        let said = String::from_utf8_lossy(response.body());
        if !response.status().is_success() {
            return Err(format!("{} from {path}: {said}", response.status()));
        }
        serde_json::from_str(&said).map_err(|error| format!("{path}: {error}: {said}"))
    }

    /// From now on it does this wrong.
    pub(crate) async fn misbehaves(&self, fault: &Value) -> Result<(), String> {
        self.post("/gatewright/v1/misbehaviour", &json!({ "fault": fault })).await.map(drop)
    }

    /// Interrupts it and waits for its end, which is to be an orderly one.
    pub(crate) async fn end(mut self) -> Result<(), String> {
        let id = self.child.id().ok_or("the org has ended by itself")?;
        let sent = Command::new("kill").args(["-s", "INT", &id.to_string()]).status().await;
        sent.map_err(|error| format!("kill: {error}"))?;
        let ended = tokio::time::timeout(DEADLINE, self.child.wait()).await;
        let ended = ended.map_err(|_| "the org did not end in time")?.map_err(|error| error.to_string())?;
        if ended.success() { Ok(()) } else { Err(format!("the org ended with {ended}")) }
    }
}

/// What is no text is as good as none: the org refuses an empty one.
fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
