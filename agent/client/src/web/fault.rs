//! What goes wrong at the local API, as ngrok's says it.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// Why a request is answered with an error.
#[derive(Debug)]
pub(super) struct Fault {
    status: StatusCode,
    code: u16,
    message: &'static str,
    detail: String,
}

/// The request's own fault, or what it asks for can't be.
const INVALID: u16 = 102;
/// The edge doesn't give the tunnel.
const NOT_STARTED: u16 = 103;
/// There is no such thing.
const NOT_FOUND: u16 = 100;

impl Fault {
    pub(super) fn new(
        status: StatusCode,
        code: u16,
        message: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        Self { status, code, message, detail: detail.into() }
    }

    pub(super) fn invalid(message: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, INVALID, message, detail)
    }

    pub(super) fn not_started(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_GATEWAY, NOT_STARTED, "failed to start tunnel", detail)
    }

    pub(super) fn not_found(message: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, NOT_FOUND, message, detail)
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let Self { status, code, message, detail } = self;
        let body = json!({
            "error_code": code,
            "status_code": status.as_u16(),
            "msg": message,
            "details": { "err": detail },
        });
        (status, Json(body)).into_response()
    }
}

/// Whatever is asked for under no address of ours.
pub(super) async fn nothing_here() -> Fault {
    Fault::not_found("there is nothing here", "the local API is under /api, the inspector at /inspect/http")
}
