//! Logins that end well, and what lasts of them.

use std::time::Duration;

use gate::{Admission, Event, Identity, Refusal, SessionEnd, Visitor};

use crate::org::{CLIENT_ID, ISSUER, REDIRECT_URI};
use crate::world::{Answered, Browser, LOGIN, SESSION, World, draft, head, location, parameter};

fn alice() -> Identity {
    Identity {
        issuer: ISSUER.to_owned(),
        id: "00u1alice".to_owned(),
        email: Some("alice@acme.test".to_owned()),
        name: Some("Alice Ångström".to_owned()),
    }
}

fn ends(world: &World) -> Vec<SessionEnd> {
    let end = |event| match event {
        Event::SessionEnded { why, .. } => Some(why),
        _ => None,
    };
    world.events().into_iter().filter_map(end).collect()
}

#[tokio::test]
async fn someone_signs_in_and_is_back_where_they_began() {
    let world = World::new();
    let mut browser = Browser::new();
    let answer = world.sign_in(&mut browser, "/reports?year=2026").await;
    assert_eq!(
        (answer.status().as_u16(), location(&answer).as_str()),
        (303, "https://app.tunnel.test/reports?year=2026")
    );
    let Admission::Pass(Visitor::Person(stay)) = browser.open(&world.app, "/reports").await else {
        panic!("not let in")
    };
    assert_eq!(*stay.identity(), alice());
    let sessions = world.party.sessions();
    assert_eq!(sessions.iter().map(|view| &view.id).collect::<Vec<_>>(), [stay.session()]);
    assert_eq!(browser.cookie(LOGIN), None, "the login cookie is done with");
    assert!(!format!("{sessions:?}").contains(browser.cookie(SESSION).unwrap()));
}

#[tokio::test]
async fn the_authorization_request_is_as_the_standards_want_it_and_fresh_each_time() {
    let world = World::new();
    let mut browser = Browser::new();
    let (one, two) = (world.begin(&mut browser, "/").await, world.begin(&mut browser, "/").await);
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", CLIENT_ID),
        ("redirect_uri", REDIRECT_URI),
        ("scope", "openid profile email"),
        ("code_challenge_method", "S256"),
    ] {
        assert_eq!(parameter(&one, name).as_deref(), Some(value));
    }
    for name in ["state", "nonce", "code_challenge"] {
        let (first, second) = (parameter(&one, name).unwrap(), parameter(&two, name).unwrap());
        assert_eq!(first.len(), 43, "{name}");
        assert_ne!(first, second, "{name}");
    }
    assert_eq!(parameter(&one, "prompt"), None);
    assert_eq!(one.matches("openid").count(), 1, "{one}");
}

#[tokio::test]
async fn redirects_are_not_stored_and_name_no_referrer() {
    let world = World::new();
    let mut browser = Browser::new();
    let begun = browser.open(&world.app, "/").await.answered();
    let parked = world.identity_host(&world.org.sign_in(&location(&begun)));
    let finished = browser.follow(&world.app, &location(&parked)).await;
    for answer in [&begun, &parked, &finished] {
        assert_eq!(answer.headers()["cache-control"], "no-store");
        assert_eq!(answer.headers()["referrer-policy"], "no-referrer");
    }
    for secret in ["state", "code", "ticket", "iss"] {
        assert_eq!(parameter(&location(&finished), secret), None);
    }
}

#[tokio::test]
async fn several_tabs_sign_in_at_once_with_one_login_cookie() {
    let world = World::new();
    let mut browser = Browser::new();
    let one = world.begin(&mut browser, "/one").await;
    let cookie = browser.cookie(LOGIN).map(str::to_owned);
    let two = world.begin(&mut browser, "/two").await;
    assert_eq!(browser.cookie(LOGIN).map(str::to_owned), cookie);
    let second = world.come_back(&mut browser, &world.org.sign_in(&two)).await;
    let first = world.come_back(&mut browser, &world.org.sign_in(&one)).await;
    assert_eq!(location(&second), "https://app.tunnel.test/two");
    assert_eq!(location(&first), "https://app.tunnel.test/one");
    assert_eq!(world.party.sessions().len(), 1, "the later login takes the earlier one's place");
    assert_eq!(browser.cookie(LOGIN), None);
}

