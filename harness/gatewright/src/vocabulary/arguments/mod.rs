//! What the steps can be told, for each kind of subject.

mod okta;
mod person;
mod places;
mod policy;

pub use okta::{
    Assignment, DiscoveryFaults, GroupAssignment, IdTokenFaults, KeyFault, LogEntry, LogOutcome,
    Misbehaviour, SignatureFault, TokenRefusal, UserAssignment, UserinfoFaults,
};
pub use person::{
    Answer, Control, Conversation, Cookie, CookieTheft, Credentials, EventStream, Fetch, Protocol, Request,
    Sight, SignInPlace, Upload,
};
pub use places::{Launch, Refusal, Seen};
pub use policy::{Access, AppRule, NewAppRule, NewRule, NewSessionRule, SecondFactor, SessionRule};
