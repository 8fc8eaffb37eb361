//! Network zones: named sets of addresses, which policies ask about and which can be kept out altogether.
//!
//! Zones by address ranges alone; the dynamic ones of a real org (by country, by network operator, by service) have
//! nothing to go by on one machine.

mod address_range;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::ops::Bound;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use address_range::{AddressRange, NoAddressRange};

use super::id::Minting;
use super::log::{Entry, EventType};
use super::records::Records;
use super::{Cause, Model, ModelError, Page, PageRequest, Party, ZoneId};

/// A network zone by addresses, as of the moment it was read.
#[derive(Clone, Debug)]
pub struct Zone {
    /// Its identifier.
    pub id: ZoneId,
    /// What people set of it.
    pub settings: ZoneSettings,
    /// Whether it is one of the two that every org has, which nobody deletes.
    pub system: bool,
    /// When it was made, in stage time as all of these.
    pub created: DateTime<Utc>,
    /// When anything of it last changed.
    pub last_updated: DateTime<Utc>,
}

/// What people set of a zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZoneSettings {
    /// Its name, unique in the org.
    pub name: String,
    /// Whether it counts.
    pub status: ZoneStatus,
    /// What it is for.
    pub usage: ZoneUsage,
    /// The addresses that are in it.
    pub gateways: Vec<AddressRange>,
    /// Proxies whose `X-Forwarded-For` is believed: who asks is then the address that they name.
    pub proxies: Vec<AddressRange>,
}

/// Whether a zone counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ZoneStatus {
    /// It does.
    Active,
    /// It is as if it had no addresses.
    Inactive,
}

/// What a zone is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ZoneUsage {
    /// Policies, and exemption from ThreatInsight.
    Policy,
    /// Whoever asks from one of its addresses is refused before being identified.
    Blocklist,
}

impl ZoneSettings {
    /// An active zone for policies, of these addresses.
    pub fn new(name: &str, gateways: Vec<AddressRange>) -> Self {
        let (status, usage) = (ZoneStatus::Active, ZoneUsage::Policy);
        Self { name: name.to_owned(), status, usage, gateways, proxies: Vec::new() }
    }
}

impl Zone {
    /// Whether the address is in the zone.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.is_active() && self.settings.gateways.iter().any(|range| range.contains(address))
    }

    fn is_active(&self) -> bool {
        self.settings.status == ZoneStatus::Active
    }

    fn blocks(&self, address: IpAddr) -> bool {
        self.settings.usage == ZoneUsage::Blocklist && self.contains(address)
    }

    fn trusts(&self, proxy: IpAddr) -> bool {
        self.is_active() && self.settings.proxies.iter().any(|range| range.contains(proxy))
    }

    /// Okta's bounds for each of the two lists.
    fn most_ranges(system: bool, usage: ZoneUsage) -> usize {
        match (system, usage) {
            (true, _) => 5000,
            (false, ZoneUsage::Blocklist) => 1000,
            (false, ZoneUsage::Policy) => 150,
        }
    }

    pub(crate) fn party(&self) -> Party {
        Party::new("NetworkZone", &self.id, "unknown", &self.settings.name)
    }
}

impl Model {
    /// Makes a zone.
    ///
    /// # Errors
    /// When the name is empty, longer than 128 characters or another zone's, or there are no ranges or too many.
    pub fn create_zone(&self, settings: ZoneSettings, cause: &Cause) -> Result<Arc<Zone>, ModelError> {
        let now = self.now();
        let mut records = self.write();
        records.check_zone(&settings, None)?;
        let id = ZoneId::mint(self.minting(), now);
        let zone = Arc::new(Zone { id, settings, system: false, created: now, last_updated: now });
        records.zones.insert(zone.id.clone(), Arc::clone(&zone));
        drop(records);
        self.log(Entry::of(EventType::ZoneCreate).to(zone.party()), cause);
        if zone.settings.usage == ZoneUsage::Blocklist {
            self.log(Entry::of(EventType::ZoneMakeBlacklist).to(zone.party()), cause);
        }
        Ok(zone)
    }

    /// The zone of this id.
    pub fn zone(&self, id: &ZoneId) -> Option<Arc<Zone>> {
        self.read().zones.get(id).map(Arc::clone)
    }

    /// The zone of this name.
    pub fn zone_by_name(&self, name: &str) -> Option<Arc<Zone>> {
        self.read().zones.values().find(|zone| zone.settings.name == name).map(Arc::clone)
    }

