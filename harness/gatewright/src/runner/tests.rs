//! What a run does, with scenarios that only pretend.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::{Barrier, mpsc};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::scenario::{Plan, Scenario, ScenarioId};
use crate::vocabulary::{NetworkStep, Performs, PersonStep, Step, StepError};

/// A scenario of two steps.
fn plan(id: &str) -> Plan {
    let steps =
        [Step::Person("alice".into(), PersonStep::SignsIn), Step::Network(NetworkStep::RefusedNothing)];
    Plan::new(ScenarioId::from(id), None, Scenario::new(id, steps))
}

/// A scenario whose deadline is over at once.
fn late(id: &str) -> Plan {
    Plan { deadline: Duration::from_millis(1), ..plan(id) }
}

fn plans(ids: &[&str]) -> Vec<Plan> {
    ids.iter().map(|id| plan(id)).collect()
}

/// A stage on which every step is done by a function.
struct Pretending<F>(F);

impl<F: Fn(&Step) -> BoxFuture<'static, Result<(), StepError>> + Send + Sync> Performs for Pretending<F> {
    fn perform<'a>(&'a self, step: &'a Step) -> BoxFuture<'a, Result<(), StepError>> {
        (self.0)(step)
    }
}

/// Performs the steps of an attempt by a function that also knows the scenario's id.
async fn pretend<D: Default>(
    attempt: Attempt<D>,
    step: impl Fn(&str, &Step) -> BoxFuture<'static, Result<(), StepError>> + Send + Sync,
) -> Outcome<D> {
    let id = attempt.plan().id.to_string();
    let verdict = attempt.perform_steps(&Pretending(|each: &Step| step(&id, each))).await;
    Outcome { verdict, details: D::default() }
}

fn done() -> BoxFuture<'static, Result<(), StepError>> {
    std::future::ready(Ok(())).boxed()
}

fn never() -> BoxFuture<'static, Result<(), StepError>> {
    std::future::pending().boxed()
}

fn failed(what: &str) -> BoxFuture<'static, Result<(), StepError>> {
    std::future::ready(Err(StepError::unmet(what))).boxed()
}

fn options(jobs: usize, fail_fast: bool) -> Options {
    Options { fail_fast, ..Options::new(NonZeroUsize::new(jobs).unwrap()) }
}

/// What happened, one line an event.
fn drained(mut events: mpsc::UnboundedReceiver<RunEvent<()>>) -> Vec<String> {
    let mut lines = Vec::new();
    while let Ok(event) = events.try_recv() {
        lines.push(match event {
            RunEvent::RunBegan { scenarios, jobs } => format!("{scenarios} scenarios, {jobs} at once"),
            RunEvent::ScenarioBegan { plan } => format!("{} begins", plan.id),
            RunEvent::StepBegan { plan, step } => format!("{} {}", plan.id, plan.steps[step].step),
            RunEvent::StepEnded { plan, step, result, .. } => match result {
                Ok(()) => format!("{} step {step} done", plan.id),
                Err(error) => format!("{} step {step}: {error}", plan.id),
            },
            RunEvent::ScenarioEnded { plan, verdict, details, .. } => {
                let details = if details.is_some() { "" } else { ", without details" };
                match verdict {
                    Verdict::Passed => format!("{} passed{details}", plan.id),
                    Verdict::Failed(failure) => format!("{} failed{details}: {}", plan.id, failure.error),
                    Verdict::NotApplicable(failure) => {
                        format!("{} not applicable{details}: {}", plan.id, failure.error)
                    }
                    Verdict::Interrupted => format!("{} interrupted{details}", plan.id),
                }
            }
            RunEvent::Interrupted => "interrupted".to_owned(),
            RunEvent::NotRun { plan } => format!("{} not run", plan.id),
            RunEvent::RunEnded { summary } => Summary { took: Duration::ZERO, ..summary }.to_string(),
        });
    }
    lines
}

