//! Tokens for the management API, `Authorization: SSWS …`.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use ground::{Secret, random};

use super::log::{Entry, EventType};
use super::{ApiTokenId, Cause, Model, ModelError, Party, User, UserId, UserStatus};

/// A token for the management API. It carries the rights of the administrator who made it.
#[derive(Clone, Debug)]
pub struct ApiToken {
    /// Its identifier.
    pub id: ApiTokenId,
    /// Its name for people.
    pub name: String,
    /// Whose rights it carries.
    pub owner: UserId,
    /// When it was made, in stage time.
    pub created: DateTime<Utc>,
    secret: Secret,
}

impl ApiToken {
    /// The token itself: 42 characters that begin with `00`.
    pub fn secret(&self) -> &Secret {
        &self.secret
    }
}

impl Model {
    /// Makes an API token.
    ///
    /// # Errors
    /// When the owner is not an administrator.
    pub fn create_api_token(
        &self,
        name: &str,
        owner: &UserId,
        cause: &Cause,
    ) -> Result<ApiToken, ModelError> {
        let now = self.now();
        let mut records = self.write();
        if !records.administrators.contains(owner) {
            return Err(ModelError::Unsuitable("Only an administrator can create an API token"));
        }
        let token = ApiToken {
            id: ApiTokenId::mint(self.minting(), now),
            name: name.to_owned(),
            owner: owner.clone(),
            created: now,
            secret: Secret::new("API token", format!("00{}", random::alphanumeric(40))),
        };
        records.api_tokens.push(token.clone());
        drop(records);
        let party = Party::new("Token", &token.id, "unknown", name);
        self.log(Entry::of(EventType::ApiTokenCreate).to(party), cause);
        Ok(token)
    }

    /// The token with this text and its owner, if the owner is still an administrator who may sign in.
    pub(crate) fn api_token(&self, candidate: &str) -> Option<(ApiToken, Arc<User>)> {
        let records = self.read();
        let token = records.api_tokens.iter().find(|token| token.secret.matches(candidate))?;
        let owner = records.users.get(&token.owner)?;
        let allowed = owner.status == UserStatus::Active && records.administrators.contains(&token.owner);
        allowed.then(|| (token.clone(), Arc::clone(owner)))
    }
}
