//! What agents do to the model: sessions come and go, tunnels are bound, labeled and given back.

use std::sync::Arc;

use super::online::{
    AgentSession, Online, Scheme, SessionView, Tunnel, TunnelKind, TunnelView, UpstreamProtocol,
};
use super::state::State;
use super::vouchers::BindToken;
use super::{
    Account, Acl, EdgeId, EndpointId, EndpointView, Host, Labels, Model, ModelError, SessionId, TunnelId,
    limits,
};
use crate::code::{Code, Refusal};

/// How many sessions an account has at most, and how many tunnels a session.
const MOST_SESSIONS: usize = 256;
const MOST_TUNNELS: usize = 256;

/// An endpoint that an agent asks for.
pub(crate) struct Wanted {
    pub(crate) scheme: Scheme,
    /// The name it wants; none: a random one.
    pub(crate) host: Option<Host>,
    pub(crate) settings: Option<gate::Settings>,
    /// The tunnel that it had before, with its token.
    pub(crate) resumed: Option<(TunnelId, String)>,
    pub(crate) about: About,
}

/// What an agent says of a tunnel.
#[derive(Default)]
pub(crate) struct About {
    pub(crate) forwards_to: String,
    pub(crate) upstream_protocol: UpstreamProtocol,
    pub(crate) metadata: String,
    pub(crate) description: String,
}

/// What it got.
#[derive(Debug)]
pub(crate) struct Given {
    pub(crate) tunnel: Arc<Tunnel>,
    pub(crate) host: Host,
    pub(crate) url: String,
    pub(crate) token: String,
}

impl Account {
    /// Agents' sessions, oldest first.
    pub fn sessions(&self) -> Vec<SessionView> {
        let state = self.model.lock();
        let own = state.online.sessions().iter().filter(|session| session.account == self.id);
        own.map(|session| session.view()).collect()
    }

    /// Tunnels, oldest first.
    pub fn tunnels(&self) -> Vec<TunnelView> {
        let state = self.model.lock();
        let own = state.online.tunnels().iter().filter(|tunnel| tunnel.session.account == self.id);
        own.map(|tunnel| tunnel.view()).collect()
    }

    /// The tunnels that take an Edge's requests, by any of its routes, oldest first.
    pub fn tunnels_of(&self, edge: &EdgeId) -> Result<Vec<TunnelView>, ModelError> {
        let state = self.model.lock();
        let routes = &state.edge(&self.id, edge)?.edge.routes;
        let backends =
            routes.iter().filter_map(|route| route.backend.as_ref().filter(|backend| backend.enabled));
        let groups: Vec<_> = backends.filter_map(|backend| state.group(&self.id, &backend.id).ok()).collect();
        let takes = |tunnel: &&Arc<Tunnel>| {
            let TunnelKind::Labeled(labels) = &tunnel.kind else { return false };
            tunnel.session.account == self.id && groups.iter().any(|group| group.takes(labels))
        };
        Ok(state.online.tunnels().iter().filter(takes).map(|tunnel| tunnel.view()).collect())
    }

    /// Public URLs: those of tunnels, then those of Edges.
    pub fn endpoints(&self) -> Vec<EndpointView> {
        let state = self.model.lock();
        let own = state.online.tunnels().iter().filter(|tunnel| tunnel.session.account == self.id);
        let of_tunnels = own.filter_map(|tunnel| match &tunnel.kind {
            TunnelKind::Endpoint { id, scheme, host } => Some(EndpointView {
                id: id.clone(),
                scheme: *scheme,
                host: host.clone(),
                url: self.model.url(*scheme, host),
                tunnel: Some(tunnel.id.clone()),
                edge: None,
                created_at: tunnel.started_at,
            }),
            TunnelKind::Labeled(_) => None,
        });
        let of_edges = state.edges_of(&self.id).flat_map(|entry| {
            entry.endpoints.iter().map(|(host, id)| EndpointView {
                id: id.clone(),
                scheme: Scheme::Https,
                host: host.clone(),
                url: self.model.url(Scheme::Https, host),
                tunnel: None,
                edge: Some(entry.edge.id.clone()),
                created_at: entry.edge.created_at,
            })
        });
        of_tunnels.chain(of_edges).collect()
    }

    /// The session, for those who command it.
    pub(crate) fn session(&self, id: &SessionId) -> Result<Arc<AgentSession>, ModelError> {
        let state = self.model.lock();
        let mut own = state.online.sessions().iter().filter(|session| session.account == self.id);
        own.find(|session| session.id == *id)
            .cloned()
            .ok_or_else(|| ModelError::unknown("tunnel session", id))
    }

