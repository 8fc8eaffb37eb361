//! What stands in front of a proxied connection's bytes: its length as a **little-endian** `i64`, then JSON.

use std::io;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::message::fold::{self, ShapeError};

/// The longest header that is read.
const MAX_HEADER: i64 = 64 * 1024;

/// Whom a proxied connection comes from, and which tunnel it is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Header {
    /// The tunnel's id, from the answer to its Bind or StartTunnelWithLabel.
    pub id: String,
    /// The client at the edge.
    pub client_addr: SocketAddr,
    /// The tunnel's protocol: `http`, `https`, `tcp` or `tls`.
    #[serde(default)]
    pub proto: String,
    /// What the client came in by.
    #[serde(default)]
    pub edge_type: EdgeType,
    /// The bytes are TLS that the edge has not opened.
    #[serde(default, rename = "PassthroughTLS")]
    pub passthrough_tls: bool,
}

/// What a client came in by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum EdgeType {
    /// An endpoint that an agent bound.
    #[default]
    #[serde(rename = "0")]
    Endpoint,
    /// A TCP Edge.
    #[serde(rename = "1")]
    Tcp,
    /// A TLS Edge.
    #[serde(rename = "2")]
    Tls,
    /// An HTTPS Edge.
    #[serde(rename = "3")]
    Https,
}

/// Why a header could not be read.
#[derive(Debug, thiserror::Error)]
pub enum HeaderError {
    /// The stream ended or broke inside it.
    #[error("the stream ended inside the header of a proxied connection: {0}")]
    Io(#[from] io::Error),
    /// Its length is negative or larger than 64 KiB.
    #[error("a header of {0} bytes for a proxied connection")]
    Length(i64),
    /// It is not the JSON that it should be.
    #[error("the header of a proxied connection: {0}")]
    Shape(#[from] ShapeError),
}

impl Header {
    /// The header as it stands behind the stream's type.
    pub fn encode(&self) -> Vec<u8> {
        let json = serde_json::to_vec(self).unwrap_or_else(|_| unreachable!("strings and numbers are JSON"));
        let mut encoded = Vec::with_capacity(8 + json.len());
        encoded.extend_from_slice(&(json.len() as i64).to_le_bytes());
        encoded.extend_from_slice(&json);
        encoded
    }

    /// Reads the header off a stream whose type was read.
    pub async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Result<Self, HeaderError> {
        let length = stream.read_i64_le().await?;
        if !(0..=MAX_HEADER).contains(&length) {
            return Err(HeaderError::Length(length));
        }
        let mut json = vec![0; length as usize];
        stream.read_exact(&mut json).await?;
        Ok(fold::from_slice(&json)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> Header {
        Header {
            id: "t1".into(),
            client_addr: "203.0.113.7:51234".parse().unwrap(),
            proto: "https".into(),
            edge_type: EdgeType::Endpoint,
            passthrough_tls: false,
        }
    }

    #[tokio::test]
    async fn it_is_a_little_endian_length_and_json_with_all_five_keys() {
        let encoded = header().encode();
        let json = r#"{"Id":"t1","ClientAddr":"203.0.113.7:51234","Proto":"https","EdgeType":"0","PassthroughTLS":false}"#;
        assert_eq!(encoded[..8], [json.len() as u8, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(&encoded[8..], json.as_bytes());
        let mut stream = [&encoded, &b"GET /"[..]].concat();
        let mut stream = stream.as_mut_slice() as &[u8];
        assert_eq!(Header::read(&mut stream).await.unwrap(), header());
        assert_eq!(stream, b"GET /");
    }

    #[tokio::test]
    async fn an_absurd_length_is_refused_before_anything_is_read() {
        for length in [-1, MAX_HEADER + 1, i64::MAX, i64::MIN] {
            let error = Header::read(&mut &length.to_le_bytes()[..]).await.unwrap_err();
            assert!(matches!(error, HeaderError::Length(refused) if refused == length), "{error}");
        }
        let cut = Header::read(&mut &header().encode()[..20]).await.unwrap_err();
        assert!(matches!(cut, HeaderError::Io(_)), "{cut}");
    }
}
