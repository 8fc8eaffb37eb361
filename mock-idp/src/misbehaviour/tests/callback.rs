use http::StatusCode;
use serde_json::json;
use url::Url;

use super::{fault, spoiled};
use crate::misbehaviour::Fault;
use crate::testing::{PASSWORD, TestOrg};

/// Signs Alice in, and gives the callback's status and parameters.
async fn callback(org: &TestOrg, changes: &[(&str, &str)]) -> (StatusCode, Vec<(String, String)>) {
    let mut browser = org.browser();
    let page = browser.get(&org.authorize_url(changes)).await;
    let answer = browser.submit(&page, "alice@acme.test", PASSWORD).await;
    let url = Url::parse(answer.location()).unwrap();
    (answer.status, url.query_pairs().into_owned().collect())
}

fn values(parameters: &[(String, String)], name: &str) -> Vec<String> {
    parameters.iter().filter(|(known, _)| known == name).map(|(_, value)| value.clone()).collect()
}

#[tokio::test]
async fn parameters_are_changed_added_and_removed() {
    let org = TestOrg::with_alice_assigned().await;
    org.turn(fault(json!({"callback_parameter": {"name": "state", "value": "another"}})));
    org.turn(fault(json!({"callback_parameter": {"name": "iss", "value": "https://evil.test"}})));
    org.turn(fault(json!({"callback_parameter": {"name": "code"}})));
    let (status, parameters) = callback(&org, &[]).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert_eq!(values(&parameters, "state"), ["another"]);
    assert_eq!(values(&parameters, "iss"), ["https://evil.test"]);
    assert!(values(&parameters, "code").is_empty());
    assert_eq!(spoiled(&org), 3);
}

#[tokio::test]
async fn a_parameter_is_doubled_as_it_is_by_then_and_an_absent_one_is_not() {
    let org = TestOrg::with_alice_assigned().await;
    org.turn(fault(json!({"callback_doubled": {"name": "error"}})));
    org.turn(fault(json!({"callback_parameter": {"name": "state", "value": "other"}})));
    org.turn(fault(json!({"callback_doubled": {"name": "state"}})));
    org.turn(fault(json!({"callback_doubled": {"name": "code"}})));
    let (_, parameters) = callback(&org, &[]).await;
    assert_eq!(values(&parameters, "state"), ["other", "other"]);
    let codes = values(&parameters, "code");
    assert!(codes.len() == 2 && codes[0] == codes[1], "{codes:?}");
    assert!(values(&parameters, "error").is_empty());
    assert_eq!(spoiled(&org), 3, "what had nothing to do is not told");
}

#[tokio::test]
async fn a_307_repeats_the_post_elsewhere() {
    let org = TestOrg::with_alice_assigned().await;
    org.turn(Fault::CallbackStatus(307));
    let (status, parameters) = callback(&org, &[]).await;
    assert_eq!(status, StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(values(&parameters, "code").len(), 1);
}

#[tokio::test]
async fn refusals_are_spoiled_too() {
    let org = TestOrg::new().await;
    org.turn(fault(json!({"callback_parameter": {"name": "state"}})));
    let (_, parameters) = callback(&org, &[]).await;
    assert_eq!(values(&parameters, "error"), ["access_denied"]);
    assert!(values(&parameters, "state").is_empty());
}

#[tokio::test]
async fn a_form_is_spoiled_too() {
    let org = TestOrg::with_alice_assigned().await;
    org.turn(fault(json!({"callback_parameter": {"name": "state", "value": "another"}})));
    let mut browser = org.browser();
    let page = browser.get(&org.authorize_url(&[("response_mode", "form_post")])).await;
    let answer = browser.submit(&page, "alice@acme.test", PASSWORD).await;
    assert_eq!(answer.hidden("state"), "another");
}
