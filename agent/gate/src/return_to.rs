use std::fmt;

use http::Uri;
use percent_encoding::percent_decode_str;
use url::Url;

use crate::Endpoint;
use crate::decision::{CALLBACK_PATH, LOGIN_PATH, LOGOUT_PATH};

/// Longer ones are not remembered.
const MAX_BYTES: usize = 4096;

/// Where someone goes after a login: a path and perhaps a query on the endpoint that the login belongs to. It begins
/// with one `/` and holds visible ASCII without backslashes, so no client can read a host into it.
#[derive(Clone, PartialEq, Eq)]
pub struct ReturnTo(String);

impl ReturnTo {
    /// The endpoint's root.
    pub fn root() -> Self {
        Self("/".to_owned())
    }

    /// The place that a request asks for; the root where that can't be kept safely.
    pub fn of_request(uri: &Uri) -> Self {
        uri.path_and_query().and_then(|place| Self::parse(place.as_str())).unwrap_or_else(Self::root)
    }

    /// The place that a third party's `target_link_uri` names (OpenID Connect Core, section 4): an absolute URL on this
    /// very endpoint. Everything else, and everything that two parsers could read in two ways, is the root.
    pub fn of_target_link(target: &str, endpoint: &Endpoint) -> Self {
        Self::target_link(target, endpoint).unwrap_or_else(Self::root)
    }

    fn target_link(target: &str, endpoint: &Endpoint) -> Option<Self> {
        if target.len() > MAX_BYTES || !target.bytes().all(is_plain) {
            return None;
        }
        let url = Url::parse(target).ok()?;
        let here = url.scheme() == "https"
            && url.origin().ascii_serialization() == endpoint.origin()
            && url.username().is_empty()
            && url.password().is_none();
        // `https:/host` and `https:host` are URLs to some and paths to others.
        let rest = target.get(.."https://".len()).filter(|start| start.eq_ignore_ascii_case("https://"))?;
        let authority = target[rest.len()..].split(['/', '?', '#']).next()?;
        if !here || authority.is_empty() || authority.contains(['@', '%']) {
            return None;
        }
        // What still is dangerous once someone behind the gate decodes it, is refused as well.
        let decoded: Vec<u8> = percent_decode_str(url.path()).collect();
        if !decoded.iter().all(|byte| is_plain(*byte) || *byte == b' ' || !byte.is_ascii())
            || decoded.starts_with(b"//")
        {
            return None;
        }
        match url.query() {
            Some(query) => Self::parse(&format!("{}?{query}", url.path())),
            None => Self::parse(url.path()),
        }
    }

    fn parse(place: &str) -> Option<Self> {
        let path = place.split('?').next()?;
        let safe = place.len() <= MAX_BYTES
            && place.starts_with('/')
            && !place.starts_with("//")
            && place.bytes().all(is_plain)
            && !place.contains('#')
            // Back to the gate's own paths would loop, or sign out again.
            && ![LOGIN_PATH, LOGOUT_PATH, CALLBACK_PATH].contains(&path);
        safe.then(|| Self(place.to_owned()))
    }

    /// The path and query.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Visible ASCII, and no backslash: browsers take that for a slash.
fn is_plain(byte: u8) -> bool {
    matches!(byte, 0x21..=0x7e) && byte != b'\\'
}

impl fmt::Display for ReturnTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ReturnTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn endpoint() -> Endpoint {
        Endpoint::new("https://app.tunnel.test").unwrap()
    }

    fn target(text: &str) -> String {
        ReturnTo::of_target_link(text, &endpoint()).to_string()
    }

    fn request(text: &str) -> String {
        ReturnTo::of_request(&text.parse().unwrap()).to_string()
    }

    #[test]
    fn the_path_and_query_of_a_request_are_kept() {
        assert_eq!(request("/reports?year=2026&q=a%20b"), "/reports?year=2026&q=a%20b");
        assert_eq!(request("https://whatever.test/a/b"), "/a/b");
        assert_eq!(request("/a?redirect=//evil.test"), "/a?redirect=//evil.test");
    }

