//! A mock Okta org, as strict as Okta is, no more and no less.
//!
//! * [`model`]: users, groups, applications, assignments, sessions, System Log: the objects that all faces share;
//! * `oidc`: discovery, keys, authorize, token, userinfo, logout;
//! * `sign_in`: the hosted sign-in page and the way to the admin console;
//! * `idx`: the same sign-in by Identity Engine's endpoints, for Okta's widget and SDKs;
//! * `authn`: the same sign-in by the primary authentication API, for Okta's other clients and the widget of Classic Engine;
//! * `widget`: that widget in place of the hosted page;
//! * `console` and `dashboard`: for administrators and end users, in the browser;
//! * `api`: the management API;
//! * [`device`]: the authenticator app in a person's hand, which is no part of the org;
//! * [`misbehaviour`]: what the org does wrong on demand;
//! * [`keys`]: signing keys, made ahead;
//! * `perimeter`: who asks, and who is turned away before anybody is identified; `rate_limit`: how often programs may;
//! * `web`, `site`, `server`: what requests have in common.

mod api;
mod authn;
mod console;
mod dashboard;
pub mod device;
mod event;
mod idx;
pub mod keys;
pub mod misbehaviour;
pub mod model;
mod oidc;
mod org;
mod perimeter;
mod rate_limit;
mod server;
mod sign_in;
mod site;
#[cfg(test)]
mod testing;
mod web;
mod widget;

pub use event::Event;
pub use keys::KeyPool;
pub use org::{Administrator, Config, Org, StartError};
pub use rate_limit::{RateLimitError, RateLimitSettings, RateLimits};
pub use widget::{Engine, SignInWidget, WidgetError};
