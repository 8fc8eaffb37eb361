//! People without a browser, at the same site.

use std::sync::{Arc, Mutex};

use ::http::{Method, StatusCode};
use gatewright::browser::Event;
use gatewright::network::Membership;
use gatewright::people::{Cookie, Driver, Fetch, Fetched, HttpDriver, Key, Reason, Stream, Talk};
use ground::outbound::Route;

use super::scene::{self, Scene, sees_text};

struct Person {
    driver: HttpDriver,
    membership: Membership,
    events: Arc<Mutex<Vec<Event>>>,
}

async fn person(scene: &Scene, who: &str) -> Person {
    let membership = scene.network.join(who, scene.source()).await.unwrap();
    let tls = scene.authority().client_config(&[b"h2", b"http/1.1"]).unwrap();
    let outbound = ground::Outbound::new(Route::Proxy(membership.proxy), membership.source, tls);
    let (evidence, events) = scene::collecting(&scene.clock, &scene.activity);
    Person { driver: HttpDriver::new(outbound, evidence), membership, events }
}

#[tokio::test]
async fn a_form_is_filled_in_and_sent_without_a_browser() {
    let scene = Scene::without_browser().await;
    let alice = person(&scene, "alice").await;
    let driver = &alice.driver;
    driver.open("https://app.tunnel.test/").await.unwrap();
    driver.click(&"Fill in the form".into()).await.unwrap();
    driver.fill(&"Name".into(), "Älice").await.unwrap();
    driver.fill(&"Password".into(), "p4ss word").await.unwrap();
    driver.select(&"Colour".into(), "Green").await.unwrap();
    driver.click(&"I agree".into()).await.unwrap();
    driver.click(&"Either".into()).await.unwrap();
    assert_eq!(driver.value_of(&"Name".into()).await.unwrap(), "Älice");
    driver.click(&"Send".into()).await.unwrap();
    let view = sees_text(driver, "Thank you").await.unwrap();
    for line in ["name = Älice", "password = p4ss word", "colour = g", "agree = yes", "initiated = either"] {
        assert!(view.text.contains(line), "{line} is not in {}", view.text);
    }
    let document = driver.document().await.unwrap().unwrap();
    assert_eq!((document.redirects[0].status.as_u16(), &document.redirects[0].method), (303, &Method::POST));
    assert_eq!(document.redirects[0].request_headers["origin"], "https://app.tunnel.test");
    // What the form led to is loaded again, not what was sent.
    driver.reload().await.unwrap();
    sees_text(driver, "Thank you").await.unwrap();
    let document = driver.document().await.unwrap().unwrap();
    assert_eq!((document.redirects.len(), &document.answer.method), (0, &Method::GET));
    driver.back().await.unwrap();
    assert_eq!(driver.value_of(&"Name".into()).await.unwrap(), "Älice");
}

#[tokio::test]
async fn redirects_cookies_and_addresses_are_a_persons_own() {
    let scene = Scene::without_browser().await;
    let (alice, bob) = (person(&scene, "alice").await, person(&scene, "bob").await);
    alice.driver.open("https://app.tunnel.test/start#part").await.unwrap();
    assert_eq!(alice.driver.look().await.unwrap().address, "https://other.okta.test/end#part");
    let document = alice.driver.document().await.unwrap().unwrap();
    assert_eq!(document.hops().map(|hop| hop.status.as_u16()).collect::<Vec<_>>(), [302, 302, 200]);
    for (person, cookies) in [(&alice, "__Host-first=1; second=2"), (&bob, "none")] {
        person.driver.open("https://app.tunnel.test/whoami").await.unwrap();
        sees_text(&person.driver, &format!("You come from {}", person.membership.source)).await.unwrap();
        sees_text(&person.driver, &format!("Cookies: {cookies}")).await.unwrap();
    }
    let url = "https://app.tunnel.test/whoami";
    alice
        .driver
        .set_cookie(url, &Cookie::new("app.tunnel.test", "__Host-gate-session", "stolen"))
        .await
        .unwrap();
    alice.driver.delete_cookie(url, "second").await.unwrap();
    alice.driver.reload().await.unwrap();
    sees_text(&alice.driver, "Cookies: __Host-first=1; __Host-gate-session=stolen").await.unwrap();

    let told = alice.events.lock().unwrap();
    let urls = told.iter().filter_map(|event| match event {
        Event::Response(response) => Some((response.hop.status.as_u16(), response.hop.url.as_str())),
        _ => None,
    });
    assert_eq!(urls.take(2).last(), Some((302, "https://app.tunnel.test/middle")));
    assert_eq!(scene.activity.in_flight(), 0);
}

