use std::time::{Duration, Instant};

use axum::body::Body;
use bytes::Bytes;
use ground::evidence::Activity;
use ground::outbound::Route;
use ground::{Authority, Clock, Outbound, Sink};
use http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::json;

use super::{fault, spoiled, tokens};
use crate::testing::{self, ORG, TestOrg};
use crate::{Config, Org};

#[tokio::test]
async fn an_endpoint_refuses_and_what_it_was_given_stays_good() {
    let org = TestOrg::with_alice_assigned().await;
    let code = org.browser().code(&[]).await;
    let refusal = json!({"endpoint": "token", "status": 503, "error": "temporarily_unavailable",
        "description": "Try later", "retry_after": 30});
    let knob = org.turn(fault(json!({ "answer_status": refusal })));
    let answer = org.redeem(&code, &[]).await;
    assert_eq!(answer.oauth_error(), "503 temporarily_unavailable: Try later");
    assert_eq!(answer.header(header::RETRY_AFTER), "30");
    org.site.misbehaviour.heal(knob);
    assert_eq!(org.redeem(&code, &[]).await.status, StatusCode::OK);
    assert_eq!(spoiled(&org), 1);
}

#[tokio::test]
async fn a_rate_limit_and_an_outage_are_told_as_okta_does() {
    let org = TestOrg::new().await;
    org.turn(fault(json!({"answer_status": {"endpoint": "api", "status": 429, "retry_after": 5}})));
    org.turn(fault(json!({"answer_status": {"endpoint": "keys", "status": 500}})));
    let limited = org.api(Method::GET, "/users/me", None).await;
    let summary = "429 E0000047 API call exceeded rate limit due to too many requests.";
    assert_eq!(limited.api_error(), summary);
    assert_eq!((limited.header("x-rate-limit-remaining"), limited.header("retry-after")), ("0", "5"));
    let keys = org.browser().get(&format!("{ORG}/oauth2/v1/keys")).await;
    assert_eq!(keys.api_error(), "500 E0000009 Internal Server Error");
    let discovery = org.browser().get(&format!("{ORG}/.well-known/openid-configuration")).await;
    assert_eq!((discovery.status, discovery.header("x-rate-limit-remaining")), (StatusCode::OK, ""));
}

#[tokio::test]
async fn an_answer_has_another_type_or_body() {
    let org = TestOrg::with_alice_assigned().await;
    let typed = org.turn(fault(json!({"answer_type": {"endpoint": "token", "content_type": "text/html"}})));
    let answer = tokens(&org).await;
    assert_eq!(answer.header(header::CONTENT_TYPE), "text/html");
    assert!(answer.json()["id_token"].is_string());
    org.site.misbehaviour.heal(typed);
    org.turn(fault(json!({"answer_type": {"endpoint": "token", "content_type": ""}})));
    org.turn(fault(json!({"answer_body": {"endpoint": "token", "body": "<h1>Sorry</h1>"}})));
    let answer = tokens(&org).await;
    assert_eq!((answer.header(header::CONTENT_TYPE), answer.body.as_str()), ("", "<h1>Sorry</h1>"));
    assert_eq!(answer.header(header::CONTENT_LENGTH), "14");
}

#[tokio::test]
async fn a_huge_answer_is_the_same_behind_white_space() {
    let org = TestOrg::with_alice_assigned().await;
    org.turn(fault(json!({"answer_huge": {"endpoint": "token", "bytes": 100_000}})));
    let answer = tokens(&org).await;
    assert!(answer.body.starts_with(&" ".repeat(100_000)) && !answer.body.starts_with(&" ".repeat(100_001)));
    assert!(answer.json()["id_token"].is_string());
}

