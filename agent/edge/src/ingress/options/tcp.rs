//! The options of `tcp` endpoints.

use std::sync::Arc;

use wire::message::Bind;

use super::modules::of_connections;
use super::{check_members, invalid, proxy_protocol, restriction};
use crate::code::{Code, Refusal};
use crate::model::transport::Transport;
use crate::model::{HostPort, Model, Name, Scheme};
use crate::traffic::Traffic;

/// The members that are understood, in lower case.
const KNOWN: [&str; 6] = ["addr", "url", "proxyproto", "iprestriction", "trafficpolicy", "policy"];

/// An endpoint that carries bytes on a port of its own.
pub(super) struct Asked {
    pub(super) name: Name,
    pub(super) transport: Transport,
    pub(super) traffic: Option<Arc<Traffic>>,
}

/// Reads the options of a `tcp` endpoint.
pub(super) fn asked(bind: &Bind, model: &Model) -> Result<Asked, Refusal> {
    let options = bind.opts.tcp().map_err(|error| invalid(format!("The options can't be read: {error}.")))?;
    check_members(&bind.opts, &KNOWN)?;
    let traffic = of_connections(bind, Scheme::Tcp, options.traffic_policy.as_deref())?;
    let name = name(&options.addr, options.url.as_deref().unwrap_or_default(), model)?;
    let transport = Transport {
        restriction: restriction(options.ip_restriction.as_ref())?,
        termination: None,
        proxy_protocol: proxy_protocol(options.proxy_proto)?,
    };
    Ok(Asked { name, transport, traffic })
}

/// The one address that both ways of asking agree upon.
fn name(address: &str, url: &str, model: &Model) -> Result<Name, Refusal> {
    let of_url = match url.strip_prefix("tcp://").unwrap_or(url) {
        "" => None,
        rest if rest.len() < url.len() => Some(wished(rest.strip_suffix('/').unwrap_or(rest), model)?),
        _ => {
            let message = format!("The endpoint's URL {url:?} does not begin with tcp://.");
            return Err(Refusal::new(Code::URL_PART, message));
        }
    };
    let of_address = if address.is_empty() { None } else { Some(wished(address, model)?) };
    match (of_url, of_address) {
        (None, None) => Ok(Name::Any),
        (Some(name), None) | (None, Some(name)) => Ok(name),
        (Some(one), Some(other)) if one == other => Ok(one),
        _ => Err(invalid(format!("The endpoint is asked for at two addresses, {url} and {address}."))),
    }
}

fn wished(address: &str, model: &Model) -> Result<Name, Refusal> {
    let refused = || {
        let message = format!(
            "{address:?} is no address of this edge's: tcp endpoints are at {}:<port>, or at <name>.internal:<port>. \
             Leave the address out to get one.",
            model.tcp_host()
        );
        Refusal::new(Code::URL_PART, message)
    };
    let at = HostPort::parse(address).ok_or_else(refused)?;
    match () {
        () if at.is_internal() => Ok(Name::Internal(at)),
        () if at.host == *model.tcp_host() => Ok(Name::Port(at.port)),
        () => Err(refused()),
    }
}
