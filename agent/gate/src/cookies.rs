//! The gate's own cookies, on their way in, past the upstream, and out.

use http::header::{COOKIE, HeaderMap, HeaderValue, SET_COOKIE};

/// How long the `auth_id` of a gate may be.
pub(crate) const MAX_AUTH_ID_BYTES: usize = 64;

/// Carries the opaque id of a session.
pub const SESSION_COOKIE: &str = "__Host-gate-session";
/// Carries the opaque id of a browser that has logins under way, however many.
pub const LOGIN_COOKIE: &str = "__Host-gate-login";

/// The name of the cookie that carries the sessions of the gate with this `auth_id`.
pub(crate) fn session_cookie(auth_id: &str) -> String {
    if auth_id.is_empty() { SESSION_COOKIE.to_owned() } else { format!("{SESSION_COOKIE}-{auth_id}") }
}

/// Whether a gate may be told from others by this: it is part of a cookie's name.
pub(crate) fn is_auth_id(text: &str) -> bool {
    text.len() <= MAX_AUTH_ID_BYTES
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// Every cookie whose name begins so, in any case, is the gate's.
const RESERVED_PREFIX: &[u8] = b"__host-gate-";

/// What a browser may do with both cookies: send them to this host alone, by TLS, out of scripts' reach, and when
/// someone navigates here from elsewhere.
const ATTRIBUTES: &str = "; Path=/; Secure; HttpOnly; SameSite=Lax";

/// The login cookie outlives a login that took too long, so that the person can be told just that.
const LOGIN_MAX_AGE: &str = "; Max-Age=3600";

/// What a request brought under one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Presented {
    Nothing,
    One(String),
    /// Someone put another one beside ours; which one is ours can't be told.
    Several,
}

impl Presented {
    pub(crate) fn one(&self) -> Option<&str> {
        match self {
            Self::One(value) => Some(value),
            Self::Nothing | Self::Several => None,
        }
    }
}

/// The value of the cookie `name`. HTTP/2 may spread cookies over several headers (RFC 9113, 8.2.3).
pub(crate) fn presented(headers: &HeaderMap, name: &str) -> Presented {
    let mut values = pairs(headers)
        .filter_map(split_pair)
        .filter(|(candidate, _)| *candidate == name.as_bytes())
        .map(|(_, value)| String::from_utf8_lossy(value).into_owned());
    match (values.next(), values.next()) {
        (None, _) => Presented::Nothing,
        (Some(value), None) => Presented::One(value),
        (Some(_), Some(_)) => Presented::Several,
    }
}

/// The names of all cookies in a request that may carry sessions of gates, each once; only names that we give.
pub(crate) fn session_cookies(headers: &HeaderMap) -> Vec<String> {
    let names = pairs(headers).filter_map(split_pair).filter_map(|(name, _)| std::str::from_utf8(name).ok());
    let ours = names.filter(|name| {
        name.strip_prefix(SESSION_COOKIE)
            .is_some_and(|rest| rest.is_empty() || rest.strip_prefix('-').is_some_and(is_auth_id))
    });
    let mut names: Vec<String> = ours.map(str::to_owned).collect();
    names.sort();
    names.dedup();
    names
}

/// The value of the one cookie of this name that a request brings; nothing when it brings none or several.
pub fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    match presented(headers, name) {
        Presented::One(value) => Some(value),
        Presented::Nothing | Presented::Several => None,
    }
}

/// Takes the gate's cookies out of a request; the others stay, in their order.
pub(crate) fn strip_from_request(headers: &mut HeaderMap) {
    if !pairs(headers).any(is_reserved) {
        return;
    }
    let kept: Vec<&[u8]> = pairs(headers).filter(|pair| !is_reserved(pair)).collect();
    let rewritten = HeaderValue::from_bytes(&kept.join(&b"; "[..]));
    headers.remove(COOKIE);
    // Parts of valid header values make a valid header value; if not, no cookie is sent at all.
    if let Ok(rewritten) = rewritten
        && !rewritten.is_empty()
    {
        headers.insert(COOKIE, rewritten);
    }
}

/// Takes out of an upstream's answer what would set or overwrite the gate's cookies.
pub(crate) fn strip_from_response(headers: &mut HeaderMap) {
    if !headers.get_all(SET_COOKIE).iter().any(|value| is_reserved(value.as_bytes())) {
        return;
    }
    let kept: Vec<HeaderValue> =
        headers.get_all(SET_COOKIE).iter().filter(|value| !is_reserved(value.as_bytes())).cloned().collect();
    headers.remove(SET_COOKIE);
    for value in kept {
        headers.append(SET_COOKIE, value);
    }
}

/// Sets the session cookie, until the browser is closed: when the session ends is for the server to say.
pub(crate) fn set_session(name: &str, id: &str) -> HeaderValue {
    value(format!("{name}={id}{ATTRIBUTES}"))
}

/// Sets the login cookie.
pub(crate) fn set_login(id: &str) -> HeaderValue {
    value(format!("{LOGIN_COOKIE}={id}{ATTRIBUTES}{LOGIN_MAX_AGE}"))
}

/// Makes the browser forget one of our cookies.
pub(crate) fn forget(name: &str) -> HeaderValue {
    value(format!("{name}={ATTRIBUTES}; Max-Age=0"))
}

fn value(text: String) -> HeaderValue {
    HeaderValue::try_from(text).expect("our names, ids and attributes are visible ASCII")
}

fn pairs(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    headers.get_all(COOKIE).iter().flat_map(|value| value.as_bytes().split(|b| *b == b';')).map(trim)
}

