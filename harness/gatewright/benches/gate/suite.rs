//! The whole scenario suite.

use std::num::NonZeroUsize;
use std::path::Path;

use gatewright::runner::{Options, RunEvent, Verdict};
use gatewright::scenario;
use gatewright::suite::Suite;
use tokio_util::sync::CancellationToken;

use crate::figures::{Series, Table};
use crate::{Outcome, command, scene};

const JOBS: NonZeroUsize = NonZeroUsize::new(2).unwrap();

pub(crate) async fn measure() -> Outcome<Table> {
    // Agents of some scenarios are processes: the command, which has to lie beside this program.
    command::build()?;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios").canonicalize()?;
    let plans = scenario::load(&[folder]).map_err(|problems| problems.render(false))?;
    let (count, run) = (plans.len(), scene::run(JOBS.get())?);
    let suite = Suite {
        run,
        options: Options::new(JOBS),
        browser: reports::Browser { name: "chromium-shell".to_owned(), version: None },
        rerun: "gatewright run {}".to_owned(),
    };
    let (mut each, mut other) = (Series::default(), Vec::new());
    let finished = suite.perform(plans, CancellationToken::new(), |event| {
        if let RunEvent::ScenarioEnded { plan, verdict, took, .. } = event {
            each.note(*took);
            if *verdict != Verdict::Passed {
                other.push(plan.id.to_string());
            }
        }
    });
    let summary = finished.await.summary;
    suite.run.stop().await;
    let title = format!("The scenario suite, {count} scenarios, {JOBS} at once");
    let mut table = Table::new(title, &["median", "p95"]);
    table.row(
        "one scenario, its screenshots included, ms",
        [50, 95].map(|p| format!("{:.0}", each.percentile(p))),
    );
    table.row("all of them, s", [format!("{:.2}", summary.took.as_secs_f64())]);
    table.row("passed", [summary.passed.to_string()]);
    if !other.is_empty() {
        table.note(format!("not passed: {}", other.join(", ")));
    }
    Ok(table)
}
