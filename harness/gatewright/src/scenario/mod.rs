//! Scenarios: from files to checked plans.
//!
//! * [`given`]: what a scenario finds when it begins;
//! * [`Plan`]: one checked scenario, ready to be run;
//! * [`load`]: finds the files, reads them all, and gives the plans, or every problem of every file at once;
//! * [`Selection`]: which of the plans to run;
//! * [`reference_page`] and [`schema`]: the format, for people and for editors.

mod content;
mod file;
mod folder;
pub mod given;
mod page;
mod plan;
mod problems;
mod schema;
mod selection;
mod tags;

pub use content::{PlannedStep, Scenario, Steps, Title, Version};
pub use file::read;
pub use folder::load;
pub use given::Given;
pub use page::reference_page;
pub use plan::{Plan, ScenarioId, Tag, WalkthroughStep};
pub use problems::{FileProblems, Problems};
pub use schema::schema;
pub use selection::Selection;
pub use tags::{TagExpression, TagExpressionError};
