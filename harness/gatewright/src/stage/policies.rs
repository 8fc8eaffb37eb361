//! The org's zones and rules, as scenarios speak of them.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::TimeDelta;
use mock_idp::model::{
    Access as Outcome, Actions, AddressRange, AppId, AppSignOn, Assurance, Cause, Characteristics, Choice,
    Conditions, Constraint, FactorMode, FactorPrompt, GroupId, Knowledge, ModelError, Network, NewPolicy,
    NewRule, PolicyId, PolicyKind, PolicySettings, PolicyStatus, Possession, PrimaryFactor, SessionLimits,
    SignOn, ThreatAction, ThreatRule, UserId, ZoneId, ZoneSettings,
};

use super::world::World;
use crate::scenario::given::{self, ThreatInsight};
use crate::vocabulary::{
    Access, AppRule, Count, GroupName, PersonName, SecondFactor, SessionRule, StepError, UserName, ZoneName,
};

/// Whom a rule fits, as a scenario says it.
struct Whom<'a> {
    users: &'a [UserName],
    groups: &'a [GroupName],
    except_groups: &'a [GroupName],
    from: Option<&'a ZoneName>,
    from_outside: Option<&'a ZoneName>,
}

impl World {
    /// A zone with the addresses of people, and others.
    pub(super) fn make_zone(&self, name: &str, given: &given::Zone) -> Result<ZoneId, StepError> {
        let of_person = |name: &PersonName| Ok(self.source_of(name.as_str())?.to_string());
        let people = given.people.iter().map(of_person).collect::<Result<Vec<String>, StepError>>()?;
        let range = |text: &String| {
            let wrong =
                |_| StepError::unmet(format!("zone {name}: {text} is no address and no range of them"));
            text.parse::<AddressRange>().map_err(wrong)
        };
        let gateways = people.iter().chain(&given.addresses).map(range).collect::<Result<_, _>>()?;
        let zone = self.org.model().create_zone(ZoneSettings::new(name, gateways), &Cause::system());
        Ok(zone.map_err(|error| refused(&error))?.id.clone())
    }

    /// Sets which addresses are suspicious, and what becomes of them.
    pub(super) fn set_threat_insight(&self, given: &ThreatInsight) -> Result<(), StepError> {
        let model = self.org.model();
        let range = |text: &String| {
            let wrong =
                |_| StepError::unmet(format!("ThreatInsight: {text} is no address and no range of them"));
            text.parse::<AddressRange>().map_err(wrong)
        };
        let usual = ThreatRule::default();
        let count = |given: &Option<Count>, usual| given.as_ref().map_or(usual, |count| count.0 as usize);
        let seconds = given.window.map(|window| u32::try_from(window.as_secs()).unwrap_or(u32::MAX));
        let rule = ThreatRule {
            window_seconds: seconds.unwrap_or(usual.window_seconds),
            spray_logins: count(&given.spray_logins, usual.spray_logins),
            login_failures: count(&given.login_failures, usual.login_failures),
            suspicious: given.suspicious.iter().map(range).collect::<Result<_, _>>()?,
            ..usual
        };
        model.set_threat_rule(rule).map_err(|error| refused(&error))?;
        let zone = |name: &ZoneName| {
            let zone = self.ids.zones.get(name.as_str()).cloned();
            zone.ok_or_else(|| StepError::unmet(format!("the org has no zone {name}")))
        };
        let exempt = given.exempt.iter().map(zone).collect::<Result<_, _>>()?;
        let action = match given.action {
            given::ThreatAction::None => ThreatAction::None,
            given::ThreatAction::Audit => ThreatAction::Audit,
            given::ThreatAction::Block => ThreatAction::Block,
        };
        let set = model.configure_threats(action, exempt, &Cause::system());
        set.map(drop).map_err(|error| refused(&error))
    }

    /// Puts a rule before all others of an app's policy; an app that goes by the default policy gets one of its own.
    pub(crate) fn add_app_rule(&self, app: &AppId, rule: &AppRule) -> Result<(), StepError> {
        let model = self.org.model();
        let found = model.app(app).ok_or_else(|| StepError::unmet("the org has no such app"))?;
        let policy = match found.access_policy == *model.default_access_policy() {
            true => {
                let policy = self.make_policy(PolicyKind::Access, &found.label)?;
                model.set_access_policy(app, &policy, &Cause::system()).map_err(|error| refused(&error))?;
                policy
            }
            false => found.access_policy.clone(),
        };
        let conditions = self.conditions(&Whom {
            users: &rule.users,
            groups: &rule.groups,
            except_groups: &rule.except_groups,
            from: rule.from.as_ref(),
            from_outside: rule.from_outside.as_ref(),
        })?;
        let assurance = assurance(rule)?;
        self.put_first(
            &policy,
            conditions,
            Actions::AppSignOn(AppSignOn { access: outcome(rule.access), assurance }),
        )
    }

