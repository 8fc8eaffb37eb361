//! The PROXY header in front of a connection's bytes (HAProxy's PROXY protocol, versions 1 and 2), which the edge writes
//! and the app reads.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

/// The longest header of version 1, its line end included (section 2.1).
const MAX_V1: usize = 107;

/// What version 2 begins with (section 2.2).
const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";

/// How long what follows the first 16 bytes of version 2 may be. Addresses take at most 216 bytes, extensions little.
const MAX_V2: usize = 4096;

/// Takes the header off a connection, as it stands there, and not a byte more.
pub(crate) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut header = vec![0; 12];
    stream.read_exact(&mut header).await?;
    if header == SIGNATURE {
        read_v2(stream, header).await
    } else if header.starts_with(b"PROXY ") {
        read_v1(stream, header).await
    } else {
        Err(malformed("the connection does not begin with a PROXY header"))
    }
}

async fn read_v1(stream: &mut (impl AsyncRead + Unpin), mut header: Vec<u8>) -> io::Result<Vec<u8>> {
    while !header.ends_with(b"\r\n") {
        if header.len() == MAX_V1 {
            return Err(malformed("the PROXY header has no end"));
        }
        header.push(stream.read_u8().await?);
    }
    let line = std::str::from_utf8(&header[..header.len() - 2])
        .map_err(|_| malformed("the PROXY header is not text"))?;
    let words: Vec<_> = line.split(' ').collect();
    match words.as_slice() {
        ["PROXY", "UNKNOWN", ..] => Ok(header),
        ["PROXY", "TCP4" | "TCP6", source, destination, from, to]
            if [source, destination].iter().all(|address| address.parse::<std::net::IpAddr>().is_ok())
                && [from, to].iter().all(|port| port.parse::<u16>().is_ok()) =>
        {
            Ok(header)
        }
        _ => Err(malformed("the PROXY header is not understood")),
    }
}

async fn read_v2(stream: &mut (impl AsyncRead + Unpin), mut header: Vec<u8>) -> io::Result<Vec<u8>> {
    let mut rest = [0; 4];
    stream.read_exact(&mut rest).await?;
    let [version_and_command, _, high, low] = rest;
    let length = usize::from(u16::from_be_bytes([high, low]));
    if version_and_command >> 4 != 2 || version_and_command & 0xf > 1 || length > MAX_V2 {
        return Err(malformed("the PROXY header is not understood"));
    }
    header.extend_from_slice(&rest);
    let begun = header.len();
    header.resize(begun + length, 0);
    stream.read_exact(&mut header[begun..]).await?;
    Ok(header)
}

fn malformed(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn taken(bytes: &[u8]) -> Result<(Vec<u8>, Vec<u8>), String> {
        let mut rest = bytes;
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let header = runtime.block_on(read(&mut rest)).map_err(|error| error.to_string())?;
        Ok((header, rest.to_vec()))
    }

    #[test]
    fn version_1_is_a_line() {
        for line in ["PROXY TCP4 203.0.113.7 127.0.0.1 51234 443\r\n", "PROXY UNKNOWN\r\n"] {
            let (header, rest) = taken(format!("{line}GET / HTTP/1.1\r\n").as_bytes()).unwrap();
            assert_eq!((header, rest), (line.as_bytes().to_vec(), b"GET / HTTP/1.1\r\n".to_vec()));
        }
        for wrong in
            ["PROXY TCP4 a b 1 2\r\n", "PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n", "PROXY TCP9 ::1 ::1 1 1\r\n"]
        {
            assert_eq!(taken(wrong.as_bytes()).unwrap_err(), "the PROXY header is not understood", "{wrong}");
        }
        let endless = format!("PROXY TCP4 {}", "1".repeat(200));
        assert_eq!(taken(endless.as_bytes()).unwrap_err(), "the PROXY header has no end");
        let none = taken(b"GET / HTTP/1.1\r\n\r\n").unwrap_err();
        assert_eq!(none, "the connection does not begin with a PROXY header");
    }

    #[test]
    fn version_2_has_a_length() {
        let addresses = [203, 0, 113, 7, 127, 0, 0, 1, 200, 34, 1, 187];
        let header = [&SIGNATURE[..], &[0x21, 0x11, 0, 12], &addresses].concat();
        let whole = [&header[..], b"bytes"].concat();
        assert_eq!(taken(&whole), Ok((header.clone(), b"bytes".to_vec())));
        let unknown = [&SIGNATURE[..], &[0x31, 0x11, 0, 12], &addresses].concat();
        assert_eq!(taken(&unknown).unwrap_err(), "the PROXY header is not understood");
        assert!(taken(&header[..20]).is_err());
    }

    proptest! {
        #[test]
        fn nothing_is_lost_or_made_up(bytes in prop::collection::vec(any::<u8>(), 0..200), v1: bool) {
            let start: &[u8] = if v1 { b"PROXY " } else { &SIGNATURE };
            let bytes = [start, &bytes].concat();
            if let Ok((header, rest)) = taken(&bytes) {
                prop_assert_eq!([header, rest].concat(), bytes);
            }
        }
    }
}
