//! The name that an endpoint is asked for under.

use url::Url;

use super::invalid;
use crate::code::{Code, Refusal};
use crate::model::{Host, HostPort, Model, Name, Scheme};

/// The one name that all ways of asking agree upon.
pub(super) fn name(
    scheme: Scheme,
    model: &Model,
    domains: [&String; 2],
    subdomain: &str,
    url: Option<&str>,
) -> Result<Name, Refusal> {
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
        [] => Ok(Name::Any),
        [host] if host.is_internal() => {
            let port = scheme.default_port().unwrap_or_default();
            Ok(Name::Internal(HostPort { host: host.clone(), port }))
        }
        [host] => Ok(Name::Host(host.clone())),
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
    let usual = if host.is_internal() { scheme.default_port() } else { Some(model.port(scheme)) };
    if url.port().is_some_and(|port| Some(port) != usual) {
        return Err(wrong("has a port that this edge does not listen on"));
    }
    if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("has more than a scheme and a host"));
    }
    Ok(Some(host))
}
