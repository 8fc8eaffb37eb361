//! Directory > People.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;

use super::factors::{FactorRow, moment};
use super::frame::{Frame, Page};
use super::listing::Listing;
use super::refusal::{Answer, Refusal, missing, refused};
use super::rows::{AppRow, GroupRow, PersonRow};
use crate::model::{AssignmentScope, FactorId, ModelError, PageRequest, Profile, User, UserId, UserStatus};
use crate::site::Site;
use crate::web::{PostedForm, SignedIn, html, see_other};

#[derive(Template)]
#[template(path = "console/people.html")]
struct People {
    frame: Frame,
    query: String,
    people: Vec<PersonRow>,
    more: Option<String>,
}

pub(super) async fn list(State(site): State<Site>, by: SignedIn, listing: Listing) -> Response {
    let found = site.model.users(&listing.page(), |user| {
        listing.matches(&[&user.profile.display_name(), &user.profile.login, &user.profile.email])
    });
    let page = People {
        frame: Frame::around(Page::People, &site, &by),
        query: listing.query().to_owned(),
        people: found.items.iter().map(|user| PersonRow::of(user)).collect(),
        more: listing.more(found.next),
    };
    html(StatusCode::OK, &page)
}

#[derive(Template)]
#[template(path = "console/person.html")]
struct Person {
    frame: Frame,
    person: PersonRow,
    profile: Profile,
    administrator: bool,
    actions: Vec<Action>,
    has_password: bool,
    password_changed: Option<String>,
    last_login: Option<String>,
    sessions: usize,
    factors: Vec<FactorRow>,
    /// With what lets the person use it.
    apps: Vec<(AppRow, String)>,
    groups: Vec<GroupRow>,
}

pub(super) async fn show(State(site): State<Site>, Path(id): Path<String>, by: SignedIn) -> Answer {
    let user = user_of(&site, &id)?;
    let way = |scope| match scope {
        AssignmentScope::User => "Individual".to_owned(),
        AssignmentScope::Group(group) => {
            site.model.group(&group).map_or_else(String::new, |group| format!("Group: {}", group.name))
        }
    };
    let apps = site.model.apps(&PageRequest::all(), |_| true).items;
    let used = apps.iter().filter_map(|app| {
        let scope = site.model.assignment(&app.id, &user.id)?;
        Some((AppRow::of(app), way(scope)))
    });
    let page = Person {
        frame: Frame::around(Page::People, &site, &by),
        person: PersonRow::of(&user),
        profile: user.profile.clone(),
        administrator: site.model.is_administrator(&user.id),
        actions: Action::for_person(&site, &user, &by),
        has_password: user.has_password(),
        password_changed: user.password_changed.map(moment),
        last_login: user.last_login.map(moment),
        sessions: site.model.sessions_of(&user.id).len(),
        factors: site.model.factors_of(&user.id).iter().map(|factor| FactorRow::of(factor)).collect(),
        apps: used.collect(),
        groups: site.model.groups_of(&user.id).iter().map(|group| GroupRow::of(group, &site.model)).collect(),
    };
    Ok(html(StatusCode::OK, &page))
}

/// A change in a person's life, as a button.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Activate,
    Suspend,
    Unsuspend,
    Unlock,
    ExpirePassword,
    ResetAuthenticators,
    ClearSessions,
    MakeAdministrator,
    RemoveAdministrator,
    Deactivate,
    Delete,
}

impl Action {
    const ALL: [Self; 11] = [
        Self::Activate,
        Self::Suspend,
        Self::Unsuspend,
        Self::Unlock,
        Self::ExpirePassword,
        Self::ResetAuthenticators,
        Self::ClearSessions,
        Self::MakeAdministrator,
        Self::RemoveAdministrator,
        Self::Deactivate,
        Self::Delete,
    ];

    /// What this administrator can do with a person.
    fn for_person(site: &Site, user: &User, by: &SignedIn) -> Vec<Self> {
        // Whoever shuts the door behind oneself could not open it again.
        if user.id == by.user.id {
            return Vec::new();
        }
        let mut actions = Self::for_status(user.status).to_vec();
        match site.model.is_administrator(&user.id) {
            true => actions.insert(0, Self::RemoveAdministrator),
            false if user.status == UserStatus::Active => actions.insert(0, Self::MakeAdministrator),
            false => {}
        }
        actions
    }

