//! What an edge keeps over its end, in an embedded store of a folder of its own.
//!
//! Each change is on disk before it is done: one transaction, all of it or nothing. The store's file holds secrets
//! (authtokens, clients' secrets, the authority's key) and is its owner's alone; of API keys and of people's cookies it
//! holds digests.

mod error;
mod file;
mod folder;
mod records;
mod sessions;

pub use error::StoreError;
pub use folder::StateDir;

pub(crate) use file::Store;
pub(crate) use records::{config, restore};
pub(crate) use sessions::Shelf;
