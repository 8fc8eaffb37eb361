//! OpenID Connect and OAuth 2.0 at the org authorization server, whose issuer is the org's own URL, and at custom ones.

mod acr;
mod activate;
mod assertion;
mod authorize;
mod claims;
mod client_auth;
mod client_credentials;
mod consent;
mod device;
mod error;
mod front_channel;
mod grants;
mod initiate;
mod issue;
mod keys;
mod logout;
mod metadata;
mod pkce;
mod pushed;
mod refresh;
mod refresh_token;
mod request;
mod request_object;
mod respond;
mod response_type;
mod revoke;
mod scope;
mod server;
#[cfg(test)]
mod tests;
mod token;
mod userinfo;

use axum::Router;
use axum::routing::{get, post};

pub(crate) use assertion::UsedAssertions;
pub(crate) use authorize::{finish, refuse_unmet};
pub(crate) use consent::ConsentsAwaited;
pub(crate) use device::DeviceRequests;
pub(crate) use grants::{Grants, OutstandingToken};
pub(crate) use keys::{KeyRing, KeyStatus, ServerKeys};
pub(crate) use pushed::PushedRequests;
pub(crate) use request::AuthorizeRequest;
pub(crate) use server::named as server_at;

use crate::site::Site;

/// The endpoints, on the org's host: the org server's, and the same below each custom server.
pub(crate) fn router() -> Router<Site> {
    let custom = endpoints()
        .route("/.well-known/openid-configuration", get(metadata::discovery))
        .route("/.well-known/oauth-authorization-server", get(metadata::oauth_metadata));
    let servers = endpoints().nest("/{server}", custom).fallback(metadata::nothing);
    Router::new()
        .route("/.well-known/openid-configuration", get(metadata::discovery))
        .route("/home/{name}/{id}", get(initiate::open_app))
        .route("/activate", get(activate::show).post(activate::submit))
        .route("/activate/done", get(activate::done))
        .route("/activate/denied", get(activate::denied))
        .route("/consent", get(consent::show).post(consent::decide))
        .nest("/oauth2", servers)
}

fn endpoints() -> Router<Site> {
    Router::new()
        .route("/v1/keys", get(metadata::keys))
        .route("/v1/authorize", get(authorize::authorize).post(authorize::authorize))
        .route("/v1/par", post(pushed::push))
        .route("/v1/device/authorize", post(device::authorize))
        .route("/v1/token", post(token::token))
        .route("/v1/userinfo", get(userinfo::userinfo).post(userinfo::userinfo))
        .route("/v1/introspect", post(revoke::introspect))
        .route("/v1/revoke", post(revoke::revoke))
        .route("/v1/logout", get(logout::logout).post(logout::logout))
}
