//! Who calls the API: somebody with an API token.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::header;
use http::request::Parts;

use super::ApiError;
use crate::model::{Actor, Cause, User};
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
        let token = header.to_str().ok().and_then(token_of).ok_or_else(ApiError::invalid_token)?;
        let (token, owner) = site.model.api_token(token).ok_or_else(ApiError::invalid_token)?;
        let actor = Actor::ApiToken { token: token.id, owner: owner.id.clone() };
        Ok(Self { owner, cause: visit.cause(actor) })
    }
}

/// The token of `SSWS <token>`; one of Okta's own clients leaves the space out.
fn token_of(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_at_checked(4)?;
    scheme.eq_ignore_ascii_case("SSWS").then(|| token.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_follows_the_scheme_with_or_without_a_space() {
        assert_eq!(token_of("SSWS 00abc"), Some("00abc"));
        assert_eq!(token_of("SSWS00abc"), Some("00abc"));
        assert_eq!(token_of("Bearer 00abc"), None);
        assert_eq!(token_of("SSW"), None);
        assert_eq!(token_of("SSW\u{e9}"), None);
    }
}
