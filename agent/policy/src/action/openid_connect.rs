//! `openid-connect`.

use std::time::Duration;

use gate::{Draft, Settings};
use ground::Secret;

use crate::error::{PolicyError, code};
use crate::reading::Value;

/// A year, as the gate allows it.
const MAX_DURATION: Duration = Duration::from_secs(366 * 24 * 3600);
const MAX_SCOPES: usize = 25;

/// `openid-connect`: people sign in at an issuer before their requests pass. The gate decides; this is its settings.
#[derive(Clone, Debug)]
pub struct OpenIdConnect {
    settings: Settings,
}

impl OpenIdConnect {
    /// The OIDC module of a bind or a route: the gate's settings, checked by the gate.
    pub fn new(settings: Settings) -> Self {
        Self { settings }
    }

    pub(crate) fn read(config: &Value<'_>) -> Result<Self, PolicyError> {
        let mut members = config.members()?;
        let text = |value: Value<'_>| value.literal().map(str::to_owned);
        let issuer = text(members.required("issuer_url")?)?;
        let client_id = text(members.required("client_id")?)?;
        let client_secret = Secret::new("client secret", text(members.required("client_secret")?)?);
        let scopes = members.optional("scopes");
        let duration = |value: Option<Value<'_>>| {
            value.map(|value| value.duration(Duration::from_secs(1)..=MAX_DURATION)).transpose()
        };
        let maximum_duration = duration(members.optional("max_session_duration"))?;
        let inactivity_timeout = duration(members.optional("idle_session_duration"))?;
        let preflight = members.optional("allow_cors_preflight");
        if let Some(value) = members.optional("auth_cookie_domain") {
            let message = "Invalid Auth Cookie Domain: the gate's cookies belong to one host; leave it out.";
            return Err(value.refused(code::COOKIE_DOMAIN, message.to_owned()));
        }
        for name in ["auth_id", "authz_url_params", "userinfo_refresh_interval"] {
            if let Some(value) = members.optional(name) {
                return Err(value.error(format!("this edge does not offer `{name}`")));
            }
        }
        members.finish()?;
        let scopes = match scopes {
            Some(scopes) => scopes.items(0..=MAX_SCOPES)?.into_iter().map(text).collect::<Result<_, _>>()?,
            None => Vec::new(),
        };
        let draft = Draft {
            issuer,
            client_id,
            client_secret,
            scopes,
            inactivity_timeout,
            maximum_duration,
            options_passthrough: preflight.map(|value| value.boolean()).transpose()?.unwrap_or(false),
            ..Draft::default()
        };
        Ok(Self { settings: draft.check().map_err(|error| config.error(error))? })
    }

    /// The gate's settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }
}
