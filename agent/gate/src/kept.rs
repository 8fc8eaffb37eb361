//! Sessions as they are kept over a restart of the edge.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A session as it is kept. It opens nothing: of the browser's cookie and of the settings there are digests alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptSession {
    /// What it is kept under: the SHA-256 digest of the browser's cookie, in base64.
    pub key: String,
    /// Its name.
    pub id: String,
    /// The origin of the endpoint that it is for.
    pub endpoint: String,
    /// Who vouches for whose session it is.
    pub issuer: String,
    /// The subject identifier.
    pub subject: String,
    /// The e-mail address.
    pub email: Option<String>,
    /// The full name.
    pub name: Option<String>,
    /// The digest of the settings that it was made under, in base64.
    pub settings: String,
    /// How many seconds it lives without a request.
    pub inactivity_timeout: u64,
    /// When it was made, stage time.
    pub began: DateTime<Utc>,
    /// When it was last in use, stage time.
    pub last_used: DateTime<Utc>,
    /// When it ends at the latest, stage time.
    pub expires: DateTime<Utc>,
}

/// Keeps sessions. It is told of each change as it happens, in order, and must not call back.
pub trait SessionKeeper: Send + Sync {
    /// This session has begun; or, under a key that is known, its person is described anew.
    fn keep(&self, session: KeptSession);

    /// The session under this key is no more.
    fn forget(&self, key: &str);
}

impl fmt::Debug for dyn SessionKeeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionKeeper")
    }
}
