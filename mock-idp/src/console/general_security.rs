//! Security > General: ThreatInsight, and the rule by which an address is suspicious.

use std::str::FromStr;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;

use super::frame::{Frame, Page};
use super::networks::ranges;
use super::refusal::{Answer, refused};
use super::wrong::Wrong;
use crate::model::{ModelError, PageRequest, ThreatAction, ThreatRule, Zone, ZoneId, ZoneUsage};
use crate::site::Site;
use crate::web::{Params, PostedForm, SignedIn, html, see_other};

/// What can be done about suspicious addresses, with the labels of the real console.
const ACTIONS: [(ThreatAction, &str, &str); 3] = [
    (ThreatAction::None, "none", "No action"),
    (ThreatAction::Audit, "audit", "Log authentication attempts from malicious IPs"),
    (ThreatAction::Block, "block", "Log and enforce security based on threat level"),
];

/// What the form of the rule holds, as it was typed; by the model's names.
struct RuleForm {
    typed: Params,
    wrong: Wrong,
}

/// The numbers of the rule: name, label, hint.
const NUMBERS: [(&str, &str, &str); 4] = [
    ("sprayLogins", "Password spray: logins", "So many different logins refused at one address are a spray."),
    (
        "sprayAttemptsPerLogin",
        "Password spray: refusals of each login",
        "At most; more of one login are no spray.",
    ),
    (
        "loginFailures",
        "Login failures",
        "So many refusals at one address, of whichever logins, are an attack.",
    ),
    ("windowSeconds", "Window", "For so many seconds a refusal counts."),
];

impl RuleForm {
    fn of(rule: &ThreatRule) -> Self {
        let listed = rule.suspicious.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        let typed = Params::default()
            .with("sprayLogins", &rule.spray_logins.to_string())
            .with("sprayAttemptsPerLogin", &rule.spray_attempts_per_login.to_string())
            .with("loginFailures", &rule.login_failures.to_string())
            .with("windowSeconds", &rule.window_seconds.to_string())
            .with("suspicious", &listed);
        Self { typed, wrong: Wrong::default() }
    }

    fn rule(&self) -> Result<ThreatRule, ModelError> {
        Ok(ThreatRule {
            window_seconds: self.number("windowSeconds")?,
            spray_logins: self.number("sprayLogins")?,
            spray_attempts_per_login: self.number("sprayAttemptsPerLogin")?,
            login_failures: self.number("loginFailures")?,
            suspicious: ranges("suspicious", self.typed.text("suspicious"))?,
        })
    }

    fn number<T: FromStr>(&self, name: &'static str) -> Result<T, ModelError> {
        let typed = self.typed.text(name).trim().parse::<T>();
        typed.map_err(|_| ModelError::invalid(name, "Type a whole number."))
    }

    /// Name, label, hint, value, and what is wrong with it, of each number.
    fn numbers(&self) -> [(&'static str, &'static str, &'static str, &str, Option<&str>); 4] {
        NUMBERS.map(|(name, label, hint)| (name, label, hint, self.typed.text(name), self.wrong.about(name)))
    }

    fn suspicious(&self) -> &str {
        self.typed.text("suspicious")
    }
}

#[derive(Template)]
#[template(path = "console/general_security.html")]
struct General {
    frame: Frame,
    action: ThreatAction,
    /// A zone's id and name, and whether it is exempt.
    zones: Vec<(ZoneId, String, bool)>,
    rule: RuleForm,
}

impl General {
    fn new(site: &Site, by: &SignedIn, rule: RuleForm) -> Self {
        let configuration = site.model.threat_configuration();
        let wanted = |zone: &Zone| zone.settings.usage == ZoneUsage::Policy;
        let zones = site.model.zones(&PageRequest::all(), wanted).items;
        let exempt = |id: &ZoneId| configuration.exclude_zones.contains(id);
        Self {
            frame: Frame::around(Page::General, site, by),
            action: configuration.action,
            zones: zones.iter().map(|it| (it.id.clone(), it.settings.name.clone(), exempt(&it.id))).collect(),
            rule,
        }
    }

    fn actions(&self) -> &'static [(ThreatAction, &'static str, &'static str)] {
        &ACTIONS
    }
}

pub(super) async fn show(State(site): State<Site>, by: SignedIn) -> Response {
    html(StatusCode::OK, &General::new(&site, &by, RuleForm::of(&site.model.threat_rule())))
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

/// Sets by which rule an address is suspicious.
pub(super) async fn save_rule(State(site): State<Site>, posted: PostedForm) -> Answer {
    let form = RuleForm { typed: posted.form, wrong: Wrong::default() };
    match form.rule().and_then(|rule| site.model.set_threat_rule(rule)) {
        Ok(()) => Ok(see_other(Page::General.path())),
        Err(error) => {
            let form = RuleForm { wrong: Wrong::of(&site, error)?, ..form };
            Ok(html(StatusCode::UNPROCESSABLE_ENTITY, &General::new(&site, &posted.by, form)))
        }
    }
}
