//! Agents' connections: accepted and opened.

use std::sync::Arc;

use ground::serve::{self, Accepted, PATIENCE};
use ground::{Connection, Sink, Spawner};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::agent::Agent;
use crate::event::Event;
use crate::model::Model;
use crate::public::TcpDoors;

/// How many agents are connected at a time, those included that are not let in yet.
const MAX_CONNECTIONS: usize = 16 * 1024;

/// What all agents' connections share.
pub(crate) struct Ingress {
    pub(crate) model: Model,
    pub(crate) sink: Sink<Event>,
    pub(crate) tasks: Spawner,
    pub(crate) tls: TlsAcceptor,
    /// Where the ports of `tcp` endpoints are served.
    pub(crate) doors: TcpDoors,
}

/// Accepts agents until its task ends.
pub(crate) async fn listen(listener: TcpListener, ingress: Arc<Ingress>) {
    let tasks = ingress.tasks.clone();
    serve::accept(listener, MAX_CONNECTIONS, tasks, |accepted| greet(accepted, Arc::clone(&ingress))).await;
}

async fn greet(Accepted { stream, connection, slot }: Accepted, ingress: Arc<Ingress>) {
    let _slot = slot;
    match tokio::time::timeout(PATIENCE, ingress.tls.accept(stream)).await {
        Ok(Ok(stream)) => Agent::serve(stream, connection, ingress).await,
        Ok(Err(error)) => lost(&ingress, connection, &format!("no TLS: {error}")),
        Err(_) => lost(&ingress, connection, "no TLS handshake in time"),
    }
}

fn lost(ingress: &Ingress, connection: Connection, reason: &str) {
    ingress.sink.emit(Event::AgentLost { connection, reason: reason.to_owned() });
}
