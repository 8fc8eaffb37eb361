//! Where HTTP/1.1 messages begin and end, read along with the bytes (RFC 9112, 2 to 7), and stricter than a server has to
//! be: what two readers could frame in two ways is no message.
//!
//! Refused are a message with both lengths or a length twice, a length that is no plain number, transfer codings other
//! than one `chunked`, line ends that are not CR LF, chunk sizes with anything but digits, and framing in trailers. What
//! a head says beyond that is for the server behind to parse, which sees the same bytes.

/// Why the bytes are no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Malformed {
    #[error("a line ends in CR or LF alone")]
    LineEnd,
    #[error("the version is neither HTTP/1.1 nor HTTP/1.0")]
    Version,
    #[error("a header has no name, or continues on another line")]
    HeaderName,
    #[error("Content-Length is not one plain number")]
    Length,
    #[error("Transfer-Encoding is not one \"chunked\" of HTTP/1.1")]
    Coding,
    #[error("both Content-Length and Transfer-Encoding are given")]
    BothLengths,
    #[error("a chunk has no plain size, or more bytes than its size")]
    Chunk,
    #[error("a trailer says how the message is framed")]
    Trailer,
}

/// A reader of one connection's bytes from the client.
#[derive(Debug, Default)]
pub(crate) struct Framing {
    at: At,
    head: Head,
    /// The last eight bytes of the request line.
    line_end: [u8; 8],
    name: Short<NAME>,
    field: Field,
    value: Short<32>,
    /// The digits of a chunk's size.
    size: u64,
    digits: u8,
    extension: u16,
}

/// What a head has said so far.
#[derive(Debug, Default)]
struct Head {
    is_http10: bool,
    length: Option<u64>,
    is_chunked: bool,
    upgrade: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum At {
    /// Between messages.
    #[default]
    Idle,
    /// In the empty line that some clients send after a body.
    BlankLf,
    /// As `Idle`, and no further empty line is taken.
    Blank,
    RequestLine,
    RequestLineLf,
    HeaderName(Section),
    HeaderValue(Section),
    HeaderLf(Section),
    SectionLf(Section),
    Body(u64),
    ChunkSize,
    ChunkExtension,
    ChunkSizeLf,
    ChunkData(u64),
    ChunkDataCr,
    ChunkDataLf,
    /// What goes on is no HTTP any more.
    Switched,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Section {
    Head,
    Trailers,
}

/// The headers whose values matter here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Field {
    #[default]
    Other,
    Length,
    Coding,
}

/// As long as the longest name that matters.
const NAME: usize = 17;

/// How long a chunk's extensions may be; nobody uses them.
const MOST_EXTENSION: u16 = 256;

impl Framing {
    /// Takes the next bytes. After an error the connection is of no use.
    pub(crate) fn read(&mut self, mut bytes: &[u8]) -> Result<(), Malformed> {
        while let [first, rest @ ..] = bytes {
            bytes = match self.at {
                At::Switched => return Ok(()),
                At::Body(left) | At::ChunkData(left) => {
                    let taken = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                    let left = left - taken as u64;
                    self.at = match (self.at, left) {
                        (At::Body(_), 0) => At::Idle,
                        (At::Body(_), left) => At::Body(left),
                        (_, 0) => At::ChunkDataCr,
                        (_, left) => At::ChunkData(left),
                    };
                    &bytes[taken..]
                }
                _ => match self.run(bytes)? {
                    0 => {
                        self.step(*first)?;
                        rest
                    }
                    taken => &bytes[taken..],
                },
            };
        }
        Ok(())
    }

    /// Whether what is read is a head, to which there is no answer yet.
    pub(crate) fn is_in_head(&self) -> bool {
        use At::{
            Blank, BlankLf, HeaderLf, HeaderName, HeaderValue, Idle, RequestLine, RequestLineLf, SectionLf,
        };
        matches!(
            self.at,
            Idle | Blank
                | BlankLf
                | RequestLine
                | RequestLineLf
                | HeaderName(Section::Head)
                | HeaderValue(Section::Head)
                | HeaderLf(Section::Head)
                | SectionLf(Section::Head)
        )
    }

    /// Whether what was read ended with a message.
    #[cfg(test)]
    pub(super) fn is_idle(&self) -> bool {
        matches!(self.at, At::Idle | At::Blank | At::BlankLf)
    }

    /// The server agrees to what the last head asked for: to speak another protocol from here on.
    pub(crate) fn switch(&mut self) {
        if self.head.upgrade {
            self.at = At::Switched;
        }
    }

