//! The evaluator beside a naive reference, over generated policies; and what each kind of rule means.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::assurance::{Moment, next_steps};
use super::evaluate::{Subject, applicable};
use super::*;
use crate::model::{Characteristics, FactorKind, GroupId, PolicyId, RuleId, UserId, ZoneId};

fn began() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

fn names<T: Ord + std::fmt::Debug>(of: fn(&str) -> T) -> impl Strategy<Value = BTreeSet<T>> {
    subsequence(vec!["a", "b", "c"], 0..=3).prop_map(move |names| names.into_iter().map(of).collect())
}

fn choice<T: Ord + std::fmt::Debug>(of: fn(&str) -> T) -> impl Strategy<Value = Choice<T>> {
    (names(of), names(of)).prop_map(|(include, exclude)| Choice { include, exclude })
}

fn network() -> impl Strategy<Value = Network> {
    prop_oneof![
        Just(Network::Anywhere),
        names(ZoneId::new).prop_map(Network::In),
        names(ZoneId::new).prop_map(Network::NotIn),
    ]
}

fn status() -> impl Strategy<Value = PolicyStatus> {
    prop_oneof![4 => Just(PolicyStatus::Active), 1 => Just(PolicyStatus::Inactive)]
}

fn characteristics() -> impl Strategy<Value = Characteristics> {
    any::<[bool; 5]>().prop_map(|[presence, verification, resistant, hardware, bound]| Characteristics {
        user_presence: presence,
        user_verification: verification,
        phishing_resistant: resistant,
        hardware_protected: hardware,
        device_bound: bound,
    })
}

fn age() -> impl Strategy<Value = Option<TimeDelta>> {
    prop_oneof![Just(None), (0_i64..5).prop_map(|hours| Some(TimeDelta::hours(hours)))]
}

fn constraint() -> impl Strategy<Value = Constraint> {
    let knowledge = age().prop_map(|reauthenticate_in| Knowledge { reauthenticate_in });
    let methods = subsequence(FactorKind::ALL.to_vec(), 0..=4);
    let possession =
        (methods, characteristics(), age()).prop_map(|(methods, characteristics, reauthenticate_in)| {
            Possession { methods: methods.into_iter().collect(), characteristics, reauthenticate_in }
        });
    (prop::option::of(knowledge), prop::option::of(possession))
        .prop_map(|(knowledge, possession)| Constraint { knowledge, possession })
}

fn assurance() -> impl Strategy<Value = Assurance> {
    let mode = select(vec![FactorMode::OneFactor, FactorMode::TwoFactor]);
    (mode, age(), prop::collection::vec(constraint(), 0..3)).prop_map(
        |(factor_mode, reauthenticate_in, constraints)| Assurance {
            factor_mode,
            reauthenticate_in,
            constraints,
        },
    )
}

fn proof() -> impl Strategy<Value = Verification> {
    let factors = FactorKind::ALL.map(AuthenticationMethod::Factor);
    let methods: Vec<_> = std::iter::once(AuthenticationMethod::Password).chain(factors).collect();
    (select(methods), -6_i64..=1, characteristics()).prop_map(|(method, hours, characteristics)| {
        let characteristics = match method {
            AuthenticationMethod::Password => Characteristics::default(),
            AuthenticationMethod::Factor(_) => characteristics,
        };
        Verification { method, at: began() + TimeDelta::hours(hours), characteristics }
    })
}

fn proofs() -> impl Strategy<Value = Vec<Verification>> {
    prop::collection::vec(proof(), 0..4)
}

fn rule() -> impl Strategy<Value = Rule> {
    (choice(UserId::new), choice(GroupId::new), network(), status(), 0_u32..1000).prop_map(
        |(users, groups, network, status, number)| Rule {
            id: RuleId::new(&number.to_string()),
            name: number.to_string(),
            priority: 0,
            status,
            system: false,
            conditions: Conditions { users, groups, network },
            actions: Actions::Enroll(EnrollWhen::Never),
            created: began(),
            last_updated: began(),
        },
    )
}

fn policy() -> impl Strategy<Value = Policy> {
    (names(GroupId::new), status(), prop::collection::vec(rule(), 0..5)).prop_map(
        |(groups, status, rules)| Policy {
            id: PolicyId::new("p"),
            kind: PolicyKind::Enrolment,
            name: String::new(),
            description: String::new(),
            priority: 0,
            status,
            system: false,
            groups,
            settings: PolicySettings::None,
            rules,
            created: began(),
            last_updated: began(),
        },
    )
}

fn subject() -> impl Strategy<Value = Subject> {
    (select(vec!["a", "b", "c"]), names(GroupId::new), names(ZoneId::new))
        .prop_map(|(user, groups, zones)| Subject { user: UserId::new(user), groups, zones })
}

