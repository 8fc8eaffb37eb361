//! What an endpoint is asked to be. Whatever this edge would not enforce is refused: an option that is silently ignored
//! is a gate that stands open.

mod http;
mod name;

use serde_json::Value;
use wire::message::{Bind, Options};

use crate::code::{Code, Refusal};
use crate::model::{About, Model, Scheme, TunnelId, UpstreamProtocol, Wanted};

/// Reads a bind.
pub(super) fn wanted(bind: &Bind, model: &Model) -> Result<Wanted, Refusal> {
    let scheme = Scheme::parse(&bind.proto).ok_or_else(|| {
        let message = format!("{:?} endpoints are not offered by this edge; http and https are.", bind.proto);
        Refusal::new(Code::PROTOCOL, message)
    })?;
    let upstream_protocol = upstream_protocol(&bind.forwards_proto)?;
    check_extra(bind)?;
    let http::Asked { host, settings } = http::asked(bind, scheme, model)?;
    let resumed = match (TunnelId::parse(&bind.id), &bind.extra.token) {
        (Some(id), Some(token)) => Some((id, token.expose().to_owned())),
        _ => None,
    };
    let about = About {
        forwards_to: bind.forwards_to.clone(),
        upstream_protocol,
        metadata: bind.extra.metadata.clone(),
        description: bind.extra.description.clone(),
    };
    Ok(Wanted { scheme, host, settings, resumed, about })
}

/// What the upstream of an HTTP endpoint speaks.
pub(super) fn upstream_protocol(asked: &str) -> Result<UpstreamProtocol, Refusal> {
    match asked {
        "" | "http1" => Ok(UpstreamProtocol::Http1),
        "http2" => Ok(UpstreamProtocol::Http2),
        other => Err(invalid(format!("This edge speaks http1 or http2 to upstreams, not {other:?}."))),
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

/// Refuses the members that `known` (in lower case) lacks, unless they say nothing.
fn check_members(options: &Options, known: &[&str]) -> Result<(), Refusal> {
    let Ok(Value::Object(members)) = serde_json::to_value(options) else { return Ok(()) };
    for (name, value) in &members {
        let name = name.to_ascii_lowercase();
        if name == "policy" && !value.is_null() {
            return Err(no_traffic_policy());
        }
        if !known.contains(&name.as_str()) && !says_nothing(value) {
            return Err(invalid(format!("The option {name:?} is not offered by this edge.")));
        }
    }
    Ok(())
}

fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Bool(true) | Value::Object(_) => false,
    }
}
