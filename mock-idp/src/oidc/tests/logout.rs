use http::StatusCode;

use crate::Event;
use crate::model::Cause;
use crate::testing::{Browser, ORG, TestOrg};

const AFTERWARDS: &str = "https://app.tunnel.test/ngrok/logout";

async fn signed_in(org: &TestOrg) -> (Browser<'_>, String) {
    let mut browser = org.browser();
    let code = browser.code(&[]).await;
    let hint = org.redeem(&code, &[]).await.json()["id_token"].as_str().unwrap().to_owned();
    (browser, hint)
}

async fn org() -> TestOrg {
    let mut org = TestOrg::with_alice_assigned().await;
    org.configure(|settings| settings.post_logout_redirect_uris = vec![AFTERWARDS.into()]);
    org
}

#[tokio::test]
async fn logout_ends_the_session_and_goes_where_the_client_registered() {
    let org = org().await;
    let (mut browser, hint) = signed_in(&org).await;
    let url = format!(
        "{ORG}/oauth2/v1/logout?id_token_hint={hint}&post_logout_redirect_uri={AFTERWARDS}&state=a%26b"
    );
    let answer = browser.get(&url).await;
    assert_eq!(
        (answer.status, answer.location()),
        (StatusCode::FOUND, "https://app.tunnel.test/ngrok/logout?state=a%26b")
    );
    assert_eq!(
        browser.get(&org.authorize_url(&[])).await.status,
        StatusCode::OK,
        "the person is asked again"
    );
    assert!(org.logged().contains(&"user.session.end".to_owned()));
    assert!(org.events().iter().any(|event| matches!(event, Event::SignedOut { .. })));
    // And once more, without a session.
    assert_eq!(browser.get(&url).await.status, StatusCode::FOUND);
}

#[tokio::test]
async fn an_expired_hint_still_logs_out() {
    let org = org().await;
    let (mut browser, hint) = signed_in(&org).await;
    org.advance(3601);
    let answer = browser.get(&format!("{ORG}/oauth2/v1/logout?id_token_hint={hint}")).await;
    assert_eq!((answer.status, answer.location()), (StatusCode::FOUND, "/"));
    assert_eq!(org.model().sessions_of(&org.alice.id).len(), 0);
}

#[tokio::test]
async fn what_is_not_right_is_a_page_and_ends_nothing() {
    let org = org().await;
    let (mut browser, hint) = signed_in(&org).await;
    let tampered = format!("{}x", &hint[..hint.len() - 1]);
    let evil = "https://evil.test/";
    for (query, words) in [
        (String::new(), "The required parameter &#39;id_token_hint&#39; is missing."),
        (format!("id_token_hint={tampered}"), "The id token is invalid."),
        (format!("id_token_hint={hint}&post_logout_redirect_uri={evil}"), "must be a Logout redirect URI"),
        (
            format!("id_token_hint={hint}&post_logout_redirect_uri={AFTERWARDS}/"),
            "must be a Logout redirect URI",
        ),
        (format!("id_token_hint={hint}&id_token_hint={hint}"), "multiple parameters"),
    ] {
        let answer = browser.get(&format!("{ORG}/oauth2/v1/logout?{query}")).await;
        assert_eq!((answer.status, answer.location()), (StatusCode::BAD_REQUEST, ""), "{query}");
        assert!(answer.body.contains(words), "{query}: {}", answer.body);
    }
    org.model().assign_user(&org.app.id, &org.mallory.id, &Cause::system()).unwrap();
    let mut mallory = org.browser();
    mallory.sign_in("mallory@acme.test").await;
    let answer = mallory.get(&format!("{ORG}/oauth2/v1/logout?id_token_hint={hint}")).await;
    assert!(answer.body.contains("The ID token subject does not match the current session&#39;s user."));
    assert_eq!(org.model().sessions_of(&org.alice.id).len(), 1);
    assert_eq!(org.model().sessions_of(&org.mallory.id).len(), 1);
}
