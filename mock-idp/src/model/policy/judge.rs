//! The global session policy and an application's policy together: Identity Engine demands what either demands.

use std::collections::BTreeSet;
use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};

use super::assurance::{
    Assurance, AuthenticationMethod, Constraint, FactorMode, Knowledge, Moment, Possession, Verification,
    next_steps,
};
use super::data::{
    Access, Actions, AppSignOn, Authenticator, EnrollWhen, FactorPrompt, Policy, PolicyKind, PrimaryFactor,
    Rule, SessionLimits, SignOn,
};
use super::evaluate::{Subject, applicable};
use super::store::Policies;
use crate::model::{App, Characteristics, FactorKind, FactorStatus, Model, PolicyId, RuleId, UserId};

/// The circumstances in which somebody wants in.
#[derive(Clone, Debug)]
pub struct Sitting<'a> {
    /// Who.
    pub user: &'a UserId,
    /// From which address.
    pub address: IpAddr,
    /// When this sign-in began: what was proved since then is fresh, whatever a rule says.
    pub began: DateTime<Utc>,
    /// What has been proved, now or before.
    pub proofs: &'a [Verification],
    /// When this user last gave two factors in this browser, if that is known.
    pub remembered: Option<DateTime<Utc>>,
    /// The application that the person is on the way to, if it is one that the person may use.
    pub app: Option<&'a App>,
    /// What its relying party asks for on top.
    pub asked: Asked,
}

/// What a relying party asks for on top of the policies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// A degree of proof (`acr_values`).
    pub assurance: Option<Assurance>,
    /// Whether people who can't give that proof are let in without.
    pub if_possible: bool,
    /// How old the proof may be (`max_age`); zero for one given in this very sign-in (`prompt=login`).
    pub max_age: Option<TimeDelta>,
}

/// What the policies say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// Whether the person is let in.
    pub verdict: Verdict,
    /// The rules that applied: of the global session policy, then of the application's policy.
    pub applied: Vec<Applied>,
    /// How long the session lasts.
    pub limits: SessionLimits,
}

/// A rule that applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// What its policy decides.
    pub kind: PolicyKind,
    /// Its policy.
    pub policy: PolicyId,
    /// Its policy's name.
    pub policy_name: String,
    /// The rule.
    pub rule: RuleId,
    /// The rule's name.
    pub rule_name: String,
    /// Whether this rule denies.
    pub denies: bool,
}

/// Whether somebody is let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Yes, by what has been proved.
    Allow,
    /// Not yet: one of these proofs comes next.
    Prove(BTreeSet<Step>),
    /// Not yet: the person has to enrol one of these first.
    Enroll(BTreeSet<FactorKind>),
    /// No: a rule denies it, or no rule applies.
    Deny,
    /// No: nothing that the person has or could enrol is enough.
    Unattainable,
}

/// A proof that may come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step {
    /// By which means.
    pub method: AuthenticationMethod,
    /// Whether the device has to make sure that it is this person.
    pub user_verification: bool,
}

impl Sitting<'_> {
    /// Whether somebody has given a proof in it, and doesn't just come with what was proved before.
    fn is_sign_in(&self) -> bool {
        self.proofs.iter().any(|proof| proof.at >= self.began)
    }
}

impl Model {
    /// What the policies say to somebody who wants a session at the org, or to go on to an application.
    pub fn judge(&self, sitting: &Sitting<'_>) -> Judgement {
        let now = self.now();
        let zones = self.zones_of(sitting.address);
        let possible = self.possible_proofs(sitting.user, now);
        let records = self.read();
        let groups = records.memberships.get(sitting.user).cloned().unwrap_or_default();
        let subject = Subject { user: sitting.user.clone(), groups, zones };
        let enrollable = enrollable(&records.policies, &subject, &possible, now);
        let means = Means { possible, enrollable };
        judge(&records.policies, &subject, sitting, &means, now)
    }

    /// What a user could prove now.
    fn possible_proofs(&self, user: &UserId, now: DateTime<Utc>) -> Vec<Verification> {
        let password = self.user(user).filter(|user| user.has_password());
        let password = password.map(|_| Verification {
            method: AuthenticationMethod::Password,
            at: now,
            characteristics: Characteristics::default(),
        });
        let factors = self.factors_of(user);
        let active = factors.iter().filter(|factor| factor.status == FactorStatus::Active);
        let kinds: BTreeSet<FactorKind> = active.map(|factor| factor.kind()).collect();
        password.into_iter().chain(kinds.into_iter().flat_map(|kind| proofs_by(kind, now))).collect()
    }
}

impl Model {
    /// What the enrolment policy lets this user set up, as far as there may be another one of it.
    pub fn may_set_up(&self, user: &UserId, address: IpAddr) -> BTreeSet<FactorKind> {
        let (factors, zones) = (self.factors_of(user), self.zones_of(address));
        let active = factors.iter().filter(|factor| factor.status == FactorStatus::Active);
        let held: Vec<FactorKind> = active.map(|factor| factor.kind()).collect();
        let records = self.read();
        let groups = records.memberships.get(user).cloned().unwrap_or_default();
        let kinds = allowed(&records.policies, &Subject { user: user.clone(), groups, zones });
        let room = |kind: &FactorKind| held.iter().filter(|other| *other == kind).count() < kind.limit();
        kinds.into_iter().filter(room).collect()
    }
}

