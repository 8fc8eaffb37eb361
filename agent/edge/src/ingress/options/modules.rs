//! The modules of `http` and `https` endpoints.

use std::sync::Arc;

use ground::Secret;
use policy::action::CircuitBreaker;
use serde_json::Value;
use wire::message::{BasicAuth, Bind, Headers, HttpOptions, WebhookVerification};

use super::invalid;
use crate::code::{Code, Refusal};
use crate::model::Scheme;
use crate::traffic::{HeaderChanges, Modules, Traffic};

/// What a bind asks for beside its name and the gate.
pub(super) fn modules(bind: &Bind, options: &HttpOptions) -> Result<Modules, Refusal> {
    if options.oauth.is_some() && options.oidc.is_some() {
        let message = "OAuth and OIDC can't both decide who passes. Use OIDC alone.";
        return Err(Refusal::new(Code::AUTH_CONFLICT, message));
    }
    if let Some(oauth) = &options.oauth {
        let message =
            format!("The OAuth provider {:?} is not offered by this edge. Use OIDC.", oauth.provider);
        return Err(Refusal::new(Code::OAUTH_PROVIDER, message));
    }
    let ranges = options.ip_restriction.as_ref();
    let agents = options.user_agent_filter.as_ref();
    Ok(Modules {
        ip_restriction: ranges.map(|module| (module.allow_cidrs.clone(), module.deny_cidrs.clone())),
        user_agent_filter: agents.map(|module| (module.allow.clone(), module.deny.clone())),
        basic_auth: basic_auth(options.basic_auth.as_ref(), &options.auth)?,
        webhook: options.webhook_verification.as_ref().map(webhook).transpose()?,
        circuit_breaker: options.circuit_breaker.map(|module| breaker(module.error_threshold)).transpose()?,
        request_headers: options.request_headers.as_ref().map(headers).transpose()?,
        response_headers: options.response_headers.as_ref().map(headers).transpose()?,
        compression: options.compression.is_some(),
        websocket_tcp_converter: options.websocket_tcp_converter.is_some(),
        host: options.host_header_rewrite.then(|| upstream_host(&bind.forwards_to)).transpose()?,
        traffic_policy: traffic_policy(bind, options.traffic_policy.as_deref())?,
    })
}

/// What a bind of a `tcp` or `tls` endpoint asks of its connections by a policy.
pub(super) fn of_connections(
    bind: &Bind,
    scheme: Scheme,
    policy: Option<&str>,
) -> Result<Option<Arc<Traffic>>, Refusal> {
    let traffic_policy = traffic_policy(bind, policy)?;
    let traffic = Modules { traffic_policy, ..Modules::default() }.compile()?;
    if let Some(traffic) = &traffic {
        traffic.check(scheme, None)?;
    }
    Ok(traffic)
}

/// The credentials of the module, or the one of the oldest clients, `user:password`.
fn basic_auth(module: Option<&BasicAuth>, old: &str) -> Result<Option<Vec<(String, Secret)>>, Refusal> {
    let mut credentials = Vec::new();
    for credential in module.into_iter().flat_map(|module| &module.credentials) {
        let Some(password) = &credential.cleartext_password else {
            return Err(invalid(
                "Basic auth: passwords are given in clear to this edge, not as hashes.".into(),
            ));
        };
        credentials.push((credential.username.clone(), password.clone()));
    }
    if !old.is_empty() {
        let pair =
            old.split_once(':').ok_or_else(|| invalid("Basic auth is given as user:password.".into()))?;
        credentials.push((pair.0.to_owned(), Secret::new("password", pair.1)));
    }
    Ok((module.is_some() || !old.is_empty()).then_some(credentials))
}

fn breaker(error_threshold: f64) -> Result<CircuitBreaker, Refusal> {
    CircuitBreaker::new(error_threshold).map_err(|error| invalid(error.to_string()))
}

fn webhook(module: &WebhookVerification) -> Result<(String, Secret), Refusal> {
    match &module.secret {
        Some(secret) => Ok((module.provider.clone(), secret.clone())),
        None => Err(invalid(format!("Verifying webhooks of {:?} needs their secret.", module.provider))),
    }
}

fn headers(module: &Headers) -> Result<HeaderChanges, Refusal> {
    let pair = |line: &String| {
        let (name, value) = line
            .split_once(':')
            .ok_or_else(|| invalid(format!("A header is added as \"name: value\", not {line:?}.")))?;
        Ok((name.trim().to_owned(), value.trim().to_owned()))
    };
    let add = module.add.iter().map(pair).collect::<Result<_, Refusal>>()?;
    Ok(HeaderChanges { add, remove: module.remove.clone() })
}

/// The host of the URL that the agent forwards to, or of the address.
fn upstream_host(forwards_to: &str) -> Result<String, Refusal> {
    let rest = forwards_to.split_once("://").map_or(forwards_to, |(_, rest)| rest);
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if host.is_empty() {
        let message = format!("The Host header can't be rewritten: {forwards_to:?} names no host.");
        return Err(invalid(message));
    }
    Ok(host.to_owned())
}

/// The policy's text: JSON or YAML, or what older clients send as an object.
fn traffic_policy(bind: &Bind, current: Option<&str>) -> Result<Option<String>, Refusal> {
    let members = serde_json::to_value(&bind.opts).unwrap_or_default();
    let old = members.as_object().and_then(|members| {
        members.iter().find(|(name, _)| name.eq_ignore_ascii_case("policy")).map(|(_, value)| value)
    });
    let old = match old {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text.clone()),
        Some(value) => Some(value.to_string()),
    };
    let said = |text: &&str| !text.trim().is_empty();
    match (current.filter(said), old.as_deref().filter(said)) {
        (Some(_), Some(_)) => Err(invalid("The endpoint has two traffic policies. Give it one.".into())),
        (current, old) => Ok(current.or(old).map(str::to_owned)),
    }
}
