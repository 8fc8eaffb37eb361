//! muxado's frames: eight bytes of header, then a body.
//!
//! ```text
//! 0..3  length of the body, u24        3  type (high nibble), flags (low nibble)        4..8  stream id, top bit 0
//! ```
//! All numbers are big-endian. A DATA frame's body is handed out as it arrives, in pieces, so that nobody holds more of
//! a frame than one read; types that are not known are skipped.

use std::fmt;

/// Bytes that each side may send on a new stream before it is given credit, per direction. Not negotiated.
pub const WINDOW: u32 = 0x4_0000;

/// The largest stream id.
pub const MAX_STREAM: u32 = 0x7fff_ffff;

const HEADER: usize = 8;
const RST: u8 = 0;
const DATA: u8 = 1;
const WNDINC: u8 = 2;
const GOAWAY: u8 = 3;
const FIN: u8 = 0x1;
const SYN: u8 = 0x2;

/// The longest debug text that a GOAWAY may announce.
const MAX_ANNOUNCED_TEXT: usize = 1024 * 1024;

/// How much of that text is read and kept.
const MAX_TEXT: usize = 4096;

/// Why a stream or a session ended, as it stands in RST and GOAWAY frames. Codes that are not listed are kept.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ErrorCode(pub u32);

impl ErrorCode {
    /// Nothing is wrong.
    pub const NONE: Self = Self(0x0);
    /// The peer broke the protocol.
    pub const PROTOCOL: Self = Self(0x1);
    /// This side failed.
    pub const INTERNAL: Self = Self(0x2);
    /// More was sent than the window allowed.
    pub const FLOW_CONTROL: Self = Self(0x3);
    /// Data came for a stream that is closed.
    pub const STREAM_CLOSED: Self = Self(0x4);
    /// The stream was not taken.
    pub const REFUSED: Self = Self(0x5);
    /// Nobody wants the stream any more.
    pub const CANCELLED: Self = Self(0x6);
    /// The connection behind the stream was reset.
    pub const RESET: Self = Self(0x7);
    /// A frame had the wrong size.
    pub const FRAME_SIZE: Self = Self(0x8);
    /// Streams are opened faster than they are accepted.
    pub const ACCEPT_QUEUE_FULL: Self = Self(0x9);
    /// The peer asks for more work than is reasonable.
    pub const ENHANCE_YOUR_CALM: Self = Self(0xa);
    /// The peer said GOAWAY before.
    pub const REMOTE_GONE_AWAY: Self = Self(0xb);
    /// No stream id is left.
    pub const STREAMS_EXHAUSTED: Self = Self(0xc);
    /// The peer did not read in time.
    pub const WRITE_TIMEOUT: Self = Self(0xd);
    /// The session is over.
    pub const SESSION_CLOSED: Self = Self(0xe);
    /// The connection ended.
    pub const PEER_EOF: Self = Self(0xf);
}

const CODE_NAMES: [&str; 16] = [
    "no error",
    "protocol error",
    "internal error",
    "flow control error",
    "stream closed",
    "stream refused",
    "stream cancelled",
    "stream reset",
    "frame size error",
    "accept queue full",
    "enhance your calm",
    "remote gone away",
    "streams exhausted",
    "write timeout",
    "session closed",
    "peer eof",
];

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = usize::try_from(self.0).ok().and_then(|code| CODE_NAMES.get(code));
        match name {
            Some(name) => f.write_str(name),
            None => write!(f, "error {:#x}", self.0),
        }
    }
}

impl fmt::Debug for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// One frame, or one piece of a DATA frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// RST: the stream ends at once, in both directions.
    Reset {
        /// The stream, not 0.
        stream: u32,
        /// Why.
        code: ErrorCode,
    },
    /// DATA, or a piece of it.
    Data {
        /// The stream, not 0.
        stream: u32,
        /// The stream begins; only ever on a frame's first piece.
        syn: bool,
        /// The sender has nothing more to send; only ever on a frame's last piece.
        fin: bool,
        /// Not the frame's first piece.
        continued: bool,
        /// Whole when encoded (at most 2^24 - 1 bytes), whatever has arrived when decoded.
        bytes: &'a [u8],
    },
    /// WNDINC: the peer may send so many bytes more.
    Window {
        /// The stream, not 0.
        stream: u32,
        /// At least 1, at most 2^31 - 1.
        increment: u32,
    },
    /// GOAWAY: the session ends.
    GoAway {
        /// The highest id among the streams of the other side that were seen.
        last_stream: u32,
        /// Why.
        code: ErrorCode,
        /// For people; its first 4096 bytes when decoded.
        text: &'a [u8],
    },
}

