//! Facts as values of CEL.

use std::collections::HashMap;
use std::sync::Arc;

use cel::Value;
use cel::objects::{Key, Map};
use chrono::{DateTime, Utc};
use http::HeaderMap;
use http::header::HeaderValue;

use super::{MAX_ITEMS, MAX_TEXT};

pub(super) fn text(text: impl AsRef<str>) -> Option<Value> {
    Some(text.as_ref().into())
}

pub(super) fn time(time: DateTime<Utc>) -> Option<Value> {
    Some(Value::Timestamp(time.fixed_offset()))
}

pub(super) fn texts<'a>(texts: impl IntoIterator<Item = &'a str>) -> Option<Value> {
    list(texts.into_iter().map(Value::from).collect())
}

pub(super) fn list(items: Vec<Value>) -> Option<Value> {
    Some(Value::List(Arc::new(items)))
}

pub(super) fn map(entries: impl IntoIterator<Item = (String, Value)>) -> Option<Value> {
    let map: HashMap<Key, Value> =
        entries.into_iter().map(|(name, value)| (Key::from(name), value)).collect();
    Some(Value::Map(Map { map: Arc::new(map) }))
}

/// Values under their names, in the order in which they came: `{name: [value, …]}`.
pub(super) fn grouped(pairs: impl IntoIterator<Item = (String, Value)>) -> Option<Value> {
    let mut groups: HashMap<String, Vec<Value>> = HashMap::new();
    for (name, value) in pairs {
        groups.entry(name).or_default().push(value);
    }
    map(groups.into_iter().map(|(name, values)| (name, Value::List(Arc::new(values)))))
}

/// All headers, as `{name: [value, …]}` with names in lower case.
pub(super) fn headers(headers: &HeaderMap) -> Option<Value> {
    grouped(headers.iter().map(|(name, value)| (name.as_str().to_owned(), lossy(value).into())))
}

/// Whether a value is larger than an expression's work was estimated for.
pub(super) fn is_too_large(value: &Value) -> bool {
    let (items, bytes) = measure(value);
    items > MAX_ITEMS || bytes > MAX_TEXT
}

/// How many items a value has, and how many bytes of text, with all in it.
fn measure(value: &Value) -> (usize, usize) {
    let add = |(items, bytes): (usize, usize), (more, longer): (usize, usize)| (items + more, bytes + longer);
    match value {
        Value::String(text) => (0, text.len()),
        Value::List(list) => list.iter().map(measure).fold((list.len(), 0), add),
        Value::Map(map) => {
            let key = |key: &Key| match key {
                Key::String(name) => name.len(),
                _ => 0,
            };
            let entries = map.map.iter().map(|(name, value)| add((1, key(name)), measure(value)));
            entries.fold((0, 0), add)
        }
        _ => (0, 0),
    }
}

/// A header's value as text; what is not UTF-8 in it is replaced.
pub(super) fn lossy(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}
