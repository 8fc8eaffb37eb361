//! The app that an agent forwards to.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use ground::Outbound;
use tokio::net::TcpStream;

/// An app's address: `3000`, `localhost:3000`, `http://localhost:3000` or `https://localhost:3443`; for raw bytes
/// ([`Upstream::raw`]) `22`, `localhost:22`, or `tls://localhost:443`. Shows as `http://localhost:3000`, and as
/// `localhost:22` when its bytes are raw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    speaks: Speaks,
    host: String,
    port: u16,
}

/// What is spoken with an app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaks {
    /// HTTP.
    Http,
    /// HTTP over TLS.
    Https,
    /// Whatever comes.
    Raw,
    /// Whatever comes, over TLS.
    RawOverTls,
}

/// Why a text is no upstream's address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} {wrong}; an upstream is {}", if *.raw { RAW } else { HTTP })]
pub struct UpstreamError {
    text: String,
    wrong: &'static str,
    raw: bool,
}

const HTTP: &str = "a port, host:port, or http:// or https:// and host:port";
const RAW: &str = "a port, host:port, or tcp:// or tls:// and host:port";

impl Upstream {
    /// The address of an app that gets bytes as they come.
    pub fn raw(text: &str) -> Result<Self, UpstreamError> {
        parse(text, true)
    }

    /// What is spoken with it.
    pub fn speaks(&self) -> Speaks {
        self.speaks
    }

    /// Whether TLS is spoken with it.
    pub fn is_over_tls(&self) -> bool {
        matches!(self.speaks, Speaks::Https | Speaks::RawOverTls)
    }

    /// Its host, an IPv6 address without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its name in a Host header, without a port that its scheme implies.
    pub fn authority(&self) -> String {
        let host = self.host_in_url();
        match (self.speaks, self.port) {
            (Speaks::Http, 80) | (Speaks::Https, 443) => host,
            (_, port) => format!("{host}:{port}"),
        }
    }

    /// Connects by `way`. `localhost` is 127.0.0.1 or, when nobody listens there, ::1.
    pub(crate) async fn connect(&self, way: &Outbound) -> io::Result<TcpStream> {
        match way.connect(&self.host, self.port).await {
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused && self.host == "localhost" => {
                // The first error is the one to tell: it names what was asked for.
                way.connect(&Ipv6Addr::LOCALHOST.to_string(), self.port).await.map_err(|_| error)
            }
            outcome => outcome,
        }
    }

    fn host_in_url(&self) -> String {
        match self.host.parse::<IpAddr>() {
            Ok(IpAddr::V6(address)) => format!("[{address}]"),
            _ => self.host.clone(),
        }
    }
}

impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.speaks {
            Speaks::Http => "http://",
            Speaks::Https => "https://",
            Speaks::Raw => "",
            Speaks::RawOverTls => "tls://",
        };
        write!(f, "{scheme}{}:{}", self.host_in_url(), self.port)
    }
}

impl FromStr for Upstream {
    type Err = UpstreamError;

    fn from_str(text: &str) -> Result<Self, UpstreamError> {
        parse(text, false)
    }
}

fn parse(text: &str, raw: bool) -> Result<Upstream, UpstreamError> {
    let wrong = |wrong| UpstreamError { text: text.to_owned(), wrong, raw };
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) => (Some(scheme.to_ascii_lowercase()), rest),
        None => (None, text),
    };
    let (speaks, default_port) = match (raw, scheme.as_deref()) {
        (false, None) => (Speaks::Http, None),
        (false, Some("http")) => (Speaks::Http, Some(80)),
        (false, Some("https")) => (Speaks::Https, Some(443)),
        (true, None | Some("tcp")) => (Speaks::Raw, None),
        (true, Some("tls")) => (Speaks::RawOverTls, None),
        (_, Some("file")) => return Err(wrong("is a folder, and this agent serves no files")),
        (_, Some("unix")) => return Err(wrong("is a socket's file, and this agent calls none")),
        (_, Some(_)) => return Err(wrong("has a scheme that is not spoken to it")),
    };
    let authority = rest.strip_suffix('/').unwrap_or(rest);
    if authority.contains(['/', '?', '#', '@']) {
        return Err(wrong("has a path"));
    }
    const NO_PORT: &str = "has no port from 1 to 65535";
    if default_port.is_none() && !authority.is_empty() && authority.bytes().all(|b| b.is_ascii_digit()) {
        let port = port(authority).ok_or_else(|| wrong(NO_PORT))?;
        return Ok(Upstream { speaks, host: "localhost".to_owned(), port });
    }
    let (host, port) = host_and_port(authority, default_port).map_err(|mistake| match mistake {
        Mistake::Host => wrong("has no host"),
        Mistake::Port => wrong(NO_PORT),
    })?;
    Ok(Upstream { speaks, host, port })
}

