//! Who asks, and what: the parts of a request that every handler needs.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::response::{IntoResponse, Response};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;

use super::error::ApiError;
use crate::model::{Account, Model, looks_like_a_token};

/// The account whose API key came with the request.
pub(super) struct Caller(pub(super) Account);

impl FromRequestParts<Model> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, model: &Model) -> Result<Self, ApiError> {
        let account = authenticate(&parts.headers, model)?;
        check_version(&parts.headers)?;
        Ok(Self(account))
    }
}

fn authenticate(headers: &HeaderMap, model: &Model) -> Result<Account, ApiError> {
    let refused = |code, message: &str| ApiError::new(StatusCode::UNAUTHORIZED, code, message);
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(refused(200, "One Authorization header is needed, Bearer and an API key."));
    };
    let words = value.to_str().ok().and_then(|value| value.split_once(' '));
    let Some((_, key)) = words.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")) else {
        return Err(refused(201, "The Authorization header is not Bearer and an API key."));
    };
    let key = key.trim();
    if let Some(account) = model.account_of_api_key(key) {
        return Ok(account);
    }
    if !looks_like_a_token(key) {
        return Err(refused(202, "The API key is malformed. It has two parts joined by an underscore."));
    }
    if model.credential_of(key).is_some() {
        return Err(refused(206, "This is an authtoken. The API takes an API key."));
    }
    Err(refused(203, "The API key is not known."))
}

fn check_version(headers: &HeaderMap) -> Result<(), ApiError> {
    match headers.get("ngrok-version").map(http::HeaderValue::as_bytes) {
        Some(b"2") => Ok(()),
        Some(_) => {
            Err(ApiError::bad_request(217, "This API's version is 2: send the header ngrok-version: 2."))
        }
        None => {
            Err(ApiError::bad_request(218, "The API's version is missing: send the header ngrok-version: 2."))
        }
    }
}

/// A request's JSON.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Model> for Body<T> {
    type Rejection = Response;

    async fn from_request(request: Request, model: &Model) -> Result<Self, Response> {
        let kind =
            request.headers().get(CONTENT_TYPE).map(|kind| kind.to_str().unwrap_or_default().to_owned());
        let json = |kind: &str| kind.split(';').next().unwrap_or_default().trim() == "application/json";
        let bytes = Bytes::from_request(request, model).await.map_err(IntoResponse::into_response)?;
        let bytes = match kind.as_deref() {
            // A command such as "update" comes without a body.
            None if bytes.is_empty() => Bytes::from_static(b"{}"),
            None => return Err(refuse(216, "The content type is missing; the API takes application/json.")),
            Some(kind) if !json(kind) => return Err(refuse(210, "The API takes application/json.")),
            Some(_) if bytes.is_empty() => Bytes::from_static(b"{}"),
            Some(_) => bytes,
        };
        match serde_json::from_slice(&bytes) {
            Ok(value) => Ok(Self(value)),
            Err(error) => {
                Err(refuse(213, &format!("The body can't be read as what this request takes: {error}.")))
            }
        }
    }
}

/// Refuses to make something for somebody else: what an account has belongs to all of its logins.
pub(super) fn no_owner(owner: Option<&str>) -> Result<(), ApiError> {
    match owner {
        None | Some("") => Ok(()),
        Some(_) => Err(ApiError::bad_request(215, "\"owner_id\" is not offered by this edge.")),
    }
}

fn refuse(code: u16, message: &str) -> Response {
    ApiError::bad_request(code, message).into_response()
}
