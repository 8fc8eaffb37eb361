//! Keeps secrets out of whatever is written down: by the place where they stand (a `Cookie` header, a `code`
//! parameter), and by their value wherever else it shows up.
//!
//! What is masked reads `[kind 3f9a1c]`: the kind of thing it was and a fingerprint salted for this run, so that one
//! value can be followed from part to part without being known.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::hmac;
use url::form_urlencoded;

use crate::{Secret, random};

/// Masks secrets. Clones share the run's salt and the known values.
#[derive(Clone)]
pub struct Redactor {
    salt: Arc<hmac::Key>,
    known: Arc<RwLock<HashMap<String, &'static str>>>,
}

/// Query, form and JSON members that carry secrets, with the kind that is shown instead.
const SECRET_MEMBERS: &[(&str, &str)] = &[
    ("access_token", "access token"),
    ("assertion", "assertion"),
    ("authtoken", "authtoken"),
    ("client_assertion", "client assertion"),
    ("client_secret", "client secret"),
    ("code", "code"),
    ("code_verifier", "code verifier"),
    ("csrf", "csrf token"),
    ("device_code", "device code"),
    ("id_token", "id token"),
    ("id_token_hint", "id token"),
    ("nonce", "nonce"),
    ("passCode", "passcode"),
    ("password", "password"),
    ("refresh_token", "refresh token"),
    ("sessionToken", "session token"),
    ("state", "state"),
    ("stateToken", "state token"),
    ("ticket", "ticket"),
    ("token", "token"),
];

/// Headers whose whole value, or each cookie's value, is secret.
const SECRET_HEADERS: &[&str] = &["authorization", "proxy-authorization", "x-csrf-token"];

/// Shorter values are not searched for: they would be found in innocent words.
const SHORTEST_KNOWN: usize = 8;

impl Redactor {
    /// A redactor with a salt of its own that knows no values yet.
    pub fn new() -> Self {
        Self {
            salt: Arc::new(hmac::Key::new(hmac::HMAC_SHA256, &random::bytes::<32>())),
            known: Arc::default(),
        }
    }

    /// From now on this value is masked wherever it shows up. Values under eight characters are only masked by place.
    pub fn learn(&self, secret: &Secret) {
        if secret.expose().len() >= SHORTEST_KNOWN {
            let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
            known.insert(secret.expose().to_owned(), secret.kind());
        }
    }

    /// What stands in a value's place: its kind and its fingerprint.
    pub fn mask(&self, kind: &str, value: &str) -> String {
        let tag = hmac::sign(&self.salt, value.as_bytes());
        let [a, b, c, ..] = *tag.as_ref() else { return format!("[{kind}]") };
        format!("[{kind} {a:02x}{b:02x}{c:02x}]")
    }

    /// A text with every known value masked.
    pub fn text(&self, text: &str) -> String {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let mut found: Vec<_> = known.iter().filter(|(value, _)| text.contains(value.as_str())).collect();
        // The longest first, so that a value inside another does not tear it apart.
        found.sort_by_key(|(value, _)| std::cmp::Reverse(value.len()));
        found.into_iter().fold(text.to_owned(), |text, (value, kind)| {
            text.replace(value.as_str(), &self.mask(kind, value))
        })
    }

    /// A URL (or a path with a query) with its secret parameters masked.
    pub fn url(&self, url: &str) -> String {
        let (rest, fragment) = split_at_sign(url, '#');
        let (base, query) = split_at_sign(rest, '?');
        let mut out = self.text(base);
        if let Some(query) = query {
            out.push('?');
            out.push_str(&self.parameters(query));
        }
        if let Some(fragment) = fragment {
            out.push('#');
            out.push_str(&self.parameters(fragment));
        }
        out
    }

    /// A query string or form body with its secret parameters masked; the others stay as they were written.
    pub fn parameters(&self, parameters: &str) -> String {
        let masked = parameters.split('&').map(|pair| {
            let Some((name, value)) = pair.split_once('=') else { return self.text(pair) };
            match form_urlencoded::parse(pair.as_bytes()).next() {
                Some((member, plain)) => match kind_of_member(&member) {
                    Some(kind) => format!("{name}={}", self.mask(kind, &plain)),
                    // A URL inside a URL (`fromURI`, `target_link_uri`) carries secrets of its own.
                    None if plain.contains(['?', '#']) => format!("{name}={}", self.url(&plain)),
                    None => format!("{name}={}", self.text(value)),
                },
                None => self.text(pair),
            }
        });
        masked.collect::<Vec<_>>().join("&")
    }

