//! What the tasks and the streams of a session share: a state machine without I/O.
//!
//! The reader puts frames in ([`Table::receive`]), the writer takes frames out ([`Table::fill`]), streams read, write,
//! end and go. A stream's entry stays until it has ended on the wire and its handle is gone.

mod entry;

use std::collections::{HashMap, VecDeque};
use std::io::IoSlice;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tokio::io::ReadBuf;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use self::entry::{Arrival, Entry, Sent};
use super::close::{CloseReason, OpenError, StreamError, Violation};
use super::handle::{Limits, Role};
use super::ids::PeerIds;
use crate::StreamType;
use crate::frame::{ErrorCode, Frame, MAX_STREAM, WINDOW};

/// How much is put together for one write.
const BATCH: usize = 64 * 1024;

/// How many control frames may wait for a peer that doesn't read.
const MAX_CONTROL: usize = 4096;

/// How far a session is.
#[derive(Clone, Debug)]
pub(super) enum Progress {
    /// It lives.
    Open,
    /// It is over, its last words are not out yet.
    Closing(CloseReason),
    /// Nothing is left to be done.
    Over(CloseReason),
}

impl Progress {
    pub(super) fn reason(&self) -> Option<&CloseReason> {
        match self {
            Progress::Open => None,
            Progress::Closing(reason) | Progress::Over(reason) => Some(reason),
        }
    }
}

/// What the writer has to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Work {
    /// Write the batch.
    Some,
    /// Wait.
    None,
    /// Close the connection.
    Over,
}

/// What goes out before any data.
#[derive(Debug)]
enum Control {
    /// RST, after a FIN of its own when one is owed.
    Reset { stream: u32, code: ErrorCode, fin: bool },
    /// WNDINC for what was read.
    Credit { stream: u32 },
}

#[derive(Debug)]
pub(super) struct Table {
    limits: Limits,
    streams: HashMap<u32, Entry>,
    next_id: u32,
    peer_ids: PeerIds,
    /// Streams that the peer opened and that live.
    accepted: usize,
    /// Those of them that wait to be accepted; none once nobody accepts.
    backlog: Option<VecDeque<u32>>,
    accepting: Option<Waker>,
    control: VecDeque<Control>,
    /// Streams with something to send, in turn.
    ready: VecDeque<u32>,
    writer: Option<Waker>,
    /// Why the session is over; none while it isn't.
    ended: Option<CloseReason>,
    farewell: Option<(ErrorCode, String)>,
    progress: watch::Sender<Progress>,
    slots: Arc<Semaphore>,
}

impl Table {
    pub(super) fn new(
        role: Role,
        limits: Limits,
        slots: Arc<Semaphore>,
    ) -> (Self, watch::Receiver<Progress>) {
        let (progress, watching) = watch::channel(Progress::Open);
        let table = Self {
            limits,
            streams: HashMap::new(),
            next_id: role.first_id(),
            peer_ids: PeerIds::new(role.peer()),
            accepted: 0,
            backlog: Some(VecDeque::new()),
            accepting: None,
            control: VecDeque::new(),
            ready: VecDeque::new(),
            writer: None,
            ended: None,
            farewell: None,
            progress,
            slots,
        };
        (table, watching)
    }

    // The session itself.

    /// Ends the session; only the first reason counts. With a farewell, what was written goes out before it, unless the
    /// peer misbehaved.
    pub(super) fn close(&mut self, reason: CloseReason, farewell: Option<(ErrorCode, String)>) {
        if self.ended.is_some() {
            return;
        }
        if farewell.is_none() || matches!(reason, CloseReason::Misbehaved(_)) {
            self.control.clear();
            self.ready.clear();
        }
        self.farewell = farewell;
        self.ended = Some(reason.clone());
        self.progress.send_replace(Progress::Closing(reason));
        self.slots.close();
        wake(&mut self.accepting);
        wake(&mut self.writer);
        self.streams.values_mut().for_each(Entry::wake);
    }

    /// Says that the writer is done.
    pub(super) fn end(&mut self) {
        self.progress.send_modify(|progress| {
            if let Progress::Closing(reason) = progress {
                *progress = Progress::Over(reason.clone());
            }
        });
    }

    pub(super) fn alive(&self) -> usize {
        self.streams.values().filter(|entry| !entry.is_over()).count()
    }

    // The reader's side.

    pub(super) fn receive(&mut self, frame: &Frame<'_>) -> Result<(), Violation> {
        if self.ended.is_some() {
            return Ok(());
        }
        match *frame {
            Frame::Data { stream, syn: true, fin, bytes, .. } => {
                self.peer_ids.admit(stream)?;
                match self.admit() {
                    Ok(()) => self.begin(stream, fin, bytes),
                    Err(code) => self.push_control(Control::Reset { stream, code, fin: true }),
                }
            }
            Frame::Data { stream, fin, continued, bytes, .. } => {
                self.receive_data(stream, fin, continued, bytes);
            }
            Frame::Window { stream, increment } => {
                if let Some(entry) = self.streams.get_mut(&stream) {
                    entry.grant(increment);
                }
            }
            Frame::Reset { stream, code } => {
                if let Some(entry) = self.streams.get_mut(&stream)
                    && !entry.is_over()
                {
                    entry.reset_by_peer(code);
                    self.over(stream);
                }
            }
            Frame::GoAway { code, text, .. } => {
                let text = String::from_utf8_lossy(text).into_owned();
                self.close(CloseReason::GoneAway { code, text }, None);
            }
        }
        Ok(())
    }