    /// A session begins. The stale one of the same client id ends: whoever comes under one has proven it to be its own.
    pub(crate) fn join(&self, session: &Arc<AgentSession>) -> Result<(), Refusal> {
        let mut state = self.model.lock();
        let still_good = state.account(&self.id).is_ok_and(|entry| {
            entry.credentials.iter().any(|credential| credential.id == session.credential)
        });
        if !still_good {
            return Err(Refusal::new(Code::TOKEN_UNKNOWN, "The authtoken was revoked. Use another one."));
        }
        let own = || state.online.sessions().iter().filter(|other| other.account == self.id);
        let count = own().count();
        let stale = own().find(|other| other.client_id == session.client_id).cloned();
        if let Some(stale) = stale {
            state.online.displace(&stale, "its agent came back");
        } else if count >= MOST_SESSIONS {
            let message = format!(
                "The account has {MOST_SESSIONS} agent sessions, which is the limit. Stop one first."
            );
            return Err(Refusal::new(Code::TOO_MANY_SESSIONS, message));
        }
        state.online.add_session(Arc::clone(session));
        Ok(())
    }

    /// The cookie by which an agent proves, when it comes back, that the client id is its own.
    pub(crate) fn session_cookie(&self, client_id: &str) -> String {
        self.model.vouchers().session_cookie(&self.id, client_id)
    }

    /// Whether an agent may come back under this client id.
    pub(crate) fn knows_session(&self, client_id: &str, cookie: &str) -> bool {
        self.model.vouchers().knows_session(&self.id, client_id, cookie)
    }

    /// A session ended, and its tunnels with it.
    pub(crate) fn leave(&self, session: &SessionId) {
        self.model.lock().online.remove_session(session);
    }

    /// Gives an agent an endpoint.
    pub(crate) fn bind(&self, session: &Arc<AgentSession>, wanted: Wanted) -> Result<Given, Refusal> {
        let about = checked(wanted.about)?;
        let resumed = match &wanted.resumed {
            Some((id, token)) => self.resume(id, token, wanted.scheme, wanted.host.as_ref())?,
            None => None,
        };
        let mut state = self.model.lock();
        self.check_session(&state, session)?;
        if wanted.settings.is_some() && !state.account(&self.id).is_ok_and(|entry| entry.profile.oidc) {
            return Err(limits::no_oidc());
        }
        let (id, host) = match (resumed, wanted.host) {
            (Some((id, host)), _) => (Some(id), host),
            (None, Some(host)) => (None, host),
            (None, None) => (None, self.model.domain().random_child()),
        };
        if !self.acl(&state, session)?.permits_domain(&host) {
            let message = format!("The ACL of {} does not permit binding {host}.", session.credential);
            return Err(Refusal::new(Code::ACL_NAME, message));
        }
        self.make_way(&mut state, session, wanted.scheme, &host, id.as_ref())?;
        let id = id.unwrap_or_else(TunnelId::random);
        let url = self.model.url(wanted.scheme, &host);
        let tunnel = Arc::new(Tunnel {
            id: id.clone(),
            session: Arc::clone(session),
            kind: TunnelKind::Endpoint {
                id: EndpointId::random(),
                scheme: wanted.scheme,
                host: host.clone(),
            },
            url: Some(url.clone()),
            gate: wanted.settings.map(|settings| self.model.gate(&host, &settings)),
            forwards_to: about.forwards_to,
            upstream_protocol: about.upstream_protocol,
            metadata: about.metadata,
            description: about.description,
            started_at: self.model.now(),
        });
        state.online.add_tunnel(Arc::clone(&tunnel));
        if !host.is_under(self.model.domain()) {
            state.names.insert(&host);
        }
        let token = self.model.vouchers().bind_token(&self.id, &id, wanted.scheme, &host);
        Ok(Given { tunnel, host, url, token })
    }

    /// Lets an agent serve the tunnel groups whose labels it carries; there must be one.
    pub(crate) fn label(
        &self,
        session: &Arc<AgentSession>,
        labels: Labels,
        about: About,
    ) -> Result<Arc<Tunnel>, Refusal> {
        let labels = limits::labels(labels)?;
        let about = checked(about)?;
        let mut state = self.model.lock();
        self.check_session(&state, session)?;
        if !self.acl(&state, session)?.permits_labels(&labels) {
            let message = format!("The ACL of {} does not permit these labels.", session.credential);
            return Err(Refusal::new(Code::ACL_LABEL, message));
        }
        if !state.groups_of(&self.id).any(|group| group.takes(&labels)) {
            let shown: Vec<_> = labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let message = format!(
                "No Edge of this account leads to tunnels labeled {}. Copy the command from the Edge's page.",
                shown.join(", ")
            );
            return Err(Refusal::new(Code::NO_SUCH_RESOURCE, message));
        }
        let tunnel = Arc::new(Tunnel {
            id: TunnelId::random(),
            session: Arc::clone(session),
            kind: TunnelKind::Labeled(labels),
            url: None,
            gate: None,
            forwards_to: about.forwards_to,
            upstream_protocol: about.upstream_protocol,
            metadata: about.metadata,
            description: about.description,
            started_at: self.model.now(),
        });
        state.online.add_tunnel(Arc::clone(&tunnel));
        Ok(tunnel)
    }

    /// Takes a tunnel of this session back; nothing happens when it has no such tunnel (any more).
    pub(crate) fn unbind(&self, session: &AgentSession, id: &str) -> Option<Arc<Tunnel>> {
        let mut state = self.model.lock();
        let id = own_tunnel(&state.online, session, id)?.id.clone();
        state.online.remove_tunnel(&id)
    }

