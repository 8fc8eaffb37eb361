//! Lists in pages: `limit` and `after` in, `Link` headers out.

use axum::Json;
use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderValue, header};
use serde_json::Value;
use url::form_urlencoded;

use super::ApiError;
use crate::model::{Page, PageRequest};
use crate::site::Site;
use crate::web::{Params, Visit};

/// A list's query.
pub(super) struct Listing {
    pub(super) query: Params,
    /// The URL without its query.
    url: String,
    raw_query: String,
}

impl FromRequestParts<Site> for Listing {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, ApiError> {
        let Ok(Visit { uri, .. }) = Visit::from_request_parts(parts, site).await;
        let raw_query = uri.query().unwrap_or_default().to_owned();
        let query = Params::parse(raw_query.as_bytes());
        Ok(Self { query, url: format!("{}{}", site.names.org_url(), uri.path()), raw_query })
    }
}

impl Listing {
    /// The page that is asked for, of `usual` items unless the query says, and never more than `most`.
    ///
    /// # Errors
    /// E0000029 for a limit that is no number from 1 on, and for a cursor that no list of ours has given.
    pub(super) fn page(&self, usual: usize, most: usize) -> Result<PageRequest, ApiError> {
        let is_id = |after: &str| after.len() == 20 && after.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let limit = self.limit(usual, most)?;
        if limit == 0 {
            return Err(ApiError::invalid_paging());
        }
        Ok(PageRequest { after: self.after(is_id)?, limit: Some(limit) })
    }

    /// The same of the System Log, whose cursors are positions and which may be asked for nothing.
    ///
    /// # Errors
    /// As for [`page`](Self::page).
    pub(super) fn log_page(&self) -> Result<PageRequest, ApiError> {
        let after = self.after(|after| after.parse::<usize>().is_ok())?;
        Ok(PageRequest { after, limit: Some(self.limit(100, 1000)?) })
    }

    fn limit(&self, usual: usize, most: usize) -> Result<usize, ApiError> {
        match self.query.value("limit") {
            None => Ok(usual),
            Some(limit) => {
                limit.parse().map_err(|_| ApiError::invalid_paging()).map(|limit: usize| limit.min(most))
            }
        }
    }

    fn after(&self, is_cursor: impl Fn(&str) -> bool) -> Result<Option<String>, ApiError> {
        match self.query.value("after") {
            Some(after) if !is_cursor(after) => Err(ApiError::invalid_paging()),
            after => Ok(after.map(str::to_owned)),
        }
    }

    /// The page's items, with links to this page and the next.
    pub(super) fn answer(&self, page: Page<Value>) -> Response {
        let mut response = Json(page.items).into_response();
        let this = if self.raw_query.is_empty() {
            self.url.clone()
        } else {
            format!("{}?{}", self.url, self.raw_query)
        };
        let next = page.next.map(|after| self.url_after(&after));
        for (url, relation) in [(Some(this), "self"), (next, "next")] {
            let link =
                url.and_then(|url| HeaderValue::from_str(&format!("<{url}>; rel=\"{relation}\"")).ok());
            response.headers_mut().extend(link.map(|link| (header::LINK, link)));
        }
        response
    }

    fn url_after(&self, after: &str) -> String {
        let others = form_urlencoded::parse(self.raw_query.as_bytes()).filter(|(name, _)| name != "after");
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(others).append_pair("after", after);
        format!("{}?{}", self.url, query.finish())
    }
}
