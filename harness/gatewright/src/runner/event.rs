//! What happens in a run.

use std::sync::Arc;
use std::time::Duration;

use super::verdict::{Summary, Verdict};
use crate::scenario::Plan;
use crate::vocabulary::StepError;

/// Something that happened in a run. `D` is what the performer of scenarios gathers for the report.
///
/// The events of one scenario come in order; those of scenarios side by side come as they happen.
#[derive(Clone, Debug)]
pub enum RunEvent<D> {
    /// The run begins.
    RunBegan {
        /// How many scenarios there are.
        scenarios: usize,
        /// How many of them run at once, at most.
        jobs: usize,
    },
    /// A scenario begins.
    ScenarioBegan {
        /// Which.
        plan: Arc<Plan>,
    },
    /// A step begins.
    StepBegan {
        /// In which scenario.
        plan: Arc<Plan>,
        /// Which step, counted from 0.
        step: usize,
    },
    /// A step ended. Steps after one that didn't succeed never begin.
    StepEnded {
        /// In which scenario.
        plan: Arc<Plan>,
        /// Which step, counted from 0.
        step: usize,
        /// How long it took.
        took: Duration,
        /// Whether it succeeded.
        result: Result<(), StepError>,
    },
    /// A scenario ended, and nothing of it is left running.
    ScenarioEnded {
        /// Which.
        plan: Arc<Plan>,
        /// How.
        verdict: Verdict,
        /// How long it took, setting and striking the stage included.
        took: Duration,
        /// What was gathered; nothing if the performer itself gave way.
        details: Option<D>,
    },
    /// The run is interrupted: what runs is ended properly, nothing more is begun.
    Interrupted,
    /// A scenario is not run, because another failed or the run was interrupted.
    NotRun {
        /// Which.
        plan: Arc<Plan>,
    },
    /// The run is over; the last event.
    RunEnded {
        /// How it ended.
        summary: Summary,
    },
}
