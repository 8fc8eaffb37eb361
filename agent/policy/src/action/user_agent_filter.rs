//! The user agent filter, which is a module only.

use http::header::USER_AGENT;
use http::{HeaderMap, StatusCode};
use regex::{RegexSet, RegexSetBuilder};

use crate::denial::Denial;
use crate::error::{ModuleError, code};

/// How large the patterns may become when they are compiled, in bytes.
const MAX_REGEX: usize = 1024 * 1024;

/// Which user agents may come in, by regular expressions.
///
/// One that is allowed passes, even if it is denied too: `deny: .*` with `allow: foo.*` lets foo in alone. Of the others
/// those pass that are not denied, unless some are allowed and none denied: then nobody else passes.
#[derive(Clone, Debug)]
pub struct UserAgentFilter {
    allow: RegexSet,
    deny: RegexSet,
}

impl UserAgentFilter {
    /// The module.
    pub fn new<'a>(
        allow: impl IntoIterator<Item = &'a str>,
        deny: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, ModuleError> {
        let (allow, deny) = (compile(allow)?, compile(deny)?);
        if allow.is_empty() && deny.is_empty() {
            return Err(ModuleError("A user agent filter needs patterns to allow or to deny.".to_owned()));
        }
        Ok(Self { allow, deny })
    }

    /// Whether a request with these headers may pass. Without `User-Agent` it has an empty one; of several each has to
    /// pass, since nobody knows which of them the upstream reads.
    pub fn decide(&self, headers: &HeaderMap) -> Result<(), Denial> {
        let mut agents = headers.get_all(USER_AGENT).iter().peekable();
        let passes = match agents.peek() {
            Some(_) => agents.all(|agent| self.passes(&String::from_utf8_lossy(agent.as_bytes()))),
            None => self.passes(""),
        };
        let message = "The endpoint does not let this user agent in.";
        let denial = || Denial::new(StatusCode::FORBIDDEN, Some(code::USER_AGENT), message);
        if passes { Ok(()) } else { Err(denial()) }
    }

    fn passes(&self, agent: &str) -> bool {
        self.allow.is_match(agent) || (!self.deny.is_empty() && !self.deny.is_match(agent))
    }
}

fn compile<'a>(patterns: impl IntoIterator<Item = &'a str>) -> Result<RegexSet, ModuleError> {
    RegexSetBuilder::new(patterns).size_limit(MAX_REGEX).build().map_err(|error| {
        let error = error.to_string();
        let last = error.lines().last().unwrap_or_default();
        ModuleError(format!("A user agent filter has an invalid regular expression ({last})."))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(allow: &[&str], deny: &[&str], agent: Option<&str>) -> bool {
        let filter = UserAgentFilter::new(allow.iter().copied(), deny.iter().copied()).unwrap();
        let mut headers = HeaderMap::new();
        if let Some(agent) = agent {
            headers.insert(USER_AGENT, agent.parse().unwrap());
        }
        filter.decide(&headers).is_ok()
    }

    #[test]
    fn what_is_allowed_passes_although_it_is_denied() {
        assert!(passes(&["foo.*"], &[".*"], Some("foobar")));
        assert!(!passes(&["foo.*"], &[".*"], Some("bar")));
        assert!(!passes(&["foo.*"], &[".*"], None));
    }

    #[test]
    fn one_list_alone_decides() {
        assert!(passes(&["foo"], &[], Some("foo")));
        assert!(!passes(&["foo"], &[], Some("bar")));
        assert!(passes(&[], &["(?i)bot"], Some("curl")));
        assert!(!passes(&[], &["(?i)bot"], Some("GoogleBot")));
    }

    #[test]
    fn each_of_several_has_to_pass() {
        let filter = UserAgentFilter::new([], ["(?i)bot"]).unwrap();
        let mut headers = HeaderMap::new();
        headers.append(USER_AGENT, "curl".parse().unwrap());
        assert!(filter.decide(&headers).is_ok());
        headers.append(USER_AGENT, "GoogleBot".parse().unwrap());
        assert!(filter.decide(&headers).is_err());
    }

    #[test]
    fn a_refusal_has_its_code() {
        let filter = UserAgentFilter::new([], [".*"]).unwrap();
        let denial = filter.decide(&HeaderMap::new()).unwrap_err();
        assert_eq!((denial.status, denial.code), (StatusCode::FORBIDDEN, Some(3211)));
        assert!(UserAgentFilter::new(["("], []).is_err());
        assert!(UserAgentFilter::new([], []).is_err());
    }
}
