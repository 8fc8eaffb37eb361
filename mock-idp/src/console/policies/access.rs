//! What a rule of an application's policy says, as a form.
//!
//! The management API can say more than the form asks: several constraints of which one must hold, each with an age of
//! its own. Such a rule is shown in words, and the form can leave that part as it is.

use std::collections::BTreeSet;

use chrono::TimeDelta;

use super::length::{Field, Length, Unit};
use crate::console::factors::kind_label;
use crate::model::{
    Access, AppSignOn, Assurance, Characteristics, Constraint, FactorKind, FactorMode, Knowledge, ModelError,
    Possession,
};
use crate::web::Params;

static AGE: Field = Field {
    name: "age",
    label: "Time since the user was authenticated",
    hint: "",
    about: "reauthenticateIn",
    from: Unit::Seconds,
};

/// The field that shows what is wrong with it.
pub(super) const FIELDS: [&str; 1] = ["reauthenticateIn"];

/// What the form holds.
pub(super) struct AccessForm {
    pub(super) denies: bool,
    pub(super) proof: Proof,
    /// What is asked of a possession factor.
    possession: Possession,
    pub(super) reauthenticate: Reauthenticate,
    pub(super) age: Length,
    /// What the rule says now, where the form has no words for it.
    pub(super) beyond: Option<Assurance>,
}

/// With what a person must authenticate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    AnyOne,
    Password,
    Possession,
    AnyTwo,
    PasswordAndAnother,
    /// As the rule says it already.
    AsItIs,
}

impl Proof {
    const ALL: [Self; 6] = [
        Self::AnyOne,
        Self::Password,
        Self::Possession,
        Self::AnyTwo,
        Self::PasswordAndAnother,
        Self::AsItIs,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::AnyOne => "any_one",
            Self::Password => "password",
            Self::Possession => "possession",
            Self::AnyTwo => "any_two",
            Self::PasswordAndAnother => "password_and_another",
            Self::AsItIs => "as_it_is",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::AnyOne => "Any 1 factor type",
            Self::Password => "Password",
            Self::Possession => "Possession factor",
            Self::AnyTwo => "Any 2 factor types",
            Self::PasswordAndAnother => "Password + Another factor",
            Self::AsItIs => "As the rule says now",
        }
    }
}

/// When a person must authenticate anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reauthenticate {
    Always,
    After,
    Never,
}

impl Reauthenticate {
    const ALL: [Self; 3] = [Self::Always, Self::After, Self::Never];

    fn name(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::After => "after",
            Self::Never => "never",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Always => "Every time user signs in to resource",
            Self::After => "When it's been over a specified length of time since the user signed in",
            Self::Never => "Never, while the session lasts",
        }
    }
}

/// A characteristic that a possession factor can be asked for: what forms name it, what they call it, which it is.
type Asked = (&'static str, &'static str, fn(&mut Characteristics) -> &mut bool);

const CHARACTERISTICS: [Asked; 5] = [
    ("phishing_resistant", "Phishing resistant", |of| &mut of.phishing_resistant),
    ("hardware_protected", "Hardware protected", |of| &mut of.hardware_protected),
    ("device_bound", "Device bound", |of| &mut of.device_bound),
    ("user_presence", "Require user interaction (user presence)", |of| &mut of.user_presence),
    ("user_verification", "Require user verification (biometric or PIN)", |of| &mut of.user_verification),
];

impl AccessForm {
    /// What a new rule says unless it is changed: as Okta's, two factors at every sign-in.
    pub(super) fn new() -> Self {
        Self::of(&AppSignOn {
            access: Access::Allow,
            assurance: Assurance::two_factors().no_older_than(Some(TimeDelta::zero())),
        })
    }

    pub(super) fn of(action: &AppSignOn) -> Self {
        let assurance = &action.assurance;
        let (reauthenticate, age) = match assurance.reauthenticate_in {
            None => (Reauthenticate::Never, None),
            Some(age) if age.is_zero() => (Reauthenticate::Always, None),
            Some(age) => (Reauthenticate::After, Some(age)),
        };
        let possession = assurance.constraints.first().and_then(|one| one.possession.clone());
        // The form asks for no age of a part's own.
        let possession = possession.map(|part| Possession { reauthenticate_in: None, ..part });
        let mut form = Self {
            denies: action.access == Access::Deny,
            proof: Proof::AsItIs,
            possession: possession.unwrap_or_default(),
            reauthenticate,
            age: Length::of(&AGE, age),
            beyond: None,
        };
        let says_it = |proof: &Proof| {
            let (mode, constraints) = form.demands(*proof);
            (mode, &constraints) == (assurance.factor_mode, &assurance.constraints)
        };
        let said = Proof::ALL.into_iter().filter(|proof| *proof != Proof::AsItIs).find(says_it);
        match said {
            Some(proof) => form.proof = proof,
            None => form.beyond = Some(assurance.clone()),
        }
        form
    }

