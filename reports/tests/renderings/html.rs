//! `index.html`: its parts, that it needs nothing else, and that it obeys nobody.

use std::collections::HashSet;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gatewright_reports::{Run, html};
use serde_json::Value;

use crate::sample;

fn page(run: &Run) -> String {
    let mut out = Vec::new();
    html::write(run, sample::image, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// What is between two marks, the first included, with pictures left out.
fn part(page: &str, from: &str, to: &str) -> String {
    let begin = page.find(from).unwrap_or_else(|| panic!("no {from}"));
    let end = begin + page[begin..].find(to).unwrap_or_else(|| panic!("no {to} after {from}"));
    let mut part = page[begin..end].to_owned();
    while let Some(data) = part.find("base64,") {
        let end = data + part[data..].find('"').unwrap();
        part.replace_range(data..end, "…");
    }
    part
}

/// The one scenario's page.
fn scenario_page(id: &str) -> String {
    let run = Run {
        scenarios: sample::run().scenarios.into_iter().filter(|it| it.id == id).collect(),
        ..sample::run()
    };
    page(&run)
}

#[test]
fn the_overview() {
    insta::assert_snapshot!(part(&page(&sample::run()), "<section class=\"overview\"", "<article"));
}

#[test]
fn the_failure() {
    let page = scenario_page("gate/callback-in-another-browser");
    insta::assert_snapshot!(part(&page, "<section class=\"failure\"", "<section class=\"chapter\""));
}

#[test]
fn the_steps() {
    let page = scenario_page("gate/callback-in-another-browser");
    insta::assert_snapshot!(part(&page, "<table class=\"steps\"", "</table>"));
}

#[test]
fn the_sequence_drawing() {
    let page = scenario_page("org/unassigned");
    insta::assert_snapshot!(part(&page, "<div class=\"sequence\"", "<section"));
}

#[test]
fn an_exchange_with_a_token() {
    let page = scenario_page("walkthrough/option-1");
    let token = page.find("ID token, decoded").unwrap();
    let begin = page[..token].rfind("<details class=\"exchange\"").unwrap();
    insta::assert_snapshot!(part(&page[begin..], "<details", "</details>"));
}

#[test]
fn the_log() {
    let page = scenario_page("org/unassigned");
    insta::assert_snapshot!(part(&page, "<table class=\"log\"", "</table>"));
}

#[test]
fn the_page_needs_nothing_but_itself() {
    let page = page(&sample::run());
    for outside in [
        "<link",
        "@import",
        "url(",
        "src=\"http",
        "href=\"http",
        "src=\"//",
        "href=\"//",
        "<iframe",
        "fetch(",
    ] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert_eq!(page.matches("<script").count(), 1);
    assert!(page.contains("src=\"data:image/png;base64,iVBOR"));
}

#[test]
fn a_picture_that_is_not_given_is_named() {
    let mut out = Vec::new();
    html::write(&sample::run(), |_| None, &mut out).unwrap();
    let page = String::from_utf8(out).unwrap();
    assert!(!page.contains("<img"));
    assert!(page.contains("href=\"./walkthrough/option-1/alice-4.png\""));
}

#[test]
fn the_policy_allows_this_style_and_this_script_alone() {
    let page = page(&sample::run());
    let policy = part(&page, "http-equiv=\"Content-Security-Policy\"", ">");
    for (element, directive) in [("style", "style-src"), ("script", "script-src")] {
        let (_, rest) = page.split_once(&format!("<{element}>")).unwrap();
        let (content, _) = rest.split_once(&format!("</{element}>")).unwrap();
        let hash = STANDARD.encode(digest(&SHA256, content.as_bytes()));
        assert!(policy.contains(&format!("{directive} &#39;sha256-{hash}&#39;;")), "{directive} in {policy}");
    }
    assert!(policy.contains("default-src &#39;none&#39;"));
    // Which would need what the policy refuses.
    assert!(!page.contains(" style=\"") && !page.contains(" onclick="));
}

#[test]
fn every_link_within_the_page_leads_somewhere_and_ids_are_unique() {
    let mut run = sample::run();
    // As in a run that was put together.
    run.scenarios.extend(sample::run().scenarios);
    let page = page(&run);
    let values = |attribute: &str| -> Vec<String> {
        let begin = format!(" {attribute}=\"");
        let after = page.split(begin.as_str()).skip(1);
        after.map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
    };
    let ids = values("id");
    let unique: HashSet<_> = ids.iter().map(String::as_str).collect();
    assert_eq!(unique.len(), ids.len());
    let mut links = 0;
    for link in
        values("href").iter().filter_map(|href| href.strip_prefix('#')).filter(|link| !link.is_empty())
    {
        assert!(unique.contains(link), "{link}");
        links += 1;
    }
    assert!(links > 100, "{links}");
}

#[test]
fn what_strangers_sent_is_shown_and_never_obeyed() {
    let evil = "</script></noscript></style></title><img src=x onerror=\"alert(1)\">'\"`${1}\u{202e}\u{0}";
    let mut run = sample::run();
    let hostile = poisoned(serde_json::to_value(&run.scenarios[0]).unwrap(), "", evil);
    run.scenarios = vec![serde_json::from_value(hostile).unwrap()];
    run.tool_version += evil;
    run.environment.target += evil;
    run.environment.os += evil;
    run.environment.browser.name += evil;
    run.environment.browser.version = Some(evil.into());
    let hostile = page(&run);

    let plain = scenario_page("gate/callback-in-another-browser");
    // Pictures are found by their paths, which are poisoned too.
    assert!(!hostile.contains("<img"));
    for tag in ["<script", "</script", "</noscript", "</style", "</title", "<article"] {
        assert_eq!(hostile.matches(tag).count(), plain.matches(tag).count(), "{tag}");
    }
    assert!(!hostile.contains(['\u{202e}', '\u{0}']));
    assert!(hostile.contains("&lt;/script&gt;&lt;/noscript&gt;"));
    // An attribute ends where it should: a quote in a value is written as an entity.
    assert!(!hostile.contains("onerror=\"alert"));
}

/// Every text in the value with something appended, names of variants apart.
fn poisoned(value: Value, member: &str, evil: &str) -> Value {
    match value {
        Value::String(text) if !["outcome", "kind", "level", "stage_time"].contains(&member) => {
            format!("{text}{evil}").into()
        }
        Value::Array(items) => items.into_iter().map(|item| poisoned(item, member, evil)).collect(),
        Value::Object(members) => Value::Object(
            members.into_iter().map(|(name, value)| (name.clone(), poisoned(value, &name, evil))).collect(),
        ),
        other => other,
    }
}

#[test]
fn references_that_lead_nowhere_do_no_harm() {
    let mut run = sample::run();
    let scenario = &mut run.scenarios[0];
    scenario.messages[0].from = "a stranger".into();
    scenario.messages[1].exchange = Some("none".into());
    scenario.messages[2].step = Some(99);
    scenario.exchanges[0].step = Some(99);
    scenario.screenshots[0].step = Some(99);
    if let gatewright_reports::Verdict::Failed { failure } = &mut scenario.verdict {
        failure.step = Some(99);
    }
    assert!(page(&run).contains("a stranger"));
}