/// By what somebody could give proof: at once, and after enrolling something.
struct Means {
    possible: Vec<Verification>,
    enrollable: Vec<Verification>,
}

/// The proofs that a factor of this kind can give; the plainest first.
fn proofs_by(kind: FactorKind, at: DateTime<Utc>) -> impl Iterator<Item = Verification> {
    let method = AuthenticationMethod::Factor(kind);
    shown_by(kind).iter().map(move |characteristics| Verification {
        method,
        at,
        characteristics: *characteristics,
    })
}

/// What a factor of this kind can show, the least first: some devices can tell their owner.
fn shown_by(kind: FactorKind) -> &'static [Characteristics] {
    const PRESENCE: Characteristics = Characteristics {
        user_presence: true,
        user_verification: false,
        phishing_resistant: false,
        hardware_protected: false,
        device_bound: true,
    };
    const RESISTANT: Characteristics = Characteristics { phishing_resistant: true, ..PRESENCE };
    const VERIFIED: Characteristics = Characteristics { user_verification: true, ..RESISTANT };
    match kind {
        FactorKind::Totp | FactorKind::Push => &[PRESENCE],
        FactorKind::WebAuthn | FactorKind::SignedNonce => &[RESISTANT, VERIFIED],
    }
}

/// What a user could prove after enrolling what the enrolment policy lets people enrol when a factor is asked for.
fn enrollable(
    policies: &Policies,
    subject: &Subject,
    possible: &[Verification],
    now: DateTime<Utc>,
) -> Vec<Verification> {
    let has =
        |kind: &FactorKind| possible.iter().any(|proof| proof.method == AuthenticationMethod::Factor(*kind));
    let kinds = allowed(policies, subject).into_iter().filter(|kind| !has(kind));
    kinds.flat_map(|kind| proofs_by(kind, now)).collect()
}

/// What the enrolment policy asks somebody to enrol now, beside what the sign-in takes: one of these. `challenged`:
/// whether it takes two factors.
fn owed(
    policies: &Policies,
    subject: &Subject,
    possible: &[Verification],
    challenged: bool,
) -> BTreeSet<FactorKind> {
    let found = applicable(policies.of(PolicyKind::Enrolment), subject);
    let Some((policy, rule)) = found else { return BTreeSet::new() };
    let due = match rule.actions {
        Actions::Enroll(EnrollWhen::Login) => true,
        Actions::Enroll(EnrollWhen::Challenge) => challenged,
        _ => false,
    };
    let held = |kind| possible.iter().any(|proof| proof.method == AuthenticationMethod::Factor(kind));
    let lacking = policy.settings.required().filter(|required| !required.factors().iter().copied().any(held));
    lacking.filter(|_| due).flat_map(Authenticator::enrolled_in_a_browser).copied().collect()
}

/// What the enrolment policy lets people enrol.
fn allowed(policies: &Policies, subject: &Subject) -> Vec<FactorKind> {
    let found = applicable(policies.of(PolicyKind::Enrolment), subject);
    found.map_or_else(Vec::new, |(policy, rule)| match rule.actions {
        Actions::Enroll(EnrollWhen::Never) => Vec::new(),
        _ => policy.settings.enrollable(),
    })
}

fn judge(
    policies: &Policies,
    subject: &Subject,
    sitting: &Sitting<'_>,
    means: &Means,
    now: DateTime<Utc>,
) -> Judgement {
    let global = sign_on(policies, subject);
    let of_app = sitting.app.map(|app| app_sign_on(policies, app, subject));
    let limits = global.as_ref().map_or_else(SessionLimits::default, |(_, action)| action.session);
    let applied = global.iter().map(|(applied, _)| applied);
    let applied = applied.chain(of_app.iter().flatten().map(|(applied, _)| applied)).cloned().collect();
    let session_allowed = global.as_ref().is_some_and(|(_, action)| action.access == Access::Allow);
    let app_allowed = of_app
        .as_ref()
        .is_none_or(|found| found.as_ref().is_some_and(|(_, action)| action.access == Access::Allow));
    let verdict = if session_allowed && app_allowed {
        let of_session = global.iter().flat_map(|(_, action)| action.assurances(sitting.remembered, now));
        let of_app = of_app.iter().flatten().map(|(_, action)| action.assurance.clone());
        let demanded: Vec<Assurance> = of_session.chain(of_app).collect();
        let asked = sitting.asked.assurance.clone();
        let fresh = |assurance: Assurance| assurance.no_older_than(sitting.asked.max_age);
        let all: Vec<Assurance> = demanded.iter().cloned().chain(asked).map(fresh).collect();
        let verdict = match weigh(&all, sitting, means, now) {
            Verdict::Unattainable if sitting.asked.if_possible => {
                let demanded: Vec<Assurance> = demanded.into_iter().map(fresh).collect();
                weigh(&demanded, sitting, means, now)
            }
            verdict => verdict,
        };
        let challenged = all.iter().any(Assurance::is_two_factor);
        match owed(policies, subject, &means.possible, challenged) {
            owed if verdict == Verdict::Allow && sitting.is_sign_in() && !owed.is_empty() => {
                Verdict::Enroll(owed)
            }
            _ => verdict,
        }
    } else {
        Verdict::Deny
    };
    Judgement { verdict, applied, limits }
}

