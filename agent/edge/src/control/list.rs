//! Lists, a page at a time.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::error::ApiError;
use super::router::Uris;

const MOST: usize = 100;

/// Which page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PageQuery {
    before_id: Option<String>,
    limit: Option<usize>,
}

/// The page of `entries` (oldest first, each with its id) that was asked for, newest first.
pub(super) fn page(
    uris: &Uris,
    path: &str,
    key: &str,
    query: &PageQuery,
    entries: Vec<(String, Value)>,
) -> Result<Value, ApiError> {
    let limit = query.limit.unwrap_or(MOST);
    if !(1..=MOST).contains(&limit) {
        return Err(ApiError::bad_request(233, format!("A page has 1 to {MOST} entries, not {limit}.")));
    }
    let mut rest = entries.into_iter().rev().peekable();
    if let Some(before) = &query.before_id
        && rest.by_ref().all(|(id, _)| id != *before)
    {
        return Err(ApiError::not_found("entry", before));
    }
    let page: Vec<(String, Value)> = rest.by_ref().take(limit).collect();
    let next = match (page.last(), rest.peek()) {
        (Some((last, _)), Some(_)) => uris.of(&format!("{path}?before_id={last}&limit={limit}")).into(),
        _ => Value::Null,
    };
    let mut list = Map::new();
    list.insert(key.to_owned(), page.into_iter().map(|(_, entry)| entry).collect());
    list.insert("uri".to_owned(), uris.of(path).into());
    list.insert("next_page_uri".to_owned(), next);
    Ok(Value::Object(list))
}
