//! What makes no sense is refused by every operation in Okta's shape, and changes nothing.

use std::collections::BTreeSet;

use axum::http::header;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::model::{Cause, ClaimValue, Expression, PolicyKind, ServerName, TokenKind, ZoneSettings};
use crate::testing::{Answer, ORG, TestOrg};

/// An operation: its method, its path, a body that it would take where it takes one.
struct Operation {
    method: Method,
    path: &'static str,
    body: Option<Value>,
}

fn operation(method: Method, path: &'static str, body: impl Into<Option<Value>>) -> Operation {
    Operation { method, path, body: body.into() }
}

/// Every operation of the API. `{operation}` stands for a change of status.
fn operations() -> Vec<Operation> {
    let (get, post, put, patch, delete) =
        (Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE);
    let user = || json!({"profile": {"login": "x@acme.test", "firstName": "X", "lastName": "Y"}});
    let group = || json!({"profile": {"name": "X"}});
    let app = || {
        json!({"label": "X", "signOnMode": "OPENID_CONNECT",
            "settings": {"oauthClient": {"redirect_uris": ["https://x.test/cb"]}}})
    };
    let zone = || json!({"type": "IP", "name": "X", "gateways": [{"type": "CIDR", "value": "10.0.0.0/8"}]});
    let policy = || json!({"type": "ACCESS_POLICY", "name": "X"});
    let rule = || json!({"name": "X", "actions": {"appSignOn": {"access": "ALLOW"}}});
    let server = || json!({"name": "X", "audiences": ["api://x"]});
    let scope = || json!({"name": "x"});
    let claim = || json!({"name": "x", "claimType": "RESOURCE", "value": "'x'"});
    let server_policy = || json!({"name": "X", "conditions": {"clients": {"include": ["ALL_CLIENTS"]}}});
    let server_rule = || {
        json!({"name": "X", "conditions": {
            "grantTypes": {"include": ["implicit"]}, "scopes": {"include": ["*"]}}})
    };
    let none = || None::<Value>;
    vec![
        operation(get.clone(), "/users", none()),
        operation(post.clone(), "/users", user()),
        operation(get.clone(), "/users/{user}", none()),
        operation(post.clone(), "/users/{user}", user()),
        operation(put.clone(), "/users/{user}", user()),
        operation(delete.clone(), "/users/{user}", none()),
        operation(post.clone(), "/users/{user}/lifecycle/{operation}", none()),
        operation(
            post.clone(),
            "/users/{user}/credentials/change_password",
            json!({"oldPassword": {"value": "x"}, "newPassword": {"value": "y"}}),
        ),
        operation(get.clone(), "/users/{user}/factors", none()),
        operation(
            post.clone(),
            "/users/{user}/factors",
            json!({"factorType": "token:software:totp", "provider": "OKTA"}),
        ),
        operation(get.clone(), "/users/{user}/factors/catalog", none()),
        operation(get.clone(), "/users/{user}/factors/{factor}", none()),
        operation(delete.clone(), "/users/{user}/factors/{factor}", none()),
        operation(
            post.clone(),
            "/users/{user}/factors/{factor}/lifecycle/activate",
            json!({"passCode": "123456"}),
        ),
        operation(
            post.clone(),
            "/users/{user}/factors/{factor}/lifecycle/activate/poll",
            json!({"passCode": "123456"}),
        ),
        operation(post.clone(), "/users/{user}/factors/{factor}/verify", json!({"passCode": "123456"})),
        operation(get.clone(), "/users/{user}/factors/{factor}/transactions/{transaction}", none()),
        operation(post.clone(), "/users/{user}/factors/{factor}/resend", none()),
        operation(delete.clone(), "/users/{user}/sessions", none()),
        operation(get.clone(), "/users/{user}/appLinks", none()),
        operation(get.clone(), "/users/{user}/groups", none()),
        operation(get.clone(), "/users/{user}/grants", none()),
        operation(delete.clone(), "/users/{user}/grants", none()),
        operation(get.clone(), "/users/{user}/grants/{grant}", none()),
        operation(delete.clone(), "/users/{user}/grants/{grant}", none()),
        operation(get.clone(), "/users/{user}/clients", none()),
        operation(get.clone(), "/users/{user}/clients/{client}/grants", none()),
        operation(delete.clone(), "/users/{user}/clients/{client}/grants", none()),
        operation(get.clone(), "/users/{user}/clients/{client}/tokens", none()),
        operation(delete.clone(), "/users/{user}/clients/{client}/tokens", none()),
        operation(get.clone(), "/users/{user}/clients/{client}/tokens/{token}", none()),
        operation(delete.clone(), "/users/{user}/clients/{client}/tokens/{token}", none()),
        operation(get.clone(), "/groups", none()),
        operation(post.clone(), "/groups", group()),
        operation(get.clone(), "/groups/{group}", none()),
        operation(put.clone(), "/groups/{group}", group()),
        operation(delete.clone(), "/groups/{group}", none()),
        operation(get.clone(), "/groups/{group}/users", none()),
        operation(put.clone(), "/groups/{group}/users/{user}", none()),
        operation(delete.clone(), "/groups/{group}/users/{user}", none()),
        operation(get.clone(), "/apps", none()),
        operation(post.clone(), "/apps", app()),
        operation(get.clone(), "/apps/{app}", none()),
        operation(put.clone(), "/apps/{app}", app()),
        operation(delete.clone(), "/apps/{app}", none()),
        operation(post.clone(), "/apps/{app}/lifecycle/{operation}", none()),
        operation(get.clone(), "/apps/{app}/users", none()),
        operation(post.clone(), "/apps/{app}/users", json!({"id": "{user}"})),
        operation(get.clone(), "/apps/{app}/users/{user}", none()),
        operation(post.clone(), "/apps/{app}/users/{user}", json!({"credentials": {"userName": "x"}})),
        operation(delete.clone(), "/apps/{app}/users/{user}", none()),
        operation(get.clone(), "/apps/{app}/groups", none()),
        operation(get.clone(), "/apps/{app}/groups/{group}", none()),
        operation(put.clone(), "/apps/{app}/groups/{group}", json!({"priority": 1})),
        operation(
            patch,
            "/apps/{app}/groups/{group}",
            json!([{"op": "replace", "path": "/priority", "value": 1}]),
        ),
        operation(delete.clone(), "/apps/{app}/groups/{group}", none()),
        operation(get.clone(), "/apps/{app}/credentials/secrets", none()),
        operation(post.clone(), "/apps/{app}/credentials/secrets", json!({})),
        operation(get.clone(), "/apps/{app}/credentials/secrets/{secret}", none()),
        operation(delete.clone(), "/apps/{app}/credentials/secrets/{secret}", none()),
        operation(post.clone(), "/apps/{app}/credentials/secrets/{secret}/lifecycle/{operation}", none()),
        operation(put.clone(), "/apps/{app}/policies/{policy}", none()),
        operation(get.clone(), "/authorizationServers", none()),
        operation(post.clone(), "/authorizationServers", server()),
        operation(get.clone(), "/authorizationServers/{server}", none()),
        operation(put.clone(), "/authorizationServers/{server}", server()),
        operation(delete.clone(), "/authorizationServers/{server}", none()),
        operation(post.clone(), "/authorizationServers/{server}/lifecycle/{operation}", none()),
        operation(get.clone(), "/authorizationServers/{server}/credentials/keys", none()),
        operation(get.clone(), "/authorizationServers/{server}/credentials/keys/{kid}", none()),
        operation(
            post.clone(),
            "/authorizationServers/{server}/credentials/lifecycle/keyRotate",
            json!({"use": "sig"}),
        ),
        operation(get.clone(), "/authorizationServers/{server}/scopes", none()),
        operation(post.clone(), "/authorizationServers/{server}/scopes", scope()),
        operation(get.clone(), "/authorizationServers/{server}/scopes/{scope}", none()),
        operation(put.clone(), "/authorizationServers/{server}/scopes/{scope}", scope()),
        operation(delete.clone(), "/authorizationServers/{server}/scopes/{scope}", none()),
        operation(get.clone(), "/authorizationServers/{server}/claims", none()),
        operation(post.clone(), "/authorizationServers/{server}/claims", claim()),
        operation(get.clone(), "/authorizationServers/{server}/claims/{claim}", none()),
        operation(put.clone(), "/authorizationServers/{server}/claims/{claim}", claim()),
        operation(delete.clone(), "/authorizationServers/{server}/claims/{claim}", none()),
        operation(get.clone(), "/authorizationServers/{server}/policies", none()),
        operation(post.clone(), "/authorizationServers/{server}/policies", server_policy()),
        operation(get.clone(), "/authorizationServers/{server}/policies/{access}", none()),
        operation(put.clone(), "/authorizationServers/{server}/policies/{access}", server_policy()),
        operation(delete.clone(), "/authorizationServers/{server}/policies/{access}", none()),
        operation(
            post.clone(),
            "/authorizationServers/{server}/policies/{access}/lifecycle/{operation}",
            none(),
        ),
        operation(get.clone(), "/authorizationServers/{server}/policies/{access}/rules", none()),
        operation(post.clone(), "/authorizationServers/{server}/policies/{access}/rules", server_rule()),
        operation(
            get.clone(),
            "/authorizationServers/{server}/policies/{access}/rules/{access_rule}",
            none(),
        ),
        operation(
            put.clone(),
            "/authorizationServers/{server}/policies/{access}/rules/{access_rule}",
            server_rule(),
        ),
        operation(
            delete.clone(),
            "/authorizationServers/{server}/policies/{access}/rules/{access_rule}",
            none(),
        ),
        operation(
            post.clone(),
            "/authorizationServers/{server}/policies/{access}/rules/{access_rule}/lifecycle/{operation}",
            none(),
        ),
        operation(get.clone(), "/logs", none()),
        operation(get.clone(), "/zones", none()),
        operation(post.clone(), "/zones", zone()),
        operation(get.clone(), "/zones/{zone}", none()),
        operation(put.clone(), "/zones/{zone}", zone()),
        operation(delete.clone(), "/zones/{zone}", none()),
        operation(post.clone(), "/zones/{zone}/lifecycle/{operation}", none()),
        operation(get.clone(), "/policies", none()),
        operation(post.clone(), "/policies", policy()),
        operation(post.clone(), "/policies/simulate", json!([{"appInstance": "{app}"}])),
        operation(get.clone(), "/policies/{policy}", none()),
        operation(put.clone(), "/policies/{policy}", policy()),
        operation(delete.clone(), "/policies/{policy}", none()),
        operation(post.clone(), "/policies/{policy}/lifecycle/{operation}", none()),
        operation(post.clone(), "/policies/{policy}/clone", none()),
        operation(get.clone(), "/policies/{policy}/app", none()),
        operation(get.clone(), "/policies/{policy}/mappings", none()),
        operation(get.clone(), "/policies/{policy}/mappings/{mapping}", none()),
        operation(get.clone(), "/policies/{policy}/rules", none()),
        operation(post.clone(), "/policies/{policy}/rules", rule()),
        operation(get.clone(), "/policies/{policy}/rules/{rule}", none()),
        operation(put.clone(), "/policies/{policy}/rules/{rule}", rule()),
        operation(delete.clone(), "/policies/{policy}/rules/{rule}", none()),
        operation(post.clone(), "/policies/{policy}/rules/{rule}/lifecycle/{operation}", none()),
        operation(get.clone(), "/authenticators", none()),
        operation(get.clone(), "/authenticators/{authenticator}", none()),
        operation(put.clone(), "/authenticators/{authenticator}", json!({"settings": {}})),
        operation(get.clone(), "/authenticators/{authenticator}/methods", none()),
        operation(get, "/threats/configuration", none()),
        operation(post, "/threats/configuration", json!({"action": "audit"})),
        operation(put, "/attack-protection/api/v1/user-lockout-settings", json!({})),
    ]
}

