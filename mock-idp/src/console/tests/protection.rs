//! Who and what the console keeps out.

use ground::Secret;
use http::{StatusCode, header};

use crate::console::visitor::{Visitor, app};
use crate::model::{
    Cause, Choice, Conditions, EventType, NewPolicy, NewRule, NewUser, PolicyKind, Profile, ZoneSettings,
};
use crate::testing::{ADMIN, ORG, PASSWORD, TestOrg};

#[tokio::test]
async fn whoever_is_no_administrator_is_refused() {
    let org = TestOrg::new().await;
    let mut alice = Visitor::signed_in(&org, "alice@acme.test").await;
    assert!(!alice.org_page("/app/UserHome").await.shows(">Admin</a>"));
    let refused = alice.open(&format!("{ADMIN}/admin/apps/active")).await;
    assert_eq!(refused.answer.status, StatusCode::FORBIDDEN);
    refused.must_show(&["You do not have permission"]);
    assert_eq!(org.count(EventType::AccessAdminApp), 1, "the attempt is in the System Log");

    let mut stranger = Visitor { browser: org.browser() };
    let stranger = stranger.open(&format!("{ADMIN}/admin/apps/active")).await;
    assert!(stranger.url.as_str().starts_with(ORG), "a stranger signs in first: {}", stranger.url);
    stranger.must_show(&["Sign In", "stateToken"]);
}

