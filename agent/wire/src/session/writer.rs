//! The task that writes: frames out of the table, bytes onto the connection.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncWrite, AsyncWriteExt, WriteHalf};

use super::close::CloseReason;
use super::handle::Shared;
use super::table::{Progress, Work};

/// What is kept of a batch's memory while there is nothing to write.
const KEPT: usize = 4 * 1024;

/// Marks the session as over when the task ends, also by force.
pub(super) struct Guard(Arc<Shared>);

impl Guard {
    pub(super) fn new(shared: &Arc<Shared>) -> Self {
        Self(Arc::clone(shared))
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let mut table = self.0.table();
        table.close(CloseReason::Ended, None);
        table.end();
    }
}

pub(super) async fn run<O: AsyncWrite>(guard: Guard, mut output: WriteHalf<O>, linger: Duration) {
    let shared = &guard.0;
    let deadline = async {
        shared.reached(|progress| !matches!(progress, Progress::Open)).await;
        tokio::time::sleep(linger).await;
    };
    tokio::select! {
        sent = send(shared, &mut output) => {
            if let Err(error) = sent {
                shared.table().close(CloseReason::Broken(error.kind(), error.to_string()), None);
            }
        }
        () = deadline => {}
    }
}

/// Sends until the session is over and its last words are out.
async fn send<O: AsyncWrite>(shared: &Shared, output: &mut WriteHalf<O>) -> io::Result<()> {
    let mut batch = Vec::new();
    loop {
        batch.clear();
        let work = shared.table().fill(&mut batch);
        match work {
            Work::Some => output.write_all(&batch).await?,
            Work::None => {
                output.flush().await?;
                batch.shrink_to(KEPT);
                std::future::poll_fn(|context| shared.table().poll_work(context)).await;
            }
            Work::Over => return output.shutdown().await,
        }
    }
}
