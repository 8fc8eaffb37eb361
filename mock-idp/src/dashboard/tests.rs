//! The dashboard as its people use it.

use http::StatusCode;

use crate::console::visitor::{Visitor, app};
use crate::model::{Cause, LoginInitiatedBy};
use crate::testing::{ORG, TestOrg};

const INITIATE: &str = "https://app.tunnel.test/ngrok/login";

#[tokio::test]
async fn a_tile_stands_for_an_assigned_app_that_okta_may_open() {
    let org = TestOrg::new().await;
    let (open, own, other) =
        (app(&org, "Tunnels & <b>more</b>"), app(&org, "App alone"), app(&org, "Not mine"));
    let system = Cause::system();
    for app in [&open, &other] {
        let mut settings = app.settings.clone();
        settings.login_initiated_by = LoginInitiatedBy::EitherOktaOrApp;
        settings.initiate_login_uri = Some(INITIATE.into());
        org.model().update_app(&app.id, &app.label, settings, &system).unwrap();
    }
    org.model().assign_user(&open.id, &org.alice.id, &system).unwrap();
    org.model().assign_user(&own.id, &org.alice.id, &system).unwrap();

    let mut alice = Visitor::signed_in(&org, "alice@acme.test").await;
    let home = alice.org_page("/app/UserHome").await;
    let tile = format!("href=\"{}\"", open.home_path());
    home.must_show(&["My Apps", &tile, "Tunnels &#38; &#60;b&#62;more"]);
    assert!(!home.shows("App alone") && !home.shows("Not mine"));

    let launched = alice.browser.get(&format!("{ORG}{}", open.home_path())).await;
    assert_eq!(launched.status, StatusCode::FOUND);
    assert_eq!(launched.location(), format!("{INITIATE}?iss=https%3A%2F%2Facme.okta.test"));
}

#[tokio::test]
async fn whoever_has_no_apps_is_told_so_and_finds_settings_and_the_way_out() {
    let org = TestOrg::new().await;
    let mut alice = Visitor::signed_in(&org, "alice@acme.test").await;
    let home = alice.org_page("/app/UserHome").await;
    home.must_show(&["No apps yet", ">Settings</a>", ">Sign out</button>", "Alice Archer"]);
    assert!(!home.shows(">Admin</a>"));
    alice.org_page("/enduser/settings").await.must_show(&[
        "alice@acme.test",
        "Alice Archer",
        "Primary email",
    ]);

    let (sign_out, token) = (format!("{ORG}/app/sign-out"), home.answer.hidden("csrf"));
    alice.comes_from("https://evil.tunnel.test");
    assert_eq!(alice.send(&sign_out, &[("csrf", &token)]).await.answer.status, StatusCode::FORBIDDEN);
    alice.comes_from(ORG);
    assert_eq!(alice.send(&sign_out, &[]).await.answer.status, StatusCode::FORBIDDEN);
    let out = alice.send(&sign_out, &[("csrf", &token)]).await.answer;
    assert_eq!((out.status, out.location()), (StatusCode::SEE_OTHER, "/"));
    assert!(alice.org_page("/app/UserHome").await.shows("stateToken"));
}
