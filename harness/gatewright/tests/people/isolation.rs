//! Nobody's cookies, connections or names are another's.

use gatewright::browser::{Authenticator, Engine};
use gatewright::network::{Asker, Cut, Event};
use gatewright::people::{Cookie, Driver, Reason};

use ::http::StatusCode;

use super::scene::{self, Scene, sees_text};

#[tokio::test]
async fn two_people_have_their_own_cookies_and_addresses() {
    let scene = Scene::new().await;
    let (alice, bob) = (scene.person("alice").await, scene.person("bob").await);
    alice.driver.open("https://app.tunnel.test/middle").await.unwrap();
    for (person, cookies) in [(&alice, "__Host-first=1; second=2"), (&bob, "none")] {
        person.driver.open("https://app.tunnel.test/whoami").await.unwrap();
        sees_text(&person.driver, &format!("You come from {}", person.membership.source)).await.unwrap();
        sees_text(&person.driver, &format!("Cookies: {cookies}")).await.unwrap();
    }
    assert_ne!(alice.membership.source, bob.membership.source);
    let seen = scene.seen_by_network.lock().unwrap();
    let connected = seen.iter().filter_map(|event| match event {
        Event::Connected(connected) => Some((connected.who.as_str(), connected.target.peer.ip())),
        _ => None,
    });
    for (who, ip) in connected {
        let person = if who == "alice" { &alice } else { &bob };
        assert_eq!(ip, person.membership.source);
    }
}

#[tokio::test]
async fn cookies_are_read_planted_and_deleted() {
    let scene = Scene::new().await;
    let alice = scene.person("alice").await;
    let (driver, url) = (&alice.driver, "https://app.tunnel.test/whoami");
    driver.open("https://app.tunnel.test/middle").await.unwrap();
    let cookies = driver.cookies(url).await.unwrap();
    let first = cookies.iter().find(|cookie| cookie.name == "__Host-first").unwrap();
    assert!(first.host_only && first.secure && first.http_only && first.expires.is_none());
    assert_eq!((first.value.expose(), first.domain.as_str()), ("1", "app.tunnel.test"));
    assert!(driver.cookies("https://other.tunnel.test/").await.unwrap().is_empty());

    driver.set_cookie(url, &Cookie::new("app.tunnel.test", "__Host-gate-session", "stolen")).await.unwrap();
    driver.delete_cookie(url, "second").await.unwrap();
    driver.open(url).await.unwrap();
    sees_text(driver, "Cookies: __Host-first=1; __Host-gate-session=stolen").await.unwrap();
    // A browser does not take a `__Host-` cookie with a domain, whoever plants it.
    let invalid = Cookie { host_only: false, ..Cookie::new("tunnel.test", "__Host-x", "y") };
    driver.set_cookie(url, &invalid).await.unwrap_err();
}

#[tokio::test]
async fn other_names_are_refused_and_witnessed() {
    let scene = Scene::new().await;
    let alice = scene.person("alice").await;
    for url in ["https://example.com/", "https://localhost/", "https://127.0.0.1/"] {
        let error = alice.driver.open(url).await.unwrap_err();
        assert!(
            matches!(&error.reason, Reason::NotLoaded { reason, .. } if reason.contains("net::ERR_")),
            "{error}"
        );
    }
    // Without TLS it is the person's own proxy that answers.
    alice.driver.open("http://app.tunnel.test/").await.unwrap();
    let document = alice.driver.document().await.unwrap().unwrap();
    assert_eq!(document.status(), StatusCode::METHOD_NOT_ALLOWED);
    let refused = scene.refused_hosts();
    for host in ["example.com", "localhost", "127.0.0.1", "app.tunnel.test"] {
        assert!(refused.iter().any(|seen| seen == host), "{host} is not in {refused:?}");
    }
}

#[tokio::test]
async fn a_cut_connection_is_an_error_on_the_page_and_the_next_one_works() {
    let scene = Scene::new().await;
    let alice = scene.person("alice").await;
    alice.driver.open("https://app.tunnel.test/console").await.unwrap();
    assert!(scene.network.cut(&Cut::Member("alice".into())) >= 1);
    alice.driver.open("https://app.tunnel.test/end").await.unwrap();
}

#[tokio::test]
async fn a_profile_ends_with_all_that_was_in_it_and_the_browser_is_used_again() {
    let browsers =
        scene::browsers(ground::Authority::new().unwrap().certificate_pem(), Engine::Shell, 1, false);
    let mut scene = Scene::with(&browsers).await;
    let first = scene.person("alice").await;
    first.driver.close().await.unwrap();
    first.driver.look().await.unwrap_err();
    drop(first);
    // The one browser is free again only after the first scene has given it back.
    let (evidence, _) = scene::collecting(&scene.clock, &scene.activity);
    scene.give_back();
    let lease = browsers.lease().await.unwrap();
    let profile =
        lease.profile("127.0.0.1:9".parse().unwrap(), evidence, Authenticator::default()).await.unwrap();
    assert_eq!(profile.tabs().len(), 1);
    drop((profile, lease));
    browsers.stop().await;
}

#[tokio::test]
async fn the_full_browser_works_alike_in_shared_and_in_fresh_incognito() {
    for fresh in [false, true] {
        let authority = Scene::without_browser().await.authority().certificate_pem();
        let browsers = scene::browsers(authority, Engine::Chromium, 1, fresh);
        let scene = Scene::with(&browsers).await;
        let (alice, bob) = (scene.person("alice").await, scene.person("bob").await);
        alice.driver.open("https://app.tunnel.test/middle").await.unwrap();
        for (person, cookies) in [(&alice, "__Host-first=1; second=2"), (&bob, "none")] {
            let driver = &person.driver;
            driver.open("https://app.tunnel.test/").await.unwrap();
            driver.click(&"Fill in the form".into()).await.unwrap();
            driver.fill(&"Name".into(), "someone").await.unwrap();
            driver.click(&"Send".into()).await.unwrap();
            sees_text(driver, "name = someone").await.unwrap();
            driver.open_tab().await.unwrap();
            driver.open("https://app.tunnel.test/whoami").await.unwrap();
            sees_text(driver, &format!("You come from {}", person.membership.source)).await.unwrap();
            sees_text(driver, &format!("Cookies: {cookies}")).await.unwrap();
        }
        let error = alice.driver.open("https://example.com/").await.unwrap_err();
        assert!(error.to_string().contains("ERR_TUNNEL_CONNECTION_FAILED"), "{error}");
        // Whatever else was asked for was the browser's own idea, and is marked so.
        for event in scene.seen_by_network.lock().unwrap().iter() {
            if let Event::Refused(refused) = event {
                assert!(
                    refused.host == "example.com" || refused.asker == Asker::BrowserItself,
                    "{refused:?}"
                );
            }
        }
        drop((alice, bob, scene));
        browsers.stop().await;
    }
}