fn split_pair(pair: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = pair.iter().position(|b| *b == b'=')?;
    Some((trim(&pair[..at]), trim(&pair[at + 1..])))
}

/// Whether a cookie pair has a name of ours. A cookie without a name (`=name=value`, or `name` alone) is sent back as
/// if its value were name and value (RFC 6265bis, 5.8.3), so leading `=` don't count.
fn is_reserved(pair: &[u8]) -> bool {
    let start =
        pair.iter().position(|b| !matches!(b, b'=') && !b.is_ascii_whitespace()).unwrap_or(pair.len());
    pair[start..].get(..RESERVED_PREFIX.len()).is_some_and(|name| name.eq_ignore_ascii_case(RESERVED_PREFIX))
}

fn trim(bytes: &[u8]) -> &[u8] {
    bytes.trim_ascii()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn request(cookies: &[&str]) -> HeaderMap {
        cookies.iter().map(|value| (COOKIE, HeaderValue::from_str(value).unwrap())).collect()
    }

    fn sent_on(cookies: &[&str]) -> Option<String> {
        let mut headers = request(cookies);
        strip_from_request(&mut headers);
        assert!(headers.get_all(COOKIE).iter().count() <= 1 || cookies.len() > 1);
        headers.get(COOKIE).map(|value| value.to_str().unwrap().to_owned())
    }

    #[test]
    fn our_cookie_is_found_among_others_and_across_headers() {
        let headers = request(&["a=1; __Host-gate-session=abc", "b=2"]);
        assert_eq!(presented(&headers, SESSION_COOKIE), Presented::One("abc".to_owned()));
        assert_eq!(presented(&headers, LOGIN_COOKIE), Presented::Nothing);
    }

    #[test]
    fn a_second_cookie_of_our_name_makes_both_worthless() {
        for cookies in [
            vec!["__Host-gate-session=a; __Host-gate-session=b"],
            vec!["__Host-gate-session=a", "__Host-gate-session=a"],
            vec!["__Host-gate-session=a;__Host-gate-session =b"],
        ] {
            assert_eq!(presented(&request(&cookies), SESSION_COOKIE), Presented::Several, "{cookies:?}");
        }
    }

    #[test]
    fn names_that_merely_resemble_ours_are_not_ours_to_read() {
        for cookie in ["__host-gate-session=a", "x__Host-gate-session=a", "__Host-gate-sessions=a"] {
            assert_eq!(presented(&request(&[cookie]), SESSION_COOKIE), Presented::Nothing, "{cookie}");
        }
    }

    #[test]
    fn the_upstream_never_sees_our_cookies() {
        assert_eq!(sent_on(&["a=1; __Host-gate-session=abc; b=2"]).as_deref(), Some("a=1; b=2"));
        assert_eq!(sent_on(&["__HOST-GATE-login=abc"]), None);
        assert_eq!(sent_on(&["=__Host-gate-session=abc; a=1"]).as_deref(), Some("a=1"));
        assert_eq!(sent_on(&["a=1;  b=\"2; 3\""]).as_deref(), Some("a=1;  b=\"2; 3\""));
        assert_eq!(sent_on(&["a=1", "__Host-gate-session=x", "b=2"]).as_deref(), Some("a=1; b=2"));
    }

    #[test]
    fn an_upstream_cannot_set_our_cookies() {
        let mut headers = HeaderMap::new();
        for value in [
            "__Host-gate-session=evil; Path=/; Secure",
            " __host-GATE-login=evil",
            "=__Host-gate-session=evil",
            "__Host-gate-other=evil",
            "mine=1; Path=/",
            "__Host-mine=2; Path=/; Secure",
        ] {
            headers.append(SET_COOKIE, HeaderValue::from_str(value).unwrap());
        }
        strip_from_response(&mut headers);
        let kept: Vec<_> = headers.get_all(SET_COOKIE).iter().map(|v| v.to_str().unwrap()).collect();
        assert_eq!(kept, ["mine=1; Path=/", "__Host-mine=2; Path=/; Secure"]);
    }

    #[test]
    fn our_cookies_are_host_only_secure_and_out_of_reach() {
        for cookie in [set_session(SESSION_COOKIE, "abc"), set_login("abc"), forget(SESSION_COOKIE)] {
            let text = cookie.to_str().unwrap();
            for attribute in ["; Path=/", "; Secure", "; HttpOnly", "; SameSite=Lax"] {
                assert!(text.contains(attribute), "{text}");
            }
            assert!(!text.contains("Domain"), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_cookie_header_leaks_a_gate_cookie(
            parts in proptest::collection::vec("[ =;a-c\"\\t]{0,6}|__[Hh]ost-gate-(session|login)=secret", 0..8),
        ) {
            let mut headers = HeaderMap::new();
            for part in parts.chunks(3) {
                headers.append(COOKIE, HeaderValue::from_str(&part.join(";")).unwrap());
            }
            strip_from_request(&mut headers);
            for value in headers.get_all(COOKIE) {
                let text = value.to_str().unwrap().to_ascii_lowercase();
                prop_assert!(
                    text.split(';').all(|pair| !pair.trim_start_matches([' ', '\t', '=']).starts_with("__host-gate-")),
                    "{text}"
                );
            }
        }

        #[test]
        fn other_cookies_arrive_as_they_were(names in proptest::collection::vec("[a-z]{1,8}=[a-z0-9]{0,8}", 1..6)) {
            let plain = names.join("; ");
            prop_assert_eq!(sent_on(&[&format!("__Host-gate-session=x; {plain}")]), Some(plain));
        }
    }
}
