//! A tunnel in ngrok's own words, as command lines, configuration files and the local API say it, and the endpoint that
//! it asks for.

mod applies;
mod pem;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ground::Secret;
use tokio_rustls::rustls::ClientConfig;
use wire::message::{
    BasicAuth, CircuitBreaker, Compression, Credential, Headers, HttpOptions, IpRestriction, MutualTls,
    OAuth, Oidc, PolicyText, TcpOptions, TlsOptions, TlsTermination, UserAgentFilter, WebhookVerification,
    WebsocketTcpConverter,
};

use self::pem::{read, roots, server};
use crate::config::Scheme;
use crate::endpoint::{Endpoint, Kind, UpstreamProtocol};
use crate::upstream::{Upstream, host_and_port};
use crate::upstream_tls;

/// What a tunnel carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Proto {
    /// HTTP, under `https://` or `http://`.
    #[default]
    Http,
    /// Any bytes, at a port.
    Tcp,
    /// TLS, under a name.
    Tls,
    /// What its Edge says.
    Labeled,
}

impl FromStr for Proto {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "http" | "https" => Ok(Proto::Http),
            "tcp" => Ok(Proto::Tcp),
            "tls" => Ok(Proto::Tls),
            _ => Err(()),
        }
    }
}

/// Where the TLS of a `tls` tunnel ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TerminateAt {
    /// At the edge.
    Edge,
    /// At the agent.
    Agent,
    /// At the app.
    Upstream,
}

impl FromStr for TerminateAt {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "edge" => Ok(TerminateAt::Edge),
            "agent" => Ok(TerminateAt::Agent),
            "upstream" => Ok(TerminateAt::Upstream),
            _ => Err(()),
        }
    }
}

/// What is asked for. What is empty, none or false isn't; a member's meaning is that of ngrok's option of its name.
#[derive(Clone, Debug, Default)]
pub struct Definition {
    /// Its name here.
    pub name: String,
    /// What it carries.
    pub proto: Proto,
    /// The app, as it was written.
    pub addr: String,
    /// What an Edge finds a labeled tunnel by.
    pub labels: BTreeMap<String, String>,
    /// The wished URL, or a name alone.
    pub url: String,
    /// The wished name.
    pub domain: String,
    /// The wished name's label under the edge's own domain.
    pub subdomain: String,
    /// The wished `host:port` of a tcp tunnel.
    pub remote_addr: String,
    /// The URL's scheme; https when neither this nor the URL says.
    pub scheme: Option<Scheme>,
    /// Whether the inspector keeps what passes, which it does unless it is told not to.
    pub inspect: Option<bool>,
    /// `user:password` each.
    pub basic_auth: Vec<Secret>,
    /// Whose addresses may connect.
    pub allow_cidrs: Vec<String>,
    /// Whose addresses may not.
    pub deny_cidrs: Vec<String>,
    /// The share of failures, 0 to 1, at which requests are refused.
    pub circuit_breaker: Option<f64>,
    /// Answers are compressed.
    pub compression: bool,
    /// `preserve`, `rewrite`, or the Host header that the app reads.
    pub host_header: String,
    /// The PEM file of the authorities whose client certificates are let in.
    pub mutual_tls_cas: Option<PathBuf>,
    /// Sign-in by a well-known provider.
    pub oauth: Option<OAuth>,
    /// Sign-in by an OpenID provider.
    pub oidc: Option<Oidc>,
    /// 0 for none, 1 or 2.
    pub proxy_proto: u8,
    /// `name:value` to add to each request.
    pub request_header_add: Vec<String>,
    /// Names to remove from each request.
    pub request_header_remove: Vec<String>,
    /// `name:value` to add to each answer.
    pub response_header_add: Vec<String>,
    /// Names to remove from each answer.
    pub response_header_remove: Vec<String>,
    /// Regular expressions of the user agents that are let in.
    pub ua_filter_allow: Vec<String>,
    /// Regular expressions of those that aren't.
    pub ua_filter_deny: Vec<String>,
    /// Whose signed webhooks are let in.
    pub verify_webhook: String,
    /// What they are signed with.
    pub verify_webhook_secret: Option<Secret>,
    /// WebSocket messages become a byte stream.
    pub websocket_tcp_converter: bool,
    /// The policy itself, JSON or YAML.
    pub traffic_policy: String,
    /// Or a file with it.
    pub traffic_policy_file: Option<PathBuf>,
    /// The user's own words, for programs.
    pub metadata: String,
    /// The user's own words, for people.
    pub description: String,
    /// Other endpoints may share the URL.
    pub pooling_enabled: bool,
    /// Kinds of endpoint, `public` when empty.
    pub bindings: Vec<String>,
    /// What HTTP the app speaks.
    pub upstream_protocol: UpstreamProtocol,
    /// The app's certificate is verified.
    pub upstream_tls_verify: bool,
    /// The PEM file of the authority that it must come from; named, it is verified in any case.
    pub upstream_tls_verify_cas: Option<PathBuf>,
    /// The PEM file of the certificate that ends TLS.
    pub crt: Option<PathBuf>,
    /// The PEM file of its private key.
    pub key: Option<PathBuf>,
    /// Where TLS ends; by default at the agent with a certificate, and at the app without.
    pub terminate_at: Option<TerminateAt>,
}

