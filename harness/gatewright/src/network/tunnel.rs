//! One connection through the network: bytes both ways, counted, until an end closes it, breaks it, or it is cut.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use ground::Connection;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::Notify;

use super::stage_network::Shared;
use super::{Closed, Connected, Ending, Event, Membership};

const CHUNK: usize = 64 * 1024;

/// The open connections of a network.
#[derive(Debug, Default)]
pub(super) struct Tunnels {
    opened: u64,
    open: HashMap<u64, Entry>,
}

#[derive(Debug)]
struct Entry {
    who: String,
    host: String,
    cut: Arc<Notify>,
}

impl Tunnels {
    pub(super) fn count(&self) -> usize {
        self.open.len()
    }

    /// Cuts those for which `chosen(who, host)` holds, and tells how many they are.
    pub(super) fn cut(&self, chosen: impl Fn(&str, &str) -> bool) -> usize {
        let chosen = self.open.values().filter(|entry| chosen(&entry.who, &entry.host));
        chosen.map(|entry| entry.cut.notify_one()).count()
    }
}

/// Dials a target from the member's own address.
pub(super) async fn dial(membership: &Membership, target: SocketAddr) -> io::Result<TcpStream> {
    let socket = if target.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if target.is_ipv4() {
        socket.bind(SocketAddr::new(IpAddr::V4(membership.source), 0))?;
    }
    let stream = socket.connect(target).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// A connection that has been opened to its target; whatever becomes of it, its end is witnessed.
pub(super) struct Tunnel {
    shared: Arc<Shared>,
    target: TcpStream,
    cut: Arc<Notify>,
    closed: Option<Closed>,
    up: AtomicU64,
    down: AtomicU64,
}

impl Tunnel {
    /// Enters the connection into the network's list and says that it is there.
    pub(super) fn open(
        shared: &Arc<Shared>,
        membership: &Membership,
        (host, port): (&str, u16),
        member: Connection,
        target: TcpStream,
    ) -> io::Result<Self> {
        // As the target sees it: we are the peer.
        let as_seen = Connection { peer: target.local_addr()?, local: target.peer_addr()? };
        let cut = Arc::new(Notify::new());
        let (who, host) = (membership.who.clone(), host.to_owned());
        let id = {
            let mut tunnels = shared.tunnels();
            tunnels.opened += 1;
            let id = tunnels.opened;
            tunnels.open.insert(id, Entry { who: who.clone(), host: host.clone(), cut: Arc::clone(&cut) });
            id
        };
        shared.evidence.emit(Event::Connected(Connected {
            id,
            who: who.clone(),
            host: host.clone(),
            port,
            member,
            target: as_seen,
        }));
        let closed = Closed { id, who, host, port, up: 0, down: 0, ending: Ending::NetworkStopped };
        let shared = Arc::clone(shared);
        Ok(Self { shared, target, cut, closed: Some(closed), up: AtomicU64::new(0), down: AtomicU64::new(0) })
    }

    /// Carries bytes until the end. `early` are bytes that the member sent right behind its request.
    pub(super) async fn carry(mut self, mut member: TcpStream, early: Bytes) {
        let ending = {
            let (from_member, to_member) = member.split();
            let (from_target, mut to_target) = self.target.split();
            let up = async {
                to_target.write_all(&early).await?;
                self.up.fetch_add(early.len() as u64, Ordering::Relaxed);
                copy(from_member, to_target, |length| {
                    self.up.fetch_add(length, Ordering::Relaxed);
                    self.shared.carried_up.fetch_add(length, Ordering::Relaxed);
                })
                .await
            };
            let down = copy(from_target, to_member, |length| {
                self.down.fetch_add(length, Ordering::Relaxed);
            });
            tokio::select! {
                outcome = async { tokio::try_join!(up, down) } => match outcome {
                    Ok(_) => Ending::Finished,
                    Err(error) => Ending::Broken(error.to_string()),
                },
                () = self.cut.notified() => Ending::Cut,
            }
        };
        if ending != Ending::Finished {
            // The other end shall see a break too, not a clean end: closing resets.
            let _ = (member.set_zero_linger(), self.target.set_zero_linger());
        }
        self.end(ending);
    }

    /// Says how it ended, when it never carried anything.
    pub(super) fn abandon(mut self, reason: String) {
        self.end(Ending::Broken(reason));
    }

    fn end(&mut self, ending: Ending) {
        let Some(closed) = self.closed.take() else { return };
        self.shared.tunnels().open.remove(&closed.id);
        let (up, down) = (self.up.load(Ordering::Relaxed), self.down.load(Ordering::Relaxed));
        self.shared.evidence.emit(Event::Closed(Closed { up, down, ending, ..closed }));
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        self.end(Ending::NetworkStopped);
    }
}

/// Copies until the reader ends, counts, and passes the end on while the other direction may still go.
async fn copy(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    count: impl Fn(u64),
) -> io::Result<()> {
    let mut buffer = vec![0; CHUNK];
    loop {
        let length = from.read(&mut buffer).await?;
        if length == 0 {
            return to.shutdown().await;
        }
        to.write_all(&buffer[..length]).await?;
        count(length as u64);
    }
}
