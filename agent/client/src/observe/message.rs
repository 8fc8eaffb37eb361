//! Where HTTP/1.1 messages begin and end (RFC 9112, 6), and what is in them.

/// How much of a line is kept.
const MAX_LINE: usize = 8 * 1024;

/// How many header lines of a message are kept, for those who want them.
const MAX_HEADERS: usize = 128;

/// What matters of a message's head.
#[derive(Debug, Default)]
pub(super) struct Head {
    first: Option<String>,
    pub(super) chunked: bool,
    pub(super) length: Option<u64>,
    /// The headers as they were written, where they are kept.
    pub(super) headers: Vec<(String, String)>,
}

/// A complete head, with its first line.
pub(super) struct Shown<'a> {
    pub(super) head: &'a Head,
    pub(super) first: &'a str,
}

/// How a message's body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Body {
    None,
    Length(u64),
    Chunked,
    /// With the connection.
    Rest,
}

/// Who is told what is found.
pub(super) trait Hears {
    /// A complete head. Says how its body ends, or nothing to give up.
    fn head(&mut self, head: &Shown<'_>) -> Option<Body>;
    /// A piece of the body, without its framing.
    fn body(&mut self, bytes: &[u8]);
    /// The message is complete.
    fn end(&mut self);
}

/// Finds messages in one direction of a connection.
#[derive(Debug, Default)]
pub(super) struct Parser {
    line: Vec<u8>,
    head: Head,
    place: Place,
    keeps_headers: bool,
}

#[derive(Clone, Copy, Debug, Default)]
enum Place {
    #[default]
    Head,
    Body(u64),
    ChunkSize,
    Chunk(u64),
    /// The line end behind a chunk's bytes.
    ChunkEnd,
    Trailer,
    Rest,
}

impl Parser {
    /// A parser that keeps the headers of each message.
    pub(super) fn keeping_headers() -> Self {
        Self { keeps_headers: true, ..Self::default() }
    }

    /// Looks at the next bytes. None when given up.
    pub(super) fn feed(&mut self, mut bytes: &[u8], ears: &mut impl Hears) -> Option<()> {
        while !bytes.is_empty() {
            match self.place {
                Place::Body(left) => {
                    self.place = pass(&mut bytes, left, ears).map_or(Place::Head, Place::Body);
                    if matches!(self.place, Place::Head) {
                        ears.end();
                    }
                }
                Place::Chunk(left) => {
                    self.place = pass(&mut bytes, left, ears).map_or(Place::ChunkEnd, Place::Chunk);
                }
                Place::Rest => {
                    ears.body(bytes);
                    return Some(());
                }
                Place::Head | Place::ChunkSize | Place::ChunkEnd | Place::Trailer => {
                    if self.take_line(&mut bytes) {
                        let line = std::mem::take(&mut self.line);
                        self.end_line(String::from_utf8_lossy(&line).trim_end(), ears)?;
                    }
                }
            }
        }
        Some(())
    }

    /// Collects a line; true when it is complete.
    fn take_line(&mut self, bytes: &mut &[u8]) -> bool {
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let (line, rest) = bytes.split_at(end.map_or(bytes.len(), |end| end + 1));
        let room = MAX_LINE - self.line.len();
        self.line.extend_from_slice(&line[..line.len().min(room)]);
        *bytes = rest;
        end.is_some()
    }

    fn end_line(&mut self, line: &str, ears: &mut impl Hears) -> Option<()> {
        self.place = match self.place {
            Place::ChunkSize => match chunk_size(line)? {
                0 => Place::Trailer,
                size => Place::Chunk(size),
            },
            Place::ChunkEnd if line.is_empty() => Place::ChunkSize,
            Place::ChunkEnd => return None,
            Place::Trailer if line.is_empty() => {
                ears.end();
                Place::Head
            }
            Place::Trailer => Place::Trailer,
            _ => return self.head_line(line, ears),
        };
        Some(())
    }

    fn head_line(&mut self, line: &str, ears: &mut impl Hears) -> Option<()> {
        match &self.head.first {
            // Empty lines in front of a message are passed over (RFC 9112, 2.2).
            None if line.is_empty() => {}
            None => self.head.first = Some(line.to_owned()),
            Some(_) if !line.is_empty() => self.header(line)?,
            Some(first) => {
                let body = ears.head(&Shown { head: &self.head, first })?;
                self.head = Head::default();
                self.place = match body {
                    Body::None | Body::Length(0) => {
                        ears.end();
                        Place::Head
                    }
                    Body::Length(length) => Place::Body(length),
                    Body::Chunked => Place::ChunkSize,
                    Body::Rest => Place::Rest,
                };
            }
        }
        Some(())
    }

    fn header(&mut self, line: &str) -> Option<()> {
        let Some((name, value)) = line.split_once(':') else { return Some(()) };
        let value = value.trim();
        if name.eq_ignore_ascii_case("content-length") {
            self.head.length = Some(value.parse().ok()?);
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            self.head.chunked = value.to_ascii_lowercase().ends_with("chunked");
        }
        if self.keeps_headers && self.head.headers.len() < MAX_HEADERS {
            self.head.headers.push((name.to_owned(), value.to_owned()));
        }
        Some(())
    }
}

/// Passes on what is `left` of a body; what is left then, if anything.
fn pass(bytes: &mut &[u8], left: u64, ears: &mut impl Hears) -> Option<u64> {
    let here = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
    let (body, rest) = bytes.split_at(here);
    ears.body(body);
    *bytes = rest;
    Some(left - here as u64).filter(|left| *left > 0)
}

fn chunk_size(line: &str) -> Option<u64> {
    let size = line.split(';').next()?.trim();
    let digits = !size.is_empty() && size.bytes().all(|b| b.is_ascii_hexdigit());
    if digits { u64::from_str_radix(size, 16).ok() } else { None }
}