/// Why a definition asks for nothing that can be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct DefinitionError(String);

type Result<T, E = DefinitionError> = std::result::Result<T, E>;

fn wrong<T>(what: impl std::fmt::Display) -> Result<T> {
    Err(DefinitionError(what.to_string()))
}

impl Definition {
    /// The endpoint that this asks for. Reads the files that it names.
    pub fn endpoint(&self) -> Result<Endpoint> {
        self.only_what_applies()?;
        let upstream = self.upstream()?;
        let kind = match self.proto {
            Proto::Http => self.http()?,
            Proto::Tcp => self.tcp()?,
            Proto::Tls => self.tls()?,
            Proto::Labeled if self.labels.is_empty() => return wrong("a labeled tunnel has a label"),
            Proto::Labeled => Kind::Labeled(self.labels.clone()),
        };
        let host_header = match self.host_header.as_str() {
            "" | "preserve" => None,
            "rewrite" => Some(upstream.authority()),
            name if name.bytes().all(|b| b.is_ascii_graphic()) => Some(name.to_owned()),
            name => return wrong(format_args!("{name:?} is no host: it is preserve, rewrite, or a name")),
        };
        if host_header.is_some() && self.upstream_protocol == UpstreamProtocol::Http2 {
            return wrong("the Host header is rewritten for upstreams that speak http1 alone");
        }
        Ok(Endpoint {
            name: self.name.clone(),
            upstream_tls: self.upstream_tls(&upstream)?,
            upstream_protocol: self.upstream_protocol,
            host_header,
            metadata: self.metadata.clone(),
            description: self.description.clone(),
            pooling: self.pooling_enabled,
            bindings: self.bindings.clone(),
            inspect: self.inspect.unwrap_or(true),
            ..Endpoint::new(upstream, kind)
        })
    }

