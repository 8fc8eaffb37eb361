//! Reports > System Log, and the dashboard with its latest entries.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;

use super::frame::{Frame, Page};
use super::listing::Listing;
use super::rows::EventRow;
use crate::model::{LogQuery, PageRequest};
use crate::site::Site;
use crate::web::{SignedIn, html};

#[derive(Template)]
#[template(path = "console/dashboard.html")]
struct Dashboard {
    frame: Frame,
    people: usize,
    groups: usize,
    apps: usize,
    events: Vec<EventRow>,
}

pub(super) async fn dashboard(State(site): State<Site>, by: SignedIn) -> Response {
    let latest = LogQuery { descending: true, limit: Some(8), ..LogQuery::default() };
    let page = Dashboard {
        frame: Frame::around(Page::Dashboard, &site, &by),
        people: site.model.users(&PageRequest::all(), |_| true).items.len(),
        groups: site.model.groups(&PageRequest::all(), |_| true).items.len(),
        apps: site.model.apps(&PageRequest::all(), |_| true).items.len(),
        events: site.model.log_events(&latest).items.into_iter().map(EventRow::of).collect(),
    };
    html(StatusCode::OK, &page)
}

#[derive(Template)]
#[template(path = "console/log.html")]
struct SystemLog {
    frame: Frame,
    query: String,
    events: Vec<EventRow>,
    more: Option<String>,
}

pub(super) async fn system_log(State(site): State<Site>, by: SignedIn, listing: Listing) -> Response {
    let PageRequest { after, limit } = listing.page();
    let words = listing.query().split_whitespace().map(str::to_owned).collect();
    let found =
        site.model.log_events(&LogQuery { words, descending: true, after, limit, ..LogQuery::default() });
    // The log always names a next position, since others follow it; here a full page suggests one.
    let full = Some(found.items.len()) == limit;
    let page = SystemLog {
        frame: Frame::around(Page::SystemLog, &site, &by),
        query: listing.query().to_owned(),
        more: listing.more(found.next.filter(|_| full)),
        events: found.items.into_iter().map(EventRow::of).collect(),
    };
    html(StatusCode::OK, &page)
}
