//! An account's IP policies: ranges of addresses that may come in, or may not, for routes to refer to.

use chrono::{DateTime, Utc};

use super::modules::Module;
use super::state::{IpPolicyEntry, State};
use super::{Account, AccountId, IpPolicyId, IpRuleId, ModelError, limits};
use crate::code::{Code, Refusal};

/// How many policies an account has at most, and how many rules a policy.
const MOST: usize = 100;
const MOST_RULES: usize = 256;

/// A policy.
#[derive(Clone, Debug)]
pub struct IpPolicy {
    /// Its identifier, `ipp_…`.
    pub id: IpPolicyId,
    /// When it was made, stage time.
    pub created_at: DateTime<Utc>,
    /// For people, at most 255 characters.
    pub description: String,
    /// For machines, at most 4096 bytes.
    pub metadata: String,
    /// Its rules, oldest first. What is denied is denied, whatever is allowed.
    pub rules: Vec<IpRule>,
}

/// A rule of a policy.
#[derive(Clone, Debug)]
pub struct IpRule {
    /// Its identifier, `ipr_…`.
    pub id: IpRuleId,
    /// When it was made, stage time.
    pub created_at: DateTime<Utc>,
    /// For people.
    pub description: String,
    /// For machines.
    pub metadata: String,
    /// The range, `10.0.0.0/8`.
    pub cidr: String,
    /// Whether those in it may come in; else they may not.
    pub allow: bool,
}

/// What is said of a policy or a rule (`None`: as it was, or nothing).
#[derive(Clone, Debug, Default)]
pub struct IpChange {
    /// For people.
    pub description: Option<String>,
    /// For machines.
    pub metadata: Option<String>,
    /// A rule's range.
    pub cidr: Option<String>,
}

/// The ranges of some policies.
#[derive(Default)]
pub(super) struct Ranges {
    pub(super) allow: Vec<String>,
    pub(super) deny: Vec<String>,
}

impl Ranges {
    pub(super) fn extend(&mut self, policy: &IpPolicy) {
        for rule in &policy.rules {
            let list = if rule.allow { &mut self.allow } else { &mut self.deny };
            list.push(rule.cidr.clone());
        }
    }
}

impl Account {
    /// All IP policies, oldest first.
    pub fn ip_policies(&self) -> Vec<IpPolicy> {
        let state = self.model.lock();
        let own = state.ip_policies.iter().filter(|entry| entry.account == self.id);
        own.map(|entry| entry.policy.clone()).collect()
    }

    /// One IP policy.
    pub fn ip_policy(&self, id: &IpPolicyId) -> Result<IpPolicy, ModelError> {
        Ok(self.model.lock().ip_policy(&self.id, id)?.clone())
    }

    /// Makes an IP policy without rules.
    pub fn create_ip_policy(&self, change: &IpChange) -> Result<IpPolicy, ModelError> {
        let mut policy = IpPolicy {
            id: IpPolicyId::random(),
            created_at: self.model.now(),
            description: String::new(),
            metadata: String::new(),
            rules: Vec::new(),
        };
        describe(&mut policy.description, &mut policy.metadata, change)?;
        self.model.change(|state| {
            state.account(&self.id)?;
            if state.ip_policies.iter().filter(|entry| entry.account == self.id).count() >= MOST {
                return Err(refused(1410, format!("an account has at most {MOST} IP policies")));
            }
            state.ip_policies.push(IpPolicyEntry { account: self.id.clone(), policy: policy.clone() });
            Ok(policy)
        })
    }

    /// Says something else of an IP policy.
    pub fn update_ip_policy(&self, id: &IpPolicyId, change: &IpChange) -> Result<IpPolicy, ModelError> {
        self.model.change(|state| {
            let mut policy = state.ip_policy(&self.id, id)?.clone();
            describe(&mut policy.description, &mut policy.metadata, change)?;
            state.ip_policy_mut(&self.id, id)?.clone_from(&policy);
            Ok(policy)
        })
    }

    /// Takes an IP policy away that no route refers to.
    pub fn delete_ip_policy(&self, id: &IpPolicyId) -> Result<(), ModelError> {
        self.model.change(|state| {
            state.ip_policy(&self.id, id)?;
            let routes = state.edges_of(&self.id).flat_map(|entry| &entry.edge.routes);
            if let Some(route) =
                routes.into_iter().find(|route| route.modules.values().any(|m| refers(m, id)))
            {
                let reason =
                    format!("the route {} refers to {id}; take its IP restriction away first", route.id);
                return Err(refused(1420, reason));
            }
            state.ip_policies.retain(|entry| entry.policy.id != *id);
            Ok(())
        })
    }

