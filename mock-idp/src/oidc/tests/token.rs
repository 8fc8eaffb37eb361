use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::{StatusCode, header};
use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::Event;
use crate::model::{Cause, NewApp, TokenEndpointAuthMethod};
use crate::testing::{CALLBACK, ORG, TestOrg, VERIFIER, decoded};

#[tokio::test]
async fn a_code_becomes_tokens_with_oktas_claims() {
    let org = TestOrg::with_alice_assigned().await;
    let code = org.browser().code(&[]).await;
    let answer = org.redeem(&code, &[]).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header(header::CACHE_CONTROL), "no-cache, no-store");
    let tokens = answer.json();
    let (id_token, access_token) =
        (tokens["id_token"].as_str().unwrap(), tokens["access_token"].as_str().unwrap());
    assert_json_snapshot!(tokens, { ".id_token" => "[id token]", ".access_token" => "[access token]" }, @r#"
    {
      "token_type": "Bearer",
      "expires_in": 3600,
      "access_token": "[access token]",
      "scope": "openid profile email",
      "id_token": "[id token]"
    }
    "#);
    let claims = decoded(1, id_token);
    let (iat, exp) = (claims["iat"].as_i64().unwrap(), claims["exp"].as_i64().unwrap());
    assert_eq!(exp - iat, 3600);
    assert!((org.site.now().timestamp() - iat).abs() <= 5);
    assert_eq!(claims["sub"], json!(org.alice.id));
    assert_eq!(claims["aud"], json!(org.app.id));
    assert_eq!(claims["idp"], json!(org.model().org_id()));
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, access_token.as_bytes());
    assert_eq!(claims["at_hash"], URL_SAFE_NO_PAD.encode(&hash.as_ref()[..16]));
    assert!(claims["jti"].as_str().unwrap().starts_with("ID."));
    assert_json_snapshot!(claims, {
        ".sub" => "00u…", ".aud" => "0oa…", ".iat" => 0, ".exp" => 3600, ".auth_time" => 0, ".jti" => "ID.…",
        ".idp" => "00o…", ".at_hash" => "[at_hash]",
    }, @r#"
    {
      "sub": "00u…",
      "name": "Alice Archer",
      "email": "alice@acme.test",
      "ver": 1,
      "iss": "https://acme.okta.test",
      "aud": "0oa…",
      "iat": 0,
      "exp": 3600,
      "jti": "ID.…",
      "amr": [
        "pwd"
      ],
      "idp": "00o…",
      "nonce": "the-nonce",
      "preferred_username": "alice@acme.test",
      "auth_time": 0,
      "at_hash": "[at_hash]"
    }
    "#);
    let access_claims = decoded(1, access_token);
    assert!(access_claims["jti"].as_str().unwrap().starts_with("AT."));
    assert_json_snapshot!(access_claims, {
        ".uid" => "00u…", ".cid" => "0oa…", ".iat" => 0, ".exp" => 3600, ".auth_time" => 0, ".jti" => "AT.…",
    }, @r#"
    {
      "ver": 1,
      "jti": "AT.…",
      "iss": "https://acme.okta.test",
      "aud": "https://acme.okta.test",
      "sub": "alice@acme.test",
      "iat": 0,
      "exp": 3600,
      "cid": "0oa…",
      "uid": "00u…",
      "scp": [
        "openid",
        "profile",
        "email"
      ],
      "auth_time": 0
    }
    "#);
    let keys = org.browser().get(&format!("{ORG}/oauth2/v1/keys")).await.json();
    let kids: Vec<&Value> = keys["keys"].as_array().unwrap().iter().map(|key| &key["kid"]).collect();
    let header = decoded(0, id_token);
    assert_eq!(header.keys().collect::<Vec<_>>(), ["alg", "kid"]);
    assert_eq!(header["alg"], "RS256");
    assert!(kids.contains(&&header["kid"]));
    assert!(!kids.contains(&&decoded(0, access_token)["kid"]), "org access tokens are for Okta alone");
    assert_eq!(org.site.keys.org().verify_id_token(id_token).unwrap(), claims);
    assert!(org.site.keys.org().verify_id_token(access_token).is_none());
}

#[tokio::test]
async fn claims_follow_the_scopes_and_the_nonce() {
    let org = TestOrg::with_alice_assigned().await;
    let code = org.browser().code(&[("scope", "openid"), ("nonce", "")]).await;
    let tokens = org.redeem(&code, &[]).await.json();
    let claims = decoded(1, tokens["id_token"].as_str().unwrap());
    for absent in ["name", "email", "preferred_username", "nonce"] {
        assert!(!claims.contains_key(absent), "{absent}");
    }
}

#[tokio::test]
async fn clients_prove_themselves_in_the_header_or_in_the_form_but_not_in_both() {
    let org = TestOrg::with_alice_assigned().await;
    let (id, secret) = (org.app.client_id(), org.app.secret.as_ref().unwrap().expose());
    let url = format!("{ORG}/oauth2/v1/token");
    let code = org.browser().code(&[]).await;
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
        ("client_id", id),
        ("client_secret", secret),
    ];
    let with = |changes: &[(&'static str, &'static str)]| {
        let mut form: Vec<(&str, &str)> = form.to_vec();
        for (name, value) in changes {
            form.retain(|(known, _)| known != name);
            if !value.is_empty() {
                form.push((name, value));
            }
        }
        form
    };
    let cases: [(&[(&str, &str)], &str); 5] = [
        (&[("client_id", ""), ("client_secret", "")], "401 invalid_client: No client credentials found."),
        (&[("client_id", "0oaUnknown")], "401 invalid_client: Invalid value for 'client_id' parameter."),
        (
            &[("client_secret", "wrong-wrong-wrong")],
            "401 invalid_client: The client secret supplied for a confidential client is invalid.",
        ),
        (
            &[("client_secret", "")],
            "401 invalid_client: Client authentication failed. Either the client or the client credentials are invalid.",
        ),
        (
            &[("client_secret", ""), ("client_assertion", "e30.e30.")],
            "400 invalid_request: The client_assertion_type is invalid.",
        ),
    ];
    for (changes, expected) in cases {
        assert_eq!(org.browser().post(&url, &with(changes)).await.oauth_error(), expected);
    }
    let both = org.redeem(&code, &[("client_id", id), ("client_secret", secret)]).await;
    assert_eq!(
        both.oauth_error(),
        "401 invalid_request: Cannot supply multiple client credentials. Use one of the following: credentials in \
         the Authorization header, credentials in the post body, or a client_assertion in the post body."
    );
    let in_query = org.browser().post(&format!("{url}?client_secret={secret}"), &form).await;
    assert_eq!(
        in_query.oauth_error(),
        "400 invalid_request: Client credentials cannot be supplied via query parameters."
    );
    for credentials in ["Basic !", "Basic bm9jb2xvbg==", "Bearer x"] {
        let mut client = org.browser();
        client.header(header::AUTHORIZATION, credentials);
        assert_eq!(
            client.post(&url, &form[..4]).await.oauth_error(),
            "401 invalid_client: Found Authentication header but was not valid client credentials."
        );
    }
    assert_eq!(
        org.browser().post(&url, &form).await.status,
        StatusCode::OK,
        "nothing of that used the code up"
    );
}

