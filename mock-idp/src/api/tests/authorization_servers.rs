use http::{Method, StatusCode, header};
use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::model::{AuthorizationServerId, GrantType, ServerName};
use crate::testing::{CALLBACK, ORG, PASSWORD, TestOrg, VERIFIER, decoded};

const SERVERS: &str = "/authorizationServers";
const DEFAULT: &str = "/authorizationServers/default";

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

#[tokio::test]
async fn a_server_is_made_changed_and_deleted() {
    let org = TestOrg::new().await;
    let body = json!({"name": "Pets", "description": "For pets", "audiences": ["api://pets"]});
    let answer = org.api(Method::POST, SERVERS, Some(body.clone())).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    let created = answer.json();
    let id = text(&created, "id").to_owned();
    assert_eq!(created["issuer"], format!("{ORG}/oauth2/{id}"));
    assert_json_snapshot!(created, {
        ".id" => "aus…", ".issuer" => "[issuer]", ".created" => "[t]", ".lastUpdated" => "[t]",
        ".credentials.signing.kid" => "[kid]", "._links" => "[links]",
    }, @r#"
    {
      "id": "aus…",
      "name": "Pets",
      "description": "For pets",
      "audiences": [
        "api://pets"
      ],
      "issuer": "[issuer]",
      "issuerMode": "ORG_URL",
      "status": "ACTIVE",
      "created": "[t]",
      "lastUpdated": "[t]",
      "credentials": {
        "signing": {
          "rotationMode": "MANUAL",
          "kid": "[kid]",
          "use": "sig"
        }
      },
      "_links": "[links]"
    }
    "#);
    let discovery = format!("{ORG}/oauth2/{id}/.well-known/openid-configuration");
    assert_eq!(org.browser().get(&discovery).await.json()["issuer"], created["issuer"]);
    let path = format!("{SERVERS}/{id}");
    let mut changed = body.clone();
    changed["name"] = json!("Animals");
    assert_eq!(org.api(Method::PUT, &path, Some(changed)).await.json()["name"], "Animals");
    let listed = org.api(Method::GET, &format!("{SERVERS}?q=ANIM"), None).await.json();
    assert_eq!(listed.as_array().unwrap().len(), 1);
    let listed = org.api(Method::GET, &format!("{SERVERS}?limit=1"), None).await;
    assert_eq!(listed.json().as_array().unwrap().len(), 1);
    assert_eq!(listed.headers.get_all(header::LINK).iter().count(), 2);
    let deactivate = format!("{path}/lifecycle/deactivate");
    assert_eq!(org.api(Method::POST, &deactivate, None).await.status, StatusCode::NO_CONTENT);
    assert_eq!(org.api(Method::GET, &path, None).await.json()["status"], "INACTIVE");
    assert_eq!(org.browser().get(&discovery).await.status, StatusCode::NOT_FOUND);
    assert_eq!(org.api(Method::DELETE, &path, None).await.status, StatusCode::NO_CONTENT);
    let missing = format!("404 E0000007 Not found: Resource not found: {id} (AuthorizationServer)");
    for (method, path) in [
        (Method::GET, path.clone()),
        (Method::DELETE, path.clone()),
        (Method::POST, deactivate),
        (Method::GET, format!("{path}/scopes")),
        (Method::GET, format!("{path}/claims")),
        (Method::GET, format!("{path}/credentials/keys")),
    ] {
        assert_eq!(org.api(method, &path, None).await.api_error(), missing, "{path}");
    }
    assert_eq!(org.logged().iter().filter(|entry| entry.starts_with("oauth2.as.")).count(), 4);
}

#[tokio::test]
async fn what_is_no_server_is_refused() {
    let org = TestOrg::new().await;
    for (body, expected) in [
        (json!({"audiences": ["a"]}), "400 E0000003 The request body was not well-formed."),
        (json!({"name": "", "audiences": ["a"]}), "400 E0000001 Api validation failed: name"),
        (json!({"name": "x", "audiences": []}), "400 E0000001 Api validation failed: audiences"),
        (json!({"name": "x", "audiences": ["a", "b"]}), "400 E0000001 Api validation failed: audiences"),
        (
            json!({"name": "x", "audiences": ["a"], "issuerMode": "CUSTOM_URL"}),
            "400 E0000001 Api validation failed: issuerMode",
        ),
    ] {
        assert_eq!(org.api(Method::POST, SERVERS, Some(body)).await.api_error(), expected);
    }
    let listed = org.api(Method::GET, SERVERS, None).await.json();
    assert_eq!(listed.as_array().unwrap().len(), 1, "nothing was changed");
    assert_eq!(text(&listed[0], "id"), "default");
}

#[tokio::test]
async fn keys_are_listed_and_rotated() {
    let org = TestOrg::new().await;
    let keys = org.api(Method::GET, &format!("{DEFAULT}/credentials/keys"), None).await.json();
    let statuses = |keys: &Value| {
        let keys = keys.as_array().unwrap().iter();
        keys.map(|key| text(key, "status").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(statuses(&keys), ["ACTIVE", "NEXT"]);
    let rotate = format!("{DEFAULT}/credentials/lifecycle/keyRotate");
    let refused = org.api(Method::POST, &rotate, Some(json!({"use": "enc"}))).await;
    assert_eq!(refused.api_error(), "400 E0000001 Api validation failed: rotateKeys");
    let rotated = org.api(Method::POST, &rotate, Some(json!({"use": "sig"}))).await.json();
    assert_eq!(statuses(&rotated), ["ACTIVE", "NEXT", "EXPIRED"]);
    assert_eq!((&rotated[0]["kid"], &rotated[2]["kid"]), (&keys[1]["kid"], &keys[0]["kid"]));
    let one = format!("{DEFAULT}/credentials/keys/{}", text(&rotated[2], "kid"));
    assert_eq!(org.api(Method::GET, &one, None).await.json(), rotated[2]);
    let unknown = org.api(Method::GET, &format!("{DEFAULT}/credentials/keys/x"), None).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    let published = org.browser().get(&format!("{ORG}/oauth2/default/v1/keys")).await.json();
    assert_eq!(published["keys"].as_array().unwrap().len(), 3);
    let server = org.api(Method::GET, DEFAULT, None).await.json();
    assert_eq!(server["credentials"]["signing"]["kid"], rotated[0]["kid"]);
    assert!(org.logged().contains(&"app.oauth2.as.key.rollover".to_owned()));
}

#[tokio::test]
async fn scopes_are_made_changed_and_deleted() {
    let org = TestOrg::new().await;
    let path = format!("{DEFAULT}/scopes");
    let body = json!({"name": "pets", "description": "Pets", "metadataPublish": "ALL_CLIENTS"});
    let answer = org.api(Method::POST, &path, Some(body.clone())).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    let created = answer.json();
    assert_eq!((&created["consent"], &created["system"]), (&json!("IMPLICIT"), &json!(false)));
    let discovery = format!("{ORG}/oauth2/default/.well-known/openid-configuration");
    let published = org.browser().get(&discovery).await.json();
    assert!(published["scopes_supported"].as_array().unwrap().contains(&json!("pets")));
    let again = org.api(Method::POST, &path, Some(body)).await;
    assert_eq!(again.api_error(), "400 E0000001 Api validation failed: name");
    let own = format!("{path}/{}", text(&created, "id"));
    let changed = org.api(Method::PUT, &own, Some(json!({"name": "animals", "default": true}))).await.json();
    assert_eq!((&changed["id"], &changed["default"]), (&created["id"], &json!(true)));
    assert_eq!(org.api(Method::GET, &own, None).await.json(), changed);
    let all = org.api(Method::GET, &path, None).await.json();
    let openid =
        text(all.as_array().unwrap().iter().find(|it| it["name"] == "openid").unwrap(), "id").to_owned();
    let refused = org.api(Method::DELETE, &format!("{path}/{openid}"), None).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert_eq!(org.api(Method::DELETE, &own, None).await.status, StatusCode::NO_CONTENT);
    assert_eq!(org.api(Method::GET, &own, None).await.status, StatusCode::NOT_FOUND);
    assert_eq!(org.api(Method::GET, &path, None).await.json().as_array().unwrap().len(), 6);
}

#[tokio::test]
async fn claims_of_its_own_stand_in_a_servers_tokens() {
    let mut org = TestOrg::with_alice_assigned().await;
    org.configure(|settings| settings.grant_types.push(GrantType::ClientCredentials));
    let path = format!("{DEFAULT}/claims");
    let put = async |body: Value| {
        let answer = org.api(Method::POST, &path, Some(body)).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
        answer.json()
    };
    org.api(Method::POST, &format!("{DEFAULT}/scopes"), Some(json!({"name": "pets"}))).await;
    let team = put(json!({
        "name": "team", "claimType": "RESOURCE", "valueType": "GROUPS", "group_filter_type": "REGEX", "value": "Eng.*",
        "conditions": {"scopes": ["pets"]},
    }))
    .await;
    put(json!({"name": "planet", "claimType": "RESOURCE", "value": "'earth'"})).await;
    put(json!({"name": "first", "claimType": "IDENTITY", "value": "user.firstName"})).await;
    put(json!({
        "name": "last", "claimType": "IDENTITY", "value": "user.lastName", "alwaysIncludeInToken": false,
    }))
    .await;
    let tokens = async |scope: &str| {
        let mut browser = org.browser();
        let url = org.authorize_url(&[("scope", scope)]).replace("/oauth2/v1", "/oauth2/default/v1");
        let page = browser.get(&url).await;
        let code = browser.submit(&page, "alice@acme.test", PASSWORD).await.parameter("code").unwrap();
        let form = [
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
            ("client_id", org.app.client_id()),
            ("client_secret", org.app.secret.as_ref().unwrap().expose()),
        ];
        org.browser().post(&format!("{ORG}/oauth2/default/v1/token"), &form).await.json()
    };
    let made = tokens("openid pets").await;
    let access = decoded(1, text(&made, "access_token"));
    assert_eq!((&access["team"], &access["planet"]), (&json!(["Engineering"]), &json!("earth")));
    let id = decoded(1, text(&made, "id_token"));
    assert_eq!((&id["first"], id.get("last")), (&json!("Alice"), None));
    let mut client = org.browser();
    client.header(header::AUTHORIZATION, &format!("Bearer {}", text(&made, "access_token")));
    let about = client.get(&format!("{ORG}/oauth2/default/v1/userinfo")).await.json();
    assert_eq!((&about["first"], &about["last"]), (&json!("Alice"), &json!("Archer")));
    let without = decoded(1, text(&tokens("openid").await, "access_token"));
    assert_eq!(without.get("team"), None, "its scope was not granted");
    let form = [
        ("grant_type", "client_credentials"),
        ("scope", "pets"),
        ("client_id", org.app.client_id()),
        ("client_secret", org.app.secret.as_ref().unwrap().expose()),
    ];
    let own = org.browser().post(&format!("{ORG}/oauth2/default/v1/token"), &form).await.json();
    let own = decoded(1, text(&own, "access_token"));
    assert_eq!((own.get("team"), &own["planet"]), (None, &json!("earth")));
    let one = format!("{path}/{}", text(&team, "id"));
    assert_eq!(org.api(Method::GET, &one, None).await.json(), team);
    let mut off = team.clone();
    off["status"] = json!("INACTIVE");
    assert_eq!(org.api(Method::PUT, &one, Some(off)).await.json()["status"], "INACTIVE");
    let made = tokens("openid pets").await;
    assert_eq!(decoded(1, text(&made, "access_token")).get("team"), None);
    assert_eq!(org.api(Method::DELETE, &one, None).await.status, StatusCode::NO_CONTENT);
    assert_eq!(org.api(Method::DELETE, &one, None).await.status, StatusCode::NOT_FOUND);
    for (body, expected) in [
        (json!({"name": "sub", "claimType": "RESOURCE", "value": "'x'"}), "name"),
        (json!({"name": "planet", "claimType": "RESOURCE", "value": "'x'"}), "name"),
        (json!({"name": "x", "claimType": "RESOURCE", "value": "appuser.x ? 1 : 2"}), "value"),
        (
            json!({"name": "x", "claimType": "RESOURCE", "valueType": "GROUPS", "value": "x"}),
            "group_filter_type",
        ),
        (
            json!({"name": "x", "claimType": "RESOURCE", "value": "'x'", "conditions": {"scopes": ["cats"]}}),
            "conditions",
        ),
    ] {
        let refused = org.api(Method::POST, &path, Some(body)).await.api_error();
        assert_eq!(refused, format!("400 E0000001 Api validation failed: {expected}"));
    }
    let name = ServerName::Custom(AuthorizationServerId::new("default"));
    assert_eq!(org.model().authorization_server(&name).unwrap().claims.len(), 3);
}