    #[test]
    fn what_is_no_path_of_ours_becomes_the_root() {
        for place in
            ["//evil.test", "//evil.test/x", "*", "/ngrok/logout", "/ngrok/login?iss=x", "/ngrok/callback"]
        {
            assert_eq!(request(place), "/", "{place}");
        }
        assert_eq!(request(&format!("/{}", "a".repeat(MAX_BYTES))), "/");
    }

    #[test]
    fn a_target_on_this_endpoint_is_kept() {
        assert_eq!(target("https://app.tunnel.test/reports?year=2026"), "/reports?year=2026");
        assert_eq!(target("https://APP.tunnel.test:443/x%20y"), "/x%20y");
        assert_eq!(target("https://app.tunnel.test"), "/");
        assert_eq!(target("https://app.tunnel.test/a#b"), "/a");
    }

    #[test]
    fn a_target_elsewhere_or_in_disguise_becomes_the_root() {
        for text in [
            "https://evil.test/",
            "https://app.tunnel.test.evil.test/x",
            "https://app.tunnel.test@evil.test/x",
            "https://evil.test\\@app.tunnel.test/x",
            "https://app.tunnel.test\\.evil.test/x",
            "https://app.tunnel.test:8443/x",
            "http://app.tunnel.test/x",
            "https:/app.tunnel.test/x",
            "https:app.tunnel.test/x",
            "https:///app.tunnel.test/x",
            "https:\\\\app.tunnel.test/x",
            "//app.tunnel.test/x",
            "/\\evil.test",
            "//evil.test",
            "/x",
            "/%09/evil.test",
            "https://app.tunnel.test/%09/evil.test",
            "https://app.tunnel.test/%0d%0aLocation:%20https://evil.test",
            "https://app.tunnel.test/%5cevil.test",
            "https://app.tunnel.test/%2fevil.test",
            "https://app.tunnel.test//evil.test",
            "https://app.tunnel.test/.//evil.test",
            "https://app.tunnel.test/a b",
            "https://app.tunnel.test/\tx",
            "https://app.tunnel.test/ngrok/logout",
            "https://app.tunnel.test/a/../ngrok/logout",
            "https://app.tunnel.test/a/%2e%2e/ngrok/logout",
            "https://%61pp.tunnel.test/x",
            "https://ápp.tunnel.test/x",
            "javascript:alert(1)",
            "data:text/html,x",
            "",
        ] {
            assert_eq!(target(text), "/", "{text}");
        }
    }

    fn stays_here(place: &ReturnTo) -> bool {
        // As the absolute URL that we send, and as a browser would resolve it if someone sent it bare.
        let sent = Url::parse(&endpoint().url(place)).unwrap();
        let bare = Url::parse(endpoint().origin()).unwrap().join(place.as_str()).unwrap();
        let here = endpoint();
        sent.origin().ascii_serialization() == here.origin()
            && bare.origin().ascii_serialization() == here.origin()
            && http::HeaderValue::from_str(&here.url(place)).is_ok()
    }

    proptest! {
        #[test]
        fn no_target_leaves_the_host(text in "[a-z/\\\\@:.%0-9?#\\s]{0,60}|.{0,80}") {
            prop_assert!(stays_here(&ReturnTo::of_target_link(&text, &endpoint())));
        }

        #[test]
        fn no_target_that_begins_well_leaves_the_host(rest in "[/\\\\@:.%0-9a-f?#\\t\\n ]{0,30}[a-z.]{0,9}") {
            let text = format!("https://app.tunnel.test{rest}");
            prop_assert!(stays_here(&ReturnTo::of_target_link(&text, &endpoint())));
        }

        #[test]
        fn no_request_leaves_the_host(text in "[/\\\\]{0,3}[ -~]{0,60}") {
            if let Ok(uri) = text.parse::<Uri>() {
                prop_assert!(stays_here(&ReturnTo::of_request(&uri)));
            }
        }
    }
}
