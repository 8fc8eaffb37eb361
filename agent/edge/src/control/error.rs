use axum::Json;
use axum::response::{IntoResponse, Response};
use ground::random;
use http::StatusCode;
use serde_json::json;

use crate::code::{Code, Refusal};
use crate::model::ModelError;

/// A refusal of the API: `{error_code, status_code, msg, details{operation_id}}`.
#[derive(Debug)]
pub(super) struct ApiError {
    status: StatusCode,
    refusal: Refusal,
}

impl ApiError {
    pub(super) fn new(status: StatusCode, code: u16, message: impl Into<String>) -> Self {
        Self { status, refusal: Refusal::new(Code(code), message) }
    }

    pub(super) fn bad_request(code: u16, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// The API has nothing at this path.
    pub(super) fn nothing_here() -> Self {
        Self::new(StatusCode::NOT_FOUND, 380, "The API has nothing at this path.")
    }

    /// Nothing of this kind has this id.
    pub(super) fn not_found(kind: &'static str, id: &str) -> Self {
        ModelError::unknown(kind, &id).into()
    }
}

impl From<ModelError> for ApiError {
    fn from(error: ModelError) -> Self {
        let status = match &error {
            ModelError::Unknown { .. } => StatusCode::NOT_FOUND,
            ModelError::Refused(refusal) if refusal.code == Code::OIDC_NOT_ENTITLED => StatusCode::FORBIDDEN,
            ModelError::Refused(_) => StatusCode::BAD_REQUEST,
            ModelError::NotKept(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self { status, refusal: Refusal::new(error.code(), sentence(&error.to_string())) }
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        ModelError::Refused(refusal).into()
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = json!({
            "error_code": self.refusal.code.to_string(),
            "status_code": self.status.as_u16(),
            "msg": self.refusal.message,
            "details": { "operation_id": format!("op_{}", random::alphanumeric(27)) },
        });
        (self.status, Json(body)).into_response()
    }
}

pub(super) fn sentence(fragment: &str) -> String {
    let mut letters = fragment.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let stop = if fragment.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{stop}", letters.as_str())
}
