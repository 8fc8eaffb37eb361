use http::{Method, StatusCode, header};
use serde_json::json;

use super::LOGIN;
use crate::testing::{ORG, TestOrg};

const ME: &str = "https://acme.okta.test/api/v1/sessions/me";

#[tokio::test]
async fn a_page_learns_who_is_signed_in_and_signs_out() {
    let org = TestOrg::new().await;
    let mut browser = org.browser();
    let nobody = browser.get(ME).await;
    assert_eq!(nobody.api_error(), "404 E0000007 Not found: Resource not found: me (Session)");
    browser.sign_in(LOGIN).await;
    let session = browser.get(ME).await.json();
    assert_eq!(
        (&session["login"], &session["userId"], &session["status"], &session["amr"]),
        (&json!(LOGIN), &json!(org.alice.id), &json!("ACTIVE"), &json!(["pwd"]))
    );
    assert_eq!(session["lastFactorVerification"], json!(null));
    let body = Some(("application/json", "{}".to_owned()));
    let refresh = session["_links"]["refresh"]["href"].as_str().unwrap();
    org.advance(3600);
    let refreshed = browser.send(Method::POST, refresh, body).await.json();
    assert!(refreshed["expiresAt"].as_str() > session["expiresAt"].as_str());
    assert_eq!(browser.send(Method::DELETE, ME, None).await.status, StatusCode::NO_CONTENT);
    assert_eq!(browser.get(ME).await.status, StatusCode::NOT_FOUND);
    assert!(org.model().sessions_of(&org.alice.id).is_empty());
}

#[tokio::test]
async fn a_page_of_another_origin_signs_nobody_out() {
    let org = TestOrg::new().await;
    let mut browser = org.browser();
    browser.sign_in(LOGIN).await;
    browser.header(header::ORIGIN, "https://evil.test");
    let refused = browser.send(Method::DELETE, ME, None).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let refresh = format!("{ORG}/api/v1/sessions/me/lifecycle/refresh");
    assert_eq!(browser.send(Method::POST, &refresh, None).await.status, StatusCode::FORBIDDEN);
    assert_eq!(browser.signed_in().await.as_deref(), Some(LOGIN));
}
