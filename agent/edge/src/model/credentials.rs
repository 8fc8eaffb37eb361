//! An account's authtokens and API keys: made, changed, listed, revoked.

use ground::Secret;

use super::{
    Account, Acl, ApiKey, ApiKeyId, Credential, CredentialId, ModelError, TokenDigest, api_key, authtoken,
    limits,
};
use crate::code::{Code, Refusal};

/// How many credentials, and how many API keys, an account has at most.
const MOST: usize = 256;

/// What is chosen when a credential is made, or changed when it is given (`None`: as it was, or the default).
#[derive(Clone, Debug, Default)]
pub struct CredentialChange {
    /// For people.
    pub description: Option<String>,
    /// For machines.
    pub metadata: Option<String>,
    /// What its agents may bind; everything by default.
    pub acl: Option<Acl>,
}

/// What is chosen when an API key is made, or changed when it is given.
#[derive(Clone, Debug, Default)]
pub struct ApiKeyChange {
    /// For people.
    pub description: Option<String>,
    /// For machines.
    pub metadata: Option<String>,
}

impl Account {
    /// All credentials, oldest first.
    pub fn credentials(&self) -> Result<Vec<Credential>, ModelError> {
        Ok(self.model.lock().account(&self.id)?.credentials.clone())
    }

    /// Makes a credential with a new authtoken.
    pub fn create_credential(&self, change: CredentialChange) -> Result<Credential, ModelError> {
        let mut credential = Credential {
            id: CredentialId::random(),
            created_at: self.model.now(),
            description: String::new(),
            metadata: String::new(),
            token: authtoken(),
            acl: Acl::default(),
        };
        change.apply(&mut credential)?;
        self.model.change(|state| {
            let credentials = &mut state.account_mut(&self.id)?.credentials;
            bounded(credentials.len(), Code::TOO_MANY_CREDENTIALS, "credentials")?;
            credentials.push(credential.clone());
            Ok(credential)
        })
    }

    /// Changes a credential. A new ACL goes for what is bound from now on.
    pub fn update_credential(
        &self,
        id: &CredentialId,
        change: CredentialChange,
    ) -> Result<Credential, ModelError> {
        self.model.change(|state| {
            let credentials = &mut state.account_mut(&self.id)?.credentials;
            let known = credentials.iter_mut().find(|credential| credential.id == *id);
            let known = known.ok_or_else(|| ModelError::unknown("credential", id))?;
            let mut changed = known.clone();
            change.apply(&mut changed)?;
            known.clone_from(&changed);
            Ok(changed)
        })
    }

    /// Revokes a credential: the sessions of agents that came with it end at once, and it opens no more.
    pub fn revoke_credential(&self, id: &CredentialId) -> Result<(), ModelError> {
        self.model.change(|state| {
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
        })
    }

    /// All API keys, oldest first.
    pub fn api_keys(&self) -> Result<Vec<ApiKey>, ModelError> {
        Ok(self.model.lock().account(&self.id)?.api_keys.clone())
    }

    /// Makes an API key. The key itself is given this once.
    pub fn create_api_key(&self, change: ApiKeyChange) -> Result<(ApiKey, Secret), ModelError> {
        let token = api_key();
        let mut key = ApiKey {
            id: ApiKeyId::random(),
            created_at: self.model.now(),
            description: String::new(),
            metadata: String::new(),
            digest: TokenDigest::of(token.expose()),
        };
        change.apply(&mut key)?;
        self.model.change(|state| {
            let keys = &mut state.account_mut(&self.id)?.api_keys;
            bounded(keys.len(), Code::TOO_MANY_API_KEYS, "API keys")?;
            keys.push(key.clone());
            Ok((key, token))
        })
    }

    /// Changes an API key.
    pub fn update_api_key(&self, id: &ApiKeyId, change: ApiKeyChange) -> Result<ApiKey, ModelError> {
        self.model.change(|state| {
            let keys = &mut state.account_mut(&self.id)?.api_keys;
            let known = keys.iter_mut().find(|key| key.id == *id);
            let known = known.ok_or_else(|| ModelError::unknown("API key", id))?;
            let mut changed = known.clone();
            change.apply(&mut changed)?;
            known.clone_from(&changed);
            Ok(changed)
        })
    }

    /// Revokes an API key: it opens no more.
    pub fn revoke_api_key(&self, id: &ApiKeyId) -> Result<(), ModelError> {
        self.model.change(|state| {
            let keys = &mut state.account_mut(&self.id)?.api_keys;
            let before = keys.len();
            keys.retain(|key| key.id != *id);
            if keys.len() == before { Err(ModelError::unknown("API key", id)) } else { Ok(()) }
        })
    }
}

impl CredentialChange {
    fn apply(self, credential: &mut Credential) -> Result<(), Refusal> {
        if let Some(description) = self.description {
            credential.description = limits::description(description)?;
        }
        if let Some(metadata) = self.metadata {
            credential.metadata = limits::metadata(metadata)?;
        }
        if let Some(acl) = self.acl {
            credential.acl = acl;
        }
        Ok(())
    }
}

impl ApiKeyChange {
    fn apply(self, key: &mut ApiKey) -> Result<(), Refusal> {
        if let Some(description) = self.description {
            key.description = limits::description(description)?;
        }
        if let Some(metadata) = self.metadata {
            key.metadata = limits::metadata(metadata)?;
        }
        Ok(())
    }
}

fn bounded(count: usize, code: Code, what: &str) -> Result<(), Refusal> {
    if count < MOST {
        return Ok(());
    }
    Err(Refusal::new(code, format!("an account has at most {MOST} {what}")))
}
