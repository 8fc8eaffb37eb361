//! What proof there is, and what proof is asked for.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::{Characteristics, FactorKind, Verified};

/// A means of proving who one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AuthenticationMethod {
    /// A password: something that the person knows.
    Password,
    /// A factor: something that the person has.
    Factor(FactorKind),
}

/// One proof of who somebody is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// By which means.
    pub method: AuthenticationMethod,
    /// When, in stage time.
    pub at: DateTime<Utc>,
    /// What it showed.
    pub characteristics: Characteristics,
}

/// What an ID token's `amr` says of these proofs (RFC 8176 and Okta's own): the means, and `mfa` for two factors.
pub(crate) fn amr(proofs: &[Verification]) -> Vec<&'static str> {
    let means: BTreeSet<&str> = proofs.iter().map(Verification::amr).collect();
    let mfa = are_two_factors(proofs).then_some("mfa");
    mfa.into_iter().chain(means).collect()
}

/// Whether these proofs are of two different classes of factors.
pub(crate) fn are_two_factors(proofs: &[Verification]) -> bool {
    proofs.iter().flat_map(Verification::classes).collect::<BTreeSet<Class>>().len() > 1
}

/// A class of factors; two factors are two of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Class {
    Knowledge,
    Possession,
    Inherence,
}

impl From<Verified> for Verification {
    fn from(Verified { kind, at, characteristics, .. }: Verified) -> Self {
        Self { method: AuthenticationMethod::Factor(kind), at, characteristics }
    }
}

impl Verification {
    fn amr(&self) -> &'static str {
        match self.method {
            AuthenticationMethod::Password => "pwd",
            AuthenticationMethod::Factor(kind) => kind.amr(),
        }
    }

    fn classes(&self) -> impl Iterator<Item = Class> {
        let first =
            if self.method == AuthenticationMethod::Password { Class::Knowledge } else { Class::Possession };
        let inherence = self.characteristics.user_verification.then_some(Class::Inherence);
        std::iter::once(first).chain(inherence)
    }
}

/// How many classes of factors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FactorMode {
    /// Any one.
    OneFactor,
    /// Two different ones.
    TwoFactor,
}

/// The proof that is asked for: an access policy's `verificationMethod` of type `ASSURANCE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assurance {
    /// How many classes of factors.
    pub factor_mode: FactorMode,
    /// How old a proof may be; zero for one given in this very sign-in; any age when absent.
    pub reauthenticate_in: Option<TimeDelta>,
    /// One of these must hold, if there are any.
    pub constraints: Vec<Constraint>,
}

/// What must be among the proofs; both parts hold together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Constraint {
    /// Something that the person knows.
    pub knowledge: Option<Knowledge>,
    /// Something that the person has.
    pub possession: Option<Possession>,
}

/// Something that the person knows: the password.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Knowledge {
    /// How old, if less than the [`Assurance`] says.
    pub reauthenticate_in: Option<TimeDelta>,
}

/// Something that the person has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Possession {
    /// By one of these methods; any when empty.
    pub methods: BTreeSet<FactorKind>,
    /// With at least these characteristics.
    pub characteristics: Characteristics,
    /// How old, if less than the [`Assurance`] says.
    pub reauthenticate_in: Option<TimeDelta>,
}

/// The moment at which proofs are looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) now: DateTime<Utc>,
    /// When this sign-in began: what was proved since is always fresh.
    pub(super) sign_in_began: DateTime<Utc>,
}

impl Moment {
    fn is_fresh(self, proof: &Verification, limit: Option<TimeDelta>) -> bool {
        proof.at >= self.sign_in_began
            || limit.is_none_or(|limit| !limit.is_zero() && self.now - proof.at <= limit)
    }
}

impl Assurance {
    /// Any one factor of any age.
    pub fn one_factor() -> Self {
        Self { factor_mode: FactorMode::OneFactor, reauthenticate_in: None, constraints: Vec::new() }
    }