#[tokio::test]
async fn what_is_not_there_is_told_at_once() {
    let scene = Scene::without_browser().await;
    let alice = person(&scene, "alice").await;
    alice.driver.open("https://app.tunnel.test/refused").await.unwrap();
    assert_eq!(alice.driver.document().await.unwrap().unwrap().status(), StatusCode::FORBIDDEN);
    let error = sees_text(&alice.driver, "Hello").await.unwrap_err();
    insta::assert_snapshot!(error, @r#"look: the text "Hello" is not to be seen (the address is https://app.tunnel.test/refused, the title "Refused", and the text reads: You may not.)"#);
    let error = alice.driver.open("https://example.com/").await.unwrap_err();
    let Reason::NotLoaded { reason, .. } = &error.reason else { panic!("{error}") };
    assert!(reason.contains("gives no way to example.com:443"), "{reason}");
    assert_eq!(scene.refused_hosts(), ["example.com"]);
    let (address, _) = super::site::with_certificate_for("other.tunnel.test", &scene.tasks).await;
    scene.network.serve("app.tunnel.test", 443, address).unwrap();
    let error = person(&scene, "bob").await.driver.open("https://app.tunnel.test/").await.unwrap_err();
    assert!(error.to_string().contains("invalid peer certificate"), "{error}");
}

#[tokio::test]
async fn a_page_fetches_within_its_origin_and_what_takes_a_browser_is_said_so() {
    let scene = Scene::without_browser().await;
    let alice = person(&scene, "alice").await;
    let driver = &alice.driver;
    driver.open("https://app.tunnel.test/console").await.unwrap();
    let what = Fetch { method: Method::PUT, body: Some("text".into()), ..Fetch::get("/echo") };
    let Fetched::Answer { status, body, .. } = driver.fetch(&what).await.unwrap() else {
        panic!("it is answered")
    };
    assert_eq!(status, Some(StatusCode::OK));
    assert!(body.starts_with("PUT\ntext\n") && body.contains("\"sec-fetch-mode\": \"cors\""), "{body}");
    let Fetched::NetworkError { .. } = driver.fetch(&Fetch::get("/middle")).await.unwrap() else {
        panic!("a script is not led to another origin")
    };

    let talk = Talk { url: "wss://app.tunnel.test/socket".into(), protocols: vec![], say: vec![], hear: 0 };
    let stream = Stream { url: "/events".into(), types: vec![], count: 1 };
    let refusals = [
        driver.fetch(&Fetch::get("https://other.tunnel.test/")).await.map(drop),
        driver.talk(&talk).await.map(drop),
        driver.hold_socket(&talk.url).await.map(drop),
        driver.lose_socket().await.map(drop),
        driver.stream(&stream).await.map(drop),
        driver.screenshot().await.map(drop),
        driver.press(Key::Enter).await.map(drop),
        driver.open("https://app.tunnel.test/").await.and(driver.click(&"Press me".into()).await),
    ];
    for refusal in refusals {
        let error = refusal.unwrap_err();
        assert!(matches!(error.reason, Reason::Unsupported { driver: "http" }), "{error}");
    }
}

#[tokio::test]
async fn tabs_share_cookies_and_have_pages_of_their_own() {
    let scene = Scene::without_browser().await;
    let alice = person(&scene, "alice").await;
    let driver = &alice.driver;
    driver.open("https://app.tunnel.test/").await.unwrap();
    driver.click(&"Elsewhere".into()).await.unwrap();
    assert_eq!(driver.look().await.unwrap().title, "Home");
    driver.switch_tab(1).await.unwrap();
    sees_text(driver, "There is nothing here.").await.unwrap();
    driver.open("https://app.tunnel.test/middle").await.unwrap();
    driver.switch_tab(0).await.unwrap();
    driver.click(&"More".into()).await.unwrap();
    sees_text(driver, "Here is more.").await.unwrap();
    assert_eq!(driver.cookies("https://app.tunnel.test/").await.unwrap().len(), 2);
    driver.close().await.unwrap();
    assert!(driver.tabs().await.unwrap().is_empty());
    driver.open("https://app.tunnel.test/").await.unwrap_err();
}
