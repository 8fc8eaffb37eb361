//! A connection that has become a WebSocket: bytes both ways until either end has had enough, or the session that it
//! came through ends.

use std::time::Duration;

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncWriteExt, copy, split};
use tokio::time::timeout;

use super::tether::Tether;

/// How long one direction may go on when the other has ended: a closing handshake and what is still on its way.
pub(super) const LINGER: Duration = Duration::from_secs(10);

/// Joins the browser's connection and the upstream's, once both have switched. When its session ends, both connections
/// are dropped at once, whatever is still on its way.
pub(super) async fn join(near: OnUpgrade, far: OnUpgrade, tether: Option<Tether>) {
    match tether {
        None => relay(near, far).await,
        Some(tether) => tokio::select! {
            biased;
            () = tether.over() => {}
            () = relay(near, far) => {}
        },
    }
}

async fn relay(near: OnUpgrade, far: OnUpgrade) {
    let (Ok(near), Ok(far)) = tokio::join!(near, far) else { return };
    let (mut near_reads, mut near_writes) = split(TokioIo::new(near));
    let (mut far_reads, mut far_writes) = split(TokioIo::new(far));
    let up = async {
        let ended = copy(&mut near_reads, &mut far_writes).await.is_ok();
        ended && far_writes.shutdown().await.is_ok()
    };
    let down = async {
        let ended = copy(&mut far_reads, &mut near_writes).await.is_ok();
        ended && near_writes.shutdown().await.is_ok()
    };
    tokio::pin!(up, down);
    tokio::select! {
        in_order = &mut up => if in_order { drop(timeout(LINGER, down).await) },
        in_order = &mut down => if in_order { drop(timeout(LINGER, up).await) },
    }
}
