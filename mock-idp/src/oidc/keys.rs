//! The org's signing keys.

use serde_json::{Map, Value, json};

use crate::keys::{Claimed, KeyPool, KeyPoolError, SigningError};

/// The keys of one org: one that signs ID tokens, the one that will sign after the next rotation, and one for access
/// tokens. As in Okta the last is not in the JWK set, since the org server's access tokens are for Okta alone.
pub(crate) struct OrgKeys {
    active: Claimed,
    next: Claimed,
    access: Claimed,
}

impl OrgKeys {
    pub(crate) async fn claim(pool: &KeyPool) -> Result<Self, KeyPoolError> {
        let (active, next, access) = tokio::try_join!(pool.claim(), pool.claim(), pool.claim())?;
        Ok(Self { active, next, access })
    }

    /// The JWK set (RFC 7517, 5).
    pub(crate) fn jwks(&self) -> Value {
        json!({ "keys": [self.active.jwk(), self.next.jwk()] })
    }

    /// The kid of the key that signs ID tokens.
    pub(crate) fn kid(&self) -> &str {
        self.active.kid()
    }

    /// Signs an ID token. `header` says RS256 and [`kid`](Self::kid), unless the org misbehaves.
    pub(crate) fn sign_id_token(
        &self,
        header: &Map<String, Value>,
        claims: &Map<String, Value>,
    ) -> Result<String, SigningError> {
        self.active.sign_under(header, claims)
    }

    /// Signs with a key that is none of the published ones.
    pub(crate) fn sign_wrongly(
        &self,
        header: &Map<String, Value>,
        claims: &Map<String, Value>,
    ) -> Result<String, SigningError> {
        self.access.sign_under(header, claims)
    }

    pub(crate) fn sign_access_token(&self, claims: &Map<String, Value>) -> Result<String, SigningError> {
        self.access.sign(Some(self.access.kid()), claims)
    }

    /// The claims of an ID token that this org signed, expired or not.
    pub(crate) fn verify_id_token(&self, token: &str) -> Option<Map<String, Value>> {
        self.active.verify(token)
    }
}
