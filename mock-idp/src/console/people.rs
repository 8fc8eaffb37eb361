//! Directory > People.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use ground::Secret;
use http::StatusCode;

use super::frame::{Frame, Page};
use super::listing::Listing;
use super::refusal::{Answer, Refusal, missing, refused};
use super::rows::{AppRow, GroupRow, PersonRow};
use crate::model::{AssignmentScope, ModelError, NewUser, PageRequest, Profile, User, UserId, UserStatus};
use crate::site::Site;
use crate::web::{Params, PostedForm, SignedIn, html, see_other};

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
#[template(path = "console/person_add.html")]
struct Add {
    frame: Frame,
    form: PersonForm,
}

#[derive(Default)]
struct PersonForm {
    first_name: String,
    last_name: String,
    login: String,
    email: String,
    wrong: Option<String>,
}

impl PersonForm {
    fn sent(form: &Params) -> Self {
        let text = |name| form.text(name).trim().to_owned();
        Self {
            first_name: text("first_name"),
            last_name: text("last_name"),
            login: text("login"),
            email: text("email"),
            wrong: None,
        }
    }
}

pub(super) async fn add(State(site): State<Site>, by: SignedIn) -> Response {
    html(StatusCode::OK, &Add { frame: Frame::around(Page::People, &site, &by), form: PersonForm::default() })
}

pub(super) async fn create(State(site): State<Site>, posted: PostedForm) -> Answer {
    let form = PersonForm::sent(&posted.form);
    let profile =
        Profile { email: form.email.clone(), ..Profile::new(&form.login, &form.first_name, &form.last_name) };
    let password = Secret::new("password", posted.form.text("password"));
    match site.model.create_user(NewUser::new(profile, password), &posted.by.cause) {
        Ok(user) => Ok(see_other(&format!("/admin/user/{}", user.id))),
        Err(ModelError::Invalid { field, reason }) => {
            let frame = Frame::around(Page::People, &site, &posted.by);
            let form = PersonForm { wrong: Some(format!("{}: {reason}", label_of(field))), ..form };
            Ok(html(StatusCode::UNPROCESSABLE_ENTITY, &Add { frame, form }))
        }
        Err(error) => Err(refused(&site)(error)),
    }
}

/// What the form calls a member of the profile.
fn label_of(field: &'static str) -> &'static str {
    match field {
        "firstName" => "First name",
        "lastName" => "Last name",
        "login" => "Username",
        "email" => "Primary email",
        "password" => "Password",
        other => other,
    }
}

#[derive(Template)]
#[template(path = "console/person.html")]
struct Person {
    frame: Frame,
    person: PersonRow,
    profile: Profile,
    administrator: bool,
    actions: &'static [Action],
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
        // Whoever shuts the door behind oneself could not open it again.
        actions: if user.id == by.user.id { &[] } else { Action::for_status(user.status) },
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
    Deactivate,
    Delete,
}

impl Action {
    const ALL: [Self; 9] = [
        Self::Activate,
        Self::Suspend,
        Self::Unsuspend,
        Self::Unlock,
        Self::ExpirePassword,
        Self::ResetAuthenticators,
        Self::ClearSessions,
        Self::Deactivate,
        Self::Delete,
    ];

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
        Action::Deactivate => model.deactivate_user(&user.id, cause).map(drop),
        Action::Delete => model.delete_user(&user.id, cause),
    };
    done.map_err(refused(&site))?;
    Ok(match action {
        Action::Delete => see_other(Page::People.path()),
        _ => see_other(&format!("/admin/user/{}", user.id)),
    })
}

fn user_of(site: &Site, id: &str) -> Result<Arc<User>, Refusal> {
    site.model.user(&UserId::new(id)).ok_or_else(|| missing(site, "User", id))
}
