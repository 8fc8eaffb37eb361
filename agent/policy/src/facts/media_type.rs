//! The parts of `Content-Type` and `Content-Encoding`.

use cel::Value;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};

use super::values;

/// The header's value, whole.
pub(super) fn raw(headers: &HeaderMap) -> Option<String> {
    headers.get(CONTENT_TYPE).map(values::lossy)
}

/// The media type alone, in lower case.
pub(super) fn essence(headers: &HeaderMap) -> Option<String> {
    let raw = raw(headers)?;
    Some(raw.split(';').next().unwrap_or(&raw).trim().to_ascii_lowercase())
}

/// The parameters, by names in lower case.
pub(super) fn parameters(headers: &HeaderMap) -> Option<Value> {
    let raw = raw(headers)?;
    let parameters = raw.split(';').skip(1).filter_map(|part| part.split_once('='));
    values::map(parameters.map(|(name, value)| {
        let value = value.trim().trim_matches('"').to_owned();
        (name.trim().to_ascii_lowercase(), value.into())
    }))
}

/// The encodings of `Content-Encoding`, in lower case.
pub(super) fn encodings(headers: &HeaderMap) -> Option<Value> {
    let lines: Vec<String> = headers.get_all(CONTENT_ENCODING).iter().map(values::lossy).collect();
    let encodings = lines.iter().flat_map(|line| line.split(',')).map(|one| one.trim().to_ascii_lowercase());
    values::list(encodings.filter(|one| !one.is_empty()).map(Value::from).collect())
}
