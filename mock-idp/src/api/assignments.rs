//! `/api/v1/apps/{app}/users` and `/groups`: who may use an application.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::ApiError;
use super::access::Caller;
use super::json::{Body, List, OptionalBody, timestamp};
use super::paging::Listing;
use crate::model::{AppGroup, AppId, AppUser, AssignmentScope, GroupId, Page, PageRequest, UserId};
use crate::site::Site;

/// Whom to assign, and by which name the app shall know them.
#[derive(Deserialize)]
pub(super) struct AssignUser {
    id: Option<String>,
    #[serde(flatten)]
    own: AppUserBody,
}

/// What a caller may set of an app's user. An app's users have no profile attributes of their own here.
#[derive(Deserialize)]
pub(super) struct AppUserBody {
    credentials: Option<AppCredentials>,
    profile: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AppCredentials {
    user_name: Option<String>,
}

impl AppUserBody {
    fn user_name(&self) -> Result<Option<&str>, ApiError> {
        no_attributes(self.profile.as_ref())?;
        Ok(self.credentials.as_ref().and_then(|credentials| credentials.user_name.as_deref()))
    }
}

/// What a caller may set of an assigned group.
#[derive(Deserialize)]
pub(super) struct AppGroupBody {
    priority: Option<u32>,
    profile: Option<Map<String, Value>>,
}

/// One operation of a JSON patch (RFC 6902); Okta takes replacements alone.
#[derive(Deserialize)]
pub(super) struct Operation {
    op: String,
    path: String,
    value: Option<Value>,
}

fn no_attributes(profile: Option<&Map<String, Value>>) -> Result<(), ApiError> {
    match profile.and_then(|profile| profile.keys().next()) {
        Some(attribute) => Err(ApiError::no_such_attribute(attribute)),
        None => Ok(()),
    }
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
    let id = body.id.as_deref().ok_or_else(|| ApiError::invalid("id", "The field cannot be left blank"))?;
    let name = body.own.user_name()?;
    let (app, user) = (AppId::new(&app), UserId::new(id));
    site.model.assign_user(&app, &user, &caller.cause)?;
    if let Some(name) = name {
        site.model.set_app_user_name(&app, &user, name, &caller.cause)?;
    }
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

/// Sets the name by which the app knows a user.
pub(super) async fn update_user(
    State(site): State<Site>,
    caller: Caller,
    Path((app, user)): Path<(String, String)>,
    Body(body): Body<AppUserBody>,
) -> Result<Json<Value>, ApiError> {
    let (app, user) = (AppId::new(&app), UserId::new(&user));
    existing(&site, &app)?;
    if let Some(name) = body.user_name()? {
        site.model.set_app_user_name(&app, &user, name, &caller.cause)?;
    }
    show_user(&site, &app, &user)
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

/// Assigns a group; the body, which may be absent, can set its priority.
pub(super) async fn assign_group(
    State(site): State<Site>,
    caller: Caller,
    Path((app, group)): Path<(String, String)>,
    body: OptionalBody<AppGroupBody>,
) -> Result<Json<Value>, ApiError> {
    let (app, group) = (AppId::new(&app), GroupId::new(&group));
    let body = body.0;
    no_attributes(body.as_ref().and_then(|body| body.profile.as_ref()))?;
    let priority = body.and_then(|body| body.priority);
    check_priority(priority)?;
    site.model.assign_group(&app, &group, &caller.cause)?;
    if let Some(priority) = priority {
        site.model.set_app_group_priority(&app, &group, priority)?;
    }
    show_group(&site, &app, &group)
}

/// Replaces the priority.
pub(super) async fn patch_group(
    State(site): State<Site>,
    _: Caller,
    Path((app, group)): Path<(String, String)>,
    List(operations): List<Operation>,
) -> Result<Json<Value>, ApiError> {
    let (app, group) = (AppId::new(&app), GroupId::new(&group));
    drop(show_group(&site, &app, &group)?);
    let mut priority = None;
    for Operation { op, path, value } in &operations {
        let number = value.as_ref().and_then(Value::as_u64).and_then(|number| u32::try_from(number).ok());
        priority = match (op.as_str(), path.as_str(), number) {
            ("replace", "/priority", Some(number)) => Some(number),
            ("replace", "/priority", None) => {
                return Err(ApiError::invalid("priority", "Must be from 0 to 100"));
            }
            ("replace", path, _) => return Err(ApiError::no_such_attribute(path)),
            _ => return Err(ApiError::invalid("op", "Only replace is supported")),
        };
    }
    check_priority(priority)?;
    if let Some(priority) = priority {
        site.model.set_app_group_priority(&app, &group, priority)?;
    }
    show_group(&site, &app, &group)
}

/// Before anything is done.
fn check_priority(priority: Option<u32>) -> Result<(), ApiError> {
    match priority {
        Some(101..) => Err(ApiError::invalid("priority", "Must be from 0 to 100")),
        _ => Ok(()),
    }
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
        "credentials": { "userName": found.user_name },
        "profile": {},
        "_links": links,
    })
}

fn group_shape(site: &Site, app: &AppId, found: &AppGroup) -> Value {
    let org = site.names.org_url();
    json!({
        "id": found.group.id,
        "lastUpdated": timestamp(found.assigned),
        "priority": found.priority,
        "profile": {},
        "_links": {
            "app": { "href": format!("{org}/api/v1/apps/{app}") },
            "self": { "href": format!("{org}/api/v1/apps/{app}/groups/{}", found.group.id) },
            "group": { "href": format!("{org}/api/v1/groups/{}", found.group.id) },
        },
    })
}
