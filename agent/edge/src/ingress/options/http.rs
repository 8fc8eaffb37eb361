//! The options of `http` and `https` endpoints.

use std::sync::Arc;

use serde_json::Value;
use wire::message::{Bind, MutualTls, Oidc, Options};

use super::modules::modules;
use super::name::name;
use super::tls::client_authorities;
use super::{check_members, invalid, proxy_protocol, says_nothing};
use crate::code::{Code, Refusal};
use crate::model::termination::Termination;
use crate::model::transport::Transport;
use crate::model::{Model, Name, Scheme};
use crate::traffic::Traffic;

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
    pub(super) traffic: Option<Arc<Traffic>>,
}

/// Reads the options of an `http` or `https` endpoint.
pub(super) fn asked(bind: &Bind, scheme: Scheme, model: &Model) -> Result<Asked, Refusal> {
    let options =
        bind.opts.http().map_err(|error| invalid(format!("The options can't be read: {error}.")))?;
    check_members(&bind.opts, &KNOWN)?;
    check_oidc_members(&bind.opts)?;
    let traffic = modules(bind, &options)?.compile()?;
    let settings = options.oidc.map(|oidc| settings(oidc, scheme)).transpose()?;
    if let Some(traffic) = &traffic {
        traffic.check(scheme, settings.as_ref())?;
    }
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
    Ok(Asked { name, settings, traffic, transport })
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
