//! What a stage's parts saw, and what a report says of it.
//!
//! * [`Log`]: everything that was seen, in order, while the stage runs;
//! * [`Record`]: the same for a report, secrets masked: who took part, who spoke to whom, what was said.

mod account;
mod decisions;
mod exchanges;
mod faces;
mod lines;
mod log;
mod relays;
mod tokens;

pub use account::{Record, StepSpan};
pub use log::{Event, Log, Printed};

pub(crate) use faces::Faces;
