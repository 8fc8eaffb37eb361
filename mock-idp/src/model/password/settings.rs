//! The rules that passwords are under, in the terms of Okta's password policies.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use ground::Secret;

use crate::model::{Model, ModelError, User, UserId};

/// Okta's own upper bound, in bytes.
const MAX_LENGTH: usize = 72;

/// More wrong passwords, days and minutes than any policy says.
const MOST: u32 = 10_000_000;

/// How much of a username counts as a part of it.
const PART: usize = 4;

/// What a password policy says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswordSettings {
    /// How many wrong passwords lock the user out; 0: none do.
    pub max_attempts: u32,
    /// After how many minutes of stage time a locked user is unlocked; 0: by an administrator alone.
    pub auto_unlock_minutes: u32,
    /// Whether a locked user is told so, and not just that the sign-in failed.
    pub show_lockout_failures: bool,
    /// After how many days a password must be changed; 0: never.
    pub max_age_days: u32,
    /// How many days before that its owner is warned; 0: not at all.
    pub expire_warn_days: u32,
    /// How many former passwords can't be chosen again by their owner.
    pub history_count: u32,
    /// What a password must be made of.
    pub complexity: PasswordComplexity,
}

/// What a password must be made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswordComplexity {
    /// How many characters it has at least.
    pub min_length: u32,
    /// How many of them are lower-case letters.
    pub min_lower_case: u32,
    /// How many are upper-case letters.
    pub min_upper_case: u32,
    /// How many are digits.
    pub min_number: u32,
    /// How many are neither letters nor digits.
    pub min_symbol: u32,
    /// Whether parts of the username, of four characters and more, are refused in it.
    pub exclude_username: bool,
}

impl Default for PasswordSettings {
    /// Okta's, except that any password is complex enough.
    fn default() -> Self {
        Self {
            max_attempts: 10,
            auto_unlock_minutes: 0,
            show_lockout_failures: false,
            max_age_days: 0,
            expire_warn_days: 0,
            history_count: 4,
            complexity: PasswordComplexity::NONE,
        }
    }
}

impl PasswordComplexity {
    /// Anything goes.
    pub const NONE: Self = Self {
        min_length: 1,
        min_lower_case: 0,
        min_upper_case: 0,
        min_number: 0,
        min_symbol: 0,
        exclude_username: false,
    };

    /// What Okta asks for unless told otherwise: eight characters, a letter of either case, a digit, nothing of the
    /// username.
    pub const OKTA: Self = Self {
        min_length: 8,
        min_lower_case: 1,
        min_upper_case: 1,
        min_number: 1,
        min_symbol: 0,
        exclude_username: true,
    };

    fn accepts(&self, password: &str, login: &str) -> bool {
        let count = |wanted: fn(char) -> bool| password.chars().filter(|c| wanted(*c)).count();
        let enough = [
            (self.min_length, password.chars().count()),
            (self.min_lower_case, count(char::is_lowercase)),
            (self.min_upper_case, count(char::is_uppercase)),
            (self.min_number, count(|c| c.is_ascii_digit())),
            (self.min_symbol, count(|c| !c.is_alphanumeric())),
        ];
        let lower = password.to_lowercase();
        let login = login.to_lowercase();
        let mut parts = login.split(|c: char| !c.is_alphanumeric()).filter(|part| part.len() >= PART);
        enough.into_iter().all(|(least, there)| there >= least as usize)
            && !(self.exclude_username && parts.any(|part| lower.contains(part)))
    }
}

impl PasswordSettings {
    /// The sentence in which Okta says what a password must be.
    pub fn requirements(&self) -> String {
        let rules = &self.complexity;
        let one = |least: u32, text: &str| (least > 0).then(|| text.to_owned());
        let wanted = [
            Some(format!("at least {} characters", rules.min_length)),
            one(rules.min_lower_case, "a lowercase letter"),
            one(rules.min_upper_case, "an uppercase letter"),
            one(rules.min_number, "a number"),
            one(rules.min_symbol, "a symbol"),
            rules.exclude_username.then(|| "no parts of your username".to_owned()),
        ];
        let wanted: Vec<String> = wanted.into_iter().flatten().collect();
        let history = match self.history_count {
            0 => String::new(),
            count => format!(" Your password cannot be any of your last {count} passwords."),
        };
        format!("Password requirements: {}.{history}", wanted.join(", "))
    }

