//! What a page says when the org refuses.

use axum::response::{IntoResponse, Response};
use http::StatusCode;

use crate::model::ModelError;
use crate::site::Site;
use crate::web::error_page;

/// A page, or the reason why there is none.
pub(super) type Answer = Result<Response, Refusal>;

/// The model's refusal, shown as a page.
pub(super) struct Refusal {
    site: Site,
    error: ModelError,
}

/// Makes a page of the model's refusal.
pub(super) fn refused(site: &Site) -> impl Fn(ModelError) -> Refusal {
    move |error| Refusal { site: site.clone(), error }
}

/// There is no such `kind` of thing.
pub(super) fn missing(site: &Site, kind: &'static str, id: &str) -> Refusal {
    Refusal { site: site.clone(), error: ModelError::not_found(kind, id) }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let unchanged = || format!("The org refused: {}. Nothing was changed.", self.error);
        let (status, title, text) = match &self.error {
            ModelError::NotFound { kind, id } => {
                let text = format!("There is no {kind} {id} in this org, or no longer.");
                (StatusCode::NOT_FOUND, "Page not found", text)
            }
            ModelError::Invalid { .. } => (StatusCode::BAD_REQUEST, "That was not acceptable", unchanged()),
            _ => (StatusCode::CONFLICT, "That is not possible now", unchanged()),
        };
        error_page(&self.site, status, title, &text)
    }
}
