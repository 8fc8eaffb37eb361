//! What people have let applications do in their name: the scopes that a server grants with their consent alone.

use chrono::{DateTime, Utc};

use super::log::{Entry, EventType};
use super::{AppId, Cause, ConsentId, Model, ModelError, ServerName, UserId};

/// That a person lets an application have a scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// Its identifier.
    pub id: ConsentId,
    /// Which authorization server has the scope.
    pub server: ServerName,
    /// Which application.
    pub app: AppId,
    /// Who.
    pub user: UserId,
    /// The scope's name.
    pub scope: String,
    /// When it was given first, in stage time.
    pub created: DateTime<Utc>,
    /// When it was given last.
    pub last_updated: DateTime<Utc>,
}

/// By what a consent is found: sorted by person and application.
pub(super) type ConsentKey = (UserId, AppId, ServerName, String);

impl Model {
    /// What a person has consented to, for all applications or for one.
    pub fn consents(&self, user: &UserId, app: Option<&AppId>) -> Vec<Consent> {
        let records = self.read();
        let from: ConsentKey = (user.clone(), AppId::new(""), ServerName::Org, String::new());
        let own = records.consents.range(from..).take_while(|((of, ..), _)| of == user);
        own.map(|(_, consent)| consent).filter(|it| app.is_none_or(|app| it.app == *app)).cloned().collect()
    }

    /// Whether a person has consented to this scope.
    pub fn has_consented(&self, user: &UserId, app: &AppId, server: &ServerName, scope: &str) -> bool {
        let key = (user.clone(), app.clone(), server.clone(), scope.to_owned());
        self.read().consents.contains_key(&key)
    }

    /// Remembers that a person lets an application have these scopes.
    pub(crate) fn consent(
        &self,
        user: &UserId,
        app: &AppId,
        server: &ServerName,
        scopes: &[String],
        cause: &Cause,
    ) {
        let now = self.now();
        let mut records = self.write();
        for scope in scopes {
            let key = (user.clone(), app.clone(), server.clone(), scope.clone());
            let given = records.consents.entry(key).or_insert_with(|| Consent {
                id: ConsentId::mint(self.minting(), now),
                server: server.clone(),
                app: app.clone(),
                user: user.clone(),
                scope: scope.clone(),
                created: now,
                last_updated: now,
            });
            given.last_updated = now;
        }
        let parties: Vec<_> = records.apps.get(app).map(|app| app.party()).into_iter().collect();
        drop(records);
        let entry = parties.into_iter().fold(Entry::of(EventType::ConsentGrant.at(server)), Entry::to);
        self.log(entry.with("scopes", scopes.join(" ")), cause);
    }

    /// Takes one consent of a person's back.
    ///
    /// # Errors
    /// When the person has given none such.
    pub fn revoke_consent(&self, user: &UserId, id: &ConsentId, cause: &Cause) -> Result<(), ModelError> {
        let given = self.consents(user, None).into_iter().find(|consent| consent.id == *id);
        let given = given.ok_or_else(|| ModelError::not_found("OAuth2ScopeConsentGrant", id))?;
        self.take_back(std::slice::from_ref(&given), cause);
        Ok(())
    }

    /// Takes all consents of a person's back, or those for one application.
    pub fn revoke_consents(&self, user: &UserId, app: Option<&AppId>, cause: &Cause) {
        self.take_back(&self.consents(user, app), cause);
    }

    fn take_back(&self, given: &[Consent], cause: &Cause) {
        for consent in given {
            let Consent { user, app, server, scope, .. } = consent;
            self.write().consents.remove(&(user.clone(), app.clone(), server.clone(), scope.clone()));
            let entry = Entry::of(EventType::ConsentRevoke).with("scopes", scope.clone());
            let app = self.app(app).map(|app| app.party());
            self.log(app.into_iter().fold(entry, Entry::to), cause);
        }
    }
}
