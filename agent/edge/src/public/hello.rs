//! The first bytes of a connection to the TLS port: a ClientHello is read before anyone decides who ends its TLS.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::rustls::server::{Accepted, Acceptor};

use crate::proxy::raw::Near;

/// How long a ClientHello may be.
const MOST_BYTES: usize = 32 * 1024;

/// The first byte of a TLS handshake (RFC 8446, 5.1).
const HANDSHAKE: u8 = 22;

/// What a connection begins with.
pub(super) enum Hello {
    /// A ClientHello, and all bytes that were read.
    Tls(Box<Accepted>, Bytes),
    /// A request in the clear.
    Http,
    /// Neither, or nothing.
    Nothing,
}

/// Reads what a connection begins with. An alert has answered what is no ClientHello.
pub(super) async fn read(stream: &mut TcpStream) -> io::Result<Hello> {
    let mut acceptor = Acceptor::default();
    let mut read = BytesMut::with_capacity(2048);
    while read.len() < MOST_BYTES {
        let before = read.len();
        if stream.read_buf(&mut read).await? == 0 {
            return Ok(Hello::Nothing);
        }
        if read[0] != HANDSHAKE {
            return Ok(if read[0].is_ascii_alphabetic() { Hello::Http } else { Hello::Nothing });
        }
        let mut fresh = &read[before..];
        while !fresh.is_empty() {
            acceptor.read_tls(&mut fresh)?;
        }
        match acceptor.accept() {
            Ok(None) => {}
            Ok(Some(accepted)) => return Ok(Hello::Tls(Box::new(accepted), read.freeze())),
            Err((_, mut alert)) => {
                let mut bytes = Vec::new();
                alert.write_all(&mut bytes)?;
                stream.write_all(&bytes).await?;
                return Ok(Hello::Nothing);
            }
        }
    }
    Ok(Hello::Nothing)
}

/// A connection whose first bytes were read, and are to be read again.
pub(super) struct Replayed {
    first: Bytes,
    socket: TcpStream,
}

impl Replayed {
    pub(super) fn new(first: Bytes, socket: TcpStream) -> Self {
        Self { first, socket }
    }
}

impl Near for Replayed {
    fn socket(&self) -> &TcpStream {
        &self.socket
    }
}

impl AsyncRead for Replayed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.first.is_empty() {
            return Pin::new(&mut self.socket).poll_read(context, buffer);
        }
        let length = self.first.len().min(buffer.remaining());
        buffer.put_slice(&self.first[..length]);
        self.first.advance(length);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Replayed {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}
