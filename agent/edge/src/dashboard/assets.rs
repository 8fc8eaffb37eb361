//! The one style sheet, the one script, the icon.

use axum::response::IntoResponse;
use http::header::CONTENT_TYPE;

pub(super) async fn style() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("../../templates/dashboard/dashboard.css"))
}

pub(super) async fn script() -> impl IntoResponse {
    (
        [(CONTENT_TYPE, "text/javascript; charset=utf-8")],
        include_str!("../../templates/dashboard/dashboard.js"),
    )
}

pub(super) async fn icon() -> impl IntoResponse {
    ([(CONTENT_TYPE, "image/svg+xml")], include_str!("../../templates/dashboard/dashboard.svg"))
}
