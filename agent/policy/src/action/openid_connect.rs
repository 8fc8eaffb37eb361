//! `openid-connect`.

use std::sync::Arc;
use std::time::Duration;

use gate::{Draft, Settings, Stay};
use ground::Secret;
use serde_json::json;

use crate::error::{PolicyError, code};
use crate::facts::{self, ActionResult};
use crate::reading::Value;

/// A year, as the gate allows it.
const MAX_DURATION: Duration = Duration::from_secs(366 * 24 * 3600);
const MAX_SCOPES: usize = 25;
const MAX_PARAMETERS: usize = 10;

/// `openid-connect`: people sign in at an issuer before their requests pass. The gate decides; this is its settings.
#[derive(Clone, Debug)]
pub struct OpenIdConnect {
    settings: Arc<Settings>,
}

impl OpenIdConnect {
    /// The OIDC module of a bind or a route: the gate's settings, checked by the gate.
    pub fn new(settings: Settings) -> Self {
        Self { settings: Arc::new(settings) }
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
        let auth_id = members.optional("auth_id").map(text).transpose()?;
        let parameters = members.optional("authz_url_params");
        let userinfo_refresh_interval = duration(members.optional("userinfo_refresh_interval"))?;
        members.finish()?;
        let scopes = match scopes {
            Some(scopes) => scopes.items(0..=MAX_SCOPES)?.into_iter().map(text).collect::<Result<_, _>>()?,
            None => Vec::new(),
        };
        let authz_url_params = match parameters {
            Some(parameters) => {
                let entries = parameters.entries(0..=MAX_PARAMETERS)?;
                let read = |(name, value): (&str, Value<'_>)| Ok((name.to_owned(), text(value)?));
                entries.into_iter().map(read).collect::<Result<_, _>>()?
            }
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
            auth_id: auth_id.unwrap_or_default(),
            authz_url_params,
            userinfo_refresh_interval,
            keep_tokens: true,
            ..Draft::default()
        };
        Ok(Self::new(draft.check().map_err(|error| config.error(error))?))
    }

    /// The gate's settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What later rules may know of someone whom the gate let pass: who it is, the issuer's tokens, when the session
    /// ends. `user` is the identity's own id at the edge, which knows people from several issuers.
    pub fn result(&self, stay: &Stay, user: &str) -> ActionResult {
        let identity = stay.identity();
        let mut members = json!({
            "error": facts::no_error(),
            "identity": {
                "id": user,
                "email": identity.email.as_deref().unwrap_or_default(),
                "name": identity.name.as_deref().unwrap_or_default(),
                "provider_user_id": identity.id,
                "current_session_id": stay.session().as_str(),
            },
            "expires_at": stay.expires().to_rfc3339(),
            "session_timed_out": false,
            "session_max_duration_reached": false,
            "userinfo_refreshed": stay.userinfo_refreshed(),
        });
        // A session that outlived its edge has no tokens: a rule that needs them refuses, rather than go on with none.
        if let Some(tokens) = stay.tokens() {
            members["identity_token"] = tokens.id_token().expose().into();
            members["access_token"] = tokens.access_token().expose().into();
            members["refresh_token"] = tokens.refresh_token().map_or("", Secret::expose).into();
        }
        ActionResult { action: "oidc", members }
    }
}
