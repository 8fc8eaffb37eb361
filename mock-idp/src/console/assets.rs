//! The consoles' style sheet and script, on both hosts.

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header;

use crate::site::Site;

/// `/assets/console.css` and `/assets/console.js`.
pub(crate) fn assets() -> Router<Site> {
    let css = || file("text/css; charset=utf-8", include_str!("../../templates/console/console.css"));
    let js = || file("text/javascript; charset=utf-8", include_str!("../../templates/console/console.js"));
    Router::new()
        .route("/assets/console.css", get(move || async move { css() }))
        .route("/assets/console.js", get(move || async move { js() }))
}

fn file(content_type: &'static str, text: &'static str) -> Response {
    let headers = [(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, "public, max-age=3600")];
    (headers, text).into_response()
}
