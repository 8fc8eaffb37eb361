//! The names and ports that a stage's parts have.

use ground::outbound::Route;
use std::net::SocketAddr;

/// Where a stage's names are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// The domain under which tunnels get their names.
    pub(super) domain: &'static str,
    /// The org's host, and its admin console's.
    pub(super) org: &'static str,
    pub(super) admin: &'static str,
    /// The port in public URLs; none: each part's own.
    pub(super) port: Option<u16>,
}

impl Names {
    /// `*.tunnel.test` and `*.okta.test` on port 443, as the stage's own network answers them: what production would
    /// show. Whoever goes there needs the network's proxy.
    pub const IN_THE_NETWORK: Self =
        Self { domain: "tunnel.test", org: "acme.okta.test", admin: "acme-admin.okta.test", port: Some(443) };

    /// `*.tunnel.localhost` and `*.okta.localhost` on the ports that the system chose, for browsers and clients that
    /// take no proxy.
    pub const ON_LOOPBACK: Self = Self {
        domain: "tunnel.localhost",
        org: "acme.okta.localhost",
        admin: "acme-admin.okta.localhost",
        port: None,
    };

    /// How parts reach each other by these names.
    pub(super) fn route(&self, proxy: SocketAddr) -> Route {
        match self.port {
            Some(_) => Route::Proxy(proxy),
            None => Route::Loopback,
        }
    }
}
