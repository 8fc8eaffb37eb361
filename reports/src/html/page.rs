use std::io;

use askama::Template;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::SecondsFormat;

use super::anchor::Anchors;
use super::scenario::{Neighbour, ScenarioPage};
use crate::model::{Decision, Outcome, Run, Scenario};
use crate::text::{count, duration, failing_step, moment, shortened, verdict};

const STYLE: &str = include_str!("../../assets/report.css");
const SCRIPT: &str = include_str!("../../assets/report.js");

/// Writes a run as a page.
///
/// `image` gives the bytes of a screenshot by its path in the model; what it gives is put into the page (PNG, JPEG and
/// WebP), for the rest the page only names the file, relative to itself.
pub fn write(run: &Run, image: impl Fn(&str) -> Option<Vec<u8>>, mut out: impl io::Write) -> io::Result<()> {
    let anchors = Anchors::of(run);
    let mut scenarios: Vec<_> = run.scenarios.iter().zip(&anchors).collect();
    scenarios.sort_by_key(|(scenario, _)| Outcome::ALL.iter().position(|it| *it == scenario.outcome()));
    let page = Page {
        run,
        verdict: verdict(run),
        good: run.counts().passed == run.counts().total && run.counts().total > 0,
        started: [run.started.to_rfc3339_opts(SecondsFormat::Secs, true), moment(run.started)],
        duration: duration(run.duration_ms),
        jobs: count(run.environment.jobs, "job"),
        shares: shares(run),
        rows: rows(&scenarios),
        decisions: decisions(run, &scenarios),
        scenarios: pages(&scenarios, &image),
        policy: policy(),
        style: STYLE,
        script: SCRIPT,
    };
    page.write_into(&mut out)
}

#[derive(Template)]
#[template(path = "page.html")]
struct Page<'a> {
    run: &'a Run,
    verdict: String,
    good: bool,
    /// For machines and for people.
    started: [String; 2],
    duration: String,
    jobs: String,
    shares: Vec<Share>,
    rows: Vec<Row<'a>>,
    decisions: Vec<DecisionRow<'a>>,
    scenarios: Vec<ScenarioPage<'a>>,
    policy: String,
    style: &'static str,
    script: &'static str,
}

/// An outcome with how many scenarios ended so, and its stretch of the bar, which is 1000 wide.
struct Share {
    outcome: Outcome,
    number: usize,
    offset: usize,
    width: usize,
}

/// A scenario's line in the list.
struct Row<'a> {
    scenario: &'a Scenario,
    outcome: Outcome,
    anchor: &'a str,
    /// What the search looks in.
    words: String,
    /// Its duration, and the part of the longest scenario's time that this is, in percent; none when it didn't run.
    ran: Option<(String, u64)>,
    failing: Option<String>,
}

/// What the org decided, with where it was witnessed.
struct DecisionRow<'a> {
    decision: &'a Decision,
    witnesses: Vec<Neighbour<'a>>,
}

fn decisions<'a>(run: &'a Run, scenarios: &[(&'a Scenario, &'a Anchors<'a>)]) -> Vec<DecisionRow<'a>> {
    let witness = |witness: &&Scenario| {
        let (scenario, anchors) = scenarios.iter().find(|(scenario, _)| std::ptr::eq(*scenario, *witness))?;
        Some(Neighbour { anchor: anchors.own(), title: &scenario.id })
    };
    let row = |(decision, witnesses): (&'a Decision, Vec<&'a Scenario>)| DecisionRow {
        decision,
        witnesses: witnesses.iter().filter_map(witness).collect(),
    };
    run.decisions().into_iter().map(row).collect()
}

fn shares(run: &Run) -> Vec<Share> {
    let counts = run.counts();
    let mut before = 0;
    let share = |outcome| {
        let number = counts.of(outcome);
        let offset = before * 1000 / counts.total.max(1);
        before += number;
        let width = before * 1000 / counts.total.max(1) - offset;
        Share { outcome, number, offset, width }
    };
    Outcome::ALL.into_iter().filter(|outcome| counts.of(*outcome) > 0).map(share).collect()
}

fn rows<'a>(scenarios: &[(&'a Scenario, &'a Anchors<'a>)]) -> Vec<Row<'a>> {
    let longest = scenarios.iter().map(|(scenario, _)| scenario.duration_ms).max().unwrap_or(0).max(1);
    let row = |(scenario, anchors): &(&'a Scenario, &'a Anchors<'a>)| Row {
        scenario,
        outcome: scenario.outcome(),
        anchor: anchors.own(),
        words: words(scenario),
        ran: scenario.outcome().ran().then(|| {
            (duration(scenario.duration_ms), (scenario.duration_ms.saturating_mul(100) / longest).max(1))
        }),
        failing: failing_step(scenario).map(|step| shortened(&step, 160).into_owned()),
    };
    scenarios.iter().map(row).collect()
}

fn words(scenario: &Scenario) -> String {
    let own = [scenario.id.as_str(), &scenario.title, scenario.outcome().id()];
    let failure = scenario.failure().map(|failure| [failure.expected.as_str(), &failure.actual]);
    let words = own
        .into_iter()
        .chain(scenario.tags.iter().map(String::as_str))
        .chain(scenario.walkthrough.iter().map(String::as_str))
        .chain(scenario.steps.iter().map(|step| step.text.as_str()))
        .chain(failure.into_iter().flatten());
    words.collect::<Vec<_>>().join(" ").to_lowercase()
}

fn pages<'a>(
    scenarios: &[(&'a Scenario, &'a Anchors<'a>)],
    image: &dyn Fn(&str) -> Option<Vec<u8>>,
) -> Vec<ScenarioPage<'a>> {
    let neighbour = |index: Option<usize>| {
        let (scenario, anchors) = scenarios.get(index?)?;
        Some(Neighbour { anchor: anchors.own(), title: &scenario.title })
    };
    let page = |(index, (scenario, anchors)): (usize, &(&'a Scenario, &'a Anchors<'a>))| {
        let neighbours = [neighbour(index.checked_sub(1)), neighbour(index.checked_add(1))];
        ScenarioPage::of(scenario, anchors, neighbours, image)
    };
    scenarios.iter().enumerate().map(page).collect()
}

/// The content security policy: this style, this script, pictures, and nothing else, least of all a connection.
fn policy() -> String {
    let hash = |text: &str| STANDARD.encode(digest(&SHA256, text.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; img-src data:; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}
