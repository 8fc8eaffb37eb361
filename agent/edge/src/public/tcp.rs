//! The ports of `tcp` endpoints: what comes there goes to the tunnel that holds the port, byte for byte.

use ground::serve::{self, Accepted};
use ground::{Sink, Spawner};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::event::Event;
use crate::model::port::{OpenPort, PATIENCE};
use crate::model::{Model, TunnelKind};
use crate::proxy::raw::{self, Arrival};
use crate::traffic::admit;

/// How many connections one port has open at a time; more wait in the system's backlog.
const MOST_CONNECTIONS: usize = 1024;

/// Serves the ports that are opened for endpoints.
#[derive(Clone, Debug)]
pub(crate) struct TcpDoors {
    pub(crate) model: Model,
    pub(crate) sink: Sink<Event>,
    pub(crate) tasks: Spawner,
}

impl TcpDoors {
    /// Serves a port until it is given up.
    pub(crate) fn open(&self, port: OpenPort) {
        let Ok(listener) = TcpListener::from_std(port.listener) else { return };
        let doors = self.clone();
        self.tasks.spawn(async move {
            let number = port.number;
            let carry = |accepted| doors.clone().carry(accepted, number);
            tokio::select! {
                () = serve::accept(listener, MOST_CONNECTIONS, doors.tasks.clone(), carry) => {}
                () = given_up(port.occupied, &doors.model, number) => {}
            }
        });
    }

    async fn carry(self, Accepted { stream, connection, slot }: Accepted, port: u16) {
        let _slot = slot;
        let Some(tunnel) = self.model.behind_port(port) else {
            // The agent that had the port may come back; whoever calls meanwhile learns that nobody is there.
            return raw::abort(&stream);
        };
        let TunnelKind::Endpoint { id, .. } = &tunnel.kind else { return };
        let arrival = Arrival { connection, endpoint: id.clone(), passthrough: false };
        match admit(&self.model, &self.sink, connection, &tunnel) {
            Ok(tunnel) => raw::carry(stream, arrival, &tunnel, &self.sink).await,
            Err(denial) => raw::refuse(&stream, &arrival, &denial, &self.sink),
        }
    }
}

/// Waits until the port is given up: at once when its tunnel was given back, after a while when its agent was lost.
async fn given_up(mut occupied: watch::Receiver<bool>, model: &Model, number: u16) {
    loop {
        if occupied.wait_for(|occupied| !occupied).await.is_err() {
            return;
        }
        match tokio::time::timeout(PATIENCE, occupied.wait_for(|occupied| *occupied)).await {
            Ok(Ok(_)) => {}
            Ok(Err(_)) => return,
            Err(_) => model.give_up_port(number),
        }
    }
}
