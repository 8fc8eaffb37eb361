//! A pool of keys that fills itself.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::signing::SigningKey;
use super::store::Store;

/// How many unused keys the pool keeps ahead: two orgs' worth.
const AHEAD: usize = 6;

/// How long a claim waits for a key to be made. Real time.
const PATIENCE: Duration = Duration::from_secs(60);

/// Why there is no signing key.
#[derive(Debug, thiserror::Error)]
pub enum KeyPoolError {
    /// The directory can't be used.
    #[error("signing keys can't be kept in {}: {source}", directory.display())]
    Directory {
        /// Which directory.
        directory: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The thread that makes keys could not be started.
    #[error("the thread that makes signing keys could not be started: {0}")]
    Thread(io::Error),
    /// There is no place for them.
    #[error(
        "signing keys are kept in the user's cache, and neither XDG_CACHE_HOME nor HOME is an absolute path; set HOME"
    )]
    NoCache,
    /// None was made in time.
    #[error("no signing key was ready within {} s: this machine is too busy to make one", PATIENCE.as_secs())]
    TooSlow,
}

/// A pool of RSA-2048 keys. A thread of its own makes keys ahead, and those that somebody waits for; it ends with the
/// last clone, after the key that it is making. Keys are kept in a directory from run to run, which any number of pools
/// and processes may share: no two live orgs ever have the same key.
#[derive(Clone)]
pub struct KeyPool {
    owner: Arc<Owner>,
}

struct Owner {
    shared: Arc<Shared>,
}

struct Shared {
    store: Store,
    wanted: Mutex<Wanted>,
    /// Tells the thread that `wanted` has changed.
    changed: Condvar,
    /// Tells those who wait that a key may be free.
    freed: Notify,
}

#[derive(Default)]
struct Wanted {
    waiting: usize,
    ended: bool,
    /// Why the thread gave up.
    failure: Option<(io::ErrorKind, String)>,
}

/// A key that is this holder's until it is dropped.
pub(crate) struct Claimed {
    key: SigningKey,
    shared: Arc<Shared>,
}

impl KeyPool {
    /// The pool of this user, kept from run to run in `gatewright/keys` of the user's cache (`XDG_CACHE_HOME`, else
    /// `.cache` of `HOME`).
    ///
    /// # Errors
    /// As [`open`](Self::open), and when there is no such cache.
    pub fn of_this_user() -> Result<Self, KeyPoolError> {
        let of = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let cache = of("XDG_CACHE_HOME").or_else(|| of("HOME").map(|home| home.join(".cache")));
        Self::open(cache.ok_or(KeyPoolError::NoCache)?.join("gatewright").join("keys"))
    }

    /// A pool that keeps its keys in `directory`, which is made (mode 0700) if it isn't there, and must belong to the
    /// caller alone if it is.
    ///
    /// # Errors
    /// When the directory can't be used or no thread can be started.
    pub fn open(directory: impl Into<PathBuf>) -> Result<Self, KeyPoolError> {
        let directory = directory.into();
        let store =
            Store::open(directory.clone()).map_err(|source| KeyPoolError::Directory { directory, source })?;
        let shared = Arc::new(Shared {
            store,
            wanted: Mutex::default(),
            changed: Condvar::new(),
            freed: Notify::new(),
        });
        let making = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("signing keys".to_owned());
        thread.spawn(move || making.make_keys()).map_err(KeyPoolError::Thread)?;
        Ok(Self { owner: Arc::new(Owner { shared }) })
    }

    /// A key that nobody else has, at once if one is free, else when one has been made.
    ///
    /// # Errors
    /// When the directory can't be used any more, or no key was made within a minute.
    pub(crate) async fn claim(&self) -> Result<Claimed, KeyPoolError> {
        let shared = &self.owner.shared;
        if let Some(claimed) = shared.try_claim()? {
            return Ok(claimed);
        }
        let _waiting = Waiting::new(shared);
        let claimed = async {
            loop {
                let freed = shared.freed.notified();
                if let Some(claimed) = shared.try_claim()? {
                    return Ok(claimed);
                }
                if let Some((kind, reason)) = shared.wanted().failure.clone() {
                    return Err(shared.unusable(io::Error::new(kind, reason)));
                }
                freed.await;
            }
        };
        tokio::time::timeout(PATIENCE, claimed).await.unwrap_or(Err(KeyPoolError::TooSlow))
    }
}

impl std::fmt::Debug for KeyPool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyPool({})", self.owner.shared.store.directory().display())
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.shared.wanted().ended = true;
        self.shared.changed.notify_all();
    }
}

