//! `jwt-validation`.

mod jws;
#[cfg(test)]
mod tests;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue, WWW_AUTHENTICATE};
use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value as Json, json};
use url::Url;

use crate::denial::Denial;
use crate::error::PolicyError;
use crate::facts::{self, ActionResult};
use crate::reading::Value;

use jws::{ALGORITHMS, Algorithm};

pub use jws::JwkSet;

/// How far the issuer's clock may differ from ours.
const SKEW: TimeDelta = TimeDelta::seconds(60);
/// How long a token may be, in bytes.
const MAX_TOKEN: usize = 16 * 1024;
const MAX_ENTRIES: usize = 25;

/// `jwt-validation`: requests need tokens that an allowed issuer signed. Each of the tokens that are named has to be
/// there and be good: signed with an allowed algorithm by a key of the sets, from an allowed issuer, for an allowed
/// audience, and within its time, which it has to state.
#[derive(Clone, Debug)]
pub struct JwtValidation {
    issuers: Vec<String>,
    audiences: Vec<String>,
    tokens: Vec<Source>,
    algorithms: Vec<(&'static str, Algorithm)>,
    key_urls: Vec<Url>,
    needs_key_id: bool,
}

/// Where a token is expected.
#[derive(Clone, Debug)]
struct Source {
    kind: Kind,
    place: Place,
    prefix: String,
}

#[derive(Clone, Debug)]
enum Place {
    Header(HeaderName),
    Body(String),
}

/// What a token is meant for; access tokens by RFC 9068 say so themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    AccessToken,
    Any,
}

impl JwtValidation {
    pub(crate) fn read(config: &Value<'_>) -> Result<Self, PolicyError> {
        let mut members = config.members()?;
        let issuer = members.required("issuer")?;
        let audience = members.optional("audience");
        let http = members.required("http")?;
        let jws = members.required("jws")?;
        members.finish()?;

        let issuers = allow_list(&issuer)?;
        let audiences = audience.map(|audience| allow_list(&audience)).transpose()?.unwrap_or_default();
        let mut members = http.members()?;
        let tokens = members.required("tokens")?.items(1..=MAX_ENTRIES)?;
        members.finish()?;
        let tokens = tokens.iter().map(Source::read).collect::<Result<_, _>>()?;

        let mut members = jws.members()?;
        let algorithms = members.required("allowed_algorithms")?.items(1..=ALGORITHMS.len())?;
        let keys = members.required("keys")?;
        members.finish()?;
        let algorithms = algorithms.iter().map(|item| {
            let algorithm = item.one_of("algorithm that is possible here,", &ALGORITHMS)?;
            Ok((item.literal().map(name_of)?, algorithm))
        });
        let algorithms = algorithms.collect::<Result<_, _>>()?;
        let (key_urls, needs_key_id) = read_keys(&keys)?;
        Ok(Self { issuers, audiences, tokens, algorithms, key_urls, needs_key_id })
    }

    /// Where the key sets are that are to be fetched, and kept for about 15 minutes.
    pub fn key_urls(&self) -> &[Url] {
        &self.key_urls
    }

    /// Whether a token is expected in the request's body.
    pub fn needs_body(&self) -> bool {
        self.tokens.iter().any(|source| matches!(source.place, Place::Body(_)))
    }

    /// Whether a request may pass: by its headers, its body where that is [needed](Self::needs_body), the key sets, and
    /// stage time.
    pub fn decide(
        &self,
        headers: &HeaderMap,
        body: Option<&[u8]>,
        keys: &[JwkSet],
        now: DateTime<Utc>,
    ) -> Result<ActionResult, Denial> {
        let mut found = Vec::new();
        for source in &self.tokens {
            let token = source.find(headers, body).map_err(|why| denial("invalid_request", why))?;
            let claims =
                self.verify(&token, source.kind, keys, now).map_err(|why| denial("invalid_token", why))?;
            found.push(claims.result(source));
        }
        let members = json!({ "tokens": found, "error": facts::no_error() });
        Ok(ActionResult { action: "jwt_validation", members })
    }

