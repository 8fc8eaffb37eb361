use http::{Method, StatusCode, header};
use serde_json::{Value, json, to_value};

use crate::device::{Decision, Device, PushChallenge, Scanned};
use crate::model::{Cause, FactorStatus, PushState};
use crate::testing::{Answer, ORG, TestOrg};

const PUSH: &str = "/gatewright/v1/devices/push";

async fn send(org: &TestOrg, method: Method, path: &str, token: &str, body: Option<Value>) -> Answer {
    let mut phone = org.browser();
    phone.header(header::AUTHORIZATION, &format!("Bearer {token}"));
    let body = body.map(|body| ("application/json", body.to_string()));
    phone.send(method, &format!("{ORG}{path}"), body).await
}

#[tokio::test]
async fn a_device_enrols_is_notified_and_answers() {
    let org = TestOrg::new().await;
    let (model, cause) = (org.model(), Cause::system());
    let enrolment = model.enroll_push(&org.alice.id, ORG).unwrap();
    let mut phone = Device::new("Alice's phone");
    let Scanned::Push { activation, .. } = phone.scan(&enrolment.uri).unwrap() else { panic!("push") };
    let activated = send(&org, Method::POST, PUSH, "", Some(activation.body())).await;
    assert_eq!(activated.status, StatusCode::OK, "{activated:?}");
    assert_eq!(model.factor(&enrolment.factor.id).unwrap().status, FactorStatus::Active);
    let token = activated.json()["deviceToken"].as_str().unwrap().to_owned();
    assert_eq!(send(&org, Method::GET, PUSH, &token, None).await.json(), json!([]));
    let push = model.begin_push(&enrolment.factor.id, true, &cause).unwrap();
    let shown = send(&org, Method::GET, &format!("{PUSH}?wait=10"), &token, None).await;
    let shown: Vec<PushChallenge> = serde_json::from_str(&shown.body).unwrap();
    let answer = to_value(phone.answer(&shown[0], Decision::Approve, push.number)).unwrap();
    let path = format!("{PUSH}/{}", push.id);
    let approved = send(&org, Method::POST, &path, "", Some(answer.clone())).await;
    assert_eq!(approved.json(), json!({"state": "APPROVED"}));
    assert!(matches!(model.push(&push.id).unwrap().state, PushState::Approved(_)));
    let again = send(&org, Method::POST, &path, "", Some(answer.clone())).await;
    assert_eq!(again.status, StatusCode::BAD_REQUEST);
    let elsewhere = send(&org, Method::POST, &format!("{PUSH}/other"), "", Some(answer)).await;
    assert_eq!(elsewhere.api_error(), "400 E0000001 Api validation failed: transaction");
}

#[tokio::test]
async fn what_no_device_says_is_refused() {
    let org = TestOrg::new().await;
    let unknown = send(&org, Method::GET, PUSH, "unknown", None).await;
    assert_eq!(unknown.api_error(), "401 E0000011 Invalid token provided");
    let long = send(&org, Method::GET, &format!("{PUSH}?wait=61"), "unknown", None).await;
    assert_eq!(long.api_error(), "400 E0000001 Api validation failed: wait");
    let device = json!({"id": "guo1", "name": "x", "key": "AAAA"});
    let malformed = [json!({}), json!({"token": "x", "device": device}), json!([])];
    for body in malformed {
        let refused = send(&org, Method::POST, PUSH, "", Some(body)).await;
        assert_eq!(refused.api_error(), "400 E0000003 The request body was not well-formed.");
    }
    let answer = json!({
        "transaction": "v2mst.x", "device": "guo1", "decision": "MAYBE", "number": null, "signature": "A".repeat(86)
    });
    let refused = send(&org, Method::POST, &format!("{PUSH}/v2mst.x"), "", Some(answer.clone())).await;
    assert_eq!(refused.api_error(), "400 E0000003 The request body was not well-formed.");
    let mut unknown = answer;
    unknown["decision"] = "DENY".into();
    let refused = send(&org, Method::POST, &format!("{PUSH}/v2mst.x"), "", Some(unknown)).await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND, "{refused:?}");
}
