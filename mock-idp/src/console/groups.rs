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
use crate::model::{Group, GroupId, GroupKind, ModelError, PageRequest, UserId, UserStatus};
use crate::site::Site;
use crate::web::{PostedForm, SignedIn, html, see_other};

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
#[template(path = "console/group_add.html")]
struct Add {
    frame: Frame,
    name: String,
    description: String,
    wrong: Option<String>,
}

pub(super) async fn add(State(site): State<Site>, by: SignedIn) -> Response {
    let frame = Frame::around(Page::Groups, &site, &by);
    html(StatusCode::OK, &Add { frame, name: String::new(), description: String::new(), wrong: None })
}

pub(super) async fn create(State(site): State<Site>, posted: PostedForm) -> Answer {
    let [name, description] = ["name", "description"].map(|field| posted.form.text(field).trim().to_owned());
    match site.model.create_group(&name, &description, &posted.by.cause) {
        Ok(group) => Ok(see_other(&format!("/admin/group/{}", group.id))),
        Err(ModelError::Invalid { reason, .. }) => {
            let frame = Frame::around(Page::Groups, &site, &posted.by);
            let page = Add { frame, name, description, wrong: Some(format!("Name: {reason}")) };
            Ok(html(StatusCode::UNPROCESSABLE_ENTITY, &page))
        }
        Err(error) => Err(refused(&site)(error)),
    }
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
