//! `/api/v1/logs`, the System Log.

use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde_json::Value;

use super::ApiError;
use super::access::Caller;
use super::filter::Filter;
use super::paging::Listing;
use crate::model::{LogEvent, LogQuery, Page};
use crate::site::Site;

/// Events by `since`, `until`, `filter` and `q`, ascending unless `sortOrder=DESCENDING`. There is always a next page,
/// by which the log is followed.
pub(super) async fn list(
    State(site): State<Site>,
    _: Caller,
    listing: Listing,
) -> Result<Response, ApiError> {
    let request = listing.page(100, 1000)?;
    let query = &listing.query;
    let descending = match query.value("sortOrder") {
        None | Some("ASCENDING") => false,
        Some("DESCENDING") => true,
        Some(_) => return Err(ApiError::invalid("sortOrder", "Must be ASCENDING or DESCENDING")),
    };
    let filter = query.value("filter").map(Filter::parse).transpose()?;
    let words = query.text("q").split_whitespace().map(str::to_owned).collect();
    let wanted = LogQuery {
        since: moment(query.value("since"))?,
        until: moment(query.value("until"))?,
        event_types: Vec::new(),
        words,
        descending,
        // The position before the first, so that an empty log can be followed too.
        after: request.after,
        limit: request.limit,
    };
    let chosen = |event: &LogEvent| filter.as_ref().is_none_or(|filter| filter.accepts(&shape(event)));
    let page = site.model.log_events_where(&wanted, chosen);
    let items = page.items.iter().map(|event| shape(event)).collect();
    Ok(listing.answer(Page { items, next: page.next }))
}

fn shape(event: &LogEvent) -> Value {
    // A log event is texts, numbers and lists of them: it always has a JSON form.
    serde_json::to_value(event).unwrap_or_default()
}

fn moment(text: Option<&str>) -> Result<Option<DateTime<Utc>>, ApiError> {
    let parsed = text.map(|text| DateTime::parse_from_rfc3339(text).map(|moment| moment.to_utc()));
    parsed.transpose().map_err(|_| ApiError::invalid_date())
}
