//! A cookie jar (RFC 6265, 5, with the prefixes and `SameSite` of RFC 6265bis), as browsers keep it.

use chrono::{DateTime, TimeDelta, Utc};
use url::{Host, Url};

use crate::people::{Cookie, SameSite};

/// The cookies of one profile.
#[derive(Debug, Default)]
pub(super) struct Jar {
    /// In the order in which they were first set.
    cookies: Vec<Cookie>,
}

/// From where a request is made, as far as cookies care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asking {
    /// By the person, or by a page of the same site.
    SameSite,
    /// By a page of another site, which takes the person there by a safe method.
    CrossSiteNavigation,
    /// By a page of another site otherwise.
    CrossSite,
}

/// A browser keeps a few thousand; a server that sets more only pushes its own out.
const MOST: usize = 3000;

/// Name and value together, as browsers bound them.
const LONGEST: usize = 4096;

impl Jar {
    /// Takes a `Set-Cookie` field that came from `url`. What breaks the rules is dropped, as browsers do.
    pub(super) fn store(&mut self, url: &Url, field: &str, now: DateTime<Utc>) {
        if let Some(cookie) = read(url, field, now) {
            self.put(cookie, now);
        }
    }

    /// Puts a cookie in, whoever made it; whether it may be there at all.
    pub(super) fn plant(&mut self, cookie: Cookie, now: DateTime<Utc>) -> bool {
        let allowed = is_allowed(&cookie);
        if allowed {
            self.put(cookie, now);
        }
        allowed
    }

    fn put(&mut self, cookie: Cookie, now: DateTime<Utc>) {
        let same = |has: &Cookie| {
            (&has.name, &has.domain, &has.path) == (&cookie.name, &cookie.domain, &cookie.path)
        };
        let place = self.cookies.iter().position(same);
        let over = cookie.expires.is_some_and(|expires| expires <= now);
        match place {
            Some(place) if over => drop(self.cookies.remove(place)),
            Some(place) => self.cookies[place] = cookie,
            None if over => {}
            None => {
                if self.cookies.len() == MOST {
                    self.cookies.remove(0);
                }
                self.cookies.push(cookie);
            }
        }
    }

    /// Deletes the cookies of that name that would go to `url`.
    pub(super) fn delete(&mut self, url: &Url, name: &str) {
        self.cookies.retain(|cookie| cookie.name != name || !goes_to(cookie, url));
    }

    /// Those that go along to `url`, longer paths first.
    pub(super) fn cookies_for(&self, url: &Url, asking: Asking, now: DateTime<Utc>) -> Vec<&Cookie> {
        let live = |cookie: &&Cookie| cookie.expires.is_none_or(|expires| expires > now);
        let allowed = |cookie: &&Cookie| match (asking, cookie.same_site) {
            (Asking::SameSite, _) | (_, Some(SameSite::None)) => true,
            (Asking::CrossSiteNavigation, same_site) => same_site != Some(SameSite::Strict),
            (Asking::CrossSite, _) => false,
        };
        let fitting = self.cookies.iter().filter(|cookie| goes_to(cookie, url));
        let mut cookies: Vec<_> = fitting.filter(live).filter(allowed).collect();
        cookies.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        cookies
    }

    /// The `Cookie` field for a request.
    pub(super) fn field(&self, url: &Url, asking: Asking, now: DateTime<Utc>) -> Option<String> {
        let pairs = self.cookies_for(url, asking, now);
        let pairs = pairs.iter().map(|cookie| format!("{}={}", cookie.name, cookie.value.expose()));
        Some(pairs.collect::<Vec<_>>().join("; ")).filter(|field| !field.is_empty())
    }
}

/// Whether two URLs are of one site: the same scheme, and the same last two labels of the host (of addresses and single
/// labels: the same host). There is no list of public suffixes here: hosts under `co.uk` count as one site.
pub(super) fn same_site(one: &Url, other: &Url) -> bool {
    one.scheme() == other.scheme() && site(one) == site(other)
}

fn site(url: &Url) -> Option<String> {
    match url.host()? {
        Host::Domain(name) => {
            let labels: Vec<_> = name.rsplit('.').take(2).collect();
            Some(labels.join("."))
        }
        address => Some(address.to_string()),
    }
}

