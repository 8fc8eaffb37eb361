//! Performing plans.

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::Report;
use crate::record::Record;
use crate::runner::{self, Attempt, Options, Outcome, RunEvent, Summary, Verdict};
use crate::scenario::Plan;
use crate::stage::{Run, SetError, Stage};
use crate::vocabulary::{Fault, StepError};

/// How plans are performed.
#[derive(Clone, Debug)]
pub struct Suite {
    /// What their stages share.
    pub run: Run,
    /// How many at once, and whether the first failure is the last.
    pub options: Options,
    /// What people browse with, as the report has it.
    pub browser: reports::Browser,
    /// How a reader runs one scenario again, `{}` standing for its file: `gatewright run {}`.
    pub rerun: String,
}

/// What a suite came to.
#[derive(Debug)]
pub struct Finished {
    /// How many passed, failed, ….
    pub summary: Summary,
    /// Everything else.
    pub report: Report,
}

impl Suite {
    /// Performs every plan, and tells `listener` what happens as it happens. When `interrupted` is cancelled nothing more
    /// is begun, and what runs is ended properly.
    pub async fn perform(
        &self,
        plans: Vec<Plan>,
        interrupted: CancellationToken,
        mut listener: impl FnMut(&RunEvent<Record>) + Send,
    ) -> Finished {
        let (events, mut happened) = mpsc::unbounded_channel();
        let mut report = Report::begin(self, &plans);
        let run = self.run.clone();
        let running = runner::run(plans, self.options, interrupted, events, move |attempt| {
            let run = run.clone();
            async move { perform(&run, attempt).await }
        });
        let listening = async {
            while let Some(event) = happened.recv().await {
                listener(&event);
                report.take_in(event);
            }
        };
        let (summary, ()) = tokio::join!(running, listening);
        Finished { summary, report: report.end() }
    }
}

/// One scenario from setting its stage to what is left of it.
async fn perform(run: &Run, attempt: Attempt<Record>) -> Outcome<Record> {
    let setting = async {
        let set = Stage::set_in(run, &attempt.plan().given).await;
        set.map_err(|error| match error {
            SetError::Value(error) if error.fault == Fault::Unsupported => error,
            error => StepError::broken(format!("the stage could not be set: {error}")),
        })
    };
    let stage = match attempt.bounded("setting the stage", setting).await {
        Ok(stage) => stage,
        Err(error) => return Outcome { verdict: Verdict::of(None, error), details: Record::default() },
    };
    let verdict = attempt.perform_steps(&**stage.world()).await;
    stage.world().shoot_everybody().await;
    let redirects = stage.world().redirects_of(&attempt, &verdict).await;
    let ending = stage.end().await;
    let verdict = match (verdict, ending.broken.into_iter().next()) {
        (Verdict::Passed, Some((step, error))) => Verdict::of(Some(step), error),
        (verdict, _) => verdict,
    };
    Outcome { verdict, details: Record { redirects, ..ending.record } }
}
