//! What an endpoint is asked to be. Whatever this edge would not enforce is refused: an option that is silently ignored
//! is a gate that stands open.

use serde_json::Value;
use url::Url;
use wire::message::{Bind, HttpOptions, Oidc, Options};

use crate::code::{Code, Refusal};
use crate::model::{About, Host, Model, Scheme, TunnelId, Wanted};

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

/// Reads a bind.
pub(super) fn wanted(bind: &Bind, model: &Model) -> Result<Wanted, Refusal> {
    let scheme = Scheme::parse(&bind.proto).ok_or_else(|| {
        let message = format!("{:?} endpoints are not offered by this edge; http and https are.", bind.proto);
        Refusal::new(Code::PROTOCOL, message)
    })?;
    let options =
        bind.opts.http().map_err(|error| invalid(format!("The options can't be read: {error}.")))?;
    forwards_proto(&bind.forwards_proto)?;
    check_extra(bind)?;
    check_members(&bind.opts)?;
    check_modules(&options)?;
    let settings = options.oidc.map(|oidc| settings(oidc, scheme)).transpose()?;
    let resumed = match (TunnelId::parse(&bind.id), &bind.extra.token) {
        (Some(id), Some(token)) => Some((id, token.expose().to_owned())),
        _ => None,
    };
    let host = name(
        scheme,
        model,
        [&options.domain, &options.hostname],
        &options.subdomain,
        options.url.as_deref(),
    )?;
    let about = About {
        forwards_to: bind.forwards_to.clone(),
        metadata: bind.extra.metadata.clone(),
        description: bind.extra.description.clone(),
    };
    Ok(Wanted { scheme, host, settings, resumed, about })
}

/// Only HTTP/1.1 is spoken to upstreams.
pub(super) fn forwards_proto(asked: &str) -> Result<(), Refusal> {
    match asked {
        "" | "http1" => Ok(()),
        other => Err(invalid(format!("This edge speaks http1 to upstreams, not {other:?}."))),
    }
}

pub(super) fn no_traffic_policy() -> Refusal {
    Refusal::new(
        Code::POLICY_ACTION,
        "Traffic policies are not offered by this edge: none of their actions is.",
    )
}

fn invalid(message: String) -> Refusal {
    Refusal::new(Code::BIND_INVALID, message)
}

fn check_extra(bind: &Bind) -> Result<(), Refusal> {
    if !bind.extra.ip_policy_ref.is_empty() {
        let message = format!("There is no IP policy {:?}.", bind.extra.ip_policy_ref);
        return Err(Refusal::new(Code::IP_POLICY, message));
    }
    if bind.extra.pooling_enabled {
        return Err(invalid(
            "Endpoint pooling is not offered by this edge; use a tunnel group of an Edge.".into(),
        ));
    }
    match bind.extra.bindings.iter().find(|binding| *binding != "public") {
        Some(other) => {
            Err(invalid(format!("Only public endpoints are offered by this edge, not {other:?}.")))
        }
        None => Ok(()),
    }
}

fn check_members(options: &Options) -> Result<(), Refusal> {
    let Ok(Value::Object(members)) = serde_json::to_value(options) else { return Ok(()) };
    let says_nothing = |value: &Value| match value {
        Value::Null | Value::Bool(false) => true,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Bool(true) | Value::Object(_) => false,
    };
    for (name, value) in &members {
        let name = name.to_ascii_lowercase();
        if name == "policy" && !value.is_null() {
            return Err(no_traffic_policy());
        }
        if !KNOWN.contains(&name.as_str()) && !says_nothing(value) {
            return Err(invalid(format!("The option {name:?} is not offered by this edge.")));
        }
        if let ("oidc", Value::Object(module)) = (name.as_str(), value) {
            let unknown = |(name, value): &(&String, &Value)| {
                !KNOWN_OF_OIDC.contains(&name.to_ascii_lowercase().as_str()) && !says_nothing(value)
            };
            if let Some((name, _)) = module.iter().find(unknown) {
                return Err(invalid(format!("The OIDC option {name:?} is not offered by this edge.")));
            }
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
    absent(options.mutual_tls_ca.is_some(), other, "Mutual TLS")?;
    absent(options.request_headers.is_some(), other, "Changing request headers")?;
    absent(options.response_headers.is_some(), other, "Changing response headers")?;
    absent(options.websocket_tcp_converter.is_some(), other, "Converting WebSockets to TCP")?;
    absent(options.user_agent_filter.is_some(), other, "Filtering user agents")?;
    absent(options.host_header_rewrite, other, "Rewriting the Host header at the edge")?;
    absent(options.proxy_proto != 0, other, "The PROXY protocol")
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

/// The one name that all ways of asking agree upon.
fn name(
    scheme: Scheme,
    model: &Model,
    domains: [&String; 2],
    subdomain: &str,
    url: Option<&str>,
) -> Result<Option<Host>, Refusal> {
    let mut names = Vec::new();
    for domain in domains.into_iter().filter(|domain| !domain.is_empty()) {
        names.push(Host::parse(domain)?);
    }
    if !subdomain.is_empty() {
        names.push(model.domain().child(subdomain)?);
    }
    if let Some(host) = url.map(|url| of_url(url, scheme, model)).transpose()?.flatten() {
        names.push(host);
    }
    names.dedup();
    match names.as_slice() {
        [] => Ok(None),
        [host] => Ok(Some(host.clone())),
        [one, other, ..] => {
            Err(invalid(format!("The endpoint is asked for under two names, {one} and {other}.")))
        }
    }
}

fn of_url(text: &str, scheme: Scheme, model: &Model) -> Result<Option<Host>, Refusal> {
    let wrong = |part: &str| Refusal::new(Code::URL_PART, format!("The endpoint's URL {text:?} {part}."));
    if text.is_empty() || text == format!("{scheme}://") {
        return Ok(None);
    }
    // The name is checked first, since a URL parser's own words about it would be less clear.
    let authority = text.split_once("://").map_or(text, |(_, rest)| rest).split(['/', '?', '#']).next();
    let host = authority.unwrap_or_default();
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    if host.contains('@') {
        return Err(wrong("has a user"));
    }
    let host = Host::parse(host)?;
    let url = Url::parse(text).map_err(|error| wrong(&format!("is no URL: {error}")))?;
    if url.scheme() != scheme.as_str() {
        return Err(wrong(&format!("does not begin with {scheme}://")));
    }
    if url.port().is_some_and(|port| scheme == Scheme::Http || port != model.public_port()) {
        return Err(wrong("has a port that this edge does not listen on"));
    }
    if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("has more than a scheme and a host"));
    }
    Ok(Some(host))
}
