use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use chrono::{DateTime, Utc};
use ground::{Clock, Secret, Sink};

use super::index::Online;
use super::inspector::Inspector;
use super::online::AgentSession;
use super::state::{AccountEntry, Configuration, EdgeEntry, State};
use super::vouchers::Vouchers;
use super::{
    AccountId, Acl, ApiKey, ApiKeyId, Credential, CredentialId, Host, HostPort, Keeping, Login, LoginId,
    NewAccount, Profile, Scheme, TokenDigest,
};
use crate::code::{Code, Refusal};
use crate::event::Event;
use crate::store::{Store, StoreError};

/// Names under the edge's domain that are its own.
const OWN_NAMES: [&str; 5] = ["api", "connect", "dashboard", "idp", "tcp"];

/// Everything that the edge knows. Clones are the same model.
#[derive(Clone)]
pub struct Model {
    inner: Arc<Inner>,
}

/// A model for those that the model holds itself.
pub(crate) struct WeakModel {
    inner: Weak<Inner>,
}

impl WeakModel {
    /// The model, as long as somebody holds it.
    pub(crate) fn upgrade(&self) -> Option<Model> {
        self.inner.upgrade().map(|inner| Model { inner })
    }
}

struct Inner {
    domain: Host,
    tcp_host: Host,
    public_port: u16,
    region: String,
    clock: Clock,
    relying_party: gate::RelyingParty,
    vouchers: Vouchers,
    /// How often a site has begun to ask clients for certificates.
    terminations: AtomicU64,
    state: Mutex<State>,
    /// Where there is a store.
    keeping: Option<Keeping>,
    inspector: Inspector,
}

/// What a model begins with.
pub(crate) struct Origins {
    pub(crate) domain: Host,
    pub(crate) public_port: u16,
    pub(crate) region: String,
    pub(crate) clock: Clock,
    pub(crate) accounts: Vec<NewAccount>,
    /// Where what is set up is kept.
    pub(crate) store: Option<Arc<Store>>,
}

/// One account's part of the model: nothing of another account is seen or touched through it.
#[derive(Clone, Debug)]
pub struct Account {
    pub(super) model: Model,
    pub(super) id: AccountId,
}

/// Someone at the dashboard.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// Who.
    pub login: Login,
    /// Whose account.
    pub account: Account,
}

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// The account has no such thing.
    #[error("there is no {kind} {id}")]
    Unknown {
        /// What was looked for.
        kind: &'static str,
        /// Its identifier, as it was given.
        id: String,
    },
    /// It is not allowed, or not as it was asked for.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// It could not be written to the store, so it was not done.
    #[error("{0}")]
    NotKept(String),
}

impl ModelError {
    pub(crate) fn unknown(kind: &'static str, id: &impl fmt::Display) -> Self {
        Self::Unknown { kind, id: id.to_string() }
    }

    /// ngrok's code for it.
    pub fn code(&self) -> Code {
        match self {
            Self::Unknown { .. } => Code::NO_SUCH_RESOURCE,
            Self::Refused(refusal) => refusal.code,
            Self::NotKept(_) => Code::INTERNAL,
        }
    }
}

impl Model {
    pub(crate) fn new(
        origins: Origins,
        relying_party: gate::RelyingParty,
        sink: Sink<Event>,
    ) -> Result<Self, StoreError> {
        let Origins { domain, public_port, region, clock, accounts, store } = origins;
        let now = clock.now();
        let (keeping, configuration, vouchers) = match &store {
            Some(store) => {
                let (keeping, configuration, vouchers) = Keeping::begin(Arc::clone(store), accounts, now)?;
                (Some(keeping), configuration, vouchers)
            }
            None => {
                let accounts = accounts.into_iter().map(|account| entry(account, now)).collect();
                (None, Configuration { accounts, ..Configuration::default() }, Vouchers::new())
            }
        };
        let state = Mutex::new(State::new(configuration, Online::new(sink)));
        let tcp_host = domain.child("tcp").unwrap_or_else(|_| domain.clone());
        let inner = Inner {
            domain,
            tcp_host,
            public_port,
            region,
            clock,
            relying_party,
            vouchers,
            terminations: AtomicU64::new(0),
            state,
            keeping,
            inspector: Inspector::new(),
        };
        let model = Self { inner: Arc::new(inner) };
        if let Some(store) = store {
            model.guard_again().map_err(|reason| store.broken(reason))?;
        }
        Ok(model)
    }

