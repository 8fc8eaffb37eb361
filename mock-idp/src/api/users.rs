//! `/api/v1/users`.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use ground::Secret;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::access::Caller;
use super::filter::Filter;
use super::json::{Body, optional_timestamp, timestamp};
use super::paging::Listing;
use super::{ApiError, groups};
use crate::model::{Entry, EventType, GroupId, ModelError, NewUser, Page, Profile, User, UserId, UserStatus};
use crate::site::Site;

/// What a caller may set of a user.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UserBody {
    profile: Option<Map<String, Value>>,
    credentials: Option<Credentials>,
    #[serde(default)]
    group_ids: Vec<String>,
}

#[derive(Deserialize)]
struct Credentials {
    password: Option<Password>,
}

#[derive(Deserialize)]
struct Password {
    value: Option<String>,
}

impl UserBody {
    fn password(&self) -> Option<Secret> {
        let value = self.credentials.as_ref()?.password.as_ref()?.value.as_deref()?;
        Some(Secret::new("password", value))
    }
}

/// What `filter` may speak of; `search` may speak of everything.
const FILTERED: [&str; 7] = [
    "status",
    "lastUpdated",
    "id",
    "profile.login",
    "profile.email",
    "profile.firstName",
    "profile.lastName",
];

/// Users that are not deactivated, or those that `filter` or `search` and `q` say.
pub(super) async fn list(
    State(site): State<Site>,
    _: Caller,
    listing: Listing,
) -> Result<Response, ApiError> {
    let filter =
        listing.query.value("filter").map(|filter| Filter::parse_of(filter, &FILTERED)).transpose()?;
    let search = listing.query.value("search").map(Filter::parse).transpose()?;
    let given: Vec<&Filter> = [&filter, &search].into_iter().flatten().collect();
    let words = listing.query.value("q").map(str::to_lowercase);
    let chosen = |user: &User| {
        let profile = &user.profile;
        let begins = |text: &String| words.as_ref().is_none_or(|q| text.to_lowercase().starts_with(q));
        [&profile.first_name, &profile.last_name, &profile.email].into_iter().any(begins)
            && match given.as_slice() {
                [] => user.status != UserStatus::Deprovisioned,
                given => given.iter().all(|filter| filter.accepts(&shape(&site, user))),
            }
    };
    let page = site.model.users(&listing.page(200, 200)?, chosen);
    let items = page.items.iter().map(|user| shape(&site, user)).collect();
    Ok(listing.answer(Page { items, next: page.next }))
}

/// Makes a user; with `nextLogin=changePassword` one whose password is good for choosing another alone.
pub(super) async fn create(
    State(site): State<Site>,
    caller: Caller,
    listing: Listing,
    Body(body): Body<UserBody>,
) -> Result<Json<Value>, ApiError> {
    let members = body
        .profile
        .as_ref()
        .ok_or_else(|| ApiError::invalid("profile", "The field cannot be left blank"))?;
    let groups: Vec<GroupId> = body.group_ids.iter().map(|id| GroupId::new(id)).collect();
    if let Some(missing) = groups.iter().find(|id| site.model.group(id).is_none()) {
        return Err(ApiError::not_found("UserGroup", missing.as_str()));
    }
    let new = NewUser {
        profile: Profile::of_members(members)?,
        password: body.password(),
        activate: listing.query.value("activate") != Some("false"),
    };
    let changes_password = match listing.query.value("nextLogin") {
        None => false,
        Some("changePassword") if new.activate && new.password.is_some() => true,
        Some("changePassword") => {
            let reason = "changePassword takes a password and an activated user";
            return Err(ApiError::invalid("nextLogin", reason));
        }
        Some(_) => return Err(ApiError::invalid("nextLogin", "Only changePassword is supported")),
    };
    let mut user = site.model.create_user(new, &caller.cause)?;
    for group in &groups {
        site.model.add_to_group(group, &user.id, &caller.cause)?;
    }
    if changes_password {
        user = site.model.expire_password(&user.id, &caller.cause)?;
    }
    Ok(Json(shape(&site, &user)))
}

pub(super) async fn show(
    State(site): State<Site>,
    caller: Caller,
    Path(user): Path<String>,
) -> Result<Json<Value>, ApiError> {
    Ok(Json(shape(&site, &*find(&site, &caller, &user)?)))
}

/// Sets what is given, and leaves the rest.
pub(super) async fn update(
    State(site): State<Site>,
    caller: Caller,
    Path(user): Path<String>,
    Body(body): Body<UserBody>,
) -> Result<Json<Value>, ApiError> {
    let user = find(&site, &caller, &user)?;
    let profile = match &body.profile {
        Some(members) => user.profile.clone().merged(members)?,
        None => user.profile.clone(),
    };
    change(&site, &caller, &user, profile, &body)
}

