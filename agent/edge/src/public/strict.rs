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

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use http::{Request, Response};
    use http_body_util::{BodyExt, Empty};
    use hyper::body::{Bytes, Incoming};
    use hyper::server::conn::http1;
    use hyper::service::service_fn;
    use hyper_util::rt::TokioIo;
    use proptest::prelude::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    /// How many requests the server sees whole in these bytes.
    async fn seen(bytes: &[u8]) -> usize {
        let (mut near, far) = tokio::io::duplex(bytes.len() + 1);
        near.write_all(bytes).await.unwrap();
        near.shutdown().await.unwrap();
        let count = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&count);
        let service = service_fn(move |request: Request<Incoming>| {
            let counted = Arc::clone(&counted);
            async move {
                if request.into_body().collect().await.is_ok() {
                    counted.fetch_add(1, Ordering::Relaxed);
                }
                Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
            }
        });
        let stream = TokioIo::new(Strict::new(far, Fault::default()));
        let serving = http1::Builder::new().half_close(true).serve_connection(stream, service);
        let reading = async {
            let mut answers = Vec::new();
            let _ = near.read_to_end(&mut answers).await;
        };
        let _ = tokio::join!(serving, reading);
        count.load(Ordering::Relaxed)
    }

    /// How many messages end in these bytes, before something is wrong.
    fn framed(bytes: &[u8]) -> usize {
        let mut framing = Framing::default();
        let mut count = 0;
        for byte in bytes {
            let within = !framing.is_idle();
            if framing.read(&[*byte]).is_err() {
                break;
            }
            count += usize::from(within && framing.is_idle());
        }
        count
    }

    #[tokio::test]
    async fn the_server_sees_what_was_framed() {
        let post = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
        let chunked =
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
        let bytes = [&post[..], chunked, post].concat();
        assert_eq!((seen(&bytes).await, framed(&bytes)), (3, 3));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        /// Whatever is put together of pieces that parsers stumble over: the server never finds a request where the
        /// framing has none.
        #[test]
        fn the_server_never_sees_more_than_was_framed(pieces in proptest::collection::vec(prop_oneof![
            Just("GET / HTTP/1.1\r\n"), Just("POST /x HTTP/1.1\r\n"), Just("POST / HTTP/1.0\r\n"),
            Just("Host: a\r\n"), Just("Content-Length: 5\r\n"), Just("Content-Length: 0\r\n"),
            Just("Transfer-Encoding: chunked\r\n"), Just("transfer-encoding:chunked\r\n"), Just("X: y\r\n"),
            Just("Transfer-Encoding: identity\r\n"), Just("Connection: upgrade\r\nUpgrade: websocket\r\n"),
            Just("\r\n"), Just("\n"), Just("\r"), Just("hello"), Just("5\r\nhello\r\n"), Just("0\r\n\r\n"),
            Just("0;x=y\r\nT: 1\r\n\r\n"), Just("05\r\nGET /\r\n"), Just(" "), Just(":"), Just("\t"),
        ], 1..16)) {
            let bytes = pieces.concat().into_bytes();
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let (seen, framed) = (runtime.block_on(seen(&bytes)), framed(&bytes));
            prop_assert!(seen <= framed, "{seen} requests in {framed} messages");
        }
    }
}
