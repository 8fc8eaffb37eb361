//! The sessions of people who signed in to an account's endpoints, and those people.

use std::collections::{BTreeMap, HashSet};

use aws_lc_rs::digest::{SHA256, digest};
use chrono::{DateTime, Utc};

use super::{Account, AccountId, AppUserId, Model, ModelError};

/// A session as the gate shows it. Its id names it and opens nothing.
pub type AppSession = gate::SessionView;

/// Somebody who has a session at an account's endpoints.
#[derive(Clone, Debug)]
pub struct AppUser {
    /// An identifier, `au_…`: the same for the same subject of the same issuer, as long as the account is.
    pub id: AppUserId,
    /// Who it is, by the issuer's word at the last sign-in.
    pub identity: gate::Identity,
    /// When the oldest of the sessions began, stage time.
    pub created_at: DateTime<Utc>,
    /// When the newest of the sessions began, stage time.
    pub last_login: DateTime<Utc>,
    /// When any of the sessions was last in use, stage time.
    pub last_active: DateTime<Utc>,
}

impl Model {
    /// The live session that a browser's session cookie opens, whatever account's endpoint it is for. Looking is not
    /// using: the session idles on.
    pub fn app_session_of(&self, cookie: &str) -> Option<AppSession> {
        self.relying_party().session_of(cookie)
    }
}

impl Account {
    /// The sessions at this account's endpoints, oldest first.
    pub fn app_sessions(&self) -> Vec<AppSession> {
        let own: HashSet<String> = self.endpoints().into_iter().map(|endpoint| endpoint.url).collect();
        let all = self.model.relying_party().sessions();
        all.into_iter().filter(|session| own.contains(session.endpoint.origin())).collect()
    }

    /// Ends a session, and what it has open: the next request with its cookie has to sign in.
    pub fn revoke_app_session(&self, id: &str) -> Result<(), ModelError> {
        let session = self.app_sessions().into_iter().find(|session| session.id.as_str() == id);
        let session = session.ok_or_else(|| ModelError::unknown("app session", &id))?;
        self.model.relying_party().revoke(&session.id);
        Ok(())
    }

    /// The people who have a session at this account's endpoints, by their first one, oldest first.
    pub fn app_users(&self) -> Vec<AppUser> {
        let mut users: BTreeMap<AppUserId, AppUser> = BTreeMap::new();
        for session in self.app_sessions() {
            let id = self.app_user_of(&session);
            match users.get_mut(&id) {
                Some(user) => {
                    user.identity = session.identity;
                    user.last_login = session.began;
                    user.last_active = user.last_active.max(session.last_used);
                }
                None => drop(users.insert(
                    id.clone(),
                    AppUser {
                        id,
                        created_at: session.began,
                        last_login: session.began,
                        last_active: session.last_used,
                        identity: session.identity,
                    },
                )),
            }
        }
        let mut users: Vec<_> = users.into_values().collect();
        users.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
        users
    }

    /// Ends all sessions of somebody.
    pub fn revoke_app_user(&self, id: &AppUserId) -> Result<(), ModelError> {
        let sessions = self.app_sessions().into_iter().filter(|session| self.app_user_of(session) == *id);
        let sessions: Vec<_> = sessions.collect();
        if sessions.is_empty() {
            return Err(ModelError::unknown("app user", id));
        }
        for session in sessions {
            self.model.relying_party().revoke(&session.id);
        }
        Ok(())
    }

    /// Whose session it is.
    pub fn app_user_of(&self, session: &AppSession) -> AppUserId {
        app_user(&self.id, &session.identity)
    }
}

/// What somebody is called at an account.
pub(crate) fn app_user(account: &AccountId, identity: &gate::Identity) -> AppUserId {
    // Each part behind its length, so that none can pass for another.
    let parts = [account.as_str(), &identity.issuer, &identity.id];
    let text: String = parts.iter().map(|part| format!("{}:{part}", part.len())).collect();
    AppUserId::of_digest(digest(&SHA256, text.as_bytes()).as_ref())
}
