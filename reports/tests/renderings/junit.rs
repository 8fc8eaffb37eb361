//! `junit.xml`: what it looks like, and that CI systems can read it whatever is in it.

use std::collections::HashSet;

use gatewright_reports::{Run, Verdict, junit};
use quick_junit::Report;

use crate::sample;

fn written(run: &Run) -> String {
    let mut out = Vec::new();
    junit::write(run, "target/gatewright", &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn every_outcome_is_said_as_ci_systems_read_it() {
    insta::assert_snapshot!(written(&sample::run()));
}

#[test]
fn class_and_name_are_unique_even_where_ids_are_not() {
    let mut run = sample::run();
    run.scenarios.extend(run.scenarios.clone());
    let report = Report::deserialize_from_str(&written(&run)).unwrap();
    let cases: HashSet<_> = report.test_suites[0]
        .test_cases
        .iter()
        .map(|case| (case.classname.clone().unwrap().into_string(), case.name.clone().into_string()))
        .collect();
    assert_eq!(cases.len(), run.scenarios.len());
}

#[test]
fn what_xml_cannot_hold_is_not_in_it() {
    let mut run = sample::run();
    let scenario = &mut run.scenarios[0];
    scenario.title = "]]> </testcase><evil a=\"\u{0}\u{1b}[31m\u{ffff}\">".into();
    let Verdict::Failed { failure } = &mut scenario.verdict else {
        panic!("the sample's first scenario failed")
    };
    failure.actual = "a page with \u{8}\u{c}\u{fffe} and\nlines".into();
    scenario.steps[0].text = "]]>\u{1b}]0;title\u{7}".into();
    let text = written(&run);
    assert!(
        !text.chars().any(|c| (c.is_control() && c != '\n') || matches!(c, '\u{fffe}' | '\u{ffff}')),
        "{text}"
    );
    let report = Report::deserialize_from_str(&text).unwrap();
    let case = &report.test_suites[0].test_cases[0];
    assert_eq!(case.name.as_str(), "callback-in-another-browser: ]]> </testcase><evil a=\"␀␛[31m\u{fffd}\">");
}

#[test]
fn a_message_is_one_short_line() {
    let mut run = sample::run();
    let Verdict::Failed { failure } = &mut run.scenarios[0].verdict else {
        panic!("the sample's first scenario failed")
    };
    failure.actual = "a long\nstory ".repeat(200);
    let text = written(&run);
    let (_, message) = text.split_once("<failure message=\"").unwrap();
    let (message, _) = message.split_once('"').unwrap();
    assert!(message.chars().count() < 400 && message.ends_with('…') && !message.contains('\n'), "{message}");
}
