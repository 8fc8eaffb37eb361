//! The sessions of people who signed in to an account's endpoints.

use std::collections::HashSet;

use super::{Account, Model, ModelError};

/// A session as the gate shows it. Its id names it and opens nothing.
pub type AppSession = gate::SessionView;

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
}
