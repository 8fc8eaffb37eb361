use http::{Method, StatusCode, header};
use serde_json::json;

use super::{LOGIN, app_rule, phone, readable};
use crate::model::{Access, Assurance, Cause};
use crate::testing::{ORG, PASSWORD, TestOrg};

#[tokio::test]
async fn nobody_learns_whether_the_name_or_the_password_was_wrong() {
    let org = TestOrg::new().await;
    org.model().suspend_user(&org.mallory.id, &Cause::system()).unwrap();
    let mut answers = Vec::new();
    for (login, password) in
        [(LOGIN, "wrong"), ("nobody@acme.test", PASSWORD), ("mallory@acme.test", PASSWORD), ("", "x")]
    {
        let mut browser = org.browser();
        let handle = browser.open(&format!("{ORG}/")).await;
        let refused = browser.identify(&handle, login, password).await;
        assert_eq!(refused.message(), "401 errors.E0000004: Unable to sign in", "{login}");
        answers.push(readable(&refused, &handle));
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:#?}");
}

#[tokio::test]
async fn a_sign_in_goes_on_in_its_own_browser_from_a_page_of_the_org() {
    let org = TestOrg::new().await;
    let (mut attacker, mut victim) = (org.browser(), org.browser());
    let handle = attacker.open(&format!("{ORG}/")).await;
    victim.get(&format!("{ORG}/")).await;
    let elsewhere = victim.identify(&handle, LOGIN, PASSWORD).await;
    assert!(elsewhere.message().starts_with("401 idx.session.expired"), "{elsewhere:?}");
    let done = attacker.identify(&handle, LOGIN, PASSWORD).await;
    let redirect = done.json()["success"]["href"].as_str().unwrap().to_owned();
    assert_eq!(victim.get(&redirect).await.status, StatusCode::BAD_REQUEST, "nobody is signed in as another");
    assert!(!victim.cookies.keys().any(|(_, name)| name == "idx"));
    let mut framed = org.browser();
    framed.cookies = attacker.cookies.clone();
    framed.header(header::ORIGIN, "https://evil.test");
    let foreign = framed.idx("introspect", json!({ "stateHandle": handle })).await;
    assert!(foreign.message().starts_with("401 idx.session.expired"), "{foreign:?}");
}

#[tokio::test]
async fn what_is_no_answer_changes_nothing() {
    let org = TestOrg::with_alice_assigned().await;
    app_rule(&org, Access::Allow, Assurance::two_factors());
    phone(&org);
    let mut browser = org.browser();
    let handle = browser.open(&org.authorize_url(&[])).await;
    for (path, body) in [
        ("challenge/answer", json!({ "stateHandle": handle, "credentials": { "passcode": PASSWORD } })),
        ("challenge", json!({ "stateHandle": handle, "authenticator": { "id": "autpassword000000gw0" } })),
        ("challenge", json!({ "stateHandle": handle, "authenticator": { "id": "aut" } })),
        (
            "credential/enroll",
            json!({ "stateHandle": handle, "authenticator": { "id": "autcodeapp0000000gw0" } }),
        ),
    ] {
        let refused = browser.idx(path, body).await;
        assert_eq!(refused.message(), "400 E0000020: Bad request.", "{path}");
    }
    browser.identify(&handle, LOGIN, PASSWORD).await;
    let password_again = json!({ "id": "autpassword000000gw0", "methodType": "password" });
    let body = json!({ "stateHandle": handle, "authenticator": password_again });
    assert_eq!(browser.idx("challenge", body).await.message(), "400 E0000020: Bad request.");
    // One factor is no session, whoever asks for the end.
    let end = browser.get(&format!("{ORG}/login/token/redirect?stateToken={handle}")).await;
    assert!(end.location().starts_with("/signin?stateToken="), "{end:?}");
    assert!(!browser.cookies.keys().any(|(_, name)| name == "idx"));
    let unknown = json!({ "stateHandle": handle, "and": { "so": "on" } });
    assert_eq!(
        browser.idx("introspect", unknown).await.status,
        StatusCode::OK,
        "unknown members are ignored"
    );
}

#[tokio::test]
async fn malformed_requests_are_refused_in_oktas_words() {
    let org = TestOrg::new().await;
    let mut browser = org.browser();
    let handle = browser.open(&format!("{ORG}/")).await;
    for body in [
        "",
        "{",
        "[]",
        "null",
        r#"{"stateHandle":7,"identifier":"a"}"#,
        r#"{"stateHandle":"x"}"#,
        r#"{"identifier":"a","credentials":"b"}"#,
    ] {
        let url = format!("{ORG}/idp/idx/identify");
        let refused = browser.send(Method::POST, &url, Some(("application/json", body.to_owned()))).await;
        assert_eq!(refused.api_error(), "400 E0000003 The request body was not well-formed.", "{body}");
    }
    let large = format!(r#"{{"stateHandle":"{handle}","x":"{}"}}"#, "x".repeat(1024 * 1024));
    let url = format!("{ORG}/idp/idx/introspect");
    let refused = browser.send(Method::POST, &url, Some(("application/json", large))).await;
    assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE);
    let nowhere = browser.idx("interact", json!({})).await;
    assert_eq!(nowhere.api_error(), "404 E0000008 The requested path was not found");
    let wrong = browser.get(&format!("{ORG}/idp/idx/introspect")).await;
    assert_eq!(wrong.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn whom_a_policy_denies_is_told_so_and_has_no_session() {
    let org = TestOrg::with_alice_assigned().await;
    app_rule(&org, Access::Deny, Assurance::one_factor());
    let mut browser = org.browser();
    let handle = browser.open(&org.authorize_url(&[])).await;
    let refused = browser.identify(&handle, LOGIN, PASSWORD).await;
    let words = "You do not have permission to perform the requested action.";
    assert_eq!(refused.message(), format!("403 security.access_denied: {words}"));
    assert!(refused.remediations().is_empty() && refused.json().get("success").is_none());
    let end = browser.get(&format!("{ORG}/login/token/redirect?stateToken={handle}")).await;
    assert!(end.parameter("code").is_none() && !browser.cookies.keys().any(|(_, name)| name == "idx"));
}

#[tokio::test]
async fn after_too_many_wrong_codes_none_is_taken() {
    let org = TestOrg::with_alice_assigned().await;
    app_rule(&org, Access::Allow, Assurance::two_factors());
    let phone = phone(&org);
    let mut browser = org.browser();
    let handle = browser.open(&org.authorize_url(&[])).await;
    let choice = browser.identify(&handle, LOGIN, PASSWORD).await;
    let chosen = choice.option("select-authenticator-authenticate", 0);
    browser.idx("challenge", json!({ "stateHandle": handle, "authenticator": chosen })).await;
    for _ in 0..5 {
        browser.answer(&handle, "totp", "000000").await;
    }
    let code = phone.totp(org.site.now()).unwrap();
    let refused = browser.answer(&handle, "totp", &code).await;
    assert!(refused.message().starts_with("401 authfactor.challenge.suspended_factor: "), "{refused:?}");
}

#[tokio::test]
async fn a_relying_party_is_told_that_its_degree_of_proof_cannot_be_had() {
    let org = TestOrg::with_alice_assigned().await;
    let mut browser = org.browser();
    let handle = browser.open(&org.authorize_url(&[("acr_values", "phrh")])).await;
    let refused = browser.identify(&handle, LOGIN, PASSWORD).await;
    let failure = &refused.json()["failure"];
    assert_eq!(failure["name"], "failure-redirect");
    let answer = browser.get(failure["href"].as_str().unwrap()).await;
    let unmet = "302 unmet_authentication_requirements: Unable to meet the authentication requirements imposed by \
                 'acr_values' parameter.";
    assert_eq!(answer.oauth_error(), unmet);
}