    /// The form as it was sent, for a rule that says `before` now.
    pub(super) fn sent(form: &Params, before: Option<&AppSignOn>) -> Result<Self, ModelError> {
        let beyond = before.and_then(|before| Self::of(before).beyond);
        let choose = |what| ModelError::invalid("actions", what);
        let proof = Proof::ALL.into_iter().find(|known| known.name() == form.text("proof"));
        let proof = proof.filter(|proof| *proof != Proof::AsItIs || beyond.is_some());
        let reauthenticate =
            Reauthenticate::ALL.into_iter().find(|known| known.name() == form.text("reauthenticate"));
        let mut characteristics = Characteristics::default();
        for (name, _, member) in CHARACTERISTICS {
            *member(&mut characteristics) = form.has(name);
        }
        let methods: BTreeSet<FactorKind> = FactorKind::ALL
            .into_iter()
            .filter(|kind| form.values("method").any(|given| given == kind.factor_type()))
            .collect();
        if form.values("method").count() != methods.len() {
            return Err(choose("There is no such authentication method."));
        }
        Ok(Self {
            denies: super::rule_form::denies(form)?,
            proof: proof.ok_or_else(|| choose("Choose what a user must authenticate with."))?,
            possession: Possession { methods, characteristics, reauthenticate_in: None },
            reauthenticate: reauthenticate
                .ok_or_else(|| choose("Choose when a user must authenticate again."))?,
            age: Length::sent(&AGE, form),
            beyond,
        })
    }

    pub(super) fn action(&self) -> Result<AppSignOn, ModelError> {
        let (factor_mode, mut constraints) = self.demands(self.proof);
        let reauthenticate_in = match self.reauthenticate {
            Reauthenticate::Always => Some(TimeDelta::zero()),
            Reauthenticate::After => Some(self.age.needed()?),
            Reauthenticate::Never => None,
        };
        if let Some(limit) = reauthenticate_in {
            constraints.iter_mut().for_each(|constraint| bound(constraint, limit));
        }
        Ok(AppSignOn {
            access: if self.denies { Access::Deny } else { Access::Allow },
            assurance: Assurance { factor_mode, reauthenticate_in, constraints },
        })
    }

    /// How many factors, and what must be among them.
    fn demands(&self, proof: Proof) -> (FactorMode, Vec<Constraint>) {
        let knowledge = Some(Knowledge::default());
        let possession = Some(self.possession.clone());
        let particular = possession.clone().filter(|possession| *possession != Possession::default());
        let one = |knowledge, possession| vec![Constraint { knowledge, possession }];
        match proof {
            Proof::AnyOne => (FactorMode::OneFactor, Vec::new()),
            Proof::Password => (FactorMode::OneFactor, one(knowledge, None)),
            Proof::Possession => (FactorMode::OneFactor, one(None, possession)),
            Proof::AnyTwo if particular.is_none() => (FactorMode::TwoFactor, Vec::new()),
            Proof::AnyTwo => (FactorMode::TwoFactor, one(None, possession)),
            Proof::PasswordAndAnother => (FactorMode::TwoFactor, one(knowledge, particular)),
            Proof::AsItIs => match &self.beyond {
                Some(said) => (said.factor_mode, said.constraints.clone()),
                None => (FactorMode::OneFactor, Vec::new()),
            },
        }
    }

    /// Name and label of each answer to the question what with, and whether it is the one that is given.
    pub(super) fn proofs(&self) -> Vec<(&'static str, &'static str, bool)> {
        let offered = Proof::ALL.into_iter().filter(|proof| *proof != Proof::AsItIs || self.beyond.is_some());
        offered.map(|proof| (proof.name(), proof.label(), proof == self.proof)).collect()
    }

    /// What the rule says now, where the form has no words for it.
    pub(super) fn said(&self) -> Option<String> {
        self.beyond.as_ref().map(|said| super::words::app_sign_on(said).join(". "))
    }

    /// Name and label of each characteristic, and whether it is asked for.
    pub(super) fn characteristics(&self) -> [(&'static str, &'static str, bool); 5] {
        let mut asked = self.possession.characteristics;
        CHARACTERISTICS.map(|(name, label, member)| (name, label, *member(&mut asked)))
    }

    /// Name and label of each method, and whether it is among those that are asked for.
    pub(super) fn methods(&self) -> [(&'static str, &'static str, bool); 4] {
        FactorKind::ALL
            .map(|kind| (kind.factor_type(), kind_label(kind), self.possession.methods.contains(&kind)))
    }

