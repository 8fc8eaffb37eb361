//! One request, from the connection to the answer: which host, which handler, what is said about it.

use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use ground::Connection;
use ground::evidence::Exchange;
use ground::random;
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode, header};
use percent_encoding::percent_decode_str;
use tower::ServiceExt;

use crate::api::ApiError;
use crate::model::Surface;
use crate::perimeter::is_for_programs;
use crate::site::Site;
use crate::web::{Visit, error_page};
use crate::{
    Event, api, authn, console, dashboard, idx, misbehaviour, oidc, perimeter, sign_in, web, widget,
};

/// The org's two hosts.
#[derive(Clone)]
pub(crate) struct Server {
    site: Site,
    org: Router,
    admin: Router,
}

impl Server {
    pub(crate) fn new(site: Site) -> Self {
        let org = Router::new()
            .merge(oidc::router())
            .merge(sign_in::router())
            .merge(idx::router())
            .merge(authn::router())
            .merge(widget::router())
            .merge(api::router())
            .merge(dashboard::router());
        let admin = Router::new().merge(sign_in::admin_router()).merge(console::router());
        let whole = |router: Router<Site>| {
            let router = router.merge(web::assets()).fallback(not_found);
            router.method_not_allowed_fallback(wrong_method).with_state(site.clone())
        };
        Self { org: whole(org), admin: whole(admin), site }
    }

    /// Answers one request that came on `connection`.
    pub(crate) async fn answer(self, connection: Connection, request: Request<Body>) -> Response {
        let _busy = self.site.sink.busy();
        let began = Instant::now();
        let authority = authority(&request);
        let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
        let exchange = Exchange {
            began,
            connection,
            method: request.method().clone(),
            url: format!("https://{authority}{target}"),
            version: request.version(),
            request_headers: request.headers().clone(),
            status: StatusCode::OK,
            response_headers: HeaderMap::new(),
        };
        let request_id = random::alphanumeric(27);
        let mut response = match self.site.names.surface(&authority) {
            Some(surface) => self.route(surface, connection, &request_id, request).await,
            None => StatusCode::MISDIRECTED_REQUEST.into_response(),
        };
        describe(response.headers_mut(), &request_id);
        let (status, response_headers) = (response.status(), response.headers().clone());
        self.site.sink.emit(Event::Answered(Box::new(Exchange { status, response_headers, ..exchange })));
        response
    }

    async fn route(
        &self,
        surface: Surface,
        connection: Connection,
        request_id: &str,
        request: Request<Body>,
    ) -> Response {
        let (uri, headers) = (request.uri().clone(), request.headers().clone());
        let address = perimeter::address_of(&self.site.model, connection.peer.ip(), &headers);
        let visit = Visit { surface, address, request_id: request_id.to_owned(), uri, headers };
        if let Some(refusal) = perimeter::turn_away(&self.site, &visit, request.method()) {
            return refusal;
        }
        let (standing, refusal) = perimeter::count(&self.site, &visit);
        let mut response = match refusal {
            Some(refusal) => refusal,
            None => self.handle(&visit, request).await,
        };
        if let Some(standing) = standing {
            standing.describe(response.headers_mut());
        }
        response
    }

    async fn handle(&self, visit: &Visit, mut request: Request<Body>) -> Response {
        if percent_decode_str(visit.uri.path()).decode_utf8().is_err() {
            // No identifier or page has such a name.
            return match is_for_programs(visit.uri.path()) {
                true => ApiError::no_such_path().into_response(),
                false => not_found(State(self.site.clone())).await,
            };
        }
        request.extensions_mut().insert(visit.clone());
        let router = match visit.surface {
            Surface::Org => self.org.clone(),
            Surface::Admin => self.admin.clone(),
        };
        let handle = async |request| {
            let Ok(response) = router.oneshot(request).await;
            response
        };
        misbehaviour::answer(&self.site, visit, request, handle).await
    }
}

/// The host that was asked: HTTP/2's `:authority`, or HTTP/1.1's `Host`, which is one.
fn authority(request: &Request<Body>) -> String {
    if let Some(authority) = request.uri().authority() {
        return authority.to_string();
    }
    let mut hosts = request.headers().get_all(header::HOST).into_iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().unwrap_or_default().to_owned(),
        _ => String::new(),
    }
}

/// What Okta says on every answer.
fn describe(headers: &mut HeaderMap, request_id: &str) {
    let mut put = |name: &'static str, value: String| {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.entry(HeaderName::from_static(name)).or_insert(value);
        }
    };
    put("x-okta-request-id", request_id.to_owned());
    put("x-content-type-options", "nosniff".to_owned());
    let uncached = HeaderValue::from_static("no-cache, no-store");
    headers.entry(header::CACHE_CONTROL).or_insert(uncached);
}

async fn not_found(State(site): State<Site>) -> Response {
    error_page(&site, StatusCode::NOT_FOUND, "Page not found", "There is no such page here.")
}

async fn wrong_method(State(site): State<Site>, visit: Visit) -> Response {
    if is_for_programs(visit.uri.path()) {
        return ApiError::wrong_method().into_response();
    }
    let text = "This page can't be asked for in that way.";
    error_page(&site, StatusCode::METHOD_NOT_ALLOWED, "Method not allowed", text)
}
