//! What the command's exit status says. Scripts rely on these numbers.

use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Everything asked for happened, every scenario passed; or what ran until interrupted was interrupted.
    Passed = 0,
    /// A scenario failed, a tunnel was refused, or nobody reads what the command writes.
    Failed = 1,
    /// Wrong usage or a bad file; nothing was run.
    Usage = 2,
    /// The machine lacks something, which was named with its remedy.
    Lacking = 3,
    /// A run was interrupted; what was done has been reported.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
