//! Clients of endpoints that speak no HTTP, or want to know how TLS is spoken with them.

use std::net::Ipv4Addr;
use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;

use super::scene::{DEADLINE, Scene};

pub(super) async fn dial(port: u16) -> Result<TcpStream, String> {
    let connected = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await;
    connected.map_err(|error| format!("port {port}: {error}"))
}

/// Speaks TLS to an endpoint of this name.
pub(super) async fn dial_tls(
    scene: &Scene,
    name: &str,
    config: Arc<ClientConfig>,
) -> Result<impl AsyncRead + AsyncWrite + Unpin, String> {
    let stream = dial(scene.world.https_port()).await?;
    let server = ServerName::try_from(name.to_owned()).map_err(|error| error.to_string())?;
    let connected = TlsConnector::from(config).connect(server, stream).await;
    connected.map_err(|error| format!("TLS with {name}: {error}"))
}

/// Says something, and hears as much. (The Go SDK ends both ways when one ends, so that nobody says here that there is
/// no more.)
pub(super) async fn exchange(
    client: &mut (impl AsyncRead + AsyncWrite + Unpin),
    said: &str,
) -> Result<String, String> {
    in_time(said, async {
        client.write_all(said.as_bytes()).await?;
        let mut answer = vec![0; said.len()];
        client.read_exact(&mut answer).await?;
        Ok(answer)
    })
    .await
}

/// Says something, and hears all that is answered.
pub(super) async fn ask(
    client: &mut (impl AsyncRead + AsyncWrite + Unpin),
    said: &str,
) -> Result<String, String> {
    in_time(said, async {
        client.write_all(said.as_bytes()).await?;
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).await?;
        Ok(answer)
    })
    .await
}

async fn in_time(
    said: &str,
    answer: impl Future<Output = std::io::Result<Vec<u8>>>,
) -> Result<String, String> {
    match tokio::time::timeout(DEADLINE, answer).await {
        Ok(Ok(answer)) => Ok(String::from_utf8_lossy(&answer).into_owned()),
        Ok(Err(error)) => Err(format!("no answer to {said:?}: {error}")),
        Err(_) => Err(format!("no end to the answer to {said:?}")),
    }
}

/// The edge itself has answered, with this status and ngrok's code.
pub(super) fn refused_by(response: &Response<Bytes>, status: u16, code: &str) -> Result<(), String> {
    let told = response.headers().get("ngrok-error-code").and_then(|code| code.to_str().ok());
    if (response.status().as_u16(), told) == (status, Some(code)) {
        return Ok(());
    }
    Err(format!("to be refused by {status} with {code}, not {} with {told:?}", response.status()))
}
