use http::{Method, StatusCode, header};
use serde_json::{Value, json};

use crate::model::{EventType, LogQuery, OutcomeResult};
use crate::testing::{Answer, ORG, TestOrg};

const CONFIGURATION: &str = "/threats/configuration";
const SENTENCE: &str = "You do not have permission to perform the requested action.";

async fn rule(org: &TestOrg, method: Method, body: Option<Value>) -> Answer {
    let mut client = org.browser();
    client.header(header::AUTHORIZATION, &format!("SSWS {}", org.api_token.expose()));
    let body = body.map(|body| ("application/json", body.to_string()));
    client.send(method, &format!("{ORG}/gatewright/v1/threat-rule"), body).await
}

async fn attempt(org: &TestOrg, address: &str, login: &str, password: &str) -> Answer {
    let mut browser = org.browser();
    browser.come_from(address);
    let page = browser.get(&format!("{ORG}/")).await;
    browser.submit(&page, login, password).await
}

#[tokio::test]
async fn the_configuration_is_read_and_set() {
    let org = TestOrg::new().await;
    let first = org.api(Method::GET, CONFIGURATION, None).await.json();
    assert_eq!((&first["action"], &first["excludeZones"]), (&json!("none"), &json!([])));
    assert_eq!(first["_links"]["self"]["hints"]["allow"], json!(["GET", "POST"]));
    let zone = org.api(Method::GET, "/zones", None).await.json()[0]["id"].clone();
    let wanted = json!({"action": "audit", "excludeZones": [zone], "created": "2020-08-05T22:18:30.629Z"});
    let set = org.api(Method::POST, CONFIGURATION, Some(wanted)).await.json();
    assert_eq!((&set["action"], &set["excludeZones"]), (&json!("audit"), &json!([zone])));
    assert_eq!(set["created"], first["created"]);
    for (body, expected) in [
        (json!({"action": "ban"}), "400 E0000003 The request body was not well-formed."),
        (
            json!({"action": "block", "excludeZones": "all"}),
            "400 E0000003 The request body was not well-formed.",
        ),
        (json!({"excludeZones": []}), "400 E0000001 Api validation failed: action"),
        (
            json!({"action": "none", "excludeZones": ["nzonone"]}),
            "400 E0000001 Api validation failed: excludeZones",
        ),
    ] {
        assert_eq!(org.api(Method::POST, CONFIGURATION, Some(body)).await.api_error(), expected);
    }
    assert_eq!(org.api(Method::GET, CONFIGURATION, None).await.json(), set, "nothing was changed");
    assert_eq!(org.count(EventType::ThreatConfigurationUpdate), 1);
}

#[tokio::test]
async fn the_rule_is_read_and_set() {
    let org = TestOrg::new().await;
    let usual = rule(&org, Method::GET, None).await.json();
    assert_eq!(
        usual,
        json!({"windowSeconds": 600, "sprayLogins": 10, "sprayAttemptsPerLogin": 3, "loginFailures": 30,
               "suspicious": []})
    );
    let set = json!({"sprayLogins": 2, "suspicious": ["127.0.0.66", "10.0.0.0/8"]});
    let set = rule(&org, Method::PUT, Some(set)).await.json();
    assert_eq!((&set["sprayLogins"], &set["loginFailures"]), (&json!(2), &json!(30)));
    assert_eq!(set["suspicious"], json!(["127.0.0.66/32", "10.0.0.0/8"]));
    for wrong in
        [json!({"sprayLogin": 2}), json!({"suspicious": ["acme"]}), json!({"sprayLogins": -1}), json!([])]
    {
        let answer = rule(&org, Method::PUT, Some(wrong)).await;
        assert_eq!(answer.api_error(), "400 E0000003 The request body was not well-formed.");
    }
    let none = rule(&org, Method::PUT, Some(json!({"sprayLogins": 0}))).await;
    assert_eq!(none.api_error(), "400 E0000001 Api validation failed: sprayLogins");
    assert_eq!(rule(&org, Method::GET, None).await.json(), set);
    let stranger = org.browser().get(&format!("{ORG}/gatewright/v1/threat-rule")).await;
    assert_eq!(stranger.api_error(), "403 E0000005 Invalid session");
}

