use http::{Method, StatusCode, header};
use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::device::{Decision, Device, Scanned};
use crate::model::Cause;
use crate::testing::{Answer, ORG, TestOrg};
use ground::Secret;

async fn send(org: &TestOrg, method: Method, path: &str, body: Option<Value>) -> Answer {
    org.api(method, &format!("/users/{}/factors{path}", org.alice.id), body).await
}

async fn post(org: &TestOrg, path: &str, body: Value) -> Answer {
    send(org, Method::POST, path, Some(body)).await
}

async fn enrol(org: &TestOrg, factor_type: &str, provider: &str) -> (String, Value) {
    let answer = post(org, "", json!({"factorType": factor_type, "provider": provider})).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    (answer.json()["id"].as_str().unwrap().to_owned(), answer.json())
}

/// What a QR code said, in the hands of a device.
fn scan(enrolment: &Value) -> (Device, Scanned) {
    let mut device = Device::new("Alice's phone");
    let text = enrolment["_embedded"]["activation"]["_links"]["qrcode"]["href"].as_str().unwrap();
    let scanned = device.scan(&Secret::new("QR code", text)).unwrap();
    (device, scanned)
}

fn code(org: &TestOrg, device: &Device) -> String {
    device.totp(org.site.now()).unwrap()
}