/// Bytes that are no frame. The session cannot go on: what follows would be read out of step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// A body's length that its type doesn't allow.
    #[error("a {frame} frame of {length} bytes")]
    Length {
        /// The type's name.
        frame: &'static str,
        /// The length that the header announced.
        length: usize,
    },
    /// A stream id that the type doesn't allow.
    #[error("a {frame} frame for stream {stream:#x}")]
    Stream {
        /// The type's name.
        frame: &'static str,
        /// The id.
        stream: u32,
    },
    /// A WNDINC frame that gives nothing, or more than can be counted.
    #[error("a WNDINC frame with an increment of {0:#x}")]
    Increment(u32),
}

impl Frame<'_> {
    /// Appends the frame as it stands on the wire.
    ///
    /// # Panics
    /// When a body is longer than 2^24 - 1 bytes.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match *self {
            Frame::Reset { stream, code } => {
                encode_header(out, 4, RST, 0, stream);
                out.extend_from_slice(&code.0.to_be_bytes());
            }
            Frame::Data { stream, syn, fin, bytes, .. } => {
                let flags = if syn { SYN } else { 0 } | if fin { FIN } else { 0 };
                encode_header(out, bytes.len(), DATA, flags, stream);
                out.extend_from_slice(bytes);
            }
            Frame::Window { stream, increment } => {
                encode_header(out, 4, WNDINC, 0, stream);
                out.extend_from_slice(&increment.to_be_bytes());
            }
            Frame::GoAway { last_stream, code, text } => {
                encode_header(out, 8 + text.len(), GOAWAY, 0, 0);
                out.extend_from_slice(&last_stream.to_be_bytes());
                out.extend_from_slice(&code.0.to_be_bytes());
                out.extend_from_slice(text);
            }
        }
    }
}

fn encode_header(out: &mut Vec<u8>, length: usize, kind: u8, flags: u8, stream: u32) {
    assert!(length < 1 << 24, "a frame's body of {length} bytes");
    let [_, length @ ..] = (length as u32).to_be_bytes();
    out.extend_from_slice(&length);
    out.push(kind << 4 | flags);
    out.extend_from_slice(&stream.to_be_bytes());
}

/// Takes frames out of a stream of bytes. It remembers only how far it is inside a body.
#[derive(Debug, Default)]
pub struct Decoder {
    rest: Rest,
}

#[derive(Debug, Default)]
enum Rest {
    #[default]
    Nothing,
    Data {
        stream: u32,
        fin: bool,
        left: usize,
    },
    Skipped {
        left: usize,
    },
}

impl Decoder {
    /// The most bytes that [`decode`](Self::decode) may leave for want of more; a read buffer must be larger.
    pub const MAX_LEFT: usize = HEADER + 8 + MAX_TEXT;

