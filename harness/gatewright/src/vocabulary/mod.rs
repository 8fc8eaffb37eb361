//! The vocabulary of scenarios: who can do what, in one table from which everything else comes.
//!
//! * [`Step`] and, for each subject, its steps and its handle with a method for each of them: [`PersonStep`] and
//!   [`Person`], [`OktaStep`] and [`Okta`], …;
//! * what steps can be told: [`Sight`], [`Request`], …, made of [`Template`]s, [`Pattern`]s and names;
//! * [`Performs`], which a stage implements to perform every step, and [`StepError`];
//! * [`VOCABULARY`]: the same as data, for the reference page and the schema.

pub(crate) mod argument;
mod arguments;
mod collections;
pub(crate) mod duration;
mod names;
mod nearest;
mod pattern;
mod performs;
pub(crate) mod reading;
pub(crate) mod record;
pub(crate) mod reference;
pub(crate) mod shape;
mod steps;
mod table;
mod template;
mod values;
pub(crate) mod written;

pub use argument::{Count, Settable};
pub use arguments::{
    Access, Answer, AnswerFaults, AppRule, Assignment, CallbackFaults, CallbackParameter, Control,
    Conversation, Cookie, CookieTheft, Credentials, DiscoveryFaults, EventStream, Fetch, GroupAssignment,
    IdTokenClaim, IdTokenFaults, IdTokenHeader, KeyFault, KeySetFault, Launch, LogEntry, LogOutcome,
    Metadata, Misbehaviour, NewAppRule, NewRule, NewSessionRule, Protocol, Refusal, Relay, Request,
    SecondFactor, SecurityKey, Seen, SessionRule, Sight, SignInPlace, SignatureFault, TokenFaults,
    TokenMember, Upload, UserAssignment, UserinfoClaim, UserinfoFaults,
};
pub use collections::{Entries, Entry, Several};
pub use names::{
    AccountName, AgentName, AppName, CopiedName, EVERYONE, EdgeName, GroupName, Kind, PersonName,
    RememberedName, TunnelName, UpstreamName, UserName, ZoneName,
};
pub use pattern::{FilledPattern, Pattern};
pub use performs::{Fault, Performs, StepError};
pub use reading::Problem;
pub use reference::{
    AccountPart, AgentPart, AppPart, CopiedPart, EdgePart, EdgeServerPart, OktaPart, Reference,
    RememberedPart, TunnelPart, UpstreamPart, UserPart,
};
pub use shape::{Choice, Field, Record, Shape, Word};
pub use steps::{
    Agent, AgentStep, Clock, ClockStep, Edge, EdgeStep, Network, NetworkStep, Okta, OktaStep, Person,
    PersonStep, Step, Upstream, UpstreamStep, VOCABULARY,
};
pub use table::{StepEntry, Subject};
pub use template::{Piece, Template, TemplateError};
pub use values::{Data, ErrorCode, Header, Member};

#[cfg(test)]
mod steps_in_rust;