    /// Whether there is a place for one more stream of the peer's.
    fn admit(&self) -> Result<(), ErrorCode> {
        let Some(backlog) = &self.backlog else { return Err(ErrorCode::REFUSED) };
        if self.accepted >= self.limits.accepted {
            return Err(ErrorCode::REFUSED);
        }
        if backlog.len() >= self.limits.backlog {
            return Err(ErrorCode::ACCEPT_QUEUE_FULL);
        }
        Ok(())
    }

    fn begin(&mut self, stream: u32, fin: bool, bytes: &[u8]) {
        self.streams.insert(stream, Entry::accepted());
        self.accepted += 1;
        self.backlog.get_or_insert_default().push_back(stream);
        wake(&mut self.accepting);
        self.receive_data(stream, fin, false, bytes);
    }

    fn receive_data(&mut self, stream: u32, fin: bool, continued: bool, bytes: &[u8]) {
        let arrival = match self.streams.get_mut(&stream) {
            Some(entry) if !entry.is_over() => entry.arrive(bytes, fin),
            // The rest of a frame that was answered before, or an end that crossed ours.
            _ if continued || (fin && bytes.is_empty()) => return,
            _ => {
                let code = ErrorCode::STREAM_CLOSED;
                return self.push_control(Control::Reset { stream, code, fin: false });
            }
        };
        match arrival {
            Arrival::Taken => {}
            Arrival::Ended => self.over(stream),
            Arrival::Refused(code) => self.refuse(stream, code),
        }
    }

    // The writer's side.

    /// Puts the next frames into `batch`: control frames first, then each stream in its turn, then the farewell.
    pub(super) fn fill(&mut self, batch: &mut Vec<u8>) -> Work {
        if self.ended.is_some() && self.farewell.is_none() {
            return Work::Over;
        }
        while let Some(control) = self.control.pop_front() {
            self.encode_control(&control, batch);
        }
        while batch.len() < BATCH
            && let Some(stream) = self.ready.pop_front()
        {
            self.encode_data(stream, batch);
        }
        if !batch.is_empty() {
            return Work::Some;
        }
        let Some((code, text)) = self.farewell.take() else { return Work::None };
        let last_stream = self.peer_ids.highest();
        Frame::GoAway { last_stream, code, text: text.as_bytes() }.encode(batch);
        Work::Some
    }

