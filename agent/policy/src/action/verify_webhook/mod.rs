//! `verify-webhook`, and the webhook verification module.

mod providers;
mod scheme;
#[cfg(test)]
mod tests;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use ground::Secret;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Method, StatusCode};
use serde_json::{Value as Json, json};

use crate::denial::{Denial, Reply};
use crate::error::{ModuleError, PolicyError, code};
use crate::facts::{self, ActionResult};
use crate::reading::{Value, advice};

use providers::PROVIDERS;
use scheme::{Fault, Hash, Scheme};

/// `verify-webhook`: requests need the signature of a webhook's provider.
#[derive(Clone, Debug)]
pub struct VerifyWebhook {
    provider: &'static str,
    scheme: Scheme,
    secret: Secret,
    enforce: bool,
}

/// A request that may be a webhook, whole.
#[derive(Clone, Copy)]
pub struct Webhook<'a> {
    /// Its method.
    pub method: &'a Method,
    /// Its URL, as the client wrote it: some providers sign it.
    pub url: &'a str,
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// Its body, byte for byte.
    pub body: &'a [u8],
}

/// What becomes of a webhook.
#[derive(Clone, Debug)]
pub enum WebhookAnswer {
    /// It may go on.
    Pass(ActionResult),
    /// The provider asks whether the endpoint knows the secret; this is the answer, and the upstream is not reached.
    Challenge(Reply),
}

impl VerifyWebhook {
    /// The webhook verification module.
    pub fn new(provider: &str, secret: Secret) -> Result<Self, ModuleError> {
        let (provider, scheme) = find(provider).map_err(|what| ModuleError(format!("Webhooks: {what}")))?;
        if secret.expose().is_empty() {
            return Err(ModuleError("Webhooks: the secret is missing.".to_owned()));
        }
        Ok(Self { provider, scheme, secret, enforce: true })
    }

    pub(crate) fn read(config: &Value<'_>) -> Result<Self, PolicyError> {
        let mut members = config.members()?;
        let (provider, secret) = (members.required("provider")?, members.required("secret")?);
        let enforce = members.optional("enforce").map(|value| value.boolean()).transpose()?.unwrap_or(true);
        members.finish()?;
        let (name, scheme) = find(provider.literal()?).map_err(|what| provider.error(what))?;
        let text = secret.literal()?;
        if text.is_empty() {
            return Err(secret.error("the secret is empty"));
        }
        Ok(Self { provider: name, scheme, secret: Secret::new("webhook secret", text), enforce })
    }

    /// The provider's name.
    pub fn provider(&self) -> &'static str {
        self.provider
    }

    /// Whether a request is what it should be, by stage time.
    pub fn decide(&self, webhook: &Webhook<'_>, now: DateTime<Utc>) -> Result<WebhookAnswer, Denial> {
        if let Some(reply) = self.challenge(webhook, now) {
            return Ok(WebhookAnswer::Challenge(reply));
        }
        let why = match self.scheme.verify(webhook, &self.secret, now) {
            Ok(()) => {
                let members = json!({ "verified": true, "error": facts::no_error() });
                return Ok(WebhookAnswer::Pass(ActionResult { action: "verify_webhook", members }));
            }
            Err(Fault::Missing) => "The request lacks what its provider signs webhooks with.",
            Err(Fault::Signature) => "The webhook's signature is not its provider's.",
            Err(Fault::Time) => "The webhook is too old, or from the future.",
        };
        if self.enforce {
            return Err(Denial::new(StatusCode::FORBIDDEN, Some(code::WEBHOOK), why));
        }
        let members = json!({ "verified": false, "error": facts::error(Some(code::WEBHOOK), why) });
        Ok(WebhookAnswer::Pass(ActionResult { action: "verify_webhook", members }))
    }

    /// The answer to a provider that asks whether the endpoint knows the secret.
    fn challenge(&self, webhook: &Webhook<'_>, now: DateTime<Utc>) -> Option<Reply> {
        let key = Hash::Sha256.key(self.secret.expose().as_bytes());
        let answer = match self.provider {
            "twitter" if *webhook.method == Method::GET => {
                let url: url::Url = webhook.url.parse().ok()?;
                // The query is signed as bodies are; unsigned, anybody could have any text signed here.
                let asked = Webhook { body: url.query()?.as_bytes(), ..*webhook };
                self.scheme.verify(&asked, &self.secret, now).ok()?;
                let token = url.query_pairs().find(|(name, _)| name == "crc_token")?.1;
                let tag = STANDARD.encode(hmac::sign(&key, token.as_bytes()));
                json!({ "response_token": format!("sha256={tag}") })
            }
            "zoom" => {
                let body: Json = serde_json::from_slice(webhook.body).ok()?;
                if body.get("event")?.as_str()? != "endpoint.url_validation" {
                    return None;
                }
                // Only the provider gets an answer.
                self.scheme.verify(webhook, &self.secret, now).ok()?;
                let token = body.get("payload")?.get("plainToken")?.as_str()?;
                let tag: String = hmac::sign(&key, token.as_bytes())
                    .as_ref()
                    .iter()
                    .map(|byte| format!("{byte:02x}"))
                    .collect();
                json!({ "plainToken": token, "encryptedToken": tag })
            }
            _ => return None,
        };
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Some(Reply { status: StatusCode::OK, headers, body: Bytes::from(answer.to_string()) })
    }
}

fn find(name: &str) -> Result<(&'static str, Scheme), String> {
    let wanted = name.to_ascii_lowercase().replace('-', "_");
    PROVIDERS.iter().find(|(known, _)| *known == wanted).copied().ok_or_else(|| {
        let advice = advice(&wanted, PROVIDERS.iter().map(|(known, _)| *known));
        format!("there is no webhook provider `{name}` here; {advice}")
    })
}
