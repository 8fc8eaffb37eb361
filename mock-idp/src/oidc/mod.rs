//! OpenID Connect at the org authorization server, whose issuer is the org's own URL.

mod acr;
mod assertion;
mod authorize;
mod claims;
mod client_auth;
mod error;
mod grants;
mod initiate;
mod issue;
mod keys;
mod logout;
mod metadata;
mod pkce;
mod refresh;
mod refresh_token;
mod request;
mod respond;
mod revoke;
mod scope;
#[cfg(test)]
mod tests;
mod token;
mod userinfo;

use axum::Router;
use axum::routing::{any, get, post};

pub(crate) use assertion::UsedAssertions;
pub(crate) use authorize::{finish, refuse_unmet};
pub(crate) use grants::Grants;
pub(crate) use keys::OrgKeys;
pub(crate) use request::AuthorizeRequest;

use crate::site::Site;

/// The endpoints, on the org's host.
pub(crate) fn router() -> Router<Site> {
    Router::new()
        .route("/.well-known/openid-configuration", get(metadata::discovery))
        .route("/oauth2/v1/keys", get(metadata::keys))
        .route("/oauth2/v1/authorize", get(authorize::authorize).post(authorize::authorize))
        .route("/oauth2/v1/token", post(token::token))
        .route("/oauth2/v1/userinfo", get(userinfo::userinfo).post(userinfo::userinfo))
        .route("/oauth2/v1/introspect", post(revoke::introspect))
        .route("/oauth2/v1/revoke", post(revoke::revoke))
        .route("/oauth2/v1/logout", get(logout::logout).post(logout::logout))
        .route("/home/{name}/{id}", get(initiate::open_app))
        .route("/oauth2/{*rest}", any(metadata::unknown_server))
}
