//! The OIDC relying party's decisions, without I/O of its own: who may pass, how a login begins and ends, what the
//! upstream is told, what a refused person reads.
//!
//! One [`RelyingParty`] serves an edge: it keeps pending logins, parked callbacks, sessions and what is known of the
//! issuers. A [`Gate`] is its face towards one endpoint with that endpoint's [`Settings`]. The edge
//!
//! * asks [`Gate::admit`] about each request of a guarded endpoint and answers with what it gets, or passes it on and
//!   ends it when its [`Stay`] does;
//! * hands each request for the identity host to [`RelyingParty::identity_host`];
//! * runs [`upstream::request`] and [`upstream::response`] over the headers of what it proxies.
//!
//! HTTP towards the issuer is an argument ([`Http`]), stage time is an argument ([`ground::Clock`]), and what happened
//! is told to a sink of [`Event`]s.

mod answer;
mod callback;
mod cookies;
mod decision;
mod endpoint;
mod event;
mod exchange;
mod gate;
mod http_client;
mod id_token;
mod identity;
mod kept;
mod opaque;
mod page;
mod pending;
mod provider;
mod refusal;
mod relying_party;
mod return_to;
mod sessions;
mod settings;
mod stay;
mod tickets;
mod tokens;
pub mod upstream;

pub use cookies::{LOGIN_COOKIE, SESSION_COOKIE, cookie};
pub use decision::{CALLBACK_PATH, LOGIN_PATH, LOGOUT_PATH, Visitor};
pub use endpoint::{Endpoint, EndpointError};
pub use event::{Event, SessionEnd};
pub use gate::{Admission, Gate};
pub use http_client::{Http, HttpError};
pub use id_token::TokenFault;
pub use identity::Identity;
pub use kept::{KeptSession, SessionKeeper};
pub use page::{Action, Page, error_code};
pub use refusal::Refusal;
pub use relying_party::{IDENTITY_CALLBACK_PATH, RelyingParty};
pub use return_to::ReturnTo;
pub use sessions::{SessionId, SessionView};
pub use settings::{Draft, Fingerprint, Settings, SettingsError};
pub use stay::Stay;
pub use tokens::Tokens;
