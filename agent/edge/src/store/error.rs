use std::io;
use std::path::PathBuf;

/// Why a state directory can't be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The folder or its file can't be made, read or written.
    #[error("the state directory {} can't be used: {error}; choose a folder that you may write to", dir.display())]
    Io {
        /// The folder.
        dir: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// Another edge has it.
    #[error("the state directory {} is in use by another edge; stop that one, or choose another folder", .0.display())]
    InUse(PathBuf),
    /// Another version wrote it.
    #[error(
        "the state directory {} was written by another version of Gatewright (its format is {found}, this one's is \
         {known}); use that version, or choose another folder", dir.display()
    )]
    Version {
        /// The folder.
        dir: PathBuf,
        /// Its format.
        found: u64,
        /// The one that is known here.
        known: u64,
    },
    /// It is no store of an edge, or is damaged.
    #[error(
        "the state directory {} is damaged, or no edge's: {reason}; bring a copy of it back, or move it away to begin \
         anew", dir.display()
    )]
    Broken {
        /// The folder.
        dir: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A change could not be written.
    #[error("the change could not be kept: {0}")]
    Write(String),
}
