//! What is set up, as it is written: one record an account, Edge, tunnel group and reserved domain.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use ground::Secret;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::file::json;
use super::{Store, StoreError};
use crate::model::state::{
    AccountEntry, CertificateAuthorityEntry, Configuration, DomainEntry, EdgeEntry, GroupEntry, IpPolicyEntry,
};
use crate::model::{
    AccountId, Acl, ApiKey, ApiKeyId, BackendId, CertificateAuthority, CertificateAuthorityId, Credential,
    CredentialId, DomainId, EdgeId, EndpointId, Host, HttpsEdge, IpPolicy, IpPolicyId, IpRule, IpRuleId,
    Labels, Login, LoginId, Module, ModuleKind, Modules, MutualTlsModule, OidcModule, PathMatch, Profile,
    ReservedDomain, Role, Route, RouteBackend, RouteId, TlsModule, TokenDigest, TunnelGroup,
};

#[derive(Serialize, Deserialize)]
struct AccountRecord {
    id: String,
    name: String,
    plan: String,
    oidc: bool,
    /// Who signs in to the dashboard: identifiers and names. Passwords come with the edge's configuration.
    logins: Vec<(String, String)>,
    credentials: Vec<CredentialRecord>,
    api_keys: Vec<ApiKeyRecord>,
}

