//! What can go wrong with a browser itself.

use std::time::Duration;

/// What can go wrong with a browser itself, as against with a page in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It did not start.
    #[error("the browser did not start: {reason}{}", quoted(.output))]
    NotStarted {
        /// What was being done and what happened.
        reason: String,
        /// What browser and driver wrote last.
        output: String,
    },
    /// It has ended, or the connection to it has.
    #[error("the browser is gone: {0}")]
    Gone(String),
    /// It refused a command.
    #[error("the browser refused {command}: {message}")]
    Refused {
        /// The command.
        command: String,
        /// Its reason.
        message: String,
    },
    /// It did not answer in time; its session is given up.
    #[error("the browser did not do {command} within {} s", .within.as_secs())]
    TooSlow {
        /// The command.
        command: String,
        /// The deadline.
        within: Duration,
    },
}

fn quoted(output: &str) -> String {
    if output.is_empty() { String::new() } else { format!("; it wrote:\n{output}") }
}
