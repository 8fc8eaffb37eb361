//! A run without what differs from run to run: same inputs, same normalized report.
//!
//! Fingerprints of secrets, identifiers, ports, addresses and times give way to placeholders: `[state 3f9a1c]` becomes
//! `[state 1]`, a port becomes `[port 1]`, numbered in each scenario as they are met, so that what was equal still is.
//! Durations and offsets are zero, the machine's own names are gone. Within a step, exchanges and messages are ordered
//! by what they say, and log entries by part and text, since what happens side by side is seen in any order.

mod volatile;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use crate::model::{
    Browser, DecodedToken, Environment, Excerpt, Exchange, Failure, Header, LogEntry, Message, Run, Scenario,
    Screenshot, Span, Step, Verdict,
};
use volatile::{Numbered, Placeholders, Plain};

/// The run in its normalized form.
pub fn normalized(run: &Run) -> Run {
    let version = || "[version]".to_owned();
    let browser = &run.environment.browser;
    Run {
        tool_version: version(),
        started: epoch(),
        duration_ms: 0,
        environment: Environment {
            target: run.environment.target.clone(),
            browser: Browser {
                name: browser.name.clone(),
                version: browser.version.as_ref().map(|_| version()),
            },
            os: "[os]".to_owned(),
            jobs: 1,
        },
        scenarios: run.scenarios.iter().map(scenario).collect(),
    }
}

fn epoch() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH
}

fn scenario(scenario: &Scenario) -> Scenario {
    let scenario = ordered(scenario);
    let mut texts = Numbered::default();
    let exchange_ids: HashMap<_, _> = scenario
        .exchanges
        .iter()
        .enumerate()
        .map(|(index, exchange)| (exchange.id.clone(), format!("exchange-{}", index + 1)))
        .collect();
    Scenario {
        began_ms: 0,
        duration_ms: 0,
        verdict: verdict(&scenario.verdict, &mut texts),
        steps: scenario.steps.iter().map(|it| step(it, &mut texts)).collect(),
        exchanges: scenario.exchanges.iter().map(|it| exchange(it, &exchange_ids, &mut texts)).collect(),
        messages: scenario.messages.iter().map(|it| message(it, &exchange_ids, &mut texts)).collect(),
        screenshots: scenario.screenshots.iter().map(|it| Screenshot { at_ms: 0, ..it.clone() }).collect(),
        logs: scenario
            .logs
            .iter()
            .map(|it| LogEntry { at_ms: 0, text: texts.text(&it.text), ..it.clone() })
            .collect(),
        ..scenario
    }
}

/// The scenario with the order that chance gave it replaced by one that what was said gives.
fn ordered(scenario: &Scenario) -> Scenario {
    let mut ordered = scenario.clone();
    ordered.exchanges.sort_by_cached_key(|exchange| {
        let url = Plain.text(&exchange.url);
        let head = (exchange.method.clone(), exchange.status, exchange.from.clone(), exchange.to.clone());
        // The rest of an exchange tells those apart that ask for the same.
        (exchange.step, url, head, rest(exchange))
    });
    let places: HashMap<_, _> =
        ordered.exchanges.iter().enumerate().map(|(place, exchange)| (exchange.id.as_str(), place)).collect();
    ordered.messages.sort_by_cached_key(|message| {
        let place = message.exchange.as_deref().and_then(|id| places.get(id)).copied();
        // An exchange's own messages stay as they are, the request before the answer.
        let said = place.is_none().then(|| said(message));
        (message.step, place.unwrap_or(usize::MAX), said)
    });
    ordered.logs.sort_by_cached_key(|entry| (entry.part.clone(), Plain.text(&entry.text), entry.level));
    ordered
}

fn said(message: &Message) -> [String; 4] {
    [message.from.clone(), message.to.clone(), Plain.text(&message.label), message.kind.id().to_owned()]
}

fn rest(exchange: &Exchange) -> String {
    let plain = self::exchange(exchange, &HashMap::new(), &mut Plain);
    // Debug is no format to write, but as good as any to compare by.
    format!("{plain:?}")
}

fn verdict(verdict: &Verdict, texts: &mut impl Placeholders) -> Verdict {
    let Verdict::Failed { failure } = verdict else { return verdict.clone() };
    let redirects = failure.redirects.clone().map(|mut chain| {
        chain.hops.iter_mut().for_each(|hop| hop.url = texts.text(&hop.url));
        chain
    });
    let failure = Failure {
        step: failure.step,
        expected: texts.text(&failure.expected),
        actual: texts.text(&failure.actual),
        advice: failure.advice.as_ref().map(|advice| texts.text(advice)),
        rerun: failure.rerun.clone(),
        redirects,
    };
    Verdict::Failed { failure: Box::new(failure) }
}

