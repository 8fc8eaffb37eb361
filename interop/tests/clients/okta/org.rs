//! An org, as a process of its own.

use std::ffi::OsString;

use bytes::Bytes;
use http::{Method, Request, header};
use serde_json::{Value, json};

use crate::standing::{Standing, text};

/// An org that `gatewright okta` stands up.
pub(crate) struct Org(Standing);

impl Org {
    pub(crate) async fn start(arguments: &[OsString]) -> Result<Self, String> {
        let arguments = [&["okta".into(), "--json".into()], arguments].concat();
        Ok(Self(Standing::start(&arguments).await?))
    }

    /// Its issuer, which is its URL.
    pub(crate) fn issuer(&self) -> &str {
        text(&self.0.said["okta"]["issuer"])
    }

    pub(crate) fn api_token(&self) -> &str {
        text(&self.0.said["okta"]["api_token"])
    }

    /// The file of the authority that vouches for it.
    pub(crate) fn authority(&self) -> &str {
        self.0.authority()
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
        self.0.ask(request).await
    }

    /// From now on it does this wrong.
    pub(crate) async fn misbehaves(&self, fault: &Value) -> Result<(), String> {
        self.post("/gatewright/v1/misbehaviour", &json!({ "fault": fault })).await.map(drop)
    }

    /// Interrupts it and waits for its end, which is to be an orderly one.
    pub(crate) async fn end(self) -> Result<(), String> {
        self.0.end().await
    }
}
