use http::Method;
use serde_json::{Value, json};

use crate::testing::TestOrg;

async fn simulate(org: &TestOrg, query: &str, context: Value, types: &[&str]) -> Value {
    let body = json!([{"appInstance": org.app.id, "policyTypes": types, "policyContext": context}]);
    let answer = org.api(Method::POST, &format!("/policies/simulate{query}"), Some(body)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

/// The policy and the rule that would apply.
fn applied(evaluation: &Value) -> (&str, &str) {
    let policy = &evaluation["result"]["policies"][0];
    let rules = policy["rules"].as_array().unwrap();
    let rule = rules.iter().find(|rule| rule["status"] == "MATCH").unwrap();
    (policy["name"].as_str().unwrap(), rule["name"].as_str().unwrap())
}

#[tokio::test]
async fn it_says_what_would_apply_to_whom_and_changes_nothing() {
    let org = TestOrg::with_alice_assigned().await;
    let policy = json!({"type": "OKTA_SIGN_ON", "name": "Engineers",
        "conditions": {"people": {"groups": {"include": [org.engineering.id]}}}});
    let policy = org.api(Method::POST, "/policies", Some(policy)).await.json();
    let zone =
        json!({"type": "IP", "name": "Office", "gateways": [{"type": "CIDR", "value": "10.1.0.0/16"}]});
    let zone = org.api(Method::POST, "/zones", Some(zone)).await.json();
    let rule = json!({"name": "In the office", "actions": {"signon": {"access": "ALLOW"}},
        "conditions": {"network": {"connection": "ZONE", "include": [zone["id"]]}}});
    let path = format!("/policies/{}/rules", policy["id"].as_str().unwrap());
    assert_eq!(org.api(Method::POST, &path, Some(rule)).await.status, 200);
    let sign_on = ["OKTA_SIGN_ON"];
    let alice = |ip: &str| json!({"user": {"id": org.alice.id}, "ip": ip});
    let inside = simulate(&org, "", alice("10.1.2.3"), &sign_on).await;
    assert_eq!(applied(&inside[0]), ("Engineers", "In the office"));
    assert_eq!((&inside[0]["status"], &inside[0]["policyType"]), (&json!("MATCH"), &json!(["OKTA_SIGN_ON"])));
    assert_eq!(inside[0]["evaluated"]["policies"], json!([]));
    let outside = simulate(&org, "?expand=EVALUATED", alice("10.2.2.3"), &sign_on).await;
    assert_eq!(applied(&outside[0]), ("Default Policy", "Default Rule"));
    let considered = &outside[0]["evaluated"]["policies"][0];
    assert_eq!((&considered["name"], &considered["status"]), (&json!("Engineers"), &json!("NOT_MATCH")));
    assert_eq!(considered["rules"][0]["status"], "NOT_MATCH");
    let group = json!({"groups": {"ids": [org.engineering.id]}, "zones": {"ids": [zone["id"]]}});
    assert_eq!(applied(&simulate(&org, "", group, &sign_on).await[0]).0, "Engineers");
    let all = json!([{"appInstance": org.app.id}]);
    let all = org.api(Method::POST, "/policies/simulate", Some(all)).await.json();
    let kinds: Vec<&str> =
        all.as_array().unwrap().iter().map(|it| it["policyType"][0].as_str().unwrap()).collect();
    assert_eq!(kinds, ["OKTA_SIGN_ON", "MFA_ENROLL", "ACCESS_POLICY"]);
    assert!(all.as_array().unwrap().iter().all(|it| it["status"] == "MATCH"), "{all}");
    assert!(org.logged().iter().all(|entry| !entry.starts_with("policy.evaluate")));
}

#[tokio::test]
async fn what_can_not_be_imagined_is_refused() {
    let org = TestOrg::new().await;
    let both = json!({"user": {"id": org.alice.id}, "groups": {"ids": []}});
    let nobody = "Not found: Resource not found: 00u0 (User)";
    for (body, expected) in [
        (json!([{}]), "400 E0000001 Api validation failed: appInstance"),
        (json!([{"appInstance": "0oa0"}]), "404 E0000007 Not found: Resource not found: 0oa0 (AppInstance)"),
        (
            json!([{"appInstance": org.app.id, "policyTypes": ["PROFILE_ENROLLMENT"]}]),
            "400 E0000001 Api validation failed: policyTypes",
        ),
        (
            json!([{"appInstance": org.app.id, "policyContext": both}]),
            "400 E0000001 Api validation failed: policyContext",
        ),
        (
            json!([{"appInstance": org.app.id, "policyContext": {"user": {"id": "00u0"}}}]),
            &format!("404 E0000007 {nobody}"),
        ),
        (
            json!([{"appInstance": org.app.id, "policyContext": {"ip": "here"}}]),
            "400 E0000001 Api validation failed: policyContext.ip",
        ),
        (json!(["text"]), "400 E0000003 The request body was not well-formed."),
    ] {
        let answer = org.api(Method::POST, "/policies/simulate", Some(body.clone())).await;
        assert_eq!(answer.api_error(), expected, "{body}");
    }
}
