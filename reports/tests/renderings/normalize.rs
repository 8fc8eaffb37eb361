//! Same inputs, same normalized report.

use gatewright_reports::{Run, StepOutcome, json, normalize::normalized};

use crate::sample;

/// The run as another machine would have had it at another time: other fingerprints, ids, ports and times, and what
/// happened side by side in another order.
fn elsewhere() -> Run {
    let mut text = Vec::new();
    json::write(&sample::run(), &mut text).unwrap();
    let mut text = String::from_utf8(text).unwrap();
    for (here, there) in [
        (" 51c0de]", " 00aa11]"),
        (" 0c91fe]", " 9f9f9f]"),
        (" 77ad02]", " 123456]"),
        ("0oa1b2c3d4E5f6G7h8i9", "0oaZZZZZZZZZZZZZZZZZ"),
        ("00u9z8y7X6w5V4u3T2s1", "00u00000000000000000"),
        ("ts_2pQx7vK1fZr8Yc5Tn0Ld3", "ts_aaaaaaaaaaaaaaaaaaaaa"),
        ("kB3xV0sYtq1mP9eRz7LwUa2NfGhJc4D5iKoQ6bXyT8E", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        ("127.0.0.1:40213", "127.0.0.1:55555"),
        ("127.4.0.", "127.9.9."),
        ("\"iat\": 1795456872", "\"iat\": 1795556872"),
        ("\"exp\": 1795460472", "\"exp\": 1795560472"),
        ("HeadlessChrome/156", "HeadlessChrome/157"),
        ("2026-11-23T18:01", "2027-01-02T03:04"),
    ] {
        assert!(text.contains(here), "{here} is nowhere in the sample");
        text = text.replace(here, there);
    }
    let mut run = json::read(text.as_bytes()).unwrap();
    run.duration_ms *= 3;
    run.tool_version = "9.9.9".into();
    run.environment.os = "windows aarch64".into();
    run.environment.jobs = 16;
    for scenario in &mut run.scenarios {
        scenario.began_ms += 999;
        scenario.duration_ms += 77;
        scenario.messages.iter_mut().for_each(|message| message.at_ms += 5);
        // A step's exchanges arrive in any order; each keeps its own messages.
        scenario.exchanges.reverse();
        scenario.exchanges.sort_by_key(|exchange| exchange.step);
        scenario.logs.reverse();
    }
    run
}

fn lines(run: &Run) -> String {
    let mut out = Vec::new();
    json::write(run, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn where_and_when_a_run_was_makes_no_difference() {
    assert_ne!(sample::run(), elsewhere());
    // Compared as text, so that a difference is shown by its line.
    similar(&lines(&normalized(&sample::run())), &lines(&normalized(&elsewhere())));
}

fn similar(one: &str, other: &str) {
    for (number, (one, other)) in one.lines().zip(other.lines()).enumerate() {
        assert_eq!(one, other, "line {}", number + 1);
    }
    assert_eq!(one.lines().count(), other.lines().count());
}

#[test]
fn what_happened_makes_a_difference() {
    let normal = normalized(&sample::run());
    let changed = |change: &dyn Fn(&mut Run)| {
        let mut run = sample::run();
        change(&mut run);
        normalized(&run) != normal
    };
    assert!(changed(&|run| run.scenarios[0].exchanges[3].status = Some(500)));
    assert!(changed(&|run| run.scenarios[0].steps[0].outcome = StepOutcome::Failed));
    assert!(changed(&|run| run.scenarios[0].messages[0].label = "GET /other".into()));
    assert!(changed(&|run| {
        run.scenarios[0].logs.pop();
    }));
    // The same state here and there is what binds a callback to its login.
    assert!(changed(&|run| {
        let url = &mut run.scenarios[0].exchanges[1].url;
        *url = url.replace("[state 77ad02]", "[state 000000]");
    }));
}

#[test]
fn a_normalized_run_is_its_own_normalized_form() {
    let once = normalized(&sample::run());
    similar(&lines(&normalized(&once)), &lines(&once));
}

#[test]
fn an_exchange_reads_well_when_it_is_normalized() {
    let run = normalized(&sample::run());
    let with_token = run.scenarios[0].exchanges.iter().find(|exchange| !exchange.tokens.is_empty()).unwrap();
    insta::assert_json_snapshot!(with_token);
}
