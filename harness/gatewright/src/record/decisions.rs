//! What the org decided about those who signed in, from its System Log: which proof its policies asked for, what was
//! proved, and what came of it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use ground::evidence::Stamped;
use mock_idp::model::{
    Access, Actions, AppSignOn, Conditions, EventType, FactorKind, FactorMode, FactorPrompt, LogEvent, Model,
    Network, OutcomeResult, PolicyKind, SignOn,
};
use reports::Decision;

use super::Event;

/// Whatever is older than this was never meant to be too old: Okta writes five years for no limit.
const NO_LIMIT: TimeDelta = TimeDelta::days(366);

/// What each person was last asked for, and has proved since.
#[derive(Default)]
struct SigningIn {
    policy: Option<String>,
    proved: Vec<String>,
}

/// What was decided, each once.
pub(super) fn decisions(events: &[Stamped<Event>], model: &Model) -> Vec<Decision> {
    let mut people: BTreeMap<&str, SigningIn> = BTreeMap::new();
    let mut decisions = BTreeSet::new();
    let entries = events.iter().filter_map(|stamped| match &stamped.event {
        Event::Org(mock_idp::Event::Logged(entry)) => Some(entry),
        _ => None,
    });
    for entry in entries {
        let person = people.entry(person_of(entry)).or_default();
        decisions.extend(person.decided(entry, model));
    }
    decisions.into_iter().collect()
}

impl SigningIn {
    fn decided(&mut self, entry: &LogEvent, model: &Model) -> Option<Decision> {
        match entry.event_type {
            EventType::EvaluateSignOn => {
                let policy = asked_for(entry, model);
                let proof = match self.proved.is_empty() {
                    true => "nothing more".to_owned(),
                    false => std::mem::take(&mut self.proved).join(" and "),
                };
                self.policy = Some(policy.clone());
                Some(Decision { policy, proof, outcome: outcome(entry).to_owned() })
            }
            EventType::AuthViaMfa => match refusal(entry) {
                None => {
                    self.proved.extend(factor(entry));
                    None
                }
                Some(refusal) => {
                    let policy = self.policy.clone().unwrap_or_else(|| "none yet".to_owned());
                    let outcome = format!("refused: {refusal}");
                    Some(Decision { policy, proof: factor(entry)?, outcome })
                }
            },
            // What was set up before anything was asked is what the scenario found.
            EventType::FactorActivate if self.policy.is_some() => {
                self.proved.extend(factor(entry).map(|factor| format!("{factor}, just set up")));
                None
            }
            EventType::SessionStart if entry.outcome.result == OutcomeResult::Failure => {
                let reason = entry.outcome.reason.clone().unwrap_or_default();
                let (policy, proof) = ("none yet".to_owned(), "password".to_owned());
                Some(Decision { policy, proof, outcome: format!("refused: {reason}") })
            }
            EventType::ThreatDetected => {
                let proof = entry.outcome.reason.clone().unwrap_or_default();
                let outcome = if entry.outcome.result == OutcomeResult::Deny { "blocked" } else { "logged" };
                Some(Decision { policy: "ThreatInsight".to_owned(), proof, outcome: outcome.to_owned() })
            }
            _ => None,
        }
    }
}

/// Who signs in. A factor may be activated by its device, of which the org knows no more than whose it is.
fn person_of(entry: &LogEvent) -> &str {
    let owner = entry.target.iter().find(|target| target.kind == "User");
    match (entry.event_type, owner) {
        (EventType::FactorActivate, Some(owner)) => &owner.id,
        _ => &entry.actor.id,
    }
}

fn outcome(evaluation: &LogEvent) -> &'static str {
    match evaluation.outcome.result {
        OutcomeResult::Allow => "let in",
        OutcomeResult::Challenge => "asked for more",
        _ => "denied",
    }
}

fn factor(entry: &LogEvent) -> Option<String> {
    let name = entry.debug_context.debug_data.get("factor")?.as_str()?;
    let kind = FactorKind::ALL.into_iter().find(|kind| kind.log_name() == name)?;
    let word = match kind {
        FactorKind::Totp => "code",
        FactorKind::Push => "push",
        FactorKind::WebAuthn => "security key",
        FactorKind::SignedNonce => "FastPass (simulated)",
    };
    Some(word.to_owned())
}

fn refusal(entry: &LogEvent) -> Option<String> {
    let refusal = entry.debug_context.debug_data.get("refusal")?.as_str()?;
    // What follows is when to try again.
    Some(refusal.split(';').next().unwrap_or_default().trim_end_matches('.').to_owned())
}

