//! A scenario's line.

use std::time::Duration;

use anstyle::{AnsiColor, Style};
use gatewright::record::Record;
use gatewright::runner::{RunEvent, Verdict};

/// How a scenario ended, in a line.
pub(super) struct Row {
    sign: &'static str,
    outcome: &'static str,
    style: Style,
    id: String,
    took: Option<Duration>,
    /// Where nothing else will say why.
    reason: Option<String>,
}

impl Row {
    /// The line that an event makes; none unless a scenario is done with.
    pub(super) fn of(event: &RunEvent<Record>) -> Option<Self> {
        let (plan, verdict, took) = match event {
            RunEvent::ScenarioEnded { plan, verdict, took, .. } => (plan, Some(verdict), Some(*took)),
            RunEvent::NotRun { plan } => (plan, None, None),
            _ => return None,
        };
        let plain = |color: AnsiColor| Style::new().fg_color(Some(color.into()));
        let (sign, outcome, style) = match verdict {
            Some(Verdict::Passed) => ("✓", "passed", plain(AnsiColor::Green)),
            Some(Verdict::Failed(_)) => ("✗", "failed", plain(AnsiColor::Red).bold()),
            Some(Verdict::Interrupted) => ("!", "interrupted", plain(AnsiColor::Yellow)),
            Some(Verdict::NotApplicable(_)) => ("–", "not applicable", Style::new().dimmed()),
            None => ("–", "not run", Style::new().dimmed()),
        };
        let reason = match verdict {
            Some(Verdict::NotApplicable(failure)) => Some(failure.error.what.replace('\n', " ")),
            _ => None,
        };
        Some(Self { sign, outcome, style, id: plan.id.to_string(), took, reason })
    }

    /// The line, with its style; `widest` is the width of the column of ids.
    pub(super) fn render(&self, widest: usize) -> String {
        let Self { sign, outcome, style, id, took, reason } = self;
        let took = took.map(|took| format!("{:.2} s", took.as_secs_f64())).unwrap_or_default();
        let reason = reason.as_ref().map(|reason| format!("  {reason}")).unwrap_or_default();
        let line = format!("{style}{sign} {outcome}{style:#}  {id:<widest$}  {took:>8}{reason}");
        line.trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use gatewright::runner::Failure;
    use gatewright::scenario::{Plan, Scenario, ScenarioId};
    use gatewright::{Fault, NetworkStep, Step, StepError};

    use super::*;

    fn row(id: &str, verdict: Option<Verdict>) -> String {
        let scenario = Scenario::new(id, [Step::Network(NetworkStep::RefusedNothing)]);
        let plan = Arc::new(Plan::new(ScenarioId::from(id), None, scenario));
        let event = match verdict {
            Some(verdict) => {
                let took = Duration::from_millis(345);
                RunEvent::ScenarioEnded { plan, verdict, took, details: None }
            }
            None => RunEvent::NotRun { plan },
        };
        anstream::adapter::strip_str(&Row::of(&event).unwrap().render(20)).to_string()
    }

    #[test]
    fn every_end_has_its_line() {
        let failure = |fault| Failure { step: Some(0), error: StepError::new(fault, "it needs\na browser") };
        let rows = [
            row("walkthrough/option-1", Some(Verdict::Passed)),
            row("outside", Some(Verdict::Failed(failure(Fault::Unmet)))),
            row("upload", Some(Verdict::NotApplicable(failure(Fault::Unsupported)))),
            row("logout", Some(Verdict::Interrupted)),
            row("tile", None),
        ];
        insta::assert_snapshot!(rows.join("\n"), @r"
        ✓ passed  walkthrough/option-1    0.34 s
        ✗ failed  outside                 0.34 s
        – not applicable  upload                  0.34 s  it needs a browser
        ! interrupted  logout                  0.34 s
        – not run  tile
        ");
    }
}
