use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::{HeaderName, HeaderValue, Method, header};

use super::fault::Fault;
use super::sessions::Sessions;
use super::{agents, assets, authtokens, edge_page, edges, endpoints, oidc, people, sign_in, traffic};
use crate::model::{Model, Scheme};

/// The largest form, 64 KiB.
const MAX_FORM: usize = 64 * 1024;

/// What every page of the dashboard stands on.
#[derive(Clone)]
pub(super) struct Dashboard {
    pub(super) model: Model,
    pub(super) sessions: Arc<Sessions>,
    /// `https://dashboard.<domain>[:port]`, as browsers write it in `Origin`.
    origin: Arc<str>,
}

/// The dashboard over this model.
pub(crate) fn router(model: Model) -> Router {
    let host = model.domain().child("dashboard").expect("a short label under a domain is a domain");
    let origin = model.url(Scheme::Https, &host).into();
    let dashboard = Dashboard { model, sessions: Arc::default(), origin };
    Router::new()
        .route("/", get(endpoints::list))
        .route("/endpoints/{endpoint}", get(endpoints::show))
        .route("/traffic", get(traffic::list))
        .route("/traffic/{number}", get(traffic::show))
        .route("/agents", get(agents::list))
        .route("/agents/{agent}", get(agents::show))
        .route("/agents/{agent}/stop", post(agents::stop))
        .route("/agents/{agent}/restart", post(agents::restart))
        .route("/people", get(people::list))
        .route("/people/{user}/sign-out", post(people::show_out))
        .route("/sessions/{session}/revoke", post(people::revoke))
        .route("/sign-in", get(sign_in::show).post(sign_in::enter))
        .route("/sign-out", post(sign_in::leave))
        .route("/cloud-edge", get(edges::overview))
        .route("/edges", get(edges::list).post(edges::create))
        .route("/edges/new", get(edges::choose))
        .route("/edges/{edge}", get(edge_page::show))
        .route("/edges/{edge}/description", post(edge_page::rename))
        .route("/edges/{edge}/delete", post(edge_page::delete))
        .route("/edges/{edge}/oidc", get(oidc::show).post(oidc::save))
        .route("/edges/{edge}/oidc/setup", get(oidc::set_up))
        .route("/edges/{edge}/oidc/secret", post(oidc::reveal))
        .route("/edges/{edge}/oidc/remove", post(oidc::remove))
        .route("/authtokens", get(authtokens::list))
        .route("/authtokens/{credential}", post(authtokens::reveal))
        .route("/assets/dashboard.css", get(assets::style))
        .route("/assets/dashboard.js", get(assets::script))
        .route("/assets/dashboard.svg", get(assets::icon))
        .fallback(nothing)
        .method_not_allowed_fallback(not_so)
        .layer(DefaultBodyLimit::max(MAX_FORM))
        .layer(middleware::from_fn_with_state(dashboard.clone(), guard))
        .with_state(dashboard)
}

async fn nothing() -> Fault {
    Fault::NotFound
}

async fn not_so() -> Fault {
    Fault::Method
}

/// Lets changes come from the dashboard's own pages alone, and keeps pages out of caches, frames and other sites' reach.
async fn guard(State(dashboard): State<Dashboard>, request: Request, next: Next) -> Response {
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD);
    let mut response = if changes && !dashboard.is_own(&request) {
        Fault::Elsewhere.into_response()
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Without scripts, styles and forms of anyone else. The referrer policy is not `no-referrer`: browsers would then
/// write `Origin: null` on our own forms.
const ALWAYS: [(HeaderName, &str); 5] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; \
         base-uri 'none'; frame-ancestors 'none'",
    ),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "same-origin"),
    (header::CACHE_CONTROL, "no-store"),
];

impl Dashboard {
    fn is_own(&self, request: &Request) -> bool {
        let mut origins = request.headers().get_all(header::ORIGIN).iter();
        let own = origins.next().is_some_and(|origin| origin.as_bytes() == self.origin.as_bytes());
        own && origins.next().is_none()
    }
}
