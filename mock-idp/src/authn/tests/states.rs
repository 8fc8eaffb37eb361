use ground::Secret;
use http::StatusCode;
use serde_json::json;

use super::{LOGIN, password_rules, phone, readable, two_factors};
use crate::device::Device;
use crate::model::{Cause, EventType, UserStatus};
use crate::testing::{ORG, PASSWORD, TestOrg};

#[tokio::test]
async fn a_password_is_enough_where_the_policies_say_so() {
    let org = TestOrg::new().await;
    let mut client = org.browser();
    let sent = json!({ "username": LOGIN, "password": PASSWORD, "relayState": "/deep/link", "and": "so on" });
    let done = client.authn("", sent).await;
    assert_eq!(done.status, StatusCode::OK);
    insta::assert_snapshot!(readable(&org, &done));
    assert!(client.cookies.is_empty(), "a session begins where the token is taken");
    assert_eq!(org.count(EventType::SessionStart), 0);
}

#[tokio::test]
async fn two_factors_are_a_password_and_a_code() {
    let org = TestOrg::new().await;
    two_factors(&org);
    let phone = phone(&org);
    let mut client = org.browser();
    let choice = client.begin().await;
    assert!(choice.text("stateToken").starts_with("00"), "Identity Engine's begin with 02");
    insta::assert_snapshot!(readable(&org, &choice));
    let verify = "/_embedded/factors/0/_links/verify";
    let wrong = client.follow_link(&choice, verify, json!({ "passCode": "000000" })).await;
    assert_eq!(wrong.api_error(), "403 E0000068 Invalid Passcode/Answer");
    assert_eq!(
        wrong.json()["errorCauses"][0]["errorSummary"],
        "Your passcode doesn't match our records. Please try again."
    );
    let code = phone.totp(org.site.now()).unwrap();
    let done = client.follow_link(&choice, verify, json!({ "passCode": code })).await;
    assert_eq!(done.state(), "SUCCESS");
    let after = client.follow_link(&choice, verify, json!({ "passCode": code })).await;
    assert_eq!(after.api_error(), "401 E0000011 Invalid token provided");
    // The same code, by somebody who has the password too.
    let choice = client.begin().await;
    let used = client.follow_link(&choice, verify, json!({ "passCode": code })).await;
    let words = "Each code can only be used once. Please wait for a new code and try again.";
    assert_eq!(used.api_error(), format!("403 E0000082 {words}"));
}

#[tokio::test]
async fn a_challenge_can_be_begun_left_and_asked_after() {
    let org = TestOrg::new().await;
    two_factors(&org);
    let phone = phone(&org);
    let mut client = org.browser();
    let choice = client.begin().await;
    let challenge = client.follow_link(&choice, "/_embedded/factors/0/_links/verify", json!({})).await;
    insta::assert_snapshot!(readable(&org, &challenge));
    let token = choice.json()["stateToken"].clone();
    for path in ["", "/introspect"] {
        assert_eq!(client.authn(path, json!({ "stateToken": token })).await.body, challenge.body);
    }
    let back = client.follow_link(&challenge, "/_links/prev", json!({})).await;
    assert_eq!(back.body, choice.body);
    let again = client.follow_link(&choice, "/_embedded/factors/0/_links/verify", json!({})).await;
    let code = phone.totp(org.site.now()).unwrap();
    assert_eq!(
        client.follow_link(&again, "/_links/next", json!({ "passCode": code })).await.state(),
        "SUCCESS"
    );
}

#[tokio::test]
async fn who_has_no_second_factor_enrols_one() {
    let org = TestOrg::new().await;
    two_factors(&org);
    let mut client = org.browser();
    let choice = client.begin().await;
    assert_eq!(choice.state(), "MFA_ENROLL");
    let factors = choice.json()["_embedded"]["factors"].as_array().cloned().unwrap();
    let totp = factors.iter().position(|factor| factor["factorType"] == "token:software:totp").unwrap();
    assert_eq!(
        (&factors[totp]["status"], &factors[totp]["enrollment"]),
        (&json!("NOT_SETUP"), &json!("OPTIONAL"))
    );
    let chosen = json!({ "factorType": "token:software:totp", "provider": "OKTA" });
    let link = format!("/_embedded/factors/{totp}/_links/enroll");
    let task = client.follow_link(&choice, &link, chosen).await;
    assert_eq!(task.state(), "MFA_ENROLL_ACTIVATE");
    let activation = task.json()["_embedded"]["factor"]["_embedded"]["activation"].clone();
    assert_eq!((&activation["timeStep"], &activation["keyLength"]), (&json!(30), &json!(6)));
    let picture = activation["_links"]["qrcode"]["href"].as_str().unwrap();
    assert!(picture.starts_with("data:image/svg+xml;base64,"));
    let wrong = client.follow_link(&task, "/_links/next", json!({ "passCode": "000000" })).await;
    assert_eq!(wrong.api_error(), "403 E0000068 Invalid Passcode/Answer");
    let blank = client.follow_link(&task, "/_links/next", json!({})).await;
    assert_eq!(blank.api_error(), "400 E0000001 Api validation failed: passCode");
    assert_eq!(org.count(EventType::FactorActivate), 0);
    let key = activation["sharedSecret"].as_str().unwrap();
    let mut phone = Device::new("phone");
    phone.scan(&Secret::new("TOTP secret", format!("otpauth://totp/acme:alice?secret={key}"))).unwrap();
    let code = phone.totp(org.site.now()).unwrap();
    let done = client.follow_link(&task, "/_links/next", json!({ "passCode": code })).await;
    assert_eq!(done.state(), "SUCCESS");
    assert_eq!(org.count(EventType::FactorActivate), 1);
    let back = client.begin().await;
    assert_eq!(back.state(), "MFA_REQUIRED", "it is set up now");
}

