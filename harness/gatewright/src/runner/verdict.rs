//! How scenarios and runs end.

use std::fmt;
use std::time::Duration;

use crate::vocabulary::{Fault, StepError};

/// How a scenario ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Everything was as expected.
    Passed,
    /// Something was not.
    Failed(Failure),
    /// The target or the driver can't do what the scenario is about.
    NotApplicable(Failure),
    /// The run was interrupted before the scenario's end.
    Interrupted,
}

/// What a scenario failed at, or why it does not apply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The step at which it was, counted from 0; none if it was before the first or after the last.
    pub step: Option<usize>,
    /// What happened.
    pub error: StepError,
}

impl Verdict {
    /// What an error means for the whole scenario.
    pub fn of(step: Option<usize>, error: StepError) -> Self {
        match error.fault {
            Fault::Interrupted => Self::Interrupted,
            Fault::Unsupported => Self::NotApplicable(Failure { step, error }),
            Fault::Unmet | Fault::Broken | Fault::OutOfTime => Self::Failed(Failure { step, error }),
        }
    }
}

/// How a performer's work on a scenario ended.
#[derive(Clone, Debug)]
pub struct Outcome<D> {
    /// How the scenario ended.
    pub verdict: Verdict,
    /// What is worth reporting of it: whatever the performer gathered.
    pub details: D,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Scenarios that passed.
    pub passed: usize,
    /// Scenarios that failed.
    pub failed: usize,
    /// Scenarios that do not apply to this target and driver.
    pub not_applicable: usize,
    /// Scenarios that the interruption ended.
    pub interrupted: usize,
    /// Scenarios that were not begun, because one failed or the run was interrupted.
    pub not_run: usize,
    /// How long the run took.
    pub took: Duration,
}

impl Summary {
    pub(super) fn count(&mut self, verdict: &Verdict) {
        *match verdict {
            Verdict::Passed => &mut self.passed,
            Verdict::Failed(_) => &mut self.failed,
            Verdict::NotApplicable(_) => &mut self.not_applicable,
            Verdict::Interrupted => &mut self.interrupted,
        } += 1;
    }
}

/// `3 passed, 1 failed, 2 not run in 1.25 s`.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed", self.passed)?;
        let others = [
            (self.failed, "failed"),
            (self.not_applicable, "not applicable"),
            (self.interrupted, "interrupted"),
            (self.not_run, "not run"),
        ];
        for (count, what) in others.into_iter().filter(|(count, _)| *count > 0) {
            write!(f, ", {count} {what}")?;
        }
        write!(f, " in {:.2} s", self.took.as_secs_f64())
    }
}
