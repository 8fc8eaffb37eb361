//! `/api/v1/groups`.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::access::Caller;
use super::filter::Filter;
use super::json::{Body, timestamp};
use super::paging::Listing;
use super::{ApiError, users};
use crate::model::{Group, GroupId, Page, UserId};
use crate::site::Site;

/// What a caller may set of a group.
#[derive(Deserialize)]
pub(super) struct GroupBody {
    profile: GroupProfile,
}

#[derive(Deserialize)]
struct GroupProfile {
    name: String,
    #[serde(default)]
    description: Option<String>,
}

/// Those whose name begins with `q`, and which `filter` or `search` accepts.
pub(super) async fn list(
    State(site): State<Site>,
    _: Caller,
    listing: Listing,
) -> Result<Response, ApiError> {
    let expression = listing.query.value("filter").or(listing.query.value("search"));
    let filter = expression.map(Filter::parse).transpose()?;
    let words = listing.query.value("q").map(str::to_lowercase);
    let page = site.model.groups(&listing.page(200, 10_000)?, |group| {
        words.as_ref().is_none_or(|words| group.name.to_lowercase().starts_with(words))
            && filter.as_ref().is_none_or(|filter| filter.accepts(&shape(&site, group)))
    });
    let items = page.items.iter().map(|group| shape(&site, group)).collect();
    Ok(listing.answer(Page { items, next: page.next }))
}

pub(super) async fn create(
    State(site): State<Site>,
    caller: Caller,
    Body(body): Body<GroupBody>,
) -> Result<Json<Value>, ApiError> {
    let description = body.profile.description.unwrap_or_default();
    let group = site.model.create_group(&body.profile.name, &description, &caller.cause)?;
    Ok(Json(shape(&site, &group)))
}

pub(super) async fn show(
    State(site): State<Site>,
    _: Caller,
    Path(group): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let found = site.model.group(&GroupId::new(&group));
    let found = found.ok_or_else(|| ApiError::not_found("UserGroup", &group))?;
    Ok(Json(shape(&site, &found)))
}

pub(super) async fn update(
    State(site): State<Site>,
    caller: Caller,
    Path(group): Path<String>,
    Body(body): Body<GroupBody>,
) -> Result<Json<Value>, ApiError> {
    let description = body.profile.description.unwrap_or_default();
    let group = GroupId::new(&group);
    let group = site.model.update_group(&group, &body.profile.name, &description, &caller.cause)?;
    Ok(Json(shape(&site, &group)))
}

pub(super) async fn delete(
    State(site): State<Site>,
    caller: Caller,
    Path(group): Path<String>,
) -> Result<StatusCode, ApiError> {
    site.model.delete_group(&GroupId::new(&group), &caller.cause)?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn members(
    State(site): State<Site>,
    _: Caller,
    Path(group): Path<String>,
    listing: Listing,
) -> Result<Response, ApiError> {
    let page = site.model.members(&GroupId::new(&group), &listing.page(1000, 1000)?)?;
    let items = page.items.iter().map(|user| users::shape(&site, user)).collect();
    Ok(listing.answer(Page { items, next: page.next }))
}

pub(super) async fn add(
    State(site): State<Site>,
    caller: Caller,
    Path((group, user)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    site.model.add_to_group(&GroupId::new(&group), &UserId::new(&user), &caller.cause)?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn remove(
    State(site): State<Site>,
    caller: Caller,
    Path((group, user)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    site.model.remove_from_group(&GroupId::new(&group), &UserId::new(&user), &caller.cause)?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) fn shape(site: &Site, group: &Group) -> Value {
    let description = Some(&group.description).filter(|description| !description.is_empty());
    let url = format!("{}/api/v1/groups/{}", site.names.org_url(), group.id);
    json!({
        "id": group.id,
        "created": timestamp(group.created),
        "lastUpdated": timestamp(group.last_updated),
        "lastMembershipUpdated": timestamp(group.membership_updated),
        "objectClass": ["okta:user_group"],
        "type": group.kind,
        "profile": { "name": group.name, "description": description },
        "_links": { "self": { "href": url }, "users": { "href": format!("{url}/users") } },
    })
}
