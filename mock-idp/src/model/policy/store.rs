//! Keeping policies, in their order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::bounds::check_times;
use super::data::{
    Actions, Choice, Network, NewPolicy, NewRule, Policy, PolicyKind, PolicySettings, PolicyStatus, Rule,
};
use crate::model::log::{Entry, EventType};
use crate::model::records::Records;
use crate::model::{AppId, Cause, GroupId, Model, ModelError, Party, PasswordSettings, PolicyId, RuleId};

/// Far more policies than an org has, and rules than a policy has.
const MOST: usize = 500;

/// In characters.
const LONGEST_NAME: usize = 50;

/// The policies of an org.
#[derive(Debug, Default)]
pub(in crate::model) struct Policies {
    by_id: BTreeMap<PolicyId, Arc<Policy>>,
    /// Of all kinds, first by priority first.
    order: Vec<PolicyId>,
}

impl Policies {
    /// Those of a kind, first by priority first.
    pub(super) fn of(&self, kind: PolicyKind) -> impl Iterator<Item = &Policy> {
        self.arcs(kind).map(|policy| &**policy)
    }

    pub(super) fn get(&self, id: &PolicyId) -> Option<&Policy> {
        self.by_id.get(id).map(|policy| &**policy)
    }

    /// Puts a policy in its place: where `place` says (from 1), but never behind the system's own.
    pub(super) fn put(&mut self, policy: Policy, place: Option<u32>) {
        let (id, kind) = (policy.id.clone(), policy.kind);
        let system = policy.system;
        self.by_id.insert(id.clone(), Arc::new(policy));
        self.order.retain(|known| *known != id);
        let of_kind: Vec<PolicyId> = self.arcs(kind).map(|policy| policy.id.clone()).collect();
        let last = of_kind.iter().filter(|known| !self.by_id[*known].system || system).count();
        let place = place.map_or(last, |place| last.min(place.saturating_sub(1) as usize));
        let before = of_kind.get(place);
        let index = before.and_then(|before| self.order.iter().position(|known| known == before));
        self.order.insert(index.unwrap_or(self.order.len()), id);
        self.number(kind);
    }

    fn remove(&mut self, id: &PolicyId) {
        if let Some(policy) = self.by_id.remove(id) {
            self.order.retain(|known| known != id);
            self.number(policy.kind);
        }
    }

    fn arcs(&self, kind: PolicyKind) -> impl Iterator<Item = &Arc<Policy>> {
        self.order.iter().filter_map(|id| self.by_id.get(id)).filter(move |policy| policy.kind == kind)
    }

    fn number(&mut self, kind: PolicyKind) {
        let ids: Vec<PolicyId> = self.arcs(kind).map(|policy| policy.id.clone()).collect();
        for (id, priority) in ids.iter().zip(1..) {
            if let Some(policy) = self.by_id.get_mut(id).filter(|policy| policy.priority != priority) {
                Arc::make_mut(policy).priority = priority;
            }
        }
    }
}

impl Policy {
    /// Puts a rule in its place: where `place` says (from 1), but never behind the system's own.
    pub(super) fn put(&mut self, rule: Rule, place: Option<u32>) {
        self.rules.retain(|known| known.id != rule.id);
        let last = self.rules.iter().filter(|known| !known.system || rule.system).count();
        let place = place.map_or(last, |place| last.min(place.saturating_sub(1) as usize));
        self.rules.insert(place, rule);
        self.number();
    }

    fn number(&mut self) {
        for (rule, priority) in self.rules.iter_mut().zip(1..) {
            rule.priority = priority;
        }
    }

    fn party(&self) -> Party {
        Party::new("PolicyEntity", &self.id, "unknown", &self.name)
    }
}

impl Rule {
    fn party(&self) -> Party {
        Party::new("PolicyRule", &self.id, "unknown", &self.name)
    }
}

impl Model {
    /// The policies of a kind, first by priority first.
    pub fn policies(&self, kind: PolicyKind) -> Vec<Arc<Policy>> {
        self.read().policies.arcs(kind).map(Arc::clone).collect()
    }

    /// The policy of this id.
    pub fn policy(&self, id: &PolicyId) -> Option<Arc<Policy>> {
        self.read().policies.by_id.get(id).map(Arc::clone)
    }

