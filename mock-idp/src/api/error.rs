//! API errors in Okta's shape and words (its `error-codes.json`).

use axum::Json;
use axum::response::{IntoResponse, Response};
use ground::random;
use http::StatusCode;
use serde_json::json;

use crate::model::{FactorRefusal, ModelError, UserStatus};

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApiError {
    status: StatusCode,
    code: &'static str,
    summary: String,
    causes: Vec<String>,
}

impl ApiError {
    fn new(status: StatusCode, code: &'static str, summary: impl Into<String>) -> Self {
        Self { status, code, summary: summary.into(), causes: Vec::new() }
    }

    /// A member of the request is not acceptable.
    pub(crate) fn invalid(field: &str, reason: &str) -> Self {
        let summary = format!("Api validation failed: {field}");
        Self {
            causes: vec![format!("{field}: {reason}")],
            ..Self::new(StatusCode::BAD_REQUEST, "E0000001", summary)
        }
    }

    /// A profile has no such attribute; Okta refuses those, where it leaves unknown members elsewhere aside.
    pub(super) fn no_such_attribute(name: &str) -> Self {
        Self::invalid("profile", &format!("Property name(s) do(es) not exist or is read only: {name}"))
    }

    /// The body is not the JSON that was expected.
    pub(crate) fn malformed() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "E0000003", "The request body was not well-formed.")
    }

    /// The body can't be read: too large, too slow, broken off.
    pub(super) fn unreadable(status: StatusCode) -> Self {
        Self { status, ..Self::malformed() }
    }

    /// Whoever asks may not.
    pub(crate) fn access_denied() -> Self {
        let summary = "You do not have permission to perform the requested action";
        Self::new(StatusCode::FORBIDDEN, "E0000006", summary)
    }

    pub(super) fn no_session() -> Self {
        Self::new(StatusCode::FORBIDDEN, "E0000005", "Invalid session")
    }

    pub(crate) fn invalid_token() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "E0000011", "Invalid token provided")
    }

    /// Name or password are wrong, the account can't be used, or a policy denies it: nobody is told which.
    pub(crate) fn authentication_failed() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "E0000004", "Authentication failed")
    }

    /// A transaction of the primary authentication API begins with a name and a password.
    pub(crate) fn credentials_required() -> Self {
        let cause = "The 'username' and 'password' attributes are required in this context.";
        let error = Self::new(StatusCode::BAD_REQUEST, "E0000001", "Api validation failed: authRequest");
        Self { causes: vec![cause.to_owned()], ..error }
    }

    /// It is not what may come next in this transaction.
    pub(crate) fn illegal_state() -> Self {
        let summary = "This operation is not allowed in the current authentication state.";
        let error = Self::new(StatusCode::FORBIDDEN, "E0000079", summary);
        Self { causes: vec![summary.to_owned()], ..error }
    }

    /// There is no such thing. `kind` is Okta's name of it.
    pub(crate) fn not_found(kind: &str, id: &str) -> Self {
        let summary = format!("Not found: Resource not found: {id} ({kind})");
        Self::new(StatusCode::NOT_FOUND, "E0000007", summary)
    }

    pub(crate) fn no_such_path() -> Self {
        Self::new(StatusCode::NOT_FOUND, "E0000008", "The requested path was not found")
    }

    pub(crate) fn wrong_method() -> Self {
        let summary = "The endpoint does not support the provided HTTP method";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "E0000022", summary)
    }

    pub(crate) fn rate_limited() -> Self {
        let summary = "API call exceeded rate limit due to too many requests.";
        Self::new(StatusCode::TOO_MANY_REQUESTS, "E0000047", summary)
    }

    /// The org itself gave way, with a status from 500 on.
    pub(crate) fn out_of_order(status: StatusCode) -> Self {
        Self::new(status, "E0000009", "Internal Server Error")
    }

    /// Something of this machine's failed.
    pub(super) fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "E0000009", "Internal Server Error")
    }

    pub(super) fn unsupported() -> Self {
        Self::new(StatusCode::NOT_IMPLEMENTED, "E0000060", "Unsupported operation.")
    }

    pub(super) fn invalid_paging() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "E0000029", "Invalid paging request.")
    }

    pub(super) fn invalid_date() -> Self {
        let summary = "Bad request. Invalid date. Dates must be of the form yyyy-MM-dd'T'HH:mm:ss.SSSZZ, e.g. \
                       2013-01-01T12:00:00.000-07:00.";
        Self::new(StatusCode::BAD_REQUEST, "E0000030", summary)
    }

    pub(super) fn invalid_search() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "E0000031", "Invalid search criteria.")
    }
}

