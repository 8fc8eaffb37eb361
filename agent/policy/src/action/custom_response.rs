//! `custom-response`.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, StatusCode};

use crate::denial::{Denial, Reply};
use crate::error::{PolicyError, code};
use crate::expression::Template;
use crate::facts::Facts;
use crate::reading::Value;

use super::deny::status;
use super::headers::HeaderTemplates;

/// How long a body may become, in bytes.
const MAX_BODY: usize = 1024 * 1024;

/// `custom-response`: answers in the upstream's place, or in place of its answer.
#[derive(Clone, Debug)]
pub struct CustomResponse {
    status: StatusCode,
    headers: HeaderTemplates,
    body: Template,
}

impl CustomResponse {
    pub(crate) fn read(config: &Value<'_>) -> Result<Self, PolicyError> {
        let mut members = config.members()?;
        let written = members.optional("status_code");
        let headers = members.optional("headers");
        let body = members.optional("body");
        members.finish()?;
        let status = written.map(|value| status(&value, 200..=599)).transpose()?.unwrap_or(StatusCode::OK);
        if let Some(body) = &body
            && matches!(status, StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED)
        {
            return Err(body.error(format!("an answer with the status {} has no body", status.as_u16())));
        }
        Ok(Self {
            status,
            headers: headers
                .map(|headers| HeaderTemplates::read(&headers, 0))
                .transpose()?
                .unwrap_or_default(),
            body: body.map(|body| body.template()).transpose()?.unwrap_or_else(|| Template::literal("")),
        })
    }

    /// The answer.
    pub fn reply(&self, facts: &Facts<'_>) -> Result<Reply, Denial> {
        let body =
            self.body.render(facts).map_err(|error| Denial::expression(code::INTERPOLATION, &error))?;
        if body.len() > MAX_BODY {
            let message = "The endpoint's traffic policy made an answer that is too long.";
            return Err(Denial::new(StatusCode::INTERNAL_SERVER_ERROR, Some(code::INTERPOLATION), message));
        }
        let mut headers = HeaderMap::new();
        for (name, value) in self.headers.render(facts)? {
            headers.append(name, value);
        }
        if !body.is_empty() && !self.headers.names(&CONTENT_TYPE) {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type(&body)));
        }
        Ok(Reply { status: self.status, headers, body: Bytes::from(body) })
    }
}

/// What a body most likely is.
fn media_type(body: &str) -> &'static str {
    let start = body.trim_start();
    if start.starts_with(['{', '[']) && serde_json::from_str::<serde::de::IgnoredAny>(body).is_ok() {
        return "application/json";
    }
    let word = start.get(..14).unwrap_or(start).to_ascii_lowercase();
    if word.starts_with("<!doctype html") || word.starts_with("<html") {
        return "text/html; charset=utf-8";
    }
    "text/plain; charset=utf-8"
}