#[tokio::test]
async fn an_enrolment_can_be_left() {
    let org = TestOrg::new().await;
    two_factors(&org);
    let mut client = org.browser();
    let choice = client.begin().await;
    let chosen = json!({ "factorType": "token:software:totp", "provider": "OKTA" });
    let task = client.follow_link(&choice, "/_embedded/factors/0/_links/enroll", chosen).await;
    let back = client.follow_link(&task, "/_links/prev", json!({})).await;
    assert_eq!(back.body, choice.body);
}

#[tokio::test]
async fn an_expired_password_is_changed() {
    let org = TestOrg::new().await;
    password_rules(&org, |rules| rules.complexity.min_length = 8);
    org.model().expire_password(&org.alice.id, &Cause::system()).unwrap();
    let mut client = org.browser();
    let wrong = client.authn("", json!({ "username": LOGIN, "password": "wrong" })).await;
    assert_eq!(wrong.api_error(), "401 E0000004 Authentication failed", "only who knows it learns of it");
    let expired = client.begin().await;
    insta::assert_snapshot!(readable(&org, &expired));
    let refused = |answer: &crate::testing::Answer| {
        format!(
            "{}: {}",
            answer.api_error(),
            answer.json()["errorCauses"][0]["errorSummary"].as_str().unwrap()
        )
    };
    let sent = json!({ "oldPassword": "wrong", "newPassword": "battery staple" });
    let other = client.follow_link(&expired, "/_links/next", sent).await;
    assert_eq!(refused(&other), "403 E0000014 Update of credentials failed: Old Password is not correct");
    let short = json!({ "oldPassword": PASSWORD, "newPassword": "short" });
    let short = client.follow_link(&expired, "/_links/next", short).await;
    assert!(refused(&short).contains("Password requirements were not met"), "{short:?}");
    let sent = json!({ "oldPassword": PASSWORD, "newPassword": "battery staple" });
    let done = client.follow_link(&expired, "/_links/next", sent).await;
    assert_eq!(done.state(), "SUCCESS");
    assert_eq!(org.model().user(&org.alice.id).unwrap().status, UserStatus::Active);
}

#[tokio::test]
async fn the_second_factor_comes_before_the_change_of_an_expired_password() {
    let org = TestOrg::new().await;
    two_factors(&org);
    let phone = phone(&org);
    org.model().expire_password(&org.alice.id, &Cause::system()).unwrap();
    let mut client = org.browser();
    let choice = client.begin().await;
    assert_eq!(choice.state(), "MFA_REQUIRED");
    let change = json!({ "oldPassword": PASSWORD, "newPassword": "battery staple" });
    let mut early = change.clone();
    early["stateToken"] = choice.json()["stateToken"].clone();
    let early = client.authn("/credentials/change_password", early).await;
    let words = "This operation is not allowed in the current authentication state.";
    assert_eq!(early.api_error(), format!("403 E0000079 {words}"));
    let code = phone.totp(org.site.now()).unwrap();
    let verify = "/_embedded/factors/0/_links/verify";
    let expired = client.follow_link(&choice, verify, json!({ "passCode": code })).await;
    assert_eq!(expired.state(), "PASSWORD_EXPIRED");
    assert_eq!(client.follow_link(&expired, "/_links/next", change).await.state(), "SUCCESS");
}

#[tokio::test]
async fn who_has_no_second_factor_yet_changes_an_expired_password_first() {
    let org = TestOrg::new().await;
    two_factors(&org);
    org.model().expire_password(&org.alice.id, &Cause::system()).unwrap();
    let mut client = org.browser();
    let expired = client.begin().await;
    assert_eq!(expired.state(), "PASSWORD_EXPIRED");
    let change = json!({ "oldPassword": PASSWORD, "newPassword": "battery staple" });
    assert_eq!(client.follow_link(&expired, "/_links/next", change).await.state(), "MFA_ENROLL");
}

