//! `/api/v1/logs`, the System Log.

use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::ApiError;
use super::access::Caller;
use super::filter::Filter;
use super::paging::Listing;
use crate::model::{LogEvent, LogQuery, Page};
use crate::site::Site;

/// How far back a query without `since` goes, in stage time.
const USUAL_SPAN: TimeDelta = TimeDelta::days(7);

/// Events by `since`, `until`, `filter` and `q`, ascending unless `sortOrder=DESCENDING`. There is always a next page,
/// by which the log is followed.
pub(super) async fn list(
    State(site): State<Site>,
    _: Caller,
    listing: Listing,
) -> Result<Response, ApiError> {
    let request = listing.log_page()?;
    let query = &listing.query;
    let descending = match query.value("sortOrder") {
        None | Some("ASCENDING") => false,
        Some("DESCENDING") => true,
        Some(_) => return Err(ApiError::invalid("sortOrder", "Must be ASCENDING or DESCENDING")),
    };
    let filter = query.value("filter").map(Filter::parse).transpose()?;
    let until = moment(query.value("until"))?;
    let usual_since = until.unwrap_or(site.now()).checked_sub_signed(USUAL_SPAN);
    let wanted = LogQuery {
        since: moment(query.value("since"))?.or(usual_since),
        until,
        event_types: Vec::new(),
        words: keywords(query.text("q"))?,
        descending,
        after: request.after,
        limit: request.limit,
    };
    let chosen = |event: &LogEvent| filter.as_ref().is_none_or(|filter| filter.accepts(&shape(event)));
    let page = site.model.log_events_where(&wanted, chosen);
    let items = page.items.iter().map(|event| shape(event)).collect();
    Ok(listing.answer(Page { items, next: page.next }))
}

/// Okta's bounds: ten keywords of forty characters.
fn keywords(text: &str) -> Result<Vec<String>, ApiError> {
    let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    match words.len() > 10 || words.iter().any(|word| word.chars().count() > 40) {
        true => Err(ApiError::invalid("q", "At most 10 keywords of at most 40 characters are allowed")),
        false => Ok(words),
    }
}

fn shape(event: &LogEvent) -> Value {
    // A log event is texts, numbers and lists of them: it always has a JSON form.
    serde_json::to_value(event).unwrap_or_default()
}

fn moment(text: Option<&str>) -> Result<Option<DateTime<Utc>>, ApiError> {
    let parsed = text.map(|text| DateTime::parse_from_rfc3339(text).map(|moment| moment.to_utc()));
    parsed.transpose().map_err(|_| ApiError::invalid_date())
}
