//! One stream's place in the table: what came in and was not read, what was written and is not out, and how far each
//! direction has come.

use std::io::IoSlice;
use std::task::{Context, Poll, Waker};

use bytes::{Buf, BytesMut};
use tokio::io::ReadBuf;
use tokio::sync::OwnedSemaphorePermit;

use super::wake;
use crate::StreamType;
use crate::frame::{ErrorCode, Frame, MAX_STREAM, WINDOW};
use crate::session::close::{CloseReason, StreamError};

/// Credit is returned when this much was read.
const CREDIT: u32 = WINDOW / 4;

/// How much may be written ahead of the writer.
const OUTBOX: usize = 64 * 1024;

/// How much one stream may send before it is the next one's turn.
const TURN: usize = 16 * 1024;

/// What became of data that came in.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    Taken,
    /// With it, the stream has ended on the wire.
    Ended,
    /// It must not have come: the stream is to be reset.
    Refused(ErrorCode),
}

/// What one turn has sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sent {
    /// Everything; the stream is out of the queue.
    All,
    /// A part; the stream must have another turn.
    Some,
    /// With it, the stream has ended on the wire.
    End,
    /// With it, the writing half has ended, and the stream is to be reset.
    Parting(ErrorCode),
}

/// How far the writing half is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Writing {
    Open,
    /// Nothing more comes; FIN is to be sent after what waits.
    Finished,
    /// FIN is sent.
    Ended,
}

#[derive(Debug)]
pub(super) struct Entry {
    inbox: BytesMut,
    /// What the peer may still send.
    receive_window: u32,
    /// What was read and not returned as credit.
    read: u32,
    credit_queued: bool,
    peer_finished: bool,
    /// What to reset the stream with once its writing half has ended: bytes came that nobody will read, or what was
    /// written is not the whole.
    parting: Option<ErrorCode>,
    reader: Option<Waker>,

    outbox: BytesMut,
    /// What may still be written; bytes in the outbox are counted already.
    send_window: u32,
    writing: Writing,
    /// The length of the first frame, until it is sent.
    syn: Option<usize>,
    queued: bool,
    writer: Option<Waker>,

    /// The place among the streams opened here, given back when the stream ends on the wire.
    slot: Option<OwnedSemaphorePermit>,
    opened_here: bool,
    held: bool,
    over: bool,
    failure: Option<StreamError>,
    watcher: Option<Waker>,
}

impl Entry {
    /// A stream that the peer opened.
    pub(super) fn accepted() -> Self {
        Self {
            inbox: BytesMut::new(),
            receive_window: WINDOW,
            read: 0,
            credit_queued: false,
            peer_finished: false,
            parting: None,
            reader: None,
            outbox: BytesMut::new(),
            send_window: WINDOW,
            writing: Writing::Open,
            syn: None,
            queued: false,
            writer: None,
            slot: None,
            opened_here: false,
            held: true,
            over: false,
            failure: None,
            watcher: None,
        }
    }

    /// A stream opened here, with its first frame in the outbox and its place in the queue taken.
    pub(super) fn opened(kind: StreamType, payload: &[u8], slot: OwnedSemaphorePermit) -> Self {
        let mut entry = Self::accepted();
        entry.outbox.extend_from_slice(&kind.0.to_be_bytes());
        entry.outbox.extend_from_slice(payload);
        // At most a window: the table has seen to it.
        entry.send_window -= entry.outbox.len() as u32;
        entry.syn = Some(entry.outbox.len());
        entry.queued = true;
        entry.slot = Some(slot);
        entry.opened_here = true;
        entry
    }

    pub(super) fn is_over(&self) -> bool {
        self.over
    }

    pub(super) fn is_held(&self) -> bool {
        self.held
    }

    /// What the stream is to be reset with now that its writing half has ended.
    pub(super) fn parting(&self) -> Option<ErrorCode> {
        self.parting.filter(|_| self.writing == Writing::Ended)
    }

    /// Whether the peer has seen the stream.
    pub(super) fn known_to_peer(&self) -> bool {
        self.syn.is_none()
    }

