//! From the identity host to the endpoint: whoever began, once, in time, and nobody else.

use std::time::Duration;

use gate::Refusal;

use crate::world::{Answered, Browser, LOGIN, World, draft, head, location, parameter};

/// A login up to its ticket: where the identity host sends the browser.
async fn ticket(world: &World, browser: &mut Browser) -> String {
    let authorize = world.begin(browser, "/reports").await;
    location(&world.identity_host(&world.org.sign_in(&authorize)))
}

#[tokio::test]
async fn a_finished_callback_is_worth_nothing() {
    let world = World::new();
    let mut browser = Browser::new();
    let authorize = world.begin(&mut browser, "/").await;
    let callback = world.org.sign_in(&authorize);
    assert_eq!(world.come_back(&mut browser, &callback).await.status(), 303);
    for mut who in [browser.clone(), Browser::new()] {
        let replay = world.come_back(&mut who, &callback).await;
        assert_eq!(replay.status(), 400);
        assert_eq!(world.refusals().last(), Some(&Refusal::StateUnknown));
    }
    assert_eq!(world.org.requests_for("/oauth2/v1/token"), 1);
    assert_eq!(world.party.sessions().len(), 1);
}

#[tokio::test]
async fn a_ticket_is_good_once_and_for_a_minute() {
    let world = World::new();
    let mut browser = Browser::new();
    let used = ticket(&world, &mut browser).await;
    assert_eq!(browser.follow(&world.app, &used).await.status(), 303);
    assert_eq!(browser.follow(&world.app, &used).await.status(), 400);
    assert_eq!(world.refusals(), [Refusal::TicketUnknown]);
    let world = World::new();
    let mut browser = Browser::new();
    let late = ticket(&world, &mut browser).await;
    world.clock.advance(Duration::from_secs(61));
    let answer = browser.follow(&world.app, &late).await;
    world.was_refused(&browser, &answer, &Refusal::TicketUnknown);
}

#[tokio::test]
async fn nobody_is_signed_in_by_someone_elses_login() {
    let world = World::new();
    let mut attacker = Browser::new();
    let link = ticket(&world, &mut attacker).await;
    let mut victim = Browser::new();
    let answer = victim.follow(&world.app, &link).await;
    world.was_refused(&victim, &answer, &Refusal::LoginCookieMissing);

    let link = ticket(&world, &mut attacker).await;
    let authorize = world.begin(&mut victim, "/").await;
    let answer = victim.follow(&world.app, &link).await;
    world.was_refused(&victim, &answer, &Refusal::OtherBrowser);
    assert_eq!(world.org.requests_for("/oauth2/v1/token"), 0);
    // The victim's own login is none the worse for it.
    assert_eq!(world.come_back(&mut victim, &world.org.sign_in(&authorize)).await.status(), 303);
}

#[tokio::test]
async fn someone_elses_code_in_ones_own_login_is_refused() {
    let world = World::new();
    let (mut victim, mut attacker) = (Browser::new(), Browser::new());
    let stolen = world.org.sign_in(&world.begin(&mut victim, "/").await);
    let code = parameter(&stolen, "code").unwrap();
    let mine = world.begin(&mut attacker, "/").await;
    let injected = format!(
        "https://idp.tunnel.test/oauth2/callback?state={}&code={code}",
        parameter(&mine, "state").unwrap()
    );
    let answer = world.come_back(&mut attacker, &injected).await;
    let description = Some("PKCE verification failed.".to_owned());
    let refusal = Refusal::CodeRefused { error: "invalid_grant".to_owned(), description };
    world.was_refused(&attacker, &answer, &refusal);
}

#[tokio::test]
async fn a_second_login_cookie_makes_both_worthless() {
    let world = World::new();
    let mut browser = Browser::new();
    let link = ticket(&world, &mut browser).await;
    let cookies = format!("{LOGIN}={}; {LOGIN}=other", browser.cookie(LOGIN).unwrap());
    let path = &link["https://app.tunnel.test".len()..];
    let answer = world.app.admit(&head("GET", path, &[("accept", "text/html"), ("cookie", &cookies)])).await;
    world.was_refused(&browser, &answer.answered(), &Refusal::LoginCookieMissing);
}

