//! `gatewright report`.

use std::path::Path;

use chrono::{TimeZone, Utc};
use gatewright::parts::reports::{
    self, Browser, Environment, Failure, Run, Scenario, Source, Step, StepOutcome, Verdict,
};
use tempfile::TempDir;

use crate::program::gatewright;

fn scenario(id: &str, title: &str, verdict: Verdict) -> Scenario {
    let outcome = match verdict {
        Verdict::Passed => StepOutcome::Passed,
        _ => StepOutcome::Failed,
    };
    let step = Step {
        text: "upstream app saw nothing".into(),
        line: 9,
        outcome,
        span: None,
        expected: None,
        actual: None,
        screenshot: None,
    };
    Scenario {
        id: id.into(),
        title: title.into(),
        walkthrough: Vec::new(),
        tags: Vec::new(),
        source: Source { file: format!("scenarios/{id}.yaml"), line: 1 },
        began_ms: 0,
        duration_ms: 340,
        verdict,
        steps: vec![step],
        participants: Vec::new(),
        messages: Vec::new(),
        exchanges: Vec::new(),
        screenshots: Vec::new(),
        decisions: Vec::new(),
        logs: Vec::new(),
        files: Vec::new(),
    }
}

fn a_run() -> Run {
    let failure = Failure {
        step: Some(0),
        expected: "no request".into(),
        actual: "GET /reports\nfrom 127.0.0.1".into(),
        advice: Some("look at the gate's session check".into()),
        rerun: "gatewright run scenarios/outside.yaml".into(),
        redirects: None,
    };
    Run {
        tool_version: "0.1.0".into(),
        started: Utc.with_ymd_and_hms(2026, 11, 23, 18, 0, 0).unwrap(),
        duration_ms: 700,
        environment: Environment {
            target: "gatewright".into(),
            browser: Browser { name: "http".into(), version: None },
            os: "linux x86_64".into(),
            jobs: 2,
        },
        scenarios: vec![
            scenario("inside", "Who is assigned gets in", Verdict::Passed),
            scenario("outside", "Nobody else does", Verdict::Failed { failure: Box::new(failure) }),
        ],
    }
}

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let file = std::fs::File::create(folder.path().join("report.json")).unwrap();
    reports::json::write(&a_run(), file).unwrap();
    folder
}

fn report(action: &str, dir: &Path) -> assert_cmd::Command {
    let mut command = gatewright();
    // Without a desktop, nothing is opened.
    command.args(["report", action]).arg(dir).env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
    command
}

fn told(bytes: &[u8], folder: &TempDir) -> String {
    String::from_utf8(bytes.to_vec()).unwrap().replace(&*folder.path().to_string_lossy(), "DIR")
}

#[test]
fn a_report_is_shown_with_what_failed_and_how_to_run_it_again() {
    let folder = folder();
    std::fs::write(folder.path().join("index.html"), "<!doctype html>").unwrap();
    let assert = report("show", folder.path()).assert().success().stderr("");
    insta::assert_snapshot!(told(&assert.get_output().stdout, &folder));
    let by_file = report("show", &folder.path().join("report.json")).assert().success();
    assert!(told(&by_file.get_output().stdout, &folder).contains("1 failed"));
}

#[test]
fn a_report_that_cannot_be_opened_from_here_is_said_where() {
    let folder = folder();
    std::fs::write(folder.path().join("index.html"), "<!doctype html>").unwrap();
    let assert = report("open", folder.path()).assert().success().stderr("");
    insta::assert_snapshot!(told(&assert.get_output().stdout, &folder), @"No browser can be opened from here. Open DIR/index.html");
}

#[test]
fn what_is_no_report_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let wrong = |action: &str| {
        let assert = report(action, folder.path()).assert().code(2).stdout("");
        told(&assert.get_output().stderr, &folder)
    };
    insta::assert_snapshot!(wrong("show"), @"error: there is no report.json in DIR: `gatewright run --out DIR` leaves one in DIR, which is target/gatewright unless another is said");
    insta::assert_snapshot!(wrong("open"), @"error: there is no index.html in DIR: `gatewright run --out DIR` leaves one in DIR, which is target/gatewright unless another is said");
    std::fs::write(folder.path().join("report.json"), "{}").unwrap();
    insta::assert_snapshot!(wrong("show"), @r#"error: DIR/report.json: not a Gatewright report: its member `format` is not "gatewright-report"; open the report.json that a run left"#);
}
