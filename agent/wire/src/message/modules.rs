//! What an edge does with a tunnel's traffic on the agent's request. Empty lists are not written.

use ground::Secret;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::secret;

/// Answers are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compression {}

/// WebSocket messages become a byte stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebsocketTcpConverter {}

/// Requests are refused while the upstream fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CircuitBreaker {
    /// The share of failures that is too much, 0 to 1.
    pub error_threshold: f64,
}

/// Who may connect, by CIDR.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct IpRestriction {
    /// Those who may.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allow_cidrs: Vec<String>,
    /// Those who may not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub deny_cidrs: Vec<String>,
}

/// User names and passwords.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BasicAuth {
    /// Each of them is good.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub credentials: Vec<Credential>,
}

/// One user name and its password.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Credential {
    /// The user's name.
    pub username: String,
    /// The password.
    #[serde(with = "secret::password", skip_serializing_if = "Option::is_none")]
    pub cleartext_password: Option<Secret>,
    /// Or a hash of it, in base64.
    #[serde(with = "secret::password", skip_serializing_if = "Option::is_none")]
    pub hashed_password: Option<Secret>,
}

/// Sign-in by a well-known provider.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OAuth {
    /// Its name.
    pub provider: String,
    /// The client at the provider; empty for ngrok's own.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub client_id: String,
    /// The client's secret.
    #[serde(with = "secret::client_secret", skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<Secret>,
    /// The same sealed, in base64.
    #[serde(with = "secret::client_secret", skip_serializing_if = "Option::is_none")]
    pub sealed_client_secret: Option<Secret>,
    /// Whom to let in, by e-mail address.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allow_emails: Vec<String>,
    /// Whom to let in, by the e-mail address's domain.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allow_domains: Vec<String>,
    /// The scopes to ask for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
}

/// Sign-in by an OpenID provider.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Oidc {
    /// The issuer, as its discovery document names itself.
    pub issuer_url: String,
    /// The client at the issuer.
    pub client_id: String,
    /// The client's secret.
    #[serde(with = "secret::client_secret")]
    pub client_secret: Option<Secret>,
    /// The same sealed, in base64; unused.
    #[serde(with = "secret::client_secret", skip_serializing_if = "Option::is_none")]
    pub sealed_client_secret: Option<Secret>,
    /// Whom to let in, by e-mail address; with [`allow_domains`](Self::allow_domains) empty too, everyone who may sign
    /// in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allow_emails: Vec<String>,
    /// Whom to let in, by the e-mail address's domain.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allow_domains: Vec<String>,
    /// The scopes to ask for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
}

/// Signed webhooks only.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct WebhookVerification {
    /// Whose webhooks.
    pub provider: String,
    /// What they are signed with.
    #[serde(with = "secret::webhook")]
    pub secret: Option<Secret>,
    /// The same sealed, in base64.
    #[serde(with = "secret::webhook", skip_serializing_if = "Option::is_none")]
    pub sealed_secret: Option<Secret>,
}

/// Client certificates.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MutualTls {
    /// Who issues them: PEM certificates, in base64.
    pub mutual_tls_ca: String,
}

/// Changes to headers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Headers {
    /// `name:value` to add.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub add: Vec<String>,
    /// Names to remove.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remove: Vec<String>,
    /// [`add`](Self::add) once more, by name.
    #[serde(rename = "addParsed", skip_serializing_if = "Map::is_empty")]
    pub add_parsed: Map<String, Value>,
}

/// Which user agents may come, by regular expression.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UserAgentFilter {
    /// Those that may.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allow: Vec<String>,
    /// Those that may not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub deny: Vec<String>,
}

/// The edge ends TLS, with its own certificate unless one is given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TlsTermination {
    /// The certificate chain, PEM in base64.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub cert: String,
    /// Its key, PEM in base64.
    #[serde(with = "secret::key", skip_serializing_if = "Option::is_none")]
    pub key: Option<Secret>,
    /// The same sealed, in base64.
    #[serde(with = "secret::key", skip_serializing_if = "Option::is_none")]
    pub sealed_key: Option<Secret>,
}
