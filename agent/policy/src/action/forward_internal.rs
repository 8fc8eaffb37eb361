//! `forward-internal`.

use http::StatusCode;
use url::Url;

use crate::denial::Denial;
use crate::error::{PolicyError, code};
use crate::expression::Template;
use crate::facts::Facts;
use crate::policy::Phase;
use crate::reading::Value;

/// `forward-internal`: the exchange goes to another endpoint of the same account, one under `.internal`.
#[derive(Clone, Debug)]
pub struct ForwardInternal {
    url: Template,
    phase: Phase,
    on_error: OnError,
}

/// What happens when the other endpoint can't be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnError {
    /// The exchange ends.
    Halt,
    /// The next action is done.
    Continue,
}

impl ForwardInternal {
    pub(crate) fn read(config: &Value<'_>) -> Result<Self, PolicyError> {
        let mut members = config.members()?;
        let written = members.required("url")?;
        let on_error = members.optional("on_error");
        members.finish()?;
        let words = [("halt", OnError::Halt), ("continue", OnError::Continue)];
        let on_error = on_error.map(|value| value.one_of("choice", &words)).transpose()?;
        let (url, phase) = (written.template()?, config.phase());
        if let Some(literal) = url.as_literal() {
            target(literal, phase).map_err(|what| written.error(what))?;
        }
        Ok(Self { url, phase, on_error: on_error.unwrap_or(OnError::Halt) })
    }

    /// What happens when the other endpoint can't be reached.
    pub fn on_error(&self) -> OnError {
        self.on_error
    }

    /// The URL of the other endpoint.
    pub fn target(&self, facts: &Facts<'_>) -> Result<Url, Denial> {
        let url = self.url.render(facts).map_err(|error| Denial::expression(code::INTERPOLATION, &error))?;
        target(&url, self.phase).map_err(|what| {
            let message = "The endpoint's traffic policy forwards to what is no endpoint.";
            Denial::new(StatusCode::BAD_GATEWAY, Some(code::INTERPOLATION), message).detailed(what)
        })
    }
}

fn target(text: &str, phase: Phase) -> Result<Url, String> {
    let url: Url = text.parse().map_err(|_| format!("`{text}` is no URL of an endpoint"))?;
    let schemes: &[&str] = match phase {
        Phase::TcpConnect => &["tcp", "tls"],
        Phase::HttpRequest | Phase::HttpResponse => &["http", "https"],
    };
    if !schemes.contains(&url.scheme()) {
        return Err(format!("an exchange in {phase} can be forwarded to {} alone", schemes.join(" or ")));
    }
    let bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
    if !bare || !url.username().is_empty() || url.password().is_some() {
        return Err(format!("`{text}` has more than a scheme, a host and a port"));
    }
    match url.host_str().is_some_and(|host| host.ends_with(".internal")) {
        true => Ok(url),
        false => {
            Err(format!("`{text}` is not under .internal, and only internal endpoints can be forwarded to"))
        }
    }
}
