//! Access policies of custom authorization servers: which clients get which tokens, about whom, and how long they are
//! good. A server without any gives no tokens, as at Okta.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::id::Minting;
use super::log::{Entry, EventType};
use super::{
    AppId, AuthorizationServer, AuthorizationServerId, Cause, GrantType, GroupId, Model, ModelError, Party,
    PolicyId, PolicyStatus, RuleId, ServerName, TokenLifetimes, UserId,
};

/// An access policy. Its place among its server's is its priority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerPolicy {
    /// Its identifier.
    pub id: PolicyId,
    /// Whether it was there from the start, and can't be taken away.
    pub system: bool,
    /// What it says.
    pub says: ServerPolicySettings,
    /// Its rules, first by priority first.
    pub rules: Vec<ServerRule>,
    /// When it was made, in stage time.
    pub created: DateTime<Utc>,
    /// When anything of it last changed, in stage time.
    pub last_updated: DateTime<Utc>,
}

/// What can be said of an access policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerPolicySettings {
    /// Its name, 1 to 50 characters.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Whether it counts.
    pub status: PolicyStatus,
    /// For which clients it is; for all when empty.
    pub clients: BTreeSet<AppId>,
}

/// A rule of an access policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerRule {
    /// Its identifier.
    pub id: RuleId,
    /// Whether it was there from the start, and can't be taken away.
    pub system: bool,
    /// What it says.
    pub says: ServerRuleSettings,
    /// When it was made, in stage time.
    pub created: DateTime<Utc>,
    /// When anything of it last changed, in stage time.
    pub last_updated: DateTime<Utc>,
}

/// What can be said of a rule. All of its conditions hold together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerRuleSettings {
    /// Its name, 1 to 50 characters.
    pub name: String,
    /// Whether it counts.
    pub status: PolicyStatus,
    /// By which grants, by the protocol's names; Okta has some that this org knows by name alone.
    pub grant_types: Vec<String>,
    /// About whom.
    pub people: People,
    /// Which scopes may be asked for; any when absent.
    pub scopes: Option<Vec<String>>,
    /// How long the tokens are good.
    pub lifetimes: TokenLifetimes,
}

/// About whom a rule lets clients have tokens. Tokens about nobody are none of its business.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum People {
    /// Everyone.
    All,
    /// These, and the members of these groups.
    Some(BTreeSet<UserId>, BTreeSet<GroupId>),
}

/// What a client asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TokenRequest<'a> {
    pub(crate) app: &'a AppId,
    pub(crate) grant: GrantType,
    pub(crate) user: Option<&'a UserId>,
    pub(crate) scopes: &'a [String],
}

/// As many policies of a server, and rules of a policy.
const MOST: usize = 100;

/// In characters.
const LONGEST_NAME: usize = 50;

/// How long tokens are good unless a rule says otherwise: an hour, and refresh tokens a week from use to use.
pub(super) const USUAL_LIFETIMES: TokenLifetimes =
    TokenLifetimes { access_token: TimeDelta::hours(1), refresh_token_idle: TimeDelta::days(7) };

impl ServerPolicy {
    /// The policy of the server that every org has from the start: everybody gets everything.
    pub(super) fn founding(minting: &Minting, now: DateTime<Utc>) -> Self {
        let says = ServerPolicySettings {
            name: "Default Policy".to_owned(),
            description: "Default policy for all clients".to_owned(),
            status: PolicyStatus::Active,
            clients: BTreeSet::new(),
        };
        let rule = ServerRuleSettings {
            name: "Default Policy Rule".to_owned(),
            status: PolicyStatus::Active,
            grant_types: GrantType::ALL.iter().map(|grant| grant.name().to_owned()).collect(),
            people: People::All,
            scopes: None,
            lifetimes: USUAL_LIFETIMES,
        };
        let rule = ServerRule::new(RuleId::mint(minting, now), rule, now);
        Self { rules: vec![rule], ..Self::new(PolicyId::mint(minting, now), says, now) }
    }