    /// Those zones that `chosen` accepts, in pages.
    pub fn zones(&self, request: &PageRequest, chosen: impl Fn(&Zone) -> bool) -> Page<Arc<Zone>> {
        let after = request.after.as_deref().map(ZoneId::new);
        let from = after.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
        let records = self.read();
        let zones = records.zones.range((from, Bound::Unbounded)).map(|(_, zone)| zone);
        request.cut(zones.filter(|zone| chosen(zone)).map(Arc::clone), |zone| zone.id.to_string())
    }

    /// The active zones that the address is in.
    pub fn zones_of(&self, address: IpAddr) -> BTreeSet<ZoneId> {
        let records = self.read();
        records.zones.values().filter(|zone| zone.contains(address)).map(|zone| zone.id.clone()).collect()
    }

    /// The first active blocklist that the address is on.
    pub fn blocklist_of(&self, address: IpAddr) -> Option<Arc<Zone>> {
        self.read().zones.values().find(|zone| zone.blocks(address)).map(Arc::clone)
    }

    /// Whether an active zone names this address as a proxy whose word is taken for whom it forwards.
    pub fn is_trusted_proxy(&self, address: IpAddr) -> bool {
        self.read().zones.values().any(|zone| zone.trusts(address))
    }

    /// Sets what people set of a zone. For a built-in zone the usage stays what it is.
    ///
    /// # Errors
    /// When there is no such zone, or the settings are not acceptable.
    pub fn update_zone(
        &self,
        id: &ZoneId,
        settings: ZoneSettings,
        cause: &Cause,
    ) -> Result<Arc<Zone>, ModelError> {
        let mut records = self.write();
        let before = records.zones.get(id).map(Arc::clone).ok_or_else(|| missing(id))?;
        records.check_zone(&settings, Some(&before))?;
        let zone = Arc::new(Zone { settings, last_updated: self.now(), ..Zone::clone(&before) });
        records.zones.insert(id.clone(), Arc::clone(&zone));
        drop(records);
        self.log(Entry::of(EventType::ZoneUpdate).to(zone.party()), cause);
        for event in changes(&before.settings, &zone.settings) {
            self.log(Entry::of(event).to(zone.party()), cause);
        }
        Ok(zone)
    }

    /// Lets a zone count, or no longer.
    ///
    /// # Errors
    /// When there is no such zone.
    pub fn set_zone_status(
        &self,
        id: &ZoneId,
        status: ZoneStatus,
        cause: &Cause,
    ) -> Result<Arc<Zone>, ModelError> {
        let now = self.now();
        let mut records = self.write();
        let zone = records.zones.get_mut(id).ok_or_else(|| missing(id))?;
        let before = zone.settings.status;
        if before != status {
            let changed = Arc::make_mut(zone);
            (changed.settings.status, changed.last_updated) = (status, now);
        }
        let zone = Arc::clone(zone);
        drop(records);
        if let Some(event) = status_event(before, status) {
            self.log(Entry::of(event).to(zone.party()), cause);
        }
        Ok(zone)
    }

    /// Deletes a zone that is not active.
    ///
    /// # Errors
    /// When there is no such zone, or it is active or built in.
    pub fn delete_zone(&self, id: &ZoneId, cause: &Cause) -> Result<(), ModelError> {
        let mut records = self.write();
        let zone = records.zones.get(id).ok_or_else(|| missing(id))?;
        if zone.system {
            return Err(ModelError::Unsuitable("A system network zone cannot be deleted"));
        }
        if zone.is_active() {
            return Err(ModelError::Unsuitable("An active network zone cannot be deleted"));
        }
        let party = zone.party();
        records.zones.remove(id);
        drop(records);
        self.threats().forget_zone(id);
        self.log(Entry::of(EventType::ZoneDelete).to(party), cause);
        Ok(())
    }
}

impl Records {
    /// The two zones that every org has from the start, without addresses.
    pub(super) fn found_zones(&mut self, minting: &Minting, now: DateTime<Utc>) {
        for (name, usage) in [("LegacyIpZone", ZoneUsage::Policy), ("BlockedIpZone", ZoneUsage::Blocklist)] {
            let settings = ZoneSettings { usage, ..ZoneSettings::new(name, Vec::new()) };
            let id = ZoneId::mint(minting, now);
            let zone = Zone { id: id.clone(), settings, system: true, created: now, last_updated: now };
            self.zones.insert(id, Arc::new(zone));
        }
    }

