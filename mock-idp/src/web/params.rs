//! Names and values from a query or a form, strictly.

use std::collections::HashSet;

use axum::body::Body;
use axum::extract::Request;
use ground::serve::PATIENCE;
use http::{Method, StatusCode, header};
use url::form_urlencoded;

/// The largest form that is read.
const MAX_FORM: usize = 64 * 1024;

/// A request's parameters, in the order in which they came. `Debug` shows names alone.
#[derive(Clone, Default)]
pub(crate) struct Params {
    pairs: Vec<(String, String)>,
}

impl Params {
    pub(crate) fn parse(encoded: &[u8]) -> Self {
        Self { pairs: form_urlencoded::parse(encoded).into_owned().collect() }
    }

    /// The value of this name; an empty value is as good as none. The first, where there are several.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        let found = self.pairs.iter().find(|(given, _)| given == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// The value of this name, or an empty text.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.value(name).unwrap_or_default()
    }

    /// All values of this name.
    pub(crate) fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.pairs.iter().filter(move |(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// Whether any of these names was given, empty or not.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.pairs.iter().any(|(given, _)| given == name)
    }

    /// The same without these.
    pub(crate) fn without(mut self, names: &[&str]) -> Self {
        self.pairs.retain(|(given, _)| !names.contains(&given.as_str()));
        self
    }

    /// The same with this name standing for this value alone.
    pub(crate) fn with(self, name: &str, value: &str) -> Self {
        let mut params = self.without(&[name]);
        params.pairs.push((name.to_owned(), value.to_owned()));
        params
    }

    /// The first name that was given twice (RFC 6749, 3.1: parameters must not be included more than once).
    pub(crate) fn duplicate(&self) -> Option<&str> {
        let mut seen = HashSet::new();
        self.pairs.iter().map(|(name, _)| name.as_str()).find(|name| !seen.insert(*name))
    }
}

impl std::fmt::Debug for Params {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.pairs.iter().map(|(name, _)| name)).finish()
    }
}

/// The parameters of a request: a GET's query, any other's form body of at most 64 KiB.
///
/// # Errors
/// 415 for another content type, 413 for a larger body, 408 for one that doesn't come, 400 for one that breaks off.
pub(crate) async fn read_form(request: Request) -> Result<Params, StatusCode> {
    if request.method() == Method::GET || request.method() == Method::HEAD {
        return Ok(Params::parse(request.uri().query().unwrap_or_default().as_bytes()));
    }
    let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = content_type.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }
    Ok(Params::parse(&read_body(request.into_body(), MAX_FORM).await?))
}

/// A body of at most `limit` bytes, within [`PATIENCE`].
pub(crate) async fn read_body(body: Body, limit: usize) -> Result<bytes::Bytes, StatusCode> {
    match tokio::time::timeout(PATIENCE, axum::body::to_bytes(body, limit)).await {
        Err(_) => Err(StatusCode::REQUEST_TIMEOUT),
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) => {
            Err(if is_length_limit(&error) { StatusCode::PAYLOAD_TOO_LARGE } else { StatusCode::BAD_REQUEST })
        }
    }
}

fn is_length_limit(error: &(dyn std::error::Error + 'static)) -> bool {
    error.is::<http_body_util::LengthLimitError>() || error.source().is_some_and(is_length_limit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn empty_values_are_absent_and_duplicates_are_noticed() {
        let params = Params::parse(b"a=1&b=&c=x+y%21&d=1&d=2");
        assert_eq!(params.value("a"), Some("1"));
        assert_eq!(params.value("b"), None);
        assert!(params.has("b"));
        assert_eq!(params.text("c"), "x y!");
        assert_eq!(params.duplicate(), Some("d"));
        assert_eq!(Params::parse(b"a=1&b=2").duplicate(), None);
    }

    #[test]
    fn debug_shows_no_value() {
        assert_eq!(format!("{:?}", Params::parse(b"password=hunter2")), r#"{"password"}"#);
    }

    proptest! {
        #[test]
        fn whatever_comes_is_parsed(encoded in proptest::collection::vec(any::<u8>(), 0..300)) {
            let params = Params::parse(&encoded);
            params.duplicate();
        }
    }
}
