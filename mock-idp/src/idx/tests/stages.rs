use http::{StatusCode, header};
use serde_json::json;

use super::{LOGIN, app_rule, phone, readable, scanned};
use crate::model::{Access, Assurance, Cause, EventType};
use crate::testing::{ORG, PASSWORD, TestOrg, decoded};

#[tokio::test]
async fn a_password_is_enough_where_the_policies_say_so() {
    let org = TestOrg::with_alice_assigned().await;
    let mut browser = org.browser();
    let handle = browser.open(&org.authorize_url(&[])).await;
    assert!(handle.starts_with("02"), "the widget tells Identity Engine's tokens from Classic's by it");
    let page = browser.idx("introspect", json!({ "stateToken": handle })).await;
    assert_eq!(page.header(header::CONTENT_TYPE), "application/ion+json; okta-version=1.0.0");
    assert_eq!((page.status, page.remediations()), (StatusCode::OK, vec!["identify".to_owned()]));
    insta::assert_snapshot!(readable(&page, &handle).replace(org.app.client_id(), "[app]"));
    let done = browser.identify(&handle, LOGIN, PASSWORD).await;
    let success = &done.json()["success"];
    assert_eq!(success["name"], "success-redirect");
    assert!(success.get("rel").is_none(), "the widget would take it for a form");
    assert!(!browser.cookies.keys().any(|(_, name)| name == "idx"), "the session begins by the redirect");
    let answer = browser.get(success["href"].as_str().unwrap()).await;
    assert_eq!(answer.status, StatusCode::FOUND);
    assert!(browser.cookies.keys().any(|(_, name)| name == "idx"));
    let code = answer.parameter("code").unwrap();
    let tokens = org.redeem(&code, &[]).await;
    assert_eq!(decoded(1, tokens.json()["id_token"].as_str().unwrap())["amr"], json!(["pwd"]));
    let again = browser.get(success["href"].as_str().unwrap()).await;
    assert_eq!(again.status, StatusCode::BAD_REQUEST, "it was finished already");
    let after = browser.idx("introspect", json!({ "stateToken": handle })).await;
    assert!(after.message().starts_with("401 idx.session.expired"), "{after:?}");
}

#[tokio::test]
async fn two_factors_are_a_password_and_a_code_of_okta_verifys() {
    let org = TestOrg::with_alice_assigned().await;
    app_rule(&org, Access::Allow, Assurance::two_factors());
    let phone = phone(&org);
    let mut browser = org.browser();
    let handle = browser.open(&org.authorize_url(&[])).await;
    let choice = browser.identify(&handle, LOGIN, PASSWORD).await;
    assert_eq!(choice.remediations(), ["select-authenticator-authenticate"]);
    insta::assert_snapshot!(
        readable(&choice, &handle)
            .replace(org.alice.id.as_str(), "[alice]")
            .replace(org.app.client_id(), "[app]")
    );
    let chosen = choice.option("select-authenticator-authenticate", 0);
    let task = browser.idx("challenge", json!({ "stateHandle": handle, "authenticator": chosen })).await;
    assert_eq!(task.remediations(), ["challenge-authenticator", "select-authenticator-authenticate"]);
    assert_eq!(task.json()["currentAuthenticator"]["value"]["methods"], json!([{ "type": "totp" }]));
    let wrong = browser.answer(&handle, "totp", "000000").await;
    assert_eq!(wrong.field_message(), "401 api.authn.error.PASSCODE_INVALID: Invalid code. Try again.");
    let same = browser.idx("introspect", json!({ "stateHandle": handle })).await;
    assert_eq!((same.status, same.field_message().as_str()), (StatusCode::OK, "200 -: -"), "it is told once");
    let code = phone.totp(org.site.now()).unwrap();
    let done = browser.answer(&handle, "totp", &code).await;
    let answer = browser.get(done.json()["success"]["href"].as_str().unwrap()).await;
    let tokens = org.redeem(&answer.parameter("code").unwrap(), &[]).await;
    let claims = decoded(1, tokens.json()["id_token"].as_str().unwrap());
    assert_eq!(claims["amr"], json!(["mfa", "otp", "pwd"]));
    // The same code, by somebody who has the password too.
    let mut other = org.browser();
    let handle = other.open(&org.authorize_url(&[])).await;
    other.identify(&handle, LOGIN, PASSWORD).await;
    other.idx("challenge", json!({ "stateHandle": handle, "authenticator": chosen })).await;
    let used = other.answer(&handle, "totp", &code).await;
    assert!(used.field_message().starts_with("401 authfactor.challenge.soft_token.used_passcode: Each code"));
}

