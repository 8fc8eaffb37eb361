//! The tunnel agent as a library: it keeps a session to an edge, binds tunnels there, and forwards what comes through
//! them to the app.
//!
//! * [`agent`]: the agent, its tunnels and their lives;
//! * [`config`] and [`upstream`]: which edge, which app;
//! * [`event`]: what the agent says it saw;
//! * [`console`] and [`log`]: the same for people, on a terminal and line by line.

pub mod agent;
pub mod config;
pub mod console;
pub mod error;
pub mod event;
pub mod log;
pub mod upstream;

mod backoff;
mod book;
mod command;
mod forward;
mod keeper;
mod link;
mod meter;
mod observe;
mod registry;

pub use agent::{Agent, Tunnel};
pub use config::{Config, HttpTunnel, LabeledTunnel, Scheme, ServerAddr};
pub use error::AgentError;
pub use event::Event;
pub use upstream::Upstream;
pub use wire::heartbeat::Pace;
pub use wire::message::{Oidc, Refusal};