    pub(super) fn owes_fin(&self) -> bool {
        self.writing != Writing::Ended
    }

    pub(super) fn wake(&mut self) {
        wake(&mut self.reader);
        wake(&mut self.writer);
        wake(&mut self.watcher);
    }

    // What comes in.

    pub(super) fn arrive(&mut self, bytes: &[u8], fin: bool) -> Arrival {
        if self.peer_finished && !bytes.is_empty() {
            return Arrival::Refused(ErrorCode::STREAM_CLOSED);
        }
        let Some(window) = u32::try_from(bytes.len()).ok().and_then(|n| self.receive_window.checked_sub(n))
        else {
            return Arrival::Refused(ErrorCode::FLOW_CONTROL);
        };
        self.receive_window = window;
        if self.held {
            self.inbox.extend_from_slice(bytes);
        } else if !bytes.is_empty() {
            self.parting.get_or_insert(ErrorCode::STREAM_CLOSED);
        }
        self.peer_finished |= fin;
        wake(&mut self.reader);
        match self.parting() {
            _ if self.peer_finished && self.writing == Writing::Ended => Arrival::Ended,
            Some(code) => Arrival::Refused(code),
            None => Arrival::Taken,
        }
    }

    /// The peer takes `increment` bytes more.
    pub(super) fn grant(&mut self, increment: u32) {
        self.send_window = self.send_window.saturating_add(increment).min(MAX_STREAM);
        wake(&mut self.writer);
    }

    pub(super) fn reset_by_peer(&mut self, code: ErrorCode) {
        // Our data came after its end: what it sent before is complete all the same.
        let complete = self.peer_finished && code == ErrorCode::STREAM_CLOSED;
        self.fail(StreamError::Reset(code));
        if !complete {
            self.peer_finished = false;
        }
    }

    /// Ends both directions: what was not sent is dropped; what came before may still be read, unless the reset came
    /// from here.
    pub(super) fn fail(&mut self, error: StreamError) {
        if matches!(error, StreamError::ResetHere(_)) {
            self.inbox.clear();
            self.peer_finished = false;
        }
        self.failure = Some(error);
    }

    /// Marks the end on the wire; true when that frees a place among the peer's streams.
    pub(super) fn end_on_wire(&mut self) -> bool {
        let first = !self.over;
        self.over = true;
        self.slot = None;
        self.outbox = BytesMut::new();
        self.wake();
        first && !self.opened_here
    }

    // What goes out.

    /// Sends one turn's worth.
    pub(super) fn encode(&mut self, stream: u32, batch: &mut Vec<u8>) -> Sent {
        if self.over {
            return Sent::All;
        }
        let syn = self.syn.take();
        let length = self.outbox.len().min(syn.unwrap_or(TURN));
        let last = length == self.outbox.len();
        let fin = last && self.writing == Writing::Finished;
        let bytes = &self.outbox[..length];
        Frame::Data { stream, syn: syn.is_some(), fin, continued: false, bytes }.encode(batch);
        self.outbox.advance(length);
        wake(&mut self.writer);
        self.queued = !last;
        if fin {
            self.writing = Writing::Ended;
        }
        match self.parting() {
            _ if !last => Sent::Some,
            // What is not the whole must not pass for it, even when the peer has ended its half.
            Some(code) if code != ErrorCode::STREAM_CLOSED || !self.peer_finished => Sent::Parting(code),
            _ if fin && self.peer_finished => Sent::End,
            _ => Sent::All,
        }
    }

    /// Whether credit is to be returned and not yet queued; it counts as queued then.
    pub(super) fn owes_credit(&mut self) -> bool {
        let owes = self.read >= CREDIT && !self.credit_queued && !self.peer_finished && !self.over;
        self.credit_queued |= owes;
        owes
    }

    /// The credit to return now.
    pub(super) fn take_credit(&mut self) -> Option<u32> {
        self.credit_queued = false;
        if self.over || self.peer_finished {
            return None;
        }
        let increment = std::mem::take(&mut self.read);
        self.receive_window += increment;
        (increment > 0).then_some(increment)
    }

