//! A client's connection whose HTTP/1.1 is well framed, or else ends.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::framing::{Framing, Malformed};

/// A connection that is read along. A head that is no good turns into one that the server refuses with 400, and a body
/// that is no good into an error; nothing is read after either.
pub(super) struct Strict<I> {
    io: I,
    framing: Framing,
    fault: Fault,
    /// What is still to be read in place of what came.
    instead: &'static [u8],
}

/// What was wrong with a connection, once something was.
pub(super) type Fault = Arc<OnceLock<Malformed>>;

/// Wherever a head is broken off and goes on with this, it has come to its end and is invalid.
const NO_HTTP: &[u8] = b"\0\r\n\r\n";

impl<I> Strict<I> {
    pub(super) fn new(io: I, fault: Fault) -> Self {
        Self { io, framing: Framing::default(), fault, instead: &[] }
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Strict<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.fault.get().is_some() {
            return Poll::Ready(self.read_instead(buffer));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.io).poll_read(context, buffer))?;
        let Err(malformed) = self.framing.read(&buffer.filled()[before..]) else {
            return Poll::Ready(Ok(()));
        };
        let _ = self.fault.set(malformed);
        buffer.set_filled(before);
        if self.framing.is_in_head() {
            self.instead = NO_HTTP;
            return Poll::Ready(self.read_instead(buffer));
        }
        Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, malformed)))
    }
}

impl<I> Strict<I> {
    fn read_instead(&mut self, buffer: &mut ReadBuf<'_>) -> io::Result<()> {
        let (now, later) = self.instead.split_at(self.instead.len().min(buffer.remaining()));
        buffer.put_slice(now);
        self.instead = later;
        Ok(())
    }

    /// The server's answers tell when the connection stops being HTTP.
    fn see(&mut self, written: &[u8]) {
        if written.starts_with(b"HTTP/1.1 101 ") {
            self.framing.switch();
        }
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Strict<I> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.see(bytes);
        Pin::new(&mut self.io).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let Some(first) = parts.first() {
            self.see(first);
        }
        Pin::new(&mut self.io).poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}
