//! A whole world for a program that embeds ngrok's SDK: an edge for it to join, and an org whose people come to it.

use std::path::Path;

use bytes::Bytes;
use http::{Method, Request, Response, header};
use serde_json::{Value, json};

use crate::standing::{Standing, text};

/// What `gatewright up` stands up, under names that every program on this machine can reach.
pub(crate) struct World(Standing);

impl World {
    pub(crate) async fn set() -> Result<Self, String> {
        Standing::start(&["up", "--json", "--loopback-urls"].map(Into::into)).await.map(Self)
    }

    /// An edge without an org, which keeps what it knows in this folder.
    pub(crate) async fn edge_alone(state: &Path) -> Result<Self, String> {
        let arguments = ["edge".into(), "--json".into(), "--state-dir".into(), state.into()];
        Standing::start(&arguments).await.map(Self)
    }

    /// The file of the authority that vouches for it.
    pub(crate) fn authority(&self) -> &str {
        self.0.authority()
    }

    pub(crate) fn authority_pem(&self) -> Result<String, String> {
        std::fs::read_to_string(self.authority()).map_err(|error| format!("{}: {error}", self.authority()))
    }

    /// Where agents join, as `host:port`.
    pub(crate) fn agent_addr(&self) -> &str {
        text(&self.0.said["edge"]["agent_addr"])
    }

    /// What an agent needs to join.
    pub(crate) fn way_in(&self) -> Value {
        json!({
            "authtoken": self.0.said["edge"]["authtoken"],
            "server_addr": self.agent_addr(),
            "root_cas": self.authority(),
        })
    }

    /// A name under the edge's domain.
    pub(crate) fn domain(&self, name: &str) -> String {
        format!("{name}.{}", text(&self.0.said["edge"]["domain"]))
    }

    /// The same, with the port at which people find it.
    pub(crate) fn hostport(&self, name: &str) -> String {
        format!("{}:{}", self.domain(name), self.https_port())
    }

    pub(crate) fn https_port(&self) -> u16 {
        let addr = text(&self.0.said["edge"]["https_addr"]);
        addr.rsplit(':').next().and_then(|port| port.parse().ok()).unwrap_or_default()
    }

    /// What stands in the address bar before a path of this name's.
    pub(crate) fn url(&self, name: &str) -> String {
        format!("https://{}", self.hostport(name))
    }

    pub(crate) fn api_url(&self) -> &str {
        text(&self.0.said["edge"]["api_url"])
    }

    pub(crate) fn api_key(&self) -> &str {
        text(&self.0.said["edge"]["api_key"])
    }

    pub(crate) fn issuer(&self) -> &str {
        text(&self.0.said["okta"]["issuer"])
    }

    /// The org's application, as endpoints are guarded with it.
    pub(crate) fn oidc(&self) -> Value {
        let okta = &self.0.said["okta"];
        json!({
            "oidc_issuer_url": okta["issuer"],
            "oidc_client_id": okta["client_id"],
            "oidc_client_secret": okta["client_secret"],
        })
    }

    /// Somebody who is assigned to the application, or isn't: `login` and `password`.
    pub(crate) fn person(&self, assigned: bool) -> &Value {
        let mut users = self.0.said["okta"]["users"].as_array().into_iter().flatten();
        users.find(|user| user["assigned"] == assigned).unwrap_or(&Value::Null)
    }

    /// What a program gets that opens a URL without a session.
    pub(crate) async fn get(&self, url: &str) -> Result<Response<Bytes>, String> {
        self.send(Request::get(url).body(Bytes::new()).map_err(|error| error.to_string())?).await
    }

    pub(crate) async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, String> {
        self.0.send(request).await
    }

    /// Asks the edge's control API.
    pub(crate) async fn api(&self, method: Method, path: &str, body: &Value) -> Result<Value, String> {
        let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.api_url()))
            .header(header::AUTHORIZATION, format!("Bearer {}", self.api_key()))
            .header("ngrok-version", "2")
            .header(header::CONTENT_TYPE, "application/json")
            .body(body)
            .map_err(|error| error.to_string())?;
        self.0.ask(request).await
    }

    /// Interrupts it and waits for its end, which is to be an orderly one.
    pub(crate) async fn end(self) -> Result<(), String> {
        self.0.end().await
    }
}
