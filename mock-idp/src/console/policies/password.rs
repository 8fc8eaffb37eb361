//! What a password policy says, as a form and for people.

use crate::console::wrong::Wrong;
use crate::model::{ModelError, PasswordComplexity, PasswordSettings};
use crate::web::Params;

/// A number of the policy.
struct Number {
    /// What the model calls it, and the form too.
    name: &'static str,
    label: &'static str,
    hint: &'static str,
    of: fn(&mut PasswordSettings) -> &mut u32,
}

/// A demand of the policy that is made or not.
struct Demand {
    name: &'static str,
    label: &'static str,
    of: fn(&mut PasswordSettings) -> &mut u32,
}

static NUMBERS: [Number; 6] = [
    Number {
        name: "minLength",
        label: "Minimum length",
        hint: "1 to 30 characters.",
        of: |it| &mut it.complexity.min_length,
    },
    Number {
        name: "historyCount",
        label: "Enforce password history for last",
        hint: "Passwords; 0 for none.",
        of: |it| &mut it.history_count,
    },
    Number {
        name: "maxAgeDays",
        label: "Password expires after",
        hint: "Days; 0 for never.",
        of: |it| &mut it.max_age_days,
    },
    Number {
        name: "expireWarnDays",
        label: "Prompt user before password expires",
        hint: "Days; 0 for not at all.",
        of: |it| &mut it.expire_warn_days,
    },
    Number {
        name: "maxAttempts",
        label: "Lock out user after",
        hint: "Unsuccessful attempts; 0 for never.",
        of: |it| &mut it.max_attempts,
    },
    Number {
        name: "autoUnlockMinutes",
        label: "Account is automatically unlocked after",
        hint: "Minutes; 0 for by an administrator alone.",
        of: |it| &mut it.auto_unlock_minutes,
    },
];

static DEMANDS: [Demand; 4] = [
    Demand { name: "minLowerCase", label: "Lower case letter", of: |it| &mut it.complexity.min_lower_case },
    Demand { name: "minUpperCase", label: "Upper case letter", of: |it| &mut it.complexity.min_upper_case },
    Demand { name: "minNumber", label: "Number (0-9)", of: |it| &mut it.complexity.min_number },
    Demand { name: "minSymbol", label: "Symbol (e.g., !@#$%^&*)", of: |it| &mut it.complexity.min_symbol },
];

const EXCLUDE_USERNAME: (&str, &str) = ("excludeUsername", "Does not contain part of username");
const SHOW_LOCKOUT: (&str, &str) = ("showLockoutFailures", "Show lock out failures");

/// What the form holds.
pub(super) struct PasswordForm {
    /// The names and values of its fields.
    typed: Params,
}

/// A number's field.
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    pub(super) hint: &'static str,
    pub(super) typed: String,
    pub(super) wrong: Option<String>,
}

impl PasswordForm {
    /// What a new policy says unless it is changed.
    pub(super) fn new() -> Self {
        Self::of(&PasswordSettings { complexity: PasswordComplexity::OKTA, ..PasswordSettings::default() })
    }

    pub(super) fn of(settings: &PasswordSettings) -> Self {
        let mut settings = settings.clone();
        let mut typed = Params::default();
        for number in &NUMBERS {
            typed = typed.with(number.name, &(number.of)(&mut settings).to_string());
        }
        let mut ticked: Vec<&str> = DEMANDS
            .iter()
            .filter(|demand| *(demand.of)(&mut settings) > 0)
            .map(|demand| demand.name)
            .collect();
        ticked.extend(settings.complexity.exclude_username.then_some(EXCLUDE_USERNAME.0));
        ticked.extend(settings.show_lockout_failures.then_some(SHOW_LOCKOUT.0));
        Self { typed: ticked.into_iter().fold(typed, |typed, name| typed.with(name, "true")) }
    }

    pub(super) fn sent(form: &Params) -> Self {
        Self { typed: form.clone() }
    }

    pub(super) fn settings(&self) -> Result<PasswordSettings, ModelError> {
        let mut settings = PasswordSettings::default();
        for number in &NUMBERS {
            let typed = self.typed.text(number.name).trim();
            let wrong = |_| ModelError::invalid(number.name, "Type a whole number.");
            *(number.of)(&mut settings) = typed.parse::<u32>().map_err(wrong)?;
        }
        for demand in &DEMANDS {
            *(demand.of)(&mut settings) = self.typed.has(demand.name).into();
        }
        settings.complexity.exclude_username = self.typed.has(EXCLUDE_USERNAME.0);
        settings.show_lockout_failures = self.typed.has(SHOW_LOCKOUT.0);
        Ok(settings)
    }

    pub(super) fn fields(&self, wrong: &Wrong) -> Vec<Field> {
        let field = |number: &Number| Field {
            name: number.name,
            label: number.label,
            hint: number.hint,
            typed: self.typed.text(number.name).to_owned(),
            wrong: wrong.about(number.name).map(str::to_owned),
        };
        NUMBERS.iter().map(field).collect()
    }

    /// Name and label of each thing that is ticked or not, and whether it is.
    pub(super) fn ticks(&self) -> Vec<(&'static str, &'static str, bool)> {
        let demands = DEMANDS.iter().map(|demand| (demand.name, demand.label));
        let all = demands.chain([EXCLUDE_USERNAME, SHOW_LOCKOUT]);
        all.map(|(name, label)| (name, label, self.typed.has(name))).collect()
    }
}

/// Whether this field shows what is wrong with it.
pub(super) fn has_field(name: &str) -> bool {
    NUMBERS.iter().any(|number| number.name == name)
}

/// What the policy says, for people.
pub(super) fn facts(settings: &PasswordSettings) -> Vec<(&'static str, String)> {
    let mut copy = settings.clone();
    let number = |number: &Number| {
        let value = *(number.of)(&mut copy);
        let unit = number.hint.split([';', '.']).next().unwrap_or_default().to_lowercase();
        let unit = unit.trim_start_matches("1 to 30 ");
        (number.label, if value == 0 { "Not set".to_owned() } else { format!("{value} {unit}") })
    };
    let numbers: Vec<_> = NUMBERS.iter().map(number).collect();
    let ticks = PasswordForm::of(settings).ticks().into_iter();
    let ticks = ticks.map(|(_, label, ticked)| (label, if ticked { "Yes" } else { "No" }.to_owned()));
    numbers.into_iter().chain(ticks).collect()
}