    /// The next frame or piece, taken off the front of `input`; none when more bytes are needed, and then what is left
    /// in `input` must be there again, in front of them, at the next call.
    pub fn decode<'a>(&mut self, input: &mut &'a [u8]) -> Result<Option<Frame<'a>>, FrameError> {
        loop {
            match self.rest {
                Rest::Nothing => {
                    let Some((header, after)) = input.split_first_chunk::<HEADER>() else { return Ok(None) };
                    let header = Header::parse(*header);
                    match self.begin(header, after)? {
                        Begun::Frame { frame, used } => {
                            *input = &after[used..];
                            return Ok(Some(frame));
                        }
                        Begun::Skip => *input = after,
                        Begun::Short => return Ok(None),
                    }
                }
                Rest::Data { .. } | Rest::Skipped { .. } if input.is_empty() => return Ok(None),
                Rest::Data { stream, fin, left } => {
                    let bytes = take(input, left);
                    let fin = self.data_rest(stream, fin, left - bytes.len());
                    return Ok(Some(Frame::Data { stream, syn: false, fin, continued: true, bytes }));
                }
                Rest::Skipped { left } => {
                    self.rest = match left - take(input, left).len() {
                        0 => Rest::Nothing,
                        left => Rest::Skipped { left },
                    };
                }
            }
        }
    }

    fn begin<'a>(&mut self, header: Header, mut body: &'a [u8]) -> Result<Begun<'a>, FrameError> {
        let Header { length, kind, flags, stream } = header;
        let frame = match kind {
            RST => {
                header.check("RST", length == 4, on_a_stream(stream))?;
                let Some(code) = word(body) else { return Ok(Begun::Short) };
                Frame::Reset { stream, code: ErrorCode(code) }
            }
            DATA => {
                header.check("DATA", true, on_a_stream(stream))?;
                let bytes = take(&mut body, length);
                let fin = self.data_rest(stream, flags & FIN != 0, length - bytes.len());
                let frame = Frame::Data { stream, syn: flags & SYN != 0, fin, continued: false, bytes };
                return Ok(Begun::Frame { frame, used: bytes.len() });
            }
            WNDINC => {
                header.check("WNDINC", length == 4, on_a_stream(stream))?;
                let Some(increment) = word(body) else { return Ok(Begun::Short) };
                if increment == 0 || increment > MAX_STREAM {
                    return Err(FrameError::Increment(increment));
                }
                Frame::Window { stream, increment }
            }
            GOAWAY => {
                header.check("GOAWAY", (8..=8 + MAX_ANNOUNCED_TEXT).contains(&length), stream == 0)?;
                let kept = length.min(8 + MAX_TEXT);
                if body.len() < kept {
                    return Ok(Begun::Short);
                }
                let (Some(last_stream), Some(code)) = (word(body), word(&body[4..])) else {
                    return Ok(Begun::Short);
                };
                if length > kept {
                    self.rest = Rest::Skipped { left: length - kept };
                }
                let frame = Frame::GoAway { last_stream, code: ErrorCode(code), text: &body[8..kept] };
                return Ok(Begun::Frame { frame, used: kept });
            }
            _ => {
                if length > 0 {
                    self.rest = Rest::Skipped { left: length };
                }
                return Ok(Begun::Skip);
            }
        };
        Ok(Begun::Frame { frame, used: length })
    }

    /// Remembers how much of a DATA frame is still to come, and says whether the piece at hand carries the FIN.
    fn data_rest(&mut self, stream: u32, fin: bool, left: usize) -> bool {
        self.rest = if left == 0 { Rest::Nothing } else { Rest::Data { stream, fin, left } };
        fin && left == 0
    }
}

enum Begun<'a> {
    Frame { frame: Frame<'a>, used: usize },
    Skip,
    Short,
}

#[derive(Clone, Copy)]
struct Header {
    length: usize,
    kind: u8,
    flags: u8,
    stream: u32,
}

impl Header {
    fn parse([a, b, c, kind, stream @ ..]: [u8; HEADER]) -> Self {
        Self {
            length: u32::from_be_bytes([0, a, b, c]) as usize,
            kind: kind >> 4,
            flags: kind & 0xf,
            stream: u32::from_be_bytes(stream),
        }
    }

    fn check(self, frame: &'static str, length: bool, stream: bool) -> Result<(), FrameError> {
        match (length, stream) {
            (false, _) => Err(FrameError::Length { frame, length: self.length }),
            (_, false) => Err(FrameError::Stream { frame, stream: self.stream }),
            _ => Ok(()),
        }
    }
}

fn on_a_stream(stream: u32) -> bool {
    (1..=MAX_STREAM).contains(&stream)
}

fn word(bytes: &[u8]) -> Option<u32> {
    bytes.first_chunk().map(|word| u32::from_be_bytes(*word))
}

fn take<'a>(input: &mut &'a [u8], at_most: usize) -> &'a [u8] {
    let (taken, rest) = input.split_at(at_most.min(input.len()));
    *input = rest;
    taken
}

#[cfg(test)]
mod tests;
