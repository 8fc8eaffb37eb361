//! What the tests of sessions stand on: pairs of sessions, a peer that says what it is told, deadlines.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use ground::Tasks;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf};
use tokio::sync::oneshot;
use wire::frame::{Decoder, Frame};
use wire::{Incoming, Limits, Role, Session, Stream, StreamType};

/// Waits for what must come, and says what it was when it doesn't.
pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(Duration::from_secs(20), future).await {
        Ok(outcome) => outcome,
        Err(_) => panic!("waited 20 s for {what}"),
    }
}

/// One end of a session, with its owner.
pub(crate) struct End {
    pub(crate) session: Session,
    pub(crate) incoming: Incoming,
    pub(crate) tasks: Tasks,
    /// Resolves (with an error) once no task holds the connection any more.
    pub(crate) gone: oneshot::Receiver<()>,
}

impl End {
    pub(crate) fn new(io: DuplexStream, role: Role, limits: Limits) -> Self {
        let (alive, gone) = oneshot::channel();
        let tasks = Tasks::new();
        let (session, incoming) =
            Session::start(Tracked { io, _alive: alive }, role, limits, &tasks.spawner());
        Self { session, incoming, tasks, gone }
    }

    pub(crate) async fn open(&self, payload: &[u8]) -> Stream {
        within("a stream to open", self.session.open(StreamType::PROXY, payload)).await.unwrap()
    }

    /// The next stream of the peer's, its type read.
    pub(crate) async fn accept(&mut self) -> Stream {
        let mut stream = within("a stream to accept", self.incoming.accept()).await.unwrap();
        assert_eq!(StreamType::read(&mut stream).await.unwrap(), StreamType::PROXY);
        stream
    }
}

/// A client and a server, joined.
pub(crate) fn pair() -> (End, End) {
    pair_with(Limits::default())
}

pub(crate) fn pair_with(limits: Limits) -> (End, End) {
    let (near, far) = tokio::io::duplex(64 * 1024);
    (End::new(near, Role::Client, limits), End::new(far, Role::Server, limits))
}

/// A connection that shows when it is let go.
struct Tracked {
    io: DuplexStream,
    _alive: oneshot::Sender<()>,
}

impl AsyncRead for Tracked {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, buffer)
    }
}

impl AsyncWrite for Tracked {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}

/// A peer that sends what it is told and shows what it gets, frame by frame.
pub(crate) struct Script {
    io: DuplexStream,
    decoder: Decoder,
    unread: Vec<u8>,
}

/// A server's end, and a scripted client.
pub(crate) fn scripted(limits: Limits) -> (Script, End) {
    let (near, far) = tokio::io::duplex(64 * 1024);
    let script = Script { io: near, decoder: Decoder::default(), unread: Vec::new() };
    (script, End::new(far, Role::Server, limits))
}

impl Script {
    pub(crate) async fn bytes(&mut self, bytes: &[u8]) {
        within("bytes to go out", self.io.write_all(bytes)).await.unwrap();
    }

    pub(crate) async fn syn(&mut self, stream: u32) {
        let bytes = &StreamType::PROXY.0.to_be_bytes();
        self.frame(Frame::Data { stream, syn: true, fin: false, continued: false, bytes }).await;
    }

    pub(crate) async fn data(&mut self, stream: u32, bytes: &[u8]) {
        self.frame(Frame::Data { stream, syn: false, fin: false, continued: false, bytes }).await;
    }

    pub(crate) async fn frame(&mut self, frame: Frame<'_>) {
        let mut bytes = Vec::new();
        frame.encode(&mut bytes);
        self.bytes(&bytes).await;
    }

    /// The next frame, as a line: `3 syn fin 12`, `3 rst 7`, `3 +4096`, `goaway 3 1 text`; `end` at the end.
    pub(crate) async fn next(&mut self) -> String {
        within("a frame", async {
            loop {
                let mut input = self.unread.as_slice();
                let line = self.decoder.decode(&mut input).unwrap().as_ref().map(line);
                let left = input.len();
                self.unread.drain(..self.unread.len() - left);
                if let Some(line) = line {
                    return line;
                }
                if self.io.read_buf(&mut self.unread).await.unwrap() == 0 {
                    return "end".to_owned();
                }
            }
        })
        .await
    }

    pub(crate) fn hang_up(self) {
        drop(self);
    }
}

fn line(frame: &Frame<'_>) -> String {
    match *frame {
        Frame::Reset { stream, code } => format!("{stream} rst {}", code.0),
        Frame::Window { stream, increment } => format!("{stream} +{increment}"),
        Frame::GoAway { last_stream, code, text } => {
            format!("goaway {last_stream} {} {}", code.0, String::from_utf8_lossy(text))
        }
        Frame::Data { stream, syn, fin, bytes, .. } => {
            let (syn, fin) = (if syn { " syn" } else { "" }, if fin { " fin" } else { "" });
            format!("{stream}{syn}{fin} {}", bytes.len())
        }
    }
}
