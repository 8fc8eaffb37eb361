//! HTTPS Edges: hosts, routes, the OIDC module of a route, and the tunnel groups behind them.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use ground::Secret;

use super::{BackendId, EdgeId, Host, Module, ModuleKind, Modules, MutualTlsModule, RouteId};

/// Labels of a tunnel, or the labels that a tunnel group asks for.
pub type Labels = BTreeMap<String, String>;

/// A configured HTTPS Edge.
#[derive(Clone, Debug)]
pub struct HttpsEdge {
    /// Its identifier, `edghts_…`.
    pub id: EdgeId,
    /// When it was made, stage time.
    pub created_at: DateTime<Utc>,
    /// For people ("Edge with Okta SSO"), at most 255 characters, empty until someone names it.
    pub description: String,
    /// For machines, at most 4096 bytes.
    pub metadata: String,
    /// The hosts that it answers on, all on the public port; unique in the whole edge.
    pub hosts: Vec<Host>,
    /// What is said of how it terminates TLS, if anything is.
    pub tls: Option<TlsModule>,
    /// What certificates clients must show, if any.
    pub mutual_tls: Option<MutualTlsModule>,
    /// What happens to requests, by path.
    pub routes: Vec<Route>,
}

/// How an Edge terminates TLS: at the edge, by version 1.2 or 1.3, as it would without the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TlsModule {
    /// Whether the least version was said.
    pub says_version: bool,
}

/// What an Edge does with some of its requests.
#[derive(Clone, Debug)]
pub struct Route {
    /// Its identifier, `edghtsrt_…`.
    pub id: RouteId,
    /// When it was made, stage time.
    pub created_at: DateTime<Utc>,
    /// Which paths it is for.
    pub matches: PathMatch,
    /// For people, at most 255 characters.
    pub description: String,
    /// For machines, at most 4096 bytes.
    pub metadata: String,
    /// Where its requests go.
    pub backend: Option<RouteBackend>,
    /// Who may pass.
    pub oidc: Option<OidcModule>,
    /// What else it asks of its traffic.
    pub modules: Modules,
}

/// Which paths a route is for. An exact match goes before a prefix, a longer prefix before a shorter one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathMatch {
    /// Paths that begin with this text, which begins with `/`.
    Prefix(String),
    /// This path alone.
    Exact(String),
}

impl PathMatch {
    /// The path or the prefix.
    pub fn path(&self) -> &str {
        match self {
            Self::Prefix(path) | Self::Exact(path) => path,
        }
    }
}

/// Where a route's requests go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteBackend {
    /// Whether it is used.
    pub enabled: bool,
    /// The tunnel group.
    pub id: BackendId,
}

/// A route's OIDC module: the relying party's configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OidcModule {
    /// Whether people must sign in. A module that is not enabled guards nothing.
    pub enabled: bool,
    /// Whether CORS preflight requests pass without a session.
    pub options_passthrough: bool,
    /// The prefix of ngrok's own cookie names; kept for clients, since the gate's cookies have `__Host-` names.
    pub cookie_prefix: String,
    /// A session ends when it was not used for so long, stage time; zero: 72 hours.
    pub inactivity_timeout: Duration,
    /// A session ends so long after sign-in, stage time; zero: 14 days.
    pub maximum_duration: Duration,
    /// The issuer's URL.
    pub issuer: String,
    /// The client's identifier at the issuer.
    pub client_id: String,
    /// The client's secret at the issuer.
    pub client_secret: Secret,
    /// The scopes that are asked for; `openid` is always asked for.
    pub scopes: Vec<String>,
}

impl OidcModule {
    /// A module as the dashboard sets it up: enabled, with ngrok's defaults.
    pub fn new(issuer: impl Into<String>, client_id: impl Into<String>, client_secret: Secret) -> Self {
        Self {
            enabled: true,
            options_passthrough: false,
            cookie_prefix: "ngrok.".to_owned(),
            inactivity_timeout: Duration::ZERO,
            maximum_duration: Duration::ZERO,
            issuer: issuer.into(),
            client_id: client_id.into(),
            client_secret,
            scopes: ["openid", "profile", "email"].map(str::to_owned).to_vec(),
        }
    }
}

/// A backend of all tunnels that carry its labels.
#[derive(Clone, Debug)]
pub struct TunnelGroup {
    /// Its identifier, `bkdtg_…`.
    pub id: BackendId,
    /// When it was made, stage time.
    pub created_at: DateTime<Utc>,
    /// For people, at most 255 characters.
    pub description: String,
    /// For machines, at most 4096 bytes.
    pub metadata: String,
    /// The labels that a tunnel must carry, each with this value; a tunnel may carry more.
    pub labels: Labels,
}

impl TunnelGroup {
    /// Whether a tunnel with these labels belongs to the group. A group without labels has no tunnels.
    pub fn takes(&self, labels: &Labels) -> bool {
        !self.labels.is_empty() && self.labels.iter().all(|(name, value)| labels.get(name) == Some(value))
    }
}

/// What is chosen when an Edge is made, or changed when it is given (`None`: as it was, or the default).
#[derive(Clone, Debug, Default)]
pub struct EdgeChange {
    /// For people.
    pub description: Option<String>,
    /// For machines.
    pub metadata: Option<String>,
    /// The hosts; an Edge that is made without any answers on none until it is given some.
    pub hosts: Option<Vec<Host>>,
    /// How it terminates TLS; `Some(None)` takes the module away.
    pub tls: Option<Option<TlsModule>>,
    /// What certificates clients must show; `Some(None)` takes the module away.
    pub mutual_tls: Option<Option<MutualTlsModule>>,
}

/// What is chosen when a route is made, or changed when it is given.
#[derive(Clone, Debug, Default)]
pub struct RouteChange {
    /// Which paths it is for; every path when a route is made without one.
    pub matches: Option<PathMatch>,
    /// For people.
    pub description: Option<String>,
    /// For machines.
    pub metadata: Option<String>,
    /// Where its requests go; `Some(None)` takes the backend away.
    pub backend: Option<Option<RouteBackend>>,
    /// Who may pass; `Some(None)` takes the module away.
    pub oidc: Option<Option<OidcModule>>,
    /// What else it asks of its traffic.
    pub modules: Vec<ModuleChange>,
}

/// A change of one module of a route.
#[derive(Clone, Debug)]
pub enum ModuleChange {
    /// This one takes the place of that of its kind.
    Set(Module),
    /// That of this kind is taken away.
    Remove(ModuleKind),
}

/// What is chosen when a tunnel group is made, or changed when it is given.
#[derive(Clone, Debug, Default)]
pub struct GroupChange {
    /// For people.
    pub description: Option<String>,
    /// For machines.
    pub metadata: Option<String>,
    /// The labels.
    pub labels: Option<Labels>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_group_takes_tunnels_that_carry_all_its_labels() {
        let mut group = TunnelGroup {
            id: BackendId::random(),
            created_at: Utc::now(),
            description: String::new(),
            metadata: String::new(),
            labels: labels(&[("edge", "edghts_1")]),
        };
        assert!(group.takes(&labels(&[("edge", "edghts_1"), ("zone", "a")])));
        assert!(!group.takes(&labels(&[("edge", "edghts_2")])));
        assert!(!group.takes(&labels(&[])));
        group.labels.clear();
        assert!(!group.takes(&labels(&[("edge", "edghts_1")])));
    }
}
