//! Requests and answers: one JSON object each way on a stream of their own.
//!
//! The client doesn't end its half before the answer has come, so the end of a request is where its JSON ends; the
//! server ends its half behind the answer.

mod extent;

use std::io;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};

use self::extent::Extent;
use crate::message::fold::{self, ShapeError};
use crate::{OpenError, Session, Stream, StreamType};

/// The largest request or answer, 1 MiB.
pub const MAX_JSON: usize = 1024 * 1024;

/// How long a client may take to end its half once it has its answer. Real time.
const PARTING: Duration = Duration::from_secs(5);

/// Why a request or an answer could not be had.
#[derive(Debug, thiserror::Error)]
pub enum RpcError {
    /// No stream could be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The stream broke, or ended before the JSON did.
    #[error("the stream ended before the JSON did: {0}")]
    Io(#[from] io::Error),
    /// It is larger than [`MAX_JSON`].
    #[error("more than {} KiB of JSON", MAX_JSON / 1024)]
    TooLarge,
    /// It doesn't begin as a JSON object.
    #[error("not a JSON object")]
    NotAnObject,
    /// It is not the JSON that it should be.
    #[error(transparent)]
    Shape(#[from] ShapeError),
}

/// Reads a request off a stream whose type was read. Member names match in any case, null counts as absent.
pub async fn read_request<T: DeserializeOwned>(stream: &mut (impl AsyncRead + Unpin)) -> Result<T, RpcError> {
    read_object(stream).await
}

/// Sends an answer, ends this half, and waits a little for the other half's end, so that nothing that the client sends
/// meanwhile gets in the answer's way.
pub async fn answer(mut stream: Stream, answer: &impl Serialize) -> Result<(), RpcError> {
    stream.write_all(&encode(answer)?).await?;
    stream.shutdown().await?;
    let rest =
        async { tokio::io::copy(&mut (&mut stream).take(MAX_JSON as u64), &mut tokio::io::sink()).await };
    // The answer is out; what the client does with its half is its own affair.
    let _ = tokio::time::timeout(PARTING, rest).await;
    Ok(())
}

/// Asks and waits for the answer, for as long as the session lives: a caller that can't trust the peer to answer puts
/// a deadline around it.
pub async fn call<T: DeserializeOwned>(
    session: &Session,
    kind: StreamType,
    request: &impl Serialize,
) -> Result<T, RpcError> {
    let mut stream = session.open(kind, &[]).await?;
    stream.write_all(&encode(request)?).await?;
    read_object(&mut stream).await
}

/// Says something that has no answer.
pub async fn tell(session: &Session, kind: StreamType, message: &impl Serialize) -> Result<(), RpcError> {
    let mut stream = session.open(kind, &[]).await?;
    stream.write_all(&encode(message)?).await?;
    stream.shutdown().await?;
    Ok(())
}

fn encode(message: &impl Serialize) -> Result<Vec<u8>, RpcError> {
    serde_json::to_vec(message).map_err(|error| RpcError::Io(error.into()))
}

async fn read_object<T: DeserializeOwned>(stream: &mut (impl AsyncRead + Unpin)) -> Result<T, RpcError> {
    let mut json = Vec::with_capacity(1024);
    let mut extent = Extent::default();
    loop {
        let before = json.len();
        let mut bounded = stream.take((MAX_JSON + 1 - before) as u64);
        if bounded.read_buf(&mut json).await? == 0 {
            return Err(RpcError::Io(io::ErrorKind::UnexpectedEof.into()));
        }
        match extent.find(&json[before..]) {
            extent::Found::End(at) => {
                json.truncate(before + at);
                return Ok(fold::from_slice(&json)?);
            }
            extent::Found::NoObject => return Err(RpcError::NotAnObject),
            extent::Found::More if json.len() > MAX_JSON => return Err(RpcError::TooLarge),
            extent::Found::More => json.reserve(1024),
        }
    }
}

#[cfg(test)]
mod tests;
