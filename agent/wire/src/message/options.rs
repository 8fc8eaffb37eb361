//! The options of an endpoint: the object as it came, and typed views of it.

use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::fold::{self, ShapeError};
use super::modules::{
    BasicAuth, CircuitBreaker, Compression, Headers, IpRestriction, MutualTls, OAuth, Oidc, TlsTermination,
    UserAgentFilter, WebhookVerification, WebsocketTcpConverter,
};
use super::policy_text::PolicyText;

/// Options as they came, every member kept, so that an answer can echo them and a rebind repeat them. `Debug` shows the
/// names of the members and no values.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Options(Map<String, Value>);

impl Options {
    /// Options from a typed view.
    pub fn new(view: &impl Serialize) -> Self {
        match serde_json::to_value(view) {
            Ok(Value::Object(members)) => Self(members),
            _ => Self::default(),
        }
    }

    /// The options of an `http` or `https` endpoint.
    pub fn http(&self) -> Result<HttpOptions, ShapeError> {
        self.view()
    }

    /// The options of a `tcp` endpoint.
    pub fn tcp(&self) -> Result<TcpOptions, ShapeError> {
        self.view()
    }

    /// The options of a `tls` endpoint.
    pub fn tls(&self) -> Result<TlsOptions, ShapeError> {
        self.view()
    }

    /// These options with `member` (`Hostname`, or `Addr`) set to what the edge assigned, and with the members that the
    /// Rust clients miss when they are absent.
    pub fn assigned(mut self, member: &str, value: &str) -> Self {
        let absent = [
            ("Hostname", Value::from("")),
            ("Auth", Value::from("")),
            ("Subdomain", Value::from("")),
            ("HostHeaderRewrite", Value::from(false)),
            ("ProxyProto", Value::from(0)),
            ("MutualTLSAtAgent", Value::from(false)),
            ("Addr", Value::from("")),
        ];
        for (name, default) in absent {
            let value = self.remove(name).filter(|value| !value.is_null()).unwrap_or(default);
            self.0.insert(name.to_owned(), value);
        }
        self.remove(member);
        self.0.insert(member.to_owned(), Value::from(value));
        self
    }

    /// Takes a member out, whatever its case.
    fn remove(&mut self, member: &str) -> Option<Value> {
        let key = self.0.keys().find(|key| key.eq_ignore_ascii_case(member))?.clone();
        self.0.remove(&key)
    }

    fn view<T: DeserializeOwned>(&self) -> Result<T, ShapeError> {
        fold::from_value(Value::Object(self.0.clone()))
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// The options of an `http` or `https` endpoint. Modules that are not asked for are none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct HttpOptions {
    /// The wished name, as current Rust clients ask for it.
    pub domain: String,
    /// The wished name, as older clients ask for it; in an answer, the name that was assigned.
    pub hostname: String,
    /// The wished name's first label, as the oldest clients ask for it.
    pub subdomain: String,
    /// The wished URL, as Go asks for it.
    #[serde(rename = "URL", skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Basic auth of the oldest clients, `user:password`.
    pub auth: String,
    /// The Host header is rewritten to the upstream's.
    pub host_header_rewrite: bool,
    /// The scheme of the upstream.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub local_url_scheme: Option<String>,
    /// The PROXY header's version that the upstream wants, 0 for none.
    pub proxy_proto: u8,
    /// Answers are compressed.
    pub compression: Option<Compression>,
    /// Requests are refused while the upstream fails.
    pub circuit_breaker: Option<CircuitBreaker>,
    /// Who may connect.
    #[serde(rename = "IPRestriction")]
    pub ip_restriction: Option<IpRestriction>,
    /// User names and passwords.
    pub basic_auth: Option<BasicAuth>,
    /// Sign-in by a well-known provider.
    #[serde(rename = "OAuth")]
    pub oauth: Option<OAuth>,
    /// Sign-in by an OpenID provider.
    #[serde(rename = "OIDC")]
    pub oidc: Option<Oidc>,
    /// Signed webhooks only.
    pub webhook_verification: Option<WebhookVerification>,
    /// Client certificates.
    #[serde(rename = "MutualTLSCA")]
    pub mutual_tls_ca: Option<MutualTls>,
    /// Changes to the request's headers.
    pub request_headers: Option<Headers>,
    /// Changes to the answer's headers.
    pub response_headers: Option<Headers>,
    /// WebSocket messages become a byte stream.
    #[serde(rename = "WebsocketTCPConverter")]
    pub websocket_tcp_converter: Option<WebsocketTcpConverter>,
    /// Which user agents may come.
    pub user_agent_filter: Option<UserAgentFilter>,
    /// A traffic policy, JSON or YAML text.
    pub traffic_policy: Option<PolicyText>,
}

/// The options of a `tcp` endpoint.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct TcpOptions {
    /// The wished address; in an answer, the one that was assigned.
    pub addr: String,
    /// The wished URL, as Go asks for it.
    #[serde(rename = "URL", skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The PROXY header's version that the upstream wants, 0 for none.
    pub proxy_proto: u8,
    /// Who may connect.
    #[serde(rename = "IPRestriction")]
    pub ip_restriction: Option<IpRestriction>,
    /// A traffic policy, JSON or YAML text.
    pub traffic_policy: Option<PolicyText>,
}

/// The options of a `tls` endpoint.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct TlsOptions {
    /// The wished name, as current Rust clients ask for it.
    pub domain: String,
    /// The wished name, as older clients ask for it; in an answer, the name that was assigned.
    pub hostname: String,
    /// The wished name's first label, as the oldest clients ask for it.
    pub subdomain: String,
    /// The wished URL, as Go asks for it.
    #[serde(rename = "URL", skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The PROXY header's version that the upstream wants, 0 for none.
    pub proxy_proto: u8,
    /// The agent checks client certificates itself.
    #[serde(rename = "MutualTLSAtAgent")]
    pub mutual_tls_at_agent: bool,
    /// The edge checks client certificates.
    #[serde(rename = "MutualTLSAtEdge")]
    pub mutual_tls_at_edge: Option<MutualTls>,
    /// The edge ends TLS; none: it passes through.
    #[serde(rename = "TLSTermination")]
    pub tls_termination: Option<TlsTermination>,
    /// Who may connect.
    #[serde(rename = "IPRestriction")]
    pub ip_restriction: Option<IpRestriction>,
    /// A traffic policy, JSON or YAML text.
    pub traffic_policy: Option<PolicyText>,
}