/// An org that listens, and a client of its.
async fn listening(evidence: Sink<crate::Event>) -> (Org, Outbound) {
    let authority = Authority::new().unwrap();
    let config = Config {
        name: "acme".into(),
        host: "acme.localhost".into(),
        admin_host: "acme-admin.localhost".into(),
        public_port: None,
        authority: authority.clone(),
        clock: Clock::new(),
        evidence,
        keys: testing::keys(),
        sign_in_widget: None,
    };
    let org = Org::start(config).await.unwrap();
    let tls = authority.client_config(&[b"h2"]).unwrap();
    (org, Outbound::new(Route::Loopback, std::net::Ipv4Addr::LOCALHOST, tls))
}

fn keys_of(org: &Org) -> Request<Bytes> {
    Request::get(format!("{}/oauth2/v1/keys", org.issuer())).body(Bytes::new()).unwrap()
}

#[tokio::test]
async fn a_cut_answer_breaks_off() {
    let org = TestOrg::new().await;
    org.turn(fault(json!({"answer_cut": {"endpoint": "keys", "after": 10}})));
    let end = std::net::SocketAddr::from(([127, 0, 0, 1], 443));
    let connection = ground::Connection { peer: end, local: end };
    let request = Request::get("/oauth2/v1/keys").header(header::HOST, "acme.okta.test");
    let answer = org.server.clone().answer(connection, request.body(Body::empty()).unwrap()).await;
    let promised: usize = answer.headers()[header::CONTENT_LENGTH].to_str().unwrap().parse().unwrap();
    assert!(promised > 100, "{promised}");
    let mut body = answer.into_body();
    let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(first.as_ref(), &br#"{"keys":[{"k"#[..10]);
    assert!(body.frame().await.unwrap().is_err());

    let (org, client) = listening(Sink::forgetful()).await;
    org.misbehaviour().turn(fault(json!({"answer_cut": {"endpoint": "keys", "after": 10}}))).unwrap();
    let error = client.send(keys_of(&org)).await.unwrap_err();
    assert!(matches!(error, ground::outbound::OutboundError::Unreachable { .. }), "{error}");
    org.stop().await;
}

#[tokio::test]
async fn a_slow_answer_comes_late_and_ends_with_the_org() {
    let activity = Activity::default();
    let sink = Sink::new(Clock::new(), activity.clone(), drop);
    let (org, client) = listening(sink).await;
    let slow =
        |milliseconds| fault(json!({"answer_slow": {"endpoint": "keys", "milliseconds": milliseconds}}));
    let short = org.misbehaviour().turn(slow(30)).unwrap();
    let began = Instant::now();
    assert_eq!(client.send(keys_of(&org)).await.unwrap().status(), StatusCode::OK);
    assert!(began.elapsed() >= Duration::from_millis(30), "{:?}", began.elapsed());
    org.misbehaviour().heal(short);

    org.misbehaviour().turn(slow(600_000)).unwrap();
    let waiting = tokio::spawn({
        let (client, request) = (client.clone(), keys_of(&org));
        async move { client.send(request).await }
    });
    while activity.in_flight() == 0 {
        tokio::task::yield_now().await;
    }
    org.stop().await;
    waiting.await.unwrap().unwrap_err();
    tokio::time::timeout(Duration::from_secs(20), activity.idle())
        .await
        .expect("the wait ended with the org");
}

#[tokio::test]
async fn a_slow_answer_ends_when_its_client_leaves() {
    let activity = Activity::default();
    let (org, client) = listening(Sink::new(Clock::new(), activity.clone(), drop)).await;
    let slow = fault(json!({"answer_slow": {"endpoint": "keys", "milliseconds": 600_000}}));
    org.misbehaviour().turn(slow).unwrap();
    {
        let mut waiting = std::pin::pin!(client.send(keys_of(&org)));
        while activity.in_flight() == 0 {
            tokio::select! {
                _ = &mut waiting => panic!("it was to wait"),
                () = tokio::task::yield_now() => {}
            }
        }
    }
    tokio::time::timeout(Duration::from_secs(20), activity.idle()).await.expect("nobody waits any more");
    org.stop().await;
}
