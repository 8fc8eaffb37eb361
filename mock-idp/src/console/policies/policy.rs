//! One policy with its rules, and what can be done with it.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use http::StatusCode;

use super::kind::{Kind, path, policy_of};
use super::{password, words};
use crate::console::factors::{authenticator_label, enrolment_label};
use crate::console::frame::Frame;
use crate::console::refusal::{Answer, refused};
use crate::console::rows::AppRow;
use crate::model::{
    Authenticator, ModelError, NewPolicy, PageRequest, Policy, PolicySettings, PolicyStatus, Rule, RuleId,
    SelfEnrolment,
};
use crate::site::Site;
use crate::web::{PostedForm, SignedIn, html, see_other};

#[derive(Template)]
#[template(path = "console/policy.html")]
struct PolicyPage {
    frame: Frame,
    kind: &'static Kind,
    policy: Arc<Policy>,
    groups: String,
    /// What it says beside its rules.
    settings: Vec<(&'static str, String)>,
    rules: Vec<RuleRow>,
    /// Those that go by it.
    apps: Vec<AppRow>,
    /// What can be done with it, as buttons.
    actions: Vec<&'static str>,
}

impl PolicyPage {
    fn active(&self) -> bool {
        self.policy.status == PolicyStatus::Active
    }
}

/// A rule as its policy's page shows it.
struct RuleRow {
    id: RuleId,
    name: String,
    place: u32,
    system: bool,
    active: bool,
    conditions: Vec<String>,
    demands: Vec<String>,
    /// What can be done with it, as buttons.
    actions: Vec<&'static str>,
}

impl RuleRow {
    fn of(site: &Site, policy: &Policy, rule: &Rule) -> Self {
        let last = policy.rules.iter().filter(|rule| !rule.system).map(|rule| rule.priority).max();
        let active = rule.status == PolicyStatus::Active;
        let actions = [
            ("Move up", rule.priority > 1),
            ("Move down", Some(rule.priority) < last),
            ("Deactivate", active),
            ("Activate", !active),
            ("Delete", true),
        ];
        Self {
            id: rule.id.clone(),
            name: rule.name.clone(),
            place: rule.priority,
            system: rule.system,
            active,
            conditions: words::conditions(site, &rule.conditions),
            demands: words::actions(&rule.actions),
            // The system's own rules stay where they are, and as they are.
            actions: offered(&actions, rule.system),
        }
    }
}

fn offered(actions: &[(&'static str, bool)], system: bool) -> Vec<&'static str> {
    actions.iter().filter(|(_, possible)| *possible && !system).map(|(action, _)| *action).collect()
}

pub(super) async fn show(State(site): State<Site>, Path(id): Path<String>, by: SignedIn) -> Answer {
    let (policy, kind) = policy_of(&site, &id)?;
    let apps = site.model.apps(&PageRequest::all(), |app| app.access_policy == policy.id).items;
    let active = policy.status == PolicyStatus::Active;
    let mut actions = vec!["Clone"];
    let others = [("Deactivate", active), ("Activate", !active), ("Delete", apps.is_empty())];
    actions.extend(offered(&others, policy.system));
    let page = PolicyPage {
        frame: Frame::around(kind.page, &site, &by),
        kind,
        groups: words::groups(&site, &policy.groups),
        settings: settings(&policy.settings),
        rules: policy.rules.iter().map(|rule| RuleRow::of(&site, &policy, rule)).collect(),
        apps: apps.iter().map(|app| AppRow::of(app)).collect(),
        actions,
        policy,
    };
    Ok(html(StatusCode::OK, &page))
}

fn settings(settings: &PolicySettings) -> Vec<(&'static str, String)> {
    match settings {
        PolicySettings::None => Vec::new(),
        PolicySettings::Enrolment(_) => Authenticator::ALL
            .map(|one| (authenticator_label(one), enrolment_label(enrolment_of(settings, one)).to_owned()))
            .into(),
        PolicySettings::Password(settings) => password::facts(settings),
    }
}

/// Whether people enrol an authenticator. What isn't named they can't.
pub(super) fn enrolment_of(settings: &PolicySettings, authenticator: Authenticator) -> SelfEnrolment {
    let PolicySettings::Enrolment(settings) = settings else { return SelfEnrolment::NotAllowed };
    let named = settings.authenticators.iter().find(|(known, _)| *known == authenticator);
    named.map_or(SelfEnrolment::NotAllowed, |(_, enrolment)| *enrolment)
}

pub(super) async fn act(State(site): State<Site>, Path(id): Path<String>, posted: PostedForm) -> Answer {
    let (policy, kind) = policy_of(&site, &id)?;
    let (model, cause) = (&site.model, &posted.by.cause);
    let place = |place| {
        model.update_policy(&policy.id, NewPolicy { priority: Some(place), ..policy.as_new() }, cause)
    };
    let (outcome, next): (Result<_, ModelError>, _) = match posted.form.text("action") {
        "Activate" => {
            (model.set_policy_status(&policy.id, PolicyStatus::Active, cause).map(drop), path(&policy.id))
        }
        "Deactivate" => {
            (model.set_policy_status(&policy.id, PolicyStatus::Inactive, cause).map(drop), path(&policy.id))
        }
        "Move up" => (place(policy.priority.saturating_sub(1)).map(drop), kind.list.to_owned()),
        "Move down" => (place(policy.priority.saturating_add(1)).map(drop), kind.list.to_owned()),
        "Delete" => (model.delete_policy(&policy.id, cause), kind.list.to_owned()),
        "Clone" => {
            let copy = model.clone_policy(&policy.id, cause).map_err(refused(&site))?;
            (Ok(()), path(&copy.id))
        }
        _ => (Err(ModelError::invalid("action", "there is no such action")), String::new()),
    };
    outcome.map_err(refused(&site))?;
    Ok(see_other(&next))
}
