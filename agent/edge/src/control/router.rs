use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRef, FromRequestParts};
use axum::routing::{get, post, put};
use http::StatusCode;
use http::request::Parts;

use super::error::ApiError;
use super::{
    api_keys, app_sessions, app_users, certificate_authorities, credentials, domains, edges, groups,
    ip_policies, modules, online, routes,
};
use crate::model::{Model, Scheme};

/// The largest request, 1 MiB.
const MAX_BODY: usize = 1024 * 1024;

/// The control API over this model.
pub(crate) fn router(model: Model) -> Router {
    Router::new()
        .route("/credentials", get(credentials::list).post(credentials::create))
        .route(
            "/credentials/{id}",
            get(credentials::show).patch(credentials::update).delete(credentials::revoke),
        )
        .route("/api_keys", get(api_keys::list).post(api_keys::create))
        .route("/api_keys/{id}", get(api_keys::show).patch(api_keys::update).delete(api_keys::revoke))
        .route("/reserved_domains", get(domains::list).post(domains::create))
        .route("/reserved_domains/{id}", get(domains::show).patch(domains::update).delete(domains::release))
        .route("/edges/https", get(edges::list).post(edges::create))
        .route("/edges/https/{edge}", get(edges::show).patch(edges::update).delete(edges::delete))
        .route(
            "/edges/https/{edge}/tls_termination",
            put(edges::set_tls).get(edges::show_tls).delete(edges::delete_tls),
        )
        .route("/edges/https/{edge}/routes", post(routes::create))
        .route(
            "/edges/https/{edge}/routes/{id}",
            get(routes::show).patch(routes::update).delete(routes::delete),
        )
        .route(
            "/edges/https/{edge}/routes/{id}/oidc",
            put(routes::set_oidc).get(routes::show_oidc).delete(routes::delete_oidc),
        )
        .route(
            "/edges/https/{edge}/routes/{id}/backend",
            put(routes::set_backend).get(routes::show_backend).delete(routes::delete_backend),
        )
        .route(
            "/edges/https/{edge}/routes/{id}/{module}",
            put(modules::set_on_route).get(modules::show_on_route).delete(modules::delete_on_route),
        )
        .route(
            "/certificate_authorities",
            get(certificate_authorities::list).post(certificate_authorities::create),
        )
        .route(
            "/certificate_authorities/{id}",
            get(certificate_authorities::show)
                .patch(certificate_authorities::update)
                .delete(certificate_authorities::delete),
        )
        .route(
            "/edges/https/{edge}/mutual_tls",
            put(certificate_authorities::set_mutual_tls)
                .get(certificate_authorities::show_mutual_tls)
                .delete(certificate_authorities::delete_mutual_tls),
        )
        .route("/ip_policies", get(ip_policies::list).post(ip_policies::create))
        .route(
            "/ip_policies/{id}",
            get(ip_policies::show).patch(ip_policies::update).delete(ip_policies::delete),
        )
        .route("/ip_policy_rules", get(ip_policies::list_rules).post(ip_policies::create_rule))
        .route(
            "/ip_policy_rules/{id}",
            get(ip_policies::show_rule).patch(ip_policies::update_rule).delete(ip_policies::delete_rule),
        )
        .route("/backends/tunnel_group", get(groups::list).post(groups::create))
        .route("/backends/tunnel_group/{id}", get(groups::show).patch(groups::update).delete(groups::delete))
        .route("/tunnels", get(online::tunnels))
        .route("/tunnels/{id}", get(online::tunnel))
        .route("/tunnel_sessions", get(online::sessions))
        .route("/tunnel_sessions/{id}", get(online::session))
        .route("/tunnel_sessions/{id}/stop", post(online::stop))
        .route("/tunnel_sessions/{id}/restart", post(online::restart))
        .route("/tunnel_sessions/{id}/update", post(online::update))
        .route("/endpoints", get(online::endpoints))
        .route("/endpoints/{id}", get(online::endpoint))
        .route("/app/users", get(app_users::list))
        .route("/app/users/{id}", get(app_users::show).delete(app_users::revoke))
        .route("/app/sessions", get(app_sessions::list))
        .route("/app/sessions/{id}", get(app_sessions::show).delete(app_sessions::revoke))
        .fallback(nothing)
        .method_not_allowed_fallback(not_so)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(model)
}

async fn nothing() -> ApiError {
    ApiError::nothing_here()
}

async fn not_so() -> ApiError {
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, 211, "The API has another method at this path.")
}

/// Absolute URLs of the API's resources.
#[derive(Clone, Debug)]
pub(super) struct Uris {
    base: String,
}

impl Uris {
    /// The URL of a path, which begins with `/`.
    pub(super) fn of(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }
}

impl FromRef<Model> for Uris {
    fn from_ref(model: &Model) -> Self {
        let host = model.domain().child("api").expect("a short label under a domain is a domain");
        Self { base: model.url(Scheme::Https, &host) }
    }
}

impl FromRequestParts<Model> for Uris {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(_: &mut Parts, model: &Model) -> Result<Self, Self::Rejection> {
        Ok(Self::from_ref(model))
    }
}
