//! What passed through the tunnels, kept for whoever wants to look at it or send it again. Memory is bounded: the
//! oldest goes first.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::watch;

/// How much of a body is kept.
pub const MAX_BODY: usize = 256 * 1024;

/// How many exchanges are kept.
const MAX_EXCHANGES: usize = 500;

/// How much memory they take, unless told otherwise: 50 MB, as ngrok's.
pub const ROOM: usize = 50_000_000;

/// What is kept of the exchanges that passed.
#[derive(Debug)]
pub struct Inspector {
    shelf: Mutex<Shelf>,
    revision: watch::Sender<u64>,
    room: usize,
}

#[derive(Debug, Default)]
struct Shelf {
    /// Whoever looks at one keeps it as it was; those that pass are changed in place otherwise.
    exchanges: VecDeque<Arc<Exchange>>,
    /// What they take, in bytes.
    held: usize,
}

/// One HTTP exchange.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// Its id here.
    pub id: String,
    /// The name of the tunnel that it came through.
    pub tunnel: String,
    /// The client at the edge.
    pub client: SocketAddr,
    /// When it began, in real time.
    pub began: DateTime<Utc>,
    /// From the request's first byte to the answer's last; none while it passes, and when it broke.
    pub took: Option<Duration>,
    /// The request.
    pub request: Message,
    /// The answer's status and the answer, as soon as it began.
    pub answer: Option<(u16, Message)>,
}

/// A request or an answer.
#[derive(Clone, Debug, Default)]
pub struct Message {
    /// Its first line.
    pub first: String,
    /// Its headers, as they were written.
    pub headers: Vec<(String, String)>,
    /// As much of its body as is kept ([`MAX_BODY`]), without the framing of chunks.
    pub body: Vec<u8>,
    /// How long the body is, or was until it broke.
    pub length: u64,
}

impl Message {
    pub(crate) fn new(first: String, headers: Vec<(String, String)>) -> Self {
        Self { first, headers, body: Vec::new(), length: 0 }
    }

    /// Whether all of its body is here.
    pub fn is_whole(&self) -> bool {
        self.body.len() as u64 == self.length
    }

    fn size(&self) -> usize {
        let headers: usize = self.headers.iter().map(|(name, value)| name.len() + value.len() + 64).sum();
        self.first.len() + headers + self.body.len()
    }

    /// Keeps what there is room for; how many bytes that is.
    fn append(&mut self, bytes: &[u8]) -> usize {
        self.length += bytes.len() as u64;
        let kept = bytes.len().min(MAX_BODY - self.body.len());
        self.body.extend_from_slice(&bytes[..kept]);
        kept
    }
}

impl Exchange {
    fn size(&self) -> usize {
        256 + self.request.size() + self.answer.as_ref().map_or(0, |(_, answer)| answer.size())
    }
}

impl Inspector {
    /// An inspector with room for so many bytes.
    pub fn new(room: usize) -> Arc<Self> {
        Arc::new(Self { shelf: Mutex::default(), revision: watch::Sender::new(0), room })
    }

    /// The exchanges that `wanted` picks, the latest first.
    pub fn exchanges(&self, most: usize, wanted: impl Fn(&Exchange) -> bool) -> Vec<Arc<Exchange>> {
        self.shelf().exchanges.iter().rev().filter(|exchange| wanted(exchange)).take(most).cloned().collect()
    }

    /// The exchange with this id.
    pub fn find(&self, id: &str) -> Option<Arc<Exchange>> {
        self.shelf().exchanges.iter().find(|exchange| exchange.id == id).cloned()
    }

    /// Forgets everything.
    pub fn clear(&self) {
        *self.shelf() = Shelf::default();
        self.changed();
    }

