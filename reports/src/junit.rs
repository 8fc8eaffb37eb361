//! `junit.xml`, as CI systems read it: one suite, a case for each scenario, whose class and name together are unique.

use std::collections::HashMap;
use std::io;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::model::{Run, Scenario, StepOutcome, Verdict};
use crate::text::{failing_step, one_line, shortened, visible};

/// How long a failure's one-line message may be; the whole stands in its text.
const LONGEST_MESSAGE: usize = 300;

/// Writes a run as JUnit XML.
///
/// `folder` is where the report's files are as the CI system calls it (GitLab: from the project's folder), and is put
/// before each attachment's path. A class is `target.browser.folders`, as Jenkins groups by it; times are in seconds.
pub fn write(run: &Run, folder: &str, out: impl io::Write) -> io::Result<()> {
    let environment = &run.environment;
    let mut suite =
        TestSuite::new(visible(&format!("{} in {}", environment.target, environment.browser.name)));
    suite.set_timestamp(run.started);
    suite.set_time(Duration::from_millis(run.duration_ms));
    let jobs = environment.jobs.to_string();
    let properties = [
        ("gatewright.version", run.tool_version.as_str()),
        ("target", &environment.target),
        ("browser", &environment.browser.name),
        ("browser.version", environment.browser.version.as_deref().unwrap_or_default()),
        ("os", &environment.os),
        ("jobs", &jobs),
    ];
    suite.add_properties(properties.map(|(name, value)| (name.to_owned(), visible(value).into_owned())));

    let mut names = HashMap::new();
    for scenario in &run.scenarios {
        let class = class(run, scenario);
        let mut name = name(scenario);
        let times: &mut u32 = names.entry((class.clone(), name.clone())).or_default();
        *times += 1;
        if *times > 1 {
            name = format!("{name} ({times})");
        }
        suite.add_test_case(case(run, scenario, folder, class, name));
    }

    let mut report = Report::new("gatewright");
    report.set_timestamp(run.started);
    report.set_time(Duration::from_millis(run.duration_ms));
    report.add_test_suite(suite);
    report.serialize(out).map_err(io::Error::other)
}

fn class(run: &Run, scenario: &Scenario) -> String {
    let folders = scenario.id.rsplit_once('/').map(|(folders, _)| folders.split('/'));
    let parts = [run.environment.target.as_str(), run.environment.browser.name.as_str()];
    let parts = parts.into_iter().chain(folders.into_iter().flatten());
    // A dot would make a package of its own.
    parts.map(|part| one_line(part).replace('.', "_")).collect::<Vec<_>>().join(".")
}

fn name(scenario: &Scenario) -> String {
    let stem = scenario.id.rsplit_once('/').map_or(scenario.id.as_str(), |(_, stem)| stem);
    one_line(&format!("{stem}: {}", scenario.title))
}

fn case(run: &Run, scenario: &Scenario, folder: &str, class: String, name: String) -> TestCase {
    let mut case = TestCase::new(name, status(scenario));
    case.set_classname(class);
    case.set_time(Duration::from_millis(scenario.duration_ms));
    if let Some(began) = began(run.started, scenario.began_ms) {
        case.set_timestamp(began);
    }
    case.extra.insert("file".into(), one_line(&scenario.source.file).into());
    case.extra.insert("line".into(), scenario.source.line.to_string().into());
    let output = output(scenario, folder);
    if !output.is_empty() {
        case.set_system_out(output);
    }
    case
}

fn began(started: DateTime<Utc>, after_ms: u64) -> Option<DateTime<Utc>> {
    started.checked_add_signed(TimeDelta::try_milliseconds(i64::try_from(after_ms).ok()?)?)
}

fn status(scenario: &Scenario) -> TestCaseStatus {
    match &scenario.verdict {
        Verdict::Passed => TestCaseStatus::success(),
        Verdict::Failed { failure } => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            let place = failing_step(scenario).unwrap_or_else(|| "outside the steps".to_owned());
            let message = format!("{place}: expected {}, but {}", failure.expected, failure.actual);
            status.set_type("expectation");
            status.set_message(shortened(&one_line(&message), LONGEST_MESSAGE));
            status.set_description(description(scenario, &place));
            status
        }
        Verdict::Interrupted => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            status.set_type("interrupted");
            status.set_message("the run was interrupted while this scenario was under way");
            status
        }
        Verdict::NotApplicable { reason } | Verdict::NotRun { reason } => {
            let mut status = TestCaseStatus::skipped();
            status.set_type(scenario.outcome().id());
            status.set_message(one_line(reason));
            status
        }
    }
}

fn description(scenario: &Scenario, place: &str) -> String {
    let Some(failure) = scenario.failure() else { return String::new() };
    let line =
        failure.step.and_then(|step| scenario.steps.get(step)).map_or(scenario.source.line, |step| step.line);
    let mut text = format!("{place}\n  at {}:{line}\n", scenario.source.file);
    let advice = failure.advice.as_deref().unwrap_or_default();
    let parts = [
        ("expected", failure.expected.as_str()),
        ("actual", &failure.actual),
        ("advice", advice),
        ("rerun", &failure.rerun),
    ];
    for (name, value) in parts.into_iter().filter(|(_, value)| !value.is_empty()) {
        text += &format!("{name:>8}: {}\n", value.replace('\n', "\n          "));
    }
    if let Some(chain) = &failure.redirects {
        text += &format!("redirects of {}:\n", chain.person);
        for hop in &chain.hops {
            let status = hop.status.map_or("---".to_owned(), |status| status.to_string());
            text += &format!("  {status} {}\n", hop.url);
        }
    }
    visible(&text).into_owned()
}

fn output(scenario: &Scenario, folder: &str) -> String {
    let mut lines = Vec::new();
    for (number, step) in scenario.steps.iter().enumerate() {
        let outcome = match step.outcome {
            StepOutcome::Passed => "passed",
            StepOutcome::Failed => "failed",
            StepOutcome::Interrupted => "interrupted",
            StepOutcome::NotRun => "not run",
        };
        lines.push(format!("{:>3}. {outcome:<11} {}", number + 1, one_line(&step.text)));
    }
    let screenshots = scenario.screenshots.iter().map(|screenshot| screenshot.path.as_str());
    for path in screenshots.chain(scenario.files.iter().map(String::as_str)) {
        let separator = if folder.is_empty() || folder.ends_with('/') { "" } else { "/" };
        lines.push(format!("[[ATTACHMENT|{folder}{separator}{}]]", one_line(path)));
    }
    lines.join("\n")
}
