//! Sending a captured request to the app once more.

use std::fmt::Write;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::Web;
use super::fault::Fault;
use super::{requests, tunnels};
use crate::agent::Shared;
use crate::dial::{self, Unceremonious, Wire};
use crate::endpoint::{Kind, UpstreamProtocol};
use crate::error::PATIENCE;
use crate::inspector::{Exchange, Message, Tape};
use crate::observe::Observer;
use crate::registry::Route;

/// How long the whole of it may take. Real time.
const DEADLINE: Duration = Duration::from_secs(60);

#[derive(Debug, Deserialize)]
pub(super) struct Wish {
    id: String,
    /// Another tunnel's app.
    tunnel_name: Option<String>,
}

pub(super) async fn again(State(web): State<Web>, Json(wish): Json<Wish>) -> Result<StatusCode, Fault> {
    let exchange = requests::find(&web, &wish.id)?;
    let tunnel = wish.tunnel_name.filter(|name| !name.is_empty()).unwrap_or_else(|| exchange.tunnel.clone());
    let route = tunnels::find(&web, &tunnel)?;
    let cannot = |why: &str| Err(Fault::invalid("the request can't be replayed", why));
    if !exchange.request.is_whole() {
        return cannot("its body was too long to be kept whole");
    }
    let takes_http = matches!(route.endpoint.kind, Kind::Http { .. } | Kind::Labeled(_))
        && route.endpoint.upstream_protocol == UpstreamProtocol::Http1;
    if !takes_http {
        return cannot("the tunnel's app does not speak HTTP/1.1");
    }
    if exchange.answer.as_ref().is_some_and(|(status, _)| *status == 101) {
        return cannot("it led to another protocol");
    }
    let preface: &[u8] = match &route.endpoint.kind {
        // Nobody's connection: version 1's UNKNOWN, version 2's LOCAL.
        Kind::Http { options, .. } if options.proxy_proto == 1 => b"PROXY UNKNOWN\r\n",
        Kind::Http { options, .. } if options.proxy_proto == 2 => b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0",
        _ => b"",
    };
    let dialling = dial::upstream(&route.endpoint, preface, &web.shared.config.to_upstreams);
    let dialled = match tokio::time::timeout(PATIENCE, dialling).await {
        Ok(Ok(dialled)) => dialled,
        outcome => {
            let error = outcome.map_or_else(
                |_| io::ErrorKind::TimedOut.into(),
                |called| called.err().unwrap_or_else(|| io::ErrorKind::Other.into()),
            );
            let detail = format!("{}: {error}", route.endpoint.upstream);
            return Err(Fault::new(StatusCode::BAD_GATEWAY, 0, "the app could not be reached", detail));
        }
    };
    let shared = Arc::clone(&web.shared);
    web.tasks.spawn(async move {
        // What comes of it shows in the inspector, a broken end too.
        let _ = tokio::time::timeout(DEADLINE, send(&shared, &route, &exchange, dialled.wire)).await;
    });
    Ok(StatusCode::NO_CONTENT)
}

async fn send(shared: &Shared, route: &Route, exchange: &Exchange, app: Wire) -> io::Result<()> {
    let Some(inspector) = shared.inspector() else { return Ok(()) };
    let tape = Tape {
        inspector: Arc::clone(inspector),
        tunnel: route.endpoint.name.clone(),
        client: exchange.client,
    };
    let observer = Observer::recording(tape);
    let request = on_the_wire(&exchange.request);
    match app {
        Wire::Plain(tcp) => {
            let (from_app, to_app) = tcp.into_split();
            carry(route, observer, &request, from_app, to_app).await
        }
        Wire::Tls(tls) => {
            let (from_app, to_app) = tokio::io::split(*tls);
            carry(route, observer, &request, Unceremonious(from_app), to_app).await
        }
    }
}

async fn carry(
    route: &Route,
    mut observer: Observer,
    request: &[u8],
    mut from_app: impl AsyncRead + Unpin,
    mut to_app: impl AsyncWrite + Unpin,
) -> io::Result<()> {
    observer.request_bytes(request, Instant::now());
    to_app.write_all(request).await?;
    to_app.flush().await?;
    let mut chunk = vec![0; 32 * 1024];
    let outcome = loop {
        match from_app.read(&mut chunk).await {
            Ok(0) => break Ok(()),
            Ok(length) => observer
                .answer_bytes(&chunk[..length], Instant::now(), |seen| route.gauges.exchanged(seen.took)),
            Err(error) => break Err(error),
        }
    };
    observer.end(Instant::now());
    outcome
}

/// The request as it is sent: its body in one piece, and the connection for it alone.
fn on_the_wire(request: &Message) -> Vec<u8> {
    let mut head = format!("{}\r\n", request.first);
    let framing =
        ["content-length", "transfer-encoding", "connection", "keep-alive", "trailer", "te", "expect"];
    for (name, value) in &request.headers {
        if !framing.contains(&name.to_ascii_lowercase().as_str()) {
            // Writing to a String can't fail.
            let _ = write!(head, "{name}: {value}\r\n");
        }
    }
    if !request.body.is_empty() {
        let _ = write!(head, "Content-Length: {}\r\n", request.body.len());
    }
    head += "Connection: close\r\n\r\n";
    [head.as_bytes(), &request.body].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_sent_in_one_piece() {
        let request = Message {
            first: "PUT /x HTTP/1.1".into(),
            headers: [
                ("Host", "a.test"),
                ("Transfer-Encoding", "chunked"),
                ("Connection", "keep-alive"),
                ("X", "y"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec(),
            body: b"hello".to_vec(),
            length: 5,
        };
        let sent = String::from_utf8(on_the_wire(&request)).unwrap();
        let wanted =
            "PUT /x HTTP/1.1\r\nHost: a.test\r\nX: y\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";
        assert_eq!(sent, wanted);
    }
}
