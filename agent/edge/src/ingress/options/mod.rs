//! What an endpoint is asked to be. Whatever this edge would not enforce is refused: an option that is silently ignored
//! is a gate that stands open.

mod http;
mod modules;
mod name;
mod tcp;
mod tls;

use std::sync::Arc;

use policy::action::RestrictIps;
use serde_json::Value;
use wire::message::{Bind, IpRestriction, Options};

use crate::code::{Code, Refusal};
use crate::model::transport::Transport;
use crate::model::{About, Model, Name, Scheme, TunnelId, UpstreamProtocol, Wanted};
use crate::proxy::ProxyProtocol;

/// Reads a bind.
pub(super) fn wanted(bind: &Bind, model: &Model) -> Result<Wanted, Refusal> {
    let scheme = Scheme::parse(&bind.proto).ok_or_else(|| {
        let message =
            format!("{:?} endpoints are not offered by this edge; http, https, tcp and tls are.", bind.proto);
        Refusal::new(Code::PROTOCOL, message)
    })?;
    let upstream_protocol = upstream_protocol(&bind.forwards_proto)?;
    if !bind.extra.ip_policy_ref.is_empty() {
        let message = format!("There is no IP policy {:?}.", bind.extra.ip_policy_ref);
        return Err(Refusal::new(Code::IP_POLICY, message));
    }
    let (name, settings, traffic, transport) = match scheme {
        Scheme::Http | Scheme::Https => {
            let http::Asked { name, settings, traffic, transport } = http::asked(bind, scheme, model)?;
            (name, settings, traffic, transport)
        }
        Scheme::Tls => {
            let tls::Asked { name, transport, traffic } = tls::asked(bind, model)?;
            (name, None, traffic, transport)
        }
        Scheme::Tcp => {
            let tcp::Asked { name, transport, traffic } = tcp::asked(bind, model)?;
            (name, None, traffic, transport)
        }
    };
    check_bindings(&bind.extra.bindings, &name)?;
    check_termination(&transport, &name)?;
    let resumed = match (TunnelId::parse(&bind.id), &bind.extra.token) {
        (Some(id), Some(token)) => Some((id, token.expose().to_owned())),
        _ => None,
    };
    let about = About {
        forwards_to: bind.forwards_to.clone(),
        upstream_protocol,
        metadata: bind.extra.metadata.clone(),
        name: bind.extra.name.clone(),
        description: bind.extra.description.clone(),
    };
    Ok(Wanted {
        scheme,
        name,
        settings,
        traffic,
        transport,
        pooling: bind.extra.pooling_enabled,
        resumed,
        about,
    })
}

/// What the upstream of an HTTP endpoint speaks.
pub(super) fn upstream_protocol(asked: &str) -> Result<UpstreamProtocol, Refusal> {
    match asked {
        "" | "http1" => Ok(UpstreamProtocol::Http1),
        "http2" => Ok(UpstreamProtocol::Http2),
        other => Err(invalid(format!("This edge speaks http1 or http2 to upstreams, not {other:?}."))),
    }
}

fn invalid(message: String) -> Refusal {
    Refusal::new(Code::BIND_INVALID, message)
}

/// An endpoint is public, or internal and so named.
fn check_bindings(bindings: &[String], name: &Name) -> Result<(), Refusal> {
    let is_internal = matches!(name, Name::Internal(_));
    match bindings {
        [] => Ok(()),
        [binding] if binding == "public" && !is_internal => Ok(()),
        [binding] if binding == "internal" && is_internal => Ok(()),
        [binding] if binding == "public" || binding == "internal" => Err(invalid(
            "Internal endpoints have a name that ends in .internal, and public ones have none.".into(),
        )),
        [other] => {
            Err(invalid(format!("Public and internal endpoints are offered by this edge, not {other:?}.")))
        }
        _ => Err(invalid("An endpoint has one binding.".into())),
    }
}

fn proxy_protocol(number: u8) -> Result<Option<ProxyProtocol>, Refusal> {
    ProxyProtocol::of_number(number).map_err(|reason| invalid(format!("The option ProxyProto: {reason}.")))
}

fn restriction(asked: Option<&IpRestriction>) -> Result<Option<Arc<RestrictIps>>, Refusal> {
    let Some(asked) = asked else { return Ok(None) };
    let (allowed, denied) = (asked.allow_cidrs.iter(), asked.deny_cidrs.iter());
    match RestrictIps::new(allowed.map(String::as_str), denied.map(String::as_str)) {
        Ok(restriction) => Ok(Some(Arc::new(restriction))),
        Err(error) => Err(invalid(format!("The IP restriction is invalid: {error}"))),
    }
}

/// TLS is ended, and clients are asked for certificates, where connections come in from outside.
fn check_termination(transport: &Transport, name: &Name) -> Result<(), Refusal> {
    match (&transport.termination, name) {
        (Some(_), Name::Internal(at)) => Err(invalid(format!(
            "The edge ends no TLS for {at}: who comes to an internal endpoint has come through another one. \
             Ask for TLS termination and mutual TLS there."
        ))),
        _ => Ok(()),
    }
}

/// Refuses the members that `known` (in lower case) lacks, unless they say nothing.
fn check_members(options: &Options, known: &[&str]) -> Result<(), Refusal> {
    let Ok(Value::Object(members)) = serde_json::to_value(options) else { return Ok(()) };
    for (name, value) in &members {
        let name = name.to_ascii_lowercase();
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
