//! Objects of the org as lists show them.

use std::sync::Arc;

use super::mark::Mark;
use crate::model::{
    App, AppId, AppStatus, Group, GroupId, LogEvent, Model, OutcomeResult, PageRequest, Party, User,
    UserStatus,
};

/// An application.
pub(super) struct AppRow {
    pub(super) id: AppId,
    pub(super) label: String,
    pub(super) mark: Mark,
    pub(super) active: bool,
}

impl AppRow {
    pub(super) fn of(app: &App) -> Self {
        Self {
            id: app.id.clone(),
            label: app.label.clone(),
            mark: Mark::of(&app.label),
            active: app.status == AppStatus::Active,
        }
    }

    pub(super) fn status(&self) -> &'static str {
        if self.active { "Active" } else { "Inactive" }
    }

    pub(super) fn tone(&self) -> &'static str {
        if self.active { "good" } else { "off" }
    }
}

/// A person.
pub(super) struct PersonRow {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) login: String,
    pub(super) email: String,
    pub(super) mark: Mark,
    status: UserStatus,
}

impl PersonRow {
    pub(super) fn of(user: &User) -> Self {
        let name = user.profile.display_name();
        Self {
            id: user.id.to_string(),
            mark: Mark::of(&name),
            name,
            login: user.profile.login.clone(),
            email: user.profile.email.clone(),
            status: user.status,
        }
    }

    pub(super) fn status(&self) -> &'static str {
        match self.status {
            UserStatus::Staged => "Staged",
            UserStatus::Provisioned => "Pending user action",
            UserStatus::Active => "Active",
            UserStatus::PasswordExpired => "Password expired",
            UserStatus::Recovery => "Password reset",
            UserStatus::LockedOut => "Locked out",
            UserStatus::Suspended => "Suspended",
            UserStatus::Deprovisioned => "Deactivated",
        }
    }

    pub(super) fn tone(&self) -> &'static str {
        match self.status {
            UserStatus::Active => "good",
            UserStatus::Provisioned
            | UserStatus::PasswordExpired
            | UserStatus::Recovery
            | UserStatus::LockedOut
            | UserStatus::Suspended => "warn",
            UserStatus::Staged | UserStatus::Deprovisioned => "off",
        }
    }
}

/// A group.
pub(super) struct GroupRow {
    pub(super) id: GroupId,
    pub(super) name: String,
    pub(super) description: String,
    pub(super) members: usize,
}

impl GroupRow {
    pub(super) fn of(group: &Group, model: &Model) -> Self {
        Self {
            id: group.id.clone(),
            name: group.name.clone(),
            description: group.description.clone(),
            members: model.members(&group.id, &PageRequest::all()).map_or(0, |page| page.items.len()),
        }
    }
}

/// How events end.
pub(super) const OUTCOMES: [OutcomeResult; 5] = [
    OutcomeResult::Success,
    OutcomeResult::Failure,
    OutcomeResult::Allow,
    OutcomeResult::Deny,
    OutcomeResult::Challenge,
];

/// How an event ended, for people.
pub(super) fn outcome_label(result: OutcomeResult) -> &'static str {
    match result {
        OutcomeResult::Success => "Success",
        OutcomeResult::Failure => "Failure",
        OutcomeResult::Allow => "Allow",
        OutcomeResult::Deny => "Deny",
        OutcomeResult::Challenge => "Challenge",
    }
}

/// An entry of the System Log.
pub(super) struct EventRow {
    event: Arc<LogEvent>,
}

impl EventRow {
    pub(super) fn of(event: Arc<LogEvent>) -> Self {
        Self { event }
    }

    pub(super) fn published(&self) -> String {
        self.event.published.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
    }

    pub(super) fn day(&self) -> String {
        self.event.published.format("%b %d, %Y").to_string()
    }

    pub(super) fn time(&self) -> String {
        self.event.published.format("%H:%M:%S").to_string()
    }

    pub(super) fn actor(&self) -> &Party {
        &self.event.actor
    }

    pub(super) fn targets(&self) -> &[Party] {
        &self.event.target
    }

    pub(super) fn message(&self) -> &'static str {
        self.event.display_message
    }

    pub(super) fn event_type(&self) -> &'static str {
        self.event.event_type.name()
    }

    pub(super) fn address(&self) -> Option<&str> {
        self.event.client.ip_address.as_deref()
    }

    pub(super) fn outcome(&self) -> &'static str {
        outcome_label(self.event.outcome.result)
    }

    /// What else is known, by name.
    pub(super) fn details(&self) -> Vec<(String, String)> {
        let event = &self.event;
        let agent = event.client.user_agent.as_ref().map(|agent| agent.raw_user_agent.clone());
        let chain = event.request.ip_chain.iter().map(|hop| hop.ip.clone()).collect::<Vec<_>>().join(", ");
        let known = [
            ("Event ID", Some(event.uuid.clone())),
            ("Actor ID", Some(event.actor.id.clone())),
            ("User agent", agent),
            ("IP chain", Some(chain)),
            ("Session", event.authentication_context.external_session_id.clone()),
            ("Transaction", Some(event.transaction.id.clone())),
        ];
        let known = known.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        let targets = event
            .target
            .iter()
            .map(|party| (format!("{} ID", party.kind), format!("{} ({})", party.id, party.alternate_id)));
        let debug = event.debug_context.debug_data.iter().map(|(name, value)| {
            (name.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned))
        });
        known.chain(targets).chain(debug).filter(|(_, value)| !value.is_empty()).collect()
    }

    pub(super) fn reason(&self) -> Option<&str> {
        self.event.outcome.reason.as_deref()
    }

    pub(super) fn tone(&self) -> &'static str {
        match self.event.outcome.result {
            OutcomeResult::Success | OutcomeResult::Allow => "good",
            OutcomeResult::Challenge => "warn",
            OutcomeResult::Failure | OutcomeResult::Deny => "bad",
        }
    }
}
