//! Writing an entry: what happened, to whom, how it ended.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use ground::random;
use serde_json::{Map, Value};

use super::event::{
    AuthenticationContext, DebugContext, Hop, LogClient, LogEvent, LogRequest, Outcome, OutcomeResult, Party,
    Transaction, UserAgent, clipped,
};
use super::event_type::{EventType, Severity};
use crate::model::Cause;

/// An entry being written. It is a success until a reason says otherwise.
#[derive(Debug)]
pub(crate) struct Entry {
    event_type: EventType,
    outcome: Outcome,
    target: Vec<Party>,
    debug: Map<String, Value>,
}

impl Entry {
    pub(crate) fn of(event_type: EventType) -> Self {
        let outcome = Outcome { result: OutcomeResult::Success, reason: None };
        Self { event_type, outcome, target: Vec::new(), debug: Map::new() }
    }

    pub(crate) fn is_of(&self, event_type: EventType) -> bool {
        self.event_type == event_type
    }

    pub(crate) fn to(mut self, target: Party) -> Self {
        self.target.push(target);
        self
    }

    pub(crate) fn failed(self, reason: impl Into<String>) -> Self {
        self.decided(OutcomeResult::Failure, Some(reason.into()))
    }

    /// How it ended, and why.
    pub(crate) fn decided(mut self, result: OutcomeResult, reason: Option<String>) -> Self {
        self.outcome = Outcome { result, reason };
        self
    }

    /// A fact that helps; never a secret.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.debug.insert(name.to_owned(), value.into());
        self
    }

    pub(crate) fn write(self, actor: Party, cause: &Cause, published: DateTime<Utc>) -> LogEvent {
        let severity = match self.outcome.result {
            _ if self.event_type == EventType::ThreatDetected => Severity::Warn,
            OutcomeResult::Success | OutcomeResult::Allow | OutcomeResult::Challenge => Severity::Info,
            OutcomeResult::Failure | OutcomeResult::Deny => Severity::Warn,
        };
        let address = cause.client.as_ref().map(|client| client.address);
        let session = cause.session.as_ref().map(ToString::to_string);
        LogEvent {
            actor,
            client: LogClient {
                user_agent: cause
                    .client
                    .as_ref()
                    .map(|client| UserAgent { raw_user_agent: clipped(client.user_agent.clone()) }),
                zone: None,
                device: None,
                id: None,
                ip_address: address.map(|address| address.to_string()),
                geographical_context: None,
            },
            authentication_context: AuthenticationContext {
                authentication_step: 0,
                external_session_id: session.or_else(|| cause.request.clone()),
            },
            display_message: self.event_type.display_message(),
            event_type: self.event_type,
            outcome: self.outcome,
            published,
            security_context: Map::new(),
            severity,
            debug_context: DebugContext { debug_data: self.debug },
            legacy_event_type: None,
            transaction: Transaction {
                kind: if cause.request.is_some() { "WEB" } else { "JOB" },
                id: cause.request.clone().unwrap_or_else(|| random::alphanumeric(16)),
                detail: Map::new(),
            },
            uuid: uuid(),
            version: "0",
            request: LogRequest { ip_chain: address.map(hop).into_iter().collect() },
            target: self.target,
        }
    }
}

fn hop(address: IpAddr) -> Hop {
    Hop { ip: address.to_string(), version: if address.is_ipv4() { "V4" } else { "V6" } }
}

/// A random UUID (RFC 9562, version 4).
fn uuid() -> String {
    let mut bytes = random::bytes::<16>();
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let hex = |range: &[u8]| range.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let [time, mid, version, variant, node] =
        [&bytes[..4], &bytes[4..6], &bytes[6..8], &bytes[8..10], &bytes[10..]].map(hex);
    format!("{time}-{mid}-{version}-{variant}-{node}")
}
