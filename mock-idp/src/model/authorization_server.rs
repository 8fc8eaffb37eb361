//! Authorization servers: the org's own, and custom ones for the org's APIs.

use std::ops::Bound;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::id::Minting;
use super::log::{Entry, EventType};
use super::server_policy::{ServerPolicy, USUAL_LIFETIMES};
use super::{
    AuthorizationServerId, Cause, GrantType, Model, ModelError, Page, PageRequest, Party, Scope, TokenClaim,
};

/// Which authorization server.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ServerName {
    /// The org's own, whose issuer is the org's URL.
    Org,
    /// A custom one, whose issuer is below that.
    Custom(AuthorizationServerId),
}

impl ServerName {
    /// The path below which its endpoints are.
    pub(crate) fn path(&self) -> String {
        match self {
            Self::Org => "/oauth2".to_owned(),
            Self::Custom(id) => format!("/oauth2/{id}"),
        }
    }
}

/// An authorization server as of the moment it was read. Its keys are not the model's business.
#[derive(Clone, Debug)]
pub struct AuthorizationServer {
    /// Which it is.
    pub name: ServerName,
    /// The name that people see.
    pub label: String,
    /// What it is for; may be empty.
    pub description: String,
    /// The audience of its access tokens; the issuer itself where absent.
    pub audience: Option<String>,
    /// Whether it is in use.
    pub status: ServerStatus,
    /// The scopes that it knows.
    pub scopes: Vec<Scope>,
    /// The claims of its own that its tokens have.
    pub claims: Vec<TokenClaim>,
    /// Who gets its tokens, first by priority first; the org's own server goes by no such policies.
    pub policies: Vec<ServerPolicy>,
    /// How long its tokens are good, unless its policies say.
    pub lifetimes: TokenLifetimes,
    /// Whether it says who it is in its answers to authorization requests (RFC 9207), which no Okta does by itself.
    pub names_itself: bool,
    /// When it was made, in stage time as all of these.
    pub created: DateTime<Utc>,
    /// When anything of it last changed.
    pub last_updated: DateTime<Utc>,
}

/// Whether an authorization server is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ServerStatus {
    /// It answers.
    Active,
    /// As if it weren't there.
    Inactive,
}

/// How long tokens are good, in stage time. (ID tokens: an hour, everywhere.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenLifetimes {
    /// An access token.
    pub access_token: TimeDelta,
    /// A refresh token, from one use to the next.
    pub refresh_token_idle: TimeDelta,
}

/// The custom server that every org has from the start.
const DEFAULT: &str = "default";

const MOST_SERVERS: usize = 100;

impl AuthorizationServer {
    /// The org's own.
    pub(super) fn of_org(minting: &Minting, now: DateTime<Utc>) -> Self {
        let names = ["openid", "email", "profile", "address", "phone", "offline_access", "groups"];
        let lifetimes =
            TokenLifetimes { access_token: TimeDelta::hours(1), refresh_token_idle: TimeDelta::days(90) };
        Self {
            name: ServerName::Org,
            label: "Org authorization server".to_owned(),
            description: String::new(),
            audience: None,
            status: ServerStatus::Active,
            scopes: names.map(|name| Scope { with_openid: true, ..Scope::system(name, minting, now) }).into(),
            claims: Vec::new(),
            policies: Vec::new(),
            lifetimes,
            names_itself: false,
            created: now,
            last_updated: now,
        }
    }

    /// The custom server `default`.
    pub(super) fn default_custom(minting: &Minting, now: DateTime<Utc>) -> Self {
        let description = "Default Authorization Server for your Applications".to_owned();
        let id = AuthorizationServerId::new(DEFAULT);
        let policies = vec![ServerPolicy::founding(minting, now)];
        Self { description, policies, ..Self::custom(id, DEFAULT, "api://default", minting, now) }
    }

    fn custom(
        id: AuthorizationServerId,
        label: &str,
        audience: &str,
        minting: &Minting,
        now: DateTime<Utc>,
    ) -> Self {
        let names = ["openid", "profile", "email", "address", "phone", "offline_access"];
        Self {
            name: ServerName::Custom(id),
            label: label.to_owned(),
            description: String::new(),
            audience: Some(audience.to_owned()),
            status: ServerStatus::Active,
            scopes: names.map(|name| Scope::system(name, minting, now)).into(),
            claims: Vec::new(),
            policies: Vec::new(),
            lifetimes: USUAL_LIFETIMES,
            names_itself: false,
            created: now,
            last_updated: now,
        }
    }

