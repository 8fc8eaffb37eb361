//! What a tunnel's traffic is asked to be, flag by flag.

use std::path::PathBuf;

use clap::Args;
use gatewright::parts::client::config::COMMAND_LINE;
use gatewright::parts::client::definition::{Proto, TerminateAt};
use gatewright::parts::client::endpoint::UpstreamProtocol;
use gatewright::parts::client::{Definition, Oidc, Scheme};
use gatewright::parts::ground::Secret;

use super::Joining;
use super::flags::{
    client_secret, domain, login, proxy_proto, scheme, terminate_at, upstream_protocol, webhook_secret,
};

/// Under which name.
#[derive(Debug, Args)]
pub(super) struct Naming {
    /// The name to serve the app under, instead of one that the edge chooses
    #[arg(long, alias = "hostname", value_name = "NAME", value_parser = domain, conflicts_with_all = ["url", "subdomain"])]
    domain: Option<String>,
    /// The same as a URL
    #[arg(long, value_name = "URL", conflicts_with = "subdomain")]
    url: Option<String>,
    /// The same as a label under the edge's own domain
    #[arg(long, value_name = "LABEL")]
    subdomain: Option<String>,
}

/// What HTTP is asked to be.
#[derive(Debug, Args)]
pub(super) struct HttpTraffic {
    /// Guard the tunnel by this OpenID Connect issuer
    #[arg(long, value_name = "URL", requires_all = ["oidc_client_id", "oidc_client_secret"])]
    oidc: Option<String>,
    /// The client ID that the issuer gave
    #[arg(long, value_name = "ID", requires = "oidc")]
    oidc_client_id: Option<String>,
    /// The client secret that the issuer gave
    #[arg(long, value_name = "SECRET", requires = "oidc", value_parser = client_secret)]
    oidc_client_secret: Option<Secret>,
    /// A scope to ask for besides openid, profile and email
    #[arg(long, value_name = "SCOPE", requires = "oidc")]
    oidc_scope: Vec<String>,
    /// Let in only this e-mail address
    #[arg(long, value_name = "EMAIL", requires = "oidc")]
    oidc_allow_email: Vec<String>,
    /// Let in only e-mail addresses of this domain
    #[arg(long, value_name = "DOMAIN", requires = "oidc")]
    oidc_allow_domain: Vec<String>,
    /// Ask for one of these user names and passwords
    #[arg(long, value_name = "USER:PASSWORD", value_parser = login)]
    basic_auth: Vec<Secret>,
    /// Refuse requests while this share of them fails at the app, from 0 to 1
    #[arg(long, value_name = "SHARE")]
    circuit_breaker: Option<f64>,
    /// Compress answers
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    compression: Option<bool>,
    /// The Host header that the app reads: preserve, rewrite to the app's own, or this
    #[arg(long, value_name = "HOST")]
    host_header: Option<String>,
    /// The PEM file of the authorities whose client certificates are let in
    #[arg(long, value_name = "FILE")]
    mutual_tls_cas: Option<PathBuf>,
    /// Add a header to each request
    #[arg(long, value_name = "NAME:VALUE")]
    request_header_add: Vec<String>,
    /// Remove a header from each request
    #[arg(long, value_name = "NAME")]
    request_header_remove: Vec<String>,
    /// Add a header to each answer
    #[arg(long, value_name = "NAME:VALUE")]
    response_header_add: Vec<String>,
    /// Remove a header from each answer
    #[arg(long, value_name = "NAME")]
    response_header_remove: Vec<String>,
    /// The URL's scheme [default: https]
    #[arg(long, value_name = "SCHEME", value_parser = scheme())]
    scheme: Option<Scheme>,
    /// Let in user agents that match this regular expression
    #[arg(long, value_name = "REGEX")]
    ua_filter_allow: Vec<String>,
    /// Keep out user agents that match this regular expression
    #[arg(long, value_name = "REGEX")]
    ua_filter_deny: Vec<String>,
    /// Let in only webhooks that this provider has signed
    #[arg(long, value_name = "PROVIDER")]
    verify_webhook: Option<String>,
    /// What they are signed with
    #[arg(long, value_name = "SECRET", requires = "verify_webhook", value_parser = webhook_secret)]
    verify_webhook_secret: Option<Secret>,
    /// Turn WebSocket messages into a stream of bytes for the app
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    websocket_tcp_converter: Option<bool>,
    /// What HTTP the app speaks [default: http1]
    #[arg(long, alias = "app-protocol", value_name = "PROTOCOL", value_parser = upstream_protocol())]
    upstream_protocol: Option<UpstreamProtocol>,
    /// Verify the certificate of an https:// app
    #[arg(
        long,
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        requires = "upstream_tls_verify_cas"
    )]
    upstream_tls_verify: Option<bool>,
    /// The PEM file of the authority that the app's certificate must come from
    #[arg(long, value_name = "FILE")]
    upstream_tls_verify_cas: Option<PathBuf>,
    /// Keep what passes for the inspector [default: true]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    inspect: Option<bool>,
}