    /// Makes a policy. It has no rules, so that it applies to nobody yet; but an access policy gets a rule that fits
    /// everybody, as at Okta.
    ///
    /// # Errors
    /// When its name, groups or settings are not acceptable, or there are 500 already.
    pub fn create_policy(&self, new: NewPolicy, cause: &Cause) -> Result<Arc<Policy>, ModelError> {
        let now = self.now();
        let mut records = self.write();
        check_policy(&records, &new, None)?;
        if records.policies.by_id.len() >= MOST {
            return Err(ModelError::Unsuitable("The org has as many policies as it can"));
        }
        let (id, place) = (PolicyId::mint_for(new.kind, self.minting(), now), new.priority);
        let mut policy = Policy {
            id: id.clone(),
            kind: new.kind,
            name: new.name,
            description: new.description,
            priority: 0,
            status: new.status,
            system: false,
            groups: new.groups,
            settings: new.settings,
            rules: Vec::new(),
            created: now,
            last_updated: now,
        };
        if policy.kind == PolicyKind::Access {
            policy.put(super::founding::catch_all(RuleId::mint(self.minting(), now), now), None);
        }
        records.policies.put(policy, place);
        self.changed(records, &id, EventType::PolicyCreate, cause)
    }

    /// Replaces what a policy says; its rules stay.
    ///
    /// # Errors
    /// When there is no such policy, it is the system's own and would not be everybody's any more, or what it shall say
    /// is not acceptable.
    pub fn update_policy(
        &self,
        id: &PolicyId,
        new: NewPolicy,
        cause: &Cause,
    ) -> Result<Arc<Policy>, ModelError> {
        let now = self.now();
        let mut records = self.write();
        check_policy(&records, &new, Some(id))?;
        let mut policy = existing(&records, id)?;
        if policy.kind != new.kind {
            return Err(ModelError::invalid("type", "The type of a policy can't be changed"));
        }
        if policy.system && (new.status != policy.status || new.groups != policy.groups) {
            return Err(ModelError::Unsuitable("The default policy applies to everyone"));
        }
        let place = new.priority.or(Some(policy.priority)).filter(|_| !policy.system);
        policy = Policy {
            name: new.name,
            description: new.description,
            status: new.status,
            groups: new.groups,
            settings: new.settings,
            last_updated: now,
            ..policy
        };
        records.policies.put(policy, place);
        self.changed(records, id, EventType::PolicyUpdate, cause)
    }

    /// Lets a policy count, or count no longer.
    ///
    /// # Errors
    /// When there is no such policy, or it is the system's own and would not count.
    pub fn set_policy_status(
        &self,
        id: &PolicyId,
        status: PolicyStatus,
        cause: &Cause,
    ) -> Result<Arc<Policy>, ModelError> {
        let mut records = self.write();
        let policy = existing(&records, id)?;
        if policy.system && status == PolicyStatus::Inactive {
            return Err(ModelError::Unsuitable("The default policy can't be deactivated"));
        }
        records.policies.put(
            Policy { status, last_updated: self.now(), ..policy.clone() },
            Some(policy.priority).filter(|_| !policy.system),
        );
        let event = match status {
            PolicyStatus::Active => EventType::PolicyActivate,
            PolicyStatus::Inactive => EventType::PolicyDeactivate,
        };
        self.changed(records, id, event, cause)
    }

    /// Takes a policy away.
    ///
    /// # Errors
    /// When there is no such policy, it is the system's own, or an application goes by it.
    pub fn delete_policy(&self, id: &PolicyId, cause: &Cause) -> Result<(), ModelError> {
        let mut records = self.write();
        let policy = existing(&records, id)?;
        if policy.system {
            return Err(ModelError::Unsuitable("The default policy can't be deleted"));
        }
        if records.apps.values().any(|app| app.access_policy == *id) {
            return Err(ModelError::Unsuitable("The policy is assigned to an application"));
        }
        records.policies.remove(id);
        drop(records);
        self.log(Entry::of(EventType::PolicyDelete).to(policy.party()), cause);
        Ok(())
    }

