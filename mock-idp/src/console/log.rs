//! Reports > System Log, and the dashboard with its latest entries.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, NaiveDateTime, Utc};
use http::StatusCode;

use super::frame::{Frame, Page};
use super::listing::Listing;
use super::rows::{EventRow, OUTCOMES, outcome_label};
use crate::model::{EventType, LogEvent, LogQuery, PageRequest, Party};
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
    search: Search,
    wrong: Option<String>,
    events: Vec<EventRow>,
    more: Option<String>,
}

/// What the log is searched for, as it was typed.
struct Search {
    words: String,
    event_type: String,
    /// A login or an id, of the actor or a target.
    user: String,
    /// How it ended.
    outcome: String,
    since: String,
    until: String,
}

impl Search {
    fn of(listing: &Listing) -> Self {
        Self {
            words: listing.query().to_owned(),
            event_type: listing.text("type").to_owned(),
            user: listing.text("user").trim().to_owned(),
            outcome: listing.text("outcome").to_owned(),
            since: listing.text("since").to_owned(),
            until: listing.text("until").to_owned(),
        }
    }

    /// The names of all event types, in alphabetical order.
    fn types(&self) -> Vec<&'static str> {
        let mut names: Vec<_> = EventType::ALL.iter().map(|known| known.name()).collect();
        names.sort_unstable();
        names
    }

    /// How events end.
    fn outcomes(&self) -> [&'static str; 5] {
        OUTCOMES.map(outcome_label)
    }

    fn is_any(&self) -> bool {
        [&self.words, &self.event_type, &self.user, &self.outcome, &self.since, &self.until]
            .iter()
            .any(|text| !text.is_empty())
    }

    /// The query of the model, from the latest back.
    fn query(&self, PageRequest { after, limit }: PageRequest) -> Result<LogQuery, String> {
        Ok(LogQuery {
            since: moment("From", &self.since)?,
            until: moment("To", &self.until)?,
            event_types: Some(self.event_type.clone()).into_iter().filter(|name| !name.is_empty()).collect(),
            words: self.words.split_whitespace().map(str::to_owned).collect(),
            descending: true,
            after,
            limit,
        })
    }

    fn is_about(&self, event: &LogEvent) -> bool {
        let named = |party: &Party| {
            party.id == self.user || party.alternate_id.to_lowercase() == self.user.to_lowercase()
        };
        let ended = self.outcome.is_empty() || outcome_label(event.outcome.result) == self.outcome;
        ended && (self.user.is_empty() || named(&event.actor) || event.target.iter().any(named))
    }
}

/// A moment as a browser's field gives it, which is the stage's time in UTC; seconds may be absent.
fn moment(field: &str, text: &str) -> Result<Option<DateTime<Utc>>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let formats = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M"];
    let parsed = formats.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok());
    match parsed {
        Some(moment) => Ok(Some(moment.and_utc())),
        None => Err(format!("{field}: that is no date and time. Write it as 2026-01-31T12:00.")),
    }
}

pub(super) async fn system_log(State(site): State<Site>, by: SignedIn, listing: Listing) -> Response {
    let search = Search::of(&listing);
    let request = listing.page();
    let limit = request.limit;
    let (found, wrong) = match search.query(request) {
        Ok(query) => (site.model.log_events_where(&query, |event| search.is_about(event)), None),
        Err(wrong) => (crate::model::Page { items: Vec::new(), next: None }, Some(wrong)),
    };
    let status = if wrong.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    // The log always names a next position, since others follow it; here a full page suggests one.
    let full = Some(found.items.len()) == limit;
    let page = SystemLog {
        frame: Frame::around(Page::SystemLog, &site, &by),
        search,
        wrong,
        more: listing.more(found.next.filter(|_| full)),
        events: found.items.into_iter().map(EventRow::of).collect(),
    };
    html(status, &page)
}
