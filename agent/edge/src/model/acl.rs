//! What the agents of a credential may bind: ngrok's ACL rules.

use std::fmt;

use super::{Host, Labels};
use crate::code::{Code, Refusal};

/// How many rules a credential has at most.
const MOST: usize = 100;

/// The rules of a credential. Without any, everything may be bound.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Acl {
    rules: Vec<Rule>,
}

/// One rule, which permits something.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    /// As it was written.
    text: String,
    permits: Permits,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Permits {
    Everything,
    Domain(Host),
    /// All names under this one.
    DomainsUnder(Host),
    /// A TCP address.
    Address(Host, u16),
    /// A label; `None` stands for any name, or any value.
    Label(Option<String>, Option<String>),
}

impl Acl {
    /// The rules in `texts`: `*`, `bind:*`, `bind:<domain>`, `bind:*.<domain>`, `bind:<host>:<port>`, and
    /// `bind:<name>=<value>`, where `*` stands for any name or any value.
    pub fn parse(texts: &[String]) -> Result<Self, Refusal> {
        if texts.len() > MOST {
            let message = format!("A credential has at most {MOST} ACL rules, not {}.", texts.len());
            return Err(Refusal::new(Code::ACL_RULE, message));
        }
        let rules = texts.iter().map(|text| Rule::parse(text)).collect::<Result<_, _>>()?;
        Ok(Self { rules })
    }

    /// The rules as they were written.
    pub fn rules(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().map(|rule| rule.text.as_str())
    }

    /// Whether an endpoint may have this name.
    pub(crate) fn permits_domain(&self, host: &Host) -> bool {
        self.any(|permits| match permits {
            Permits::Everything => true,
            Permits::Domain(domain) => domain == host,
            Permits::DomainsUnder(domain) => host.is_under(domain),
            Permits::Address(..) | Permits::Label(..) => false,
        })
    }

    /// Whether a tunnel may carry these labels: each of them must be permitted.
    pub(crate) fn permits_labels(&self, labels: &Labels) -> bool {
        let is = |asked: &Option<String>, text: &String| asked.as_ref().is_none_or(|asked| asked == text);
        labels.iter().all(|(name, value)| {
            self.any(|permits| match permits {
                Permits::Everything => true,
                Permits::Label(a_name, a_value) => is(a_name, name) && is(a_value, value),
                Permits::Domain(_) | Permits::DomainsUnder(_) | Permits::Address(..) => false,
            })
        })
    }

    /// Whether an endpoint may have this TCP address; `port` is none when any free one is asked for.
    pub fn permits_address(&self, host: &Host, port: Option<u16>) -> bool {
        self.any(|permits| match permits {
            Permits::Everything => true,
            Permits::Address(known, at) => known == host && Some(*at) == port,
            Permits::Domain(_) | Permits::DomainsUnder(_) | Permits::Label(..) => false,
        })
    }

    fn any(&self, permits: impl Fn(&Permits) -> bool) -> bool {
        self.rules.is_empty() || self.rules.iter().any(|rule| permits(&rule.permits))
    }
}

impl Rule {
    fn parse(text: &str) -> Result<Self, Refusal> {
        let permits = Permits::parse(text).ok_or_else(|| {
            let message = format!(
                "An ACL rule is \"*\", or \"bind:\" and a domain (app.example.com, *.example.com), an address \
                 (tcp.example.com:20000) or a label (team=blue, team=*, *=blue), not {text:?}."
            );
            Refusal::new(Code::ACL_RULE, message)
        })?;
        Ok(Self { text: text.to_owned(), permits })
    }
}