impl Operation {
    /// The address, with these names filled in.
    fn url(&self, fill: impl Fn(&str) -> String) -> String {
        let path = filled(self.path, fill);
        match path.starts_with("/attack-protection") {
            true => format!("{ORG}{path}"),
            false => format!("{ORG}/api/v1{path}"),
        }
    }

    fn names(&self) -> Vec<&'static str> {
        self.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect()
    }

    async fn send(&self, org: &TestOrg, url: &str, body: Option<String>) -> Answer {
        let mut client = org.browser();
        client.header(header::AUTHORIZATION, &format!("SSWS {}", org.api_token.expose()));
        client.send(self.method.clone(), url, body.map(|body| ("application/json", body))).await
    }
}

fn filled(text: &str, fill: impl Fn(&str) -> String) -> String {
    let part = |part: &str| match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
        Some(name) => fill(name),
        None => part.to_owned(),
    };
    text.split('/').map(part).collect::<Vec<_>>().join("/")
}

/// Something of every kind, and how to name it.
struct Furnished {
    org: TestOrg,
    names: Vec<(&'static str, String)>,
}

impl Furnished {
    async fn new() -> Self {
        let org = TestOrg::with_alice_assigned().await;
        let (model, cause) = (org.model(), Cause::system());
        model.assign_group(&org.app.id, &org.engineering.id, &cause).unwrap();
        let zone =
            model.create_zone(ZoneSettings::new("Office", vec!["10.1.0.0/16".parse().unwrap()]), &cause);
        let factor = model.enroll_totp(&org.alice.id, "acme.okta.test").unwrap().factor;
        let policy = model.policy(&org.app.access_policy).unwrap();
        let server = model.create_authorization_server("Pets", "", "api://pets", &cause).unwrap();
        let ServerName::Custom(server) = &server.name else { panic!("{server:?}") };
        let scope = model.put_scope(server, None, &cause, |scope| scope.name = "pets".into()).unwrap();
        let claim = model.put_claim(server, None, &cause, |claim| {
            (claim.name, claim.token) = ("pet".into(), TokenKind::Access);
            claim.value = ClaimValue::Expression(Expression::parse("'cat'").unwrap());
        });
        let path = format!("/authorizationServers/{server}/policies");
        let body = json!({"name": "All", "conditions": {"clients": {"include": ["ALL_CLIENTS"]}}});
        let access = org.api(Method::POST, &path, Some(body)).await.json()["id"].as_str().unwrap().to_owned();
        let body = json!({"name": "Any", "conditions": {
            "grantTypes": {"include": ["authorization_code"]}, "scopes": {"include": ["*"]}}});
        let rule = org.api(Method::POST, &format!("{path}/{access}/rules"), Some(body)).await.json();
        let secrets = format!("/apps/{}/credentials/secrets", org.app.id);
        let secret = org.api(Method::GET, &secrets, None).await.json();
        let authenticators = org.api(Method::GET, "/authenticators", None).await.json();
        let id = |value: &Value| value["id"].as_str().unwrap().to_owned();
        let names = vec![
            ("user", org.alice.id.to_string()),
            ("group", org.engineering.id.to_string()),
            ("app", org.app.id.to_string()),
            ("factor", factor.id.to_string()),
            ("client", org.app.id.to_string()),
            ("grant", "none".to_owned()),
            ("token", "none".to_owned()),
            ("transaction", "v2mst.none".to_owned()),
            ("secret", id(&secret[0])),
            ("policy", policy.id.to_string()),
            ("rule", policy.rules[0].id.to_string()),
            ("mapping", org.app.id.to_string()),
            ("server", server.to_string()),
            ("kid", "none".to_owned()),
            ("scope", scope.id.to_string()),
            ("claim", claim.unwrap().id.to_string()),
            ("access", access),
            ("access_rule", id(&rule)),
            ("zone", zone.unwrap().id.to_string()),
            ("authenticator", id(&authenticators[1])),
            ("operation", "activate".to_owned()),
        ];
        Self { org, names }
    }

