use http::{Method, StatusCode, header};
use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::testing::{ORG, TestOrg};

fn bob() -> Value {
    json!({
        "profile": {"login": "bob@acme.test", "email": "bob@acme.test", "firstName": "Bob", "lastName": "Best"},
        "credentials": {"password": {"value": "correct horse"}},
    })
}

async fn create(org: &TestOrg, path: &str, body: Value) -> String {
    let answer = org.api(Method::POST, path, Some(body)).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    answer.json()["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn only_a_token_opens_the_api_with_or_without_the_space() {
    let org = TestOrg::new().await;
    let url = format!("{ORG}/api/v1/users/me");
    let none = org.browser().get(&url).await;
    assert_eq!(none.api_error(), "403 E0000005 Invalid session");
    for wrong in ["SSWS wrong", "Bearer x", "SSWS ", "x"] {
        let mut client = org.browser();
        client.header(header::AUTHORIZATION, wrong);
        assert_eq!(client.get(&url).await.api_error(), "401 E0000011 Invalid token provided");
    }
    let mut client = org.browser();
    client.header(header::AUTHORIZATION, &format!("SSWS{}", org.api_token.expose()));
    let answer = client.get(&url).await;
    assert_eq!(answer.json()["profile"]["login"], "ada@acme.test");
    assert_eq!(answer.header("x-rate-limit-limit"), "1000000");
    assert_eq!(answer.header("x-okta-request-id").len(), 27);
    assert!(answer.header("x-rate-limit-reset").parse::<i64>().unwrap() > 1_700_000_000);
    org.model().set_administrator(&org.admin.id, false, &crate::model::Cause::system()).unwrap();
    assert_eq!(client.get(&url).await.status, StatusCode::UNAUTHORIZED, "a token has its owner's rights");
}

#[tokio::test]
async fn a_user_goes_through_its_life() {
    let org = TestOrg::new().await;
    let created = org.api(Method::POST, "/users?activate=true", Some(bob())).await.json();
    assert_json_snapshot!(created, {
        ".id" => "00u…", ".created" => "[t]", ".activated" => "[t]", ".statusChanged" => "[t]",
        ".lastUpdated" => "[t]", ".passwordChanged" => "[t]", ".type.id" => "oty…", "._links.self.href" => "[url]",
    }, @r#"
    {
      "id": "00u…",
      "status": "ACTIVE",
      "created": "[t]",
      "activated": "[t]",
      "statusChanged": "[t]",
      "lastLogin": null,
      "lastUpdated": "[t]",
      "passwordChanged": "[t]",
      "type": {
        "id": "oty…"
      },
      "profile": {
        "firstName": "Bob",
        "lastName": "Best",
        "mobilePhone": null,
        "secondEmail": null,
        "login": "bob@acme.test",
        "email": "bob@acme.test"
      },
      "credentials": {
        "provider": {
          "type": "OKTA",
          "name": "OKTA"
        },
        "password": {}
      },
      "_links": {
        "self": {
          "href": "[url]"
        }
      }
    }
    "#);
    let path = format!("/users/{}", created["id"].as_str().unwrap());
    let lifecycle = async |operation: &str| {
        let answer = org.api(Method::POST, &format!("{path}/lifecycle/{operation}"), None).await;
        if answer.status == StatusCode::OK { "done".to_owned() } else { answer.api_error() }
    };
    assert_eq!(
        lifecycle("activate").await,
        "403 E0000016 Activation failed because the user is already active"
    );
    assert_eq!(lifecycle("suspend").await, "done");
    assert_eq!(
        lifecycle("suspend").await,
        "400 E0000001 Api validation failed: Cannot suspend a user that is not active"
    );
    assert_eq!(lifecycle("unsuspend").await, "done");
    assert_eq!(lifecycle("dance").await, "404 E0000008 The requested path was not found");
    let changed = json!({"profile": {"nickName": "Bobby"}});
    let answer = org.api(Method::POST, &path, Some(changed)).await.json();
    assert_eq!(
        (&answer["profile"]["nickName"], &answer["profile"]["lastName"]),
        (&json!("Bobby"), &json!("Best"))
    );
    let replaced = json!({"profile": {"login": "bob@acme.test", "email": "b@acme.test"}});
    let answer = org.api(Method::PUT, &path, Some(replaced)).await.json();
    assert_eq!((&answer["profile"].get("nickName"), &answer["profile"]["lastName"]), (&None, &Value::Null));
    assert_eq!(org.api(Method::GET, "/users/BOB@acme.test", None).await.json()["id"], created["id"]);
    for _ in ["deactivates", "deletes"] {
        assert_eq!(org.api(Method::DELETE, &path, None).await.status, StatusCode::NO_CONTENT);
    }
    let id = created["id"].as_str().unwrap();
    assert_eq!(
        org.api(Method::GET, &path, None).await.api_error(),
        format!("404 E0000007 Not found: Resource not found: {id} (User)")
    );
}

#[tokio::test]
async fn bad_input_changes_nothing_and_is_named() {
    let org = TestOrg::new().await;
    let twice = org
        .api(
            Method::POST,
            "/users",
            Some(json!({"profile": {"login": "Alice@acme.test", "email": "a@b.test"}})),
        )
        .await;
    assert_eq!(twice.api_error(), "400 E0000001 Api validation failed: login");
    assert_eq!(
        twice.json()["errorCauses"],
        json!([{"errorSummary": "login: An object with this field already exists in the current organization"}])
    );
    let json = twice.json();
    assert_eq!(json["errorLink"], "E0000001");
    assert!(json["errorId"].as_str().unwrap().starts_with("oae"));
    for (body, expected) in [
        ("{", "400 E0000003 The request body was not well-formed."),
        ("[]", "400 E0000003 The request body was not well-formed."),
        (r#"{"profile": 7}"#, "400 E0000003 The request body was not well-formed."),
        (r#"{}"#, "400 E0000001 Api validation failed: profile"),
        (r#"{"profile": {"login": "bob"}}"#, "400 E0000001 Api validation failed: login"),
        (r#"{"profile": {"shoeSize": "44"}}"#, "400 E0000001 Api validation failed: profile"),
    ] {
        let mut client = org.browser();
        client.header(header::AUTHORIZATION, &format!("SSWS {}", org.api_token.expose()));
        let body = Some(("application/json", body.to_owned()));
        assert_eq!(
            client.send(Method::POST, &format!("{ORG}/api/v1/users"), body).await.api_error(),
            expected
        );
    }
    let large = json!({"profile": {"login": "x".repeat(1024 * 1024)}});
    assert_eq!(org.api(Method::POST, "/users", Some(large)).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    for path in [
        "/users?limit=0",
        "/users?limit=-1",
        "/users?limit=many",
        "/users?after=%3Cscript%3E",
        "/groups?after=00g",
        "/apps?after=12345678901234567890x",
        "/logs?after=00u1234567890abcdefg",
        "/logs?limit=-1",
        "/zones?limit=all",
    ] {
        assert_eq!(
            org.api(Method::GET, path, None).await.api_error(),
            "400 E0000029 Invalid paging request.",
            "{path}"
        );
    }
    let filter = org.api(Method::GET, "/users?filter=status+is+fine", None).await;
    assert_eq!(filter.api_error(), "400 E0000031 Invalid search criteria.");
    let unknown = org.api(Method::GET, "/users?filter=profile.city+eq+%22Oslo%22", None).await;
    assert_eq!(unknown.api_error(), "400 E0000031 Invalid search criteria.");
    let illegible = org.api(Method::GET, "/users/%ff", None).await;
    assert_eq!(illegible.api_error(), "404 E0000008 The requested path was not found");
    assert_eq!(org.browser().get(&format!("{ORG}/%ff")).await.status, StatusCode::NOT_FOUND);
    let method = org.api(Method::PATCH, "/users", None).await;
    assert_eq!(method.api_error(), "405 E0000022 The endpoint does not support the provided HTTP method");
    let path = org.api(Method::GET, "/nothing/here", None).await;
    assert_eq!(path.api_error(), "404 E0000008 The requested path was not found");
    assert_eq!(org.api(Method::GET, "/users", None).await.json().as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn lists_come_in_pages_by_separate_links() {
    let org = TestOrg::new().await;
    let first = org.api(Method::GET, "/users?limit=2&filter=status+eq+%22ACTIVE%22", None).await;
    assert_eq!(first.json().as_array().unwrap().len(), 2);
    let links: Vec<&str> =
        first.headers.get_all(header::LINK).into_iter().map(|link| link.to_str().unwrap()).collect();
    let this = format!("<{ORG}/api/v1/users?limit=2&filter=status+eq+%22ACTIVE%22>; rel=\"self\"");
    assert_eq!(links[0], this);
    let next =
        links[1].strip_prefix(&format!("<{ORG}/api/v1")).unwrap().strip_suffix(">; rel=\"next\"").unwrap();
    let second = org.api(Method::GET, next, None).await;
    assert_eq!(second.json()[0]["profile"]["login"], "ada@acme.test");
    assert_eq!(second.headers.get_all(header::LINK).iter().count(), 1, "there is no further page");
    let found = org.api(Method::GET, "/users?q=mal", None).await.json();
    assert_eq!(found[0]["profile"]["login"], "mallory@acme.test");
    let searched = org.api(Method::GET, "/users?search=profile.lastName+sw+%22arch%22", None).await.json();
    assert_eq!(searched.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn groups_have_members() {
    let org = TestOrg::new().await;
    let group =
        create(&org, "/groups", json!({"profile": {"name": "Design", "description": "Pictures"}})).await;
    let member = format!("/groups/{group}/users/{}", org.alice.id);
    assert_eq!(org.api(Method::PUT, &member, None).await.status, StatusCode::NO_CONTENT);
    let members = org.api(Method::GET, &format!("/groups/{group}/users"), None).await.json();
    assert_eq!(members[0]["id"], json!(org.alice.id));
    let groups = org.api(Method::GET, &format!("/users/{}/groups", org.alice.id), None).await.json();
    let names: Vec<&Value> =
        groups.as_array().unwrap().iter().map(|group| &group["profile"]["name"]).collect();
    assert_eq!(names, ["Everyone", "Engineering", "Design"]);
    assert_eq!(groups[0]["type"], "BUILT_IN");
    assert_eq!(org.api(Method::DELETE, &member, None).await.status, StatusCode::NO_CONTENT);
    let everyone = groups[0]["id"].as_str().unwrap();
    let refused = org.api(Method::DELETE, &format!("/groups/{everyone}"), None).await;
    assert_eq!(
        refused.api_error(),
        "403 E0000006 You do not have permission to perform the requested action"
    );
    let renamed = org
        .api(Method::PUT, &format!("/groups/{group}"), Some(json!({"profile": {"name": "Engineering"}})))
        .await;
    assert_eq!(renamed.api_error(), "400 E0000001 Api validation failed: name");
    assert_eq!(
        org.api(Method::DELETE, &format!("/groups/{group}"), None).await.status,
        StatusCode::NO_CONTENT
    );
}

#[tokio::test]
async fn sessions_and_tiles_are_the_users() {
    let org = TestOrg::with_alice_assigned().await;
    let mut alice = org.browser();
    alice.sign_in("alice@acme.test").await;
    let path = format!("/users/{}", org.alice.id);
    assert_eq!(org.api(Method::GET, &format!("{path}/appLinks"), None).await.json(), json!([]));
    assert_eq!(
        org.api(Method::DELETE, &format!("{path}/sessions"), None).await.status,
        StatusCode::NO_CONTENT
    );
    assert!(alice.get(&format!("{ORG}/")).await.body.contains("stateToken"));
}

#[tokio::test]
async fn a_user_may_have_to_choose_another_password_first() {
    let org = TestOrg::new().await;
    let mut body = bob();
    body["credentials"] = json!({"password": {"value": "first horse"}});
    let create = async |query: &str, body: &Value| {
        org.api(Method::POST, &format!("/users?{query}"), Some(body.clone())).await
    };
    let refused = "400 E0000001 Api validation failed: nextLogin";
    for query in ["nextLogin=dance", "nextLogin=changePassword&activate=false"] {
        assert_eq!(create(query, &body).await.api_error(), refused, "{query}");
    }
    let login = body["profile"]["login"].as_str().unwrap();
    assert!(org.model().user_by_login(login).is_none(), "nothing was made");
    let made = create("activate=true&nextLogin=changePassword", &body).await.json();
    assert_eq!(made["status"], "PASSWORD_EXPIRED");
}
