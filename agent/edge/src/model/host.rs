//! Host names of endpoints, and what an agent may ask for.

use std::fmt;
use std::sync::Arc;

use ground::random;
use url::Url;

use crate::code::{Code, Refusal};

/// A domain name of two labels or more, in lower case, without a trailing dot; never an address.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Host(Arc<str>);

impl Host {
    /// The name in `text` (any case). What it may look like is RFC 1123's letters, digits and hyphens.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let name = text.to_ascii_lowercase();
        check(&name)
            .map_err(|(code, reason)| Refusal::new(code, format!("{reason} (the domain is {text:?})")))?;
        Ok(Self(name.into()))
    }

    /// The name `label` under this one.
    pub fn child(&self, label: &str) -> Result<Self, Refusal> {
        Self::parse(&format!("{label}.{self}"))
    }

    /// A name under this one that nobody has or guesses.
    pub(crate) fn random_child(&self) -> Self {
        let [a, b, c, d, e, f] = random::bytes();
        Self(format!("{a:02x}{b:02x}{c:02x}{d:02x}{e:02x}{f:02x}.{self}").into())
    }

    /// Whether this name lies under `domain`, at any depth.
    pub fn is_under(&self, domain: &Host) -> bool {
        self.0.strip_suffix(&*domain.0).is_some_and(|rest| rest.ends_with('.'))
    }

    /// The name as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn check(name: &str) -> Result<(), (Code, String)> {
    let wrong = |code, reason: &str| Err((code, reason.to_owned()));
    if name.len() > 253 {
        return wrong(Code::NAME_LENGTH, "a domain has at most 253 characters");
    }
    if let Some(odd) =
        name.chars().find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '*' | '_')))
    {
        return Err((
            Code::NAME_CHARACTER,
            format!("a domain has no {odd:?}: letters, digits, dots and hyphens only"),
        ));
    }
    if name.contains('_') {
        return wrong(Code::NAME_UNDERSCORE, "a domain has no underscore");
    }
    if name.contains('*') {
        return wrong(Code::WILDCARD, "wildcard domains are not offered by this edge");
    }
    if name.contains("..") {
        return wrong(Code::NAME_DOTS, "a domain has no two dots in a row");
    }
    for label in name.split('.') {
        check_label(label)?;
    }
    let suffix = name.rsplit_once('.').map_or("", |(_, suffix)| suffix);
    if suffix.is_empty() || suffix.bytes().all(|b| b.is_ascii_digit()) {
        return wrong(
            Code::NAME_SUFFIX,
            "a domain ends in a top-level domain; addresses and bare names are not domains",
        );
    }
    // What browsers would read as something else: punycode that is none, an address in disguise (`1.2.3.0x4`).
    match Url::parse(&format!("https://{name}/")) {
        Ok(url) if url.host_str() == Some(name) => Ok(()),
        _ if name.contains("xn--") => wrong(Code::NAME_PUNYCODE, "the domain's punycode is invalid"),
        _ => wrong(Code::NAME_SUFFIX, "this is an address, not a domain"),
    }
}

fn check_label(label: &str) -> Result<(), (Code, String)> {
    let edge = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_alphanumeric());
    if !edge(label.bytes().next()) {
        return Err((Code::NAME_FIRST, format!("the part {label:?} does not begin with a letter or digit")));
    }
    if !edge(label.bytes().last()) {
        return Err((Code::NAME_LAST, format!("the part {label:?} does not end in a letter or digit")));
    }
    if label.get(2..4) == Some("--") && !label.starts_with("xn--") {
        return Err((
            Code::NAME_HYPHENS,
            format!("the part {label:?} has \"--\" where only punycode has it"),
        ));
    }
    if label.len() > 63 {
        return Err((Code::NAME_LABEL_LENGTH, format!("the part {label:?} has more than 63 characters")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn code(name: &str) -> u16 {
        Host::parse(name).unwrap_err().code.0
    }

    #[test]
    fn each_mistake_has_ngroks_code() {
        assert_eq!(code("1.21 gigawatts"), 326);
        assert_eq!(code("münchen.test"), 326);
        assert_eq!(code("a..test"), 327);
        assert_eq!(code("-a.test"), 328);
        assert_eq!(code(".test"), 328);
        assert_eq!(code("a-.test"), 329);
        assert_eq!(code("ab--c.test"), 330);
        assert_eq!(code("localhost"), 331);
        assert_eq!(code("127.0.0.1"), 331);
        assert_eq!(code("127.0.0.0x1"), 331);
        assert_eq!(code("xn--0.test"), 347);
        assert_eq!(code("a_b.test"), 355);
        assert_eq!(code("*.example.test"), 318);
        assert_eq!(code(&format!("{}.test", "a".repeat(64))), 396);
        assert_eq!(code(&"a.".repeat(130)), 397);
        assert_eq!(code(""), 328);
    }

    #[test]
    fn names_are_compared_in_lower_case() {
        assert_eq!(Host::parse("App.Tunnel.TEST").unwrap(), Host::parse("app.tunnel.test").unwrap());
        assert!(Host::parse("xn--bcher-kva.test").is_ok());
    }

    #[test]
    fn a_name_that_merely_ends_alike_is_not_under_the_domain() {
        let domain = Host::parse("tunnel.test").unwrap();
        assert!(domain.random_child().is_under(&domain));
        assert!(domain.child("a").unwrap().is_under(&domain));
        assert!(!Host::parse("eviltunnel.test").unwrap().is_under(&domain));
        assert!(!domain.is_under(&domain));
    }

    proptest! {
        #[test]
        fn what_is_accepted_is_a_plain_name(text in "\\PC{0,80}|(xn--)?[a-z0-9.-]{1,20}\\.[a-z0-9x]{1,4}") {
            if let Ok(host) = Host::parse(&text) {
                prop_assert!(host.as_str().bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'.' || b == b'-'));
                let origin = format!("https://{host}:8443");
                prop_assert!(gate::Endpoint::new(&origin).is_ok());
                prop_assert_eq!(Host::parse(host.as_str()).unwrap(), host);
            }
        }
    }
}
