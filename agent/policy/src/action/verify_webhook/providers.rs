//! The providers whose webhooks can be verified.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use ground::Secret;
use http::header::CONTENT_TYPE;
use serde_json::Value as Json;

use super::Webhook;
use super::scheme::{Encoding, Fault, Hash, Message, Scheme, Stamp, any_verifies, check_time, one};

const fn over_body(header: &'static str, prefix: &'static str, hash: Hash, encoding: Encoding) -> Scheme {
    Scheme::Hmac { header, prefix, hash, encoding, message: Message::Body, stamp: None }
}

const fn hex(header: &'static str, prefix: &'static str) -> Scheme {
    over_body(header, prefix, Hash::Sha256, Encoding::Hex)
}

const fn base64(header: &'static str, prefix: &'static str) -> Scheme {
    over_body(header, prefix, Hash::Sha256, Encoding::Base64)
}

const fn stamped(
    header: &'static str,
    prefix: &'static str,
    encoding: Encoding,
    message: Message,
    stamp: (&'static str, Stamp),
) -> Scheme {
    Scheme::Hmac { header, prefix, hash: Hash::Sha256, encoding, message, stamp: Some(stamp) }
}

/// Each provider's name in policies, and its scheme.
pub(super) const PROVIDERS: [(&str, Scheme); 52] = [
    ("aftership", base64("aftership-hmac-sha256", "")),
    ("alchemy", hex("x-alchemy-signature", "")),
    ("autodesk", over_body("x-adsk-signature", "sha1hash=", Hash::Sha1, Encoding::Hex)),
    ("bitbucket", hex("x-hub-signature", "sha256=")),
    ("bolt", base64("x-bolt-hmac-sha256", "")),
    ("brex", Scheme::Standard { name: "webhook" }),
    (
        "buildkite",
        Scheme::Pairs { header: "x-buildkite-signature", stamp: "timestamp", signature: "signature" },
    ),
    ("calendly", Scheme::Pairs { header: "calendly-webhook-signature", stamp: "t", signature: "v1" }),
    ("castle", base64("x-castle-signature", "")),
    ("chargify", hex("x-chargify-webhook-signature-hmac-sha-256", "")),
    ("circleci", hex("circleci-signature", "v1=")),
    ("clerk", Scheme::Standard { name: "svix" }),
    ("coinbase", hex("x-cc-webhook-signature", "")),
    ("docusign", base64("x-docusign-signature-1", "")),
    ("dropbox", hex("x-dropbox-signature", "")),
    ("facebook_graph_api", hex("x-hub-signature-256", "sha256=")),
    ("facebook_messenger", hex("x-hub-signature-256", "sha256=")),
    (
        "frameio",
        stamped(
            "x-frameio-signature",
            "v0=",
            Encoding::Hex,
            Message::V0,
            ("x-frameio-request-timestamp", Stamp::Seconds),
        ),
    ),
    ("github", hex("x-hub-signature-256", "sha256=")),
    ("gitlab", Scheme::Token { header: "x-gitlab-token" }),
    ("heroku", base64("heroku-webhook-hmac-sha256", "")),
    (
        "hubspot",
        stamped(
            "x-hubspot-signature-v3",
            "",
            Encoding::Base64,
            Message::MethodUrlBodyStamp,
            ("x-hubspot-request-timestamp", Stamp::Milliseconds),
        ),
    ),
    ("instagram", hex("x-hub-signature-256", "sha256=")),
    ("intercom", over_body("x-hub-signature", "sha1=", Hash::Sha1, Encoding::Hex)),
    ("jira", hex("x-hub-signature", "sha256=")),
    ("launch_darkly", hex("x-ld-signature", "")),
    ("linear", Scheme::Own(linear)),
    ("mailgun", Scheme::Own(mailgun)),
    ("microsoft_teams", Scheme::Own(microsoft_teams)),
    ("modern_treasury", hex("x-signature", "")),
    ("mux", Scheme::Pairs { header: "mux-signature", stamp: "t", signature: "v1" }),
    ("okta", Scheme::Token { header: "authorization" }),
    ("pagerduty", hex("x-pagerduty-signature", "v1=")),
    ("pusher", hex("x-pusher-signature", "")),
    ("sendgrid", Scheme::Own(sendgrid)),
    ("sentry", hex("sentry-hook-signature", "")),
    ("shopify", base64("x-shopify-hmac-sha256", "")),
    (
        "slack",
        stamped(
            "x-slack-signature",
            "v0=",
            Encoding::Hex,
            Message::V0,
            ("x-slack-request-timestamp", Stamp::Seconds),
        ),
    ),
    ("sonatype", over_body("x-nexus-webhook-signature", "", Hash::Sha1, Encoding::Hex)),
    (
        "square",
        Scheme::Hmac {
            header: "x-square-hmacsha256-signature",
            prefix: "",
            hash: Hash::Sha256,
            encoding: Encoding::Base64,
            message: Message::UrlBody,
            stamp: None,
        },
    ),
    ("standard_webhooks", Scheme::Standard { name: "webhook" }),
    ("stripe", Scheme::Pairs { header: "stripe-signature", stamp: "t", signature: "v1" }),
    ("svix", Scheme::Standard { name: "svix" }),
    ("terraform", over_body("x-tfe-notification-signature", "", Hash::Sha512, Encoding::Hex)),
    ("tiktok", Scheme::Pairs { header: "tiktok-signature", stamp: "t", signature: "s" }),
    ("twilio", Scheme::Own(twilio)),
    ("twitter", base64("x-twitter-webhooks-signature", "sha256=")),
    ("typeform", base64("typeform-signature", "sha256=")),
    ("webex", over_body("x-spark-signature", "", Hash::Sha1, Encoding::Hex)),
    ("whatsapp", hex("x-hub-signature-256", "sha256=")),
    (
        "zendesk",
        stamped(
            "x-zendesk-webhook-signature",
            "",
            Encoding::Base64,
            Message::StampBody,
            ("x-zendesk-webhook-signature-timestamp", Stamp::Rfc3339),
        ),
    ),
    (
        "zoom",
        stamped(
            "x-zm-signature",
            "v0=",
            Encoding::Hex,
            Message::V0,
            ("x-zm-request-timestamp", Stamp::Seconds),
        ),
    ),
];

/// An HMAC over the body, which says itself when it was sent.
fn linear(webhook: &Webhook<'_>, secret: &Secret, now: DateTime<Utc>) -> Result<(), Fault> {
    hex("linear-signature", "").verify(webhook, secret, now)?;
    let body: Json = serde_json::from_slice(webhook.body).map_err(|_| Fault::Missing)?;
    let sent = body.get("webhookTimestamp").and_then(Json::as_i64).ok_or(Fault::Missing)?;
    check_time(&sent.to_string(), Stamp::Milliseconds, now)
}

/// The signature is in the body, over a timestamp and a token that are there too.
fn mailgun(webhook: &Webhook<'_>, secret: &Secret, now: DateTime<Utc>) -> Result<(), Fault> {
    let body: Json = serde_json::from_slice(webhook.body).map_err(|_| Fault::Missing)?;
    let field = |name: &str| match body.get("signature").and_then(|signature| signature.get(name)) {
        Some(Json::String(text)) => Ok(text.clone()),
        Some(Json::Number(number)) => Ok(number.to_string()),
        _ => Err(Fault::Missing),
    };
    let (stamp, token, signature) = (field("timestamp")?, field("token")?, field("signature")?);
    check_time(&stamp, Stamp::Seconds, now)?;
    let key = Hash::Sha256.key(secret.expose().as_bytes());
    any_verifies(&key, format!("{stamp}{token}").as_bytes(), Encoding::Hex.decode(&signature).into_iter())
}

/// `Authorization: HMAC <base64>`, with a key in base64.
fn microsoft_teams(webhook: &Webhook<'_>, secret: &Secret, _now: DateTime<Utc>) -> Result<(), Fault> {
    let tag = one(webhook.headers, "authorization")?.strip_prefix("HMAC ").ok_or(Fault::Missing)?;
    let key = STANDARD.decode(secret.expose()).map_err(|_| Fault::Signature)?;
    any_verifies(&Hash::Sha256.key(&key), webhook.body, Encoding::Base64.decode(tag).into_iter())
}

/// ECDSA over timestamp and body; the secret is the public key.
fn sendgrid(webhook: &Webhook<'_>, secret: &Secret, now: DateTime<Utc>) -> Result<(), Fault> {
    let header = |part: &str| one(webhook.headers, &format!("x-twilio-email-event-webhook-{part}"));
    let (stamp, signature) = (header("timestamp")?, header("signature")?);
    check_time(stamp, Stamp::Seconds, now)?;
    let signature = STANDARD.decode(signature).map_err(|_| Fault::Missing)?;
    let key = STANDARD.decode(secret.expose()).map_err(|_| Fault::Signature)?;
    let message = [stamp.as_bytes(), webhook.body].concat();
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key)
        .verify(&message, &signature)
        .map_err(|_| Fault::Signature)
}

