use axum::body::Body;
use http::{Method, StatusCode, header};

use crate::Event;
use crate::model::{AppStatus, Cause, EventType, LoginInitiatedBy};
use crate::testing::{CALLBACK, ORG, PASSWORD, TestOrg};

#[tokio::test]
async fn a_person_signs_in_and_comes_home_with_a_code_and_the_state() {
    let org = TestOrg::with_alice_assigned().await;
    let mut browser = org.browser();
    let page = browser.get(&org.authorize_url(&[])).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("Sign in with your account to access <b>ngrok</b>"), "{}", page.body);
    let answer = browser.submit(&page, "alice@acme.test", PASSWORD).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "never 307, which would post the password on");
    assert!(
        answer.location().starts_with(&format!("{CALLBACK}?state=the-state&code=")),
        "{}",
        answer.location()
    );
    assert_eq!(answer.header(header::REFERRER_POLICY), "no-referrer");
    assert_eq!(answer.parameter("iss"), None, "Okta sends none");
    assert_eq!(
        org.logged(),
        [
            "application.user_membership.add",
            "user.authentication.verify",
            "policy.evaluate_sign_on: Sign-on policy evaluation resulted in ALLOW",
            "user.session.start",
            "app.oauth2.authorize.code",
            "user.authentication.sso"
        ]
    );
}

#[tokio::test]
async fn whoever_has_a_session_is_not_asked_again() {
    let org = TestOrg::with_alice_assigned().await;
    let mut browser = org.browser();
    browser.code(&[]).await;
    let answer = browser.get(&org.authorize_url(&[("prompt", "none")])).await;
    assert_eq!(answer.status, StatusCode::FOUND);
    assert!(answer.parameter("code").is_some());
    // By POST too, which is answered so that the browser doesn't post again.
    let url = url::Url::parse(&org.authorize_url(&[])).unwrap();
    let form: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let answer = browser.post(&format!("{ORG}/oauth2/v1/authorize"), &form).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert!(answer.parameter("code").is_some());
    // Another browser has no part in it.
    let answer = org.browser().get(&org.authorize_url(&[("prompt", "none")])).await;
    assert_eq!(
        answer.oauth_error(),
        "302 login_required: The client specified not to prompt, but the user is not logged in."
    );
    assert_eq!(answer.parameter("state").as_deref(), Some("the-state"));
}

#[tokio::test]
async fn prompt_login_asks_whoever_has_a_session_and_renews_it() {
    let org = TestOrg::with_alice_assigned().await;
    let mut browser = org.browser();
    browser.code(&[]).await;
    let session = org.model().sessions_of(&org.alice.id).remove(0);
    let cookie = browser.cookies.clone();
    org.advance(60);
    let page = browser.get(&org.authorize_url(&[("prompt", "login")])).await;
    assert_eq!(page.status, StatusCode::OK);
    let answer = browser.submit(&page, "alice@acme.test", PASSWORD).await;
    assert!(answer.parameter("code").is_some());
    let renewed = org.model().sessions_of(&org.alice.id);
    assert_eq!(renewed.len(), 1);
    assert_eq!(renewed[0].id, session.id);
    assert!(renewed[0].authenticated > session.authenticated);
    assert_ne!(browser.cookies, cookie, "the session has another cookie after each sign-in");
    browser.cookies = cookie;
    let answer = browser.get(&org.authorize_url(&[("prompt", "none")])).await;
    assert_eq!(answer.parameter("error").as_deref(), Some("login_required"), "and the old one is void");
}

