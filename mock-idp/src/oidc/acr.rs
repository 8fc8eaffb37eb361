//! `acr_values`: a degree of proof that the relying party asks for (OpenID Connect Core, 3.1.2.1; Okta's predefined
//! values).

use std::collections::BTreeSet;

use crate::model::{Assurance, Characteristics, Constraint, FactorMode, Knowledge, Possession};

/// A degree of proof, by the name that `acr` echoes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Acr {
    /// Any one factor.
    OneFactor,
    /// The password.
    Password,
    /// Any two factors.
    TwoFactors,
    /// Any two factors of somebody who has, or can enrol, as many.
    TwoFactorsIfPossible,
    /// A proof that can't be given to another site.
    PhishingResistant,
    /// The same, by a key that is kept by hardware.
    PhishingResistantHardware,
}

const ALL: [Acr; 6] = [
    Acr::OneFactor,
    Acr::Password,
    Acr::TwoFactors,
    Acr::TwoFactorsIfPossible,
    Acr::PhishingResistant,
    Acr::PhishingResistantHardware,
];

impl Acr {
    /// The first value of a space-separated list, best first, that this org knows. Values that it doesn't know are
    /// voluntary (OpenID Connect Core, 5.5.1.1); a list of nothing else asks for nothing.
    pub(crate) fn of(values: &str) -> Option<Self> {
        values.split(' ').find_map(|value| ALL.into_iter().find(|known| known.name() == value))
    }

    /// The names of those that this org knows.
    pub(crate) fn names() -> impl Iterator<Item = &'static str> {
        ALL.into_iter().map(Self::name)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::OneFactor => "urn:okta:loa:1fa:any",
            Self::Password => "urn:okta:loa:1fa:pwd",
            Self::TwoFactors => "urn:okta:loa:2fa:any",
            Self::TwoFactorsIfPossible => "urn:okta:loa:2fa:any:ifpossible",
            Self::PhishingResistant => "phr",
            Self::PhishingResistantHardware => "phrh",
        }
    }

    /// The proof that it takes.
    pub(crate) fn assurance(self) -> Assurance {
        let resistant = Characteristics { phishing_resistant: true, ..Characteristics::default() };
        let (factor_mode, constraint) = match self {
            Self::OneFactor => (FactorMode::OneFactor, None),
            Self::Password => (FactorMode::OneFactor, Some(knows())),
            Self::TwoFactors | Self::TwoFactorsIfPossible => (FactorMode::TwoFactor, None),
            Self::PhishingResistant => (FactorMode::OneFactor, Some(has(resistant))),
            Self::PhishingResistantHardware => {
                let hardware = Characteristics { hardware_protected: true, ..resistant };
                (FactorMode::OneFactor, Some(has(hardware)))
            }
        };
        Assurance { factor_mode, reauthenticate_in: None, constraints: constraint.into_iter().collect() }
    }
}

fn knows() -> Constraint {
    Constraint { knowledge: Some(Knowledge::default()), possession: None }
}

fn has(characteristics: Characteristics) -> Constraint {
    let possession = Possession { methods: BTreeSet::new(), characteristics, reauthenticate_in: None };
    Constraint { knowledge: None, possession: Some(possession) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_value_that_is_known_counts() {
        assert_eq!(Acr::of("gold phr urn:okta:loa:2fa:any"), Some(Acr::PhishingResistant));
        assert_eq!(Acr::of("gold"), None);
        assert_eq!(Acr::of(""), None);
        assert!(ALL.iter().all(|acr| Acr::of(acr.name()) == Some(*acr)));
    }
}
