//! Whom a browser believes.

use gatewright::browser::Engine;
use gatewright::people::{Driver, Error, Reason};

use super::scene::{self, Scene};
use super::site;

fn reason(error: Error) -> String {
    match error.reason {
        Reason::NotLoaded { reason, .. } => reason,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_certificate_for_another_host_is_refused() {
    let tasks = ground::Tasks::new();
    let (address, authority_pem) = site::with_certificate_for("other.tunnel.test", &tasks).await;
    let browsers = scene::browsers(authority_pem, Engine::Shell, 1, false);
    let scene = Scene::with(&browsers).await;
    scene.network.serve("app.tunnel.test", 443, address).unwrap();
    scene.network.serve("other.tunnel.test", 443, address).unwrap();
    let alice = scene.person("alice").await;
    // The authority is believed: it is the host that is wrong.
    alice.driver.open("https://other.tunnel.test/").await.unwrap();
    let error = alice.driver.open("https://app.tunnel.test/").await.unwrap_err();
    assert_eq!(reason(error), "net::ERR_CERT_COMMON_NAME_INVALID");
    assert_eq!(alice.driver.look().await.unwrap().address, "https://app.tunnel.test/");
    drop((alice, scene));
    browsers.stop().await;
}

#[tokio::test]
async fn another_authority_is_not_believed() {
    let scene = Scene::new().await;
    let (address, _) = site::with_certificate_for("app.tunnel.test", &scene.tasks).await;
    scene.network.serve("app.tunnel.test", 443, address).unwrap();
    let alice = scene.person("alice").await;
    let error = alice.driver.open("https://app.tunnel.test/").await.unwrap_err();
    assert_eq!(reason(error), "net::ERR_CERT_AUTHORITY_INVALID");
    assert!(!alice.driver.look().await.unwrap().text.contains("should not be here"));
}
