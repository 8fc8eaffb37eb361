use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::ReadBuf;

use super::*;
use crate::message::{Auth, Unbind};

async fn read(bytes: &[u8]) -> Result<Unbind, RpcError> {
    read_request(&mut &bytes[..]).await
}

/// Gives one byte a read.
struct OneByOne(&'static [u8]);

impl AsyncRead for OneByOne {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Some((first, rest)) = self.0.split_first() {
            buffer.put_slice(&[*first]);
            self.0 = rest;
        }
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn a_request_ends_where_its_json_ends() {
    let mut stream = OneByOne(b"{\"ID\":\"t1\",\"Extra\":null}\n{\"Id\":\"t2\"}");
    let request: Unbind = read_request(&mut stream).await.unwrap();
    assert_eq!(request.id, "t1");
    assert_eq!(stream.0, b"\n{\"Id\":\"t2\"}");
}

#[tokio::test]
async fn what_is_no_request_is_refused_and_said() {
    assert!(matches!(read(b"[1]").await, Err(RpcError::NotAnObject)));
    assert!(matches!(read(b"{\"Id\":").await, Err(RpcError::Io(_))));
    assert!(matches!(read(b"").await, Err(RpcError::Io(_))));
    assert_eq!(read(b"{\"Id\":7}").await.unwrap_err().to_string(), "Id: expected a string, found a number");
    assert!(matches!(read(b"{\"Id\":tru}").await, Err(RpcError::Shape(_))));
    let endless = [&b"{\"Id\":\""[..], &vec![b'x'; MAX_JSON]].concat();
    assert!(matches!(read(&endless).await, Err(RpcError::TooLarge)));
    let deep = "{\"a\":".repeat(10_000) + &"}".repeat(10_000);
    assert!(matches!(read(deep.as_bytes()).await, Err(RpcError::Shape(_))));
}

#[tokio::test]
async fn no_error_shows_a_secret() {
    let request = br#"{"ClientId":"","Extra":{"AuthToken":{"inner":"hunter2"}}}"#;
    let error = read_request::<Auth>(&mut &request[..]).await.unwrap_err();
    assert_eq!(error.to_string(), "Extra.AuthToken: expected a string, found an object");
}
