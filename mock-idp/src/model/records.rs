//! Where the objects are kept, with the indices by which they are found.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use chrono::{DateTime, Utc};
use ground::{Clock, Sink};

use super::api_token::ApiToken;
use super::app::App;
use super::assignment::Assigned;
use super::authorization_server::{AuthorizationServer, ServerName};
use super::consent::{Consent, ConsentKey};
use super::factor::Factors;
use super::group::Group;
use super::id::{AppId, GroupId, Minting, OrgId, PolicyId, UserId, ZoneId};
use super::log::{Entry, SystemLog};
use super::password::Recoveries;
use super::policy::{self, Policies};
use super::session::Sessions;
use super::threat::Threats;
use super::user::User;
use super::zone::Zone;
use super::{Actor, Cause, LogEvent, LogQuery, Page, Party};
use crate::Event;

/// The org's objects. Clones are the same org; no call waits for anything but a lock that is held for moments.
#[derive(Clone, Debug)]
pub struct Model {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    org: OrgId,
    everyone: GroupId,
    /// What new applications go by.
    default_access_policy: PolicyId,
    clock: Clock,
    minting: Minting,
    records: RwLock<Records>,
    sessions: Mutex<Sessions>,
    factors: Mutex<Factors>,
    recoveries: Mutex<Recoveries>,
    log: Mutex<SystemLog>,
    threats: Mutex<Threats>,
    sink: Sink<Event>,
}

/// All objects. Ids sort by age, so the maps' order is the order of lists.
#[derive(Debug, Default)]
pub(super) struct Records {
    pub(super) users: BTreeMap<UserId, Arc<User>>,
    /// By login in lower case: logins don't tell letter cases apart.
    pub(super) logins: HashMap<String, UserId>,
    /// When locked users are unlocked by themselves.
    pub(super) unlocks: BTreeSet<(DateTime<Utc>, UserId)>,
    pub(super) administrators: BTreeSet<UserId>,
    pub(super) groups: BTreeMap<GroupId, Arc<Group>>,
    pub(super) members: HashMap<GroupId, BTreeSet<UserId>>,
    pub(super) memberships: HashMap<UserId, BTreeSet<GroupId>>,
    pub(super) apps: BTreeMap<AppId, Arc<App>>,
    pub(super) assigned: HashMap<AppId, Assigned>,
    pub(super) authorization_servers: BTreeMap<ServerName, Arc<AuthorizationServer>>,
    pub(super) consents: BTreeMap<ConsentKey, Consent>,
    pub(super) api_tokens: Vec<ApiToken>,
    pub(super) zones: BTreeMap<ZoneId, Arc<Zone>>,
    pub(super) policies: Policies,
}

impl Model {
    /// An org with the built-in group and network zones, and nobody in them.
    pub(crate) fn new(clock: Clock, sink: Sink<Event>) -> Self {
        let minting = Minting::default();
        let now = clock.now();
        let org = OrgId::mint(&minting, now);
        let everyone = Group::everyone(GroupId::mint(&minting, now), now);
        let id = everyone.id.clone();
        let (policies, default_access_policy) = policy::found(&minting, now);
        let mut records = Records { policies, ..Records::default() };
        records.members.insert(id.clone(), BTreeSet::new());
        records.groups.insert(id.clone(), Arc::new(everyone));
        let servers =
            [AuthorizationServer::of_org(&minting, now), AuthorizationServer::default_custom(&minting, now)];
        records.authorization_servers =
            servers.map(|server| (server.name.clone(), Arc::new(server))).into_iter().collect();
        records.found_zones(&minting, now);
        let shared = Shared {
            org,
            everyone: id,
            default_access_policy,
            clock,
            minting,
            records: RwLock::new(records),
            sessions: Mutex::default(),
            factors: Mutex::default(),
            recoveries: Mutex::default(),
            log: Mutex::default(),
            threats: Mutex::new(Threats::new(now)),
            sink,
        };
        Self { shared: Arc::new(shared) }
    }

    /// The org's own identifier, which ID tokens name as `idp` for those who gave their password here.
    pub fn org_id(&self) -> &OrgId {
        &self.shared.org
    }

    /// The built-in group that every user is in.
    pub fn everyone(&self) -> &GroupId {
        &self.shared.everyone
    }

    /// The access policy that new applications go by.
    pub fn default_access_policy(&self) -> &PolicyId {
        &self.shared.default_access_policy
    }

    /// Searches the System Log. `next` of the page is always there once anything was found or `after` was given: the
    /// log is followed from it.
    pub fn log_events(&self, query: &LogQuery) -> Page<Arc<LogEvent>> {
        self.system_log().query(query, |_| true)
    }

    /// The same, of those events alone that `chosen` accepts.
    pub(crate) fn log_events_where(
        &self,
        query: &LogQuery,
        chosen: impl Fn(&LogEvent) -> bool,
    ) -> Page<Arc<LogEvent>> {
        self.system_log().query(query, chosen)
    }

    /// Says in the System Log what happened.
    pub(crate) fn log(&self, entry: Entry, cause: &Cause) {
        let actor = self.party_of(&cause.actor);
        let entry = self.with_suspicion(entry, cause);
        let event = Arc::new(entry.write(actor, cause, self.now()));
        // The lock is held while the listener is told, so that both have the same order.
        let mut log = self.system_log();
        log.append(Arc::clone(&event));
        self.shared.sink.emit(Event::Logged(event));
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.shared.clock.now()
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.shared.clock
    }

    pub(super) fn minting(&self) -> &Minting {
        &self.shared.minting
    }

    pub(super) fn read(&self) -> RwLockReadGuard<'_, Records> {
        self.shared.records.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn write(&self) -> RwLockWriteGuard<'_, Records> {
        self.shared.records.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.shared.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn factors(&self) -> MutexGuard<'_, Factors> {
        self.shared.factors.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn recoveries(&self) -> MutexGuard<'_, Recoveries> {
        self.shared.recoveries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn threats(&self) -> MutexGuard<'_, Threats> {
        self.shared.threats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn system_log(&self) -> MutexGuard<'_, SystemLog> {
        self.shared.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn party_of(&self, actor: &Actor) -> Party {
        let unknown = |kind, id: &str| Party::new(kind, id, "unknown", "unknown");
        let records = self.read();
        match actor {
            Actor::System => {
                Party::new("SystemPrincipal", &self.shared.org, "system@okta.com", "Okta System")
            }
            Actor::User(user) | Actor::ApiToken { owner: user, .. } => {
                records.users.get(user).map_or_else(|| unknown("User", user.as_str()), |user| user.party())
            }
            Actor::Unknown { login } => Party::new("User", "unknown", login, "unknown"),
            Actor::Address(address) => Party::new("IP address", address, "unknown", address.to_string()),
            Actor::App(app) => match records.apps.get(app) {
                Some(app) => Party::new("PublicClientApp", &app.id, "unknown", &app.label),
                None => unknown("PublicClientApp", app.as_str()),
            },
        }
    }
}
