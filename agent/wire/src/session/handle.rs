//! The faces of a session: its handle, and the half that accepts.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ground::Spawner;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Semaphore, watch};

use super::close::{CloseReason, OpenError};
use super::stream::Stream;
use super::table::{Progress, Table};
use super::{reader, writer};
use crate::StreamType;
use crate::frame::ErrorCode;

/// Which end of the session this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The end that dialled; its streams have odd ids, from 3.
    Client,
    /// The end that listened; its streams have even ids, from 2.
    Server,
}

impl Role {
    pub(super) fn first_id(self) -> u32 {
        match self {
            Role::Client => 3,
            Role::Server => 2,
        }
    }

    pub(super) fn peer(self) -> Self {
        match self {
            Role::Client => Role::Server,
            Role::Server => Role::Client,
        }
    }
}

/// A session's bounds. The default suits both ends of ngrok's protocol.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Streams opened here that are alive at once; [`Session::open`] waits for a place. 480: ngrok's Rust clients end
    /// the session at the 513th stream, their own included.
    pub opened: usize,
    /// Streams of the peer's that are alive at once; more are refused. 512.
    pub accepted: usize,
    /// Streams of the peer's that wait to be accepted; more are refused. 128.
    pub backlog: usize,
    /// How long the last words may take when a session ends. One second, real time.
    pub linger: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { opened: 480, accepted: 512, backlog: 128, linger: Duration::from_secs(1) }
    }
}

/// A handle on a session. Clones are the same session; it lives until it is ended or its tasks' owner is, whether or
/// not a handle is left.
#[derive(Clone, Debug)]
pub struct Session {
    shared: Arc<Shared>,
}

/// Where the streams come out that the peer opens. Once it is dropped they are refused.
#[derive(Debug)]
pub struct Incoming {
    shared: Arc<Shared>,
}

#[derive(Debug)]
pub(super) struct Shared {
    table: Mutex<Table>,
    slots: Arc<Semaphore>,
    progress: watch::Receiver<Progress>,
}

impl Shared {
    pub(super) fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the session has come to where `reached` wants it, and says why it ended.
    pub(super) async fn reached(&self, reached: impl Fn(&Progress) -> bool) -> CloseReason {
        let mut progress = self.progress.clone();
        match progress.wait_for(|progress| reached(progress)).await {
            Ok(progress) => progress.reason().cloned().unwrap_or(CloseReason::Ended),
            Err(_) => CloseReason::Ended,
        }
    }
}

impl Session {
    /// Starts a session over `io`, with its two tasks at `spawner`'s owner. There is no handshake.
    pub fn start<I>(io: I, role: Role, limits: Limits, spawner: &Spawner) -> (Self, Incoming)
    where
        I: AsyncRead + AsyncWrite + Send + 'static,
    {
        let slots = Arc::new(Semaphore::new(limits.opened));
        let (table, progress) = Table::new(role, limits, Arc::clone(&slots));
        let shared = Arc::new(Shared { table: Mutex::new(table), slots, progress });
        let (input, output) = tokio::io::split(io);
        spawner.spawn(reader::run(reader::Guard::new(&shared), input, limits.linger));
        spawner.spawn(writer::run(writer::Guard::new(&shared), output, limits.linger));
        (Self { shared: Arc::clone(&shared) }, Incoming { shared })
    }

    /// Opens a stream whose first frame carries the type and `payload`. Waits while [`Limits::opened`] are alive.
    pub async fn open(&self, kind: StreamType, payload: &[u8]) -> Result<Stream, OpenError> {
        let slot = Arc::clone(&self.shared.slots).acquire_owned().await;
        let id = self.shared.table().open(kind, payload, slot.ok())?;
        Ok(Stream::new(Arc::clone(&self.shared), id))
    }

    /// Ends the session in good order: what was written goes out, then GOAWAY with `code` and `text`, then the
    /// connection is closed. Returns when that is done, or after [`Limits::linger`] at the latest.
    pub async fn shutdown(&self, code: ErrorCode, text: &str) {
        self.shared.table().close(CloseReason::ShutDown { code }, Some((code, text.to_owned())));
        self.shared.reached(|progress| matches!(progress, Progress::Over(_))).await;
    }

    /// Ends the session at once and says nothing to the peer.
    pub fn abandon(&self, reason: CloseReason) {
        self.shared.table().close(reason, None);
    }

    /// Waits until the session is over (or ending) and says why.
    pub async fn closed(&self) -> CloseReason {
        self.shared.reached(|progress| !matches!(progress, Progress::Open)).await
    }

    /// Why the session is over; none while it isn't.
    pub fn close_reason(&self) -> Option<CloseReason> {
        self.shared.progress.borrow().reason().cloned()
    }

    /// How many streams are alive, whoever opened them.
    pub fn streams(&self) -> usize {
        self.shared.table().alive()
    }
}

impl Incoming {
    /// The next stream that the peer opened; none once the session is over.
    pub async fn accept(&mut self) -> Option<Stream> {
        let id = std::future::poll_fn(|context| self.shared.table().poll_accept(context)).await?;
        Some(Stream::new(Arc::clone(&self.shared), id))
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        self.shared.table().stop_accepting();
    }
}
