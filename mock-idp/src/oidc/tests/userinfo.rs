use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{Method, StatusCode, header};
use insta::assert_json_snapshot;
use serde_json::json;

use crate::model::{Cause, TokenEndpointAuthMethod};
use crate::testing::{ORG, TestOrg};

async fn access_token(org: &TestOrg, scope: &str) -> String {
    let code = org.browser().code(&[("scope", scope)]).await;
    org.redeem(&code, &[]).await.json()["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn userinfo_has_what_the_thin_id_token_leaves_out() {
    let org = TestOrg::with_alice_assigned().await;
    let attributes = json!({"nickName": "Al", "city": "Berlin", "mobilePhone": "+49 30 1"});
    let profile = org.alice.profile.clone().merged(attributes.as_object().unwrap()).unwrap();
    org.model().update_profile(&org.alice.id, profile, &Cause::system()).unwrap();
    let token = access_token(&org, "openid profile email phone address").await;
    let claims = org.userinfo(&token).await.json();
    assert_eq!(claims["sub"], json!(org.alice.id));
    assert_json_snapshot!(claims, { ".sub" => "00u…", ".updated_at" => 0 }, @r#"
    {
      "sub": "00u…",
      "name": "Alice Archer",
      "nickname": "Al",
      "locale": "en_US",
      "preferred_username": "alice@acme.test",
      "given_name": "Alice",
      "family_name": "Archer",
      "zoneinfo": "America/Los_Angeles",
      "email": "alice@acme.test",
      "phone_number": "+49 30 1",
      "updated_at": 0,
      "email_verified": true,
      "address": {
        "locality": "Berlin"
      }
    }
    "#);
    let token = access_token(&org, "openid").await;
    assert_eq!(org.userinfo(&token).await.json(), json!({ "sub": org.alice.id }));
}

#[tokio::test]
async fn only_a_good_access_token_opens_userinfo() {
    let org = TestOrg::with_alice_assigned().await;
    let url = format!("{ORG}/oauth2/v1/userinfo");
    let invalid = r#"Bearer error="invalid_token", error_description="The access token is invalid""#;
    let answer = org.userinfo("nonsense").await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(answer.header(header::WWW_AUTHENTICATE), invalid);
    assert_eq!(org.browser().get(&url).await.status, StatusCode::UNAUTHORIZED);
    let code = org.browser().code(&[]).await;
    let tokens = org.redeem(&code, &[]).await.json();
    let id_token = tokens["id_token"].as_str().unwrap();
    assert_eq!(org.userinfo(id_token).await.header(header::WWW_AUTHENTICATE), invalid);
    let access_token = tokens["access_token"].as_str().unwrap();
    let in_query = org.browser().get(&format!("{url}?access_token={access_token}")).await;
    assert_eq!(in_query.status, StatusCode::BAD_REQUEST);
    let by_form = org.browser().post(&url, &[("access_token", access_token)]).await;
    assert_eq!(by_form.status, StatusCode::OK);
    org.advance(3601);
    assert_eq!(org.userinfo(access_token).await.header(header::WWW_AUTHENTICATE), invalid);
}

#[tokio::test]
async fn a_suspended_persons_token_is_worth_nothing_until_it_is_lifted() {
    let org = TestOrg::with_alice_assigned().await;
    let token = access_token(&org, "openid").await;
    org.model().suspend_user(&org.alice.id, &Cause::system()).unwrap();
    assert_eq!(org.userinfo(&token).await.status, StatusCode::UNAUTHORIZED);
    org.model().unsuspend_user(&org.alice.id, &Cause::system()).unwrap();
    assert_eq!(org.userinfo(&token).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_client_can_ask_about_its_token_and_revoke_it() {
    let org = TestOrg::with_alice_assigned().await;
    let token = access_token(&org, "openid email").await;
    let secret = org.app.secret.as_ref().unwrap().expose();
    let mut client = org.browser();
    let basic = STANDARD.encode(format!("{}:{secret}", org.app.client_id()));
    client.header(header::AUTHORIZATION, &format!("Basic {basic}"));
    let ask = format!("{ORG}/oauth2/v1/introspect");
    let about = client.post(&ask, &[("token", &token)]).await.json();
    assert_eq!(about["active"], true);
    assert_eq!((&about["scope"], &about["username"]), (&json!("openid email"), &json!("alice@acme.test")));
    assert_eq!((&about["uid"], &about["client_id"]), (&json!(org.alice.id), &json!(org.app.id)));
    assert_eq!(client.post(&ask, &[("token", "x")]).await.json(), json!({"active": false}));
    assert_eq!(
        client.post(&ask, &[]).await.oauth_error(),
        "400 invalid_request: The 'token' parameter is required."
    );
    let revoke = format!("{ORG}/oauth2/v1/revoke");
    assert_eq!(client.post(&revoke, &[("token", "unknown")]).await.status, StatusCode::OK);
    assert_eq!(client.post(&revoke, &[("token", &token)]).await.status, StatusCode::OK);
    assert_eq!(client.post(&ask, &[("token", &token)]).await.json(), json!({"active": false}));
    assert_eq!(org.userinfo(&token).await.status, StatusCode::UNAUTHORIZED);
    let stranger = org.browser().send(Method::POST, &ask, None).await;
    assert_eq!(stranger.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_public_client_revokes_with_its_id_alone_in_the_header() {
    let mut org = TestOrg::with_alice_assigned().await;
    let token = access_token(&org, "openid").await;
    let alone = format!("Basic {}", STANDARD.encode(org.app.client_id()));
    let mut client = org.browser();
    client.header(header::AUTHORIZATION, &alone);
    let revoke = format!("{ORG}/oauth2/v1/revoke");
    let confidential = client.post(&revoke, &[("token", &token)]).await;
    assert_eq!(
        confidential.oauth_error(),
        "401 invalid_client: Found Authentication header but was not valid client credentials."
    );
    assert_eq!(org.userinfo(&token).await.status, StatusCode::OK);
    org.configure(|settings| {
        settings.token_endpoint_auth_method = TokenEndpointAuthMethod::None;
        settings.pkce_required = true;
    });
    let mut client = org.browser();
    client.header(header::AUTHORIZATION, &alone);
    assert_eq!(client.post(&revoke, &[("token", &token)]).await.status, StatusCode::OK);
    assert_eq!(org.userinfo(&token).await.status, StatusCode::UNAUTHORIZED);
}
