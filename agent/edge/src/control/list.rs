//! Lists, a page at a time.

use axum::extract::FromRequestParts;
use http::request::Parts;
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::error::ApiError;
use super::router::Uris;
use crate::model::Model;

const MOST: usize = 100;

/// Which page.
#[derive(Debug, Default)]
pub(super) struct PageQuery {
    before_id: Option<String>,
    limit: Option<usize>,
}

impl FromRequestParts<Model> for PageQuery {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Model) -> Result<Self, ApiError> {
        let mut query = Self::default();
        for (name, value) in form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()) {
            match &*name {
                _ if value.is_empty() => {}
                "before_id" => query.before_id = Some(value.into_owned()),
                "limit" => {
                    let limit = value.parse().map_err(|_| {
                        ApiError::bad_request(232, format!("A page's limit is a number, not {value:?}."))
                    })?;
                    query.limit = Some(limit);
                }
                // A list that is silently whole would be taken for what was asked for.
                _ => {
                    let message = format!(
                        "{name:?} is not offered for lists by this edge; page with before_id and limit."
                    );
                    return Err(ApiError::bad_request(215, message));
                }
            }
        }
        Ok(query)
    }
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
