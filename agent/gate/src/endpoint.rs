use std::fmt;

use url::Url;

use crate::ReturnTo;

/// The origin of a public URL, `https://host[:port]`, in its one canonical spelling (host in lower case, no default
/// port). Everything that a login or a session is bound to hangs on it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Endpoint {
    origin: String,
}

/// A text that is not the URL of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an endpoint: an https URL with a host, without user, path, query or fragment")]
pub struct EndpointError(String);

const SCHEME: &str = "https://";

impl Endpoint {
    /// Reads `https://host[:port]`, with or without a final slash.
    pub fn new(url: &str) -> Result<Self, EndpointError> {
        let error = || EndpointError(url.to_owned());
        let url = Url::parse(url).map_err(|_| error())?;
        let bare = url.scheme() == "https"
            && url.host_str().is_some_and(|host| !host.is_empty())
            && url.username().is_empty()
            && url.password().is_none()
            && url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none();
        if bare { Ok(Self { origin: url.origin().ascii_serialization() }) } else { Err(error()) }
    }

    /// `https://host[:port]`.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// `host[:port]`.
    pub fn authority(&self) -> &str {
        &self.origin[SCHEME.len()..]
    }

    /// The absolute URL of a place on this endpoint.
    pub fn url(&self, place: &ReturnTo) -> String {
        format!("{}{place}", self.origin)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.origin)
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.origin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_has_one_spelling() {
        for url in ["https://app.tunnel.test", "https://APP.tunnel.test:443/", "HTTPS://App.Tunnel.Test"] {
            let endpoint = Endpoint::new(url).unwrap();
            assert_eq!(endpoint.origin(), "https://app.tunnel.test");
            assert_eq!(endpoint.authority(), "app.tunnel.test");
        }
        assert_eq!(Endpoint::new("https://app.localhost:8443").unwrap().authority(), "app.localhost:8443");
    }

    #[test]
    fn what_is_more_or_less_than_an_origin_is_refused() {
        for url in [
            "http://app.tunnel.test",
            "https://a@app.tunnel.test",
            "https://app.tunnel.test/x",
            "https://app.tunnel.test/?q",
            "https://app.tunnel.test/#f",
            "app.tunnel.test",
            "",
        ] {
            assert!(Endpoint::new(url).is_err(), "{url}");
        }
    }
}