    /// Refuses numbers past Okta's bounds.
    pub(in crate::model) fn check_bounds(&self) -> Result<(), ModelError> {
        let rules = &self.complexity;
        let bounds = [
            ("minLength", rules.min_length, 1, 30),
            ("minLowerCase", rules.min_lower_case, 0, 1),
            ("minUpperCase", rules.min_upper_case, 0, 1),
            ("minNumber", rules.min_number, 0, 1),
            ("minSymbol", rules.min_symbol, 0, 1),
            ("historyCount", self.history_count, 0, 30),
            ("maxAgeDays", self.max_age_days, 0, MOST),
            ("expireWarnDays", self.expire_warn_days, 0, MOST),
            ("maxAttempts", self.max_attempts, 0, MOST),
            ("autoUnlockMinutes", self.auto_unlock_minutes, 0, MOST),
        ];
        match bounds.into_iter().find(|(_, number, least, most)| number < least || number > most) {
            None => Ok(()),
            Some((field, _, least, most)) => {
                Err(ModelError::invalid(field, format!("The value must be from {least} to {most}")))
            }
        }
    }

    /// When a password that was set then must be changed.
    pub(super) fn expires(&self, set: DateTime<Utc>) -> Option<DateTime<Utc>> {
        (self.max_age_days > 0).then(|| set + TimeDelta::days(self.max_age_days.into()))
    }

    pub(in crate::model) fn check(&self, password: &Secret, login: &str) -> Result<(), ModelError> {
        let text = password.expose();
        if (1..=MAX_LENGTH).contains(&text.len()) && self.complexity.accepts(text, login) {
            return Ok(());
        }
        Err(ModelError::invalid(
            "password",
            format!("Password requirements were not met. {}", self.requirements()),
        ))
    }
}

impl Model {
    /// The rules that this user's password is under.
    pub fn password_settings_for(&self, user: &UserId) -> Arc<PasswordSettings> {
        let records = self.read();
        records.policies.password_settings(records.memberships.get(user))
    }

    /// The rules of the default password policy, which new users' passwords are under.
    pub fn password_settings(&self) -> Arc<PasswordSettings> {
        self.read().policies.password_settings(None)
    }

    /// Gives the default password policy other rules. They count from now on; passwords that are set stay.
    pub fn set_password_settings(&self, settings: PasswordSettings) {
        self.write().policies.set_default_password_settings(settings);
    }

    /// When the user's password must be changed, and from when on its owner is warned of that.
    pub fn password_expiry(&self, user: &User) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        let settings = self.password_settings_for(&user.id);
        let expires = settings.expires(user.password_changed?)?;
        Some((expires, expires - TimeDelta::days(settings.expire_warn_days.into())))
    }
}

#[cfg(test)]
mod unit_tests {
    use super::*;

    const LOGIN: &str = "o.connor-smith@acme.test";

    fn accepts(complexity: PasswordComplexity, password: &str) -> bool {
        let settings = PasswordSettings { complexity, ..PasswordSettings::default() };
        settings.check(&Secret::new("password", password), LOGIN).is_ok()
    }

    #[test]
    fn oktas_rules_ask_for_length_cases_a_digit_and_nothing_of_the_username() {
        for (password, taken) in [
            ("Tr0ubadour", true),
            ("Tr0ubad", false),
            ("tr0ubadour", false),
            ("TR0UBADOUR", false),
            ("Troubadour", false),
            ("Connor2026", false),
            ("xSMITH20-26", false),
            ("Acme-2026-x", false),
            ("Con-nor-2026", true),
        ] {
            assert_eq!(accepts(PasswordComplexity::OKTA, password), taken, "{password}");
        }
    }

    #[test]
    fn any_password_of_1_to_72_bytes_is_taken_unless_rules_say_more() {
        for (password, taken) in [("", false), ("x", true), (&"x".repeat(72), true), (&"x".repeat(73), false)]
        {
            assert_eq!(accepts(PasswordComplexity::NONE, password), taken, "{}", password.len());
        }
        let symbol = PasswordComplexity { min_symbol: 1, ..PasswordComplexity::NONE };
        assert!(accepts(symbol.clone(), "a!") && !accepts(symbol, "a1"));
    }

    #[test]
    fn the_requirements_are_oktas_sentence() {
        let settings =
            PasswordSettings { complexity: PasswordComplexity::OKTA, ..PasswordSettings::default() };
        assert_eq!(
            settings.requirements(),
            "Password requirements: at least 8 characters, a lowercase letter, an uppercase letter, a number, no parts \
             of your username. Your password cannot be any of your last 4 passwords."
        );
    }
}