    /// Makes a policy with the same settings and rules, last in order; no application goes by it yet.
    ///
    /// # Errors
    /// When there is no such policy, or there are 500 already.
    pub fn clone_policy(&self, id: &PolicyId, cause: &Cause) -> Result<Arc<Policy>, ModelError> {
        let now = self.now();
        let mut records = self.write();
        let original = existing(&records, id)?;
        if records.policies.by_id.len() >= MOST {
            return Err(ModelError::Unsuitable("The org has as many policies as it can"));
        }
        let taken = |name: &String| records.policies.of(original.kind).any(|known| known.name == *name);
        let copy = |rule: &Rule| Rule {
            id: RuleId::mint(self.minting(), now),
            // Only an access policy keeps a rule for everyone of its own.
            system: rule.system && original.kind == PolicyKind::Access,
            created: now,
            last_updated: now,
            ..rule.clone()
        };
        let copy = Policy {
            id: PolicyId::mint_for(original.kind, self.minting(), now),
            name: names_of_copies(&original.name).find(|name| !taken(name)).unwrap_or_default(),
            system: false,
            created: now,
            last_updated: now,
            rules: original.rules.iter().map(copy).collect(),
            ..original
        };
        let copied = copy.id.clone();
        records.policies.put(copy, None);
        self.changed(records, &copied, EventType::PolicyCreate, cause)
    }

    /// Adds a rule to a policy.
    ///
    /// # Errors
    /// When there is no such policy, the rule is not acceptable in it, or it has 500 already.
    pub fn create_rule(&self, id: &PolicyId, new: NewRule, cause: &Cause) -> Result<Rule, ModelError> {
        let now = self.now();
        let records = self.write();
        let mut policy = existing(&records, id)?;
        check_rule(&records, &policy, &new, None)?;
        if policy.rules.len() >= MOST {
            return Err(ModelError::Unsuitable("The policy has as many rules as it can"));
        }
        let (rule, place) = (RuleId::mint(self.minting(), now), new.priority);
        policy.put(
            Rule {
                id: rule.clone(),
                name: new.name,
                priority: 0,
                status: new.status,
                system: false,
                conditions: new.conditions,
                actions: new.actions,
                created: now,
                last_updated: now,
            },
            place,
        );
        self.changed_rule(records, policy, &rule, EventType::PolicyRuleAdd, cause)
    }

    /// Replaces what a rule says.
    ///
    /// # Errors
    /// When there is no such policy or rule, it is the system's own and would not fit everybody any more, or what it
    /// shall say is not acceptable.
    pub fn update_rule(
        &self,
        id: &PolicyId,
        rule: &RuleId,
        new: NewRule,
        cause: &Cause,
    ) -> Result<Rule, ModelError> {
        let records = self.write();
        let mut policy = existing(&records, id)?;
        let before = policy.rule(rule)?.clone();
        check_rule(&records, &policy, &new, Some(rule))?;
        if before.system && (new.conditions != before.conditions || new.status != before.status) {
            return Err(ModelError::Unsuitable("The default rule applies to everyone"));
        }
        let place = new.priority.or(Some(before.priority)).filter(|_| !before.system);
        let NewRule { name, status, conditions, actions, .. } = new;
        policy.put(Rule { name, status, conditions, actions, last_updated: self.now(), ..before }, place);
        self.changed_rule(records, policy, rule, EventType::PolicyRuleUpdate, cause)
    }

    /// Lets a rule count, or count no longer.
    ///
    /// # Errors
    /// When there is no such policy or rule, or it is the system's own and would not count.
    pub fn set_rule_status(
        &self,
        id: &PolicyId,
        rule: &RuleId,
        status: PolicyStatus,
        cause: &Cause,
    ) -> Result<Rule, ModelError> {
        let records = self.write();
        let mut policy = existing(&records, id)?;
        let before = policy.rule(rule)?.clone();
        if before.system && status == PolicyStatus::Inactive {
            return Err(ModelError::Unsuitable("The default rule can't be deactivated"));
        }
        let place = Some(before.priority).filter(|_| !before.system);
        policy.put(Rule { status, last_updated: self.now(), ..before }, place);
        let event = match status {
            PolicyStatus::Active => EventType::PolicyRuleActivate,
            PolicyStatus::Inactive => EventType::PolicyRuleDeactivate,
        };
        self.changed_rule(records, policy, rule, event, cause)
    }