    /// The scope of this name.
    pub fn scope(&self, name: &str) -> Option<&Scope> {
        self.scopes.iter().find(|scope| scope.name == name)
    }

    /// The grants that it supports. Clients get tokens of their own for the org's APIs alone, which are custom servers'
    /// business.
    pub fn grant_types(&self) -> &'static [GrantType] {
        match self.name {
            ServerName::Org => &[
                GrantType::AuthorizationCode,
                GrantType::Implicit,
                GrantType::RefreshToken,
                GrantType::DeviceCode,
            ],
            ServerName::Custom(_) => &GrantType::ALL,
        }
    }

    /// The combinations of response types that it supports: an access token alone is custom servers' business.
    pub(crate) fn response_types(&self) -> &'static [&'static str] {
        const ALL: [&str; 7] = [
            "code",
            "id_token",
            "code id_token",
            "code token",
            "id_token token",
            "code id_token token",
            "token",
        ];
        match self.name {
            ServerName::Org => &ALL[..6],
            ServerName::Custom(_) => &ALL,
        }
    }

    pub(crate) fn party(&self) -> Party {
        let id = match &self.name {
            ServerName::Org => "unknown",
            ServerName::Custom(id) => id.as_str(),
        };
        Party::new("AuthorizationServer", id, &self.label, &self.label)
    }

    fn check(&self) -> Result<(), ModelError> {
        let short = |field, text: &str, least: usize| match text.chars().count() {
            length if (least..=255).contains(&length) => Ok(()),
            _ => Err(ModelError::invalid(field, "Must be at most 255 characters long, and not blank")),
        };
        short("name", self.label.trim(), 1)?;
        short("description", &self.description, 0)?;
        short("audiences", self.audience.as_deref().unwrap_or("-").trim(), 1)
    }
}

impl Model {
    /// The authorization server of this name, active or not. The org's own is always there.
    pub fn authorization_server(&self, name: &ServerName) -> Option<Arc<AuthorizationServer>> {
        self.read().authorization_servers.get(name).map(Arc::clone)
    }

    /// Those custom servers that `chosen` accepts, in pages.
    pub fn authorization_servers(
        &self,
        request: &PageRequest,
        chosen: impl Fn(&AuthorizationServer) -> bool,
    ) -> Page<Arc<AuthorizationServer>> {
        let after = request.after.as_deref().map(AuthorizationServerId::new);
        let after = after.map_or(ServerName::Org, ServerName::Custom);
        let records = self.read();
        let servers = records.authorization_servers.range((Bound::Excluded(after), Bound::Unbounded));
        let servers = servers.map(|(_, server)| server).filter(|server| chosen(server)).map(Arc::clone);
        request.cut(servers, |server| match &server.name {
            ServerName::Org => String::new(),
            ServerName::Custom(id) => id.to_string(),
        })
    }

    /// Makes a custom server with the scopes of OpenID Connect and without access policies, so that it grants nothing yet.
    ///
    /// # Errors
    /// When label or audience is blank or too long, or there are a hundred already.
    pub fn create_authorization_server(
        &self,
        label: &str,
        description: &str,
        audience: &str,
        cause: &Cause,
    ) -> Result<Arc<AuthorizationServer>, ModelError> {
        let now = self.now();
        let id = AuthorizationServerId::mint(self.minting(), now);
        let mut server = AuthorizationServer::custom(id, label, audience, self.minting(), now);
        description.clone_into(&mut server.description);
        server.check()?;
        let server = Arc::new(server);
        let mut records = self.write();
        if records.authorization_servers.len() > MOST_SERVERS {
            return Err(ModelError::Unsuitable("An org has at most 100 authorization servers"));
        }
        records.authorization_servers.insert(server.name.clone(), Arc::clone(&server));
        drop(records);
        self.log(Entry::of(EventType::ServerCreate).to(server.party()), cause);
        Ok(server)
    }

    /// Changes a server's data; nothing happens when the outcome would not be acceptable.
    ///
    /// # Errors
    /// When there is no such server, or what `change` makes of it is not acceptable.
    pub fn update_authorization_server(
        &self,
        name: &ServerName,
        cause: &Cause,
        change: impl FnOnce(&mut AuthorizationServer),
    ) -> Result<Arc<AuthorizationServer>, ModelError> {
        let server = self.change_server(name, |server| {
            let own = server.name.clone();
            change(server);
            server.name = own;
            server.check()
        })?;
        self.log(Entry::of(EventType::ServerUpdate).to(server.party()), cause);
        Ok(server)
    }

