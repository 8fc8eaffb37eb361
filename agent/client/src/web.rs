//! The agent's local face, for this machine alone: ngrok's local API, and the inspector.

mod api;
mod fault;
mod guard;
mod pages;
mod replay;
mod requests;
mod shown;
mod tunnels;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use ground::Spawner;
use ground::redaction::Redactor;
use ground::serve::{Accepted, accept, bounded_http};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;

use crate::agent::Shared;

/// The most of a request to the local API that is read.
const MAX_BODY: usize = 1024 * 1024;

/// How many connections may be open at a time.
const MAX_CONNECTIONS: usize = 64;

/// How many ports are tried, from the wished one upwards.
const PORTS: u16 = 100;

/// Where the local API and the inspector listen.
#[derive(Debug)]
pub struct Door {
    listener: TcpListener,
    address: SocketAddr,
    allow_hosts: Vec<String>,
}

impl Door {
    /// Listens at the wished address or, where somebody does already, at the next port that is free. It may be called by
    /// its address, as `localhost`, and by the names in `allow_hosts`.
    pub async fn open(wished: SocketAddr, allow_hosts: Vec<String>) -> io::Result<Self> {
        let mut tried = 0;
        loop {
            let port = wished.port().saturating_add(tried);
            match TcpListener::bind(SocketAddr::new(wished.ip(), port)).await {
                Ok(listener) => {
                    let address = listener.local_addr()?;
                    return Ok(Self { listener, address, allow_hosts });
                }
                Err(error)
                    if error.kind() == io::ErrorKind::AddrInUse && tried < PORTS && port < u16::MAX =>
                {
                    tried += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// The address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// What every handler knows.
#[derive(Clone)]
struct Web {
    shared: Arc<Shared>,
    tasks: Spawner,
    redactor: Redactor,
    /// Whoever holds it may start a tunnel, so that two don't get one name.
    starting: Arc<tokio::sync::Mutex<()>>,
}

/// Serves until its task ends.
pub(crate) async fn serve(door: Door, shared: Arc<Shared>, tasks: Spawner) {
    let redactor = Redactor::new();
    shared.config.authtoken.iter().for_each(|token| redactor.learn(token));
    let guard = Arc::new(guard::Guard::new(door.address, &door.allow_hosts));
    let web = Web { shared, tasks: tasks.clone(), redactor, starting: Arc::default() };
    let router: Router = Router::new()
        .merge(api::routes())
        .merge(pages::routes())
        .fallback(fault::nothing_here)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn_with_state(guard, guard::guarded))
        .with_state(web);
    let service = TowerToHyperService::new(router);
    let carry = |accepted: Accepted| {
        let service = service.clone();
        async move {
            let _slot = accepted.slot;
            // A connection's error is its client's own.
            let _ = bounded_http().serve_connection(TokioIo::new(accepted.stream), service).await;
        }
    };
    accept(door.listener, MAX_CONNECTIONS, tasks, carry).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn where_somebody_listens_already_the_next_port_is_taken() {
        let first = Door::open("127.0.0.1:0".parse().unwrap(), Vec::new()).await.unwrap();
        let second = Door::open(first.address(), Vec::new()).await.unwrap();
        assert!(second.address().port() > first.address().port());
        assert_eq!(second.address().ip(), first.address().ip());
    }
}
