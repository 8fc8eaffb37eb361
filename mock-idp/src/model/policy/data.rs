//! Policies and rules as data, in Okta's terms. What can't be said here the org doesn't do.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::assurance::Assurance;
use crate::model::{FactorKind, GroupId, PasswordSettings, PolicyId, RuleId, UserId, ZoneId};

/// A policy as of the moment it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Its identifier.
    pub id: PolicyId,
    /// What it decides.
    pub kind: PolicyKind,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Its place among the policies of its kind: 1 is looked at first. Access policies have no order: an application
    /// names its own.
    pub priority: u32,
    /// Whether it counts.
    pub status: PolicyStatus,
    /// Whether it was there from the start and stays: everyone's, and last in order.
    pub system: bool,
    /// Whose it is: members of one of these groups; everyone's when empty.
    pub groups: BTreeSet<GroupId>,
    /// What it says to whomever it applies, whatever its rules say.
    pub settings: PolicySettings,
    /// Its rules, first by priority first.
    pub rules: Vec<Rule>,
    /// When it was made, in stage time.
    pub created: DateTime<Utc>,
    /// When anything of it last changed, in stage time.
    pub last_updated: DateTime<Utc>,
}

/// What a policy decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum PolicyKind {
    /// The global session policy: who may have a session at the org, after which proof, for how long.
    #[serde(rename = "OKTA_SIGN_ON")]
    SignOn,
    /// An application's sign-in policy: who may go on to it, after which proof.
    #[serde(rename = "ACCESS_POLICY")]
    Access,
    /// What passwords must be like, and when they lock or expire.
    #[serde(rename = "PASSWORD")]
    Password,
    /// Which authenticators people may or must enrol.
    #[serde(rename = "MFA_ENROLL")]
    Enrolment,
}

impl PolicyKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::SignOn, Self::Access, Self::Password, Self::Enrolment];

    /// Okta's name of it.
    pub fn name(self) -> &'static str {
        match self {
            Self::SignOn => "OKTA_SIGN_ON",
            Self::Access => "ACCESS_POLICY",
            Self::Password => "PASSWORD",
            Self::Enrolment => "MFA_ENROLL",
        }
    }
}

/// Whether a policy or a rule counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum PolicyStatus {
    /// It does.
    Active,
    /// As if it weren't there.
    Inactive,
}

/// What a policy says beside its rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PolicySettings {
    /// Nothing: its rules say it all.
    None,
    /// Which authenticators people may or must enrol.
    Enrolment(EnrolmentSettings),
    /// What passwords must be like, and when they lock or expire.
    Password(Arc<PasswordSettings>),
}

/// Which authenticators people may or must enrol. What isn't named they can't.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EnrolmentSettings {
    /// Each once.
    pub authenticators: Vec<(Authenticator, SelfEnrolment)>,
}

impl PolicySettings {
    /// The authenticators that people must enrol, when a rule says.
    pub(super) fn required(&self) -> impl Iterator<Item = Authenticator> {
        let authenticators: &[(Authenticator, SelfEnrolment)] = match self {
            Self::Enrolment(settings) => &settings.authenticators,
            _ => &[],
        };
        let required = authenticators.iter().filter(|(_, enrolment)| *enrolment == SelfEnrolment::Required);
        required.map(|(authenticator, _)| *authenticator)
    }

    /// The factors that people may enrol.
    pub(super) fn enrollable(&self) -> Vec<FactorKind> {
        let Self::Enrolment(settings) = self else { return Vec::new() };
        let allowed =
            settings.authenticators.iter().filter(|(_, enrolment)| *enrolment != SelfEnrolment::NotAllowed);
        allowed.flat_map(|(authenticator, _)| authenticator.enrolled_in_a_browser()).copied().collect()
    }
}

impl Authenticator {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::OktaPassword, Self::OktaVerify, Self::WebAuthn];

    /// Its factors: whoever has one of them has it.
    pub(super) fn factors(self) -> &'static [FactorKind] {
        match self {
            Self::OktaPassword => &[],
            Self::OktaVerify => &[FactorKind::Totp, FactorKind::Push, FactorKind::SignedNonce],
            Self::WebAuthn => &[FactorKind::WebAuthn],
        }
    }

    /// Its factors that are enrolled in a browser. (FastPass is enrolled on the device itself.)
    pub(super) fn enrolled_in_a_browser(self) -> &'static [FactorKind] {
        match self {
            Self::OktaPassword => &[],
            Self::OktaVerify => &[FactorKind::Totp, FactorKind::Push],
            Self::WebAuthn => &[FactorKind::WebAuthn],
        }
    }
}

/// An authenticator, by Okta's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Authenticator {
    /// The password.
    OktaPassword,
    /// Okta Verify: codes, push, FastPass.
    OktaVerify,
    /// FIDO2 security keys and passkeys.
    #[serde(rename = "webauthn")]
    WebAuthn,
}

