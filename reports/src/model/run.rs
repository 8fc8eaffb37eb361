use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Outcome, Scenario};

/// Everything that one call of the harness did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// The version of Gatewright that ran, `0.1.0`.
    pub tool_version: String,
    /// When the run began, in real time.
    pub started: DateTime<Utc>,
    /// How long it took, from its beginning to its last scenario's end.
    pub duration_ms: u64,
    /// What it ran on.
    pub environment: Environment,
    /// The scenarios, in the order of their ids.
    pub scenarios: Vec<Scenario>,
}

/// What a run ran on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// The gateway under test: `gatewright`, or another target's name.
    pub target: String,
    /// What the people used.
    pub browser: Browser,
    /// The operating system and its architecture, `linux x86_64`.
    pub os: String,
    /// How many scenarios ran at once.
    pub jobs: usize,
}

/// What people opened pages with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Browser {
    /// As it is chosen on the command line: `chromium-shell`, `chromium`, `http`.
    pub name: String,
    /// As the browser itself says it; the browserless driver has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// How many scenarios ended in which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// All of them, whatever became of them.
    pub total: usize,
    /// Ended with every step and expectation met.
    pub passed: usize,
    /// Ended with an expectation that was not met, or could not be evaluated.
    pub failed: usize,
    /// Were under way when the run was interrupted.
    pub interrupted: usize,
    /// Could not be asked of this target.
    pub not_applicable: usize,
    /// Were never begun.
    pub not_run: usize,
}

impl Run {
    /// Counts the outcomes.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts { total: self.scenarios.len(), ..Counts::default() };
        for scenario in &self.scenarios {
            match scenario.outcome() {
                Outcome::Passed => counts.passed += 1,
                Outcome::Failed => counts.failed += 1,
                Outcome::Interrupted => counts.interrupted += 1,
                Outcome::NotApplicable => counts.not_applicable += 1,
                Outcome::NotRun => counts.not_run += 1,
            }
        }
        counts
    }

    /// The scenarios, those that ask for attention first (see [`Outcome::ALL`]), else in their order.
    pub fn by_attention(&self) -> impl Iterator<Item = &Scenario> {
        let with = |outcome| self.scenarios.iter().filter(move |scenario| scenario.outcome() == outcome);
        Outcome::ALL.into_iter().flat_map(with)
    }
}

impl Counts {
    /// How many ended in one way.
    pub fn of(&self, outcome: Outcome) -> usize {
        match outcome {
            Outcome::Passed => self.passed,
            Outcome::Failed => self.failed,
            Outcome::Interrupted => self.interrupted,
            Outcome::NotApplicable => self.not_applicable,
            Outcome::NotRun => self.not_run,
        }
    }
}
