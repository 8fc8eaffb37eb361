use http::StatusCode;
use serde_json::json;

use super::{LOGIN, app_rule, phone, two_factors};
use crate::authn::step_up_path;
use crate::model::{Access, Assurance, Cause, EventType};
use crate::sign_in::encoded;
use crate::testing::{CALLBACK, ORG, PASSWORD, TestOrg, decoded};

#[tokio::test]
async fn a_session_token_becomes_a_session_once_and_for_five_minutes() {
    let org = TestOrg::new().await;
    let mut browser = org.browser();
    let token = browser.session_token().await;
    let redirect = |token: &str| {
        format!("{ORG}/login/sessionCookieRedirect?token={token}&redirectUrl={ORG}/app/UserHome%3Fx")
    };
    let answer = browser.get(&redirect(&token)).await;
    assert_eq!(
        (answer.status, answer.location()),
        (StatusCode::FOUND, "https://acme.okta.test/app/UserHome?x")
    );
    assert_eq!(org.count(EventType::SessionStart), 1);
    assert_eq!(browser.signed_in().await.as_deref(), Some(LOGIN));
    let mut other = org.browser();
    for token in [token.as_str(), "20111nothing", ""] {
        let asked = other.get(&redirect(token)).await;
        assert_eq!(asked.location(), "/login/login.htm?fromURI=%2Fapp%2FUserHome%3Fx", "{token}");
    }
    let late = other.session_token().await;
    org.advance(300);
    other.get(&redirect(&late)).await;
    assert_eq!(other.signed_in().await, None);
    let token = other.session_token().await;
    org.model().suspend_user(&org.alice.id, &Cause::system()).unwrap();
    other.get(&redirect(&token)).await;
    org.model().unsuspend_user(&org.alice.id, &Cause::system()).unwrap();
    assert_eq!(other.signed_in().await, None, "who is suspended meanwhile has none");
}

#[tokio::test]
async fn it_leads_to_the_org_and_nowhere_else_and_is_kept_otherwise() {
    let org = TestOrg::new().await;
    let mut browser = org.browser();
    let token = browser.session_token().await;
    for elsewhere in [
        "https://evil.test/",
        "//evil.test/",
        "/app/UserHome",
        "http://acme.okta.test/",
        CALLBACK,
        "javascript:alert(1)",
        "",
    ] {
        let url = format!("{ORG}/login/sessionCookieRedirect?token={token}&redirectUrl={elsewhere}");
        let refused = browser.get(&url).await;
        assert_eq!((refused.status, refused.location()), (StatusCode::BAD_REQUEST, ""), "{elsewhere}");
        assert!(!refused.body.contains(&token));
    }
    let url = format!("{ORG}/login/sessionCookieRedirect?token={token}&redirectUrl={ORG}");
    browser.get(&url).await;
    assert_eq!(browser.signed_in().await.as_deref(), Some(LOGIN));
}

#[tokio::test]
async fn it_takes_the_place_of_somebody_elses_session() {
    let org = TestOrg::new().await;
    let mut browser = org.browser();
    browser.sign_in("mallory@acme.test").await;
    let token = browser.session_token().await;
    browser.get(&format!("{ORG}/login/sessionCookieRedirect?token={token}&redirectUrl={ORG}")).await;
    assert_eq!(browser.signed_in().await.as_deref(), Some(LOGIN));
    assert!(org.model().sessions_of(&org.mallory.id).is_empty());
}

#[tokio::test]
async fn an_authorization_request_takes_one_and_nobody_is_asked() {
    let org = TestOrg::with_alice_assigned().await;
    two_factors(&org);
    let phone = phone(&org);
    let mut client = org.browser();
    let choice = client.begin().await;
    let code = phone.totp(org.site.now()).unwrap();
    let done =
        client.follow_link(&choice, "/_embedded/factors/0/_links/verify", json!({ "passCode": code })).await;
    let url = org.authorize_url(&[("sessionToken", &done.text("sessionToken")), ("prompt", "none")]);
    let answer = client.get(&url).await;
    assert!(client.cookies.keys().any(|(_, name)| name == "idx"), "the browser is signed in");
    let tokens = org.redeem(&answer.parameter("code").unwrap(), &[]).await;
    let claims = decoded(1, tokens.json()["id_token"].as_str().unwrap());
    assert_eq!(claims["amr"], json!(["mfa", "otp", "pwd"]));
    let mut other = org.browser();
    let asked = other.get(&url).await;
    assert!(asked.oauth_error().starts_with("302 login_required"), "{asked:?}");
}

