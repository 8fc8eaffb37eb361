//! What an endpoint asks of the connections that it takes, before anyone looks at what they carry.

use std::net::IpAddr;
use std::sync::Arc;

use policy::Denial;
use policy::action::RestrictIps;

use super::termination::Termination;
use crate::proxy::ProxyProtocol;

/// What an endpoint asks of the connections that it takes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Transport {
    /// Which addresses may connect to a `tcp` or `tls` endpoint; without, all.
    pub(crate) restriction: Option<Arc<RestrictIps>>,
    /// How the edge ends TLS. None: as for every site where HTTP is spoken, and not at all for a `tls` endpoint.
    pub(crate) termination: Option<Arc<Termination>>,
    /// How the upstream is told whom a connection is for, when it is.
    pub(crate) proxy_protocol: Option<ProxyProtocol>,
}

impl Transport {
    /// Whether a client at this address may connect.
    pub(crate) fn admit(&self, client: IpAddr) -> Result<(), Denial> {
        self.restriction.as_ref().map_or(Ok(()), |restriction| restriction.decide(client).map(drop))
    }
}
