//! Applications > Applications, and one application's General and Sign On tabs.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use http::StatusCode;

use super::app_form::AppForm;
use super::frame::{Frame, Page};
use super::listing::Listing;
use super::refusal::{Answer, Refusal, missing, refused};
use super::rows::AppRow;
use crate::model::{
    App, AppId, AppStatus, ApplicationType, LoginInitiatedBy, ModelError, PageRequest, Policy, PolicyId,
    PolicyKind,
};
use crate::site::Site;
use crate::web::{Params, PostedForm, SignedIn, html, see_other};

#[derive(Template)]
#[template(path = "console/apps.html")]
struct Applications {
    frame: Frame,
    listing: Listing,
    apps: Vec<(AppRow, usize)>,
    more: Option<String>,
}

pub(super) async fn list(State(site): State<Site>, by: SignedIn, listing: Listing) -> Response {
    let wanted = |app: &App| {
        let status = match app.status {
            AppStatus::Active => "ACTIVE",
            AppStatus::Inactive => "INACTIVE",
        };
        (listing.status().is_empty() || listing.status() == status) && listing.matches(&[&app.label])
    };
    let found = site.model.apps(&listing.page(), wanted);
    let assigned =
        |app: &App| site.model.app_users(&app.id, &PageRequest::all()).map_or(0, |page| page.items.len());
    let page = Applications {
        frame: Frame::around(Page::Applications, &site, &by),
        apps: found.items.iter().map(|app| (AppRow::of(app), assigned(app))).collect(),
        more: listing.more(found.next),
        listing,
    };
    html(StatusCode::OK, &page)
}

/// A tab of an application's page.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tab {
    General,
    SignOn,
    Assignments,
}

impl Tab {
    fn path(self) -> &'static str {
        match self {
            Self::General => "general",
            Self::SignOn => "sign-on",
            Self::Assignments => "assignments",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::General => "General",
            Self::SignOn => "Sign On",
            Self::Assignments => "Assignments",
        }
    }
}

/// The head of an application's page: what it is called, its state, the tabs.
pub(super) struct Head {
    pub(super) app: AppRow,
    here: Tab,
}

impl Head {
    pub(super) fn of(app: &App, here: Tab) -> Self {
        Self { app: AppRow::of(app), here }
    }

    /// Label, path, and whether it is the one that is shown.
    pub(super) fn tabs(&self) -> [(&'static str, &'static str, bool); 3] {
        [Tab::General, Tab::SignOn, Tab::Assignments].map(|tab| (tab.label(), tab.path(), tab == self.here))
    }
}

/// The application of this id.
pub(super) fn app_of(site: &Site, id: &str) -> Result<Arc<App>, Refusal> {
    site.model.app(&AppId::new(id)).ok_or_else(|| missing(site, "AppInstance", id))
}

#[derive(Template)]
#[template(path = "console/app_general.html")]
struct General {
    frame: Frame,
    head: Head,
    details: Arc<App>,
}

impl General {
    fn initiated_by(&self) -> &'static str {
        match self.details.settings.login_initiated_by {
            LoginInitiatedBy::AppOnly => "App Only",
            LoginInitiatedBy::EitherOktaOrApp => "Either Okta or App",
        }
    }

    fn application_type(&self) -> &'static str {
        match self.details.settings.application_type {
            ApplicationType::Web => "Web",
            ApplicationType::Native => "Native",
            ApplicationType::Browser => "Single-page app",
            ApplicationType::Service => "API Services",
        }
    }
}

pub(super) async fn general(State(site): State<Site>, Path(id): Path<String>, by: SignedIn) -> Answer {
    let details = app_of(&site, &id)?;
    let frame = Frame::around(Page::Applications, &site, &by);
    Ok(html(StatusCode::OK, &General { frame, head: Head::of(&details, Tab::General), details }))
}

#[derive(Template)]
#[template(path = "console/app_edit.html")]
struct Edit {
    frame: Frame,
    head: Head,
    form: AppForm,
}

