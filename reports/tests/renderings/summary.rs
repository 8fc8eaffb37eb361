//! The summaries: Markdown for a job's page, a table for a terminal.

use gatewright_reports::{Run, Verdict, summary};

use crate::sample;

fn with(scenarios: usize, change: impl Fn(usize, &mut gatewright_reports::Scenario)) -> Run {
    let mut run = sample::run();
    let first = run.scenarios[0].clone();
    run.scenarios = (0..scenarios)
        .map(|number| {
            let mut scenario = first.clone();
            change(number, &mut scenario);
            scenario
        })
        .collect();
    run
}

#[test]
fn a_table_shows_all_and_explains_what_failed() {
    insta::assert_snapshot!(summary::table(&sample::run()));
}

#[test]
fn a_run_of_nothing_says_so() {
    insta::assert_snapshot!(summary::table(&with(0, |_, _| {})), @"0 scenarios, in 4.81 s");
    insta::assert_snapshot!(summary::markdown(&with(0, |_, _| {})), @r#"
    ## ⚠️ No scenario was run

    In 4.81 s: gatewright in chromium-shell 156.0.7892.41 on linux x86\_64, 2 jobs; Gatewright 0.1.0.
    "#);
}

#[test]
fn a_terminal_is_not_told_what_to_do() {
    let run = with(1, |_, scenario| {
        scenario.title = "\u{1b}]0;owned\u{7}".into();
        scenario.id = "a\u{9b}31m/b\nc".into();
    });
    let table = summary::table(&run);
    assert!(!table.chars().any(|c| c.is_control() && c != '\n'), "{table:?}");
}

#[test]
fn markdown_shows_all_and_explains_what_failed() {
    insta::assert_snapshot!(summary::markdown(&sample::run()));
}

#[test]
fn markup_in_a_scenario_stays_text() {
    let run = with(1, |_, scenario| {
        scenario.id = "a|b/`c`".into();
        scenario.title = "<img src=x> [x](https://evil.test) | `code` **bold** </details>".into();
        scenario.steps[4].text = "alice sees: {{ x }} | ``` ".into();
        let Verdict::Failed { failure } = &mut scenario.verdict else {
            panic!("the sample's first scenario failed")
        };
        failure.actual = "a page\n```\n</details><script>alert(1)</script>".into();
    });
    insta::assert_snapshot!(summary::markdown(&run));
}

#[test]
fn markdown_is_never_longer_than_a_job_page_takes() {
    let run = with(4_000, |number, scenario| {
        scenario.id = format!("many/{number}");
        let Verdict::Failed { failure } = &mut scenario.verdict else {
            panic!("the sample's first scenario failed")
        };
        failure.actual = "`ä|".repeat(2_000);
    });
    let text = summary::markdown(&run);
    assert!(text.len() <= summary::LONGEST);
    assert!(text.len() > summary::LONGEST / 2);
    assert!(
        text.trim_end().ends_with("more parts: the report has them all."),
        "{}",
        &text[text.len() - 200..]
    );
}
