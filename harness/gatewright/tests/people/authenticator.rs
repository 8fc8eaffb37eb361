//! A security key at a person's hand works in every tab, and outlives the browser.

use gatewright::browser::{Authenticator, StoredCredential};
use gatewright::people::{BrowserDriver, Driver, Label};
use mock_idp::device::SecurityKey;

use super::scene::{Person, Scene, sees_text};

const PAGE: &str = "https://app.tunnel.test/security-key";

async fn click(driver: &BrowserDriver, button: &str) {
    driver.click(&Label::new(button)).await.unwrap();
}

/// Uses the credential, and says what comes of it.
async fn use_it(person: &Person, said: &str) {
    click(&person.driver, "Use the credential").await;
    sees_text(&person.driver, said).await.unwrap();
}

#[tokio::test]
async fn a_key_counts_on_in_every_tab_and_browser() {
    let scene = Scene::new().await;
    let key = Authenticator::default();
    let alice = scene.person_with("alice", key.clone()).await;
    alice.driver.open(PAGE).await.unwrap();
    key.take(true, &[]).await.unwrap();
    click(&alice.driver, "Make a credential").await;
    sees_text(&alice.driver, "Made").await.unwrap();
    let page = alice.driver.look().await.unwrap().address;
    use_it(&alice, "Used, count 2, verified").await;

    alice.driver.open_tab().await.unwrap();
    alice.driver.open(&page).await.unwrap();
    use_it(&alice, "Used, count 3, verified").await;
    alice.driver.switch_tab(0).await.unwrap();
    use_it(&alice, "Used, count 4, verified").await;

    alice.driver.close().await.unwrap();
    let again = scene.person_with("alice", key.clone()).await;
    again.driver.open(&page).await.unwrap();
    use_it(&again, "Used, count 5, verified").await;
}

#[tokio::test]
async fn a_credential_that_was_made_elsewhere_is_at_hand_from_the_first_page_on() {
    let scene = Scene::new().await;
    let mut made = SecurityKey::at(&"https://app.tunnel.test".parse().unwrap(), false);
    made.create(&serde_json::json!({ "challenge": "x" }));
    let credential = StoredCredential {
        id: made.credential_id().to_vec(),
        party: made.party().to_owned(),
        private_key: made.private_key(),
        counter: made.counter(),
    };
    let key = Authenticator::default();
    key.take(false, &[credential]).await.unwrap();
    let alice = scene.person_with("alice", key).await;
    let id = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, made.credential_id());
    alice.driver.open(&format!("{PAGE}#{id}")).await.unwrap();
    use_it(&alice, "Used, count 2, touched").await;
    // Another site's page is given nothing of it.
    alice.driver.open("https://other.okta.test/security-key").await.unwrap();
    let refused = alice.driver.ask_for_credential("app.tunnel.test").await.unwrap();
    assert_eq!(refused.as_deref(), Some("SecurityError"));
}
