//! What would apply to somebody imagined, and what was considered before it.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use super::data::{Policy, PolicyKind, PolicyStatus};
use super::evaluate::Subject;
use crate::model::{App, GroupId, Model, RuleId, UserId, ZoneId};

/// Somebody imagined: a user, or whoever is in these groups.
#[derive(Clone, Debug, Default)]
pub struct Imagined {
    /// A user, whose groups count.
    pub user: Option<UserId>,
    /// Groups.
    pub groups: BTreeSet<GroupId>,
    /// Network zones in which somebody is.
    pub zones: BTreeSet<ZoneId>,
    /// An address, whose zones count.
    pub address: Option<IpAddr>,
}

/// A policy that was considered, and its rules as far as they were.
#[derive(Clone, Debug)]
pub struct Considered {
    /// The policy.
    pub policy: Arc<Policy>,
    /// Whether it is for whoever was imagined.
    pub fits: bool,
    /// Its active rules up to the one that applies, each with whether it does.
    pub rules: Vec<(RuleId, bool)>,
}

impl Considered {
    /// Whether one of its rules applies.
    pub fn applies(&self) -> bool {
        self.rules.iter().any(|(_, applies)| *applies)
    }
}

impl Model {
    /// Which policies of a kind are considered for somebody on the way to this application, in their order; the last one
    /// applies, unless none does.
    pub fn simulate(&self, kind: PolicyKind, app: &App, imagined: &Imagined) -> Vec<Considered> {
        let mut zones = imagined.zones.clone();
        zones.extend(imagined.address.into_iter().flat_map(|address| self.zones_of(address)));
        let user = imagined.user.clone().unwrap_or_else(|| UserId::new(""));
        let mut groups = imagined.groups.clone();
        groups.insert(self.everyone().clone());
        groups.extend(self.groups_of(&user).iter().map(|group| group.id.clone()));
        let subject = Subject { user, groups, zones };
        let policies = match kind {
            PolicyKind::Access => self.policy(&app.access_policy).into_iter().collect(),
            kind => self.policies(kind),
        };
        let mut considered = Vec::new();
        for policy in policies.into_iter().filter(|policy| policy.status == PolicyStatus::Active) {
            let found = consider(policy, &subject);
            let applies = found.applies();
            considered.push(found);
            if applies {
                break;
            }
        }
        considered
    }
}

fn consider(policy: Arc<Policy>, subject: &Subject) -> Considered {
    let fits = policy.fits(subject);
    let mut rules = Vec::new();
    for rule in policy.rules.iter().filter(|rule| fits && rule.status == PolicyStatus::Active) {
        let applies = rule.conditions.fit(subject);
        rules.push((rule.id.clone(), applies));
        if applies {
            break;
        }
    }
    Considered { policy, fits, rules }
}