/// Where TLS ends, and as whom.
#[derive(Debug, Args)]
pub(super) struct TlsTraffic {
    /// The PEM file of the certificate to end TLS with
    #[arg(long, value_name = "FILE", requires = "key")]
    crt: Option<PathBuf>,
    /// The PEM file of its private key
    #[arg(long, value_name = "FILE", requires = "crt")]
    key: Option<PathBuf>,
    /// Where TLS ends [default: at the agent with a certificate, at the app without]
    #[arg(long, value_name = "WHERE", value_parser = terminate_at())]
    terminate_at: Option<TerminateAt>,
    /// The PEM file of the authorities whose client certificates are let in
    #[arg(long, value_name = "FILE")]
    mutual_tls_cas: Option<PathBuf>,
}

/// What every kind of connection is asked to be.
#[derive(Debug, Args)]
pub(super) struct Connections {
    /// Let in only these addresses
    #[arg(long, value_name = "CIDR", value_delimiter = ',')]
    cidr_allow: Vec<String>,
    /// Keep these addresses out
    #[arg(long, value_name = "CIDR", value_delimiter = ',')]
    cidr_deny: Vec<String>,
    /// The version of the PROXY header that the app reads [default: none]
    #[arg(long, value_name = "VERSION", value_parser = proxy_proto())]
    proxy_proto: Option<u8>,
    /// A file with a traffic policy, JSON or YAML
    #[arg(long, value_name = "FILE")]
    traffic_policy_file: Option<PathBuf>,
}

/// What a tunnel is called, and with whom it shares its URL.
#[derive(Debug, Args)]
pub(super) struct Common {
    /// The tunnel's name here [default: command_line]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// What the tunnel is for, for people
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Let other endpoints share the URL
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pooling_enabled: Option<bool>,
}

impl Common {
    pub(super) fn definition(&self, proto: Proto, addr: &str, joining: &Joining) -> Definition {
        Definition {
            name: self.name.clone().unwrap_or_else(|| COMMAND_LINE.to_owned()),
            proto,
            addr: addr.to_owned(),
            metadata: joining.metadata.clone().unwrap_or_default(),
            description: self.description.clone().unwrap_or_default(),
            pooling_enabled: self.pooling_enabled.unwrap_or_default(),
            ..Definition::default()
        }
    }
}

impl Naming {
    pub(super) fn tell(&self, asked: &mut Definition) {
        asked.domain = self.domain.clone().unwrap_or_default();
        asked.url = self.url.clone().unwrap_or_default();
        asked.subdomain = self.subdomain.clone().unwrap_or_default();
    }
}

impl HttpTraffic {
    pub(super) fn tell(&self, asked: &mut Definition) {
        asked.oidc = self.oidc.as_ref().map(|issuer_url| Oidc {
            issuer_url: issuer_url.clone(),
            client_id: self.oidc_client_id.clone().unwrap_or_default(),
            client_secret: self.oidc_client_secret.clone(),
            allow_emails: self.oidc_allow_email.clone(),
            allow_domains: self.oidc_allow_domain.clone(),
            scopes: self.oidc_scope.clone(),
            ..Oidc::default()
        });
        asked.basic_auth.clone_from(&self.basic_auth);
        asked.circuit_breaker = self.circuit_breaker;
        asked.compression = self.compression.unwrap_or_default();
        asked.host_header = self.host_header.clone().unwrap_or_default();
        asked.mutual_tls_cas.clone_from(&self.mutual_tls_cas);
        asked.request_header_add.clone_from(&self.request_header_add);
        asked.request_header_remove.clone_from(&self.request_header_remove);
        asked.response_header_add.clone_from(&self.response_header_add);
        asked.response_header_remove.clone_from(&self.response_header_remove);
        asked.scheme = self.scheme;
        asked.ua_filter_allow.clone_from(&self.ua_filter_allow);
        asked.ua_filter_deny.clone_from(&self.ua_filter_deny);
        asked.verify_webhook = self.verify_webhook.clone().unwrap_or_default();
        asked.verify_webhook_secret.clone_from(&self.verify_webhook_secret);
        asked.websocket_tcp_converter = self.websocket_tcp_converter.unwrap_or_default();
        asked.upstream_protocol = self.upstream_protocol.unwrap_or_default();
        asked.upstream_tls_verify = self.upstream_tls_verify.unwrap_or_default();
        asked.upstream_tls_verify_cas.clone_from(&self.upstream_tls_verify_cas);
        asked.inspect = self.inspect;
    }
}

impl TlsTraffic {
    pub(super) fn tell(&self, asked: &mut Definition) {
        asked.crt.clone_from(&self.crt);
        asked.key.clone_from(&self.key);
        asked.terminate_at = self.terminate_at;
        asked.mutual_tls_cas.clone_from(&self.mutual_tls_cas);
    }
}

impl Connections {
    pub(super) fn tell(&self, asked: &mut Definition) {
        asked.allow_cidrs.clone_from(&self.cidr_allow);
        asked.deny_cidrs.clone_from(&self.cidr_deny);
        asked.proxy_proto = self.proxy_proto.unwrap_or_default();
        asked.traffic_policy_file.clone_from(&self.traffic_policy_file);
    }
}
