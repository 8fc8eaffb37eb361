//! A run as a report has it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use reports::{Environment, Failure, Scenario, Screenshot, Source, Span, Step, StepOutcome, Verdict};

use super::Suite;
use crate::record::Record;
use crate::runner::{self, RunEvent};
use crate::scenario::Plan;
use crate::vocabulary::StepError;

/// A run as a report has it, with the screenshots that belong to it.
#[derive(Debug)]
pub struct Report {
    pub(super) run: reports::Run,
    pub(super) pictures: BTreeMap<String, Vec<u8>>,
    began: Instant,
    rerun: String,
    began_at: BTreeMap<String, Instant>,
    results: BTreeMap<String, Vec<Result<(), StepError>>>,
}

impl Report {
    pub(super) fn begin(suite: &Suite, plans: &[Plan]) -> Self {
        let started: DateTime<Utc> = Utc::now();
        let environment = Environment {
            target: "gatewright".to_owned(),
            browser: suite.browser.clone(),
            os: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            jobs: suite.options.jobs.get().min(plans.len().max(1)),
        };
        let run = reports::Run {
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            started,
            duration_ms: 0,
            environment,
            scenarios: Vec::with_capacity(plans.len()),
        };
        Self {
            run,
            pictures: BTreeMap::new(),
            began: Instant::now(),
            rerun: suite.rerun.clone(),
            began_at: BTreeMap::new(),
            results: BTreeMap::new(),
        }
    }

    pub(super) fn take_in(&mut self, event: RunEvent<Record>) {
        match event {
            RunEvent::ScenarioBegan { plan } => {
                self.began_at.insert(plan.id.to_string(), Instant::now());
            }
            RunEvent::StepEnded { plan, result, .. } => {
                self.results.entry(plan.id.to_string()).or_default().push(result);
            }
            RunEvent::ScenarioEnded { plan, verdict, took, details } => {
                let scenario = self.scenario(&plan, verdict, took, details.unwrap_or_default());
                self.run.scenarios.push(scenario);
            }
            RunEvent::NotRun { plan } => {
                let reason = "another scenario failed, or the run was interrupted".to_owned();
                let scenario = self.written(&plan, Verdict::NotRun { reason });
                self.run.scenarios.push(scenario);
            }
            RunEvent::RunEnded { .. } => self.run.duration_ms = millis(self.began.elapsed()),
            RunEvent::RunBegan { .. } | RunEvent::StepBegan { .. } | RunEvent::Interrupted => {}
        }
    }

    pub(super) fn end(mut self) -> Self {
        self.run.scenarios.sort_by(|one, other| one.id.cmp(&other.id));
        self
    }

    /// The run's model.
    pub fn run(&self) -> &reports::Run {
        &self.run
    }

    fn scenario(
        &mut self,
        plan: &Arc<Plan>,
        verdict: runner::Verdict,
        took: Duration,
        record: Record,
    ) -> Scenario {
        let results = self.results.remove(plan.id.as_str()).unwrap_or_default();
        let verdict = self.verdict(plan, verdict, record.redirects.clone());
        let failed_at = match &verdict {
            Verdict::Failed { failure } => failure.step,
            _ => None,
        };
        let mut scenario = self.written(plan, verdict);
        let began = record.began.unwrap_or_else(Instant::now);
        let asked = self.began_at.remove(plan.id.as_str()).unwrap_or(began);
        scenario.began_ms = millis(asked.saturating_duration_since(self.began));
        scenario.duration_ms = millis(took);
        for (index, step) in scenario.steps.iter_mut().enumerate() {
            fill(step, results.get(index));
            // What held when it was asked and did not at the end has failed after all.
            if failed_at == Some(index) {
                step.outcome = StepOutcome::Failed;
            }
            step.span = record.steps.get(index).map(|span| Span {
                began_ms: millis(span.began.saturating_duration_since(began)),
                duration_ms: millis(span.took),
            });
        }
        for (number, shot) in record.shots.into_iter().enumerate() {
            let path = format!("{}/{:02}-{}.png", plan.id, number + 1, shot.person);
            let step = record.steps.iter().rposition(|span| span.began <= shot.at);
            if let Some(step) = step.and_then(|index| scenario.steps.get_mut(index)) {
                step.screenshot = Some(path.clone());
            }
            let at_ms = millis(shot.at.saturating_duration_since(began));
            scenario.screenshots.push(Screenshot { path: path.clone(), person: shot.person, step, at_ms });
            self.pictures.insert(path, shot.png);
        }
        scenario.participants = record.participants;
        scenario.messages = record.messages;
        scenario.exchanges = record.exchanges;
        scenario.decisions = record.decisions;
        scenario.logs = record.logs;
        scenario
    }

    /// A scenario as it is written, before anything has happened.
    fn written(&self, plan: &Plan, verdict: Verdict) -> Scenario {
        let file = plan.file.as_ref().map(|file| file.display().to_string());
        let step = |planned: &crate::scenario::PlannedStep| Step {
            text: planned.step.to_string(),
            line: planned.line.and_then(|line| u32::try_from(line).ok()).unwrap_or_default(),
            outcome: StepOutcome::NotRun,
            span: None,
            expected: None,
            actual: None,
            screenshot: None,
        };
        Scenario {
            id: plan.id.to_string(),
            title: plan.title.clone(),
            walkthrough: plan.walkthrough.iter().map(ToString::to_string).collect(),
            tags: plan.tags.iter().map(ToString::to_string).collect(),
            source: Source { file: file.unwrap_or_default(), line: 1 },
            began_ms: 0,
            duration_ms: 0,
            verdict,
            steps: plan.steps.iter().map(step).collect(),
            participants: Vec::new(),
            messages: Vec::new(),
            exchanges: Vec::new(),
            screenshots: Vec::new(),
            decisions: Vec::new(),
            logs: Vec::new(),
            files: Vec::new(),
        }
    }

    fn verdict(
        &self,
        plan: &Plan,
        verdict: runner::Verdict,
        redirects: Option<reports::RedirectChain>,
    ) -> Verdict {
        let rerun = || {
            let file = plan.file.as_ref().map(|file| file.display().to_string());
            self.rerun.replace("{}", &file.unwrap_or_else(|| plan.id.to_string()))
        };
        match verdict {
            runner::Verdict::Passed => Verdict::Passed,
            runner::Verdict::Interrupted => Verdict::Interrupted,
            runner::Verdict::NotApplicable(failure) => Verdict::NotApplicable { reason: failure.error.what },
            runner::Verdict::Failed(runner::Failure { step, error }) => {
                let failure = Failure {
                    step,
                    expected: error.expected.unwrap_or_else(|| "the step succeeds".to_owned()),
                    actual: match error.actual {
                        Some(actual) => format!("{}\n{actual}", error.what),
                        None => error.what,
                    },
                    advice: error.advice,
                    rerun: rerun(),
                    redirects,
                };
                Verdict::Failed { failure: Box::new(failure) }
            }
        }
    }
}

fn fill(step: &mut Step, result: Option<&Result<(), StepError>>) {
    match result {
        None => {}
        Some(Ok(())) => step.outcome = StepOutcome::Passed,
        Some(Err(error)) => {
            step.outcome = match error.fault {
                crate::vocabulary::Fault::Interrupted => StepOutcome::Interrupted,
                _ => StepOutcome::Failed,
            };
            step.expected.clone_from(&error.expected);
            step.actual = Some(error.actual.clone().unwrap_or_else(|| error.what.clone()));
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