/// The first rule that fits, as one would find it by hand: one condition after the other.
fn by_hand<'a>(policies: &'a [Policy], subject: &Subject) -> Option<(&'a Policy, &'a Rule)> {
    for policy in policies {
        if policy.status == PolicyStatus::Inactive {
            continue;
        }
        let mut theirs = policy.groups.is_empty();
        for group in &policy.groups {
            if subject.groups.contains(group) {
                theirs = true;
            }
        }
        if !theirs {
            continue;
        }
        for rule in &policy.rules {
            if rule.status == PolicyStatus::Inactive {
                continue;
            }
            let conditions = &rule.conditions;
            let mut included = conditions.users.include.is_empty() && conditions.groups.include.is_empty();
            for user in &conditions.users.include {
                if *user == subject.user {
                    included = true;
                }
            }
            for group in &conditions.groups.include {
                if subject.groups.contains(group) {
                    included = true;
                }
            }
            for user in &conditions.users.exclude {
                if *user == subject.user {
                    included = false;
                }
            }
            for group in &conditions.groups.exclude {
                if subject.groups.contains(group) {
                    included = false;
                }
            }
            match &conditions.network {
                Network::Anywhere => {}
                Network::In(zones) => {
                    let mut inside = false;
                    for zone in zones {
                        if subject.zones.contains(zone) {
                            inside = true;
                        }
                    }
                    if !inside {
                        included = false;
                    }
                }
                Network::NotIn(zones) => {
                    for zone in zones {
                        if subject.zones.contains(zone) {
                            included = false;
                        }
                    }
                }
            }
            if included {
                return Some((policy, rule));
            }
        }
    }
    None
}

/// Whether proofs are enough, as one would find out by hand.
fn met_by_hand(assurance: &Assurance, proofs: &[Verification], now: DateTime<Utc>) -> bool {
    let too_old = |proof: &Verification, limit: Option<TimeDelta>| match limit {
        None => false,
        Some(_) if proof.at >= began() => false,
        Some(limit) => limit == TimeDelta::zero() || now - proof.at > limit,
    };
    let mut fresh = Vec::new();
    for proof in proofs {
        if !too_old(proof, assurance.reauthenticate_in) {
            fresh.push(proof);
        }
    }
    let knows = fresh.iter().any(|proof| proof.method == AuthenticationMethod::Password);
    let has = fresh.iter().any(|proof| proof.method != AuthenticationMethod::Password);
    let is = fresh.iter().any(|proof| proof.characteristics.user_verification);
    let factors = u8::from(knows) + u8::from(has) + u8::from(is);
    if factors == 0 || (assurance.factor_mode == FactorMode::TwoFactor && factors < 2) {
        return false;
    }
    if assurance.constraints.is_empty() {
        return true;
    }
    for constraint in &assurance.constraints {
        let mut holds = true;
        if let Some(knowledge) = &constraint.knowledge {
            holds &= fresh.iter().any(|proof| {
                proof.method == AuthenticationMethod::Password && !too_old(proof, knowledge.reauthenticate_in)
            });
        }
        if let Some(possession) = &constraint.possession {
            holds &= fresh.iter().any(|proof| {
                let AuthenticationMethod::Factor(kind) = proof.method else { return false };
                let (wanted, shown) = (possession.characteristics, proof.characteristics);
                (possession.methods.is_empty() || possession.methods.contains(&kind))
                    && !too_old(proof, possession.reauthenticate_in)
                    && (shown.user_presence || !wanted.user_presence)
                    && (shown.user_verification || !wanted.user_verification)
                    && (shown.phishing_resistant || !wanted.phishing_resistant)
                    && (shown.hardware_protected || !wanted.hardware_protected)
                    && (shown.device_bound || !wanted.device_bound)
            });
        }
        if holds {
            return true;
        }
    }
    false
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn the_rule_that_applies_is_the_one_that_is_found_by_hand(
        policies in prop::collection::vec(policy(), 0..4),
        subject in subject(),
    ) {
        prop_assert_eq!(applicable(&policies, &subject), by_hand(&policies, &subject));
    }

    #[test]
    fn proofs_are_enough_when_they_are_by_hand(assurance in assurance(), proofs in proofs(), hours in 0_i64..5) {
        let now = began() + TimeDelta::hours(hours);
        let moment = Moment { now, sign_in_began: began() };
        prop_assert_eq!(assurance.is_met_by(&proofs, moment), met_by_hand(&assurance, &proofs, now));
    }

    #[test]
    fn more_proof_never_makes_it_less(assurance in assurance(), proofs in proofs(), further in proof()) {
        let moment = Moment { now: began() + TimeDelta::hours(1), sign_in_began: began() };
        if assurance.is_met_by(&proofs, moment) {
            let more: Vec<Verification> = proofs.into_iter().chain([further]).collect();
            prop_assert!(assurance.is_met_by(&more, moment));
        }
    }

    /// Whoever takes a step that is offered, again and again, comes to the end; and where nothing is offered, no further
    /// proof would help.
    #[test]
    fn steps_lead_to_the_end(
        wanted in prop::collection::vec(assurance(), 1..3),
        proofs in proofs(),
        possible in proofs(),
        pick in any::<prop::sample::Index>(),
    ) {
        let moment = Moment { now: began(), sign_in_began: began() };
        let possible: Vec<Verification> =
            possible.into_iter().map(|proof| Verification { at: moment.now, ..proof }).collect();
        let wanted: Vec<&Assurance> = wanted.iter().collect();
        let is_met = |proofs: &[Verification]| wanted.iter().all(|assurance| assurance.is_met_by(proofs, moment));
        let everything: Vec<Verification> = proofs.iter().chain(&possible).cloned().collect();
        let mut given = proofs;
        for _ in 0..=possible.len() {
            let steps = next_steps(&wanted, &given, &possible, moment);
            if steps.is_empty() {
                break;
            }
            given.push(steps[pick.index(steps.len())].clone());
        }
        prop_assert_eq!(is_met(&given), is_met(&everything));
    }
}