    /// Any two factors of any age.
    pub fn two_factors() -> Self {
        Self { factor_mode: FactorMode::TwoFactor, ..Self::one_factor() }
    }

    /// The same, with proofs no older than this.
    pub(crate) fn no_older_than(mut self, limit: Option<TimeDelta>) -> Self {
        self.reauthenticate_in = match (self.reauthenticate_in, limit) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        self
    }

    /// Whether the proofs are enough. More proofs never make it less so.
    pub(super) fn is_met_by(&self, proofs: &[Verification], moment: Moment) -> bool {
        let fresh: Vec<&Verification> =
            proofs.iter().filter(|proof| moment.is_fresh(proof, self.reauthenticate_in)).collect();
        let classes: BTreeSet<Class> = fresh.iter().flat_map(|proof| proof.classes()).collect();
        let wanted = match self.factor_mode {
            FactorMode::OneFactor => 1,
            FactorMode::TwoFactor => 2,
        };
        let holds = |constraint: &Constraint| constraint.holds(&fresh, moment);
        classes.len() >= wanted && (self.constraints.is_empty() || self.constraints.iter().any(holds))
    }
}

impl Constraint {
    fn holds(&self, proofs: &[&Verification], moment: Moment) -> bool {
        let knows = |knowledge: &Knowledge| {
            let fits = |proof: &&&Verification| proof.method == AuthenticationMethod::Password;
            proofs.iter().filter(fits).any(|proof| moment.is_fresh(proof, knowledge.reauthenticate_in))
        };
        let has = |possession: &Possession| {
            let fits = |proof: &&&Verification| possession.accepts(proof);
            proofs.iter().filter(fits).any(|proof| moment.is_fresh(proof, possession.reauthenticate_in))
        };
        self.knowledge.as_ref().is_none_or(knows) && self.possession.as_ref().is_none_or(has)
    }
}

impl Possession {
    fn accepts(&self, proof: &Verification) -> bool {
        let AuthenticationMethod::Factor(kind) = proof.method else { return false };
        (self.methods.is_empty() || self.methods.contains(&kind))
            && has_all_of(proof.characteristics, self.characteristics)
    }
}

/// Whether each characteristic that is wanted was shown.
fn has_all_of(shown: Characteristics, wanted: Characteristics) -> bool {
    let members = |of: Characteristics| {
        [
            of.user_presence,
            of.user_verification,
            of.phishing_resistant,
            of.hardware_protected,
            of.device_bound,
        ]
    };
    members(shown).into_iter().zip(members(wanted)).all(|(shown, wanted)| shown || !wanted)
}

/// The proofs among `possible` that could come next: each begins a shortest way to meet all of `wanted`. Nothing when
/// they are met already, or can't be.
///
/// People have a handful of authenticators, so every set of them is tried.
pub(super) fn next_steps(
    wanted: &[&Assurance],
    proofs: &[Verification],
    possible: &[Verification],
    moment: Moment,
) -> Vec<Verification> {
    let met = |further: u32| {
        let further =
            (0..possible.len()).filter(|index| further & (1 << index) != 0).map(|index| &possible[index]);
        let all: Vec<Verification> = proofs.iter().chain(further).cloned().collect();
        wanted.iter().all(|assurance| assurance.is_met_by(&all, moment))
    };
    let sets = 1_u32 << possible.len().min(MOST_POSSIBLE);
    let enough: Vec<u32> = (0..sets).filter(|set| met(*set)).collect();
    let shortest = enough.iter().map(|set| set.count_ones()).min().unwrap_or_default();
    let shortest_ways = enough.into_iter().filter(|set| set.count_ones() == shortest);
    let steps = shortest_ways.fold(0, |steps, set| steps | set);
    (0..possible.len())
        .filter(|index| steps & (1 << index) != 0)
        .map(|index| possible[index].clone())
        .collect()
}

/// As many different proofs as are weighed against each other.
const MOST_POSSIBLE: usize = 10;
