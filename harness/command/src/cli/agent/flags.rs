//! How the values of the agent's flags are read.

use std::convert::Infallible;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use gatewright::parts::client::definition::TerminateAt;
use gatewright::parts::client::endpoint::UpstreamProtocol;
use gatewright::parts::client::log::{Format, Level};
use gatewright::parts::client::upstream::UpstreamError;
use gatewright::parts::client::{Scheme, Upstream};
use gatewright::parts::ground::Secret;

pub(super) fn http_addr(text: &str) -> Result<String, UpstreamError> {
    text.parse::<Upstream>().map(|_| text.to_owned())
}

pub(super) fn raw_addr(text: &str) -> Result<String, UpstreamError> {
    Upstream::raw(text).map(|_| text.to_owned())
}

pub(super) fn log_format() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(["term", "logfmt", "json"]).try_map(|format| format.parse::<Format>())
}

pub(super) fn log_level() -> impl TypedValueParser<Value = Level> {
    PossibleValuesParser::new(["debug", "info", "warn", "error", "crit"])
        .try_map(|level| level.parse::<Level>())
}

pub(super) fn scheme() -> impl TypedValueParser<Value = Scheme> {
    PossibleValuesParser::new(["https", "http"]).map(|text| match text.as_str() {
        "http" => Scheme::Http,
        _ => Scheme::Https,
    })
}

pub(super) fn upstream_protocol() -> impl TypedValueParser<Value = UpstreamProtocol> {
    PossibleValuesParser::new(["http1", "http2"]).map(|text| match text.as_str() {
        "http2" => UpstreamProtocol::Http2,
        _ => UpstreamProtocol::Http1,
    })
}

pub(super) fn proxy_proto() -> impl TypedValueParser<Value = u8> {
    PossibleValuesParser::new(["0", "1", "2"]).try_map(|text| text.parse::<u8>())
}

pub(super) fn terminate_at() -> impl TypedValueParser<Value = TerminateAt> {
    PossibleValuesParser::new(["edge", "agent", "upstream"]).map(|text| match text.as_str() {
        "edge" => TerminateAt::Edge,
        "agent" => TerminateAt::Agent,
        _ => TerminateAt::Upstream,
    })
}

pub(super) fn authtoken(text: &str) -> Result<Secret, Infallible> {
    Ok(Secret::new("authtoken", text))
}

pub(super) fn client_secret(text: &str) -> Result<Secret, Infallible> {
    Ok(Secret::new("client secret", text))
}

pub(super) fn webhook_secret(text: &str) -> Result<Secret, Infallible> {
    Ok(Secret::new("webhook secret", text))
}

/// The pair isn't shown when it is wrong: it may be the password alone.
pub(super) fn login(text: &str) -> Result<Secret, Infallible> {
    Ok(Secret::new("password", text))
}

/// A name, or the `https://` or `tls://` URL that it makes.
pub(super) fn domain(text: &str) -> Result<String, String> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("tls://")).unwrap_or(text);
    let name = rest.strip_suffix('/').unwrap_or(rest);
    if name.is_empty() || name.contains(['/', ':', '?', '#', '@']) || name.contains(char::is_whitespace) {
        return Err("a domain is a name such as app.tunnel.test, or https:// and a name".to_owned());
    }
    Ok(name.to_owned())
}

/// There is but one edge.
pub(super) fn region(_: &str) -> Result<String, &'static str> {
    Err("a region chooses among ngrok's own edges; here the edge is the one that is named: leave it out")
}

pub(super) fn label(text: &str) -> Result<(String, String), &'static str> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() && !value.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("a label is KEY=VALUE, for instance edge=edghts_2a"),
    }
}

/// One label of a host's name (RFC 1123, 2.1).
pub(in crate::cli) fn host_label(text: &str) -> Result<String, &'static str> {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if (1..=40).contains(&text.len())
        && text.bytes().all(fits)
        && !text.starts_with('-')
        && !text.ends_with('-')
    {
        return Ok(text.to_owned());
    }
    Err("a name is 1 to 40 lower-case letters, digits and hyphens, with a letter or a digit at both ends")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_a_name_or_its_url() {
        assert_eq!(domain("app.tunnel.test").as_deref(), Ok("app.tunnel.test"));
        assert_eq!(domain("https://app.tunnel.test/").as_deref(), Ok("app.tunnel.test"));
        for wrong in ["", "https://", "http://app.tunnel.test", "app.tunnel.test/path", "app:80", "a b"] {
            assert!(domain(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_label_has_both_its_sides() {
        assert_eq!(label("edge=edghts_2a=b"), Ok(("edge".into(), "edghts_2a=b".into())));
        for wrong in ["edge", "=edghts_2a", "edge=", ""] {
            assert!(label(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_org_is_named_by_a_label() {
        assert!(host_label("acme-2").is_ok());
        for wrong in ["", "-acme", "acme-", "Acme", "acme.corp", "a/b", &"a".repeat(41)] {
            assert!(host_label(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn secrets_do_not_show_in_what_is_debugged() {
        let token = authtoken("very-secret").unwrap_or_else(|never| match never {});
        assert_eq!(format!("{token:?}"), "[authtoken]");
    }
}