/// Whether people enrol an authenticator themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SelfEnrolment {
    /// They must, when a rule says.
    Required,
    /// They may.
    Optional,
    /// They can't.
    NotAllowed,
}

/// One rule of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its identifier.
    pub id: RuleId,
    /// Its name.
    pub name: String,
    /// Its place in the policy: 1 is looked at first.
    pub priority: u32,
    /// Whether it counts.
    pub status: PolicyStatus,
    /// Whether it was there from the start and stays: it fits everyone, and is last in order.
    pub system: bool,
    /// Whom it fits.
    pub conditions: Conditions,
    /// What it says to them.
    pub actions: Actions,
    /// When it was made, in stage time.
    pub created: DateTime<Utc>,
    /// When anything of it last changed, in stage time.
    pub last_updated: DateTime<Utc>,
}

/// Whom a rule fits: all of these hold together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// Which people. Who is included as a person or by a group is included.
    pub users: Choice<UserId>,
    /// Which groups.
    pub groups: Choice<GroupId>,
    /// From where.
    pub network: Network,
}

/// Some of a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice<T: Ord> {
    /// These; all when empty.
    pub include: BTreeSet<T>,
    /// But never these.
    pub exclude: BTreeSet<T>,
}

impl<T: Ord> Default for Choice<T> {
    fn default() -> Self {
        Self { include: BTreeSet::new(), exclude: BTreeSet::new() }
    }
}

/// From where somebody comes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Network {
    /// From wherever.
    #[default]
    Anywhere,
    /// From one of these zones.
    In(BTreeSet<ZoneId>),
    /// From none of these zones.
    NotIn(BTreeSet<ZoneId>),
}

/// What a rule says, by its policy's kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actions {
    /// Of a global session policy.
    SignOn(SignOn),
    /// Of an application's policy.
    AppSignOn(AppSignOn),
    /// Of an enrolment policy: when people are asked to enrol what they must.
    Enroll(EnrollWhen),
}

/// Whether somebody may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Access {
    /// Yes, given the proof.
    Allow,
    /// No, whatever the proof.
    Deny,
}

/// A global session policy's action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignOn {
    /// Whether there may be a session.
    pub access: Access,
    /// Whether it takes two factors, and when again.
    pub require_factor: Option<FactorPrompt>,
    /// What a session begins with.
    pub primary_factor: PrimaryFactor,
    /// How long a session lasts.
    pub session: SessionLimits,
}

/// When a further factor is asked for anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FactorPrompt {
    /// At every sign-in.
    Always,
    /// In a browser that nobody used before.
    Device,
    /// When so much time has passed since it was last given in this browser.
    Session(TimeDelta),
}

/// What a session begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PrimaryFactor {
    /// The password.
    #[serde(rename = "PASSWORD_IDP")]
    Password,
    /// Any factor that the application's policy accepts.
    #[serde(rename = "PASSWORD_IDP_ANY_FACTOR")]
    Any,
}

/// How long a session lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionLimits {
    /// How long without a request; without end when absent.
    pub max_idle: Option<TimeDelta>,
    /// How long at all; without end when absent.
    pub max_lifetime: Option<TimeDelta>,
    /// Whether the browser keeps it when it is closed.
    pub persistent_cookie: bool,
}

impl Default for SessionLimits {
    /// Okta's: 120 minutes idle, no maximum, gone with the browser.
    fn default() -> Self {
        Self { max_idle: Some(TimeDelta::minutes(120)), max_lifetime: None, persistent_cookie: false }
    }
}

/// An application policy's action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppSignOn {
    /// Whether somebody may go on to it.
    pub access: Access,
    /// After which proof.
    pub assurance: Assurance,
}

/// When people are asked to enrol what they must.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum EnrollWhen {
    /// When a factor is asked for that they don't have.
    Challenge,
    /// At their next sign-in.
    Login,
    /// Not at all.
    Never,
}

/// A policy to be made or to replace another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPolicy {
    /// What it decides.
    pub kind: PolicyKind,
    /// Its name, 1 to 50 characters.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Its place; last before the system's own when absent.
    pub priority: Option<u32>,
    /// Whether it counts.
    pub status: PolicyStatus,
    /// Whose it is; everyone's when empty.
    pub groups: BTreeSet<GroupId>,
    /// What it says beside its rules.
    pub settings: PolicySettings,
}

/// A rule to be made or to replace another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRule {
    /// Its name, 1 to 50 characters.
    pub name: String,
    /// Its place; last before the system's own when absent.
    pub priority: Option<u32>,
    /// Whether it counts.
    pub status: PolicyStatus,
    /// Whom it fits.
    pub conditions: Conditions,
    /// What it says to them.
    pub actions: Actions,
}