impl std::ops::Deref for Claimed {
    type Target = SigningKey;

    fn deref(&self) -> &SigningKey {
        &self.key
    }
}

impl Drop for Claimed {
    fn drop(&mut self) {
        self.shared.store.give_back(self.key.kid());
        self.shared.freed.notify_waiters();
    }
}

impl Shared {
    fn wanted(&self) -> MutexGuard<'_, Wanted> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn unusable(&self, source: io::Error) -> KeyPoolError {
        KeyPoolError::Directory { directory: self.store.directory().to_owned(), source }
    }

    fn try_claim(self: &Arc<Self>) -> Result<Option<Claimed>, KeyPoolError> {
        while let Some((kid, pkcs8)) = self.store.claim().map_err(|error| self.unusable(error))? {
            match SigningKey::from_pkcs8(&pkcs8).ok().filter(|key| key.kid() == kid) {
                Some(key) => {
                    // One fewer is free, so the thread may have something to do.
                    self.changed.notify_all();
                    return Ok(Some(Claimed { key, shared: Arc::clone(self) }));
                }
                None => self.store.discard(&kid),
            }
        }
        Ok(None)
    }

    /// The thread's life. When a key can't be made or kept, whoever claims one is told.
    fn make_keys(&self) {
        while self.until_wanted() {
            if let Err(error) = self.make_key() {
                self.wanted().failure = Some((error.kind(), error.to_string()));
                return self.freed.notify_waiters();
            }
            self.freed.notify_waiters();
        }
    }

    fn make_key(&self) -> io::Result<()> {
        let broken = || io::Error::other("this machine makes no RSA keys");
        let pkcs8 = SigningKey::generate().map_err(|_| broken())?;
        let key = SigningKey::from_pkcs8(&pkcs8).map_err(|_| broken())?;
        self.store.add(key.kid(), &pkcs8)
    }

    /// Waits until a key should be made; false when the pool has ended.
    fn until_wanted(&self) -> bool {
        let enough = |wanted: &mut Wanted| {
            let free = self.store.free().map_or(0, |free| free.len());
            !wanted.ended && wanted.waiting == 0 && free >= AHEAD
        };
        let wanted = self.changed.wait_while(self.wanted(), enough).unwrap_or_else(PoisonError::into_inner);
        !wanted.ended
    }
}

/// Somebody waits for a key, until this is dropped.
struct Waiting<'a> {
    shared: &'a Shared,
}

impl<'a> Waiting<'a> {
    fn new(shared: &'a Shared) -> Self {
        shared.wanted().waiting += 1;
        shared.changed.notify_all();
        Self { shared }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.shared.wanted().waiting -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[tokio::test]
    async fn two_pools_on_one_directory_never_share_a_key_and_reuse_what_is_given_back() {
        let place = tempfile::tempdir().unwrap();
        let directory = place.path().join("keys");
        let (one, other) = (KeyPool::open(&directory).unwrap(), KeyPool::open(&directory).unwrap());
        let claims = tokio::join!(one.claim(), other.claim(), one.claim(), other.claim());
        let claims = [claims.0, claims.1, claims.2, claims.3].map(Result::unwrap);
        let kids: HashSet<String> = claims.iter().map(|key| key.kid().to_owned()).collect();
        assert_eq!(kids.len(), 4);
        drop(claims);
        drop((one, other));
        let next = KeyPool::open(&directory).unwrap();
        let free: HashSet<String> = next.owner.shared.store.free().unwrap().into_iter().collect();
        assert!(free.is_superset(&kids), "keys outlive their pool");
    }

    #[tokio::test]
    async fn whoever_claims_is_told_when_keys_cannot_be_kept() {
        let place = tempfile::tempdir().unwrap();
        let directory = place.path().join("keys");
        let pool = KeyPool::open(&directory).unwrap();
        std::fs::remove_dir_all(&directory).unwrap();
        let Err(error) = pool.claim().await else { panic!("a key from nowhere") };
        assert!(error.to_string().starts_with("signing keys can't be kept in"), "{error}");
    }

    #[tokio::test]
    async fn a_file_that_is_no_key_is_thrown_away() {
        let place = tempfile::tempdir().unwrap();
        let directory = place.path().join("keys");
        let pool = KeyPool::open(&directory).unwrap();
        pool.owner.shared.store.add("-not-a-key", b"nothing").unwrap();
        assert_ne!(pool.claim().await.unwrap().kid(), "-not-a-key");
        assert!(!directory.join("free--not-a-key.der").exists());
    }
}
