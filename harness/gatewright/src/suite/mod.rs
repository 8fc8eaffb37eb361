//! Many scenarios side by side, and the report of it.
//!
//! * [`Suite`]: performs plans on stages of one [`Run`](crate::Run), and gathers what happened;
//! * [`Report`]: the run as a report has it, and the files that it is written into.

mod perform;
mod report;
mod write;

pub use perform::{Finished, Suite};
pub use report::Report;
pub use write::{Kind, WriteError};