impl From<ModelError> for ApiError {
    fn from(error: ModelError) -> Self {
        let refused = |status, code, text: &str| Self::new(status, code, text);
        match error {
            ModelError::NotFound { kind, id } => Self::not_found(kind, &id),
            ModelError::Invalid { field, reason } => Self::invalid(field, &reason),
            ModelError::Unsuitable(reason) => {
                let summary = format!("Api validation failed: {reason}");
                let error = Self::new(StatusCode::BAD_REQUEST, "E0000001", summary);
                Self { causes: vec![reason.to_owned()], ..error }
            }
            ModelError::ClientSecret(reason) => {
                let summary = "Api validation failed: OAuth2ClientSecretMediated";
                let error = Self::new(StatusCode::BAD_REQUEST, "E0000001", summary);
                Self { causes: vec![reason.to_owned()], ..error }
            }
            ModelError::AlreadyActive => {
                let text = "Activation failed because the user is already active";
                refused(StatusCode::FORBIDDEN, "E0000016", text)
            }
            ModelError::NotLocked => {
                refused(StatusCode::FORBIDDEN, "E0000032", "Unlock is not allowed for this user.")
            }
            ModelError::WrongStatus => {
                let text = "This operation is not allowed in the user's current status.";
                refused(StatusCode::FORBIDDEN, "E0000038", text)
            }
            ModelError::PasswordChangeNotAllowed => {
                let text = "Change password not allowed on specified user.";
                refused(StatusCode::FORBIDDEN, "E0000035", text)
            }
            ModelError::PasswordNotTaken(reason) => {
                let error = refused(StatusCode::FORBIDDEN, "E0000014", "Update of credentials failed");
                Self { causes: vec![reason], ..error }
            }
            ModelError::PasswordResetFailed => {
                refused(StatusCode::FORBIDDEN, "E0000017", "Password reset failed")
            }
            ModelError::InvalidToken => Self::invalid_token(),
            ModelError::DeleteActiveApp => {
                refused(StatusCode::FORBIDDEN, "E0000056", "Delete application forbidden.")
            }
            ModelError::BuiltInGroup => Self::access_denied(),
        }
    }
}

impl From<FactorRefusal> for ApiError {
    fn from(refusal: FactorRefusal) -> Self {
        let words = refusal.to_string();
        let refused = |status, code, text: &str| Self::new(status, code, text);
        let caused = |error: Self, cause: &str| Self { causes: vec![cause.to_owned()], ..error };
        match refusal {
            FactorRefusal::NotFound => Self::not_found("UserFactor", "factor"),
            FactorRefusal::NotActive => {
                let text = "Invalid factor id, it is not currently active.";
                refused(StatusCode::GONE, "E0000154", text)
            }
            FactorRefusal::UserNotActive(UserStatus::LockedOut) => {
                refused(StatusCode::FORBIDDEN, "E0000069", "User Locked")
            }
            FactorRefusal::UserNotActive(_) => {
                refused(StatusCode::LOCKED, "E0000155", "User is not currently active.")
            }
            FactorRefusal::TooManyFailures { .. } => {
                let text = "API call exceeded rate limit due to too many requests.";
                refused(StatusCode::TOO_MANY_REQUESTS, "E0000047", text)
            }
            FactorRefusal::WrongCode => {
                let cause = "Your passcode doesn't match our records. Please try again.";
                caused(refused(StatusCode::FORBIDDEN, "E0000068", &words), cause)
            }
            FactorRefusal::CodeUsed => caused(refused(StatusCode::FORBIDDEN, "E0000082", &words), &words),
            FactorRefusal::Rejected | FactorRefusal::WrongNumber => {
                refused(StatusCode::FORBIDDEN, "E0000073", "User rejected authentication")
            }
            FactorRefusal::WrongDevice
            | FactorRefusal::WrongOrigin
            | FactorRefusal::WrongRelyingParty
            | FactorRefusal::WrongChallenge
            | FactorRefusal::UserNotPresent
            | FactorRefusal::UserNotVerified
            | FactorRefusal::WrongSignature
            | FactorRefusal::Copied
            | FactorRefusal::UnknownCredential => {
                caused(refused(StatusCode::FORBIDDEN, "E0000068", "Invalid Passcode/Answer"), &words)
            }
            FactorRefusal::Malformed => Self::malformed(),
            FactorRefusal::AlreadyActive | FactorRefusal::AlreadyEnrolled | FactorRefusal::Expired => {
                let summary = format!("Api validation failed: {words}");
                caused(refused(StatusCode::BAD_REQUEST, "E0000001", &summary), &words)
            }
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let causes: Vec<_> = self.causes.iter().map(|cause| json!({ "errorSummary": cause })).collect();
        let body = json!({
            "errorCode": self.code,
            "errorSummary": self.summary,
            "errorLink": self.code,
            "errorId": format!("oae{}", random::alphanumeric(22)),
            "errorCauses": causes,
        });
        (self.status, Json(body)).into_response()
    }
}