#[tokio::test]
async fn a_public_client_proves_itself_by_its_verifier() {
    let mut org = TestOrg::with_alice_assigned().await;
    org.configure(|settings| {
        settings.token_endpoint_auth_method = TokenEndpointAuthMethod::None;
        settings.pkce_required = true;
    });
    assert!(org.app.secret.is_none());
    let code = org.browser().code(&[]).await;
    let url = format!("{ORG}/oauth2/v1/token");
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", CALLBACK),
        ("client_id", org.app.client_id()),
    ];
    let without = org.browser().post(&url, &form).await;
    assert_eq!(
        without.oauth_error(),
        "400 invalid_request: PKCE code verifier is required by the application."
    );
    let form = [&form[..], &[("code_verifier", VERIFIER)]].concat();
    assert_eq!(org.browser().post(&url, &form).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_code_is_bound_to_client_redirect_uri_and_verifier() {
    let org = TestOrg::with_alice_assigned().await;
    let code = org.browser().code(&[]).await;
    let other_verifier = "a".repeat(43);
    let cases: [(&[(&str, &str)], &str); 8] = [
        (
            &[("redirect_uri", "https://evil.test/")],
            "400 invalid_grant: The 'redirect_uri' does not match the redirection URI used in the authorization request.",
        ),
        (
            &[("redirect_uri", "")],
            "400 invalid_grant: The 'redirect_uri' does not match the redirection URI used in the authorization request.",
        ),
        (&[("code_verifier", &other_verifier)], "400 invalid_grant: PKCE verification failed."),
        (&[("code_verifier", "")], "400 invalid_request: PKCE code verifier is required by the application."),
        (&[("code", "nonsense")], "400 invalid_grant: The authorization code is invalid or has expired."),
        (&[("code", "")], "400 invalid_request: The required parameter 'code' is missing."),
        (
            &[("grant_type", "")],
            "400 invalid_request: The token request must specify a 'grant_type'. Valid values: [authorization_code, \
             refresh_token, \
             urn:ietf:params:oauth:grant-type:device_code]",
        ),
        (
            &[("grant_type", "password")],
            "400 unsupported_grant_type: The authorization grant type is not supported by the authorization server. \
             Configured grant types: [authorization_code, refresh_token, \
             urn:ietf:params:oauth:grant-type:device_code].",
        ),
    ];
    for (changes, expected) in cases {
        assert_eq!(org.redeem(&code, changes).await.oauth_error(), expected);
    }
    let other = org.model().create_app(NewApp::web("other", CALLBACK), &Cause::system()).unwrap();
    let secret = other.secret.as_ref().unwrap().expose();
    let basic = format!("Basic {}", STANDARD.encode(format!("{}:{secret}", other.client_id())));
    let mut thief = org.browser();
    thief.header(header::AUTHORIZATION, &basic);
    let form = [("grant_type", "authorization_code"), ("code", code.as_str()), ("redirect_uri", CALLBACK)];
    assert_eq!(
        thief.post(&format!("{ORG}/oauth2/v1/token"), &form).await.oauth_error(),
        "400 invalid_grant: The grant was issued to another client. Please make sure the 'client_id' matches the one \
         used at the authorize request."
    );
    assert_eq!(org.redeem(&code, &[]).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_verifier_without_a_challenge_is_a_downgrade_and_refused() {
    let org = TestOrg::with_alice_assigned().await;
    let code = org.browser().code(&[("code_challenge", ""), ("code_challenge_method", "")]).await;
    assert_eq!(
        org.redeem(&code, &[]).await.oauth_error(),
        "400 invalid_request: PKCE code challenge should be specified in the authorize request for code verification."
    );
    assert_eq!(org.redeem(&code, &[("code_verifier", "")]).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_code_lives_three_hundred_seconds_of_stage_time() {
    let org = TestOrg::with_alice_assigned().await;
    let mut browser = org.browser();
    let (late, timely) = (browser.code(&[]).await, org.browser().code(&[]).await);
    org.advance(290);
    assert_eq!(org.redeem(&timely, &[]).await.status, StatusCode::OK);
    org.advance(11);
    assert_eq!(
        org.redeem(&late, &[]).await.oauth_error(),
        "400 invalid_grant: The authorization code is invalid or has expired."
    );
}

#[tokio::test]
async fn a_code_that_is_used_twice_takes_its_tokens_with_it() {
    let org = TestOrg::with_alice_assigned().await;
    let code = org.browser().code(&[]).await;
    let tokens = org.redeem(&code, &[]).await.json();
    let access_token = tokens["access_token"].as_str().unwrap();
    assert_eq!(org.userinfo(access_token).await.status, StatusCode::OK);
    assert_eq!(
        org.redeem(&code, &[]).await.oauth_error(),
        "400 invalid_grant: The authorization code is invalid or has expired."
    );
    assert_eq!(org.userinfo(access_token).await.status, StatusCode::UNAUTHORIZED);
    let noted = org.events().into_iter().any(|event| matches!(event, Event::CodeReused { revoked: 1, .. }));
    assert!(noted);
    assert!(org.logged().contains(&"app.oauth2.token.revoke".to_owned()));
}

#[tokio::test]
async fn whoever_is_out_by_now_gets_no_tokens() {
    let org = TestOrg::with_alice_assigned().await;
    let cause = Cause::system();
    let code = org.browser().code(&[]).await;
    org.model().unassign_user(&org.app.id, &org.alice.id, &cause).unwrap();
    assert_eq!(
        org.redeem(&code, &[]).await.oauth_error(),
        "400 access_denied: User is not assigned to the client application."
    );
    org.model().assign_user(&org.app.id, &org.alice.id, &cause).unwrap();
    let code = org.browser().code(&[]).await;
    org.model().suspend_user(&org.alice.id, &cause).unwrap();
    assert_eq!(
        org.redeem(&code, &[]).await.oauth_error(),
        "400 invalid_grant: The authorization code is invalid or has expired."
    );
}

#[tokio::test]
async fn malformed_token_requests_are_refused() {
    let org = TestOrg::with_alice_assigned().await;
    let url = format!("{ORG}/oauth2/v1/token");
    let get = org.browser().get(&url).await;
    assert_eq!(get.api_error(), "405 E0000022 The endpoint does not support the provided HTTP method");
    let mut client = org.browser();
    let json = client.send(http::Method::POST, &url, Some(("application/json", "{}".into()))).await;
    assert_eq!(json.oauth_error(), "400 invalid_request: Invalid request");
    let code = org.browser().code(&[]).await;
    let basic = {
        let secret = org.app.secret.as_ref().unwrap().expose();
        format!("Basic {}", STANDARD.encode(format!("{}:{secret}", org.app.client_id())))
    };
    client.header(header::AUTHORIZATION, &basic);
    let twice = [("grant_type", "authorization_code"), ("code", code.as_str()), ("code", code.as_str())];
    assert_eq!(
        client.post(&url, &twice).await.oauth_error(),
        "400 invalid_request: The request contained multiple parameters with the same name."
    );
}
