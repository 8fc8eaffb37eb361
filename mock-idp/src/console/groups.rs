//! Directory > Groups.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;

use super::assignments::{Assign, Candidate, back_to};
use super::frame::{Frame, Page};
use super::listing::Listing;
use super::refusal::{Answer, Refusal, missing, refused};
use super::rows::{AppRow, GroupRow, PersonRow};
use super::wrong::Wrong;
use crate::model::{Group, GroupId, GroupKind, ModelError, PageRequest, UserId, UserStatus};
use crate::site::Site;
use crate::web::{Params, PostedForm, SignedIn, html, see_other};

#[derive(Template)]
#[template(path = "console/groups.html")]
struct Groups {
    frame: Frame,
    query: String,
    /// With how many applications each is assigned to.
    groups: Vec<(GroupRow, usize)>,
    more: Option<String>,
}

pub(super) async fn list(State(site): State<Site>, by: SignedIn, listing: Listing) -> Response {
    let found =
        site.model.groups(&listing.page(), |group| listing.matches(&[&group.name, &group.description]));
    let row =
        |group: &Arc<Group>| (GroupRow::of(group, &site.model), site.model.apps_of_group(&group.id).len());
    let page = Groups {
        frame: Frame::around(Page::Groups, &site, &by),
        query: listing.query().to_owned(),
        groups: found.items.iter().map(row).collect(),
        more: listing.more(found.next),
    };
    html(StatusCode::OK, &page)
}

#[derive(Template)]
#[template(path = "console/group_form.html")]
struct GroupForm {
    frame: Frame,
    title: String,
    back: String,
    name: String,
    description: String,
    wrong: Wrong,
}

impl GroupForm {
    fn new(site: &Site, by: &SignedIn, group: Option<&Group>) -> Self {
        Self {
            frame: Frame::around(Page::Groups, site, by),
            title: group.map_or_else(|| "Add Group".to_owned(), |group| format!("Edit {}", group.name)),
            back: group.map_or_else(|| Page::Groups.path().to_owned(), |group| path(&group.id)),
            name: group.map(|group| group.name.clone()).unwrap_or_default(),
            description: group.map(|group| group.description.clone()).unwrap_or_default(),
            wrong: Wrong::default(),
        }
    }

    /// The same as it was sent.
    fn sent(self, form: &Params) -> Self {
        let text = |name| form.text(name).trim().to_owned();
        Self { name: text("name"), description: text("description"), ..self }
    }

    fn wrong_otherwise(&self) -> Option<&str> {
        self.wrong.beside(&["name"])
    }

    fn refused(self, site: &Site, error: ModelError) -> Answer {
        let page = Self { wrong: Wrong::of(site, error)?, ..self };
        Ok(html(StatusCode::UNPROCESSABLE_ENTITY, &page))
    }
}

/// The path of its page.
fn path(id: &GroupId) -> String {
    format!("/admin/group/{id}")
}

pub(super) async fn add(State(site): State<Site>, by: SignedIn) -> Response {
    html(StatusCode::OK, &GroupForm::new(&site, &by, None))
}

pub(super) async fn create(State(site): State<Site>, posted: PostedForm) -> Answer {
    let form = GroupForm::new(&site, &posted.by, None).sent(&posted.form);
    match site.model.create_group(&form.name, &form.description, &posted.by.cause) {
        Ok(group) => Ok(see_other(&path(&group.id))),
        Err(error) => form.refused(&site, error),
    }
}

pub(super) async fn edit(State(site): State<Site>, Path(id): Path<String>, by: SignedIn) -> Answer {
    let group = group_of(&site, &id)?;
    Ok(html(StatusCode::OK, &GroupForm::new(&site, &by, Some(&group))))
}

pub(super) async fn save(State(site): State<Site>, Path(id): Path<String>, posted: PostedForm) -> Answer {
    let group = group_of(&site, &id)?;
    let form = GroupForm::new(&site, &posted.by, Some(&group)).sent(&posted.form);
    match site.model.update_group(&group.id, &form.name, &form.description, &posted.by.cause) {
        Ok(group) => Ok(see_other(&path(&group.id))),
        Err(error) => form.refused(&site, error),
    }
}

pub(super) async fn delete(State(site): State<Site>, Path(id): Path<String>, posted: PostedForm) -> Answer {
    let group = group_of(&site, &id)?;
    site.model.delete_group(&group.id, &posted.by.cause).map_err(refused(&site))?;
    Ok(see_other(Page::Groups.path()))
}

#[derive(Template)]
#[template(path = "console/group.html")]
struct GroupPage {
    frame: Frame,
    group: GroupRow,
    /// The built-in group's people are not chosen by hand.
    editable: bool,
    people: Vec<PersonRow>,
    apps: Vec<AppRow>,
}

pub(super) async fn show(State(site): State<Site>, Path(id): Path<String>, by: SignedIn) -> Answer {
    let group = group_of(&site, &id)?;
    let people = site.model.members(&group.id, &PageRequest::all()).map_err(refused(&site))?.items;
    let page = GroupPage {
        frame: Frame::around(Page::Groups, &site, &by),
        group: GroupRow::of(&group, &site.model),
        editable: group.kind == GroupKind::OktaGroup,
        people: people.iter().map(|user| PersonRow::of(user)).collect(),
        apps: site.model.apps_of_group(&group.id).iter().map(|app| AppRow::of(app)).collect(),
    };
    Ok(html(StatusCode::OK, &page))
}

pub(super) async fn choose(
    State(site): State<Site>,
    Path(id): Path<String>,
    by: SignedIn,
    listing: Listing,
) -> Answer {
    let group = group_of(&site, &id)?;
    let members = site.model.members(&group.id, &PageRequest::all()).map_err(refused(&site))?.items;
    let found = site.model.users(&listing.page(), |user| {
        user.status != UserStatus::Deprovisioned
            && listing.matches(&[&user.profile.display_name(), &user.profile.login, &user.profile.email])
    });
    let candidates = found.items.iter().map(|user| {
        let chosen = members.binary_search_by(|member| member.id.cmp(&user.id)).is_ok();
        Candidate::person(user, chosen)
    });
    let page = Assign {
        frame: Frame::around(Page::Groups, &site, &by),
        heading: format!("Assign People to {}", group.name),
        query: listing.query().to_owned(),
        candidates: candidates.collect(),
        back: format!("/admin/group/{}", group.id),
        more: listing.more(found.next),
    };
    Ok(html(StatusCode::OK, &page))
}

pub(super) async fn assign(State(site): State<Site>, Path(id): Path<String>, posted: PostedForm) -> Answer {
    let user = UserId::new(posted.form.text("id"));
    site.model.add_to_group(&GroupId::new(&id), &user, &posted.by.cause).map_err(refused(&site))?;
    Ok(see_other(&back_to(&format!("/admin/group/{id}/assign"), posted.form.text("q"))))
}

pub(super) async fn unassign(State(site): State<Site>, Path(id): Path<String>, posted: PostedForm) -> Answer {
    let user = UserId::new(posted.form.text("id"));
    site.model.remove_from_group(&GroupId::new(&id), &user, &posted.by.cause).map_err(refused(&site))?;
    Ok(see_other(&format!("/admin/group/{id}")))
}

fn group_of(site: &Site, id: &str) -> Result<Arc<Group>, Refusal> {
    site.model.group(&GroupId::new(id)).ok_or_else(|| missing(site, "UserGroup", id))
}
