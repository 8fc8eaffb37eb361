//! Agents' connections: accepted and opened.

use std::sync::Arc;

use ground::serve::PATIENCE;
use ground::{Connection, Sink, Spawner};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;

use super::agent::Agent;
use crate::event::Event;
use crate::model::Model;

const MAX_CONNECTIONS: usize = 1024;

/// What all agents' connections share.
pub(crate) struct Ingress {
    pub(crate) model: Model,
    pub(crate) sink: Sink<Event>,
    pub(crate) tasks: Spawner,
    pub(crate) tls: TlsAcceptor,
}

/// Accepts agents until its task ends.
pub(crate) async fn listen(listener: TcpListener, ingress: Arc<Ingress>) {
    let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { return };
        // A failed accept is this one agent's misfortune (it is gone already), unless descriptors ran out.
        let Ok((stream, peer)) = listener.accept().await else {
            tokio::task::yield_now().await;
            continue;
        };
        let Ok(local) = stream.local_addr() else { continue };
        let connection = Connection { peer, local };
        ingress.tasks.spawn(greet(stream, connection, Arc::clone(&ingress), slot));
    }
}

async fn greet(
    stream: TcpStream,
    connection: Connection,
    ingress: Arc<Ingress>,
    _slot: OwnedSemaphorePermit,
) {
    // Small frames must not wait for an acknowledgement; where it can't be set, they merely do.
    let _ = stream.set_nodelay(true);
    match tokio::time::timeout(PATIENCE, ingress.tls.accept(stream)).await {
        Ok(Ok(stream)) => Agent::serve(stream, connection, ingress).await,
        Ok(Err(error)) => lost(&ingress, connection, &format!("no TLS: {error}")),
        Err(_) => lost(&ingress, connection, "no TLS handshake in time"),
    }
}

fn lost(ingress: &Ingress, connection: Connection, reason: &str) {
    ingress.sink.emit(Event::AgentLost { connection, reason: reason.to_owned() });
}
