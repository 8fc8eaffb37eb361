//! How providers sign their webhooks. Each scheme is the provider's published one.

use aws_lc_rs::hmac::{self, Key};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use ground::Secret;
use http::HeaderMap;

use super::Webhook;

/// What is wrong with a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// A header or field that the scheme needs is missing or malformed.
    Missing,
    /// The signature is not the provider's.
    Signature,
    /// The webhook is too old, or from the future.
    Time,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Encoding {
    Hex,
    Base64,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Hash {
    Sha1,
    Sha256,
    Sha512,
}

/// What a timestamp is written in.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stamp {
    Seconds,
    Milliseconds,
    Rfc3339,
}

/// What a signature is made over.
#[derive(Clone, Copy, Debug)]
pub(super) enum Message {
    /// The body.
    Body,
    /// The endpoint's URL and the body.
    UrlBody,
    /// `v0:`, the timestamp, `:`, and the body.
    V0,
    /// The timestamp and the body.
    StampBody,
    /// Method, URL, body, timestamp.
    MethodUrlBodyStamp,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Scheme {
    /// An HMAC in a header, maybe several in a list, each behind a prefix.
    Hmac {
        header: &'static str,
        prefix: &'static str,
        hash: Hash,
        encoding: Encoding,
        message: Message,
        /// The header that says when it was sent.
        stamp: Option<(&'static str, Stamp)>,
    },
    /// `t=<seconds>,v1=<hex>`, over the timestamp, a full stop and the body.
    Pairs { header: &'static str, stamp: &'static str, signature: &'static str },
    /// Standard Webhooks: `<name>-id`, `<name>-timestamp`, `<name>-signature`.
    Standard { name: &'static str },
    /// The secret itself is in a header.
    Token { header: &'static str },
    /// What is like no other.
    Own(fn(&Webhook<'_>, &Secret, DateTime<Utc>) -> Result<(), Fault>),
}

/// How much a webhook's time may differ from ours, in seconds.
const TOLERANCE: i64 = 300;

impl Scheme {
    pub(super) fn verify(
        &self,
        webhook: &Webhook<'_>,
        secret: &Secret,
        now: DateTime<Utc>,
    ) -> Result<(), Fault> {
        match *self {
            Self::Hmac { header, prefix, hash, encoding, message, stamp } => {
                let stamp = match stamp {
                    Some((name, stamp)) => {
                        let text = one(webhook.headers, name)?;
                        check_time(text, stamp, now)?;
                        text
                    }
                    None => "",
                };
                let message = message.of(webhook, stamp);
                let key = hash.key(secret.expose().as_bytes());
                let header = one(webhook.headers, header)?;
                let tags = header.split(',').map(str::trim).filter_map(|one| one.strip_prefix(prefix));
                any_verifies(&key, &message, tags.filter_map(|tag| encoding.decode(tag)))
            }
            Self::Pairs { header, stamp, signature } => {
                let pairs: Vec<_> = one(webhook.headers, header)?
                    .split(',')
                    .filter_map(|pair| pair.trim().split_once('='))
                    .collect();
                let mut stamps = pairs.iter().filter(|(name, _)| *name == stamp).map(|(_, value)| *value);
                let (Some(stamp), None) = (stamps.next(), stamps.next()) else { return Err(Fault::Missing) };
                check_time(stamp, Stamp::Seconds, now)?;
                let message = [stamp.as_bytes(), b".", webhook.body].concat();
                let key = Hash::Sha256.key(secret.expose().as_bytes());
                let tags = pairs.iter().filter(|(name, _)| *name == signature);
                any_verifies(&key, &message, tags.filter_map(|(_, tag)| Encoding::Hex.decode(tag)))
            }
            Self::Standard { name } => standard(webhook, name, secret, now),
            Self::Token { header } => match secret.matches(one(webhook.headers, header)?) {
                true => Ok(()),
                false => Err(Fault::Signature),
            },
            Self::Own(verify) => verify(webhook, secret, now),
        }
    }
}

impl Message {
    fn of(self, webhook: &Webhook<'_>, stamp: &str) -> Vec<u8> {
        let (method, url, stamp, body) =
            (webhook.method.as_str().as_bytes(), webhook.url.as_bytes(), stamp.as_bytes(), webhook.body);
        match self {
            Self::Body => body.to_vec(),
            Self::UrlBody => [url, body].concat(),
            Self::V0 => [b"v0:", stamp, b":", body].concat(),
            Self::StampBody => [stamp, body].concat(),
            Self::MethodUrlBodyStamp => [method, url, body, stamp].concat(),
        }
    }
}

impl Hash {
    pub(super) fn key(self, secret: &[u8]) -> Key {
        let algorithm = match self {
            Self::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => hmac::HMAC_SHA256,
            Self::Sha512 => hmac::HMAC_SHA512,
        };
        Key::new(algorithm, secret)
    }
}

impl Encoding {
    pub(super) fn decode(self, text: &str) -> Option<Vec<u8>> {
        match self {
            Self::Base64 => STANDARD.decode(text).ok(),
            Self::Hex => {
                let digits = text.as_bytes();
                let pairs = digits.chunks(2).map(|pair| match pair {
                    [high, low] => {
                        let digit = |letter: &u8| char::from(*letter).to_digit(16);
                        u8::try_from(digit(high)? * 16 + digit(low)?).ok()
                    }
                    _ => None,
                });
                pairs.collect()
            }
        }
    }
}

/// The standard that Svix began: `v1,<base64>` over id, timestamp and body; several for several keys.
fn standard(webhook: &Webhook<'_>, name: &str, secret: &Secret, now: DateTime<Utc>) -> Result<(), Fault> {
    let header = |part: &str| one(webhook.headers, &format!("{name}-{part}"));
    let (id, stamp, signatures) = (header("id")?, header("timestamp")?, header("signature")?);
    check_time(stamp, Stamp::Seconds, now)?;
    let encoded = secret.expose();
    let key = STANDARD.decode(encoded.strip_prefix("whsec_").unwrap_or(encoded));
    let key = Hash::Sha256.key(&key.map_err(|_| Fault::Signature)?);
    let message = [id.as_bytes(), b".", stamp.as_bytes(), b".", webhook.body].concat();
    let tags = signatures.split(' ').filter_map(|one| one.strip_prefix("v1,"));
    any_verifies(&key, &message, tags.filter_map(|tag| Encoding::Base64.decode(tag)))
}

/// A header that is there once.
pub(super) fn one<'h>(headers: &'h HeaderMap, name: &str) -> Result<&'h str, Fault> {
    let mut lines = headers.get_all(name).iter();
    let (Some(line), None) = (lines.next(), lines.next()) else { return Err(Fault::Missing) };
    line.to_str().map(str::trim).map_err(|_| Fault::Missing)
}

/// Whether one of a few tags is the message's. Their number is bounded by what a header may hold.
pub(super) fn any_verifies(
    key: &Key,
    message: &[u8],
    tags: impl Iterator<Item = Vec<u8>>,
) -> Result<(), Fault> {
    let mut tags = tags.take(10).peekable();
    if tags.peek().is_none() {
        return Err(Fault::Missing);
    }
    match tags.any(|tag| hmac::verify(key, message, &tag).is_ok()) {
        true => Ok(()),
        false => Err(Fault::Signature),
    }
}

pub(super) fn check_time(text: &str, stamp: Stamp, now: DateTime<Utc>) -> Result<(), Fault> {
    let sent = match stamp {
        Stamp::Seconds => text.parse().ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0)),
        Stamp::Milliseconds => text.parse().ok().and_then(DateTime::from_timestamp_millis),
        Stamp::Rfc3339 => DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc()),
    };
    let sent = sent.ok_or(Fault::Missing)?;
    match (now - sent).num_seconds().abs() <= TOLERANCE {
        true => Ok(()),
        false => Err(Fault::Time),
    }
}
