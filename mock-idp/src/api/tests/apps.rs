use http::{Method, StatusCode};
use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::testing::TestOrg;

fn new_app() -> Value {
    json!({
        "name": "oidc_client", "label": "Wiki", "signOnMode": "OPENID_CONNECT",
        "credentials": {"oauthClient": {"token_endpoint_auth_method": "client_secret_basic"}},
        "settings": {"oauthClient": {
            "redirect_uris": ["https://wiki.test/cb"], "response_types": ["code"],
            "grant_types": ["authorization_code"], "application_type": "web",
        }},
    })
}

#[tokio::test]
async fn an_app_is_made_changed_and_deleted() {
    let org = TestOrg::new().await;
    let created = org.api(Method::POST, "/apps", Some(new_app())).await.json();
    let client = &created["credentials"]["oauthClient"];
    assert_eq!(client["client_id"], created["id"]);
    assert_eq!(client["client_secret"].as_str().unwrap().len(), 64);
    assert_json_snapshot!(created, {
        ".id" => "0oa…", ".created" => "[t]", ".lastUpdated" => "[t]", ".credentials.signing.kid" => "[kid]",
        ".credentials.oauthClient.client_id" => "0oa…", ".credentials.oauthClient.client_secret" => "[secret]",
        "._links" => "[links]",
    }, @r#"
    {
      "id": "0oa…",
      "name": "oidc_client",
      "label": "Wiki",
      "status": "ACTIVE",
      "lastUpdated": "[t]",
      "created": "[t]",
      "accessibility": {
        "selfService": false,
        "errorRedirectUrl": null,
        "loginRedirectUrl": null
      },
      "visibility": {
        "autoLaunch": false,
        "autoSubmitToolbar": false,
        "hide": {
          "iOS": true,
          "web": true
        }
      },
      "features": [],
      "signOnMode": "OPENID_CONNECT",
      "credentials": {
        "userNameTemplate": {
          "template": "${source.login}",
          "type": "BUILT_IN"
        },
        "signing": {
          "kid": "[kid]"
        },
        "oauthClient": {
          "autoKeyRotation": true,
          "client_id": "0oa…",
          "client_secret": "[secret]",
          "token_endpoint_auth_method": "client_secret_basic",
          "pkce_required": false
        }
      },
      "settings": {
        "app": {},
        "oauthClient": {
          "client_uri": null,
          "logo_uri": null,
          "redirect_uris": [
            "https://wiki.test/cb"
          ],
          "post_logout_redirect_uris": [],
          "response_types": [
            "code"
          ],
          "grant_types": [
            "authorization_code"
          ],
          "initiate_login_uri": null,
          "application_type": "web",
          "consent_method": "TRUSTED",
          "issuer_mode": "ORG_URL",
          "idp_initiated_login": {
            "mode": "DISABLED",
            "default_scope": []
          }
        }
      },
      "_links": "[links]"
    }
    "#);
    let path = format!("/apps/{}", created["id"].as_str().unwrap());
    let mut body = new_app();
    body["label"] = json!("Wiki 2");
    body["settings"]["oauthClient"]["initiate_login_uri"] = json!("https://wiki.test/login");
    body["settings"]["oauthClient"]["idp_initiated_login"] = json!({"mode": "SPEC"});
    let updated = org.api(Method::PUT, &path, Some(body)).await.json();
    assert_eq!((&updated["label"], &updated["visibility"]["hide"]["web"]), (&json!("Wiki 2"), &json!(false)));
    assert_eq!(updated["credentials"]["oauthClient"]["client_secret"], client["client_secret"]);
    assert_eq!(
        org.api(Method::DELETE, &path, None).await.api_error(),
        "403 E0000056 Delete application forbidden."
    );
    assert_eq!(
        org.api(Method::POST, &format!("{path}/lifecycle/deactivate"), None).await.status,
        StatusCode::OK
    );
    assert_eq!(org.api(Method::DELETE, &path, None).await.status, StatusCode::NO_CONTENT);
    assert_eq!(org.api(Method::GET, "/apps?q=wiki", None).await.json(), json!([]));
}

#[tokio::test]
async fn an_app_that_makes_no_sense_is_refused() {
    let org = TestOrg::new().await;
    let refused = async |pointer: &str, value: Value| {
        let mut body = new_app();
        *body.pointer_mut(pointer).unwrap() = value;
        org.api(Method::POST, "/apps", Some(body)).await.api_error()
    };
    let client = "/settings/oauthClient";
    let invalid = "400 E0000001 Api validation failed:";
    assert_eq!(refused("/signOnMode", json!("SAML_2_0")).await, format!("{invalid} signOnMode"));
    assert_eq!(refused("/label", json!("")).await, format!("{invalid} label"));
    for uri in ["/cb", "https://x.test/cb#f", "javascript:alert(1)", "not a uri", "https://x.test/a b"] {
        let answer = refused(&format!("{client}/redirect_uris"), json!([uri])).await;
        assert_eq!(answer, format!("{invalid} redirect_uris"), "{uri}");
    }
    assert_eq!(
        refused(&format!("{client}/redirect_uris"), json!([])).await,
        format!("{invalid} redirect_uris")
    );
    assert_eq!(
        refused(&format!("{client}/grant_types"), json!(["password"])).await,
        format!("{invalid} grant_types")
    );
    assert_eq!(
        refused(&format!("{client}/response_types"), json!(["id_token"])).await,
        format!("{invalid} response_types")
    );
    assert_eq!(
        refused(&format!("{client}/response_types"), json!(["pigeon"])).await,
        format!("{invalid} response_types")
    );
    let method = "/credentials/oauthClient/token_endpoint_auth_method";
    assert_eq!(refused(method, json!("tls")).await, format!("{invalid} token_endpoint_auth_method"));
    assert_eq!(
        refused("/credentials/oauthClient", json!({"client_secret": "short"})).await,
        format!("{invalid} client_secret")
    );
    assert_eq!(org.model().apps(&crate::model::PageRequest::all(), |_| true).items.len(), 1);
}

#[tokio::test]
async fn users_and_groups_are_assigned_and_unassigned() {
    let org = TestOrg::new().await;
    let app = format!("/apps/{}", org.app.id);
    assert_eq!(org.api(Method::GET, &format!("{app}/users"), None).await.json(), json!([]));
    let mallory = json!({"id": org.mallory.id, "scope": "USER"});
    let assigned = org.api(Method::POST, &format!("{app}/users"), Some(mallory)).await.json();
    assert_eq!((&assigned["scope"], &assigned["status"]), (&json!("USER"), &json!("ACTIVE")));
    assert_eq!(assigned["credentials"]["userName"], "mallory@acme.test");
    let by_group =
        org.api(Method::PUT, &format!("{app}/groups/{}", org.engineering.id), Some(json!({}))).await;
    assert_eq!(by_group.json()["id"], json!(org.engineering.id));
    let users = org.api(Method::GET, &format!("{app}/users"), None).await.json();
    let scopes: Vec<(&Value, &Value)> = users
        .as_array()
        .unwrap()
        .iter()
        .map(|user| (&user["credentials"]["userName"], &user["scope"]))
        .collect();
    let expected = [("alice@acme.test", "GROUP"), ("mallory@acme.test", "USER")];
    assert_eq!(
        scopes,
        expected
            .map(|(name, scope)| (json!(name), json!(scope)))
            .iter()
            .map(|(a, b)| (a, b))
            .collect::<Vec<_>>()
    );
    let alice = format!("{app}/users/{}", org.alice.id);
    assert!(
        org.api(Method::DELETE, &alice, None).await.api_error().starts_with("404 E0000007"),
        "the group has her"
    );
    for path in [format!("{app}/users/{}", org.mallory.id), format!("{app}/groups/{}", org.engineering.id)] {
        assert_eq!(org.api(Method::GET, &path, None).await.status, StatusCode::OK);
        assert_eq!(org.api(Method::DELETE, &path, None).await.status, StatusCode::NO_CONTENT);
        assert_eq!(org.api(Method::GET, &path, None).await.status, StatusCode::NOT_FOUND);
    }
    let nobody = org.api(Method::POST, &format!("{app}/users"), Some(json!({"id": "00uNobody"}))).await;
    assert_eq!(nobody.api_error(), "404 E0000007 Not found: Resource not found: 00uNobody (User)");
}

#[tokio::test]
async fn a_clients_keys_go_in_and_come_out_as_a_jwk_set() {
    let org = TestOrg::new().await;
    let key = crate::testing::keys().claim().await.unwrap();
    let mut app = new_app();
    app["credentials"]["oauthClient"]["token_endpoint_auth_method"] = json!("private_key_jwt");
    let without = org.api(Method::POST, "/apps", Some(app.clone())).await;
    assert_eq!(without.api_error(), "400 E0000001 Api validation failed: jwks");
    app["settings"]["oauthClient"]["jwks"] = json!({"keys": [key.jwk()]});
    let created = org.api(Method::POST, "/apps", Some(app.clone())).await.json();
    assert!(created["credentials"]["oauthClient"].get("client_secret").is_none());
    let jwks = &created["settings"]["oauthClient"]["jwks"]["keys"];
    assert_eq!((&jwks[0]["n"], &jwks[0]["status"]), (&key.jwk()["n"], &json!("ACTIVE")));
    // What came out goes in again.
    let path = format!("/apps/{}", created["id"].as_str().unwrap());
    let again = org.api(Method::PUT, &path, Some(created.clone())).await.json();
    assert_eq!(again["settings"], created["settings"]);
    app["settings"]["oauthClient"]["jwks_uri"] = json!("https://app.test/jwks");
    let fetched = org.api(Method::POST, "/apps", Some(app)).await;
    assert_eq!(fetched.api_error(), "400 E0000001 Api validation failed: jwks_uri");
}

#[tokio::test]
async fn response_types_and_groups_claim_go_in_and_come_out() {
    let org = TestOrg::new().await;
    let mut app = new_app();
    let client = &mut app["settings"]["oauthClient"];
    client["grant_types"] = json!(["authorization_code", "implicit", "refresh_token"]);
    client["response_types"] = json!(["code", "id_token"]);
    client["refresh_token"] = json!({"rotation_type": "ROTATE", "leeway": 15});
    client["groups_claim"] =
        json!({"type": "FILTER", "filter_type": "STARTS_WITH", "name": "groups", "value": "Eng"});
    let wanted = client.clone();
    let created = org.api(Method::POST, "/apps", Some(app.clone())).await.json();
    for name in ["grant_types", "response_types", "refresh_token", "groups_claim"] {
        assert_eq!(created["settings"]["oauthClient"][name], wanted[name], "{name}");
    }
    let mut silent = created.clone();
    silent["settings"]["oauthClient"].as_object_mut().unwrap().remove("refresh_token");
    let path = format!("/apps/{}", created["id"].as_str().unwrap());
    let updated = org.api(Method::PUT, &path, Some(silent)).await.json();
    assert_eq!(updated["settings"], created["settings"], "what nothing is said of stays");
    app["settings"]["oauthClient"]["refresh_token"]["leeway"] = json!(61);
    let refused = org.api(Method::POST, "/apps", Some(app.clone())).await;
    assert_eq!(refused.api_error(), "400 E0000001 Api validation failed: leeway");
    app["settings"]["oauthClient"]["refresh_token"]["leeway"] = json!(0);
    app["settings"]["oauthClient"]["groups_claim"]["name"] = json!("sub");
    let refused = org.api(Method::POST, "/apps", Some(app)).await;
    assert_eq!(refused.api_error(), "400 E0000001 Api validation failed: groups_claim");
}