#[tokio::test]
async fn who_has_no_second_factor_enrols_one_after_the_password() {
    let org = TestOrg::with_alice_assigned().await;
    app_rule(&org, Access::Allow, Assurance::two_factors());
    let mut browser = org.browser();
    let handle = browser.open(&org.authorize_url(&[])).await;
    let choice = browser.identify(&handle, LOGIN, PASSWORD).await;
    assert_eq!(choice.remediations(), ["select-authenticator-enroll"]);
    let chosen = choice.option("select-authenticator-enroll", 0);
    let task =
        browser.idx("credential/enroll", json!({ "stateHandle": handle, "authenticator": chosen })).await;
    assert_eq!(task.remediations(), ["enroll-authenticator", "select-authenticator-enroll"]);
    let picture = &task.json()["currentAuthenticator"]["value"]["contextualData"]["qrcode"]["href"];
    assert!(picture.as_str().unwrap().starts_with("data:image/svg+xml;base64,"));
    let wrong = browser.answer(&handle, "passcode", "000000").await;
    assert_eq!(wrong.field_message(), "401 api.authn.error.PASSCODE_INVALID: Invalid code. Try again.");
    assert_eq!(org.count(EventType::FactorActivate), 0);
    let code = scanned(&task).totp(org.site.now()).unwrap();
    let done = browser.answer(&handle, "passcode", &code).await;
    assert_eq!(done.json()["success"]["name"], "success-redirect");
    assert_eq!(org.count(EventType::FactorActivate), 1);
}

#[tokio::test]
async fn an_expired_password_is_changed_on_the_way_in() {
    let org = TestOrg::with_alice_assigned().await;
    org.model().expire_password(&org.alice.id, &Cause::system()).unwrap();
    let mut browser = org.browser();
    let handle = browser.open(&org.authorize_url(&[])).await;
    let task = browser.identify(&handle, LOGIN, PASSWORD).await;
    assert_eq!(task.remediations(), ["reenroll-authenticator"]);
    let short = browser.answer(&handle, "passcode", "").await;
    assert!(short.field_message().starts_with("400 -: "), "{short:?}");
    let done = browser.answer(&handle, "passcode", "A longer 1 horse").await;
    assert_eq!(done.json()["success"]["name"], "success-redirect", "{done:?}");
    let answer = browser.get(done.json()["success"]["href"].as_str().unwrap()).await;
    assert!(answer.parameter("code").is_some());
}

#[tokio::test]
async fn a_name_alone_leads_to_the_password_and_cancelling_to_the_start() {
    let org = TestOrg::new().await;
    let mut browser = org.browser();
    let handle = browser.open(&format!("{ORG}/")).await;
    let task = browser.idx("identify", json!({ "stateHandle": handle, "identifier": LOGIN })).await;
    assert_eq!(task.remediations()[0], "challenge-authenticator");
    assert_eq!(task.json()["currentAuthenticatorEnrollment"]["value"]["key"], "okta_password");
    let start = browser.idx("cancel", json!({ "stateHandle": handle })).await;
    assert_eq!(start.remediations(), ["identify"]);
    assert!(start.json().get("user").is_none());
    browser.idx("identify", json!({ "stateHandle": handle, "identifier": LOGIN })).await;
    let wrong = browser.answer(&handle, "passcode", "wrong").await;
    assert_eq!(wrong.message(), "401 errors.E0000004: Unable to sign in");
    let done = browser.answer(&handle, "passcode", PASSWORD).await;
    let home = browser.get(done.json()["success"]["href"].as_str().unwrap()).await;
    assert_eq!(home.location(), "/app/UserHome");
}
