//! The dashboard as its people use it.

use ground::Secret;
use http::StatusCode;

use crate::console::visitor::{Visitor, app};
use crate::device::Device;
use crate::model::{Cause, LoginInitiatedBy};
use crate::testing::{Answer, ORG, PASSWORD, TestOrg};

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

/// Answers the sign-in's page that is shown, with one field.
async fn answer(alice: &mut Visitor<'_>, location: &str, path: &str, field: (&str, &str)) -> Answer {
    let page = alice.browser.get(&format!("{ORG}{location}")).await;
    let token = page.hidden("stateToken");
    alice.browser.post(&format!("{ORG}{path}"), &[("stateToken", &token), field]).await
}

#[tokio::test]
async fn people_set_up_and_remove_their_own_security_methods() {
    let org = TestOrg::new().await;
    let mut alice = Visitor::signed_in(&org, "alice@acme.test").await;
    let settings = alice.org_page("/enduser/settings").await;
    settings.must_show(&["Password", "Set up Okta Verify: codes", "Set up Security Key"]);
    assert!(!settings.shows("Set up Okta FastPass"), "its device enrols itself");
    let csrf = settings.answer.hidden("csrf");
    let to_set_up = format!("{ORG}/enduser/settings/set-up");
    let begun = alice.send(&to_set_up, &[("csrf", &csrf), ("kind", "token:software:totp")]).await.answer;
    let page = alice.browser.get(&format!("{ORG}{}", begun.location())).await;
    let (_, rest) = page.body.split_once("otpauth://").expect("the key as a QR code gives it");
    let uri = format!("otpauth://{}", rest.split('"').next().unwrap()).replace("&#38;", "&");
    let mut phone = Device::new("phone");
    phone.scan(&Secret::new("TOTP secret", uri)).unwrap();
    let code = phone.totp(org.site.now()).unwrap();
    let done = answer(&mut alice, begun.location(), "/signin/verify", ("code", &code)).await;
    assert_eq!((done.status, done.location()), (StatusCode::SEE_OTHER, "/enduser/settings"));
    let settings = alice.org_page("/enduser/settings").await;
    assert!(settings.shows("Remove Okta Verify: codes") && !settings.shows("Set up Okta Verify: codes"));

    // An hour later it takes both factors again before anything changes.
    org.advance(3600);
    let factor = org.model().factors_of(&org.alice.id)[0].id.clone();
    let to_remove = format!("{ORG}/enduser/settings/remove");
    let form = [("csrf", csrf.as_str()), ("factor", factor.as_str())];
    let asked = alice.send(&to_remove, &form).await.answer;
    assert!(asked.location().starts_with("/signin?stateToken="), "{asked:?}");
    assert_eq!(org.model().factors_of(&org.alice.id).len(), 1);
    answer(&mut alice, asked.location(), "/signin/choose", ("prove", "password")).await;
    answer(&mut alice, asked.location(), "/signin/verify", ("password", PASSWORD)).await;
    answer(&mut alice, asked.location(), "/signin/choose", ("prove", "token:software:totp")).await;
    let code = phone.totp(org.site.now()).unwrap();
    let done = answer(&mut alice, asked.location(), "/signin/verify", ("code", &code)).await;
    assert_eq!(done.location(), "/enduser/settings");
    let removed = alice.send(&to_remove, &form).await.answer;
    assert_eq!((removed.status, removed.location()), (StatusCode::SEE_OTHER, "/enduser/settings"));
    assert!(org.model().factors_of(&org.alice.id).is_empty());
    assert_eq!(alice.send(&to_remove, &form).await.answer.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn nobody_removes_another_persons_method_or_sets_up_what_the_policy_does_not_offer() {
    let org = TestOrg::new().await;
    let enrolment = org.model().enroll_totp(&org.mallory.id, "acme.okta.test").unwrap();
    let mut alice = Visitor::signed_in(&org, "alice@acme.test").await;
    let csrf = alice.org_page("/enduser/settings").await.answer.hidden("csrf");
    let form = [("csrf", csrf.as_str()), ("factor", enrolment.factor.id.as_str())];
    let refused = alice.send(&format!("{ORG}/enduser/settings/remove"), &form).await.answer;
    assert_eq!(refused.status, StatusCode::NOT_FOUND);
    assert_eq!(org.model().factors_of(&org.mallory.id).len(), 1);
    let to_set_up = format!("{ORG}/enduser/settings/set-up");
    for kind in ["signed_nonce", "sms", ""] {
        let refused = alice.send(&to_set_up, &[("csrf", &csrf), ("kind", kind)]).await.answer;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{kind}");
    }
    alice.comes_from("https://evil.tunnel.test");
    let forged = alice.send(&to_set_up, &[("csrf", &csrf), ("kind", "webauthn")]).await.answer;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
}