#[tokio::test]
async fn a_ticket_for_one_endpoint_is_refused_at_another() {
    let world = World::new();
    let mut browser = Browser::new();
    let link = ticket(&world, &mut browser).await;
    let other = world.gate("other", draft().check().unwrap());
    let path = &link["https://app.tunnel.test".len()..];
    let answer = browser.open(&other, path).await.answered();
    world.was_refused(&Browser::new(), &answer, &Refusal::WrongHost);
}

#[tokio::test]
async fn a_login_that_took_too_long_is_told_so() {
    let world = World::new();
    let mut browser = Browser::new();
    let authorize = world.begin(&mut browser, "/").await;
    world.clock.advance(Duration::from_secs(30 * 60));
    let answer = world.come_back(&mut browser, &world.org.sign_in(&authorize)).await;
    world.was_refused(&browser, &answer, &Refusal::TookTooLong);
    assert!(answer.body().contains("Start again"));
    assert_eq!(world.sign_in(&mut browser, "/").await.status(), 303);
}

#[tokio::test]
async fn settings_that_change_during_a_login_end_it() {
    let world = World::new();
    let mut browser = Browser::new();
    let link = ticket(&world, &mut browser).await;
    let mut changed = draft();
    changed.allow_domains.push("acme.test".to_owned());
    let gate = world.gate("app", changed.check().unwrap());
    let answer = browser.follow(&gate, &link).await;
    world.was_refused(&browser, &answer, &Refusal::SettingsChanged);
}

#[tokio::test]
async fn the_issuers_no_is_passed_on_without_a_loop() {
    let world = World::new();
    let mut browser = Browser::new();
    let authorize = world.begin(&mut browser, "/").await;
    let answer = world.come_back(&mut browser, &world.org.deny(&authorize)).await;
    let refusal = Refusal::Provider {
        error: "access_denied".to_owned(),
        description: Some("User is not assigned to the client application.".to_owned()),
    };
    world.was_refused(&browser, &answer, &refusal);
    assert!(!answer.headers().contains_key("location"));
    assert!(answer.body().contains("User is not assigned to the client application."));
    assert_eq!(browser.cookie(LOGIN), None);
    assert_eq!(world.org.requests_for("/oauth2/v1/token"), 0);
}

#[tokio::test]
async fn an_issuers_markup_stays_text() {
    let world = World::new();
    let mut browser = Browser::new();
    let state = parameter(&world.begin(&mut browser, "/").await, "state").unwrap();
    let evil = "%3Cscript%3Ealert(1)%3C/script%3E%22%27%3E";
    let callback = format!(
        "https://idp.tunnel.test/oauth2/callback?state={state}&error={evil}&error_description={evil}"
    );
    let answer = world.come_back(&mut browser, &callback).await;
    assert!(answer.body().contains("&lt;script&gt;") && !answer.body().contains("<script"));
}

#[tokio::test]
async fn the_identity_host_believes_no_stranger() {
    let world = World::new();
    for (query, refusal) in [
        ("?state=made-up&code=c", Refusal::StateUnknown),
        ("?state=made-up&error=access_denied", Refusal::StateUnknown),
        ("?code=c", Refusal::StateMissing),
        ("", Refusal::StateMissing),
        ("?state=a&state=b&code=c", Refusal::CallbackMalformed("a parameter is repeated")),
    ] {
        let answer = world.identity_host(&format!("https://idp.tunnel.test/oauth2/callback{query}"));
        world.was_refused(&Browser::new(), &answer, &refusal);
        assert!(!answer.headers().contains_key("location"));
    }
    for path in ["/", "/oauth2/callback/", "/oauth2%2Fcallback", "/reports"] {
        let answer = world.identity_host(&format!("https://idp.tunnel.test{path}"));
        world.was_refused(&Browser::new(), &answer, &Refusal::NotFound);
    }
    let posted = world.party.identity_host(&head(
        "POST",
        "https://idp.tunnel.test/oauth2/callback?state=a&code=b",
        &[],
    ));
    world.was_refused(&Browser::new(), &posted, &Refusal::MethodNotAllowed);
}

#[tokio::test]
async fn a_script_cannot_use_a_ticket_up() {
    let world = World::new();
    let mut browser = Browser::new();
    let link = ticket(&world, &mut browser).await;
    let path = &link["https://app.tunnel.test".len()..];
    let fetched = head("GET", path, &[("accept", "*/*"), ("sec-fetch-mode", "cors")]);
    assert_eq!(world.app.admit(&fetched).await.answered().status(), 401);
    assert_eq!(browser.follow(&world.app, &link).await.status(), 303);
}