    /// A number that grows whenever there is something new to see.
    pub fn revision(&self) -> watch::Receiver<u64> {
        self.revision.subscribe()
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn changed(&self) {
        self.revision.send_modify(|revision| *revision += 1);
    }

    fn add(&self, exchange: Exchange) {
        {
            let mut shelf = self.shelf();
            shelf.held += exchange.size();
            shelf.exchanges.push_back(Arc::new(exchange));
            shelf.shrink(self.room);
        }
        self.changed();
    }

    /// Changes an exchange that is still there; `change` says how many bytes it grew by.
    fn grow(&self, id: &str, change: impl FnOnce(&mut Exchange) -> usize) {
        let mut shelf = self.shelf();
        // Those that change are mostly the latest.
        let found = shelf.exchanges.iter_mut().rev().find(|exchange| exchange.id == id);
        if let Some(exchange) = found {
            shelf.held += change(Arc::make_mut(exchange));
            shelf.shrink(self.room);
        }
    }
}

impl Shelf {
    fn shrink(&mut self, room: usize) {
        while self.held > room || self.exchanges.len() > MAX_EXCHANGES {
            let Some(oldest) = self.exchanges.pop_front() else { return };
            self.held = self.held.saturating_sub(oldest.size());
        }
    }
}

/// Where the exchanges of one connection are kept.
#[derive(Debug)]
pub(crate) struct Tape {
    pub(crate) inspector: Arc<Inspector>,
    pub(crate) tunnel: String,
    pub(crate) client: SocketAddr,
}

/// An exchange that is passing.
#[derive(Clone, Debug)]
pub(crate) struct Recording {
    inspector: Arc<Inspector>,
    id: String,
}

impl Tape {
    /// A request has come.
    pub(crate) fn request(&self, request: Message) -> Recording {
        let bytes: [u8; 8] = ground::random::bytes();
        let id = format!("{:016x}", u64::from_ne_bytes(bytes));
        self.inspector.add(Exchange {
            id: id.clone(),
            tunnel: self.tunnel.clone(),
            client: self.client,
            began: Utc::now(),
            took: None,
            request,
            answer: None,
        });
        Recording { inspector: Arc::clone(&self.inspector), id }
    }
}

impl Recording {
    pub(crate) fn request_body(&self, bytes: &[u8]) {
        self.inspector.grow(&self.id, |exchange| exchange.request.append(bytes));
    }

    pub(crate) fn answer(&self, status: u16, answer: Message) {
        self.inspector.grow(&self.id, |exchange| {
            let size = answer.size();
            exchange.answer = Some((status, answer));
            size
        });
        self.inspector.changed();
    }

    pub(crate) fn answer_body(&self, bytes: &[u8]) {
        self.inspector.grow(&self.id, |exchange| {
            exchange.answer.as_mut().map_or(0, |(_, answer)| answer.append(bytes))
        });
    }

    pub(crate) fn end(&self, took: Duration) {
        self.inspector.grow(&self.id, |exchange| {
            exchange.took = Some(took);
            0
        });
        self.inspector.changed();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tape(room: usize) -> Tape {
        let client = "203.0.113.7:51234".parse().unwrap();
        Tape { inspector: Inspector::new(room), tunnel: "app".into(), client }
    }

    fn get(path: &str) -> Message {
        Message::new(format!("GET {path} HTTP/1.1"), vec![("Host".into(), "app.tunnel.test".into())])
    }

    #[test]
    fn the_latest_comes_first_and_a_body_is_kept_up_to_its_bound() {
        let tape = tape(ROOM);
        tape.request(get("/1")).end(Duration::from_millis(3));
        let second = tape.request(get("/2"));
        second.request_body(&vec![b'x'; MAX_BODY + 5]);
        second.answer(200, Message::new("HTTP/1.1 200 OK".into(), Vec::new()));
        second.answer_body(b"hello");
        let all = tape.inspector.exchanges(10, |_| true);
        assert_eq!(
            all.iter().map(|one| one.request.first.as_str()).collect::<Vec<_>>(),
            ["GET /2 HTTP/1.1", "GET /1 HTTP/1.1"]
        );
        assert_eq!((all[0].request.body.len(), all[0].request.length), (MAX_BODY, MAX_BODY as u64 + 5));
        assert!(!all[0].request.is_whole() && all[0].took.is_none());
        assert_eq!(all[0].answer.as_ref().unwrap().1.body, b"hello");
        assert!(all[1].request.is_whole() && all[1].took.is_some());
    }

    #[test]
    fn the_oldest_goes_when_there_is_no_more_room() {
        let tape = tape(100_000);
        let mut last = String::new();
        for number in 0..50 {
            let recording = tape.request(get(&format!("/{number}")));
            recording.request_body(&vec![0; 10_000]);
            last.clone_from(&recording.id);
            let shelf = tape.inspector.shelf();
            assert!(shelf.held <= 100_000);
            assert_eq!(shelf.held, shelf.exchanges.iter().map(|exchange| exchange.size()).sum::<usize>());
        }
        assert!(tape.inspector.find(&last).is_some());
        assert!(tape.inspector.exchanges(100, |_| true).len() < 10);
        (0..2 * MAX_EXCHANGES).for_each(|_| drop(tape.request(get("/"))));
        assert!(tape.inspector.exchanges(usize::MAX, |_| true).len() <= MAX_EXCHANGES);
    }
}
