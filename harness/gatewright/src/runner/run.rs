//! Running plans side by side.

use std::any::Any;
use std::collections::HashMap;
use std::future::Future;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::attempt::Attempt;
use super::event::RunEvent;
use super::verdict::{Outcome, Summary, Verdict};
use crate::scenario::Plan;
use crate::vocabulary::StepError;
use crate::vocabulary::duration::write_duration;

/// How to run.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How many scenarios run at once, at most.
    pub jobs: NonZeroUsize,
    /// Whether the first scenario that fails is the last that is begun. Those that run then run to their end.
    pub fail_fast: bool,
    /// How long a scenario may take to gather its evidence and to end what it started, once its deadline has passed or
    /// the run was interrupted. After that it is dropped as it is.
    pub grace: Duration,
}

impl Options {
    /// So many at once, with twenty seconds of grace; failures don't keep the others from running.
    pub fn new(jobs: NonZeroUsize) -> Self {
        Self { jobs, fail_fast: false, grace: Duration::from_secs(20) }
    }
}

/// Runs every plan by `perform`, in the order given as far as places are free, and tells `events` what happens; the last
/// event is [`RunEvent::RunEnded`].
///
/// When `interrupted` is cancelled, nothing more begins, and what runs ends within its grace. A scenario that panics
/// fails, and no other with it. When the returned future is dropped, all scenarios are.
///
/// The events are as many as there are steps, so their channel needs no bound.
pub async fn run<D, F, W>(
    plans: Vec<Plan>,
    options: Options,
    interrupted: CancellationToken,
    events: UnboundedSender<RunEvent<D>>,
    perform: F,
) -> Summary
where
    D: Send + 'static,
    F: Fn(Attempt<D>) -> W,
    W: Future<Output = Outcome<D>> + Send + 'static,
{
    let began = Instant::now();
    let mut run = Run::new(options, interrupted, events);
    run.tell(RunEvent::RunBegan { scenarios: plans.len(), jobs: options.jobs.get() });
    let mut waiting = plans.into_iter().map(Arc::new);
    loop {
        let stopped = run.interrupted.is_cancelled() || (run.options.fail_fast && run.summary.failed > 0);
        let places = run.options.jobs.get() - run.running.len();
        for plan in waiting.by_ref().take(if stopped { 0 } else { places }) {
            run.begin(plan, &perform);
        }
        if !run.next().await {
            break;
        }
    }
    for plan in waiting {
        run.summary.not_run += 1;
        run.tell(RunEvent::NotRun { plan });
    }
    run.summary.took = began.elapsed();
    run.tell(RunEvent::RunEnded { summary: run.summary });
    run.summary
}

struct Run<D> {
    options: Options,
    interrupted: CancellationToken,
    events: UnboundedSender<RunEvent<D>>,
    running: JoinSet<Ended<D>>,
    /// What runs, since a panic tells its task alone.
    known: HashMap<Id, Begun>,
    said_interrupted: bool,
    summary: Summary,
}

struct Begun {
    plan: Arc<Plan>,
    at: Instant,
}

/// How a scenario's task ended by itself.
enum Ended<D> {
    Properly(Outcome<D>),
    /// It was still at it when its grace was over.
    Overdue,
}

impl<D: Send + 'static> Run<D> {
    fn new(options: Options, interrupted: CancellationToken, events: UnboundedSender<RunEvent<D>>) -> Self {
        let (running, known, summary) = (JoinSet::new(), HashMap::new(), Summary::default());
        Self { options, interrupted, events, running, known, said_interrupted: false, summary }
    }

    fn tell(&self, event: RunEvent<D>) {
        // Nobody has to listen.
        let _ = self.events.send(event);
    }

    fn begin<F, W>(&mut self, plan: Arc<Plan>, perform: &F)
    where
        F: Fn(Attempt<D>) -> W,
        W: Future<Output = Outcome<D>> + Send + 'static,
    {
        self.tell(RunEvent::ScenarioBegan { plan: Arc::clone(&plan) });
        let attempt = Attempt::new(Arc::clone(&plan), self.interrupted.clone(), self.events.clone());
        let (ends, grace, interrupted) = (attempt.ends(), self.options.grace, self.interrupted.clone());
        let work = perform(attempt);
        let task = self.running.spawn(async move {
            let overdue = async {
                tokio::select! {
                    () = interrupted.cancelled() => {}
                    () = tokio::time::sleep_until(ends) => {}
                }
                tokio::time::sleep(grace).await;
            };
            tokio::select! {
                outcome = work => Ended::Properly(outcome),
                () = overdue => Ended::Overdue,
            }
        });
        self.known.insert(task.id(), Begun { plan, at: Instant::now() });
    }

    /// Waits until one scenario has ended or the run is interrupted; `false` if none runs.
    async fn next(&mut self) -> bool {
        let ended = tokio::select! {
            biased;
            () = self.interrupted.cancelled(), if !self.said_interrupted && !self.running.is_empty() => {
                self.said_interrupted = true;
                self.tell(RunEvent::Interrupted);
                return true;
            }
            ended = self.running.join_next_with_id() => ended,
        };
        let Some(ended) = ended else { return false };
        let (task, verdict, details) = match ended {
            Ok((task, Ended::Properly(outcome))) => (task, outcome.verdict, Some(outcome.details)),
            Ok((task, Ended::Overdue)) => (task, self.overdue(), None),
            Err(error) => (error.id(), gave_way(error), None),
        };
        self.summary.count(&verdict);
        if let Some(Begun { plan, at }) = self.known.remove(&task) {
            self.tell(RunEvent::ScenarioEnded { plan, verdict, took: at.elapsed(), details });
        }
        true
    }

    fn overdue(&self) -> Verdict {
        if self.interrupted.is_cancelled() {
            return Verdict::Interrupted;
        }
        let grace = write_duration(self.options.grace);
        let what = format!("the scenario was still busy {grace} after its deadline, and was dropped");
        Verdict::of(None, StepError::broken(what))
    }
}

/// What a task's panic means for its scenario.
fn gave_way(error: JoinError) -> Verdict {
    let said = match error.try_into_panic() {
        Ok(panic) => panic_message(panic.as_ref()),
        Err(_) => "its task was ended from outside".to_owned(),
    };
    Verdict::of(None, StepError::broken(format!("the harness panicked: {said}")))
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message")
        .to_owned()
}
