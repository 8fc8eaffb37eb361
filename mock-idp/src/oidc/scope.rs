//! The scopes of a request.

use super::error::{self, OAuthError};
use crate::model::AuthorizationServer;

/// The scopes of a request, each once, in the order in which they were asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Scopes {
    names: Vec<String>,
}

impl Scopes {
    /// Parses the `scope` parameter (RFC 6749, 3.3) of a request for a person's sign-in. Those of OpenID Connect come with
    /// `openid`.
    pub(crate) fn of_person(text: &str, server: &AuthorizationServer) -> Result<Self, OAuthError> {
        let scopes = Self::asked(text, server)?;
        if scopes.names.is_empty() {
            return Err(error::missing_scopes());
        }
        let with_openid = |name: &String| server.scope(name).is_some_and(|scope| scope.with_openid);
        if scopes.names.iter().any(with_openid) && !scopes.has("openid") {
            return Err(error::openid_scope_required());
        }
        Ok(scopes)
    }

    /// Parses the `scope` parameter of a client that asks for a token of its own: what OpenID Connect says of people it
    /// can't have. Those who name none get the server's default scopes.
    pub(crate) fn of_client(text: &str, server: &AuthorizationServer) -> Result<Self, OAuthError> {
        let mut scopes = Self::asked(text, server)?;
        if scopes.names.is_empty() {
            let defaults = server.scopes.iter().filter(|scope| scope.default);
            scopes.names = defaults.map(|scope| scope.name.clone()).collect();
        }
        if scopes.names.is_empty() {
            return Err(error::no_default_scopes());
        }
        let of_people = |name: &String| server.scope(name).is_some_and(|scope| scope.system);
        match scopes.names.iter().any(of_people) {
            true => Err(error::openid_not_allowed_client_creds()),
            false => Ok(scopes),
        }
    }

    fn asked(text: &str, server: &AuthorizationServer) -> Result<Self, OAuthError> {
        let scopes = Self::names_in(text);
        let known = scopes.names.iter().all(|name| server.scope(name).is_some());
        if known { Ok(scopes) } else { Err(error::no_matching_scope()) }
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

impl std::fmt::Display for Scopes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.names.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AuthorizationServerId, Cause, Model, Scope, ServerName};
    use ground::{Clock, Sink};
    use proptest::prelude::*;
    use std::sync::Arc;

    fn org() -> (Model, Arc<AuthorizationServer>) {
        let model = Model::new(Clock::new(), Sink::forgetful());
        let server = model.authorization_server(&ServerName::Org).unwrap();
        (model, server)
    }

    fn parse(text: &str) -> Result<Scopes, OAuthError> {
        Scopes::of_person(text, &org().1)
    }

    #[test]
    fn a_custom_servers_scopes_need_no_openid_and_are_a_clients_own() {
        let (model, _) = org();
        let id = AuthorizationServerId::new("default");
        let put = |name: &str, default| {
            let set = |scope: &mut Scope| (scope.name, scope.default) = (name.to_owned(), default);
            model.put_scope(&id, None, &Cause::system(), set).unwrap();
            model.authorization_server(&ServerName::Custom(id.clone())).unwrap()
        };
        let server = put("pets", false);
        assert_eq!(
            Scopes::of_person("pets offline_access", &server).unwrap().to_string(),
            "pets offline_access"
        );
        assert_eq!(Scopes::of_person("pets email", &server), Err(error::openid_scope_required()));
        assert_eq!(Scopes::of_person("groups openid", &server), Err(error::no_matching_scope()));
        assert_eq!(Scopes::of_client("pets", &server).unwrap().to_string(), "pets");
        assert_eq!(Scopes::of_client("", &server), Err(error::no_default_scopes()));
        for openid in ["pets openid", "email", "offline_access"] {
            assert_eq!(Scopes::of_client(openid, &server), Err(error::openid_not_allowed_client_creds()));
        }
        assert_eq!(Scopes::of_client("cats", &server), Err(error::no_matching_scope()));
        assert_eq!(Scopes::of_client("", &put("cats", true)).unwrap().to_string(), "cats");
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
