//! `/api/v1/apps`.

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
use crate::model::{AppId, AppStatus, Page};
use crate::site::Site;

/// Those whose label begins with `q`, and which `filter` accepts.
pub(super) async fn list(
    State(site): State<Site>,
    _: Caller,
    listing: Listing,
) -> Result<Response, ApiError> {
    let filter = listing.query.value("filter").map(Filter::parse).transpose()?;
    let words = listing.query.value("q").map(str::to_lowercase);
    let page = site.model.apps(&listing.page(20, 200)?, |app| {
        words.as_ref().is_none_or(|words| app.label.to_lowercase().starts_with(words))
            && filter.as_ref().is_none_or(|filter| filter.accepts(&shape(&site, app)))
    });
    let items = page.items.iter().map(|app| shape(&site, app)).collect();
    Ok(listing.answer(Page { items, next: page.next }))
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
    let app = site.model.update_app(&AppId::new(&app), body.label(), body.settings()?, &caller.cause)?;
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
