//! A run's report: its data model and its renderings. It knows nothing of how a run happens.
//!
//! * [`model`]: what a run was, with everything that was seen in it, redacted by whoever made it;
//! * [`json`]: `report.json`, the model, versioned;
//! * [`html`]: `index.html`, one file that opens offline;
//! * [`junit`]: `junit.xml` for CI systems;
//! * [`summary`]: Markdown for a job's page, and a table for a terminal;
//! * [`har`]: one scenario's exchanges as HAR 1.2;
//! * [`normalize`]: a run without what differs from run to run, for snapshots and comparison.

pub mod har;
pub mod html;
pub mod json;
pub mod junit;
pub mod model;
pub mod normalize;
pub mod summary;
mod text;

pub use model::*;
