//! Custom authorization servers, beside the org's own.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{StatusCode, header};
use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::Event;
use crate::model::{
    ApplicationType, AuthorizationServerId, Cause, ClientKey, ClientSettings, GrantType, NewApp,
    ResponseType, Scope, ServerName, ServerStatus, TokenEndpointAuthMethod,
};
use crate::testing::{Answer, CALLBACK, ORG, TestOrg, VERIFIER, decoded, keys};

const DEFAULT: &str = "https://acme.okta.test/oauth2/default";

fn default_id() -> AuthorizationServerId {
    AuthorizationServerId::new("default")
}

fn add_scope(org: &TestOrg, name: &str, default: bool) {
    let set = |scope: &mut Scope| (scope.name, scope.default) = (name.to_owned(), default);
    org.model().put_scope(&default_id(), None, &Cause::system(), set).unwrap();
}

/// The code of a sign-in at that server.
async fn code(org: &TestOrg, base: &str, scope: &str) -> String {
    let mut browser = org.browser();
    let url = org.authorize_url(&[("scope", scope)]).replace(&format!("{ORG}/oauth2"), base);
    let page = browser.get(&url).await;
    let answer = browser.submit(&page, "alice@acme.test", crate::testing::PASSWORD).await;
    answer.parameter("code").unwrap_or_else(|| panic!("no code: {answer:?}"))
}

/// A request of the app's by basic authentication.
async fn call(org: &TestOrg, url: &str, form: &[(&str, &str)]) -> Answer {
    let secret = org.app.secret.as_ref().unwrap().expose();
    let basic = STANDARD.encode(format!("{}:{secret}", org.app.client_id()));
    let mut client = org.browser();
    client.header(header::AUTHORIZATION, &format!("Basic {basic}"));
    client.post(url, form).await
}

async fn redeem(org: &TestOrg, base: &str, code: &str) -> Answer {
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    call(org, &format!("{base}/v1/token"), &form).await
}

async fn userinfo(org: &TestOrg, base: &str, token: &Value) -> StatusCode {
    let mut client = org.browser();
    client.header(header::AUTHORIZATION, &format!("Bearer {}", token.as_str().unwrap()));
    client.get(&format!("{base}/v1/userinfo")).await.status
}

#[tokio::test]
async fn a_custom_server_describes_itself() {
    let org = TestOrg::new().await;
    add_scope(&org, "pets", false);
    let metadata = org.browser().get(&format!("{DEFAULT}/.well-known/openid-configuration")).await.json();
    assert_eq!(metadata["issuer"], DEFAULT);
    for (name, value) in metadata.as_object().unwrap() {
        if name.ends_with("_endpoint") || name == "jwks_uri" {
            assert!(value.as_str().unwrap().starts_with(&format!("{DEFAULT}/v1/")), "{name}");
        }
    }
    let scopes = json!(["openid", "profile", "email", "address", "phone", "offline_access"]);
    assert_eq!(metadata["scopes_supported"], scopes, "others are told of only when that is wanted");
    let oauth = org.browser().get(&format!("{DEFAULT}/.well-known/oauth-authorization-server")).await.json();
    assert_eq!((&oauth["issuer"], oauth.get("userinfo_endpoint")), (&json!(DEFAULT), None));
    let has_clients = |metadata: &Value| {
        metadata["grant_types_supported"].as_array().unwrap().contains(&json!("client_credentials"))
    };
    assert!(has_clients(&oauth) && !has_clients(&metadata));
    let [own, orgs] = [DEFAULT, "https://acme.okta.test/oauth2"].map(|base| format!("{base}/v1/keys"));
    let kids = async |url: &str| {
        let keys = org.browser().get(url).await.json();
        keys["keys"].as_array().unwrap().iter().map(|key| key["kid"].to_string()).collect::<Vec<_>>()
    };
    let (own, orgs) = (kids(&own).await, kids(&orgs).await);
    assert_eq!((own.len(), orgs.len()), (2, 2));
    assert!(own.iter().all(|kid| !orgs.contains(kid)));
}

