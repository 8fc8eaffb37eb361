//! Options are called as ngrok's other SDKs call them in `forward`; the builders have methods of their own for each.

use bytes::Bytes;
use ngrok::Session;
use ngrok::config::{
    HttpTunnelBuilder, LabeledTunnelBuilder, OidcOptions, Policy, ProxyProto, Scheme, TcpTunnelBuilder,
    TlsTunnelBuilder,
};
use serde_json::Value;

use crate::{Broken, text};

/// What another option takes with it.
const TAKEN: [&str; 6] = [
    "oidc_client_id",
    "oidc_client_secret",
    "oidc_allow_emails",
    "oidc_allow_domains",
    "oidc_scopes",
    "verify_webhook_secret",
];

/// What every kind of endpoint takes.
macro_rules! common {
    ($builder:ident, $name:ident, $value:ident) => {
        match $name.as_str() {
            "forwards_to" => $builder.forwards_to(text($value)?),
            "ip_restriction_allow_cidrs" => {
                texts($value).fold(&mut $builder, |builder, range| builder.allow_cidr(range))
            }
            "ip_restriction_deny_cidrs" => {
                texts($value).fold(&mut $builder, |builder, range| builder.deny_cidr(range))
            }
            "metadata" => $builder.metadata(text($value)?),
            "policy" => $builder.policy(policy(text($value)?)?)?,
            "pooling_enabled" => $builder.pooling_enabled($value == true),
            "proxy_proto" => $builder.proxy_proto(proxy_proto(text($value)?)?),
            "traffic_policy" => $builder.traffic_policy(text($value)?),
            other => return Err(format!("there is no option {other}").into()),
        }
    };
}

pub(crate) fn http(session: Session, options: &Value) -> Result<HttpTunnelBuilder, Broken> {
    let mut builder = session.http_endpoint();
    for (name, value) in of(options) {
        match name.as_str() {
            "allow_user_agent" => {
                texts(value).fold(&mut builder, |builder, pattern| builder.allow_user_agent(pattern))
            }
            "app_protocol" => builder.app_protocol(text(value)?),
            "basic_auth" => pairs(value)
                .fold(&mut builder, |builder, (user, password)| builder.basic_auth(user, password)),
            "circuit_breaker" => builder.circuit_breaker(value.as_f64().unwrap_or_default()),
            "compression" => builder.compression(),
            "deny_user_agent" => {
                texts(value).fold(&mut builder, |builder, pattern| builder.deny_user_agent(pattern))
            }
            "domain" => builder.domain(text(value)?),
            "mutual_tls_cas" => builder.mutual_tlsca(Bytes::from(text(value)?.to_owned())),
            "oidc_issuer_url" => builder.oidc(oidc(options)?),
            "request_header_add" => {
                pairs(value).fold(&mut builder, |builder, (name, value)| builder.request_header(name, value))
            }
            "request_header_remove" => {
                texts(value).fold(&mut builder, |builder, name| builder.remove_request_header(name))
            }
            "response_header_add" => {
                pairs(value).fold(&mut builder, |builder, (name, value)| builder.response_header(name, value))
            }
            "response_header_remove" => {
                texts(value).fold(&mut builder, |builder, name| builder.remove_response_header(name))
            }
            "schemes" if value == "http" => builder.scheme(Scheme::HTTP),
            "verify_webhook_provider" => {
                builder.webhook_verification(text(value)?, text(&options["verify_webhook_secret"])?)
            }
            "websocket_tcp_converter" => builder.websocket_tcp_conversion(),
            _ => common!(builder, name, value),
        };
    }
    Ok(builder)
}

pub(crate) fn tcp(session: Session, options: &Value) -> Result<TcpTunnelBuilder, Broken> {
    let mut builder = session.tcp_endpoint();
    for (name, value) in of(options) {
        match name.as_str() {
            "remote_addr" => builder.remote_addr(text(value)?),
            _ => common!(builder, name, value),
        };
    }
    Ok(builder)
}

pub(crate) fn tls(session: Session, options: &Value) -> Result<TlsTunnelBuilder, Broken> {
    let mut builder = session.tls_endpoint();
    for (name, value) in of(options) {
        match name.as_str() {
            "domain" => builder.domain(text(value)?),
            "mutual_tls_cas" => builder.mutual_tlsca(Bytes::from(text(value)?.to_owned())),
            "tls_termination" => {
                let pem = |name: &str| text(&value[name]).map(|pem| Bytes::from(pem.to_owned()));
                builder.termination(pem("certificate")?, pem("key")?)
            }
            _ => common!(builder, name, value),
        };
    }
    Ok(builder)
}

pub(crate) fn labeled(session: Session, options: &Value) -> Result<LabeledTunnelBuilder, Broken> {
    let mut builder = session.labeled_tunnel();
    for (name, value) in of(options) {
        match name.as_str() {
            "app_protocol" => builder.app_protocol(text(value)?),
            "labels" => pairs(value).fold(&mut builder, |builder, (name, value)| builder.label(name, value)),
            "metadata" => builder.metadata(text(value)?),
            other => return Err(format!("there is no option {other}").into()),
        };
    }
    Ok(builder)
}

fn of(options: &Value) -> impl Iterator<Item = (&String, &Value)> {
    let all = options.as_object().into_iter().flatten();
    all.filter(|(name, _)| !TAKEN.contains(&name.as_str()))
}

fn oidc(options: &Value) -> Result<OidcOptions, Broken> {
    let named = |name: &str| text(&options[name]);
    let mut oidc =
        OidcOptions::new(named("oidc_issuer_url")?, named("oidc_client_id")?, named("oidc_client_secret")?);
    texts(&options["oidc_allow_emails"]).fold(&mut oidc, |oidc, email| oidc.allow_email(email));
    texts(&options["oidc_allow_domains"]).fold(&mut oidc, |oidc, domain| oidc.allow_domain(domain));
    texts(&options["oidc_scopes"]).fold(&mut oidc, |oidc, scope| oidc.scope(scope));
    Ok(oidc)
}

/// The deprecated kind, which the SDK reads itself.
fn policy(text: &str) -> Result<Policy, Broken> {
    Ok(Policy::try_from(text)?)
}

fn proxy_proto(version: &str) -> Result<ProxyProto, Broken> {
    match version {
        "1" => Ok(ProxyProto::V1),
        "2" => Ok(ProxyProto::V2),
        other => Err(format!("there is no version {other} of the PROXY protocol").into()),
    }
}

/// One text, or several.
fn texts(value: &Value) -> impl Iterator<Item = &str> {
    let one = value.as_str();
    one.into_iter().chain(value.as_array().into_iter().flatten().filter_map(Value::as_str))
}

fn pairs(value: &Value) -> impl Iterator<Item = (&str, &str)> {
    texts(value).filter_map(|pair| pair.split_once(':'))
}
