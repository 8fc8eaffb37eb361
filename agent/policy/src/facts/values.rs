//! Facts as values of CEL, none of which is too large.

use std::collections::HashMap;
use std::sync::Arc;

use cel::Value;
use cel::objects::{Key, Map};
use chrono::{DateTime, Utc};
use http::HeaderMap;
use http::header::HeaderValue;

use super::{MAX_ITEMS, MAX_TEXT};

pub(super) fn text(text: impl AsRef<str>) -> Option<Value> {
    let text = text.as_ref();
    (text.len() <= MAX_TEXT).then(|| text.into())
}

pub(super) fn time(time: DateTime<Utc>) -> Option<Value> {
    Some(Value::Timestamp(time.fixed_offset()))
}

pub(super) fn texts<'a>(texts: impl IntoIterator<Item = &'a str>) -> Option<Value> {
    list(texts.into_iter().map(Value::from).collect())
}

pub(super) fn list(items: Vec<Value>) -> Option<Value> {
    (items.len() <= MAX_ITEMS).then(|| Value::List(Arc::new(items)))
}

pub(super) fn map(entries: impl IntoIterator<Item = (String, Value)>) -> Option<Value> {
    let map: HashMap<Key, Value> =
        entries.into_iter().map(|(name, value)| (Key::from(name), value)).collect();
    (map.len() <= MAX_ITEMS).then(|| Value::Map(Map { map: Arc::new(map) }))
}

/// Values under their names, in the order in which they came: `{name: [value, …]}`.
pub(super) fn grouped(pairs: impl IntoIterator<Item = (String, Value)>) -> Option<Value> {
    let mut groups: HashMap<String, Vec<Value>> = HashMap::new();
    let mut count = 0;
    for (name, value) in pairs {
        count += 1;
        groups.entry(name).or_default().push(value);
    }
    (count <= MAX_ITEMS)
        .then(|| map(groups.into_iter().map(|(name, values)| (name, Value::List(Arc::new(values))))))
        .flatten()
}

/// All headers, as `{name: [value, …]}` with names in lower case.
pub(super) fn headers(headers: &HeaderMap) -> Option<Value> {
    let size: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if size > MAX_TEXT * 4 {
        return None;
    }
    grouped(headers.iter().map(|(name, value)| (name.as_str().to_owned(), lossy(value).into())))
}

/// A header's value as text; what is not UTF-8 in it is replaced.
pub(super) fn lossy(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}
