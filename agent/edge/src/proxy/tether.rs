//! What ties an exchange to the gate's session that it came through.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use gate::{SessionEnd, Stay};
use ground::{Connection, Sink};

use crate::event::Event;
use crate::model::online::Tunnel;

/// Ties an exchange that an upstream answered to the session that it came through: while it lives the session is in
/// use, and it tells when the session ends, which must end the exchange.
pub(super) struct Tether {
    stay: Stay,
    /// Made when someone has to wait for it: short answers never do.
    ended: Option<Pin<Box<dyn Future<Output = SessionEnd> + Send>>>,
    tunnel: Arc<Tunnel>,
    stream: u32,
    connection: Connection,
    sink: Sink<Event>,
}

impl Tether {
    /// An exchange of this stay, from a client's connection to a stream of the tunnel.
    pub(super) fn new(
        stay: Stay,
        connection: Connection,
        (tunnel, stream): (&Arc<Tunnel>, u32),
        sink: &Sink<Event>,
    ) -> Self {
        let (tunnel, sink) = (Arc::clone(tunnel), sink.clone());
        Self { stay, ended: None, tunnel, stream, connection, sink }
    }

    /// Whether the session is over, and with it this exchange.
    pub(super) fn is_over(&self) -> bool {
        let end = self.stay.end();
        end.inspect(|why| self.tell(*why)).is_some()
    }

    /// Whether the session is over, and with it this exchange; wakes the task when it is.
    pub(super) fn poll_over(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let ended = self.ended.get_or_insert_with(|| Box::pin(self.stay.ended()));
        ended.as_mut().poll(context).map(|why| self.tell(why))
    }

    /// Waits until the session is over, and with it this exchange.
    pub(super) async fn over(self) {
        let why = self.stay.ended().await;
        self.tell(why);
    }

    fn tell(&self, why: SessionEnd) {
        self.sink.emit(Event::CutShort {
            connection: self.connection,
            tunnel: self.tunnel.id.clone(),
            stream: self.stream,
            session: self.stay.session().clone(),
            why,
        });
    }
}