#[tokio::test]
async fn an_administrator_who_is_one_no_longer_is_out_at_once() {
    let org = TestOrg::new().await;
    let mut ada = Visitor::administrator(&org).await;
    let token = ada.page("/admin/groups/add").await.answer.hidden("csrf");
    org.model().set_administrator(&org.admin.id, false, &Cause::system()).unwrap();
    let late = ada.send(&format!("{ADMIN}/admin/groups/add"), &[("csrf", &token), ("name", "late")]).await;
    assert_eq!(late.answer.status, StatusCode::UNAUTHORIZED);
    assert!(org.model().group_by_name("late").is_none());
    assert_eq!(ada.open(&format!("{ADMIN}/admin/groups")).await.answer.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_form_from_elsewhere_changes_nothing() {
    let org = TestOrg::new().await;
    let mut ada = Visitor::administrator(&org).await;
    let add = format!("{ADMIN}/admin/groups/add");
    let token = ada.open(&add).await.answer.hidden("csrf");
    let other = Visitor::administrator(&org).await.open(&add).await.answer.hidden("csrf");
    let at_org = ada.org_page("/app/UserHome").await.answer.hidden("csrf");
    let cases = [
        ("no token", ADMIN, None),
        ("an empty token", ADMIN, Some("")),
        ("another session's token", ADMIN, Some(other.as_str())),
        ("the other host's token", ADMIN, Some(at_org.as_str())),
        ("from the org's host", ORG, Some(token.as_str())),
        ("from another site", "https://evil.tunnel.test", Some(token.as_str())),
        ("from nowhere", "null", Some(token.as_str())),
    ];
    for (case, origin, token) in cases {
        ada.comes_from(origin);
        let mut form = vec![("name", "forged")];
        form.extend(token.map(|token| ("csrf", token)));
        assert_eq!(ada.send(&add, &form).await.answer.status, StatusCode::FORBIDDEN, "{case}");
    }
    assert!(org.model().group_by_name("forged").is_none());
    ada.comes_from(ADMIN);
    let genuine = ada.send(&add, &[("csrf", &token), ("name", "genuine")]).await;
    assert_eq!(genuine.answer.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn every_form_that_posts_is_guarded() {
    let org = TestOrg::new().await;
    let mut ada = Visitor::administrator(&org).await;
    let (app, group, alice) = (&org.app.id, &org.engineering.id, &org.alice.id);
    let zone = &org.model().zone_by_name("LegacyIpZone").unwrap().id;
    let policies = org.model().policies(PolicyKind::Access);
    let (policy, rule) = (&policies[0].id, &policies[0].rules[0].id);
    let paths = [
        "/admin/catalog/ngrok/add".to_owned(),
        format!("/admin/app/{app}/edit"),
        format!("/admin/app/{app}/status"),
        format!("/admin/app/{app}/assign/people"),
        format!("/admin/app/{app}/assign/groups"),
        format!("/admin/app/{app}/unassign/people"),
        format!("/admin/app/{app}/unassign/groups"),
        "/admin/users/add".to_owned(),
        format!("/admin/user/{alice}"),
        "/admin/groups/add".to_owned(),
        format!("/admin/group/{group}/assign"),
        format!("/admin/group/{group}/unassign"),
        format!("/admin/user/{alice}/edit"),
        format!("/admin/user/{alice}/password"),
        format!("/admin/user/{alice}/authenticator"),
        format!("/admin/group/{group}/edit"),
        format!("/admin/group/{group}/delete"),
        "/admin/access/general".to_owned(),
        "/admin/access/threat-rule".to_owned(),
        "/admin/access/networks/add".to_owned(),
        format!("/admin/access/network/{zone}"),
        format!("/admin/access/network/{zone}/status"),
        format!("/admin/app/{app}/policy"),
        "/admin/policies/session/add".to_owned(),
        format!("/admin/policy/{policy}"),
        format!("/admin/policy/{policy}/edit"),
        format!("/admin/policy/{policy}/rules/add"),
        format!("/admin/policy/{policy}/rule/{rule}"),
        format!("/admin/policy/{policy}/rule/{rule}/act"),
        "/admin/sign-out".to_owned(),
    ];
    for path in paths {
        let answer = ada.send(&format!("{ADMIN}{path}"), &[]).await;
        assert_eq!(answer.answer.status, StatusCode::FORBIDDEN, "{path}");
    }
    ada.page("/admin/dashboard").await;
}

#[tokio::test]
async fn hostile_names_are_shown_as_text() {
    let org = TestOrg::new().await;
    let hostile = "\"><script>alert(1)</script>";
    let app = app(&org, hostile);
    let profile = Profile::new("eve@acme.test", "<img src=x>", hostile);
    let new = NewUser::new(profile, Secret::new("password", PASSWORD));
    let eve = org.model().create_user(new, &Cause::system()).unwrap();
    let group = org.model().create_group(hostile, hostile, &Cause::system()).unwrap();
    org.model().assign_user(&app.id, &eve.id, &Cause::system()).unwrap();
    org.model().assign_group(&app.id, &group.id, &Cause::system()).unwrap();
    let zone = ZoneSettings::new(hostile, vec!["10.0.0.1".parse().unwrap()]);
    let zone = org.model().create_zone(zone, &Cause::system()).unwrap();
    let founding = org.model().policies(PolicyKind::SignOn).remove(0);
    let policy = NewPolicy {
        name: hostile.to_owned(),
        description: hostile.to_owned(),
        groups: [group.id.clone()].into(),
        ..founding.as_new()
    };
    let policy = org.model().create_policy(policy, &Cause::system()).unwrap();
    let conditions = Conditions { groups: Choice::only([group.id.clone()]), ..Conditions::default() };
    let rule = NewRule { name: hostile.to_owned(), conditions, ..founding.rules[0].as_new() };
    let rule = org.model().create_rule(&policy.id, rule, &Cause::system()).unwrap();
    let mut ada = Visitor::administrator(&org).await;
    let paths = [
        "/admin/access/general".to_owned(),
        "/admin/access/networks".to_owned(),
        format!("/admin/access/network/{}", zone.id),
        "/admin/access/policies".to_owned(),
        format!("/admin/policy/{}", policy.id),
        format!("/admin/policy/{}/edit", policy.id),
        format!("/admin/policy/{}/rules/add", policy.id),
        format!("/admin/policy/{}/rule/{}", policy.id, rule.id),
        "/reports/system-log?user=%22%3E%3Cscript%3Ealert(1)%3C/script%3E".to_owned(),
        "/admin/dashboard".to_owned(),
        "/admin/apps/active".to_owned(),
        format!("/admin/app/{}/general", app.id),
        format!("/admin/app/{}/edit", app.id),
        format!("/admin/app/{}/sign-on", app.id),
        format!("/admin/app/{}/assignments", app.id),
        format!("/admin/app/{}/assign/people", app.id),
        format!("/admin/app/{}/assign/groups", app.id),
        "/admin/users".to_owned(),
        format!("/admin/user/{}", eve.id),
        format!("/admin/user/{}/edit", eve.id),
        format!("/admin/user/{}/password", eve.id),
        "/admin/groups".to_owned(),
        format!("/admin/group/{}/edit", group.id),
        format!("/admin/group/{}", group.id),
        "/reports/system-log".to_owned(),
        "/admin/apps/add-app?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E".to_owned(),
        "/admin/catalog/ngrok/add?label=%22%3E%3Cscript%3Ealert(1)%3C/script%3E".to_owned(),
    ];
    for path in paths {
        let page = ada.page(&path).await;
        assert!(!page.shows("<script>alert") && !page.shows("<img src=x>"), "{path}: {}", page.answer.body);
        page.must_show(&["&#62;&#60;script&#62;"]);
        assert!(
            page.answer.headers[header::CONTENT_SECURITY_POLICY]
                .to_str()
                .unwrap()
                .starts_with("default-src 'none'")
        );
    }
}

#[tokio::test]
async fn signing_out_of_the_console_ends_the_session_at_the_org_too() {
    let org = TestOrg::new().await;
    let mut ada = Visitor::administrator(&org).await;
    let out = ada.submit("/admin/dashboard", "/admin/sign-out", &[]).await;
    assert_eq!(
        (out.answer.status, out.answer.location()),
        (StatusCode::SEE_OTHER, "https://acme.okta.test/")
    );
    assert!(ada.org_page("/app/UserHome").await.shows("stateToken"));
    assert!(ada.open(&format!("{ADMIN}/admin/dashboard")).await.shows("stateToken"));
}

#[tokio::test]
async fn what_is_not_there_is_said_so() {
    let org = TestOrg::new().await;
    let mut ada = Visitor::administrator(&org).await;
    for path in [
        "/admin/app/0oanone/general",
        "/admin/user/00unone",
        "/admin/group/00gnone",
        "/admin/catalog/none",
        "/none",
    ] {
        assert_eq!(ada.open(&format!("{ADMIN}{path}")).await.answer.status, StatusCode::NOT_FOUND, "{path}");
    }
}