    fn new(id: PolicyId, says: ServerPolicySettings, now: DateTime<Utc>) -> Self {
        Self { id, system: false, says, rules: Vec::new(), created: now, last_updated: now }
    }

    /// One of its rules.
    ///
    /// # Errors
    /// When it has no such rule.
    pub fn rule(&self, id: &RuleId) -> Result<&ServerRule, ModelError> {
        self.rules.iter().find(|rule| rule.id == *id).ok_or_else(|| ModelError::not_found("PolicyRule", id))
    }

    fn party(&self) -> Party {
        Party::new("PolicyEntity", &self.id, "unknown", &self.says.name)
    }

    fn is_for(&self, app: &AppId) -> bool {
        let clients = &self.says.clients;
        self.says.status == PolicyStatus::Active && (clients.is_empty() || clients.contains(app))
    }
}

impl ServerRule {
    fn new(id: RuleId, says: ServerRuleSettings, now: DateTime<Utc>) -> Self {
        Self { id, system: false, says, created: now, last_updated: now }
    }
}

impl ServerRuleSettings {
    fn grants(&self, request: &TokenRequest<'_>, groups: &BTreeSet<GroupId>) -> bool {
        let person = match (&self.people, request.user) {
            (People::All, _) | (_, None) => true,
            (People::Some(users, of), Some(user)) => users.contains(user) || !of.is_disjoint(groups),
        };
        let scopes = self
            .scopes
            .as_ref()
            .is_none_or(|scopes| request.scopes.iter().all(|asked| scopes.contains(asked)));
        self.status == PolicyStatus::Active
            && self.grant_types.iter().any(|grant| grant == request.grant.name())
            && person
            && scopes
    }
}

impl AuthorizationServer {
    /// The access policy of this id.
    ///
    /// # Errors
    /// When the server has none such.
    pub fn policy(&self, id: &PolicyId) -> Result<&ServerPolicy, ModelError> {
        let found = self.policies.iter().find(|policy| policy.id == *id);
        found.ok_or_else(|| ModelError::not_found("Policy", id))
    }

    fn policy_mut(&mut self, id: &PolicyId) -> Result<&mut ServerPolicy, ModelError> {
        let found = self.policies.iter_mut().find(|policy| policy.id == *id);
        found.ok_or_else(|| ModelError::not_found("Policy", id))
    }
}

impl Model {
    /// How long the tokens are good that a server lets a client have: its own for everything that the org's server
    /// grants, at a custom one what the first rule says that fits. Nothing when none does.
    pub(crate) fn token_lifetimes(
        &self,
        server: &AuthorizationServer,
        request: &TokenRequest<'_>,
    ) -> Option<TokenLifetimes> {
        if server.name == ServerName::Org {
            return Some(server.lifetimes);
        }
        let groups = request.user.map(|user| self.groups_of(user)).unwrap_or_default();
        let groups: BTreeSet<GroupId> = groups.iter().map(|group| group.id.clone()).collect();
        let policies = server.policies.iter().filter(|policy| policy.is_for(request.app));
        let mut rules = policies.flat_map(|policy| &policy.rules);
        rules.find(|rule| rule.says.grants(request, &groups)).map(|rule| rule.says.lifetimes)
    }