    /// A header's value: secrets masked, each cookie's value masked, URLs masked inside.
    pub fn header(&self, name: &str, value: &str) -> String {
        let name = name.to_ascii_lowercase();
        if SECRET_HEADERS.contains(&name.as_str()) {
            let (scheme, credentials) = value.split_once(' ').unwrap_or(("", value));
            return format!("{scheme} {}", self.mask("credentials", credentials)).trim_start().to_owned();
        }
        match name.as_str() {
            "cookie" => {
                let cookies = value.split(';').map(|cookie| self.cookie(cookie.trim()));
                cookies.collect::<Vec<_>>().join("; ")
            }
            "set-cookie" => {
                let (cookie, attributes) = split_at_sign(value, ';');
                let attributes = attributes.map(|a| format!(";{a}")).unwrap_or_default();
                self.cookie(cookie) + &attributes
            }
            "location" | "referer" | "refresh" => self.url(value),
            _ => self.text(value),
        }
    }

    /// Whether a member of this name carries a secret, and of which kind.
    pub fn member(&self, name: &str) -> Option<&'static str> {
        kind_of_member(name)
    }

    fn cookie(&self, cookie: &str) -> String {
        match cookie.split_once('=') {
            Some((name, "")) => format!("{name}="),
            Some((name, value)) => format!("{name}={}", self.mask("cookie", value)),
            None => self.text(cookie),
        }
    }
}

impl Default for Redactor {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Redactor")
    }
}

fn kind_of_member(name: &str) -> Option<&'static str> {
    let known = SECRET_MEMBERS.iter().find(|(member, _)| member.eq_ignore_ascii_case(name));
    known.map(|(_, kind)| *kind)
}

fn split_at_sign(text: &str, sign: char) -> (&str, Option<&str>) {
    match text.split_once(sign) {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn places_that_carry_secrets_are_masked_and_others_stay() {
        let redactor = Redactor::new();
        let code = redactor.mask("code", "abc def");
        assert_eq!(
            redactor.url("https://idp.tunnel.test/oauth2/callback?code=abc+def&iss=x#access_token=t"),
            format!(
                "https://idp.tunnel.test/oauth2/callback?code={code}&iss=x#access_token={}",
                redactor.mask("access token", "t")
            )
        );
        assert_eq!(
            redactor.header("Authorization", "Bearer xyz"),
            format!("Bearer {}", redactor.mask("credentials", "xyz"))
        );
        assert_eq!(
            redactor.header("set-cookie", "__Host-s=v1; Secure; HttpOnly"),
            format!("__Host-s={}; Secure; HttpOnly", redactor.mask("cookie", "v1"))
        );
        assert_eq!(redactor.header("content-type", "text/html"), "text/html");
    }

    #[test]
    fn the_same_value_has_one_fingerprint_in_a_run_and_another_in_the_next() {
        let redactor = Redactor::new();
        assert_eq!(redactor.mask("state", "v"), redactor.clone().mask("state", "v"));
        assert_ne!(redactor.mask("state", "v"), Redactor::new().mask("state", "v"));
    }

    #[test]
    fn a_url_inside_a_url_is_masked_too() {
        let redactor = Redactor::new();
        let url = redactor.url("https://acme.okta.test/login?fromURI=%2Fauthorize%3Fstate%3Dsecretstate");
        assert!(!url.contains("secretstate"), "{url}");
    }

    proptest! {
        #[test]
        fn a_known_value_never_survives(before in ".{0,40}", value in "[A-Za-z0-9_-]{8,60}", after in ".{0,40}") {
            let redactor = Redactor::new();
            redactor.learn(&Secret::new("authtoken", value.clone()));
            let text = format!("{before}{value}{after}");
            prop_assert!(!redactor.text(&text).contains(&value));
        }

        #[test]
        fn nothing_that_looks_like_a_url_panics(url in ".{0,200}") {
            Redactor::new().url(&url);
        }
    }
}
