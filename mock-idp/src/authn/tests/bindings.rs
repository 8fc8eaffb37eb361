use http::{StatusCode, header};
use serde_json::json;

use super::{LOGIN, phone, two_factors};
use crate::testing::{ORG, PASSWORD, TestOrg};

const INVALID: &str = "401 E0000011 Invalid token provided";

#[tokio::test]
async fn what_a_browser_begins_nobody_else_goes_on_with() {
    let org = TestOrg::new().await;
    two_factors(&org);
    phone(&org);
    let (mut attacker, mut victim) = (org.browser(), org.browser());
    for browser in [&mut attacker, &mut victim] {
        browser.get(&format!("{ORG}/")).await;
    }
    let choice = attacker.begin().await;
    let token = json!({ "stateToken": choice.json()["stateToken"] });
    assert_eq!(victim.authn("", token.clone()).await.api_error(), INVALID);
    assert_eq!(org.browser().authn("", token.clone()).await.api_error(), INVALID);
    assert_eq!(attacker.authn("", token).await.state(), "MFA_REQUIRED");
    // Nor by the other faces of a sign-in.
    let token = choice.text("stateToken");
    for path in ["/signin", "/login/token/redirect", "/login/step-up/redirect"] {
        let refused = attacker.get(&format!("{ORG}{path}?stateToken={token}")).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{path}");
    }
}

#[tokio::test]
async fn a_browsers_session_token_signs_no_other_browser_in() {
    let org = TestOrg::with_alice_assigned().await;
    let (mut attacker, mut victim) = (org.browser(), org.browser());
    for browser in [&mut attacker, &mut victim] {
        browser.get(&format!("{ORG}/")).await;
    }
    let token = attacker.session_token().await;
    let home = format!("{ORG}/app/UserHome");
    let redirect = format!("{ORG}/login/sessionCookieRedirect?token={token}&redirectUrl={home}");
    let asked = victim.get(&redirect).await;
    assert_eq!(asked.location(), "/login/login.htm?fromURI=%2Fapp%2FUserHome");
    let asked = victim.get(&org.authorize_url(&[("sessionToken", &token), ("prompt", "none")])).await;
    assert!(asked.oauth_error().starts_with("302 login_required"), "{asked:?}");
    assert_eq!(victim.signed_in().await, None);
    // It was none of the victim's, so it is still good.
    assert_eq!(attacker.get(&redirect).await.location(), home);
    assert_eq!(attacker.signed_in().await.as_deref(), Some(LOGIN));
}

#[tokio::test]
async fn what_a_program_begins_it_may_hand_to_a_browser_once() {
    let org = TestOrg::new().await;
    let token = org.browser().session_token().await;
    let redirect = format!("{ORG}/login/sessionCookieRedirect?token={token}&redirectUrl={ORG}/app/UserHome");
    let (mut first, mut second) = (org.browser(), org.browser());
    first.get(&format!("{ORG}/")).await;
    first.get(&redirect).await;
    assert_eq!(first.signed_in().await.as_deref(), Some(LOGIN));
    second.get(&redirect).await;
    assert_eq!(second.signed_in().await, None);
}

#[tokio::test]
async fn pages_of_other_origins_begin_and_continue_nothing() {
    let org = TestOrg::new().await;
    two_factors(&org);
    let mut browser = org.browser();
    let choice = browser.begin().await;
    browser.header(header::ORIGIN, "https://evil.test");
    let denied = "403 E0000006 You do not have permission to perform the requested action";
    assert_eq!(browser.begin().await.api_error(), denied);
    for path in ["", "/introspect", "/cancel"] {
        let refused = browser.authn(path, json!({ "stateToken": choice.json()["stateToken"] })).await;
        assert_eq!(refused.api_error(), denied, "{path}");
    }
}

#[tokio::test]
async fn a_pages_sign_in_is_bound_to_its_browser_here_too() {
    let org = TestOrg::new().await;
    let (mut attacker, mut victim) = (org.browser(), org.browser());
    let token = attacker.get(&format!("{ORG}/")).await.hidden("stateToken");
    victim.get(&format!("{ORG}/")).await;
    let sent = json!({ "stateToken": token, "username": LOGIN, "password": PASSWORD });
    assert_eq!(victim.authn("", sent.clone()).await.api_error(), INVALID);
    let done = attacker.authn("", sent).await;
    assert_eq!((done.state().as_str(), done.json()["type"].as_str()), ("SUCCESS", Some("SESSION_STEP_UP")));
    let next = done.json()["_links"]["next"]["href"].as_str().unwrap().to_owned();
    assert_eq!(victim.get(&next).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(victim.signed_in().await, None);
    assert_eq!(attacker.get(&next).await.location(), "/app/UserHome");
    assert_eq!(attacker.signed_in().await.as_deref(), Some(LOGIN));
}