pub(super) async fn edit(State(site): State<Site>, Path(id): Path<String>, by: SignedIn) -> Answer {
    let app = app_of(&site, &id)?;
    let frame = Frame::around(Page::Applications, &site, &by);
    Ok(html(StatusCode::OK, &Edit { frame, head: Head::of(&app, Tab::General), form: AppForm::of(&app) }))
}

pub(super) async fn save(State(site): State<Site>, Path(id): Path<String>, posted: PostedForm) -> Answer {
    let app = app_of(&site, &id)?;
    let form = AppForm::sent(&posted.form);
    let mut settings = form.settings(app.settings.clone());
    settings.pkce_required = form.pkce_required;
    match site.model.update_app(&app.id, form.label.trim(), settings, &posted.by.cause) {
        Ok(app) => Ok(see_other(&format!("/admin/app/{}/general", app.id))),
        Err(ModelError::Invalid { field, reason }) => {
            let frame = Frame::around(Page::Applications, &site, &posted.by);
            let page = Edit { frame, head: Head::of(&app, Tab::General), form: form.refused(field, reason) };
            Ok(html(StatusCode::UNPROCESSABLE_ENTITY, &page))
        }
        Err(error) => Err(refused(&site)(error)),
    }
}

pub(super) async fn set_status(
    State(site): State<Site>,
    Path(id): Path<String>,
    posted: PostedForm,
) -> Answer {
    let app = app_of(&site, &id)?;
    let cause = &posted.by.cause;
    let status = match posted.form.text("status") {
        "ACTIVE" => AppStatus::Active,
        "INACTIVE" => AppStatus::Inactive,
        "DELETED" => {
            site.model.delete_app(&app.id, cause).map_err(refused(&site))?;
            return Ok(see_other(Page::Applications.path()));
        }
        _ => {
            let error = ModelError::invalid("status", "must be ACTIVE, INACTIVE or DELETED");
            return Err(refused(&site)(error));
        }
    };
    site.model.set_app_status(&app.id, status, cause).map_err(refused(&site))?;
    Ok(see_other(&format!("/admin/app/{}/general", app.id)))
}

#[derive(Template)]
#[template(path = "console/app_sign_on.html")]
struct SignOn {
    frame: Frame,
    head: Head,
    issuer: String,
    client_id: String,
    /// Public clients have none.
    has_secret: bool,
    /// Only when it was asked for.
    shown_secret: Option<String>,
    /// The authentication policy that it goes by.
    policy: PolicyId,
    /// Those that it can go by.
    policies: Vec<Arc<Policy>>,
}

impl SignOn {
    fn policy(&self) -> Option<&Policy> {
        self.policies.iter().find(|policy| policy.id == self.policy).map(|policy| &**policy)
    }
}

pub(super) async fn sign_on(
    State(site): State<Site>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    by: SignedIn,
) -> Answer {
    let app = app_of(&site, &id)?;
    let asked = Params::parse(query.unwrap_or_default().as_bytes()).text("secret") == "show";
    let page = SignOn {
        frame: Frame::around(Page::Applications, &site, &by),
        head: Head::of(&app, Tab::SignOn),
        issuer: site.issuer(),
        client_id: app.client_id().to_owned(),
        has_secret: app.secret.is_some(),
        shown_secret: app.secret.as_ref().filter(|_| asked).map(|secret| secret.expose().to_owned()),
        policy: app.access_policy.clone(),
        policies: site.model.policies(PolicyKind::Access),
    };
    Ok(html(StatusCode::OK, &page))
}

/// Lets the application go by another authentication policy.
pub(super) async fn set_policy(
    State(site): State<Site>,
    Path(id): Path<String>,
    posted: PostedForm,
) -> Answer {
    let app = app_of(&site, &id)?;
    let policy = PolicyId::new(posted.form.text("policy"));
    site.model.set_access_policy(&app.id, &policy, &posted.by.cause).map_err(refused(&site))?;
    Ok(see_other(&format!("/admin/app/{}/sign-on", app.id)))
}
