//! Device authorization, from the device's first request to its tokens.

use http::{StatusCode, header};
use serde_json::{Value, json};

use crate::model::{Cause, GrantType, RefreshTokenSettings, ServerName, TokenEndpointAuthMethod};
use crate::testing::{Answer, Browser, ORG, PASSWORD, TestOrg, decoded};

const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// An org whose app is a device's: public, without a browser of its own.
async fn org() -> TestOrg {
    let mut org = TestOrg::with_alice_assigned().await;
    org.configure(|settings| {
        settings.grant_types = vec![GrantType::DeviceCode, GrantType::RefreshToken];
        settings.response_types = Vec::new();
        settings.redirect_uris = Vec::new();
        settings.token_endpoint_auth_method = TokenEndpointAuthMethod::None;
        settings.pkce_required = true;
        settings.refresh_token = RefreshTokenSettings::usual(settings.application_type);
    });
    org
}

async fn begin(org: &TestOrg, scope: &str) -> Answer {
    let form = [("client_id", org.app.client_id()), ("scope", scope)];
    org.browser().post(&format!("{ORG}/oauth2/v1/device/authorize"), &form).await
}

async fn poll(org: &TestOrg, begun: &Value) -> Answer {
    let code = begun["device_code"].as_str().unwrap();
    let form = [("client_id", org.app.client_id()), ("grant_type", DEVICE_CODE), ("device_code", code)];
    org.browser().post(&format!("{ORG}/oauth2/v1/token"), &form).await
}

async fn enter(browser: &mut Browser<'_>, code: &str) -> Answer {
    browser.post(&format!("{ORG}/activate"), &[("user_code", code)]).await
}

const PENDING: &str =
    "400 authorization_pending: The device authorization is pending. Please try again later.";

