//! People, groups, and what is logged.

use http::StatusCode;

use crate::console::visitor::Visitor;
use crate::model::{Cause, TotpKey, UserStatus};
use crate::testing::TestOrg;

#[tokio::test]
async fn people_come_are_suspended_and_go() {
    let org = TestOrg::new().await;
    let mut ada = Visitor::administrator(&org).await;
    let fields = [
        ("first_name", "Bob"),
        ("last_name", "Builder"),
        ("login", "bob@acme.test"),
        ("email", "bob@acme.test"),
        ("password", "correct horse"),
    ];
    let made = ada.submit("/admin/users/add", "/admin/users/add", &fields).await;
    let bob = org.model().user_by_login("bob@acme.test").unwrap();
    let page = format!("/admin/user/{}", bob.id);
    assert_eq!((made.answer.status, made.answer.location()), (StatusCode::SEE_OTHER, page.as_str()));
    let again = ada.submit("/admin/users/add", "/admin/users/add", &fields).await;
    assert_eq!(again.answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    again.must_show(&["id=\"login-wrong\">An object with this field already exists", "value=\"Bob\""]);
    ada.page("/admin/users?q=builder").await.must_show(&["Bob Builder"]);

    for (action, status) in [
        ("Suspend", UserStatus::Suspended),
        ("Unsuspend", UserStatus::Active),
        ("Deactivate", UserStatus::Deprovisioned),
        ("Activate", UserStatus::Active),
        ("Deactivate", UserStatus::Deprovisioned),
    ] {
        ada.page(&page).await.must_show(&[&format!(">{action}</button>")]);
        ada.submit(&page, &page, &[("action", action)]).await;
        assert_eq!(org.model().user(&bob.id).unwrap().status, status, "{action}");
    }
    let deleted = ada.submit(&page, &page, &[("action", "Delete")]).await;
    assert_eq!(deleted.answer.location(), "/admin/users");
    assert!(org.model().user(&bob.id).is_none());
}

#[tokio::test]
async fn an_administrator_cannot_shut_the_door_behind_oneself() {
    let org = TestOrg::new().await;
    let mut ada = Visitor::administrator(&org).await;
    let page = format!("/admin/user/{}", org.admin.id);
    assert!(!ada.page(&page).await.shows(">Suspend</button>"));
    assert_eq!(ada.submit(&page, &page, &[("action", "Suspend")]).await.answer.status, StatusCode::CONFLICT);
    assert_eq!(org.model().user(&org.admin.id).unwrap().status, UserStatus::Active);
}

#[tokio::test]
async fn groups_are_made_and_their_people_chosen() {
    let org = TestOrg::new().await;
    let mut ada = Visitor::administrator(&org).await;
    let add = "/admin/groups/add";
    ada.submit(add, add, &[("name", "Operations"), ("description", "Builders")]).await;
    let group = org.model().group_by_name("Operations").unwrap();
    let again = ada.submit(add, add, &[("name", "Operations")]).await;
    assert_eq!(again.answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let page = format!("/admin/group/{}", group.id);
    let assign = format!("{page}/assign");
    assert_eq!(
        ada.submit(&assign, &assign, &[("id", org.alice.id.as_str())]).await.answer.location(),
        assign
    );
    ada.page(&page).await.must_show(&["Alice Archer", ">Remove</button>"]);
    ada.page(&format!("/admin/user/{}", org.alice.id)).await.must_show(&["Operations", "Everyone"]);
    ada.submit(&page, &format!("{page}/unassign"), &[("id", org.alice.id.as_str())]).await;
    ada.page(&page).await.must_show(&["This group has no members."]);

    let everyone = format!("/admin/group/{}", org.model().everyone());
    assert!(!ada.page(&everyone).await.shows("Assign People"));
    let refused =
        ada.submit(&assign, &format!("{everyone}/unassign"), &[("id", org.alice.id.as_str())]).await;
    assert_eq!(refused.answer.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn the_system_log_is_searched() {
    let org = TestOrg::new().await;
    let app = &org.app;
    let mut ada = Visitor::administrator(&org).await;
    let log = ada.page("/reports/system-log?q=application.lifecycle").await;
    log.must_show(&["application.lifecycle.create", "Create application", "ngrok", "Success"]);
    assert!(!log.shows("mono\">user.session.start"));
    ada.page("/reports/system-log?q=no-such-event").await.must_show(&["No event matches."]);

    for round in 0..60 {
        let group = org.model().create_group(&format!("g{round}"), "", &Cause::system()).unwrap();
        org.model().assign_group(&app.id, &group.id, &Cause::system()).unwrap();
    }
    let first = ada.page("/reports/system-log?q=group").await;
    let more =
        first.answer.body.split("href=\"?after=").nth(1).expect("a hundred and twenty events are two pages");
    let more = more.split('"').next().unwrap().replace("&#38;", "&");
    let second = ada.page(&format!("/reports/system-log?after={more}")).await;
    second.must_show(&["<div>g0 ", "value=\"group\""]);
    assert!(!second.shows(">Show more</a>"));
}

#[tokio::test]
async fn a_persons_authenticators_are_seen_and_removed() {
    let org = TestOrg::new().await;
    let mut ada = Visitor::administrator(&org).await;
    let enrolled = org.model().enroll_totp(&org.alice.id, "acme").unwrap();
    let waiting = org.model().enroll_totp(&org.mallory.id, "acme").unwrap();
    let page = format!("/admin/user/{}", org.alice.id);
    ada.page(&page).await.must_show(&[
        "<b>Password</b>",
        "Okta Verify (code)",
        "Pending activation",
        ">Never<",
    ]);
    let code = TotpKey::of_base32(enrolled.secret.expose()).unwrap().code_at(org.site.now());
    org.model().activate_totp(&enrolled.factor.id, &code, &Cause::system()).unwrap();
    ada.page(&page).await.must_show(&[">Active</span>"]);
    ada.page("/admin/access/authenticators").await.must_show(&[
        "Okta FastPass (simulated)",
        "A simulation: a device signs a nonce",
        "Okta Verify (code)</b></td><td>Possession, user presence, device bound</td><td>1</td>",
        "Okta Verify (push notification)",
        "Security Key or Biometric (FIDO2)",
    ]);
    let remove = format!("{page}/authenticator");
    let another = ada.submit(&page, &remove, &[("id", waiting.factor.id.as_str())]).await;
    assert_eq!(another.answer.status, StatusCode::NOT_FOUND, "it is somebody else's");
    let removed = ada.submit(&page, &remove, &[("id", enrolled.factor.id.as_str())]).await;
    assert_eq!(removed.answer.location(), page);
    assert!(org.model().factors_of(&org.alice.id).is_empty());
    assert_eq!(org.model().factors_of(&org.mallory.id).len(), 1);
    let page = format!("/admin/user/{}", org.mallory.id);
    ada.submit(&page, &page, &[("action", "Reset Authenticators")]).await;
    assert!(org.model().factors_of(&org.mallory.id).is_empty());
}

#[tokio::test]
async fn a_person_is_renamed_given_a_password_and_made_an_administrator() {
    let org = TestOrg::new().await;
    let mut ada = Visitor::administrator(&org).await;
    let page = format!("/admin/user/{}", org.alice.id);
    let edit = format!("{page}/edit");
    let fields = [
        ("first_name", "Alicia"),
        ("last_name", "Archer"),
        ("login", "alicia@acme.test"),
        ("email", "alicia@acme.test"),
    ];
    assert_eq!(ada.submit(&edit, &edit, &fields).await.answer.location(), page);
    assert_eq!(org.model().user_by_login("alicia@acme.test").unwrap().id, org.alice.id);
    let taken = [fields[0], fields[1], ("login", "ada@acme.test"), fields[3]];
    let refused = ada.submit(&edit, &edit, &taken).await;
    assert_eq!(refused.answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    refused.must_show(&["id=\"login-wrong\">An object with this field already exists", "ada@acme.test"]);
    assert_eq!(org.model().user(&org.alice.id).unwrap().profile.login, "alicia@acme.test");

    let password = format!("{page}/password");
    let long = "x".repeat(73);
    let refused = ada.submit(&password, &password, &[("password", &long)]).await;
    assert_eq!(refused.answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    refused.must_show(&["id=\"password-wrong\">Password requirements were not met."]);
    assert!(!refused.shows(&long), "a password is never shown again");
    let before = org.model().user(&org.alice.id).unwrap().password_changed;
    org.advance(60);
    assert_eq!(
        ada.submit(&password, &password, &[("password", "battery staple")]).await.answer.location(),
        page
    );
    assert!(org.model().user(&org.alice.id).unwrap().password_changed > before);

    ada.submit(&page, &page, &[("action", "Make Administrator")]).await;
    assert!(org.model().is_administrator(&org.alice.id));
    ada.submit(&page, &page, &[("action", "Remove Administrator")]).await;
    assert!(!org.model().is_administrator(&org.alice.id));
    let own = format!("/admin/user/{}", org.admin.id);
    ada.submit(&own, &own, &[("action", "Remove Administrator")]).await;
    assert!(org.model().is_administrator(&org.admin.id), "not by oneself");
}

#[tokio::test]
async fn a_group_is_renamed_and_deleted() {
    let org = TestOrg::new().await;
    let mut ada = Visitor::administrator(&org).await;
    let page = format!("/admin/group/{}", org.engineering.id);
    let edit = format!("{page}/edit");
    ada.submit(&edit, &edit, &[("name", "Builders"), ("description", "Who builds")]).await;
    ada.page(&page).await.must_show(&["<h1>Builders</h1>", "Who builds"]);
    let refused = ada.submit(&edit, &edit, &[("name", "Everyone")]).await;
    assert_eq!(refused.answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    refused.must_show(&["id=\"name-wrong\"", "value=\"Everyone\""]);
    assert_eq!(org.model().group(&org.engineering.id).unwrap().name, "Builders");
    let deleted = ada.submit(&page, &format!("{page}/delete"), &[]).await;
    assert_eq!(deleted.answer.location(), "/admin/groups");
    assert!(org.model().group(&org.engineering.id).is_none());
    let everyone = format!("/admin/group/{}/delete", org.model().everyone());
    assert_eq!(ada.submit("/admin/groups", &everyone, &[]).await.answer.status, StatusCode::CONFLICT);
}
