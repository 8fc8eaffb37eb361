//! What people see.

use ::http::{StatusCode, Version};
use gatewright::browser::{Event, Level};
use gatewright::people::{Driver, Reason, sees};

use super::scene::{Scene, sees_text};

#[tokio::test]
async fn a_page_under_the_runs_authority_opens_and_shows_what_a_person_can_see() {
    let scene = Scene::new().await;
    let alice = scene.person("alice").await;
    alice.driver.open("https://app.tunnel.test/#part").await.unwrap();
    let view = alice.driver.look().await.unwrap();
    assert_eq!((view.address.as_str(), view.title.as_str()), ("https://app.tunnel.test/#part", "Home"));
    assert!(
        view.text.contains("Welcome") && !view.text.contains("Nobody") && !view.text.contains("Nor this")
    );

    let document = alice.driver.document().await.unwrap().unwrap();
    assert_eq!((document.status(), document.redirects.len()), (StatusCode::OK, 0));
    assert_eq!(document.answer.response_headers["content-type"], "text/html; charset=utf-8");

    let png = alice.driver.screenshot().await.unwrap();
    assert!(png.starts_with(b"\x89PNG") && png.len() > 1000);
    let events = alice.events.lock().unwrap();
    let versions = events.iter().filter_map(|event| match event {
        Event::Response(response) if response.navigation => response.version,
        _ => None,
    });
    assert_eq!(versions.collect::<Vec<_>>(), [Version::HTTP_2]);
}

#[tokio::test]
async fn a_redirect_chain_is_known_with_every_hop_and_cookie() {
    let scene = Scene::new().await;
    let alice = scene.person("alice").await;
    alice.driver.open("https://app.tunnel.test/start").await.unwrap();
    assert_eq!(alice.driver.look().await.unwrap().address, "https://other.okta.test/end");
    let document = alice.driver.document().await.unwrap().unwrap();
    let hops: Vec<_> = document.hops().map(|hop| (hop.status.as_u16(), hop.url.as_str())).collect();
    assert_eq!(
        hops,
        [
            (302, "https://app.tunnel.test/start"),
            (302, "https://app.tunnel.test/middle"),
            (200, "https://other.okta.test/end"),
        ]
    );
    let set = document.redirects[1].response_headers.get_all("set-cookie").iter();
    let set: Vec<_> = set.map(|value| value.to_str().unwrap()).collect();
    assert_eq!(set, ["__Host-first=1; Path=/; Secure; HttpOnly; SameSite=Lax", "second=2; Path=/; Secure"]);

    // What really went over the wire: the cookies that came on the way go back.
    alice.driver.open("https://app.tunnel.test/whoami").await.unwrap();
    sees_text(&alice.driver, "Cookies: __Host-first=1; second=2").await.unwrap();
    let document = alice.driver.document().await.unwrap().unwrap();
    assert_eq!(document.answer.request_headers["cookie"], "__Host-first=1; second=2");
}

#[tokio::test]
async fn a_refusal_is_an_answer_with_its_status_and_headers() {
    let scene = Scene::new().await;
    let alice = scene.person("alice").await;
    alice.driver.open("https://app.tunnel.test/refused").await.unwrap();
    let document = alice.driver.document().await.unwrap().unwrap();
    assert_eq!(document.status(), StatusCode::FORBIDDEN);
    assert_eq!(document.answer.response_headers["ngrok-error-code"], "ERR_NGROK_3200");
    assert_eq!(alice.driver.look().await.unwrap().text.trim(), "You may not.");
}