#[tokio::test]
async fn a_password_that_expires_soon_is_said_to_who_wants_to_know() {
    let org = TestOrg::new().await;
    password_rules(&org, |rules| (rules.max_age_days, rules.expire_warn_days) = (10, 5));
    let mut client = org.browser();
    let begin = |wanted: bool| json!({ "username": LOGIN, "password": PASSWORD, "options": { "warnBeforePasswordExpired": wanted } });
    assert_eq!(client.authn("", begin(true)).await.state(), "SUCCESS", "it is not soon");
    org.advance(6 * 24 * 3600 - 3600);
    assert_eq!(client.authn("", begin(false)).await.state(), "SUCCESS");
    let warned = client.authn("", begin(true)).await;
    assert_eq!(warned.state(), "PASSWORD_WARN");
    assert_eq!(warned.json()["_embedded"]["policy"]["expiration"], json!({ "passwordExpireDays": 4 }));
    assert_eq!(client.follow_link(&warned, "/_links/skip", json!({})).await.state(), "SUCCESS");
    let warned = client.authn("", begin(true)).await;
    let sent = json!({ "oldPassword": "wrong", "newPassword": "battery staple" });
    let wrong = client.follow_link(&warned, "/_links/next", sent).await;
    assert_eq!(wrong.api_error(), "403 E0000014 Update of credentials failed");
    let sent = json!({ "oldPassword": PASSWORD, "newPassword": "battery staple", "revokeSessions": true });
    assert_eq!(client.follow_link(&warned, "/_links/next", sent).await.state(), "SUCCESS");
    assert_eq!(org.count(EventType::SessionClear), 1);
    let sent = json!({ "username": LOGIN, "password": "battery staple", "options": { "warnBeforePasswordExpired": true } });
    assert_eq!(client.authn("", sent).await.state(), "SUCCESS", "a new one lasts");
}

#[tokio::test]
async fn a_lockout_is_shown_where_the_password_policy_says_so() {
    let org = TestOrg::new().await;
    password_rules(&org, |rules| rules.max_attempts = 2);
    let mut client = org.browser();
    for password in ["wrong", "wrong", PASSWORD] {
        let refused = client.authn("", json!({ "username": LOGIN, "password": password })).await;
        assert_eq!(refused.api_error(), "401 E0000004 Authentication failed");
    }
    password_rules(&org, |rules| (rules.max_attempts, rules.show_lockout_failures) = (2, true));
    let locked =
        client.authn("", json!({ "username": LOGIN, "password": PASSWORD, "relayState": "r" })).await;
    assert_eq!(locked.json(), json!({ "status": "LOCKED_OUT", "relayState": "r", "_embedded": {} }));
    let other = client.authn("", json!({ "username": "nobody@acme.test", "password": PASSWORD })).await;
    assert_eq!(other.api_error(), "401 E0000004 Authentication failed");
    org.model().unlock_user(&org.alice.id, &Cause::system()).unwrap();
    assert_eq!(client.begin().await.state(), "SUCCESS");
}

#[tokio::test]
async fn cancelling_ends_it_and_gives_the_relay_state_back() {
    let org = TestOrg::new().await;
    two_factors(&org);
    let mut client = org.browser();
    let choice =
        client.authn("", json!({ "username": LOGIN, "password": PASSWORD, "relayState": "r" })).await;
    assert_eq!(choice.text("relayState"), "r");
    let gone = client.follow_link(&choice, "/_links/cancel", json!({})).await;
    assert_eq!((gone.status, gone.json()), (StatusCode::OK, json!({ "relayState": "r" })));
    let after = client.authn("", json!({ "stateToken": choice.json()["stateToken"] })).await;
    assert_eq!(after.api_error(), "401 E0000011 Invalid token provided");
    let choice = client.begin().await;
    assert_eq!(client.follow_link(&choice, "/_links/cancel", json!({})).await.json(), json!({}));
}

#[tokio::test]
async fn a_trusted_client_vouches_for_the_device() {
    let org = TestOrg::new().await;
    super::session_rule(&org, crate::model::Access::Allow, Some(crate::model::FactorPrompt::Device));
    let phone = phone(&org);
    let begin = |device: &str| json!({ "username": LOGIN, "password": PASSWORD, "context": { "deviceToken": device } });
    let trusted = format!("SSWS {}", org.api_token.expose());
    let mut client = org.browser();
    client.header(http::header::AUTHORIZATION, &trusted);
    let choice = client.authn("", begin("laptop")).await;
    let code = phone.totp(org.site.now()).unwrap();
    let verify = "/_embedded/factors/0/_links/verify";
    assert_eq!(client.follow_link(&choice, verify, json!({ "passCode": code })).await.state(), "SUCCESS");
    assert_eq!(client.authn("", begin("laptop")).await.state(), "SUCCESS", "the device is remembered");
    assert_eq!(client.authn("", begin("tablet")).await.state(), "MFA_REQUIRED");
    let long = client.authn("", begin(&"x".repeat(33))).await;
    assert_eq!(long.api_error(), "400 E0000001 Api validation failed: deviceToken");
    let mut stranger = org.browser();
    assert_eq!(stranger.authn("", begin("laptop")).await.state(), "MFA_REQUIRED", "nobody vouches for it");
    assert_eq!(stranger.get(&format!("{ORG}/api/v1/sessions/me")).await.status, StatusCode::NOT_FOUND);
}
