//! What was refused to whom, as long as it counts.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;

use chrono::{DateTime, Utc};

use super::rule::{MOST_REFUSALS, Threat, ThreatRule};

/// Far more than a stage's people have. When it is reached, those that were refused longest ago are forgotten.
const MOST_ADDRESSES: usize = 10_000;

/// A password that wasn't the login's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) at: DateTime<Utc>,
    /// A hash of the login, which is a stranger's text of any length.
    pub(super) login: u64,
}

/// The refusals of each address, oldest first.
#[derive(Debug, Default)]
pub(super) struct Watch {
    refusals: HashMap<IpAddr, VecDeque<Refusal>>,
    hasher: RandomState,
}

impl Watch {
    /// Notes that a login was refused.
    pub(super) fn refused(&mut self, address: IpAddr, login: &str, rule: &ThreatRule, now: DateTime<Utc>) {
        if self.refusals.len() >= MOST_ADDRESSES && !self.refusals.contains_key(&address) {
            self.make_room(rule.horizon(now));
        }
        let refusal = Refusal { at: now, login: self.hash(login) };
        let refusals = self.refusals.entry(address).or_default();
        while refusals.len() >= MOST_REFUSALS || refusals.front().is_some_and(|it| it.at <= rule.horizon(now))
        {
            refusals.pop_front();
        }
        refusals.push_back(refusal);
    }

    /// Notes that a login got in: it was only mistyped before.
    pub(super) fn succeeded(&mut self, address: IpAddr, login: &str) {
        let login = self.hash(login);
        if let Some(refusals) = self.refusals.get_mut(&address) {
            refusals.retain(|refusal| refusal.login != login);
            if refusals.is_empty() {
                self.refusals.remove(&address);
            }
        }
    }

    /// What the address does, by the rule.
    pub(super) fn threats_of(&self, address: IpAddr, rule: &ThreatRule, now: DateTime<Utc>) -> Vec<Threat> {
        let listed = rule.suspicious.iter().any(|range| range.contains(address));
        let listed = listed.then_some(Threat::SuspiciousAddress);
        let refusals = self.refusals.get(&address).into_iter().flatten();
        listed.into_iter().chain(rule.threats_in(refusals, now)).collect()
    }

    /// Logins don't tell letter cases apart.
    fn hash(&self, login: &str) -> u64 {
        self.hasher.hash_one(login.to_lowercase())
    }

    fn make_room(&mut self, horizon: DateTime<Utc>) {
        let last = |refusals: &VecDeque<Refusal>| refusals.back().map(|refusal| refusal.at);
        let mut latest: Vec<_> = self.refusals.values().filter_map(last).collect();
        latest.sort_unstable();
        let middle = latest[latest.len() / 2].max(horizon);
        self.refusals.retain(|_, refusals| last(refusals) > Some(middle));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;
    use std::net::Ipv4Addr;

    fn address(number: usize) -> IpAddr {
        Ipv4Addr::from(u32::try_from(number).unwrap()).into()
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let (mut watch, rule, begun) = (Watch::default(), ThreatRule::default(), Utc::now());
        for number in 0..=MOST_ADDRESSES {
            let now = begun + TimeDelta::milliseconds(number as i64);
            watch.refused(address(number), "alice", &rule, now);
        }
        assert!(watch.refusals.len() <= MOST_ADDRESSES);
        assert!(!watch.refusals.contains_key(&address(0)));
        assert!(watch.refusals.contains_key(&address(MOST_ADDRESSES)));
        for _ in 0..2 * MOST_REFUSALS {
            watch.refused(address(MOST_ADDRESSES), "alice", &rule, begun + TimeDelta::seconds(60));
        }
        assert_eq!(watch.refusals[&address(MOST_ADDRESSES)].len(), MOST_REFUSALS);
        watch.refused(address(MOST_ADDRESSES), "alice", &rule, begun + TimeDelta::seconds(660));
        assert_eq!(watch.refusals[&address(MOST_ADDRESSES)].len(), 1, "the rest lies behind the window");
    }

    #[test]
    fn who_gets_in_had_only_mistyped() {
        let (mut watch, now) = (Watch::default(), Utc::now());
        let rule = ThreatRule { login_failures: 3, ..ThreatRule::default() };
        let here = address(1);
        for login in ["alice", "Alice", "bob"] {
            watch.refused(here, login, &rule, now);
        }
        assert_eq!(watch.threats_of(here, &rule, now), [Threat::LoginFailures]);
        watch.succeeded(address(2), "alice");
        assert_eq!(watch.threats_of(here, &rule, now), [Threat::LoginFailures], "that was somewhere else");
        watch.succeeded(here, "ALICE");
        assert_eq!(watch.threats_of(here, &rule, now), []);
        watch.succeeded(here, "bob");
        assert!(watch.refusals.is_empty());
    }
}