#[tokio::test]
async fn abandoned_logins_leave_one_cookie_behind_and_do_no_harm() {
    let world = World::new();
    let mut browser = Browser::new();
    for _ in 0..40 {
        world.begin(&mut browser, "/").await;
    }
    assert!(browser.cookie(LOGIN).unwrap().len() < 64);
    assert_eq!(world.sign_in(&mut browser, "/").await.status(), 303);
}

#[tokio::test]
async fn each_login_has_a_session_id_of_its_own() {
    let world = World::new();
    let mut browser = Browser::new();
    browser.plant(SESSION, "preset-by-someone-else");
    world.sign_in(&mut browser, "/").await;
    let first = browser.cookie(SESSION).unwrap().to_owned();
    assert_ne!(first, "preset-by-someone-else");
    let login = browser.open(&world.app, "/ngrok/login").await.answered();
    let answer = world.come_back(&mut browser, &world.org.sign_in(&location(&login))).await;
    assert_eq!(location(&answer), "https://app.tunnel.test/");
    assert_ne!(browser.cookie(SESSION), Some(first.as_str()));
    assert_eq!(ends(&world), [SessionEnd::Replaced]);
    let mut old = Browser::new();
    old.plant(SESSION, &first);
    assert_eq!(old.open(&world.app, "/").await.answered().status(), 302);
}

#[tokio::test]
async fn a_session_is_worth_nothing_elsewhere() {
    let world = World::new();
    let mut browser = Browser::new();
    world.sign_in(&mut browser, "/").await;
    let other = world.gate("other", draft().check().unwrap());
    assert_eq!(browser.clone().open(&other, "/").await.answered().status(), 302);
    for tampered in [
        format!("{}x", browser.cookie(SESSION).unwrap()),
        browser.cookie(SESSION).unwrap()[1..].to_owned(),
        browser.cookie(SESSION).unwrap().to_ascii_lowercase(),
        world.party.sessions()[0].id.to_string(),
        String::new(),
    ] {
        let mut thief = Browser::new();
        thief.plant(SESSION, &tampered);
        assert_eq!(thief.open(&world.app, "/").await.answered().status(), 302, "{tampered}");
    }
    assert!(matches!(browser.open(&world.app, "/").await, Admission::Pass(_)));
}

#[tokio::test]
async fn sessions_survive_their_gate_and_end_with_its_settings() {
    let world = World::new();
    let mut browser = Browser::new();
    world.sign_in(&mut browser, "/").await;
    let back = world.gate("app", draft().check().unwrap());
    assert!(matches!(browser.open(&back, "/").await, Admission::Pass(_)));
    let mut stricter = draft();
    stricter.allow_domains.push("other.test".to_owned());
    let changed = world.gate("app", stricter.check().unwrap());
    assert_eq!(browser.open(&changed, "/").await.answered().status(), 302);
    assert_eq!(ends(&world), [SessionEnd::SettingsChanged]);
}

#[tokio::test]
async fn a_session_ends_when_it_idles_and_when_it_is_old() {
    let hour = Duration::from_secs(3600);
    let world = World::with(|draft| {
        draft.inactivity_timeout = Some(hour);
        draft.maximum_duration = Some(2 * hour);
    });
    let mut browser = Browser::new();
    world.sign_in(&mut browser, "/").await;
    world.clock.advance(hour);
    assert_eq!(browser.open(&world.app, "/").await.answered().status(), 302);
    world.sign_in(&mut browser, "/").await;
    for _ in 0..3 {
        world.clock.advance(hour / 2 + Duration::from_secs(300));
        assert!(matches!(browser.open(&world.app, "/").await, Admission::Pass(_)));
    }
    world.clock.advance(hour / 2);
    let fetch = head("POST", "/", &[("cookie", &format!("{SESSION}={}", browser.cookie(SESSION).unwrap()))]);
    let answer = world.app.admit(&fetch).await.answered();
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["ngrok-error-code"]),
        (401, &"ERR_NGROK_3100".parse().unwrap())
    );
    assert_eq!(world.refusals(), [Refusal::SessionExpired]);
    assert_eq!(ends(&world), [SessionEnd::Idle, SessionEnd::Maximum]);
}

