use http::{Method, header};
use insta::assert_json_snapshot;

use crate::testing::{ORG, TestOrg};

#[tokio::test]
async fn the_system_log_is_filtered_and_followed() {
    let org = TestOrg::with_alice_assigned().await;
    let code = org.browser().code(&[]).await;
    org.redeem(&code, &[]).await;
    let types = async |query: &str| {
        let answer = org.api(Method::GET, &format!("/logs?{query}"), None).await;
        let events = answer.json();
        let types =
            events.as_array().unwrap().iter().map(|event| event["eventType"].as_str().unwrap().to_owned());
        let next = answer.headers.get_all(header::LINK).iter().find_map(|link| {
            link.to_str()
                .unwrap()
                .strip_suffix(">; rel=\"next\"")?
                .split_once("/logs?")
                .map(|(_, query)| query.to_owned())
        });
        (types.collect::<Vec<String>>(), next.unwrap())
    };
    let (found, _) = types("filter=eventType+eq+%22user.session.start%22").await;
    assert_eq!(found, ["user.session.start"]);
    let (found, _) = types(&format!("filter=target.id+eq+%22{}%22&q=membership+alice", org.app.id)).await;
    assert_eq!(found, ["application.user_membership.add"]);
    let (found, next) = types("limit=3&sortOrder=DESCENDING").await;
    assert_eq!(
        found,
        ["app.oauth2.token.grant.id_token", "app.oauth2.token.grant.access_token", "user.authentication.sso"]
    );
    assert_eq!(types(&next).await.0[0], "app.oauth2.authorize.code");
    let (_, next) = types("limit=1000").await;
    let (found, next) = types(&next).await;
    assert!(found.is_empty());
    org.model().suspend_user(&org.alice.id, &crate::model::Cause::system()).unwrap();
    assert_eq!(types(&next).await.0, ["user.lifecycle.suspend"]);
    org.advance(8 * 24 * 3600);
    assert!(types("").await.0.is_empty(), "a query goes seven days back unless it says");
    assert!(!types("since=2020-01-01T00:00:00Z").await.0.is_empty());
    for words in ["x".repeat(41), "a+".repeat(11)] {
        let many = org.api(Method::GET, &format!("/logs?q={words}"), None).await;
        assert_eq!(many.api_error(), "400 E0000001 Api validation failed: q");
    }
    let bad = org.api(Method::GET, "/logs?since=yesterday", None).await;
    assert!(bad.api_error().starts_with("400 E0000030 Bad request. Invalid date."));
}

#[tokio::test]
async fn a_log_event_has_oktas_shape() {
    let org = TestOrg::new().await;
    let mut browser = org.browser();
    browser.header(header::USER_AGENT, "Firefox");
    let page = browser.get(&format!("{ORG}/")).await;
    browser.submit(&page, "alice@acme.test", "wrong").await;
    let events = org.api(Method::GET, "/logs?filter=outcome.result+eq+%22FAILURE%22", None).await.json();
    assert_json_snapshot!(events[0], {
        ".actor.id" => "00u…", ".published" => "[t]", ".uuid" => "[uuid]", ".transaction.id" => "[request]",
        ".authenticationContext.externalSessionId" => "[request]",
    }, @r#"
    {
      "actor": {
        "id": "00u…",
        "type": "User",
        "alternateId": "alice@acme.test",
        "displayName": "Alice Archer",
        "detailEntry": null
      },
      "client": {
        "userAgent": {
          "rawUserAgent": "Firefox"
        },
        "zone": null,
        "device": null,
        "id": null,
        "ipAddress": "127.0.0.1",
        "geographicalContext": null
      },
      "authenticationContext": {
        "authenticationStep": 0,
        "externalSessionId": "[request]"
      },
      "displayMessage": "User login to Okta",
      "eventType": "user.session.start",
      "outcome": {
        "result": "FAILURE",
        "reason": "INVALID_CREDENTIALS"
      },
      "published": "[t]",
      "securityContext": {},
      "severity": "WARN",
      "debugContext": {
        "debugData": {
          "threatSuspected": "false"
        }
      },
      "legacyEventType": null,
      "transaction": {
        "type": "WEB",
        "id": "[request]",
        "detail": {}
      },
      "uuid": "[uuid]",
      "version": "0",
      "request": {
        "ipChain": [
          {
            "ip": "127.0.0.1",
            "version": "V4"
          }
        ]
      },
      "target": []
    }
    "#);
}
