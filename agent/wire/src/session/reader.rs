//! The task that reads: bytes off the connection, frames into the table.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, ReadHalf};

use super::close::{CloseReason, Violation};
use super::handle::Shared;
use super::table::Progress;
use crate::frame::Decoder;

/// What a session with little to say reads into, and what a busy one does.
const SMALL: usize = 2 * 1024;
const LARGE: usize = 64 * 1024;
const _: () = assert!(LARGE > Decoder::MAX_LEFT);

/// After so many short reads in a row a session is not busy any more.
const QUIET: usize = 64;

/// Ends the session when the task ends, also by force.
pub(super) struct Guard(Arc<Shared>);

impl Guard {
    pub(super) fn new(shared: &Arc<Shared>) -> Self {
        Self(Arc::clone(shared))
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.table().close(CloseReason::Ended, None);
    }
}

pub(super) async fn run<I: AsyncRead>(guard: Guard, mut input: ReadHalf<I>, linger: Duration) {
    let shared = &guard.0;
    let reason = tokio::select! {
        reason = receive(shared, &mut input) => {
            shared.table().close(reason.clone(), None);
            reason
        }
        reason = shared.reached(|progress| !matches!(progress, Progress::Open)) => reason,
    };
    if matches!(reason, CloseReason::ShutDown { .. } | CloseReason::Misbehaved(_)) {
        // What the peer still sends is read and dropped: a socket closed over unread bytes takes our last words along.
        let mut nobody = tokio::io::sink();
        let dropped = tokio::io::copy(&mut input, &mut nobody);
        let _ = tokio::time::timeout(linger, dropped).await;
    }
}

/// Receives until the session is over, and says why.
async fn receive<I: AsyncRead>(shared: &Shared, input: &mut ReadHalf<I>) -> CloseReason {
    let mut decoder = Decoder::default();
    let mut buffer = vec![0; SMALL];
    let (mut filled, mut short) = (0, 0);
    loop {
        match input.read(&mut buffer[filled..]).await {
            Ok(0) => return CloseReason::Eof,
            Ok(read) => {
                filled += read;
                short = if read < SMALL { short + 1 } else { 0 };
            }
            // A peer that closes TLS without saying so has ended the connection all the same.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return CloseReason::Eof,
            Err(error) => return CloseReason::Broken(error.kind(), error.to_string()),
        }
        let mut available = &buffer[..filled];
        let received = receive_frames(shared, &mut decoder, &mut available);
        let left = available.len();
        if let Err(violation) = received {
            let farewell = Some((violation.code(), violation.to_string()));
            shared.table().close(violation.clone().into(), farewell);
            return violation.into();
        }
        if filled == buffer.len() && filled < LARGE {
            buffer.resize(LARGE, 0);
        }
        buffer.copy_within(filled - left..filled, 0);
        filled = left;
        if filled == 0 && short >= QUIET && buffer.len() > SMALL {
            buffer = vec![0; SMALL];
        }
    }
}

fn receive_frames(shared: &Shared, decoder: &mut Decoder, available: &mut &[u8]) -> Result<(), Violation> {
    let mut table = shared.table();
    while let Some(frame) = decoder.decode(available)? {
        table.receive(&frame)?;
    }
    Ok(())
}
