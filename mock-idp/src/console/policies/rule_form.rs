//! A rule as a form.

use super::access::{self, AccessForm};
use super::conditions::ConditionsForm;
use super::session::{self, SessionForm};
use super::words;
use crate::console::wrong::Wrong;
use crate::model::{Actions, EnrollWhen, Model, ModelError, NewRule, PolicyKind, PolicyStatus, Rule};
use crate::web::Params;

/// What the form holds.
pub(super) struct RuleForm {
    pub(super) name: String,
    pub(super) conditions: ConditionsForm,
    pub(super) action: ActionForm,
    pub(super) wrong: Wrong,
}

/// What the rule says, by its policy's kind.
pub(super) enum ActionForm {
    Session(SessionForm),
    Access(Box<AccessForm>),
    Enroll(EnrollWhen),
}

const MOMENTS: [(EnrollWhen, &str); 3] =
    [(EnrollWhen::Challenge, "challenge"), (EnrollWhen::Login, "login"), (EnrollWhen::Never, "never")];

impl RuleForm {
    /// One for a new rule.
    pub(super) fn new(kind: PolicyKind) -> Self {
        let action = match kind {
            PolicyKind::SignOn => ActionForm::Session(SessionForm::new()),
            PolicyKind::Access => ActionForm::Access(Box::new(AccessForm::new())),
            PolicyKind::Enrolment | PolicyKind::Password => ActionForm::Enroll(EnrollWhen::Challenge),
        };
        Self { name: String::new(), conditions: ConditionsForm::default(), action, wrong: Wrong::default() }
    }

    pub(super) fn of(model: &Model, rule: &Rule) -> Self {
        let action = match &rule.actions {
            Actions::SignOn(action) => ActionForm::Session(SessionForm::of(action)),
            Actions::AppSignOn(action) => ActionForm::Access(Box::new(AccessForm::of(action))),
            Actions::Enroll(when) => ActionForm::Enroll(*when),
        };
        let conditions = ConditionsForm::of(model, &rule.conditions);
        Self { name: rule.name.clone(), conditions, action, wrong: Wrong::default() }
    }

    /// The form as it was sent, for a rule of a policy of this kind that says `before` now.
    pub(super) fn sent(form: &Params, kind: PolicyKind, before: Option<&Rule>) -> Result<Self, ModelError> {
        let action = match kind {
            PolicyKind::SignOn => ActionForm::Session(SessionForm::sent(form)?),
            PolicyKind::Access => {
                let before = before.and_then(|rule| match &rule.actions {
                    Actions::AppSignOn(action) => Some(action),
                    _ => None,
                });
                ActionForm::Access(Box::new(AccessForm::sent(form, before)?))
            }
            PolicyKind::Enrolment | PolicyKind::Password => ActionForm::Enroll(moment(form)?),
        };
        let name = form.text("name").trim().to_owned();
        Ok(Self { name, conditions: ConditionsForm::sent(form)?, action, wrong: Wrong::default() })
    }

    /// The rule that it describes. Whom the system's own rules fit stays; others fit whom the form says.
    pub(super) fn rule(&self, model: &Model, before: Option<&Rule>) -> Result<NewRule, ModelError> {
        let conditions = match before.filter(|before| before.system) {
            Some(before) => before.conditions.clone(),
            None => self.conditions.conditions(model)?,
        };
        Ok(NewRule {
            name: self.name.clone(),
            priority: None,
            status: before.map_or(PolicyStatus::Active, |before| before.status),
            conditions,
            actions: match &self.action {
                ActionForm::Session(form) => Actions::SignOn(form.action()?),
                ActionForm::Access(form) => Actions::AppSignOn(form.action()?),
                ActionForm::Enroll(when) => Actions::Enroll(*when),
            },
        })
    }

    /// What is wrong with nothing that has a field here.
    pub(super) fn wrong_otherwise(&self) -> Option<&str> {
        let fields = ["name", "people.users", "people.users.exclude", "people.groups", "network"];
        self.wrong.beside(&[&fields[..], &session::FIELDS, &access::FIELDS].concat())
    }

    pub(super) fn session(&self) -> Option<&SessionForm> {
        match &self.action {
            ActionForm::Session(form) => Some(form),
            _ => None,
        }
    }

    pub(super) fn access(&self) -> Option<&AccessForm> {
        match &self.action {
            ActionForm::Access(form) => Some(form),
            _ => None,
        }
    }

    /// Name and label of each moment of enrolment, and whether it is the one that is given; for an enrolment policy.
    pub(super) fn moments(&self) -> Vec<(&'static str, &'static str, bool)> {
        let ActionForm::Enroll(now) = &self.action else { return Vec::new() };
        MOMENTS.iter().map(|(when, name)| (*name, words::enroll(*when), when == now)).collect()
    }
}

fn moment(form: &Params) -> Result<EnrollWhen, ModelError> {
    let found = MOMENTS.iter().find(|(_, name)| *name == form.text("enroll"));
    found
        .map(|(when, _)| *when)
        .ok_or_else(|| ModelError::invalid("actions", "Choose when people are asked to enroll."))
}

/// Whether the form denies access.
pub(super) fn denies(form: &Params) -> Result<bool, ModelError> {
    match form.text("access") {
        "ALLOW" => Ok(false),
        "DENY" => Ok(true),
        _ => Err(ModelError::invalid("actions", "Choose whether access is allowed or denied.")),
    }
}
