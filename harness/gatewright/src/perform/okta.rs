//! What the org does, and what it has logged.

use std::sync::Arc;

use mock_idp::model::{AppId, Cause, EventType, LogEvent, ModelError, OutcomeResult, UserId};

use crate::record::Event;
use crate::stage::World;
use crate::vocabulary::{
    AppName, Assignment, FilledPattern, LogEntry, LogOutcome, OktaStep, Several, StepError, UserName,
};

/// An entry of the System Log as it should be, values filled in.
struct Expected {
    event: EventType,
    outcome: Option<LogOutcome>,
    reason: Option<FilledPattern>,
    user: Option<String>,
}

impl World {
    pub(super) async fn okta_step(&self, step: &OktaStep) -> Result<(), StepError> {
        let cause = Cause::system();
        match step {
            OktaStep::Logged(entries) => self.logged(entries).await,
            OktaStep::DidNotLog(entries) => {
                self.rest().await?;
                self.did_not_log(entries)
            }
            OktaStep::Assigns(assignment) => self.assigns(assignment, true),
            OktaStep::Unassigns(assignment) => self.assigns(assignment, false),
            OktaStep::Suspends(user) => refused(self.org().model().suspend_user(&self.user(user)?, &cause)),
            OktaStep::Unsuspends(user) => {
                refused(self.org().model().unsuspend_user(&self.user(user)?, &cause))
            }
            OktaStep::Unlocks(user) => refused(self.org().model().unlock_user(&self.user(user)?, &cause)),
            OktaStep::ExpiresThePasswordOf(user) => {
                refused(self.org().model().expire_password(&self.user(user)?, &cause))
            }
            OktaStep::ResetsTheFactorsOf(user) => {
                refused(self.org().model().reset_factors(&self.user(user)?, &cause))
            }
            OktaStep::AddsARule(rule) => self.adds_a_rule(rule),
            OktaStep::EndsTheSessionsOf(user) => {
                refused(self.org().model().clear_sessions(&self.user(user)?, &cause))
            }
            OktaStep::Misbehaves(ways) => self.misbehaves(ways),
            OktaStep::BehavesAgain => {
                self.org().misbehaviour().heal_all();
                Ok(())
            }
        }
    }

    /// Whether a step about the org that was true once is still true now that everything is over.
    pub(crate) fn okta_stayed(&self, step: &OktaStep) -> Result<(), StepError> {
        match step {
            OktaStep::DidNotLog(entries) => self.did_not_log(entries),
            _ => Ok(()),
        }
    }

    fn assigns(&self, assignment: &Assignment, give: bool) -> Result<(), StepError> {
        let (model, cause) = (self.org().model(), Cause::system());
        match assignment {
            Assignment::User(assignment) => {
                let (app, user) = (self.app_id(&assignment.app)?, self.user(&assignment.user)?);
                refused(match give {
                    true => model.assign_user(&app, &user, &cause),
                    false => model.unassign_user(&app, &user, &cause),
                })
            }
            Assignment::Group(assignment) => {
                let (app, name) = (self.app_id(&assignment.app)?, assignment.group.as_str());
                let group = self.ids().groups.get(name);
                let group = group.ok_or_else(|| StepError::unmet(format!("the org has no group {name}")))?;
                refused(match give {
                    true => model.assign_group(&app, group, &cause),
                    false => model.unassign_group(&app, group, &cause),
                })
            }
        }
    }

    async fn logged(&self, entries: &Several<LogEntry>) -> Result<(), StepError> {
        let expected = self.expected_entries(entries)?;
        let found = self.log().until(self.patience(), |events| {
            let mut logged = entries_of(events);
            match expected.iter().find(|expected| !logged.any(|entry| expected.holds(entry))) {
                None => Ok(()),
                Some(missing) => Err(missing.in_words()),
            }
        });
        found.await.map_err(|missing| {
            StepError::unmet("the org's System Log has no such entries in this order")
                .compared(missing, self.system_log())
        })
    }

