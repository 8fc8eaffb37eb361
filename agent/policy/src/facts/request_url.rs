//! The URL of a request: as it was written, and normalized (RFC 3986, 6.2.2) so that rules see one spelling of a path.

use http::header::HOST;
use http::request::Parts;
use url::Url;

use super::Endpoint;

/// A request's whole URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestUrl {
    /// As the client wrote it, behind scheme and authority.
    pub raw: String,
    /// Normalized: dot segments are resolved, letters are not escaped that need not be, and the default port is left
    /// out.
    pub normalized: Url,
}

impl RequestUrl {
    /// The URL of a request to an endpoint.
    pub(super) fn of(endpoint: &Endpoint, head: &Parts) -> Option<Self> {
        let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
        let scheme = if endpoint.protocol == "http" { "http" } else { "https" };
        let raw = format!("{scheme}://{}{target}", authority(head)?);
        let mut normalized = Url::parse(&raw).ok()?;
        // Escapes of dots were resolved with the dots; now those that hide other letters.
        let path = unescape_unreserved(normalized.path());
        normalized.set_path(&path);
        Some(Self { raw, normalized })
    }
}

/// The host and port that a request names.
pub(super) fn authority(head: &Parts) -> Option<&str> {
    match head.uri.authority() {
        Some(authority) => Some(authority.as_str()),
        None => head.headers.get(HOST)?.to_str().ok(),
    }
}

/// A path in which no letter, digit, `-`, `.`, `_` or `~` is escaped, and escapes are in upper case.
fn unescape_unreserved(path: &str) -> String {
    let mut unescaped = String::with_capacity(path.len());
    let mut rest = path;
    while let Some(at) = rest.find('%') {
        unescaped.push_str(&rest[..at]);
        let code = rest.get(at + 1..at + 3).and_then(|code| u8::from_str_radix(code, 16).ok());
        match code {
            Some(byte) if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => {
                unescaped.push(char::from(byte));
            }
            Some(byte) => unescaped.push_str(&format!("%{byte:02X}")),
            None => {
                unescaped.push('%');
                rest = &rest[at + 1..];
                continue;
            }
        }
        rest = &rest[at + 3..];
    }
    unescaped + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint() -> Endpoint {
        Endpoint {
            id: "ep_1".to_owned(),
            url: "https://app.tunnel.test".to_owned(),
            protocol: "https",
            host: "app.tunnel.test".to_owned(),
            port: 443,
        }
    }

    fn url(target: &str) -> RequestUrl {
        let request = http::Request::get(target).header("host", "App.Tunnel.Test:443").body(()).unwrap();
        RequestUrl::of(&endpoint(), &request.into_parts().0).unwrap()
    }

    #[test]
    fn every_spelling_of_a_path_is_one_path() {
        for target in [
            "/admin",
            "/x/../admin",
            "/x/%2e%2E/admin",
            "/%61dmin",
            "/%61%64%6D%69%6E",
            "/./admin",
            "/x/.%2e/admin",
        ] {
            assert_eq!(url(target).normalized.as_str(), "https://app.tunnel.test/admin", "{target}");
        }
        assert_eq!(url("/%2561dmin").normalized.path(), "/%2561dmin", "decoded once only");
        assert_eq!(url("/a%2fb%zz?q=%61").normalized.as_str(), "https://app.tunnel.test/a%2Fb%zz?q=%61");
        assert_eq!(url("/%61?x").raw, "https://App.Tunnel.Test:443/%61?x");
    }
}
