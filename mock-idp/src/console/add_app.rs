//! Browse App Catalog, an integration's page, and the two steps of adding it.

use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use http::StatusCode;

use super::app_form::AppForm;
use super::catalog::{self, Entry};
use super::frame::{Frame, Page};
use super::listing::Listing;
use super::refusal::{Answer, Refusal, missing, refused};
use crate::model::{ClientSettings, ModelError, NewApp};
use crate::site::Site;
use crate::web::{Params, PostedForm, SignedIn, html, see_other};

#[derive(Template)]
#[template(path = "console/catalog.html")]
struct Catalog {
    frame: Frame,
    query: String,
    entries: Vec<&'static Entry>,
}

pub(super) async fn browse(State(site): State<Site>, by: SignedIn, listing: Listing) -> Response {
    let frame = Frame::around(Page::Applications, &site, &by);
    let entries = catalog::search(listing.query());
    html(StatusCode::OK, &Catalog { frame, query: listing.query().to_owned(), entries })
}

#[derive(Template)]
#[template(path = "console/entry.html")]
struct EntryPage {
    frame: Frame,
    entry: &'static Entry,
}

pub(super) async fn entry(State(site): State<Site>, Path(name): Path<String>, by: SignedIn) -> Answer {
    let entry = catalog::entry(&name).ok_or_else(|| missing(&site, "CatalogApplication", &name))?;
    Ok(html(StatusCode::OK, &EntryPage { frame: Frame::around(Page::Applications, &site, &by), entry }))
}

#[derive(Template)]
#[template(path = "console/add_general.html")]
struct GeneralStep {
    frame: Frame,
    entry: &'static Entry,
    form: AppForm,
}

#[derive(Template)]
#[template(path = "console/add_sign_on.html")]
struct SignOnStep {
    frame: Frame,
    entry: &'static Entry,
    form: AppForm,
}

/// General Settings: the label, which is the integration's own name to begin with.
pub(super) async fn general(
    State(site): State<Site>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    by: SignedIn,
) -> Answer {
    let entry = addable(&site, &name)?;
    let given = Params::parse(query.unwrap_or_default().as_bytes());
    let form = AppForm::labelled(given.value("label").unwrap_or(entry.label));
    Ok(html(
        StatusCode::OK,
        &GeneralStep { frame: Frame::around(Page::Applications, &site, &by), entry, form },
    ))
}

/// Sign-On Options. The label travels in the address, since nothing is kept until Done.
pub(super) async fn sign_on(
    State(site): State<Site>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    by: SignedIn,
) -> Answer {
    let entry = addable(&site, &name)?;
    let label = Params::parse(query.unwrap_or_default().as_bytes()).text("label").trim().to_owned();
    let frame = Frame::around(Page::Applications, &site, &by);
    if !(1..=100).contains(&label.chars().count()) {
        let form = AppForm::labelled(&label).refused("label", "Give the app a label of 1 to 100 characters");
        return Ok(html(StatusCode::UNPROCESSABLE_ENTITY, &GeneralStep { frame, entry, form }));
    }
    Ok(html(StatusCode::OK, &SignOnStep { frame, entry, form: AppForm::labelled(&label) }))
}

/// Done: the application is made, with nobody assigned.
pub(super) async fn done(State(site): State<Site>, Path(name): Path<String>, posted: PostedForm) -> Answer {
    let entry = addable(&site, &name)?;
    let form = AppForm::sent(&posted.form);
    let new = NewApp {
        name: entry.name.to_owned(),
        label: form.label.trim().to_owned(),
        settings: form.settings(ClientSettings::default()),
        secret: None,
        activate: true,
    };
    let made = match form.openid_connect {
        true => site.model.create_app(new, &posted.by.cause),
        false => Err(ModelError::invalid("sign_on", "Choose how people sign on")),
    };
    match made {
        Ok(app) => Ok(see_other(&format!("/admin/app/{}/assignments", app.id))),
        Err(ModelError::Invalid { field, reason }) => {
            let frame = Frame::around(Page::Applications, &site, &posted.by);
            let form = form.refused(field, reason);
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(match field {
                "label" => html(status, &GeneralStep { frame, entry, form }),
                _ => html(status, &SignOnStep { frame, entry, form }),
            })
        }
        Err(error) => Err(refused(&site)(error)),
    }
}

fn addable(site: &Site, name: &str) -> Result<&'static Entry, Refusal> {
    let entry = catalog::entry(name).filter(|entry| entry.addable);
    entry.ok_or_else(|| missing(site, "CatalogApplication", name))
}