    /// Gives a custom server an access policy, or has one say something else. `place` is its priority, from 1; the last
    /// of all when absent.
    ///
    /// # Errors
    /// When there is no such server or policy, what it shall say is not acceptable, or there are a hundred already.
    pub fn put_server_policy(
        &self,
        server: &AuthorizationServerId,
        id: Option<&PolicyId>,
        says: ServerPolicySettings,
        place: Option<u32>,
        cause: &Cause,
    ) -> Result<ServerPolicy, ModelError> {
        let now = self.now();
        check_name(&says.name)?;
        if says.clients.iter().any(|client| self.app(client).is_none()) {
            return Err(ModelError::invalid("clients", "There is no such client"));
        }
        let event = if id.is_some() { EventType::PolicyUpdate } else { EventType::PolicyCreate };
        self.change_policies(server, event, cause, |server| {
            let other = |policy: &&ServerPolicy| Some(&policy.id) != id;
            if server.policies.iter().filter(other).any(|policy| policy.says.name == says.name) {
                return Err(ModelError::invalid("name", "Policy name already in use"));
            }
            let policy = match id {
                Some(id) => ServerPolicy { says, last_updated: now, ..server.policy(id)?.clone() },
                None => ServerPolicy::new(PolicyId::mint(self.minting(), now), says, now),
            };
            put(&mut server.policies, policy.clone(), place, |policy| &policy.id)?;
            Ok(policy)
        })
    }

    /// Lets an access policy count, or count no longer.
    ///
    /// # Errors
    /// When there is no such server or policy.
    pub fn set_server_policy_status(
        &self,
        server: &AuthorizationServerId,
        id: &PolicyId,
        status: PolicyStatus,
        cause: &Cause,
    ) -> Result<(), ModelError> {
        let (now, event) = (self.now(), status_event(status));
        let changed = self.change_policies(server, event, cause, |server| {
            let policy = server.policy_mut(id)?;
            (policy.says.status, policy.last_updated) = (status, now);
            Ok(policy.clone())
        });
        changed.map(drop)
    }

    /// Takes an access policy away.
    ///
    /// # Errors
    /// When there is no such server or policy.
    pub fn delete_server_policy(
        &self,
        server: &AuthorizationServerId,
        id: &PolicyId,
        cause: &Cause,
    ) -> Result<(), ModelError> {
        let deleted = self.change_policies(server, EventType::PolicyDelete, cause, |server| {
            let policy = server.policy(id)?.clone();
            server.policies.retain(|known| known.id != *id);
            Ok(policy)
        });
        deleted.map(drop)
    }

    /// Gives an access policy a rule, or has one say something else. `place` is its priority, from 1; the last of all
    /// when absent.
    ///
    /// # Errors
    /// When there is no such server, policy or rule, what it shall say is not acceptable, or there are a hundred already.
    pub fn put_server_rule(
        &self,
        server: &AuthorizationServerId,
        policy: &PolicyId,
        id: Option<&RuleId>,
        says: ServerRuleSettings,
        place: Option<u32>,
        cause: &Cause,
    ) -> Result<ServerRule, ModelError> {
        let now = self.now();
        check_name(&says.name)?;
        self.check_people(&says.people)?;
        let event = if id.is_some() { EventType::PolicyRuleUpdate } else { EventType::PolicyRuleAdd };
        let mut put_rule = None;
        self.change_policies(server, event, cause, |server| {
            let known = |scope: &String| server.scope(scope).is_some();
            if !says.scopes.iter().flatten().all(known) {
                return Err(ModelError::invalid("scopes", "There is no such scope"));
            }
            let policy = server.policy_mut(policy)?;
            let other = |rule: &&ServerRule| Some(&rule.id) != id;
            if policy.rules.iter().filter(other).any(|rule| rule.says.name == says.name) {
                return Err(ModelError::invalid("name", "Policy rule name already in use"));
            }
            let rule = match id {
                Some(id) => ServerRule { says, last_updated: now, ..policy.rule(id)?.clone() },
                None => ServerRule::new(RuleId::mint(self.minting(), now), says, now),
            };
            put_rule = Some(rule.clone());
            put(&mut policy.rules, rule, place, |rule| &rule.id)?;
            policy.last_updated = now;
            Ok(policy.clone())
        })?;
        put_rule.ok_or_else(|| ModelError::not_found("PolicyRule", ""))
    }

