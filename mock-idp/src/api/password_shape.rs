//! How the settings of a password policy look in JSON, going in and coming out.

use serde_json::{Value, json};

use super::ApiError;
use super::members::Members;
use crate::model::{PasswordComplexity, PasswordSettings};

/// Okta's longest for a password's least length.
const MOST_CHARACTERS: u32 = 30;
/// Okta's bound of remembered passwords.
const MOST_REMEMBERED: u32 = 30;
/// More wrong passwords, days and minutes than any policy says.
const MOST: u32 = 10_000_000;

/// Reads the settings; what isn't said is Okta's default. Nobody is sent mail here and there is no self-service recovery,
/// so that what a policy says of these is refused.
pub(super) fn read(body: &mut Members) -> Result<PasswordSettings, ApiError> {
    let usual = PasswordSettings { complexity: PasswordComplexity::OKTA, ..PasswordSettings::default() };
    let mut settings = body.object_or_empty("settings")?;
    let mut password = settings.object_or_empty("password")?;
    let complexity = complexity(password.object_or_empty("complexity")?)?;
    let mut age = password.object_or_empty("age")?;
    let mut lockout = password.object_or_empty("lockout")?;
    let read = PasswordSettings {
        max_attempts: number(&mut lockout, "maxAttempts", usual.max_attempts, MOST)?,
        auto_unlock_minutes: number(&mut lockout, "autoUnlockMinutes", usual.auto_unlock_minutes, MOST)?,
        show_lockout_failures: lockout.read("showLockoutFailures")?.unwrap_or(usual.show_lockout_failures),
        max_age_days: number(&mut age, "maxAgeDays", usual.max_age_days, MOST)?,
        expire_warn_days: number(&mut age, "expireWarnDays", usual.expire_warn_days, MOST)?,
        history_count: number(&mut age, "historyCount", usual.history_count, MOST_REMEMBERED)?,
        complexity,
    };
    number(&mut age, "minAgeMinutes", 0, 0)?;
    for part in [age, lockout, password, settings] {
        part.finish()?;
    }
    Ok(read)
}

fn complexity(mut given: Members) -> Result<PasswordComplexity, ApiError> {
    let usual = PasswordComplexity::OKTA;
    let read = PasswordComplexity {
        min_length: number(&mut given, "minLength", usual.min_length, MOST_CHARACTERS)?.max(1),
        min_lower_case: number(&mut given, "minLowerCase", usual.min_lower_case, 1)?,
        min_upper_case: number(&mut given, "minUpperCase", usual.min_upper_case, 1)?,
        min_number: number(&mut given, "minNumber", usual.min_number, 1)?,
        min_symbol: number(&mut given, "minSymbol", usual.min_symbol, 1)?,
        exclude_username: given.read("excludeUsername")?.unwrap_or(usual.exclude_username),
    };
    let mut dictionary = given.object_or_empty("dictionary")?;
    let mut common = dictionary.object_or_empty("common")?;
    if common.read("exclude")?.unwrap_or(false) {
        return Err(common.refuse("exclude", "Not supported by this org"));
    }
    for part in [common, dictionary, given] {
        part.finish()?;
    }
    Ok(read)
}

fn number(given: &mut Members, name: &str, usual: u32, most: u32) -> Result<u32, ApiError> {
    match given.read::<u32>(name)? {
        None => Ok(usual),
        Some(number) if number <= most => Ok(number),
        Some(_) => Err(given.refuse(name, "The value is out of range")),
    }
}

/// Writes the settings.
pub(super) fn write(settings: &PasswordSettings) -> Value {
    let PasswordComplexity {
        min_length,
        min_lower_case,
        min_upper_case,
        min_number,
        min_symbol,
        exclude_username,
    } = settings.complexity;
    json!({
        "password": {
            "complexity": {
                "minLength": min_length,
                "minLowerCase": min_lower_case,
                "minUpperCase": min_upper_case,
                "minNumber": min_number,
                "minSymbol": min_symbol,
                "excludeUsername": exclude_username,
                "dictionary": { "common": { "exclude": false } },
                "excludeAttributes": [],
            },
            "age": {
                "maxAgeDays": settings.max_age_days,
                "expireWarnDays": settings.expire_warn_days,
                "minAgeMinutes": 0,
                "historyCount": settings.history_count,
            },
            "lockout": {
                "maxAttempts": settings.max_attempts,
                "autoUnlockMinutes": settings.auto_unlock_minutes,
                "userLockoutNotificationChannels": [],
                "showLockoutFailures": settings.show_lockout_failures,
            },
        },
    })
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    fn complexity() -> impl Strategy<Value = PasswordComplexity> {
        (1..=MOST_CHARACTERS, prop::array::uniform4(0..=1_u32), any::<bool>()).prop_map(
            |(min_length, [min_lower_case, min_upper_case, min_number, min_symbol], exclude_username)| {
                PasswordComplexity {
                    min_length,
                    min_lower_case,
                    min_upper_case,
                    min_number,
                    min_symbol,
                    exclude_username,
                }
            },
        )
    }

    pub(in crate::api) fn settings() -> impl Strategy<Value = PasswordSettings> {
        let numbers = prop::array::uniform4(0..=1000_u32);
        (numbers, 0..=MOST_REMEMBERED, any::<bool>(), complexity()).prop_map(
            |(numbers, history_count, show_lockout_failures, complexity)| {
                let [max_attempts, auto_unlock_minutes, max_age_days, expire_warn_days] = numbers;
                PasswordSettings {
                    max_attempts,
                    auto_unlock_minutes,
                    show_lockout_failures,
                    max_age_days,
                    expire_warn_days,
                    history_count,
                    complexity,
                }
            },
        )
    }
}
