//! ThreatInsight: what becomes of requests from suspicious addresses, before anybody is identified.

mod rule;
mod watch;

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use rule::{Threat, ThreatRule};

use self::watch::Watch;
use super::log::{Entry, EventType};
use super::{Cause, Model, ModelError, OutcomeResult, ZoneId};

/// What the org does about suspicious addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreatConfiguration {
    /// With their requests.
    pub action: ThreatAction,
    /// Whoever is in one of these zones is neither logged nor blocked.
    pub exclude_zones: Vec<ZoneId>,
    /// When the org was made, in stage time as the other.
    pub created: DateTime<Utc>,
    /// When the configuration last changed.
    pub last_updated: DateTime<Utc>,
}

/// What is done with a suspicious address's request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ThreatAction {
    /// Nothing.
    None,
    /// It is logged, and goes on.
    Audit,
    /// It is logged, and refused.
    Block,
}

/// What the model keeps of it all.
#[derive(Debug)]
pub(super) struct Threats {
    configuration: ThreatConfiguration,
    rule: ThreatRule,
    watch: Watch,
    /// The org is under attack until then, unless more comes.
    attack_until: Option<DateTime<Utc>>,
}

impl Threats {
    /// Nothing is done at first.
    pub(super) fn new(now: DateTime<Utc>) -> Self {
        let (action, exclude_zones) = (ThreatAction::None, Vec::new());
        Self {
            configuration: ThreatConfiguration { action, exclude_zones, created: now, last_updated: now },
            rule: ThreatRule::default(),
            watch: Watch::default(),
            attack_until: None,
        }
    }

    pub(super) fn forget_zone(&mut self, zone: &ZoneId) {
        self.configuration.exclude_zones.retain(|excluded| excluded != zone);
    }

    /// An attack ends when its window has gone by; that it did is noticed with the next sign-in.
    fn has_ended(&mut self, now: DateTime<Utc>) -> bool {
        self.attack_until.take_if(|until| *until <= now).is_some()
    }

    /// True if there was no attack before.
    fn goes_on(&mut self, now: DateTime<Utc>) -> bool {
        self.attack_until.replace(now + self.rule.window()).is_none()
    }
}

impl Model {
    /// What is done about suspicious addresses.
    pub fn threat_configuration(&self) -> ThreatConfiguration {
        self.threats().configuration.clone()
    }

    /// Sets what is done about suspicious addresses, and who is exempt.
    ///
    /// # Errors
    /// When there is no such zone.
    pub fn configure_threats(
        &self,
        action: ThreatAction,
        exclude_zones: Vec<ZoneId>,
        cause: &Cause,
    ) -> Result<ThreatConfiguration, ModelError> {
        if let Some(missing) = exclude_zones.iter().find(|id| self.zone(id).is_none()) {
            let reason = format!("There is no network zone {missing}");
            return Err(ModelError::invalid("excludeZones", reason));
        }
        let now = self.now();
        let mut threats = self.threats();
        let created = threats.configuration.created;
        threats.configuration = ThreatConfiguration { action, exclude_zones, created, last_updated: now };
        let configuration = threats.configuration.clone();
        drop(threats);
        self.log(Entry::of(EventType::ThreatConfigurationUpdate), cause);
        Ok(configuration)
    }

    /// By which rule an address is suspicious.
    pub fn threat_rule(&self) -> ThreatRule {
        self.threats().rule.clone()
    }

    /// Sets by which rule an address is suspicious. What was refused before counts as well.
    ///
    /// # Errors
    /// When a number is out of its bounds.
    pub fn set_threat_rule(&self, rule: ThreatRule) -> Result<(), ModelError> {
        rule.check()?;
        self.threats().rule = rule;
        Ok(())
    }

