use http::Method;
use serde_json::{Value, json};

use crate::model::Cause;
use crate::testing::TestOrg;

async fn names(org: &TestOrg, query: &str) -> Vec<String> {
    let listed = org.api(Method::GET, &format!("/groups?{query}"), None).await.json();
    let names =
        listed.as_array().unwrap().iter().map(|group| group["profile"]["name"].as_str().unwrap().to_owned());
    names.collect()
}

#[tokio::test]
async fn groups_are_filtered_searched_and_counted() {
    let org = TestOrg::new().await;
    org.model().assign_group(&org.app.id, &org.engineering.id, &Cause::system()).unwrap();
    assert_eq!(names(&org, "filter=type+eq+%22BUILT_IN%22").await, ["Everyone"]);
    assert_eq!(names(&org, "search=profile.name+co+%22GINEER%22").await, ["Engineering"]);
    assert_eq!(names(&org, "q=eng").await, ["Engineering"]);
    let both = "filter=type+eq+%22OKTA_GROUP%22&search=profile.name+sw+%22Every%22";
    assert_eq!(names(&org, both).await, Vec::<String>::new(), "both have to accept");
    let unknown = org.api(Method::GET, "/groups?filter=profile.name+eq+%22Everyone%22", None).await;
    assert_eq!(unknown.api_error(), "400 E0000031 Invalid search criteria.");
    let counted = org.api(Method::GET, "/groups?expand=stats", None).await.json();
    let counts = |group: &Value| {
        let stats = &group["_embedded"]["stats"];
        (stats["usersCount"].as_u64().unwrap(), stats["appsCount"].as_u64().unwrap())
    };
    assert_eq!((counts(&counted[0]), counts(&counted[1])), ((3, 0), (1, 1)));
    let plain = org.api(Method::GET, "/groups", None).await.json();
    assert!(plain[0].get("_embedded").is_none());
}

#[tokio::test]
async fn what_is_no_group_is_refused_and_changes_nothing() {
    let org = TestOrg::new().await;
    let path = format!("/groups/{}", org.engineering.id);
    for (body, expected) in [
        (json!({}), "400 E0000001 Api validation failed: profile"),
        (json!({"profile": {}}), "400 E0000001 Api validation failed: name"),
        (json!({"profile": {"name": ""}}), "400 E0000001 Api validation failed: name"),
        (json!({"profile": {"name": 7}}), "400 E0000001 Api validation failed: profile"),
        (
            json!({"profile": {"name": "Other", "colour": "red"}}),
            "400 E0000001 Api validation failed: profile",
        ),
        (json!({"profile": {"name": "Everyone"}}), "400 E0000001 Api validation failed: name"),
        (json!({"profile": ["Other"]}), "400 E0000003 The request body was not well-formed."),
    ] {
        assert_eq!(org.api(Method::POST, "/groups", Some(body.clone())).await.api_error(), expected);
        assert_eq!(org.api(Method::PUT, &path, Some(body)).await.api_error(), expected);
    }
    assert_eq!(names(&org, "").await, ["Everyone", "Engineering"]);
    let aside = json!({"id": "00gx", "type": "BUILT_IN", "profile": {"name": "Other", "description": null}});
    let kept = org.api(Method::PUT, &path, Some(aside)).await.json();
    assert_eq!((&kept["id"], &kept["type"]), (&json!(org.engineering.id), &json!("OKTA_GROUP")));
}

#[tokio::test]
async fn apps_are_filtered_by_whom_they_are_assigned_to() {
    let org = TestOrg::with_alice_assigned().await;
    org.model().assign_group(&org.app.id, &org.engineering.id, &Cause::system()).unwrap();
    let count = async |filter: &str| {
        let listed = org.api(Method::GET, &format!("/apps?filter={filter}"), None).await.json();
        listed.as_array().unwrap().len()
    };
    assert_eq!(count(&format!("user.id+eq+%22{}%22", org.alice.id)).await, 1);
    assert_eq!(count(&format!("user.id+eq+%22{}%22", org.mallory.id)).await, 0);
    assert_eq!(
        count(&format!("group.id+eq+%22{}%22+and+status+eq+%22ACTIVE%22", org.engineering.id)).await,
        1
    );
    assert_eq!(count(&format!("group.id+eq+%22{}%22", org.model().everyone())).await, 0);
    assert_eq!(count("status+eq+%22INACTIVE%22").await, 0);
    let unknown = org.api(Method::GET, "/apps?filter=label+eq+%22ngrok%22", None).await;
    assert_eq!(unknown.api_error(), "400 E0000031 Invalid search criteria.");
}
