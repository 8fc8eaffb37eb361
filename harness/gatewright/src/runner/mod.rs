//! Runs plans side by side and says what happens as one stream of events.
//!
//! * [`run`]: runs them, so many at once, until all are done, one failed, or it is interrupted;
//! * [`Attempt`]: one scenario's run, as whoever performs it sees it: deadline, interruption, events;
//! * [`RunEvent`]: what happens; a terminal, a log and a report are three listeners to the same stream;
//! * [`Verdict`], [`Outcome`], [`Summary`]: how it ended.

mod attempt;
mod event;
mod run;
mod verdict;

pub use attempt::Attempt;
pub use event::RunEvent;
pub use run::{Options, run};
pub use verdict::{Failure, Outcome, Summary, Verdict};

#[cfg(test)]
mod tests;