    fn verify(
        &self,
        token: &str,
        kind: Kind,
        keys: &[JwkSet],
        now: DateTime<Utc>,
    ) -> Result<Token, &'static str> {
        let token = Token::parse(token).ok_or("A token is malformed.")?;
        let text = |name: &str| token.header.get(name).and_then(Json::as_str);
        let algorithm = text("alg").and_then(|name| self.algorithms.iter().find(|(known, _)| *known == name));
        let (_, algorithm) = algorithm.ok_or("A token is not signed with an algorithm that is allowed.")?;
        if token.header.contains_key("crit") {
            return Err("A token asks for extensions that are not known.");
        }
        let access_token = text("typ")
            .is_some_and(|kind| kind.trim_start_matches("application/").eq_ignore_ascii_case("at+jwt"));
        if kind == Kind::AccessToken && !access_token {
            return Err("A token is no access token.");
        }
        let id = text("kid");
        if id.is_none() && (self.needs_key_id || token.header.contains_key("kid")) {
            return Err("A token does not name its key.");
        }
        let signed = keys.iter().any(|set| set.verifies(*algorithm, id, &token.message, &token.signature));
        if !signed {
            return Err("A token's signature is not by a key of its issuer.");
        }
        self.check_claims(&token.payload, now)?;
        Ok(token)
    }

    fn check_claims(&self, claims: &Map<String, Json>, now: DateTime<Utc>) -> Result<(), &'static str> {
        let issuer = claims.get("iss").and_then(Json::as_str);
        if !issuer.is_some_and(|issuer| self.issuers.iter().any(|known| known == issuer)) {
            return Err("A token is from another issuer.");
        }
        let allowed = |audience: &Json| {
            audience.as_str().is_some_and(|text| self.audiences.iter().any(|known| known == text))
        };
        let for_us = match claims.get("aud") {
            Some(Json::Array(audiences)) => audiences.iter().any(allowed),
            Some(audience) => allowed(audience),
            None => false,
        };
        if !self.audiences.is_empty() && !for_us {
            return Err("A token is for another audience.");
        }
        let time = |name: &str| match claims.get(name) {
            None => Ok(None),
            Some(value) => {
                match value.as_f64().and_then(|seconds| DateTime::from_timestamp(seconds as i64, 0)) {
                    Some(time) => Ok(Some(time)),
                    None => Err("A token's times are malformed."),
                }
            }
        };
        match time("exp")? {
            Some(expiry) if now < expiry + SKEW => {}
            Some(_) => return Err("A token has expired."),
            None => return Err("A token does not say when it expires."),
        }
        let early = |at: Option<DateTime<Utc>>| at.is_some_and(|at| at > now + SKEW);
        if early(time("nbf")?) || early(time("iat")?) {
            return Err("A token is not valid yet.");
        }
        Ok(())
    }
}

impl Source {
    fn read(value: &Value<'_>) -> Result<Self, PolicyError> {
        let mut members = value.members()?;
        let kind = members.required("type")?;
        let method = members.required("method")?;
        let name = members.required("name")?;
        let prefix =
            members.optional("prefix").map(|prefix| prefix.literal().map(str::to_owned)).transpose()?;
        members.finish()?;
        let kinds = [
            ("id_token", Kind::Any),
            ("access_token", Kind::Any),
            ("at+jwt", Kind::AccessToken),
            ("it+jwt", Kind::Any),
            ("plain", Kind::Any),
            ("jwt", Kind::Any),
        ];
        let in_body = method.one_of("method", &[("header", false), ("body", true)])?;
        let text = name.literal()?;
        let place = match in_body {
            true => Place::Body(text.to_owned()),
            false => {
                let header = text.to_ascii_lowercase().parse();
                Place::Header(header.map_err(|_| name.error(format!("`{text}` is no header name")))?)
            }
        };
        Ok(Self { kind: kind.one_of("type", &kinds)?, place, prefix: prefix.unwrap_or_default() })
    }

    /// The token, without its prefix.
    fn find(&self, headers: &HeaderMap, body: Option<&[u8]>) -> Result<String, &'static str> {
        let value = match &self.place {
            Place::Header(name) => one_header(headers, name),
            Place::Body(name) => body.and_then(|body| body_field(headers, body, name)),
        };
        let value = value.ok_or("A token is missing.")?;
        let token = value.get(..self.prefix.len()).filter(|prefix| prefix.eq_ignore_ascii_case(&self.prefix));
        let token = token.map(|prefix| value[prefix.len()..].trim()).ok_or("A token lacks its prefix.")?;
        if token.len() > MAX_TOKEN {
            return Err("A token is too long.");
        }
        Ok(token.to_owned())
    }
}

fn one_header(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let mut lines = headers.get_all(name).iter();
    let (Some(line), None) = (lines.next(), lines.next()) else { return None };
    line.to_str().ok().map(|line| line.trim_start().to_owned())
}

