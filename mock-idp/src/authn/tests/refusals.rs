use http::{Method, StatusCode};
use serde_json::json;

use super::{LOGIN, phone, session_rule, two_factors};
use crate::model::{Access, Cause};
use crate::testing::{ORG, PASSWORD, TestOrg};

const FAILED: &str = "401 E0000004 Authentication failed";
const ILLEGAL: &str = "403 E0000079 This operation is not allowed in the current authentication state.";
const INVALID: &str = "401 E0000011 Invalid token provided";

#[tokio::test]
async fn nobody_learns_whether_the_name_or_the_password_was_wrong() {
    let org = TestOrg::new().await;
    org.model().suspend_user(&org.mallory.id, &Cause::system()).unwrap();
    let mut client = org.browser();
    for (login, password) in [
        (LOGIN, "wrong"),
        ("nobody@acme.test", PASSWORD),
        ("mallory@acme.test", PASSWORD),
        ("", ""),
        (LOGIN, ""),
    ] {
        let refused = client.authn("", json!({ "username": login, "password": password })).await;
        assert_eq!(refused.api_error(), FAILED, "{login}");
        assert_eq!(refused.json()["errorCauses"], json!([]));
    }
}

#[tokio::test]
async fn whom_a_policy_denies_is_told_no_more_than_that() {
    let org = TestOrg::new().await;
    session_rule(&org, Access::Deny, None);
    let mut client = org.browser();
    assert_eq!(client.begin().await.api_error(), FAILED);
}

#[tokio::test]
async fn who_is_suspended_on_the_way_comes_no_further() {
    let org = TestOrg::new().await;
    two_factors(&org);
    let phone = phone(&org);
    let mut client = org.browser();
    let choice = client.begin().await;
    org.model().suspend_user(&org.alice.id, &Cause::system()).unwrap();
    let code = phone.totp(org.site.now()).unwrap();
    let refused =
        client.follow_link(&choice, "/_embedded/factors/0/_links/verify", json!({ "passCode": code })).await;
    assert_eq!(refused.api_error(), ILLEGAL);
    let token = json!({ "stateToken": choice.json()["stateToken"] });
    assert_eq!(client.authn("", token.clone()).await.api_error(), FAILED);
    assert_eq!(client.authn("", token).await.api_error(), INVALID, "it has ended");
}

#[tokio::test]
async fn what_may_not_come_next_changes_nothing() {
    let org = TestOrg::new().await;
    two_factors(&org);
    phone(&org);
    let mut client = org.browser();
    let choice = client.begin().await;
    let token = choice.json()["stateToken"].clone();
    let change = json!({ "stateToken": token, "oldPassword": PASSWORD, "newPassword": "battery staple" });
    let enrol = json!({ "stateToken": token, "factorType": "token:software:totp", "provider": "OKTA" });
    let fastpass = json!({ "stateToken": token, "factorType": "signed_nonce", "provider": "OKTA" });
    let alone = json!({ "stateToken": token });
    for (path, body, expected) in [
        ("/previous", alone.clone(), ILLEGAL),
        ("/skip", alone.clone(), ILLEGAL),
        ("/credentials/change_password", change, ILLEGAL),
        ("/factors", enrol, ILLEGAL),
        ("/factors", fastpass, "400 E0000001 Api validation failed: factorEnrollRequest"),
        ("/factors/ostNone/lifecycle/activate", json!({ "stateToken": token, "passCode": "1" }), ILLEGAL),
        ("/factors/password/verify", json!({ "stateToken": token, "password": PASSWORD }), ILLEGAL),
        (
            "/factors/ostNone/verify",
            alone.clone(),
            "404 E0000007 Not found: Resource not found: ostNone (UserFactor)",
        ),
        (
            "",
            json!({ "stateToken": token, "username": "mallory@acme.test" }),
            "400 E0000001 Api validation failed: authRequest",
        ),
    ] {
        let refused = client.authn(path, body).await;
        assert_eq!(refused.api_error(), expected, "{path}");
        assert_eq!(client.authn("", alone.clone()).await.body, choice.body, "{path}");
    }
    let of_another = org.model().enroll_totp(&org.mallory.id, "acme.okta.test").unwrap();
    let path = format!("/factors/{}/verify", of_another.factor.id);
    assert_eq!(client.authn(&path, alone).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn unknown_and_expired_state_tokens_are_refused() {
    let org = TestOrg::new().await;
    two_factors(&org);
    let mut client = org.browser();
    for path in ["", "/introspect", "/previous", "/skip", "/cancel", "/factors/ost1/verify"] {
        assert_eq!(
            client.authn(path, json!({ "stateToken": "00nothing" })).await.api_error(),
            INVALID,
            "{path}"
        );
    }
    assert_eq!(client.authn("/cancel", json!({})).await.api_error(), INVALID);
    let choice = client.begin().await;
    org.advance(3600);
    assert_eq!(
        client.authn("", json!({ "stateToken": choice.json()["stateToken"] })).await.api_error(),
        INVALID
    );
}

#[tokio::test]
async fn malformed_requests_are_refused_in_oktas_words() {
    let org = TestOrg::new().await;
    let mut client = org.browser();
    let mut send = async |body: &str| {
        let body = Some(("application/json", body.to_owned()));
        client.send(Method::POST, &format!("{ORG}/api/v1/authn"), body).await
    };
    for body in ["", "{", "[]", "null", r#"{"username":7}"#, r#"{"username":"a","password":"b","options":7}"#]
    {
        assert_eq!(
            send(body).await.api_error(),
            "400 E0000003 The request body was not well-formed.",
            "{body}"
        );
    }
    let required = "The 'username' and 'password' attributes are required in this context.";
    for body in ["{}", r#"{"username":"a"}"#, r#"{"password":"a"}"#, r#"{"stateToken":"00","password":"a"}"#]
    {
        let refused = send(body).await;
        assert_eq!(refused.api_error(), "400 E0000001 Api validation failed: authRequest", "{body}");
        assert_eq!(refused.json()["errorCauses"][0]["errorSummary"], required);
    }
    let long = json!({ "username": LOGIN, "password": PASSWORD, "relayState": "x".repeat(2049) });
    assert_eq!(send(&long.to_string()).await.api_error(), "400 E0000001 Api validation failed: relayState");
    let large = json!({ "username": LOGIN, "x": "x".repeat(1024 * 1024) });
    assert_eq!(send(&large.to_string()).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    let nowhere = client.authn("/recovery/password", json!({})).await;
    assert_eq!(nowhere.api_error(), "404 E0000008 The requested path was not found");
    assert_eq!(client.get(&format!("{ORG}/api/v1/authn")).await.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn after_too_many_wrong_codes_none_is_taken() {
    let org = TestOrg::new().await;
    two_factors(&org);
    let phone = phone(&org);
    let mut client = org.browser();
    let choice = client.begin().await;
    let verify = "/_embedded/factors/0/_links/verify";
    for _ in 0..5 {
        client.follow_link(&choice, verify, json!({ "passCode": "000000" })).await;
    }
    let code = phone.totp(org.site.now()).unwrap();
    let refused = client.follow_link(&choice, verify, json!({ "passCode": code })).await;
    assert_eq!(refused.api_error(), "429 E0000047 API call exceeded rate limit due to too many requests.");
}
