//! The store's file: records of JSON under names, changed in transactions.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use redb::{Database, DatabaseError, ReadableDatabase, StorageError, TableDefinition};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::StoreError;

/// The name of the file in its folder.
const FILE: &str = "edge.redb";

/// What this edge writes, and all that it reads.
const FORMAT: u64 = 1;

const META: TableDefinition<&str, u64> = TableDefinition::new("meta");
const RECORDS: TableDefinition<&str, &[u8]> = TableDefinition::new("records");

/// Records by their names; `None` takes one away.
pub(crate) type Changes = BTreeMap<String, Option<Vec<u8>>>;

/// An open store. Nobody else opens it meanwhile.
pub(crate) struct Store {
    dir: PathBuf,
    database: Database,
    /// What could not be written so far, and goes with the next change.
    owed: Mutex<Changes>,
}

impl Store {
    /// Opens the store in `dir`, and makes both where they are not there.
    pub(crate) fn open(dir: &Path) -> Result<Self, StoreError> {
        let file = private_file(dir).map_err(|error| StoreError::Io { dir: dir.to_owned(), error })?;
        let is_new = file.metadata().is_ok_and(|about| about.len() == 0);
        drop(file);
        let database = Database::builder()
            .set_check_integrity_on_open(!is_new)
            .create(dir.join(FILE))
            .map_err(|error| opening(dir, error))?;
        let store = Self { dir: dir.to_owned(), database, owed: Mutex::default() };
        if is_new {
            store.write_format()?;
        }
        store.check_format()?;
        Ok(store)
    }

    /// The record of this name.
    pub(crate) fn read<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, StoreError> {
        let read = self.database.begin_read().map_err(|error| self.broken(error))?;
        let table = read.open_table(RECORDS).map_err(|error| self.broken(error))?;
        let found = table.get(name).map_err(|error| self.broken(error))?;
        found.map(|record| self.parse(name, record.value())).transpose()
    }

    /// All records whose names begin with this, in the order of their names.
    pub(crate) fn read_all<T: DeserializeOwned>(&self, prefix: &str) -> Result<Vec<T>, StoreError> {
        let read = self.database.begin_read().map_err(|error| self.broken(error))?;
        let table = read.open_table(RECORDS).map_err(|error| self.broken(error))?;
        let mut all = Vec::new();
        for record in table.range(prefix..).map_err(|error| self.broken(error))? {
            let (name, record) = record.map_err(|error| self.broken(error))?;
            if !name.value().starts_with(prefix) {
                break;
            }
            all.push(self.parse(name.value(), record.value())?);
        }
        Ok(all)
    }

    /// Writes one record.
    pub(crate) fn write(&self, name: &str, record: &impl Serialize) -> Result<(), StoreError> {
        self.commit(&[(name.to_owned(), Some(json(record)))].into())
    }

    /// Writes all of these changes, and what was owed from before, or none of them.
    pub(crate) fn commit(&self, changes: &Changes) -> Result<(), StoreError> {
        let mut owed = self.owed();
        let all = owed.iter().filter(|(name, _)| !changes.contains_key(*name)).chain(changes);
        self.put(all).map_err(|error| StoreError::Write(error.to_string()))?;
        owed.clear();
        Ok(())
    }

    /// Writes these changes as [`commit`](Self::commit) does; where that is not possible now, they are owed.
    pub(crate) fn commit_or_owe(&self, changes: Changes) -> Result<(), StoreError> {
        self.commit(&changes).inspect_err(|_| self.owed().extend(changes))
    }

    fn put<'c>(
        &self,
        changes: impl Iterator<Item = (&'c String, &'c Option<Vec<u8>>)>,
    ) -> Result<(), redb::Error> {
        let write = self.database.begin_write()?;
        {
            let mut table = write.open_table(RECORDS)?;
            for (name, record) in changes {
                match record {
                    Some(record) => drop(table.insert(name.as_str(), record.as_slice())?),
                    None => drop(table.remove(name.as_str())?),
                }
            }
        }
        Ok(write.commit()?)
    }

    fn write_format(&self) -> Result<(), StoreError> {
        let write = || -> Result<(), redb::Error> {
            let write = self.database.begin_write()?;
            write.open_table(META)?.insert("format", FORMAT)?;
            write.open_table(RECORDS)?;
            Ok(write.commit()?)
        };
        write().map_err(|error| StoreError::Write(error.to_string()))
    }

    fn check_format(&self) -> Result<(), StoreError> {
        let read = || -> Result<Option<u64>, redb::Error> {
            let table = self.database.begin_read()?.open_table(META)?;
            Ok(table.get("format")?.map(|format| format.value()))
        };
        match read().map_err(|error| self.broken(error))? {
            Some(FORMAT) => Ok(()),
            Some(found) => Err(StoreError::Version { dir: self.dir.clone(), found, known: FORMAT }),
            None => Err(self.broken("it says no format")),
        }
    }

    fn parse<T: DeserializeOwned>(&self, name: &str, record: &[u8]) -> Result<T, StoreError> {
        // Of a record's name only the kind is told, and never what is in it.
        let kind = name.split('/').next().unwrap_or(name).to_owned();
        serde_json::from_slice(record)
            .map_err(|_| self.broken(format_args!("its record of {kind} can't be read")))
    }

    /// What is kept makes no sense.
    pub(crate) fn broken(&self, reason: impl fmt::Display) -> StoreError {
        StoreError::Broken { dir: self.dir.clone(), reason: reason.to_string() }
    }

    fn owed(&self) -> MutexGuard<'_, Changes> {
        self.owed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Store({})", self.dir.display())
    }
}

