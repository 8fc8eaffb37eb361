//! A connection of a `tcp` or `tls` endpoint: byte for byte through a tunnel, each direction with an end of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ground::{Connection, Sink};
use policy::Denial;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split};
use tokio::net::TcpStream;
use wire::ErrorCode;

use super::opening::Opening;
use super::upstreams::OpenError;
use crate::code::Code;
use crate::event::{Carried, Event, Forwarded, Outcome};
use crate::model::EndpointId;
use crate::model::online::Tunnel;

/// How much is carried at a time.
const CHUNK: usize = 16 * 1024;

/// A client's connection, whatever it speaks.
pub(crate) trait Near: AsyncRead + AsyncWrite + Send + Unpin {
    /// The connection below it all.
    fn socket(&self) -> &TcpStream;
}

impl Near for TcpStream {
    fn socket(&self) -> &TcpStream {
        self
    }
}

/// What comes, and where.
pub(crate) struct Arrival {
    pub(crate) connection: Connection,
    pub(crate) endpoint: EndpointId,
    /// Whether the bytes are TLS that the edge has not opened.
    pub(crate) passthrough: bool,
}

impl Arrival {
    fn uncarried(&self) -> Carried {
        Carried {
            connection: self.connection,
            endpoint: self.endpoint.clone(),
            forwarded: None,
            up: 0,
            down: 0,
            outcome: Outcome::InOrder,
        }
    }
}

/// Carries a connection that was [admitted](crate::traffic::admit) through a tunnel until both directions have ended or one broke, and says what became of it.
pub(crate) async fn carry(near: impl Near, arrival: Arrival, tunnel: &Arc<Tunnel>, sink: &Sink<Event>) {
    let carried = arrival.uncarried();
    let carried = through(near, &arrival, tunnel, sink, carried).await;
    sink.emit(Event::Carried(Box::new(carried)));
}

/// Refuses a connection, and says so.
pub(crate) fn refuse(socket: &TcpStream, arrival: &Arrival, denial: &Denial, sink: &Sink<Event>) {
    abort(socket);
    let outcome = denial.code.map_or(Outcome::Denied, |code| Outcome::Refused(Code(code)));
    sink.emit(Event::Carried(Box::new(Carried { outcome, ..arrival.uncarried() })));
}

/// Breaks a connection off, so that nobody takes its end for a good one.
pub(crate) fn abort(socket: &TcpStream) {
    // A socket that is gone needs it not.
    let _ = socket.set_zero_linger();
}

async fn through(
    near: impl Near,
    arrival: &Arrival,
    tunnel: &Arc<Tunnel>,
    sink: &Sink<Event>,
    mut carried: Carried,
) -> Carried {
    let busy = sink.busy();
    let opening = Opening { connection: arrival.connection, passthrough: arrival.passthrough };
    let far = match tunnel.session.upstreams.stream(tunnel, &opening).await {
        Ok(far) => far,
        Err(error) => {
            abort(near.socket());
            let code = if error == OpenError::Busy { Code::FORWARDING } else { Code::OFFLINE };
            return Carried { outcome: Outcome::Refused(code), ..carried };
        }
    };
    carried.forwarded = Some(Forwarded {
        tunnel: tunnel.id.clone(),
        session: tunnel.session.id.clone(),
        agent: tunnel.session.connection,
        stream: far.stream().id(),
    });
    drop(busy);
    let (up, down) = (AtomicU64::new(0), AtomicU64::new(0));
    let in_order = join(near, far.stream(), &up, &down).await;
    carried.up = up.into_inner();
    carried.down = down.into_inner();
    carried.outcome = if in_order { Outcome::InOrder } else { Outcome::Broken };
    carried
}

/// Carries both ways. Where one breaks, both ends are told: the agent by FIN and RST, the client by a reset.
async fn join(near: impl Near, far: &wire::Stream, up: &AtomicU64, down: &AtomicU64) -> bool {
    let (mut near_reads, mut near_writes) = split(near);
    let in_order = {
        let mut far_reads = far;
        let mut far_writes = far;
        tokio::select! {
            joined = both(
                pump(&mut near_reads, &mut far_writes, up),
                pump(&mut far_reads, &mut near_writes, down),
            ) => joined.is_ok(),
            // Also when nothing is being carried: an agent that is gone must not leave the client waiting.
            _ = far.broken() => false,
        }
    };
    if !in_order {
        far.break_off(ErrorCode::RESET);
        abort(near_reads.unsplit(near_writes).socket());
    }
    in_order
}

/// Where a direction broke.
enum Broken {
    Reading,
    Writing,
}

/// Waits until both directions have ended, or one broke in a way that the other must not outlive.
async fn both(
    up: impl Future<Output = Result<(), Broken>>,
    down: impl Future<Output = Result<(), Broken>>,
) -> Result<(), Broken> {
    tokio::pin!(up, down);
    tokio::select! {
        ended = &mut up => match ended {
            // An app that takes no more may still have answered: what it sent goes through all the same.
            Ok(()) | Err(Broken::Writing) => down.await,
            Err(Broken::Reading) => Err(Broken::Reading),
        },
        ended = &mut down => match ended {
            // The whole answer is through; an app that doesn't want the rest is free not to.
            Ok(()) => match up.await {
                Err(Broken::Reading) => Err(Broken::Reading),
                Ok(()) | Err(Broken::Writing) => Ok(()),
            },
            Err(broken) => Err(broken),
        },
    }
}

/// Carries one direction to its end, and counts.
async fn pump(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    count: &AtomicU64,
) -> Result<(), Broken> {
    let mut chunk = vec![0; CHUNK];
    loop {
        let length = from.read(&mut chunk).await.map_err(|_| Broken::Reading)?;
        if length == 0 {
            return to.shutdown().await.map_err(|_| Broken::Writing);
        }
        to.write_all(&chunk[..length]).await.map_err(|_| Broken::Writing)?;
        to.flush().await.map_err(|_| Broken::Writing)?;
        count.fetch_add(length as u64, Ordering::Relaxed);
    }
}
