use ground::Secret;
use http::{Method, StatusCode, header};

use crate::Event;
use crate::model::{Cause, EventType, SignInRefusal, UserStatus};
use crate::testing::{ADMIN, CALLBACK, ORG, PASSWORD, TestOrg};

#[tokio::test]
async fn wrong_password_unknown_and_suspended_user_are_told_the_same_words() {
    let org = TestOrg::with_alice_assigned().await;
    org.model().suspend_user(&org.mallory.id, &Cause::system()).unwrap();
    let mut pages = Vec::new();
    for (login, password) in [
        ("alice@acme.test", "wrong"),
        ("nobody@acme.test", PASSWORD),
        ("mallory@acme.test", PASSWORD),
        ("", ""),
    ] {
        let mut browser = org.browser();
        let page = browser.get(&org.authorize_url(&[])).await;
        let answer = browser.submit(&page, login, password).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "reloading must not post the password again");
        let token = page.hidden("stateToken");
        let again = browser.get(&format!("{ORG}{}", answer.location())).await;
        assert!(again.body.contains(r#"role="alert">Unable to sign in</p>"#), "{login}: {}", again.body);
        assert!(!browser.cookies.keys().any(|(_, name)| name == "idx"));
        let neutral = again.body.replace(&token, "").replace(login, "").replace(" autofocus", "");
        pages.push(neutral);
        if login == "alice@acme.test" {
            let answer = browser.submit(&again, login, PASSWORD).await;
            assert!(answer.parameter("code").is_some(), "the same page goes on");
        }
    }
    assert!(pages.windows(2).all(|pair| pair[0] == pair[1]), "{pages:#?}");
    let refusals: Vec<SignInRefusal> = org
        .events()
        .into_iter()
        .filter_map(|event| match event {
            Event::SignInRefused { why, .. } => Some(why),
            _ => None,
        })
        .collect();
    assert_eq!(
        refusals,
        [
            SignInRefusal::WrongPassword(org.alice.id.clone()),
            SignInRefusal::UnknownUser,
            SignInRefusal::NotActive(org.mallory.id.clone(), UserStatus::Suspended),
            SignInRefusal::UnknownUser,
        ]
    );
    let reasons: Vec<String> =
        org.logged().into_iter().filter(|entry| entry.starts_with("user.session.start:")).collect();
    assert_eq!(
        reasons,
        [
            "user.session.start: INVALID_CREDENTIALS",
            "user.session.start: VERIFICATION_ERROR",
            "user.session.start: USER_SUSPENDED",
            "user.session.start: VERIFICATION_ERROR",
        ]
    );
}

#[tokio::test]
async fn the_page_has_no_script_and_a_strict_policy() {
    let org = TestOrg::new().await;
    let page = org.browser().get(&format!("{ORG}/")).await;
    assert!(!page.body.contains("<script") && !page.body.contains("style="));
    let policy = page.header(header::CONTENT_SECURITY_POLICY);
    assert!(
        policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'self'"),
        "{policy}"
    );
    assert_eq!(page.header(header::X_FRAME_OPTIONS), "SAMEORIGIN");
    assert_eq!(page.header(header::CACHE_CONTROL), "no-cache, no-store");
    for asset in ["/assets/org.css", "/assets/org.svg"] {
        assert!(page.body.contains(asset));
        assert_eq!(org.browser().get(&format!("{ORG}{asset}")).await.status, StatusCode::OK);
    }
}

/// A browser holds the policy against every redirect that follows a form.
#[tokio::test]
async fn the_pages_forms_may_lead_to_the_app_that_asks_and_to_no_other() {
    let mut org = TestOrg::with_alice_assigned().await;
    let callbacks = ["http://localhost:3000/callback", "com.example.app:/callback", CALLBACK];
    org.configure(|settings| settings.redirect_uris = callbacks.map(str::to_owned).to_vec());
    let leads = [
        "form-action https: http://localhost:3000;",
        "form-action https: com.example.app:;",
        "form-action https:;",
    ];
    for (callback, leads) in callbacks.into_iter().zip(leads) {
        let mut browser = org.browser();
        let page = browser.get(&org.authorize_url(&[("redirect_uri", callback)])).await;
        let policy = page.header(header::CONTENT_SECURITY_POLICY);
        assert!(policy.contains(leads), "{policy}");
        let answer = browser.submit(&page, "alice@acme.test", PASSWORD).await;
        assert!(answer.location().starts_with(callback), "{answer:?}");
        let asked = [("redirect_uri", callback), ("response_mode", "form_post")];
        let page = browser.get(&org.authorize_url(&asked)).await;
        let policy = page.header(header::CONTENT_SECURITY_POLICY);
        assert!(policy.contains(leads), "{policy}");
    }
}

#[tokio::test]
async fn the_session_cookie_is_the_browsers_alone() {
    let org = TestOrg::new().await;
    let mut browser = org.browser();
    let page = browser.get(&format!("{ORG}/")).await;
    let answer = browser.submit(&page, "ALICE@acme.test", PASSWORD).await;
    let cookie = answer.header(header::SET_COOKIE);
    assert!(
        cookie.starts_with("idx=") && cookie.ends_with("; Path=/; Secure; HttpOnly; SameSite=None"),
        "{cookie}"
    );
    assert_eq!(browser.get(&format!("{ORG}/")).await.location(), "/app/UserHome");
}

#[tokio::test]
async fn a_sign_in_is_finished_once_in_the_browser_in_which_it_began() {
    let org = TestOrg::with_alice_assigned().await;
    let (mut victim, mut attacker) = (org.browser(), org.browser());
    let page = attacker.get(&org.authorize_url(&[])).await;
    victim.get(&format!("{ORG}/")).await;
    // The attacker's form, with the attacker's password, in the victim's browser: nobody is signed in.
    let answer = victim.submit(&page, "alice@acme.test", PASSWORD).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(!victim.cookies.keys().any(|(_, name)| name == "idx"));
    let stranger = org.browser().submit(&page, "alice@acme.test", PASSWORD).await;
    assert_eq!(stranger.status, StatusCode::BAD_REQUEST);
    // From a page of another site, it isn't taken from the right browser either.
    let mut framed = org.browser();
    framed.cookies = attacker.cookies.clone();
    framed.header(header::ORIGIN, "https://evil.test");
    assert_eq!(framed.submit(&page, "alice@acme.test", PASSWORD).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(attacker.submit(&page, "alice@acme.test", PASSWORD).await.status, StatusCode::SEE_OTHER);
    let again = attacker.submit(&page, "alice@acme.test", PASSWORD).await;
    assert_eq!(again.status, StatusCode::BAD_REQUEST, "the page was used already");
    assert!(again.body.contains("Sign in again"));
}

#[tokio::test]
async fn a_sign_in_page_is_good_for_an_hour() {
    let org = TestOrg::new().await;
    let mut browser = org.browser();
    let page = browser.get(&format!("{ORG}/")).await;
    org.advance(3601);
    assert_eq!(browser.submit(&page, "alice@acme.test", PASSWORD).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_fixed_session_cookie_gains_nothing() {
    let org = TestOrg::new().await;
    let mut browser = org.browser();
    let idx = ("acme.okta.test".to_owned(), "idx".to_owned());
    browser.cookies.insert(idx.clone(), "preset".into());
    browser.sign_in("alice@acme.test").await;
    assert_ne!(browser.cookies[&idx], "preset");
    let mut other = org.browser();
    other.cookies.insert(idx, "preset".into());
    assert!(other.get(&format!("{ORG}/")).await.body.contains("stateToken"));
}

#[tokio::test]
async fn signing_in_as_somebody_else_ends_the_session_before() {
    let org = TestOrg::new().await;
    let mut browser = org.browser();
    browser.sign_in("alice@acme.test").await;
    let page = browser.get(&org.authorize_url(&[("prompt", "login")])).await;
    browser.submit(&page, "mallory@acme.test", PASSWORD).await;
    assert_eq!(org.model().sessions_of(&org.alice.id).len(), 0);
    assert_eq!(org.model().sessions_of(&org.mallory.id).len(), 1);
}

#[tokio::test]
async fn suspension_revocation_and_sign_out_end_sessions() {
    let org = TestOrg::new().await;
    let home = format!("{ORG}/");
    let mut browser = org.browser();
    browser.sign_in("alice@acme.test").await;
    org.model().suspend_user(&org.alice.id, &Cause::system()).unwrap();
    assert!(browser.get(&home).await.body.contains("stateToken"));
    org.model().unsuspend_user(&org.alice.id, &Cause::system()).unwrap();
    assert!(browser.get(&home).await.body.contains("stateToken"), "it doesn't come back");
    browser.sign_in("alice@acme.test").await;
    org.model().clear_sessions(&org.alice.id, &Cause::system()).unwrap();
    assert!(browser.get(&home).await.body.contains("stateToken"));
    assert_eq!(org.count(EventType::SessionClear), 1);
    browser.sign_in("alice@acme.test").await;
    assert_eq!(browser.get(&format!("{ORG}/login/signout")).await.location(), "/");
    assert!(browser.get(&home).await.body.contains("stateToken"));
    assert_eq!(org.count(EventType::SessionEnd), 1);
}

#[tokio::test]
async fn the_way_after_sign_in_stays_at_the_org() {
    let org = TestOrg::new().await;
    for (wanted, expected) in [
        ("%2Fenduser%2Fsettings", "/enduser/settings"),
        ("https%3A%2F%2Fevil.test", "/app/UserHome"),
        ("%2F%2Fevil.test", "/app/UserHome"),
    ] {
        let mut browser = org.browser();
        let page = browser.get(&format!("{ORG}/login/login.htm?fromURI={wanted}")).await;
        assert_eq!(browser.submit(&page, "alice@acme.test", PASSWORD).await.location(), expected);
    }
}

#[tokio::test]
async fn an_administrators_session_comes_to_the_admin_host_by_a_ticket_for_that_browser() {
    let org = TestOrg::new().await;
    let mut ada = org.browser();
    let asked = ada.get(&format!("{ADMIN}/admin/dashboard")).await;
    assert!(asked.location().starts_with(&format!("{ORG}/login/admin?state=")), "{}", asked.location());
    let to_sign_in = ada.get(asked.location()).await;
    let page = ada.get(&format!("{ORG}{}", to_sign_in.location())).await;
    let signed_in = ada.submit(&page, "ada@acme.test", PASSWORD).await;
    let handed_over = ada.get(&format!("{ORG}{}", signed_in.location())).await;
    assert!(handed_over.location().starts_with(&format!("{ADMIN}/login/ticket?ticket=")));
    // Nobody else's browser can use the ticket; and now it is gone.
    let thief = org.browser().get(handed_over.location()).await;
    assert_eq!(thief.status, StatusCode::BAD_REQUEST);
    assert_eq!(ada.get(handed_over.location()).await.status, StatusCode::BAD_REQUEST);
    let handed_over = ada.get(asked.location()).await;
    let taken_over = ada.get(handed_over.location()).await;
    assert_eq!(taken_over.location(), "/admin/dashboard");
    assert_eq!(ada.get(&format!("{ADMIN}/admin/dashboard")).await.status, StatusCode::OK);
    assert_eq!(org.count(EventType::AccessAdminApp), 2);
    // One session on both hosts, under a cookie for each.
    let cookies: Vec<&String> =
        ada.cookies.iter().filter(|((_, name), _)| name == "idx").map(|(_, value)| value).collect();
    assert_eq!(cookies.len(), 2);
    assert_ne!(cookies[0], cookies[1]);
    assert_eq!(org.model().sessions_of(&org.admin.id).len(), 1);
    org.model().set_administrator(&org.admin.id, false, &Cause::system()).unwrap();
    assert_eq!(ada.get(&format!("{ADMIN}/admin/dashboard")).await.status, StatusCode::FOUND);
}

#[tokio::test]
async fn nobody_else_comes_to_the_admin_host() {
    let org = TestOrg::new().await;
    let mut alice = org.browser();
    alice.sign_in("alice@acme.test").await;
    let asked = alice.get(&format!("{ADMIN}/")).await;
    let wanted = if asked.location().starts_with('/') {
        format!("{ADMIN}{}", asked.location())
    } else {
        asked.location().to_owned()
    };
    let asked =
        if wanted.starts_with(ADMIN) { alice.get(&wanted).await.location().to_owned() } else { wanted };
    let answer = alice.get(&asked).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(answer.body.contains("You do not have permission to perform the requested action"));
    // The org's cookie isn't the admin host's.
    let idx = |host: &str| (host.to_owned(), "idx".to_owned());
    let cookie = alice.cookies[&idx("acme.okta.test")].clone();
    alice.cookies.insert(idx("acme-admin.okta.test"), cookie);
    assert_eq!(alice.get(&format!("{ADMIN}/admin/dashboard")).await.status, StatusCode::FOUND);
    let posted = alice.send(Method::POST, &format!("{ADMIN}/admin/users/add"), None).await;
    assert_eq!(posted.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn an_expired_password_is_changed_on_the_way() {
    let org = TestOrg::with_alice_assigned().await;
    org.model().expire_password(&org.alice.id, &Cause::system()).unwrap();
    let mut browser = org.browser();
    let page = browser.get(&org.authorize_url(&[])).await;
    let wrong = browser.submit(&page, "alice@acme.test", "wrong").await;
    let again = browser.get(&format!("{ORG}{}", wrong.location())).await;
    assert!(
        again.body.contains("Unable to sign in"),
        "only who knows the old password learns that it has expired"
    );
    let answer = browser.submit(&page, "alice@acme.test", PASSWORD).await;
    let page = browser.get(&format!("{ORG}{}", answer.location())).await;
    assert!(page.body.contains("Your password has expired"), "{}", page.body);
    let token = page.hidden("stateToken");
    let mut change = async |old: &str, new: &str, again: &str| {
        let form = [("stateToken", token.as_str()), ("old", old), ("new", new), ("again", again)];
        let answer = browser.post(&format!("{ORG}/signin/new-password"), &form).await;
        match answer.location().starts_with("/signin") {
            true => browser.get(&format!("{ORG}{}", answer.location())).await,
            false => answer,
        }
    };
    assert!(change(PASSWORD, "battery staple", "battery").await.body.contains("New passwords must match"));
    assert!(change("wrong", "battery staple", "battery staple").await.body.contains(r#"role="alert""#));
    let answer = change(PASSWORD, "battery staple", "battery staple").await;
    assert!(answer.parameter("code").is_some(), "{answer:?}");
    assert!(
        org.model()
            .verify_password("alice@acme.test", &Secret::new("password", "battery staple"), &Cause::system())
            .is_ok()
    );
}
