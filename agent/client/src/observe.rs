//! Watches HTTP/1.1 pass by, for the console and for evidence, and never stands in its way: what it doesn't understand
//! it stops looking at. Memory is bounded whatever passes.

mod message;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use self::message::{Body, Head, Parser, Shown};

/// Requests on one connection whose answers have not begun.
const MAX_PENDING: usize = 64;

/// One connection's traffic.
#[derive(Debug, Default)]
pub(crate) struct Observer {
    requests: Parser,
    answers: Parser,
    pending: VecDeque<Pending>,
    blind: bool,
}

#[derive(Debug)]
struct Pending {
    began: Instant,
    method: String,
    target: String,
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
    /// Bytes from the client to the app.
    pub(crate) fn request_bytes(&mut self, bytes: &[u8], now: Instant) {
        let Self { requests, pending, blind, .. } = self;
        if *blind {
            return;
        }
        let understood = requests.feed(bytes, |head| {
            let (method, target) = head.request_line()?;
            if pending.len() == MAX_PENDING || method == "CONNECT" {
                return None;
            }
            pending.push_back(Pending { began: now, method: method.to_owned(), target: target.to_owned() });
            Some(head.body().unwrap_or(Body::None))
        });
        *blind |= understood.is_none();
    }

    /// Bytes from the app to the client; hands out each exchange whose answer begins in them.
    pub(crate) fn answer_bytes(&mut self, bytes: &[u8], now: Instant, mut seen: impl FnMut(Exchange)) {
        let Self { answers, pending, blind, .. } = self;
        if *blind {
            return;
        }
        let understood = answers.feed(bytes, |head| {
            let (status, reason) = head.status_line()?;
            if matches!(status, 100 | 102..=199) {
                return Some(Body::None);
            }
            let Pending { began, method, target } = pending.pop_front()?;
            let bodiless = method == "HEAD" || matches!(status, 204 | 304);
            let took = now.saturating_duration_since(began);
            seen(Exchange { method, target, status, reason: reason.to_owned(), took });
            match status {
                // From here on it is another protocol.
                101 => None,
                _ if bodiless => Some(Body::None),
                // Without a length, the body ends with the connection.
                _ => head.body(),
            }
        });
        *blind |= understood.is_none();
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
}

#[cfg(test)]
mod tests;