fn sign_on<'a>(policies: &'a Policies, subject: &Subject) -> Option<(Applied, &'a SignOn)> {
    let (policy, rule) = applicable(policies.of(PolicyKind::SignOn), subject)?;
    match &rule.actions {
        Actions::SignOn(action) => Some((Applied::of(policy, rule, action.access), action)),
        _ => None,
    }
}

fn app_sign_on<'a>(policies: &'a Policies, app: &App, subject: &Subject) -> Option<(Applied, &'a AppSignOn)> {
    let (policy, rule) = applicable(policies.get(&app.access_policy), subject)?;
    match &rule.actions {
        Actions::AppSignOn(action) => Some((Applied::of(policy, rule, action.access), action)),
        _ => None,
    }
}

impl SignOn {
    /// What a session takes, in the terms of an application's policy.
    fn assurances(&self, remembered: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Vec<Assurance> {
        let knows = Constraint { knowledge: Some(Knowledge::default()), possession: None };
        let primary = match self.primary_factor {
            PrimaryFactor::Any => Assurance::one_factor(),
            PrimaryFactor::Password => Assurance { constraints: vec![knows], ..Assurance::one_factor() },
        };
        let remembered = |since: Option<TimeDelta>| {
            remembered.is_some_and(|at| since.is_none_or(|since| now - at <= since))
        };
        let two = Assurance::two_factors();
        let has_since = |lifetime| {
            let possession = Possession { reauthenticate_in: Some(lifetime), ..Possession::default() };
            Constraint { knowledge: None, possession: Some(possession) }
        };
        let further = match self.require_factor {
            None => None,
            Some(FactorPrompt::Device) if remembered(None) => None,
            Some(FactorPrompt::Session(lifetime)) if remembered(Some(lifetime)) => None,
            Some(FactorPrompt::Session(lifetime)) => {
                Some(Assurance { constraints: vec![has_since(lifetime)], ..two })
            }
            Some(FactorPrompt::Device | FactorPrompt::Always) => Some(two),
        };
        std::iter::once(primary).chain(further).collect()
    }
}

fn weigh(wanted: &[Assurance], sitting: &Sitting<'_>, means: &Means, now: DateTime<Utc>) -> Verdict {
    let moment = Moment { now, sign_in_began: sitting.began };
    let wanted: Vec<&Assurance> = wanted.iter().collect();
    if wanted.iter().all(|assurance| assurance.is_met_by(sitting.proofs, moment)) {
        return Verdict::Allow;
    }
    let steps = next_steps(&wanted, sitting.proofs, &means.possible, moment);
    if !steps.is_empty() {
        return Verdict::Prove(one_of_each(&steps));
    }
    let all: Vec<Verification> = means.possible.iter().chain(&means.enrollable).cloned().collect();
    let steps = next_steps(&wanted, sitting.proofs, &all, moment);
    let has = |method| means.possible.iter().any(|proof| proof.method == method);
    if steps.is_empty() || (sitting.proofs.is_empty() && means.possible.is_empty()) {
        Verdict::Unattainable
    } else if sitting.proofs.is_empty() {
        // Nobody enrols anything before having proved to be the one whose account it is.
        Verdict::Prove(one_of_each(&means.possible))
    } else {
        let kinds = steps.iter().filter(|proof| !has(proof.method)).filter_map(|proof| match proof.method {
            AuthenticationMethod::Factor(kind) => Some(kind),
            AuthenticationMethod::Password => None,
        });
        Verdict::Enroll(kinds.collect())
    }
}

/// Each method once, with the user's verification only where it does not do without.
fn one_of_each(proofs: &[Verification]) -> BTreeSet<Step> {
    let bare = |method| {
        let mut same = proofs.iter().filter(|proof| proof.method == method);
        same.any(|proof| !proof.characteristics.user_verification)
    };
    let step = |proof: &Verification| Step { method: proof.method, user_verification: !bare(proof.method) };
    proofs.iter().map(step).collect()
}

impl Applied {
    fn of(policy: &Policy, rule: &Rule, access: Access) -> Self {
        Self {
            kind: policy.kind,
            policy: policy.id.clone(),
            policy_name: policy.name.clone(),
            rule: rule.id.clone(),
            rule_name: rule.name.clone(),
            denies: access == Access::Deny,
        }
    }
}

impl Assurance {
    /// Whether two factors are asked for.
    pub fn is_two_factor(&self) -> bool {
        self.factor_mode == FactorMode::TwoFactor
    }
}
