//! Which rule of which policy applies to somebody.
//!
//! Policies are considered in order of priority, and in each that fits, its rules. The first rule that fits is the one
//! that applies. Where none of a policy's rules fits, the next policy is considered; where none applies at all, whoever
//! asks refuses.

use std::collections::BTreeSet;

use super::data::{Choice, Conditions, Network, Policy, PolicyStatus, Rule};
use crate::model::{GroupId, UserId, ZoneId};

/// About whom it is decided.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub(crate) user: UserId,
    pub(crate) groups: BTreeSet<GroupId>,
    /// The zones that the caller's address is in.
    pub(crate) zones: BTreeSet<ZoneId>,
}

/// The rule that applies, with its policy. `policies` are of one kind, first by priority first.
pub(super) fn applicable<'a>(
    policies: impl IntoIterator<Item = &'a Policy>,
    subject: &Subject,
) -> Option<(&'a Policy, &'a Rule)> {
    let fitting = policies.into_iter().filter(|policy| policy.fits(subject));
    let mut rules = fitting.flat_map(|policy| policy.rules.iter().map(move |rule| (policy, rule)));
    rules.find(|(_, rule)| rule.status == PolicyStatus::Active && rule.conditions.fit(subject))
}

impl Policy {
    pub(super) fn fits(&self, subject: &Subject) -> bool {
        self.status == PolicyStatus::Active
            && (self.groups.is_empty() || !self.groups.is_disjoint(&subject.groups))
    }
}

impl Conditions {
    pub(super) fn fit(&self, subject: &Subject) -> bool {
        self.include(subject) && !self.exclude(subject) && self.network.fits(&subject.zones)
    }

    fn include(&self, subject: &Subject) -> bool {
        let everyone = self.users.include.is_empty() && self.groups.include.is_empty();
        everyone
            || self.users.include.contains(&subject.user)
            || !self.groups.include.is_disjoint(&subject.groups)
    }

    fn exclude(&self, subject: &Subject) -> bool {
        self.users.exclude.contains(&subject.user) || !self.groups.exclude.is_disjoint(&subject.groups)
    }
}

impl Network {
    fn fits(&self, zones: &BTreeSet<ZoneId>) -> bool {
        match self {
            Self::Anywhere => true,
            Self::In(wanted) => !wanted.is_disjoint(zones),
            Self::NotIn(unwanted) => unwanted.is_disjoint(zones),
        }
    }
}

impl<T: Ord> Choice<T> {
    /// These alone.
    pub fn only(include: impl IntoIterator<Item = T>) -> Self {
        Self { include: include.into_iter().collect(), exclude: BTreeSet::new() }
    }

    /// All but these.
    pub fn all_but(exclude: impl IntoIterator<Item = T>) -> Self {
        Self { include: BTreeSet::new(), exclude: exclude.into_iter().collect() }
    }
}
