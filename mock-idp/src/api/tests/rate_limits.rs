use http::{Method, StatusCode, header};
use serde_json::{Value, json};

use crate::model::EventType;
use crate::testing::{Answer, ORG, TestOrg};

async fn limits(org: &TestOrg, method: Method, body: Option<Value>) -> Answer {
    let mut client = org.browser();
    client.header(header::AUTHORIZATION, &format!("SSWS {}", org.api_token.expose()));
    let body = body.map(|body| ("application/json", body.to_string()));
    client.send(method, &format!("{ORG}/gatewright/v1/rate-limits"), body).await
}

#[tokio::test]
async fn whoever_asks_too_often_is_told_when_to_come_back() {
    let org = TestOrg::new().await;
    let free = org.api(Method::GET, "/users/me", None).await;
    assert_eq!(
        (free.header("x-rate-limit-limit"), free.header("x-rate-limit-remaining")),
        ("1000000", "999999")
    );
    limits(&org, Method::PUT, Some(json!({"buckets": {"/api/v1/users": 2}}))).await;
    for remaining in ["1", "0"] {
        let answer = org.api(Method::GET, "/users/me", None).await;
        assert_eq!((answer.status, answer.header("x-rate-limit-remaining")), (StatusCode::OK, remaining));
    }
    let mallory = json!({"profile": {"firstName": "Mal"}});
    let path = format!("/users/{}", org.mallory.id);
    for _ in 0..2 {
        let refused = org.api(Method::POST, &path, Some(mallory.clone())).await;
        let expected = "429 E0000047 API call exceeded rate limit due to too many requests.";
        assert_eq!(refused.api_error(), expected);
        assert_eq!(
            (refused.header("x-rate-limit-limit"), refused.header("x-rate-limit-remaining")),
            ("2", "0")
        );
        let reset: i64 = refused.header("x-rate-limit-reset").parse().unwrap();
        assert!((0..=61).contains(&(reset - chrono::Utc::now().timestamp())), "{reset}");
    }
    assert_eq!(org.model().user(&org.mallory.id).unwrap().profile.first_name, "Mallory", "nothing was done");
    assert_eq!(org.api(Method::GET, "/groups", None).await.status, StatusCode::OK, "another bucket");
    let stranger = org.browser().get(&format!("{ORG}/api/v1/users/me")).await;
    assert_eq!(stranger.status, StatusCode::FORBIDDEN, "another caller");
    assert_eq!(org.count(EventType::RateLimitViolation), 1, "said once a minute");
    limits(&org, Method::PUT, Some(json!({}))).await;
    assert_eq!(org.api(Method::GET, "/users/me", None).await.status, StatusCode::OK);
}

#[tokio::test]
async fn pages_are_refused_by_a_page_and_metadata_never() {
    let org = TestOrg::with_alice_assigned().await;
    limits(&org, Method::PUT, Some(json!({"default": 1}))).await;
    let mut browser = org.browser();
    assert_eq!(browser.get(&org.authorize_url(&[])).await.status, StatusCode::OK);
    let refused = browser.get(&org.authorize_url(&[])).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(refused.body.contains("API call exceeded rate limit due to too many requests."));
    for _ in 0..2 {
        let keys = browser.get(&format!("{ORG}/oauth2/v1/keys")).await;
        assert_eq!((keys.status, keys.header("x-rate-limit-limit")), (StatusCode::OK, ""));
    }
    let mut neighbour = org.browser();
    neighbour.come_from("127.0.0.2");
    assert_eq!(neighbour.get(&org.authorize_url(&[])).await.status, StatusCode::OK);
}

#[tokio::test]
async fn limits_are_set_by_a_token_alone_and_only_sensibly() {
    let org = TestOrg::new().await;
    let stranger = org.browser().get(&format!("{ORG}/gatewright/v1/rate-limits")).await;
    assert_eq!(stranger.api_error(), "403 E0000005 Invalid session");
    for (body, expected) in [
        (json!({"default": 0}), "400 E0000001 Api validation failed: default"),
        (json!({"buckets": {"/users": 1}}), "400 E0000001 Api validation failed: buckets"),
        (json!({"limit": 1}), "400 E0000003 The request body was not well-formed."),
        (json!({"default": -1}), "400 E0000003 The request body was not well-formed."),
    ] {
        assert_eq!(limits(&org, Method::PUT, Some(body)).await.api_error(), expected);
    }
    let usual = json!({"default": 1_000_000, "buckets": {}});
    assert_eq!(limits(&org, Method::GET, None).await.json(), usual);
}
