//! Who spoke to whom: HTTP exchanges, and the arrows of the sequence drawing.

use std::collections::HashMap;
use std::time::Instant;

use ground::evidence::{self, Stamped};
use ground::redaction::Redactor;
use http::HeaderMap;
use reports::{DecodedToken, Exchange, Header, Message, MessageKind};

use super::account::StepSpan;
use super::faces::{EDGE, Faces, NETWORK, ORG};
use super::relays::{self, Arrival};
use super::{Event, lines, tokens};
use crate::network;

/// Exchanges and messages of one scenario.
pub(super) struct Talk<'a> {
    pub(super) began: Instant,
    pub(super) steps: &'a [StepSpan],
    pub(super) faces: &'a Faces,
    pub(super) redactor: &'a Redactor,
    pub(super) exchanges: Vec<Exchange>,
    pub(super) messages: Vec<Message>,
    /// The upstream at the other end of each proxied stream, as the report calls it.
    pub(super) upstreams: HashMap<(String, u32), String>,
}

impl<'a> Talk<'a> {
    pub(super) fn new(
        began: Instant,
        steps: &'a [StepSpan],
        faces: &'a Faces,
        redactor: &'a Redactor,
    ) -> Self {
        let (exchanges, messages, upstreams) = (Vec::new(), Vec::new(), HashMap::new());
        Self { began, steps, faces, redactor, exchanges, messages, upstreams }
    }

    /// Takes in every event, and gives exchanges and messages in the order in which they happened.
    pub(super) fn hear(mut self, events: &[Stamped<Event>]) -> (Vec<Exchange>, Vec<Message>) {
        let mut issued: HashMap<&str, Vec<DecodedToken>> = HashMap::new();
        let mut spoilt: HashMap<&str, Vec<String>> = HashMap::new();
        for stamped in events {
            if let Event::Org(mock_idp::Event::Misbehaved { request, fault, .. }) = &stamped.event {
                spoilt.entry(request).or_default().push(self.redactor.text(&lines::spoilt(fault)));
            }
            if let Event::Org(mock_idp::Event::TokensIssued { request, id_token, access_token, .. }) =
                &stamped.event
            {
                let decoded = [("ID token", id_token.as_ref()), ("access token", access_token.as_ref())]
                    .into_iter()
                    .filter_map(|(kind, token)| tokens::decode(kind, token?.expose(), self.redactor));
                issued.insert(request, decoded.collect());
            }
        }
        let arrivals = relays::arrivals(events);
        for stamped in events {
            self.hear_one(stamped, &mut issued, &spoilt, &arrivals);
        }
        self.exchanges.sort_by_key(|exchange| exchange.at_ms);
        self.messages.sort_by_key(|message| message.at_ms);
        (self.exchanges, self.messages)
    }

    fn hear_one(
        &mut self,
        stamped: &Stamped<Event>,
        issued: &mut HashMap<&str, Vec<DecodedToken>>,
        spoilt: &HashMap<&str, Vec<String>>,
        arrivals: &[Arrival],
    ) {
        match &stamped.event {
            Event::Org(mock_idp::Event::Answered(exchange)) => {
                let request = exchange.response_headers.get("x-okta-request-id");
                let request = request.and_then(|id| id.to_str().ok()).unwrap_or_default();
                let tokens = issued.remove(request).unwrap_or_default();
                let note = spoilt.get(request).map(|faults| format!("misbehaved: {}", faults.join(", ")));
                self.exchange(stamped, exchange, ORG, tokens, note);
            }
            Event::Edge(edge::Event::Answered(answered)) => {
                self.relayed(stamped.at, answered, arrivals);
                self.exchange(stamped, &answered.exchange, EDGE, Vec::new(), None);
            }
            Event::Agent(agent, client::Event::ConnectionOpened { at, upstream, .. }) => {
                let upstream = self.faces.upstream_at(upstream.local);
                self.opened(stamped.at, agent, (at, upstream));
            }
            Event::Agent(agent, client::Event::Exchange { at, method, target, status, took, .. }) => {
                let asked = stamped.at.checked_sub(*took).unwrap_or(stamped.at);
                let asks = format!("{method} {}", self.redactor.url(target));
                self.passed((asked, stamped.at), agent, at, (asks, status.to_string()));
            }
            Event::Network(network::Event::Refused(refused)) if refused.asker == network::Asker::Member => {
                let label = format!("{}:{}: {}", refused.host, refused.port, refused.why);
                self.message(stamped.at, &refused.who, NETWORK, label, MessageKind::Refused, None);
            }
            _ => {}
        }
    }

