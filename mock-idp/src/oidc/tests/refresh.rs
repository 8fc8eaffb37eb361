use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::Event;
use crate::model::{Cause, GrantType, NewApp, RefreshTokenRotation, RefreshTokenSettings};
use crate::testing::{Answer, CALLBACK, ORG, TestOrg, decoded};

const SCOPE: &str = "openid email offline_access";

async fn org(rotation_type: RefreshTokenRotation, leeway: u32) -> TestOrg {
    let mut org = TestOrg::with_alice_assigned().await;
    org.configure(|settings| {
        settings.grant_types.push(GrantType::RefreshToken);
        settings.refresh_token = RefreshTokenSettings { rotation_type, leeway };
    });
    org
}

async fn sign_in(org: &TestOrg) -> Value {
    let code = org.browser().code(&[("scope", SCOPE)]).await;
    org.redeem(&code, &[]).await.json()
}

async fn refresh(org: &TestOrg, token: &Value, changes: &[(&str, &str)]) -> Answer {
    let token = token["refresh_token"].as_str().unwrap();
    let base = [("grant_type", "refresh_token"), ("refresh_token", token), ("redirect_uri", "")];
    org.redeem("", &[&base[..], &[("code_verifier", "")], changes].concat()).await
}

fn text<'a>(tokens: &'a Value, name: &str) -> &'a str {
    tokens[name].as_str().unwrap_or_default()
}

const INVALID: &str = "400 invalid_grant: The refresh token is invalid or expired.";

#[tokio::test]
async fn a_refresh_token_is_for_those_who_ask_for_it_and_may() {
    let org = org(RefreshTokenRotation::Static, 0).await;
    let tokens = sign_in(&org).await;
    let members: Vec<&String> = tokens.as_object().unwrap().keys().collect();
    let expected = ["token_type", "expires_in", "access_token", "scope", "refresh_token", "id_token"];
    assert_eq!(members, expected);
    assert_eq!(tokens["scope"], SCOPE);
    let code = org.browser().code(&[]).await;
    assert!(org.redeem(&code, &[]).await.json().get("refresh_token").is_none());
    let other = TestOrg::with_alice_assigned().await;
    let tokens = sign_in(&other).await;
    assert_eq!((tokens.get("refresh_token"), &tokens["scope"]), (None, &json!("openid email")));
    let form = [("grant_type", "refresh_token"), ("refresh_token", "x")];
    assert_eq!(
        other.redeem("", &form).await.oauth_error(),
        "400 unauthorized_client: The client is not authorized to use the provided grant type. Configured grant \
         types: [authorization_code]."
    );
}

#[tokio::test]
async fn a_static_refresh_token_brings_new_tokens_of_the_same_sign_in() {
    let org = org(RefreshTokenRotation::Static, 0).await;
    let first = sign_in(&org).await;
    org.advance(7200);
    let second = refresh(&org, &first, &[]).await.json();
    assert_eq!(second["refresh_token"], first["refresh_token"]);
    assert_ne!(second["access_token"], first["access_token"]);
    let [old, new] = [&first, &second].map(|tokens| decoded(1, text(tokens, "id_token")));
    assert_eq!((&new["sub"], &new["auth_time"]), (&old["sub"], &old["auth_time"]));
    assert!(new["iat"].as_i64() > old["iat"].as_i64());
    assert!(!new.contains_key("nonce"), "the nonce was the sign-in's");
    assert_eq!(org.userinfo(text(&second, "access_token")).await.status, StatusCode::OK);
    let narrowed = refresh(&org, &second, &[("scope", "email")]).await.json();
    assert_eq!((&narrowed["scope"], narrowed.get("id_token")), (&json!("email"), None));
    assert_eq!(
        refresh(&org, &second, &[("scope", "openid phone")]).await.oauth_error(),
        "400 access_denied: Some of the scopes requested for the refresh request were not granted in the original \
         authorize request. Denied scopes: phone."
    );
    assert!(org.logged().contains(&"app.oauth2.token.grant.refresh_token".to_owned()));
}

#[tokio::test]
async fn whoever_uses_a_rotated_token_again_takes_the_family_down() {
    let org = org(RefreshTokenRotation::Rotate, 0).await;
    let first = sign_in(&org).await;
    let second = refresh(&org, &first, &[]).await.json();
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    assert_eq!(refresh(&org, &first, &[]).await.oauth_error(), INVALID);
    assert_eq!(refresh(&org, &second, &[]).await.oauth_error(), INVALID);
    for tokens in [&first, &second] {
        assert_eq!(org.userinfo(text(tokens, "access_token")).await.status, StatusCode::UNAUTHORIZED);
    }
    let noted = |event: &Event| matches!(event, Event::RefreshTokenReused { revoked: 2, .. });
    assert!(org.events().iter().any(noted));
    assert!(org.logged().contains(&"app.oauth2.token.detect_reuse: refresh_token_reused".to_owned()));
    refresh(&org, &sign_in(&org).await, &[]).await.json();
}

