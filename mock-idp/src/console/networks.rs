//! Security > Networks: zones of addresses.

use std::net::IpAddr;
use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;

use super::frame::{Frame, Page};
use super::refusal::{Answer, Refusal, missing, refused};
use crate::model::{
    AddressRange, ModelError, PageRequest, Zone, ZoneId, ZoneSettings, ZoneStatus, ZoneUsage,
};
use crate::site::Site;
use crate::web::{Params, PostedForm, SignedIn, Visit, html, see_other};

const LIST: &str = "/admin/access/networks";

/// A zone as the list shows it.
struct ZoneRow {
    id: ZoneId,
    name: String,
    system: bool,
    blocks: bool,
    active: bool,
    gateways: String,
    proxies: String,
}

impl ZoneRow {
    fn of(zone: &Zone) -> Self {
        Self {
            id: zone.id.clone(),
            name: zone.settings.name.clone(),
            system: zone.system,
            blocks: zone.settings.usage == ZoneUsage::Blocklist,
            active: zone.settings.status == ZoneStatus::Active,
            gateways: listed(&zone.settings.gateways, ", "),
            proxies: listed(&zone.settings.proxies, ", "),
        }
    }

    fn status(&self) -> &'static str {
        if self.active { "Active" } else { "Inactive" }
    }

    fn tone(&self) -> &'static str {
        if self.active { "good" } else { "off" }
    }

    /// The other status, as a button.
    fn switch(&self) -> &'static str {
        if self.active { "Deactivate" } else { "Activate" }
    }

    fn can_be_deleted(&self) -> bool {
        !self.system && !self.active
    }
}

#[derive(Template)]
#[template(path = "console/networks.html")]
struct Networks {
    frame: Frame,
    zones: Vec<ZoneRow>,
}

pub(super) async fn list(State(site): State<Site>, by: SignedIn) -> Response {
    let zones = site.model.zones(&PageRequest::all(), |_| true).items;
    let zones = zones.iter().map(|zone| ZoneRow::of(zone)).collect();
    html(StatusCode::OK, &Networks { frame: Frame::around(Page::Networks, &site, &by), zones })
}

/// What the form of a zone holds.
#[derive(Default)]
struct ZoneForm {
    name: String,
    blocks: bool,
    /// Ranges, one a line.
    gateways: String,
    proxies: String,
    /// The member that is not acceptable, by Okta's name, and why.
    wrong: Option<(&'static str, String)>,
}

impl ZoneForm {
    fn of(settings: &ZoneSettings) -> Self {
        Self {
            name: settings.name.clone(),
            blocks: settings.usage == ZoneUsage::Blocklist,
            gateways: listed(&settings.gateways, "\n"),
            proxies: listed(&settings.proxies, "\n"),
            wrong: None,
        }
    }

    fn sent(form: &Params) -> Self {
        Self {
            name: form.text("name").trim().to_owned(),
            blocks: form.has("blocks"),
            gateways: form.text("gateways").to_owned(),
            proxies: form.text("proxies").to_owned(),
            wrong: None,
        }
    }

    fn wrong(&self, field: &str) -> Option<&str> {
        self.wrong.as_ref().filter(|(wrong, _)| *wrong == field).map(|(_, reason)| reason.as_str())
    }

    /// What is wrong with nothing that has a field here.
    fn wrong_otherwise(&self) -> Option<&str> {
        let fields = ["name", "gateways", "proxies"];
        self.wrong.as_ref().filter(|(wrong, _)| !fields.contains(wrong)).map(|(_, reason)| reason.as_str())
    }

    /// The settings, unless they would keep out whoever sends them.
    fn settings(&self, status: ZoneStatus, sender: IpAddr) -> Result<ZoneSettings, ModelError> {
        let settings = ZoneSettings {
            name: self.name.clone(),
            status,
            usage: if self.blocks { ZoneUsage::Blocklist } else { ZoneUsage::Policy },
            gateways: ranges("gateways", &self.gateways)?,
            proxies: ranges("proxies", &self.proxies)?,
        };
        let own = self.blocks && settings.gateways.iter().any(|range| range.contains(sender));
        if own {
            let reason = format!("Your own address {sender} is among them: you would shut yourself out");
            return Err(ModelError::invalid("gateways", reason));
        }
        Ok(settings)
    }
}

/// Ranges by lines or commas.
pub(super) fn ranges(field: &'static str, text: &str) -> Result<Vec<AddressRange>, ModelError> {
    let entries = text.split(['\n', ',']).map(str::trim).filter(|entry| !entry.is_empty());
    let parse = |entry: &str| {
        entry.parse::<AddressRange>().map_err(|error| ModelError::invalid(field, error.to_string()))
    };
    entries.map(parse).collect()
}

fn listed(ranges: &[AddressRange], between: &str) -> String {
    ranges.iter().map(ToString::to_string).collect::<Vec<_>>().join(between)
}

#[derive(Template)]
#[template(path = "console/network.html")]
struct NetworkPage {
    frame: Frame,
    title: String,
    /// Whether its usage can be chosen.
    system: bool,
    form: ZoneForm,
}

impl NetworkPage {
    fn adding(site: &Site, by: &SignedIn, form: ZoneForm) -> Self {
        let frame = Frame::around(Page::Networks, site, by);
        Self { frame, title: "Add IP Zone".to_owned(), system: false, form }
    }

