use http::{Method, StatusCode};
use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::testing::{Answer, ORG, PASSWORD, TestOrg};

/// A custom server, and the path of its policies.
async fn server(org: &TestOrg) -> (String, String) {
    let body = json!({"name": "Pets", "audiences": ["api://pets"]});
    let made = org.api(Method::POST, "/authorizationServers", Some(body)).await.json();
    let id = made["id"].as_str().unwrap().to_owned();
    let path = format!("/authorizationServers/{id}/policies");
    assert_eq!(made["_links"]["policies"]["href"], format!("{ORG}/api/v1{path}"));
    (id, path)
}

async fn made(org: &TestOrg, path: &str, body: Value) -> Value {
    let answer = org.api(Method::POST, path, Some(body)).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
    answer.json()
}

fn policy(name: &str) -> Value {
    json!({"type": "OAUTH_AUTHORIZATION_POLICY", "status": "ACTIVE", "name": name, "description": "Whoever",
        "priority": 1, "conditions": {"clients": {"include": ["ALL_CLIENTS"]}}})
}

fn rule(name: &str) -> Value {
    json!({"type": "RESOURCE_ACCESS", "name": name, "priority": 1,
        "conditions": {
            "people": {"groups": {"include": ["EVERYONE"]}},
            "grantTypes": {"include": ["authorization_code"]},
            "scopes": {"include": ["*"]},
        },
        "actions": {"token": {"accessTokenLifetimeMinutes": 10, "refreshTokenLifetimeMinutes": 0,
            "refreshTokenWindowMinutes": 60}}})
}

/// What a relying party is answered for Alice at this server.
async fn sign_in(org: &TestOrg, server: &str) -> Answer {
    let mut browser = org.browser();
    let url = org.authorize_url(&[]).replace("/oauth2/v1", &format!("/oauth2/{server}/v1"));
    let page = browser.get(&url).await;
    browser.submit(&page, "alice@acme.test", PASSWORD).await
}

