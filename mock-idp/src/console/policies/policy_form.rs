//! Making and changing a policy: all of it but its rules.

use std::collections::BTreeSet;
use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use http::StatusCode;

use super::kind::{Kind, path, policy_of};
use super::password::{self, PasswordForm};
use super::policy::enrolment_of;
use crate::console::choices::Choices;
use crate::console::factors::{authenticator_label, enrolment_label};
use crate::console::frame::Frame;
use crate::console::refusal::Answer;
use crate::console::wrong::Wrong;
use crate::model::{
    Authenticator, EnrolmentSettings, GroupId, ModelError, NewPolicy, PageRequest, Policy, PolicyKind,
    PolicySettings, PolicyStatus, SelfEnrolment,
};
use crate::site::Site;
use crate::web::{Params, PostedForm, SignedIn, html, see_other};

/// What a policy's form holds.
#[derive(Default)]
struct PolicyForm {
    name: String,
    description: String,
    groups: BTreeSet<GroupId>,
    /// Whether people enrol each of [`AUTHENTICATORS`], as the form says it; for an enrolment policy alone.
    enrolments: [String; 3],
    /// For a password policy alone.
    password: Option<PasswordForm>,
    wrong: Wrong,
}

/// The authenticators as forms name them.
const AUTHENTICATORS: [(Authenticator, &str); 3] = [
    (Authenticator::OktaPassword, "okta_password"),
    (Authenticator::OktaVerify, "okta_verify"),
    (Authenticator::WebAuthn, "webauthn"),
];

const ENROLMENTS: [SelfEnrolment; 3] =
    [SelfEnrolment::Required, SelfEnrolment::Optional, SelfEnrolment::NotAllowed];

impl PolicyForm {
    /// An empty one.
    fn new(kind: PolicyKind) -> Self {
        Self {
            enrolments: ["Required", "Optional", "Optional"].map(str::to_owned),
            password: (kind == PolicyKind::Password).then(PasswordForm::new),
            ..Self::default()
        }
    }

    fn of(policy: &Policy) -> Self {
        Self {
            name: policy.name.clone(),
            description: policy.description.clone(),
            groups: policy.groups.clone(),
            enrolments: AUTHENTICATORS
                .map(|(one, _)| enrolment_label(enrolment_of(&policy.settings, one)).to_owned()),
            password: match &policy.settings {
                PolicySettings::Password(settings) => Some(PasswordForm::of(settings)),
                _ => None,
            },
            wrong: Wrong::default(),
        }
    }

    fn sent(form: &Params, kind: PolicyKind) -> Self {
        Self {
            name: form.text("name").trim().to_owned(),
            description: form.text("description").trim().to_owned(),
            groups: form.values("group").map(GroupId::new).collect(),
            enrolments: AUTHENTICATORS.map(|(_, name)| form.text(name).to_owned()),
            password: (kind == PolicyKind::Password).then(|| PasswordForm::sent(form)),
            wrong: Wrong::default(),
        }
    }

    /// The policy that it describes; what the form of this kind doesn't speak of stays out of it.
    fn policy(
        &self,
        kind: PolicyKind,
        status: PolicyStatus,
        everyone: &GroupId,
    ) -> Result<NewPolicy, ModelError> {
        let for_groups = kind != PolicyKind::Access && !self.groups.contains(everyone);
        Ok(NewPolicy {
            kind,
            name: self.name.clone(),
            description: self.description.clone(),
            priority: None,
            status,
            groups: if for_groups { self.groups.clone() } else { BTreeSet::new() },
            settings: match kind {
                PolicyKind::Enrolment => PolicySettings::Enrolment(self.enrolment()?),
                _ => match &self.password {
                    Some(form) => PolicySettings::Password(Arc::new(form.settings()?)),
                    None => PolicySettings::None,
                },
            },
        })
    }

    fn enrolment(&self) -> Result<EnrolmentSettings, ModelError> {
        let parse = |((authenticator, _), said): ((Authenticator, &str), &String)| {
            let known = ENROLMENTS.into_iter().find(|known| enrolment_label(*known) == said);
            let wrong =
                || ModelError::invalid("authenticators", "Choose Required, Optional or Disabled for each.");
            Ok((authenticator, known.ok_or_else(wrong)?))
        };
        let authenticators = AUTHENTICATORS.into_iter().zip(&self.enrolments).map(parse);
        Ok(EnrolmentSettings { authenticators: authenticators.collect::<Result<_, _>>()? })
    }

