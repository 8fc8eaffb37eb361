//! Response types and modes, and what comes with an answer.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{StatusCode, header};
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

use crate::Event;
use crate::model::{Cause, GrantType, GroupFilter, GroupFilterKind, GroupsClaim, ResponseType, ServerName};
use crate::testing::{Answer, Browser, CALLBACK, ORG, TestOrg, decoded};

async fn org() -> TestOrg {
    let mut org = TestOrg::with_alice_assigned().await;
    org.configure(|settings| {
        settings.grant_types.push(GrantType::Implicit);
        settings.response_types = vec![ResponseType::Code, ResponseType::IdToken, ResponseType::Token];
    });
    org
}

async fn signed_in(org: &TestOrg) -> Browser<'_> {
    let mut browser = org.browser();
    browser.sign_in("alice@acme.test").await;
    browser
}

/// The members of an answer that came in a fragment.
fn fragment(answer: &Answer) -> BTreeMap<String, String> {
    let url = Url::parse(answer.location()).unwrap_or_else(|_| panic!("no location: {answer:?}"));
    assert_eq!(url.query(), None, "nothing of it is sent to the server");
    form_urlencoded::parse(url.fragment().unwrap_or_default().as_bytes()).into_owned().collect()
}

fn names(members: &BTreeMap<String, String>) -> Vec<&str> {
    members.keys().map(String::as_str).collect()
}

fn half_hash(text: &str) -> Value {
    URL_SAFE_NO_PAD.encode(&digest(&SHA256, text.as_bytes()).as_ref()[..16]).into()
}

#[tokio::test]
async fn tokens_come_by_way_of_the_browser_when_they_are_asked_for() {
    let org = org().await;
    let mut browser = signed_in(&org).await;
    let access = ["access_token", "expires_in", "scope", "token_type"];
    for (types, code, id_token, token) in [
        ("id_token", false, true, false),
        ("id_token token", false, true, true),
        ("code id_token", true, true, false),
        ("token code", true, false, true),
        ("code id_token token", true, true, true),
    ] {
        let members = fragment(&browser.get(&org.authorize_url(&[("response_type", types)])).await);
        let mut expected = vec!["state"];
        expected.extend(code.then_some("code"));
        expected.extend(id_token.then_some("id_token"));
        expected.extend(token.then_some(access).into_iter().flatten());
        expected.sort_unstable();
        assert_eq!(names(&members), expected, "{types}");
        if id_token {
            let claims = decoded(1, &members["id_token"]);
            assert!(org.site.keys.org().verify_id_token(&members["id_token"]).is_some());
            assert_eq!(claims["nonce"], "the-nonce");
            let hash = |name: &str| members.get(name).map(|text| half_hash(text));
            assert_eq!(claims.get("c_hash").cloned(), hash("code"), "{types}");
            assert_eq!(claims.get("at_hash").cloned(), hash("access_token"), "{types}");
            assert_eq!(claims.contains_key("given_name"), types == "id_token", "alone it tells all: {types}");
        }
        if token {
            assert_eq!(org.userinfo(&members["access_token"]).await.status, StatusCode::OK);
            assert_eq!((members["token_type"].as_str(), members["expires_in"].as_str()), ("Bearer", "3600"));
        }
    }
    let issued = |event: &Event| matches!(event, Event::TokensIssued { code: None, id_token: Some(_), .. });
    assert_eq!(org.events().iter().filter(|event| issued(event)).count(), 4);
    assert!(org.logged().contains(&"app.oauth2.authorize.implicit.id_token".to_owned()));
}