#[tokio::test]
async fn every_event_is_told_in_order() {
    let (events, told) = mpsc::unbounded_channel();
    run(plans(&["a", "b", "c"]), options(1, false), CancellationToken::new(), events, |attempt| {
        pretend(attempt, |id, step| match (id, step) {
            ("b", Step::Person(..)) => failed("the page did not show the app"),
            ("c", Step::Network(_)) => {
                std::future::ready(Err(StepError::unsupported("no such driver"))).boxed()
            }
            _ => done(),
        })
    })
    .await;
    insta::assert_snapshot!(drained(told).join("\n"), @r"
    3 scenarios, 1 at once
    a begins
    a alice signs in
    a step 0 done
    a network refused nothing
    a step 1 done
    a passed
    b begins
    b alice signs in
    b step 0: the page did not show the app
    b failed: the page did not show the app
    c begins
    c alice signs in
    c step 0 done
    c network refused nothing
    c step 1: no such driver
    c not applicable: no such driver
    1 passed, 1 failed, 1 not applicable in 0.00 s
    ");
}

#[tokio::test]
async fn as_many_run_at_once_as_there_are_jobs() {
    let (events, _told) = mpsc::unbounded_channel();
    // Nobody comes past the barrier unless three are there together.
    let (together, most, now) =
        (Arc::new(Barrier::new(3)), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let summary =
        run(plans(&["a", "b", "c", "d", "e", "f"]), options(3, false), CancellationToken::new(), events, {
            let most = Arc::clone(&most);
            move |attempt: Attempt<()>| {
                let (together, most, now) = (Arc::clone(&together), Arc::clone(&most), Arc::clone(&now));
                async move {
                    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    together.wait().await;
                    now.fetch_sub(1, Ordering::SeqCst);
                    pretend(attempt, |_, _| done()).await
                }
            }
        })
        .await;
    assert_eq!((summary.passed, most.load(Ordering::SeqCst)), (6, 3));
}

#[tokio::test]
async fn after_a_failure_nothing_more_begins_if_that_was_asked_for() {
    let (events, told) = mpsc::unbounded_channel();
    let summary =
        run(plans(&["a", "b", "c"]), options(1, true), CancellationToken::new(), events, |attempt| {
            pretend(attempt, |id, _| if id == "a" { failed("no") } else { done() })
        })
        .await;
    assert_eq!((summary.failed, summary.not_run), (1, 2));
    assert_eq!(
        drained(told)[4..],
        ["a failed: no", "b not run", "c not run", "0 passed, 1 failed, 2 not run in 0.00 s"]
    );
}

#[tokio::test]
async fn an_interruption_ends_what_runs_and_begins_nothing_more() {
    let (events, told) = mpsc::unbounded_channel();
    let interrupted = CancellationToken::new();
    let summary = run(plans(&["a", "b", "c"]), options(2, false), interrupted.clone(), events, |attempt| {
        let interrupted = interrupted.clone();
        pretend(attempt, move |id, _| match id {
            "a" => never(),
            _ => {
                interrupted.cancel();
                never()
            }
        })
    })
    .await;
    assert_eq!((summary.interrupted, summary.not_run), (2, 1));
    let mut lines = drained(told);
    assert_eq!(lines.pop().as_deref(), Some("0 passed, 2 interrupted, 1 not run in 0.00 s"));
    assert!(lines.contains(&"interrupted".to_owned()), "{lines:#?}");
    assert!(
        lines.contains(&"a step 0: interrupted during step 1, `alice signs in`".to_owned()),
        "{lines:#?}"
    );
}

#[tokio::test]
async fn a_run_that_is_interrupted_before_it_begins_runs_nothing() {
    let (events, told) = mpsc::unbounded_channel();
    let interrupted = CancellationToken::new();
    interrupted.cancel();
    run(plans(&["a"]), options(1, false), interrupted, events, |attempt| pretend(attempt, |_, _| done()))
        .await;
    assert_eq!(drained(told), ["1 scenarios, 1 at once", "a not run", "0 passed, 1 not run in 0.00 s"]);
}

#[tokio::test]
async fn a_panic_fails_its_scenario_alone() {
    let (events, told) = mpsc::unbounded_channel();
    run(plans(&["a", "b"]), options(2, false), CancellationToken::new(), events, |attempt| {
        pretend(attempt, |id, _| match id {
            "a" => async { panic!("what {}", "now") }.boxed(),
            _ => done(),
        })
    })
    .await;
    let lines = drained(told);
    let failed = "a failed, without details: the harness panicked: what now".to_owned();
    assert!(lines.contains(&failed), "{lines:#?}");
    assert!(lines.contains(&"b passed".to_owned()), "{lines:#?}");
}

#[tokio::test]
async fn a_deadline_says_at_which_step_it_passed() {
    let (events, told) = mpsc::unbounded_channel();
    run(vec![late("a")], options(1, false), CancellationToken::new(), events, |attempt| {
        pretend(attempt, |_, _| never())
    })
    .await;
    insta::assert_snapshot!(drained(told)[3], @r"
    a step 0: the scenario's deadline of 1ms passed during step 1, `alice signs in`
      help: if it needs longer, raise the scenario's `deadline`
    ");
}

#[tokio::test]
async fn a_performer_that_does_not_end_is_dropped_after_its_grace() {
    let (events, told) = mpsc::unbounded_channel();
    let options = Options { grace: Duration::from_millis(1), ..options(1, false) };
    let performer = |attempt: Attempt<()>| async move {
        let _attempt = attempt;
        std::future::pending().await
    };
    let summary = run(vec![late("a"), plan("b")], options, CancellationToken::new(), events, |attempt| {
        if attempt.plan().id.as_str() == "a" {
            performer(attempt).boxed()
        } else {
            pretend(attempt, |_, _| done()).boxed()
        }
    })
    .await;
    assert_eq!((summary.failed, summary.passed), (1, 1));
    insta::assert_snapshot!(drained(told)[2], @"a failed, without details: the scenario was still busy 1ms after its deadline, and was dropped");
}

#[tokio::test]
async fn work_besides_the_steps_is_bounded_too() {
    let (events, _told) = mpsc::unbounded_channel();
    let interrupted = CancellationToken::new();
    let summary =
        run(plans(&["a"]), options(1, false), interrupted.clone(), events, |attempt: Attempt<()>| {
            let interrupted = interrupted.clone();
            async move {
                interrupted.cancel();
                let set = attempt
                    .bounded("setting the stage", std::future::pending::<Result<(), StepError>>())
                    .await;
                let error = set.unwrap_err();
                assert_eq!(error.what, "interrupted during setting the stage");
                Outcome { verdict: Verdict::of(None, error), details: () }
            }
        })
        .await;
    assert_eq!(summary.interrupted, 1);
}
