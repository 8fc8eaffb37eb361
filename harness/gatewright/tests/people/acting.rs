//! What people do.

use std::time::Duration;

use gatewright::people::{Driver, Key, Label, Reason, sees};

use super::scene::{Person, Scene, sees_text};

async fn at(path: &str) -> (Scene, Person) {
    let scene = Scene::new().await;
    let alice = scene.person("alice").await;
    alice.driver.open(&format!("https://app.tunnel.test{path}")).await.unwrap();
    (scene, alice)
}

#[tokio::test]
async fn things_are_clicked_by_the_names_that_a_person_reads() {
    let (_scene, alice) = at("/").await;
    for (name, then) in [
        ("Press me", "Clicked"),
        ("Edit name", "Editing"),
        ("press me", "Clicked"),
        ("More", "Here is more."),
    ] {
        alice.driver.click(&name.into()).await.unwrap();
        sees_text(&alice.driver, then).await.unwrap();
    }
    alice.driver.click(&"Second".into()).await.unwrap();
    sees(&alice.driver, "the title", alice.driver.patience(), |view| view.title == "Second tab")
        .await
        .unwrap();
    alice.driver.click(&"Fill in the form".into()).await.unwrap();
    assert_eq!(alice.driver.look().await.unwrap().title, "Form");
}

#[tokio::test]
async fn of_several_that_are_called_the_same_the_one_beside_a_text_is_meant() {
    let (_scene, alice) = at("/").await;
    let impatient = gatewright_patience(&alice);
    let error = tokio::time::timeout(impatient, alice.driver.click(&"Assign".into())).await;
    assert!(error.is_err(), "it waits for the page to become clear");
    alice.driver.click(&Label::new("Assign").within("Bob")).await.unwrap();
    sees_text(&alice.driver, "Bob assigned").await.unwrap();
    alice.driver.click(&Label::new("Assign").within("Alice")).await.unwrap();
    sees_text(&alice.driver, "Alice assigned").await.unwrap();
}

fn gatewright_patience(person: &Person) -> Duration {
    person.driver.patience() / 20
}

#[tokio::test]
async fn what_can_not_be_clicked_is_told_with_what_could_be() {
    let scene = Scene::new().await;
    let alice = scene.person("alice").await;
    let driver = alice.driver.with_patience(Duration::from_millis(300));
    driver.open("https://app.tunnel.test/").await.unwrap();
    let error = driver.click(&"Sign in".into()).await.unwrap_err();
    let Reason::NothingCalled { choices, .. } = &error.reason else { panic!("{error}") };
    for choice in ["link \"Fill in the form\"", "button \"Press me\"", "tab \"Second\"", "summary \"More\""] {
        assert!(choices.iter().any(|there| there == choice), "{choice} is not in {choices:?}");
    }
    assert_eq!(error.seen.unwrap().address, "https://app.tunnel.test/");
    let error = driver.click(&"Unavailable".into()).await.unwrap_err();
    assert!(matches!(&error.reason, Reason::NotUsable { how, .. } if how == "disabled"), "{error}");
    let error = driver.click(&"Assign".into()).await.unwrap_err();
    assert!(matches!(error.reason, Reason::SeveralCalled { count: 2, .. }), "{error}");
}

#[tokio::test]
async fn a_dialog_in_front_is_all_that_can_be_used() {
    let (_scene, alice) = at("/").await;
    alice.driver.click(&"Ask".into()).await.unwrap();
    // Of the three buttons of this name only the dialog's counts.
    alice.driver.click(&"Assign".into()).await.unwrap();
    alice.driver.click(&"Yes".into()).await.unwrap();
    alice.driver.click(&"Press me".into()).await.unwrap();
    sees_text(&alice.driver, "Clicked").await.unwrap();
}