    fn check_zone(&self, settings: &ZoneSettings, before: Option<&Zone>) -> Result<(), ModelError> {
        if settings.name.trim().is_empty() || settings.name.chars().count() > 128 {
            return Err(ModelError::invalid("name", "Must be 1 to 128 characters long"));
        }
        let other = |zone: &Arc<Zone>| before.is_none_or(|before| before.id != zone.id);
        if self.zones.values().any(|zone| other(zone) && zone.settings.name == settings.name) {
            let reason = "An object with this field already exists in the current organization";
            return Err(ModelError::invalid("name", reason));
        }
        let system = before.is_some_and(|before| before.system);
        if before.is_some_and(|before| system && before.settings.usage != settings.usage) {
            return Err(ModelError::invalid("usage", "The usage of a system network zone cannot be changed"));
        }
        let most = Zone::most_ranges(system, settings.usage);
        for (field, ranges) in [("gateways", &settings.gateways), ("proxies", &settings.proxies)] {
            if ranges.len() > most {
                return Err(ModelError::invalid(field, format!("At most {most} entries are allowed")));
            }
        }
        if !system && settings.gateways.is_empty() && settings.proxies.is_empty() {
            return Err(ModelError::invalid("gateways", "Either gateways or proxies must be defined"));
        }
        Ok(())
    }
}

/// What else is to be said of an update.
fn changes(before: &ZoneSettings, after: &ZoneSettings) -> impl Iterator<Item = EventType> {
    let usage = match (before.usage, after.usage) {
        (ZoneUsage::Policy, ZoneUsage::Blocklist) => Some(EventType::ZoneMakeBlacklist),
        (ZoneUsage::Blocklist, ZoneUsage::Policy) => Some(EventType::ZoneRemoveBlacklist),
        _ => None,
    };
    usage.into_iter().chain(status_event(before.status, after.status))
}

fn status_event(before: ZoneStatus, after: ZoneStatus) -> Option<EventType> {
    match (before, after) {
        (ZoneStatus::Inactive, ZoneStatus::Active) => Some(EventType::ZoneActivate),
        (ZoneStatus::Active, ZoneStatus::Inactive) => Some(EventType::ZoneDeactivate),
        _ => None,
    }
}

