//! Watches HTTP/1.1 pass by, for the console, for the inspector and for evidence, and never stands in its way: what it
//! doesn't understand it stops looking at. Memory is bounded whatever passes.

mod message;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use self::message::{Body, Head, Hears, Parser, Shown};
use crate::inspector::{Message, Recording, Tape};

/// Requests on one connection whose answers have not begun.
const MAX_PENDING: usize = 64;

/// One connection's traffic.
#[derive(Debug, Default)]
pub(crate) struct Observer {
    requests: Parser,
    answers: Parser,
    traffic: Traffic,
    blind: bool,
}

/// What is known of a connection's exchanges.
#[derive(Debug, Default)]
struct Traffic {
    pending: VecDeque<Pending>,
    /// From here on the connection is another protocol's.
    switched: bool,
    /// Where exchanges are kept, if they are.
    tape: Option<Tape>,
    /// The exchange whose request is passing.
    asking: Option<Recording>,
    /// The exchange whose answer is passing.
    answering: Option<(Recording, Instant)>,
}

#[derive(Debug)]
struct Pending {
    began: Instant,
    method: String,
    target: String,
    recording: Option<Recording>,
}

/// A request and the beginning of its answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Exchange {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) status: u16,
    pub(crate) reason: String,
    pub(crate) took: Duration,
}

impl Observer {
    /// An observer that keeps what passes.
    pub(crate) fn recording(tape: Tape) -> Self {
        Self {
            requests: Parser::keeping_headers(),
            answers: Parser::keeping_headers(),
            traffic: Traffic { tape: Some(tape), ..Traffic::default() },
            blind: false,
        }
    }

    /// Bytes from the client to the app.
    pub(crate) fn request_bytes(&mut self, bytes: &[u8], now: Instant) {
        if !self.blind {
            let mut ears = Requests { traffic: &mut self.traffic, now };
            self.blind |= self.requests.feed(bytes, &mut ears).is_none();
        }
    }

    /// Bytes from the app to the client; hands out each exchange whose answer begins in them.
    pub(crate) fn answer_bytes(&mut self, bytes: &[u8], now: Instant, seen: impl FnMut(Exchange)) {
        if !self.blind {
            let mut ears = Answers { traffic: &mut self.traffic, now, seen };
            self.blind |= self.answers.feed(bytes, &mut ears).is_none();
        }
    }

    /// Whether the app has agreed to speak another protocol from here on.
    pub(crate) fn has_switched(&self) -> bool {
        self.traffic.switched
    }

    /// The connection is over.
    pub(crate) fn end(&mut self, now: Instant) {
        if let Some((recording, began)) = self.traffic.answering.take() {
            recording.end(now.saturating_duration_since(began));
        }
    }
}

struct Requests<'a> {
    traffic: &'a mut Traffic,
    now: Instant,
}

impl Hears for Requests<'_> {
    fn head(&mut self, head: &Shown<'_>) -> Option<Body> {
        let Traffic { pending, tape, asking, .. } = &mut *self.traffic;
        let (method, target) = head.request_line()?;
        if pending.len() == MAX_PENDING || method == "CONNECT" {
            return None;
        }
        let recording = tape.as_ref().map(|tape| tape.request(head.message()));
        asking.clone_from(&recording);
        let (method, target) = (method.to_owned(), target.to_owned());
        pending.push_back(Pending { began: self.now, method, target, recording });
        Some(head.body().unwrap_or(Body::None))
    }

    fn body(&mut self, bytes: &[u8]) {
        if let Some(recording) = &self.traffic.asking {
            recording.request_body(bytes);
        }
    }

    fn end(&mut self) {
        self.traffic.asking = None;
    }
}

struct Answers<'a, F> {
    traffic: &'a mut Traffic,
    now: Instant,
    seen: F,
}

impl<F: FnMut(Exchange)> Hears for Answers<'_, F> {
    fn head(&mut self, head: &Shown<'_>) -> Option<Body> {
        let (status, reason) = head.status_line()?;
        if matches!(status, 100 | 102..=199) {
            return Some(Body::None);
        }
        let Pending { began, method, target, recording } = self.traffic.pending.pop_front()?;
        let bodiless = method == "HEAD" || matches!(status, 204 | 304);
        let took = self.now.saturating_duration_since(began);
        (self.seen)(Exchange { method, target, status, reason: reason.to_owned(), took });
        if let Some(recording) = recording {
            recording.answer(status, head.message());
            self.traffic.answering = Some((recording, began));
        }
        match status {
            101 => {
                self.traffic.switched = true;
                self.end();
                None
            }
            _ if bodiless => Some(Body::None),
            _ => head.body().or(Some(Body::Rest)),
        }
    }

    fn body(&mut self, bytes: &[u8]) {
        if let Some((recording, _)) = &self.traffic.answering {
            recording.answer_body(bytes);
        }
    }

    fn end(&mut self) {
        if let Some((recording, began)) = self.traffic.answering.take() {
            recording.end(self.now.saturating_duration_since(began));
        }
    }
}

/// A request line's parts, when it is one of HTTP/1.x.
fn request_line(line: &str) -> Option<(&str, &str)> {
    let (method, rest) = line.split_once(' ')?;
    let (target, version) = rest.rsplit_once(' ')?;
    let token = !method.is_empty() && method.bytes().all(|b| b.is_ascii_uppercase() || b == b'-');
    (token && !target.is_empty() && version.starts_with("HTTP/1.")).then_some((method, target))
}

/// A status line's parts, when it is one of HTTP/1.x.
fn status_line(line: &str) -> Option<(u16, &str)> {
    let (version, rest) = line.split_once(' ')?;
    let (status, reason) = rest.split_once(' ').unwrap_or((rest, ""));
    let status = status.parse().ok().filter(|status| (100..1000).contains(status))?;
    version.starts_with("HTTP/1.").then_some((status, reason))
}

impl Shown<'_> {
    fn request_line(&self) -> Option<(&str, &str)> {
        request_line(self.first)
    }

    fn status_line(&self) -> Option<(u16, &str)> {
        status_line(self.first)
    }

    fn body(&self) -> Option<Body> {
        match self.head {
            Head { chunked: true, .. } => Some(Body::Chunked),
            Head { length: Some(length), .. } => Some(Body::Length(*length)),
            Head { .. } => None,
        }
    }

    fn message(&self) -> Message {
        Message::new(self.first.to_owned(), self.head.headers.clone())
    }
}

#[cfg(test)]
mod tests;
