//! A length of time as a form has it: a number and a unit.

use chrono::TimeDelta;

use crate::console::wrong::Wrong;
use crate::model::ModelError;
use crate::web::Params;

/// What a form counts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Seconds,
    Minutes,
    Hours,
    Days,
}

impl Unit {
    /// Smallest first.
    const ALL: [Self; 4] = [Self::Seconds, Self::Minutes, Self::Hours, Self::Days];

    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Seconds => "seconds",
            Self::Minutes => "minutes",
            Self::Hours => "hours",
            Self::Days => "days",
        }
    }

    fn seconds(self) -> i64 {
        match self {
            Self::Seconds => 1,
            Self::Minutes => 60,
            Self::Hours => 3_600,
            Self::Days => 86_400,
        }
    }
}

/// A field of a form for a length of time.
pub(super) struct Field {
    /// What the form calls the number; the unit is called so with `_unit` behind it.
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    pub(super) hint: &'static str,
    /// What the model calls it.
    pub(super) about: &'static str,
    /// The smallest unit that it is said in.
    pub(super) from: Unit,
}

/// What stands in such a field.
pub(super) struct Length {
    pub(super) field: &'static Field,
    /// As it was typed.
    pub(super) amount: String,
    unit: Unit,
}

impl Length {
    /// What the form shows for this time, in the largest unit that says it exactly; nothing when there is none.
    pub(super) fn of(field: &'static Field, time: Option<TimeDelta>) -> Self {
        let Some(seconds) = time.map(|time| time.num_seconds()) else {
            return Self { field, amount: String::new(), unit: Unit::Minutes };
        };
        let exact = |unit: &Unit| seconds % unit.seconds() == 0 && seconds >= unit.seconds();
        let unit = field.units().rev().find(exact).unwrap_or(field.from);
        Self { field, amount: (seconds / unit.seconds()).to_string(), unit }
    }

    pub(super) fn sent(field: &'static Field, form: &Params) -> Self {
        let unit = form.text(&format!("{}_unit", field.name)).to_owned();
        let unit = field.units().find(|known| known.name() == unit).unwrap_or(Unit::Minutes);
        Self { field, amount: form.text(field.name).trim().to_owned(), unit }
    }

    /// The time, or none when the field is empty.
    pub(super) fn time(&self) -> Result<Option<TimeDelta>, ModelError> {
        if self.amount.is_empty() {
            return Ok(None);
        }
        let wrong = |reason| ModelError::invalid(self.field.about, reason);
        let number: u64 =
            self.amount.parse().map_err(|_| wrong("Type a whole number, and choose its unit."))?;
        let seconds = i64::try_from(number).ok().and_then(|number| number.checked_mul(self.unit.seconds()));
        let time = seconds.and_then(TimeDelta::try_seconds);
        time.map(Some).ok_or_else(|| wrong("The value is out of range"))
    }

    /// The time, which must be given.
    pub(super) fn needed(&self) -> Result<TimeDelta, ModelError> {
        self.time()?.ok_or_else(|| ModelError::invalid(self.field.about, "Type how long."))
    }

    pub(super) fn is_in(&self, unit: &Unit) -> bool {
        *unit == self.unit
    }

    pub(super) fn wrong<'a>(&self, wrong: &'a Wrong) -> Option<&'a str> {
        wrong.about(self.field.about)
    }
}

impl Field {
    pub(super) fn units(&self) -> impl DoubleEndedIterator<Item = Unit> {
        let from = self.from;
        Unit::ALL.into_iter().filter(move |unit| unit.seconds() >= from.seconds())
    }
}

/// A time for people.
pub(super) fn words(time: TimeDelta) -> String {
    let seconds = time.num_seconds();
    let exact = |unit: &Unit| seconds % unit.seconds() == 0 && seconds >= unit.seconds();
    let unit = Unit::ALL.into_iter().rev().find(exact).unwrap_or(Unit::Seconds);
    let number = seconds / unit.seconds();
    let name = if number == 1 { unit.name().trim_end_matches('s') } else { unit.name() };
    format!("{number} {name}")
}

#[cfg(test)]
mod unit_tests {
    use proptest::prelude::*;

    use super::*;

    static FIELD: Field = Field { name: "age", label: "Age", hint: "", about: "age", from: Unit::Seconds };

    fn sent(amount: &str, unit: &str) -> Result<Option<TimeDelta>, ModelError> {
        let form = Params::default().with("age", amount).with("age_unit", unit);
        Length::sent(&FIELD, &form).time()
    }

    #[test]
    fn a_length_is_a_whole_number_of_a_unit() {
        assert_eq!(sent(" 2 ", "hours"), Ok(Some(TimeDelta::hours(2))));
        assert_eq!(sent("", "hours"), Ok(None));
        for wrong in ["2.5", "-1", "two", "9999999999999999999", "99999999999999999999", "1e3"] {
            assert!(sent(wrong, "days").is_err(), "{wrong}");
        }
        assert_eq!(words(TimeDelta::hours(48)), "2 days");
        assert_eq!(words(TimeDelta::minutes(1)), "1 minute");
        assert_eq!(words(TimeDelta::zero()), "0 seconds");
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_again(seconds in 0_i64..=31_536_000_000) {
            let time = TimeDelta::seconds(seconds);
            let shown = Length::of(&FIELD, Some(time));
            prop_assert_eq!(sent(&shown.amount, shown.unit.name()), Ok(Some(time)));
        }
    }
}
