//! What `redirect` and `url-rewrite` share: a URL is changed by a regular expression.

use regex::{Regex, RegexBuilder};
use serde_json::json;

use crate::denial::Denial;
use crate::error::{PolicyError, code};
use crate::expression::Template;
use crate::facts::{ActionResult, Facts};
use crate::reading::Value;

/// How large a regular expression may become when it is compiled, in bytes.
const MAX_REGEX: usize = 1024 * 1024;

/// A change of URLs. Expressions are interpolated before the pattern is applied, and stand in it for themselves.
#[derive(Clone, Debug)]
pub(super) struct Rewriting {
    /// What of the URL is replaced; without it, all.
    from: Option<Pattern>,
    to: Template,
}

#[derive(Clone, Debug)]
enum Pattern {
    Fixed(Regex),
    Interpolated(Template),
}

/// A URL that was changed.
#[derive(Clone, Debug)]
pub(super) struct Rewritten {
    pub(super) url: String,
    pub(super) matches: Vec<String>,
}

impl Rewriting {
    pub(super) fn read(from: Option<&Value<'_>>, to: &Value<'_>) -> Result<Self, PolicyError> {
        let from = from.map(Pattern::read).transpose()?;
        Ok(Self { from, to: to.template()? })
    }

    /// The changed URL; nothing if it stays as it is.
    pub(super) fn apply(&self, facts: &Facts<'_>) -> Result<Option<Rewritten>, Denial> {
        let evaluation = |error| Denial::expression(code::INTERPOLATION, &error);
        let url = facts.url().ok_or_else(|| {
            Denial::new(http::StatusCode::BAD_REQUEST, None, "The request's URL can't be read.")
        })?;
        let url = url.normalized.as_str().to_owned();
        let Some(pattern) = &self.from else {
            let to = self.to.render(facts).map_err(evaluation)?;
            return Ok((to != url).then(|| Rewritten { url: to, matches: vec![url] }));
        };
        // A `$` of a value is no reference to a group.
        let to = self.to.render_with(facts, |value| value.replace('$', "$$")).map_err(evaluation)?;
        let regex = pattern.regex(facts)?;
        let matches: Vec<String> = regex.find_iter(&url).map(|found| found.as_str().to_owned()).collect();
        let changed = regex.replace_all(&url, to.as_str());
        Ok((changed != url).then(|| Rewritten { url: changed.into_owned(), matches }))
    }
}

impl Pattern {
    fn read(value: &Value<'_>) -> Result<Self, PolicyError> {
        let template = value.template()?;
        let Some(literal) = template.as_literal() else { return Ok(Self::Interpolated(template)) };
        let compiled = compile(literal).map_err(|error| {
            let last = error.to_string().lines().last().unwrap_or_default().to_owned();
            value.refused(code::REGEX, format!("`{literal}` is not a valid regular expression ({last})."))
        })?;
        Ok(Self::Fixed(compiled))
    }

    fn regex(&self, facts: &Facts<'_>) -> Result<Regex, Denial> {
        match self {
            Self::Fixed(regex) => Ok(regex.clone()),
            Self::Interpolated(template) => {
                let pattern = template
                    .render_with(facts, |value| regex::escape(&value))
                    .map_err(|error| Denial::expression(code::INTERPOLATION, &error))?;
                compile(&pattern).map_err(|_| {
                    let message = "The endpoint's traffic policy could not be evaluated for this request.";
                    Denial::new(http::StatusCode::INTERNAL_SERVER_ERROR, Some(code::REGEX), message)
                        .detailed("the interpolated `from` is no regular expression")
                })
            }
        }
    }
}

fn compile(pattern: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(pattern).size_limit(MAX_REGEX).build()
}

impl Rewritten {
    pub(super) fn result(&self, action: &'static str) -> ActionResult {
        let error = crate::facts::no_error();
        let members = json!({ "matches": self.matches, "url": self.url, "error": error });
        ActionResult { action, members }
    }
}
