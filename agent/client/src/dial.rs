//! Calling an app: TCP, the PROXY header that came for it, and TLS where it speaks that.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use ground::{Connection, Outbound};
use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::ServerName;

use crate::endpoint::{Endpoint, UpstreamProtocol};
use crate::upstream::Speaks;

/// An app that was called.
pub(crate) struct Dialled {
    /// The agent's TCP connection to the app, from the app's side.
    pub(crate) connection: Connection,
    pub(crate) wire: Wire,
}

/// What leads to an app.
pub(crate) enum Wire {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// Calls an endpoint's app, and begins with `preface`.
pub(crate) async fn upstream(endpoint: &Endpoint, preface: &[u8], way: &Outbound) -> io::Result<Dialled> {
    let upstream = &endpoint.upstream;
    let mut tcp = upstream.connect(way).await?;
    let connection = Connection { peer: tcp.local_addr()?, local: tcp.peer_addr()? };
    tcp.write_all(preface).await?;
    if !upstream.is_over_tls() {
        return Ok(Dialled { connection, wire: Wire::Plain(tcp) });
    }
    let tls = endpoint.upstream_tls.as_ref().ok_or_else(|| invalid("no way to speak TLS was given"))?;
    let name =
        ServerName::try_from(upstream.host().to_owned()).map_err(|_| invalid("its host is not a name"))?;
    let tls = TlsConnector::from(Arc::clone(tls)).connect(name, tcp).await?;
    let wanted = endpoint.upstream_protocol == UpstreamProtocol::Http2 && upstream.speaks() == Speaks::Https;
    if wanted && tls.get_ref().1.alpn_protocol() != Some(b"h2") {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the app does not speak HTTP/2"));
    }
    Ok(Dialled { connection, wire: Wire::Tls(Box::new(tls)) })
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, what)
}

/// What an app sends over TLS. Many end their connections without TLS's own farewell, as in the clear; what they speak
/// inside tells whether anything is missing.
pub(crate) struct Unceremonious<R>(pub(crate) R);

impl<R: AsyncRead + Unpin> AsyncRead for Unceremonious<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.0).poll_read(context, buffer) {
            Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => Poll::Ready(Ok(())),
            outcome => outcome,
        }
    }
}
