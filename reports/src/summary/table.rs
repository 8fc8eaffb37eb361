use std::fmt::Write;

use super::sign;
use crate::model::{Counts, Outcome, Run, Scenario};
use crate::text::{count, duration, failing_step, one_line, visible};

/// The run as plain text, without colours: a line a scenario, those that ask for attention first, then the [`ending`].
pub fn table(run: &Run) -> String {
    let mut out = String::new();
    let rows: Vec<_> = run.by_attention().map(row).collect();
    let outcomes = widest(rows.iter().map(|row| row.outcome.as_str()));
    let ids = widest(rows.iter().map(|row| row.id.as_str()));
    let durations = widest(rows.iter().map(|row| row.duration.as_str()));
    for Row { sign, outcome, id, duration } in rows {
        line(&mut out, format_args!("{sign} {outcome:<outcomes$}  {id:<ids$}  {duration:>durations$}"));
    }
    out.push_str(&ending(run));
    out
}

/// What comes after the scenarios' lines, as plain text: each failure with the command that runs it again, then the
/// counts.
pub fn ending(run: &Run) -> String {
    let mut out = String::new();
    for scenario in &run.scenarios {
        failure(&mut out, scenario);
    }
    if !run.scenarios.is_empty() {
        out.push('\n');
    }
    line(&mut out, format_args!("{}", totals(run)));
    out
}

struct Row {
    sign: &'static str,
    outcome: String,
    id: String,
    duration: String,
}

fn row(scenario: &Scenario) -> Row {
    let outcome = scenario.outcome();
    Row {
        sign: sign(outcome),
        outcome: outcome.to_string(),
        id: one_line(&scenario.id),
        duration: if outcome.ran() { duration(scenario.duration_ms) } else { String::new() },
    }
}

fn widest<'a>(texts: impl Iterator<Item = &'a str>) -> usize {
    texts.map(|text| text.chars().count()).max().unwrap_or(0)
}

fn failure(out: &mut String, scenario: &Scenario) {
    let Some(failure) = scenario.failure() else { return };
    out.push('\n');
    line(out, format_args!("{}: {}", one_line(&scenario.id), one_line(&scenario.title)));
    let place = failing_step(scenario).unwrap_or_else(|| "outside the steps".to_owned());
    line(out, format_args!("  {}", one_line(&place)));
    let advice = failure.advice.as_deref().unwrap_or_default();
    let parts = [
        ("expected", failure.expected.as_str()),
        ("actual", &failure.actual),
        ("advice", advice),
        ("rerun", &failure.rerun),
    ];
    for (name, value) in parts.into_iter().filter(|(_, value)| !value.is_empty()) {
        line(out, format_args!("  {name:>8}  {}", visible(value).replace('\n', "\n            ")));
    }
}

fn totals(run: &Run) -> String {
    let counts = run.counts();
    let Counts { total, .. } = counts;
    let parts: Vec<_> = Outcome::ALL
        .into_iter()
        .filter(|outcome| counts.of(*outcome) > 0)
        .map(|outcome| format!("{} {outcome}", counts.of(outcome)))
        .collect();
    let parts = if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) };
    format!("{}{parts}, in {}", count(total, "scenario"), duration(run.duration_ms))
}

/// Writes a line without spaces at its end.
fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing into a string does not fail.
    let _ = out.write_fmt(text);
    out.truncate(out.trim_end_matches(' ').len());
    out.push('\n');
}
