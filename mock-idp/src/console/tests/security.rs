//! Security: network zones and ThreatInsight; and the System Log's search.

use http::StatusCode;

use crate::console::visitor::{Found, Visitor};
use crate::model::{Cause, EventType, ThreatAction, ZoneStatus, ZoneUsage};
use crate::testing::{ADMIN, TestOrg};

const ADD: &str = "/admin/access/networks/add";

/// Whatever has no name for those who don't see it. Our templates write each element on one line.
fn unnamed(page: &Found) -> Vec<&str> {
    let body = page.answer.body.as_str();
    let controls = body.split('<').filter(|tag| {
        ["input ", "select ", "textarea "].iter().any(|name| tag.starts_with(name))
            && !tag.contains("type=\"hidden\"")
    });
    let labelled = |tag: &&str| {
        let id = tag.split(" id=\"").nth(1).and_then(|rest| rest.split('"').next());
        tag.contains("aria-label=")
            || id.is_some_and(|id| body.contains(&format!("for=\"{id}\"")))
            || body.contains(&format!("<label><{tag}"))
    };
    controls.filter(|tag| !labelled(tag)).collect()
}

#[tokio::test]
async fn zones_are_made_changed_and_deleted() {
    let org = TestOrg::new().await;
    let mut ada = Visitor::administrator(&org).await;
    ada.page("/admin/access/networks").await.must_show(&["LegacyIpZone", "BlockedIpZone", "System zone"]);
    assert_eq!(unnamed(&ada.page(ADD).await), Vec::<&str>::new());
    let ranges = "127.0.8.0/24\r\n127.0.9.1-127.0.9.5, ::1";
    let made = ada.submit(ADD, ADD, &[("name", " Office "), ("gateways", ranges)]).await;
    assert_eq!(made.answer.location(), "/admin/access/networks");
    let office = org.model().zone_by_name("Office").unwrap();
    assert_eq!(office.settings.gateways.len(), 3);
    ada.page("/admin/access/networks").await.must_show(&["127.0.8.0/24, 127.0.9.1-127.0.9.5, ::1/128"]);
    let page = format!("/admin/access/network/{}", office.id);
    ada.page(&page).await.must_show(&["Edit Office", "127.0.8.0/24\n127.0.9.1-127.0.9.5\n::1/128"]);
    let fields =
        [("name", "Elsewhere"), ("gateways", "10.0.0.1"), ("proxies", "10.0.0.2"), ("blocks", "true")];
    ada.submit(&page, &page, &fields).await;
    let changed = org.model().zone(&office.id).unwrap();
    assert_eq!((changed.settings.name.as_str(), changed.settings.usage), ("Elsewhere", ZoneUsage::Blocklist));
    ada.page("/admin/access/networks").await.must_show(&[
        "Elsewhere",
        ">Blocked</span>",
        "Proxies: 10.0.0.2/32",
    ]);
    let status = format!("{page}/status");
    assert_eq!(
        ada.submit(&page, &status, &[("action", "Delete")]).await.answer.status,
        StatusCode::CONFLICT,
        "it is in use"
    );
    ada.submit(&page, &status, &[("action", "Deactivate")]).await;
    assert_eq!(org.model().zone(&office.id).unwrap().settings.status, ZoneStatus::Inactive);
    ada.submit(&page, &status, &[("action", "Delete")]).await;
    assert!(org.model().zone(&office.id).is_none());
}

