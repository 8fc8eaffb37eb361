//! An application's Assignments tab: who may use it, Assign to People, Assign to Groups.

use askama::Template;
use axum::extract::{Path, State};
use http::StatusCode;
use url::form_urlencoded;

use super::apps::{Head, Tab, app_of};
use super::frame::{Frame, Page};
use super::listing::Listing;
use super::mark::Mark;
use super::refusal::{Answer, Refusal, missing, refused};
use super::rows::{GroupRow, PersonRow};
use crate::model::{App, AssignmentScope, GroupId, ModelError, PageRequest, User, UserId, UserStatus};
use crate::site::Site;
use crate::web::{PostedForm, SignedIn, html, see_other};

#[derive(Template)]
#[template(path = "console/app_assignments.html")]
struct Assignments {
    frame: Frame,
    head: Head,
    /// With the name of the group that lets them in, unless they are assigned themselves.
    people: Vec<(PersonRow, Option<String>)>,
    groups: Vec<GroupRow>,
}

pub(super) async fn show(State(site): State<Site>, Path(id): Path<String>, by: SignedIn) -> Answer {
    let app = app_of(&site, &id)?;
    let users = site.model.app_users(&app.id, &PageRequest::all()).map_err(refused(&site))?.items;
    let groups = site.model.app_groups(&app.id, &PageRequest::all()).map_err(refused(&site))?.items;
    let way = |scope: &AssignmentScope| match scope {
        AssignmentScope::User => None,
        AssignmentScope::Group(group) => site.model.group(group).map(|group| group.name.clone()),
    };
    let page = Assignments {
        frame: Frame::around(Page::Applications, &site, &by),
        head: Head::of(&app, Tab::Assignments),
        people: users.iter().map(|each| (PersonRow::of(&each.user), way(&each.scope))).collect(),
        groups: groups.iter().map(|each| GroupRow::of(&each.group, &site.model)).collect(),
    };
    Ok(html(StatusCode::OK, &page))
}

/// Somebody or something to choose in a list of an "Assign" page.
pub(super) struct Candidate {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) detail: String,
    pub(super) mark: Mark,
    /// Whether it is assigned already.
    pub(super) chosen: bool,
}

impl Candidate {
    pub(super) fn person(user: &User, chosen: bool) -> Self {
        let PersonRow { id, name, login, mark, .. } = PersonRow::of(user);
        Self { id, name, detail: login, mark, chosen }
    }
}

/// A list with an Assign button at each row, and Done.
#[derive(Template)]
#[template(path = "console/assign.html")]
pub(super) struct Assign {
    pub(super) frame: Frame,
    pub(super) heading: String,
    pub(super) query: String,
    pub(super) candidates: Vec<Candidate>,
    pub(super) back: String,
    pub(super) more: Option<String>,
}

pub(super) async fn choose(
    State(site): State<Site>,
    Path((id, kind)): Path<(String, String)>,
    by: SignedIn,
    listing: Listing,
) -> Answer {
    let app = app_of(&site, &id)?;
    let kind = Kind::of(&site, &kind)?;
    let (candidates, next) = match kind {
        Kind::People => people(&site, &app, &listing),
        Kind::Groups => groups(&site, &app, &listing).map_err(refused(&site))?,
    };
    let page = Assign {
        frame: Frame::around(Page::Applications, &site, &by),
        heading: format!("Assign {} to {}", app.label, kind.label()),
        query: listing.query().to_owned(),
        candidates,
        back: format!("/admin/app/{}/assignments", app.id),
        more: listing.more(next),
    };
    Ok(html(StatusCode::OK, &page))
}

fn people(site: &Site, app: &App, listing: &Listing) -> (Vec<Candidate>, Option<String>) {
    let found = site.model.users(&listing.page(), |user| {
        user.status != UserStatus::Deprovisioned
            && listing.matches(&[&user.profile.display_name(), &user.profile.login, &user.profile.email])
    });
    let chosen = |user: &User| site.model.assignment(&app.id, &user.id) == Some(AssignmentScope::User);
    (found.items.iter().map(|user| Candidate::person(user, chosen(user))).collect(), found.next)
}

fn groups(site: &Site, app: &App, listing: &Listing) -> Result<(Vec<Candidate>, Option<String>), ModelError> {
    let assigned = site.model.app_groups(&app.id, &PageRequest::all())?.items;
    let found =
        site.model.groups(&listing.page(), |group| listing.matches(&[&group.name, &group.description]));
    let candidates = found.items.iter().map(|group| Candidate {
        id: group.id.to_string(),
        name: group.name.clone(),
        detail: group.description.clone(),
        mark: Mark::of(&group.name),
        chosen: assigned.iter().any(|each| each.group.id == group.id),
    });
    Ok((candidates.collect(), found.next))
}

pub(super) async fn assign(
    State(site): State<Site>,
    Path((id, kind)): Path<(String, String)>,
    posted: PostedForm,
) -> Answer {
    let app = app_of(&site, &id)?;
    let (chosen, cause) = (posted.form.text("id"), &posted.by.cause);
    let kind = Kind::of(&site, &kind)?;
    let assigned = match kind {
        Kind::People => site.model.assign_user(&app.id, &UserId::new(chosen), cause),
        Kind::Groups => site.model.assign_group(&app.id, &GroupId::new(chosen), cause),
    };
    assigned.map_err(refused(&site))?;
    let list = format!("/admin/app/{}/assign/{}", app.id, kind.path());
    Ok(see_other(&back_to(&list, posted.form.text("q"))))
}

pub(super) async fn unassign(
    State(site): State<Site>,
    Path((id, kind)): Path<(String, String)>,
    posted: PostedForm,
) -> Answer {
    let app = app_of(&site, &id)?;
    let (chosen, cause) = (posted.form.text("id"), &posted.by.cause);
    let unassigned = match Kind::of(&site, &kind)? {
        Kind::People => site.model.unassign_user(&app.id, &UserId::new(chosen), cause),
        Kind::Groups => site.model.unassign_group(&app.id, &GroupId::new(chosen), cause),
    };
    unassigned.map_err(refused(&site))?;
    Ok(see_other(&format!("/admin/app/{}/assignments", app.id)))
}

/// A list's address with the search that it showed.
pub(super) fn back_to(list: &str, query: &str) -> String {
    if query.is_empty() {
        return list.to_owned();
    }
    let search = form_urlencoded::Serializer::new(String::new()).append_pair("q", query).finish();
    format!("{list}?{search}")
}

/// To whom an application is assigned.
#[derive(Clone, Copy)]
enum Kind {
    People,
    Groups,
}

impl Kind {
    fn of(site: &Site, path: &str) -> Result<Self, Refusal> {
        let known = [Self::People, Self::Groups].into_iter().find(|kind| kind.path() == path);
        known.ok_or_else(|| missing(site, "Assignment", path))
    }

    fn path(self) -> &'static str {
        match self {
            Self::People => "people",
            Self::Groups => "groups",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::People => "People",
            Self::Groups => "Groups",
        }
    }
}