    fn exchange(
        &mut self,
        stamped: &Stamped<Event>,
        seen: &evidence::Exchange,
        to: &str,
        tokens: Vec<DecodedToken>,
        note: Option<String>,
    ) {
        let id = format!("x{}", self.exchanges.len() + 1);
        let from = self.faces.at(seen.connection.peer);
        let (url, status) = (self.redactor.url(&seen.url), seen.status.as_u16());
        let path = seen.url.splitn(4, '/').nth(3).unwrap_or_default().split('?').next().unwrap_or_default();
        let asks = format!("{} /{path}", seen.method);
        let code = seen.response_headers.get("ngrok-error-code").and_then(|code| code.to_str().ok());
        let answers = match (code, seen.response_headers.get(http::header::LOCATION)) {
            (Some(code), _) => format!("{status} {code}"),
            (None, Some(location)) => {
                format!("{status} → {}", host_of(location.to_str().unwrap_or_default()))
            }
            (None, None) => status.to_string(),
        };
        let refused = code.is_some() || status >= 400;
        let kind = if refused { MessageKind::Refused } else { MessageKind::Answer };
        self.message(seen.began, &from, to, asks, MessageKind::Request, Some(id.clone()));
        self.message(stamped.at, to, &from, answers, kind, Some(id.clone()));
        self.exchanges.push(Exchange {
            id,
            at_ms: self.ms(seen.began),
            stage_time: Some(stamped.stage_time),
            duration_ms: Some(self.ms(stamped.at).saturating_sub(self.ms(seen.began))),
            from,
            to: to.to_owned(),
            step: self.step(seen.began),
            method: seen.method.to_string(),
            url,
            http_version: format!("{:?}", seen.version),
            status: Some(status),
            request_headers: self.headers(&seen.request_headers),
            response_headers: self.headers(&seen.response_headers),
            tokens,
            request_body: None,
            response_body: None,
            note,
        });
    }

    pub(super) fn message(
        &mut self,
        at: Instant,
        from: &str,
        to: &str,
        label: String,
        kind: MessageKind,
        exchange: Option<String>,
    ) {
        let (at_ms, step) = (self.ms(at), self.step(at));
        self.messages.push(Message {
            from: from.to_owned(),
            to: to.to_owned(),
            at_ms,
            label,
            kind,
            exchange,
            step,
        });
    }

    fn headers(&self, headers: &HeaderMap) -> Vec<Header> {
        let one = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
            let value = String::from_utf8_lossy(value.as_bytes());
            Header { name: name.as_str().to_owned(), value: self.redactor.header(name.as_str(), &value) }
        };
        headers.iter().map(one).collect()
    }

    fn ms(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.began).as_millis()).unwrap_or(u64::MAX)
    }

    fn step(&self, at: Instant) -> Option<usize> {
        self.steps.iter().rposition(|span| span.began <= at)
    }
}

fn host_of(location: &str) -> String {
    match url::Url::parse(location) {
        Ok(url) => url.host_str().unwrap_or_default().to_owned(),
        Err(_) => location.split('?').next().unwrap_or_default().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use ground::Clock;
    use ground::evidence::Connection;
    use http::{HeaderName, Method, StatusCode, Version};
    use mock_idp::misbehaviour::{Fault, KnobId};

    use super::super::Log;
    use super::*;

    fn answered(request: &str) -> mock_idp::Event {
        let end = SocketAddr::from(([127, 0, 0, 1], 443));
        let id = (HeaderName::from_static("x-okta-request-id"), request.parse().unwrap());
        mock_idp::Event::Answered(Box::new(evidence::Exchange {
            began: Instant::now(),
            connection: Connection { peer: end, local: end },
            method: Method::GET,
            url: format!("https://acme.okta.test/{request}"),
            version: Version::HTTP_2,
            request_headers: HeaderMap::new(),
            status: StatusCode::OK,
            response_headers: HeaderMap::from_iter([id]),
        }))
    }

    #[test]
    fn a_misbehaviour_stands_beside_the_exchange_that_it_spoilt() {
        let log = Log::new(Clock::new());
        let org = log.sink(Event::Org);
        let misbehaves = |request: &str, fault| {
            org.emit(mock_idp::Event::Misbehaved { request: request.into(), id: KnobId(0), fault });
        };
        org.emit(answered("first"));
        misbehaves("second", Fault::IdTokenExpired);
        misbehaves("second", Fault::TokenMember { name: "scope".into(), value: None });
        org.emit(answered("second"));
        let (faces, redactor) = (Faces::default(), Redactor::new());
        let talk = Talk::new(log.began(), &[], &faces, &redactor);
        let (exchanges, _) = log.read(|events| talk.hear(events));
        let notes: Vec<_> = exchanges.iter().map(|exchange| exchange.note.as_deref()).collect();
        let note = r#"misbehaved: "id_token_expired", {"token_member":{"name":"scope"}}"#;
        assert_eq!(notes, [None, Some(note)]);
    }
}