#[tokio::test]
async fn what_is_awaited_is_seen_when_it_comes_and_else_the_error_tells_what_is_there() {
    let scene = Scene::new().await;
    let alice = scene.person("alice").await;
    alice.driver.open("https://app.tunnel.test/").await.unwrap();
    alice.driver.click(&"Wait".into()).await.unwrap();
    sees_text(&alice.driver, "It came at last").await.unwrap();

    alice.driver.open("https://app.tunnel.test/refused").await.unwrap();
    let within = std::time::Duration::from_millis(600);
    let error = sees(&alice.driver, "the text \"Hello\"", within, |view| view.text.contains("Hello")).await;
    let error = error.unwrap_err();
    insta::assert_snapshot!(error, @r#"look: the text "Hello" was not to be seen within 0.6 s (the address is https://app.tunnel.test/refused, the title "Refused", and the text reads: You may not.)"#);
}

#[tokio::test]
async fn the_address_bar_follows_the_page_and_the_person_goes_back_and_reloads() {
    let scene = Scene::new().await;
    let alice = scene.person("alice").await;
    alice.driver.open("https://app.tunnel.test/").await.unwrap();
    alice.driver.click(&"Push".into()).await.unwrap();
    let at = |address: &'static str| {
        let driver = &alice.driver;
        async move { sees(driver, address, driver.patience(), |view| view.address == address).await.unwrap() }
    };
    at("https://app.tunnel.test/pushed#there").await;
    alice.driver.open("https://app.tunnel.test/end").await.unwrap();
    alice.driver.back().await.unwrap();
    at("https://app.tunnel.test/pushed#there").await;
    alice.driver.back().await.unwrap();
    at("https://app.tunnel.test/").await;
    alice.driver.reload().await.unwrap();
    assert_eq!(alice.driver.document().await.unwrap().unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn the_console_tells_of_errors_and_failed_loads() {
    let scene = Scene::new().await;
    let alice = scene.person("alice").await;
    alice.driver.open("https://app.tunnel.test/troubled").await.unwrap();
    alice.driver.idle().await.unwrap();
    let events = alice.events.lock().unwrap().clone();
    let console = |level| {
        let lines = events.iter().filter_map(move |event| match event {
            Event::Console(line) if line.level == level => Some(line.text.clone()),
            _ => None,
        });
        lines.collect::<Vec<_>>().join("\n")
    };
    assert!(console(Level::Warning).contains("watch out 7"));
    let errors = console(Level::Error);
    assert!(errors.contains("Uncaught Error: it broke") && errors.contains("status of 404"), "{errors}");
    let failed = events.iter().find_map(|event| match event {
        Event::Failed(failed) if failed.url == "https://elsewhere.example/picture.png" => {
            Some(failed.reason.as_str())
        }
        _ => None,
    });
    assert_eq!(failed, Some("net::ERR_TUNNEL_CONNECTION_FAILED"));
    assert_eq!(scene.refused_hosts(), ["elsewhere.example"]);
    assert_eq!(scene.activity.in_flight(), 0);
}

#[tokio::test]
async fn an_address_that_is_none_and_an_answer_without_a_page_are_told_apart() {
    let scene = Scene::new().await;
    let alice = scene.person("alice").await;
    let error = alice.driver.open("app.tunnel.test").await.unwrap_err();
    assert!(matches!(error.reason, Reason::Invalid(_)), "{error}");
    alice.driver.open("https://app.tunnel.test/").await.unwrap();
    alice.driver.open("https://app.tunnel.test/empty").await.unwrap();
    alice.driver.idle().await.unwrap();
    assert_eq!(scene.activity.in_flight(), 0);
    assert_eq!(alice.driver.look().await.unwrap().address, "https://app.tunnel.test/");
}

#[tokio::test]
async fn a_dialog_does_not_stop_anybody_and_is_told_of() {
    let scene = Scene::new().await;
    let alice = scene.person("alice").await;
    alice.driver.open("https://app.tunnel.test/").await.unwrap();
    alice.driver.click(&"Alarm".into()).await.unwrap();
    sees_text(&alice.driver, "The answer was false").await.unwrap();
    let told = alice.events.lock().unwrap();
    let told = told.iter().filter_map(|event| match event {
        Event::Console(line) if line.level == Level::Warning => Some(line.text.as_str()),
        _ => None,
    });
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            "a dialog was answered for the person (alert): fire",
            "a dialog was answered for the person (confirm): sure?",
        ]
    );
}
