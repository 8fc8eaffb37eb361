//! Being told to stop: Ctrl-C, a polite kill, the terminal closed.

use std::task::Poll;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::failure::Failure;

/// How long an ending in good order may take. Real time.
const GRACE: Duration = Duration::from_secs(20);

/// SIGINT, SIGTERM and SIGHUP, which from now on end nothing by themselves.
pub(crate) struct Interrupts {
    signals: [Signal; 3],
}

impl Interrupts {
    /// Begins to listen.
    pub(crate) fn listen() -> Result<Self, Failure> {
        let on = |kind| {
            signal(kind)
                .map_err(|error| Failure::failed(format_args!("signals can't be listened to: {error}")))
        };
        let signals = [on(SignalKind::interrupt())?, on(SignalKind::terminate())?, on(SignalKind::hangup())?];
        Ok(Self { signals })
    }

    /// Waits until the next one comes.
    pub(crate) async fn next(&mut self) {
        std::future::poll_fn(|context| {
            let came = self.signals.iter_mut().any(|signal| signal.poll_recv(context).is_ready());
            if came { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    /// Ends something in good order, unless that takes too long or another interrupt comes.
    pub(crate) async fn or_at_once(&mut self, ending: impl Future<Output = ()>) {
        tokio::select! {
            () = ending => {}
            () = self.next() => {}
            () = tokio::time::sleep(GRACE) => {}
        }
    }
}