    fn did_not_log(&self, entries: &Several<LogEntry>) -> Result<(), StepError> {
        let expected = self.expected_entries(entries)?;
        let logged = self.log().read(|events| {
            expected
                .iter()
                .find(|expected| entries_of(events).any(|entry| expected.holds(entry)))
                .map(Expected::in_words)
        });
        match logged {
            None => Ok(()),
            Some(entry) => Err(StepError::unmet("the org logged what it should not")
                .compared(format!("no entry {entry}"), self.system_log())),
        }
    }

    fn expected_entries(&self, entries: &Several<LogEntry>) -> Result<Vec<Expected>, StepError> {
        let one = |entry: &LogEntry| {
            Ok(Expected {
                event: entry.event,
                outcome: entry.outcome,
                reason: self.fill_pattern(entry.reason.as_ref())?,
                user: entry.user.as_ref().map(|user| self.user(user)).transpose()?.map(|id| id.to_string()),
            })
        };
        entries.iter().map(one).collect()
    }

    pub(super) fn app_id(&self, name: &AppName) -> Result<AppId, StepError> {
        let app = self.ids().apps.get(name.as_str());
        app.map(|app| app.id.clone()).ok_or_else(|| StepError::unmet(format!("the org has no app {name}")))
    }

    pub(super) fn user(&self, name: &UserName) -> Result<UserId, StepError> {
        let user = self.ids().users.get(name.as_str());
        user.map(|user| user.id.clone())
            .ok_or_else(|| StepError::unmet(format!("the org has no user {name}")))
    }

    /// The System Log as the report shows it beside an expectation.
    fn system_log(&self) -> String {
        let lines =
            self.log().read(|events| entries_of(events).map(|entry| in_words(entry)).collect::<Vec<_>>());
        self.redactor().text(&lines.join("\n"))
    }
}

impl Expected {
    fn holds(&self, entry: &LogEvent) -> bool {
        self.event == entry.event_type
            && self.outcome.is_none_or(|outcome| outcome == outcome_of(entry))
            && self
                .reason
                .as_ref()
                .is_none_or(|reason| entry.outcome.reason.as_ref().is_some_and(|came| reason.matches(came)))
            && self.user.as_ref().is_none_or(|user| entry.actor.id == *user)
    }

    fn in_words(&self) -> String {
        let mut words = self.event.name().to_owned();
        if let Some(outcome) = self.outcome {
            words += &format!(", outcome {outcome}");
        }
        if let Some(user) = &self.user {
            words += &format!(", user {user}");
        }
        if let Some(reason) = &self.reason {
            words += &format!(", reason {reason}");
        }
        words
    }
}

fn entries_of(events: &[ground::evidence::Stamped<Event>]) -> impl Iterator<Item = &Arc<LogEvent>> {
    events.iter().filter_map(|stamped| match &stamped.event {
        Event::Org(mock_idp::Event::Logged(entry)) => Some(entry),
        _ => None,
    })
}

fn outcome_of(entry: &LogEvent) -> LogOutcome {
    match entry.outcome.result {
        OutcomeResult::Success => LogOutcome::Success,
        OutcomeResult::Failure => LogOutcome::Failure,
        OutcomeResult::Allow => LogOutcome::Allow,
        OutcomeResult::Deny => LogOutcome::Deny,
        OutcomeResult::Challenge => LogOutcome::Challenge,
    }
}

fn in_words(entry: &LogEvent) -> String {
    let reason = entry.outcome.reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
    format!("{} by {}: {}{reason}", entry.event_type.name(), entry.actor.alternate_id, outcome_of(entry))
}

/// The model's refusal as a step's error.
fn refused<T>(outcome: Result<T, ModelError>) -> Result<(), StepError> {
    outcome.map(drop).map_err(|error| StepError::unmet(format!("the org refused: {error}")))
}