/// A record as it is written.
pub(crate) fn json(record: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(record).expect("records are plain data")
}

/// The store's file, its owner's alone, in a folder that is.
fn private_file(dir: &Path) -> io::Result<File> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(dir.join(FILE))?;
    if file.metadata()?.permissions().mode() & 0o077 != 0 {
        file.set_permissions(Permissions::from_mode(0o600))?;
    }
    Ok(file)
}

fn opening(dir: &Path, error: DatabaseError) -> StoreError {
    let dir = dir.to_owned();
    match error {
        DatabaseError::DatabaseAlreadyOpen => StoreError::InUse(dir),
        DatabaseError::Storage(StorageError::Io(error)) if error.kind() != io::ErrorKind::InvalidData => {
            StoreError::Io { dir, error }
        }
        other => StoreError::Broken { dir, reason: other.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    #[test]
    fn what_is_written_is_there_when_it_is_opened_again() {
        let folder = folder();
        let dir = folder.path().join("new/state");
        let store = Store::open(&dir).unwrap();
        store.write("kind/one", &1).unwrap();
        let changes = [("kind/two".to_owned(), Some(json(&2))), ("kind/one".to_owned(), None)];
        store.commit(&changes.into()).unwrap();
        store.write("kindred/one", &3).unwrap();
        drop(store);
        let store = Store::open(&dir).unwrap();
        assert_eq!(store.read_all::<u8>("kind/").unwrap(), [2]);
        assert_eq!(store.read::<u8>("kind/one").unwrap(), None);
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&dir), mode(&dir.join(FILE))), (0o700, 0o600));
    }

    #[test]
    fn a_file_that_others_may_read_is_made_its_owners_alone() {
        let folder = folder();
        drop(Store::open(folder.path()).unwrap());
        let file = folder.path().join(FILE);
        std::fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
        drop(Store::open(folder.path()).unwrap());
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn one_edge_has_it_at_a_time() {
        let folder = folder();
        let store = Store::open(folder.path()).unwrap();
        assert!(matches!(Store::open(folder.path()), Err(StoreError::InUse(_))));
        drop(store);
        Store::open(folder.path()).unwrap();
    }

    #[test]
    fn another_versions_store_is_refused() {
        let folder = folder();
        let store = Store::open(folder.path()).unwrap();
        let write = store.database.begin_write().unwrap();
        write.open_table(META).unwrap().insert("format", 7).unwrap();
        write.commit().unwrap();
        drop(store);
        let refused = Store::open(folder.path()).unwrap_err();
        let said = refused.to_string().replace(&folder.path().display().to_string(), "DIR");
        insta::assert_snapshot!(said, @"the state directory DIR was written by another version of Gatewright (its format is 7, this one's is 1); use that version, or choose another folder");
    }

    #[test]
    fn a_damaged_store_is_refused_and_stays_as_it_is() {
        for damage in [&b"this is no database at all, but a text"[..], &[0; 20_000]] {
            let folder = folder();
            let file = folder.path().join(FILE);
            std::fs::write(&file, damage).unwrap();
            let refused = Store::open(folder.path()).unwrap_err();
            assert!(matches!(refused, StoreError::Broken { .. }), "{refused}");
            assert_eq!(std::fs::read(&file).unwrap(), damage);
        }
        let folder = folder();
        let store = Store::open(folder.path()).unwrap();
        store.commit(&[("kind/one".to_owned(), Some(b"{no json".to_vec()))].into()).unwrap();
        let refused = store.read::<u8>("kind/one").unwrap_err().to_string();
        let said = refused.replace(&folder.path().display().to_string(), "DIR");
        insta::assert_snapshot!(said, @"the state directory DIR is damaged, or no edge's: its record of kind can't be read; bring a copy of it back, or move it away to begin anew");
    }

    #[test]
    fn a_truncated_store_is_refused() {
        let folder = folder();
        let store = Store::open(folder.path()).unwrap();
        for number in 0..200 {
            store.write(&format!("kind/{number}"), &"x".repeat(500)).unwrap();
        }
        drop(store);
        let file = folder.path().join(FILE);
        let bytes = std::fs::read(&file).unwrap();
        std::fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
        let refused = Store::open(folder.path()).unwrap_err();
        assert!(matches!(refused, StoreError::Broken { .. } | StoreError::Io { .. }), "{refused}");
    }
}
