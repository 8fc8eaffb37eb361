//! Who calls the API: somebody with an API token.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, header};

use super::ApiError;
use crate::model::{Actor, ApiToken, Cause, Model, User};
use crate::site::Site;
use crate::web::Visit;

/// An administrator, by an API token.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub(super) owner: Arc<User>,
    pub(super) cause: Cause,
}

impl FromRequestParts<Site> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, ApiError> {
        let Ok(visit) = Visit::from_request_parts(parts, site).await;
        let header = parts.headers.get(header::AUTHORIZATION).ok_or_else(ApiError::no_session)?;
        let token = token_in(header).ok_or_else(ApiError::invalid_token)?;
        let (token, owner) = site.model.api_token(token).ok_or_else(ApiError::invalid_token)?;
        let actor = Actor::ApiToken { token: token.id, owner: owner.id.clone() };
        Ok(Self { owner, cause: visit.cause(actor) })
    }
}

/// The API token that a request carries, if it is one.
pub(crate) fn token_of(headers: &HeaderMap, model: &Model) -> Option<(ApiToken, Arc<User>)> {
    model.api_token(token_in(headers.get(header::AUTHORIZATION)?)?)
}

fn token_in(header: &HeaderValue) -> Option<&str> {
    header.to_str().ok().and_then(after_scheme)
}

/// The token of `SSWS <token>`; one of Okta's own clients leaves the space out.
fn after_scheme(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_at_checked(4)?;
    scheme.eq_ignore_ascii_case("SSWS").then(|| token.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_follows_the_scheme_with_or_without_a_space() {
        assert_eq!(after_scheme("SSWS 00abc"), Some("00abc"));
        assert_eq!(after_scheme("SSWS00abc"), Some("00abc"));
        assert_eq!(after_scheme("Bearer 00abc"), None);
        assert_eq!(after_scheme("SSW"), None);
        assert_eq!(after_scheme("SSW\u{e9}"), None);
    }
}
