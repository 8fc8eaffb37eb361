//! Why streams and sessions end.

use std::io;

use crate::frame::{ErrorCode, FrameError};

/// Why a session is over.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CloseReason {
    /// [`Session::shutdown`](super::Session::shutdown) was called here.
    #[error("shut down here: {code}")]
    ShutDown {
        /// What the peer was told.
        code: ErrorCode,
    },
    /// The peer said GOAWAY.
    #[error("the peer went away: {code}{}{text}", if text.is_empty() { "" } else { ": " })]
    GoneAway {
        /// The peer's reason.
        code: ErrorCode,
        /// The peer's words, at most 4096 bytes.
        text: String,
    },
    /// The connection ended without a GOAWAY.
    #[error("the connection ended")]
    Eof,
    /// The connection broke.
    #[error("the connection broke: {1}")]
    Broken(io::ErrorKind, String),
    /// The peer broke the protocol.
    #[error("the peer broke the protocol: {0}")]
    Misbehaved(#[from] Violation),
    /// The peer was silent for longer than the heartbeat tolerates.
    #[error("the peer fell silent")]
    Silent,
    /// The tasks' owner ended.
    #[error("ended with its owner")]
    Ended,
}

/// How a peer broke the protocol.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// It sent something that is no frame.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// It opened a stream with an id that is not its to give.
    #[error("stream {0} is not the peer's to open")]
    Parity(u32),
    /// It opened a stream with an id that was used before, or far from any it should use.
    #[error("stream {0} is out of order")]
    Order(u32),
    /// It provokes answers and doesn't read them.
    #[error("too many answers are waiting to be read")]
    Flood,
}

impl Violation {
    pub(super) fn code(&self) -> ErrorCode {
        match self {
            Violation::Frame(FrameError::Length { .. }) => ErrorCode::FRAME_SIZE,
            Violation::Flood => ErrorCode::ENHANCE_YOUR_CALM,
            _ => ErrorCode::PROTOCOL,
        }
    }
}

/// Why a stream gives no more bytes or takes none. Inside the [`io::Error`] that reading and writing return.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StreamError {
    /// The peer reset the stream, or this session did because the peer sent what it must not.
    #[error("the stream was reset: {0}")]
    Reset(ErrorCode),
    /// [`Stream::reset`](super::Stream::reset) was called here.
    #[error("the stream was reset here: {0}")]
    ResetHere(ErrorCode),
    /// It was shut down for writing before.
    #[error("the stream is shut down for writing")]
    Finished,
    /// The session is over.
    #[error("the session is over: {0}")]
    Session(#[from] CloseReason),
}

impl From<StreamError> for io::Error {
    fn from(error: StreamError) -> Self {
        let kind = match error {
            StreamError::Reset(_) => io::ErrorKind::ConnectionReset,
            StreamError::ResetHere(_) | StreamError::Session(_) => io::ErrorKind::ConnectionAborted,
            StreamError::Finished => io::ErrorKind::BrokenPipe,
        };
        io::Error::new(kind, error)
    }
}

/// Why no stream could be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The session is over.
    #[error("the session is over: {0}")]
    Session(#[from] CloseReason),
    /// Every stream id was used.
    #[error("the session has no stream id left")]
    Exhausted,
    /// The first payload doesn't fit a new stream's window.
    #[error("a first payload of {0} bytes is larger than a new stream's window")]
    TooLarge(usize),
}

impl From<OpenError> for io::Error {
    fn from(error: OpenError) -> Self {
        let kind = match error {
            OpenError::Session(_) | OpenError::Exhausted => io::ErrorKind::ConnectionAborted,
            OpenError::TooLarge(_) => io::ErrorKind::InvalidInput,
        };
        io::Error::new(kind, error)
    }
}
