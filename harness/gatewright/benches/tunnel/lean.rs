//! A client of HTTP/1.1 that costs little, so that what is measured is the server: it sends the same bytes for each
//! request, and reads just enough of the answer to know where it ends.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::Outcome;
use crate::way::Io;

/// A kept connection.
pub(crate) struct Lean {
    io: Box<dyn Io>,
    request: Vec<u8>,
    read: Vec<u8>,
}

impl Lean {
    /// A connection that asks for `path` with these lines of the head.
    pub(crate) fn new(io: Box<dyn Io>, path: &str, lines: &[String]) -> Self {
        let mut request = format!("GET {path} HTTP/1.1\r\n");
        lines.iter().for_each(|line| request.push_str(&format!("{line}\r\n")));
        request.push_str("\r\n");
        Self { io, request: request.into_bytes(), read: Vec::with_capacity(64 * 1024) }
    }

    /// Asks once; anything but 200 with a length is an error.
    pub(crate) async fn ask(&mut self) -> Outcome {
        self.io.write_all(&self.request).await?;
        self.io.flush().await?;
        self.read.clear();
        let head = loop {
            if let Some(end) = find(&self.read, b"\r\n\r\n") {
                break end + 4;
            }
            self.more().await?;
        };
        let text = std::str::from_utf8(&self.read[..head])?;
        if !text.starts_with("HTTP/1.1 200 ") {
            return Err(format!("an answer that is not the upstream's: {text}").into());
        }
        let length = text.lines().filter_map(|line| line.split_once(':'));
        let mut length = length.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
        let length: usize = length.next().ok_or("an answer without a length")?.1.trim().parse()?;
        while self.read.len() < head + length {
            self.more().await?;
        }
        Ok(())
    }

    async fn more(&mut self) -> Outcome {
        match self.io.read_buf(&mut self.read).await? {
            0 => Err("the connection ended before the answer".into()),
            _ => Ok(()),
        }
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