    /// Puts a rule before all others of the global session policy.
    pub(crate) fn add_session_rule(&self, rule: &SessionRule) -> Result<(), StepError> {
        let own = self.org.model().policies(PolicyKind::SignOn).into_iter().find(|policy| !policy.system);
        let policy = match own {
            Some(policy) => policy.id.clone(),
            None => self.make_policy(PolicyKind::SignOn, "Scenario")?,
        };
        let conditions = self.conditions(&Whom {
            users: &rule.users,
            groups: &rule.groups,
            except_groups: &rule.except_groups,
            from: rule.from.as_ref(),
            from_outside: rule.from_outside.as_ref(),
        })?;
        self.put_first(&policy, conditions, Actions::SignOn(sign_on(rule)))
    }

    fn make_policy(&self, kind: PolicyKind, name: &str) -> Result<PolicyId, StepError> {
        let new = NewPolicy {
            kind,
            name: name.to_owned(),
            description: String::new(),
            priority: Some(1),
            status: PolicyStatus::Active,
            groups: BTreeSet::new(),
            settings: PolicySettings::None,
        };
        Ok(self.org.model().create_policy(new, &Cause::system()).map_err(|error| refused(&error))?.id.clone())
    }

    fn put_first(
        &self,
        policy: &PolicyId,
        conditions: Conditions,
        actions: Actions,
    ) -> Result<(), StepError> {
        let model = self.org.model();
        let rules = model.policy(policy).map_or(0, |policy| policy.rules.len());
        let (name, status) = (format!("Rule {}", rules + 1), PolicyStatus::Active);
        let rule = NewRule { name, priority: Some(1), status, conditions, actions };
        model.create_rule(policy, rule, &Cause::system()).map(drop).map_err(|error| refused(&error))
    }

    fn conditions(&self, whom: &Whom<'_>) -> Result<Conditions, StepError> {
        let user = |name: &UserName| -> Result<UserId, StepError> {
            let user = self.ids.users.get(name.as_str());
            let user = user.ok_or_else(|| StepError::unmet(format!("the org has no user {name}")))?;
            Ok(user.id.clone())
        };
        let group = |name: &GroupName| -> Result<GroupId, StepError> {
            let group = self.ids.groups.get(name.as_str());
            group.cloned().ok_or_else(|| StepError::unmet(format!("the org has no group {name}")))
        };
        let zone = |name: &ZoneName| -> Result<BTreeSet<ZoneId>, StepError> {
            let zone = self.ids.zones.get(name.as_str());
            let zone = zone.ok_or_else(|| StepError::unmet(format!("the org has no zone {name}")))?;
            Ok(BTreeSet::from([zone.clone()]))
        };
        let network = match (whom.from, whom.from_outside) {
            (None, None) => Network::Anywhere,
            (Some(from), None) => Network::In(zone(from)?),
            (None, Some(outside)) => Network::NotIn(zone(outside)?),
            (Some(_), Some(_)) => {
                return Err(StepError::unmet("a rule is for a zone or for what is outside of one, not both"));
            }
        };
        Ok(Conditions {
            users: Choice::only(whom.users.iter().map(user).collect::<Result<Vec<_>, _>>()?),
            groups: Choice {
                include: whom.groups.iter().map(group).collect::<Result<_, _>>()?,
                exclude: whom.except_groups.iter().map(group).collect::<Result<_, _>>()?,
            },
            network,
        })
    }
}

fn assurance(rule: &AppRule) -> Result<Assurance, StepError> {
    let factor_mode = match rule.factors.as_ref().map(|count| count.0) {
        None | Some(1) => FactorMode::OneFactor,
        Some(2) => FactorMode::TwoFactor,
        Some(other) => return Err(StepError::unmet(format!("a rule asks for 1 or 2 factors, not {other}"))),
    };
    let characteristics = Characteristics {
        phishing_resistant: rule.phishing_resistant,
        user_verification: rule.user_verification,
        ..Characteristics::default()
    };
    let possession = (characteristics != Characteristics::default())
        .then(|| Possession { characteristics, ..Possession::default() });
    let constraint = Constraint { knowledge: rule.password.then(Knowledge::default), possession };
    let constraints = (constraint != Constraint::default()).then_some(constraint);
    Ok(Assurance {
        factor_mode,
        reauthenticate_in: rule.reauthenticate_after.map(stage_time),
        constraints: constraints.into_iter().collect(),
    })
}

fn sign_on(rule: &SessionRule) -> SignOn {
    let usual = SessionLimits::default();
    let prompt = rule.second_factor.map(|when| match when {
        SecondFactor::Always => FactorPrompt::Always,
        SecondFactor::NewDevice => FactorPrompt::Device,
    });
    SignOn {
        access: outcome(rule.access),
        require_factor: prompt.or(rule.second_factor_after.map(stage_time).map(FactorPrompt::Session)),
        primary_factor: if rule.password { PrimaryFactor::Password } else { PrimaryFactor::Any },
        session: SessionLimits {
            max_idle: rule.idle.map(stage_time).or(usual.max_idle),
            max_lifetime: rule.lifetime.map(stage_time),
            persistent_cookie: false,
        },
    }
}

fn outcome(access: Option<Access>) -> Outcome {
    match access {
        Some(Access::Deny) => Outcome::Deny,
        Some(Access::Allow) | None => Outcome::Allow,
    }
}

fn stage_time(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}

fn refused(error: &ModelError) -> StepError {
    StepError::unmet(format!("the org refused: {error}"))
}
