//! The options of `tls` endpoints, and what other endpoints ask of TLS.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use wire::message::{Bind, MutualTls, TlsOptions, TlsTermination};

use super::modules::of_connections;
use super::name::name;
use super::{check_members, invalid, proxy_protocol, restriction};
use crate::code::Refusal;
use crate::model::termination::{ClientAuthorities, Termination, certified_key};
use crate::model::transport::Transport;
use crate::model::{Model, Name, Scheme};
use crate::traffic::Traffic;

/// The members that are understood, in lower case.
const KNOWN: [&str; 11] = [
    "domain",
    "hostname",
    "subdomain",
    "url",
    "proxyproto",
    "mutualtlsatagent",
    "mutualtlsatedge",
    "tlstermination",
    "iprestriction",
    "trafficpolicy",
    "policy",
];

/// How long what is given in PEM may be.
const MOST_PEM: usize = 256 * 1024;

/// An endpoint that carries bytes over TLS.
pub(super) struct Asked {
    pub(super) name: Name,
    pub(super) transport: Transport,
    pub(super) traffic: Option<Arc<Traffic>>,
}

/// Reads the options of a `tls` endpoint.
pub(super) fn asked(bind: &Bind, model: &Model) -> Result<Asked, Refusal> {
    let options = bind.opts.tls().map_err(|error| invalid(format!("The options can't be read: {error}.")))?;
    check_members(&bind.opts, &KNOWN)?;
    let traffic = of_connections(bind, Scheme::Tls, options.traffic_policy.as_deref())?;
    let name = name(
        Scheme::Tls,
        model,
        [&options.domain, &options.hostname],
        &options.subdomain,
        options.url.as_deref(),
    )?;
    let transport = Transport {
        restriction: restriction(options.ip_restriction.as_ref())?,
        termination: termination(&options)?.map(Arc::new),
        proxy_protocol: proxy_protocol(options.proxy_proto)?,
    };
    Ok(Asked { name, transport, traffic })
}

/// How the edge is to end TLS; none when it shall not.
fn termination(options: &TlsOptions) -> Result<Option<Termination>, Refusal> {
    let clients = options.mutual_tls_at_edge.as_ref().map(client_authorities).transpose()?;
    let termination = options.tls_termination.as_ref();
    if options.mutual_tls_at_agent && (termination.is_some() || clients.is_some()) {
        return Err(invalid(
            "An agent can't ask clients for certificates where the edge ends TLS. Choose one of the two."
                .into(),
        ));
    }
    if termination.is_none() && clients.is_none() {
        return Ok(None);
    }
    let certificate = termination.map(certificate).transpose()?.flatten();
    Ok(Some(Termination::of_bytes(certificate, clients)))
}

fn certificate(asked: &TlsTermination) -> Result<Option<tokio_rustls::rustls::sign::CertifiedKey>, Refusal> {
    if asked.sealed_key.is_some() {
        return Err(invalid("This edge can't open a sealed key. Give the key itself.".into()));
    }
    let wrong = |reason: String| invalid(format!("The certificate for TLS termination: {reason}."));
    match (asked.cert.is_empty(), &asked.key) {
        (true, None) => Ok(None),
        (false, Some(key)) => {
            let (chain, key) = (pem(&asked.cert).map_err(wrong)?, pem(key.expose()).map_err(wrong)?);
            certified_key(&chain, &key).map(Some).map_err(wrong)
        }
        _ => Err(wrong("a certificate and its key come together".to_owned())),
    }
}

/// The authorities of a module that asks clients for certificates.
pub(super) fn client_authorities(asked: &MutualTls) -> Result<ClientAuthorities, Refusal> {
    let wrong = |reason: String| invalid(format!("The authorities for mutual TLS: {reason}."));
    ClientAuthorities::parse(&pem(&asked.mutual_tls_ca).map_err(wrong)?).map_err(wrong)
}

fn pem(encoded: &str) -> Result<Vec<u8>, String> {
    if encoded.len() > MOST_PEM {
        return Err(format!("it has more than {MOST_PEM} bytes"));
    }
    STANDARD.decode(encoded).map_err(|_| "it is not base64".to_owned())
}
