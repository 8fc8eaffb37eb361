//! Scopes of authorization servers.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::id::Minting;
use super::log::{Entry, EventType};
use super::{AuthorizationServer, AuthorizationServerId, Cause, Model, ModelError, ScopeId, ServerName};

/// What a client may ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Its identifier.
    pub id: ScopeId,
    /// The name by which it is asked for.
    pub name: String,
    /// Its name for people; may be empty.
    pub display_name: String,
    /// What it allows; may be empty.
    pub description: String,
    /// Whether people are asked before it is granted.
    pub consent: ScopeConsent,
    /// Whether it is granted to those who ask for none.
    pub default: bool,
    /// Whether the metadata lists it.
    pub published: bool,
    /// Whether it belongs to OpenID Connect, and can be asked for only together with `openid`.
    pub with_openid: bool,
    /// Whether it was there from the start, and can't be taken away.
    pub system: bool,
}

/// Whether people are asked before a scope is granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ScopeConsent {
    /// They are not.
    Implicit,
    /// They are, by clients that ask for consent.
    Required,
    /// As for `Required`; administrators may have consented for all.
    Flexible,
}

impl Scope {
    pub(super) fn system(name: &str, minting: &Minting, now: DateTime<Utc>) -> Self {
        Self {
            with_openid: name != "openid" && name != "offline_access",
            published: true,
            system: true,
            ..Self::new(name, minting, now)
        }
    }

    fn new(name: &str, minting: &Minting, now: DateTime<Utc>) -> Self {
        Self {
            id: ScopeId::mint(minting, now),
            name: name.to_owned(),
            display_name: String::new(),
            description: String::new(),
            consent: ScopeConsent::Implicit,
            default: false,
            published: false,
            with_openid: false,
            system: false,
        }
    }

    fn check(&self) -> Result<(), ModelError> {
        // RFC 6749, 3.3. The prefix is Okta's own.
        let token = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        if self.name.is_empty() || self.name.len() > 255 || !self.name.bytes().all(token) {
            return Err(ModelError::invalid("name", "Must be 1 to 255 characters of a scope's"));
        }
        if self.name.starts_with("okta.") && !self.system {
            return Err(ModelError::invalid("name", "Scopes that begin with okta. are reserved"));
        }
        Ok(())
    }
}

impl Model {
    /// Adds a scope to a custom server, or changes the one of this id; `change` sets all but id and kind.
    ///
    /// # Errors
    /// When there is no such server or scope, its name is another's or not acceptable, or a system scope would change
    /// its name.
    pub fn put_scope(
        &self,
        server: &AuthorizationServerId,
        id: Option<&ScopeId>,
        cause: &Cause,
        change: impl FnOnce(&mut Scope),
    ) -> Result<Scope, ModelError> {
        let mut put = Scope::new("", self.minting(), self.now());
        let changed = self.change_server(&ServerName::Custom(server.clone()), |server| {
            let place = match id {
                None => None,
                Some(id) => Some(server.place_of(id)?),
            };
            if let Some(place) = place {
                put = server.scopes[place].clone();
            }
            let before = put.clone();
            change(&mut put);
            (put.id, put.system, put.with_openid) = (before.id, before.system, before.with_openid);
            if before.system && before.name != put.name {
                return Err(ModelError::invalid("name", "A system scope keeps its name"));
            }
            put.check()?;
            if server.scopes.iter().any(|other| other.name == put.name && other.id != put.id) {
                return Err(ModelError::invalid("name", "A scope of this name exists already"));
            }
            match place {
                Some(place) => server.scopes[place] = put.clone(),
                None => server.scopes.push(put.clone()),
            }
            Ok(())
        })?;
        let event = if id.is_some() { EventType::ScopeUpdate } else { EventType::ScopeCreate };
        self.log(Entry::of(event).to(changed.party()).with("scope", put.name.clone()), cause);
        Ok(put)
    }

    /// Takes a scope away from a custom server.
    ///
    /// # Errors
    /// When there is no such server or scope, or it is a system scope.
    pub fn delete_scope(
        &self,
        server: &AuthorizationServerId,
        id: &ScopeId,
        cause: &Cause,
    ) -> Result<(), ModelError> {
        let changed = self.change_server(&ServerName::Custom(server.clone()), |server| {
            let place = server.place_of(id)?;
            if server.scopes[place].system {
                return Err(ModelError::Unsuitable("A system scope can't be deleted"));
            }
            server.scopes.remove(place);
            Ok(())
        })?;
        self.log(Entry::of(EventType::ScopeDelete).to(changed.party()), cause);
        Ok(())
    }
}

impl AuthorizationServer {
    fn place_of(&self, id: &ScopeId) -> Result<usize, ModelError> {
        let place = self.scopes.iter().position(|scope| scope.id == *id);
        place.ok_or_else(|| ModelError::not_found("OAuth2Scope", id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ground::{Clock, Sink};

    #[test]
    fn scopes_have_names_of_their_own() {
        let model = Model::new(Clock::new(), Sink::forgetful());
        let id = AuthorizationServerId::new("default");
        let cause = Cause::system();
        let put = |id: &AuthorizationServerId, scope: Option<&ScopeId>, name: &str| {
            model.put_scope(id, scope, &cause, |scope| scope.name = name.to_owned())
        };
        let pets = put(&id, None, "pets.read").unwrap();
        assert!(!pets.system);
        for wrong in ["pets.read", "openid", "", "two words", "quo\"te", "okta.users.read"] {
            assert!(put(&id, None, wrong).is_err(), "{wrong}");
        }
        put(&id, Some(&pets.id), "pets.write").unwrap();
        let server = model.authorization_server(&ServerName::Custom(id.clone())).unwrap();
        assert!(server.scope("pets.read").is_none() && server.scope("pets.write").is_some());
        let openid = server.scope("openid").unwrap().id.clone();
        put(&id, Some(&openid), "closedid").unwrap_err();
        model.delete_scope(&id, &openid, &cause).unwrap_err();
        model.delete_scope(&id, &pets.id, &cause).unwrap();
        model.delete_scope(&id, &pets.id, &cause).unwrap_err();
        put(&AuthorizationServerId::new("aus0"), None, "pets").unwrap_err();
    }
}
