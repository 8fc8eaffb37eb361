//! What the agent is asked, in ngrok's words.

use std::convert::Infallible;
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use gatewright::parts::client::log::{Format, Level};
use gatewright::parts::client::{ServerAddr, Upstream};
use gatewright::parts::ground::Secret;

/// Open an HTTPS tunnel to an app on this machine
///
/// The tunnel stays open until the agent is interrupted, which is its ordinary end (exit status 0). The agent calls an
/// edge that is not there again and again. It gives up, with exit status 1, when the edge refuses it or its tunnel, or
/// is not whom the root authorities vouch for.
#[derive(Debug, Args)]
pub(crate) struct Http {
    /// The app: a port, host:port, or http://host:port
    #[arg(value_name = "ADDR")]
    pub(crate) address: Upstream,
    /// Guard the tunnel by this OpenID Connect issuer
    #[arg(long, value_name = "URL", requires_all = ["oidc_client_id", "oidc_client_secret"])]
    pub(crate) oidc: Option<String>,
    /// The client ID that the issuer gave
    #[arg(long, value_name = "ID", requires = "oidc")]
    pub(crate) oidc_client_id: Option<String>,
    /// The client secret that the issuer gave
    #[arg(long, value_name = "SECRET", requires = "oidc", value_parser = client_secret)]
    pub(crate) oidc_client_secret: Option<Secret>,
    /// A scope to ask for besides openid, profile and email
    #[arg(long, value_name = "SCOPE", requires = "oidc")]
    pub(crate) oidc_scope: Vec<String>,
    /// Let in only this e-mail address
    #[arg(long, value_name = "EMAIL", requires = "oidc")]
    pub(crate) oidc_allow_email: Vec<String>,
    /// Let in only e-mail addresses of this domain
    #[arg(long, value_name = "DOMAIN", requires = "oidc")]
    pub(crate) oidc_allow_domain: Vec<String>,
    /// The name to serve the app under, instead of one that the edge chooses
    #[arg(long, aliases = ["hostname", "url"], value_name = "NAME", value_parser = domain)]
    pub(crate) domain: Option<String>,
    #[command(flatten)]
    pub(crate) joining: Joining,
}

/// Join an Edge with an app on this machine
///
/// The tunnel stays open until the agent is interrupted, which is its ordinary end (exit status 0). The agent calls an
/// edge that is not there again and again. It gives up, with exit status 1, when the edge refuses it or its tunnel, or
/// is not whom the root authorities vouch for.
#[derive(Debug, Args)]
pub(crate) struct Tunnel {
    /// The app: a port, host:port, or http://host:port
    #[arg(value_name = "ADDR")]
    pub(crate) address: Upstream,
    /// A label that matches the Edge's tunnel group, for instance edge=edghts_2a
    #[arg(long, value_name = "KEY=VALUE", required = true, value_parser = label)]
    pub(crate) label: Vec<(String, String)>,
    #[command(flatten)]
    pub(crate) joining: Joining,
}

/// Which edge an agent joins, whom it trusts, and how it tells of itself.
#[derive(Debug, Args)]
pub(crate) struct Joining {
    /// The token that lets this agent in
    #[arg(long, value_name = "T", env = "NGROK_AUTHTOKEN", hide_env_values = true, value_parser = authtoken)]
    pub(crate) authtoken: Option<Secret>,
    /// The edge's address for agents
    #[arg(long, value_name = "HOST:PORT", env = "GATEWRIGHT_SERVER_ADDR", hide_env_values = true)]
    pub(crate) server_addr: ServerAddr,
    /// The PEM file of the authority that the edge's certificate comes from
    #[arg(long, value_name = "FILE", env = "GATEWRIGHT_ROOT_CAS", hide_env_values = true)]
    pub(crate) root_cas: PathBuf,
    /// Text to attach to this agent's session
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub(crate) metadata: String,
    /// Where log lines go
    #[arg(long, value_name = "WHERE", value_enum, default_value_t = LogTo::False)]
    pub(crate) log: LogTo,
    /// How log lines look
    #[arg(long, value_name = "FORMAT", default_value = "term", value_parser = log_format())]
    pub(crate) log_format: Format,
    /// The least grave lines that are logged
    #[arg(long, value_name = "LEVEL", default_value = "info", value_parser = log_level())]
    pub(crate) log_level: Level,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogTo {
    /// Standard output, instead of the console
    Stdout,
    /// Standard error, instead of the console
    Stderr,
    /// Nowhere: the console is shown
    False,
}

fn log_format() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(["term", "logfmt", "json"]).try_map(|format| format.parse::<Format>())
}

fn log_level() -> impl TypedValueParser<Value = Level> {
    PossibleValuesParser::new(["debug", "info", "warn", "error"]).try_map(|level| level.parse::<Level>())
}

fn authtoken(text: &str) -> Result<Secret, Infallible> {
    Ok(Secret::new("authtoken", text))
}

fn client_secret(text: &str) -> Result<Secret, Infallible> {
    Ok(Secret::new("client secret", text))
}

/// A name, or the `https://` URL that it makes.
fn domain(text: &str) -> Result<String, String> {
    let name = text.strip_prefix("https://").unwrap_or(text);
    let name = name.strip_suffix('/').unwrap_or(name);
    if name.is_empty() || name.contains(['/', ':', '?', '#', '@']) || name.contains(char::is_whitespace) {
        return Err("a domain is a name such as app.tunnel.test, or https:// and a name".to_owned());
    }
    Ok(name.to_owned())
}

fn label(text: &str) -> Result<(String, String), &'static str> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() && !value.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("a label is KEY=VALUE, for instance edge=edghts_2a"),
    }
}

/// One label of a host's name (RFC 1123, 2.1).
pub(super) fn host_label(text: &str) -> Result<String, &'static str> {
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
