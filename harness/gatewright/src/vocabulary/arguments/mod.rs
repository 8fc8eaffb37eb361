//! What the steps can be told, for each kind of subject.

mod misbehaviour;
mod okta;
mod person;
mod places;
mod policy;

pub use misbehaviour::{
    AnswerFaults, CallbackFaults, CallbackParameter, DiscoveryFaults, IdTokenClaim, IdTokenFaults,
    IdTokenHeader, KeyFault, KeySetFault, Metadata, Misbehaviour, SignatureFault, TokenFaults, TokenMember,
    UserinfoClaim, UserinfoFaults,
};
pub use okta::{Assignment, GroupAssignment, LogEntry, LogOutcome, UserAssignment};
pub use person::{
    Answer, Control, Conversation, Cookie, CookieTheft, Credentials, EventStream, Fetch, Protocol, Relay,
    Request, SecurityKey, Sight, SignInPlace, Upload,
};
pub use places::{Launch, Refusal, Seen};
pub use policy::{Access, AppRule, NewAppRule, NewRule, NewSessionRule, SecondFactor, SessionRule};