#[tokio::test]
async fn a_totp_factor_goes_through_its_life() {
    let org = TestOrg::new().await;
    let (id, enrolment) = enrol(&org, "token:software:totp", "OKTA").await;
    assert_json_snapshot!(enrolment, {
        ".id" => "ost…", ".created" => "[time]", ".lastUpdated" => "[time]", "._links.**.href" => "[link]",
        "._embedded.activation.sharedSecret" => "[secret]",
        "._embedded.activation._links.qrcode.href" => "otpauth://…",
    }, @r#"
    {
      "id": "ost…",
      "factorType": "token:software:totp",
      "provider": "OKTA",
      "vendorName": "OKTA",
      "status": "PENDING_ACTIVATION",
      "created": "[time]",
      "lastUpdated": "[time]",
      "profile": {
        "credentialId": "alice@acme.test"
      },
      "_links": {
        "self": {
          "href": "[link]",
          "hints": {
            "allow": [
              "GET"
            ]
          }
        },
        "user": {
          "href": "[link]",
          "hints": {
            "allow": [
              "GET"
            ]
          }
        },
        "activate": {
          "href": "[link]",
          "hints": {
            "allow": [
              "POST"
            ]
          }
        }
      },
      "_embedded": {
        "activation": {
          "timeStep": 30,
          "sharedSecret": "[secret]",
          "encoding": "base32",
          "keyLength": 6,
          "_links": {
            "qrcode": {
              "href": "otpauth://…",
              "type": "text/plain"
            }
          }
        }
      }
    }
    "#);
    let (device, _) = scan(&enrolment);
    let activate = format!("/{id}/lifecycle/activate");
    let wrong = post(&org, &activate, json!({"passCode": "x"})).await;
    assert_eq!(wrong.api_error(), "403 E0000068 Invalid Passcode/Answer");
    let active = post(&org, &activate, json!({"passCode": code(&org, &device)})).await.json();
    assert_eq!(
        (&active["status"], &active["profile"]),
        (&json!("ACTIVE"), &json!({"credentialId": "alice@acme.test"}))
    );
    assert!(active["_links"]["verify"]["href"].as_str().unwrap().ends_with(&format!("{id}/verify")));
    org.advance(30);
    let verify = format!("/{id}/verify");
    let right = json!({"passCode": code(&org, &device)});
    assert_eq!(post(&org, &verify, right.clone()).await.json(), json!({"factorResult": "SUCCESS"}));
    let replayed = post(&org, &verify, right).await;
    assert_eq!(
        replayed.api_error(),
        "403 E0000082 Each code can only be used once. Please wait for a new code and try again."
    );
    for _ in 0..4 {
        let wrong = post(&org, &verify, json!({"passCode": "x"})).await;
        assert_eq!(wrong.api_error(), "403 E0000068 Invalid Passcode/Answer");
    }
    org.advance(30);
    let blocked = post(&org, &verify, json!({"passCode": code(&org, &device)})).await;
    assert_eq!(blocked.api_error(), "429 E0000047 API call exceeded rate limit due to too many requests.");
    assert_eq!(send(&org, Method::GET, "", None).await.json().as_array().unwrap().len(), 1);
    assert_eq!(send(&org, Method::DELETE, &format!("/{id}"), None).await.status, StatusCode::NO_CONTENT);
    let gone = send(&org, Method::GET, &format!("/{id}"), None).await;
    assert_eq!(gone.api_error(), format!("404 E0000007 Not found: Resource not found: {id} (UserFactor)"));
}

#[tokio::test]
async fn a_push_is_polled_until_it_is_answered() {
    let org = TestOrg::new().await;
    let (id, enrolment) = enrol(&org, "push", "OKTA").await;
    assert_eq!(enrolment["_embedded"]["activation"]["factorResult"], "WAITING");
    let poll = format!("/{id}/lifecycle/activate/poll");
    assert_eq!(send(&org, Method::POST, &poll, None).await.json()["factorResult"], "WAITING");
    let (device, scanned) = scan(&enrolment);
    let Scanned::Push { activation, .. } = scanned else { panic!("it is for push") };
    let token = org.model().activate_push(&activation, &Cause::system()).unwrap().device_token;
    let active = send(&org, Method::POST, &poll, None).await.json();
    assert_eq!((&active["status"], &active["profile"]["name"]), (&json!("ACTIVE"), &json!("Alice's phone")));
    let verify = format!("/{id}/verify");
    let begun = post(&org, &verify, json!({"useNumberMatchingChallenge": true})).await;
    assert_eq!(begun.status, StatusCode::CREATED);
    let begun = begun.json();
    let number = begun["_embedded"]["challenge"]["correctAnswer"].as_u64().and_then(|n| u8::try_from(n).ok());
    let transaction = begun["_links"]["poll"]["href"].as_str().unwrap();
    let transaction =
        transaction.strip_prefix(&format!("{ORG}/api/v1/users/{}/factors", org.alice.id)).unwrap();
    let result = async |path: &str| send(&org, Method::GET, path, None).await.json()["factorResult"].clone();
    assert_eq!(result(transaction).await, "WAITING");
    let shown = org.model().pushes_for(token.expose()).unwrap();
    org.model().answer_push(&device.answer(&shown[0], Decision::Approve, number)).unwrap();
    assert_eq!(result(transaction).await, "SUCCESS");
    let begin = async || {
        let begun = send(&org, Method::POST, &verify, None).await.json();
        let path = begun["_links"]["poll"]["href"].as_str().unwrap().rsplit_once('/').unwrap().1.to_owned();
        format!("/{id}/transactions/{path}")
    };
    let denied = begin().await;
    let shown = org.model().pushes_for(token.expose()).unwrap();
    org.model().answer_push(&device.answer(&shown[0], Decision::Deny, None)).unwrap();
    assert_eq!(result(&denied).await, "REJECTED");
    let ignored = begin().await;
    org.advance(300);
    assert_eq!(result(&ignored).await, "TIMEOUT");
    let unknown = send(&org, Method::GET, &format!("/{id}/transactions/v2mst.x"), None).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_security_key_is_given_a_challenge() {
    let org = TestOrg::new().await;
    let (id, enrolment) = enrol(&org, "webauthn", "FIDO").await;
    let activation = &enrolment["_embedded"]["activation"];
    assert_eq!(activation["rp"], json!({"name": "acme", "id": "acme.okta.test"}));
    assert_eq!(activation["user"]["name"], "alice@acme.test");
    let path = format!("/{id}/lifecycle/activate");
    for body in [json!({}), json!({"attestation": "AA", "clientData": "AA"}), json!({"attestation": 7})] {
        let refused = post(&org, &path, body).await;
        assert_eq!(refused.api_error(), "400 E0000003 The request body was not well-formed.");
    }
    let waiting = send(&org, Method::POST, &format!("/{id}/verify"), None).await;
    assert_eq!(waiting.status, StatusCode::NOT_FOUND, "it has no credential yet");
}

#[tokio::test]
async fn what_cannot_be_enrolled_or_done_is_refused() {
    let org = TestOrg::new().await;
    for (factor_type, provider) in
        [("signed_nonce", "OKTA"), ("sms", "OKTA"), ("webauthn", "OKTA"), ("token:software:totp", "GOOGLE")]
    {
        let refused = post(&org, "", json!({"factorType": factor_type, "provider": provider})).await;
        assert_eq!(refused.api_error(), "400 E0000001 Api validation failed: factorEnrollRequest");
    }
    let catalog = send(&org, Method::GET, "/catalog", None).await.json();
    let kinds: Vec<&str> =
        catalog.as_array().unwrap().iter().map(|kind| kind["factorType"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["token:software:totp", "push", "webauthn"]);
    let (id, _) = enrol(&org, "token:software:totp", "OKTA").await;
    let pending = post(&org, &format!("/{id}/verify"), json!({"passCode": "123456"})).await;
    assert_eq!(pending.api_error(), "410 E0000154 Invalid factor id, it is not currently active.");
    let blank = post(&org, &format!("/{id}/verify"), json!({})).await;
    assert_eq!(blank.api_error(), "400 E0000001 Api validation failed: passCode");
    let resent = send(&org, Method::POST, &format!("/{id}/resend"), None).await;
    assert_eq!(resent.api_error(), "501 E0000060 Unsupported operation.");
    // Another user's factor is not this one's.
    let foreign = org.api(Method::GET, &format!("/users/{}/factors/{id}", org.mallory.id), None).await;
    assert_eq!(foreign.status, StatusCode::NOT_FOUND);
    let mut anonymous = org.browser();
    let url = format!("{ORG}/api/v1/users/{}/factors", org.alice.id);
    assert_eq!(anonymous.get(&url).await.api_error(), "403 E0000005 Invalid session");
    anonymous.header(header::AUTHORIZATION, "SSWS wrong");
    assert_eq!(anonymous.get(&url).await.api_error(), "401 E0000011 Invalid token provided");
}

#[tokio::test]
async fn a_device_for_signed_nonces_is_enrolled_by_the_orgs_own_way_alone() {
    let org = TestOrg::new().await;
    let mut laptop = Device::new("Alice's laptop");
    let identity = laptop.trust(&ORG.parse().unwrap());
    let path = "/gatewright/v1/devices/signed-nonce";
    let body = json!({"user": "alice@acme.test", "device": identity}).to_string();
    let mut caller = org.browser();
    let refused =
        caller.send(Method::POST, &format!("{ORG}{path}"), Some(("application/json", body.clone()))).await;
    assert_eq!(refused.api_error(), "403 E0000005 Invalid session");
    caller.header(header::AUTHORIZATION, &format!("SSWS {}", org.api_token.expose()));
    let enrolled = caller.send(Method::POST, &format!("{ORG}{path}"), Some(("application/json", body))).await;
    let factor = enrolled.json();
    assert_eq!((&factor["factorType"], &factor["status"]), (&json!("signed_nonce"), &json!("ACTIVE")));
    let id = factor["id"].as_str().unwrap();
    let verified = send(&org, Method::POST, &format!("/{id}/verify"), None).await;
    assert_eq!(verified.api_error(), "501 E0000060 Unsupported operation.");
}