#[tokio::test]
async fn max_age_is_counted_in_stage_time() {
    let org = TestOrg::with_alice_assigned().await;
    let mut browser = org.browser();
    browser.code(&[]).await;
    let young = browser.get(&org.authorize_url(&[("max_age", "600")])).await;
    assert!(young.parameter("code").is_some());
    org.advance(601);
    let asked = browser.get(&org.authorize_url(&[("max_age", "600")])).await;
    assert!(asked.body.contains("stateToken"), "{}", asked.body);
    let refused = browser.get(&org.authorize_url(&[("max_age", "600"), ("prompt", "none")])).await;
    assert_eq!(
        refused.oauth_error(),
        "302 login_required: The client specified not to prompt, but the client app requires re-authentication or MFA."
    );
    let asked = browser.get(&org.authorize_url(&[("max_age", "0")])).await;
    assert_eq!(asked.status, StatusCode::OK);
}

#[tokio::test]
async fn login_hint_fills_the_name_in() {
    let org = TestOrg::new().await;
    let page = org.browser().get(&org.authorize_url(&[("login_hint", "alice@acme.test\"><b>")])).await;
    assert!(page.body.contains(r#"value="alice@acme.test&#34;&#62;&#60;b&#62;""#), "{}", page.body);
}

#[tokio::test]
async fn a_session_ends_after_two_idle_hours_and_lives_while_it_is_used() {
    let org = TestOrg::with_alice_assigned().await;
    let mut browser = org.browser();
    browser.code(&[]).await;
    for _ in 0..3 {
        org.advance(119 * 60);
        assert!(browser.get(&org.authorize_url(&[])).await.parameter("code").is_some());
    }
    org.advance(120 * 60 + 1);
    assert_eq!(browser.get(&org.authorize_url(&[])).await.status, StatusCode::OK);
}

#[tokio::test]
async fn an_unassigned_person_is_sent_back_with_oktas_words() {
    let org = TestOrg::new().await;
    let mut browser = org.browser();
    let page = browser.get(&org.authorize_url(&[])).await;
    let answer = browser.submit(&page, "mallory@acme.test", PASSWORD).await;
    assert_eq!(
        answer.location(),
        format!(
            "{CALLBACK}?state=the-state&error=access_denied&error_description=User+is+not+assigned+to+the+client+application."
        )
    );
    assert_eq!(org.count(EventType::UnauthorizedAppAccess), 1);
    let again = browser.get(&org.authorize_url(&[])).await;
    assert_eq!(again.parameter("error").as_deref(), Some("access_denied"), "a session doesn't help");
}

#[tokio::test]
async fn assignments_count_by_user_and_by_group_and_at_once() {
    let org = TestOrg::new().await;
    let (model, cause) = (org.model(), Cause::system());
    let mut browser = org.browser();
    browser.sign_in("alice@acme.test").await;
    let url = org.authorize_url(&[]);
    assert_eq!(browser.get(&url).await.parameter("error").as_deref(), Some("access_denied"));
    model.assign_group(&org.app.id, &org.engineering.id, &cause).unwrap();
    assert!(browser.get(&url).await.parameter("code").is_some());
    model.remove_from_group(&org.engineering.id, &org.alice.id, &cause).unwrap();
    assert_eq!(browser.get(&url).await.parameter("error").as_deref(), Some("access_denied"));
    model.assign_user(&org.app.id, &org.alice.id, &cause).unwrap();
    assert!(browser.get(&url).await.parameter("code").is_some());
    model.unassign_user(&org.app.id, &org.alice.id, &cause).unwrap();
    assert_eq!(browser.get(&url).await.parameter("error").as_deref(), Some("access_denied"));
}

#[tokio::test]
async fn a_wrong_redirect_uri_is_a_page_and_never_a_redirect() {
    let org = TestOrg::with_alice_assigned().await;
    let mut browser = org.browser();
    browser.sign_in("alice@acme.test").await;
    for uri in ["https://evil.test/", "https://idp.tunnel.test/oauth2/callback/", ""] {
        let answer = browser.get(&org.authorize_url(&[("redirect_uri", uri)])).await;
        assert_eq!((answer.status, answer.location()), (StatusCode::BAD_REQUEST, ""), "{uri}");
        assert!(answer.body.contains("400 Bad Request"));
        let sentence =
            "The &#39;redirect_uri&#39; parameter must be a Login redirect URI in the client app settings.";
        assert!(answer.body.contains(sentence), "{}", answer.body);
    }
    assert_eq!(org.logged().last().unwrap(), "app.oauth2.authorize: illegal_redirect_uri");
    let answer = browser.get(&org.authorize_url(&[("client_id", "0oaUnknown")])).await;
    assert_eq!((answer.status, answer.location()), (StatusCode::BAD_REQUEST, ""));
    assert!(answer.body.contains("Invalid value for &#39;client_id&#39; parameter."), "{}", answer.body);
}

#[tokio::test]
async fn an_application_out_of_use_is_refused_even_in_the_midst_of_a_login() {
    let org = TestOrg::with_alice_assigned().await;
    let mut browser = org.browser();
    let page = browser.get(&org.authorize_url(&[])).await;
    org.model().set_app_status(&org.app.id, AppStatus::Inactive, &Cause::system()).unwrap();
    let answer = browser.submit(&page, "alice@acme.test", PASSWORD).await;
    assert_eq!((answer.status, answer.location()), (StatusCode::BAD_REQUEST, ""));
}

#[tokio::test]
async fn errors_have_oktas_words() {
    let mut org = TestOrg::with_alice_assigned().await;
    let cases: [(&[(&str, &str)], &str); 9] = [
        (
            &[("state", "")],
            "302 invalid_request: The authentication request has an invalid 'state' parameter.",
        ),
        (
            &[("scope", "openid pets")],
            "302 invalid_scope: One or more scopes are not configured for the authorization server resource.",
        ),
        (
            &[("scope", "profile")],
            "302 invalid_scope: Requests for ID tokens or access tokens with OpenID scopes require the 'openid' scope.",
        ),
        (
            &[("response_type", "token")],
            "302 unsupported_response_type: The response type is not supported by the authorization server. \
             Configured response types: [code].",
        ),
        (
            &[("response_mode", "okta_post_message"), ("code_challenge", ""), ("code_challenge_method", "")],
            "302 unsupported_response_mode: 'okta_post_message' response mode cannot be used with the 'code' \
             response type.",
        ),
        (
            &[("prompt", "none"), ("max_age", "0")],
            "302 invalid_request: 'prompt' parameter must not have the value 'none' for request with 'zero' as max_age.",
        ),
        (
            &[("max_age", "soon")],
            "302 invalid_request: Invalid value for 'max_age' parameter. It should be within range 0 - 2^31-1.",
        ),
        (
            &[("code_challenge_method", "plain")],
            "302 invalid_request: PKCE code challenge method is not supported. Valid values: [S256]",
        ),
        (
            &[("code_challenge", "too-short")],
            "302 invalid_request: PKCE code challenge contains illegal characters.",
        ),
    ];
    for (changes, expected) in cases {
        assert_eq!(org.browser().get(&org.authorize_url(changes)).await.oauth_error(), expected);
    }
    org.configure(|settings| settings.pkce_required = true);
    let without = [("code_challenge", ""), ("code_challenge_method", "")];
    assert_eq!(
        org.browser().get(&org.authorize_url(&without)).await.oauth_error(),
        "302 invalid_request: PKCE code challenge is required by the application."
    );
}

#[tokio::test]
async fn the_answer_travels_as_it_was_asked_to() {
    let org = TestOrg::with_alice_assigned().await;
    let mut browser = org.browser();
    browser.sign_in("alice@acme.test").await;
    let fragment = browser.get(&org.authorize_url(&[("response_mode", "fragment")])).await;
    assert!(fragment.location().starts_with(&format!("{CALLBACK}#state=the-state&code=")));
    let posted = browser.get(&org.authorize_url(&[("response_mode", "form_post"), ("state", "a\"b")])).await;
    assert_eq!(posted.status, StatusCode::OK);
    assert!(posted.body.contains(&format!(r#"method="post" action="{CALLBACK}""#)), "{}", posted.body);
    assert_eq!(posted.hidden("state"), "a&#34;b");
    assert_eq!(posted.hidden("code").len(), 43);
    assert_eq!(posted.header(header::REFERRER_POLICY), "no-referrer");
}

#[tokio::test]
async fn what_the_org_decides_is_told_with_the_request_that_it_decided() {
    let org = TestOrg::with_alice_assigned().await;
    let code = org.browser().code(&[]).await;
    let events = org.events();
    let issued = events.iter().find_map(|event| match event {
        Event::CodeIssued { request, app, user, code, pkce, .. } => Some((request, app, user, code, pkce)),
        _ => None,
    });
    let (request, app, user, issued, pkce) = issued.unwrap();
    assert_eq!((app, user, *pkce), (&org.app.id, &org.alice.id, true));
    assert!(issued.matches(&code));
    let answered = events.iter().any(|event| match event {
        Event::Answered(exchange) => {
            exchange.response_headers["x-okta-request-id"] == request.as_str()
                && exchange.url == format!("{ORG}/signin")
                && exchange.status == StatusCode::SEE_OTHER
        }
        _ => false,
    });
    assert!(answered);
}

#[tokio::test]
async fn a_tile_leads_to_the_app_that_asks_for_the_login_itself() {
    let mut org = TestOrg::with_alice_assigned().await;
    let mut alice = org.browser();
    alice.sign_in("alice@acme.test").await;
    let cookies = alice.cookies.clone();
    let home = format!("{ORG}{}", org.app.home_path());
    let answer = alice.get(&home).await;
    assert!(answer.body.contains("IdP-initiated login is disabled for this client."), "{}", answer.body);
    assert_eq!(org.model().app_links(&org.alice.id), []);
    org.configure(|settings| {
        settings.login_initiated_by = LoginInitiatedBy::EitherOktaOrApp;
        settings.initiate_login_uri = Some("https://app.tunnel.test/ngrok/login".into());
    });
    let mut alice = org.browser();
    alice.cookies = cookies;
    let answer = alice.get(&home).await;
    assert_eq!(answer.location(), "https://app.tunnel.test/ngrok/login?iss=https%3A%2F%2Facme.okta.test");
    assert_eq!(org.model().app_links(&org.alice.id)[0].path, org.app.home_path());
    let mut mallory = org.browser();
    let before = mallory.get(&home).await;
    assert!(before.location().starts_with("/login/login.htm?fromURI=%2Fhome%2F"), "{}", before.location());
    mallory.sign_in("mallory@acme.test").await;
    assert_eq!(mallory.get(&home).await.status, StatusCode::FORBIDDEN);
    assert_eq!(org.model().app_links(&org.mallory.id), []);
}

#[tokio::test]
async fn malformed_requests_get_their_4xx() {
    let org = TestOrg::new().await;
    let mut browser = org.browser();
    let authorize = format!("{ORG}/oauth2/v1/authorize");
    let answer = browser.send(Method::POST, &authorize, Some(("text/plain", "x".into()))).await;
    assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let large = "a".repeat(64 * 1024 + 1);
    let form = "application/x-www-form-urlencoded";
    let answer = browser.send(Method::POST, &authorize, Some((form, large))).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    let answer = browser.send(Method::DELETE, &authorize, None).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    let answer = browser.get("https://evil.test/").await;
    assert_eq!(answer.status, StatusCode::MISDIRECTED_REQUEST);
    let twice = http::Request::builder()
        .uri("/")
        .header(header::HOST, "acme.okta.test")
        .header(header::HOST, "evil.test")
        .body(Body::empty())
        .unwrap();
    let end = "127.0.0.1:1".parse().unwrap();
    let connection = ground::Connection { peer: end, local: end };
    assert_eq!(org.server.clone().answer(connection, twice).await.status(), StatusCode::MISDIRECTED_REQUEST);
}
