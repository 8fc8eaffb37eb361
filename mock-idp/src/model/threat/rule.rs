//! When an address is suspicious. Okta knows it by the reputation that an address has across all of its customers, by
//! rules that it doesn't publish; this rule is a stand-in for them, simple enough to be foretold by a test.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::watch::Refusal;
use crate::model::{AddressRange, ModelError};

/// The most refusals that are remembered of an address, and so the most that a threshold can ask for.
pub(super) const MOST_REFUSALS: usize = 1_000;

/// The most listed ranges.
const MOST_LISTED: usize = 1_000;

/// The stand-in for Okta's detection. An address is suspicious while it is listed, and while what was refused to it
/// within the window just past makes a spray or a stuffing.
///
/// Refused is a login with a password that isn't its own; a login that gets in from the same address takes its earlier
/// refusals back, since somebody who mistypes and then succeeds is no attacker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ThreatRule {
    /// How far back refusals count, in seconds of stage time: 1 to 86,400.
    pub window_seconds: u32,
    /// A spray is that many logins refused at one address, 1 to 1,000 …
    pub spray_logins: usize,
    /// … none of them more often than this.
    pub spray_attempts_per_login: usize,
    /// A stuffing is that many refusals at one address, of whichever logins: 1 to 1,000.
    pub login_failures: usize,
    /// These are suspicious whatever they do.
    pub suspicious: Vec<AddressRange>,
}

impl Default for ThreatRule {
    /// Ten logins, three times each at most, or thirty refusals, within ten minutes; nobody is listed.
    fn default() -> Self {
        Self {
            window_seconds: 600,
            spray_logins: 10,
            spray_attempts_per_login: 3,
            login_failures: 30,
            suspicious: Vec::new(),
        }
    }
}

/// Why an address is suspicious.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Threat {
    /// The rule lists it.
    SuspiciousAddress,
    /// Many logins were refused, each a few times.
    PasswordSpray,
    /// Much was refused.
    LoginFailures,
}

impl Threat {
    /// The name in `outcome.reason`; the latter two are Okta's.
    pub fn name(self) -> &'static str {
        match self {
            Self::SuspiciousAddress => "Suspicious IP",
            Self::PasswordSpray => "Password Spray",
            Self::LoginFailures => "Login Failures",
        }
    }

    /// How grave it is, in `debugContext.debugData.threatDetections`.
    pub fn level(self) -> &'static str {
        match self {
            Self::SuspiciousAddress | Self::PasswordSpray => "HIGH",
            Self::LoginFailures => "MEDIUM",
        }
    }
}

impl ThreatRule {
    pub(super) fn check(&self) -> Result<(), ModelError> {
        if !(1..=86_400).contains(&self.window_seconds) {
            return Err(ModelError::invalid("windowSeconds", "Must be from 1 to 86400"));
        }
        let counts = [
            ("sprayLogins", self.spray_logins),
            ("sprayAttemptsPerLogin", self.spray_attempts_per_login),
            ("loginFailures", self.login_failures),
        ];
        for (field, count) in counts {
            if !(1..=MOST_REFUSALS).contains(&count) {
                return Err(ModelError::invalid(field, format!("Must be from 1 to {MOST_REFUSALS}")));
            }
        }
        if self.suspicious.len() > MOST_LISTED {
            return Err(ModelError::invalid(
                "suspicious",
                format!("At most {MOST_LISTED} entries are allowed"),
            ));
        }
        Ok(())
    }

    /// The earliest moment that counts.
    pub(super) fn horizon(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now - self.window()
    }

    pub(super) fn window(&self) -> TimeDelta {
        TimeDelta::seconds(self.window_seconds.into())
    }

    /// What these refusals of one address make, of which those count that lie behind the horizon.
    pub(super) fn threats_in<'a>(
        &self,
        refusals: impl Iterator<Item = &'a Refusal>,
        now: DateTime<Utc>,
    ) -> Vec<Threat> {
        let horizon = self.horizon(now);
        let mut attempts: HashMap<u64, usize> = HashMap::new();
        for refusal in refusals.filter(|refusal| refusal.at > horizon) {
            *attempts.entry(refusal.login).or_default() += 1;
        }
        let few = attempts.values().filter(|count| **count <= self.spray_attempts_per_login).count();
        let spray = (few >= self.spray_logins).then_some(Threat::PasswordSpray);
        let many = attempts.values().sum::<usize>() >= self.login_failures;
        spray.into_iter().chain(many.then_some(Threat::LoginFailures)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn refusals(now: DateTime<Utc>, attempts: &[(i64, u64)]) -> Vec<Refusal> {
        let refusal =
            |(ago, login): &(i64, u64)| Refusal { at: now - TimeDelta::seconds(*ago), login: *login };
        attempts.iter().map(refusal).collect()
    }

    #[test]
    fn a_spray_is_many_logins_and_few_passwords() {
        let now = Utc::now();
        let rule = ThreatRule {
            spray_logins: 3,
            spray_attempts_per_login: 2,
            login_failures: 7,
            ..Default::default()
        };
        let threats = |attempts: &[(i64, u64)]| rule.threats_in(refusals(now, attempts).iter(), now);
        assert_eq!(threats(&[(1, 1), (1, 2)]), []);
        assert_eq!(threats(&[(1, 1), (1, 2), (1, 3), (2, 3)]), [Threat::PasswordSpray]);
        assert_eq!(threats(&[(1, 1), (1, 2), (1, 3), (1, 3), (1, 3)]), [], "three passwords for one of them");
        assert_eq!(threats(&[(1, 1), (1, 2), (600, 3)]), [], "one of them too long ago");
        assert_eq!(threats(&[(1, 1); 6]), []);
        assert_eq!(threats(&[(1, 1); 7]), [Threat::LoginFailures]);
        let both = [(1, 1), (1, 2), (1, 3), (1, 4), (1, 4), (1, 4), (1, 4)];
        assert_eq!(threats(&both), [Threat::PasswordSpray, Threat::LoginFailures]);
    }

    #[test]
    fn a_rule_that_asks_for_what_is_not_remembered_is_refused() {
        let rule = ThreatRule::default();
        rule.check().unwrap();
        for wrong in [
            ThreatRule { window_seconds: 0, ..rule.clone() },
            ThreatRule { window_seconds: 86_401, ..rule.clone() },
            ThreatRule { spray_logins: 0, ..rule.clone() },
            ThreatRule { spray_attempts_per_login: 0, ..rule.clone() },
            ThreatRule { login_failures: MOST_REFUSALS + 1, ..rule.clone() },
            ThreatRule { suspicious: vec!["127.0.0.1".parse().unwrap(); MOST_LISTED + 1], ..rule },
        ] {
            assert!(wrong.check().is_err(), "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn what_lies_behind_the_window_changes_nothing(
            fresh in proptest::collection::vec((0_i64..600, 0_u64..8), 0..40),
            old in proptest::collection::vec((600_i64..5000, 0_u64..8), 0..40),
        ) {
            let now = Utc::now();
            let rule = ThreatRule { spray_logins: 4, login_failures: 12, ..ThreatRule::default() };
            let all: Vec<_> = old.into_iter().chain(fresh.iter().copied()).collect();
            let judged = rule.threats_in(refusals(now, &all).iter(), now);
            prop_assert_eq!(&judged, &rule.threats_in(refusals(now, &fresh).iter(), now));
            prop_assert_eq!(judged.contains(&Threat::LoginFailures), fresh.len() >= 12);
        }
    }
}