    /// Name and label of each answer to the question when again, and whether it is the one that is given.
    pub(super) fn moments(&self) -> [(&'static str, &'static str, bool); 3] {
        Reauthenticate::ALL.map(|when| (when.name(), when.label(), when == self.reauthenticate))
    }
}

/// Makes no part of a demand speak of an older proof than the whole does: that says the same.
fn bound(constraint: &mut Constraint, limit: TimeDelta) {
    let ages = [
        constraint.knowledge.as_mut().map(|part| &mut part.reauthenticate_in),
        constraint.possession.as_mut().map(|part| &mut part.reauthenticate_in),
    ];
    for age in ages.into_iter().flatten().filter_map(Option::as_mut) {
        *age = (*age).min(limit);
    }
}

#[cfg(test)]
mod unit_tests {
    use proptest::prelude::*;
    use proptest::sample::{select, subsequence};

    use super::*;

    fn characteristics() -> impl Strategy<Value = Characteristics> {
        any::<[bool; 5]>().prop_map(|shown| {
            let mut characteristics = Characteristics::default();
            for ((_, _, member), shown) in CHARACTERISTICS.iter().zip(shown) {
                *member(&mut characteristics) = shown;
            }
            characteristics
        })
    }

    fn age() -> impl Strategy<Value = Option<TimeDelta>> {
        prop_oneof![Just(None), (0_i64..300_000).prop_map(|seconds| Some(TimeDelta::seconds(seconds)))]
    }

    fn constraint() -> impl Strategy<Value = Constraint> {
        let knowledge = prop_oneof![
            Just(None),
            Just(Some(Knowledge::default())),
            age().prop_map(|age| Some(Knowledge { reauthenticate_in: age }))
        ];
        let methods = subsequence(FactorKind::ALL.to_vec(), 0..=4);
        let possession = (methods, characteristics(), prop_oneof![3 => Just(None), 1 => age()]).prop_map(
            |(methods, characteristics, reauthenticate_in)| Possession {
                methods: methods.into_iter().collect(),
                characteristics,
                reauthenticate_in,
            },
        );
        (knowledge, prop::option::of(possession))
            .prop_map(|(knowledge, possession)| Constraint { knowledge, possession })
    }

    fn action() -> impl Strategy<Value = AppSignOn> {
        let mode = select(vec![FactorMode::OneFactor, FactorMode::TwoFactor]);
        let access = select(vec![Access::Allow, Access::Deny]);
        (access, mode, age(), prop::collection::vec(constraint(), 0..3)).prop_map(
            |(access, factor_mode, reauthenticate_in, constraints)| {
                let mut assurance = Assurance { factor_mode, reauthenticate_in, constraints };
                if let Some(limit) = reauthenticate_in {
                    assurance.constraints.iter_mut().for_each(|constraint| bound(constraint, limit));
                }
                AppSignOn { access, assurance }
            },
        )
    }

    /// What a browser sends that shows the form and changes nothing.
    fn posted(form: &AccessForm) -> Params {
        let mut encoded = url::form_urlencoded::Serializer::new(String::new());
        encoded.append_pair("access", if form.denies { "DENY" } else { "ALLOW" });
        encoded.append_pair("age", &form.age.amount);
        let unit = form.age.field.units().find(|unit| form.age.is_in(unit)).unwrap();
        encoded.append_pair("age_unit", unit.name());
        let chosen = |choices: &[(&'static str, &'static str, bool)]| {
            choices.iter().filter(|(.., chosen)| *chosen).map(|(name, ..)| *name).collect::<Vec<_>>()
        };
        for (field, choices) in [
            ("proof", chosen(&form.proofs())),
            ("reauthenticate", chosen(&form.moments())),
            ("method", chosen(&form.methods())),
        ] {
            encoded.extend_pairs(choices.into_iter().map(|name| (field, name)));
        }
        encoded.extend_pairs(chosen(&form.characteristics()).into_iter().map(|name| (name, "true")));
        Params::parse(encoded.finish().as_bytes())
    }

    proptest! {
        #[test]
        fn what_is_sent_back_unchanged_changes_nothing(action in action()) {
            let sent = AccessForm::sent(&posted(&AccessForm::of(&action)), Some(&action)).unwrap();
            prop_assert_eq!(sent.action().unwrap(), action);
        }
    }

    #[test]
    fn what_the_form_has_no_words_for_can_be_kept_but_not_made() {
        let form = Params::parse(b"access=ALLOW&proof=as_it_is&reauthenticate=never");
        assert!(AccessForm::sent(&form, None).is_err());
        let plain = AppSignOn { access: Access::Allow, assurance: Assurance::two_factors() };
        assert!(AccessForm::sent(&form, Some(&plain)).is_err());
    }
}