    fn wrong_otherwise(&self) -> Option<&str> {
        let beside = self.wrong.beside(&["name", "people.groups"]);
        beside.filter(|_| !self.wrong.is_about(password::has_field))
    }
}

#[derive(Template)]
#[template(path = "console/policy_form.html")]
struct PolicyFormPage {
    frame: Frame,
    kind: &'static Kind,
    title: String,
    back: String,
    /// The system's own is everyone's.
    system: bool,
    groups: Choices,
    form: PolicyForm,
}

/// An authenticator in the form: its name, its label, and the ways to enrol it with whether each is chosen.
type AuthenticatorField = (&'static str, &'static str, [(&'static str, bool); 3]);

impl PolicyFormPage {
    fn new(
        site: &Site,
        by: &SignedIn,
        kind: &'static Kind,
        policy: Option<&Policy>,
        form: PolicyForm,
    ) -> Self {
        let named = ("group", "Assign to groups", "The policy is for everyone unless you choose groups.");
        // Whose policy is the built-in group's is everyone's.
        let all = site.model.groups(&PageRequest::all(), |group| group.id != *site.model.everyone()).items;
        let all = all.iter().map(|group| (group.id.clone(), group.name.clone()));
        let groups = Choices::of(named, all, &form.groups).refused(form.wrong.about("people.groups"));
        Self {
            frame: Frame::around(kind.page, site, by),
            kind,
            title: policy
                .map_or_else(|| format!("Add {}", kind.one), |policy| format!("Edit {}", policy.name)),
            back: policy.map_or_else(|| kind.list.to_owned(), |policy| path(&policy.id)),
            system: policy.is_some_and(|policy| policy.system),
            groups,
            form,
        }
    }

    fn authenticators(&self) -> Vec<AuthenticatorField> {
        if self.kind.kind != PolicyKind::Enrolment {
            return Vec::new();
        }
        let field = |((authenticator, name), now): ((Authenticator, &'static str), &String)| {
            let ways = ENROLMENTS.map(enrolment_label).map(|way| (way, way == now));
            (name, authenticator_label(authenticator), ways)
        };
        AUTHENTICATORS.into_iter().zip(&self.form.enrolments).map(field).collect()
    }
}

pub(super) async fn add(State(site): State<Site>, Path(kind): Path<String>, by: SignedIn) -> Answer {
    let kind = Kind::named(&site, &kind)?;
    Ok(html(StatusCode::OK, &PolicyFormPage::new(&site, &by, kind, None, PolicyForm::new(kind.kind))))
}

pub(super) async fn create(State(site): State<Site>, Path(kind): Path<String>, posted: PostedForm) -> Answer {
    let kind = Kind::named(&site, &kind)?;
    let form = PolicyForm::sent(&posted.form, kind.kind);
    let new = form.policy(kind.kind, PolicyStatus::Active, site.model.everyone());
    match new.and_then(|new| site.model.create_policy(new, &posted.by.cause)) {
        Ok(policy) => Ok(see_other(&path(&policy.id))),
        Err(error) => {
            let form = PolicyForm { wrong: Wrong::of(&site, error)?, ..form };
            let page = PolicyFormPage::new(&site, &posted.by, kind, None, form);
            Ok(html(StatusCode::UNPROCESSABLE_ENTITY, &page))
        }
    }
}

pub(super) async fn edit(State(site): State<Site>, Path(id): Path<String>, by: SignedIn) -> Answer {
    let (policy, kind) = policy_of(&site, &id)?;
    let page = PolicyFormPage::new(&site, &by, kind, Some(&policy), PolicyForm::of(&policy));
    Ok(html(StatusCode::OK, &page))
}

pub(super) async fn save(State(site): State<Site>, Path(id): Path<String>, posted: PostedForm) -> Answer {
    let (policy, kind) = policy_of(&site, &id)?;
    let form = PolicyForm::sent(&posted.form, kind.kind);
    let new = form.policy(kind.kind, policy.status, site.model.everyone());
    match new.and_then(|new| site.model.update_policy(&policy.id, new, &posted.by.cause)) {
        Ok(policy) => Ok(see_other(&path(&policy.id))),
        Err(error) => {
            let form = PolicyForm { wrong: Wrong::of(&site, error)?, ..form };
            let page = PolicyFormPage::new(&site, &posted.by, kind, Some(&policy), form);
            Ok(html(StatusCode::UNPROCESSABLE_ENTITY, &page))
        }
    }
}
