//! Answers that actions give in the upstream's place.

use std::fmt;

use bytes::Bytes;
use http::header::{HeaderName, HeaderValue};
use http::{HeaderMap, StatusCode};

use crate::expression::EvaluationError;

/// A refusal: what the client is told instead of reaching the upstream. On a bare connection it is simply closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// The answer's status.
    pub status: StatusCode,
    /// ngrok's number for it, `ERR_NGROK_<code>`; none where the policy's author chose the refusal.
    pub code: Option<u16>,
    /// Why, in words for the person who reads the page; empty where an answer has no body.
    pub message: String,
    /// Headers that belong to it: `www-authenticate`, `retry-after`.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// What the endpoint's owner should know besides, for evidence and logs; not for the client.
    pub detail: Option<String>,
}

impl Denial {
    pub(crate) fn new(status: StatusCode, code: Option<u16>, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), headers: Vec::new(), detail: None }
    }

    pub(crate) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    pub(crate) fn detailed(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// That something could not be evaluated; what it was is the owner's business, not the client's.
    pub(crate) fn expression(code: u16, error: &EvaluationError) -> Self {
        let message = "The endpoint's traffic policy could not be evaluated for this request.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, Some(code), message).detailed(error.to_string())
    }
}

/// An answer that the policy's author wrote.
#[derive(Clone, PartialEq, Eq)]
pub struct Reply {
    /// The answer's status.
    pub status: StatusCode,
    /// Its headers, with `content-type` where there is a body.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What was interpolated may be a secret.
        f.debug_struct("Reply").field("status", &self.status).finish_non_exhaustive()
    }
}
