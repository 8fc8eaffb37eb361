//! What whoever runs an edge keeps beside it.

use std::path::Path;

use ground::authority::AuthorityError;
use ground::{Authority, Secret};

use super::{Store, StoreError};

/// An edge's state directory, in the hands of whoever is going to run the edge: what the edge is given
/// ([`Config`](crate::Config)) is the same each time. Dropped, it is free for the edge itself.
#[derive(Debug)]
pub struct StateDir {
    store: Store,
}

impl StateDir {
    /// Opens the directory, and makes it where it isn't there.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        Ok(Self { store: Store::open(dir)? })
    }

    /// The authority that is kept here, made the first time, so that those who trusted it still do.
    pub fn authority(&self) -> Result<Authority, StoreError> {
        let unusable = |error: AuthorityError| self.store.broken(error);
        if let Some(pem) = self.store.read::<String>("authority")? {
            return Authority::from_pem(&Secret::new("authority", pem)).map_err(unusable);
        }
        let authority = Authority::lasting().map_err(unusable)?;
        self.store.write("authority", &authority.to_pem().expose())?;
        Ok(authority)
    }

    /// The secret that is kept here under this name, made the first time.
    pub fn secret(&self, name: &str, make: impl FnOnce() -> Secret) -> Result<Secret, StoreError> {
        let (record, made) = (format!("secret/{name}"), make());
        if let Some(kept) = self.store.read::<String>(&record)? {
            return Ok(Secret::new(made.kind(), kept));
        }
        self.store.write(&record, &made.expose())?;
        Ok(made)
    }
}
