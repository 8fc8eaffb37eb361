//! The options of `http` and `https` endpoints.

use std::sync::Arc;

use serde_json::Value;
use wire::message::{Bind, HttpOptions, MutualTls, Oidc, Options};

use super::name::name;
use super::tls::client_authorities;
use super::{check_members, invalid, no_traffic_policy, proxy_protocol, says_nothing};
use crate::code::{Code, Refusal};
use crate::model::termination::Termination;
use crate::model::transport::Transport;
use crate::model::{Model, Name, Scheme};

/// The members that are understood, in lower case. Others are refused unless they say nothing.
const KNOWN: [&str; 22] = [
    "domain",
    "hostname",
    "subdomain",
    "url",
    "auth",
    "hostheaderrewrite",
    "localurlscheme",
    "proxyproto",
    "compression",
    "circuitbreaker",
    "iprestriction",
    "basicauth",
    "oauth",
    "oidc",
    "webhookverification",
    "mutualtlsca",
    "requestheaders",
    "responseheaders",
    "websockettcpconverter",
    "useragentfilter",
    "trafficpolicy",
    "policy",
];

/// The members of the OIDC module that are understood.
const KNOWN_OF_OIDC: [&str; 7] = [
    "issuer_url",
    "client_id",
    "client_secret",
    "sealed_client_secret",
    "allow_emails",
    "allow_domains",
    "scopes",
];

/// An endpoint that speaks HTTP.
pub(super) struct Asked {
    pub(super) name: Name,
    pub(super) settings: Option<gate::Settings>,
    pub(super) transport: Transport,
}

/// Reads the options of an `http` or `https` endpoint.
pub(super) fn asked(bind: &Bind, scheme: Scheme, model: &Model) -> Result<Asked, Refusal> {
    let options =
        bind.opts.http().map_err(|error| invalid(format!("The options can't be read: {error}.")))?;
    check_members(&bind.opts, &KNOWN)?;
    check_oidc_members(&bind.opts)?;
    check_modules(&options)?;
    let settings = options.oidc.map(|oidc| settings(oidc, scheme)).transpose()?;
    let name = name(
        scheme,
        model,
        [&options.domain, &options.hostname],
        &options.subdomain,
        options.url.as_deref(),
    )?;
    let transport = Transport {
        termination: termination(options.mutual_tls_ca.as_ref(), scheme)?,
        proxy_protocol: proxy_protocol(options.proxy_proto)?,
        ..Transport::default()
    };
    Ok(Asked { name, settings, transport })
}

fn check_oidc_members(options: &Options) -> Result<(), Refusal> {
    let Ok(Value::Object(members)) = serde_json::to_value(options) else { return Ok(()) };
    let modules = members.iter().filter(|(name, _)| name.eq_ignore_ascii_case("oidc"));
    for (name, value) in modules.filter_map(|(_, module)| module.as_object()).flatten() {
        if !KNOWN_OF_OIDC.contains(&name.to_ascii_lowercase().as_str()) && !says_nothing(value) {
            return Err(invalid(format!("The OIDC option {name:?} is not offered by this edge.")));
        }
    }
    Ok(())
}

fn check_modules(options: &HttpOptions) -> Result<(), Refusal> {
    let absent = |is_there: bool, code: Code, what: &str| match is_there {
        true => Err(Refusal::new(code, format!("{what} is not offered by this edge. Leave it out."))),
        false => Ok(()),
    };
    if let Some(oauth) = &options.oauth {
        let message =
            format!("The OAuth provider {:?} is not offered by this edge. Use OIDC.", oauth.provider);
        return Err(Refusal::new(Code::OAUTH_PROVIDER, message));
    }
    if let Some(webhook) = &options.webhook_verification {
        let message = format!("Verifying webhooks of {:?} is not offered by this edge.", webhook.provider);
        return Err(Refusal::new(Code::WEBHOOK_PROVIDER, message));
    }
    if options.traffic_policy.as_ref().is_some_and(|policy| !policy.trim().is_empty()) {
        return Err(no_traffic_policy());
    }
    let other = Code::BIND_INVALID;
    absent(options.compression.is_some(), other, "Compression")?;
    absent(options.circuit_breaker.is_some(), other, "The circuit breaker")?;
    absent(options.ip_restriction.is_some(), other, "IP restriction")?;
    absent(options.basic_auth.is_some() || !options.auth.is_empty(), other, "Basic auth")?;
    absent(options.request_headers.is_some(), other, "Changing request headers")?;
    absent(options.response_headers.is_some(), other, "Changing response headers")?;
    absent(options.websocket_tcp_converter.is_some(), other, "Converting WebSockets to TCP")?;
    absent(options.user_agent_filter.is_some(), other, "Filtering user agents")?;
    absent(options.host_header_rewrite, other, "Rewriting the Host header at the edge")
}

/// How TLS is ended when clients have to show certificates.
fn termination(mutual_tls: Option<&MutualTls>, scheme: Scheme) -> Result<Option<Arc<Termination>>, Refusal> {
    let Some(asked) = mutual_tls else { return Ok(None) };
    if scheme != Scheme::Https {
        return Err(invalid("Mutual TLS needs TLS: it guards https and tls endpoints only.".into()));
    }
    Ok(Some(Arc::new(Termination::of_site(client_authorities(asked)?))))
}

fn settings(oidc: Oidc, scheme: Scheme) -> Result<gate::Settings, Refusal> {
    if scheme == Scheme::Http {
        let message = "OpenID Connect guards https endpoints only: a session must not travel in the clear.";
        return Err(Refusal::new(Code::OIDC_NOT_HERE, message));
    }
    let draft = gate::Draft {
        issuer: oidc.issuer_url,
        client_id: oidc.client_id,
        client_secret: oidc.client_secret.unwrap_or_else(|| ground::Secret::new("client secret", "")),
        scopes: oidc.scopes,
        allow_emails: oidc.allow_emails,
        allow_domains: oidc.allow_domains,
        ..gate::Draft::default()
    };
    draft.check().map_err(|error| Refusal::new(Code(error.bind_code()), format!("OIDC: {error}.")))
}
