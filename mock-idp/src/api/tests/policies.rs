use http::{Method, StatusCode};
use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::model::{Access, Actions, AppSignOn, Cause, FactorMode, NewApp, Policy, PolicyId, PolicyKind};
use crate::testing::{CALLBACK, PASSWORD, TestOrg};

fn id(shape: &Value) -> &str {
    shape["id"].as_str().unwrap()
}

async fn made(org: &TestOrg, path: &str, body: Value) -> Value {
    let answer = org.api(Method::POST, path, Some(body)).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    answer.json()
}

fn two_factors() -> Value {
    json!({
        "name": "Engineers abroad", "type": "ACCESS_POLICY", "priority": 0,
        "actions": {"appSignOn": {"access": "ALLOW", "verificationMethod": {
            "type": "ASSURANCE", "factorMode": "2FA", "reauthenticateIn": "PT2H",
            "constraints": [{
                "knowledge": {"types": ["password"], "reauthenticateIn": "PT0S"},
                "possession": {"methods": ["webauthn", "PUSH"], "phishingResistant": "REQUIRED", "userPresence": "OPTIONAL"},
            }],
        }}},
    })
}

#[tokio::test]
async fn an_access_policy_is_made_changed_and_deleted() {
    let org = TestOrg::new().await;
    let body = json!({"type": "ACCESS_POLICY", "name": "Tunnels", "description": "Who may go in"});
    let policy = made(&org, "/policies", body.clone()).await;
    assert_json_snapshot!(policy, {
        ".id" => "rst…", ".created" => "[t]", ".lastUpdated" => "[t]", "._links.*.href" => "[url]",
    }, @r#"
    {
      "id": "rst…",
      "type": "ACCESS_POLICY",
      "name": "Tunnels",
      "description": "Who may go in",
      "priority": 1,
      "status": "ACTIVE",
      "system": false,
      "conditions": null,
      "created": "[t]",
      "lastUpdated": "[t]",
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
        "rules": {
          "href": "[url]",
          "hints": {
            "allow": [
              "GET",
              "POST"
            ]
          }
        },
        "mappings": {
          "href": "[url]",
          "hints": {
            "allow": [
              "GET"
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
    let path = format!("/policies/{}", id(&policy));
    let rules = org.api(Method::GET, &format!("{path}/rules"), None).await.json();
    assert_json_snapshot!(rules, {
        "[].id" => "0pr…", "[].created" => "[t]", "[].lastUpdated" => "[t]", "[]._links.*.href" => "[url]",
    }, @r#"
    [
      {
        "id": "0pr…",
        "type": "ACCESS_POLICY",
        "name": "Catch-all Rule",
        "priority": 99,
        "status": "ACTIVE",
        "system": true,
        "conditions": null,
        "actions": {
          "appSignOn": {
            "access": "ALLOW",
            "verificationMethod": {
              "type": "ASSURANCE",
              "factorMode": "1FA",
              "constraints": [],
              "reauthenticateIn": "PT43800H"
            }
          }
        },
        "created": "[t]",
        "lastUpdated": "[t]",
        "_links": {
          "self": {
            "href": "[url]",
            "hints": {
              "allow": [
                "GET",
                "PUT"
              ]
            }
          }
        }
      }
    ]
    "#);
    let twice = org.api(Method::POST, "/policies", Some(body)).await;
    assert_eq!(twice.api_error(), "400 E0000001 Api validation failed: name");
    let mut renamed = policy.clone();
    renamed["name"] = json!("Tunnels of Acme");
    let renamed = org.api(Method::PUT, &path, Some(renamed)).await.json();
    assert_eq!(renamed["name"], "Tunnels of Acme");
    let off = org.api(Method::POST, &format!("{path}/lifecycle/deactivate"), None).await;
    assert_eq!(off.status, StatusCode::NO_CONTENT);
    let read = org.api(Method::GET, &format!("{path}?expand=rules"), None).await.json();
    assert_eq!((&read["status"], &read["_embedded"]["rules"]), (&json!("INACTIVE"), &rules));
    assert_eq!(org.api(Method::DELETE, &path, None).await.status, StatusCode::NO_CONTENT);
    let gone = format!("404 E0000007 Not found: Resource not found: {} (Policy)", id(&policy));
    assert_eq!(org.api(Method::GET, &path, None).await.api_error(), gone);
}

#[tokio::test]
async fn rules_of_an_access_policy_are_made_ordered_and_deleted() {
    let org = TestOrg::new().await;
    let policy = made(&org, "/policies", json!({"type": "ACCESS_POLICY", "name": "Tunnels"})).await;
    let path = format!("/policies/{}/rules", id(&policy));
    let zone =
        json!({"type": "IP", "name": "Office", "gateways": [{"type": "CIDR", "value": "192.0.2.0/24"}]});
    let zone = made(&org, "/zones", zone).await;
    let mut body = two_factors();
    body["conditions"] = json!({
        "people": {"groups": {"include": [org.engineering.id]}, "users": {"exclude": [org.mallory.id]}},
        "network": {"connection": "ZONE", "exclude": [zone["id"]]},
        // What leaves everything open is no condition.
        "userType": {"include": [], "exclude": []}, "riskScore": {"level": "ANY"}, "elCondition": null,
    });
    let rule = made(&org, &path, body).await;
    assert_json_snapshot!(rule, {
        ".id" => "0pr…", ".created" => "[t]", ".lastUpdated" => "[t]", "._links.*.href" => "[url]",
        ".conditions.people.*.*[0]" => "[id]", ".conditions.network.exclude[0]" => "nzo…",
    }, @r#"
    {
      "id": "0pr…",
      "type": "ACCESS_POLICY",
      "name": "Engineers abroad",
      "priority": 0,
      "status": "ACTIVE",
      "system": false,
      "conditions": {
        "people": {
          "users": {
            "include": [],
            "exclude": [
              "[id]"
            ]
          },
          "groups": {
            "include": [
              "[id]"
            ],
            "exclude": []
          }
        },
        "network": {
          "connection": "ZONE",
          "exclude": [
            "nzo…"
          ]
        }
      },
      "actions": {
        "appSignOn": {
          "access": "ALLOW",
          "verificationMethod": {
            "type": "ASSURANCE",
            "factorMode": "2FA",
            "constraints": [
              {
                "knowledge": {
                  "required": true,
                  "types": [
                    "PASSWORD"
                  ],
                  "reauthenticateIn": "PT0S"
                },
                "possession": {
                  "required": true,
                  "deviceBound": "OPTIONAL",
                  "hardwareProtection": "OPTIONAL",
                  "phishingResistant": "REQUIRED",
                  "userPresence": "OPTIONAL",
                  "userVerification": "OPTIONAL",
                  "methods": [
                    "PUSH",
                    "WEBAUTHN"
                  ]
                }
              }
            ],
            "reauthenticateIn": "PT2H"
          }
        }
      },
      "created": "[t]",
      "lastUpdated": "[t]",
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
    let deny = json!({
        "name": "Nobody", "priority": 1, "actions": {"appSignOn": {"access": "DENY"}},
    });
    let deny = made(&org, &path, deny).await;
    let names = async || {
        let rules = org.api(Method::GET, &path, None).await.json();
        let of =
            |rule: &Value| (rule["name"].as_str().unwrap().to_owned(), rule["priority"].as_u64().unwrap());
        rules.as_array().unwrap().iter().map(of).collect::<Vec<_>>()
    };
    let named =
        |names: &[(&str, u64)]| names.iter().map(|(name, at)| ((*name).to_owned(), *at)).collect::<Vec<_>>();
    assert_eq!(names().await, named(&[("Engineers abroad", 0), ("Nobody", 1), ("Catch-all Rule", 99)]));
    let mut first = deny.clone();
    first["priority"] = json!(0);
    org.api(Method::PUT, &format!("{path}/{}", id(&deny)), Some(first)).await;
    assert_eq!(names().await, named(&[("Nobody", 0), ("Engineers abroad", 1), ("Catch-all Rule", 99)]));
    // What the console would read is what the API wrote.
    let policy = org.model().policy(&PolicyId::new(id(&policy))).unwrap();
    let Actions::AppSignOn(AppSignOn { access, assurance }) = &policy.rules[1].actions else { panic!() };
    assert_eq!((*access, assurance.factor_mode), (Access::Allow, FactorMode::TwoFactor));
    let one = format!("{path}/{}", id(&deny));
    let off = org.api(Method::POST, &format!("{one}/lifecycle/deactivate"), None).await;
    assert_eq!(off.status, StatusCode::NO_CONTENT);
    assert_eq!(org.api(Method::GET, &one, None).await.json()["status"], "INACTIVE");
    assert_eq!(org.api(Method::DELETE, &one, None).await.status, StatusCode::NO_CONTENT);
    let gone = format!("404 E0000007 Not found: Resource not found: {} (PolicyRule)", id(&deny));
    assert_eq!(org.api(Method::GET, &one, None).await.api_error(), gone);
    let catch_all = policy.rules.last().unwrap();
    let kept = org.api(Method::DELETE, &format!("{path}/{}", catch_all.id), None).await;
    assert_eq!(kept.api_error(), "400 E0000001 Api validation failed: The default rule can't be deleted");
}

#[tokio::test]
async fn a_global_session_policy_and_its_rule_are_okta_s() {
    let org = TestOrg::new().await;
    let listed = org.api(Method::GET, "/policies?type=OKTA_SIGN_ON", None).await.json();
    assert_eq!(listed[0]["conditions"]["people"]["groups"]["include"], json!([org.model().everyone()]));
    let default = &format!("/policies/{}", id(&listed[0]));
    let same = org.api(Method::PUT, default, Some(listed[0].clone())).await;
    assert_eq!(same.status, StatusCode::OK, "{same:?}");
    let body = json!({
        "type": "OKTA_SIGN_ON", "name": "Engineers",
        "conditions": {"people": {"groups": {"include": [org.engineering.id]}}},
    });
    let policy = made(&org, "/policies", body).await;
    let rule = json!({
        "type": "SIGN_ON", "name": "Challenge", "priority": 1,
        "conditions": {
            "people": {"users": {"exclude": []}}, "network": {"connection": "ANYWHERE"},
            "authContext": {"authType": "ANY"}, "risk": {"behaviors": []}, "identityProvider": {"provider": "ANY"},
        },
        "actions": {"signon": {
            "access": "ALLOW", "requireFactor": true, "factorPromptMode": "SESSION", "factorLifetime": 15,
            "primaryFactor": "PASSWORD_IDP", "rememberDeviceByDefault": true,
            "session": {"maxSessionIdleMinutes": 30, "maxSessionLifetimeMinutes": 0, "usePersistentCookie": false},
        }},
    });
    let rule = made(&org, &format!("/policies/{}/rules", id(&policy)), rule).await;
    assert_json_snapshot!(rule["actions"], @r#"
    {
      "signon": {
        "access": "ALLOW",
        "requireFactor": true,
        "primaryFactor": "PASSWORD_IDP",
        "session": {
          "maxSessionIdleMinutes": 30,
          "maxSessionLifetimeMinutes": 0,
          "usePersistentCookie": false
        },
        "factorLifetime": 15,
        "factorPromptMode": "SESSION",
        "rememberDeviceByDefault": true
      }
    }
    "#);
    let names: Vec<String> =
        org.model().policies(PolicyKind::SignOn).iter().map(|policy| policy.name.clone()).collect();
    assert_eq!(names, ["Engineers", "Default Policy"]);
    let found = org.api(Method::GET, "/policies?type=OKTA_SIGN_ON&q=eng&status=ACTIVE", None).await.json();
    assert_eq!(found.as_array().unwrap().len(), 1);
    let page = org.api(Method::GET, "/policies?type=OKTA_SIGN_ON&limit=1", None).await;
    let links: Vec<&str> = page.headers.get_all("link").iter().map(|link| link.to_str().unwrap()).collect();
    let next = links.iter().find(|link| link.ends_with("rel=\"next\"")).unwrap();
    assert!(next.contains(&format!("after={}", id(&policy))), "{next}");
    let second = format!("/policies?type=OKTA_SIGN_ON&limit=1&after={}", id(&policy));
    assert_eq!(org.api(Method::GET, &second, None).await.json()[0]["name"], "Default Policy");
}

#[tokio::test]
async fn an_enrolment_policy_names_each_authenticator() {
    let org = TestOrg::new().await;
    let listed = org.api(Method::GET, "/policies?type=MFA_ENROLL", None).await.json();
    assert_json_snapshot!(listed[0]["settings"], @r#"
    {
      "type": "AUTHENTICATORS",
      "authenticators": [
        {
          "key": "okta_password",
          "enroll": {
            "self": "REQUIRED"
          }
        },
        {
          "key": "okta_verify",
          "enroll": {
            "self": "OPTIONAL"
          }
        },
        {
          "key": "webauthn",
          "enroll": {
            "self": "OPTIONAL"
          }
        }
      ]
    }
    "#);
    let mut body = listed[0].clone();
    body["settings"]["authenticators"][2]["enroll"]["self"] = json!("NOT_ALLOWED");
    let path = format!("/policies/{}", id(&listed[0]));
    let changed = org.api(Method::PUT, &path, Some(body)).await.json();
    assert_eq!(changed["settings"]["authenticators"][2]["enroll"]["self"], "NOT_ALLOWED");
    let rules = org.api(Method::GET, &format!("{path}/rules"), None).await.json();
    assert_eq!(rules[0]["actions"], json!({"enroll": {"self": "CHALLENGE"}}));
}

#[tokio::test]
async fn what_a_rule_says_decides_at_the_next_sign_in() {
    let org = TestOrg::with_alice_assigned().await;
    let policy = made(&org, "/policies", json!({"type": "ACCESS_POLICY", "name": "Tunnels"})).await;
    let path = format!("/policies/{}", id(&policy));
    let assigned = org.api(Method::PUT, &format!("/apps/{}{path}", org.app.id), None).await;
    assert_eq!(assigned.status, StatusCode::NO_CONTENT);
    let app = org.api(Method::GET, &format!("/apps/{}", org.app.id), None).await.json();
    let href = app["_links"]["accessPolicy"]["href"].as_str().unwrap();
    assert!(href.ends_with(&format!("/api/v1{path}")), "{href}");
    let deny = json!({"name": "Nobody", "actions": {"appSignOn": {"access": "DENY"}}});
    let deny = made(&org, &format!("{path}/rules"), deny).await;
    let mut browser = org.browser();
    let page = browser.get(&org.authorize_url(&[])).await;
    let denied = browser.submit(&page, "alice@acme.test", PASSWORD).await;
    assert_eq!(denied.parameter("code"), None);
    let off = format!("{path}/rules/{}/lifecycle/deactivate", id(&deny));
    org.api(Method::POST, &off, None).await;
    org.browser().code(&[]).await;
    let used = org.api(Method::DELETE, &path, None).await;
    assert_eq!(
        used.api_error(),
        "400 E0000001 Api validation failed: The policy is assigned to an application"
    );
}

#[tokio::test]
async fn apps_are_found_by_their_policy() {
    let org = TestOrg::new().await;
    let other = org.model().create_app(NewApp::web("Wiki", CALLBACK), &Cause::system()).unwrap();
    let policy = made(&org, "/policies", json!({"type": "ACCESS_POLICY", "name": "Wiki"})).await;
    let path = format!("/policies/{}", id(&policy));
    org.api(Method::PUT, &format!("/apps/{}{path}", other.id), None).await;
    let apps = org.api(Method::GET, &format!("{path}/app"), None).await.json();
    assert_eq!(apps.as_array().unwrap().len(), 1);
    assert_eq!(apps[0]["label"], "Wiki");
    let mappings = org.api(Method::GET, &format!("{path}/mappings"), None).await.json();
    let href = |of: &str| mappings[0]["_links"][of]["href"].as_str().unwrap();
    assert!(href("application").ends_with(&format!("/api/v1/apps/{}", other.id)));
    let one = href("self").split_once("/api/v1").unwrap().1.to_owned();
    assert_eq!(org.api(Method::GET, &one, None).await.json(), mappings[0]);
    let unused = format!("{path}/mappings/{}", org.app.id);
    assert!(org.api(Method::GET, &unused, None).await.api_error().ends_with("(PolicyMapping)"));
    let sign_on = &org.model().policies(PolicyKind::SignOn)[0];
    let wrong = org.api(Method::PUT, &format!("/apps/{}/policies/{}", other.id, sign_on.id), None).await;
    assert!(wrong.api_error().starts_with("404 E0000007"), "{wrong:?}");
}

#[tokio::test]
async fn a_clone_has_the_same_rules_and_no_apps() {
    let org = TestOrg::new().await;
    let policy = made(&org, "/policies", json!({"type": "ACCESS_POLICY", "name": "x".repeat(50)})).await;
    let path = format!("/policies/{}", id(&policy));
    made(&org, &format!("{path}/rules"), two_factors()).await;
    let clone = async || org.api(Method::POST, &format!("{path}/clone"), None).await.json();
    let (first, second) = (clone().await, clone().await);
    assert_eq!(first["name"], format!("[cloned] {}", "x".repeat(41)));
    assert_eq!(second["name"], format!("[cloned 2] {}", "x".repeat(39)));
    let [original, copy] =
        [&policy, &first].map(|shape| org.model().policy(&PolicyId::new(id(shape))).unwrap());
    let said = |policy: &Policy| {
        let rules = policy.rules.iter();
        rules.map(|rule| (rule.name.clone(), rule.system, rule.actions.clone())).collect::<Vec<_>>()
    };
    assert_eq!(said(&copy), said(&original));
    assert_ne!(copy.rules[0].id, original.rules[0].id);
    let default = &org.model().policies(PolicyKind::SignOn)[0];
    let copy = org.api(Method::POST, &format!("/policies/{}/clone", default.id), None).await.json();
    assert_eq!((&copy["system"], &copy["priority"]), (&json!(false), &json!(1)));
}

#[tokio::test]
async fn what_the_org_does_not_do_is_refused_by_name_and_changes_nothing() {
    let org = TestOrg::new().await;
    let policy = made(&org, "/policies", json!({"type": "ACCESS_POLICY", "name": "Tunnels"})).await;
    let access = format!("/policies/{}/rules", id(&policy));
    let policy = made(&org, "/policies", json!({"type": "OKTA_SIGN_ON", "name": "Everyone"})).await;
    let session = format!("/policies/{}/rules", id(&policy));
    let method = "/actions/appSignOn/verificationMethod";
    let sign_on = || {
        json!({"name": "Rule", "conditions": {}, "actions": {"signon": {
            "access": "ALLOW", "requireFactor": true, "factorPromptMode": "ALWAYS", "session": {},
        }}})
    };
    let malformed = "400 E0000003 The request body was not well-formed.".to_owned();
    let refused = |member: &str| format!("400 E0000001 Api validation failed: {member}");
    for (path, pointer, value, expected) in [
        (&access, "/type", json!("SIGN_ON"), refused("type")),
        (&access, "/name", Value::Null, refused("name")),
        (&access, "/colour", json!("red"), refused("colour")),
        (&access, "/conditions/riskScore", json!({"level": "HIGH"}), refused("conditions.riskScore")),
        (&access, "/conditions/device", json!({"registered": true}), refused("conditions.device")),
        (
            &access,
            "/conditions/platform",
            json!({"include": [{"type": "MOBILE"}]}),
            refused("conditions.platform"),
        ),
        (&access, "/conditions/elCondition", json!({"condition": "true"}), refused("conditions.elCondition")),
        (&access, "/conditions/userType", json!({"include": ["otya"]}), refused("conditions.userType")),
        (
            &access,
            "/conditions/people",
            json!({"groups": {"include": ["00gnone"]}}),
            refused("people.groups"),
        ),
        (&access, "/conditions/people", json!({"users": {"include": "all"}}), malformed.clone()),
        (&access, "/conditions/network", json!({"connection": "ZONE"}), refused("conditions.network")),
        (
            &access,
            "/conditions/network",
            json!({"connection": "ZONE", "include": ["nzonone"]}),
            refused("network"),
        ),
        (
            &access,
            "/conditions/network",
            json!({"include": ["nzoa"]}),
            refused("conditions.network.connection"),
        ),
        (&access, "/actions", json!({}), refused("actions.appSignOn")),
        (&access, "/actions/appSignOn/access", json!("MAYBE"), malformed.clone()),
        (
            &access,
            "/actions/appSignOn/keepMeSignedIn",
            json!({"postAuth": "ALLOWED"}),
            refused("actions.appSignOn.keepMeSignedIn"),
        ),
        (
            &access,
            method,
            json!({"type": "AUTH_METHOD_CHAIN"}),
            refused("actions.appSignOn.verificationMethod.type"),
        ),
        (&access, method, json!({"type": "ASSURANCE", "factorMode": "3FA"}), malformed.clone()),
        (
            &access,
            method,
            json!({"type": "ASSURANCE", "factorMode": "1FA", "reauthenticateIn": "2 hours"}),
            refused("actions.appSignOn.verificationMethod.reauthenticateIn"),
        ),
        (
            &access,
            method,
            json!({"type": "ASSURANCE", "factorMode": "1FA", "inactivityPeriod": "PT1H"}),
            refused("actions.appSignOn.verificationMethod.inactivityPeriod"),
        ),
        (&access, "C", json!({"inherence": {"required": true}}), refused("C.inherence")),
        (&access, "C", json!({"knowledge": {"types": ["SECURITY_QUESTION"]}}), refused("C.knowledge.types")),
        (&access, "C", json!({"knowledge": {"types": ["APP"]}}), refused("C.knowledge.types")),
        (&access, "C", json!({"possession": {"methods": ["SMS"]}}), refused("C.possession.methods")),
        (
            &access,
            "C",
            json!({"possession": {"types": ["APP"], "methods": ["WEBAUTHN"]}}),
            refused("C.possession.methods"),
        ),
        (
            &access,
            "C",
            json!({"possession": {"authenticationMethods": [{"key": "duo"}]}}),
            refused("C.possession.authenticationMethods.key"),
        ),
        (
            &access,
            "C",
            json!({"possession": {"excludedAuthenticationMethods": [{"key": "okta_verify"}]}}),
            refused("C.possession.excludedAuthenticationMethods"),
        ),
        (&access, "C", json!({"possession": {"required": false}}), refused("C.possession.required")),
        (
            &access,
            "C",
            json!({"possession": {"reauthenticateIn": "PT3H"}}),
            refused("C.possession.reauthenticateIn"),
        ),
        (&access, "C", json!({"possession": {"userVerification": "MAYBE"}}), malformed.clone()),
        (
            &session,
            "/conditions/authContext",
            json!({"authType": "RADIUS"}),
            refused("conditions.authContext"),
        ),
        (&session, "/conditions/risk", json!({"behaviors": ["abc"]}), refused("conditions.risk")),
        (
            &session,
            "/actions/signon/factorPromptMode",
            Value::Null,
            refused("actions.signon.factorPromptMode"),
        ),
        (
            &session,
            "/actions/signon/factorPromptMode",
            json!("SESSION"),
            refused("actions.signon.factorLifetime"),
        ),
        (&session, "/actions/signon/factorLifetime", json!(-1), refused("actions.signon.factorLifetime")),
        (
            &session,
            "/actions/signon/session/maxSessionIdleMinutes",
            json!(i64::MAX),
            refused("actions.signon.session.maxSessionIdleMinutes"),
        ),
        (&session, "/actions/signon/challenge", json!({"chain": 1}), refused("actions.signon.challenge")),
    ] {
        let mut body = if *path == access { two_factors() } else { sign_on() };
        body["conditions"] = json!({});
        let (pointer, value) = match pointer {
            "C" => (format!("{method}/constraints"), json!([value])),
            pointer => (pointer.to_owned(), value),
        };
        let (parent, member) = pointer.rsplit_once('/').unwrap();
        body.pointer_mut(parent).unwrap()[member] = value;
        let expected = expected.replace(" C.", " actions.appSignOn.verificationMethod.constraints.");
        let answer = org.api(Method::POST, path, Some(body.clone())).await;
        assert_eq!(answer.api_error(), expected, "{body}");
        let rules = org.api(Method::GET, path, None).await.json();
        assert_eq!(rules.as_array().unwrap().len(), usize::from(*path == access));
    }
    for (body, expected) in [
        (json!({"name": "x"}), refused("type")),
        (json!({"name": "x", "type": "IDP_DISCOVERY"}), refused("type")),
        (
            json!({"name": "x", "type": "ACCESS_POLICY", "conditions": {"people": {}, "x": 1}}),
            refused("conditions"),
        ),
        (json!({"name": "x", "type": "OKTA_SIGN_ON", "settings": {"a": 1}}), refused("settings")),
        (json!({"name": "x", "type": "OKTA_SIGN_ON", "priority": -1}), malformed.clone()),
        (
            json!({"name": "x", "type": "OKTA_SIGN_ON", "conditions": {"people": {"users": {"include": ["a"]}}}}),
            refused("conditions.people.users"),
        ),
        (
            json!({"name": "x", "type": "MFA_ENROLL", "settings": {"type": "FACTORS"}}),
            refused("settings.type"),
        ),
        (
            json!({"name": "x", "type": "MFA_ENROLL", "settings": {"authenticators": [{"key": "duo"}]}}),
            refused("settings.authenticators.key"),
        ),
    ] {
        let answer = org.api(Method::POST, "/policies", Some(body.clone())).await;
        assert_eq!(answer.api_error(), expected, "{body}");
    }
    let untyped = org.api(Method::GET, "/policies", None).await;
    assert_eq!(untyped.api_error(), refused("type"));
}

#[tokio::test]
async fn a_password_policy_says_when_its_people_are_locked_out() {
    let org = TestOrg::new().await;
    let listed = org.api(Method::GET, "/policies?type=PASSWORD", None).await.json();
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["system"]), (1, &json!(true)));
    assert_json_snapshot!(listed[0]["settings"], @r#"
    {
      "password": {
        "complexity": {
          "minLength": 1,
          "minLowerCase": 0,
          "minUpperCase": 0,
          "minNumber": 0,
          "minSymbol": 0,
          "excludeUsername": false,
          "dictionary": {
            "common": {
              "exclude": false
            }
          },
          "excludeAttributes": []
        },
        "age": {
          "maxAgeDays": 0,
          "expireWarnDays": 0,
          "minAgeMinutes": 0,
          "historyCount": 4
        },
        "lockout": {
          "maxAttempts": 10,
          "autoUnlockMinutes": 0,
          "userLockoutNotificationChannels": [],
          "showLockoutFailures": false
        }
      }
    }
    "#);
    let strict = json!({"type": "PASSWORD", "name": "Engineers",
        "conditions": {"people": {"groups": {"include": [org.engineering.id]}}, "authProvider": {"provider": "OKTA"}},
        "settings": {"password": {"lockout": {"maxAttempts": 1}}}});
    let policy = made(&org, "/policies", strict).await;
    assert_eq!(policy["settings"]["password"]["complexity"]["minLength"], 8, "Okta's default");
    let fail = async |login: &str| {
        let mut browser = org.browser();
        let page = browser.get(&format!("{}/", crate::testing::ORG)).await;
        browser.submit(&page, login, "wrong").await;
        let user = org.model().user_by_login(login).unwrap();
        format!("{:?}", user.status)
    };
    assert_eq!(fail("alice@acme.test").await, "LockedOut");
    assert_eq!(fail("mallory@acme.test").await, "Active");
    let default = format!("/policies/{}", id(&listed[0]));
    let mut stricter = listed[0].clone();
    stricter["settings"]["password"]["lockout"]["maxAttempts"] = json!(1);
    assert_eq!(org.api(Method::PUT, &default, Some(stricter)).await.status, StatusCode::OK);
    assert_eq!(org.model().password_settings().max_attempts, 1);
    assert_eq!(fail("mallory@acme.test").await, "LockedOut");
    let mut recovers = policy.clone();
    recovers["settings"]["recovery"] = json!({"factors": {"okta_email": {"status": "ACTIVE"}}});
    let refused = org.api(Method::PUT, &format!("/policies/{}", id(&policy)), Some(recovers)).await;
    assert_eq!(refused.api_error(), "400 E0000001 Api validation failed: settings.recovery");
}
