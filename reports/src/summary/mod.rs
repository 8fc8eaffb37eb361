//! A run in short: Markdown for a job's page, and a table for a terminal.

mod markdown;
mod table;

pub use markdown::{LONGEST, markdown};
pub use table::{ending, table};

use crate::model::Outcome;

fn sign(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "✓",
        Outcome::Failed => "✗",
        Outcome::Interrupted => "!",
        Outcome::NotApplicable | Outcome::NotRun => "–",
    }
}