    fn editing(site: &Site, by: &SignedIn, zone: &Zone, form: ZoneForm) -> Self {
        let frame = Frame::around(Page::Networks, site, by);
        Self { frame, title: format!("Edit {}", zone.settings.name), system: zone.system, form }
    }
}

pub(super) async fn add(State(site): State<Site>, by: SignedIn) -> Response {
    html(StatusCode::OK, &NetworkPage::adding(&site, &by, ZoneForm::default()))
}

pub(super) async fn create(State(site): State<Site>, visit: Visit, posted: PostedForm) -> Answer {
    let form = ZoneForm::sent(&posted.form);
    let settings = form.settings(ZoneStatus::Active, visit.address);
    match settings.and_then(|settings| site.model.create_zone(settings, &posted.by.cause)) {
        Ok(_) => Ok(see_other(LIST)),
        Err(error) => {
            let form = ZoneForm { wrong: Some(wrong_of(&site, error)?), ..form };
            let page = NetworkPage::adding(&site, &posted.by, form);
            Ok(html(StatusCode::UNPROCESSABLE_ENTITY, &page))
        }
    }
}

pub(super) async fn edit(State(site): State<Site>, Path(id): Path<String>, by: SignedIn) -> Answer {
    let zone = zone_of(&site, &id)?;
    let page = NetworkPage::editing(&site, &by, &zone, ZoneForm::of(&zone.settings));
    Ok(html(StatusCode::OK, &page))
}

pub(super) async fn save(
    State(site): State<Site>,
    Path(id): Path<String>,
    visit: Visit,
    posted: PostedForm,
) -> Answer {
    let zone = zone_of(&site, &id)?;
    let mut form = ZoneForm::sent(&posted.form);
    if zone.system {
        form.blocks = zone.settings.usage == ZoneUsage::Blocklist;
    }
    let settings = form.settings(zone.settings.status, visit.address);
    match settings.and_then(|settings| site.model.update_zone(&zone.id, settings, &posted.by.cause)) {
        Ok(_) => Ok(see_other(LIST)),
        Err(error) => {
            let form = ZoneForm { wrong: Some(wrong_of(&site, error)?), ..form };
            let page = NetworkPage::editing(&site, &posted.by, &zone, form);
            Ok(html(StatusCode::UNPROCESSABLE_ENTITY, &page))
        }
    }
}

pub(super) async fn act(
    State(site): State<Site>,
    Path(id): Path<String>,
    visit: Visit,
    posted: PostedForm,
) -> Answer {
    let zone = zone_of(&site, &id)?;
    let (model, cause) = (&site.model, &posted.by.cause);
    let outcome = match posted.form.text("action") {
        "Activate" => {
            ZoneForm::of(&zone.settings)
                .settings(ZoneStatus::Active, visit.address)
                .map_err(refused(&site))?;
            model.set_zone_status(&zone.id, ZoneStatus::Active, cause).map(drop)
        }
        "Deactivate" => model.set_zone_status(&zone.id, ZoneStatus::Inactive, cause).map(drop),
        "Delete" => model.delete_zone(&zone.id, cause),
        _ => Err(ModelError::invalid("action", "there is no such action")),
    };
    outcome.map_err(refused(&site))?;
    Ok(see_other(LIST))
}

/// A field's fault is shown beside it; anything else is a page of its own.
fn wrong_of(site: &Site, error: ModelError) -> Result<(&'static str, String), Refusal> {
    match error {
        ModelError::Invalid { field, reason } => Ok((field, reason)),
        error => Err(refused(site)(error)),
    }
}

fn zone_of(site: &Site, id: &str) -> Result<Arc<Zone>, Refusal> {
    site.model.zone(&ZoneId::new(id)).ok_or_else(|| missing(site, "NetworkZone", id))
}
