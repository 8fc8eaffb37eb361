//! `/api/v1/zones`.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::ApiError;
use super::access::Caller;
use super::filter::Filter;
use super::json::{Body, timestamp};
use super::paging::Listing;
use crate::model::{AddressRange, Page, Zone, ZoneId, ZoneSettings, ZoneStatus, ZoneUsage};
use crate::site::Site;

/// What a caller may set of a zone. What Okta itself writes there (`id`, `created`, `system`, `_links`) is left aside,
/// so that what was read can be sent back.
#[derive(Deserialize)]
pub(super) struct ZoneBody {
    #[serde(rename = "type")]
    kind: Option<String>,
    name: Option<String>,
    status: Option<ZoneStatus>,
    usage: Option<ZoneUsage>,
    gateways: Option<Vec<Range>>,
    proxies: Option<Vec<Range>>,
}

#[derive(Deserialize)]
struct Range {
    #[serde(rename = "type")]
    notation: Notation,
    value: String,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "UPPERCASE")]
enum Notation {
    Cidr,
    Range,
}

impl ZoneBody {
    /// The settings; where no status is given, this one.
    fn settings(self, status: ZoneStatus) -> Result<ZoneSettings, ApiError> {
        match self.kind.as_deref() {
            Some("IP") => {}
            None => return Err(ApiError::invalid("type", "The field cannot be left blank")),
            Some(_) => return Err(ApiError::invalid("type", "Only IP zones are supported by this org")),
        }
        let name = self.name.ok_or_else(|| ApiError::invalid("name", "The field cannot be left blank"))?;
        Ok(ZoneSettings {
            name,
            status: self.status.unwrap_or(status),
            usage: self.usage.unwrap_or(ZoneUsage::Policy),
            gateways: ranges("gateways", self.gateways)?,
            proxies: ranges("proxies", self.proxies)?,
        })
    }
}

/// Each in the notation that it says.
fn ranges(field: &str, given: Option<Vec<Range>>) -> Result<Vec<AddressRange>, ApiError> {
    let parse = |Range { notation, value }: Range| {
        let says = match notation {
            Notation::Cidr => value.contains('/'),
            Notation::Range => value.contains('-'),
        };
        let range =
            value.parse::<AddressRange>().map_err(|error| ApiError::invalid(field, &error.to_string()))?;
        match says {
            true => Ok(range),
            false => {
                Err(ApiError::invalid(field, &format!("'{value}' does not have the form that its type says")))
            }
        }
    };
    given.into_iter().flatten().map(parse).collect()
}

/// All of them, or those that `filter` accepts; it may speak of `id`, `usage` and `system`.
pub(super) async fn list(
    State(site): State<Site>,
    _: Caller,
    listing: Listing,
) -> Result<Response, ApiError> {
    let filter = listing.query.value("filter");
    let filter = filter.map(|filter| Filter::parse_of(filter, &["id", "usage", "system"])).transpose()?;
    let page = site.model.zones(&listing.page(usize::MAX, usize::MAX)?, |zone| {
        filter.as_ref().is_none_or(|filter| filter.accepts(&shape(&site, zone)))
    });
    let items = page.items.iter().map(|zone| shape(&site, zone)).collect();
    Ok(listing.answer(Page { items, next: page.next }))
}

pub(super) async fn create(
    State(site): State<Site>,
    caller: Caller,
    Body(body): Body<ZoneBody>,
) -> Result<Json<Value>, ApiError> {
    let zone = site.model.create_zone(body.settings(ZoneStatus::Active)?, &caller.cause)?;
    Ok(Json(shape(&site, &zone)))
}

pub(super) async fn show(
    State(site): State<Site>,
    _: Caller,
    Path(zone): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let found = site.model.zone(&ZoneId::new(&zone));
    let found = found.ok_or_else(|| ApiError::not_found("NetworkZone", &zone))?;
    Ok(Json(shape(&site, &found)))
}

pub(super) async fn replace(
    State(site): State<Site>,
    caller: Caller,
    Path(zone): Path<String>,
    Body(body): Body<ZoneBody>,
) -> Result<Json<Value>, ApiError> {
    let id = ZoneId::new(&zone);
    let found = site.model.zone(&id).ok_or_else(|| ApiError::not_found("NetworkZone", &zone))?;
    let settings = body.settings(found.settings.status)?;
    let zone = site.model.update_zone(&id, settings, &caller.cause)?;
    Ok(Json(shape(&site, &zone)))
}

pub(super) async fn delete(
    State(site): State<Site>,
    caller: Caller,
    Path(zone): Path<String>,
) -> Result<StatusCode, ApiError> {
    site.model.delete_zone(&ZoneId::new(&zone), &caller.cause)?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn lifecycle(
    State(site): State<Site>,
    caller: Caller,
    Path((zone, operation)): Path<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    let status = match operation.as_str() {
        "activate" => ZoneStatus::Active,
        "deactivate" => ZoneStatus::Inactive,
        _ => return Err(ApiError::no_such_path()),
    };
    let zone = site.model.set_zone_status(&ZoneId::new(&zone), status, &caller.cause)?;
    Ok(Json(shape(&site, &zone)))
}

fn shape(site: &Site, zone: &Zone) -> Value {
    let url = format!("{}/api/v1/zones/{}", site.names.org_url(), zone.id);
    let settings = &zone.settings;
    let other = match settings.status {
        ZoneStatus::Active => "deactivate",
        ZoneStatus::Inactive => "activate",
    };
    let lifecycle = json!({ "href": format!("{url}/lifecycle/{other}"), "hints": { "allow": ["POST"] } });
    json!({
        "type": "IP",
        "id": zone.id,
        "name": settings.name,
        "status": settings.status,
        "usage": settings.usage,
        "created": timestamp(zone.created),
        "lastUpdated": timestamp(zone.last_updated),
        "system": zone.system,
        "gateways": listed(&settings.gateways),
        "proxies": listed(&settings.proxies),
        "_links": {
            "self": { "href": url, "hints": { "allow": ["GET", "PUT", "DELETE"] } },
            other: lifecycle,
        },
    })
}

/// The ranges, or `null` where there are none.
fn listed(ranges: &[AddressRange]) -> Value {
    let shape = |range: &AddressRange| {
        let notation = if range.is_cidr() { "CIDR" } else { "RANGE" };
        json!({ "type": notation, "value": range.to_string() })
    };
    match ranges {
        [] => Value::Null,
        ranges => ranges.iter().map(shape).collect(),
    }
}
