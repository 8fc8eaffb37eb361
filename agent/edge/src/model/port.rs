//! The ports of `tcp` endpoints: each listens on 127.0.0.1 for as long as its endpoint is there, and a while longer when
//! the endpoint's agent was lost, so that it finds its port again.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::time::Duration;

use tokio::sync::watch;

use super::AccountId;
use crate::code::{Code, Refusal};

/// How long a port waits for an agent that was lost. Real time.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The ports below belong to the machine.
const LOWEST: u16 = 1024;

/// A port that the edge listens on. Whoever accepts there stops when it is dropped.
#[derive(Debug)]
pub(super) struct Port {
    /// Whose endpoint it is kept for.
    pub(super) account: AccountId,
    occupied: watch::Sender<bool>,
}

/// The other side of a port: what accepts there.
#[derive(Debug)]
pub(crate) struct OpenPort {
    pub(crate) number: u16,
    pub(crate) listener: TcpListener,
    /// Whether a tunnel holds the port; closed once the port is given up.
    pub(crate) occupied: watch::Receiver<bool>,
}

impl Port {
    /// Listens on the wished port, on any without a wish.
    pub(super) fn open(wished: Option<u16>, account: &AccountId) -> Result<(Self, OpenPort), Refusal> {
        let (listener, number) = listen(wished).map_err(|error| refused(wished, &error))?;
        let (occupied, watched) = watch::channel(true);
        let port = Self { account: account.clone(), occupied };
        Ok((port, OpenPort { number, listener, occupied: watched }))
    }

    pub(super) fn occupy(&self, occupied: bool) {
        self.occupied.send_replace(occupied);
    }

    pub(super) fn is_occupied(&self) -> bool {
        *self.occupied.borrow()
    }
}

fn listen(wished: Option<u16>) -> io::Result<(TcpListener, u16)> {
    if wished.is_some_and(|port| port < LOWEST) {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, wished.unwrap_or(0))))?;
    listener.set_nonblocking(true)?;
    let number = listener.local_addr()?.port();
    Ok((listener, number))
}

fn refused(wished: Option<u16>, error: &io::Error) -> Refusal {
    let Some(port) = wished else {
        let message = format!("No port could be opened for the endpoint: {error}.");
        return Refusal::new(Code::BIND_INVALID, message);
    };
    match error.kind() {
        io::ErrorKind::AddrInUse => taken(port),
        io::ErrorKind::PermissionDenied => Refusal::new(
            Code::BIND_INVALID,
            format!("Port {port} is not given to endpoints. Ask for one from {LOWEST} on, or for none."),
        ),
        _ => Refusal::new(Code::BIND_INVALID, format!("Port {port} could not be opened: {error}.")),
    }
}

/// Somebody else has the port.
pub(super) fn taken(port: u16) -> Refusal {
    let message = format!("Port {port} is in use already. Ask for another one, or for none to get any.");
    Refusal::new(Code::ALREADY_ONLINE, message)
}
