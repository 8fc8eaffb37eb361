//! `redirect`.

use bytes::Bytes;
use http::header::{HeaderValue, LOCATION};
use http::{HeaderMap, StatusCode};

use crate::denial::{Denial, Reply};
use crate::error::{PolicyError, code};
use crate::facts::{ActionResult, Facts};
use crate::reading::Value;

use super::deny::status;
use super::headers::HeaderTemplates;
use super::rewriting::Rewriting;

/// `redirect`: sends the client to another URL, unless the change leaves its URL as it is.
#[derive(Clone, Debug)]
pub struct Redirect {
    rewriting: Rewriting,
    status: StatusCode,
    headers: HeaderTemplates,
}

impl Redirect {
    pub(crate) fn read(config: &Value<'_>) -> Result<Self, PolicyError> {
        let mut members = config.members()?;
        let (from, to) = (members.optional("from"), members.required("to")?);
        let (code, headers) = (members.optional("status_code"), members.optional("headers"));
        members.finish()?;
        let status = code.map(|value| status(&value, 300..=399)).transpose()?.unwrap_or(StatusCode::FOUND);
        let headers = headers.map(|headers| HeaderTemplates::read(&headers, 0)).transpose()?;
        let rewriting = Rewriting::read(from.as_ref(), &to)?;
        Ok(Self { rewriting, status, headers: headers.unwrap_or_default() })
    }

    /// The redirection, if the URL changes.
    pub fn reply(&self, facts: &Facts<'_>) -> Result<Option<(Reply, ActionResult)>, Denial> {
        let Some(rewritten) = self.rewriting.apply(facts)? else { return Ok(None) };
        let location = HeaderValue::from_bytes(rewritten.url.as_bytes()).map_err(|_| {
            let message = "The endpoint's traffic policy made a URL that can't be sent.";
            Denial::new(StatusCode::INTERNAL_SERVER_ERROR, Some(code::INTERPOLATION), message)
        })?;
        let mut headers = HeaderMap::new();
        for (name, value) in self.headers.render(facts)? {
            headers.append(name, value);
        }
        headers.insert(LOCATION, location);
        let reply = Reply { status: self.status, headers, body: Bytes::new() };
        Ok(Some((reply, rewritten.result("redirect"))))
    }
}