    /// Notes that a login was given with its password, or with another. Where a password is verified, this is said.
    pub(super) fn note_sign_in(&self, address: IpAddr, login: &str, success: bool) {
        let now = self.now();
        let mut threats = self.threats();
        let ended = threats.has_ended(now);
        let Threats { watch, rule, .. } = &mut *threats;
        if success {
            watch.succeeded(address, login);
        } else {
            watch.refused(address, login, rule, now);
        }
        drop(threats);
        let attacks = !success && !self.threats_of(address).is_empty();
        let begun = attacks && self.threats().goes_on(now);
        if ended {
            self.say_attack(EventType::AttackEnd);
        }
        if begun {
            self.say_attack(EventType::AttackStart);
        }
    }

    /// Why the address is suspicious. Nobody is while nothing is done about it, nor in an exempt zone.
    pub fn threats_of(&self, address: IpAddr) -> Vec<Threat> {
        let now = self.now();
        let threats = self.threats();
        let suspected = match threats.configuration.action {
            ThreatAction::None => Vec::new(),
            ThreatAction::Audit | ThreatAction::Block => {
                threats.watch.threats_of(address, &threats.rule, now)
            }
        };
        let exempt = threats.configuration.exclude_zones.clone();
        drop(threats);
        match suspected.is_empty() || exempt.iter().all(|zone| !self.zones_of(address).contains(zone)) {
            true => suspected,
            false => Vec::new(),
        }
    }

    /// Says with a sign-in whether its address was suspected, as Okta does.
    pub(super) fn with_suspicion(&self, entry: Entry, cause: &Cause) -> Entry {
        match &cause.client {
            Some(client) if entry.is_of(EventType::SessionStart) => {
                let suspected = !self.threats_of(client.address).is_empty();
                entry.with("threatSuspected", suspected.to_string())
            }
            _ => entry,
        }
    }

    /// Whether a request by which somebody would be identified is refused because of its address; the System Log says so.
    /// `path` is the request's.
    pub(crate) fn is_refused(&self, address: IpAddr, path: &str, cause: &Cause) -> bool {
        let now = self.now();
        if self.threats().has_ended(now) {
            self.say_attack(EventType::AttackEnd);
        }
        let found = self.threats_of(address);
        if found.is_empty() {
            return false;
        }
        let refused = self.threats().configuration.action == ThreatAction::Block;
        let result = if refused { OutcomeResult::Deny } else { OutcomeResult::Allow };
        self.log(detected(&found, path).decided(result, Some(reasons(&found))), cause);
        refused
    }

    /// Okta says so from within, without a request to be told of.
    fn say_attack(&self, event: EventType) {
        self.log(Entry::of(event), &Cause::system());
    }
}

fn reasons(found: &[Threat]) -> String {
    found.iter().map(|threat| threat.name()).collect::<Vec<_>>().join(", ")
}

