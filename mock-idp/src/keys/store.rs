//! The directory in which keys live between runs. A key's file is `free-<kid>.der`, or `held-<holder>-<kid>.der` while
//! an org uses it; it changes hands by a rename, which only one can win. A holder is one pool, alive as long as its
//! `<holder>.lock` is locked: the system unlocks it whatever ends the process.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use ground::random;

/// More than this many unused keys are not worth keeping.
const MOST_FREE: usize = 64;

#[derive(Debug)]
pub(super) struct Store {
    directory: PathBuf,
    holder: String,
    /// Locked as long as this is open.
    _lock: File,
}

impl Store {
    /// Opens the directory, making it if it isn't there.
    ///
    /// # Errors
    /// When it can't be made, or is open to others than its owner.
    pub(super) fn open(directory: PathBuf) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(&directory)?;
        let holder = random::alphanumeric(16);
        let lock = lock_file(&directory, &holder)?;
        let (found, own) = (fs::metadata(&directory)?, lock.metadata()?);
        let store = Self { directory, holder, _lock: lock };
        if found.mode() & 0o077 != 0 || found.uid() != own.uid() {
            let reason = "it holds private keys and must belong to you alone (mode 0700)";
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, reason));
        }
        store.reclaim()?;
        Ok(store)
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Takes a key that nobody uses: its kid and its PKCS#8.
    pub(super) fn claim(&self) -> io::Result<Option<(String, Vec<u8>)>> {
        for kid in self.free()? {
            let held = self.held_file(&self.holder, &kid);
            match fs::rename(self.free_file(&kid), &held) {
                Ok(()) => return Ok(Some((kid, fs::read(held)?))),
                // Somebody else was faster.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// Keeps a new key for whoever claims it.
    pub(super) fn add(&self, kid: &str, pkcs8: &[u8]) -> io::Result<()> {
        let unfinished = self.directory.join(format!("{}.new", self.holder));
        let mut file = private(&unfinished)?;
        file.write_all(pkcs8)?;
        fs::rename(unfinished, self.free_file(kid))
    }

    /// Gives back a key that was claimed here. There may be nothing left to give back it to.
    pub(super) fn give_back(&self, kid: &str) {
        let held = self.held_file(&self.holder, kid);
        let plenty = self.free().is_ok_and(|free| free.len() >= MOST_FREE);
        let _ = if plenty { fs::remove_file(held) } else { fs::rename(held, self.free_file(kid)) };
    }

    /// Throws away a claimed key that is none.
    pub(super) fn discard(&self, kid: &str) {
        let _ = fs::remove_file(self.held_file(&self.holder, kid));
    }

    /// The kids of the keys that nobody uses.
    pub(super) fn free(&self) -> io::Result<Vec<String>> {
        let kid = |name: &String| Some(name.strip_prefix("free-")?.strip_suffix(".der")?.to_owned());
        Ok(self.names()?.iter().filter_map(kid).collect())
    }

    /// Frees the keys of holders that are gone.
    pub(super) fn reclaim(&self) -> io::Result<()> {
        let names = self.names()?;
        let holders = names.iter().filter_map(|name| name.strip_suffix(".lock"));
        let gone = |holder: &&str| *holder != self.holder && is_gone(&self.lock_path(holder));
        let gone: Vec<&str> = holders.clone().filter(gone).collect();
        for name in &names {
            let Some((holder, kid)) = held(name) else { continue };
            if gone.contains(&holder) || !holders.clone().any(|known| known == holder) {
                let _ = fs::rename(self.directory.join(name), self.free_file(kid));
            }
        }
        for holder in gone {
            let _ = fs::remove_file(self.directory.join(format!("{holder}.new")));
            let _ = fs::remove_file(self.lock_path(holder));
        }
        Ok(())
    }

    fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.directory)? {
            names.extend(entry?.file_name().into_string());
        }
        names.sort_unstable();
        Ok(names)
    }

    fn free_file(&self, kid: &str) -> PathBuf {
        self.directory.join(format!("free-{kid}.der"))
    }

    fn held_file(&self, holder: &str, kid: &str) -> PathBuf {
        self.directory.join(format!("held-{holder}-{kid}.der"))
    }

    fn lock_path(&self, holder: &str) -> PathBuf {
        self.directory.join(format!("{holder}.lock"))
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // Every key has been given back: leases keep the store alive.
        let _ = fs::remove_file(self.directory.join(format!("{}.new", self.holder)));
        let _ = fs::remove_file(self.lock_path(&self.holder));
    }
}

/// The holder's lock file. It gets its name when it is locked already, so that nobody ever sees it unlocked.
fn lock_file(directory: &Path, holder: &str) -> io::Result<File> {
    let unnamed = directory.join(format!("{holder}.new"));
    let file = private(&unnamed)?;
    file.lock()?;
    fs::rename(unnamed, directory.join(format!("{holder}.lock")))?;
    Ok(file)
}

fn private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)
}

fn is_gone(lock: &Path) -> bool {
    File::open(lock).is_ok_and(|file| file.try_lock().is_ok())
}

fn held(name: &str) -> Option<(&str, &str)> {
    let (holder, rest) = name.strip_prefix("held-")?.split_at_checked(16)?;
    Some((holder, rest.strip_prefix('-')?.strip_suffix(".der")?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_key_is_held_by_one_and_free_again_afterwards() {
        let place = tempfile::tempdir().unwrap();
        let directory = place.path().join("keys");
        let (one, other) = (Store::open(directory.clone()).unwrap(), Store::open(directory.clone()).unwrap());
        one.add("kid-1", b"first").unwrap();
        assert_eq!(one.claim().unwrap(), Some(("kid-1".to_owned(), b"first".to_vec())));
        assert_eq!(other.claim().unwrap(), None);
        other.reclaim().unwrap();
        assert_eq!(other.claim().unwrap(), None, "its holder is alive");
        one.give_back("kid-1");
        assert!(other.claim().unwrap().is_some());
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&directory), 0o700);
        for entry in fs::read_dir(&directory).unwrap() {
            assert_eq!(mode(&entry.unwrap().path()), 0o600);
        }
    }

    #[test]
    fn keys_of_the_dead_are_reclaimed() {
        let place = tempfile::tempdir().unwrap();
        let directory = place.path().join("keys");
        let dead = Store::open(directory.clone()).unwrap();
        dead.add("kid-1", b"first").unwrap();
        dead.claim().unwrap().unwrap();
        // A process that dies takes no names away: only its lock opens.
        let lock = dead.lock_path(&dead.holder);
        drop(dead);
        drop(private(&lock).unwrap());
        let alive = Store::open(directory).unwrap();
        assert_eq!(alive.claim().unwrap().unwrap().0, "kid-1");
        assert!(!lock.exists());
    }

    #[test]
    fn a_directory_that_others_can_read_is_refused() {
        let place = tempfile::tempdir().unwrap();
        fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let error = Store::open(place.path().to_owned()).unwrap_err();
        assert!(error.to_string().contains("0700"), "{error}");
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0, "nothing is left behind");
    }
}
