//! `add-headers` and `remove-headers`.

use std::fmt;

use http::HeaderMap;
use http::header::{HOST, HeaderName, HeaderValue, USER_AGENT};
use serde_json::json;

use crate::denial::Denial;
use crate::error::{ModuleError, PolicyError, code};
use crate::expression::Template;
use crate::facts::{ActionResult, Facts};
use crate::policy::Phase;
use crate::reading::Value;

/// How many headers an action may name.
const MAX_HEADERS: usize = 10;
/// How long a header's value may be, in bytes.
const MAX_VALUE: usize = 8 * 1024;

/// Headers that frame messages or belong to one connection; nobody but the edge sets them.
const RESERVED: [&str; 10] = [
    "connection",
    "content-length",
    "expect",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "http2-settings",
];

/// Header names with their values, in which expressions are interpolated.
#[derive(Clone, Debug, Default)]
pub(super) struct HeaderTemplates {
    pairs: Vec<(HeaderName, Template)>,
}

impl HeaderTemplates {
    pub(super) fn read(value: &Value<'_>, least: usize) -> Result<Self, PolicyError> {
        let entries = value.entries(least..=MAX_HEADERS)?;
        let pairs = entries.into_iter().map(|(name, value)| {
            let name = header_name(name).map_err(|what| value.error(what))?;
            Ok((name, value.template()?))
        });
        Ok(Self { pairs: pairs.collect::<Result<_, _>>()? })
    }

    pub(super) fn render(&self, facts: &Facts<'_>) -> Result<Vec<(HeaderName, HeaderValue)>, Denial> {
        let pairs = self.pairs.iter().map(|(name, template)| {
            let text =
                template.render(facts).map_err(|error| Denial::expression(code::INTERPOLATION, &error))?;
            Ok((name.clone(), header_value(name, &text)?))
        });
        pairs.collect()
    }

    pub(super) fn names(&self, name: &HeaderName) -> bool {
        self.pairs.iter().any(|(known, _)| known == name)
    }
}

fn header_name(text: &str) -> Result<HeaderName, String> {
    let name = text.trim().to_ascii_lowercase();
    let name: HeaderName = name.parse().map_err(|_| format!("`{text}` is no header name"))?;
    if name == USER_AGENT || RESERVED.contains(&name.as_str()) {
        return Err(format!("the header `{name}` can't be added or removed"));
    }
    Ok(name)
}

/// A value that came of an interpolation may hold what no header may.
fn header_value(name: &HeaderName, text: &str) -> Result<HeaderValue, Denial> {
    let value = HeaderValue::from_bytes(text.trim().as_bytes()).ok().filter(|value| value.len() <= MAX_VALUE);
    value.ok_or_else(|| {
        let message = "The endpoint's traffic policy made a header that can't be sent.";
        Denial::new(http::StatusCode::INTERNAL_SERVER_ERROR, Some(code::INTERPOLATION), message).detailed(
            format!("the value for the header `{name}` has letters that no header may have, or is too long"),
        )
    })
}

/// `add-headers`: adds headers, beside those of the same name that are there; `host` takes the place of the one that
/// is there.
#[derive(Clone, Debug)]
pub struct AddHeaders {
    headers: HeaderTemplates,
}

/// Headers with their values, to be added.
#[derive(Clone)]
#[must_use = "they are not added yet"]
pub struct Added {
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl AddHeaders {
    /// The headers module: names and values, in which `${…}` is interpolated.
    pub fn new<'a>(
        headers: impl IntoIterator<Item = (&'a str, &'a str)>,
        phase: Phase,
    ) -> Result<Self, ModuleError> {
        let pairs = headers.into_iter().map(|(name, value)| {
            let template = Template::parse(value, phase).map_err(|error| ModuleError(error.to_string()))?;
            let problem = |what| ModuleError(format!("Headers can't be added so: {what}."));
            Ok((header_name(name).map_err(problem)?, template))
        });
        Ok(Self { headers: HeaderTemplates { pairs: pairs.collect::<Result<_, _>>()? } })
    }

    pub(crate) fn read(config: &Value<'_>) -> Result<Self, PolicyError> {
        let mut members = config.members()?;
        let headers = HeaderTemplates::read(&members.required("headers")?, 1)?;
        members.finish()?;
        Ok(Self { headers })
    }

    /// The headers with their values. What can't be evaluated refuses the exchange, since the other side may rely on
    /// the header.
    pub fn render(&self, facts: &Facts<'_>) -> Result<Added, Denial> {
        Ok(Added { headers: self.headers.render(facts)? })
    }
}

impl Added {
    /// Adds them.
    pub fn apply(self, headers: &mut HeaderMap) -> ActionResult {
        let mut added = serde_json::Map::new();
        for (name, value) in self.headers {
            added.insert(name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into());
            if name == HOST {
                headers.insert(name, value);
            } else {
                headers.append(name, value);
            }
        }
        ActionResult { action: "add_headers", members: json!({ "headers_added": added }) }
    }
}

impl fmt::Debug for Added {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The values may be secrets.
        f.debug_set().entries(self.headers.iter().map(|(name, _)| name)).finish()
    }
}

/// `remove-headers`: takes headers away.
#[derive(Clone, Debug)]
pub struct RemoveHeaders {
    names: Vec<HeaderName>,
}

impl RemoveHeaders {
    /// The headers module.
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, ModuleError> {
        let problem = |what| ModuleError(format!("Headers can't be removed so: {what}."));
        let names =
            names.into_iter().map(|name| removable(name).map_err(problem)).collect::<Result<_, _>>()?;
        Ok(Self { names })
    }

    pub(crate) fn read(config: &Value<'_>) -> Result<Self, PolicyError> {
        let mut members = config.members()?;
        let headers = members.required("headers")?.items(1..=MAX_HEADERS)?;
        members.finish()?;
        let name = |item: &Value<'_>| removable(item.literal()?).map_err(|what| item.error(what));
        Ok(Self { names: headers.iter().map(name).collect::<Result<_, _>>()? })
    }

    /// Removes them.
    pub fn apply(&self, headers: &mut HeaderMap) -> ActionResult {
        let removed: Vec<&str> = self
            .names
            .iter()
            .filter(|name| headers.remove(*name).is_some())
            .map(HeaderName::as_str)
            .collect();
        ActionResult { action: "remove_headers", members: json!({ "headers_removed": removed }) }
    }
}

fn removable(text: &str) -> Result<HeaderName, String> {
    let name = header_name(text)?;
    if name == HOST {
        return Err("the header `host` can't be removed".to_owned());
    }
    Ok(name)
}
