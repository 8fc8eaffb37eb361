//! `report.json`: what it looks like, that it comes back, and what is said about files that are none.

use gatewright_reports::{Run, json};
use proptest::prelude::*;

use crate::sample;

fn written(run: &Run) -> String {
    let mut out = Vec::new();
    json::write(run, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn refusal(text: &str) -> String {
    json::read(text.as_bytes()).unwrap_err().to_string()
}

#[test]
fn a_report_has_everything_that_was_seen() {
    let mut run = sample::run();
    run.scenarios.truncate(1);
    let scenario = &mut run.scenarios[0];
    scenario.participants.drain(2..4);
    scenario.messages.truncate(2);
    scenario.logs.truncate(2);
    scenario.steps.drain(..3);
    scenario.exchanges.retain(|exchange| !exchange.tokens.is_empty());
    insta::assert_snapshot!(written(&run));
}

#[test]
fn a_report_comes_back_as_it_was() {
    let run = sample::run();
    let text = written(&run);
    let back = json::read(text.as_bytes()).unwrap();
    assert_eq!(back, run);
    assert_eq!(written(&back), text);
}

#[test]
fn members_that_are_new_are_passed_over() {
    let text =
        written(&sample::run()).replacen("\"tool_version\"", "\"weather\": \"fine\", \"tool_version\"", 1);
    assert_eq!(json::read(text.as_bytes()).unwrap(), sample::run());
}

#[test]
fn files_that_are_no_report_are_refused_with_the_reason() {
    insta::assert_snapshot!(refusal("<html>"), @"not JSON: expected value at line 1 column 1");
    insta::assert_snapshot!(refusal(r#"{"format": "gatewright-"#), @"not JSON: EOF while parsing a string at line 1 column 23");
    insta::assert_snapshot!(refusal("[]"), @r#"not a Gatewright report: its member `format` is not "gatewright-report"; open the report.json that a run left"#);
    insta::assert_snapshot!(refusal(r#"{"version": 1}"#), @r#"not a Gatewright report: its member `format` is not "gatewright-report"; open the report.json that a run left"#);
    insta::assert_snapshot!(refusal(r#"{"format": "gatewright-report", "version": 2, "tool_version": "1.4.0"}"#), @"written as version 2 of the report by Gatewright 1.4.0, and this Gatewright (0.1.0) reads version 1: read it with that Gatewright or a newer one, or run the scenarios again with this one");
    insta::assert_snapshot!(refusal(r#"{"format": "gatewright-report", "version": 7}"#), @"written as version 7 of the report by a newer Gatewright, and this Gatewright (0.1.0) reads version 1: read it with that Gatewright or a newer one, or run the scenarios again with this one");
    insta::assert_snapshot!(refusal(r#"{"format": "gatewright-report", "version": "one"}"#), @r#"its member `version` is "one", which no Gatewright writes; this one reads version 1"#);
    insta::assert_snapshot!(refusal(r#"{"format": "gatewright-report", "version": 1, "tool_version": "0.1.0"}"#), @"says that it is a report of version 1, but isn't shaped as one: missing field `started` at line 1 column 70");
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(json::read(&bytes).is_err());
    }
}
