//! Security > General: ThreatInsight.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;

use super::frame::{Frame, Page};
use super::refusal::{Answer, refused};
use crate::model::{ModelError, PageRequest, ThreatAction, ThreatRule, ZoneId, ZoneUsage};
use crate::site::Site;
use crate::web::{PostedForm, SignedIn, html, see_other};

/// What can be done about suspicious addresses, with the labels of the real console.
const ACTIONS: [(ThreatAction, &str, &str); 3] = [
    (ThreatAction::None, "none", "No action"),
    (ThreatAction::Audit, "audit", "Log authentication attempts from malicious IPs"),
    (ThreatAction::Block, "block", "Log and enforce security based on threat level"),
];

#[derive(Template)]
#[template(path = "console/general_security.html")]
struct General {
    frame: Frame,
    action: ThreatAction,
    /// A zone's id and name, and whether it is exempt.
    zones: Vec<(ZoneId, String, bool)>,
    rule: ThreatRule,
    suspicious: String,
}

impl General {
    fn actions(&self) -> &'static [(ThreatAction, &'static str, &'static str)] {
        &ACTIONS
    }
}

pub(super) async fn show(State(site): State<Site>, by: SignedIn) -> Response {
    let configuration = site.model.threat_configuration();
    let zones = site.model.zones(&PageRequest::all(), |zone| zone.settings.usage == ZoneUsage::Policy).items;
    let exempt = |id: &ZoneId| configuration.exclude_zones.contains(id);
    let rule = site.model.threat_rule();
    let page = General {
        frame: Frame::around(Page::General, &site, &by),
        action: configuration.action,
        zones: zones.iter().map(|it| (it.id.clone(), it.settings.name.clone(), exempt(&it.id))).collect(),
        suspicious: rule.suspicious.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        rule,
    };
    html(StatusCode::OK, &page)
}

pub(super) async fn save(State(site): State<Site>, posted: PostedForm) -> Answer {
    let wanted = posted.form.text("action");
    let action = ACTIONS.iter().find(|(_, name, _)| *name == wanted).map(|(action, ..)| *action);
    let action =
        action.ok_or_else(|| refused(&site)(ModelError::invalid("action", "there is no such action")))?;
    let exempt = posted.form.values("zone").map(ZoneId::new).collect();
    site.model.configure_threats(action, exempt, &posted.by.cause).map_err(refused(&site))?;
    Ok(see_other(Page::General.path()))
}