    fn known(&self, name: &str) -> String {
        let found = self.names.iter().find(|(known, _)| *known == name);
        found.unwrap_or_else(|| panic!("what is {name}?")).1.clone()
    }

    /// All that the API shows of the org but its log.
    async fn dump(&self) -> Vec<String> {
        let mut seen = Vec::new();
        let lists = [
            "/users?search=id%20pr",
            "/groups",
            "/apps",
            "/zones",
            "/authenticators",
            "/authorizationServers",
        ];
        let policies = PolicyKind::ALL.map(|kind| format!("/policies?type={}", kind.name()));
        let parts = [
            "/users/{user}/factors",
            "/users/{user}/groups",
            "/users/{user}/grants",
            "/groups/{group}/users",
            "/apps/{app}/users",
            "/apps/{app}/groups",
            "/apps/{app}/credentials/secrets",
            "/policies/{policy}/rules",
            "/authorizationServers/{server}/scopes",
            "/authorizationServers/{server}/claims",
            "/authorizationServers/{server}/policies",
            "/authorizationServers/{server}/policies/{access}/rules",
            "/authorizationServers/{server}/credentials/keys",
            "/threats/configuration",
        ];
        let parts = parts.map(|path| filled(path, |name| self.known(name)));
        for path in lists.map(str::to_owned).into_iter().chain(policies).chain(parts) {
            let answer = self.org.api(Method::GET, &path, None).await;
            assert_eq!(answer.status, StatusCode::OK, "{path}: {answer:?}");
            seen.push(format!("{path} {}", answer.body));
        }
        seen
    }
}

/// Okta's error, and nothing beside it.
#[track_caller]
fn assert_refused(answer: &Answer, statuses: &[u16], codes: &[&str], what: &str) {
    let error = answer.json();
    let members: Vec<&String> = error.as_object().unwrap().keys().collect();
    let expected = ["errorCode", "errorSummary", "errorLink", "errorId", "errorCauses"];
    assert_eq!(members, expected, "{what}");
    let text = |name: &str| error[name].as_str().unwrap_or_else(|| panic!("{what}: {error}"));
    assert!(codes.contains(&text("errorCode")), "{what}: {} {error}", answer.status);
    assert!(statuses.contains(&answer.status.as_u16()), "{what}: {} {error}", answer.status);
    assert_eq!(text("errorLink"), text("errorCode"), "{what}");
    assert!(!text("errorSummary").is_empty() && text("errorId").starts_with("oae"), "{what}: {error}");
    assert!(
        error["errorCauses"].as_array().unwrap().iter().all(|it| it["errorSummary"].is_string()),
        "{what}"
    );
}

fn called(operation: &Operation, input: &str) -> String {
    format!("{} {} with {input}", operation.method, operation.path)
}

#[tokio::test]
async fn what_is_no_json_or_too_much_of_it_is_refused_everywhere() {
    let furnished = Furnished::new().await;
    let before = furnished.dump().await;
    let huge = format!(r#"{{"profile": "{}"}}"#, "x".repeat(1024 * 1024));
    let mut looked_at = 0;
    for operation in operations().iter().filter(|operation| operation.body.is_some()) {
        let url = operation.url(|name| furnished.known(name));
        let as_list = operation.body.as_ref().is_some_and(Value::is_array);
        let other = if as_list { "{}" } else { "[]" };
        for wrong in [r#"{"a": "#, "nonsense", "\"text\"", "7", "null", other] {
            let answer = operation.send(&furnished.org, &url, Some(wrong.to_owned())).await;
            assert_refused(&answer, &[400], &["E0000003"], &called(operation, wrong));
        }
        let answer = operation.send(&furnished.org, &url, Some(huge.clone())).await;
        assert_refused(&answer, &[413], &["E0000003"], &called(operation, "too much"));
        looked_at += 1;
    }
    assert!(looked_at > 30, "{looked_at}");
    assert_eq!(furnished.dump().await, before);
}

#[tokio::test]
async fn members_of_another_type_are_refused_everywhere() {
    let furnished = Furnished::new().await;
    let before = furnished.dump().await;
    for operation in operations() {
        let Some(body) = operation.body.as_ref().and_then(Value::as_object) else { continue };
        let url = operation.url(|name| furnished.known(name));
        for member in body.keys() {
            let mut wrong = body.clone();
            // No member is a list of lists.
            wrong.insert(member.clone(), json!([[[]]]));
            let answer = operation.send(&furnished.org, &url, Some(Value::Object(wrong).to_string())).await;
            let codes = ["E0000001", "E0000003"];
            assert_refused(
                &answer,
                &[400],
                &codes,
                &called(&operation, &format!("another type of {member}")),
            );
        }
    }
    assert_eq!(furnished.dump().await, before);
}

#[tokio::test]
async fn what_does_not_exist_is_not_found_anywhere() {
    let furnished = Furnished::new().await;
    let before = furnished.dump().await;
    // Some things are named by texts of their own, and an operation's name is a part of the path.
    let unknown = |name: &str| if name == "operation" { "dance" } else { "00u1nothing1nothing1" };
    for operation in operations() {
        for wrong in operation.names() {
            let fill = |name: &str| match name == wrong {
                true => unknown(name).to_owned(),
                false => furnished.known(name),
            };
            let url = operation.url(fill);
            let body = operation.body.as_ref().map(|body| {
                body.to_string()
                    .replace("{user}", &furnished.known("user"))
                    .replace("{app}", &furnished.known("app"))
            });
            let answer = operation.send(&furnished.org, &url, body).await;
            let codes = if wrong == "operation" { ["E0000008"] } else { ["E0000007"] };
            assert_refused(&answer, &[404], &codes, &called(&operation, &format!("no such {wrong}")));
        }
    }
    assert_eq!(furnished.dump().await, before);
}

#[tokio::test]
async fn nobody_gets_in_without_a_token() {
    let furnished = Furnished::new().await;
    let before = furnished.dump().await;
    for operation in operations() {
        let url = operation.url(|name| furnished.known(name));
        for (token, status, code) in [(None, 403, "E0000005"), (Some("SSWS 00nothing"), 401, "E0000011")] {
            let mut client = furnished.org.browser();
            if let Some(token) = token {
                client.header(header::AUTHORIZATION, token);
            }
            let body = operation.body.as_ref().map(|body| ("application/json", body.to_string()));
            let answer = client.send(operation.method.clone(), &url, body).await;
            assert_refused(&answer, &[status], &[code], &called(&operation, &format!("{token:?}")));
        }
    }
    assert_eq!(furnished.dump().await, before);
}

#[tokio::test]
async fn pages_that_no_list_has_given_are_refused() {
    let furnished = Furnished::new().await;
    for path in [
        "/users",
        "/groups",
        "/groups/{group}/users",
        "/apps",
        "/apps/{app}/users",
        "/apps/{app}/groups",
        "/authorizationServers",
        "/zones",
        "/policies?type=ACCESS_POLICY",
        "/logs",
    ] {
        let path = filled(path, |name| furnished.known(name));
        let joint = if path.contains('?') { '&' } else { '?' };
        for wrong in ["after=nonsense", "after=..%2F..", "limit=-1", "limit=many", "limit=1.5"] {
            let answer = furnished.org.api(Method::GET, &format!("{path}{joint}{wrong}"), None).await;
            assert_refused(&answer, &[400], &["E0000029"], &format!("{path} with {wrong}"));
        }
    }
}

#[tokio::test]
async fn no_other_method_is_taken() {
    let furnished = Furnished::new().await;
    let all = operations();
    for operation in &all {
        let url = operation.url(|name| furnished.known(name));
        let taken: BTreeSet<&str> = all
            .iter()
            .filter(|other| other.url(|name| furnished.known(name)) == url)
            .map(|other| other.method.as_str())
            .collect();
        let methods = [Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
        for method in methods.into_iter().filter(|method| !taken.contains(method.as_str())) {
            let other = Operation { method, path: operation.path, body: None };
            let answer = other.send(&furnished.org, &url, None).await;
            assert_refused(&answer, &[405], &["E0000022"], &called(&other, "nothing"));
        }
    }
}

/// The table has whatever the routers have.
#[test]
fn every_route_is_looked_at() {
    let routers = [
        ("", include_str!("../mod.rs")),
        ("", include_str!("../policies.rs")),
        ("", include_str!("../authenticators.rs")),
        ("", include_str!("../secrets.rs")),
        ("", include_str!("../grants.rs")),
        ("", include_str!("../threats.rs")),
        ("", include_str!("../attack_protection.rs")),
        ("/authorizationServers", include_str!("../server_policies.rs")),
    ];
    let shape = |path: &str| filled(path, |_| "{}".to_owned());
    let known: BTreeSet<String> = operations().iter().map(|operation| shape(operation.path)).collect();
    let mut routes = 0;
    for (above, source) in routers {
        for behind in source.split(".route(").skip(1) {
            let path = behind.split('"').nth(1).unwrap();
            let above = if path.starts_with("/{server}") { "/authorizationServers" } else { above };
            let path = path.strip_prefix("/api/v1").unwrap_or(path);
            if path.contains("{*rest}") || path.starts_with("/gatewright") || path == "/" {
                continue;
            }
            let route = shape(&format!("{above}{path}"));
            assert!(known.contains(&route), "{route} is not in the table");
            routes += 1;
        }
    }
    assert!(routes > 60, "{routes}");
}
