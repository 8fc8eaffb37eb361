use http::{Method, StatusCode};
use serde_json::json;

use crate::testing::TestOrg;

async fn client(org: &TestOrg, secret: &str) -> StatusCode {
    let mut relying_party = org.browser();
    let form = [("client_id", org.app.client_id()), ("client_secret", secret), ("token", "x")];
    relying_party.post(&format!("{}/oauth2/v1/introspect", crate::testing::ORG), &form).await.status
}

#[tokio::test]
async fn an_old_secret_and_a_new_one_work_while_they_are_active() {
    let org = TestOrg::new().await;
    let path = format!("/apps/{}/credentials/secrets", org.app.id);
    let old = org.api(Method::GET, &path, None).await.json()[0].clone();
    let old_secret = old["client_secret"].as_str().unwrap();
    assert_eq!((old_secret, &old["status"]), (org.app.secret.as_ref().unwrap().expose(), &json!("ACTIVE")));
    let made = org.api(Method::POST, &path, Some(json!({}))).await;
    assert_eq!(made.status, StatusCode::CREATED);
    let made = made.json();
    let new_secret = made["client_secret"].as_str().unwrap();
    assert!(made["id"].as_str().unwrap().starts_with("ocs"));
    assert_eq!((new_secret.len(), made["secret_hash"].as_str().unwrap().len()), (64, 22));
    assert_eq!(client(&org, old_secret).await, StatusCode::OK);
    assert_eq!(client(&org, new_secret).await, StatusCode::OK);
    let third = org.api(Method::POST, &path, Some(json!({}))).await;
    assert_eq!(third.api_error(), "400 E0000001 Api validation failed: OAuth2ClientSecretMediated");
    let cause = "You've reached the maximum number of client secrets per client.";
    assert_eq!(third.json()["errorCauses"], json!([{"errorSummary": cause}]));
    let of = |id: &serde_json::Value| format!("{path}/{}", id.as_str().unwrap());
    let off = org.api(Method::POST, &format!("{}/lifecycle/deactivate", of(&old["id"])), None).await.json();
    assert_eq!(off["status"], "INACTIVE");
    assert!(off["_links"]["delete"].is_object() && off["_links"]["activate"].is_object());
    assert_eq!(client(&org, old_secret).await, StatusCode::UNAUTHORIZED);
    assert_eq!(client(&org, new_secret).await, StatusCode::OK);
    let shown = org.api(Method::GET, &format!("/apps/{}", org.app.id), None).await.json();
    assert_eq!(shown["credentials"]["oauthClient"]["client_secret"], json!(new_secret));
    for (method, path, cause) in [
        (
            Method::POST,
            format!("{}/lifecycle/deactivate", of(&made["id"])),
            "You can't deactivate the only active client secret.",
        ),
        (
            Method::DELETE,
            of(&made["id"]),
            "You can't delete an active client secret. Deactivate the secret before deleting it.",
        ),
    ] {
        let refused = org.api(method, &path, None).await;
        assert_eq!(refused.json()["errorCauses"][0]["errorSummary"], cause);
    }
    let again = org.api(Method::POST, &format!("{}/lifecycle/activate", of(&old["id"])), None).await;
    assert_eq!(again.json()["status"], "ACTIVE");
    assert_eq!(client(&org, old_secret).await, StatusCode::OK);
    org.api(Method::POST, &format!("{}/lifecycle/deactivate", of(&old["id"])), None).await;
    assert_eq!(org.api(Method::DELETE, &of(&old["id"]), None).await.status, StatusCode::NO_CONTENT);
    assert_eq!(org.api(Method::GET, &path, None).await.json().as_array().unwrap().len(), 1);
    let gone = org.api(Method::GET, &of(&old["id"]), None).await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_is_no_secret_is_refused() {
    let org = TestOrg::new().await;
    let path = format!("/apps/{}/credentials/secrets", org.app.id);
    let (long, short) = ("x".repeat(101), "x".repeat(13));
    for (secret, reason) in [
        (short.as_str(), "'client_secret' must be at least '14' characters long."),
        (long.as_str(), "'client_secret' can't be more than '100' characters long."),
        ("fifteen characters é", "'client_secret' must only contain printable ASCII: [x20-x7E]+"),
    ] {
        let refused = org.api(Method::POST, &path, Some(json!({"client_secret": secret}))).await;
        assert_eq!(refused.api_error(), "400 E0000001 Api validation failed: client_secret");
        assert_eq!(refused.json()["errorCauses"][0]["errorSummary"], format!("client_secret: {reason}"));
    }
    let malformed = org.api(Method::POST, &path, Some(json!({"status": "ASLEEP"}))).await;
    assert_eq!(malformed.api_error(), "400 E0000003 The request body was not well-formed.");
    assert_eq!(org.model().app(&org.app.id).unwrap().secrets().len(), 1);
    let own = json!({"client_secret": "a secret of my own", "status": "INACTIVE"});
    let own = org.api(Method::POST, &path, Some(own)).await.json();
    assert_eq!((&own["client_secret"], &own["status"]), (&json!("a secret of my own"), &json!("INACTIVE")));
    assert_eq!(client(&org, "a secret of my own").await, StatusCode::UNAUTHORIZED);
    let unknown = org.api(Method::GET, "/apps/0oanone/credentials/secrets", None).await;
    assert_eq!(unknown.api_error(), "404 E0000007 Not found: Resource not found: 0oanone (AppInstance)");
}
