//! An account's authtokens and API keys: made, listed, revoked.

use super::{Account, ApiKey, ApiKeyId, Credential, CredentialId, ModelError, api_key, authtoken, limits};
use crate::code::{Code, Refusal};

/// How many credentials, and how many API keys, an account has at most.
const MOST: usize = 256;

impl Account {
    /// All credentials, oldest first.
    pub fn credentials(&self) -> Result<Vec<Credential>, ModelError> {
        Ok(self.model.lock().account(&self.id)?.credentials.clone())
    }

    /// Makes a credential with a new authtoken.
    pub fn create_credential(&self, description: &str, metadata: &str) -> Result<Credential, ModelError> {
        let credential = Credential {
            id: CredentialId::random(),
            created_at: self.model.now(),
            description: limits::description(description.to_owned())?,
            metadata: limits::metadata(metadata.to_owned())?,
            token: authtoken(),
        };
        let mut state = self.model.lock();
        let credentials = &mut state.account_mut(&self.id)?.credentials;
        bounded(credentials.len())?;
        credentials.push(credential.clone());
        Ok(credential)
    }

    /// Revokes a credential: the sessions of agents that came with it end at once, and it opens no more.
    pub fn revoke_credential(&self, id: &CredentialId) -> Result<(), ModelError> {
        let mut state = self.model.lock();
        let credentials = &mut state.account_mut(&self.id)?.credentials;
        let before = credentials.len();
        credentials.retain(|credential| credential.id != *id);
        if credentials.len() == before {
            return Err(ModelError::unknown("credential", id));
        }
        for session in state.online.sessions_of(id) {
            state.online.displace(&session, "its credential was revoked");
        }
        Ok(())
    }

    /// All API keys, oldest first.
    pub fn api_keys(&self) -> Result<Vec<ApiKey>, ModelError> {
        Ok(self.model.lock().account(&self.id)?.api_keys.clone())
    }

    /// Makes an API key.
    pub fn create_api_key(&self, description: &str) -> Result<ApiKey, ModelError> {
        let key = ApiKey {
            id: ApiKeyId::random(),
            created_at: self.model.now(),
            description: limits::description(description.to_owned())?,
            token: api_key(),
        };
        let mut state = self.model.lock();
        let keys = &mut state.account_mut(&self.id)?.api_keys;
        bounded(keys.len())?;
        keys.push(key.clone());
        Ok(key)
    }
}

fn bounded(count: usize) -> Result<(), Refusal> {
    if count < MOST {
        return Ok(());
    }
    Err(Refusal::new(Code(602), format!("an account has at most {MOST} credentials and {MOST} API keys")))
}
