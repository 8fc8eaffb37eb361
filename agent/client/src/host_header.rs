//! Puts the app's own name into the Host header of each request that passes (HTTP/1.1).

use std::io;

/// The longest head that is passed on.
const MAX_HEAD: usize = 256 * 1024;

/// One connection's requests.
#[derive(Debug)]
pub(crate) struct HostHeader {
    host: String,
    /// What is there of the line or the head that is being read.
    begun: Vec<u8>,
    place: Place,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    Head,
    Body(u64),
    ChunkSize,
    /// The chunk's bytes and the line end behind them.
    Chunk(u64),
    Trailer,
    /// The request asked for another protocol; whether it got it shows when something follows.
    Upgrading,
    Opaque,
}

impl HostHeader {
    pub(crate) fn new(host: String) -> Self {
        Self { host, begun: Vec::new(), place: Place::Head }
    }

    /// What stands for the next bytes. `switched` tells whether the app has agreed to another protocol. What isn't
    /// understood breaks the connection: the app must not read another name than it was promised.
    pub(crate) fn rewrite(&mut self, mut bytes: &[u8], switched: impl Fn() -> bool) -> io::Result<Vec<u8>> {
        let mut out = Vec::with_capacity(bytes.len() + self.host.len() + self.begun.len());
        while !bytes.is_empty() {
            match self.place {
                Place::Opaque => {
                    out.extend_from_slice(bytes);
                    bytes = &[];
                }
                Place::Upgrading => self.place = if switched() { Place::Opaque } else { Place::Head },
                Place::Body(left) => self.place = pass(&mut bytes, left, &mut out, Place::Body, Place::Head),
                Place::Chunk(left) => {
                    self.place = pass(&mut bytes, left, &mut out, Place::Chunk, Place::ChunkSize);
                }
                Place::Head | Place::ChunkSize | Place::Trailer => {
                    let end = bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |end| end + 1);
                    let (line, rest) = bytes.split_at(end);
                    if self.begun.len() + line.len() > MAX_HEAD {
                        return Err(malformed("the request's head is too long"));
                    }
                    self.begun.extend_from_slice(line);
                    bytes = rest;
                    if line.ends_with(b"\n") {
                        self.line(&mut out)?;
                    }
                }
            }
        }
        Ok(out)
    }

    /// A line is complete, and perhaps the head with it.
    fn line(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        let blank = |line: &[u8]| line == b"\r\n" || line == b"\n";
        match self.place {
            Place::ChunkSize => {
                let text = String::from_utf8_lossy(&self.begun);
                let digits = text.split(';').next().unwrap_or_default().trim();
                let size = u64::from_str_radix(digits, 16).ok().and_then(|size| match size {
                    0 => Some(Place::Trailer),
                    size => size.checked_add(2).map(Place::Chunk),
                });
                self.place = size.ok_or_else(|| malformed("a chunk's size is not understood"))?;
                out.append(&mut self.begun);
            }
            Place::Trailer => {
                if blank(&self.begun) {
                    self.place = Place::Head;
                }
                out.append(&mut self.begun);
            }
            _ if blank(&self.begun) => out.append(&mut self.begun),
            _ if self.begun.ends_with(b"\r\n\r\n") || self.begun.ends_with(b"\n\n") => {
                let head = std::mem::take(&mut self.begun);
                self.place = self.head(&head, out)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Passes a head on under the app's name, and tells what follows it.
    fn head(&self, head: &[u8], out: &mut Vec<u8>) -> io::Result<Place> {
        let (mut place, mut named, mut upgrade) = (Place::Head, false, false);
        for (number, line) in head.split_inclusive(|byte| *byte == b'\n').enumerate() {
            let colon = line.iter().position(|byte| *byte == b':').filter(|_| number > 0);
            let Some(colon) = colon else {
                if number > 0 && !named {
                    // The end of a head without a name.
                    out.extend_from_slice(format!("Host: {}\r\n", self.host).as_bytes());
                }
                out.extend_from_slice(line);
                continue;
            };
            let (name, value) = line.split_at(colon);
            let value = String::from_utf8_lossy(&value[1..]).trim().to_ascii_lowercase();
            match name.to_ascii_lowercase().as_slice() {
                b"host" => {
                    if !named {
                        out.extend_from_slice(name);
                        out.extend_from_slice(format!(": {}\r\n", self.host).as_bytes());
                    }
                    named = true;
                    continue;
                }
                b"content-length" if !matches!(place, Place::ChunkSize) => {
                    let length = value.parse().map_err(|_| malformed("a body's length is not understood"))?;
                    place = if length == 0 { Place::Head } else { Place::Body(length) };
                }
                b"transfer-encoding" if value.ends_with("chunked") => place = Place::ChunkSize,
                b"upgrade" => upgrade = true,
                _ => {}
            }
            out.extend_from_slice(line);
        }
        Ok(match place {
            Place::Head if upgrade => Place::Upgrading,
            place => place,
        })
    }
}

fn pass(bytes: &mut &[u8], left: u64, out: &mut Vec<u8>, still: impl Fn(u64) -> Place, done: Place) -> Place {
    let here = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
    out.extend_from_slice(&bytes[..here]);
    *bytes = &bytes[here..];
    match left - here as u64 {
        0 => done,
        left => still(left),
    }
}

fn malformed(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rewritten(requests: &str, cut: usize, switched: bool) -> String {
        let mut header = HostHeader::new("localhost:3000".into());
        let mut out = Vec::new();
        for bytes in requests.as_bytes().chunks(cut) {
            out.extend(header.rewrite(bytes, || switched).unwrap());
        }
        String::from_utf8(out).unwrap()
    }

    const REQUESTS: &str = "GET /a HTTP/1.1\r\nhost: app.tunnel.test\r\nX: Host: no\r\n\r\n\
        POST /b HTTP/1.1\r\nContent-Length: 24\r\nHost: app.tunnel.test\r\n\r\nGET / HTTP/1.1\r\nHost: x\n\
        PUT /c HTTP/1.1\r\nHost: a\r\nHost: b\r\nTransfer-Encoding: chunked\r\n\r\n9;x=y\r\nHost: a\r\n\r\n0\r\nHost: t\r\n\r\n\
        GET /d HTTP/1.1\r\n\r\n";

    const REWRITTEN: &str = "GET /a HTTP/1.1\r\nhost: localhost:3000\r\nX: Host: no\r\n\r\n\
        POST /b HTTP/1.1\r\nContent-Length: 24\r\nHost: localhost:3000\r\n\r\nGET / HTTP/1.1\r\nHost: x\n\
        PUT /c HTTP/1.1\r\nHost: localhost:3000\r\nTransfer-Encoding: chunked\r\n\r\n9;x=y\r\nHost: a\r\n\r\n0\r\nHost: t\r\n\r\n\
        GET /d HTTP/1.1\r\nHost: localhost:3000\r\n\r\n";

    #[test]
    fn what_is_opaque_after_an_upgrade_stays_as_it_is() {
        let upgrade = "GET /ws HTTP/1.1\r\nUpgrade: websocket\r\nHost: a\r\n\r\n";
        let frames = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        let (named, own) = (upgrade.replace("Host: a", "Host: localhost:3000"), "Host: localhost:3000");
        assert_eq!(rewritten(&format!("{upgrade}{frames}"), 7, true), format!("{named}{frames}"));
        let refused = format!("{named}{}", frames.replace("Host: a", own));
        assert_eq!(rewritten(&format!("{upgrade}{frames}"), 7, false), refused);
    }

    #[test]
    fn what_is_not_understood_breaks_the_connection() {
        let broken = |bytes: &str| HostHeader::new("a".into()).rewrite(bytes.as_bytes(), || false).is_err();
        assert!(broken("GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n"));
        assert!(broken("GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"));
        assert!(broken(&format!("GET /{} HTTP/1.1\r\n", "a".repeat(MAX_HEAD))));
    }

    proptest! {
        #[test]
        fn each_request_has_the_apps_name_however_it_is_cut(cut in 1_usize..400) {
            prop_assert_eq!(rewritten(REQUESTS, cut, false), REWRITTEN);
        }
    }
}