/// Sets the profile to what is given.
pub(super) async fn replace(
    State(site): State<Site>,
    caller: Caller,
    Path(user): Path<String>,
    Body(body): Body<UserBody>,
) -> Result<Json<Value>, ApiError> {
    let user = find(&site, &caller, &user)?;
    let profile = Profile::of_members(body.profile.as_ref().unwrap_or(&Map::new()))?;
    change(&site, &caller, &user, profile, &body)
}

fn change(
    site: &Site,
    caller: &Caller,
    user: &User,
    profile: Profile,
    body: &UserBody,
) -> Result<Json<Value>, ApiError> {
    let mut changed = match profile == user.profile {
        true => site.model.user(&user.id).ok_or_else(|| ModelError::not_found("User", &user.id))?,
        false => site.model.update_profile(&user.id, profile, &caller.cause)?,
    };
    if let Some(password) = body.password() {
        changed = site.model.set_password(&user.id, &password, &caller.cause)?;
    }
    Ok(Json(shape(site, &changed)))
}

/// Deactivates; a deactivated user is deleted.
pub(super) async fn delete(
    State(site): State<Site>,
    caller: Caller,
    Path(user): Path<String>,
) -> Result<StatusCode, ApiError> {
    let user = find(&site, &caller, &user)?;
    match user.status {
        UserStatus::Deprovisioned => site.model.delete_user(&user.id, &caller.cause)?,
        _ => drop(site.model.deactivate_user(&user.id, &caller.cause)?),
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Ends the user's sessions, and with `oauthTokens=true` what was issued for them too.
pub(super) async fn clear_sessions(
    State(site): State<Site>,
    caller: Caller,
    Path(user): Path<String>,
    listing: Listing,
) -> Result<StatusCode, ApiError> {
    let user = find(&site, &caller, &user)?;
    site.model.clear_sessions(&user.id, &caller.cause)?;
    if listing.query.value("oauthTokens") == Some("true") {
        site.grants.revoke_all_of(&user.id, site.now());
        site.model.log(Entry::of(EventType::TokensRevokeOfUser).to(user.party()), &caller.cause);
    }
    Ok(StatusCode::NO_CONTENT)
}

/// The tiles of the user's dashboard.
pub(super) async fn app_links(
    State(site): State<Site>,
    caller: Caller,
    Path(user): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let user = find(&site, &caller, &user)?;
    let org = site.names.org_url();
    let links = site.model.app_links(&user.id).into_iter().enumerate().map(|(position, link)| {
        json!({
            "id": link.app,
            "label": link.label,
            "linkUrl": format!("{org}{}", link.path),
            "logoUrl": format!("{org}/assets/org.svg"),
            "appName": link.name,
            "appInstanceId": link.app,
            "appAssignmentId": user.id,
            "credentialsSetup": false,
            "hidden": false,
            "sortOrder": position,
        })
    });
    Ok(Json(links.collect()))
}

pub(super) async fn groups(
    State(site): State<Site>,
    caller: Caller,
    Path(user): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let user = find(&site, &caller, &user)?;
    let groups = site.model.groups_of(&user.id);
    Ok(Json(groups.iter().map(|group| groups::shape(&site, group)).collect()))
}

/// By id, by login, or `me`, whose token it is.
pub(super) fn find(site: &Site, caller: &Caller, name: &str) -> Result<Arc<User>, ApiError> {
    if name == "me" {
        return Ok(Arc::clone(&caller.owner));
    }
    let user = site.model.user(&UserId::new(name)).or_else(|| site.model.user_by_login(name));
    user.ok_or_else(|| ApiError::not_found("User", name))
}

pub(super) fn credentials(user: &User) -> Value {
    let mut credentials = json!({ "provider": { "type": "OKTA", "name": "OKTA" } });
    if user.has_password() {
        credentials["password"] = json!({});
    }
    credentials
}

pub(super) fn shape(site: &Site, user: &User) -> Value {
    json!({
        "id": user.id,
        "status": user.status,
        "created": timestamp(user.created),
        "activated": optional_timestamp(user.activated),
        "statusChanged": optional_timestamp(user.status_changed),
        "lastLogin": optional_timestamp(user.last_login),
        "lastUpdated": timestamp(user.last_updated),
        "passwordChanged": optional_timestamp(user.password_changed),
        // There is one user type, which is the org's.
        "type": { "id": format!("oty{}", &site.model.org_id().as_str()[3..]) },
        "profile": user.profile.members(),
        "credentials": credentials(user),
        "_links": { "self": { "href": format!("{}/api/v1/users/{}", site.names.org_url(), user.id) } },
    })
}
