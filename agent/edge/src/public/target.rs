//! Which host a request is for, and whether its head can be read in one way alone.

use http::header::{HOST, HeaderName};
use http::uri::Authority;
use http::{Method, Request, Version};

use super::Caller;
use crate::model::Scheme;

/// Why a request is answered before anyone looks at its host.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TargetError {
    /// It doesn't say, or says it twice, or in two ways.
    #[error("the request doesn't name one host")]
    NoHost,
    /// Its target is no path.
    #[error("the request's target is no path")]
    NoPath,
    /// Its target names another scheme than the connection's (RFC 9110, 7.4).
    #[error("the request's target has another scheme than the connection")]
    Scheme,
    /// An upstream that folds punctuation together (CGI and its heirs) would take a header for another.
    #[error("the header {0:?} only differs from {1:?} in its punctuation")]
    Disguised(HeaderName, &'static str),
    /// Tunnels through this server are not for HTTP clients to make.
    #[error("CONNECT is not offered")]
    Connect,
    /// The connection was made for another host (RFC 9110, 15.5.20).
    #[error("this connection was made for another host")]
    Misdirected,
}

/// The host, in lower case and without a port.
pub(crate) fn host<B>(caller: &Caller, request: &Request<B>) -> Result<String, TargetError> {
    if request.method() == Method::CONNECT {
        return Err(TargetError::Connect);
    }
    if !request.uri().path().starts_with('/') {
        return Err(TargetError::NoPath);
    }
    if request.uri().scheme_str().is_some_and(|scheme| scheme != caller.scheme.as_str()) {
        return Err(TargetError::Scheme);
    }
    if let Some((name, meant)) = request.headers().keys().find_map(disguised) {
        return Err(TargetError::Disguised(name.clone(), meant));
    }
    let named = named(request).ok_or(TargetError::NoHost)?;
    let host = named.host().to_ascii_lowercase();
    if caller.scheme == Scheme::Https && caller.name.as_deref() != Some(host.as_str()) {
        return Err(TargetError::Misdirected);
    }
    Ok(host)
}

/// The one authority that `Host` and the target's own agree upon.
fn named<B>(request: &Request<B>) -> Option<Authority> {
    let mut headers = request.headers().get_all(HOST).iter();
    let header = match (headers.next(), headers.next()) {
        (None, _) => None,
        (Some(value), None) => Some(Authority::try_from(value.as_bytes()).ok()?),
        (Some(_), Some(_)) => return None,
    };
    let named = match (header, request.uri().authority().cloned()) {
        (Some(header), Some(target)) => same(&header, &target).then_some(header),
        // Only HTTP/2 may leave the header out (RFC 9113, 8.3.1).
        (None, Some(target)) => (request.version() == Version::HTTP_2).then_some(target),
        (header, None) => header,
    };
    named.filter(|authority| !authority.as_str().contains('@') && !authority.host().is_empty())
}

/// Headers that say how a message is framed, whom it is for and whose it is: no other spelling of them may pass.
const NEVER_DISGUISED: [&str; 8] = [
    "authorization",
    "connection",
    "content-length",
    "content-type",
    "cookie",
    "host",
    "transfer-encoding",
    "upgrade",
];

/// The header that a name could be taken for, when it is another.
fn disguised(name: &HeaderName) -> Option<(&HeaderName, &'static str)> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if name.as_str().bytes().all(plain) {
        return None;
    }
    let folded = |byte: u8| if plain(byte) { byte } else { b'-' };
    let meant = NEVER_DISGUISED.iter().find(|known| name.as_str().bytes().map(folded).eq(known.bytes()))?;
    Some((name, meant))
}

fn same(one: &Authority, other: &Authority) -> bool {
    one.as_str().eq_ignore_ascii_case(other.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Utc;
    use ground::Connection;

    fn asked(name: Option<&str>, version: Version, uri: &str, hosts: &[&str]) -> Result<String, TargetError> {
        let address = ([127, 0, 0, 1], 1).into();
        let connection = Connection { peer: address, local: address };
        let (since, entered) = (Utc::now(), Default::default());
        let caller = Caller {
            connection,
            scheme: Scheme::Https,
            name: name.map(Into::into),
            tls: None,
            since,
            entered,
        };
        let mut request = Request::builder().version(version).uri(uri);
        for host in hosts {
            request = request.header(HOST, *host);
        }
        host(&caller, &request.body(()).unwrap())
    }

    #[test]
    fn the_host_is_named_once_and_is_that_of_the_connection() {
        let name = Some("app.tunnel.test");
        assert_eq!(asked(name, Version::HTTP_11, "/x", &["App.Tunnel.Test:443"]).unwrap(), "app.tunnel.test");
        assert_eq!(
            asked(name, Version::HTTP_2, "https://app.tunnel.test/x", &[]).unwrap(),
            "app.tunnel.test"
        );
        let refused = |version, uri: &str, hosts: &[&str]| asked(name, version, uri, hosts).unwrap_err();
        assert_eq!(refused(Version::HTTP_11, "/", &[]), TargetError::NoHost);
        assert_eq!(
            refused(Version::HTTP_11, "/", &["app.tunnel.test", "app.tunnel.test"]),
            TargetError::NoHost
        );
        assert_eq!(refused(Version::HTTP_11, "/", &["x@app.tunnel.test"]), TargetError::NoHost);
        assert_eq!(refused(Version::HTTP_11, "/", &["app tunnel"]), TargetError::NoHost);
        assert_eq!(
            refused(Version::HTTP_11, "https://other.tunnel.test/", &["app.tunnel.test"]),
            TargetError::NoHost
        );
        assert_eq!(refused(Version::HTTP_11, "*", &["app.tunnel.test"]), TargetError::NoPath);
        assert_eq!(refused(Version::HTTP_11, "/", &["other.tunnel.test"]), TargetError::Misdirected);
        assert_eq!(refused(Version::HTTP_11, "/", &["app.tunnel.test."]), TargetError::Misdirected);
        assert_eq!(
            refused(Version::HTTP_11, "http://app.tunnel.test/", &["app.tunnel.test"]),
            TargetError::Scheme
        );
        assert_eq!(
            asked(None, Version::HTTP_11, "/", &["app.tunnel.test"]).unwrap_err(),
            TargetError::Misdirected
        );
    }
    #[test]
    fn a_header_that_could_be_taken_for_another_is_found() {
        let meant = |name: &str| disguised(&name.parse().unwrap()).map(|(_, meant)| meant);
        assert_eq!(meant("content_length"), Some("content-length"));
        assert_eq!(meant("Transfer.Encoding"), Some("transfer-encoding"));
        for honest in ["content-length", "x_request_id", "content_length_", "contentlength"] {
            assert_eq!(meant(honest), None, "{honest}");
        }
    }
}
