//! `/api/v1/apps/{app}/users` and `/groups`: who may use an application.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::ApiError;
use super::access::Caller;
use super::json::{Body, timestamp};
use super::paging::Listing;
use crate::model::{AppGroup, AppId, AppUser, AssignmentScope, GroupId, Page, PageRequest, UserId};
use crate::site::Site;

/// Whom to assign. Credentials and profile of the app's own are left aside: the app takes the org's.
#[derive(Deserialize)]
pub(super) struct AssignUser {
    id: String,
}

pub(super) async fn users(
    State(site): State<Site>,
    _: Caller,
    Path(app): Path<String>,
    listing: Listing,
) -> Result<Response, ApiError> {
    let app = AppId::new(&app);
    let page = site.model.app_users(&app, &listing.page(50, 500)?)?;
    let items = page.items.iter().map(|user| user_shape(&site, &app, user)).collect();
    Ok(listing.answer(Page { items, next: page.next }))
}

pub(super) async fn assign_user(
    State(site): State<Site>,
    caller: Caller,
    Path(app): Path<String>,
    Body(body): Body<AssignUser>,
) -> Result<Json<Value>, ApiError> {
    let (app, user) = (AppId::new(&app), UserId::new(&body.id));
    site.model.assign_user(&app, &user, &caller.cause)?;
    show_user(&site, &app, &user)
}

pub(super) async fn user(
    State(site): State<Site>,
    _: Caller,
    Path((app, user)): Path<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    let (app, user) = (AppId::new(&app), UserId::new(&user));
    existing(&site, &app)?;
    show_user(&site, &app, &user)
}

/// There is nothing of an assignment to change, but an assigned user is what a caller asks for.
pub(super) async fn update_user(
    State(site): State<Site>,
    caller: Caller,
    Path((app, id)): Path<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    user(State(site), caller, Path((app, id))).await
}

pub(super) async fn unassign_user(
    State(site): State<Site>,
    caller: Caller,
    Path((app, user)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let (app, user) = (AppId::new(&app), UserId::new(&user));
    existing(&site, &app)?;
    let own = site.model.app_user(&app, &user).filter(|user| user.scope == AssignmentScope::User);
    own.ok_or_else(|| ApiError::not_found("AppUser", user.as_str()))?;
    site.model.unassign_user(&app, &user, &caller.cause)?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn groups(
    State(site): State<Site>,
    _: Caller,
    Path(app): Path<String>,
    listing: Listing,
) -> Result<Response, ApiError> {
    let app = AppId::new(&app);
    let page = site.model.app_groups(&app, &listing.page(20, 200)?)?;
    let items = page.items.iter().map(|group| group_shape(&site, &app, group)).collect();
    Ok(listing.answer(Page { items, next: page.next }))
}

pub(super) async fn group(
    State(site): State<Site>,
    _: Caller,
    Path((app, group)): Path<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    show_group(&site, &AppId::new(&app), &GroupId::new(&group))
}

pub(super) async fn assign_group(
    State(site): State<Site>,
    caller: Caller,
    Path((app, group)): Path<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    let (app, group) = (AppId::new(&app), GroupId::new(&group));
    site.model.assign_group(&app, &group, &caller.cause)?;
    show_group(&site, &app, &group)
}

pub(super) async fn unassign_group(
    State(site): State<Site>,
    caller: Caller,
    Path((app, group)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let (app, group) = (AppId::new(&app), GroupId::new(&group));
    drop(show_group(&site, &app, &group)?);
    site.model.unassign_group(&app, &group, &caller.cause)?;
    Ok(StatusCode::NO_CONTENT)
}

fn existing(site: &Site, app: &AppId) -> Result<(), ApiError> {
    match site.model.app(app) {
        Some(_) => Ok(()),
        None => Err(ApiError::not_found("AppInstance", app.as_str())),
    }
}

fn show_user(site: &Site, app: &AppId, user: &UserId) -> Result<Json<Value>, ApiError> {
    let found = site.model.app_user(app, user);
    let found = found.ok_or_else(|| ApiError::not_found("AppUser", user.as_str()))?;
    Ok(Json(user_shape(site, app, &found)))
}

fn show_group(site: &Site, app: &AppId, group: &GroupId) -> Result<Json<Value>, ApiError> {
    let groups = site.model.app_groups(app, &PageRequest::all())?;
    let found = groups.items.into_iter().find(|found| found.group.id == *group);
    let found = found.ok_or_else(|| ApiError::not_found("ApplicationGroupAssignment", group.as_str()))?;
    Ok(Json(group_shape(site, app, &found)))
}

fn user_shape(site: &Site, app: &AppId, found: &AppUser) -> Value {
    let org = site.names.org_url();
    let (user, since) = (&found.user, timestamp(found.assigned));
    let mut links = json!({
        "app": { "href": format!("{org}/api/v1/apps/{app}") },
        "user": { "href": format!("{org}/api/v1/users/{}", user.id) },
    });
    let scope = match &found.scope {
        AssignmentScope::User => "USER",
        AssignmentScope::Group(group) => {
            links["group"] = json!({ "href": format!("{org}/api/v1/groups/{group}") });
            "GROUP"
        }
    };
    json!({
        "id": user.id,
        "externalId": null,
        "created": since,
        "lastUpdated": since,
        "scope": scope,
        "status": "ACTIVE",
        "statusChanged": since,
        "passwordChanged": null,
        "syncState": "DISABLED",
        "credentials": { "userName": user.profile.login },
        "profile": {},
        "_links": links,
    })
}

fn group_shape(site: &Site, app: &AppId, found: &AppGroup) -> Value {
    let org = site.names.org_url();
    json!({
        "id": found.group.id,
        "lastUpdated": timestamp(found.assigned),
        "priority": 0,
        "profile": {},
        "_links": {
            "app": { "href": format!("{org}/api/v1/apps/{app}") },
            "self": { "href": format!("{org}/api/v1/apps/{app}/groups/{}", found.group.id) },
            "group": { "href": format!("{org}/api/v1/groups/{}", found.group.id) },
        },
    })
}
