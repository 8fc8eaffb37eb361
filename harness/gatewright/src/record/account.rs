//! A scenario's evidence as a report has it.

use std::time::{Duration, Instant};

use ground::redaction::Redactor;
use mock_idp::model::Model;
use reports::{Decision, Exchange, LogEntry, Message, Participant, RedirectChain};

use super::exchanges::Talk;
use super::faces::Faces;
use super::{Log, decisions, lines};
use crate::stage::Shot;

/// When a step ran.
#[derive(Clone, Copy, Debug)]
pub struct StepSpan {
    /// When it began.
    pub began: Instant,
    /// How long it took.
    pub took: Duration,
}

/// What is worth reporting of a scenario, secrets masked.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// When the scenario began.
    pub began: Option<Instant>,
    /// When each step ran that did.
    pub steps: Vec<StepSpan>,
    /// Who took part.
    pub participants: Vec<Participant>,
    /// Who spoke to whom.
    pub messages: Vec<Message>,
    /// What they said.
    pub exchanges: Vec<Exchange>,
    /// What the org decided about those who signed in.
    pub decisions: Vec<Decision>,
    /// What the parts saw besides.
    pub logs: Vec<LogEntry>,
    /// Screenshots.
    pub shots: Vec<Shot>,
    /// How the person of the step that failed came to where they were.
    pub redirects: Option<RedirectChain>,
}

impl Record {
    /// What a log comes to.
    pub(crate) fn of(
        log: &Log,
        model: &Model,
        steps: Vec<StepSpan>,
        faces: &Faces,
        shots: Vec<Shot>,
        redactor: &Redactor,
    ) -> Self {
        let began = log.began();
        let (exchanges, messages) = log.read(|events| Talk::new(began, &steps, faces, redactor).hear(events));
        let participants = faces.participants(|id| messages.iter().any(|m| m.from == id || m.to == id));
        let logs = log.read(|events| {
            let entry = |stamped: &ground::evidence::Stamped<super::Event>| {
                let (part, level, text) = lines::line(&stamped.event, redactor)?;
                let at = stamped.at.saturating_duration_since(began).as_millis();
                Some(LogEntry { part, at_ms: u64::try_from(at).unwrap_or(u64::MAX), level, text })
            };
            events.iter().filter_map(entry).collect()
        });
        let decisions = log.read(|events| decisions::decisions(events, model));
        Self {
            began: Some(began),
            steps,
            participants,
            messages,
            exchanges,
            decisions,
            logs,
            shots,
            redirects: None,
        }
    }
}
