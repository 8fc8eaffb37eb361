//! HAR 1.2 of one scenario's exchanges.

use gatewright_reports::har;
use serde_json::Value;

use crate::sample;

fn written(scenario: usize) -> Value {
    let run = sample::run();
    let mut out = Vec::new();
    har::write(&run, &run.scenarios[scenario], &mut out).unwrap();
    serde_json::from_slice(&out).unwrap()
}

#[test]
fn a_sign_in_is_an_entry_with_its_cookies_and_its_form() {
    let mut har = written(0);
    let entries = har["log"]["entries"].as_array_mut().unwrap();
    entries.retain(|entry| entry["request"]["method"] == "POST" && entry["_to"] == "org");
    entries.truncate(1);
    insta::assert_json_snapshot!(har);
}

#[test]
fn a_redirect_says_where_to_and_a_query_is_taken_apart() {
    let har = written(0);
    let first = &har["log"]["entries"][0];
    assert!(
        first["response"]["redirectURL"]
            .as_str()
            .unwrap()
            .starts_with("https://acme.okta.test/oauth2/v1/authorize?")
    );
    let second = &har["log"]["entries"][1]["request"]["queryString"];
    let value = |name: &str| {
        let parameters = second.as_array().unwrap().iter();
        parameters
            .filter(|parameter| parameter["name"] == name)
            .map(|it| it["value"].as_str().unwrap().to_owned())
            .next()
    };
    assert_eq!(value("redirect_uri").as_deref(), Some("https://idp.tunnel.test/oauth2/callback"));
    assert_eq!(value("state").as_deref(), Some("[state 77ad02]"));
}

#[test]
fn what_was_never_answered_has_the_status_nought_and_says_why() {
    let mut run = sample::run();
    let exchange = &mut run.scenarios[0].exchanges[0];
    (exchange.status, exchange.duration_ms, exchange.note) = (None, None, Some("the agent was gone".into()));
    let mut out = Vec::new();
    har::write(&run, &run.scenarios[0], &mut out).unwrap();
    let har: Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(har["log"]["entries"][0]["response"]["status"], 0);
    assert_eq!(har["log"]["entries"][0]["_note"], "the agent was gone");
}
