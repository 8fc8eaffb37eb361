//! The policies that an org has from the start: one of each kind, the system's own, for everyone.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::assurance::Assurance;
use super::data::{
    Access, Actions, AppSignOn, Authenticator, Conditions, EnrollWhen, EnrolmentSettings, Policy, PolicyKind,
    PolicySettings, PolicyStatus, PrimaryFactor, Rule, SelfEnrolment, SessionLimits, SignOn,
};
use super::store::Policies;
use crate::model::id::Minting;
use crate::model::{PolicyId, RuleId};

/// How long a proof is good for an application unless somebody says otherwise: five years, as at Okta.
const REAUTHENTICATE_IN: TimeDelta = TimeDelta::hours(43_800);

/// The policies, and the access policy that new applications go by.
pub(in crate::model) fn found(minting: &Minting, now: DateTime<Utc>) -> (Policies, PolicyId) {
    let mut policies = Policies::default();
    let mut policy = |kind, settings, rule: Option<(&str, Actions)>| {
        let id = PolicyId::mint_for(kind, minting, now);
        let mut policy = Policy {
            id: id.clone(),
            kind,
            name: "Default Policy".to_owned(),
            description: "The default policy applies in all situations if no other policy applies."
                .to_owned(),
            priority: 1,
            status: PolicyStatus::Active,
            system: true,
            groups: Default::default(),
            settings,
            rules: Vec::new(),
            created: now,
            last_updated: now,
        };
        if let Some((name, actions)) = rule {
            policy.put(for_everyone(RuleId::mint(minting, now), name, actions, now), None);
        }
        policies.put(policy, None);
        id
    };
    let sign_on = SignOn {
        access: Access::Allow,
        require_factor: None,
        primary_factor: PrimaryFactor::Any,
        session: SessionLimits::default(),
    };
    policy(PolicyKind::SignOn, PolicySettings::None, Some(("Default Rule", Actions::SignOn(sign_on))));
    let authenticators = vec![
        (Authenticator::OktaPassword, SelfEnrolment::Required),
        (Authenticator::OktaVerify, SelfEnrolment::Optional),
        (Authenticator::WebAuthn, SelfEnrolment::Optional),
    ];
    let enrolment = PolicySettings::Enrolment(EnrolmentSettings { authenticators });
    policy(PolicyKind::Enrolment, enrolment, Some(("Default Rule", Actions::Enroll(EnrollWhen::Challenge))));
    policy(PolicyKind::Password, PolicySettings::Password(Arc::default()), None);
    let access = policy(PolicyKind::Access, PolicySettings::None, Some((CATCH_ALL, one_factor())));
    (policies, access)
}

const CATCH_ALL: &str = "Catch-all Rule";

/// The last rule of every access policy: any one factor.
pub(super) fn catch_all(id: RuleId, now: DateTime<Utc>) -> Rule {
    for_everyone(id, CATCH_ALL, one_factor(), now)
}

fn one_factor() -> Actions {
    let assurance = Assurance::one_factor().no_older_than(Some(REAUTHENTICATE_IN));
    Actions::AppSignOn(AppSignOn { access: Access::Allow, assurance })
}

fn for_everyone(id: RuleId, name: &str, actions: Actions, now: DateTime<Utc>) -> Rule {
    Rule {
        id,
        name: name.to_owned(),
        priority: 1,
        status: PolicyStatus::Active,
        system: true,
        conditions: Conditions::default(),
        actions,
        created: now,
        last_updated: now,
    }
}
