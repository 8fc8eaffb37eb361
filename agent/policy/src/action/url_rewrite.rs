//! `url-rewrite`.

use http::StatusCode;
use http::uri::PathAndQuery;
use url::{Position, Url};

use crate::denial::Denial;
use crate::error::{PolicyError, code};
use crate::facts::{ActionResult, Facts};
use crate::reading::Value;

use super::rewriting::Rewriting;

/// `url-rewrite`: the upstream gets another path and query than the client asked for. The pattern sees the whole URL,
/// and may not change its scheme and authority.
#[derive(Clone, Debug)]
pub struct UrlRewrite {
    rewriting: Rewriting,
}

impl UrlRewrite {
    pub(crate) fn read(config: &Value<'_>) -> Result<Self, PolicyError> {
        let mut members = config.members()?;
        let (from, to) = (members.optional("from"), members.required("to")?);
        members.finish()?;
        Ok(Self { rewriting: Rewriting::read(from.as_ref(), &to)? })
    }

    /// The request's new target, if it changes.
    pub fn rewrite(&self, facts: &Facts<'_>) -> Result<Option<(PathAndQuery, ActionResult)>, Denial> {
        let Some(rewritten) = self.rewriting.apply(facts)? else { return Ok(None) };
        let refused = |detail: &str| {
            let message = "The endpoint's traffic policy made a URL that can't be asked for.";
            Denial::new(StatusCode::INTERNAL_SERVER_ERROR, Some(code::INTERPOLATION), message)
                .detailed(detail)
        };
        let before = facts.url().ok_or_else(|| refused("the request has no URL"))?.normalized;
        // A `to` without scheme and host is a path of the same host.
        let after = before.join(&rewritten.url).map_err(|_| refused("what the rewrite made is no URL"))?;
        if origin(&before) != origin(&after) {
            return Err(refused("the rewrite would change the URL's scheme, host or port"));
        }
        let target = after[Position::BeforePath..Position::AfterQuery].parse();
        let target = target.map_err(|_| refused("what the rewrite made is no request target"))?;
        Ok(Some((target, rewritten.result("url_rewrite"))))
    }
}

fn origin(url: &Url) -> &str {
    &url[..Position::BeforePath]
}
