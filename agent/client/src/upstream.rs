//! The app that an agent forwards to.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use ground::Outbound;
use tokio::net::TcpStream;

/// An app's address: `3000`, `localhost:3000` or `http://localhost:3000`. Shows as `http://localhost:3000`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    host: String,
    port: u16,
}

/// Why a text is no upstream's address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UpstreamError {
    /// A scheme that isn't spoken here.
    #[error("{0:?} is not an http:// URL; an upstream is a port, host:port or http://host:port")]
    Scheme(String),
    /// A URL with more than a host and a port.
    #[error("{0:?} has a path; an upstream is a port, host:port or http://host:port")]
    Path(String),
    /// No port, or none that can be.
    #[error("{0:?} has no port from 1 to 65535; an upstream is a port, host:port or http://host:port")]
    Port(String),
    /// No host, or none that can be.
    #[error("{0:?} has no host; an upstream is a port, host:port or http://host:port")]
    Host(String),
}

impl Upstream {
    /// Its host, an IPv6 address without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
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
}

impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.parse::<IpAddr>() {
            Ok(IpAddr::V6(address)) => write!(f, "http://[{address}]:{}", self.port),
            _ => write!(f, "http://{}:{}", self.host, self.port),
        }
    }
}

impl FromStr for Upstream {
    type Err = UpstreamError;

    fn from_str(text: &str) -> Result<Self, UpstreamError> {
        let (rest, default_port) = match text.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => (rest, Some(80)),
            Some(_) => return Err(UpstreamError::Scheme(text.to_owned())),
            None => (text, None),
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.contains(['/', '?', '#', '@']) {
            return Err(UpstreamError::Path(text.to_owned()));
        }
        if default_port.is_none() && !authority.is_empty() && authority.bytes().all(|b| b.is_ascii_digit()) {
            let port = port(authority).ok_or_else(|| UpstreamError::Port(text.to_owned()))?;
            return Ok(Self { host: "localhost".to_owned(), port });
        }
        let (host, port) = host_and_port(authority, default_port).map_err(|mistake| match mistake {
            Mistake::Host => UpstreamError::Host(text.to_owned()),
            Mistake::Port => UpstreamError::Port(text.to_owned()),
        })?;
        Ok(Self { host, port })
    }
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
    }

    #[test]
    fn what_is_no_address_is_said_in_words_that_help() {
        let want = "an upstream is a port, host:port or http://host:port";
        assert_eq!(
            shown("https://localhost:3000"),
            format!("\"https://localhost:3000\" is not an http:// URL; {want}")
        );
        assert_eq!(shown("localhost:3000/app"), format!("\"localhost:3000/app\" has a path; {want}"));
        assert_eq!(shown("70000"), format!("\"70000\" has no port from 1 to 65535; {want}"));
        assert_eq!(shown("localhost"), format!("\"localhost\" has no port from 1 to 65535; {want}"));
        assert_eq!(shown("localhost:+80"), format!("\"localhost:+80\" has no port from 1 to 65535; {want}"));
        assert_eq!(shown(""), format!("\"\" has no host; {want}"));
        assert_eq!(shown("http://:80"), format!("\"http://:80\" has no host; {want}"));
        assert_eq!(shown("http://user@host:80"), format!("\"http://user@host:80\" has a path; {want}"));
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