    /// Whether there is something to send and the stream isn't in the queue; it counts as queued then.
    pub(super) fn joins_queue(&mut self) -> bool {
        let waits = !self.outbox.is_empty() || self.writing == Writing::Finished;
        let joins = waits && !self.queued && !self.over;
        self.queued |= joins;
        joins
    }

    // What its user does.

    pub(super) fn poll_read(
        &mut self,
        context: &Context<'_>,
        buffer: &mut ReadBuf<'_>,
        ended: Option<&CloseReason>,
    ) -> Poll<Result<(), StreamError>> {
        if !self.inbox.is_empty() {
            let length = self.inbox.len().min(buffer.remaining());
            buffer.put_slice(&self.inbox[..length]);
            self.inbox.advance(length);
            // No more than a window was ever let in.
            self.read += length as u32;
            return Poll::Ready(Ok(()));
        }
        if self.peer_finished {
            return Poll::Ready(Ok(()));
        }
        if let Some(failure) = self.failure.clone().or(ended.cloned().map(StreamError::Session)) {
            return Poll::Ready(Err(failure));
        }
        self.reader = Some(context.waker().clone());
        Poll::Pending
    }

    pub(super) fn poll_write(
        &mut self,
        context: &Context<'_>,
        slices: &[IoSlice<'_>],
        ended: Option<&CloseReason>,
    ) -> Poll<Result<usize, StreamError>> {
        self.may_write(ended)?;
        let room = OUTBOX.saturating_sub(self.outbox.len()).min(self.send_window as usize);
        let mut left = room;
        for slice in slices {
            let taken = &slice[..slice.len().min(left)];
            self.outbox.extend_from_slice(taken);
            left -= taken.len();
        }
        let written = room - left;
        if written == 0 && slices.iter().any(|slice| !slice.is_empty()) {
            self.writer = Some(context.waker().clone());
            return Poll::Pending;
        }
        // At most the window.
        self.send_window -= written as u32;
        Poll::Ready(Ok(written))
    }

    pub(super) fn poll_broken(
        &mut self,
        context: &Context<'_>,
        ended: Option<&CloseReason>,
    ) -> Poll<StreamError> {
        let clean_end = self.over && self.failure.is_none();
        match self.failure.clone().or(ended.cloned().map(StreamError::Session)) {
            Some(error) if !clean_end => Poll::Ready(error),
            _ => {
                self.watcher = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }

    /// Takes no more to write. A second time does no harm.
    pub(super) fn finish(&mut self, ended: Option<&CloseReason>) -> Result<(), StreamError> {
        match self.may_write(ended) {
            Err(StreamError::Finished) => Ok(()),
            Err(error) => Err(error),
            Ok(()) => {
                self.writing = Writing::Finished;
                Ok(())
            }
        }
    }

    /// Takes no more to write, and is reset with `code` once what was written is out.
    pub(super) fn break_off(&mut self, code: ErrorCode) {
        self.parting = Some(code);
        if self.writing == Writing::Open {
            self.writing = Writing::Finished;
        }
    }

    /// The handle is gone: nothing is written any more, and nothing read.
    pub(super) fn release(&mut self) {
        self.held = false;
        if !self.inbox.is_empty() {
            self.parting.get_or_insert(ErrorCode::STREAM_CLOSED);
        }
        self.inbox = BytesMut::new();
        if self.writing == Writing::Open {
            self.writing = Writing::Finished;
        }
    }

    fn may_write(&self, ended: Option<&CloseReason>) -> Result<(), StreamError> {
        if self.writing != Writing::Open {
            return Err(StreamError::Finished);
        }
        match self.failure.clone().or(ended.cloned().map(StreamError::Session)) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    #[cfg(test)]
    pub(super) fn within_bounds(&self) -> bool {
        self.inbox.len() <= WINDOW as usize && self.outbox.len() <= WINDOW as usize
    }
}
