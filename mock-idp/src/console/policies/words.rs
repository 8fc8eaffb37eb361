//! What policies and rules say, for people.

use std::collections::BTreeSet;

use super::length;
use crate::console::factors::kind_label;
use crate::model::{
    Access, Actions, AppSignOn, Assurance, Characteristics, Choice, Conditions, Constraint, EnrollWhen,
    FactorMode, FactorPrompt, GroupId, Network, Possession, PrimaryFactor, SignOn, UserId, ZoneId,
};
use crate::site::Site;

/// Whose a policy is.
pub(super) fn groups(site: &Site, groups: &BTreeSet<GroupId>) -> String {
    if groups.is_empty() { "Everyone".to_owned() } else { listed(groups.iter().map(|id| group(site, id))) }
}

fn group(site: &Site, id: &GroupId) -> String {
    site.model.group(id).map_or_else(|| id.to_string(), |group| group.name.clone())
}

fn person(site: &Site, id: &UserId) -> String {
    site.model.user(id).map_or_else(|| id.to_string(), |user| user.profile.login.clone())
}

fn zone(site: &Site, id: &ZoneId) -> String {
    site.model.zone(id).map_or_else(|| id.to_string(), |zone| zone.settings.name.clone())
}

fn listed(names: impl IntoIterator<Item = String>) -> String {
    names.into_iter().collect::<Vec<_>>().join(", ")
}

/// Whom a rule fits, a sentence a condition.
pub(super) fn conditions(site: &Site, conditions: &Conditions) -> Vec<String> {
    let Conditions { users, groups, network } = conditions;
    let names = |users: &BTreeSet<UserId>, groups: &BTreeSet<GroupId>| {
        let users = users.iter().map(|id| person(site, id));
        listed(groups.iter().map(|id| group(site, id)).chain(users))
    };
    let nobody = |choice: (bool, bool)| choice.0 && choice.1;
    let Choice { include: users_in, exclude: users_out } = users;
    let Choice { include: groups_in, exclude: groups_out } = groups;
    let mut said = vec![match nobody((users_in.is_empty(), groups_in.is_empty())) {
        true => "User is anyone".to_owned(),
        false => format!("User is {}", names(users_in, groups_in)),
    }];
    if !nobody((users_out.is_empty(), groups_out.is_empty())) {
        said.push(format!("User is not {}", names(users_out, groups_out)));
    }
    let zones = |zones: &BTreeSet<ZoneId>| listed(zones.iter().map(|id| zone(site, id)));
    match network {
        Network::Anywhere => {}
        Network::In(named) => said.push(format!("IP is in {}", zones(named))),
        Network::NotIn(named) => said.push(format!("IP is not in {}", zones(named))),
    }
    said
}

/// What a rule says to those it fits, a sentence a demand.
pub(super) fn actions(actions: &Actions) -> Vec<String> {
    match actions {
        Actions::SignOn(action) => sign_on(action),
        Actions::AppSignOn(AppSignOn { access: Access::Deny, .. }) => vec!["Access is denied".to_owned()],
        Actions::AppSignOn(AppSignOn { assurance, .. }) => app_sign_on(assurance),
        Actions::Enroll(when) => vec![enroll(*when).to_owned()],
    }
}

/// When people are asked to enrol what they must.
pub(super) fn enroll(when: EnrollWhen) -> &'static str {
    match when {
        EnrollWhen::Challenge => "Enroll the first time a user is challenged for MFA",
        EnrollWhen::Login => "Enroll the first time a user signs in",
        EnrollWhen::Never => "Do not enroll",
    }
}

fn sign_on(action: &SignOn) -> Vec<String> {
    if action.access == Access::Deny {
        return vec!["Access is denied".to_owned()];
    }
    let begins = match action.primary_factor {
        PrimaryFactor::Password => "A session begins with a password",
        PrimaryFactor::Any => "A session begins with any factor that the app's policy accepts",
    };
    let prompt = match action.require_factor {
        None => "MFA is not required".to_owned(),
        Some(FactorPrompt::Always) => "MFA is required at every sign-in".to_owned(),
        Some(FactorPrompt::Device) => "MFA is required in a new browser".to_owned(),
        Some(FactorPrompt::Session(lifetime)) => {
            format!("MFA is required, {} after it was last given", length::words(lifetime))
        }
    };
    let limits = &action.session;
    let mut said = vec![begins.to_owned(), prompt];
    said.extend(limits.max_idle.map(|idle| format!("A session ends when idle for {}", length::words(idle))));
    said.extend(limits.max_lifetime.map(|most| format!("A session ends after {}", length::words(most))));
    if limits.persistent_cookie {
        said.push("A session outlasts the browser".to_owned());
    }
    said
}

pub(super) fn app_sign_on(assurance: &Assurance) -> Vec<String> {
    let mode = match assurance.factor_mode {
        FactorMode::OneFactor => "Access with any 1 factor type",
        FactorMode::TwoFactor => "Access with any 2 factor types",
    };
    let mut said = vec![mode.to_owned()];
    let constraints: Vec<String> = assurance.constraints.iter().map(constraint).collect();
    if !constraints.is_empty() {
        said.push(format!("Among them: {}", constraints.join("; or ")));
    }
    said.push(match assurance.reauthenticate_in {
        None => "Re-authentication: never while the session lasts".to_owned(),
        Some(age) if age.is_zero() => "Re-authentication: at every sign-in".to_owned(),
        Some(age) => format!("Re-authentication: after {}", length::words(age)),
    });
    said
}

/// What must be among the proofs.
fn constraint(constraint: &Constraint) -> String {
    let aged = |text: String, age: Option<chrono::TimeDelta>| match age {
        Some(age) => format!("{text}, no older than {}", length::words(age)),
        None => text,
    };
    let knowledge = constraint.knowledge.as_ref();
    let knowledge = knowledge.map(|part| aged("a password".to_owned(), part.reauthenticate_in));
    let possession =
        constraint.possession.as_ref().map(|part| aged(possession(part), part.reauthenticate_in));
    let parts: Vec<String> = knowledge.into_iter().chain(possession).collect();
    if parts.is_empty() { "anything".to_owned() } else { parts.join(" and ") }
}

fn possession(possession: &Possession) -> String {
    let shown = characteristics(possession.characteristics);
    let mut text = match possession.methods.is_empty() {
        true => "a possession factor".to_owned(),
        false => {
            let kinds = possession.methods.iter().map(|kind| kind_label(*kind));
            kinds.collect::<Vec<_>>().join(" or ")
        }
    };
    if !shown.is_empty() {
        text.push_str(&format!(" ({})", shown.join(", ")));
    }
    text
}

fn characteristics(of: Characteristics) -> Vec<&'static str> {
    let all = [
        (of.phishing_resistant, "phishing resistant"),
        (of.hardware_protected, "hardware protected"),
        (of.device_bound, "device bound"),
        (of.user_presence, "user presence"),
        (of.user_verification, "user verification"),
    ];
    all.into_iter().filter(|(shown, _)| *shown).map(|(_, name)| name).collect()
}