fn missing(id: &ZoneId) -> ModelError {
    ModelError::not_found("NetworkZone", id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::LogQuery;
    use ground::{Clock, Sink};

    fn org() -> (Model, Cause) {
        (Model::new(Clock::new(), Sink::forgetful()), Cause::system())
    }

    fn office() -> ZoneSettings {
        ZoneSettings::new("Office", vec!["127.1.0.0/16".parse().unwrap(), "::1".parse().unwrap()])
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_is_in_the_active_zones_that_name_it() {
        let (model, cause) = org();
        let office = model.create_zone(office(), &cause).unwrap();
        let desk = ZoneSettings::new("Desk", vec!["127.1.2.3".parse().unwrap()]);
        let desk = model.create_zone(desk, &cause).unwrap();
        let both = BTreeSet::from([office.id.clone(), desk.id.clone()]);
        assert_eq!(model.zones_of(address("127.1.2.3")), both);
        assert_eq!(model.zones_of(address("::ffff:127.1.2.3")), both);
        assert_eq!(model.zones_of(address("::1")), BTreeSet::from([office.id.clone()]));
        assert!(model.zones_of(address("127.2.2.3")).is_empty());
        model.set_zone_status(&office.id, ZoneStatus::Inactive, &cause).unwrap();
        assert_eq!(model.zones_of(address("127.1.2.3")), BTreeSet::from([desk.id.clone()]));
        assert!(model.blocklist_of(address("127.1.2.3")).is_none());
    }

    #[test]
    fn an_active_blocklist_names_those_who_are_kept_out() {
        let (model, cause) = org();
        let blocked = model.zone_by_name("BlockedIpZone").unwrap();
        let gateways = vec!["127.9.0.1-127.9.0.5".parse().unwrap()];
        let settings = ZoneSettings { gateways, ..blocked.settings.clone() };
        model.update_zone(&blocked.id, settings, &cause).unwrap();
        assert_eq!(model.blocklist_of(address("127.9.0.3")).unwrap().id, blocked.id);
        assert!(model.blocklist_of(address("127.9.0.6")).is_none());
        model.set_zone_status(&blocked.id, ZoneStatus::Inactive, &cause).unwrap();
        assert!(model.blocklist_of(address("127.9.0.3")).is_none());
    }

    #[test]
    fn proxies_are_trusted_by_active_zones() {
        let (model, cause) = org();
        let proxies = vec!["127.7.0.1".parse().unwrap()];
        let settings = ZoneSettings { proxies, ..ZoneSettings::new("Proxies", Vec::new()) };
        let zone = model.create_zone(settings, &cause).unwrap();
        assert!(model.is_trusted_proxy(address("127.7.0.1")));
        assert!(model.zones_of(address("127.7.0.1")).is_empty());
        model.set_zone_status(&zone.id, ZoneStatus::Inactive, &cause).unwrap();
        assert!(!model.is_trusted_proxy(address("127.7.0.1")));
    }

    #[test]
    fn the_built_in_zones_stay_what_they_are() {
        let (model, cause) = org();
        let zones = model.zones(&PageRequest::all(), |zone| zone.system).items;
        let names: Vec<&str> = zones.iter().map(|zone| zone.settings.name.as_str()).collect();
        assert_eq!(names, ["LegacyIpZone", "BlockedIpZone"]);
        for zone in zones {
            model.set_zone_status(&zone.id, ZoneStatus::Inactive, &cause).unwrap();
            assert!(model.delete_zone(&zone.id, &cause).is_err());
            let usage = match zone.settings.usage {
                ZoneUsage::Policy => ZoneUsage::Blocklist,
                ZoneUsage::Blocklist => ZoneUsage::Policy,
            };
            let settings = ZoneSettings { usage, ..zone.settings.clone() };
            assert!(model.update_zone(&zone.id, settings, &cause).is_err());
            let renamed =
                ZoneSettings { name: format!("My {}", zone.settings.name), ..zone.settings.clone() };
            model.update_zone(&zone.id, renamed, &cause).unwrap();
        }
    }

    #[test]
    fn what_is_no_zone_changes_nothing() {
        let (model, cause) = org();
        let before = model.log_events(&LogQuery::default()).items.len();
        let many = vec!["127.0.0.1".parse().unwrap(); 151];
        for settings in [
            ZoneSettings::new("LegacyIpZone", office().gateways),
            ZoneSettings::new(" ", office().gateways),
            ZoneSettings::new(&"x".repeat(129), office().gateways),
            ZoneSettings::new("Nowhere", Vec::new()),
            ZoneSettings::new("Everywhere", many.clone()),
            ZoneSettings { proxies: many.clone(), ..office() },
        ] {
            assert!(matches!(model.create_zone(settings, &cause), Err(ModelError::Invalid { .. })));
        }
        assert_eq!(model.zones(&PageRequest::all(), |_| true).items.len(), 2);
        assert_eq!(model.log_events(&LogQuery::default()).items.len(), before);
        let blocked = ZoneSettings { usage: ZoneUsage::Blocklist, ..ZoneSettings::new("Many", many) };
        model.create_zone(blocked, &cause).unwrap();
    }

    #[test]
    fn each_change_is_logged_by_its_name() {
        let (model, cause) = org();
        let zone = model.create_zone(office(), &cause).unwrap();
        let blocked = ZoneSettings { usage: ZoneUsage::Blocklist, ..office() };
        model.update_zone(&zone.id, blocked, &cause).unwrap();
        let inactive = ZoneSettings { status: ZoneStatus::Inactive, ..office() };
        model.update_zone(&zone.id, inactive, &cause).unwrap();
        model.set_zone_status(&zone.id, ZoneStatus::Active, &cause).unwrap();
        model.set_zone_status(&zone.id, ZoneStatus::Active, &cause).unwrap();
        assert!(model.delete_zone(&zone.id, &cause).is_err(), "an active zone is in use");
        model.set_zone_status(&zone.id, ZoneStatus::Inactive, &cause).unwrap();
        model.delete_zone(&zone.id, &cause).unwrap();
        assert!(model.zone(&zone.id).is_none());
        let logged = model.log_events(&LogQuery::default()).items;
        let types: Vec<&str> = logged.iter().map(|event| event.event_type.name()).collect();
        assert_eq!(
            types,
            [
                "zone.create",
                "zone.update",
                "zone.make_blacklist",
                "zone.update",
                "zone.remove_blacklist",
                "zone.deactivate",
                "zone.activate",
                "zone.deactivate",
                "zone.delete",
            ]
        );
    }
}
