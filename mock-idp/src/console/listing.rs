//! What a list was asked for, and the way to its next page.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, RawQuery};
use http::request::Parts;
use url::form_urlencoded;

use crate::model::PageRequest;
use crate::web::Params;

/// How many rows a page of a list has.
const ROWS: usize = 100;

/// A list's query: words to search for (`q`), a status, where the page before ended (`after`).
pub(super) struct Listing {
    params: Params,
}

impl Listing {
    pub(super) fn query(&self) -> &str {
        self.params.text("q").trim()
    }

    /// A further member of the query, or nothing.
    pub(super) fn text(&self, name: &str) -> &str {
        self.params.text(name)
    }

    pub(super) fn status(&self) -> &str {
        self.params.text("status")
    }

    pub(super) fn after(&self) -> Option<&str> {
        self.params.value("after")
    }

    pub(super) fn is_search(&self) -> bool {
        !self.query().is_empty() || !self.status().is_empty()
    }

    pub(super) fn page(&self) -> PageRequest {
        PageRequest { after: self.after().map(str::to_owned), limit: Some(ROWS) }
    }

    /// Whether each word of the query is in one of the texts, whatever the letter case.
    pub(super) fn matches(&self, texts: &[&str]) -> bool {
        let texts: Vec<String> = texts.iter().map(|text| text.to_lowercase()).collect();
        let found = |word: &str| texts.iter().any(|text| text.contains(&word.to_lowercase()));
        self.query().split_whitespace().all(found)
    }

    /// The link to the rows behind `next`.
    pub(super) fn more(&self, next: Option<String>) -> Option<String> {
        let mut link = form_urlencoded::Serializer::for_suffix(String::from("?"), 1);
        link.append_pair("after", &next?);
        for name in ["q", "status", "type", "user", "outcome", "since", "until"] {
            if let Some(value) = self.params.value(name) {
                link.append_pair(name, value);
            }
        }
        Some(link.finish())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Listing {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let RawQuery(query) = RawQuery::from_request_parts(parts, state).await?;
        Ok(Self { params: Params::parse(query.unwrap_or_default().as_bytes()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(query: &str) -> Listing {
        Listing { params: Params::parse(query.as_bytes()) }
    }

    #[test]
    fn every_word_must_be_somewhere() {
        let alice = listing("q=+Alice+ACME+");
        assert!(alice.matches(&["Alice Archer", "alice@acme.test"]));
        assert!(!alice.matches(&["Alice Archer"]));
        assert!(listing("").matches(&[]));
    }

    #[test]
    fn the_next_page_keeps_the_search() {
        let listing = listing("q=a%26b&status=ACTIVE&after=1");
        assert_eq!(listing.more(Some("2".into())).as_deref(), Some("?after=2&q=a%26b&status=ACTIVE"));
        assert_eq!(listing.more(None), None);
    }
}
