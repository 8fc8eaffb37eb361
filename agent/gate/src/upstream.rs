//! What an upstream gets to hear of a request, and what it may say in its answer.

use std::net::IpAddr;

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::{Endpoint, Identity, cookies};

/// The subject identifier.
const USER_ID: HeaderName = HeaderName::from_static("ngrok-auth-user-id");
/// The e-mail address.
const USER_EMAIL: HeaderName = HeaderName::from_static("ngrok-auth-user-email");
/// The full name.
const USER_NAME: HeaderName = HeaderName::from_static("ngrok-auth-user-name");

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Beginnings of names that only the edge may use towards an upstream, as [`folded`] spells them.
const RESERVED_PREFIXES: &[&str] = &["ngrok-auth-", "x-forwarded-", "x-original-"];
/// Whole names of that sort: aliases that frameworks read addresses, paths and identities from.
const RESERVED_NAMES: &[&str] = &[
    "forwarded",
    "x-real-ip",
    "true-client-ip",
    "x-client-ip",
    "x-rewrite-url",
    "remote-user",
    "x-remote-user",
];

/// Headers that concern one connection alone (RFC 9110, 7.6.1).
const HOP_BY_HOP: &[&str] = &[
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Headers that `Connection` must not take away, since they say what the request is.
const END_TO_END: &[&str] = &["authorization", "content-length", "content-type", "cookie", "host"];

/// What may stand in a header as it is; the rest of a text is percent-encoded, `%` itself included.
const ENCODED: &AsciiSet = &CONTROLS.add(b'%');

/// Where a request came from and what it was for, as the edge itself saw it.
#[derive(Clone, Copy, Debug)]
pub struct Forwarded<'a> {
    /// The client's address.
    pub client: IpAddr,
    /// The endpoint that was asked.
    pub endpoint: &'a Endpoint,
}

/// Makes a request's headers fit for the upstream:
///
/// * what the client sent under names that are the edge's (`ngrok-auth-*`, `X-Forwarded-*`, `Forwarded` and the like)
///   goes, in every spelling that a CGI-like upstream would fold together;
/// * hop-by-hop headers go, those that `Connection` names among them, before ours are added, so that it can't take
///   ours away; an upgrade stays an upgrade;
/// * the gate's cookies go, the others stay;
/// * `ngrok-auth-user-id`, `-email` and `-name` say who it is, each only where the issuer said it, with control
///   characters left out and everything beyond ASCII percent-encoded as UTF-8 (`%` as `%25`);
/// * `X-Forwarded-For`, `-Host` and `-Proto` say what the edge saw.
///
/// Without a gate, or for a preflight, `identity` is nothing, and the headers are cleaned all the same.
pub fn request(headers: &mut HeaderMap, identity: Option<&Identity>, forwarded: Forwarded<'_>) {
    strip_reserved(headers);
    strip_hop_by_hop(headers);
    cookies::strip_from_request(headers);
    if let Some(identity) = identity {
        add(headers, USER_ID, Some(&identity.id));
        add(headers, USER_EMAIL, identity.email.as_deref());
        add(headers, USER_NAME, identity.name.as_deref());
    }
    add(headers, X_FORWARDED_FOR, Some(&forwarded.client.to_canonical().to_string()));
    add(headers, X_FORWARDED_HOST, Some(forwarded.endpoint.authority()));
    headers.insert(X_FORWARDED_PROTO, HeaderValue::from_static("https"));
}

/// Takes out of an upstream's answer what is the gate's to set: its cookies.
pub fn response(headers: &mut HeaderMap) {
    cookies::strip_from_response(headers);
}

/// Takes out the names that only the edge may use. For a request's trailers too.
pub fn strip_reserved(headers: &mut HeaderMap) {
    remove_where(headers, is_reserved);
}

fn is_reserved(name: &HeaderName) -> bool {
    let name = folded(name.as_str());
    RESERVED_PREFIXES.iter().any(|prefix| name.starts_with(prefix)) || RESERVED_NAMES.contains(&name.as_str())
}

/// A name as a CGI-like upstream would confuse it: whatever is no letter or digit is one and the same sign.
fn folded(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect()
}

