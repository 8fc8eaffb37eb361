//! A member's forward proxy.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use ground::serve::{self, Accepted, PATIENCE, Slot};
use ground::{Connection, Spawner};
use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};

use super::loopback::Program;
use super::names::host_name;
use super::stage_network::Shared;
use super::tunnel::{self, Tunnel};
use super::{Asker, Event, Membership, Refusal, Refused};

const MAX_CONNECTIONS: usize = 1024;
/// What a browser calls the machine that it is on.
const LOOPBACK: &str = "localhost";
/// The longest body that a program on a member's machine is sent.
const MAX_LOOPBACK_BODY: usize = 64 * 1024;
const MAX_HEAD_BYTES: usize = 16 * 1024;

/// Serves one member until its task ends.
pub(super) async fn serve(
    listener: TcpListener,
    shared: Arc<Shared>,
    tasks: Spawner,
    membership: Membership,
) {
    let membership = Arc::new(membership);
    let carry = |Accepted { stream, connection, slot }| {
        let (shared, membership, slot) = (Arc::clone(&shared), Arc::clone(&membership), Arc::new(slot));
        serve_connection(stream, Asked { shared, membership, connection, slot }, tasks.clone())
    };
    serve::accept(listener, MAX_CONNECTIONS, tasks.clone(), carry).await;
}

async fn serve_connection(stream: TcpStream, asked: Asked, tasks: Spawner) {
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(PATIENCE).max_buf_size(MAX_HEAD_BYTES);
    let service = service_fn(move |request| {
        let (asked, tasks) = (asked.clone(), tasks.clone());
        async move { Ok::<_, Infallible>(asked.answer(request, &tasks).await) }
    });
    // A connection's error is its client's own; what could be answered has been.
    let _ = builder.serve_connection(TokioIo::new(stream), service).with_upgrades().await;
}

/// Who asks, and on which connection.
#[derive(Clone)]
struct Asked {
    shared: Arc<Shared>,
    membership: Arc<Membership>,
    connection: Connection,
    slot: Arc<Slot>,
}

type Answer = Response<Full<Bytes>>;

impl Asked {
    async fn answer(&self, request: Request<Incoming>, tasks: &Spawner) -> Answer {
        let _busy = self.shared.evidence.busy();
        let Some(authority) = request.uri().authority() else {
            return explained(
                StatusCode::BAD_REQUEST,
                "this is a forward proxy: ask it to CONNECT to host:port",
            );
        };
        let Some(host) = host_name(authority.host()) else {
            let text = format!("`{}` is not a host name of this stage", authority.host());
            return self.refuse(
                authority.host(),
                authority.port_u16().unwrap_or(0),
                Refusal::UnknownName,
                &text,
            );
        };
        if request.method() != Method::CONNECT {
            let port = authority.port_u16().unwrap_or(80);
            if host == LOOPBACK
                && let Some(program) = self.shared.loopbacks.find(&self.membership.who, port)
            {
                return ask(&program, request).await;
            }
            return self.refuse(&host, port, Refusal::PlainHttp, &Refusal::PlainHttp.to_string());
        }
        let Some(port) = authority.port_u16() else {
            return explained(StatusCode::BAD_REQUEST, "CONNECT takes host:port");
        };
        match self.open(&host, port).await {
            Ok(tunnel) => {
                tasks.spawn(carry(request, tunnel, Arc::clone(&self.slot)));
                Response::new(Full::default())
            }
            Err(why) => {
                let text = format!("{host}:{port}: {why}");
                self.refuse(&host, port, why, &text)
            }
        }
    }

    async fn open(&self, host: &str, port: u16) -> Result<Tunnel, Refusal> {
        let target = self.shared.look_up(host, port)?;
        let unreachable = |error: std::io::Error| Refusal::Unreachable(error.to_string());
        let stream = tunnel::dial(&self.membership, target).await.map_err(unreachable)?;
        Tunnel::open(&self.shared, &self.membership, (host, port), self.connection, stream)
            .map_err(unreachable)
    }

    fn refuse(&self, host: &str, port: u16, why: Refusal, text: &str) -> Answer {
        let status = match why {
            Refusal::UnknownName | Refusal::WrongPort { .. } => StatusCode::FORBIDDEN,
            Refusal::PlainHttp => StatusCode::METHOD_NOT_ALLOWED,
            Refusal::Unreachable(_) => StatusCode::BAD_GATEWAY,
        };
        let (who, host) = (self.membership.who.clone(), host.to_ascii_lowercase());
        let asker = Asker::of(&host);
        self.shared.evidence.emit(Event::Refused(Refused { who, host, port, why, asker }));
        explained(status, text)
    }
}

/// Asks a program on the member's machine.
async fn ask(program: &Program, request: Request<Incoming>) -> Answer {
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, MAX_LOOPBACK_BODY).collect().await else {
        return explained(StatusCode::PAYLOAD_TOO_LARGE, "no program here takes so long a body");
    };
    match program(Request::from_parts(head, body.to_bytes())) {
        Some(answer) => answer.map(Full::new),
        None => explained(StatusCode::BAD_GATEWAY, "no program listens on this port of this machine"),
    }
}

/// Boxed, since the connection's own task spawns it and would otherwise contain itself.
fn carry(
    request: Request<Incoming>,
    tunnel: Tunnel,
    slot: Arc<Slot>,
) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        let _slot = slot;
        match hyper::upgrade::on(request).await.map(hyper::upgrade::Upgraded::downcast::<TokioIo<TcpStream>>)
        {
            Ok(Ok(parts)) => tunnel.carry(parts.io.into_inner(), parts.read_buf).await,
            Ok(Err(_)) => tunnel.abandon("the member's connection is not a plain one".into()),
            Err(error) => tunnel.abandon(error.to_string()),
        }
    })
}

fn explained(status: StatusCode, text: &str) -> Answer {
    let mut answer = Response::new(Full::from(format!("{text}\n")));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    if status == StatusCode::METHOD_NOT_ALLOWED {
        headers.insert(ALLOW, HeaderValue::from_static("CONNECT"));
    }
    answer
}
