//! Sessions whose people the issuer is asked about again.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use gate::{Admission, Event, KeptSession, Refusal, SessionEnd, SessionKeeper, Stay, Visitor};
use serde_json::json;

use crate::world::{Answered, Browser, SESSION, World, head, location};

const USERINFO: &str = "/oauth2/v1/userinfo";
const INTERVAL: Duration = Duration::from_secs(600);

fn world() -> World {
    World::with(|draft| {
        draft.userinfo_refresh_interval = Some(INTERVAL);
        draft.allow_domains.push("acme.test".to_owned());
    })
}

async fn signed_in(world: &World) -> Browser {
    let mut browser = Browser::new();
    world.sign_in(&mut browser, "/").await;
    browser
}

async fn passes(world: &World, browser: &mut Browser) -> Stay {
    match browser.open(&world.app, "/").await {
        Admission::Pass(Visitor::Person(stay)) => stay,
        other => panic!("{other:?}"),
    }
}

fn end(world: &World) -> Option<SessionEnd> {
    let end = |event: &Event| match event {
        Event::SessionEnded { why, .. } => Some(*why),
        _ => None,
    };
    world.events().iter().filter_map(end).next_back()
}

#[tokio::test]
async fn userinfo_is_asked_again_when_its_word_is_old() {
    let world = world();
    let mut browser = signed_in(&world).await;
    world.org.ways().userinfo["name"] = json!("Alice Aho");
    world.clock.advance(INTERVAL - Duration::from_secs(30));
    let stay = passes(&world, &mut browser).await;
    assert_eq!((stay.identity().name.as_deref(), stay.userinfo_refreshed()), (Some("Alice Ångström"), false));
    world.clock.advance(Duration::from_secs(30));
    let stay = passes(&world, &mut browser).await;
    assert_eq!((stay.identity().name.as_deref(), stay.userinfo_refreshed()), (Some("Alice Aho"), true));
    assert_eq!(world.party.sessions()[0].identity.name.as_deref(), Some("Alice Aho"));
    assert!(!passes(&world, &mut browser).await.userinfo_refreshed());
    assert_eq!(world.org.requests_for(USERINFO), 2);
    let told = world.events().into_iter().filter(|event| matches!(event, Event::UserinfoRefreshed { .. }));
    assert_eq!(told.count(), 1);
}

#[tokio::test]
async fn those_who_come_at_the_same_time_ask_once() {
    let world = world();
    let browser = signed_in(&world).await;
    world.clock.advance(INTERVAL);
    let (mut one, mut other) = (browser.clone(), browser);
    let both = tokio::join!(passes(&world, &mut one), passes(&world, &mut other));
    assert_eq!(world.org.requests_for(USERINFO), 2);
    assert!(both.0.userinfo_refreshed() != both.1.userinfo_refreshed());
}

#[tokio::test]
async fn whoever_is_not_allowed_any_more_is_told_so_and_is_out() {
    for (member, value, refusal) in [
        ("email", json!("alice@other.test"), Refusal::NotPermitted { email: "alice@other.test".to_owned() }),
        ("email_verified", json!(false), Refusal::EmailUnverified),
        ("sub", json!("00u2mallory"), Refusal::Claims("userinfo is about someone else than the ID token")),
    ] {
        let world = world();
        let mut browser = signed_in(&world).await;
        let long = passes(&world, &mut browser).await;
        world.org.ways().userinfo[member] = value;
        world.clock.advance(INTERVAL);
        let answer = browser.open(&world.app, "/").await.answered();
        assert_eq!((answer.status(), world.refusals()), (refusal.status(), vec![refusal]));
        assert!(world.party.sessions().is_empty());
        assert_eq!((end(&world), long.end()), (Some(SessionEnd::Unconfirmed), Some(SessionEnd::Unconfirmed)));
    }
}

#[tokio::test]
async fn when_the_access_token_is_over_a_navigation_signs_in_again() {
    let world = world();
    let mut browser = signed_in(&world).await;
    world.org.ways().userinfo_status = 401;
    world.clock.advance(INTERVAL);
    let cookie = format!("{SESSION}={}", browser.cookie(SESSION).unwrap());
    let answer = browser.open(&world.app, "/reports").await.answered();
    assert_eq!(answer.status(), 302);
    assert!(location(&answer).starts_with("https://acme.okta.test/oauth2/v1/authorize?"));
    assert_eq!(end(&world), Some(SessionEnd::Unconfirmed));
    let fetch = world.app.admit(&head("POST", "/", &[("cookie", &cookie)])).await.answered();
    assert_eq!(fetch.status(), 401);
}

#[tokio::test]
async fn an_issuer_that_cannot_be_asked_refuses_the_request_and_leaves_the_session() {
    let world = world();
    let mut browser = signed_in(&world).await;
    world.org.ways().userinfo_status = 503;
    world.clock.advance(INTERVAL);
    let answer = browser.open(&world.app, "/").await.answered();
    assert_eq!(answer.status(), 502);
    assert_eq!(world.party.sessions().len(), 1);
    world.org.ways().userinfo_status = 200;
    assert!(passes(&world, &mut browser).await.userinfo_refreshed());
}

#[tokio::test]
async fn tokens_are_kept_where_they_are_asked_for() {
    let world = World::with(|draft| draft.keep_tokens = true);
    let mut browser = signed_in(&world).await;
    let stay = passes(&world, &mut browser).await;
    let tokens = stay.tokens().unwrap();
    assert_eq!(tokens.access_token().expose(), "an-access-token");
    assert_eq!(tokens.id_token().expose().split('.').count(), 3);
    assert_eq!(tokens.refresh_token(), None);
    assert!(!format!("{tokens:?}").contains("an-access-token"));
    assert_eq!(stay.expires(), world.party.sessions()[0].expires);
    let world = World::new();
    let mut browser = signed_in(&world).await;
    assert_eq!(passes(&world, &mut browser).await.tokens(), None);
}

#[tokio::test]
async fn a_session_that_outlived_its_edge_signs_in_again_when_it_should_be_confirmed() {
    let before = world();
    let mut browser = signed_in(&before).await;
    let after = world();
    after.party.keep_sessions(before.party.kept_sessions(), Arc::new(Nobody));
    assert!(!passes(&after, &mut browser).await.userinfo_refreshed());
    after.clock.advance(INTERVAL);
    assert_eq!(browser.open(&after.app, "/").await.answered().status(), 302);
    assert_eq!(after.org.requests_for(USERINFO), 0, "there is no token to ask with");
}

#[tokio::test]
async fn what_userinfo_says_anew_is_kept() {
    let world = world();
    let mut browser = signed_in(&world).await;
    let shelf = Arc::new(Shelf::default());
    world.party.keep_sessions(Vec::new(), shelf.clone());
    world.org.ways().userinfo["name"] = json!("Alice Aho");
    world.clock.advance(INTERVAL);
    passes(&world, &mut browser).await;
    let kept = shelf.0.lock().unwrap();
    assert_eq!(kept.iter().map(|session| session.name.as_deref()).collect::<Vec<_>>(), [Some("Alice Aho")]);
}

/// Keeps nothing.
struct Nobody;

impl SessionKeeper for Nobody {
    fn keep(&self, _: KeptSession) {}

    fn forget(&self, _: &str) {}
}

/// Keeps all that it is told.
#[derive(Default)]
struct Shelf(Mutex<Vec<KeptSession>>);

impl SessionKeeper for Shelf {
    fn keep(&self, session: KeptSession) {
        self.0.lock().unwrap().push(session);
    }

    fn forget(&self, _: &str) {}
}