#[tokio::test]
async fn its_tokens_are_its_own() {
    let mut org = TestOrg::with_alice_assigned().await;
    org.configure(|settings| settings.grant_types.push(GrantType::RefreshToken));
    add_scope(&org, "pets", false);
    let code = code(&org, DEFAULT, "openid email pets offline_access").await;
    let tokens = redeem(&org, DEFAULT, &code).await.json();
    let keys = org.site.keys.get(&ServerName::Custom(default_id())).unwrap();
    let id_token = tokens["id_token"].as_str().unwrap();
    assert_eq!(keys.verify_id_token(id_token).unwrap()["iss"], DEFAULT);
    let access_token = tokens["access_token"].as_str().unwrap();
    assert_eq!(decoded(0, access_token)["kid"], keys.active().kid(), "anybody can verify it");
    assert_json_snapshot!(decoded(1, access_token), {
        ".uid" => "00u…", ".cid" => "0oa…", ".iat" => 0, ".exp" => 3600, ".auth_time" => 0, ".jti" => "AT.…",
    }, @r#"
    {
      "ver": 1,
      "jti": "AT.…",
      "iss": "https://acme.okta.test/oauth2/default",
      "aud": "api://default",
      "sub": "alice@acme.test",
      "iat": 0,
      "exp": 3600,
      "cid": "0oa…",
      "uid": "00u…",
      "scp": [
        "openid",
        "email",
        "pets",
        "offline_access"
      ],
      "auth_time": 0
    }
    "#);
    let at_org = format!("{ORG}/oauth2");
    assert_eq!(userinfo(&org, DEFAULT, &tokens["access_token"]).await, StatusCode::OK);
    assert_eq!(userinfo(&org, &at_org, &tokens["access_token"]).await, StatusCode::UNAUTHORIZED);
    for kind in ["access_token", "refresh_token", "id_token"] {
        let form = [("token", tokens[kind].as_str().unwrap())];
        let about = call(&org, &format!("{DEFAULT}/v1/introspect"), &form).await.json();
        assert_eq!(about["active"], true, "{kind}");
        call(&org, &format!("{at_org}/v1/revoke"), &form).await;
        let about = call(&org, &format!("{at_org}/v1/introspect"), &form).await.json();
        assert_eq!(about, json!({"active": false}), "{kind} is nothing to the org server");
    }
    let refresh =
        [("grant_type", "refresh_token"), ("refresh_token", tokens["refresh_token"].as_str().unwrap())];
    assert_eq!(
        call(&org, &format!("{at_org}/v1/token"), &refresh).await.oauth_error(),
        "400 invalid_grant: The refresh token is invalid or expired."
    );
    assert_eq!(call(&org, &format!("{DEFAULT}/v1/token"), &refresh).await.status, StatusCode::OK);
    assert!(org.logged().contains(&"app.oauth2.as.token.grant.refresh_token".to_owned()));
    assert!(org.logged().contains(&"app.oauth2.as.authorize.code".to_owned()));
}

#[tokio::test]
async fn a_code_is_redeemed_where_it_was_issued() {
    let org = TestOrg::with_alice_assigned().await;
    let other = "400 invalid_request: The grant was issued for another authorization server.";
    let of_default = code(&org, DEFAULT, "openid").await;
    let of_org = code(&org, &format!("{ORG}/oauth2"), "openid").await;
    assert_eq!(org.redeem(&of_default, &[]).await.oauth_error(), other);
    assert_eq!(redeem(&org, DEFAULT, &of_org).await.oauth_error(), other);
    assert_eq!(redeem(&org, DEFAULT, &of_default).await.status, StatusCode::OK);
    assert_eq!(org.redeem(&of_org, &[]).await.status, StatusCode::OK);
}

#[tokio::test]
async fn without_openid_there_is_no_id_token() {
    let org = TestOrg::with_alice_assigned().await;
    add_scope(&org, "pets", false);
    let code = code(&org, DEFAULT, "pets").await;
    let tokens = redeem(&org, DEFAULT, &code).await.json();
    assert_eq!((&tokens["scope"], tokens.get("id_token")), (&json!("pets"), None));
    assert_eq!(userinfo(&org, DEFAULT, &tokens["access_token"]).await, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_server_out_of_use_is_not_there() {
    let org = TestOrg::with_alice_assigned().await;
    let mut browser = org.browser();
    let url = org.authorize_url(&[]).replace(&format!("{ORG}/oauth2"), DEFAULT);
    let page = browser.get(&url).await;
    let set = |status| {
        org.model().set_authorization_server_status(&default_id(), status, &Cause::system()).unwrap();
    };
    set(ServerStatus::Inactive);
    let answer = browser.submit(&page, "alice@acme.test", crate::testing::PASSWORD).await;
    assert_eq!((answer.status, answer.location()), (StatusCode::BAD_REQUEST, ""));
    for path in ["v1/keys", "v1/token", ".well-known/openid-configuration", "v1/nothing"] {
        let answer = org.browser().post(&format!("{DEFAULT}/{path}"), &[]).await;
        let known = answer.status == StatusCode::METHOD_NOT_ALLOWED;
        assert!(known || answer.status == StatusCode::NOT_FOUND, "{path}: {answer:?}");
    }
    let answer = org.browser().get(&format!("{DEFAULT}/v1/keys")).await;
    let missing = "404 E0000007 Not found: Resource not found: default (AuthorizationServer)";
    assert_eq!(answer.api_error(), missing);
    set(ServerStatus::Active);
    assert_eq!(org.browser().get(&format!("{DEFAULT}/v1/keys")).await.status, StatusCode::OK);
    let answer = org.browser().get(&format!("{DEFAULT}/v1/nothing")).await;
    assert_eq!(answer.api_error(), "404 E0000008 The requested path was not found");
}

#[tokio::test]
async fn keys_rotate_and_the_one_before_stays_published() {
    let org = TestOrg::with_alice_assigned().await;
    let id_token = async || {
        let code = org.browser().code(&[]).await;
        org.redeem(&code, &[]).await.json()["id_token"].as_str().unwrap().to_owned()
    };
    let url = format!("{ORG}/oauth2/v1/keys");
    let kids = async || {
        let keys = org.browser().get(&url).await.json();
        keys["keys"].as_array().unwrap().iter().map(|key| key["kid"].clone()).collect::<Vec<_>>()
    };
    let (before, old) = (kids().await, id_token().await);
    org.site.rotate_keys(&ServerName::Org, &Cause::system()).await.unwrap();
    let (after, new) = (kids().await, id_token().await);
    assert_eq!(
        (decoded(0, &old)["kid"].clone(), decoded(0, &new)["kid"].clone()),
        (before[0].clone(), before[1].clone())
    );
    assert_eq!((after.len(), &after[0], &after[2]), (3, &before[1], &before[0]));
    let keys = org.site.keys.org();
    assert!(keys.verify_id_token(&old).is_some() && keys.verify_id_token(&new).is_some());
    org.site.rotate_keys(&ServerName::Org, &Cause::system()).await.unwrap();
    assert!(keys.verify_id_token(&old).is_none());
    assert_eq!(kids().await.len(), 3);
    assert!(org.logged().contains(&"app.oauth2.key.rollover".to_owned()));
}

async fn service(org: &mut TestOrg) {
    org.configure(|settings| settings.grant_types.push(GrantType::ClientCredentials));
}

#[tokio::test]
async fn a_client_gets_a_token_of_its_own_at_a_custom_server() {
    let mut org = TestOrg::new().await;
    service(&mut org).await;
    add_scope(&org, "pets", false);
    let url = format!("{DEFAULT}/v1/token");
    let ask =
        async |scope: &str| call(&org, &url, &[("grant_type", "client_credentials"), ("scope", scope)]).await;
    let answer = ask("pets").await;
    assert_eq!(answer.header(header::CACHE_CONTROL), "no-cache, no-store");
    let tokens = answer.json();
    let members: Vec<&String> = tokens.as_object().unwrap().keys().collect();
    assert_eq!(members, ["token_type", "expires_in", "access_token", "scope"]);
    let claims = decoded(1, tokens["access_token"].as_str().unwrap());
    assert_eq!((&claims["sub"], &claims["cid"]), (&json!(org.app.id), &json!(org.app.id)));
    assert_eq!((claims.get("uid"), &claims["scp"]), (None, &json!(["pets"])));
    assert_eq!(userinfo(&org, DEFAULT, &tokens["access_token"]).await, StatusCode::UNAUTHORIZED);
    let token = tokens["access_token"].as_str().unwrap();
    let about = call(&org, &format!("{DEFAULT}/v1/introspect"), &[("token", token)]).await.json();
    assert_eq!((&about["active"], &about["sub"]), (&json!(true), &json!(org.app.id)));
    for (scope, expected) in [
        (
            "",
            "The authorization server resource does not have any configured default scopes, 'scope' must be provided.",
        ),
        ("cats", "One or more scopes are not configured for the authorization server resource."),
        ("pets openid", "Cannot request 'openid' scopes using client credentials."),
    ] {
        assert_eq!(ask(scope).await.oauth_error(), format!("400 invalid_scope: {expected}"));
    }
    add_scope(&org, "cats", true);
    assert_eq!(ask("").await.json()["scope"], "cats");
    assert!(org.events().iter().any(|event| matches!(event, Event::ClientTokenIssued { .. })));
}

#[tokio::test]
async fn the_org_server_has_no_tokens_for_clients() {
    let mut org = TestOrg::new().await;
    let url = format!("{ORG}/oauth2/v1/token");
    let form = [("grant_type", "client_credentials"), ("scope", "okta.users.read")];
    assert!(call(&org, &url, &form).await.oauth_error().starts_with("400 unauthorized_client: "));
    service(&mut org).await;
    assert_eq!(
        call(&org, &url, &form).await.oauth_error(),
        "401 invalid_client: Client Credentials requests to the Org Authorization Server must use the \
         private_key_jwt token_endpoint_auth_method."
    );
    let key = keys().claim().await.unwrap();
    let settings = |application_type| ClientSettings {
        application_type,
        token_endpoint_auth_method: TokenEndpointAuthMethod::PrivateKeyJwt,
        jwks: vec![ClientKey::from_jwk(&key.jwk()).unwrap()],
        grant_types: vec![GrantType::ClientCredentials],
        response_types: vec![ResponseType::Token],
        ..ClientSettings::default()
    };
    let ask = async |application_type, scope: &str| {
        let new = NewApp { settings: settings(application_type), ..NewApp::web("service", CALLBACK) };
        let app = org.model().create_app(new, &Cause::system()).unwrap();
        let (id, now) = (app.client_id(), org.site.now().timestamp());
        let claims = json!({"iss": id, "sub": id, "aud": url, "exp": now + 60});
        let assertion = key.sign(Some(key.kid()), &claims).unwrap();
        let form = [
            ("grant_type", "client_credentials"),
            ("scope", scope),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", &assertion),
        ];
        org.browser().post(&url, &form).await.oauth_error()
    };
    assert_eq!(
        ask(ApplicationType::Web, "okta.users.read").await,
        "401 invalid_client: Only clients with 'application_type' of 'service' may use the client_credentials \
         'grant_type' with the Org Authorization Server."
    );
    for (scope, expected) in [
        ("okta.users.read", "400 consent_required: You are not allowed any of the requested scopes."),
        (
            "openid",
            "400 invalid_scope: One or more scopes are not configured for the authorization server resource.",
        ),
        ("", "400 invalid_scope: No scopes were requested."),
    ] {
        assert_eq!(ask(ApplicationType::Service, scope).await, expected);
    }
}
