//! One scenario's page.

use askama::Template;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::anchor::Anchors;
use super::exchange::ExchangePart;
use super::failure::FailurePanel;
use super::sequence::Sequence;
use crate::model::{LogEntry, Outcome, Scenario, Screenshot, Span, Step, Verdict};
use crate::text::duration;

#[derive(Template)]
#[template(path = "scenario.html")]
pub(super) struct ScenarioPage<'a> {
    scenario: &'a Scenario,
    outcome: Outcome,
    anchor: &'a str,
    neighbours: [Option<Neighbour<'a>>; 2],
    duration: String,
    /// Why it wasn't run, or can't be.
    reason: Option<&'a str>,
    chapters: Vec<Chapter>,
    failure: Option<FailurePanel<'a>>,
    steps: Vec<StepRow<'a>>,
    sequence: Option<Sequence>,
    pictures: Vec<Picture<'a>>,
    exchanges: Vec<ExchangePart<'a>>,
    log: Vec<LogRow<'a>>,
    parts: Vec<&'a str>,
}

/// The scenario before or after this one.
pub(super) struct Neighbour<'a> {
    pub(super) anchor: &'a str,
    pub(super) title: &'a str,
}

/// An entry of the table of contents.
struct Chapter {
    id: String,
    name: &'static str,
    number: usize,
}

struct StepRow<'a> {
    number: usize,
    step: &'a Step,
    outcome: Outcome,
    /// Its duration, and its stretch of the scenario's time in thousandths.
    ran: Option<(String, u64, u64)>,
    /// What it expected and found; the failing step's stand in the failure's panel.
    found: Option<(&'a str, &'a str)>,
}

/// A screenshot, with its bytes as a `data:` address where they are known.
pub(super) struct Picture<'a> {
    pub(super) screenshot: &'a Screenshot,
    pub(super) data: Option<String>,
    pub(super) at: String,
    pub(super) step: Option<usize>,
}

struct LogRow<'a> {
    entry: &'a LogEntry,
    at: String,
}

impl<'a> ScenarioPage<'a> {
    pub(super) fn of(
        scenario: &'a Scenario,
        anchors: &'a Anchors<'a>,
        neighbours: [Option<Neighbour<'a>>; 2],
        image: &dyn Fn(&str) -> Option<Vec<u8>>,
    ) -> Self {
        let mut pictures: Vec<_> = scenario.screenshots.iter().map(|it| Picture::of(it, image)).collect();
        let failure = FailurePanel::of(scenario, &mut pictures);
        let mut page = Self {
            scenario,
            outcome: scenario.outcome(),
            anchor: anchors.own(),
            neighbours,
            duration: duration(scenario.duration_ms),
            reason: reason(&scenario.verdict),
            chapters: Vec::new(),
            failure,
            steps: steps(scenario),
            sequence: Sequence::of(scenario, anchors),
            pictures,
            exchanges: (1..)
                .zip(&scenario.exchanges)
                .map(|(number, it)| ExchangePart::of(number, it, scenario, anchors))
                .collect(),
            log: scenario.logs.iter().map(|entry| LogRow { entry, at: duration(entry.at_ms) }).collect(),
            parts: parts(scenario),
        };
        page.chapters = page.chapters(anchors);
        page
    }

    fn chapters(&self, anchors: &Anchors<'_>) -> Vec<Chapter> {
        let chapters = [
            ("Failure", "failure", usize::from(self.failure.is_some())),
            ("Steps", "steps", self.steps.len()),
            ("Sequence", "sequence", self.scenario.messages.len()),
            ("Screenshots", "screenshots", self.pictures.len()),
            ("Requests", "requests", self.exchanges.len()),
            ("Log", "log", self.log.len()),
            ("Files", "files", self.scenario.files.len()),
        ];
        let there = chapters.into_iter().filter(|(_, _, number)| *number > 0);
        there.map(|(name, part, number)| Chapter { id: anchors.part(part), name, number }).collect()
    }
}

fn reason(verdict: &Verdict) -> Option<&str> {
    match verdict {
        Verdict::NotApplicable { reason } | Verdict::NotRun { reason } => Some(reason),
        Verdict::Interrupted => Some("The run was interrupted while this scenario was under way."),
        Verdict::Passed | Verdict::Failed { .. } => None,
    }
}

fn steps(scenario: &Scenario) -> Vec<StepRow<'_>> {
    let whole = scenario.duration_ms.max(1);
    let in_panel = scenario.failure().and_then(|failure| failure.step);
    let rows = scenario.steps.iter().enumerate().map(|(index, step)| StepRow {
        number: index + 1,
        step,
        outcome: step.outcome.into(),
        ran: step.span.map(|span| stretch(span, whole)),
        found: step.expected.as_deref().zip(step.actual.as_deref()).filter(|_| in_panel != Some(index)),
    });
    rows.collect()
}

fn stretch(span: Span, whole: u64) -> (String, u64, u64) {
    let thousandths = |ms: u64| ms.saturating_mul(1000) / whole;
    let offset = thousandths(span.began_ms).min(992);
    // What took no time is still to be seen.
    (duration(span.duration_ms), offset, thousandths(span.duration_ms).clamp(8, 1000 - offset))
}

/// The parts that said something, in the participants' order, then the others.
pub(super) fn parts(scenario: &Scenario) -> Vec<&str> {
    let mut parts: Vec<&str> = Vec::new();
    let listed = scenario.participants.iter().map(|participant| participant.id.as_str());
    for part in listed.chain(scenario.logs.iter().map(|entry| entry.part.as_str())) {
        if !parts.contains(&part) && scenario.logs.iter().any(|entry| entry.part == part) {
            parts.push(part);
        }
    }
    parts
}

impl<'a> Picture<'a> {
    fn of(screenshot: &'a Screenshot, image: &dyn Fn(&str) -> Option<Vec<u8>>) -> Self {
        let data = image(&screenshot.path).and_then(|bytes| {
            let media_type = media_type(&bytes)?;
            Some(format!("data:{media_type};base64,{}", STANDARD.encode(bytes)))
        });
        Self { screenshot, data, at: duration(screenshot.at_ms), step: screenshot.step.map(|step| step + 1) }
    }
}

/// Of pictures that can't hold a script.
fn media_type(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pictures_get_into_the_page() {
        assert_eq!(media_type(b"\x89PNG\r\n\x1a\n\0"), Some("image/png"));
        assert_eq!(media_type(b"<svg xmlns='http://www.w3.org/2000/svg'>"), None);
        assert_eq!(media_type(b""), None);
    }
}