#[tokio::test]
async fn a_form_is_filled_in_and_sent() {
    let (_scene, alice) = at("/form").await;
    let driver = &alice.driver;
    driver.fill(&"Name".into(), "Älice & <b>").await.unwrap();
    driver.fill(&"Password".into(), "p4ss word").await.unwrap();
    driver.fill(&"Note".into(), "one\ntwo").await.unwrap();
    driver.fill(&"Day".into(), "2026-11-24").await.unwrap();
    driver.select(&"Colour".into(), "Green").await.unwrap();
    driver.click(&"I agree".into()).await.unwrap();
    driver.click(&"Either".into()).await.unwrap();
    assert_eq!(driver.value_of(&"Name".into()).await.unwrap(), "Älice & <b>");
    assert_eq!(driver.value_of(&"Colour".into()).await.unwrap(), "Green");
    assert_eq!(driver.value_of(&"Fixed".into()).await.unwrap(), "cannot change");
    driver.click(&"Send".into()).await.unwrap();
    let view = sees_text(driver, "Thank you").await.unwrap();
    for line in [
        "name = Älice &",
        "password = p4ss word",
        "note = one",
        "colour = g",
        "day = 2026-11-24",
        "agree = yes",
        "initiated = either",
    ] {
        assert!(view.text.contains(line), "{line} is not in {}", view.text);
    }
    let document = driver.document().await.unwrap().unwrap();
    assert_eq!(document.redirects[0].status.as_u16(), 303);
    assert_eq!(document.redirects[0].method, http::Method::POST);
}

#[tokio::test]
async fn fields_that_take_no_text_or_not_all_of_it_say_so() {
    let scene = Scene::new().await;
    let driver = scene.person("alice").await.driver.with_patience(Duration::from_millis(300));
    driver.open("https://app.tunnel.test/form").await.unwrap();
    let error = driver.fill(&"Fixed".into(), "x").await.unwrap_err();
    assert!(matches!(&error.reason, Reason::NotUsable { how, .. } if how == "read-only"), "{error}");
    let error = driver.fill(&"Short".into(), "too long").await.unwrap_err();
    assert!(matches!(error.reason, Reason::NotTaken), "{error}");
    assert!(!error.to_string().contains("too long"), "{error}");
    let error = driver.select(&"Colour".into(), "Blue").await.unwrap_err();
    assert!(error.to_string().contains("it has no option \"Blue\"; there is Red, Green"), "{error}");
    driver.fill(&"Name".into(), "").await.unwrap();
    assert_eq!(driver.value_of(&"Name".into()).await.unwrap(), "");
    let error = driver.fill(&"Surname".into(), "x").await.unwrap_err();
    assert!(error.to_string().contains("there is field \"Name *\", field \"Password\""), "{error}");
}

#[tokio::test]
async fn enter_sends_a_form_and_values_beside_a_term_are_read() {
    let (_scene, alice) = at("/").await;
    assert_eq!(alice.driver.value_of(&"Client ID".into()).await.unwrap(), "0oa1client");
    alice.driver.open("https://app.tunnel.test/form").await.unwrap();
    alice.driver.fill(&"Name".into(), "alice").await.unwrap();
    alice.driver.press(Key::End).await.unwrap();
    alice.driver.press(Key::Character('!')).await.unwrap();
    alice.driver.press(Key::Enter).await.unwrap();
    sees_text(&alice.driver, "name = alice!").await.unwrap();
}

#[tokio::test]
async fn tabs_open_by_a_link_or_by_hand_and_each_keeps_its_place() {
    let (_scene, alice) = at("/").await;
    let driver = &alice.driver;
    driver.click(&"Elsewhere".into()).await.unwrap();
    let addresses = || async {
        let tabs = driver.tabs().await.unwrap();
        tabs.into_iter().map(|tab| (tab.address, tab.in_front)).collect::<Vec<_>>()
    };
    driver.switch_tab(1).await.unwrap();
    sees_text(driver, "There is nothing here.").await.unwrap();
    assert_eq!(driver.document().await.unwrap().unwrap().status().as_u16(), 404);
    driver.open_tab().await.unwrap();
    driver.open("https://app.tunnel.test/end").await.unwrap();
    assert_eq!(
        addresses().await,
        [
            ("https://app.tunnel.test/".to_owned(), false),
            ("https://app.tunnel.test/elsewhere".to_owned(), false),
            ("https://app.tunnel.test/end".to_owned(), true),
        ]
    );
    driver.switch_tab(0).await.unwrap();
    driver.click(&"Press me".into()).await.unwrap();
    sees_text(driver, "Clicked").await.unwrap();
    let error = driver.switch_tab(7).await.unwrap_err();
    assert_eq!(error.to_string(), "switch to tab 8: there are 3 tabs");
}
