//! How long the times can be that a rule speaks of.

use chrono::TimeDelta;

use super::data::{Actions, AppSignOn, FactorPrompt, SignOn};
use crate::model::ModelError;

/// A thousand years: longer than any stage runs, and short enough to be added to its time.
const LONGEST: TimeDelta = TimeDelta::days(365_000);

/// Refuses times that are negative or past all bounds, and sessions that would end as they begin.
pub(super) fn check_times(actions: &Actions) -> Result<(), ModelError> {
    let within = |field, shortest, time: Option<TimeDelta>| match time {
        Some(time) if time < shortest || time > LONGEST => {
            Err(ModelError::invalid(field, "The value is out of range"))
        }
        _ => Ok(()),
    };
    let (instant, moment) = (TimeDelta::zero(), TimeDelta::seconds(1));
    match actions {
        Actions::SignOn(SignOn { require_factor, session, .. }) => {
            if let Some(FactorPrompt::Session(lifetime)) = require_factor {
                within("factorLifetime", instant, Some(*lifetime))?;
            }
            within("maxSessionIdleMinutes", moment, session.max_idle)?;
            within("maxSessionLifetimeMinutes", moment, session.max_lifetime)
        }
        Actions::AppSignOn(AppSignOn { assurance, .. }) => {
            let parts = assurance.constraints.iter().flat_map(|constraint| {
                let knowledge = constraint.knowledge.as_ref().and_then(|part| part.reauthenticate_in);
                [knowledge, constraint.possession.as_ref().and_then(|part| part.reauthenticate_in)]
            });
            std::iter::once(assurance.reauthenticate_in)
                .chain(parts)
                .try_for_each(|age| within("reauthenticateIn", instant, age))
        }
        Actions::Enroll(_) => Ok(()),
    }
}