    /// Takes what can be taken at once, where most bytes of a head are: how many those are.
    fn run(&mut self, bytes: &[u8]) -> Result<usize, Malformed> {
        let until = |stops: fn(u8) -> bool| bytes.iter().position(|byte| stops(*byte)).unwrap_or(bytes.len());
        match self.at {
            At::RequestLine => {
                let taken = until(|byte| matches!(byte, b'\r' | b'\n'));
                for byte in &bytes[taken.saturating_sub(8)..taken] {
                    self.request_line(*byte);
                }
                Ok(taken)
            }
            At::HeaderName(section) if self.name.is_empty() => {
                let length = until(|byte| matches!(byte, b':' | b'\r' | b'\n' | b' ' | b'\t'));
                if length == 0 || bytes.get(length) != Some(&b':') {
                    return Ok(0);
                }
                for byte in bytes[..length].iter().take(NAME + 1) {
                    self.name.push(byte.to_ascii_lowercase());
                }
                self.field = self.named(section)?;
                self.at = At::HeaderValue(section);
                Ok(length + 1)
            }
            At::HeaderValue(_) if self.field == Field::Other => {
                Ok(until(|byte| matches!(byte, b'\r' | b'\n')))
            }
            _ => Ok(0),
        }
    }

    fn step(&mut self, byte: u8) -> Result<(), Malformed> {
        self.at = match (self.at, byte) {
            (At::Idle, b'\r') => At::BlankLf,
            (At::BlankLf, b'\n') => At::Blank,
            (At::Idle | At::Blank, b'\r' | b'\n') | (At::BlankLf, _) => return Err(Malformed::LineEnd),
            (At::Idle | At::Blank, _) => {
                self.head = Head::default();
                self.line_end = [0; 8];
                self.request_line(byte)
            }
            (At::RequestLine, b'\r') => {
                self.version()?;
                At::RequestLineLf
            }
            (At::RequestLine, b'\n') => return Err(Malformed::LineEnd),
            (At::RequestLine, _) => self.request_line(byte),
            (At::RequestLineLf, b'\n') => self.line(Section::Head),
            (At::HeaderName(section), _) => self.name(section, byte)?,
            (At::HeaderValue(section), b'\r') => {
                self.header(section)?;
                At::HeaderLf(section)
            }
            (At::HeaderValue(_), b'\n') => return Err(Malformed::LineEnd),
            (at @ At::HeaderValue(_), _) => {
                self.value.push(byte);
                at
            }
            (At::HeaderLf(section), b'\n') => self.line(section),
            (At::SectionLf(section), b'\n') => self.end(section)?,
            (At::ChunkSize | At::ChunkExtension, _) => self.chunk_size(byte)?,
            (At::ChunkSizeLf, b'\n') if self.size == 0 => self.line(Section::Trailers),
            (At::ChunkSizeLf, b'\n') => At::ChunkData(self.size),
            (At::ChunkDataCr, b'\r') => At::ChunkDataLf,
            (At::ChunkDataLf, b'\n') => self.chunk(),
            (At::ChunkDataCr | At::ChunkDataLf, _) => return Err(Malformed::Chunk),
            (At::RequestLineLf | At::HeaderLf(_) | At::SectionLf(_) | At::ChunkSizeLf, _) => {
                return Err(Malformed::LineEnd);
            }
            (at @ (At::Body(_) | At::ChunkData(_) | At::Switched), _) => at,
        };
        Ok(())
    }

    fn request_line(&mut self, byte: u8) -> At {
        self.line_end.rotate_left(1);
        self.line_end[7] = byte;
        At::RequestLine
    }

    fn version(&mut self) -> Result<(), Malformed> {
        match &self.line_end {
            b"HTTP/1.1" => self.head.is_http10 = false,
            b"HTTP/1.0" => self.head.is_http10 = true,
            _ => return Err(Malformed::Version),
        }
        Ok(())
    }

    /// A line of a section begins.
    fn line(&mut self, section: Section) -> At {
        self.name.clear();
        self.value.clear();
        At::HeaderName(section)
    }

    fn name(&mut self, section: Section, byte: u8) -> Result<At, Malformed> {
        match byte {
            b'\r' if self.name.is_empty() => Ok(At::SectionLf(section)),
            b':' if !self.name.is_empty() => {
                self.field = self.named(section)?;
                Ok(At::HeaderValue(section))
            }
            b'\r' | b'\n' => Err(Malformed::LineEnd),
            b':' | b' ' | b'\t' => Err(Malformed::HeaderName),
            _ => {
                self.name.push(byte.to_ascii_lowercase());
                Ok(At::HeaderName(section))
            }
        }
    }

