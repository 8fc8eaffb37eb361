//! JSON in and out.

use axum::extract::{FromRequest, Request};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::ApiError;
use crate::site::Site;
use crate::web::read_body;

/// The largest JSON body that is read.
const MAX_JSON: usize = 1024 * 1024;

/// A JSON object of at most 1 MiB. (The content type isn't looked at: Okta's clients don't agree on one.)
///
/// As at Okta, members that an endpoint has no use for are left aside, so that what was read can be sent back; unknown
/// attributes of a profile are refused, and so are unknown members of what is this project's own (`/gatewright`).
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Site> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &Site) -> Result<Self, ApiError> {
        let bytes = read_body(request.into_body(), MAX_JSON).await.map_err(ApiError::unreadable)?;
        object(&bytes).map(Self)
    }
}

/// The same where it may be absent.
pub(super) struct OptionalBody<T>(pub(super) Option<T>);

impl<T: DeserializeOwned> FromRequest<Site> for OptionalBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &Site) -> Result<Self, ApiError> {
        let bytes = read_body(request.into_body(), MAX_JSON).await.map_err(ApiError::unreadable)?;
        if bytes.is_empty() { Ok(Self(None)) } else { object(&bytes).map(Some).map(Self) }
    }
}

/// A JSON list, likewise.
pub(super) struct List<T>(pub(super) Vec<T>);

impl<T: DeserializeOwned> FromRequest<Site> for List<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &Site) -> Result<Self, ApiError> {
        let bytes = read_body(request.into_body(), MAX_JSON).await.map_err(ApiError::unreadable)?;
        serde_json::from_slice(&bytes).map(Self).map_err(|_| ApiError::malformed())
    }
}

/// A list is no object, whatever its members; serde alone would take one for the other.
fn object<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    let members = serde_json::from_slice::<Map<String, Value>>(bytes).map_err(|_| ApiError::malformed())?;
    serde_json::from_value(members.into()).map_err(|_| ApiError::malformed())
}

/// Okta's spelling of a moment.
pub(crate) fn timestamp(moment: DateTime<Utc>) -> Value {
    moment.to_rfc3339_opts(SecondsFormat::Millis, true).into()
}

/// The same, of one that may not have come.
pub(crate) fn optional_timestamp(moment: Option<DateTime<Utc>>) -> Value {
    moment.map_or(Value::Null, timestamp)
}
