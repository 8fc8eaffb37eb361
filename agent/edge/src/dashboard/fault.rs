use askama::Template;
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;

use super::answer::render;
use crate::code::Code;
use crate::model::ModelError;

/// Why a request to the dashboard did not do what it was for.
#[derive(Debug)]
pub(super) enum Fault {
    /// Nobody is signed in: to the sign-in page, and afterwards to this place.
    SignIn(gate::ReturnTo),
    /// The change did not come from the dashboard's own pages.
    Elsewhere,
    /// The form's token is not the session's.
    Stale,
    /// The form lacks a field, or has one twice.
    Malformed,
    /// Members look.
    MembersLook,
    /// There is no such page.
    NotFound,
    /// Not by this method.
    Method,
    /// The model refused.
    Refused { status: StatusCode, code: Code, reason: String },
}

impl From<ModelError> for Fault {
    fn from(error: ModelError) -> Self {
        let code = error.code();
        match error {
            ModelError::Unknown { .. } => Self::NotFound,
            ModelError::Refused(refusal) => {
                Self::Refused { status: StatusCode::BAD_REQUEST, code, reason: refusal.message }
            }
            ModelError::NotKept(reason) => {
                Self::Refused { status: StatusCode::INTERNAL_SERVER_ERROR, code, reason }
            }
        }
    }
}

#[derive(Template)]
#[template(path = "dashboard/fault.html")]
struct FaultPage<'a> {
    title: &'a str,
    words: &'a str,
    code: Option<Code>,
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let page = |status, title, words, code| render(status, &FaultPage { title, words, code });
        match &self {
            Self::SignIn(place) => {
                let to: String = url::form_urlencoded::byte_serialize(place.as_str().as_bytes()).collect();
                Redirect::to(&format!("/sign-in?to={to}")).into_response()
            }
            Self::Elsewhere => page(
                StatusCode::FORBIDDEN,
                "This change was not made",
                "It did not come from a page of the dashboard. If another site sent you here, don't go back there.",
                None,
            ),
            Self::Stale => page(
                StatusCode::FORBIDDEN,
                "This page was too old",
                "It was from an earlier session, so nothing was changed. Open the page again and repeat it.",
                None,
            ),
            Self::Malformed => page(
                StatusCode::BAD_REQUEST,
                "This form was incomplete",
                "Nothing was changed. Open the page again and repeat it.",
                None,
            ),
            Self::MembersLook => page(
                StatusCode::FORBIDDEN,
                "Only administrators can do this",
                "As a member you can look at everything but change nothing. Ask an administrator of your account.",
                None,
            ),
            Self::NotFound => page(
                StatusCode::NOT_FOUND,
                "Nothing is here",
                "It may have been deleted, or it belongs to another account.",
                None,
            ),
            Self::Method => page(
                StatusCode::METHOD_NOT_ALLOWED,
                "This can't be done here",
                "Open the page from the dashboard's menu.",
                None,
            ),
            Self::Refused { status, code, reason } => {
                page(*status, "This can't be done", reason, Some(*code))
            }
        }
    }
}
