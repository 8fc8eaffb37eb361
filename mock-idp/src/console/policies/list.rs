//! The policies of a kind, in their order.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;

use super::kind::{AUTHENTICATION, ENROLMENT, Kind, PASSWORD, SESSION};
use super::words;
use crate::console::frame::Frame;
use crate::model::{App, PageRequest, Policy, PolicyId, PolicyStatus};
use crate::site::Site;
use crate::web::{SignedIn, html};

#[derive(Template)]
#[template(path = "console/policies.html")]
struct List {
    frame: Frame,
    kind: &'static Kind,
    rows: Vec<Row>,
}

/// A policy as the list shows it.
struct Row {
    id: PolicyId,
    name: String,
    description: String,
    place: u32,
    system: bool,
    active: bool,
    rules: usize,
    groups: String,
    /// How many applications go by it.
    apps: usize,
    /// Whether another comes before it, and whether another that isn't the system's own comes behind.
    moves: (bool, bool),
}

impl Row {
    fn of(site: &Site, policy: &Policy, apps: &[Arc<App>], last: u32) -> Self {
        Self {
            id: policy.id.clone(),
            name: policy.name.clone(),
            description: policy.description.clone(),
            place: policy.priority,
            system: policy.system,
            active: policy.status == PolicyStatus::Active,
            rules: policy.rules.len(),
            groups: words::groups(site, &policy.groups),
            apps: apps.iter().filter(|app| app.access_policy == policy.id).count(),
            moves: (!policy.system && policy.priority > 1, !policy.system && policy.priority < last),
        }
    }

    fn status(&self) -> &'static str {
        if self.active { "Active" } else { "Inactive" }
    }

    fn tone(&self) -> &'static str {
        if self.active { "good" } else { "off" }
    }
}

fn list(site: &Site, by: &SignedIn, kind: &'static Kind) -> Response {
    let policies = site.model.policies(kind.kind);
    let apps = site.model.apps(&PageRequest::all(), |_| true).items;
    let last = policies.iter().filter(|policy| !policy.system).map(|policy| policy.priority).max();
    let row = |policy: &Arc<Policy>| Row::of(site, policy, &apps, last.unwrap_or_default());
    let rows = policies.iter().map(row).collect();
    html(StatusCode::OK, &List { frame: Frame::around(kind.page, site, by), kind, rows })
}

pub(super) async fn session(State(site): State<Site>, by: SignedIn) -> Response {
    list(&site, &by, &SESSION)
}

pub(super) async fn authentication(State(site): State<Site>, by: SignedIn) -> Response {
    list(&site, &by, &AUTHENTICATION)
}

pub(super) async fn enrolment(State(site): State<Site>, by: SignedIn) -> Response {
    list(&site, &by, &ENROLMENT)
}

pub(super) async fn password(State(site): State<Site>, by: SignedIn) -> Response {
    list(&site, &by, &PASSWORD)
}