fn strip_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<String> = headers
        .get_all(header::CONNECTION)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .map(|name| String::from_utf8_lossy(name).trim().to_ascii_lowercase())
        .collect();
    let upgrade =
        headers.get(header::UPGRADE).filter(|_| named.iter().any(|name| name == "upgrade")).cloned();
    remove_where(headers, |name| {
        let name = name.as_str();
        HOP_BY_HOP.contains(&name) || (named.iter().any(|named| named == name) && !END_TO_END.contains(&name))
    });
    if let Some(upgrade) = upgrade {
        headers.insert(header::UPGRADE, upgrade);
        headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    }
}

fn remove_where(headers: &mut HeaderMap, is_unwanted: impl Fn(&HeaderName) -> bool) {
    let unwanted: Vec<HeaderName> = headers.keys().filter(|name| is_unwanted(name)).cloned().collect();
    for name in unwanted {
        headers.remove(name);
    }
}

fn add(headers: &mut HeaderMap, name: HeaderName, text: Option<&str>) {
    headers.remove(&name);
    let Some(text) = text else { return };
    let text: String = text.chars().filter(|c| !c.is_control()).collect();
    let encoded = utf8_percent_encode(text.trim(), ENCODED).to_string();
    // What is left is visible ASCII and spaces, which every header can carry.
    if let Ok(value) = HeaderValue::try_from(encoded)
        && !value.is_empty()
    {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use proptest::prelude::*;

    use super::*;

    fn alice() -> Identity {
        Identity {
            issuer: "https://acme.okta.test".to_owned(),
            id: "00u1".to_owned(),
            email: Some("alice@acme.test".to_owned()),
            name: Some("Alice Ångström 100%".to_owned()),
        }
    }

    fn passed_on(sent: &[(&str, &str)], identity: Option<&Identity>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in sent {
            headers.append(HeaderName::try_from(*name).unwrap(), HeaderValue::from_str(value).unwrap());
        }
        let endpoint = Endpoint::new("https://app.tunnel.test").unwrap();
        let client = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 9));
        request(&mut headers, identity, Forwarded { client, endpoint: &endpoint });
        headers
    }

    fn values<'h>(headers: &'h HeaderMap, name: &str) -> Vec<&'h str> {
        headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect()
    }

    #[test]
    fn the_upstream_hears_who_it_is_and_what_the_edge_saw() {
        let headers = passed_on(&[("accept", "*/*")], Some(&alice()));
        assert_eq!(values(&headers, "ngrok-auth-user-id"), ["00u1"]);
        assert_eq!(values(&headers, "ngrok-auth-user-email"), ["alice@acme.test"]);
        assert_eq!(values(&headers, "ngrok-auth-user-name"), ["Alice %C3%85ngstr%C3%B6m 100%25"]);
        assert_eq!(values(&headers, "x-forwarded-for"), ["127.0.0.9"]);
        assert_eq!(values(&headers, "x-forwarded-host"), ["app.tunnel.test"]);
        assert_eq!(values(&headers, "x-forwarded-proto"), ["https"]);
        assert_eq!(values(&headers, "accept"), ["*/*"]);
    }

    #[test]
    fn a_clients_own_copies_go_in_every_spelling() {
        let forged = [
            ("ngrok-auth-user-id", "admin"),
            ("Ngrok-Auth-User-Email", "admin@acme.test"),
            ("ngrok_auth_user_name", "admin"),
            ("ngrok-auth_user-id", "admin"),
            ("ngrok.auth.user.id", "admin"),
            ("ngrok-auth-user-groups", "admins"),
            ("x-forwarded-for", "10.0.0.1"),
            ("X_Forwarded_User", "admin"),
            ("x-forwarded-prefix", "/evil"),
            ("x-original-url", "/admin"),
            ("X-Rewrite-Url", "/admin"),
            ("forwarded", "for=10.0.0.1"),
            ("x-real-ip", "10.0.0.1"),
            ("remote_user", "admin"),
        ];
        let headers = passed_on(&forged, None);
        let mut names: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"]);
        assert_eq!(values(&headers, "x-forwarded-for"), ["127.0.0.9"]);
    }

    #[test]
    fn a_claim_that_is_absent_leaves_no_header_behind() {
        let nameless = Identity { email: None, name: Some("\n".to_owned()), ..alice() };
        let forged = [("ngrok-auth-user-email", "admin@acme.test"), ("ngrok-auth-user-name", "admin")];
        let headers = passed_on(&forged, Some(&nameless));
        assert!(
            !headers.contains_key("ngrok-auth-user-email") && !headers.contains_key("ngrok-auth-user-name")
        );
    }

    #[test]
    fn connection_takes_away_what_is_the_clients_and_nothing_of_ours() {
        let sent = [
            ("connection", "close, X-Mine, ngrok-auth-user-id, X-Forwarded-For, content-length, Cookie"),
            ("x-mine", "1"),
            ("content-length", "3"),
            ("cookie", "a=1"),
            ("keep-alive", "timeout=5"),
            ("te", "trailers"),
        ];
        let headers = passed_on(&sent, Some(&alice()));
        for gone in ["connection", "x-mine", "keep-alive", "te"] {
            assert!(!headers.contains_key(gone), "{gone}");
        }
        assert_eq!(values(&headers, "ngrok-auth-user-id"), ["00u1"]);
        assert_eq!(values(&headers, "x-forwarded-for"), ["127.0.0.9"]);
        assert_eq!(values(&headers, "content-length"), ["3"]);
        assert_eq!(values(&headers, "cookie"), ["a=1"]);
    }

    #[test]
    fn the_gates_cookies_stay_between_the_browser_and_the_gate() {
        let headers =
            passed_on(&[("cookie", "a=1; __Host-gate-session=x; __Host-gate-login=y")], Some(&alice()));
        assert_eq!(values(&headers, "cookie"), ["a=1"]);
        let mut answer = HeaderMap::new();
        answer
            .append(header::SET_COOKIE, HeaderValue::from_static("__Host-gate-session=evil; Path=/; Secure"));
        answer.append(header::SET_COOKIE, HeaderValue::from_static("theme=dark"));
        response(&mut answer);
        assert_eq!(values(&answer, "set-cookie"), ["theme=dark"]);
    }

    #[test]
    fn an_upgrade_stays_an_upgrade() {
        let sent = [("connection", "keep-alive, Upgrade"), ("upgrade", "websocket")];
        let headers = passed_on(&sent, Some(&alice()));
        assert_eq!(values(&headers, "connection"), ["Upgrade"]);
        assert_eq!(values(&headers, "upgrade"), ["websocket"]);
        assert!(!passed_on(&[("upgrade", "h2c")], None).contains_key("upgrade"));
    }

    proptest! {
        #[test]
        fn no_spelling_of_an_identity_header_survives(
            name in "[nN][gG][rR][oO][kK][-_.~!|][aA][uU][tT][hH][-_.^]user[-_.'`]?(id|name|email|x)",
            value in "[a-z]{1,8}",
            connection in "(|close|ngrok-auth-user-id|ngrok-auth-user-id, ngrok-auth-user-email)",
        ) {
            let headers = passed_on(&[(&name, &value), ("connection", &connection)], Some(&alice()));
            let ours: Vec<_> = headers.keys().filter(|name| folded(name.as_str()).starts_with("ngrok-auth")).collect();
            prop_assert_eq!(ours.len(), 3);
            prop_assert_eq!(values(&headers, "ngrok-auth-user-id"), ["00u1"]);
            prop_assert_eq!(values(&headers, "ngrok-auth-user-email"), ["alice@acme.test"]);
        }

        #[test]
        fn any_name_makes_a_header_of_visible_ascii(name in ".{0,60}") {
            let someone = Identity { name: Some(name), ..alice() };
            let headers = passed_on(&[], Some(&someone));
            for value in values(&headers, "ngrok-auth-user-name") {
                prop_assert!(value.bytes().all(|byte| matches!(byte, 0x20..=0x7e)), "{value:?}");
            }
        }
    }
}
