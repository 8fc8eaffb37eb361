//! `/api/v1/groups`.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::access::Caller;
use super::filter::Filter;
use super::json::{Body, timestamp};
use super::paging::Listing;
use super::{ApiError, users};
use crate::model::{Group, GroupId, Page, PageRequest, UserId};
use crate::site::Site;

/// What a caller may set of a group.
#[derive(Deserialize)]
pub(super) struct GroupBody {
    profile: Option<Map<String, Value>>,
}

impl GroupBody {
    /// Name and description; a group's profile has no other attributes.
    fn profile(&self) -> Result<(&str, &str), ApiError> {
        let blank = |field| ApiError::invalid(field, "The field cannot be left blank");
        let (mut name, mut description) = (None, "");
        for (attribute, value) in self.profile.as_ref().ok_or_else(|| blank("profile"))? {
            let text = match value {
                Value::String(text) => text.as_str(),
                Value::Null => "",
                _ => return Err(ApiError::invalid("profile", &format!("{attribute} must be a string"))),
            };
            match attribute.as_str() {
                "name" => name = Some(text),
                "description" => description = text,
                other => return Err(ApiError::no_such_attribute(other)),
            }
        }
        Ok((name.ok_or_else(|| blank("name"))?, description))
    }
}

/// Those whose name begins with `q`, and which `filter` or `search` accepts; `expand=stats` says how many users and
/// apps each has.
pub(super) async fn list(
    State(site): State<Site>,
    _: Caller,
    listing: Listing,
) -> Result<Response, ApiError> {
    let query = &listing.query;
    let known = ["id", "type", "lastUpdated", "lastMembershipUpdated"];
    let filter = query.value("filter").map(|filter| Filter::parse_of(filter, &known)).transpose()?;
    let search = query.value("search").map(Filter::parse).transpose()?;
    let words = query.value("q").map(str::to_lowercase);
    let with_stats = query.text("expand").split(',').any(|part| part.trim() == "stats");
    let page = site.model.groups(&listing.page(200, 10_000)?, |group| {
        words.as_ref().is_none_or(|words| group.name.to_lowercase().starts_with(words))
            && [&filter, &search].into_iter().flatten().all(|filter| filter.accepts(&shape(&site, group)))
    });
    let shown = |group: &Arc<Group>| match with_stats {
        true => with_stats_of(&site, group),
        false => shape(&site, group),
    };
    Ok(listing.answer(Page { items: page.items.iter().map(shown).collect(), next: page.next }))
}

pub(super) async fn create(
    State(site): State<Site>,
    caller: Caller,
    Body(body): Body<GroupBody>,
) -> Result<Json<Value>, ApiError> {
    let (name, description) = body.profile()?;
    let group = site.model.create_group(name, description, &caller.cause)?;
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
    let (name, description) = body.profile()?;
    let group = site.model.update_group(&GroupId::new(&group), name, description, &caller.cause)?;
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

fn with_stats_of(site: &Site, group: &Group) -> Value {
    let mut shown = shape(site, group);
    let members = site.model.members(&group.id, &PageRequest::all());
    let url = format!("{}/api/v1/groups/{}", site.names.org_url(), group.id);
    shown["_embedded"] = json!({ "stats": {
        "usersCount": members.map_or(0, |page| page.items.len()),
        "appsCount": site.model.apps_of_group(&group.id).len(),
        "groupPushMappingsCount": 0,
        "hasAdminPrivilege": false,
        "_links": { "users": { "href": format!("{url}/users") } },
    } });
    shown
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