    /// Lets a rule of an access policy count, or count no longer.
    ///
    /// # Errors
    /// When there is no such server, policy or rule.
    pub fn set_server_rule_status(
        &self,
        server: &AuthorizationServerId,
        policy: &PolicyId,
        id: &RuleId,
        status: PolicyStatus,
        cause: &Cause,
    ) -> Result<(), ModelError> {
        let now = self.now();
        let event = match status {
            PolicyStatus::Active => EventType::PolicyRuleActivate,
            PolicyStatus::Inactive => EventType::PolicyRuleDeactivate,
        };
        let changed = self.change_policies(server, event, cause, |server| {
            let policy = server.policy_mut(policy)?;
            let rule = policy.rules.iter_mut().find(|rule| rule.id == *id);
            let rule = rule.ok_or_else(|| ModelError::not_found("PolicyRule", id))?;
            (rule.says.status, rule.last_updated) = (status, now);
            Ok(policy.clone())
        });
        changed.map(drop)
    }

    /// Takes a rule of an access policy away.
    ///
    /// # Errors
    /// When there is no such server, policy or rule.
    pub fn delete_server_rule(
        &self,
        server: &AuthorizationServerId,
        policy: &PolicyId,
        id: &RuleId,
        cause: &Cause,
    ) -> Result<(), ModelError> {
        let changed = self.change_policies(server, EventType::PolicyRuleDelete, cause, |server| {
            let policy = server.policy_mut(policy)?;
            policy.rule(id)?;
            policy.rules.retain(|known| known.id != *id);
            Ok(policy.clone())
        });
        changed.map(drop)
    }

    fn change_policies(
        &self,
        server: &AuthorizationServerId,
        event: EventType,
        cause: &Cause,
        change: impl FnOnce(&mut AuthorizationServer) -> Result<ServerPolicy, ModelError>,
    ) -> Result<ServerPolicy, ModelError> {
        let mut outcome = None;
        let changed = self.change_server(&ServerName::Custom(server.clone()), |server| {
            outcome = Some(change(server)?);
            Ok(())
        })?;
        let policy = outcome.ok_or_else(|| ModelError::not_found("Policy", ""))?;
        self.log(Entry::of(event).to(changed.party()).to(policy.party()), cause);
        Ok(policy)
    }

    fn check_people(&self, people: &People) -> Result<(), ModelError> {
        let People::Some(users, groups) = people else { return Ok(()) };
        if users.iter().any(|user| self.user(user).is_none()) {
            return Err(ModelError::invalid("people.users", "There is no such user"));
        }
        if groups.iter().any(|group| self.group(group).is_none()) {
            return Err(ModelError::invalid("people.groups", "There is no such group"));
        }
        Ok(())
    }
}

fn status_event(status: PolicyStatus) -> EventType {
    match status {
        PolicyStatus::Active => EventType::PolicyActivate,
        PolicyStatus::Inactive => EventType::PolicyDeactivate,
    }
}

/// Puts something in its place, from 1; where it stood when none is given, and a new one last.
fn put<T, I: PartialEq>(
    list: &mut Vec<T>,
    item: T,
    place: Option<u32>,
    id: fn(&T) -> &I,
) -> Result<(), ModelError> {
    let stood = list.iter().position(|known| id(known) == id(&item));
    if stood.is_none() && list.len() >= MOST {
        return Err(ModelError::Unsuitable("There are as many as there can be"));
    }
    if let Some(stood) = stood {
        list.remove(stood);
    }
    let wanted = place.map(|place| place.saturating_sub(1) as usize).or(stood).unwrap_or(list.len());
    list.insert(wanted.min(list.len()), item);
    Ok(())
}

