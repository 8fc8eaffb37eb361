//! Consent: who is asked about which scopes, and what becomes of the answer.

use http::{Method, StatusCode};
use serde_json::json;

use crate::model::{
    AuthorizationServerId, Cause, ConsentMethod, GrantType, ResponseType, Scope, ScopeConsent,
};
use crate::testing::{Answer, Browser, ORG, PASSWORD, TestOrg, decoded};

/// An org whose server `default` has scopes about which people are asked, and an app that has them asked.
async fn org() -> TestOrg {
    let mut org = TestOrg::with_alice_assigned().await;
    let id = AuthorizationServerId::new("default");
    for (name, consent) in [("pets", ScopeConsent::Required), ("fish", ScopeConsent::Implicit)] {
        let set = |scope: &mut Scope| {
            (scope.name, scope.consent) = (name.to_owned(), consent);
            scope.display_name = format!("Feed {name}");
            scope.description = "Every day".to_owned();
        };
        org.model().put_scope(&id, None, &Cause::system(), set).unwrap();
    }
    org.configure(|settings| settings.consent = ConsentMethod::Required);
    org
}

fn url(org: &TestOrg, scope: &str, changes: &[(&str, &str)]) -> String {
    let changes: Vec<(&str, &str)> = changes.iter().copied().chain([("scope", scope)]).collect();
    org.authorize_url(&changes).replace("/oauth2/v1", "/oauth2/default/v1")
}

async fn sign_in(org: &TestOrg, browser: &mut Browser<'_>, scope: &str, changes: &[(&str, &str)]) -> Answer {
    let page = browser.get(&url(org, scope, changes)).await;
    browser.submit(&page, "alice@acme.test", PASSWORD).await
}

/// The page that a redirect leads to.
async fn question(browser: &mut Browser<'_>, answer: &Answer) -> Answer {
    assert!(answer.location().starts_with("/consent?request="), "{answer:?}");
    browser.get(&format!("{ORG}{}", answer.location())).await
}

async fn decide(browser: &mut Browser<'_>, page: &Answer, decision: &str) -> Answer {
    let (csrf, request) = (page.hidden("csrf"), page.hidden("request"));
    let form = [("csrf", csrf.as_str()), ("request", request.as_str()), ("decision", decision)];
    browser.post(&format!("{ORG}/consent"), &form).await
}

#[tokio::test]
async fn a_person_is_asked_once_and_remembered() {
    let org = org().await;
    let mut browser = org.browser();
    let asked = sign_in(&org, &mut browser, "openid pets fish", &[]).await;
    assert_eq!(asked.status, StatusCode::SEE_OTHER);
    let page = question(&mut browser, &asked).await;
    assert!(page.body.contains("ngrok would like to:") && page.body.contains("Feed pets"), "{page:?}");
    assert!(!page.body.contains("Feed fish"), "nobody has to be asked about it");
    let allowed = decide(&mut browser, &page, "allow").await;
    assert!(allowed.parameter("code").is_some(), "{allowed:?}");
    assert_eq!(
        (allowed.status, allowed.parameter("state")),
        (StatusCode::SEE_OTHER, Some("the-state".into()))
    );
    let again = browser.get(&url(&org, "openid pets", &[])).await;
    assert!(again.parameter("code").is_some(), "{again:?}");
    let twice = decide(&mut browser, &page, "allow").await;
    assert_eq!(twice.status, StatusCode::BAD_REQUEST, "a question is answered once");
    let asked = browser.get(&url(&org, "openid pets", &[("prompt", "consent")])).await;
    assert!(asked.location().starts_with("/consent?"), "the client has the person asked again");
    assert!(org.logged().contains(&"app.oauth2.as.consent.grant".to_owned()));
}

#[tokio::test]
async fn whoever_does_not_allow_it_is_not_taken_along() {
    let org = org().await;
    let mut browser = org.browser();
    let asked = sign_in(&org, &mut browser, "openid pets", &[]).await;
    let page = question(&mut browser, &asked).await;
    let denied = decide(&mut browser, &page, "deny").await;
    let words = "303 access_denied: The resource owner or authorization server denied the request.";
    assert_eq!(denied.oauth_error(), words);
    let silent = browser.get(&url(&org, "openid pets", &[("prompt", "none")])).await;
    let words = "302 consent_required: The following scopes require user consent: [pets].";
    assert_eq!(silent.oauth_error(), words);
    assert!(org.model().consents(&org.alice.id, None).is_empty());
}

#[tokio::test]
async fn a_question_is_for_the_session_in_which_it_was_asked() {
    let org = org().await;
    let mut browser = org.browser();
    let asked = sign_in(&org, &mut browser, "openid pets", &[]).await;
    let page = question(&mut browser, &asked).await;
    let mut mallory = org.browser();
    mallory.sign_in("mallory@acme.test").await;
    let elsewhere = mallory.get(&format!("{ORG}{}", asked.location())).await;
    assert_eq!(elsewhere.status, StatusCode::BAD_REQUEST);
    let forged = decide(&mut mallory, &page, "allow").await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN, "{forged:?}");
    assert!(org.model().consents(&org.alice.id, None).is_empty());
    assert!(decide(&mut browser, &page, "allow").await.parameter("code").is_some());
}

