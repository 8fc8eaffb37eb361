//! The authorization server that a request is for, by its path.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::request::Parts;

use super::error::{self, OAuthError};
use super::keys::ServerKeys;
use crate::api::ApiError;
use crate::model::{
    AuthorizationServer, AuthorizationServerId, ServerName, ServerStatus, TokenLifetimes, TokenRequest,
};
use crate::site::Site;
use crate::web::Visit;

/// An authorization server in use, as its endpoints see it.
#[derive(Clone, Debug)]
pub(crate) struct AuthServer {
    pub(crate) record: Arc<AuthorizationServer>,
    pub(crate) keys: Arc<ServerKeys>,
    /// Where it is: `https://acme.okta.test/oauth2` or `https://acme.okta.test/oauth2/default`.
    base: String,
    issuer: String,
}

impl AuthServer {
    /// The server of this name, if it is in use and has been spoken to.
    pub(crate) fn of(site: &Site, name: &ServerName) -> Option<Self> {
        let record = site.model.authorization_server(name)?;
        let record = Some(record).filter(|record| record.status == ServerStatus::Active)?;
        let org = site.issuer();
        let base = format!("{org}{}", name.path());
        let issuer = match name {
            ServerName::Org => org,
            ServerName::Custom(_) => base.clone(),
        };
        Some(Self { keys: site.keys.get(name)?, record, base, issuer })
    }

    pub(crate) fn name(&self) -> &ServerName {
        &self.record.name
    }

    pub(crate) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The audience of its access tokens.
    pub(crate) fn audience(&self) -> &str {
        self.record.audience.as_deref().unwrap_or(&self.issuer)
    }

    /// How long the tokens are good that this client gets here.
    ///
    /// # Errors
    /// When no access policy lets it have any.
    pub(super) fn lifetimes(
        &self,
        site: &Site,
        request: &TokenRequest<'_>,
    ) -> Result<TokenLifetimes, OAuthError> {
        site.model.token_lifetimes(&self.record, request).ok_or_else(error::policy_denied)
    }

    /// The URL of one of its endpoints.
    pub(crate) fn endpoint(&self, name: &str) -> String {
        format!("{}/v1/{name}", self.base)
    }
}

/// Which server a path is below: `/oauth2/v1/…` and `/.well-known/…` are the org's own.
pub(crate) fn named(path: &str) -> ServerName {
    match path.strip_prefix("/oauth2/").and_then(|rest| rest.split('/').next()) {
        None | Some("v1") => ServerName::Org,
        Some(id) => ServerName::Custom(AuthorizationServerId::new(id)),
    }
}

impl FromRequestParts<Site> for AuthServer {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Response> {
        let Ok(visit) = Visit::from_request_parts(parts, site).await;
        let name = named(visit.uri.path());
        if let Some(server) = Self::of(site, &name) {
            return Ok(server);
        }
        let known = site.model.authorization_server(&name);
        if known.is_some_and(|known| known.status == ServerStatus::Active) {
            let claimed = site.keys.of(&name).await;
            claimed.map_err(|_| StatusCode::SERVICE_UNAVAILABLE.into_response())?;
        }
        Self::of(site, &name).ok_or_else(|| missing(&name).into_response())
    }
}

/// There is no such server, or it is not in use.
pub(super) fn missing(name: &ServerName) -> ApiError {
    match name {
        ServerName::Org => ApiError::no_such_path(),
        ServerName::Custom(id) => ApiError::not_found("AuthorizationServer", id.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_one_server() {
        let custom = |id: &str| ServerName::Custom(AuthorizationServerId::new(id));
        assert_eq!(named("/.well-known/openid-configuration"), ServerName::Org);
        assert_eq!(named("/oauth2/v1/token"), ServerName::Org);
        assert_eq!(named("/oauth2/default/v1/token"), custom("default"));
        assert_eq!(named("/oauth2/aus1/.well-known/openid-configuration"), custom("aus1"));
        assert_eq!(named("/oauth2/"), custom(""));
    }
}