impl Permits {
    fn parse(text: &str) -> Option<Self> {
        if matches!(text, "*" | "bind:*") {
            return Some(Self::Everything);
        }
        let what = text.strip_prefix("bind:")?;
        if let Some((name, value)) = what.split_once('=') {
            let part = |part: &str| match part {
                "*" => Some(None),
                part if part.is_empty() || part.len() > 128 || part.contains('*') => None,
                part => Some(Some(part.to_owned())),
            };
            return Some(Self::Label(part(name)?, part(value)?));
        }
        if let Some(domain) = what.strip_prefix("*.") {
            return Host::parse(domain).ok().map(Self::DomainsUnder);
        }
        match what.rsplit_once(':') {
            Some((host, port)) => Some(Self::Address(Host::parse(host).ok()?, port.parse().ok()?)),
            None => Host::parse(what).ok().map(Self::Domain),
        }
    }
}

impl fmt::Display for Acl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rules().collect::<Vec<_>>().join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn acl(rules: &[&str]) -> Acl {
        Acl::parse(&rules.iter().map(|rule| (*rule).to_owned()).collect::<Vec<_>>()).unwrap()
    }

    fn host(text: &str) -> Host {
        Host::parse(text).unwrap()
    }

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn without_rules_everything_may_be_bound() {
        for everything in [acl(&[]), acl(&["*"]), acl(&["bind:*"])] {
            assert!(everything.permits_domain(&host("app.tunnel.test")));
            assert!(everything.permits_labels(&labels(&[("team", "blue")])));
            assert!(everything.permits_address(&host("tcp.tunnel.test"), None));
        }
    }

    #[test]
    fn a_domain_is_permitted_exactly_or_by_its_suffix() {
        let exact = acl(&["bind:app.tunnel.test"]);
        assert!(exact.permits_domain(&host("App.tunnel.test")));
        for other in ["x.app.tunnel.test", "xapp.tunnel.test", "tunnel.test"] {
            assert!(!exact.permits_domain(&host(other)), "{other}");
        }
        let under = acl(&["bind:*.example.test"]);
        assert!(
            under.permits_domain(&host("x.example.test")) && under.permits_domain(&host("y.x.example.test"))
        );
        for other in ["example.test", "evilexample.test", "example.test.evil.test"] {
            assert!(!under.permits_domain(&host(other)), "{other}");
        }
        assert!(!exact.permits_labels(&labels(&[("team", "blue")])));
    }

    #[test]
    fn every_label_must_be_permitted() {
        let rules = acl(&["bind:team=blue", "bind:zone=*", "bind:*=shared"]);
        for permitted in [[("team", "blue"), ("zone", "a")], [("zone", "b"), ("any", "shared")]] {
            assert!(rules.permits_labels(&labels(&permitted)), "{permitted:?}");
        }
        for refused in [[("team", "red"), ("zone", "a")], [("team", "blue"), ("x", "y")]] {
            assert!(!rules.permits_labels(&labels(&refused)), "{refused:?}");
        }
        assert!(!rules.permits_domain(&host("app.tunnel.test")));
    }

    #[test]
    fn an_address_is_permitted_with_its_port() {
        let rules = acl(&["bind:tcp.tunnel.test:20000"]);
        assert!(rules.permits_address(&host("tcp.tunnel.test"), Some(20000)));
        assert!(!rules.permits_address(&host("tcp.tunnel.test"), Some(20001)));
        assert!(!rules.permits_address(&host("tcp.tunnel.test"), None));
        assert!(!rules.permits_domain(&host("tcp.tunnel.test")));
    }

    #[test]
    fn what_is_no_rule_is_refused() {
        for wrong in [
            "",
            "bind:",
            "app.tunnel.test",
            "bind:a b",
            "bind:*.",
            "bind:x.*.test",
            "bind:=",
            "bind:a=",
            "bind:a*=b",
        ] {
            assert_eq!(Acl::parse(&[wrong.to_owned()]).unwrap_err().code, Code::ACL_RULE, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn a_rule_is_shown_as_it_was_written(text in "(bind:)?[a-z.*=:0-9]{0,20}") {
            if let Ok(acl) = Acl::parse(std::slice::from_ref(&text)) {
                prop_assert_eq!(acl.rules().collect::<Vec<_>>(), [text.as_str()]);
            }
        }
    }
}