    /// Waits until [`fill`](Self::fill) has something.
    pub(super) fn poll_work(&mut self, context: &Context<'_>) -> Poll<()> {
        if self.control.is_empty() && self.ready.is_empty() && self.ended.is_none() {
            self.writer = Some(context.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(())
    }

    fn encode_control(&mut self, control: &Control, batch: &mut Vec<u8>) {
        match *control {
            Control::Reset { stream, code, fin } => {
                if fin {
                    Frame::Data { stream, syn: false, fin, continued: false, bytes: &[] }.encode(batch);
                }
                Frame::Reset { stream, code }.encode(batch);
            }
            Control::Credit { stream } => {
                if let Some(increment) = self.streams.get_mut(&stream).and_then(Entry::take_credit) {
                    Frame::Window { stream, increment }.encode(batch);
                }
            }
        }
    }

    fn encode_data(&mut self, stream: u32, batch: &mut Vec<u8>) {
        let Some(entry) = self.streams.get_mut(&stream) else { return };
        match entry.encode(stream, batch) {
            Sent::All => {}
            Sent::Some => self.ready.push_back(stream),
            Sent::End => self.over(stream),
            Sent::Parting(code) => self.refuse(stream, code),
        }
    }

    fn push_control(&mut self, control: Control) {
        if self.control.len() >= MAX_CONTROL {
            let violation = Violation::Flood;
            let farewell = Some((violation.code(), violation.to_string()));
            return self.close(violation.into(), farewell);
        }
        self.control.push_back(control);
        wake(&mut self.writer);
    }

    fn push_ready(&mut self, stream: u32) {
        self.ready.push_back(stream);
        wake(&mut self.writer);
    }

    // The streams' side.

    /// Opens a stream in a place that was kept for it; there is none once the session is over.
    pub(super) fn open(
        &mut self,
        kind: StreamType,
        payload: &[u8],
        slot: Option<OwnedSemaphorePermit>,
    ) -> Result<u32, OpenError> {
        if let Some(reason) = &self.ended {
            return Err(reason.clone().into());
        }
        let Some(slot) = slot else { return Err(CloseReason::Ended.into()) };
        if payload.len() + size_of::<u32>() > WINDOW as usize {
            return Err(OpenError::TooLarge(payload.len()));
        }
        if self.next_id > MAX_STREAM {
            return Err(OpenError::Exhausted);
        }
        let stream = self.next_id;
        self.next_id += 2;
        self.streams.insert(stream, Entry::opened(kind, payload, slot));
        self.push_ready(stream);
        Ok(stream)
    }

    pub(super) fn poll_accept(&mut self, context: &Context<'_>) -> Poll<Option<u32>> {
        let next = self.backlog.as_mut().and_then(VecDeque::pop_front);
        if next.is_some() || self.ended.is_some() {
            return Poll::Ready(next);
        }
        self.accepting = Some(context.waker().clone());
        Poll::Pending
    }

    /// From now on the peer's streams are refused, those that wait included.
    pub(super) fn stop_accepting(&mut self) {
        for stream in self.backlog.take().unwrap_or_default() {
            self.reset_here(stream, ErrorCode::REFUSED);
            self.release(stream);
        }
    }

    pub(super) fn poll_read(
        &mut self,
        stream: u32,
        context: &Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<(), StreamError>> {
        let Some(entry) = self.streams.get_mut(&stream) else { return Poll::Ready(Err(self.gone())) };
        let outcome = entry.poll_read(context, buffer, self.ended.as_ref());
        if entry.owes_credit() {
            self.push_control(Control::Credit { stream });
        }
        outcome
    }

    pub(super) fn poll_write(
        &mut self,
        stream: u32,
        context: &Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<Result<usize, StreamError>> {
        let Some(entry) = self.streams.get_mut(&stream) else { return Poll::Ready(Err(self.gone())) };
        let outcome = entry.poll_write(context, slices, self.ended.as_ref());
        if entry.joins_queue() {
            self.push_ready(stream);
        }
        outcome
    }

    pub(super) fn poll_broken(&mut self, stream: u32, context: &Context<'_>) -> Poll<StreamError> {
        let Some(entry) = self.streams.get_mut(&stream) else { return Poll::Ready(self.gone()) };
        entry.poll_broken(context, self.ended.as_ref())
    }

    /// Ends a stream's writing half once all that was written is out.
    pub(super) fn finish(&mut self, stream: u32) -> Result<(), StreamError> {
        let Some(entry) = self.streams.get_mut(&stream) else { return Err(self.gone()) };
        entry.finish(self.ended.as_ref())?;
        if entry.joins_queue() {
            self.push_ready(stream);
        }
        Ok(())
    }

    /// Resets a stream because its user says so.
    pub(super) fn reset_here(&mut self, stream: u32, code: ErrorCode) {
        if self.streams.get(&stream).is_some_and(|entry| !entry.is_over()) {
            self.reset(stream, StreamError::ResetHere(code), code);
        }
    }

    /// Resets a stream because its user says so, once what was written is out.
    pub(super) fn break_off(&mut self, stream: u32, code: ErrorCode) {
        let Some(entry) = self.streams.get_mut(&stream) else { return };
        if self.ended.is_some() || entry.is_over() {
            return;
        }
        entry.break_off(code);
        if let Some(code) = entry.parting() {
            self.reset_here(stream, code);
        } else if entry.joins_queue() {
            self.push_ready(stream);
        }
    }

    /// A stream's handle is gone.
    pub(super) fn release(&mut self, stream: u32) {
        let silent = self.ended.is_some() && self.farewell.is_none();
        let Some(entry) = self.streams.get_mut(&stream) else { return };
        entry.release();
        if silent || entry.is_over() {
            self.streams.remove(&stream);
        } else if let Some(code) = entry.parting() {
            self.refuse(stream, code);
        } else if entry.joins_queue() {
            self.push_ready(stream);
        }
    }

    /// Resets a stream because of what the peer sends.
    fn refuse(&mut self, stream: u32, code: ErrorCode) {
        self.reset(stream, StreamError::Reset(code), code);
    }

    fn reset(&mut self, stream: u32, error: StreamError, code: ErrorCode) {
        let Some(entry) = self.streams.get_mut(&stream) else { return };
        let (known, fin) = (entry.known_to_peer(), entry.owes_fin());
        entry.fail(error);
        self.over(stream);
        if known {
            self.push_control(Control::Reset { stream, code, fin });
        }
    }

    /// What a handle is told whose entry is gone, which is when the session is.
    fn gone(&self) -> StreamError {
        self.ended.clone().unwrap_or(CloseReason::Ended).into()
    }

    /// A stream has ended on the wire.
    fn over(&mut self, stream: u32) {
        let Some(entry) = self.streams.get_mut(&stream) else { return };
        if entry.end_on_wire() {
            self.accepted -= 1;
        }
        if !entry.is_held() {
            self.streams.remove(&stream);
        }
    }
}

fn wake(waker: &mut Option<Waker>) {
    if let Some(waker) = waker.take() {
        waker.wake();
    }
}

#[cfg(test)]
mod tests;
