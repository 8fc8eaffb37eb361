//! Endpoints: how agents get them.

use std::sync::Arc;

use super::host_port::HostPort;
use super::online::{AgentSession, Scheme, Tunnel, TunnelKind, UpstreamProtocol};
use super::port::{OpenPort, Port, taken};
use super::state::State;
use super::transport::Transport;
use super::vouchers::BindToken;
use super::{Account, Acl, EndpointId, Host, Model, TunnelId, limits};
use crate::code::{Code, Refusal};
use crate::traffic::Traffic;

/// An endpoint that an agent asks for.
pub(crate) struct Wanted {
    pub(crate) scheme: Scheme,
    pub(crate) name: Name,
    pub(crate) settings: Option<gate::Settings>,
    /// What else it asks of its traffic.
    pub(crate) traffic: Option<Arc<Traffic>>,
    pub(crate) transport: Transport,
    /// Whether other tunnels may share its URL.
    pub(crate) pooling: bool,
    /// The tunnel that it had before, with its token.
    pub(crate) resumed: Option<(TunnelId, String)>,
    pub(crate) about: About,
}

/// The name that an endpoint is asked for under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    /// Any.
    Any,
    /// This name, on the port of its scheme.
    Host(Host),
    /// This port, of a `tcp` endpoint.
    Port(u16),
    /// This address, which only endpoints of the same account reach.
    Internal(HostPort),
}

/// What an agent says of a tunnel.
#[derive(Default)]
pub(crate) struct About {
    pub(crate) forwards_to: String,
    pub(crate) upstream_protocol: UpstreamProtocol,
    pub(crate) metadata: String,
    pub(crate) name: String,
    pub(crate) description: String,
}

/// What it got.
#[derive(Debug)]
pub(crate) struct Given {
    pub(crate) tunnel: Arc<Tunnel>,
    pub(crate) at: HostPort,
    pub(crate) url: String,
    pub(crate) token: String,
    /// The port that was opened for it, to be served.
    pub(crate) opened: Option<OpenPort>,
}

impl Account {
    /// Gives an agent an endpoint.
    pub(crate) fn bind(&self, session: &Arc<AgentSession>, wanted: Wanted) -> Result<Given, Refusal> {
        let about = checked(wanted.about)?;
        let mut name = wanted.name;
        let mut resumed = None;
        if let Some((id, token)) = wanted.resumed
            && let Some(had) = self.resume(&id, &token, wanted.scheme, &name)?
        {
            (name, resumed) = (had, Some(id));
        }
        let mut state = self.model.lock();
        self.check_session(&state, session)?;
        let signs_in = wanted.traffic.as_ref().is_some_and(|traffic| traffic.sign_in().is_some());
        if (wanted.settings.is_some() || signs_in)
            && !state.account(&self.id).is_ok_and(|entry| entry.profile.oidc)
        {
            return Err(limits::no_oidc());
        }
        let scheme = wanted.scheme;
        let known = self.address(scheme, &name);
        self.check_permitted(self.acl(&state, session)?, session, scheme, known.as_ref())?;
        if let Some(at) = &known {
            let sharing = wanted.pooling.then_some(&wanted.transport);
            self.make_way(&mut state, session, (scheme, at), sharing, resumed.as_ref())?;
        }
        let (at, opened) = match known {
            Some(at) => {
                let wished = (scheme == Scheme::Tcp && !at.is_internal()).then_some(at.port);
                let opened = wished.map(|port| self.open_port(&mut state, Some(port))).transpose()?;
                (at, opened.flatten())
            }
            None => {
                let opened = self.open_port(&mut state, None)?;
                let port = opened.as_ref().map_or(0, |opened| opened.number);
                (HostPort { host: self.model.tcp_host().clone(), port }, opened)
            }
        };
        let id = resumed.unwrap_or_else(TunnelId::random);
        let url = self.model.url_at(scheme, &at);
        let tunnel = Arc::new(Tunnel {
            id: id.clone(),
            session: Arc::clone(session),
            kind: TunnelKind::Endpoint { id: EndpointId::random(), scheme, at: at.clone() },
            url: Some(url.clone()),
            gate: wanted.settings.map(|settings| self.model.gate(&at.host, &settings)),
            traffic: wanted.traffic,
            transport: wanted.transport,
            pooling: wanted.pooling,
            name: about.name,
            forwards_to: about.forwards_to,
            upstream_protocol: about.upstream_protocol,
            metadata: about.metadata,
            description: about.description,
            started_at: self.model.now(),
        });
        state.online.add_tunnel(&tunnel);
        if tunnel.transport.termination.is_some() {
            self.model.count_termination();
        }
        if !at.host.is_under(self.model.domain()) && !at.is_internal() {
            state.names.insert(&at.host);
        }
        let token = self.model.vouchers().bind_token(&self.id, &id, scheme, &at);
        Ok(Given { tunnel, at, url, token, opened })
    }