    /// Changes what is said of a tunnel.
    pub(crate) fn describe(
        &self,
        session: &AgentSession,
        id: &str,
        description: Option<String>,
        metadata: Option<String>,
    ) -> Result<(), Refusal> {
        let mut state = self.model.lock();
        let Some(tunnel) = own_tunnel(&state.online, session, id) else {
            return Err(Refusal::new(Code::NO_SUCH_TUNNEL, format!("This session has no tunnel {id:?}.")));
        };
        let mut changed = Tunnel::clone(tunnel);
        if let Some(description) = description {
            changed.description = limits::description(description)?;
        }
        if let Some(metadata) = metadata {
            changed.metadata = limits::metadata(metadata)?;
        }
        state.online.replace_tunnel(&Arc::new(changed));
        Ok(())
    }

    /// The tunnel and name that a token brings back; none when it is not ours or for something else.
    fn resume(
        &self,
        id: &TunnelId,
        token: &str,
        scheme: Scheme,
        asked: Option<&Host>,
    ) -> Result<Option<(TunnelId, Host)>, Refusal> {
        match self.model.vouchers().read_bind_token(&self.id, id, token) {
            BindToken::Genuine(had, host) if had == scheme && asked.is_none_or(|asked| *asked == host) => {
                Ok(Some((id.clone(), host)))
            }
            BindToken::Genuine(..) | BindToken::Foreign => Ok(None),
            BindToken::Malformed => {
                Err(Refusal::new(Code::BIND_TOKEN, "The token of the tunnel to bind again is malformed."))
            }
        }
    }

    /// What the credential that a session came with may bind, as it stands now.
    fn acl<'s>(&self, state: &'s State, session: &AgentSession) -> Result<&'s Acl, Refusal> {
        let gone = || Refusal::new(Code::TOKEN_UNKNOWN, "The authtoken was revoked. Use another one.");
        let entry = state.account(&self.id).map_err(|_| gone())?;
        let credential = entry.credentials.iter().find(|credential| credential.id == session.credential);
        Ok(&credential.ok_or_else(gone)?.acl)
    }

    fn check_session(&self, state: &State, session: &AgentSession) -> Result<(), Refusal> {
        if !state.online.has_session(&session.id) {
            return Err(Refusal::new(Code(300), "This session has ended."));
        }
        let count = state.online.tunnels().iter().filter(|tunnel| tunnel.session.id == session.id).count();
        if count >= MOST_TUNNELS {
            let message = format!("This session has {MOST_TUNNELS} tunnels, which is the limit.");
            return Err(Refusal::new(Code::TOO_MANY_ENDPOINTS, message));
        }
        Ok(())
    }

    /// Makes sure that nobody else is on the host: only the tunnel that is being resumed makes way.
    fn make_way(
        &self,
        state: &mut State,
        session: &AgentSession,
        scheme: Scheme,
        host: &Host,
        resumed: Option<&TunnelId>,
    ) -> Result<(), Refusal> {
        self.model.check_unreserved(host)?;
        Model::check_reserved(state, &self.id, host)?;
        if let Some(entry) = state.edge_on(host) {
            let whose =
                if entry.account == self.id { entry.edge.id.as_str() } else { "an Edge of another account" };
            return Err(Refusal::new(Code::HELD_BY_EDGE, format!("{host} belongs to {whose}.")));
        }
        let other = if scheme == Scheme::Https { Scheme::Http } else { Scheme::Https };
        if state.online.bound(other, host).is_some_and(|tunnel| tunnel.session.account != self.id) {
            return Err(Refusal::new(Code::NAME_RESERVED, format!("{host} is in use by another account.")));
        }
        let Some(holder) = state.online.bound(scheme, host).cloned() else { return Ok(()) };
        if holder.session.account != self.id || resumed != Some(&holder.id) {
            let url = self.model.url(scheme, host);
            let message =
                format!("{url} is online already, by another tunnel. Stop that one, or choose another name.");
            return Err(Refusal::new(Code::ALREADY_ONLINE, message));
        }
        if holder.session.id == session.id {
            state.online.remove_tunnel(&holder.id);
        } else {
            state.online.displace(&holder.session, "its agent came back");
        }
        Ok(())
    }
}

fn own_tunnel<'a>(online: &'a Online, session: &AgentSession, id: &str) -> Option<&'a Arc<Tunnel>> {
    online.tunnel(&TunnelId::parse(id)?).filter(|tunnel| tunnel.session.id == session.id)
}

fn checked(about: About) -> Result<About, Refusal> {
    if about.forwards_to.len() > 2048 {
        return Err(Refusal::new(Code::BIND_INVALID, "What a tunnel forwards to has at most 2048 bytes."));
    }
    Ok(About {
        forwards_to: about.forwards_to,
        upstream_protocol: about.upstream_protocol,
        metadata: limits::metadata(about.metadata)?,
        description: limits::description(about.description)?,
    })
}