#[tokio::test]
async fn a_spraying_address_is_blocked_while_another_gets_in() {
    let org = TestOrg::new().await;
    org.api(Method::POST, CONFIGURATION, Some(json!({"action": "block"}))).await;
    rule(&org, Method::PUT, Some(json!({"sprayLogins": 3}))).await;
    for login in ["a@acme.test", "b@acme.test", "alice@acme.test"] {
        let answer = attempt(&org, "127.0.0.66", login, "Winter2026").await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{login} is told no more than always");
    }
    let refused = attempt(&org, "127.0.0.66", "alice@acme.test", crate::testing::PASSWORD).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "even with the right password");
    assert!(refused.body.contains(SENTENCE));
    let mut sprayer = org.browser();
    sprayer.come_from("127.0.0.66");
    assert_eq!(sprayer.get(&org.authorize_url(&[])).await.status, StatusCode::FORBIDDEN);
    for path in ["/api/v1/authn", "/idp/idx/identify"] {
        let answer = sprayer.send(Method::POST, &format!("{ORG}{path}"), None).await;
        let expected = "403 E0000006 You do not have permission to perform the requested action";
        assert_eq!(answer.api_error(), expected, "{path}");
    }
    let elsewhere = attempt(&org, "127.0.0.67", "alice@acme.test", crate::testing::PASSWORD).await;
    assert_eq!(elsewhere.location(), "/app/UserHome");
    let detected = LogQuery { event_types: vec!["security.threat.detected".into()], ..LogQuery::default() };
    let events = org.model().log_events(&detected).items;
    assert_eq!(events.len(), 4);
    for event in &events {
        assert_eq!(event.outcome.result, OutcomeResult::Deny);
        assert_eq!(event.outcome.reason.as_deref(), Some("Password Spray"));
        let actor = &event.actor;
        assert_eq!(
            (actor.kind, actor.id.as_str(), actor.alternate_id.as_str()),
            ("IP address", "127.0.0.66", "unknown")
        );
        assert!(event.target.is_empty(), "nobody is named");
    }
    assert_eq!(org.count(EventType::AttackStart), 1);
    org.advance(601);
    let later = attempt(&org, "127.0.0.66", "alice@acme.test", crate::testing::PASSWORD).await;
    assert_eq!(later.location(), "/app/UserHome", "the window has gone by");
    assert_eq!(org.count(EventType::AttackEnd), 1);
}

#[tokio::test]
async fn an_audited_address_goes_on_and_is_named() {
    let org = TestOrg::new().await;
    org.api(Method::POST, CONFIGURATION, Some(json!({"action": "audit"}))).await;
    rule(&org, Method::PUT, Some(json!({"suspicious": ["127.0.0.66"]}))).await;
    let answer = attempt(&org, "127.0.0.66", "alice@acme.test", crate::testing::PASSWORD).await;
    assert_eq!(answer.location(), "/app/UserHome");
    let filter = "filter=eventType+eq+%22security.threat.detected%22+and+outcome.result+eq+%22ALLOW%22";
    let events = org.api(Method::GET, &format!("/logs?{filter}"), None).await.json();
    let event = &events[0];
    assert_eq!((&event["actor"]["id"], &event["severity"]), (&json!("127.0.0.66"), &json!("WARN")));
    let transaction = event["transaction"]["id"].as_str().unwrap();
    let others =
        org.api(Method::GET, &format!("/logs?filter=transaction.id+eq+%22{transaction}%22"), None).await;
    let others = others.json();
    let start = others.as_array().unwrap().iter().find(|event| event["eventType"] == "user.session.start");
    let start = start.expect("the same transaction says who it was");
    assert_eq!(start["actor"]["alternateId"], "alice@acme.test");
    assert_eq!(start["debugContext"]["debugData"]["threatSuspected"], "true");
}
