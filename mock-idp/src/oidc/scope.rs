//! Scopes of the org authorization server.

use super::error::{self, OAuthError};

/// The scopes that the org server knows.
pub(crate) const SUPPORTED: [&str; 7] =
    ["openid", "email", "profile", "address", "phone", "offline_access", "groups"];

/// The scopes of a request, each once, in the order in which they were asked for; `openid` among them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scopes {
    names: Vec<&'static str>,
}

impl Scopes {
    /// Parses a `scope` parameter (RFC 6749, 3.3).
    pub(crate) fn parse(text: &str) -> Result<Self, OAuthError> {
        let mut names = Vec::new();
        for asked in text.split(' ').filter(|asked| !asked.is_empty()) {
            let known =
                SUPPORTED.iter().find(|known| **known == asked).ok_or_else(error::no_matching_scope)?;
            if !names.contains(known) {
                names.push(*known);
            }
        }
        if names.is_empty() {
            return Err(error::missing_scopes());
        }
        if !names.contains(&"openid") {
            return Err(error::openid_scope_required());
        }
        // Without the refresh grant nothing is granted by it. Which scope Okta then names is not settled.
        names.retain(|name| *name != "offline_access");
        Ok(Self { names })
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.names.contains(&name)
    }

    pub(crate) fn names(&self) -> &[&'static str] {
        &self.names
    }
}

impl std::fmt::Display for Scopes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.names.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_known_and_name_openid() {
        let scopes = Scopes::parse("openid  profile email profile offline_access").unwrap();
        assert_eq!(scopes.to_string(), "openid profile email");
        assert_eq!(Scopes::parse("openid pets"), Err(error::no_matching_scope()));
        assert_eq!(Scopes::parse("OPENID"), Err(error::no_matching_scope()));
        assert_eq!(Scopes::parse("profile email"), Err(error::openid_scope_required()));
        assert_eq!(Scopes::parse(" "), Err(error::missing_scopes()));
    }
}
