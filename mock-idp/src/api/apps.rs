//! `/api/v1/apps`.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

use super::ApiError;
use super::access::Caller;
use super::app_shape::{AppBody, shape};
use super::filter::Filter;
use super::json::Body;
use super::paging::Listing;
use crate::model::{App, AppId, AppStatus, GroupId, Page, PageRequest, UserId};
use crate::site::Site;

/// Those whose label begins with `q`, and which `filter` accepts; it may also ask for the apps of a user or a group.
pub(super) async fn list(
    State(site): State<Site>,
    _: Caller,
    listing: Listing,
) -> Result<Response, ApiError> {
    let known = ["id", "name", "status", "user.id", "group.id", "credentials.signing.kid"];
    let filter = listing.query.value("filter").map(|filter| Filter::parse_of(filter, &known)).transpose()?;
    let words = listing.query.value("q").map(str::to_lowercase);
    let assigned = filter.as_ref().map(|filter| assigned(&site, filter)).unwrap_or_default();
    let page = site.model.apps(&listing.page(20, 200)?, |app| {
        let accepts = |filter: &Filter| {
            let mut seen = shape(&site, app);
            (seen["user"], seen["group"]) = assigned.get(&app.id).cloned().unwrap_or_default();
            filter.accepts(&seen)
        };
        words.as_ref().is_none_or(|words| app.label.to_lowercase().starts_with(words))
            && filter.as_ref().is_none_or(accepts)
    });
    let items = page.items.iter().map(|app| shape(&site, app)).collect();
    Ok(listing.answer(Page { items, next: page.next }))
}

/// Of the users and groups that the filter asks about, those who may use each app, as the filter sees them.
fn assigned(site: &Site, filter: &Filter) -> HashMap<AppId, (Value, Value)> {
    let [users, groups] = ["user.id", "group.id"].map(|path| filter.values_of(path));
    if users.is_empty() && groups.is_empty() {
        return HashMap::new();
    }
    let apps = site.model.apps(&PageRequest::all(), |_| true).items;
    let of_app = |app: &Arc<App>| {
        let may = |user: &&str| site.model.assignment(&app.id, &UserId::new(user)).is_some();
        let has = |group: &&str| {
            let apps = site.model.apps_of_group(&GroupId::new(group));
            apps.iter().any(|assigned| assigned.id == app.id)
        };
        let users: Vec<_> = users.iter().copied().filter(may).collect();
        let groups: Vec<_> = groups.iter().copied().filter(has).collect();
        (app.id.clone(), (json!({ "id": users }), json!({ "id": groups })))
    };
    apps.iter().map(of_app).collect()
}

/// Makes an application, active unless `activate=false`. Nobody is assigned to it.
pub(super) async fn create(
    State(site): State<Site>,
    caller: Caller,
    listing: Listing,
    Body(body): Body<AppBody>,
) -> Result<Json<Value>, ApiError> {
    let activate = listing.query.value("activate") != Some("false");
    let app = site.model.create_app(body.into_new(activate)?, &caller.cause)?;
    Ok(Json(shape(&site, &app)))
}

pub(super) async fn show(
    State(site): State<Site>,
    _: Caller,
    Path(app): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let found = site.model.app(&AppId::new(&app));
    let found = found.ok_or_else(|| ApiError::not_found("AppInstance", &app))?;
    Ok(Json(shape(&site, &found)))
}

pub(super) async fn update(
    State(site): State<Site>,
    caller: Caller,
    Path(app): Path<String>,
    Body(body): Body<AppBody>,
) -> Result<Json<Value>, ApiError> {
    let id = AppId::new(&app);
    let before = site.model.app(&id);
    let settings = body.settings(before.as_deref().map(|app| &app.settings))?;
    let app = site.model.update_app(&id, body.label(), settings, &caller.cause)?;
    Ok(Json(shape(&site, &app)))
}

pub(super) async fn delete(
    State(site): State<Site>,
    caller: Caller,
    Path(app): Path<String>,
) -> Result<StatusCode, ApiError> {
    site.model.delete_app(&AppId::new(&app), &caller.cause)?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn lifecycle(
    State(site): State<Site>,
    caller: Caller,
    Path((app, operation)): Path<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    let status = match operation.as_str() {
        "activate" => AppStatus::Active,
        "deactivate" => AppStatus::Inactive,
        _ => return Err(ApiError::no_such_path()),
    };
    site.model.set_app_status(&AppId::new(&app), status, &caller.cause)?;
    Ok(Json(json!({})))
}