    /// Puts a custom server into use, or out of it.
    ///
    /// # Errors
    /// When there is no such custom server.
    pub fn set_authorization_server_status(
        &self,
        id: &AuthorizationServerId,
        status: ServerStatus,
        cause: &Cause,
    ) -> Result<(), ModelError> {
        let mut changed = false;
        let server = self.change_server(&ServerName::Custom(id.clone()), |server| {
            changed = std::mem::replace(&mut server.status, status) != status;
            Ok(())
        })?;
        if changed {
            let event = match status {
                ServerStatus::Active => EventType::ServerActivate,
                ServerStatus::Inactive => EventType::ServerDeactivate,
            };
            self.log(Entry::of(event).to(server.party()), cause);
        }
        Ok(())
    }

    /// Deletes a custom server. Its tokens are worth nothing from then on.
    ///
    /// # Errors
    /// When there is no such custom server.
    pub fn delete_authorization_server(
        &self,
        id: &AuthorizationServerId,
        cause: &Cause,
    ) -> Result<(), ModelError> {
        let removed = self.write().authorization_servers.remove(&ServerName::Custom(id.clone()));
        let server = removed.ok_or_else(|| ModelError::not_found("AuthorizationServer", id))?;
        self.log(Entry::of(EventType::ServerDelete).to(server.party()), cause);
        Ok(())
    }

    pub(super) fn change_server(
        &self,
        name: &ServerName,
        change: impl FnOnce(&mut AuthorizationServer) -> Result<(), ModelError>,
    ) -> Result<Arc<AuthorizationServer>, ModelError> {
        let now = self.now();
        let mut records = self.write();
        let server = records.authorization_servers.get_mut(name).ok_or_else(|| match name {
            ServerName::Org => ModelError::not_found("AuthorizationServer", ""),
            ServerName::Custom(id) => ModelError::not_found("AuthorizationServer", id),
        })?;
        let mut changed = AuthorizationServer::clone(server);
        change(&mut changed)?;
        changed.last_updated = now;
        *server = Arc::new(changed);
        Ok(Arc::clone(server))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ground::{Clock, Sink};

    fn model() -> (Model, AuthorizationServerId) {
        let model = Model::new(Clock::new(), Sink::forgetful());
        (model, AuthorizationServerId::new(DEFAULT))
    }

    #[test]
    fn an_org_begins_with_its_own_server_and_the_default_one() {
        let (model, id) = model();
        let org = model.authorization_server(&ServerName::Org).unwrap();
        assert!(org.scope("groups").is_some() && org.audience.is_none());
        let default = model.authorization_server(&ServerName::Custom(id)).unwrap();
        assert_eq!(default.audience.as_deref(), Some("api://default"));
        assert!(default.scope("groups").is_none());
        let listed = model.authorization_servers(&PageRequest::all(), |_| true).items;
        assert_eq!(listed.iter().map(|server| server.label.as_str()).collect::<Vec<_>>(), ["default"]);
    }

    #[test]
    fn servers_come_and_go() {
        let (model, _) = model();
        let cause = Cause::system();
        model.create_authorization_server(" ", "", "api://pets", &cause).unwrap_err();
        model.create_authorization_server("Pets", "", "", &cause).unwrap_err();
        let pets = model.create_authorization_server("Pets", "For pets", "api://pets", &cause).unwrap();
        let ServerName::Custom(id) = pets.name.clone() else { panic!("{pets:?}") };
        let renamed = model.update_authorization_server(&pets.name, &cause, |pets| pets.label = "P".into());
        assert_eq!(renamed.unwrap().label, "P");
        model.update_authorization_server(&pets.name, &cause, |pets| pets.label.clear()).unwrap_err();
        model.set_authorization_server_status(&id, ServerStatus::Inactive, &cause).unwrap();
        assert_eq!(model.authorization_server(&pets.name).unwrap().status, ServerStatus::Inactive);
        model.delete_authorization_server(&id, &cause).unwrap();
        assert!(model.authorization_server(&pets.name).is_none());
        model.delete_authorization_server(&id, &cause).unwrap_err();
    }
}
