//! A request in the clear that came to the TLS port.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long the client may take to read the answer, and how much more it may send meanwhile.
const PARTING: Duration = Duration::from_secs(1);
const MOST_MORE: u64 = 64 * 1024;

/// Tells the client what is wrong, and closes.
pub(super) async fn explain(mut stream: TcpStream) {
    let body = "You spoke plain HTTP to a port that speaks HTTPS.\n\
                Open the same address with https:// in front of it.\n";
    let answer = format!(
        "HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {}\r\n\
         cache-control: no-store\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    let parting = async {
        stream.write_all(answer.as_bytes()).await?;
        stream.shutdown().await?;
        // What the client is still sending must not turn the answer into a reset.
        tokio::io::copy(&mut stream.take(MOST_MORE), &mut tokio::io::sink()).await
    };
    let _ = timeout(PARTING, parting).await;
}
