//! What the edge knows: accounts, credentials, Edges, and what is online. The in-process face, the control API and the
//! dashboard all work on this one model, each through an [`Account`].

mod account;
mod acl;
mod app_sessions;
mod attach;
mod bind;
mod certificate_authorities;
mod credentials;
mod destination;
mod domains;
mod edges;
mod groups;
mod host;
mod host_port;
mod https_edge;
mod id;
mod index;
mod inspector;
mod ip_policies;
mod keeping;
pub(crate) mod limits;
mod modules;
pub(crate) mod online;
mod path;
pub(crate) mod port;
mod register;
mod registry;
pub(crate) mod state;
pub(crate) mod termination;
pub(crate) mod transport;
mod vouchers;

pub use account::{
    ApiKey, Credential, Login, NewAccount, NewLogin, Profile, Role, TokenDigest, api_key, authtoken,
};
pub use acl::Acl;
pub use app_sessions::{AppSession, AppUser};
pub use certificate_authorities::{CertificateAuthority, CertificateAuthorityChange, MutualTlsModule};
pub use credentials::{ApiKeyChange, CredentialChange};
pub use domains::{DomainChange, ReservedDomain};
pub use host::Host;
pub use host_port::HostPort;
pub use https_edge::{
    EdgeChange, GroupChange, HttpsEdge, Labels, ModuleChange, OidcModule, PathMatch, Route, RouteBackend,
    RouteChange, TlsModule, TunnelGroup,
};
pub use id::{
    AccountId, ApiKeyId, AppUserId, BackendId, CertificateAuthorityId, CredentialId, DomainId, EdgeId,
    EndpointId, IpPolicyId, IpRuleId, LoginId, RouteId, SessionId, TunnelId,
};
pub use inspector::Inspected;
pub use ip_policies::{IpChange, IpPolicy, IpRule};
pub use modules::{
    Breaker, HeadersModule, IpRestriction, Module, ModuleKind, Modules, PolicyModule, Switch, UserAgents,
    Webhook,
};
pub use online::{AgentInfo, EndpointView, Scheme, SessionView, TunnelKind, TunnelView, UpstreamProtocol};
pub use registry::{Account, Model, ModelError, SignedIn};

pub(crate) use account::looks_like_a_token;
pub(crate) use app_sessions::app_user;
pub(crate) use attach::{MOST_TUNNELS, TunnelChange};
pub(crate) use bind::{About, Name, Wanted};
pub(crate) use destination::{Destination, Greeting, Lookup};
pub(crate) use keeping::Keeping;
pub(crate) use registry::Origins;
