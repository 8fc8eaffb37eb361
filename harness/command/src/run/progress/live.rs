//! A run on a terminal: a line for each scenario that runs, and a bar for them all.

use std::collections::HashMap;
use std::time::Duration;

use anstream::ColorChoice;
use gatewright::record::Record;
use gatewright::runner::{RunEvent, Verdict};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// How often what changes by itself is drawn anew.
const TICK: Duration = Duration::from_millis(100);

/// The lines at the terminal's end.
pub(super) struct Live {
    lines: MultiProgress,
    all: ProgressBar,
    running: HashMap<String, ProgressBar>,
    failed: usize,
}

impl Live {
    /// A bar for so many scenarios.
    pub(super) fn begin(scenarios: usize) -> Self {
        let lines = MultiProgress::new();
        let all = lines.add(ProgressBar::new(scenarios as u64));
        all.set_style(style("{bar:24} {pos}/{len} scenarios{msg}  {elapsed}"));
        all.enable_steady_tick(TICK);
        Self { lines, all, running: HashMap::new(), failed: 0 }
    }

    /// Shows what happened to what runs.
    pub(super) fn take_in(&mut self, event: &RunEvent<Record>) {
        match event {
            RunEvent::ScenarioBegan { plan } => {
                let line = self.lines.insert_before(&self.all, ProgressBar::new(plan.steps.len() as u64));
                line.set_style(style("  {prefix}  {elapsed}  step {pos}/{len}  {wide_msg}"));
                line.set_prefix(plan.id.to_string());
                line.set_message("setting the stage");
                line.enable_steady_tick(TICK);
                self.running.insert(plan.id.to_string(), line);
            }
            RunEvent::StepBegan { plan, step } => {
                if let (Some(line), Some(planned)) =
                    (self.running.get(plan.id.as_str()), plan.steps.get(*step))
                {
                    line.set_position(*step as u64 + 1);
                    line.set_message(planned.step.to_string().replace('\n', " "));
                }
            }
            RunEvent::ScenarioEnded { plan, verdict, .. } => {
                if let Some(line) = self.running.remove(plan.id.as_str()) {
                    line.finish_and_clear();
                }
                if let Verdict::Failed(_) = verdict {
                    self.failed += 1;
                    self.all.set_message(format!(", {} failed", self.failed));
                }
                self.all.inc(1);
            }
            RunEvent::NotRun { .. } => self.all.inc(1),
            RunEvent::RunEnded { .. } => self.all.finish_and_clear(),
            RunEvent::RunBegan { .. } | RunEvent::StepEnded { .. } | RunEvent::Interrupted => {}
        }
    }

    /// Writes a line above them.
    pub(super) fn line(&self, line: &str) {
        let plain = anstream::AutoStream::choice(&std::io::stderr()) == ColorChoice::Never;
        let line = if plain { anstream::adapter::strip_str(line).to_string() } else { line.to_owned() };
        // A terminal that is gone shows nothing more.
        let _ = self.lines.println(line);
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the templates are constant and well-formed")
}
