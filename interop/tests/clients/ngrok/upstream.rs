//! An app that a program forwards to: it answers whoever comes the same, and keeps what it was told, to the byte.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// More than any head of a request has here.
const MOST_BYTES: usize = 64 * 1024;

/// Dropped, it is gone.
pub(crate) struct Upstream {
    addr: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
    _serving: JoinSet<()>,
}

impl Upstream {
    /// It answers every request with these bytes, and closes the connection then.
    pub(crate) async fn answering(response: &'static str) -> Result<Self, String> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.map_err(|error| format!("an upstream can't listen: {error}"))?;
        let addr = listener.local_addr().map_err(|error| error.to_string())?;
        let heads = Arc::default();
        let mut serving = JoinSet::new();
        serving.spawn(serve(listener, response, Arc::clone(&heads)));
        Ok(Self { addr, heads, _serving: serving })
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// What came first on each connection, up to the end of a request's head.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn serve(listener: TcpListener, response: &'static str, heads: Arc<Mutex<Vec<String>>>) {
    let mut connections = JoinSet::new();
    while let Ok((connection, _)) = listener.accept().await {
        let heads = Arc::clone(&heads);
        connections.spawn(async move {
            let _ = answer(connection, response, &heads).await;
        });
    }
}

async fn answer(
    mut connection: TcpStream,
    response: &str,
    heads: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") && head.len() < MOST_BYTES {
        if connection.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    heads.lock().unwrap_or_else(PoisonError::into_inner).push(head);
    connection.write_all(response.as_bytes()).await?;
    connection.shutdown().await
}