/// RFC 6265, 5.2 and 5.3.
fn read(url: &Url, field: &str, now: DateTime<Utc>) -> Option<Cookie> {
    let parsed = cookie::Cookie::parse(field).ok()?;
    let host = url.host_str()?.to_ascii_lowercase();
    let domain = parsed.domain().map(str::to_ascii_lowercase).filter(|domain| !domain.is_empty());
    let (domain, host_only) = match domain {
        None => (host, true),
        Some(domain) if domain == host => (domain, matches!(url.host(), Some(Host::Ipv4(_) | Host::Ipv6(_)))),
        // A single label would be everybody's.
        Some(domain) if domain.contains('.') && is_under(&host, &domain) => (domain, false),
        Some(_) => return None,
    };
    let max_age = parsed.max_age().map(|age| {
        let seconds = age.whole_seconds().min(TimeDelta::days(400).num_seconds());
        now + TimeDelta::seconds(seconds)
    });
    let expires = parsed.expires_datetime().and_then(|at| DateTime::from_timestamp(at.unix_timestamp(), 0));
    let cookie = Cookie {
        path: parsed
            .path()
            .filter(|path| path.starts_with('/'))
            .map_or_else(|| default_path(url), str::to_owned),
        secure: parsed.secure().unwrap_or(false),
        http_only: parsed.http_only().unwrap_or(false),
        same_site: parsed.same_site().map(|same_site| match same_site {
            cookie::SameSite::Strict => SameSite::Strict,
            cookie::SameSite::Lax => SameSite::Lax,
            cookie::SameSite::None => SameSite::None,
        }),
        expires: max_age.or(expires),
        host_only,
        ..Cookie::new(domain, parsed.name(), parsed.value())
    };
    (is_allowed(&cookie) && (!cookie.secure || url.scheme() == "https")).then_some(cookie)
}

/// What no browser keeps, however it came.
fn is_allowed(cookie: &Cookie) -> bool {
    let value = cookie.value.expose();
    let fits = cookie.name.len() + value.len() <= LONGEST
        && !cookie.name.chars().chain(value.chars()).any(char::is_control);
    let name = cookie.name.to_ascii_lowercase();
    let secure_enough = cookie.secure || !name.starts_with("__secure-");
    let host_enough = cookie.secure && cookie.host_only && cookie.path == "/" || !name.starts_with("__host-");
    let same_site = cookie.secure || cookie.same_site != Some(SameSite::None);
    fits && secure_enough && host_enough && same_site
}

fn goes_to(cookie: &Cookie, url: &Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    let host = host.to_ascii_lowercase();
    let domain = if cookie.host_only { host == cookie.domain } else { is_under(&host, &cookie.domain) };
    domain && (!cookie.secure || url.scheme() == "https") && path_matches(url.path(), &cookie.path)
}

/// RFC 6265, 5.1.3.
fn is_under(host: &str, domain: &str) -> bool {
    host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}

/// RFC 6265, 5.1.4.
fn path_matches(path: &str, of_cookie: &str) -> bool {
    path.strip_prefix(of_cookie)
        .is_some_and(|rest| rest.is_empty() || of_cookie.ends_with('/') || rest.starts_with('/'))
}

