//! Scopes of the org authorization server.

use super::error::{self, OAuthError};

/// The scopes that the org server knows.
pub(crate) const SUPPORTED: [&str; 7] =
    ["openid", "email", "profile", "address", "phone", "offline_access", "groups"];

/// The scopes of a request, each once, in the order in which they were asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scopes {
    names: Vec<String>,
}

impl Scopes {
    /// Parses a `scope` parameter (RFC 6749, 3.3) that asks for scopes which are `known`, `openid` among them.
    pub(crate) fn parse(text: &str, known: impl Fn(&str) -> bool) -> Result<Self, OAuthError> {
        let scopes = Self::names_in(text);
        if scopes.names.is_empty() {
            return Err(error::missing_scopes());
        }
        if !scopes.names.iter().all(|name| known(name)) {
            return Err(error::no_matching_scope());
        }
        if !scopes.has("openid") {
            return Err(error::openid_scope_required());
        }
        Ok(scopes)
    }

    /// Parses a `scope` parameter that asks for no more than these again.
    ///
    /// # Errors
    /// When it asks for others; they are named.
    pub(crate) fn narrowed(&self, text: &str) -> Result<Self, OAuthError> {
        let asked = Self::names_in(text);
        let denied: Vec<&str> =
            asked.names.iter().map(String::as_str).filter(|name| !self.has(name)).collect();
        match denied.is_empty() {
            true if asked.names.is_empty() => Ok(self.clone()),
            true => Ok(asked),
            false => Err(error::refresh_scopes_denied(&denied.join(", "))),
        }
    }

    /// The same without one.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.names.retain(|own| own != name);
        self
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.names.iter().any(|own| own == name)
    }

    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    fn names_in(text: &str) -> Self {
        let mut names: Vec<String> = Vec::new();
        for asked in text.split(' ').filter(|asked| !asked.is_empty()) {
            if !names.iter().any(|name| name == asked) {
                names.push(asked.to_owned());
            }
        }
        Self { names }
    }
}

/// Whether the org server knows this scope.
pub(crate) fn supported(name: &str) -> bool {
    SUPPORTED.contains(&name)
}

impl std::fmt::Display for Scopes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.names.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> Result<Scopes, OAuthError> {
        Scopes::parse(text, supported)
    }

    #[test]
    fn scopes_are_known_and_name_openid() {
        let scopes = parse("openid  profile email profile offline_access").unwrap();
        assert_eq!(scopes.to_string(), "openid profile email offline_access");
        assert_eq!(scopes.without("offline_access").to_string(), "openid profile email");
        assert_eq!(parse("openid pets"), Err(error::no_matching_scope()));
        assert_eq!(parse("OPENID"), Err(error::no_matching_scope()));
        assert_eq!(parse("profile email"), Err(error::openid_scope_required()));
        assert_eq!(parse(" "), Err(error::missing_scopes()));
    }

    #[test]
    fn a_refresh_asks_for_what_was_granted_or_less() {
        let granted = parse("openid email phone").unwrap();
        assert_eq!(granted.narrowed("").unwrap(), granted);
        assert_eq!(granted.narrowed("phone openid").unwrap().to_string(), "phone openid");
        let denied = granted.narrowed("openid address profile").unwrap_err();
        assert!(denied.description.ends_with("Denied scopes: address, profile."), "{}", denied.description);
    }

    proptest! {
        #[test]
        fn narrowing_never_widens(granted in "(openid|email|phone)( (email|phone|groups)){0,3}", asked in "[a-z ]{0,12}|openid|email phone") {
            let granted = Scopes::names_in(&granted);
            if let Ok(narrowed) = granted.narrowed(&asked) {
                prop_assert!(narrowed.names().iter().all(|name| granted.has(name)));
            }
        }
    }
}
