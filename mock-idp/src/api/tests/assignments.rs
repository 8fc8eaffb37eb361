use http::Method;
use serde_json::json;

use crate::testing::TestOrg;

#[tokio::test]
async fn an_apps_user_has_a_name_of_its_own() {
    let org = TestOrg::with_alice_assigned().await;
    let path = format!("/apps/{}/users/{}", org.app.id, org.alice.id);
    let named = json!({"credentials": {"userName": "al"}, "profile": {}});
    assert_eq!(org.api(Method::POST, &path, Some(named)).await.json()["credentials"]["userName"], "al");
    assert_eq!(org.api(Method::GET, &path, None).await.json()["credentials"]["userName"], "al");
    let invalid = |field: &str| format!("400 E0000001 Api validation failed: {field}");
    for (body, expected) in [
        (json!({"credentials": {"userName": " "}}), invalid("userName")),
        (json!({"profile": {"role": "boss"}}), invalid("profile")),
        (json!({"credentials": "al"}), "400 E0000003 The request body was not well-formed.".to_owned()),
    ] {
        assert_eq!(org.api(Method::POST, &path, Some(body)).await.api_error(), expected);
    }
    let users = format!("/apps/{}/users", org.app.id);
    assert_eq!(
        org.api(Method::POST, &users, Some(json!({"scope": "USER"}))).await.api_error(),
        invalid("id")
    );
    let mallory = json!({"id": org.mallory.id, "credentials": {"userName": "mal"}});
    assert_eq!(org.api(Method::POST, &users, Some(mallory)).await.json()["credentials"]["userName"], "mal");
    let nobody = format!("/apps/{}/users/{}", org.app.id, org.admin.id);
    let named = json!({"credentials": {"userName": "al"}});
    assert!(org.api(Method::POST, &nobody, Some(named)).await.api_error().starts_with("404 E0000007"));
    org.api(Method::DELETE, &path, None).await;
    org.api(Method::POST, &users, Some(json!({"id": org.alice.id}))).await;
    let again = org.api(Method::GET, &path, None).await.json();
    assert_eq!(again["credentials"]["userName"], "alice@acme.test", "whoever was unassigned begins anew");
}

#[tokio::test]
async fn an_apps_group_has_a_priority() {
    let org = TestOrg::new().await;
    let path = format!("/apps/{}/groups/{}", org.app.id, org.engineering.id);
    let patch = json!([{"op": "replace", "path": "/priority", "value": 7}]);
    let early = org.api(Method::PATCH, &path, Some(patch.clone())).await;
    assert!(early.api_error().starts_with("404 E0000007"), "it is not assigned yet");
    let steep = org.api(Method::PUT, &path, Some(json!({"priority": 101}))).await;
    assert_eq!(steep.api_error(), "400 E0000001 Api validation failed: priority");
    assert!(org.api(Method::GET, &path, None).await.api_error().starts_with("404"), "nothing was done");
    assert_eq!(org.api(Method::PUT, &path, None).await.json()["priority"], 0);
    assert_eq!(org.api(Method::PUT, &path, Some(json!({"priority": 3}))).await.json()["priority"], 3);
    assert_eq!(org.api(Method::PATCH, &path, Some(patch)).await.json()["priority"], 7);
    for (patch, expected) in [
        (
            json!([{"op": "replace", "path": "/priority", "value": "x"}]),
            "400 E0000001 Api validation failed: priority",
        ),
        (
            json!([{"op": "replace", "path": "/profile/manager", "value": "x"}]),
            "400 E0000001 Api validation failed: profile",
        ),
        (json!([{"op": "remove", "path": "/priority"}]), "400 E0000001 Api validation failed: op"),
        (json!({"priority": 1}), "400 E0000003 The request body was not well-formed."),
    ] {
        assert_eq!(org.api(Method::PATCH, &path, Some(patch)).await.api_error(), expected);
    }
    assert_eq!(org.api(Method::GET, &path, None).await.json()["priority"], 7);
}