#[tokio::test]
async fn signing_out_ends_the_session_and_does_not_lead_back_by_itself() {
    let world = World::new();
    let mut browser = Browser::new();
    world.sign_in(&mut browser, "/").await;
    let stolen = browser.clone();
    let page = browser.open(&world.app, "/ngrok/logout").await.answered();
    assert_eq!(page.status(), 200);
    assert!(!page.headers().contains_key("location") && !page.headers().contains_key("refresh"));
    assert!(page.body().contains("href=\"/ngrok/login\""));
    assert_eq!(browser.cookie(SESSION), None);
    assert_eq!(ends(&world), [SessionEnd::SignedOut]);
    assert_eq!(stolen.clone().open(&world.app, "/").await.answered().status(), 302);
    assert_eq!(
        browser.open(&world.app, "/ngrok/logout").await.answered().status(),
        200,
        "twice is no mistake"
    );
}

#[tokio::test]
async fn a_revoked_session_is_over_at_once() {
    let world = World::new();
    let mut browser = Browser::new();
    world.sign_in(&mut browser, "/").await;
    let session = world.party.sessions()[0].id.clone();
    assert!(world.party.revoke(&session));
    assert!(!world.party.revoke(&session));
    assert_eq!(browser.open(&world.app, "/").await.answered().status(), 302);
    assert_eq!(ends(&world), [SessionEnd::Revoked]);
}

#[tokio::test]
async fn a_login_from_the_issuers_dashboard_needs_no_second_prompt() {
    let world = World::new();
    let mut browser = Browser::new();
    let target = "https%3A%2F%2Fapp.tunnel.test%2Freports";
    let path =
        format!("/ngrok/login?iss=https%3A%2F%2Facme.okta.test&target_link_uri={target}&login_hint=alice");
    let begun = browser.open(&world.app, &path).await.answered();
    let authorize = location(&begun);
    assert_eq!(parameter(&authorize, "prompt"), None);
    assert_eq!(parameter(&authorize, "login_hint").as_deref(), Some("alice"));
    let answer = world.come_back(&mut browser, &world.org.sign_in(&authorize)).await;
    assert_eq!(location(&answer), "https://app.tunnel.test/reports");
    let forced = browser.open(&world.app, "/ngrok/login").await.answered();
    assert_eq!(parameter(&location(&forced), "prompt").as_deref(), Some("login"));
}

#[tokio::test]
async fn no_return_to_leaves_the_endpoint() {
    let world = World::new();
    for (path, back) in [
        ("//evil.test/x", "https://app.tunnel.test/"),
        ("/ngrok/login?target_link_uri=https%3A%2F%2Fevil.test", "https://app.tunnel.test/"),
        ("/ngrok/login?target_link_uri=%2F%5Cevil.test", "https://app.tunnel.test/"),
        ("/ngrok/login?redirect=https://evil.test&next=//evil.test", "https://app.tunnel.test/"),
        ("/x?next=//evil.test", "https://app.tunnel.test/x?next=//evil.test"),
    ] {
        let answer = world.sign_in(&mut Browser::new(), path).await;
        assert_eq!(location(&answer), back, "{path}");
    }
}

#[tokio::test]
async fn allow_lists_decide_after_the_issuer() {
    let world = World::with(|draft| draft.allow_domains.push("acme.test".to_owned()));
    world.is_accepted().await;
    let world = World::with(|draft| draft.allow_emails.push("bob@acme.test".to_owned()));
    world.is_refused(&Refusal::NotPermitted { email: "alice@acme.test".to_owned() }).await;
    let world = World::with(|draft| draft.allow_domains.push("acme.test".to_owned()));
    world.org.ways().userinfo["email_verified"] = false.into();
    world.is_refused(&Refusal::EmailUnverified).await;
    let world = World::with(|draft| draft.allow_domains.push("acme.test".to_owned()));
    world.org.ways().userinfo.as_object_mut().unwrap().remove("email");
    world.org.ways().bend_token = Box::new(|token| token.remove("email"));
    world.is_refused(&Refusal::NoEmail).await;
}