#[tokio::test]
async fn a_rotated_token_is_good_for_its_leeway() {
    let org = org(RefreshTokenRotation::Rotate, 30).await;
    let first = sign_in(&org).await;
    let second = refresh(&org, &first, &[]).await.json();
    org.advance(20);
    let third = refresh(&org, &first, &[]).await;
    assert_eq!(third.status, StatusCode::OK);
    org.advance(20);
    assert_eq!(refresh(&org, &first, &[]).await.oauth_error(), INVALID);
    assert_eq!(refresh(&org, &second, &[]).await.oauth_error(), INVALID);
}

#[tokio::test]
async fn a_code_that_is_used_twice_takes_its_refresh_token_with_it() {
    let org = org(RefreshTokenRotation::Static, 0).await;
    let code = org.browser().code(&[("scope", SCOPE)]).await;
    let tokens = org.redeem(&code, &[]).await.json();
    org.redeem(&code, &[]).await;
    assert_eq!(refresh(&org, &tokens, &[]).await.oauth_error(), INVALID);
}

#[tokio::test]
async fn whoever_is_out_by_now_is_refreshed_no_more() {
    let org = org(RefreshTokenRotation::Rotate, 0).await;
    let tokens = sign_in(&org).await;
    let cause = Cause::system();
    org.model().suspend_user(&org.alice.id, &cause).unwrap();
    assert_eq!(refresh(&org, &tokens, &[]).await.oauth_error(), INVALID);
    org.model().unsuspend_user(&org.alice.id, &cause).unwrap();
    org.model().unassign_user(&org.app.id, &org.alice.id, &cause).unwrap();
    assert_eq!(
        refresh(&org, &tokens, &[]).await.oauth_error(),
        "400 access_denied: User is not assigned to the client application."
    );
    org.model().assign_user(&org.app.id, &org.alice.id, &cause).unwrap();
    // None of that used it up.
    let tokens = refresh(&org, &tokens, &[]).await.json();
    org.advance(90 * 24 * 3600);
    assert_eq!(refresh(&org, &tokens, &[]).await.oauth_error(), INVALID);
    assert_eq!(
        refresh(&org, &json!({"refresh_token": ""}), &[]).await.oauth_error(),
        "400 invalid_request: The required parameter 'refresh_token' is missing."
    );
}

#[tokio::test]
async fn an_administrator_revokes_what_was_issued_for_a_person() {
    let org = org(RefreshTokenRotation::Static, 0).await;
    let tokens = sign_in(&org).await;
    let code = org.browser().code(&[("scope", SCOPE)]).await;
    let sessions = format!("/users/{}/sessions", org.alice.id);
    org.api(Method::DELETE, &sessions, None).await;
    assert_eq!(refresh(&org, &tokens, &[]).await.status, StatusCode::OK, "sessions are another thing");
    let answer = org.api(Method::DELETE, &format!("{sessions}?oauthTokens=true"), None).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    assert_eq!(refresh(&org, &tokens, &[]).await.oauth_error(), INVALID);
    assert_eq!(org.userinfo(text(&tokens, "access_token")).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(org.redeem(&code, &[]).await.status, StatusCode::BAD_REQUEST);
    assert!(org.logged().contains(&"app.oauth2.token.revoke.implicit.user".to_owned()));
}

#[tokio::test]
async fn another_client_gets_nothing_for_it_and_ends_nothing() {
    let mut org = org(RefreshTokenRotation::Rotate, 0).await;
    let tokens = sign_in(&org).await;
    let rotated = refresh(&org, &tokens, &[]).await.json();
    let own = org.app.clone();
    let settings = own.settings.clone();
    let new = NewApp { settings, ..NewApp::web("thief", CALLBACK) };
    org.app = org.model().create_app(new, &Cause::system()).unwrap();
    for token in [&tokens, &rotated] {
        assert_eq!(refresh(&org, token, &[]).await.oauth_error(), INVALID);
    }
    org.app = own;
    assert_eq!(refresh(&org, &rotated, &[]).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_client_can_ask_about_all_its_tokens_and_revoke_them() {
    let org = org(RefreshTokenRotation::Static, 0).await;
    let tokens = sign_in(&org).await;
    let client =
        [("client_id", org.app.client_id()), ("client_secret", org.app.secret.as_ref().unwrap().expose())];
    let call = async |endpoint: &str, token: &str| {
        let form = [&client[..], &[("token", token)]].concat();
        org.browser().post(&format!("{ORG}/oauth2/v1/{endpoint}"), &form).await
    };
    let about = call("introspect", text(&tokens, "refresh_token")).await.json();
    assert_eq!((&about["active"], &about["scope"]), (&json!(true), &json!(SCOPE)));
    let about = call("introspect", text(&tokens, "id_token")).await.json();
    assert_eq!((&about["active"], &about["aud"]), (&json!(true), &json!(org.app.id)));
    assert_eq!(call("revoke", text(&tokens, "refresh_token")).await.status, StatusCode::OK);
    for kind in ["refresh_token", "access_token"] {
        assert_eq!(call("introspect", text(&tokens, kind)).await.json(), json!({"active": false}), "{kind}");
    }
    org.advance(3601);
    assert_eq!(call("introspect", text(&tokens, "id_token")).await.json(), json!({"active": false}));
    assert_eq!(refresh(&org, &tokens, &[]).await.oauth_error(), INVALID);
}
