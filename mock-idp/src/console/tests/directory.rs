//! People, groups, and what is logged.

use http::StatusCode;

use crate::console::visitor::Visitor;
use crate::model::{Cause, UserStatus};
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
    again.must_show(&["Username: An object with this field already exists", "value=\"Bob\""]);
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