    /// The secrets in it, for whoever keeps them out of sight.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        let oidc = self.oidc.iter().filter_map(|oidc| oidc.client_secret.as_ref());
        let oauth = self.oauth.iter().filter_map(|oauth| oauth.client_secret.as_ref());
        self.basic_auth.iter().chain(&self.verify_webhook_secret).chain(oidc).chain(oauth)
    }

    fn upstream(&self) -> Result<Upstream> {
        let parsed = match self.proto {
            Proto::Http | Proto::Labeled => self.addr.parse(),
            Proto::Tcp | Proto::Tls => Upstream::raw(&self.addr),
        };
        parsed.or_else(wrong)
    }

    fn upstream_tls(&self, upstream: &Upstream) -> Result<Option<Arc<ClientConfig>>> {
        let http = matches!(self.proto, Proto::Http | Proto::Labeled);
        let protocol = Some(self.upstream_protocol).filter(|_| http);
        if !upstream.is_over_tls() {
            return match self.upstream_tls_verify || self.upstream_tls_verify_cas.is_some() {
                true => wrong(format_args!("{upstream} has no TLS to verify; does it begin with https://?")),
                false => Ok(None),
            };
        }
        let config = match (&self.upstream_tls_verify_cas, self.upstream_tls_verify) {
            (Some(file), _) => upstream_tls::checked(&read(file)?, &file.display().to_string(), protocol),
            (None, true) => {
                return wrong(
                    "upstream_tls_verify needs upstream_tls_verify_cas, the PEM file of the authority that the \
                     app's certificate comes from",
                );
            }
            (None, false) => upstream_tls::unchecked(protocol),
        };
        config.map(Some).or_else(wrong)
    }

    fn http(&self) -> Result<Kind> {
        let Name { scheme, domain, url } = self.name_for(&["https", "http"])?;
        let scheme = match (scheme.as_deref(), self.scheme) {
            (Some("http"), None | Some(Scheme::Http)) | (None, Some(Scheme::Http)) => Scheme::Http,
            (Some("https") | None, None | Some(Scheme::Https)) => Scheme::Https,
            _ => return wrong(format_args!("{} and the scheme contradict each other", self.url)),
        };
        let options = HttpOptions {
            domain,
            subdomain: self.subdomain.clone(),
            url,
            proxy_proto: self.proxy_proto,
            compression: self.compression.then(Compression::default),
            circuit_breaker: self.circuit_breaker()?,
            ip_restriction: self.ip_restriction(),
            basic_auth: self.basic_auth()?,
            oauth: self.oauth.clone(),
            oidc: self.oidc.clone(),
            webhook_verification: self.webhook()?,
            mutual_tls_ca: self.mutual_tls()?,
            request_headers: headers(&self.request_header_add, &self.request_header_remove)?,
            response_headers: headers(&self.response_header_add, &self.response_header_remove)?,
            websocket_tcp_converter: self.websocket_tcp_converter.then(WebsocketTcpConverter::default),
            user_agent_filter: self.user_agents(),
            traffic_policy: self.traffic_policy()?,
            ..HttpOptions::default()
        };
        Ok(Kind::Http { scheme, options: Box::new(options) })
    }

    fn tcp(&self) -> Result<Kind> {
        let mut addr = self.remote_addr.clone();
        let given = self.url.strip_prefix("tcp://").unwrap_or(&self.url);
        if given.contains("://") {
            return wrong(format_args!("{:?} is no URL of a tcp endpoint, tcp://host:port", self.url));
        }
        if !given.is_empty() {
            if !addr.is_empty() && addr != given {
                return wrong("the URL and the remote address contradict each other");
            }
            given.clone_into(&mut addr);
        }
        if !addr.is_empty() && host_and_port(&addr, None).is_err() {
            return wrong(format_args!("{addr:?} is no remote address, host:port"));
        }
        Ok(Kind::Tcp(Box::new(TcpOptions {
            addr,
            proxy_proto: self.proxy_proto,
            ip_restriction: self.ip_restriction(),
            traffic_policy: self.traffic_policy()?,
            ..TcpOptions::default()
        })))
    }

    fn tls(&self) -> Result<Kind> {
        let Name { domain, url, .. } = self.name_for(&["tls"])?;
        let pair = match (&self.crt, &self.key) {
            (Some(crt), Some(key)) => Some((crt, key)),
            (None, None) => None,
            _ => return wrong("crt and key belong together: the certificate, and its private key"),
        };
        let at = self.terminate_at.unwrap_or(match pair {
            Some(_) => TerminateAt::Agent,
            None => TerminateAt::Upstream,
        });
        let mut options = TlsOptions {
            domain,
            subdomain: self.subdomain.clone(),
            url,
            proxy_proto: self.proxy_proto,
            ip_restriction: self.ip_restriction(),
            traffic_policy: self.traffic_policy()?,
            ..TlsOptions::default()
        };
        let mut terminate = None;
        match (at, pair) {
            (TerminateAt::Edge, pair) => {
                options.mutual_tls_at_edge = self.mutual_tls()?;
                options.tls_termination = Some(match pair {
                    None => TlsTermination::default(),
                    Some((crt, key)) => TlsTermination {
                        cert: STANDARD.encode(read(crt)?),
                        key: Some(Secret::new("private key", STANDARD.encode(read(key)?))),
                        ..TlsTermination::default()
                    },
                });
            }
            (TerminateAt::Agent, Some((crt, key))) => {
                options.mutual_tls_at_agent = self.mutual_tls_cas.is_some();
                terminate = Some(server(crt, key, self.mutual_tls_cas.as_deref())?);
            }
            (TerminateAt::Agent, None) => return wrong("to end TLS at the agent, it needs crt and key"),
            (TerminateAt::Upstream, Some(_)) => {
                return wrong("crt and key are of no use where the app ends TLS itself");
            }
            (TerminateAt::Upstream, None) if self.mutual_tls_cas.is_some() => {
                return wrong("client certificates are checked where TLS ends, which is at the app itself");
            }
            (TerminateAt::Upstream, None) => {}
        }
        Ok(Kind::Tls { options: Box::new(options), terminate })
    }

    /// The name that is asked for, and the scheme that came with it.
    fn name_for(&self, schemes: &[&str]) -> Result<Name> {
        let text = if self.url.is_empty() { &self.domain } else { &self.url };
        if !self.url.is_empty() && !self.domain.is_empty() {
            return wrong("a URL and a domain are two names for one tunnel");
        }
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) => (Some(scheme.to_ascii_lowercase()), rest),
            None => (None, text.as_str()),
        };
        let name = rest.strip_suffix('/').unwrap_or(rest);
        if let Some(scheme) = scheme.as_deref().filter(|scheme| !schemes.contains(scheme)) {
            let these = schemes.iter().map(|scheme| format!("{scheme}://")).collect::<Vec<_>>().join(" or ");
            return wrong(format_args!("{text:?} begins with {scheme}://, where {these} would be right"));
        }
        if name.contains(['/', '?', '#', '@']) || name.contains(char::is_whitespace) {
            return wrong(format_args!(
                "a domain is a name such as app.tunnel.test, or {}:// and a name; {text:?} is not",
                schemes[0]
            ));
        }
        match name.contains(':') {
            // The edge knows its ports.
            true => {
                let scheme = scheme.unwrap_or_else(|| schemes[0].to_owned());
                let url = Some(format!("{scheme}://{name}"));
                Ok(Name { scheme: Some(scheme), domain: String::new(), url })
            }
            false => Ok(Name { scheme, domain: name.to_owned(), url: None }),
        }
    }

    fn circuit_breaker(&self) -> Result<Option<CircuitBreaker>> {
        match self.circuit_breaker {
            Some(share) if !(0.0..=1.0).contains(&share) => {
                wrong(format_args!("{share} is no share of failures; a circuit breaker's is from 0 to 1"))
            }
            share => Ok(share.map(|error_threshold| CircuitBreaker { error_threshold })),
        }
    }

    fn ip_restriction(&self) -> Option<IpRestriction> {
        let (allow_cidrs, deny_cidrs) = (self.allow_cidrs.clone(), self.deny_cidrs.clone());
        (!allow_cidrs.is_empty() || !deny_cidrs.is_empty())
            .then_some(IpRestriction { allow_cidrs, deny_cidrs })
    }

    fn basic_auth(&self) -> Result<Option<BasicAuth>> {
        let credentials = self.basic_auth.iter().map(|pair| match pair.expose().split_once(':') {
            Some((username, password)) if !username.is_empty() && !password.is_empty() => Ok(Credential {
                username: username.to_owned(),
                cleartext_password: Some(Secret::new("password", password)),
                hashed_password: None,
            }),
            _ => wrong("basic auth is user:password"),
        });
        let credentials = credentials.collect::<Result<Vec<_>>>()?;
        Ok((!credentials.is_empty()).then_some(BasicAuth { credentials }))
    }

    fn webhook(&self) -> Result<Option<WebhookVerification>> {
        match (self.verify_webhook.as_str(), &self.verify_webhook_secret) {
            ("", None) => Ok(None),
            ("", Some(_)) => wrong("a webhook's secret needs its provider, verify-webhook"),
            (provider, secret) => Ok(Some(WebhookVerification {
                provider: provider.to_owned(),
                secret: secret.clone(),
                sealed_secret: None,
            })),
        }
    }

    fn mutual_tls(&self) -> Result<Option<MutualTls>> {
        let Some(file) = &self.mutual_tls_cas else { return Ok(None) };
        let pem = read(file)?;
        roots(&pem, file)?;
        Ok(Some(MutualTls { mutual_tls_ca: STANDARD.encode(pem) }))
    }

    fn user_agents(&self) -> Option<UserAgentFilter> {
        let (allow, deny) = (self.ua_filter_allow.clone(), self.ua_filter_deny.clone());
        (!allow.is_empty() || !deny.is_empty()).then_some(UserAgentFilter { allow, deny })
    }

    fn traffic_policy(&self) -> Result<Option<PolicyText>> {
        match (&self.traffic_policy_file, self.traffic_policy.as_str()) {
            (None, "") => Ok(None),
            (None, policy) => Ok(Some(policy.into())),
            (Some(file), "") => read(file).map(|text| Some(text.into())),
            (Some(_), _) => wrong("a traffic policy and a file of one are two policies"),
        }
    }
}

/// A name that is asked for.
struct Name {
    scheme: Option<String>,
    domain: String,
    /// The whole URL, where it says more than a name.
    url: Option<String>,
}

fn headers(add: &[String], remove: &[String]) -> Result<Option<Headers>> {
    let add = add.iter().map(|header| match header.split_once(':') {
        Some((name, value)) if !name.trim().is_empty() => Ok(format!("{}:{}", name.trim(), value.trim())),
        _ => wrong(format_args!("{header:?} is no header to add, name:value")),
    });
    let (add, remove) = (add.collect::<Result<Vec<_>>>()?, remove.to_vec());
    let asked = !add.is_empty() || !remove.is_empty();
    Ok(asked.then(|| Headers { add, remove, ..Headers::default() }))
}

#[cfg(test)]
mod tests;