fn check_name(name: &str) -> Result<(), ModelError> {
    match name.chars().count() {
        1..=LONGEST_NAME => Ok(()),
        _ => Err(ModelError::invalid("name", "The name must have 1 to 50 characters")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ground::{Clock, Sink};

    fn rule(name: &str, people: People, scopes: Option<&[&str]>, minutes: i64) -> ServerRuleSettings {
        ServerRuleSettings {
            name: name.to_owned(),
            status: PolicyStatus::Active,
            grant_types: vec!["authorization_code".to_owned()],
            people,
            scopes: scopes.map(|scopes| scopes.iter().map(|scope| (*scope).to_owned()).collect()),
            lifetimes: TokenLifetimes { access_token: TimeDelta::minutes(minutes), ..USUAL_LIFETIMES },
        }
    }

    #[test]
    fn the_first_rule_that_fits_says_how_long_and_without_any_there_is_nothing() {
        let (model, cause) = (Model::new(Clock::new(), Sink::forgetful()), Cause::system());
        let made = model.create_authorization_server("Pets", "", "api://pets", &cause).unwrap();
        let ServerName::Custom(id) = &made.name else { panic!("{made:?}") };
        let client =
            model.create_app(super::super::NewApp::web("app", "https://app.test/cb"), &cause).unwrap();
        let user = UserId::new("00u1");
        let openid = ["openid".to_owned()];
        let minutes = |grant, scopes: &[String]| {
            let server = model.authorization_server(&made.name).unwrap();
            let request = TokenRequest { app: &client.id, grant, user: Some(&user), scopes };
            model.token_lifetimes(&server, &request).map(|it| it.access_token.num_minutes())
        };
        let code = GrantType::AuthorizationCode;
        assert_eq!(minutes(code, &openid), None);
        let says = |name: &str, clients: &[&AppId]| ServerPolicySettings {
            name: name.to_owned(),
            description: String::new(),
            status: PolicyStatus::Active,
            clients: clients.iter().map(|client| (*client).clone()).collect(),
        };
        let all = model.put_server_policy(id, None, says("All", &[]), None, &cause).unwrap();
        assert_eq!(minutes(code, &openid), None, "a policy without rules");
        let put =
            |policy: &PolicyId, says, place| model.put_server_rule(id, policy, None, says, place, &cause);
        put(&all.id, rule("Anyone", People::All, None, 60), None).unwrap();
        assert_eq!(minutes(code, &openid), Some(60));
        assert_eq!(minutes(GrantType::Implicit, &openid), None);
        put(&all.id, rule("OpenID", People::All, Some(&["openid"]), 10), Some(1)).unwrap();
        assert_eq!(minutes(code, &openid), Some(10));
        assert_eq!(minutes(code, &["openid".to_owned(), "email".to_owned()]), Some(60));
        let own = model.put_server_policy(id, None, says("Own", &[&client.id]), Some(1), &cause).unwrap();
        let nobody = People::Some(BTreeSet::new(), BTreeSet::new());
        let mine = put(&own.id, rule("Mine", nobody, None, 5), None).unwrap();
        assert_eq!(minutes(code, &openid), Some(10), "nobody is in it");
        let anyone = ServerRuleSettings { people: People::All, ..mine.says };
        model.put_server_rule(id, &own.id, Some(&mine.id), anyone, None, &cause).unwrap();
        assert_eq!(minutes(code, &openid), Some(5));
        model.set_server_policy_status(id, &own.id, PolicyStatus::Inactive, &cause).unwrap();
        assert_eq!(minutes(code, &openid), Some(10));
        for refused in [
            put(&all.id, rule("Anyone", People::All, None, 60), None),
            put(&all.id, rule("", People::All, None, 60), None),
            put(&all.id, rule("Fish", People::All, Some(&["fish"]), 60), None),
            put(&all.id, rule("Them", People::Some([user.clone()].into(), BTreeSet::new()), None, 60), None),
            put(&PolicyId::new("00p0"), rule("Else", People::All, None, 60), None),
        ] {
            refused.unwrap_err();
        }
        model.put_server_policy(id, None, says("All", &[]), None, &cause).unwrap_err();
        model.put_server_policy(id, None, says("X", &[&AppId::new("0oa0")]), None, &cause).unwrap_err();
    }
}