    /// Takes a rule away.
    ///
    /// # Errors
    /// When there is no such policy or rule, or it is the system's own.
    pub fn delete_rule(&self, id: &PolicyId, rule: &RuleId, cause: &Cause) -> Result<(), ModelError> {
        let mut records = self.write();
        let mut policy = existing(&records, id)?;
        let gone = policy.rule(rule)?.clone();
        if gone.system {
            return Err(ModelError::Unsuitable("The default rule can't be deleted"));
        }
        policy.rules.retain(|known| known.id != *rule);
        policy.number();
        let party = policy.party();
        records.policies.replace(policy);
        drop(records);
        self.log(Entry::of(EventType::PolicyRuleDelete).to(party).to(gone.party()), cause);
        Ok(())
    }

    /// Lets an application go by another access policy.
    ///
    /// # Errors
    /// When there is no such application or no such access policy.
    pub fn set_access_policy(&self, app: &AppId, policy: &PolicyId, cause: &Cause) -> Result<(), ModelError> {
        let mut records = self.write();
        let found = existing(&records, policy)?;
        if found.kind != PolicyKind::Access {
            return Err(ModelError::not_found("Policy", policy));
        }
        let known = records.apps.get_mut(app).ok_or_else(|| ModelError::not_found("AppInstance", app))?;
        Arc::make_mut(known).access_policy = policy.clone();
        let party = known.party();
        drop(records);
        self.log(Entry::of(EventType::AppPolicyUpdate).to(party).to(found.party()), cause);
        Ok(())
    }

    fn changed(
        &self,
        records: std::sync::RwLockWriteGuard<'_, Records>,
        id: &PolicyId,
        event: EventType,
        cause: &Cause,
    ) -> Result<Arc<Policy>, ModelError> {
        let policy = records.policies.by_id.get(id).map(Arc::clone);
        drop(records);
        let policy = policy.ok_or_else(|| ModelError::not_found("Policy", id))?;
        self.log(Entry::of(event).to(policy.party()), cause);
        Ok(policy)
    }

    fn changed_rule(
        &self,
        mut records: std::sync::RwLockWriteGuard<'_, Records>,
        policy: Policy,
        rule: &RuleId,
        event: EventType,
        cause: &Cause,
    ) -> Result<Rule, ModelError> {
        let (party, rule) = (policy.party(), policy.rule(rule)?.clone());
        records.policies.replace(policy);
        drop(records);
        self.log(Entry::of(event).to(party).to(rule.party()), cause);
        Ok(rule)
    }
}

impl Policies {
    /// What the first password policy says that is for somebody in these groups; the default one where they are unknown.
    pub(in crate::model) fn password_settings(
        &self,
        groups: Option<&BTreeSet<GroupId>>,
    ) -> Arc<PasswordSettings> {
        let fits = |policy: &&Policy| {
            policy.status == PolicyStatus::Active
                && (policy.groups.is_empty()
                    || groups.is_some_and(|groups| !policy.groups.is_disjoint(groups)))
        };
        let settings = self.of(PolicyKind::Password).find(fits).map(|policy| &policy.settings);
        match settings {
            Some(PolicySettings::Password(settings)) => Arc::clone(settings),
            _ => Arc::default(),
        }
    }

    pub(in crate::model) fn set_default_password_settings(&mut self, settings: PasswordSettings) {
        let default = self.of(PolicyKind::Password).find(|policy| policy.system).cloned();
        if let Some(policy) = default {
            self.replace(Policy { settings: PolicySettings::Password(Arc::new(settings)), ..policy });
        }
    }

    /// The same policy, said anew.
    fn replace(&mut self, policy: Policy) {
        self.by_id.insert(policy.id.clone(), Arc::new(policy));
    }
}

impl Rule {
    /// What would make it the same again, in the same place.
    pub(crate) fn as_new(&self) -> NewRule {
        NewRule {
            name: self.name.clone(),
            priority: Some(self.priority).filter(|_| !self.system),
            status: self.status,
            conditions: self.conditions.clone(),
            actions: self.actions.clone(),
        }
    }
}

