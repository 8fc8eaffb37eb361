//! One exchange: a line of the requests' list, and what opens below it.

use askama::Template;
use chrono::DateTime;
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::anchor::Anchors;
use super::failure::status_class;
use crate::model::{DecodedToken, Excerpt, Exchange, Header, Scenario};
use crate::text::{self, duration};

#[derive(Template)]
#[template(path = "exchange.html")]
pub(super) struct ExchangePart<'a> {
    exchange: &'a Exchange,
    anchor: String,
    at: String,
    took: String,
    from: &'a str,
    to: &'a str,
    status: String,
    class: &'static str,
    address: Address<'a>,
    parameters: Vec<(String, String)>,
    step: Option<usize>,
    stage_time: Option<String>,
    heads: Vec<(&'static str, &'a [Header])>,
    tokens: Vec<TokenView<'a>>,
    bodies: Vec<(&'static str, &'a Excerpt)>,
}

/// An address in the parts that are looked at apart.
#[derive(Debug, PartialEq, Eq)]
struct Address<'a> {
    origin: &'a str,
    path: &'a str,
    query: &'a str,
}

struct TokenView<'a> {
    token: &'a DecodedToken,
    parts: [(&'static str, Vec<Claim<'a>>); 2],
}

struct Claim<'a> {
    name: &'a str,
    value: String,
    /// The moment that a number stands for.
    moment: Option<String>,
}

impl<'a> ExchangePart<'a> {
    pub(super) fn of(
        number: usize,
        exchange: &'a Exchange,
        scenario: &'a Scenario,
        anchors: &Anchors<'_>,
    ) -> Self {
        let label = |id: &'a str| {
            let participant = scenario.participants.iter().find(|participant| participant.id == id);
            participant.map_or(id, |participant| participant.label.as_str())
        };
        let address = address(&exchange.url);
        let query = address.query.strip_prefix('?').unwrap_or_default();
        let query = query.split_once('#').map_or(query, |(query, _)| query);
        let heads =
            [("Request headers", &exchange.request_headers), ("Answer headers", &exchange.response_headers)];
        let bodies = [("Request body", &exchange.request_body), ("Answer body", &exchange.response_body)];
        Self {
            anchor: anchors.numbered(number),
            at: duration(exchange.at_ms),
            took: exchange.duration_ms.map_or("no answer".to_owned(), duration),
            from: label(&exchange.from),
            to: label(&exchange.to),
            status: exchange.status.map_or("–".to_owned(), |status| status.to_string()),
            class: status_class(exchange.status),
            parameters: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
            address,
            step: exchange.step.map(|step| step + 1),
            stage_time: exchange.stage_time.map(text::moment),
            heads: heads
                .into_iter()
                .filter(|(_, it)| !it.is_empty())
                .map(|(name, it)| (name, it.as_slice()))
                .collect(),
            tokens: exchange.tokens.iter().map(TokenView::of).collect(),
            bodies: bodies.into_iter().filter_map(|(name, body)| Some((name, body.as_ref()?))).collect(),
            exchange,
        }
    }
}

fn address(url: &str) -> Address<'_> {
    let host = url.find("://").map_or(0, |scheme| scheme + 3);
    let path = url[host..].find(['/', '?', '#']).map_or(url.len(), |end| host + end);
    let query = url[path..].find(['?', '#']).map_or(url.len(), |end| path + end);
    Address { origin: &url[..path], path: &url[path..query], query: &url[query..] }
}

impl<'a> TokenView<'a> {
    fn of(token: &'a DecodedToken) -> Self {
        Self { token, parts: [("Header", claims(&token.header)), ("Claims", claims(&token.claims))] }
    }
}

fn claims(members: &Map<String, Value>) -> Vec<Claim<'_>> {
    let claims = members.iter().map(|(name, value)| Claim {
        name,
        value: value_text(value),
        moment: moment(name, value),
    });
    claims.collect()
}

fn value_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The moment that a NumericDate (RFC 7519, section 2) stands for.
fn moment(name: &str, value: &Value) -> Option<String> {
    let date =
        matches!(name, "iat" | "exp" | "nbf" | "auth_time" | "updated_at").then(|| value.as_i64())??;
    DateTime::from_timestamp(date, 0).map(text::moment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_falls_into_its_parts() {
        let parts = |url| {
            let Address { origin, path, query } = address(url);
            [origin, path, query]
        };
        assert_eq!(parts("https://a.test/b/c?d=e#f"), ["https://a.test", "/b/c", "?d=e#f"]);
        assert_eq!(parts("https://a.test?d=/e"), ["https://a.test", "", "?d=/e"]);
        assert_eq!(parts("acme.okta.test:443"), ["acme.okta.test:443", "", ""]);
        assert_eq!(parts("/b?c"), ["", "/b", "?c"]);
        assert_eq!(parts(""), ["", "", ""]);
    }
}