/// The detections stand there as a JSON text, as at Okta.
fn detected(found: &[Threat], path: &str) -> Entry {
    let levels = found.iter().map(|threat| (threat.name().to_owned(), threat.level().into()));
    let levels: serde_json::Map<String, serde_json::Value> = levels.collect();
    Entry::of(EventType::ThreatDetected)
        .with("requestUri", path)
        .with("threatSuspected", "true")
        .with("threatDetections", serde_json::Value::Object(levels).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{LogQuery, ZoneSettings, ZoneStatus};
    use ground::{Clock, Sink};
    use std::time::Duration;

    const HERE: &str = "127.0.0.7";

    fn org() -> (Model, Clock) {
        let clock = Clock::new();
        (Model::new(clock.clone(), Sink::forgetful()), clock)
    }

    fn here() -> IpAddr {
        HERE.parse().unwrap()
    }

    fn configure(model: &Model, action: ThreatAction, exempt: &[&ZoneId]) {
        let exempt = exempt.iter().copied().cloned().collect();
        model.configure_threats(action, exempt, &Cause::system()).unwrap();
    }

    fn spray(model: &Model, address: IpAddr) {
        for number in 0..10 {
            model.note_sign_in(address, &format!("user{number}@acme.test"), false);
        }
    }

    fn logged(model: &Model) -> Vec<&'static str> {
        let events = model.log_events(&LogQuery::default()).items;
        events.iter().map(|event| event.event_type.name()).collect()
    }

    #[test]
    fn a_spraying_address_is_suspicious_until_the_window_has_gone_by() {
        let (model, clock) = org();
        configure(&model, ThreatAction::Block, &[]);
        for number in 0..9 {
            model.note_sign_in(here(), &format!("user{number}"), false);
        }
        assert_eq!(model.threats_of(here()), []);
        model.note_sign_in(here(), "user9", false);
        assert_eq!(model.threats_of(here()), [Threat::PasswordSpray]);
        assert_eq!(model.threats_of("127.0.0.8".parse().unwrap()), []);
        assert!(model.is_refused(here(), "/signin", &Cause::system()));
        clock.advance(Duration::from_secs(600));
        assert_eq!(model.threats_of(here()), []);
        assert!(!model.is_refused(here(), "/signin", &Cause::system()));
        assert_eq!(
            logged(&model),
            [
                "security.threat.configuration.update",
                "security.attack.start",
                "security.threat.detected",
                "security.attack.end",
            ]
        );
    }

    #[test]
    fn the_action_decides_what_is_done_and_said() {
        let (model, _) = org();
        spray(&model, here());
        assert!(!model.is_refused(here(), "/signin", &Cause::system()));
        assert!(logged(&model).is_empty(), "none is none");
        configure(&model, ThreatAction::Audit, &[]);
        assert!(!model.is_refused(here(), "/signin", &Cause::system()));
        configure(&model, ThreatAction::Block, &[]);
        assert!(model.is_refused(here(), "/signin", &Cause::system()));
        let events = model.log_events(&LogQuery {
            event_types: vec!["security.threat.detected".into()],
            ..LogQuery::default()
        });
        let outcomes: Vec<_> = events.items.iter().map(|event| event.outcome.result).collect();
        assert_eq!(outcomes, [OutcomeResult::Allow, OutcomeResult::Deny]);
        let event = &events.items[0];
        assert_eq!(event.outcome.reason.as_deref(), Some("Password Spray"));
        let detections = &event.debug_context.debug_data["threatDetections"];
        assert_eq!(detections, r#"{"Password Spray":"HIGH"}"#);
    }

    #[test]
    fn listed_addresses_are_suspicious_and_exempt_zones_are_not() {
        let (model, _) = org();
        let cause = Cause::system();
        let listed =
            ThreatRule { suspicious: vec!["127.0.0.0/24".parse().unwrap()], ..ThreatRule::default() };
        model.set_threat_rule(listed).unwrap();
        let zone = ZoneSettings::new("Office", vec![HERE.parse().unwrap()]);
        let zone = model.create_zone(zone, &cause).unwrap();
        configure(&model, ThreatAction::Block, &[&zone.id]);
        assert_eq!(model.threats_of("127.0.0.6".parse().unwrap()), [Threat::SuspiciousAddress]);
        assert_eq!(model.threats_of(here()), []);
        model.set_zone_status(&zone.id, ZoneStatus::Inactive, &cause).unwrap();
        assert_eq!(model.threats_of(here()), [Threat::SuspiciousAddress]);
        model.delete_zone(&zone.id, &cause).unwrap();
        assert_eq!(model.threat_configuration().exclude_zones, [], "a zone that is gone exempts nobody");
        let unknown = model.configure_threats(ThreatAction::None, vec![zone.id.clone()], &cause);
        assert!(matches!(unknown, Err(ModelError::Invalid { field: "excludeZones", .. })));
        assert_eq!(model.threat_configuration().action, ThreatAction::Block);
    }

    #[test]
    fn one_attack_is_said_once_however_many_take_part() {
        let (model, clock) = org();
        configure(&model, ThreatAction::Audit, &[]);
        spray(&model, here());
        clock.advance(Duration::from_secs(300));
        spray(&model, "127.0.0.8".parse().unwrap());
        clock.advance(Duration::from_secs(400));
        model.note_sign_in("127.0.0.9".parse().unwrap(), "alice", true);
        clock.advance(Duration::from_secs(200));
        model.note_sign_in("127.0.0.9".parse().unwrap(), "alice", true);
        assert_eq!(logged(&model)[1..], ["security.attack.start", "security.attack.end"]);
    }
}