#[tokio::test]
async fn what_is_no_zone_is_said_beside_its_field() {
    let org = TestOrg::new().await;
    let mut ada = Visitor::administrator(&org).await;
    for (fields, reason) in [
        ([("name", "Office"), ("gateways", "127.0.0.1/33")], "&#39;127.0.0.1/33&#39; is not an IP address"),
        ([("name", "Office"), ("gateways", " ")], "Either gateways or proxies must be defined"),
        ([("name", "BlockedIpZone"), ("gateways", "10.0.0.1")], "An object with this field already exists"),
    ] {
        let answer = ada.submit(ADD, ADD, &fields).await;
        assert_eq!(answer.answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        answer.must_show(&[reason, "aria-invalid=\"true\"", fields[0].1]);
    }
    let own = ada.submit(ADD, ADD, &[("name", "All"), ("gateways", "127.0.0.0/8"), ("blocks", "true")]).await;
    own.must_show(&["Your own address 127.0.0.1 is among them"]);
    assert!(org.model().zone_by_name("All").is_none());
    let blocked = org.model().zone_by_name("BlockedIpZone").unwrap();
    let page = format!("/admin/access/network/{}", blocked.id);
    assert!(!ada.page(&page).await.shows("name=\"blocks\""), "a system zone's usage is not chosen");
    let own = ada.submit(&page, &page, &[("name", "BlockedIpZone"), ("gateways", "127.0.0.1")]).await;
    own.must_show(&["Your own address 127.0.0.1 is among them"]);
    let gone = ada.open(&format!("{ADMIN}/admin/access/network/nzonone")).await;
    assert_eq!(gone.answer.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn threatinsight_is_set_with_its_exempt_zones() {
    let org = TestOrg::new().await;
    let mut ada = Visitor::administrator(&org).await;
    let path = "/admin/access/general";
    let page = ada.page(path).await;
    page.must_show(&[
        "value=\"none\" checked",
        "Log and enforce security based on threat level",
        "LegacyIpZone",
    ]);
    assert_eq!(unnamed(&page), Vec::<&str>::new());
    assert!(!page.shows("BlockedIpZone"), "who is blocked anyway is not exempt");
    let legacy = org.model().zone_by_name("LegacyIpZone").unwrap();
    let saved = ada.submit(path, path, &[("action", "block"), ("zone", legacy.id.as_str())]).await;
    assert_eq!(saved.answer.location(), path);
    let configuration = org.model().threat_configuration();
    assert_eq!(configuration.action, ThreatAction::Block);
    assert_eq!(configuration.exclude_zones, std::slice::from_ref(&legacy.id));
    let exempt = format!("value=\"{}\" checked", legacy.id);
    ada.page(path).await.must_show(&["value=\"block\" checked", &exempt]);
    assert_eq!(ada.submit(path, path, &[("action", "ban")]).await.answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(org.model().threat_configuration(), configuration);
    assert_eq!(org.count(EventType::ThreatConfigurationUpdate), 1);
}

#[tokio::test]
async fn the_system_log_is_searched_by_type_user_and_time() {
    let org = TestOrg::new().await;
    let mut ada = Visitor::administrator(&org).await;
    let now = org.site.now();
    org.advance(3600);
    org.model().suspend_user(&org.alice.id, &Cause::system()).unwrap();
    org.model().suspend_user(&org.mallory.id, &Cause::system()).unwrap();
    let log = "/reports/system-log";
    let found = ada.page(&format!("{log}?type=user.lifecycle.suspend&user=ALICE@acme.test")).await;
    found.must_show(&[
        "<div>Alice Archer ",
        "<option selected>user.lifecycle.suspend</option>",
        ">Reset</a>",
    ]);
    assert!(!found.shows("<div>Mallory Moss "));
    assert_eq!(unnamed(&found), Vec::<&str>::new());
    let by_id = ada.page(&format!("{log}?type=user.lifecycle.suspend&user={}", org.mallory.id)).await;
    assert!(by_id.shows("<div>Mallory Moss ") && !by_id.shows("<div>Alice Archer "));
    let half_past = (now + chrono::TimeDelta::minutes(30)).format("%Y-%m-%dT%H:%M").to_string();
    let late = ada.page(&format!("{log}?type=user.lifecycle.suspend&since={half_past}")).await;
    assert!(late.shows("<div>Alice Archer "));
    let early = ada.page(&format!("{log}?type=user.lifecycle.suspend&until={half_past}:00")).await;
    early.must_show(&["No event matches."]);
    let ended = ada.page(&format!("{log}?type=user.lifecycle.suspend&outcome=Success")).await;
    ended.must_show(&["<div>Alice Archer ", "<option selected>Success</option>", "<dt>Event ID</dt>"]);
    assert_eq!(unnamed(&ended), Vec::<&str>::new());
    let failed = ada.page(&format!("{log}?type=user.lifecycle.suspend&outcome=Failure")).await;
    failed.must_show(&["No event matches."]);
    let wrong = ada.open(&format!("{ADMIN}{log}?since=yesterday")).await;
    assert_eq!(wrong.answer.status, StatusCode::BAD_REQUEST);
    wrong.must_show(&["From: that is no date and time.", "value=\"yesterday\""]);
}

#[tokio::test]
async fn the_rule_of_suspicion_is_changed() {
    let org = TestOrg::new().await;
    let mut ada = Visitor::administrator(&org).await;
    let (page, path) = ("/admin/access/general", "/admin/access/threat-rule");
    let fields = [
        ("sprayLogins", "4"),
        ("sprayAttemptsPerLogin", "2"),
        ("loginFailures", "12"),
        ("windowSeconds", "60"),
        ("suspicious", "192.0.2.0/24\r\n10.0.0.1"),
    ];
    assert_eq!(ada.submit(page, path, &fields).await.answer.location(), page);
    let rule = org.model().threat_rule();
    let numbers =
        (rule.spray_logins, rule.spray_attempts_per_login, rule.login_failures, rule.window_seconds);
    assert_eq!((numbers, rule.suspicious.len()), ((4, 2, 12, 60), 2));
    ada.page(page)
        .await
        .must_show(&["192.0.2.0/24\n10.0.0.1/32</textarea>", "name=\"sprayLogins\" value=\"4\""]);
    for (field, value, reason) in [
        ("windowSeconds", "0", "Must be from 1 to 86400"),
        ("sprayLogins", "many", "Type a whole number."),
        ("suspicious", "nowhere", "&#39;nowhere&#39; is not an IP address"),
    ] {
        let changed: Vec<_> =
            fields.iter().map(|(name, old)| (*name, if *name == field { value } else { old })).collect();
        let refused = ada.submit(page, path, &changed).await;
        assert_eq!(refused.answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        refused.must_show(&[reason, &format!("id=\"{field}-wrong\""), value]);
    }
    assert_eq!(org.model().threat_rule(), rule);
}
