//! What agents do to the model: sessions come and go, tunnels are bound, labeled and given back.

use std::sync::Arc;

use wire::message::PolicyText;

use super::bind::{About, checked};
use super::index::Online;
use super::online::{AgentSession, Scheme, SessionView, Tunnel, TunnelKind, TunnelView};
use super::state::State;
use super::transport::Transport;
use super::{Account, Acl, EdgeId, EndpointView, HostPort, Labels, ModelError, SessionId, TunnelId, limits};
use crate::code::{Code, Refusal};

/// How many sessions an account has at most, and how many tunnels a session.
const MOST_SESSIONS: usize = 256;
pub(crate) const MOST_TUNNELS: usize = 256;

/// What an agent changes about a tunnel; what is none stays.
#[derive(Default)]
pub(crate) struct TunnelChange {
    pub(crate) name: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) metadata: Option<String>,
    pub(crate) pooling: Option<bool>,
    /// The text of its traffic policy.
    pub(crate) policy: Option<PolicyText>,
}

impl Account {
    /// Agents' sessions, oldest first.
    pub fn sessions(&self) -> Vec<SessionView> {
        let state = self.model.lock();
        let own = state.online.sessions().filter(|session| session.account == self.id);
        own.map(|session| session.view()).collect()
    }

    /// Tunnels, oldest first.
    pub fn tunnels(&self) -> Vec<TunnelView> {
        let state = self.model.lock();
        let own = state.online.tunnels().filter(|tunnel| tunnel.session.account == self.id);
        own.map(|tunnel| tunnel.view()).collect()
    }

    /// The tunnels that take an Edge's requests, by any of its routes, oldest first.
    pub fn tunnels_of(&self, edge: &EdgeId) -> Result<Vec<TunnelView>, ModelError> {
        let state = self.model.lock();
        let routes = &state.edge(&self.id, edge)?.edge.routes;
        let backends =
            routes.iter().filter_map(|route| route.backend.as_ref().filter(|backend| backend.enabled));
        let groups: Vec<_> = backends.filter_map(|backend| state.group(&self.id, &backend.id).ok()).collect();
        let mut found: Vec<TunnelView> = Vec::new();
        for tunnel in groups.iter().flat_map(|group| state.online.of_group(&self.id, group)) {
            if !found.iter().any(|known| known.id == tunnel.id) {
                found.push(tunnel.view());
            }
        }
        Ok(found)
    }