#[derive(Serialize, Deserialize)]
struct CredentialRecord {
    about: About,
    /// The dashboard shows it on request, so that a digest would not do.
    token: String,
    acl: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct ApiKeyRecord {
    about: About,
    digest: String,
}

/// What everything has.
#[derive(Serialize, Deserialize)]
struct About {
    id: String,
    created_at: DateTime<Utc>,
    description: String,
    metadata: String,
}

#[derive(Serialize, Deserialize)]
struct EdgeRecord {
    account: String,
    about: About,
    /// Hosts, each with the endpoint that it is.
    hosts: Vec<(String, String)>,
    /// Whether it says how it terminates TLS, and by which version.
    tls: Option<bool>,
    /// Whether clients must show a certificate, and of which authorities.
    #[serde(default)]
    mutual_tls: Option<(bool, Vec<String>)>,
    routes: Vec<RouteRecord>,
}

#[derive(Serialize, Deserialize)]
struct RouteRecord {
    about: About,
    exact: bool,
    path: String,
    backend: Option<(bool, String)>,
    oidc: Option<OidcRecord>,
    /// The other modules, as the API writes them.
    #[serde(default)]
    modules: BTreeMap<String, Value>,
}

#[derive(Serialize, Deserialize)]
struct OidcRecord {
    enabled: bool,
    options_passthrough: bool,
    cookie_prefix: String,
    inactivity_timeout: u64,
    maximum_duration: u64,
    issuer: String,
    client_id: String,
    client_secret: String,
    scopes: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct GroupRecord {
    account: String,
    about: About,
    labels: Labels,
}

#[derive(Serialize, Deserialize)]
struct CertificateAuthorityRecord {
    account: String,
    about: About,
    pem: String,
}

#[derive(Serialize, Deserialize)]
struct IpPolicyRecord {
    account: String,
    about: About,
    rules: Vec<IpRuleRecord>,
}

#[derive(Serialize, Deserialize)]
struct IpRuleRecord {
    about: About,
    cidr: String,
    allow: bool,
}

#[derive(Serialize, Deserialize)]
struct DomainRecord {
    account: String,
    about: About,
    host: String,
}

/// All that is set up, as records by their names.
pub(crate) fn config(all: &Configuration) -> BTreeMap<String, Vec<u8>> {
    let mut records = BTreeMap::new();
    for entry in &all.accounts {
        records.insert(format!("account/{}", entry.profile.id), json(&account(entry)));
    }
    for entry in &all.edges {
        records.insert(format!("edge/{}", entry.edge.id), json(&edge(entry)));
    }
    for GroupEntry { account, group } in &all.groups {
        let about = about(group.id.as_str(), group.created_at, &group.description, &group.metadata);
        let record = GroupRecord { account: account.to_string(), about, labels: group.labels.clone() };
        records.insert(format!("group/{}", group.id), json(&record));
    }
    for entry in &all.ip_policies {
        records.insert(format!("ip_policy/{}", entry.policy.id), json(&ip_policy(entry)));
    }
    for CertificateAuthorityEntry { account, authority } in &all.certificate_authorities {
        let about =
            about(authority.id.as_str(), authority.created_at, &authority.description, &authority.metadata);
        let record =
            CertificateAuthorityRecord { account: account.to_string(), about, pem: authority.pem.clone() };
        records.insert(format!("certificate_authority/{}", authority.id), json(&record));
    }
    for DomainEntry { account, domain } in &all.domains {
        let about = about(domain.id.as_str(), domain.created_at, &domain.description, &domain.metadata);
        let record = DomainRecord { account: account.to_string(), about, host: domain.host.to_string() };
        records.insert(format!("domain/{}", domain.id), json(&record));
    }
    records
}

/// What was set up. Nothing guards the Edges yet: their gates are to be made.
pub(crate) fn restore(store: &Store) -> Result<Configuration, StoreError> {
    let accounts: Vec<AccountRecord> = store.read_all("account/")?;
    let mut edges: Vec<EdgeRecord> = store.read_all("edge/")?;
    let mut groups: Vec<GroupRecord> = store.read_all("group/")?;
    let mut domains: Vec<DomainRecord> = store.read_all("domain/")?;
    let mut ip_policies: Vec<IpPolicyRecord> = store.read_all("ip_policy/")?;
    let mut authorities: Vec<CertificateAuthorityRecord> = store.read_all("certificate_authority/")?;
    // Lists begin with the oldest.
    authorities.sort_by_key(|record| record.about.created_at);
    ip_policies.sort_by_key(|record| record.about.created_at);
    edges.sort_by_key(|record| record.about.created_at);
    groups.sort_by_key(|record| record.about.created_at);
    domains.sort_by_key(|record| record.about.created_at);
    let all = || -> Option<Configuration> {
        Some(Configuration {
            accounts: accounts.into_iter().map(read_account).collect::<Option<_>>()?,
            edges: edges.into_iter().map(read_edge).collect::<Option<_>>()?,
            groups: groups.into_iter().map(read_group).collect::<Option<_>>()?,
            domains: domains.into_iter().map(read_domain).collect::<Option<_>>()?,
            certificate_authorities: authorities.into_iter().map(read_authority).collect::<Option<_>>()?,
            ip_policies: ip_policies.into_iter().map(read_ip_policy).collect::<Option<_>>()?,
        })
    };
    all().ok_or_else(|| store.broken("a record names something in a way that no edge does"))
}

fn about(id: &str, created_at: DateTime<Utc>, description: &str, metadata: &str) -> About {
    About {
        id: id.to_owned(),
        created_at,
        description: description.to_owned(),
        metadata: metadata.to_owned(),
    }
}

fn account(entry: &AccountEntry) -> AccountRecord {
    let Profile { id, name, plan, oidc } = entry.profile.clone();
    let credential = |known: &Credential| CredentialRecord {
        about: about(known.id.as_str(), known.created_at, &known.description, &known.metadata),
        token: known.token.expose().to_owned(),
        acl: known.acl.rules().map(str::to_owned).collect(),
    };
    let api_key = |known: &ApiKey| ApiKeyRecord {
        about: about(known.id.as_str(), known.created_at, &known.description, &known.metadata),
        digest: known.digest.to_text(),
    };
    AccountRecord {
        id: id.to_string(),
        name,
        plan,
        oidc,
        logins: entry.logins.iter().map(|(known, _)| (known.id.to_string(), known.login.clone())).collect(),
        credentials: entry.credentials.iter().map(credential).collect(),
        api_keys: entry.api_keys.iter().map(api_key).collect(),
    }
}

fn edge(entry: &EdgeEntry) -> EdgeRecord {
    let HttpsEdge { id, created_at, description, metadata, tls, routes, .. } = &entry.edge;
    EdgeRecord {
        account: entry.account.to_string(),
        about: about(id.as_str(), *created_at, description, metadata),
        hosts: entry.endpoints.iter().map(|(host, id)| (host.to_string(), id.to_string())).collect(),
        tls: tls.map(|tls| tls.says_version),
        mutual_tls: entry
            .edge
            .mutual_tls
            .as_ref()
            .map(|module| (module.enabled, module.authorities.iter().map(ToString::to_string).collect())),
        routes: routes.iter().map(route).collect(),
    }
}

fn route(route: &Route) -> RouteRecord {
    RouteRecord {
        about: about(route.id.as_str(), route.created_at, &route.description, &route.metadata),
        exact: matches!(route.matches, PathMatch::Exact(_)),
        path: route.matches.path().to_owned(),
        backend: route.backend.as_ref().map(|backend| (backend.enabled, backend.id.to_string())),
        oidc: route.oidc.as_ref().map(|module| OidcRecord {
            enabled: module.enabled,
            options_passthrough: module.options_passthrough,
            cookie_prefix: module.cookie_prefix.clone(),
            inactivity_timeout: module.inactivity_timeout.as_secs(),
            maximum_duration: module.maximum_duration.as_secs(),
            issuer: module.issuer.clone(),
            client_id: module.client_id.clone(),
            client_secret: module.client_secret.expose().to_owned(),
            scopes: module.scopes.clone(),
        }),
        modules: modules(route),
    }
}

fn modules(route: &Route) -> BTreeMap<String, Value> {
    route.modules.iter().map(|(kind, module)| (kind.name().to_owned(), module.write())).collect()
}

fn read_modules(records: BTreeMap<String, Value>) -> Option<Modules> {
    let read = |(name, record): (String, Value)| {
        let kind = ModuleKind::parse(&name)?;
        Some((kind, Module::read(kind, record).ok()?))
    };
    records.into_iter().map(read).collect()
}

fn ip_policy(IpPolicyEntry { account, policy }: &IpPolicyEntry) -> IpPolicyRecord {
    let rule = |rule: &IpRule| IpRuleRecord {
        about: about(rule.id.as_str(), rule.created_at, &rule.description, &rule.metadata),
        cidr: rule.cidr.clone(),
        allow: rule.allow,
    };
    IpPolicyRecord {
        account: account.to_string(),
        about: about(policy.id.as_str(), policy.created_at, &policy.description, &policy.metadata),
        rules: policy.rules.iter().map(rule).collect(),
    }
}

fn read_ip_policy(record: IpPolicyRecord) -> Option<IpPolicyEntry> {
    let rule = |IpRuleRecord { about, cidr, allow }: IpRuleRecord| {
        let About { id, created_at, description, metadata } = about;
        Some(IpRule { id: IpRuleId::parse(&id)?, created_at, description, metadata, cidr, allow })
    };
    let About { id, created_at, description, metadata } = record.about;
    let rules = record.rules.into_iter().map(rule).collect::<Option<_>>()?;
    let policy = IpPolicy { id: IpPolicyId::parse(&id)?, created_at, description, metadata, rules };
    Some(IpPolicyEntry { account: AccountId::parse(&record.account)?, policy })
}

fn read_authority(record: CertificateAuthorityRecord) -> Option<CertificateAuthorityEntry> {
    let About { id, created_at, description, metadata } = record.about;
    let read =
        CertificateAuthority::read(CertificateAuthorityId::parse(&id)?, created_at, record.pem).ok()?;
    let authority = CertificateAuthority { description, metadata, ..read };
    Some(CertificateAuthorityEntry { account: AccountId::parse(&record.account)?, authority })
}

fn read_account(record: AccountRecord) -> Option<AccountEntry> {
    let credential = |CredentialRecord { about, token, acl }: CredentialRecord| {
        Some(Credential {
            id: CredentialId::parse(&about.id)?,
            created_at: about.created_at,
            description: about.description,
            metadata: about.metadata,
            token: Secret::new("authtoken", token),
            acl: Acl::parse(&acl).ok()?,
        })
    };
    let api_key = |ApiKeyRecord { about, digest }: ApiKeyRecord| {
        Some(ApiKey {
            id: ApiKeyId::parse(&about.id)?,
            created_at: about.created_at,
            description: about.description,
            metadata: about.metadata,
            digest: TokenDigest::from_text(&digest)?,
        })
    };
    // Nobody signs in by what is kept alone: a password that nobody knows.
    let login = |(id, login): (String, String)| {
        let login = Login { id: LoginId::parse(&id)?, login, role: Role::Member };
        Some((login, Secret::random("password")))
    };
    let AccountRecord { id, name, plan, oidc, logins, credentials, api_keys } = record;
    Some(AccountEntry {
        profile: Profile { id: AccountId::parse(&id)?, name, plan, oidc },
        logins: logins.into_iter().map(login).collect::<Option<_>>()?,
        credentials: credentials.into_iter().map(credential).collect::<Option<_>>()?,
        api_keys: api_keys.into_iter().map(api_key).collect::<Option<_>>()?,
    })
}

fn read_edge(record: EdgeRecord) -> Option<EdgeEntry> {
    let host =
        |(host, endpoint): (String, String)| Some((Host::parse(&host).ok()?, EndpointId::parse(&endpoint)?));
    let endpoints: Vec<(Host, EndpointId)> = record.hosts.into_iter().map(host).collect::<Option<_>>()?;
    let mutual_tls = match record.mutual_tls {
        Some((enabled, ids)) => {
            let authorities =
                ids.iter().map(|id| CertificateAuthorityId::parse(id)).collect::<Option<_>>()?;
            Some(MutualTlsModule { enabled, authorities })
        }
        None => None,
    };
    let About { id, created_at, description, metadata } = record.about;
    let edge = HttpsEdge {
        id: EdgeId::parse(&id)?,
        created_at,
        description,
        metadata,
        hosts: endpoints.iter().map(|(host, _)| host.clone()).collect(),
        tls: record.tls.map(|says_version| TlsModule { says_version }),
        mutual_tls,
        routes: record.routes.into_iter().map(read_route).collect::<Option<_>>()?,
    };
    Some(EdgeEntry::of(AccountId::parse(&record.account)?, edge, endpoints))
}

fn read_route(record: RouteRecord) -> Option<Route> {
    let About { id, created_at, description, metadata } = record.about;
    let backend = |(enabled, id): (bool, String)| Some(RouteBackend { enabled, id: BackendId::parse(&id)? });
    Some(Route {
        id: RouteId::parse(&id)?,
        created_at,
        matches: if record.exact { PathMatch::Exact(record.path) } else { PathMatch::Prefix(record.path) },
        description,
        metadata,
        backend: match record.backend {
            Some(known) => Some(backend(known)?),
            None => None,
        },
        oidc: record.oidc.map(|module| OidcModule {
            enabled: module.enabled,
            options_passthrough: module.options_passthrough,
            cookie_prefix: module.cookie_prefix,
            inactivity_timeout: Duration::from_secs(module.inactivity_timeout),
            maximum_duration: Duration::from_secs(module.maximum_duration),
            issuer: module.issuer,
            client_id: module.client_id,
            client_secret: Secret::new("client secret", module.client_secret),
            scopes: module.scopes,
        }),
        modules: read_modules(record.modules)?,
    })
}

fn read_group(record: GroupRecord) -> Option<GroupEntry> {
    let About { id, created_at, description, metadata } = record.about;
    let group =
        TunnelGroup { id: BackendId::parse(&id)?, created_at, description, metadata, labels: record.labels };
    Some(GroupEntry { account: AccountId::parse(&record.account)?, group })
}

fn read_domain(record: DomainRecord) -> Option<DomainEntry> {
    let About { id, created_at, description, metadata } = record.about;
    let host = Host::parse(&record.host).ok()?;
    let domain = ReservedDomain { id: DomainId::parse(&id)?, created_at, description, metadata, host };
    Some(DomainEntry { account: AccountId::parse(&record.account)?, domain })
}