/// RFC 6265, 5.1.4.
fn default_path(url: &Url) -> String {
    match url.path().rfind('/') {
        None | Some(0) => "/".into(),
        Some(end) => url.path()[..end].to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    fn jar(set: &[(&str, &str)]) -> Jar {
        let mut jar = Jar::default();
        for (at, field) in set {
            jar.store(&url(at), field, Utc::now());
        }
        jar
    }

    fn field(jar: &Jar, at: &str) -> String {
        jar.field(&url(at), Asking::SameSite, Utc::now()).unwrap_or_default()
    }

    #[test]
    fn cookies_go_to_their_host_path_and_scheme_alone() {
        let jar = jar(&[
            ("https://a.tunnel.test/x/y", "own=1; Secure"),
            ("https://a.tunnel.test/x/y", "all=2; Domain=tunnel.test; Path=/"),
            ("https://a.tunnel.test/", "deep=3; Path=/x/y"),
            ("https://a.tunnel.test/", "single=4; Domain=test"),
            ("https://a.tunnel.test/", "other=5; Domain=b.tunnel.test"),
        ]);
        assert_eq!(field(&jar, "https://a.tunnel.test/x/y/z"), "deep=3; own=1; all=2");
        assert_eq!(field(&jar, "https://a.tunnel.test/x"), "own=1; all=2");
        assert_eq!(field(&jar, "https://a.tunnel.test/xy"), "all=2");
        assert_eq!(field(&jar, "https://b.tunnel.test/x/y"), "all=2");
        assert_eq!(field(&jar, "https://eviltunnel.test/x/y"), "");
        assert_eq!(field(&jar, "http://a.tunnel.test/x/y"), "deep=3; all=2");
    }

    #[test]
    fn prefixes_are_promises() {
        for refused in [
            "__Host-a=1; Secure; Path=/; Domain=tunnel.test",
            "__Host-a=1; Secure; Path=/x",
            "__Host-a=1; Path=/",
            "__host-a=1; Path=/",
            "__Secure-a=1",
            "a=1; SameSite=None",
            "=1",
            "a",
        ] {
            assert_eq!(
                field(&jar(&[("https://a.tunnel.test/", refused)]), "https://a.tunnel.test/"),
                "",
                "{refused}"
            );
        }
        let good = "__Host-a=1; Secure; Path=/; HttpOnly; SameSite=Lax";
        assert_eq!(field(&jar(&[("https://a.tunnel.test/", good)]), "https://a.tunnel.test/"), "__Host-a=1");
        assert_eq!(field(&jar(&[("http://a.tunnel.test/", "a=1; Secure")]), "https://a.tunnel.test/"), "");
    }

    #[test]
    fn the_site_that_asks_counts() {
        let at = "https://a.tunnel.test/";
        let jar = jar(&[
            (at, "strict=1; SameSite=Strict"),
            (at, "lax=2; SameSite=Lax"),
            (at, "none=3; SameSite=None; Secure"),
            (at, "unsaid=4"),
        ]);
        let sent = |asking| jar.field(&url(at), asking, Utc::now()).unwrap();
        assert_eq!(sent(Asking::SameSite), "strict=1; lax=2; none=3; unsaid=4");
        assert_eq!(sent(Asking::CrossSiteNavigation), "lax=2; none=3; unsaid=4");
        assert_eq!(sent(Asking::CrossSite), "none=3");
        assert!(same_site(&url(at), &url("https://b.c.tunnel.test/")));
        assert!(!same_site(&url(at), &url("https://acme.okta.test/")));
        assert!(!same_site(&url(at), &url("http://a.tunnel.test/")));
        assert!(!same_site(&url("https://127.0.0.1/"), &url("https://9.9.0.1/")));
    }

    #[test]
    fn cookies_end_are_replaced_and_deleted() {
        let at = "https://a.tunnel.test/";
        let gone = "Expires=Thu, 01 Jan 1970 00:00:00 GMT";
        let jar_ = jar(&[
            (at, "a=1"),
            (at, "b=1"),
            (at, "a=2"),
            (at, &format!("b=; {gone}")),
            (at, "c=1; Max-Age=0"),
        ]);
        assert_eq!(field(&jar_, at), "a=2");
        let jar_ = jar(&[(at, "a=1; Max-Age=60")]);
        let later = Utc::now() + TimeDelta::seconds(61);
        assert_eq!(jar_.field(&url(at), Asking::SameSite, later), None);
        let mut jar_ = jar(&[(at, "a=1"), (at, "b=2")]);
        jar_.delete(&url(at), "a");
        assert_eq!(field(&jar_, at), "b=2");
    }

    #[test]
    fn what_is_planted_obeys_the_same_promises() {
        let mut jar = Jar::default();
        assert!(jar.plant(Cookie::new("a.tunnel.test", "__Host-s", "1"), Utc::now()));
        let invalid = Cookie { host_only: false, ..Cookie::new("tunnel.test", "__Host-t", "1") };
        assert!(!jar.plant(invalid, Utc::now()));
        assert_eq!(field(&jar, "https://a.tunnel.test/"), "__Host-s=1");
    }

    proptest! {
        #[test]
        fn whatever_is_set_the_promises_hold(field in ".{0,60}", attributes in "(; ?[A-Za-z]{1,9}(=[a-z./]{0,12})?){0,5}") {
            let mut jar = Jar::default();
            for name in ["", "__Host-", "__Secure-"] {
                jar.store(&url("https://a.tunnel.test/x"), &format!("{name}{field}{attributes}"), Utc::now());
            }
            for cookie in &jar.cookies {
                prop_assert!(is_allowed(cookie));
                prop_assert!(is_under("a.tunnel.test", &cookie.domain));
            }
        }
    }
}