fn step(step: &Step, texts: &mut impl Placeholders) -> Step {
    Step {
        span: step.span.map(|_| Span { began_ms: 0, duration_ms: 0 }),
        expected: step.expected.as_ref().map(|text| texts.text(text)),
        actual: step.actual.as_ref().map(|text| texts.text(text)),
        ..step.clone()
    }
}

fn message(message: &Message, ids: &HashMap<String, String>, texts: &mut impl Placeholders) -> Message {
    Message {
        at_ms: 0,
        label: texts.text(&message.label),
        exchange: message.exchange.as_ref().and_then(|id| ids.get(id).cloned()),
        ..message.clone()
    }
}

fn exchange(exchange: &Exchange, ids: &HashMap<String, String>, texts: &mut impl Placeholders) -> Exchange {
    Exchange {
        id: ids.get(&exchange.id).cloned().unwrap_or_default(),
        at_ms: 0,
        stage_time: exchange.stage_time.map(|_| epoch()),
        duration_ms: exchange.duration_ms.map(|_| 0),
        url: texts.text(&exchange.url),
        request_headers: headers(&exchange.request_headers, texts),
        response_headers: headers(&exchange.response_headers, texts),
        tokens: exchange.tokens.iter().map(|it| token(it, texts)).collect(),
        request_body: exchange.request_body.as_ref().map(|it| excerpt(it, texts)),
        response_body: exchange.response_body.as_ref().map(|it| excerpt(it, texts)),
        note: exchange.note.as_ref().map(|note| texts.text(note)),
        ..exchange.clone()
    }
}

/// Headers that say nothing but what differs: the moment, the machine, the browser's version, a body's exact length
/// (which follows the length of identifiers in it).
const VOLATILE_HEADERS: &[&str] = &[
    "age",
    "content-length",
    "date",
    "etag",
    "sec-ch-ua",
    "sec-ch-ua-platform",
    "sec-websocket-accept",
    "sec-websocket-key",
    "traceparent",
    "user-agent",
    "x-okta-request-id",
    "x-rate-limit-remaining",
    "x-rate-limit-reset",
    "x-request-id",
];

fn headers(headers: &[Header], texts: &mut impl Placeholders) -> Vec<Header> {
    let normalized = headers.iter().map(|header| Header {
        name: header.name.clone(),
        value: match VOLATILE_HEADERS.contains(&header.name.as_str()) {
            true => format!("[{}]", header.name),
            false => texts.text(&header.value),
        },
    });
    normalized.collect()
}

fn excerpt(excerpt: &Excerpt, texts: &mut impl Placeholders) -> Excerpt {
    Excerpt { text: texts.text(&excerpt.text), bytes: 0, truncated: excerpt.truncated }
}

fn token(token: &DecodedToken, texts: &mut impl Placeholders) -> DecodedToken {
    let issued = token.claims.get("iat").and_then(Value::as_i64);
    DecodedToken {
        kind: token.kind.clone(),
        header: members(&token.header, issued, texts),
        claims: members(&token.claims, issued, texts),
        note: token.note.as_ref().map(|note| texts.text(note)),
    }
}

fn members(
    members: &Map<String, Value>,
    issued: Option<i64>,
    texts: &mut impl Placeholders,
) -> Map<String, Value> {
    let members = members.iter().map(|(name, value)| (name.clone(), member(name, value, issued, texts)));
    members.collect()
}

fn member(name: &str, json: &Value, issued: Option<i64>, texts: &mut impl Placeholders) -> Value {
    match (name, json.as_i64(), issued) {
        // A token's lifetime is part of what it says.
        ("exp", Some(expires), Some(issued)) => {
            format!("[iat {:+} s]", expires.saturating_sub(issued)).into()
        }
        ("iat" | "exp" | "nbf" | "auth_time" | "updated_at", Some(_), _) => "[time]".into(),
        ("at_hash" | "c_hash" | "s_hash" | "jti" | "kid" | "sid", ..) => match json.as_str() {
            // What is masked, or normalized already, is known by its brackets.
            Some(text) if !text.starts_with('[') => texts.placeholder("id", text).into(),
            _ => value(json, texts),
        },
        _ => value(json, texts),
    }
}

fn value(json: &Value, texts: &mut impl Placeholders) -> Value {
    match json {
        Value::String(text) => texts.text(text).into(),
        Value::Array(items) => items.iter().map(|item| value(item, texts)).collect(),
        Value::Object(object) => Value::Object(members(object, None, texts)),
        Value::Null | Value::Bool(_) | Value::Number(_) => json.clone(),
    }
}