    pub(crate) fn downgrade(&self) -> WeakModel {
        WeakModel { inner: Arc::downgrade(&self.inner) }
    }

    /// The domain that endpoints get their names under.
    pub fn domain(&self) -> &Host {
        &self.inner.domain
    }

    /// The public URL of a host, `https://host[:port]`; the port is left out where it is the scheme's own.
    pub fn url(&self, scheme: Scheme, host: &Host) -> String {
        self.url_at(scheme, &self.address(scheme, host))
    }

    /// The address of a host, spoken to so.
    pub(crate) fn address(&self, scheme: Scheme, host: &Host) -> HostPort {
        HostPort { host: host.clone(), port: self.port(scheme) }
    }

    /// The URL of an address; the port is left out where it is the scheme's own.
    pub(crate) fn url_at(&self, scheme: Scheme, at: &HostPort) -> String {
        match scheme.default_port() == Some(at.port) {
            true => format!("{scheme}://{}", at.host),
            false => format!("{scheme}://{at}"),
        }
    }

    /// The name that all `tcp` endpoints have; they differ in their ports.
    pub fn tcp_host(&self) -> &Host {
        &self.inner.tcp_host
    }

    /// The port in public `https` URLs.
    pub fn public_port(&self) -> u16 {
        self.inner.public_port
    }

    /// The port in public URLs of this scheme; none is common to those of `tcp`: 0.
    pub fn port(&self, scheme: Scheme) -> u16 {
        match scheme {
            Scheme::Http => 80,
            Scheme::Https | Scheme::Tls => self.inner.public_port,
            Scheme::Tcp => 0,
        }
    }

    /// How often a site has begun to ask clients for certificates: connections from before are looked at again.
    pub(crate) fn terminations(&self) -> u64 {
        self.inner.terminations.load(Ordering::Acquire)
    }

    pub(super) fn count_termination(&self) {
        self.inner.terminations.fetch_add(1, Ordering::AcqRel);
    }

    /// The region that agents and the API are told.
    pub fn region(&self) -> &str {
        &self.inner.region
    }

    /// Every session, whoever's.
    pub(crate) fn all_sessions(&self) -> Vec<Arc<AgentSession>> {
        self.lock().online.sessions().cloned().collect()
    }

    /// All accounts.
    pub fn accounts(&self) -> Vec<Account> {
        let state = self.lock();
        state.accounts.iter().map(|entry| self.handle(&entry.profile.id)).collect()
    }

    /// The account of that name.
    pub fn account_named(&self, name: &str) -> Option<Account> {
        let state = self.lock();
        let entry = state.accounts.iter().find(|entry| entry.profile.name == name)?;
        Some(self.handle(&entry.profile.id))
    }

    /// The account whose API key this is.
    pub fn account_of_api_key(&self, key: &str) -> Option<Account> {
        let state = self.lock();
        // Here and below every secret is compared, whichever matches, so that the time taken says nothing.
        let holds = |entry: &&AccountEntry| {
            entry.api_keys.iter().fold(false, |found, known| found | known.digest.is_of(key))
        };
        let entry = state.accounts.iter().filter(holds).reduce(|_, later| later)?;
        Some(self.handle(&entry.profile.id))
    }

    /// Who signs in with this name (in any case) and password.
    pub fn sign_in(&self, login: &str, password: &str) -> Option<SignedIn> {
        let state = self.lock();
        let logins =
            state.accounts.iter().flat_map(|entry| entry.logins.iter().map(move |login| (entry, login)));
        let (entry, (login, _)) = logins
            .filter(|(_, (known, secret))| secret.matches(password) & known.login.eq_ignore_ascii_case(login))
            .reduce(|_, later| later)?;
        Some(SignedIn { login: login.clone(), account: self.handle(&entry.profile.id) })
    }

    /// The account and credential that an authtoken stands for.
    pub(crate) fn credential_of(&self, token: &str) -> Option<(Account, CredentialId)> {
        let state = self.lock();
        let all =
            state.accounts.iter().flat_map(|entry| entry.credentials.iter().map(move |known| (entry, known)));
        let (entry, known) = all.filter(|(_, known)| known.token.matches(token)).reduce(|_, later| later)?;
        Some((self.handle(&entry.profile.id), known.id.clone()))
    }

