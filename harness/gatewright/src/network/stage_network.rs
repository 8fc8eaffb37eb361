//! The network itself: who is in it, what it serves, and how its connections are broken.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use ground::{Sink, Tasks};

use super::loopback::{Loopbacks, Program};
use super::names::{Names, Ports, host_name};
use super::tunnel::Tunnels;
use super::{Event, InvalidPattern, Pattern, Refusal, proxy};

/// What a network needs.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where it says what it saw.
    pub evidence: Sink<Event>,
}

/// One stage's network. It goes down, with every connection in it, when it is dropped or stopped.
#[derive(Debug)]
pub struct Network {
    shared: Arc<Shared>,
    tasks: Tasks,
}

/// What the network, its proxies and its connections have in common.
#[derive(Debug)]
pub(super) struct Shared {
    names: RwLock<Names>,
    pub(super) loopbacks: Loopbacks,
    tunnels: Mutex<Tunnels>,
    pub(super) evidence: Sink<Event>,
    /// Bytes that members have sent in all.
    pub(super) carried_up: AtomicU64,
}

/// A member's way into the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// Who this is.
    pub who: String,
    /// The member's own forward proxy (`CONNECT` alone), on loopback.
    pub proxy: SocketAddr,
    /// Where the member comes from, as every target sees it.
    pub source: Ipv4Addr,
}

/// Why a name can't be served.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServeError {
    /// The pattern is none.
    #[error(transparent)]
    Pattern(#[from] InvalidPattern),
    /// The address leads off this machine.
    #[error("{pattern} can't be served at {address}: it is not a loopback address")]
    NotLoopback {
        /// The names that were to be served.
        pattern: String,
        /// Where.
        address: SocketAddr,
    },
}

/// Which connections to break.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Each one.
    All,
    /// Those of this member.
    Member(String),
    /// Those that lead to this name.
    Host(String),
    /// Those of this member to this name.
    MemberToHost {
        /// The member.
        who: String,
        /// The name.
        host: String,
    },
}

impl Network {
    /// A network that serves nothing and has no members yet.
    pub fn start(config: Config) -> Self {
        let shared = Shared {
            names: RwLock::default(),
            loopbacks: Loopbacks::default(),
            tunnels: Mutex::default(),
            evidence: config.evidence,
            carried_up: AtomicU64::new(0),
        };
        Self { shared: Arc::new(shared), tasks: Tasks::new() }
    }

    /// From now on the names that `pattern` covers (`app.tunnel.test`, `*.tunnel.test`) are, on `port`, at `address`.
    /// An exact name goes before a suffix, a longer suffix before a shorter one. Open connections stay as they are.
    pub fn serve(&self, pattern: &str, port: u16, address: SocketAddr) -> Result<(), ServeError> {
        let pattern: Pattern = pattern.parse()?;
        if !address.ip().is_loopback() {
            return Err(ServeError::NotLoopback { pattern: pattern.to_string(), address });
        }
        self.shared.names.write().unwrap_or_else(PoisonError::into_inner).serve(pattern, port, address);
        Ok(())
    }

    /// From now on `ports` tells where each port of the names is that `pattern` covers, at the moment that somebody goes
    /// there. What [`serve`](Self::serve) says of a port goes before. Only loopback addresses are gone to.
    pub fn serve_ports(&self, pattern: &str, ports: Ports) -> Result<(), InvalidPattern> {
        let pattern: Pattern = pattern.parse()?;
        self.shared.names.write().unwrap_or_else(PoisonError::into_inner).serve_ports(pattern, ports);
        Ok(())
    }

    /// Stops serving `pattern` on `port`; tells whether it was served. Open connections stay as they are.
    pub fn withdraw(&self, pattern: &str, port: u16) -> Result<bool, InvalidPattern> {
        let pattern: Pattern = pattern.parse()?;
        Ok(self.shared.names.write().unwrap_or_else(PoisonError::into_inner).withdraw(&pattern, port))
    }

    /// Lets `who` in, with a proxy of their own, from whose connections every target sees `source`.
    pub async fn join(&self, who: &str, source: Ipv4Addr) -> io::Result<Membership> {
        let listener = ground::serve::bind_loopback().await?;
        let membership = Membership { who: who.to_owned(), proxy: listener.local_addr()?, source };
        let serving =
            proxy::serve(listener, Arc::clone(&self.shared), self.tasks.spawner(), membership.clone());
        self.tasks.spawn(serving);
        Ok(membership)
    }

    /// From now on a program answers what this member's browser asks of `http://localhost:PORT`.
    pub fn serve_loopback(&self, who: &str, port: u16, program: Program) {
        self.shared.loopbacks.serve(who, port, program);
    }

    /// Breaks the open connections that `which` names, as when a cable is pulled: both ends see a reset. Tells how many
    /// there were. New connections are taken as before.
    pub fn cut(&self, which: &Cut) -> usize {
        let host = |host: &str| host_name(host).unwrap_or_else(|| host.to_owned());
        let tunnels = self.shared.tunnels();
        match which {
            Cut::All => tunnels.cut(|_, _| true),
            Cut::Member(who) => tunnels.cut(|member, _| member == who),
            Cut::Host(name) => tunnels.cut(|_, to| to == host(name)),
            Cut::MemberToHost { who, host: name } => {
                tunnels.cut(|member, to| member == who && to == host(name))
            }
        }
    }

    /// How many bytes members have sent to their targets so far, in all connections.
    pub fn carried_up(&self) -> u64 {
        self.shared.carried_up.load(Ordering::Relaxed)
    }

    /// How many connections are open.
    pub fn connections(&self) -> usize {
        self.shared.tunnels().count()
    }

    /// Takes the network down and waits until it is gone.
    pub async fn stop(self) {
        self.tasks.stop().await;
    }
}

impl Shared {
    pub(super) fn look_up(&self, host: &str, port: u16) -> Result<SocketAddr, Refusal> {
        self.names.read().unwrap_or_else(PoisonError::into_inner).look_up(host, port)
    }

    pub(super) fn tunnels(&self) -> std::sync::MutexGuard<'_, Tunnels> {
        self.tunnels.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
