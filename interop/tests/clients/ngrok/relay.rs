//! A way to the edge that can be cut.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// It carries bytes to an address. Dropped, it is gone.
pub(crate) struct Relay {
    addr: SocketAddr,
    /// How often it was cut.
    cuts: Arc<watch::Sender<u32>>,
    _carrying: JoinSet<()>,
}

impl Relay {
    pub(crate) async fn to(there: &str) -> Result<Self, String> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.map_err(|error| format!("a relay can't listen: {error}"))?;
        let addr = listener.local_addr().map_err(|error| error.to_string())?;
        let cuts = Arc::new(watch::Sender::new(0));
        let mut carrying = JoinSet::new();
        carrying.spawn(carry(listener, there.to_owned(), Arc::clone(&cuts)));
        Ok(Self { addr, cuts, _carrying: carrying })
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Breaks every connection there is. Whoever comes next is carried again.
    pub(crate) fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }
}

async fn carry(listener: TcpListener, there: String, cuts: Arc<watch::Sender<u32>>) {
    let mut connections = JoinSet::new();
    while let Ok((mut here, _)) = listener.accept().await {
        let mut cuts = cuts.subscribe();
        let there = there.clone();
        connections.spawn(async move {
            let Ok(mut there) = TcpStream::connect(there).await else { return };
            tokio::select! {
                _ = copy_bidirectional(&mut here, &mut there) => {}
                _ = cuts.changed() => {}
            }
        });
    }
}