/// What is wrong with a `host:port`.
pub(crate) enum Mistake {
    Host,
    Port,
}

/// Takes `host:port` apart; an IPv6 address stands in brackets and comes without.
pub(crate) fn host_and_port(text: &str, default_port: Option<u16>) -> Result<(String, u16), Mistake> {
    let (host, given) = match text.strip_prefix('[') {
        Some(bracketed) => {
            let (address, rest) = bracketed.split_once(']').ok_or(Mistake::Host)?;
            address.parse::<Ipv6Addr>().map_err(|_| Mistake::Host)?;
            let given =
                if rest.is_empty() { None } else { Some(rest.strip_prefix(':').ok_or(Mistake::Port)?) };
            (address, given)
        }
        None => match text.split_once(':') {
            Some((host, given)) => (host, Some(given)),
            None => (text, None),
        },
    };
    if host.is_empty() || !host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:".contains(&b)) {
        return Err(Mistake::Host);
    }
    let port = match given {
        Some(given) => port(given),
        None => default_port,
    };
    Ok((host.to_ascii_lowercase(), port.ok_or(Mistake::Port)?))
}

fn port(text: &str) -> Option<u16> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|port| digits && *port != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(text: &str) -> String {
        match text.parse::<Upstream>() {
            Ok(upstream) => upstream.to_string(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn the_usual_spellings_are_understood() {
        assert_eq!(shown("3000"), "http://localhost:3000");
        assert_eq!(shown("localhost:3000"), "http://localhost:3000");
        assert_eq!(shown("http://localhost:80"), "http://localhost:80");
        assert_eq!(shown("HTTP://App.Local/"), "http://app.local:80");
        assert_eq!(shown("http://[::1]:3000"), "http://[::1]:3000");
        assert_eq!(shown("127.0.0.1:8080"), "http://127.0.0.1:8080");
        assert_eq!(shown("https://localhost"), "https://localhost:443");
    }

    #[test]
    fn raw_bytes_have_a_port_and_perhaps_tls() {
        let shown = |text: &str| Upstream::raw(text).map(|upstream| upstream.to_string());
        assert_eq!(shown("22").as_deref(), Ok("localhost:22"));
        assert_eq!(shown("tcp://db.localhost:5432").as_deref(), Ok("db.localhost:5432"));
        assert_eq!(shown("tls://[::1]:443").as_deref(), Ok("tls://[::1]:443"));
        let want = "an upstream is a port, host:port, or tcp:// or tls:// and host:port";
        let error = shown("http://localhost:22").unwrap_err().to_string();
        assert_eq!(error, format!("\"http://localhost:22\" has a scheme that is not spoken to it; {want}"));
    }

    #[test]
    fn a_host_header_leaves_an_implied_port_out() {
        let authority = |text: &str| text.parse::<Upstream>().unwrap().authority();
        assert_eq!(authority("3000"), "localhost:3000");
        assert_eq!(authority("http://app.localhost"), "app.localhost");
        assert_eq!(authority("https://[::1]"), "[::1]");
    }

    #[test]
    fn what_is_no_address_is_said_in_words_that_help() {
        let want = "an upstream is a port, host:port, or http:// or https:// and host:port";
        for (text, wrong) in [
            ("ftp://localhost:3000", "has a scheme that is not spoken to it"),
            ("file:///srv", "is a folder, and this agent serves no files"),
            ("localhost:3000/app", "has a path"),
            ("70000", "has no port from 1 to 65535"),
            ("localhost", "has no port from 1 to 65535"),
            ("localhost:+80", "has no port from 1 to 65535"),
            ("", "has no host"),
            ("http://:80", "has no host"),
            ("http://user@host:80", "has a path"),
        ] {
            assert_eq!(shown(text), format!("{text:?} {wrong}; {want}"));
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_is_understood_again(text in ".{0,40}") {
            if let Ok(upstream) = text.parse::<Upstream>() {
                prop_assert_eq!(upstream.to_string().parse::<Upstream>(), Ok(upstream));
            }
        }
    }
}