    /// Public URLs: those of tunnels, then those of Edges.
    pub fn endpoints(&self) -> Vec<EndpointView> {
        let state = self.model.lock();
        let own = state.online.tunnels().filter(|tunnel| tunnel.session.account == self.id);
        let of_tunnels = own.filter_map(|tunnel| match &tunnel.kind {
            TunnelKind::Endpoint { id, scheme, at } => Some(EndpointView {
                id: id.clone(),
                scheme: *scheme,
                host: at.host.clone(),
                port: at.port,
                url: self.model.url_at(*scheme, at),
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
                port: self.model.port(Scheme::Https),
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
        let found = state.online.session(id).filter(|session| session.account == self.id);
        found.cloned().ok_or_else(|| ModelError::unknown("tunnel session", id))
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
        let own = || state.online.sessions().filter(|other| other.account == self.id);
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
            traffic: None,
            transport: Transport::default(),
            pooling: false,
            name: about.name,
            forwards_to: about.forwards_to,
            upstream_protocol: about.upstream_protocol,
            metadata: about.metadata,
            description: about.description,
            started_at: self.model.now(),
        });
        state.online.add_tunnel(&tunnel);
        Ok(tunnel)
    }

    /// Takes a tunnel of this session back; nothing happens when it has no such tunnel (any more).
    pub(crate) fn unbind(&self, session: &AgentSession, id: &str) -> Option<Arc<Tunnel>> {
        let mut state = self.model.lock();
        let id = own_tunnel(&state.online, session, id)?.id.clone();
        state.online.remove_tunnel(&id)
    }

    /// Changes what is said of a tunnel.
    pub(crate) fn change_tunnel(
        &self,
        session: &AgentSession,
        id: &str,
        change: TunnelChange,
    ) -> Result<(), Refusal> {
        let mut state = self.model.lock();
        let Some(tunnel) = own_tunnel(&state.online, session, id) else {
            return Err(Refusal::new(Code::NO_SUCH_TUNNEL, format!("This session has no tunnel {id:?}.")));
        };
        let mut changed = Tunnel::clone(tunnel);
        if let Some(name) = change.name {
            changed.name = limits::name(name)?;
        }
        if let Some(description) = change.description {
            changed.description = limits::description(description)?;
        }
        if let Some(metadata) = change.metadata {
            changed.metadata = limits::metadata(metadata)?;
        }
        if let Some(pooling) = change.pooling {
            self.check_alone(&state, tunnel, pooling)?;
            changed.pooling = pooling;
        }
        let policy_changes = change.policy.is_some();
        if let Some(policy) = change.policy {
            let before = changed.traffic.as_deref().cloned().unwrap_or_default();
            changed.traffic = before.with_policy(&policy)?;
            self.check_traffic(&state, &changed)?;
        }
        let kind = changed.kind.clone();
        state.online.replace_tunnel(Arc::new(changed));
        if let (true, TunnelKind::Endpoint { scheme: Scheme::Https, at, .. }) = (policy_changes, &kind) {
            self.end_sessions_beside(&state, at);
        }
        Ok(())
    }

    /// Ends the sessions of people that no tunnel at this address honours any more.
    fn end_sessions_beside(&self, state: &State, at: &HostPort) {
        let sharing: Vec<_> = state.online.sharing(&self.id, at).collect();
        let settings = sharing.iter().flat_map(|tunnel| {
            let of_module = tunnel.gate.as_ref().map(gate::Gate::settings);
            of_module.into_iter().chain(tunnel.traffic.iter().flat_map(|traffic| traffic.sign_ins()))
        });
        self.model.end_sessions_beside(&at.host, settings);
    }

    /// Whether this tunnel's endpoint may ask this of its traffic.
    fn check_traffic(&self, state: &State, tunnel: &Tunnel) -> Result<(), Refusal> {
        let Some(traffic) = &tunnel.traffic else { return Ok(()) };
        let Some(scheme) = tunnel.scheme() else {
            let message = "A labeled tunnel's traffic is the Edge's: set the policy on the Edge's route.";
            return Err(Refusal::new(Code::BIND_INVALID, message));
        };
        traffic.check(scheme, tunnel.gate.as_ref().map(gate::Gate::settings))?;
        let may_sign_in = || state.account(&self.id).is_ok_and(|entry| entry.profile.oidc);
        if traffic.sign_in().is_some() && !may_sign_in() { Err(limits::no_oidc()) } else { Ok(()) }
    }

    /// A tunnel that shares its URL can't have it for itself.
    fn check_alone(&self, state: &State, tunnel: &Tunnel, pooling: bool) -> Result<(), Refusal> {
        let TunnelKind::Endpoint { at, .. } = &tunnel.kind else { return Ok(()) };
        if pooling || state.online.sharing(&self.id, at).count() < 2 {
            return Ok(());
        }
        let message = format!("Other tunnels share {at}. Stop them before pooling is turned off.");
        Err(Refusal::new(Code::ALREADY_ONLINE, message))
    }

    /// What the credential that a session came with may bind, as it stands now.
    pub(super) fn acl<'s>(&self, state: &'s State, session: &AgentSession) -> Result<&'s Acl, Refusal> {
        let gone = || Refusal::new(Code::TOKEN_UNKNOWN, "The authtoken was revoked. Use another one.");
        let entry = state.account(&self.id).map_err(|_| gone())?;
        let credential = entry.credentials.iter().find(|credential| credential.id == session.credential);
        Ok(&credential.ok_or_else(gone)?.acl)
    }

    pub(super) fn check_session(&self, state: &State, session: &AgentSession) -> Result<(), Refusal> {
        let Some(count) = state.online.count_of(&session.id) else {
            return Err(Refusal::new(Code(300), "This session has ended."));
        };
        if count >= MOST_TUNNELS {
            let message = format!("This session has {MOST_TUNNELS} tunnels, which is the limit.");
            return Err(Refusal::new(Code::TOO_MANY_ENDPOINTS, message));
        }
        Ok(())
    }
}

fn own_tunnel<'a>(online: &'a Online, session: &AgentSession, id: &str) -> Option<&'a Arc<Tunnel>> {
    online.tunnel(&TunnelId::parse(id)?).filter(|tunnel| tunnel.session.id == session.id)
}