#[tokio::test]
async fn a_device_gets_its_tokens_when_somebody_has_entered_its_code() {
    let org = org().await;
    let begun = begin(&org, "openid profile offline_access").await;
    assert_eq!((begun.status, begun.header(header::CACHE_CONTROL)), (StatusCode::OK, "no-cache, no-store"));
    let begun = begun.json();
    let user_code = begun["user_code"].as_str().unwrap();
    assert_eq!(begun["verification_uri"], format!("{ORG}/activate"));
    assert_eq!(begun["verification_uri_complete"], format!("{ORG}/activate?user_code={user_code}"));
    assert_eq!((&begun["expires_in"], &begun["interval"]), (&json!(600), &json!(5)));
    assert_eq!(poll(&org, &begun).await.oauth_error(), PENDING);
    let slow = "400 slow_down: Slow down the polling frequency. Please try again later.";
    assert_eq!(poll(&org, &begun).await.oauth_error(), slow);
    let mut browser = org.browser();
    let page = browser.get(begun["verification_uri_complete"].as_str().unwrap()).await;
    assert!(page.body.contains(&format!(r#"value="{user_code}""#)), "{page:?}");
    let typed = format!("{}-{}", &user_code[..4].to_lowercase(), &user_code[4..]);
    let page = enter(&mut browser, &typed).await;
    assert!(page.body.contains("Sign in with your account to access <b>ngrok</b>"), "{page:?}");
    let done = browser.submit(&page, "alice@acme.test", PASSWORD).await;
    assert_eq!((done.status, done.location()), (StatusCode::SEE_OTHER, "/activate/done"));
    let page = browser.get(&format!("{ORG}{}", done.location())).await;
    assert!(page.body.contains("Device activated"), "{page:?}");
    org.advance(5);
    let tokens = poll(&org, &begun).await;
    assert_eq!(tokens.status, StatusCode::OK, "{tokens:?}");
    let tokens = tokens.json();
    assert_eq!(tokens["scope"], "openid profile offline_access");
    let claims = decoded(1, tokens["id_token"].as_str().unwrap());
    assert_eq!((&claims["sub"], &claims["aud"]), (&json!(org.alice.id), &json!(org.app.id)));
    assert!(claims.contains_key("at_hash") && !claims.contains_key("nonce"), "{claims:?}");
    assert_eq!(org.userinfo(tokens["access_token"].as_str().unwrap()).await.status, StatusCode::OK);
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let form =
        [("client_id", org.app.client_id()), ("grant_type", "refresh_token"), ("refresh_token", refresh)];
    let refreshed = org.browser().post(&format!("{ORG}/oauth2/v1/token"), &form).await;
    assert_eq!(refreshed.status, StatusCode::OK, "{refreshed:?}");
    let gone = "400 invalid_grant: The device code is invalid or has expired.";
    assert_eq!(poll(&org, &begun).await.oauth_error(), gone, "once");
    let late = enter(&mut browser, user_code).await;
    assert!(late.body.contains("Invalid code. Try again."), "{late:?}");
}

#[tokio::test]
async fn whoever_is_signed_in_enters_the_code_alone() {
    let org = org().await;
    let mut browser = org.browser();
    browser.sign_in("alice@acme.test").await;
    let begun = begin(&org, "openid").await.json();
    let done = enter(&mut browser, begun["user_code"].as_str().unwrap()).await;
    assert_eq!((done.status, done.location()), (StatusCode::SEE_OTHER, "/activate/done"));
    assert_eq!(poll(&org, &begun).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_device_is_told_why_not() {
    let org = org().await;
    let mut browser = org.browser();
    browser.sign_in("mallory@acme.test").await;
    let begun = begin(&org, "openid").await.json();
    let denied = enter(&mut browser, begun["user_code"].as_str().unwrap()).await;
    assert_eq!(denied.location(), "/activate/denied");
    let unassigned = "400 access_denied: User is not assigned to the client application.";
    assert_eq!(poll(&org, &begun).await.oauth_error(), unassigned);
    let begun = begin(&org, "openid").await.json();
    org.advance(600);
    assert_eq!(poll(&org, &begun).await.oauth_error(), "400 expired_token: The device code has expired.");
    let late = enter(&mut browser, begun["user_code"].as_str().unwrap()).await;
    assert_eq!((late.status, late.body.contains("Invalid code")), (StatusCode::BAD_REQUEST, true));
    // Who is out by the time that the device asks gets nothing.
    let begun = begin(&org, "openid").await.json();
    let mut alice = org.browser();
    alice.sign_in("alice@acme.test").await;
    enter(&mut alice, begun["user_code"].as_str().unwrap()).await;
    org.model().suspend_user(&org.alice.id, &Cause::system()).unwrap();
    let gone = "400 invalid_grant: The device code is invalid or has expired.";
    assert_eq!(poll(&org, &begun).await.oauth_error(), gone);
}

#[tokio::test]
async fn no_other_page_and_no_other_client_activates_a_device() {
    let mut org = org().await;
    let begun = begin(&org, "openid").await.json();
    let mut browser = org.browser();
    browser.sign_in("alice@acme.test").await;
    browser.header(header::ORIGIN, "https://evil.test");
    let refused = enter(&mut browser, begun["user_code"].as_str().unwrap()).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "{refused:?}");
    assert_eq!(poll(&org, &begun).await.oauth_error(), PENDING);
    let other = org.browser().get(&format!("{ORG}/activate?user_code=%22%3E%3Cscript%3E")).await;
    assert!(!other.body.contains("<script>"), "{other:?}");
    for (scope, expected) in [
        ("", "400 invalid_scope: No scopes were requested."),
        (
            "openid fish",
            "400 invalid_scope: One or more scopes are not configured for the authorization server resource.",
        ),
    ] {
        assert_eq!(begin(&org, scope).await.oauth_error(), expected);
    }
    org.configure(|settings| settings.grant_types = vec![GrantType::RefreshToken]);
    let unauthorized = "400 unauthorized_client: The client is not authorized to use the provided grant type. \
                        Configured grant types: [refresh_token].";
    assert_eq!(begin(&org, "openid").await.oauth_error(), unauthorized);
    assert_eq!(poll(&org, &begun).await.oauth_error(), unauthorized);
    let nobody =
        org.browser().post(&format!("{ORG}/oauth2/v1/device/authorize"), &[("scope", "openid")]).await;
    assert_eq!(nobody.oauth_error(), "401 invalid_client: No client credentials found.");
}

#[tokio::test]
async fn a_device_code_is_good_at_its_own_server_alone() {
    let org = org().await;
    let metadata = org.browser().get(&format!("{ORG}/.well-known/openid-configuration")).await.json();
    assert_eq!(metadata["device_authorization_endpoint"], format!("{ORG}/oauth2/v1/device/authorize"));
    assert!(metadata["grant_types_supported"].as_array().unwrap().contains(&json!(DEVICE_CODE)));
    let form = [("client_id", org.app.client_id()), ("scope", "openid")];
    let begun = org.browser().post(&format!("{ORG}/oauth2/default/v1/device/authorize"), &form).await.json();
    let elsewhere = "400 invalid_request: The grant was issued for another authorization server.";
    assert_eq!(poll(&org, &begun).await.oauth_error(), elsewhere);
    let mut browser = org.browser();
    browser.sign_in("alice@acme.test").await;
    enter(&mut browser, begun["user_code"].as_str().unwrap()).await;
    let code = begun["device_code"].as_str().unwrap();
    let form = [("client_id", org.app.client_id()), ("grant_type", DEVICE_CODE), ("device_code", code)];
    let tokens = org.browser().post(&format!("{ORG}/oauth2/default/v1/token"), &form).await.json();
    let claims = decoded(1, tokens["access_token"].as_str().unwrap());
    assert_eq!(claims["iss"], format!("{ORG}/oauth2/default"));
    assert!(org.model().authorization_server(&ServerName::Org).is_some());
}