/// What the rules that applied ask for.
fn asked_for(evaluation: &LogEvent, model: &Model) -> String {
    let applied = evaluation.target.iter().filter(|target| target.kind == "PolicyRule");
    let kinds = [PolicyKind::Access, PolicyKind::SignOn];
    let policies: Vec<_> = kinds.into_iter().flat_map(|kind| model.policies(kind)).collect();
    let asked = applied.filter_map(|target| {
        let rules = policies.iter().flat_map(|policy| &policy.rules);
        match rules.into_iter().find(|rule| rule.id.as_str() == target.id) {
            None => Some(target.display_name.clone()),
            Some(rule) => Some(format!("{}{}", of_actions(&rule.actions)?, of_conditions(&rule.conditions))),
        }
    });
    match asked.collect::<Vec<_>>().as_slice() {
        [] => "1 factor".to_owned(),
        asked => asked.join("; "),
    }
}

fn of_actions(actions: &Actions) -> Option<String> {
    match actions {
        Actions::AppSignOn(app) => Some(of_app(app)),
        Actions::SignOn(session) => of_session(session),
        Actions::Enroll(_) => None,
    }
}

fn of_app(AppSignOn { access, assurance }: &AppSignOn) -> String {
    if *access == Access::Deny {
        return "nobody".to_owned();
    }
    let factors = match assurance.factor_mode {
        FactorMode::OneFactor => "1 factor",
        FactorMode::TwoFactor => "2 factors",
    };
    let mut asked = vec![factors.to_owned()];
    for constraint in &assurance.constraints {
        asked.extend(constraint.knowledge.as_ref().map(|_| "the password".to_owned()));
        let shown = constraint.possession.as_ref().map(|possession| possession.characteristics);
        let shown = shown.unwrap_or_default();
        let named = [
            (shown.phishing_resistant, "phishing-resistant"),
            (shown.user_verification, "user verification"),
            (shown.hardware_protected, "hardware-protected"),
            (shown.device_bound, "device-bound"),
        ];
        asked.extend(named.into_iter().filter(|(there, _)| *there).map(|(_, name)| name.to_owned()));
    }
    asked.extend(assurance.reauthenticate_in.filter(|age| *age < NO_LIMIT).map(
        |age| match age.num_minutes() {
            0 => "at every sign-in".to_owned(),
            minutes => format!("no older than {minutes} min"),
        },
    ));
    asked.join(", ")
}

fn of_session(SignOn { access, require_factor, .. }: &SignOn) -> Option<String> {
    match (access, require_factor) {
        (Access::Deny, _) => Some("session: nobody".to_owned()),
        (_, None) => None,
        (_, Some(FactorPrompt::Always)) => Some("session: a second factor always".to_owned()),
        (_, Some(FactorPrompt::Device)) => Some("session: a second factor in a new browser".to_owned()),
        (_, Some(FactorPrompt::Session(every))) => {
            Some(format!("session: a second factor every {} min", every.num_minutes()))
        }
    }
}

fn of_conditions(conditions: &Conditions) -> &'static str {
    match conditions.network {
        Network::Anywhere => "",
        Network::In(_) => ", in a zone",
        Network::NotIn(_) => ", outside of a zone",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::given::{Factor, Given, Org, OrgUser};
    use crate::stage::{People, Run, Stage};
    use crate::vocabulary::{SecondFactor, SessionRule};

    #[tokio::test]
    async fn what_was_asked_for_proved_and_refused_is_witnessed() {
        let alice = OrgUser::new().factors(Factor::Code);
        let rule = SessionRule::new().second_factor(SecondFactor::Always);
        let given = Given::new().okta(Org::new().users(("alice", alice)).session_rules(rule));
        let run = Run::start(People::Http, 1).unwrap();
        let stage = Stage::set_in(&run, &given).await.unwrap();
        let alice = stage.person("alice");
        alice.opens("{okta.dashboard}").await.unwrap();
        alice.signs_in().await.unwrap();
        alice.clicks("Enter a code").await.unwrap();
        alice.fills([("Enter code from Okta Verify app", "000000")]).await.unwrap();
        alice.clicks("Verify").await.unwrap();
        alice.gives_a_code().await.unwrap();
        let told = stage.end().await.record.decisions.into_iter();
        let told: Vec<_> = told.map(|it| [it.policy, it.proof, it.outcome].join(" | ")).collect();
        assert_eq!(
            told,
            [
                "session: a second factor always | code | let in",
                "session: a second factor always | code | refused: Invalid Passcode/Answer",
                "session: a second factor always | nothing more | asked for more",
            ]
        );
    }

    #[test]
    fn a_rule_is_told_by_what_it_asks_for() {
        use mock_idp::model::{Assurance, Characteristics, Constraint, Possession};
        let characteristics = Characteristics { phishing_resistant: true, ..Characteristics::default() };
        let possession = Possession { characteristics, ..Possession::default() };
        let assurance = Assurance {
            factor_mode: FactorMode::TwoFactor,
            reauthenticate_in: Some(TimeDelta::hours(2)),
            constraints: vec![Constraint { knowledge: None, possession: Some(possession) }],
        };
        let rule = AppSignOn { access: Access::Allow, assurance };
        assert_eq!(of_app(&rule), "2 factors, phishing-resistant, no older than 120 min");
        assert_eq!(of_app(&AppSignOn { access: Access::Deny, ..rule }), "nobody");
    }
}
