//! Why a command could not do what it was asked.

use std::fmt::Display;

use crate::exit::Exit;

/// A command's last words on standard error, and how it ends.
#[derive(Debug)]
pub(crate) struct Failure {
    /// How the command ends.
    pub(crate) exit: Exit,
    /// What is said, each line ended; nothing when nobody would hear it.
    pub(crate) words: String,
}

impl Failure {
    /// It was done, and failed.
    pub(crate) fn failed(reason: impl Display) -> Self {
        Self::new(Exit::Failed, reason)
    }

    /// What was asked can't be done, nothing was run.
    pub(crate) fn usage(reason: impl Display) -> Self {
        Self::new(Exit::Usage, reason)
    }

    /// What was asked can't be done, in words that say so themselves.
    pub(crate) fn plain_usage(words: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, words: words.into() + "\n" }
    }

    /// The machine lacks something.
    pub(crate) fn lacking(reason: impl Display) -> Self {
        Self::new(Exit::Lacking, reason)
    }

    fn new(exit: Exit, reason: impl Display) -> Self {
        Self { exit, words: format!("error: {reason}\n") }
    }
}
