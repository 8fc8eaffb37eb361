//! Policies: ordered rules that say who may sign in, and by how much proof.
//!
//! * `data`: policies and rules, as consoles and management API read and write them;
//! * `bounds`: how long the times in them can be;
//! * `evaluate`: which rule applies to somebody, the same for every kind of policy;
//! * `assurance`: what proof there is, what proof a rule asks for, and what would close the gap;
//! * `judge`: the global session policy and an application's policy together;
//! * `simulate`: what would apply to somebody imagined;
//! * `store`: keeping and ordering them;
//! * `founding`: those that an org has from the start.

mod assurance;
mod bounds;
mod data;
mod evaluate;
mod founding;
mod judge;
mod simulate;
mod store;
#[cfg(test)]
mod tests;

pub use assurance::{
    Assurance, AuthenticationMethod, Constraint, FactorMode, Knowledge, Possession, Verification,
};
pub use data::{
    Access, Actions, AppSignOn, Authenticator, Choice, Conditions, EnrollWhen, EnrolmentSettings,
    FactorPrompt, Network, NewPolicy, NewRule, Policy, PolicyKind, PolicySettings, PolicyStatus,
    PrimaryFactor, Rule, SelfEnrolment, SessionLimits, SignOn,
};
pub use judge::{Applied, Asked, Judgement, Sitting, Step, Verdict};
pub use simulate::{Considered, Imagined};

pub(crate) use assurance::{amr, are_two_factors};
pub(super) use founding::found;
pub(super) use store::Policies;
