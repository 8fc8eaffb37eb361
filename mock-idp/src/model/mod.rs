//! The org's domain: who is there, what apps there are, who may use which, who is signed in, and what happened.
//!
//! One [`Model`] holds it all. Consoles, sign-in, OpenID Connect endpoints, management API and the harness read and
//! change the same objects through it. Changes are given a [`Cause`] and appear in the System Log.

mod api_token;
mod app;
mod assignment;
mod authorization_server;
mod cause;
mod client_key;
mod client_secret;
mod consent;
mod error;
mod expiring;
mod factor;
mod group;
mod group_filter;
mod id;
mod lifecycle;
mod log;
mod page;
mod password;
mod policy;
mod profile;
mod records;
mod scope;
mod server_policy;
mod session;
#[cfg(test)]
mod tests;
mod threat;
mod token_claim;
mod user;
mod zone;

pub use api_token::ApiToken;
pub use app::{
    App, AppLink, AppStatus, ApplicationType, ClientSettings, ConsentMethod, GrantType, LoginInitiatedBy,
    NewApp, RefreshTokenRotation, RefreshTokenSettings, ResponseType, TokenEndpointAuthMethod,
};
pub use assignment::{AppGroup, AppUser, AssignmentScope};
pub use authorization_server::{AuthorizationServer, ServerName, ServerStatus, TokenLifetimes};
pub use cause::{Actor, Cause, Client};
pub use client_key::ClientKey;
pub use client_secret::ClientSecret;
pub use consent::Consent;
pub use error::ModelError;
pub use factor::{
    Assertion, Attestation, Characteristics, Factor, FactorKind, FactorRefusal, FactorStatus, NonceChallenge,
    NumberChallenge, PushEnrolment, PushState, PushTransaction, RelyingParty, TotpEnrolment,
    UserVerification, Verified, WebAuthnChallenge, WebAuthnEnrolment,
};
pub use group::{Group, GroupKind};
pub(crate) use group_filter::TooManyGroups;
pub use group_filter::{GroupFilter, GroupFilterKind, GroupsClaim};
pub use id::{
    ApiTokenId, AppId, AuthorizationServerId, ClaimId, ClientSecretId, ConsentId, FactorId, GroupId, OrgId,
    PolicyId, PushId, RuleId, ScopeId, SessionId, UserId, ZoneId,
};
pub use log::{EventType, LogEvent, LogQuery, Outcome, OutcomeResult, Party, Severity};
pub use page::{Page, PageRequest};
pub use password::{PasswordComplexity, PasswordSettings, RecoveryToken};
pub use policy::{
    Access, Actions, AppSignOn, Applied, Asked, Assurance, AuthenticationMethod, Authenticator, Choice,
    Conditions, Considered, Constraint, EnrollWhen, EnrolmentSettings, FactorMode, FactorPrompt, Imagined,
    Judgement, Knowledge, Network, NewPolicy, NewRule, Policy, PolicyKind, PolicySettings, PolicyStatus,
    Possession, PrimaryFactor, Rule, SelfEnrolment, SessionLimits, SignOn, Sitting, Step, Verdict,
    Verification,
};
pub use profile::Profile;
pub use records::Model;
pub use scope::{Scope, ScopeConsent};
pub(crate) use server_policy::TokenRequest;
pub use server_policy::{People, ServerPolicy, ServerPolicySettings, ServerRule, ServerRuleSettings};
pub use session::{Session, Surface};
pub use threat::{Threat, ThreatAction, ThreatConfiguration, ThreatRule};
pub use token_claim::{ClaimValue, Expression, TokenClaim, TokenKind};
pub use user::{NewUser, SignInRefusal, User, UserStatus};
pub use zone::{AddressRange, NoAddressRange, Zone, ZoneSettings, ZoneStatus, ZoneUsage};

pub(crate) use client_key::SignatureAlgorithm;
pub(crate) use expiring::{Digest, Expiring};
pub(crate) use factor::TotpKey;
pub(crate) use log::Entry;
pub(crate) use policy::{amr, are_two_factors};
