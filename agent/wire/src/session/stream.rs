//! A stream, as those who use it see it.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::close::StreamError;
use super::handle::Shared;
use crate::frame::ErrorCode;

/// One stream of a session: bytes in order, both ways, each way with an end of its own.
///
/// Flushing does nothing, since what was written goes out by itself. Dropping a stream ends its writing half in good
/// order; when bytes were left unread or the peer sends more, it is reset too, as with a TCP socket.
#[derive(Debug)]
pub struct Stream {
    shared: Arc<Shared>,
    id: u32,
}

impl Stream {
    pub(super) fn new(shared: Arc<Shared>, id: u32) -> Self {
        Self { shared, id }
    }

    /// Its id, unique in the session: odd when the client opened it, even when the server did.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Waits until the stream is reset, from here or by the peer, or its session ends, even while nobody reads or
    /// writes. Never returns for a stream that ended in good order. Of two that wait, only the later is woken.
    pub async fn broken(&self) -> StreamError {
        std::future::poll_fn(|context| self.shared.table().poll_broken(self.id, context)).await
    }

    /// Ends the stream as one whose end is not the end of its bytes: what was written goes out, then FIN, then RST.
    pub fn break_off(&self, code: ErrorCode) {
        self.shared.table().break_off(self.id, code);
    }

    /// Ends both directions at once. What was written and not yet sent is dropped; the peer gets FIN, then RST, since
    /// some clients overlook a bare RST.
    pub fn reset(&self, code: ErrorCode) {
        self.shared.table().reset_here(self.id, code);
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.shared.table().release(self.id);
    }
}

/// Reading and writing take the stream by reference too, so that one task may read while another writes; of two that
/// wait to do the same, only the later is woken.
impl AsyncRead for &Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.shared.table().poll_read(self.id, context, buffer).map_err(io::Error::from)
    }
}

impl AsyncWrite for &Stream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(context, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.shared.table().poll_write(self.id, context, slices).map_err(io::Error::from)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.shared.table().finish(self.id).map_err(io::Error::from))
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut &*self).poll_read(context, buffer)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut &*self).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut &*self).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut &*self).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut &*self).poll_shutdown(context)
    }
}
