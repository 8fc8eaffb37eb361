//! The signing keys of the org's authorization servers.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use serde_json::{Map, Value, json};

use crate::keys::{Claimed, KeyPool, KeyPoolError, SigningError};
use crate::model::{AuthorizationServerId, ServerName};

/// All keys of one org. The org server's are there from the start; a custom server's are claimed when it is first
/// spoken to, so that an org is up at once.
pub(crate) struct KeyRing {
    pool: KeyPool,
    org: Arc<ServerKeys>,
    custom: Mutex<HashMap<AuthorizationServerId, Arc<ServerKeys>>>,
}

/// The keys of one authorization server: one that signs, the one that will after the next rotation, and the one that did
/// before the last.
pub(crate) struct ServerKeys {
    signing: RwLock<Signing>,
    /// A key of the org's that is in no JWK set.
    unpublished: Arc<Claimed>,
    /// Whether that key signs access tokens: as in Okta the org server's are for Okta alone.
    opaque: bool,
}

#[derive(Clone)]
struct Signing {
    active: Arc<Claimed>,
    next: Arc<Claimed>,
    expired: Option<Arc<Claimed>>,
}

/// What a key of an authorization server is for at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyStatus {
    Active,
    Next,
    Expired,
}

impl KeyStatus {
    /// Okta's name of it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Next => "NEXT",
            Self::Expired => "EXPIRED",
        }
    }
}

impl KeyRing {
    pub(crate) async fn claim(pool: &KeyPool) -> Result<Self, KeyPoolError> {
        let (active, next, access) = tokio::try_join!(pool.claim(), pool.claim(), pool.claim())?;
        let org = ServerKeys::new(active, next, Arc::new(access), true);
        Ok(Self { pool: pool.clone(), org: Arc::new(org), custom: Mutex::default() })
    }

    /// The org server's.
    pub(crate) fn org(&self) -> &Arc<ServerKeys> {
        &self.org
    }

    /// Those of a server that has been spoken to.
    pub(crate) fn get(&self, server: &ServerName) -> Option<Arc<ServerKeys>> {
        match server {
            ServerName::Org => Some(Arc::clone(&self.org)),
            ServerName::Custom(id) => self.custom().get(id).map(Arc::clone),
        }
    }

    /// Those of a server, claimed if need be.
    pub(crate) async fn of(&self, server: &ServerName) -> Result<Arc<ServerKeys>, KeyPoolError> {
        let ServerName::Custom(id) = server else { return Ok(Arc::clone(&self.org)) };
        if let Some(keys) = self.get(server) {
            return Ok(keys);
        }
        let (active, next) = tokio::try_join!(self.pool.claim(), self.pool.claim())?;
        let keys = ServerKeys::new(active, next, Arc::clone(&self.org.unpublished), false);
        // Somebody else may have been faster: then these go back to the pool.
        Ok(Arc::clone(self.custom().entry(id.clone()).or_insert_with(|| Arc::new(keys))))
    }

    /// Gives the keys of a server that is no more back.
    pub(crate) fn forget(&self, server: &AuthorizationServerId) {
        self.custom().remove(server);
    }

    /// From now on the next key signs, and another is the next.
    pub(crate) async fn rotate(&self, server: &ServerName) -> Result<Arc<ServerKeys>, KeyPoolError> {
        let keys = self.of(server).await?;
        let new = Arc::new(self.pool.claim().await?);
        let mut signing = keys.signing.write().unwrap_or_else(PoisonError::into_inner);
        let before = signing.clone();
        *signing = Signing { active: before.next, next: new, expired: Some(before.active) };
        drop(signing);
        Ok(keys)
    }

    fn custom(&self) -> MutexGuard<'_, HashMap<AuthorizationServerId, Arc<ServerKeys>>> {
        self.custom.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ServerKeys {
    fn new(active: Claimed, next: Claimed, unpublished: Arc<Claimed>, opaque: bool) -> Self {
        let signing = Signing { active: Arc::new(active), next: Arc::new(next), expired: None };
        Self { signing: RwLock::new(signing), unpublished, opaque }
    }

    /// The JWK set (RFC 7517, 5).
    pub(crate) fn jwks(&self) -> Value {
        json!({ "keys": self.all().iter().map(|(_, key)| key.jwk()).collect::<Vec<_>>() })
    }

    /// The published keys, and what each is for.
    pub(crate) fn all(&self) -> Vec<(KeyStatus, Arc<Claimed>)> {
        let Signing { active, next, expired } = self.signing();
        let expired = expired.map(|key| (KeyStatus::Expired, key));
        [(KeyStatus::Active, active), (KeyStatus::Next, next)].into_iter().chain(expired).collect()
    }

    /// The key that signs ID tokens.
    pub(crate) fn active(&self) -> Arc<Claimed> {
        self.signing().active
    }

    /// A key that is none of the published ones.
    pub(crate) fn unpublished(&self) -> &Claimed {
        &self.unpublished
    }

    pub(crate) fn sign_access_token(&self, claims: &Map<String, Value>) -> Result<String, SigningError> {
        let key = if self.opaque { Arc::clone(&self.unpublished) } else { self.active() };
        key.sign(Some(key.kid()), claims)
    }

    /// The claims of an ID token that this server signed, expired or not.
    pub(crate) fn verify_id_token(&self, token: &str) -> Option<Map<String, Value>> {
        let Signing { active, expired, .. } = self.signing();
        active.verify(token).or_else(|| expired?.verify(token))
    }

    fn signing(&self) -> Signing {
        self.signing.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl std::fmt::Debug for ServerKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "[keys of {}]", self.active().kid())
    }
}