    /// Stage time.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.inner.clock.now()
    }

    /// The gate of a host under these settings.
    pub(crate) fn gate(&self, host: &Host, settings: &gate::Settings) -> gate::Gate {
        self.inner.relying_party.gate(self.guarded(host), settings.clone())
    }

    /// Ends the sessions at these hosts that the Edge, as it is now, would not honour.
    pub(super) fn end_other_sessions(&self, entry: &EdgeEntry, hosts: &[Host]) {
        for host in hosts {
            let stays = entry.edge.hosts.contains(host);
            let settings = entry.sign_ins().filter(|_| stays).map(|(_, settings)| settings);
            self.inner.relying_party.end_other_sessions(&self.guarded(host), settings);
        }
    }

    /// Ends the sessions at this host that were made under other settings than these.
    pub(super) fn end_sessions_beside<'s>(
        &self,
        host: &Host,
        settings: impl IntoIterator<Item = &'s gate::Settings>,
    ) {
        self.inner.relying_party.end_other_sessions(&self.guarded(host), settings);
    }

    /// The endpoint that a gate of this host guards.
    fn guarded(&self, host: &Host) -> gate::Endpoint {
        gate::Endpoint::new(&self.url(Scheme::Https, host)).expect("a host with a port is an origin")
    }

    pub(crate) fn relying_party(&self) -> &gate::RelyingParty {
        &self.inner.relying_party
    }

    pub(super) fn inspector(&self) -> &Inspector {
        &self.inner.inspector
    }

    pub(super) fn vouchers(&self) -> &Vouchers {
        &self.inner.vouchers
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what is kept: all of it or nothing.
    pub(super) fn change<T>(
        &self,
        change: impl FnOnce(&mut State) -> Result<T, ModelError>,
    ) -> Result<T, ModelError> {
        let mut state = self.lock();
        let Some(keeping) = &self.inner.keeping else { return change(&mut state) };
        let before = state.configuration.clone();
        let done = change(&mut state)?;
        match keeping.write(&state.configuration) {
            Ok(()) => Ok(done),
            Err(error) => {
                state.configuration = before;
                Err(ModelError::NotKept(error.to_string()))
            }
        }
    }

    /// Refuses the names that are the edge's own.
    pub(super) fn check_unreserved(&self, host: &Host) -> Result<(), Refusal> {
        let domain = self.domain();
        let own = host == domain || OWN_NAMES.iter().any(|name| host.as_str() == format!("{name}.{domain}"));
        if own {
            return Err(Refusal::new(
                Code::NAME_RESERVED,
                format!("{host} is the edge's own; choose another name"),
            ));
        }
        Ok(())
    }

    fn handle(&self, id: &AccountId) -> Account {
        Account { model: self.clone(), id: id.clone() }
    }
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Model({})", self.inner.domain)
    }
}

impl Account {
    /// The account's identifier.
    pub fn id(&self) -> &AccountId {
        &self.id
    }

    /// The model that the account is in.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// What the account is called and what it may do.
    pub fn profile(&self) -> Result<Profile, ModelError> {
        Ok(self.model.lock().account(&self.id)?.profile.clone())
    }

    /// Gives the account the entitlement for OIDC, or takes it away; what is set up already stays.
    pub fn entitle_to_oidc(&self, entitled: bool) -> Result<(), ModelError> {
        self.model.change(|state| {
            state.account_mut(&self.id)?.profile.oidc = entitled;
            Ok(())
        })
    }
}

/// An account as it is set up.
pub(super) fn entry(account: NewAccount, now: DateTime<Utc>) -> AccountEntry {
    let credential = |token: Secret| Credential {
        id: CredentialId::random(),
        created_at: now,
        description: String::new(),
        metadata: String::new(),
        token,
        acl: Acl::default(),
    };
    let api_key = |token: Secret| ApiKey {
        id: ApiKeyId::random(),
        created_at: now,
        description: String::new(),
        metadata: String::new(),
        digest: TokenDigest::of(token.expose()),
    };
    AccountEntry {
        profile: Profile {
            id: AccountId::random(),
            name: account.name,
            plan: account.plan,
            oidc: account.oidc,
        },
        logins: account
            .logins
            .into_iter()
            .map(|new| (Login { id: LoginId::random(), login: new.login, role: new.role }, new.password))
            .collect(),
        credentials: account.authtokens.into_iter().map(credential).collect(),
        api_keys: account.api_keys.into_iter().map(api_key).collect(),
    }
}