#[tokio::test]
async fn a_code_that_is_used_twice_takes_what_came_with_it() {
    let org = org().await;
    let mut browser = signed_in(&org).await;
    let members = fragment(&browser.get(&org.authorize_url(&[("response_type", "code token")])).await);
    assert_eq!(org.redeem(&members["code"], &[]).await.status, StatusCode::OK);
    org.redeem(&members["code"], &[]).await;
    assert_eq!(org.userinfo(&members["access_token"]).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn what_is_not_right_about_types_and_modes_is_said() {
    let org = org().await;
    let mut browser = signed_in(&org).await;
    for (changes, expected) in [
        (
            &[("response_type", "id_token"), ("response_mode", "query")][..],
            "unsupported_response_mode: 'query' response mode cannot be used with either the 'id_token' or 'token' \
             response types.",
        ),
        (
            &[("response_type", "token")],
            "unsupported_response_type: The response type is not supported by the authorization server. Configured \
             response types: [code, id_token, token].",
        ),
        (
            &[("response_type", "code code")],
            "unsupported_response_type: The response type is not supported by the authorization server. Configured \
             response types: [code, id_token, token].",
        ),
    ] {
        let answer = browser.get(&org.authorize_url(changes)).await;
        assert_eq!(answer.oauth_error(), format!("302 {expected}"));
    }
    let without = org.authorize_url(&[("response_type", "id_token"), ("nonce", "")]);
    let refused = fragment(&browser.get(&without).await);
    assert_eq!(
        refused["error_description"],
        "The 'nonce' parameter is required for authorize requests with either the 'id_token' or 'token' response \
         types.."
    );
    // A grant of the browser's is none of the token endpoint's.
    let answer = org.redeem("", &[("grant_type", "implicit")]).await;
    assert!(answer.oauth_error().starts_with("400 unsupported_grant_type: "), "{answer:?}");
}

#[tokio::test]
async fn an_answer_is_posted_to_the_window_that_asked() {
    let org = org().await;
    let mut browser = signed_in(&org).await;
    let mode = ("response_mode", "okta_post_message");
    let answer = browser.get(&org.authorize_url(&[("response_type", "id_token token"), mode])).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.body.contains(r#"data-origin="https://idp.tunnel.test""#), "{}", answer.body);
    assert_eq!(answer.hidden("state"), "the-state");
    assert!(org.site.keys.org().verify_id_token(&answer.hidden("id_token")).is_some());
    let policy = answer.header(header::CONTENT_SECURITY_POLICY);
    assert!(policy.ends_with("frame-ancestors https://idp.tunnel.test"), "{policy}");
    assert!(!answer.headers.contains_key(header::X_FRAME_OPTIONS));
    assert_eq!(answer.header(header::REFERRER_POLICY), "no-referrer");
    let with_challenge = browser.get(&org.authorize_url(&[mode])).await;
    assert_eq!(with_challenge.hidden("code").len(), 43);
    let without = [mode, ("code_challenge", ""), ("code_challenge_method", "")];
    assert_eq!(
        browser.get(&org.authorize_url(&without)).await.oauth_error(),
        "302 unsupported_response_mode: 'okta_post_message' response mode cannot be used with the 'code' response \
         type."
    );
    let script = org.browser().get(&format!("{ORG}/assets/post-message.js")).await;
    assert!(script.body.contains("postMessage"), "{script:?}");
}

#[tokio::test]
async fn a_server_says_who_it_is_when_it_is_told_to() {
    let org = org().await;
    let mut browser = signed_in(&org).await;
    let discovery = format!("{ORG}/.well-known/openid-configuration");
    let advertised = "authorization_response_iss_parameter_supported";
    assert_eq!(org.browser().get(&discovery).await.json().get(advertised), None);
    let name = |server: &mut crate::model::AuthorizationServer| server.names_itself = true;
    org.model().update_authorization_server(&ServerName::Org, &Cause::system(), name).unwrap();
    let granted = browser.get(&org.authorize_url(&[])).await;
    assert_eq!(granted.parameter("iss").as_deref(), Some(ORG));
    let refused = browser.get(&org.authorize_url(&[("scope", "pets")])).await;
    assert_eq!(refused.parameter("iss").as_deref(), Some(ORG), "errors too");
    assert_eq!(org.browser().get(&discovery).await.json()[advertised], true);
}

fn claim(kind: GroupFilterKind, value: &str) -> Option<GroupsClaim> {
    Some(GroupsClaim { name: "groups".into(), filter: GroupFilter::new(kind, value).unwrap() })
}

#[tokio::test]
async fn groups_are_told_to_those_who_ask_and_may_know() {
    let mut org = TestOrg::with_alice_assigned().await;
    let id_token = async |org: &TestOrg, scope: &str| {
        let code = org.browser().code(&[("scope", scope)]).await;
        let tokens = org.redeem(&code, &[]).await.json();
        let about = org.userinfo(tokens["access_token"].as_str().unwrap()).await.json();
        let claims = decoded(1, tokens["id_token"].as_str().unwrap());
        assert_eq!(claims.get("groups"), about.get("groups"));
        claims.get("groups").cloned()
    };
    assert_eq!(id_token(&org, "openid groups").await, None, "without a filter there is no claim");
    org.configure(|settings| settings.groups_claim = claim(GroupFilterKind::StartsWith, "Eng"));
    assert_eq!(id_token(&org, "openid groups").await, Some(json!(["Engineering"])));
    assert_eq!(id_token(&org, "openid").await, None);
    org.configure(|settings| settings.groups_claim = claim(GroupFilterKind::Regex, ".*"));
    assert_eq!(id_token(&org, "openid groups").await, Some(json!(["Everyone", "Engineering"])));
}

#[tokio::test]
async fn more_than_a_hundred_groups_fail_the_request() {
    let mut org = org().await;
    org.configure(|settings| settings.groups_claim = claim(GroupFilterKind::Regex, "team-.*"));
    let (model, cause) = (org.model(), Cause::system());
    let join = |number: usize| {
        let group = model.create_group(&format!("team-{number}"), "", &cause).unwrap();
        model.add_to_group(&group.id, &org.alice.id, &cause).unwrap();
    };
    (0..100).for_each(join);
    let code = org.browser().code(&[("scope", "openid groups")]).await;
    let tokens = org.redeem(&code, &[]).await.json();
    let claims = decoded(1, tokens["id_token"].as_str().unwrap());
    assert_eq!(claims["groups"].as_array().unwrap().len(), 100);
    join(100);
    let too_many = "The groups claim matched too many groups and must be configured to match fewer groups.";
    let code = org.browser().code(&[("scope", "openid groups")]).await;
    assert_eq!(org.redeem(&code, &[]).await.oauth_error(), format!("400 server_error: {too_many}"));
    let mut browser = signed_in(&org).await;
    let url = org.authorize_url(&[("response_type", "id_token"), ("scope", "openid groups")]);
    assert_eq!(fragment(&browser.get(&url).await)["error_description"], too_many);
}

/// The pushed request's answer.
async fn push(org: &TestOrg, changes: &[(&str, &str)]) -> Answer {
    let url = Url::parse(&org.authorize_url(changes)).unwrap();
    let secret = org.app.secret.as_ref().unwrap().expose();
    let mut form: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    form.push(("client_secret".into(), secret.into()));
    let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    org.browser().post(&format!("{ORG}/oauth2/v1/par"), &form).await
}

fn by_reference(org: &TestOrg, uri: &str) -> String {
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("client_id", org.app.client_id()), ("request_uri", uri)])
        .finish();
    format!("{ORG}/oauth2/v1/authorize?{query}")
}

#[tokio::test]
async fn a_pushed_request_is_used_once_by_its_client() {
    let org = org().await;
    let mut browser = signed_in(&org).await;
    let answer = push(&org, &[]).await;
    assert_eq!((answer.status, answer.header(header::CACHE_CONTROL)), (StatusCode::OK, "no-cache, no-store"));
    let uri = answer.json()["request_uri"].as_str().unwrap().to_owned();
    assert!(uri.starts_with("urn:okta:"));
    let thief = by_reference(&org, &uri).replace(org.app.client_id(), "0oaOther");
    let words =
        "The &#39;client_id&#39; parameter does not match the expected value for the provided request_uri.";
    let refused = browser.get(&thief).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    assert!(refused.body.contains(words), "{}", refused.body);
    let elsewhere = by_reference(&org, &uri).replace("/oauth2/v1", "/oauth2/default/v1");
    let refused = browser.get(&elsewhere).await;
    assert!(refused.body.contains("The request_uri was issued for another authorization server."));
    let answer = browser.get(&by_reference(&org, &uri)).await;
    assert!(answer.location().starts_with(&format!("{CALLBACK}?state=the-state&code=")), "{answer:?}");
    assert_eq!(org.redeem(&answer.parameter("code").unwrap(), &[]).await.status, StatusCode::OK);
    let again = browser.get(&by_reference(&org, &uri)).await;
    assert!(again.body.contains("The authorize request_uri is invalid."), "{}", again.body);
    let late = push(&org, &[]).await.json()["request_uri"].as_str().unwrap().to_owned();
    org.advance(3600);
    let refused = browser.get(&by_reference(&org, &late)).await;
    assert!(refused.body.contains("The authorize request_uri is invalid."), "{}", refused.body);
}

#[tokio::test]
async fn what_is_pushed_is_looked_at_as_if_the_browser_had_brought_it() {
    let org = org().await;
    for (changes, expected) in [
        (
            &[("scope", "openid pets")][..],
            "400 invalid_scope: One or more scopes are not configured for the authorization server resource.",
        ),
        (
            &[("redirect_uri", "https://evil.test/")],
            "400 invalid_request: The 'redirect_uri' parameter must be a Login redirect URI in the client app settings.",
        ),
        (
            &[("request_uri", "urn:okta:x")],
            "400 invalid_request: The 'request_uri' parameter must not be present in the request.",
        ),
        (&[("client_id", "0oaUnknown")], "401 invalid_client: Invalid value for 'client_id' parameter."),
    ] {
        assert_eq!(push(&org, changes).await.oauth_error(), expected);
    }
    let alone = [("client_id", org.app.client_id())];
    let answer = org.browser().post(&format!("{ORG}/oauth2/v1/par"), &alone).await;
    assert!(answer.oauth_error().starts_with("401 invalid_client: "), "{answer:?}");
}
