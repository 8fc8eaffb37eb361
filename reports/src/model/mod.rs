//! What a run was and what was seen in it.
//!
//! **Every text in the model is redacted already**: whoever makes a [`Run`] has masked its secrets (`[state 3f9a1c]`),
//! and nothing here looks for them again. Renderings only escape for the language that they write.
//!
//! Times called `…_ms` are whole milliseconds of real time; those called `at_ms` or `began_ms` count from the
//! scenario's beginning, unless they say otherwise. Lists are in the order in which things happened, and whoever writes
//! a run keeps that order, so that the same run is always the same text.

mod decision;
mod evidence;
mod run;
mod scenario;

pub use decision::Decision;
pub use evidence::{
    DecodedToken, Excerpt, Exchange, Header, Level, LogEntry, Message, MessageKind, Participant,
    ParticipantKind, Screenshot,
};
pub use run::{Browser, Counts, Environment, Run};
pub use scenario::{
    Failure, Hop, Outcome, RedirectChain, Scenario, Source, Span, Step, StepOutcome, Verdict,
};