#[tokio::test]
async fn a_trusted_app_has_people_asked_only_when_its_request_says_so() {
    let mut org = org().await;
    org.configure(|settings| settings.consent = ConsentMethod::Trusted);
    let mut browser = org.browser();
    assert!(sign_in(&org, &mut browser, "openid pets", &[]).await.parameter("code").is_some());
    let asked = browser.get(&url(&org, "openid pets", &[("prompt", "consent")])).await;
    let page = question(&mut browser, &asked).await;
    assert!(decide(&mut browser, &page, "allow").await.parameter("code").is_some());
    let nothing = browser.get(&url(&org, "openid fish", &[("prompt", "consent")])).await;
    assert!(nothing.parameter("code").is_some(), "there is nothing to ask about");
}

#[tokio::test]
async fn an_administrator_sees_and_takes_back_what_was_allowed() {
    let mut org = org().await;
    org.configure(|settings| settings.grant_types.push(GrantType::RefreshToken));
    let mut browser = org.browser();
    let asked = sign_in(&org, &mut browser, "openid pets offline_access", &[]).await;
    let page = question(&mut browser, &asked).await;
    let code = decide(&mut browser, &page, "allow").await.parameter("code").unwrap();
    let tokens = redeem(&org, &code).await.json();
    let get = async |path: &str| org.api(Method::GET, path, None).await.json();
    let user = format!("/users/{}", org.alice.id);
    let grants = get(&format!("{user}/grants")).await;
    let grant = &grants[0];
    assert_eq!((&grant["scopeId"], &grant["status"]), (&json!("pets"), &json!("ACTIVE")));
    assert_eq!((&grant["clientId"], &grant["userId"]), (&json!(org.app.id), &json!(org.alice.id)));
    assert_eq!(grant["issuer"], format!("{ORG}/oauth2/default"));
    let one = format!("{user}/grants/{}", grant["id"].as_str().unwrap());
    assert_eq!(get(&one).await, *grant);
    assert_eq!(get(&format!("{user}/clients")).await[0]["client_id"], json!(org.app.id));
    let client = format!("{user}/clients/{}", org.app.id);
    assert_eq!(get(&format!("{client}/grants")).await, grants);
    let listed = get(&format!("{client}/tokens")).await;
    assert_eq!(listed[0]["scopes"], json!(["openid", "pets", "offline_access"]));
    assert!(!listed.to_string().contains(tokens["refresh_token"].as_str().unwrap()), "no list shows a token");
    let token = format!("{client}/tokens/{}", listed[0]["id"].as_str().unwrap());
    assert_eq!(get(&token).await, listed[0]);
    let delete = async |path: &str| org.api(Method::DELETE, path, None).await.status;
    assert_eq!(delete(&one).await, StatusCode::NO_CONTENT);
    assert_eq!(delete(&one).await, StatusCode::NOT_FOUND);
    assert_eq!(get(&format!("{user}/grants")).await, json!([]));
    let asked = browser.get(&url(&org, "openid pets", &[])).await;
    assert!(asked.location().starts_with("/consent?"), "{asked:?}");
    assert_eq!(delete(&token).await, StatusCode::NO_CONTENT);
    assert_eq!(get(&format!("{client}/tokens")).await, json!([]));
    let page = question(&mut browser, &asked).await;
    decide(&mut browser, &page, "allow").await;
    for path in [format!("{client}/grants"), format!("{user}/grants"), format!("{client}/tokens")] {
        assert_eq!(delete(&path).await, StatusCode::NO_CONTENT, "{path}");
    }
    assert_eq!(get(&format!("{user}/clients")).await, json!([]));
}

async fn redeem(org: &TestOrg, code: &str) -> Answer {
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
    client.post(&format!("{ORG}/oauth2/default/v1/token"), &form).await
}

#[tokio::test]
async fn no_client_allows_itself_what_people_must_allow() {
    let mut org = org().await;
    org.configure(|settings| {
        settings.grant_types.push(GrantType::ClientCredentials);
        settings.response_types = vec![ResponseType::Code];
    });
    let own = async |org: &TestOrg, scope: &str| {
        use base64::Engine;
        let secret = org.app.secret.as_ref().unwrap().expose();
        let basic =
            base64::engine::general_purpose::STANDARD.encode(format!("{}:{secret}", org.app.client_id()));
        let mut client = org.browser();
        client.header(http::header::AUTHORIZATION, &format!("Basic {basic}"));
        let form = [("grant_type", "client_credentials"), ("scope", scope)];
        client.post(&format!("{ORG}/oauth2/default/v1/token"), &form).await
    };
    let words = "400 consent_required: The following scopes require user consent and cannot be granted for the client \
                 credentials grant type: [pets].";
    assert_eq!(own(&org, "pets").await.oauth_error(), words);
    let tokens = own(&org, "fish").await.json();
    assert_eq!(decoded(1, tokens["access_token"].as_str().unwrap())["scp"], json!(["fish"]));
    org.configure(|settings| settings.consent = ConsentMethod::Trusted);
    assert_eq!(own(&org, "pets").await.status, StatusCode::OK);
}

#[tokio::test]
async fn an_app_says_whether_its_people_are_asked() {
    let org = TestOrg::new().await;
    let path = format!("/apps/{}", org.app.id);
    let mut app = org.api(Method::GET, &path, None).await.json();
    assert_eq!(app["settings"]["oauthClient"]["consent_method"], "TRUSTED");
    app["settings"]["oauthClient"]["consent_method"] = json!("REQUIRED");
    let changed = org.api(Method::PUT, &path, Some(app.clone())).await.json();
    assert_eq!(changed["settings"]["oauthClient"]["consent_method"], "REQUIRED");
    app["settings"]["oauthClient"]["consent_method"] = json!("PERHAPS");
    let refused = org.api(Method::PUT, &path, Some(app)).await;
    assert_eq!(refused.api_error(), "400 E0000001 Api validation failed: consent_method");
}