/// A field of a body in JSON or of a form. A field that is there twice is none.
fn body_field(headers: &HeaderMap, body: &[u8], name: &str) -> Option<String> {
    let media_type = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let essence = media_type.split(';').next()?.trim().to_ascii_lowercase();
    let mut values: Vec<String> = match essence.as_str() {
        "application/json" => {
            let fields: Map<String, Json> = serde_json::from_slice(body).ok()?;
            let named = fields.into_iter().filter(|(field, _)| field.eq_ignore_ascii_case(name));
            named.filter_map(|(_, value)| value.as_str().map(str::to_owned)).collect()
        }
        "application/x-www-form-urlencoded" => {
            let fields = url::form_urlencoded::parse(body);
            let named = fields.filter(|(field, _)| field.eq_ignore_ascii_case(name));
            named.map(|(_, value)| value.into_owned()).collect()
        }
        _ => return None,
    };
    (values.len() == 1).then(|| values.remove(0))
}

/// The parts of a token.
struct Token {
    header: Map<String, Json>,
    payload: Map<String, Json>,
    message: Vec<u8>,
    signature: Vec<u8>,
}

impl Token {
    fn parse(token: &str) -> Option<Self> {
        let (message, signature) = token.rsplit_once('.')?;
        let (header, payload) = message.split_once('.')?;
        let map = |part: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok();
        Some(Self {
            header: map(header)?,
            payload: map(payload)?,
            message: message.as_bytes().to_vec(),
            signature: URL_SAFE_NO_PAD.decode(signature).ok()?,
        })
    }

    fn result(self, source: &Source) -> Json {
        let (location, property) = match &source.place {
            Place::Header(name) => ("header", name.as_str()),
            Place::Body(name) => ("body", name.as_str()),
        };
        json!({
            "header": self.header,
            "payload": self.payload,
            "signature": URL_SAFE_NO_PAD.encode(self.signature),
            "location": location,
            "location_property": property,
            "verified": true,
        })
    }
}

/// `{allow_list: [{value: …}]}`
fn allow_list(value: &Value<'_>) -> Result<Vec<String>, PolicyError> {
    let mut members = value.members()?;
    let list = members.required("allow_list")?.items(1..=MAX_ENTRIES)?;
    members.finish()?;
    let read = |item: &Value<'_>| {
        let mut members = item.members()?;
        let value = members.required("value")?.literal()?.to_owned();
        members.finish()?;
        Ok(value)
    };
    list.iter().map(read).collect()
}

/// `{sources: {additional_jkus: […]}, identification: {token_claims: [kid]}}`, or such in lists.
fn read_keys(value: &Value<'_>) -> Result<(Vec<Url>, bool), PolicyError> {
    let mut urls = Vec::new();
    let mut needs_key_id = false;
    for keys in value.one_or_more(MAX_ENTRIES)? {
        let mut members = keys.members()?;
        let sources = members.required("sources")?;
        let identification = members.optional("identification");
        members.finish()?;
        for source in sources.one_or_more(MAX_ENTRIES)? {
            let mut members = source.members()?;
            let list = members.required("additional_jkus")?.items(1..=MAX_ENTRIES)?;
            members.finish()?;
            for item in list {
                let url: Option<Url> = item.literal()?.parse().ok();
                let url = url.filter(|url| url.scheme() == "https" && url.host_str().is_some());
                urls.push(url.ok_or_else(|| item.error("keys are fetched from https URLs alone"))?);
            }
        }
        let Some(identification) = identification else { continue };
        for entry in identification.one_or_more(MAX_ENTRIES)? {
            let mut members = entry.members()?;
            let claims = members.optional("token_claims");
            members.finish()?;
            for claim in claims.map(|list| list.items(0..=MAX_ENTRIES)).transpose()?.unwrap_or_default() {
                claim.one_of("claim that names a key,", &[("kid", ())])?;
                needs_key_id = true;
            }
        }
    }
    Ok((urls, needs_key_id))
}

fn name_of(text: &str) -> &'static str {
    ALGORITHMS.iter().find(|(name, _)| *name == text).map_or("", |(name, _)| name)
}

/// RFC 6750, 3.
fn denial(error: &str, why: &str) -> Denial {
    let challenge = HeaderValue::from_str(&format!("Bearer error=\"{error}\", error_description=\"{why}\""));
    let denial = Denial::new(StatusCode::UNAUTHORIZED, None, why);
    match challenge {
        Ok(challenge) => denial.with(WWW_AUTHENTICATE, challenge),
        Err(_) => denial,
    }
}
