//! Making, changing, moving and deleting a policy's rules.

use askama::Template;
use axum::extract::{Path, State};
use http::StatusCode;

use super::kind::{Kind, path, policy_with_rules};
use super::rule_form::RuleForm;
use crate::console::choices::Choices;
use crate::console::frame::Frame;
use crate::console::refusal::{Answer, Refusal, missing, refused};
use crate::console::wrong::Wrong;
use crate::model::{ModelError, NewRule, Policy, PolicyStatus, Rule, RuleId};
use crate::site::Site;
use crate::web::{PostedForm, SignedIn, html, see_other};

#[derive(Template)]
#[template(path = "console/rule.html")]
struct RulePage {
    frame: Frame,
    policy: String,
    back: String,
    title: String,
    /// The system's own rules fit everybody.
    system: bool,
    groups: Choices,
    groups_except: Choices,
    zones: Choices,
    form: RuleForm,
}

impl RulePage {
    fn new(
        site: &Site,
        by: &SignedIn,
        (policy, kind): (&Policy, &Kind),
        rule: Option<&Rule>,
        form: RuleForm,
    ) -> Self {
        let [groups, groups_except, zones] = form.conditions.choices(&site.model, &form.wrong);
        Self {
            frame: Frame::around(kind.page, site, by),
            policy: policy.name.clone(),
            back: path(&policy.id),
            title: rule.map_or_else(|| "Add Rule".to_owned(), |rule| format!("Edit {}", rule.name)),
            system: rule.is_some_and(|rule| rule.system),
            groups,
            groups_except,
            zones,
            form,
        }
    }
}

pub(super) async fn add(State(site): State<Site>, Path(id): Path<String>, by: SignedIn) -> Answer {
    let (policy, kind) = policy_with_rules(&site, &id)?;
    let page = RulePage::new(&site, &by, (&policy, kind), None, RuleForm::new(policy.kind));
    Ok(html(StatusCode::OK, &page))
}

pub(super) async fn create(State(site): State<Site>, Path(id): Path<String>, posted: PostedForm) -> Answer {
    let (policy, kind) = policy_with_rules(&site, &id)?;
    let form = RuleForm::sent(&posted.form, policy.kind, None).map_err(refused(&site))?;
    let new = form.rule(&site.model, None);
    match new.and_then(|new| site.model.create_rule(&policy.id, new, &posted.by.cause)) {
        Ok(_) => Ok(see_other(&path(&policy.id))),
        Err(error) => {
            let form = RuleForm { wrong: Wrong::of(&site, error)?, ..form };
            let page = RulePage::new(&site, &posted.by, (&policy, kind), None, form);
            Ok(html(StatusCode::UNPROCESSABLE_ENTITY, &page))
        }
    }
}

fn rule_of<'a>(site: &Site, policy: &'a Policy, rule: &str) -> Result<&'a Rule, Refusal> {
    policy.rule(&RuleId::new(rule)).map_err(|_| missing(site, "PolicyRule", rule))
}

pub(super) async fn edit(
    State(site): State<Site>,
    Path((id, rule)): Path<(String, String)>,
    by: SignedIn,
) -> Answer {
    let (policy, kind) = policy_with_rules(&site, &id)?;
    let rule = rule_of(&site, &policy, &rule)?;
    let form = RuleForm::of(&site.model, rule);
    Ok(html(StatusCode::OK, &RulePage::new(&site, &by, (&policy, kind), Some(rule), form)))
}

pub(super) async fn save(
    State(site): State<Site>,
    Path((id, rule)): Path<(String, String)>,
    posted: PostedForm,
) -> Answer {
    let (policy, kind) = policy_with_rules(&site, &id)?;
    let rule = rule_of(&site, &policy, &rule)?;
    let form = RuleForm::sent(&posted.form, policy.kind, Some(rule)).map_err(refused(&site))?;
    let new = form.rule(&site.model, Some(rule));
    match new.and_then(|new| site.model.update_rule(&policy.id, &rule.id, new, &posted.by.cause)) {
        Ok(_) => Ok(see_other(&path(&policy.id))),
        Err(error) => {
            let form = RuleForm { wrong: Wrong::of(&site, error)?, ..form };
            let page = RulePage::new(&site, &posted.by, (&policy, kind), Some(rule), form);
            Ok(html(StatusCode::UNPROCESSABLE_ENTITY, &page))
        }
    }
}

pub(super) async fn act(
    State(site): State<Site>,
    Path((id, rule)): Path<(String, String)>,
    posted: PostedForm,
) -> Answer {
    let (policy, _) = policy_with_rules(&site, &id)?;
    let rule = rule_of(&site, &policy, &rule)?;
    let (model, cause) = (&site.model, &posted.by.cause);
    let status = |status| model.set_rule_status(&policy.id, &rule.id, status, cause).map(drop);
    let place = |place| {
        let moved = NewRule { priority: Some(place), ..rule.as_new() };
        model.update_rule(&policy.id, &rule.id, moved, cause).map(drop)
    };
    let outcome = match posted.form.text("action") {
        "Activate" => status(PolicyStatus::Active),
        "Deactivate" => status(PolicyStatus::Inactive),
        "Move up" => place(rule.priority.saturating_sub(1)),
        "Move down" => place(rule.priority.saturating_add(1)),
        "Delete" => model.delete_rule(&policy.id, &rule.id, cause),
        _ => Err(ModelError::invalid("action", "there is no such action")),
    };
    outcome.map_err(refused(&site))?;
    Ok(see_other(&path(&policy.id)))
}
