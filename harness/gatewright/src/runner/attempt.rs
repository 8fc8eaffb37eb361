//! One scenario's run.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use tokio::sync::mpsc::UnboundedSender;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::event::RunEvent;
use super::verdict::Verdict;
use crate::scenario::Plan;
use crate::vocabulary::duration::write_duration;
use crate::vocabulary::{Fault, Performs, StepError};

/// One scenario's run, as whoever performs it sees it.
///
/// What a performer does within [`bounded`](Attempt::bounded) and [`perform_steps`](Attempt::perform_steps) ends by
/// itself at the scenario's deadline or when the run is interrupted. What it does besides (gathering evidence, striking
/// the stage) may then take the run's [grace](super::Options::grace) longer.
#[derive(Debug)]
pub struct Attempt<D> {
    plan: Arc<Plan>,
    ends: Instant,
    interrupted: CancellationToken,
    events: UnboundedSender<RunEvent<D>>,
}

impl<D> Attempt<D> {
    pub(super) fn new(
        plan: Arc<Plan>,
        interrupted: CancellationToken,
        events: UnboundedSender<RunEvent<D>>,
    ) -> Self {
        let ends = Instant::now() + plan.deadline;
        Self { plan, ends, interrupted, events }
    }

    /// What is to be performed.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// Performs every step in order, until one doesn't succeed.
    pub async fn perform_steps(&self, stage: &dyn Performs) -> Verdict {
        for (index, planned) in self.plan.steps.iter().enumerate() {
            self.tell(RunEvent::StepBegan { plan: Arc::clone(&self.plan), step: index });
            let began = Instant::now();
            let doing = format!("step {}, `{}`", index + 1, planned.step);
            let result = self.bounded(doing, stage.perform(&planned.step)).await;
            self.tell(RunEvent::StepEnded {
                plan: Arc::clone(&self.plan),
                step: index,
                took: began.elapsed(),
                result: result.clone(),
            });
            if let Err(error) = result {
                return Verdict::of(Some(index), error);
            }
        }
        Verdict::Passed
    }

    /// Does some work, unless the deadline passes or the run is interrupted first; the work is dropped then. `doing` says
    /// in the error what it was: "setting the stage".
    pub async fn bounded<T>(
        &self,
        doing: impl fmt::Display,
        work: impl Future<Output = Result<T, StepError>>,
    ) -> Result<T, StepError> {
        tokio::select! {
            biased;
            () = self.interrupted.cancelled() => {
                Err(StepError::new(Fault::Interrupted, format!("interrupted during {doing}")))
            }
            () = tokio::time::sleep_until(self.ends) => Err(self.out_of_time(&doing)),
            result = work => result,
        }
    }

    fn out_of_time(&self, doing: &dyn fmt::Display) -> StepError {
        let time = write_duration(self.plan.deadline);
        let what = format!("the scenario's deadline of {time} passed during {doing}");
        StepError::new(Fault::OutOfTime, what).advised("if it needs longer, raise the scenario's `deadline`")
    }

    pub(super) fn ends(&self) -> Instant {
        self.ends
    }

    fn tell(&self, event: RunEvent<D>) {
        // Nobody has to listen.
        let _ = self.events.send(event);
    }
}
