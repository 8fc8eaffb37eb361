//! A person's profile and password, as forms.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use ground::Secret;
use http::StatusCode;

use super::frame::{Frame, Page};
use super::people::user_of;
use super::refusal::{Answer, refused};
use super::wrong::Wrong;
use crate::model::{ModelError, NewUser, Profile, User};
use crate::site::Site;
use crate::web::{Params, PostedForm, SignedIn, html, see_other};

/// What the form holds.
#[derive(Default)]
struct PersonForm {
    first_name: String,
    last_name: String,
    login: String,
    email: String,
    wrong: Wrong,
}

impl PersonForm {
    fn of(profile: &Profile) -> Self {
        Self {
            first_name: profile.first_name.clone(),
            last_name: profile.last_name.clone(),
            login: profile.login.clone(),
            email: profile.email.clone(),
            wrong: Wrong::default(),
        }
    }

    fn sent(form: &Params) -> Self {
        let text = |name| form.text(name).trim().to_owned();
        Self {
            first_name: text("first_name"),
            last_name: text("last_name"),
            login: text("login"),
            email: text("email"),
            wrong: Wrong::default(),
        }
    }

    /// The profile that it describes; what it doesn't speak of stays as in `before`.
    fn profile(&self, before: Profile) -> Profile {
        Profile {
            login: self.login.clone(),
            email: self.email.clone(),
            first_name: self.first_name.clone(),
            last_name: self.last_name.clone(),
            ..before
        }
    }

    /// Name, label, type of control, value, and what is wrong with it, of each field.
    fn fields(&self) -> [(&'static str, &'static str, &'static str, &str, Option<&str>); 4] {
        [
            ("first_name", "First name", "text", &self.first_name, self.wrong.about("firstName")),
            ("last_name", "Last name", "text", &self.last_name, self.wrong.about("lastName")),
            ("login", "Username", "text", &self.login, self.wrong.about("login")),
            ("email", "Primary email", "email", &self.email, self.wrong.about("email")),
        ]
    }

    fn wrong_otherwise(&self) -> Option<&str> {
        self.wrong.beside(&["firstName", "lastName", "login", "email", "password"])
    }
}

#[derive(Template)]
#[template(path = "console/person_form.html")]
struct PersonPage {
    frame: Frame,
    title: String,
    back: String,
    /// Whether it asks for a password too.
    new: bool,
    form: PersonForm,
}

impl PersonPage {
    fn new(site: &Site, by: &SignedIn, user: Option<&User>, form: PersonForm) -> Self {
        Self {
            frame: Frame::around(Page::People, site, by),
            title: user.map_or_else(
                || "Add Person".to_owned(),
                |user| format!("Edit {}", user.profile.display_name()),
            ),
            back: user
                .map_or_else(|| Page::People.path().to_owned(), |user| format!("/admin/user/{}", user.id)),
            new: user.is_none(),
            form,
        }
    }
}

pub(super) async fn add(State(site): State<Site>, by: SignedIn) -> Response {
    html(StatusCode::OK, &PersonPage::new(&site, &by, None, PersonForm::default()))
}

pub(super) async fn create(State(site): State<Site>, posted: PostedForm) -> Answer {
    let form = PersonForm::sent(&posted.form);
    let profile = form.profile(Profile::new("", "", ""));
    let password = Secret::new("password", posted.form.text("password"));
    match site.model.create_user(NewUser::new(profile, password), &posted.by.cause) {
        Ok(user) => Ok(see_other(&format!("/admin/user/{}", user.id))),
        Err(error) => {
            let form = PersonForm { wrong: Wrong::of(&site, error)?, ..form };
            let page = PersonPage::new(&site, &posted.by, None, form);
            Ok(html(StatusCode::UNPROCESSABLE_ENTITY, &page))
        }
    }
}

pub(super) async fn edit(State(site): State<Site>, Path(id): Path<String>, by: SignedIn) -> Answer {
    let user = user_of(&site, &id)?;
    let form = PersonForm::of(&user.profile);
    Ok(html(StatusCode::OK, &PersonPage::new(&site, &by, Some(&user), form)))
}

pub(super) async fn save(State(site): State<Site>, Path(id): Path<String>, posted: PostedForm) -> Answer {
    let user = user_of(&site, &id)?;
    let form = PersonForm::sent(&posted.form);
    match site.model.update_profile(&user.id, form.profile(user.profile.clone()), &posted.by.cause) {
        Ok(_) => Ok(see_other(&format!("/admin/user/{}", user.id))),
        Err(error) => {
            let form = PersonForm { wrong: Wrong::of(&site, error)?, ..form };
            let page = PersonPage::new(&site, &posted.by, Some(&user), form);
            Ok(html(StatusCode::UNPROCESSABLE_ENTITY, &page))
        }
    }
}

#[derive(Template)]
#[template(path = "console/person_password.html")]
struct PasswordPage {
    frame: Frame,
    name: String,
    back: String,
    requirements: String,
    wrong: Option<String>,
}

impl PasswordPage {
    fn new(site: &Site, by: &SignedIn, user: &User, wrong: Option<String>) -> Self {
        Self {
            frame: Frame::around(Page::People, site, by),
            name: user.profile.display_name(),
            back: format!("/admin/user/{}", user.id),
            requirements: site.model.password_settings_for(&user.id).requirements(),
            wrong,
        }
    }
}

pub(super) async fn password(State(site): State<Site>, Path(id): Path<String>, by: SignedIn) -> Answer {
    let user = user_of(&site, &id)?;
    Ok(html(StatusCode::OK, &PasswordPage::new(&site, &by, &user, None)))
}

/// Sets a person's password.
pub(super) async fn set_password(
    State(site): State<Site>,
    Path(id): Path<String>,
    posted: PostedForm,
) -> Answer {
    let user = user_of(&site, &id)?;
    let password = Secret::new("password", posted.form.text("password"));
    match site.model.set_password(&user.id, &password, &posted.by.cause) {
        Ok(_) => Ok(see_other(&format!("/admin/user/{}", user.id))),
        Err(ModelError::Invalid { reason, .. }) => {
            let page = PasswordPage::new(&site, &posted.by, &user, Some(reason));
            Ok(html(StatusCode::UNPROCESSABLE_ENTITY, &page))
        }
        Err(error) => Err(refused(&site)(error)),
    }
}