    /// What can be done with a person in this status.
    fn for_status(status: UserStatus) -> &'static [Self] {
        match status {
            UserStatus::Staged => &[Self::Activate, Self::Deactivate],
            UserStatus::Provisioned => &[Self::Deactivate],
            UserStatus::Active => &[
                Self::Suspend,
                Self::ExpirePassword,
                Self::ResetAuthenticators,
                Self::ClearSessions,
                Self::Deactivate,
            ],
            UserStatus::LockedOut => &[Self::Unlock, Self::ResetAuthenticators, Self::Deactivate],
            UserStatus::PasswordExpired | UserStatus::Recovery => {
                &[Self::ResetAuthenticators, Self::ClearSessions, Self::Deactivate]
            }
            UserStatus::Suspended => &[Self::Unsuspend, Self::Deactivate],
            UserStatus::Deprovisioned => &[Self::Activate, Self::Delete],
        }
    }

    fn label(&self) -> &'static str {
        match self {
            Self::Activate => "Activate",
            Self::Suspend => "Suspend",
            Self::Unsuspend => "Unsuspend",
            Self::Unlock => "Unlock",
            Self::ExpirePassword => "Expire Password",
            Self::ResetAuthenticators => "Reset Authenticators",
            Self::ClearSessions => "Clear User Sessions",
            Self::MakeAdministrator => "Make Administrator",
            Self::RemoveAdministrator => "Remove Administrator",
            Self::Deactivate => "Deactivate",
            Self::Delete => "Delete",
        }
    }

    fn is_final(&self) -> bool {
        matches!(self, Self::Deactivate | Self::Delete)
    }
}

pub(super) async fn act(State(site): State<Site>, Path(id): Path<String>, posted: PostedForm) -> Answer {
    let user = user_of(&site, &id)?;
    let wanted = posted.form.text("action");
    let action = Action::ALL.into_iter().find(|action| action.label() == wanted);
    let action =
        action.ok_or_else(|| refused(&site)(ModelError::invalid("action", "there is no such action")))?;
    if user.id == posted.by.user.id {
        return Err(refused(&site)(ModelError::Unsuitable(
            "another administrator must do this to your account",
        )));
    }
    let (model, cause) = (&site.model, &posted.by.cause);
    let done = match action {
        Action::Activate => model.activate_user(&user.id, cause).map(drop),
        Action::Suspend => model.suspend_user(&user.id, cause).map(drop),
        Action::Unsuspend => model.unsuspend_user(&user.id, cause).map(drop),
        Action::Unlock => model.unlock_user(&user.id, cause).map(drop),
        Action::ExpirePassword => model.expire_password(&user.id, cause).map(drop),
        Action::ResetAuthenticators => model.reset_factors(&user.id, cause),
        Action::ClearSessions => model.clear_sessions(&user.id, cause),
        Action::MakeAdministrator => model.set_administrator(&user.id, true, cause),
        Action::RemoveAdministrator => model.set_administrator(&user.id, false, cause),
        Action::Deactivate => model.deactivate_user(&user.id, cause).map(drop),
        Action::Delete => model.delete_user(&user.id, cause),
    };
    done.map_err(refused(&site))?;
    Ok(match action {
        Action::Delete => see_other(Page::People.path()),
        _ => see_other(&format!("/admin/user/{}", user.id)),
    })
}

/// Takes one authenticator away from a person.
pub(super) async fn remove_authenticator(
    State(site): State<Site>,
    Path(id): Path<String>,
    posted: PostedForm,
) -> Answer {
    let user = user_of(&site, &id)?;
    let id = posted.form.text("id");
    let factor = site.model.factor(&FactorId::new(id)).filter(|factor| factor.user == user.id);
    let factor = factor.ok_or_else(|| missing(&site, "UserFactor", id))?;
    site.model.remove_factor(&factor.id, &posted.by.cause).map_err(refused(&site))?;
    Ok(see_other(&format!("/admin/user/{}", user.id)))
}

pub(super) fn user_of(site: &Site, id: &str) -> Result<Arc<User>, Refusal> {
    site.model.user(&UserId::new(id)).ok_or_else(|| missing(site, "User", id))
}
