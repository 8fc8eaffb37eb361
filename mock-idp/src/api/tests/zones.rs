use http::{Method, StatusCode};
use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::testing::TestOrg;

fn office() -> Value {
    json!({
        "type": "IP", "name": "Office",
        "gateways": [{"type": "CIDR", "value": "1.2.3.4/24"}, {"type": "RANGE", "value": "2001:db8::1-2001:db8::f"}],
        "proxies": [{"type": "RANGE", "value": "3.3.4.5-3.3.4.15"}],
    })
}

#[tokio::test]
async fn a_zone_is_made_changed_and_deleted() {
    let org = TestOrg::new().await;
    let created = org.api(Method::POST, "/zones", Some(office())).await.json();
    assert_json_snapshot!(created, {
        ".id" => "nzo…", ".created" => "[t]", ".lastUpdated" => "[t]", "._links.*.href" => "[url]",
    }, @r#"
    {
      "type": "IP",
      "id": "nzo…",
      "name": "Office",
      "status": "ACTIVE",
      "usage": "POLICY",
      "created": "[t]",
      "lastUpdated": "[t]",
      "system": false,
      "gateways": [
        {
          "type": "CIDR",
          "value": "1.2.3.4/24"
        },
        {
          "type": "RANGE",
          "value": "2001:db8::1-2001:db8::f"
        }
      ],
      "proxies": [
        {
          "type": "RANGE",
          "value": "3.3.4.5-3.3.4.15"
        }
      ],
      "_links": {
        "self": {
          "href": "[url]",
          "hints": {
            "allow": [
              "GET",
              "PUT",
              "DELETE"
            ]
          }
        },
        "deactivate": {
          "href": "[url]",
          "hints": {
            "allow": [
              "POST"
            ]
          }
        }
      }
    }
    "#);
    let path = format!("/zones/{}", created["id"].as_str().unwrap());
    assert_eq!(org.api(Method::GET, &path, None).await.json(), created);
    let mut blocked = created.clone();
    blocked["usage"] = json!("BLOCKLIST");
    blocked["proxies"] = Value::Null;
    let replaced = org.api(Method::PUT, &path, Some(blocked)).await.json();
    assert_eq!((&replaced["usage"], &replaced["proxies"]), (&json!("BLOCKLIST"), &Value::Null));
    let refused = org.api(Method::DELETE, &path, None).await;
    assert_eq!(
        refused.api_error(),
        "400 E0000001 Api validation failed: An active network zone cannot be deleted"
    );
    let off = org.api(Method::POST, &format!("{path}/lifecycle/deactivate"), None).await.json();
    assert_eq!(off["status"], "INACTIVE");
    assert!(off["_links"]["activate"]["href"].as_str().unwrap().ends_with("/lifecycle/activate"));
    let kept = org.api(Method::PUT, &path, Some(office())).await.json();
    assert_eq!(kept["status"], "INACTIVE", "what isn't said stays");
    assert_eq!(org.api(Method::DELETE, &path, None).await.status, StatusCode::NO_CONTENT);
    let gone = org.api(Method::GET, &path, None).await.api_error();
    assert!(
        gone.starts_with("404 E0000007 Not found: Resource not found: nzo")
            && gone.ends_with("(NetworkZone)")
    );
}

#[tokio::test]
async fn zones_are_listed_and_filtered() {
    let org = TestOrg::new().await;
    org.api(Method::POST, "/zones", Some(office())).await;
    let names = async |query: &str| {
        let listed = org.api(Method::GET, &format!("/zones{query}"), None).await.json();
        let names = listed.as_array().unwrap().iter().map(|zone| zone["name"].as_str().unwrap().to_owned());
        names.collect::<Vec<_>>()
    };
    assert_eq!(names("").await, ["LegacyIpZone", "BlockedIpZone", "Office"]);
    assert_eq!(names("?limit=2").await, ["LegacyIpZone", "BlockedIpZone"]);
    assert_eq!(names("?filter=usage+eq+%22BLOCKLIST%22").await, ["BlockedIpZone"]);
    assert_eq!(names("?filter=system+eq+false").await, ["Office"]);
    let unknown = org.api(Method::GET, "/zones?filter=name+eq+%22Office%22", None).await;
    assert_eq!(unknown.api_error(), "400 E0000031 Invalid search criteria.");
}

#[tokio::test]
async fn what_is_no_zone_is_refused_and_changes_nothing() {
    let org = TestOrg::new().await;
    let invalid = |field: &str| format!("400 E0000001 Api validation failed: {field}");
    let malformed = "400 E0000003 The request body was not well-formed.".to_owned();
    let long = json!("x".repeat(129));
    for (member, value, expected) in [
        ("type", json!("DYNAMIC"), invalid("type")),
        ("type", Value::Null, invalid("type")),
        ("name", Value::Null, invalid("name")),
        ("name", json!(" "), invalid("name")),
        ("name", long, invalid("name")),
        ("name", json!("LegacyIpZone"), invalid("name")),
        ("name", json!(7), malformed.clone()),
        ("status", json!("ASLEEP"), malformed.clone()),
        ("usage", json!("OTHER"), malformed.clone()),
        ("gateways", json!("1.2.3.4/24"), malformed.clone()),
        ("gateways", json!([{"type": "CIDR"}]), malformed.clone()),
        ("gateways", json!([{"type": "LIST", "value": "1.2.3.4/24"}]), malformed),
        ("gateways", json!([{"type": "CIDR", "value": "1.2.3.4/33"}]), invalid("gateways")),
        ("gateways", json!([{"type": "CIDR", "value": "1.2.3.4-1.2.3.5"}]), invalid("gateways")),
        ("gateways", json!([{"type": "RANGE", "value": "1.2.3.4/24"}]), invalid("gateways")),
        ("proxies", json!([{"type": "RANGE", "value": "b-a"}]), invalid("proxies")),
    ] {
        let mut body = office();
        body[member] = value;
        let answer = org.api(Method::POST, "/zones", Some(body)).await;
        assert_eq!(answer.api_error(), expected, "{member}");
    }
    let nowhere = json!({"type": "IP", "name": "Nowhere"});
    assert_eq!(org.api(Method::POST, "/zones", Some(nowhere)).await.api_error(), invalid("gateways"));
    assert_eq!(org.api(Method::GET, "/zones", None).await.json().as_array().unwrap().len(), 2);
    let unknown = org.api(Method::PUT, "/zones/nzonone", Some(office())).await;
    assert_eq!(unknown.api_error(), "404 E0000007 Not found: Resource not found: nzonone (NetworkZone)");
    let dance = org.api(Method::POST, "/zones/nzonone/lifecycle/dance", None).await;
    assert_eq!(dance.api_error(), "404 E0000008 The requested path was not found");
}