    fn named(&mut self, section: Section) -> Result<Field, Malformed> {
        let field = match self.name.whole() {
            Some(b"content-length") => Field::Length,
            Some(b"transfer-encoding") => Field::Coding,
            Some(b"upgrade") => {
                self.head.upgrade |= section == Section::Head;
                Field::Other
            }
            _ => Field::Other,
        };
        match (section, field) {
            (Section::Trailers, Field::Length | Field::Coding) => Err(Malformed::Trailer),
            _ => Ok(field),
        }
    }

    /// A header's line has ended.
    fn header(&mut self, section: Section) -> Result<(), Malformed> {
        if section == Section::Trailers {
            return Ok(());
        }
        match self.field {
            Field::Other => return Ok(()),
            Field::Length => {
                let digits = self.value.whole().map(<[u8]>::trim_ascii).and_then(plain_number);
                let length = digits.ok_or(Malformed::Length)?;
                if self.head.length.replace(length).is_some() {
                    return Err(Malformed::Length);
                }
            }
            Field::Coding => {
                let coding = self.value.whole().map(<[u8]>::trim_ascii).unwrap_or_default();
                let is_first = !std::mem::replace(&mut self.head.is_chunked, true);
                if !is_first || self.head.is_http10 || !coding.eq_ignore_ascii_case(b"chunked") {
                    return Err(Malformed::Coding);
                }
            }
        }
        if self.head.is_chunked && self.head.length.is_some() {
            return Err(Malformed::BothLengths);
        }
        Ok(())
    }

    /// A section has ended.
    fn end(&mut self, section: Section) -> Result<At, Malformed> {
        Ok(match (section, &self.head) {
            (Section::Head, Head { is_chunked: true, .. }) => self.chunk(),
            (Section::Head, Head { length: Some(length @ 1..), .. }) => At::Body(*length),
            (Section::Head | Section::Trailers, _) => At::Idle,
        })
    }

    /// A chunk begins.
    fn chunk(&mut self) -> At {
        (self.size, self.digits, self.extension) = (0, 0, 0);
        At::ChunkSize
    }

