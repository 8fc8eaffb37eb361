use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Decision, Exchange, LogEntry, Message, Participant, Screenshot};

/// One scenario, from setting its stage to taking it down.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scenario {
    /// The file's path below the scenarios' folder, without its extension: `walkthrough/option-1`.
    pub id: String,
    /// What it says that it shows.
    pub title: String,
    /// Which parts of the walkthrough it covers: `step 2 option 1`.
    #[serde(default)]
    pub walkthrough: Vec<String>,
    /// Its tags, as written.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Where it is written.
    pub source: Source,
    /// When it began, in milliseconds from the run's beginning.
    pub began_ms: u64,
    /// How long it took, the stage's setting and taking down included.
    pub duration_ms: u64,
    /// How it ended; in JSON the member `outcome` beside what belongs to it.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// Its steps, as written, whether they ran or not.
    #[serde(default)]
    pub steps: Vec<Step>,
    /// Who took part: the columns of the sequence drawing, from left to right.
    #[serde(default)]
    pub participants: Vec<Participant>,
    /// Who spoke to whom: the arrows of the sequence drawing, from top to bottom.
    #[serde(default)]
    pub messages: Vec<Message>,
    /// The HTTP exchanges behind the messages.
    #[serde(default)]
    pub exchanges: Vec<Exchange>,
    /// What the browsers showed.
    #[serde(default)]
    pub screenshots: Vec<Screenshot>,
    /// What the org decided about those who signed in.
    #[serde(default)]
    pub decisions: Vec<Decision>,
    /// What the parts said.
    #[serde(default)]
    pub logs: Vec<LogEntry>,
    /// Other files that were left beside the report (HAR, events), as paths relative to it.
    #[serde(default)]
    pub files: Vec<String>,
}

impl Scenario {
    /// How it ended, without what belongs to it.
    pub fn outcome(&self) -> Outcome {
        match self.verdict {
            Verdict::Passed => Outcome::Passed,
            Verdict::Failed { .. } => Outcome::Failed,
            Verdict::Interrupted => Outcome::Interrupted,
            Verdict::NotApplicable { .. } => Outcome::NotApplicable,
            Verdict::NotRun { .. } => Outcome::NotRun,
        }
    }

    /// Its failure, when it failed.
    pub fn failure(&self) -> Option<&Failure> {
        match &self.verdict {
            Verdict::Failed { failure } => Some(failure),
            _ => None,
        }
    }
}

/// A line of a scenario file, or of the Rust test that is the scenario.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The file, relative to where the run was started.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
}

/// How a scenario ended, with what is to be said about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Verdict {
    /// Every step and expectation was met.
    Passed,
    /// Something was not as expected.
    Failed {
        /// What it was.
        failure: Box<Failure>,
    },
    /// The run was interrupted while it was under way.
    Interrupted,
    /// It can't be asked of this target.
    NotApplicable {
        /// Why not.
        reason: String,
    },
    /// It was never begun.
    NotRun {
        /// Why not: `--fail-fast`, an interrupt.
        reason: String,
    },
}

/// How a scenario ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Every step and expectation was met.
    Passed,
    /// Something was not as expected.
    Failed,
    /// The run was interrupted while it was under way.
    Interrupted,
    /// It can't be asked of this target.
    NotApplicable,
    /// It was never begun.
    NotRun,
}

impl Outcome {
    /// All of them, the ones that ask for attention first.
    pub const ALL: [Self; 5] =
        [Self::Failed, Self::Interrupted, Self::Passed, Self::NotApplicable, Self::NotRun];

    /// Whether the scenario was begun at all.
    pub fn ran(self) -> bool {
        !matches!(self, Self::NotApplicable | Self::NotRun)
    }

    /// As it stands in JSON and in attributes: `not_run`.
    pub fn id(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
            Self::NotApplicable => "not_applicable",
            Self::NotRun => "not_run",
        }
    }
}

/// For people: `not run`.
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::NotApplicable => "not applicable",
            Self::NotRun => "not run",
            other => other.id(),
        })
    }
}

/// What was not as expected, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The index of the step in [`Scenario::steps`]; none when no step is to blame (the stage could not be set).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<usize>,
    /// What should have been.
    pub expected: String,
    /// What was.
    pub actual: String,
    /// Where to look, or what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
    /// The command that runs just this scenario again.
    pub rerun: String,
    /// How the person in question came to where they were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirects: Option<RedirectChain>,
}

/// The way that a person's browser was sent, from the address that they opened to the page that they saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedirectChain {
    /// Whose browser it was.
    pub person: String,
    /// From the first to the last.
    pub hops: Vec<Hop>,
}

/// One address on the way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hop {
    /// The address that was asked.
    pub url: String,
    /// What it answered; none when there was no answer.
    pub status: Option<u16>,
}

/// One step of a scenario.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// As it is written: `alice opens: "{tunnels.app}/"`.
    pub text: String,
    /// Its line in the scenario's file, from 1.
    pub line: u32,
    /// How it ended.
    pub outcome: StepOutcome,
    /// When it ran; in JSON the members `began_ms` and `duration_ms`. None when it didn't.
    #[serde(flatten)]
    pub span: Option<Span>,
    /// What it expected, in words, with its references resolved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// What it found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actual: Option<String>,
    /// The screenshot that was taken in it, as its path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub screenshot: Option<String>,
}

/// A stretch of a scenario's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// From the scenario's beginning.
    pub began_ms: u64,
    /// How long it took.
    pub duration_ms: u64,
}

impl Span {
    /// Its end, from the scenario's beginning.
    pub fn end_ms(&self) -> u64 {
        self.began_ms.saturating_add(self.duration_ms)
    }
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepOutcome {
    /// It was done, and what it expected was so.
    Passed,
    /// It could not be done, or what it expected was not so.
    Failed,
    /// The run was interrupted while it was under way.
    Interrupted,
    /// It was never begun.
    NotRun,
}

impl From<StepOutcome> for Outcome {
    fn from(outcome: StepOutcome) -> Self {
        match outcome {
            StepOutcome::Passed => Self::Passed,
            StepOutcome::Failed => Self::Failed,
            StepOutcome::Interrupted => Self::Interrupted,
            StepOutcome::NotRun => Self::NotRun,
        }
    }
}