    /// Gives an IP policy another rule, which applies at once wherever the policy does.
    pub fn create_ip_rule(
        &self,
        policy: &IpPolicyId,
        allow: bool,
        change: &IpChange,
    ) -> Result<IpRule, ModelError> {
        let mut rule = IpRule {
            id: IpRuleId::random(),
            created_at: self.model.now(),
            description: String::new(),
            metadata: String::new(),
            cidr: String::new(),
            allow,
        };
        apply(&mut rule, change)?;
        self.change_rules(policy, |rules| {
            if rules.len() >= MOST_RULES {
                return Err(refused(1411, format!("an IP policy has at most {MOST_RULES} rules")));
            }
            if rules.iter().any(|other| other.cidr == rule.cidr) {
                return Err(refused(1408, format!("the policy has a rule for {} already", rule.cidr)));
            }
            rules.push(rule.clone());
            Ok(rule)
        })
    }

    /// The rule of this id, with the policy that it is of.
    pub fn ip_rule(&self, id: &IpRuleId) -> Result<(IpPolicyId, IpRule), ModelError> {
        let of = |policy: IpPolicy| {
            let rule = policy.rules.into_iter().find(|rule| rule.id == *id)?;
            Some((policy.id, rule))
        };
        self.ip_policies().into_iter().find_map(of).ok_or_else(|| ModelError::unknown("IP policy rule", id))
    }

    /// Changes a rule.
    pub fn update_ip_rule(
        &self,
        id: &IpRuleId,
        change: &IpChange,
    ) -> Result<(IpPolicyId, IpRule), ModelError> {
        let (policy, mut rule) = self.ip_rule(id)?;
        apply(&mut rule, change)?;
        self.change_rules(&policy, |rules| {
            let known = rules.iter_mut().find(|known| known.id == *id);
            known.ok_or_else(|| ModelError::unknown("IP policy rule", id))?.clone_from(&rule);
            Ok(())
        })?;
        Ok((policy, rule))
    }

    /// Takes a rule away, unless it is the only one of what a route refers to.
    pub fn delete_ip_rule(&self, id: &IpRuleId) -> Result<(), ModelError> {
        let (policy, _) = self.ip_rule(id)?;
        self.change_rules(&policy, |rules| {
            rules.retain(|rule| rule.id != *id);
            Ok(())
        })
    }

    /// Changes the rules of a policy, and what the routes that refer to it ask.
    fn change_rules<T>(
        &self,
        policy: &IpPolicyId,
        change: impl FnOnce(&mut Vec<IpRule>) -> Result<T, ModelError>,
    ) -> Result<T, ModelError> {
        self.model.change(|state| {
            let before = state.ip_policy(&self.id, policy)?.rules.clone();
            let done = change(&mut state.ip_policy_mut(&self.id, policy)?.rules)?;
            match state.compile_again(&self.id, |module| refers(module, policy)) {
                Ok(()) => Ok(done),
                Err(error) => {
                    state.ip_policy_mut(&self.id, policy)?.rules = before;
                    Err(error)
                }
            }
        })
    }
}

impl State {
    pub(super) fn ip_policy(&self, account: &AccountId, id: &IpPolicyId) -> Result<&IpPolicy, ModelError> {
        let mut own = self.ip_policies.iter().filter(|entry| entry.account == *account);
        let found = own.find(|entry| entry.policy.id == *id).map(|entry| &entry.policy);
        found.ok_or_else(|| ModelError::unknown("IP policy", id))
    }

    fn ip_policy_mut(&mut self, account: &AccountId, id: &IpPolicyId) -> Result<&mut IpPolicy, ModelError> {
        let mut own = self.ip_policies.iter_mut().filter(|entry| entry.account == *account);
        let found = own.find(|entry| entry.policy.id == *id).map(|entry| &mut entry.policy);
        found.ok_or_else(|| ModelError::unknown("IP policy", id))
    }
}

fn refers(module: &Module, id: &IpPolicyId) -> bool {
    matches!(module, Module::IpRestriction(module) if module.ip_policy_ids.iter().any(|one| one == id.as_str()))
}

fn describe(description: &mut String, metadata: &mut String, change: &IpChange) -> Result<(), ModelError> {
    if let Some(text) = &change.description {
        *description = limits::description(text.clone())?;
    }
    if let Some(text) = &change.metadata {
        *metadata = limits::metadata(text.clone())?;
    }
    Ok(())
}

fn apply(rule: &mut IpRule, change: &IpChange) -> Result<(), ModelError> {
    describe(&mut rule.description, &mut rule.metadata, change)?;
    if let Some(cidr) = &change.cidr {
        policy::action::RestrictIps::new([cidr.as_str()], []).map_err(|_| {
            refused(1406, format!("{cidr:?} is not a range of addresses, such as 10.0.0.0/8"))
        })?;
        if !cidr.contains('/') {
            return Err(refused(
                1413,
                format!("{cidr:?} has no network mask; a single address has /32 or /128"),
            ));
        }
        rule.cidr.clone_from(cidr);
    }
    if rule.cidr.is_empty() {
        return Err(refused(1405, "a rule needs its cidr".to_owned()));
    }
    Ok(())
}

fn refused(code: u16, message: String) -> ModelError {
    ModelError::Refused(Refusal::new(Code(code), message))
}