#[tokio::test]
async fn policies_and_rules_are_okta_s() {
    let org = TestOrg::new().await;
    let (_, path) = server(&org).await;
    assert_eq!(org.api(Method::GET, &path, None).await.json(), json!([]));
    let first = made(&org, &path, policy("All")).await;
    assert_json_snapshot!(first, {
        ".id" => "00p…", ".created" => "[t]", ".lastUpdated" => "[t]", "._links" => "[links]",
    }, @r#"
    {
      "type": "OAUTH_AUTHORIZATION_POLICY",
      "id": "00p…",
      "status": "ACTIVE",
      "name": "All",
      "description": "Whoever",
      "priority": 1,
      "system": false,
      "conditions": {
        "clients": {
          "include": [
            "ALL_CLIENTS"
          ]
        }
      },
      "created": "[t]",
      "lastUpdated": "[t]",
      "_links": "[links]"
    }
    "#);
    let own = format!("{path}/{}", first["id"].as_str().unwrap());
    let rules = format!("{own}/rules");
    let any = made(&org, &rules, rule("Any")).await;
    assert_json_snapshot!(any, {
        ".id" => "0pr…", ".created" => "[t]", ".lastUpdated" => "[t]", "._links" => "[links]",
    }, @r#"
    {
      "type": "RESOURCE_ACCESS",
      "id": "0pr…",
      "status": "ACTIVE",
      "name": "Any",
      "priority": 1,
      "created": "[t]",
      "lastUpdated": "[t]",
      "system": false,
      "conditions": {
        "people": {
          "users": {
            "include": [],
            "exclude": []
          },
          "groups": {
            "include": [
              "EVERYONE"
            ],
            "exclude": []
          }
        },
        "grantTypes": {
          "include": [
            "authorization_code"
          ]
        },
        "scopes": {
          "include": [
            "*"
          ]
        }
      },
      "actions": {
        "token": {
          "accessTokenLifetimeMinutes": 10,
          "refreshTokenLifetimeMinutes": 0,
          "refreshTokenWindowMinutes": 60
        }
      },
      "_links": "[links]"
    }
    "#);
    let (one, at) = (format!("{rules}/{}", any["id"].as_str().unwrap()), Method::GET);
    // What was read can be sent back.
    for (path, shape) in [(&own, &first), (&one, &any)] {
        let again = org.api(Method::PUT, path, Some(shape.clone())).await.json();
        let without = |shape: &Value| {
            let mut shape = shape.clone();
            shape["lastUpdated"].take();
            shape
        };
        assert_eq!(without(&again), without(shape));
    }
    let second = made(&org, &path, policy("Own")).await;
    let listed = org.api(at.clone(), &path, None).await.json();
    let names: Vec<&Value> = listed.as_array().unwrap().iter().map(|policy| &policy["name"]).collect();
    assert_eq!((names, &listed[1]["priority"]), (vec![&json!("Own"), &json!("All")], &json!(2)));
    let other = format!("{path}/{}", second["id"].as_str().unwrap());
    for path in [format!("{other}/lifecycle/deactivate"), format!("{one}/lifecycle/deactivate")] {
        assert_eq!(org.api(Method::POST, &path, None).await.status, StatusCode::NO_CONTENT);
    }
    assert_eq!(org.api(at.clone(), &other, None).await.json()["status"], "INACTIVE");
    assert_eq!(org.api(at.clone(), &rules, None).await.json()[0]["status"], "INACTIVE");
    for path in [&one, &other] {
        assert_eq!(org.api(Method::DELETE, path, None).await.status, StatusCode::NO_CONTENT);
        assert_eq!(org.api(at.clone(), path, None).await.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn a_server_gives_what_its_rules_let_it_and_without_any_nothing() {
    let org = TestOrg::with_alice_assigned().await;
    let (server, path) = server(&org).await;
    let denied = "302 access_denied: Policy evaluation failed for this request, please check the policy configurations.";
    let refused = |answer: Answer| answer.oauth_error().replace("303", "302");
    assert_eq!(refused(sign_in(&org, &server).await), denied);
    let policy = made(&org, &path, policy("All")).await;
    let rules = format!("{path}/{}/rules", policy["id"].as_str().unwrap());
    let rule = made(&org, &rules, rule("Any")).await;
    let rule_path = format!("{rules}/{}", rule["id"].as_str().unwrap());
    let code = sign_in(&org, &server).await.parameter("code").unwrap();
    let tokens = redeem(&org, &server, &code).await.json();
    assert_eq!(tokens["expires_in"], 600);
    let claims = crate::testing::decoded(1, tokens["access_token"].as_str().unwrap());
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 600);
    // The next evaluation is under the next rule, for codes that are out too.
    let code = sign_in(&org, &server).await.parameter("code").unwrap();
    let mut changed = rule.clone();
    changed["conditions"]["people"]["groups"]["include"] = json!([]);
    changed["conditions"]["people"]["users"]["include"] = json!([org.mallory.id]);
    assert_eq!(org.api(Method::PUT, &rule_path, Some(changed)).await.status, StatusCode::OK);
    assert_eq!(redeem(&org, &server, &code).await.oauth_error(), denied.replace("302", "401"));
    assert_eq!(refused(sign_in(&org, &server).await), denied);
}

async fn redeem(org: &TestOrg, server: &str, code: &str) -> Answer {
    use base64::Engine;
    let secret = org.app.secret.as_ref().unwrap().expose();
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("{}:{secret}", org.app.client_id()));
    let mut client = org.browser();
    client.header(http::header::AUTHORIZATION, &format!("Basic {basic}"));
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", crate::testing::CALLBACK),
        ("code_verifier", crate::testing::VERIFIER),
    ];
    client.post(&format!("{ORG}/oauth2/{server}/v1/token"), &form).await
}

#[tokio::test]
async fn what_a_server_can_not_be_told_is_refused_by_name() {
    let org = TestOrg::new().await;
    let (_, path) = server(&org).await;
    let all = made(&org, &path, policy("All")).await;
    let rules = format!("{path}/{}/rules", all["id"].as_str().unwrap());
    let with = |mut body: Value, pointer: &str, value: Value| {
        *body.pointer_mut(pointer).unwrap() = value;
        body
    };
    let rule_with = |pointer: &str, value: Value| (rules.clone(), with(rule("X"), pointer, value));
    let policy_with = |pointer: &str, value: Value| (path.clone(), with(policy("X"), pointer, value));
    let cases = [
        (policy_with("/name", json!("")), "name"),
        (policy_with("/name", json!("All")), "name"),
        (policy_with("/type", json!("ACCESS_POLICY")), "type"),
        (policy_with("/conditions/clients/include", json!([])), "conditions.clients.include"),
        (policy_with("/conditions/clients/include", json!(["0oa0"])), "clients"),
        (rule_with("/conditions/grantTypes/include", json!(["dance"])), "conditions.grantTypes"),
        (rule_with("/conditions/scopes/include", json!([])), "conditions.scopes.include"),
        (rule_with("/conditions/scopes/include", json!(["fish"])), "scopes"),
        (rule_with("/conditions/people/groups/include", json!(["00g0"])), "people.groups"),
        (
            rule_with("/actions/token/accessTokenLifetimeMinutes", json!(4)),
            "actions.token.accessTokenLifetimeMinutes",
        ),
        (
            rule_with("/actions/token/refreshTokenLifetimeMinutes", json!(90)),
            "actions.token.refreshTokenLifetimeMinutes",
        ),
    ];
    let before = org.api(Method::GET, &path, None).await.body;
    for ((path, body), field) in cases {
        let answer = org.api(Method::POST, &path, Some(body.clone())).await;
        assert_eq!(answer.api_error(), format!("400 E0000001 Api validation failed: {field}"), "{body}");
    }
    assert_eq!(org.api(Method::GET, &path, None).await.body, before);
    assert_eq!(org.api(Method::GET, &rules, None).await.json(), json!([]));
}
