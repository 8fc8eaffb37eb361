use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::model::{Cause, PasswordSettings};
use crate::testing::{ORG, PASSWORD, TestOrg};

async fn operate(org: &TestOrg, operation: &str) -> Result<Value, String> {
    let path = format!("/users/{}/lifecycle/{operation}", org.alice.id);
    let answer = org.api(Method::POST, &path, None).await;
    if answer.status == StatusCode::OK { Ok(answer.json()) } else { Err(answer.api_error()) }
}

fn status(org: &TestOrg) -> &'static str {
    org.model().user(&org.alice.id).unwrap().status.name()
}

#[tokio::test]
async fn each_operation_changes_the_status_or_says_why_not() {
    let org = TestOrg::new().await;
    let not_now = "403 E0000038 This operation is not allowed in the user's current status.";
    for (operation, outcome, then) in [
        ("unlock", Err("403 E0000032 Unlock is not allowed for this user."), "ACTIVE"),
        ("reactivate", Err(not_now), "ACTIVE"),
        ("activate", Err("403 E0000016 Activation failed because the user is already active"), "ACTIVE"),
        ("suspend", Ok(()), "SUSPENDED"),
        ("expire_password", Err(not_now), "SUSPENDED"),
        ("reset_password", Err("403 E0000017 Password reset failed"), "SUSPENDED"),
        ("unsuspend", Ok(()), "ACTIVE"),
        ("expire_password", Ok(()), "PASSWORD_EXPIRED"),
        ("reset_password", Ok(()), "RECOVERY"),
        ("reset_factors", Ok(()), "RECOVERY"),
        ("deactivate", Ok(()), "DEPROVISIONED"),
        ("activate", Ok(()), "ACTIVE"),
        ("befriend", Err("404 E0000008 The requested path was not found"), "ACTIVE"),
    ] {
        let answer = operate(&org, operation).await;
        assert_eq!(answer.map(drop), outcome.map_err(str::to_owned), "{operation}");
        assert_eq!(status(&org), then, "{operation}");
    }
}

#[tokio::test]
async fn answers_have_oktas_shapes() {
    let org = TestOrg::new().await;
    assert_eq!(operate(&org, "suspend").await, Ok(json!({})));
    assert_eq!(operate(&org, "unsuspend").await, Ok(json!({})));
    let expired = operate(&org, "expire_password").await.unwrap();
    assert_eq!((&expired["id"], &expired["status"]), (&json!(org.alice.id), &json!("PASSWORD_EXPIRED")));
    assert_eq!(operate(&org, "reset_password").await, Ok(json!({})), "as if it were mailed");
    let reset = operate(&org, "reset_password?sendEmail=false").await.unwrap();
    let url = reset["resetPasswordUrl"].as_str().unwrap();
    let token = url.strip_prefix(&format!("{ORG}/reset_password/")).unwrap();
    assert_eq!(org.model().user_of_recovery_token(token).unwrap().id, org.alice.id);
    let profile = json!({"login": "carol@acme.test", "email": "carol@acme.test"});
    let carol =
        org.api(Method::POST, "/users?activate=false", Some(json!({"profile": profile}))).await.json();
    let path = format!("/users/{}/lifecycle", carol["id"].as_str().unwrap());
    let activated = org.api(Method::POST, &format!("{path}/activate?sendEmail=false"), None).await.json();
    let token = activated["activationToken"].as_str().unwrap();
    assert_eq!(activated["activationUrl"], format!("{ORG}/tokens/{token}/verify"));
    let again = org.api(Method::POST, &format!("{path}/reactivate"), None).await.json();
    assert_ne!(again["activationToken"], activated["activationToken"]);
}

#[tokio::test]
async fn a_locked_user_is_unlocked() {
    let org = TestOrg::new().await;
    org.model().set_password_settings(PasswordSettings { max_attempts: 1, ..PasswordSettings::default() });
    let mut browser = org.browser();
    let page = browser.get(&format!("{ORG}/")).await;
    let wrong = browser.submit(&page, "alice@acme.test", "wrong").await;
    assert_eq!(status(&org), "LOCKED_OUT");
    let page = browser.get(&format!("{ORG}{}", wrong.location())).await;
    let locked = browser.submit(&page, "alice@acme.test", PASSWORD).await;
    assert!(locked.location().starts_with("/signin?"), "{locked:?}");
    assert_eq!(operate(&org, "unlock").await, Ok(json!({})));
    assert_eq!(status(&org), "ACTIVE");
    let page = browser.get(&format!("{ORG}{}", locked.location())).await;
    assert_eq!(browser.submit(&page, "alice@acme.test", PASSWORD).await.location(), "/app/UserHome");
    let log = org.logged();
    let expected = [
        "user.account.lock: LOCKED_OUT",
        "user.session.start: INVALID_CREDENTIALS",
        "user.session.start: LOCKED_OUT",
        "user.account.unlock_by_admin",
    ];
    assert_eq!(log[..4], expected, "{log:?}");
}

#[tokio::test]
async fn a_password_is_changed_by_the_old_one() {
    let org = TestOrg::new().await;
    let path = format!("/users/{}/credentials/change_password", org.alice.id);
    let change = async |old: &str, new: &str| {
        let body =
            json!({"oldPassword": {"value": old}, "newPassword": {"value": new}, "revokeSessions": true});
        org.api(Method::POST, &path, Some(body)).await
    };
    let wrong = change("wrong", "battery staple").await;
    assert_eq!(wrong.api_error(), "403 E0000014 Update of credentials failed");
    assert_eq!(wrong.json()["errorCauses"], json!([{"errorSummary": "Old Password is not correct"}]));
    let mut alice = org.browser();
    alice.sign_in("alice@acme.test").await;
    let changed = change(PASSWORD, "battery staple").await;
    assert_eq!(
        changed.json(),
        json!({"password": {}, "provider": {"type": "OKTA", "name": "OKTA"}}),
        "{changed:?}"
    );
    assert!(alice.get(&format!("{ORG}/")).await.body.contains("stateToken"), "her sessions are revoked");
    for body in [json!({}), json!({"oldPassword": "x", "newPassword": {"value": "y"}})] {
        let answer = org.api(Method::POST, &path, Some(body)).await;
        assert_eq!(answer.api_error(), "400 E0000003 The request body was not well-formed.");
    }
    org.model().suspend_user(&org.alice.id, &Cause::system()).unwrap();
    let refused = change("battery staple", "third").await;
    assert_eq!(refused.api_error(), "403 E0000035 Change password not allowed on specified user.");
}