#[tokio::test]
async fn a_bad_authorization_request_or_one_that_asks_again_leaves_the_token() {
    let org = TestOrg::with_alice_assigned().await;
    let mut client = org.browser();
    let token = client.session_token().await;
    for change in [("redirect_uri", "https://evil.test/"), ("state", ""), ("prompt", "login")] {
        let answer = client.get(&org.authorize_url(&[("sessionToken", &token), change])).await;
        assert!(answer.parameter("code").is_none());
        assert!(!client.cookies.keys().any(|(_, name)| name == "idx"));
    }
    let answer = client.get(&org.authorize_url(&[("sessionToken", &token)])).await;
    assert!(answer.parameter("code").is_some());
}

#[tokio::test]
async fn a_page_goes_on_with_the_session_that_came_meanwhile_as_far_as_it_reaches() {
    let org = TestOrg::with_alice_assigned().await;
    app_rule(&org, Access::Allow, Assurance::two_factors());
    let phone = phone(&org);
    let mut browser = org.browser();
    let token = browser.get(&org.authorize_url(&[])).await.hidden("stateToken");
    let step_up = format!("{ORG}{}", step_up_path(&token));
    let asked = browser.get(&step_up).await;
    assert!(asked.location().starts_with("/signin?stateToken="), "nobody is signed in");
    let start = browser.authn("/introspect", json!({ "stateToken": token })).await;
    assert_eq!(
        (start.state().as_str(), start.json()["type"].as_str()),
        ("UNAUTHENTICATED", Some("SESSION_STEP_UP"))
    );
    assert_eq!(start.json()["_embedded"]["target"]["label"], "ngrok");
    // The widget signs in by itself, and comes back with a session.
    let session = browser.session_token().await;
    let redirect =
        format!("{ORG}/login/sessionCookieRedirect?token={session}&redirectUrl={}", encoded(&step_up));
    assert_eq!(browser.get(&redirect).await.location(), step_up);
    let asked = browser.get(&step_up).await;
    assert!(asked.location().starts_with("/signin?stateToken="), "one factor is not enough");
    let choice = browser.authn("/introspect", json!({ "stateToken": token })).await;
    assert_eq!(choice.state(), "MFA_REQUIRED");
    let code = phone.totp(org.site.now()).unwrap();
    let done =
        browser.follow_link(&choice, "/_embedded/factors/0/_links/verify", json!({ "passCode": code })).await;
    assert_eq!(done.state(), "SUCCESS");
    let next = &done.json()["_links"]["next"];
    assert_eq!((next["name"].as_str(), next["href"].as_str()), (Some("original"), Some(step_up.as_str())));
    let answer = browser.get(&step_up).await;
    let tokens = org.redeem(&answer.parameter("code").unwrap(), &[]).await;
    let claims = decoded(1, tokens.json()["id_token"].as_str().unwrap());
    assert_eq!(claims["amr"], json!(["mfa", "otp", "pwd"]));
    assert_eq!(browser.get(&step_up).await.status, StatusCode::BAD_REQUEST, "it was finished already");
}

#[tokio::test]
async fn cancelling_a_pages_sign_in_begins_it_anew() {
    let org = TestOrg::with_alice_assigned().await;
    app_rule(&org, Access::Allow, Assurance::two_factors());
    phone(&org);
    let mut browser = org.browser();
    let token = browser.get(&org.authorize_url(&[])).await.hidden("stateToken");
    let sent = json!({ "stateToken": token, "username": LOGIN, "password": PASSWORD });
    let choice = browser.authn("", sent.clone()).await;
    assert_eq!(choice.state(), "MFA_REQUIRED");
    browser.follow_link(&choice, "/_links/cancel", json!({})).await;
    let start = browser.authn("", json!({ "stateToken": token })).await;
    assert_eq!(start.state(), "UNAUTHENTICATED");
    assert!(start.json()["_embedded"].get("user").is_none());
    assert_eq!(browser.follow_link(&start, "/_links/next", sent).await.state(), "MFA_REQUIRED");
}

#[tokio::test]
async fn a_page_that_a_policy_denies_gives_no_session() {
    let org = TestOrg::with_alice_assigned().await;
    app_rule(&org, Access::Deny, Assurance::one_factor());
    let mut browser = org.browser();
    let token = browser.get(&org.authorize_url(&[])).await.hidden("stateToken");
    let sent = json!({ "stateToken": token, "username": LOGIN, "password": PASSWORD });
    assert_eq!(browser.authn("", sent).await.api_error(), "401 E0000004 Authentication failed");
    let end = browser.get(&format!("{ORG}/login/step-up/redirect?stateToken={token}")).await;
    assert!(end.parameter("code").is_none());
    assert_eq!(browser.signed_in().await, None);
}
