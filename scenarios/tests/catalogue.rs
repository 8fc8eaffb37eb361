//! Every scenario of the catalogue, as a test of its own.

use std::num::NonZeroUsize;
use std::sync::Arc;

use gatewright::Run;
use gatewright::parts::reports;
use gatewright::runner::{Options, RunEvent, Verdict};
use gatewright::scenario::{self, Plan};
use gatewright::suite::Suite;
use libtest_mimic::{Arguments, Failed, Trial};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

fn main() {
    let arguments = Arguments::from_args();
    let plans = match scenario::load(&[gatewright_scenarios::folder().to_path_buf()]) {
        Ok(plans) => plans,
        Err(problems) => panic!("{problems}"),
    };
    let runtime = Arc::new(Runtime::new().expect("a runtime for the tests"));
    let trials = plans.into_iter().map(|plan| {
        let runtime = Arc::clone(&runtime);
        Trial::test(plan.id.to_string(), move || runtime.block_on(perform(plan)))
    });
    let conclusion = libtest_mimic::run(&arguments, trials.collect());
    runtime.block_on(Run::stop_of_this_process());
    conclusion.exit();
}

async fn perform(plan: Plan) -> Result<(), Failed> {
    let run = Run::of_this_process().await.map_err(|error| error.to_string())?;
    let suite = Suite {
        run,
        options: Options::new(NonZeroUsize::MIN),
        browser: reports::Browser { name: "chromium-shell".to_owned(), version: None },
        rerun: "gatewright run {}".to_owned(),
    };
    let mut verdict = None;
    let finished = suite.perform(vec![plan], CancellationToken::new(), |event| {
        if let RunEvent::ScenarioEnded { verdict: came, .. } = event {
            verdict = Some(came.clone());
        }
    });
    finished.await;
    match verdict {
        Some(Verdict::Passed) => Ok(()),
        Some(Verdict::Failed(failure)) => {
            let step = failure.step.map(|step| format!("step {}: ", step + 1)).unwrap_or_default();
            Err(format!("{step}{}", failure.error).into())
        }
        other => Err(format!("the scenario came to no verdict: {other:?}").into()),
    }
}
