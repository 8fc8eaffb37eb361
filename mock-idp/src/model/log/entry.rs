//! Writing an entry: what happened, to whom, how it ended.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use data_encoding::HEXLOWER;
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
    let hex = HEXLOWER.encode(&bytes);
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_is_in_the_usual_form_and_says_that_it_is_random() {
        let uuid = uuid();
        let lengths: Vec<usize> = uuid.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
        assert_eq!(uuid.as_bytes()[14], b'4', "{uuid}");
        assert!(b"89ab".contains(&uuid.as_bytes()[19]), "{uuid}");
    }
}