    fn chunk_size(&mut self, byte: u8) -> Result<At, Malformed> {
        match (self.at, byte) {
            (_, b'\n') => Err(Malformed::LineEnd),
            (_, b'\r') if self.digits > 0 => Ok(At::ChunkSizeLf),
            (At::ChunkSize, b';') if self.digits > 0 => Ok(At::ChunkExtension),
            (At::ChunkSize, _) => {
                let digit =
                    (byte as char).to_digit(16).filter(|_| self.digits < 15).ok_or(Malformed::Chunk)?;
                self.size = self.size << 4 | u64::from(digit);
                self.digits += 1;
                Ok(At::ChunkSize)
            }
            (at, b'\t' | b' '..=b'~') if self.extension < MOST_EXTENSION => {
                self.extension += 1;
                Ok(at)
            }
            _ => Err(Malformed::Chunk),
        }
    }
}

fn plain_number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || digits.len() > 18 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(digits.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0')))
}

/// The beginning of a text, which is the whole of a short one.
#[derive(Debug)]
struct Short<const N: usize> {
    bytes: [u8; N],
    length: usize,
}

impl<const N: usize> Default for Short<N> {
    fn default() -> Self {
        Self { bytes: [0; N], length: 0 }
    }
}

impl<const N: usize> Short<N> {
    fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.length) {
            *place = byte;
        }
        self.length = (self.length + 1).min(N + 1);
    }

    fn clear(&mut self) {
        self.length = 0;
    }

    fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// None, when it was longer than what is kept.
    fn whole(&self) -> Option<&[u8]> {
        self.bytes.get(..self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Result<At, Malformed> {
        let mut framing = Framing::default();
        framing.read(text.as_bytes()).map(|()| framing.at)
    }

    fn head(headers: &str) -> Result<At, Malformed> {
        read(&format!("POST / HTTP/1.1\r\n{headers}\r\n"))
    }

    #[test]
    fn messages_follow_each_other() {
        let get = "GET /x HTTP/1.1\r\nHost: a.test\r\n\r\n";
        let post = "POST / HTTP/1.0\r\nContent-Length:  5 \r\n\r\nhello";
        let chunked =
            "PUT / HTTP/1.1\r\ntransfer-encoding: Chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n";
        assert_eq!(read(&[get, post, "\r\n", chunked, get].concat()), Ok(At::Idle));
        assert_eq!(head("Content-Length: 7\r\n"), Ok(At::Body(7)));
        assert_eq!(head("Content-Length: 0\r\n"), Ok(At::Idle));
    }

    #[test]
    fn what_can_be_framed_in_two_ways_is_refused() {
        use Malformed::*;
        let both = "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n";
        assert_eq!(head(both), Err(BothLengths));
        assert_eq!(head("Transfer-Encoding: chunked\r\nContent-Length: 6\r\n"), Err(BothLengths));
        for length in ["+3", "3, 3", "0x3", "3 3", "", "-1", "9999999999999999999", "3\t\x0b"] {
            assert_eq!(head(&format!("Content-Length: {length}\r\n")), Err(Length), "{length:?}");
        }
        assert_eq!(head("Content-Length: 3\r\nContent-length: 3\r\n"), Err(Length));
        for coding in
            ["identity", "gzip, chunked", "chunked, identity", "xchunked", "chunked\x0b", "\"chunked\"", ""]
        {
            assert_eq!(head(&format!("Transfer-Encoding: {coding}\r\n")), Err(Coding), "{coding:?}");
        }
        assert_eq!(head("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), Err(Coding));
        assert_eq!(read("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), Err(Coding));
        assert_eq!(head("Content-Length : 3\r\n"), Err(HeaderName));
        assert_eq!(head(" Content-Length: 3\r\n"), Err(HeaderName));
        assert_eq!(head("X: 1\r\n folded\r\n"), Err(HeaderName));
        assert_eq!(head("X: 1\n\r\n"), Err(LineEnd));
        assert_eq!(head("X: 1\rY: 2\r\n"), Err(LineEnd));
        assert_eq!(read("GET / HTTP/1.1\n\n"), Err(LineEnd));
        assert_eq!(read("\n"), Err(LineEnd));
        assert_eq!(read("\r\n\r\n"), Err(LineEnd));
        for line in [
            "GET /",
            "GET / HTTP/0.9",
            "GET / HTTP/2.0",
            "GET / HTTP/1.1 ",
            "GET / http/1.1",
            "PRI * HTTP/2.0",
        ] {
            assert_eq!(read(&format!("{line}\r\n\r\n")), Err(Version), "{line}");
        }
    }

    #[test]
    fn odd_chunks_are_refused() {
        use Malformed::*;
        let body = |text: &str| read(&format!("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{text}"));
        assert_eq!(body("3\r\nabc\r\n00\r\n\r\n"), Ok(At::Idle));
        for odd in [
            "x\r\n",
            "\r\n",
            "-3\r\n",
            "+3\r\n",
            "0x3\r\n",
            " 3\r\n",
            "3 \r\n",
            "3\r\nabcd\r\n",
            "1000000000000000\r\n",
        ] {
            assert_eq!(body(odd), Err(Chunk), "{odd:?}");
        }
        for odd in ["3\n", "3;x\n", "3\rabc"] {
            assert_eq!(body(odd), Err(LineEnd), "{odd:?}");
        }
        assert_eq!(body(&format!("3;{}\r\n", "x".repeat(300))), Err(Chunk));
        assert_eq!(body("3;\x01\r\n"), Err(Chunk));
        assert_eq!(body("0\r\nContent-Length: 3\r\n\r\n"), Err(Trailer));
        assert_eq!(body("0\r\nX: 1\n\r\n"), Err(LineEnd));
    }

    #[test]
    fn after_a_switch_anything_goes_and_without_one_nothing_does() {
        let mut framing = Framing::default();
        framing.read(b"GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n").unwrap();
        framing.switch();
        assert_eq!(framing.read(b"\x81\x85\n\n\r\r"), Ok(()));
        let mut framing = Framing::default();
        framing.read(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
        framing.switch();
        assert_eq!(framing.read(b"\n"), Err(Malformed::LineEnd));
    }

    proptest! {
        #[test]
        fn it_matters_not_how_the_bytes_come(text in "(GET|POST) /[a-z]{0,4} HTTP/1.[01]\r\n((Content-Length: [0-9]{1,2}|Transfer-Encoding: chunked|X: y)(\r\n|\n)){0,3}\r\n([0-9a-f]{1,2}(\r\n|;x\r\n)[a-z]{0,8}(\r\n)?){0,3}", cut in 0usize..200) {
            let mut whole = Framing::default();
            let outcome = whole.read(text.as_bytes());
            let cut = cut.min(text.len());
            let mut parts = Framing::default();
            let in_parts = parts.read(&text.as_bytes()[..cut]).and_then(|()| parts.read(&text.as_bytes()[cut..]));
            prop_assert_eq!(in_parts, outcome);
            prop_assert!(outcome.is_err() || parts.at == whole.at);
        }
    }
}