    /// The name that a token brings back; none when it is not ours or for something else.
    fn resume(
        &self,
        id: &TunnelId,
        token: &str,
        scheme: Scheme,
        asked: &Name,
    ) -> Result<Option<Name>, Refusal> {
        match self.model.vouchers().read_bind_token(&self.id, id, token) {
            BindToken::Genuine(had, at) if had == scheme => {
                let name = match scheme {
                    _ if at.is_internal() => Name::Internal(at),
                    Scheme::Tcp => Name::Port(at.port),
                    Scheme::Http | Scheme::Https | Scheme::Tls => Name::Host(at.host),
                };
                Ok((*asked == Name::Any || *asked == name).then_some(name))
            }
            BindToken::Genuine(..) | BindToken::Foreign => Ok(None),
            BindToken::Malformed => {
                Err(Refusal::new(Code::BIND_TOKEN, "The token of the tunnel to bind again is malformed."))
            }
        }
    }

    /// The address that a name stands for; none when a port has to be found.
    fn address(&self, scheme: Scheme, name: &Name) -> Option<HostPort> {
        let host = match (scheme, name) {
            (_, Name::Internal(at)) => return Some(at.clone()),
            (_, Name::Port(port)) => {
                return Some(HostPort { host: self.model.tcp_host().clone(), port: *port });
            }
            (Scheme::Tcp, _) => return None,
            (_, Name::Host(host)) => host.clone(),
            (_, Name::Any) => self.model.domain().random_child(),
        };
        Some(HostPort { host, port: self.model.port(scheme) })
    }

    /// Whether the credential that the session came with may bind there.
    fn check_permitted(
        &self,
        acl: &Acl,
        session: &AgentSession,
        scheme: Scheme,
        at: Option<&HostPort>,
    ) -> Result<(), Refusal> {
        let (permitted, what) = match at {
            None => {
                (acl.permits_address(self.model.tcp_host(), None), "a port of the edge's choice".to_owned())
            }
            Some(at) if scheme == Scheme::Tcp => {
                (acl.permits_address(&at.host, Some(at.port)), at.to_string())
            }
            Some(at) => (acl.permits_domain(&at.host), at.host.to_string()),
        };
        if permitted {
            return Ok(());
        }
        let message = format!("The ACL of {} does not permit binding {what}.", session.credential);
        Err(Refusal::new(Code::ACL_NAME, message))
    }

    /// Makes sure that nobody else is at the address, unless all who are there share it: only the tunnel that is being
    /// resumed makes way.
    fn make_way(
        &self,
        state: &mut State,
        session: &AgentSession,
        (scheme, at): (Scheme, &HostPort),
        sharing: Option<&Transport>,
        resumed: Option<&TunnelId>,
    ) -> Result<(), Refusal> {
        if !at.is_internal() && scheme != Scheme::Tcp {
            self.check_free(state, scheme, &at.host)?;
        }
        let before =
            resumed.and_then(|id| state.online.sharing(&self.id, at).find(|holder| holder.id == *id));
        if let Some(before) = before.filter(|holder| holder.session.account == self.id).cloned() {
            if before.session.id == session.id {
                state.online.set_aside(&before.id);
            } else {
                state.online.displace(&before.session, "its agent came back");
            }
        }
        let shares = |holder: &Arc<Tunnel>| {
            sharing.is_some_and(|transport| transport.termination == holder.transport.termination)
                && holder.pooling
                && holder.session.account == self.id
                && holder.scheme() == Some(scheme)
        };
        if state.online.sharing(&self.id, at).all(shares) {
            return Ok(());
        }
        let url = self.model.url_at(scheme, at);
        let message = format!(
            "{url} is online already, by another tunnel. Stop that one, or choose another name. Tunnels of one account \
             share a URL where all of them enable pooling and end TLS alike."
        );
        Err(Refusal::new(Code::ALREADY_ONLINE, message))
    }

    /// Whether a name may be this account's at all.
    fn check_free(&self, state: &State, scheme: Scheme, host: &Host) -> Result<(), Refusal> {
        self.model.check_unreserved(host)?;
        Model::check_reserved(state, &self.id, host)?;
        if let Some(entry) = state.edge_on(host) {
            let whose =
                if entry.account == self.id { entry.edge.id.as_str() } else { "an Edge of another account" };
            return Err(Refusal::new(Code::HELD_BY_EDGE, format!("{host} belongs to {whose}.")));
        }
        let other = if scheme == Scheme::Http { Scheme::Https } else { Scheme::Http };
        let beside = self.model.address(other, host);
        if state.online.sharing(&self.id, &beside).any(|tunnel| tunnel.session.account != self.id) {
            return Err(Refusal::new(Code::NAME_RESERVED, format!("{host} is in use by another account.")));
        }
        Ok(())
    }

    /// Opens a port, unless this account's endpoint has it or had it a moment ago.
    fn open_port(&self, state: &mut State, wished: Option<u16>) -> Result<Option<OpenPort>, Refusal> {
        if let Some(number) = wished
            && let Some(port) = state.online.port(number)
        {
            return if port.account == self.id { Ok(None) } else { Err(taken(number)) };
        }
        let (port, opened) = Port::open(wished, &self.id)?;
        state.online.add_port(opened.number, port);
        Ok(Some(opened))
    }
}

pub(super) fn checked(about: About) -> Result<About, Refusal> {
    if about.forwards_to.len() > 2048 {
        return Err(Refusal::new(Code::BIND_INVALID, "What a tunnel forwards to has at most 2048 bytes."));
    }
    Ok(About {
        forwards_to: about.forwards_to,
        upstream_protocol: about.upstream_protocol,
        metadata: limits::metadata(about.metadata)?,
        name: limits::name(about.name)?,
        description: limits::description(about.description)?,
    })
}
