//! Where HTTP/1.1 messages begin and end (RFC 9112, 6): just enough to find the next first line.

/// How much of a line is kept.
const MAX_LINE: usize = 8 * 1024;

/// What matters of a message's head.
#[derive(Debug, Default)]
pub(super) struct Head {
    first: Option<String>,
    pub(super) chunked: bool,
    pub(super) length: Option<u64>,
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
}

/// Finds messages in one direction of a connection.
#[derive(Debug, Default)]
pub(super) struct Parser {
    line: Vec<u8>,
    head: Head,
    place: Place,
}

#[derive(Clone, Copy, Debug, Default)]
enum Place {
    #[default]
    Head,
    Body(u64),
    ChunkSize,
    /// The chunk's bytes and the line end behind them.
    Chunk(u64),
    Trailer,
}

impl Parser {
    /// Looks at the next bytes. Each complete head is shown to `on_head`, which says how its body ends, or nothing to
    /// give up. None when given up.
    pub(super) fn feed(
        &mut self,
        mut bytes: &[u8],
        mut on_head: impl FnMut(&Shown<'_>) -> Option<Body>,
    ) -> Option<()> {
        while !bytes.is_empty() {
            match self.place {
                Place::Body(left) => self.place = skip(&mut bytes, left, Place::Body, Place::Head),
                Place::Chunk(left) => self.place = skip(&mut bytes, left, Place::Chunk, Place::ChunkSize),
                Place::Head | Place::ChunkSize | Place::Trailer => {
                    if self.take_line(&mut bytes) {
                        let line = std::mem::take(&mut self.line);
                        self.end_line(String::from_utf8_lossy(&line).trim_end(), &mut on_head)?;
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

    fn end_line(&mut self, line: &str, on_head: &mut impl FnMut(&Shown<'_>) -> Option<Body>) -> Option<()> {
        self.place = match self.place {
            Place::ChunkSize => match chunk_size(line)? {
                0 => Place::Trailer,
                size => Place::Chunk(size.checked_add(2)?),
            },
            Place::Trailer if line.is_empty() => Place::Head,
            Place::Trailer => Place::Trailer,
            _ => return self.head_line(line, on_head),
        };
        Some(())
    }

    fn head_line(&mut self, line: &str, on_head: &mut impl FnMut(&Shown<'_>) -> Option<Body>) -> Option<()> {
        match &self.head.first {
            // Empty lines in front of a message are passed over (RFC 9112, 2.2).
            None if line.is_empty() => {}
            None => self.head.first = Some(line.to_owned()),
            Some(_) if !line.is_empty() => self.header(line)?,
            Some(first) => {
                let body = on_head(&Shown { head: &self.head, first })?;
                self.head = Head::default();
                self.place = match body {
                    Body::None | Body::Length(0) => Place::Head,
                    Body::Length(length) => Place::Body(length),
                    Body::Chunked => Place::ChunkSize,
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
        Some(())
    }
}

/// Passes over what is `left` of a body.
fn skip(bytes: &mut &[u8], left: u64, still: impl Fn(u64) -> Place, done: Place) -> Place {
    let here = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
    *bytes = &bytes[here..];
    match left - here as u64 {
        0 => done,
        left => still(left),
    }
}

fn chunk_size(line: &str) -> Option<u64> {
    let size = line.split(';').next()?.trim();
    let digits = !size.is_empty() && size.bytes().all(|b| b.is_ascii_hexdigit());
    if digits { u64::from_str_radix(size, 16).ok() } else { None }
}