impl Policy {
    /// What would make it the same again, in the same place.
    pub(crate) fn as_new(&self) -> NewPolicy {
        NewPolicy {
            kind: self.kind,
            name: self.name.clone(),
            description: self.description.clone(),
            priority: Some(self.priority).filter(|_| !self.system),
            status: self.status,
            groups: self.groups.clone(),
            settings: self.settings.clone(),
        }
    }

    /// One of its rules.
    ///
    /// # Errors
    /// When it has no such rule.
    pub fn rule(&self, id: &RuleId) -> Result<&Rule, ModelError> {
        self.rules.iter().find(|rule| rule.id == *id).ok_or_else(|| ModelError::not_found("PolicyRule", id))
    }
}

fn existing(records: &Records, id: &PolicyId) -> Result<Policy, ModelError> {
    records.policies.get(id).cloned().ok_or_else(|| ModelError::not_found("Policy", id))
}

/// Names for copies of a policy, the first that nobody has being the one to take.
fn names_of_copies(original: &str) -> impl Iterator<Item = String> {
    let name = |prefix: String| prefix.chars().chain(original.chars()).take(LONGEST_NAME).collect();
    let numbered = (2..).map(|number: u32| format!("[cloned {number}] "));
    std::iter::once("[cloned] ".to_owned()).chain(numbered).map(name)
}

fn check_policy(records: &Records, new: &NewPolicy, except: Option<&PolicyId>) -> Result<(), ModelError> {
    check_name(&new.name)?;
    let same = |policy: &&Policy| policy.name == new.name && Some(&policy.id) != except;
    if records.policies.of(new.kind).any(|policy| same(&policy)) {
        return Err(ModelError::invalid("name", "Policy name already in use"));
    }
    let fits = matches!(
        (new.kind, &new.settings),
        (PolicyKind::SignOn | PolicyKind::Access, PolicySettings::None)
            | (PolicyKind::Enrolment, PolicySettings::Enrolment(_))
            | (PolicyKind::Password, PolicySettings::Password(_))
    );
    if !fits {
        return Err(ModelError::invalid("settings", "The settings are not those of the policy's type"));
    }
    if let PolicySettings::Password(settings) = &new.settings {
        settings.check_bounds()?;
    }
    check_groups(records, new.groups.iter())
}

fn check_rule(
    records: &Records,
    policy: &Policy,
    new: &NewRule,
    except: Option<&RuleId>,
) -> Result<(), ModelError> {
    check_name(&new.name)?;
    if policy.rules.iter().any(|rule| rule.name == new.name && Some(&rule.id) != except) {
        return Err(ModelError::invalid("name", "Policy rule name already in use"));
    }
    let fits = matches!(
        (policy.kind, &new.actions),
        (PolicyKind::SignOn, Actions::SignOn(_))
            | (PolicyKind::Access, Actions::AppSignOn(_))
            | (PolicyKind::Enrolment, Actions::Enroll(_))
    );
    if !fits {
        return Err(ModelError::invalid("actions", "The actions are not those of the policy's type"));
    }
    check_times(&new.actions)?;
    let Choice { include, exclude } = &new.conditions.users;
    let unknown = include.union(exclude).find(|user| !records.users.contains_key(*user));
    if unknown.is_some() {
        return Err(ModelError::invalid("people.users", "There is no such user"));
    }
    if let Network::In(zones) | Network::NotIn(zones) = &new.conditions.network {
        if zones.is_empty() {
            return Err(ModelError::invalid("network", "At least one network zone must be named"));
        }
        if !zones.iter().all(|zone| records.zones.contains_key(zone)) {
            return Err(ModelError::invalid("network", "There is no such network zone"));
        }
    }
    let Choice { include, exclude } = &new.conditions.groups;
    check_groups(records, include.union(exclude))
}

fn check_groups<'a>(
    records: &Records,
    mut groups: impl Iterator<Item = &'a GroupId>,
) -> Result<(), ModelError> {
    match groups.all(|group| records.groups.contains_key(group)) {
        true => Ok(()),
        false => Err(ModelError::invalid("people.groups", "There is no such group")),
    }
}

fn check_name(name: &str) -> Result<(), ModelError> {
    match name.chars().count() {
        1..=LONGEST_NAME => Ok(()),
        _ => Err(ModelError::invalid("name", "The name must have 1 to 50 characters")),
    }
}