/// An HMAC over the URL and a form's fields, sorted; of other bodies the URL holds a digest.
fn twilio(webhook: &Webhook<'_>, secret: &Secret, _now: DateTime<Utc>) -> Result<(), Fault> {
    let tag = Encoding::Base64.decode(one(webhook.headers, "x-twilio-signature")?).ok_or(Fault::Missing)?;
    let is_form = webhook
        .headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.to_ascii_lowercase().starts_with("application/x-www-form-urlencoded"));
    let mut message = webhook.url.to_owned();
    if is_form {
        let mut fields: Vec<_> = url::form_urlencoded::parse(webhook.body).collect();
        fields.sort();
        fields.dedup();
        for (name, value) in fields {
            message.push_str(&name);
            message.push_str(&value);
        }
    } else if !webhook.body.is_empty() {
        let url: url::Url = webhook.url.parse().map_err(|_| Fault::Missing)?;
        let stated = url.query_pairs().find(|(name, _)| name == "bodySHA256").ok_or(Fault::Missing)?.1;
        let stated = Encoding::Hex.decode(&stated).ok_or(Fault::Missing)?;
        if digest(&SHA256, webhook.body).as_ref() != stated {
            return Err(Fault::Signature);
        }
    }
    any_verifies(&Hash::Sha1.key(secret.expose().as_bytes()), message.as_bytes(), std::iter::once(tag))
}
